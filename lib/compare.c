/* SPDX-License-Identifier: BSD-2-Clause */
#include "compare.h"

#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "noise.h"
#include "testrun.h"
#include "usage.h"
#include "value.h"
#include "verdict.h"
#include "wire.h"

#define SHOWN_BYTES 16 /* of a packet, where two differ */

enum side {
	USER,
	KERNEL
};

static const char *const side_names[] = { "user", "kernel" };

/* Maps are looked at after each packet of this range as well: (after, upto]. */
struct window {
	uint64_t after, upto;
};

/* --- the process that runs ------------------------------------------------------------------------ */

struct teller {
	struct wire_end end;
	struct window window;
	struct wire_message message;
	uint32_t n_records, n_lines; /* told so far */
	uint32_t n_elements;	     /* in the maps, when they were last told */
};

static uint32_t count_elements(const struct outcome *o)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < o->n_maps; i++)
		n += o->maps[i].n_entries;
	return n;
}

/* The same answer on both sides as long as the maps are the same. */
static bool maps_are_due(const struct teller *t, uint64_t packet)
{
	if (packet <= COMPARE_FIRST_PACKETS && t->n_elements <= COMPARE_SMALL_ELEMENTS)
		return true;
	return packet % COMPARE_MAPS_EVERY == 0 ||
	       (packet > t->window.after && packet <= t->window.upto);
}

static int tell_step(void *arg, struct job *job, const struct job_step *step)
{
	struct teller *t = arg;
	struct wire_message *m = &t->message;

	wire_reset(m);
	m->head.kind = WIRE_STEP;
	m->head.error = step->error;
	m->head.packet = step->packet;
	m->head.retval = step->retval;
	m->head.bytes_before = step->bytes_before;
	m->head.ns = step->ns;
	if (!step->error)
		buffer_add(&m->parts[WIRE_DATA], step->data, step->bytes);
	wire_put_news(m, &job->outcome, t->n_records, t->n_lines);
	t->n_records = job->outcome.n_records;
	t->n_lines = job->outcome.n_lines;
	if (maps_are_due(t, step->packet)) {
		job_read_maps(job);
		wire_put_maps(m, &job->outcome);
		t->n_elements = count_elements(&job->outcome);
	}
	return wire_send(&t->end, m);
}

static void tell_failure(struct teller *t, struct job *job, int error, const struct error *err)
{
	wire_reset(&t->message);
	t->message.head.kind = WIRE_FAILED;
	t->message.head.error = error;
	buffer_text(&t->message.parts[WIRE_DATA], err->text);
	if (job->object.log)
		buffer_text(&t->message.parts[WIRE_LINES], job->object.log);
	wire_send(&t->end, &t->message);
}

static void tell_end(struct teller *t, struct job *job)
{
	const struct outcome *o = &job->outcome;
	struct wire_message *m = &t->message;

	wire_reset(m);
	m->head.kind = WIRE_END;
	m->head.packet = o->n_packets;
	m->head.ns = o->ns;
	m->head.runs = o->n_runs;
	m->head.n_written = o->n_written;
	m->head.n_lost = o->records_lost;
	m->head.flags = o->interrupted ? WIRE_INTERRUPTED : 0;
	if (o->capture_error)
		buffer_text(&m->parts[WIRE_DATA], o->capture_error);
	if (o->ctx_out_bytes) {
		buffer_add(&m->parts[WIRE_DATA], o->ctx_out, o->ctx_out_bytes);
		m->head.ctx_bytes = o->ctx_out_bytes;
	}
	wire_put_news(m, o, t->n_records, t->n_lines);
	wire_put_maps(m, o);
	wire_send(&t->end, m);
}

static void run_and_tell(struct job *job, struct teller *t)
{
	struct error err;
	int rc = job_load(job, &err);

	if (rc) {
		tell_failure(t, job, rc, &err);
		return;
	}
	t->message.head.kind = WIRE_LOADED;
	t->message.head.flags = job->outcome.printk_unread ? WIRE_PRINTK_UNREAD : 0;
	if (wire_send(&t->end, &t->message))
		return;
	job->watch = tell_step;
	job->watch_arg = t;
	rc = job_run(job, &err);
	if (rc)
		tell_failure(t, job, rc, &err);
	else
		tell_end(t, job);
}

