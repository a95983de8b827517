/* SPDX-License-Identifier: BSD-2-Clause */
#include "job.h"

#include <errno.h>
#include <linux/bpf.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <skep/sysctl.h>
#include <string.h>
#include <unistd.h>

#include "engine_user.h"
#include "file.h"
#include "records.h"
#include "testrun.h"
#include "usage.h"
#include "verdict.h"

#define PROGRESS_PACKETS 512 /* between two looks at how far we are */

/* Set by a signal; there is one job. */
static volatile sig_atomic_t interrupted;

void job_interrupt(void)
{
	interrupted = 1;
}

/* --- before the engine ---------------------------------------------------------------------------- */

/* A struct xdp_md says where its one packet ends; the kernel refuses any other number. */
static int check_xdp_ctx(const struct job_options *o, struct error *err)
{
	struct xdp_md ctx = { 0 };

	if (o->capture)
		return error_set(err, -EINVAL,
				 "--ctx with an xdp program is about one packet: give that one "
				 "with --data FILE|HEX, not --pcap");
	memcpy(&ctx, o->ctx->data, o->ctx->bytes < sizeof(ctx) ? o->ctx->bytes : sizeof(ctx));
	if (ctx.data_end != o->data->bytes)
		return error_set(err, -EINVAL,
				 "--ctx: data_end (bytes 4 to 7 of struct xdp_md) is %u, but the "
				 "packet of --data has %zu bytes: they must be the same",
				 ctx.data_end, o->data->bytes);
	return 0;
}

static int check_accesses(const struct job *job, struct error *err)
{
	const struct job_options *o = job->options;
	uint32_t type = bpf_program__type(job->prog);
	const char *name = bpf_program__name(job->prog);

	if (type != BPF_PROG_TYPE_CGROUP_SYSCTL)
		return error_set(err, -EINVAL,
				 "program '%s' (%s) does not judge accesses to sysctls: --sysctl is "
				 "for those of SEC(\"cgroup/sysctl\")",
				 name, object_type_name(type));
	if (!o->accesses->n)
		return error_set(err, -EINVAL,
				 "program '%s' (%s) judges accesses to sysctls: give it some, in "
				 "order, with --sysctl NAME to read and --sysctl NAME=VALUE to write",
				 name, object_type_name(type));
	if (o->capture || o->data || o->ctx || o->output || o->repeat > 1)
		return error_set(err, -EINVAL,
				 "program '%s' (%s) is run once on each --sysctl: --pcap, --data, "
				 "--ctx, -w and --repeat are for other programs",
				 name, object_type_name(type));
	return 0;
}

static int check_input(const struct job *job, struct error *err)
{
	const struct job_options *o = job->options;
	uint32_t type = bpf_program__type(job->prog);
	bool packets = verdict_is_of_packet(type);

	if (type == BPF_PROG_TYPE_UNSPEC)
		return 0; /* loading says what is wrong */
	if (type == BPF_PROG_TYPE_CGROUP_SYSCTL || o->accesses->n)
		return check_accesses(job, err);
	if (packets && !o->capture && !o->data)
		return error_set(err, -EINVAL,
				 "program '%s' (%s) takes packets: give them with --pcap "
				 "FILE, or one with --data FILE|HEX",
				 bpf_program__name(job->prog), object_type_name(type));
	if (!packets && (o->capture || o->data))
		return error_set(err, -EINVAL,
				 "program '%s' (%s) takes no packets, so %s has nothing "
				 "to give it: use --ctx FILE|HEX",
				 bpf_program__name(job->prog), object_type_name(type),
				 o->capture ? "--pcap" : "--data");
	if (type == BPF_PROG_TYPE_XDP && o->ctx)
		return check_xdp_ctx(o, err);
	if (o->output && !o->capture)
		return error_set(err, -EINVAL,
				 "-w writes the packets of a capture that passed: it needs "
				 "--pcap FILE");
	return 0;
}

/* Global variables are always of interest; a map is when a loaded function names it. */
static void mark_unused_maps(struct job *job)
{
	for (uint32_t i = 0; i < job->outcome.n_maps; i++) {
		struct mapshot *map = &job->outcome.maps[i];

		map->is_unused = !map->is_global && !usage_refers(&job->object, map->name);
	}
}

int job_open(struct job *job, const struct job_options *options, struct error *err)
{
	int rc;

	job->options = options;
	rc = object_open(&job->object, options->path, options->image, err);
	if (rc)
		return rc;
	job->prog = object_choose(&job->object, options->program, err);
	rc = job->prog ? check_input(job, err) : -ENOENT;
	for (uint32_t i = 0; !rc && i < options->n_settings; i++)
		rc = object_set(&job->object, options->settings[i], err);
	if (!rc) {
		object_select(&job->object, job->prog);
		outcome_init(&job->outcome, job->object.bpf, job->prog);
		mark_unused_maps(job);
	}
	return rc;
}

static void keep_line(void *arg, const char *line)
{
	struct job *job = arg;

	outcome_add_line(&job->outcome, line);
}

