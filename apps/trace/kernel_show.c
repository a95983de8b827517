/* SPDX-License-Identifier: BSD-2-Clause */
/* What skep trace kernel shows in each of its modes. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trace/kernel.h"

#include "kernel.skel.h" /* last: its .rodata has types of the headers above */

#define FEW 16 /* functions, of which also those that were not called are shown */

static void hide_fields(struct kernel *k)
{
	bool calls = k->mode == KERNEL_CALLS || k->mode == KERNEL_CALLS_RETURNING;
	uint32_t shown = k->mode == KERNEL_COUNT     ? 1u << KERNEL_FIELD_COUNT
			 : k->mode == KERNEL_LATENCY ? 1u << KERNEL_FIELD_LATENCY
						     : 1u << KERNEL_FIELD_CALL;

	if (k->mode == KERNEL_CALLS_RETURNING)
		shown |= 1u << KERNEL_FIELD_DURATION | 1u << KERNEL_FIELD_RESULT;
	for (uint32_t i = KERNEL_FIELD_COUNT; i < KERNEL_FIELDS_MAX; i++)
		if (!(shown >> i & 1))
			output_hide(&k->tool.output, i);
	for (uint32_t i = FIELD_PID; !calls && i < FIELD_OWN; i++)
		output_hide(&k->tool.output, i);
	if (calls && k->tool.options.format == OUTPUT_COLUMNS) {
		output_hide(&k->tool.output, KERNEL_FIELD_FUNCTION);
		output_hide(&k->tool.output, KERNEL_FIELD_RESULT);
	}
}

/* --- counts and latencies -------------------------------------------------------------------- */

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

static uint64_t read_count(struct kernel *k, uint32_t index, uint64_t *values)
{
	uint64_t sum = 0;

	if (bpf_map_lookup_elem(bpf_map__fd(k->bpf->maps.counts), &index, values))
		return 0;
	for (int cpu = 0; cpu < k->n_cpus; cpu++)
		sum += values[cpu];
	return sum;
}

static void show_counts(struct kernel *k)
{
	struct row *rows = xcalloc(k->targets.n, sizeof(*rows));
	uint64_t *values = xcalloc((size_t)k->n_cpus, sizeof(*values));
	struct cell cells[KERNEL_FIELDS_MAX] = { 0 };
	uint32_t n = 0;

	for (uint32_t i = 0; i < k->targets.n; i++) {
		uint64_t sum = read_count(k, i, values), count = sum - k->counted[i];

		if (!k->targets.functions[i].refused && (count || k->targets.n <= FEW))
			rows[n++] = (struct row){ i, count };
		k->counted[i] = sum;
	}
	qsort(rows, n, sizeof(*rows), by_count);
	cells[FIELD_TS] = cell_u64(loop_realtime_ns(loop_now_ns()));
	for (uint32_t i = 0; i < n; i++) {
		cells[KERNEL_FIELD_FUNCTION] =
			cell_text(k->targets.functions[rows[i].index].symbol);
		cells[KERNEL_FIELD_COUNT] = cell_u64(rows[i].count);
		output_row(&k->tool.output, cells);
	}
	output_flush(&k->tool.output);
	free(values);
	free(rows);
}

static void read_latency(struct kernel *k, uint32_t index, struct kernel_hist *values,
			 struct hist *sum)
{
	memset(sum, 0, sizeof(*sum));
	if (bpf_map_lookup_elem(bpf_map__fd(k->bpf->maps.latencies), &index, values))
		return;
	for (int cpu = 0; cpu < k->n_cpus; cpu++) {
		for (uint32_t slot = 0; slot < HIST_SLOTS; slot++)
			sum->slots[slot] += values[cpu].slots[slot];
		sum->sum += values[cpu].sum;
		if (values[cpu].max > sum->max)
			sum->max = values[cpu].max;
	}
}

