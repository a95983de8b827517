/* SPDX-License-Identifier: BSD-2-Clause */
/* skep trace stacks: what the CPUs do, by a timer and the stacks it finds; as a table, folded, or a graph. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "ability/ability.h"
#include "hook/hook.h"
#include "hook/perf_event.h"
#include "sym/stack.h"
#include "tool/fields.h"
#include "tool/tool.h"
#include "trace/feed.h"
#include "trace/flame.h"
#include "trace/folded.h"
#include "trace/stacks-api.bpf.h"
#include "trace/trace.h"

#include "stacks.skel.h" /* last: its .rodata has types of the headers above */

#define HZ_DEFAULT	      49 /* not a divisor of what timers of programs run at */
#define RING_SECONDS	      2	   /* of samples of the greatest size: how long the tool may be kept waiting */
#define RING_KIB_MIN	      512
#define RING_KIB_MAX	      8192
#define SAMPLES_BUCKETS	      65536
#define SAMPLES_DIFFERENT_MAX (1u << 20) /* stacks kept apart; more are counted, not shown */
#define ROWS_MAX	      40	 /* of the table, unless all are asked for */

/* A stack as it was sent, and how often. */
struct sample {
	struct sample *next;
	uint64_t count;
	uint64_t cgroup_id;
	uint32_t snapshot;
	uint32_t pid;
	uint32_t n_kernel;
	uint32_t n_user;
	char comm[EVENT_COMM_BYTES];
	uint64_t addresses[];
};

enum form {
	FORM_ROWS,
	FORM_FOLDED,
	FORM_SVG,
};

struct stacks {
	struct tool tool;
	uint64_t hz;
	uint64_t ring_kib; /* 0: by the rate */
	bool user_only, kernel_only, all_rows;
	enum form form;
	struct stacks_bpf *bpf;
	struct hook *timer;
	struct sym_stacks *symbols;
	struct sample *buckets[SAMPLES_BUCKETS];
	uint32_t n_samples; /* different ones */
	uint64_t n_shown, n_too_many, n_unmapped, n_unreliable;
};

static int take_output(void *self, const char *text, struct error *err)
{
	struct stacks *s = self;

	s->form = strcmp(text, "folded") == 0 ? FORM_FOLDED
		  : strcmp(text, "svg") == 0  ? FORM_SVG
					      : FORM_ROWS;
	if (s->form == FORM_ROWS && output_format_parse(text, &s->tool.options.format))
		return error_set(err, -EINVAL,
				 "'%s': it is columns, json, csv, prom, folded or svg", text);
	return 0;
}

/* clang-format off */
static const struct tool_option options[] = {
	{ 'o', "output", "FORMAT", "columns (default), json, csv, prom, folded, or svg (a flame graph)", OPTION_CALL,
	  .take = take_output },
	{ 'F', "hz", "N", "samples a second on each CPU (49)", OPTION_NUMBER, offsetof(struct stacks, hz), 1, 10000 },
	{ 'U', "user", NULL, "user stacks only", OPTION_FLAG, offsetof(struct stacks, user_only) },
	{ 'K', "kernel", NULL, "kernel stacks only", OPTION_FLAG, offsetof(struct stacks, kernel_only) },
	{ 'A', "all", NULL, "all rows of the table, not only the first 40", OPTION_FLAG,
	  offsetof(struct stacks, all_rows) },
	FEED_RING_OPTION(struct stacks, ring_kib),
};

const struct ability_tool trace_stacks_ability = {
	.name = "trace stacks",
	.does = "profile by a timer: where CPU time goes, by stack",
	.needs = { ABILITY_BPF_SYSCALL, ABILITY_CAP_BPF, ABILITY_CAP_PERFMON },
	.hooks = { { "perf_event, software clock", { ABILITY_PERF_CLOCK } } },
};

const struct tool_spec trace_stacks_spec = {
	.command = "trace stacks",
	.summary = "profile by a timer: where CPU time goes, by stack",
	.about = "Shows functions by how often the timer found them running. Folded stacks and the flame graph\n"
		 "have the callers too. Frames marked _[k] are the kernel's; _[?] are past a broken frame\n"
		 "pointer and not reliable.\n",
	.flags = TOOL_INTERVAL,
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.ability = &trace_stacks_ability,
	.examples = "  skep trace stacks -d 10\n"
		    "  skep trace stacks -F 199 -d 30 -o svg > profile.svg\n"
		    "  skep trace stacks -p 4711 -d 10 -o folded > profile.folded\n",
};