static void keep_record(void *arg, uint32_t map, const void *data, size_t bytes)
{
	struct job *job = arg;

	outcome_add_record(&job->outcome, map, data, bytes);
}

int job_load(struct job *job, struct error *err)
{
	struct engine_setup setup = job->options->engine;
	int rc;

	if (usage_prints(&job->object)) {
		setup.printk = keep_line;
		setup.printk_arg = job;
	}
	rc = engine_enter(&setup, err);
	job->outcome.printk_unread = setup.printk && !rc && !engine_lines_are_read();
	return rc ? rc : object_load(&job->object, job->prog, 0, err);
}

void job_read_maps(struct job *job)
{
	struct bpf_map *map;
	uint32_t i = 0;

	bpf_object__for_each_map(map, job->object.bpf)
		mapshot_read(&job->outcome.maps[i++], bpf_map__fd(map));
}

void job_close(struct job *job)
{
	outcome_deinit(&job->outcome);
	object_close(&job->object);
	engine_leave();
}

/* --- running ---------------------------------------------------------------------------------------- */

struct running {
	struct job *job;
	struct testrun run;
	struct records *records;
	struct capture *capture;
	struct capture_writer *writer;
};

/* Types whose programs see a packet from its network header and cannot change it: a test run gives it
 * back with an empty Ethernet header. */
static bool is_unchanged(uint32_t prog_type)
{
	return prog_type == BPF_PROG_TYPE_SOCKET_FILTER || prog_type == BPF_PROG_TYPE_CGROUP_SKB;
}

static void write_packet(struct running *r, const struct packet *packet,
			 const struct job_step *step, uint32_t keep)
{
	struct packet after = { .data = step->data,
				.bytes = step->bytes,
				.time_ns = packet->time_ns };

	if (is_unchanged(r->job->outcome.prog_type))
		after = *packet;
	/* What was cut off the capture stays cut off; a socket filter may cut more. */
	after.wire_bytes = after.bytes + (packet->wire_bytes - packet->bytes);
	if (after.bytes > keep)
		after.bytes = keep;
	capture_write(r->writer, &after);
}

/* Counts one packet. 0; 1 to end. */
static int count_step(struct running *r, const struct packet *packet, struct job_step *step)
{
	struct outcome *o = &r->job->outcome;
	const char *refused;
	uint32_t keep;

	records_take(r->records);
	engine_take_printk();
	if (step->error == -EINTR)
		return 1;
	if (step->error) {
		outcome_add_refusal(o, testrun_refusal(o->prog_type, packet->bytes, step->error));
	} else {
		outcome_add_verdict(o, step->retval, packet->bytes);
		refused = r->run.hook && packet->data ? testrun_kernel_refusal(o->prog_type, packet)
						      : NULL;
		if (refused)
			outcome_add_kernel_refusal(o, refused);
		o->n_runs += r->job->options->repeat;
		o->ns += step->ns;
	}
	if (r->writer && !step->error && verdict_passes(o->prog_type, step->retval, &keep)) {
		write_packet(r, packet, step, keep);
		o->n_written++;
	}
	return r->job->watch ? r->job->watch(r->job->watch_arg, r->job, step) : 0;
}

static int run_packet(struct running *r, const struct packet *packet)
{
	struct outcome *o = &r->job->outcome;
	struct testrun_result result = { 0 };
	struct job_step step = { 0 };

	engine_set_time(packet->time_ns);
	step.packet = ++o->n_packets;
	step.bytes_before = packet->bytes;
	o->n_bytes += packet->bytes;
	step.error = testrun_run(&r->run, packet, &result);
	step.retval = result.retval;
	step.data = r->run.out;
	step.bytes = result.bytes;
	step.ns = result.ns;
	if (count_step(r, packet, &step))
		return 1;
	if (r->job->progress && o->n_packets % PROGRESS_PACKETS == 0)
		r->job->progress(r->job->progress_arg, capture_progress(r->capture), o->n_packets);
	return 0;
}

static void run_capture(struct running *r)
{
	struct outcome *o = &r->job->outcome;
	struct packet packet;
	struct error broken;
	int rc = 0;

	while (!interrupted && (rc = capture_next(r->capture, &packet, &broken)) == 1)
		if (run_packet(r, &packet))
			break;
	if (rc < 0)
		o->capture_error = xstrdup(broken.text);
	o->interrupted = interrupted;
	if (r->job->progress)
		r->job->progress(r->job->progress_arg, 1, o->n_packets);
}

static int refuse_single(const struct running *r, uint32_t bytes, int error, struct error *err)
{
	const struct outcome *o = &r->job->outcome;
	const char *engine = engine_name(r->job->options->engine.kind);

	if (error == -EINVAL && !verdict_is_of_packet(o->prog_type))
		return error_set(
			err, error,
			"the %s engine cannot run '%s' (%s): it reads more context "
			"than the %u bytes given, or more were given than its type has; give "
			"them with --ctx FILE|HEX",
			engine, o->program, object_type_name(o->prog_type), r->run.ctx_bytes);
	return error_set(err, error, "the %s engine cannot run '%s' (%s) on this input: %s", engine,
			 o->program, object_type_name(o->prog_type),
			 testrun_refusal(o->prog_type, bytes, error));
}