static void show_latencies(struct kernel *k)
{
	struct kernel_hist *values = xcalloc((size_t)k->n_cpus, sizeof(*values));
	struct cell cells[KERNEL_FIELDS_MAX] = { 0 };
	struct hist now, since;

	cells[FIELD_TS] = cell_u64(loop_realtime_ns(loop_now_ns()));
	for (uint32_t i = 0; i < k->targets.n; i++) {
		read_latency(k, i, values, &now);
		since = now;
		for (uint32_t slot = 0; slot < HIST_SLOTS; slot++)
			since.slots[slot] -= k->timed[i].slots[slot];
		since.sum -= k->timed[i].sum;
		k->timed[i] = now;
		if (!hist_count(&since))
			continue;
		cells[KERNEL_FIELD_FUNCTION] = cell_text(k->targets.functions[i].symbol);
		cells[KERNEL_FIELD_LATENCY] = cell_hist(&since);
		output_row(&k->tool.output, cells);
	}
	output_flush(&k->tool.output);
	free(values);
}

/* --- calls ------------------------------------------------------------------------------------- */

static int show_call(void *arg, void *data, size_t bytes)
{
	struct cell cells[KERNEL_FIELDS_MAX] = { 0 };
	struct buffer text = { 0 }, result = { 0 };
	const struct kernel_call *call = data;
	struct kernel *k = arg;

	if (bytes < KERNEL_CALL_SHORT_BYTES || call->index >= k->targets.n)
		return 0;
	k->n_shown++;
	tool_cells(&k->tool, &call->head, cells);
	cells[KERNEL_FIELD_FUNCTION] = cell_text(k->targets.functions[call->index].symbol);
	kernel_call_print(&k->targets, call, &text);
	if (k->mode == KERNEL_CALLS_RETURNING && !k->targets.functions[call->index].is_tracepoint) {
		cells[KERNEL_FIELD_DURATION] = cell_u64(call->duration_ns);
		kernel_result_print(&k->targets, call, &result);
		cells[KERNEL_FIELD_RESULT] = cell_text(result.data);
		if (k->tool.options.format == OUTPUT_COLUMNS && result.bytes)
			buffer_format(&text, " = %s", result.data);
	}
	cells[KERNEL_FIELD_CALL] = cell_text(text.data);
	cells[KERNEL_FIELD_COUNT] = cell_u64(1); /* for metrics: there is no such column */
	output_row(&k->tool.output, cells);
	buffer_deinit(&text);
	buffer_deinit(&result);
	return 0;
}

/* --- all ----------------------------------------------------------------------------------------- */

int kernel_show_begin(struct kernel *k, struct error *err)
{
	k->n_cpus = libbpf_num_possible_cpus();
	if (k->n_cpus < 0)
		return error_set(err, k->n_cpus, "cannot count this machine's CPUs: %s",
				 strerror(-k->n_cpus));
	k->counted = xcalloc(k->targets.n, sizeof(*k->counted));
	k->timed = xcalloc(k->targets.n, sizeof(*k->timed));
	hide_fields(k);
	if (k->mode != KERNEL_CALLS && k->mode != KERNEL_CALLS_RETURNING)
		return 0;
	tool_want_names(&k->tool, false);
	return loop_add_ring(&k->tool.loop, bpf_map__fd(k->bpf->maps.ring), show_call, k, err);
}

static void say_losses(struct kernel *k)
{
	uint32_t zero = 0;
	uint64_t lost = 0;

	bpf_map_lookup_elem(bpf_map__fd(k->bpf->maps.lost_starts), &zero, &lost);
	if (lost)
		tool_note(&k->tool,
			  "%" PRIu64
			  " returns were left out: their calls had begun before, or there "
			  "were more than %u at once",
			  lost, KERNEL_STARTS_MAX);
	if (k->n_missed)
		tool_note(&k->tool,
			  "%" PRIu64 " runs of its programs were left out by the kernel: they came from "
			  "within one",
			  k->n_missed);
	if (k->mode == KERNEL_CALLS || k->mode == KERNEL_CALLS_RETURNING)
		tool_account(&k->tool, bpf_map__fd(k->bpf->maps.account), k->n_shown);
}

void kernel_show(struct kernel *k, bool last)
{
	if (k->mode == KERNEL_COUNT)
		show_counts(k);
	else if (k->mode == KERNEL_LATENCY)
		show_latencies(k);
	if (!last)
		return;
	loop_drain(&k->tool.loop);
	say_losses(k);
}

void kernel_show_end(struct kernel *k)
{
	free(k->counted);
	free(k->timed);
}