enum {
	FIELD_FUNCTION = FIELD_OWN,
	FIELD_MODULE,
	FIELD_SAMPLES,
	FIELD_SHARE,
	FIELD_STACK,
	N_FIELDS
};

static const struct field fields[N_FIELDS] = {
	FIELDS_COMMON,
	[FIELD_FUNCTION] = { "function", "FUNCTION", FIELD_STRING, -36, FIELD_LABEL, .help = "running when the timer came" },
	[FIELD_MODULE] = { "module", "MODULE", FIELD_STRING, -20, FIELD_LABEL, .help = "file it is in, or kernel module" },
	[FIELD_SAMPLES] = { "samples", "SAMPLES", FIELD_U64, 9, FIELD_COUNTER, "skep_stack_samples_total", "samples taken" },
	[FIELD_SHARE] = { "share", "SHARE", FIELD_STRING, 7, .help = "of all samples" },
	[FIELD_STACK] = { "stack", NULL, FIELD_STRING, 0, .help = "frames from outermost to innermost, folded" },
};
/* clang-format on */

static const struct output_spec output_spec = { .fields = fields, .n_fields = N_FIELDS };

/* --- gathering ------------------------------------------------------------------------------- */

static uint32_t hash_words(const __u64 *words, uint32_t n, uint64_t seed)
{
	uint64_t h = seed * 0x9e3779b97f4a7c15ull;

	while (n--)
		h = (h ^ *words++) * 0x9e3779b97f4a7c15ull;
	return (uint32_t)(h >> 40) % SAMPLES_BUCKETS;
}

static bool is_same(const struct sample *a, uint32_t snapshot, const struct stacks_sample *b)
{
	return a->snapshot == snapshot && a->pid == b->head.pid &&
	       a->cgroup_id == b->head.cgroup_id && a->n_kernel == b->n_kernel &&
	       a->n_user == b->n_user && memcmp(a->comm, b->head.comm, EVENT_COMM_BYTES) == 0 &&
	       memcmp(a->addresses, b->addresses,
		      (b->n_kernel + b->n_user) * sizeof(*b->addresses)) == 0;
}

static void keep_sample(struct stacks *s, uint32_t snapshot, const struct stacks_sample *sent)
{
	uint32_t n = sent->n_kernel + sent->n_user;
	struct sample **bucket = &s->buckets[hash_words(sent->addresses, n, sent->head.pid)], *own;

	for (own = *bucket; own; own = own->next)
		if (is_same(own, snapshot, sent)) {
			own->count++;
			return;
		}
	if (s->n_samples == SAMPLES_DIFFERENT_MAX) {
		s->n_too_many++;
		return;
	}
	own = xcalloc(1, sizeof(*own) + n * sizeof(*own->addresses));
	own->next = *bucket;
	own->count = 1;
	own->snapshot = snapshot;
	own->pid = sent->head.pid;
	own->cgroup_id = sent->head.cgroup_id;
	own->n_kernel = sent->n_kernel;
	own->n_user = sent->n_user;
	memcpy(own->comm, sent->head.comm, sizeof(own->comm) - 1);
	memcpy(own->addresses, sent->addresses, n * sizeof(*own->addresses));
	*bucket = own;
	s->n_samples++;
}

static int take_sample(void *arg, void *data, size_t bytes)
{
	const size_t head = offsetof(struct stacks_sample, addresses);
	const struct stacks_sample *sent = data;
	uint32_t snapshot = SYM_NO_SNAPSHOT;
	struct stacks *s = arg;

	if (bytes < head || sent->n_kernel > STACKS_FRAMES || sent->n_user > STACKS_FRAMES ||
	    bytes - head < (sent->n_kernel + sent->n_user) * sizeof(*sent->addresses))
		return 0;
	s->n_shown++;
	if (sent->n_user) {
		uint64_t innermost = sent->addresses[sent->n_kernel];

		snapshot = sym_stacks_see(s->symbols, (pid_t)sent->head.pid, &innermost, 1);
		s->n_unmapped += snapshot == SYM_NO_SNAPSHOT;
	}
	keep_sample(s, snapshot, sent);
	return 0;
}

/* --- showing --------------------------------------------------------------------------------- */

/* The frames of a sample, innermost first: the kernel's, then the user's. Their number. */
static uint32_t name_frames(struct stacks *s, const struct sample *own, struct sym_frame *frames)
{
	sym_stacks_kernel(s->symbols, own->addresses, own->n_kernel, frames);
	sym_stacks_user(s->symbols, own->snapshot, own->addresses + own->n_kernel, own->n_user,
			frames + own->n_kernel);
	return own->n_kernel + own->n_user;
}

