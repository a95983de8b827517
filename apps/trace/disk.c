/* SPDX-License-Identifier: BSD-2-Clause */
/* skep trace disk: how long block requests take. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "tool/fields.h"
#include "tool/tool.h"
#include "trace/latency.h"
#include "trace/trace.h"

#include "disk.skel.h" /* last: its .rodata has types of the headers above */

struct disk {
	struct tool tool;
	struct disk_bpf *bpf;
	struct latency_table table;
	struct latency_settings settings;
	bool by_disk, by_operation, queued;
	uint64_t min_us;
};

/* clang-format off */
static const struct tool_option options[] = {
	{ 'D', "by-disk", NULL, "one histogram for each disk", OPTION_FLAG, offsetof(struct disk, by_disk) },
	{ 'F', "by-operation", NULL, "one histogram for each operation", OPTION_FLAG, offsetof(struct disk, by_operation) },
	{ 'Q', "queued", NULL, "with the time in the queue", OPTION_FLAG, offsetof(struct disk, queued) },
	{ 'l', "min-latency", "US", "leave out shorter ones", OPTION_NUMBER, offsetof(struct disk, min_us), 1,
	  UINT64_MAX / 1000 },
};
/* clang-format on */

const struct ability_tool trace_disk_ability = {
	.name = "trace disk",
	.does = "how long block requests take",
	.needs = { ABILITY_BPF_SYSCALL, ABILITY_CAP_BPF, ABILITY_CAP_PERFMON },
	.hooks = { { "tp_btf", { ABILITY_BTF, ABILITY_TP_BTF } } },
};

const struct tool_spec trace_disk_spec = {
	.ability = &trace_disk_ability,
	.command = "trace disk",
	.summary = "how long block requests take, as a histogram",
	.about = "From when a request is issued to the device (with -Q: queued for it) to its end. Requests\n"
		 "belong to no process: filters by process, user, cgroup and namespace are refused.\n",
	.flags = TOOL_INTERVAL,
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.examples = "  skep trace disk 1 10\n"
		    "  skep trace disk -D -F -d 5 -o json\n",
};

enum {
	FIELD_DISK = FIELD_OWN,
	FIELD_OPERATION,
	FIELD_COUNT,
	FIELD_LATENCY,
	N_FIELDS
};

/* clang-format off */
static const struct field fields[N_FIELDS] = {
	FIELDS_COMMON,
	[FIELD_DISK] = { "disk", "DISK", FIELD_STRING, -12, FIELD_LABEL, .help = "name of the disk" },
	[FIELD_OPERATION] = { "operation", "OPERATION", FIELD_STRING, -12, FIELD_LABEL, .help = "what is asked of it" },
	[FIELD_COUNT] = { "count", "REQUESTS", FIELD_U64, 10, FIELD_COUNTER, "skep_disk_requests_total",
			  "block requests" },
	[FIELD_LATENCY] = { "latency_ns", "", FIELD_HIST, 0, FIELD_HISTOGRAM, "skep_disk_request_seconds",
			    "how long block requests took", 1000 },
};
/* clang-format on */

static const struct output_spec output_spec = { .fields = fields, .n_fields = N_FIELDS };

/* enum req_op (include/linux/blk_types.h) */
static const char *operation_name(uint32_t op, char buf[16])
{
	static const char *const names[] = { [0] = "read",	  [1] = "write",
					     [2] = "flush",	  [3] = "discard",
					     [5] = "secure-erase", [7] = "zone-append",
					     [9] = "write-zeroes" };

	if (op < sizeof(names) / sizeof(names[0]) && names[op])
		return names[op];
	snprintf(buf, 16, "op %u", op);
	return buf;
}

static void show(struct disk *d)
{
	uint64_t now = loop_realtime_ns(loop_now_ns());
	char buf[16];

	latency_gather(&d->table, bpf_map__fd(d->bpf->maps.latencies));
	for (uint32_t i = 0; i < d->table.n_rows; i++) {
		const struct latency_row *row = &d->table.rows[i];
		struct cell cells[N_FIELDS] = { 0 };

		cells[FIELD_TS] = cell_u64(now);
		if (d->by_disk)
			cells[FIELD_DISK] = cell_text(row->key.name);
		if (d->by_operation)
			cells[FIELD_OPERATION] = cell_text(operation_name(row->key.flags, buf));
		cells[FIELD_COUNT] = cell_u64(row->count);
		cells[FIELD_LATENCY] = cell_hist(&row->hist);
		output_row(&d->tool.output, cells);
	}
	output_flush(&d->tool.output);
}

static int settle(struct disk *d, struct error *err)
{
	const struct filter *filter = &d->tool.options.filter;

	if (filter->pid || filter->tid || filter->has_uid || filter->comm || filter->cgroup ||
	    filter->container || filter->netns)
		return error_set(err, -EINVAL, "block requests belong to no process: -p, -t, -c, -u, "
					       "--cgroup, --container and --netns are not for disk");
	d->settings.by_disk = d->by_disk;
	d->settings.by_flags = d->by_operation;
	d->settings.queued = d->queued;
	d->settings.min_ns = d->min_us * 1000;
	for (uint32_t i = FIELD_PID; i < FIELD_OWN; i++)
		output_hide(&d->tool.output, i);
	if (!d->by_disk)
		output_hide(&d->tool.output, FIELD_DISK);
	if (!d->by_operation)
		output_hide(&d->tool.output, FIELD_OPERATION);
	return tool_answer_live(&d->tool, err);
}

static int start(struct disk *d, struct error *err)
{
	int rc = settle(d, err);

	if (rc)
		return rc;
	d->bpf = disk_bpf__open_opts(tool_open_options(&d->tool));
	if (!d->bpf)
		return error_set(err, -errno, "cannot open its program: %s", strerror(errno));
	memcpy((void *)&d->bpf->rodata->settings, &d->settings, sizeof(d->settings));
	bpf_program__set_autoload(d->bpf->progs.queued, d->queued);
	rc = tool_load(&d->tool, d->bpf->obj, err);
	if (rc)
		return rc;
	rc = disk_bpf__attach(d->bpf);
	if (rc)
		return error_set(err, rc, "cannot attach to tp_btf:block_rq_issue: %s", strerror(-rc));
	tool_say(&d->tool, "hooks: tp_btf:%sblock_rq_issue, block_rq_complete",
		 d->queued ? "block_rq_insert, " : "");
	return tool_watch(&d->tool, d->bpf->obj);
}

int trace_disk_main(int argc, char **argv)
{
	struct disk *d = xcalloc(1, sizeof(*d));
	struct error err;
	bool more;
	int code;

	if (tool_begin(&d->tool, &trace_disk_spec, &output_spec, d, argc, argv, &code)) {
		if (start(d, &err)) {
			tool_fail(&d->tool, &err);
		} else {
			do {
				more = loop_wait(&d->tool.loop);
				show(d);
			} while (more);
		}
		disk_bpf__destroy(d->bpf);
		latency_table_deinit(&d->table);
		code = tool_end(&d->tool);
	}
	free(d);
	return code;
}