struct child {
	pid_t pid;
	struct wire_end end;
	struct wire_message message;
};

/* Forks the process that runs on @side. */
static int start_child(struct child *child, struct job *job, enum side side, struct window window,
		       struct error *err)
{
	struct job_options options = *job->options;
	struct teller t = { .window = window };
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return error_set(err, -errno, "no pipe for a second process: %s", strerror(errno));
	child->pid = fork();
	if (child->pid < 0) {
		close(fds[0]);
		close(fds[1]);
		return error_set(err, -errno, "no second process: %s", strerror(errno));
	}
	child->end.fd = fds[0];
	if (child->pid) {
		close(fds[1]);
		return 0;
	}
	close(fds[0]);
	signal(SIGPIPE, SIG_IGN);
	options.engine.kind = side == USER ? ENGINE_USER : ENGINE_KERNEL;
	options.hook = false;
	/* What passed is written once, and not again when packets are run again. */
	if (side == KERNEL || window.upto) {
		options.output = NULL;
		job->progress = NULL;
	}
	job->options = &options;
	t.end.fd = fds[1];
	run_and_tell(job, &t);
	_exit(0);
}

static void stop_child(struct child *child)
{
	if (child->pid > 0) {
		wire_end_deinit(&child->end);
		kill(child->pid, SIGKILL);
		waitpid(child->pid, NULL, 0);
	}
	wire_deinit(&child->message);
	*child = (struct child){ 0 };
}

/* --- the process that compares ---------------------------------------------------------------------- */

struct judge {
	struct job *job;
	struct comparison *c;
	struct child child[2];
	struct outcome other; /* maps of the kernel, for showing */
	struct buffer noise;  /* names of helpers; empty: everything is comparable */
	uint64_t maps_agree;  /* last packet after which they did */
	uint64_t n_noisy_verdicts, n_noisy_bytes, n_noisy_maps, n_noisy_news;
	bool has_unordered;
	bool is_map; /* the difference is one of maps */
};

static const struct btf *btf_of(const struct judge *j)
{
	return bpf_object__btf(j->job->object.bpf);
}

static void differ(struct judge *j, uint64_t packet, struct buffer *text)
{
	j->c->first_differing = packet;
	free(j->c->difference);
	j->c->difference = buffer_take(text);
}

static void say_packet(struct buffer *text, const struct judge *j, uint64_t packet)
{
	if (packet && j->job->options->capture)
		buffer_format(text, "packet %llu: ", (unsigned long long)packet);
}

static void say_verdict(struct buffer *text, const struct judge *j, enum side side)
{
	const struct wire_head *head = &j->child[side].message.head;
	char name[VERDICT_NAME_BYTES];

	buffer_format(text, "%s ", side_names[side]);
	if (head->error)
		buffer_format(text, "refuses it (%s)", strerror(-head->error));
	else
		buffer_text(text, verdict_name(j->c->outcome.prog_type, head->retval, name));
}

static bool verdicts_differ(struct judge *j)
{
	const struct wire_head *a = &j->child[USER].message.head;
	const struct wire_head *b = &j->child[KERNEL].message.head;
	struct buffer text = { 0 };

	if (a->error == b->error && (a->error || a->retval == b->retval))
		return false;
	if (j->noise.bytes && !a->error && !b->error) {
		j->n_noisy_verdicts++;
		return false;
	}
	say_packet(&text, j, a->packet);
	buffer_text(&text, "verdict: ");
	say_verdict(&text, j, USER);
	buffer_text(&text, ", ");
	say_verdict(&text, j, KERNEL);
	differ(j, a->packet, &text);
	return true;
}

static void say_bytes(struct buffer *text, const struct buffer *data, size_t at)
{
	buffer_format(text, "%zu bytes:", data->bytes);
	for (size_t i = at; i < at + SHOWN_BYTES && i < data->bytes; i++)
		buffer_format(text, " %02x", (unsigned char)data->data[i]);
}