/* "comm;outermost;...;innermost" */
static void fold(const struct sample *own, const struct sym_frame *frames, uint32_t n,
		 struct buffer *text)
{
	struct sym_frame root = { .name = *own->comm ? own->comm : "?" };

	sym_frame_print(&root, text);
	while (n--) {
		buffer_text(text, ";");
		sym_frame_print(&frames[n], text);
	}
}

static void fold_all(struct stacks *s, struct folded *folded)
{
	struct sym_frame frames[2 * STACKS_FRAMES];
	struct buffer text = { 0 };

	for (uint32_t b = 0; b < SAMPLES_BUCKETS; b++)
		for (const struct sample *own = s->buckets[b]; own; own = own->next) {
			uint32_t n = name_frames(s, own, frames);

			buffer_reset(&text);
			fold(own, frames, n, &text);
			folded_add(folded, text.data, own->count);
			for (uint32_t i = own->n_kernel; i < n; i++)
				if (frames[i].unreliable) {
					s->n_unreliable += own->count;
					break;
				}
		}
	folded_sort(folded);
	buffer_deinit(&text);
}

static void show_folded(struct stacks *s)
{
	struct folded folded = { 0 };
	char title[96];

	fold_all(s, &folded);
	snprintf(title, sizeof(title), "CPU time, %" PRIu64 " samples at %" PRIu64 " Hz",
		 folded.total, s->hz);
	if (s->form == FORM_SVG)
		flame_draw(&folded, title, "samples", &s->tool.output.text);
	else
		folded_print(&folded, &s->tool.output.text);
	folded_deinit(&folded);
}

/* Cgroup, container and pod of a row. */
static void name_cgroup(struct stacks *s, uint64_t cgroup_id, struct cell *cells)
{
	const struct who_cgroup *cgroup = who_cgroup(s->tool.who, cgroup_id);

	cells[FIELD_CGROUP] = cell_text(*cgroup->path ? cgroup->path : NULL);
	cells[FIELD_CONTAINER] =
		cell_text(*cgroup->container.name ? cgroup->container.name : NULL);
	cells[FIELD_POD] = cell_text(*cgroup->container.pod ? cgroup->container.pod : NULL);
}

/* A stack of a process by its names: samples whose addresses differ within functions are one. */
struct named {
	const struct sample *first;
	char *text; /* folded */
	uint64_t count;
};

static int by_process_and_text(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	if (x->first->pid != y->first->pid)
		return x->first->pid < y->first->pid ? -1 : 1;
	if (x->first->cgroup_id != y->first->cgroup_id)
		return x->first->cgroup_id < y->first->cgroup_id ? -1 : 1;
	return strcmp(x->text, y->text);
}

static struct named *name_all(struct stacks *s, uint32_t *n)
{
	struct named *all = xcalloc(s->n_samples + 1, sizeof(*all));
	struct sym_frame frames[2 * STACKS_FRAMES];
	uint32_t kept = 0;

	*n = 0;
	for (uint32_t b = 0; b < SAMPLES_BUCKETS; b++)
		for (const struct sample *own = s->buckets[b]; own; own = own->next) {
			struct buffer text = { 0 };

			fold(own, frames, name_frames(s, own, frames), &text);
			all[(*n)++] = (struct named){ own, buffer_take(&text), own->count };
		}
	qsort(all, *n, sizeof(*all), by_process_and_text);
	for (uint32_t i = 0; i < *n; i++) {
		if (kept && by_process_and_text(&all[kept - 1], &all[i]) == 0) {
			all[kept - 1].count += all[i].count;
			free(all[i].text);
		} else {
			all[kept++] = all[i];
		}
	}
	*n = kept;
	return all;
}

/* JSON and CSV have a row for each stack of each process. */
static void show_each(struct stacks *s)
{
	struct sym_frame frames[2 * STACKS_FRAMES];
	uint64_t now = loop_realtime_ns(loop_now_ns());
	struct cell cells[N_FIELDS] = { 0 };
	uint32_t n_rows;
	struct named *rows = name_all(s, &n_rows);

	for (uint32_t i = 0; i < n_rows; i++) {
		const struct sample *own = rows[i].first;
		uint32_t n = name_frames(s, own, frames);

		cells[FIELD_TS] = cell_u64(now);
		cells[FIELD_PID] = cell_u64(own->pid);
		cells[FIELD_COMM] = cell_text(own->comm);
		name_cgroup(s, own->cgroup_id, cells);
		cells[FIELD_FUNCTION] = cell_text(n ? frames[0].name : NULL);
		cells[FIELD_MODULE] = cell_text(n ? frames[0].module : NULL);
		cells[FIELD_SAMPLES] = cell_u64(rows[i].count);
		cells[FIELD_STACK] = cell_text(rows[i].text);
		output_row(&s->tool.output, cells);
		free(rows[i].text);
	}
	free(rows);
}

