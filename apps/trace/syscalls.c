/* SPDX-License-Identifier: BSD-2-Clause */
/* skep trace syscalls: counts system calls over a period. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "tool/fields.h"
#include "tool/tool.h"
#include "trace/syscall_names.h"
#include "trace/syscalls-api.bpf.h"
#include "trace/trace.h"

#include "syscalls.skel.h" /* last: its .rodata has types of the headers above */

#define NAME_BYTES 32

const struct tool_spec trace_syscalls_spec = {
	.command = "trace syscalls",
	.summary = "count system calls over a period",
	.flags = TOOL_INTERVAL,
};

enum {
	FIELD_SYSCALL = FIELD_OWN,
	FIELD_COUNT,
	N_FIELDS
};

/* clang-format off */
static const struct field fields[N_FIELDS] = {
	FIELDS_COMMON,
	[FIELD_SYSCALL] = { "syscall", "SYSCALL", FIELD_STRING, -22, FIELD_LABEL, .help = "name of the call" },
	[FIELD_COUNT] = { "count", "COUNT", FIELD_U64, 12, FIELD_COUNTER, "skep_syscalls_total", "system calls entered" },
};
/* clang-format on */

static const struct output_spec output_spec = { .fields = fields, .n_fields = N_FIELDS };

struct syscalls {
	struct tool tool;
	struct syscalls_bpf *bpf;
	int n_cpus;
	uint64_t shown[SYSCALLS_ROWS]; /* counts of the intervals before */
};

struct row {
	uint32_t index;
	uint64_t count;
};

static int by_count(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* What was counted since the last time, most first: the number of rows. */
static uint32_t gather(struct syscalls *s, struct row *rows)
{
	uint64_t *counts = xcalloc((size_t)s->n_cpus, sizeof(*counts));
	int fd = bpf_map__fd(s->bpf->maps.counts);
	uint32_t n = 0;

	for (uint32_t i = 0; i < SYSCALLS_ROWS; i++) {
		uint64_t sum = 0;

		if (bpf_map_lookup_elem(fd, &i, counts))
			continue;
		for (int cpu = 0; cpu < s->n_cpus; cpu++)
			sum += counts[cpu];
		if (sum != s->shown[i])
			rows[n++] = (struct row){ .index = i, .count = sum - s->shown[i] };
		s->shown[i] = sum;
	}
	free(counts);
	qsort(rows, n, sizeof(*rows), by_count);
	return n;
}

static const char *name_of(uint32_t index, char buf[NAME_BYTES])
{
	bool compat = index >= SYSCALLS_COMPAT;
	uint32_t number = index - (compat ? SYSCALLS_COMPAT : 0);
	const char *name = syscall_name(number, compat);

	if (index == SYSCALLS_OTHER)
		return "(no such call)";
	if (name)
		return name;
	snprintf(buf, NAME_BYTES, "syscall_%u", number);
	return buf;
}

static void show(struct syscalls *s)
{
	struct row *rows = xcalloc(SYSCALLS_ROWS, sizeof(*rows));
	struct cell cells[N_FIELDS] = { 0 };
	uint32_t n = gather(s, rows);
	char name[NAME_BYTES];

	cells[FIELD_TS] = cell_u64(loop_realtime_ns(loop_now_ns()));
	for (uint32_t i = 0; i < n; i++) {
		cells[FIELD_SYSCALL] = cell_text(name_of(rows[i].index, name));
		cells[FIELD_COUNT] = cell_u64(rows[i].count);
		output_row(&s->tool.output, cells);
	}
	output_flush(&s->tool.output);
	free(rows);
}

static int start(struct syscalls *s, struct error *err)
{
	int rc;

	s->n_cpus = libbpf_num_possible_cpus();
	s->bpf = syscalls_bpf__open();
	if (!s->bpf)
		return error_set(err, -errno, "cannot open its program: %s", strerror(errno));
	memcpy((void *)&s->bpf->rodata->filter, &s->tool.settings, sizeof(s->tool.settings));
	rc = tool_load(&s->tool, s->bpf->obj, err);
	if (rc)
		return rc;
	rc = syscalls_bpf__attach(s->bpf);
	if (rc)
		return error_set(err, rc, "cannot attach to raw_tp:sys_enter: %s", strerror(-rc));
	tool_say(&s->tool, "hook: raw_tp:sys_enter");
	return tool_watch(&s->tool, s->bpf->obj);
}

int trace_syscalls_main(int argc, char **argv)
{
	struct syscalls *s = xcalloc(1, sizeof(*s));
	struct error err;
	bool more;
	int code;

	if (!tool_begin(&s->tool, &trace_syscalls_spec, &output_spec, s, argc, argv, &code)) {
		free(s);
		return code;
	}
	for (uint32_t i = FIELD_PID; i < FIELD_OWN; i++)
		output_hide(&s->tool.output, i);
	if (start(s, &err) == 0) {
		do {
			more = loop_wait(&s->tool.loop);
			show(s);
		} while (more);
	} else {
		tool_fail(&s->tool, &err);
	}
	syscalls_bpf__destroy(s->bpf);
	code = tool_end(&s->tool);
	free(s);
	return code;
}