static bool data_differ(struct judge *j)
{
	const struct buffer *a = &j->child[USER].message.parts[WIRE_DATA];
	const struct buffer *b = &j->child[KERNEL].message.parts[WIRE_DATA];
	struct buffer text = { 0 };
	size_t at = 0;

	while (at < a->bytes && at < b->bytes && a->data[at] == b->data[at])
		at++;
	if (at == a->bytes && at == b->bytes)
		return false;
	if (j->noise.bytes) {
		j->n_noisy_bytes++;
		return false;
	}
	say_packet(&text, j, j->child[USER].message.head.packet);
	buffer_format(&text, "bytes differ from offset %zu\n  user    ", at);
	say_bytes(&text, a, at);
	buffer_text(&text, "\n  kernel  ");
	say_bytes(&text, b, at);
	differ(j, j->child[USER].message.head.packet, &text);
	return true;
}

/* Records and lines of one packet. */
static bool news_differ(struct judge *j)
{
	static const enum wire_part parts[] = { WIRE_RECORDS, WIRE_LINES };
	struct buffer text = { 0 };

	for (int i = 0; i < 2; i++) {
		const struct buffer *a = &j->child[USER].message.parts[parts[i]];
		const struct buffer *b = &j->child[KERNEL].message.parts[parts[i]];

		if (a->bytes == b->bytes && (!a->bytes || memcmp(a->data, b->data, a->bytes) == 0))
			continue;
		if (parts[i] == WIRE_LINES && j->c->lines_unread)
			continue;
		if (j->noise.bytes) {
			j->n_noisy_news++;
			continue;
		}
		say_packet(&text, j, j->child[USER].message.head.packet);
		if (parts[i] == WIRE_LINES)
			buffer_format(&text, "bpf_printk: user '%s', kernel '%s'", buffer_string(a),
				      buffer_string(b));
		else
			buffer_format(&text, "records differ (%zu and %zu bytes)", a->bytes,
				      b->bytes);
		differ(j, j->child[USER].message.head.packet, &text);
		return true;
	}
	return false;
}

/* --- maps --------------------------------------------------------------------------------------------- */

static void say_entry(struct buffer *text, const struct judge *j, const struct mapshot *m,
		      uint32_t entry, bool there)
{
	if (!there) {
		buffer_text(text, "(no such key)");
		return;
	}
	for (uint32_t cpu = 0; cpu < (m->n_cpus ? m->n_cpus : 1); cpu++) {
		if (cpu)
			buffer_text(text, " | ");
		value_text(btf_of(j), m->value_type, mapshot_value(m, entry, cpu), m->value_bytes,
			   text);
	}
}

/* The first entries that are not the same: indices into both; false when there are none. */
static bool find_difference(const struct mapshot *a, const struct mapshot *b, uint32_t *at_a,
			    uint32_t *at_b, int *order)
{
	uint32_t i = 0, k = 0;

	for (; i < a->n_entries || k < b->n_entries; i++, k++) {
		*order = i == a->n_entries   ? 1
			 : k == b->n_entries ? -1
					     : mapshot_compare_keys(a, i, b, k);
		*at_a = i;
		*at_b = k;
		if (*order ||
		    memcmp(mapshot_value(a, i, 0), mapshot_value(b, k, 0), mapshot_stride(a)) != 0)
			return true;
	}
	return false;
}

/* The first global variable that differs. */
static void say_variable(struct buffer *text, const struct judge *j, const struct mapshot *a,
			 const struct mapshot *b)
{
	const struct btf *btf = btf_of(j);
	const uint8_t *x = mapshot_value(a, 0, 0), *y = mapshot_value(b, 0, 0);
	struct mapshot_variable var;

	for (uint32_t i = 0; mapshot_next_variable(a, btf, &i, &var);) {
		if (memcmp(x + var.offset, y + var.offset, var.bytes) == 0)
			continue;
		buffer_format(text, ", variable %s\n  user    ", var.name);
		value_text(btf, var.type, x + var.offset, var.bytes, text);
		buffer_text(text, "\n  kernel  ");
		value_text(btf, var.type, y + var.offset, var.bytes, text);
		return;
	}
}