static int by_count(const void *a, const void *b)
{
	const struct folded_entry *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return strcmp(x->text, y->text);
}

/* Functions on top of stacks, of each process name and, with -C, cgroup: "cgroup\tfunction\tmodule\tcomm". */
static void count_tops(struct stacks *s, struct folded *tops)
{
	struct sym_frame frames[2 * STACKS_FRAMES];
	struct buffer text = { 0 };

	for (uint32_t b = 0; b < SAMPLES_BUCKETS; b++)
		for (const struct sample *own = s->buckets[b]; own; own = own->next) {
			static const struct sym_frame none;
			uint32_t n = name_frames(s, own, frames);
			const struct sym_frame *top = n ? &frames[0] : &none;

			buffer_reset(&text);
			buffer_format(&text, "%" PRIu64 "\t",
				      s->tool.options.containers ? own->cgroup_id : 0);
			sym_frame_print(top, &text);
			buffer_format(&text, "\t%s\t%s",
				      top->module   ? top->module
				      : top->kernel ? "[kernel]"
						    : "",
				      own->comm);
			folded_add(tops, text.data, own->count);
		}
	buffer_deinit(&text);
}

static void show_top(struct stacks *s, const struct folded *tops, uint32_t i)
{
	struct cell cells[N_FIELDS] = { 0 };
	char *function, *module, *comm, share[16];
	uint64_t cgroup_id = strtoull(tops->entries[i].text, &function, 10);

	module = strchr(++function, '\t');
	*module++ = 0;
	comm = strchr(module, '\t');
	*comm++ = 0;
	snprintf(share, sizeof(share), "%.2f%%",
		 100.0 * (double)tops->entries[i].count / (double)tops->total);
	cells[FIELD_TS] = cell_u64(loop_realtime_ns(loop_now_ns()));
	cells[FIELD_COMM] = cell_text(comm);
	if (cgroup_id)
		name_cgroup(s, cgroup_id, cells);
	cells[FIELD_FUNCTION] = cell_text(function);
	cells[FIELD_MODULE] = cell_text(*module ? module : NULL);
	cells[FIELD_SAMPLES] = cell_u64(tops->entries[i].count);
	cells[FIELD_SHARE] = cell_text(share);
	output_row(&s->tool.output, cells);
}

static void show_tops(struct stacks *s)
{
	struct folded tops = { 0 };

	count_tops(s, &tops);
	if (tops.n)
		qsort(tops.entries, tops.n, sizeof(*tops.entries), by_count);
	for (uint32_t i = 0; i < tops.n && (s->all_rows || i < ROWS_MAX); i++)
		show_top(s, &tops, i);
	if (s->tool.options.interval_ns)
		output_line(&s->tool.output, "");
	if (!s->all_rows && tops.n > ROWS_MAX)
		tool_note(&s->tool, "%u more functions: -A shows all", tops.n - ROWS_MAX);
	folded_deinit(&tops);
}

static void say_totals(struct stacks *s)
{
	int n_cpus = libbpf_num_possible_cpus();
	struct stacks_totals *values = xcalloc((size_t)n_cpus, sizeof(*values)), sum = { 0 };
	uint32_t zero = 0;

	if (!bpf_map_lookup_elem(bpf_map__fd(s->bpf->maps.totals), &zero, values))
		for (int cpu = 0; cpu < n_cpus; cpu++) {
			sum.idle += values[cpu].idle;
			sum.filtered += values[cpu].filtered;
		}
	free(values);
	tool_note(&s->tool,
		  "%" PRIu64 " samples, besides %" PRIu64 " of idle CPUs and %" PRIu64
		  " that were not asked for",
		  s->n_shown, (uint64_t)sum.idle, (uint64_t)sum.filtered);
	if (s->n_too_many)
		tool_note(&s->tool,
			  "%" PRIu64 " samples are not shown: more than %u different stacks",
			  s->n_too_many, SAMPLES_DIFFERENT_MAX);
	if (s->n_unmapped)
		tool_note(&s->tool,
			  "%" PRIu64 " samples have no user function names: their process was gone",
			  s->n_unmapped);
	if (s->n_unreliable)
		tool_say(&s->tool,
			 "%" PRIu64 " samples have frames past a broken frame pointer, marked _[?]",
			 s->n_unreliable);
	tool_account(&s->tool, bpf_map__fd(s->bpf->maps.account), s->n_shown);
}

