/* SPDX-License-Identifier: BSD-2-Clause */
/* skep trace runq: how long threads wait for a CPU. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "tool/fields.h"
#include "tool/tool.h"
#include "trace/latency.h"
#include "trace/trace.h"

#include "runq.skel.h" /* last: its .rodata has types of the headers above */

struct runq {
	struct tool tool;
	struct runq_bpf *bpf;
	struct latency_table table;
	struct latency_settings settings;
	bool by_process, by_container;
	uint64_t min_us;
};

/* clang-format off */
static const struct tool_option options[] = {
	{ 'P', "by-process", NULL, "one histogram for each process", OPTION_FLAG, offsetof(struct runq, by_process) },
	{ 'C', "by-container", NULL, "one histogram for each cgroup, named by its container", OPTION_FLAG,
	  offsetof(struct runq, by_container) },
	{ 'l', "min-latency", "US", "leave out shorter waits", OPTION_NUMBER, offsetof(struct runq, min_us), 1,
	  UINT64_MAX / 1000 },
};
/* clang-format on */

const struct ability_tool trace_runq_ability = {
	.name = "trace runq",
	.does = "how long threads wait for a CPU",
	.needs = { ABILITY_BPF_SYSCALL, ABILITY_CAP_BPF, ABILITY_CAP_PERFMON },
	.hooks = { { "tp_btf", { ABILITY_BTF, ABILITY_TP_BTF } } },
};

const struct tool_spec trace_runq_spec = {
	.ability = &trace_runq_ability,
	.command = "trace runq",
	.summary = "how long threads wait for a CPU, as a histogram",
	.about = "A wait begins when a thread is woken, or is taken off the CPU though it could go on, and\n"
		 "ends when it is put on one. -u and --netns are about the current task, which a woken one\n"
		 "is not: they are refused.\n",
	.flags = TOOL_INTERVAL,
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.examples = "  skep trace runq 1 10\n"
		    "  skep trace runq -P -l 1000 -d 5\n"
		    "  skep trace runq -C -o prom --listen 127.0.0.1:9435\n",
};

enum {
	FIELD_COUNT = FIELD_OWN,
	FIELD_LATENCY,
	N_FIELDS
};

/* clang-format off */
static const struct field fields[N_FIELDS] = {
	FIELDS_COMMON,
	[FIELD_COUNT] = { "count", "WAITS", FIELD_U64, 10, FIELD_COUNTER, "skep_runq_waits_total", "waits for a CPU" },
	[FIELD_LATENCY] = { "latency_ns", "", FIELD_HIST, 0, FIELD_HISTOGRAM, "skep_runq_wait_seconds",
			    "how long threads waited for a CPU", 1000 },
};
/* clang-format on */

static const struct output_spec output_spec = { .fields = fields, .n_fields = N_FIELDS };

static void show(struct runq *r)
{
	uint64_t now = loop_realtime_ns(loop_now_ns());

	latency_gather(&r->table, bpf_map__fd(r->bpf->maps.latencies));
	for (uint32_t i = 0; i < r->table.n_rows; i++) {
		const struct latency_row *row = &r->table.rows[i];
		struct cell cells[N_FIELDS] = { 0 };
		const struct who_cgroup *cgroup;

		cells[FIELD_TS] = cell_u64(now);
		if (r->by_process) {
			cells[FIELD_PID] = cell_u64(row->key.pid);
			cells[FIELD_COMM] = cell_text(row->key.name);
		}
		if (r->by_container) {
			cgroup = who_cgroup(r->tool.who, row->key.cgroup_id);
			cells[FIELD_CGROUP] = cell_text(*cgroup->path ? cgroup->path : NULL);
			cells[FIELD_CONTAINER] =
				cell_text(*cgroup->container.name ? cgroup->container.name : NULL);
			cells[FIELD_POD] =
				cell_text(*cgroup->container.pod ? cgroup->container.pod : NULL);
		}
		cells[FIELD_COUNT] = cell_u64(row->count);
		cells[FIELD_LATENCY] = cell_hist(&row->hist);
		output_row(&r->tool.output, cells);
	}
	output_flush(&r->tool.output);
}

static int settle(struct runq *r, struct error *err)
{
	if (r->tool.settings.has_uid || r->tool.settings.netns_inode)
		return error_set(err, -EINVAL, "-u and --netns are not for runq");
	r->settings.by_process = r->by_process;
	r->settings.by_cgroup = r->by_container;
	r->settings.min_ns = r->min_us * 1000;
	for (uint32_t i = FIELD_TID; i < FIELD_OWN; i++)
		output_hide(&r->tool.output, i);
	if (!r->by_process)
		output_hide(&r->tool.output, FIELD_PID);
	r->tool.output.hidden &= ~(uint64_t)(r->by_process ? 1ull << FIELD_COMM : 0);
	if (r->by_container)
		r->tool.output.hidden &= ~(1ull << FIELD_CGROUP | 1ull << FIELD_CONTAINER |
					   1ull << FIELD_POD);
	return tool_answer_live(&r->tool, err);
}

static int start(struct runq *r, struct error *err)
{
	int rc = settle(r, err);

	if (rc)
		return rc;
	r->bpf = runq_bpf__open_opts(tool_open_options(&r->tool));
	if (!r->bpf)
		return error_set(err, -errno, "cannot open its program: %s", strerror(errno));
	memcpy((void *)&r->bpf->rodata->filter, &r->tool.settings, sizeof(r->tool.settings));
	memcpy((void *)&r->bpf->rodata->settings, &r->settings, sizeof(r->settings));
	rc = tool_load(&r->tool, r->bpf->obj, err);
	if (rc)
		return rc;
	tool_want_names(&r->tool, false);
	rc = runq_bpf__attach(r->bpf);
	if (rc)
		return error_set(err, rc, "cannot attach to tp_btf:sched_switch: %s", strerror(-rc));
	tool_say(&r->tool, "hooks: tp_btf:sched_wakeup, sched_wakeup_new, sched_switch");
	return tool_watch(&r->tool, r->bpf->obj);
}

int trace_runq_main(int argc, char **argv)
{
	struct runq *r = xcalloc(1, sizeof(*r));
	struct error err;
	bool more;
	int code;

	if (tool_begin(&r->tool, &trace_runq_spec, &output_spec, r, argc, argv, &code)) {
		if (start(r, &err)) {
			tool_fail(&r->tool, &err);
		} else {
			do {
				more = loop_wait(&r->tool.loop);
				show(r);
			} while (more);
		}
		runq_bpf__destroy(r->bpf);
		latency_table_deinit(&r->table);
		code = tool_end(&r->tool);
	}
	free(r);
	return code;
}