static void say_map(struct judge *j, uint64_t packet, const struct mapshot *a,
		    const struct mapshot *b)
{
	struct buffer text = { 0 };
	uint32_t i = 0, k = 0;
	int order = 0;

	j->is_map = true;
	say_packet(&text, j, packet);
	if (!packet)
		buffer_text(&text, "after the last packet: ");
	buffer_format(&text, "map %s", a->name);
	if (!find_difference(a, b, &i, &k, &order)) {
		buffer_format(&text, ": reading it: user %s, kernel %s", strerror(-a->error),
			      strerror(-b->error));
		differ(j, packet, &text);
		return;
	}
	if (a->is_global) {
		say_variable(&text, j, a, b);
		differ(j, packet, &text);
		return;
	}
	buffer_text(&text, ", key ");
	value_text(btf_of(j), a->key_type, order <= 0 ? mapshot_key(a, i) : mapshot_key(b, k),
		   a->key_bytes, &text);
	buffer_text(&text, "\n  user    ");
	say_entry(&text, j, a, i, order <= 0);
	buffer_text(&text, "\n  kernel  ");
	say_entry(&text, j, b, k, order >= 0);
	differ(j, packet, &text);
}

/* Whether the two packed shots are the same. */
static bool shots_equal(const struct mapshot *a, const struct mapshot *b)
{
	uint32_t i, k;
	int order;

	return a->error == b->error && !find_difference(a, b, &i, &k, &order);
}

/* 1: they differ; 0; -errno. */
static int maps_differ(struct judge *j, uint64_t packet)
{
	const struct wire_message *a = &j->child[USER].message;
	const struct wire_message *b = &j->child[KERNEL].message;
	const struct buffer *x = &a->parts[WIRE_CONTENTS], *y = &b->parts[WIRE_CONTENTS];

	if (!(a->head.flags & b->head.flags & WIRE_MAPS))
		return 0;
	if (x->bytes == y->bytes && (!x->bytes || memcmp(x->data, y->data, x->bytes) == 0)) {
		j->maps_agree = a->head.packet;
		return 0;
	}
	if (wire_take_maps(a, &j->c->outcome) || wire_take_maps(b, &j->other))
		return -EBADMSG;
	for (uint32_t i = 0; i < j->other.n_maps; i++) {
		if (shots_equal(&j->c->outcome.maps[i], &j->other.maps[i]))
			continue;
		if (j->noise.bytes || j->other.maps[i].is_unordered) {
			j->n_noisy_maps++;
			j->has_unordered = j->has_unordered || j->other.maps[i].is_unordered;
			continue;
		}
		say_map(j, packet, &j->c->outcome.maps[i], &j->other.maps[i]);
		return 1;
	}
	return 0;
}

/* --- the walk ------------------------------------------------------------------------------------------- */

/* Of a single run, what is shown. */
static void keep_data(const struct wire_message *m, struct outcome *o)
{
	const struct buffer *data = &m->parts[WIRE_DATA];

	o->data_out_bytes = data->bytes;
	o->data_out = xcalloc(1, data->bytes);
	memcpy(o->data_out, data->data, data->bytes);
}

/* Adds the user engine's packet to the outcome that is shown. */
static void count_step(struct judge *j)
{
	const struct wire_message *m = &j->child[USER].message;
	struct outcome *o = &j->c->outcome;

	o->n_packets = m->head.packet;
	if (m->head.error)
		outcome_add_refusal(
			o, testrun_refusal(o->prog_type, m->head.bytes_before, m->head.error));
	else
		outcome_add_verdict(o, m->head.retval, m->head.bytes_before);
	o->n_bytes += m->head.bytes_before;
	if (!j->job->options->capture)
		keep_data(m, o);
	wire_take_news(m, o);
	j->c->n_compared++;
}

/* 1: a difference was found and said; 0: go on; -errno */
static int judge_step(struct judge *j)
{
	const struct wire_head *a = &j->child[USER].message.head;
	int rc;

	if (verdicts_differ(j) || data_differ(j) || news_differ(j))
		return 1;
	rc = maps_differ(j, a->packet);
	if (rc == 0)
		count_step(j);
	return rc;
}