static void show(struct stacks *s)
{
	struct error err;

	if (!s->user_only && sym_stacks_kernel_names(s->symbols, &err))
		tool_note(&s->tool, "%s", err.text);
	if (s->form != FORM_ROWS)
		show_folded(s);
	else if (s->tool.options.format == OUTPUT_COLUMNS || s->tool.options.format == OUTPUT_PROM)
		show_tops(s);
	else
		show_each(s);
	output_flush(&s->tool.output);
}

/* --- running --------------------------------------------------------------------------------- */

/* What is mapped of a ring counts as memory held, twice: no more than the rate asks for. */
static uint64_t ring_kib(const struct stacks *s)
{
	uint64_t kib = s->hz * (uint64_t)libbpf_num_possible_cpus() * RING_SECONDS *
		       sizeof(struct stacks_sample) / 1024;

	if (s->ring_kib)
		return s->ring_kib;
	return kib < RING_KIB_MIN ? RING_KIB_MIN : kib > RING_KIB_MAX ? RING_KIB_MAX : kib;
}

static int start(struct stacks *s, struct error *err)
{
	int rc = tool_answer_live(&s->tool, err);

	if (rc)
		return rc;
	if (s->form == FORM_SVG && s->tool.options.interval_ns)
		return error_set(err, -EINVAL, "a graph is drawn once: -o svg takes no interval");
	if (s->user_only && s->kernel_only)
		return error_set(err, -EINVAL, "-U and -K leave nothing to show");
	s->bpf = stacks_bpf__open();
	if (!s->bpf)
		return error_set(err, -errno, "cannot open its program: %s", strerror(errno));
	memcpy((void *)&s->bpf->rodata->filter, &s->tool.settings, sizeof(s->tool.settings));
	s->bpf->rodata->with_user = !s->kernel_only;
	s->bpf->rodata->with_kernel = !s->user_only;
	bpf_map__set_max_entries(s->bpf->maps.ring, feed_ring_bytes(ring_kib(s)));
	rc = tool_load(&s->tool, s->bpf->obj, err);
	tool_want_names(&s->tool, false);
	if (!rc)
		rc = loop_add_ring(&s->tool.loop, bpf_map__fd(s->bpf->maps.ring), take_sample, s,
				   err);
	if (!rc)
		rc = hook_attach_timer(bpf_program__fd(s->bpf->progs.take_stack), (uint32_t)s->hz,
				       0, &s->timer, err);
	if (rc)
		return rc;
	tool_say(&s->tool, "hook: perf_event, software cpu-clock, %" PRIu64 " Hz on each CPU",
		 s->hz);
	return tool_watch(&s->tool, s->bpf->obj);
}

static void forget_samples(struct stacks *s)
{
	for (uint32_t b = 0; b < SAMPLES_BUCKETS && s->n_samples; b++)
		while (s->buckets[b]) {
			struct sample *next = s->buckets[b]->next;

			free(s->buckets[b]);
			s->buckets[b] = next;
			s->n_samples--;
		}
}

static void stacks_free(struct stacks *s)
{
	forget_samples(s);
	sym_stacks_free(s->symbols);
	stacks_bpf__destroy(s->bpf);
	free(s);
}

/* Columns of the table: the function first, not the process's numbers. */
static void hide_fields(struct stacks *s)
{
	bool table =
		s->tool.options.format == OUTPUT_COLUMNS || s->tool.options.format == OUTPUT_PROM;

	output_hide(&s->tool.output, FIELD_TID);
	output_hide(&s->tool.output, FIELD_UID);
	if (table)
		output_hide(&s->tool.output, FIELD_PID);
	output_hide(&s->tool.output, table ? FIELD_STACK : FIELD_SHARE);
}

static void run(struct stacks *s)
{
	bool more;

	do {
		more = loop_wait(&s->tool.loop);
		if (!more) {
			hook_detach(s->timer);
			loop_drain(&s->tool.loop);
		}
		show(s);
		forget_samples(s);
	} while (more);
	say_totals(s);
}

int trace_stacks_main(int argc, char **argv)
{
	struct stacks *s = xcalloc(1, sizeof(*s));
	struct error err;
	int code;

	s->hz = HZ_DEFAULT;
	if (!tool_begin(&s->tool, &trace_stacks_spec, &output_spec, s, argc, argv, &code)) {
		free(s);
		return code;
	}
	s->symbols = sym_stacks_new();
	hide_fields(s);
	if (start(s, &err)) {
		hook_detach(s->timer);
		tool_fail(&s->tool, &err);
	} else {
		run(s);
	}
	code = tool_end(&s->tool);
	stacks_free(s);
	return code;
}