/* One run, on --data and --ctx. */
static int run_once(struct running *r, struct error *err)
{
	const struct buffer *data = r->job->options->data;
	struct outcome *o = &r->job->outcome;
	struct testrun_result result = { 0 };
	struct job_step step = { .packet = 1 };
	struct packet packet = { 0 };

	if (data) {
		packet.data = (const uint8_t *)data->data;
		packet.bytes = packet.wire_bytes = data->bytes;
	}
	step.bytes_before = packet.bytes;
	o->n_packets = data != NULL;
	o->n_bytes = packet.bytes;
	step.error = testrun_run(&r->run, &packet, &result);
	if (step.error)
		return refuse_single(r, packet.bytes, step.error, err);
	step.retval = result.retval;
	step.data = o->data_out = r->run.out;
	step.bytes = o->data_out_bytes = result.bytes;
	step.ns = result.ns;
	r->run.out = NULL;
	o->ctx_out = r->run.ctx_out;
	o->ctx_out_bytes = result.ctx_bytes;
	r->run.ctx_out = NULL;
	count_step(r, &packet, &step);
	return 0;
}

/* --- accesses to sysctls ---------------------------------------------------------------------------- */

static int run_access(struct running *r, uint32_t i)
{
	static char written[ACCESS_VALUE_BYTES];
	struct accesses *list = r->job->options->accesses;
	struct access *access = &list->list[i];
	struct skep_sysctl said = { .size = sizeof(said),
				    .name = access->name,
				    .write = access->write,
				    .value = access->value.bytes,
				    .value_bytes = access->value.n,
				    .value_out = written,
				    .value_out_room = sizeof(written) };
	int rc;

	accesses_find_current(list, i);
	said.current = access->current.bytes;
	said.current_bytes = access->current.n;
	r->job->outcome.n_packets++;
	rc = engine_user_sysctl(&said);
	if (rc)
		return rc;
	access->done = true;
	access->retval = said.retval;
	access->file_pos = said.file_pos;
	if (said.replaced)
		access->written = access_value_of(written, said.value_out_bytes);
	outcome_add_verdict(&r->job->outcome, said.retval == 0, 0);
	records_take(r->records);
	engine_take_printk();
	return 0;
}

static int run_accesses(struct running *r, struct error *err)
{
	struct outcome *o = &r->job->outcome;
	int rc, link = engine_user_attach_sysctl(bpf_program__fd(r->job->prog));

	if (link < 0)
		return error_set(err, link, "'%s' cannot be attached: %s", o->program,
				 strerror(-link));
	for (uint32_t i = 0; i < r->job->options->accesses->n && !interrupted; i++) {
		rc = run_access(r, i);
		if (rc) {
			close(link);
			return error_set(err, rc, "access %u (%s) cannot be tried: %s", i + 1,
					 r->job->options->accesses->list[i].name, strerror(-rc));
		}
	}
	o->interrupted = interrupted;
	close(link);
	return 0;
}

/* Programs are run on one CPU, so that per-CPU values are found in one place. */
static void stay_on_this_cpu(void)
{
	cpu_set_t set;
	int cpu = sched_getcpu();

	CPU_ZERO(&set);
	CPU_SET(cpu < 0 ? 0 : cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static int start(struct running *r, struct error *err)
{
	const struct job_options *o = r->job->options;
	int rc = 0;

	if (o->capture)
		rc = capture_open(o->capture, &r->capture, err);
	if (!rc && o->output && file_is_same(o->capture, o->output))
		rc = error_set(err, -EINVAL, "-w %s would overwrite the capture being read",
			       o->output);
	if (!rc && o->output)
		rc = capture_writer_open(o->output, r->capture, &r->writer, err);
	if (!rc)
		rc = records_open(r->job->object.bpf, keep_record, r->job, &r->records, err);
	if (rc)
		return rc;
	testrun_init(&r->run, bpf_program__fd(r->job->prog), r->job->outcome.prog_type, o->repeat,
		     o->ctx ? o->ctx->data : NULL, o->ctx ? o->ctx->bytes : 0);
	r->run.hook = o->hook && o->engine.kind == ENGINE_USER;
	stay_on_this_cpu();
	return 0;
}

int job_run(struct job *job, struct error *err)
{
	struct running r = { .job = job };
	struct error unwritten;
	int rc = start(&r, err);

	if (!rc && r.capture)
		run_capture(&r);
	else if (!rc && job->options->accesses->n)
		rc = run_accesses(&r, err);
	else if (!rc)
		rc = run_once(&r, err);
	if (!rc) {
		engine_end_time(&job->outcome.timers);
		records_take(r.records);
		engine_take_printk();
		job_read_maps(job);
	}
	job->outcome.records_lost = records_lost(r.records);
	outcome_sort_verdicts(&job->outcome);
	if (capture_writer_close(r.writer, rc ? &unwritten : err) && !rc)
		rc = -EIO;
	records_close(r.records);
	testrun_deinit(&r.run);
	capture_close(r.capture);
	return rc;
}