static int judge_end(struct judge *j)
{
	const struct wire_message *a = &j->child[USER].message;
	const struct wire_head *b = &j->child[KERNEL].message.head;
	struct outcome *o = &j->c->outcome;

	o->ns = a->head.ns;
	o->n_runs = a->head.runs;
	o->n_written = a->head.n_written;
	o->records_lost = a->head.n_lost;
	o->interrupted = (a->head.flags | b->flags) & WIRE_INTERRUPTED;
	j->c->other_ns = b->runs ? (double)b->ns / b->runs : -1;
	if (a->parts[WIRE_DATA].bytes && !a->head.ctx_bytes)
		o->capture_error = xstrdup(a->parts[WIRE_DATA].data);
	if (o->interrupted)
		return wire_take_maps(a, o);
	if (news_differ(j))
		return 1;
	wire_take_news(a, o);
	return maps_differ(j, 0) ?: wire_take_maps(a, o);
}

static int receive_both(struct judge *j, struct error *err)
{
	for (int side = USER; side <= KERNEL; side++) {
		struct child *child = &j->child[side];
		int status, rc = wire_receive(&child->end, &child->message);

		if (!rc)
			continue;
		if (waitpid(child->pid, &status, 0) == child->pid && WIFSIGNALED(status))
			error_set(err, rc, "the process of the %s engine died of signal %d (%s)",
				  side_names[side], WTERMSIG(status), strsignal(WTERMSIG(status)));
		else
			error_set(err, rc, "the process of the %s engine ended early",
				  side_names[side]);
		wire_end_deinit(&child->end);
		child->pid = 0;
		return rc;
	}
	return 0;
}

/* One of the two, or both, could not go on. */
static int judge_failure(struct judge *j, struct error *err)
{
	const struct wire_message *a = &j->child[USER].message;
	const struct wire_message *b = &j->child[KERNEL].message;
	bool user = a->head.kind == WIRE_FAILED, kernel = b->head.kind == WIRE_FAILED;
	struct buffer text = { 0 };

	if (user && kernel && a->head.error == -EBADMSG && b->head.error == -EBADMSG) {
		j->c->rejection_log = xstrdup(buffer_string(&a->parts[WIRE_LINES]));
		return error_set(err, -EBADMSG, "%s", buffer_string(&a->parts[WIRE_DATA]));
	}
	if ((user && a->head.error == -EBADMSG) || (kernel && b->head.error == -EBADMSG)) {
		if ((user && a->head.error != -EBADMSG) || (kernel && b->head.error != -EBADMSG))
			return error_set(err, user ? a->head.error : b->head.error, "%s",
					 buffer_string(user && a->head.error != -EBADMSG
							       ? &a->parts[WIRE_DATA]
							       : &b->parts[WIRE_DATA]));
		buffer_format(&text, "the %s engine rejects the program, the other accepts it\n%s",
			      side_names[user ? USER : KERNEL],
			      buffer_string(user ? &a->parts[WIRE_LINES] : &b->parts[WIRE_LINES]));
		differ(j, 0, &text);
		return 1;
	}
	return error_set(err, user ? a->head.error : b->head.error, "%s",
			 buffer_string(user ? &a->parts[WIRE_DATA] : &b->parts[WIRE_DATA]));
}

/* 1: a difference; 0: none up to the end; -errno with a sentence */
static int judge_all(struct judge *j, struct error *err)
{
	const struct wire_head *a = &j->child[USER].message.head;
	const struct wire_head *b = &j->child[KERNEL].message.head;
	int rc;

	for (;;) {
		rc = receive_both(j, err);
		if (rc)
			return rc;
		if (a->kind == WIRE_FAILED || b->kind == WIRE_FAILED)
			return judge_failure(j, err);
		if (a->kind == WIRE_LOADED) {
			j->c->lines_unread = b->flags & WIRE_PRINTK_UNREAD;
			continue;
		}
		/* A signal may stop the two at different packets. */
		if (a->kind != b->kind) {
			struct child *late = &j->child[a->kind == WIRE_END ? KERNEL : USER];

			while (!rc && late->message.head.kind == WIRE_STEP)
				rc = wire_receive(&late->end, &late->message);
		}
		rc = rc ?: a->kind == WIRE_END ? judge_end(j) : judge_step(j);
		if (rc == -EBADMSG || rc == -EPIPE)
			return error_set(err, rc, "a process that ran the program told nonsense");
		if (rc || a->kind == WIRE_END)
			return rc;
	}
}

static int run_both(struct judge *j, struct window window, struct error *err)
{
	int rc = start_child(&j->child[USER], j->job, USER, window, err);

	if (!rc)
		rc = start_child(&j->child[KERNEL], j->job, KERNEL, window, err);
	if (!rc)
		rc = judge_all(j, err);
	stop_child(&j->child[USER]);
	stop_child(&j->child[KERNEL]);
	return rc;
}

/* Maps differed some packets after they last agreed: which packet was it? */
static int run_again(struct judge *j, struct error *err)
{
	uint64_t upto = j->c->first_differing ? j->c->first_differing : UINT64_MAX;
	struct window window = { j->maps_agree, upto };
	char *first = xstrdup(j->c->difference);
	struct comparison again = { 0 };
	struct judge second = { .job = j->job, .c = &again };
	int rc;

	outcome_init(&again.outcome, j->job->object.bpf, j->job->prog);
	outcome_init(&second.other, j->job->object.bpf, j->job->prog);
	rc = run_both(&second, window, err);
	if (rc == 1) {
		free(j->c->difference);
		j->c->difference = again.difference;
		j->c->first_differing = again.first_differing;
		again.difference = NULL;
	} else if (rc == 0) {
		free(j->c->difference);
		j->c->difference = xformat("%s\n  (a second run of packets %llu and later did not "
					   "show it)",
					   first, (unsigned long long)window.after + 1);
	}
	free(first);
	outcome_deinit(&second.other);
	comparison_deinit(&again);
	return rc < 0 ? rc : 1;
}

static void say_noisy(struct buffer *text, const char *what, uint64_t n)
{
	if (n)
		buffer_format(text, "; differed: %llu %s", (unsigned long long)n, what);
}

/* Says what was set aside, and why. */
static void say_noise(struct judge *j)
{
	struct buffer text = { 0 };

	if (j->has_unordered)
		buffer_text(&text, "which keys LRU maps have evicted");
	if (j->noise.bytes)
		buffer_format(&text, "%swhat follows from %s", text.bytes ? "; " : "",
			      j->noise.data);
	if (!text.bytes)
		return;
	say_noisy(&text, "verdicts", j->n_noisy_verdicts);
	say_noisy(&text, "packets left with other bytes", j->n_noisy_bytes);
	say_noisy(&text, "map contents", j->n_noisy_maps);
	say_noisy(&text, "packets with other records or lines", j->n_noisy_news);
	j->c->not_comparable = buffer_take(&text);
}

int compare_run(struct job *job, struct comparison *c, struct error *err)
{
	struct judge j = { .job = job, .c = c };
	uint64_t called[USAGE_HELPER_WORDS];
	int rc;

	*c = (struct comparison){ .other_ns = -1 };
	outcome_init(&c->outcome, job->object.bpf, job->prog);
	for (uint32_t i = 0; i < c->outcome.n_maps; i++)
		c->outcome.maps[i].is_unused = job->outcome.maps[i].is_unused;
	outcome_init(&j.other, job->object.bpf, job->prog);
	usage_helpers(&job->object, called);
	noise_helpers(called, USAGE_HELPER_WORDS, &j.noise);
	rc = run_both(&j, (struct window){ 0 }, err);
	if (rc == 1 && j.is_map && j.maps_agree + 1 < (c->first_differing ?: c->n_compared + 1))
		rc = run_again(&j, err);
	say_noise(&j);
	outcome_sort_verdicts(&c->outcome);
	outcome_deinit(&j.other);
	buffer_deinit(&j.noise);
	return rc < 0 ? rc : 0;
}

void comparison_deinit(struct comparison *c)
{
	outcome_deinit(&c->outcome);
	free(c->difference);
	free(c->not_comparable);
	free(c->rejection_log);
}
