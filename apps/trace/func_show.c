/* SPDX-License-Identifier: BSD-2-Clause */
/* What skep trace func shows in each of its modes. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "trace/folded.h"
#include "trace/func-api.bpf.h"
#include "trace/func.h"

#include "func.skel.h" /* last: its .rodata has types of the headers above */

/* Fields that rows of a mode do not have. */
static void hide_fields(struct func *f)
{
	static const uint32_t used[] = {
		[FUNC_COUNT] = 1u << FUNC_FIELD_COUNT,
		[FUNC_LATENCY] = 1u << FUNC_FIELD_LATENCY,
		[FUNC_CALLS] = 1u << FUNC_FIELD_CALL,
		[FUNC_STACKS] = 1u << FUNC_FIELD_COUNT | 1u << FUNC_FIELD_STACK,
	};
	uint32_t shown = used[f->mode];

	if (f->mode == FUNC_CALLS && f->leave)
		shown |= 1u << FUNC_FIELD_DURATION | 1u << FUNC_FIELD_RESULT;
	for (uint32_t i = FUNC_FIELD_COUNT; i < FUNC_FIELDS_MAX; i++)
		if (!(shown >> i & 1))
			output_hide(&f->tool.output, i);
	for (uint32_t i = FIELD_TS; f->mode == FUNC_STACKS && i < FIELD_OWN; i++)
		if (i != FIELD_PID)
			output_hide(&f->tool.output, i);
	if (f->mode == FUNC_COUNT || f->mode == FUNC_LATENCY)
		for (uint32_t i = FIELD_PID; i < FIELD_OWN; i++)
			output_hide(&f->tool.output, i);
	if (f->mode == FUNC_CALLS && f->tool.options.format == OUTPUT_COLUMNS)
		for (uint32_t i = FUNC_FIELD_FUNCTION; i <= FUNC_FIELD_MODULE; i++)
			output_hide(&f->tool.output, i);
}

static void name_cells(const struct func *f, uint32_t function, struct cell *cells)
{
	cells[FUNC_FIELD_FUNCTION] = cell_text(f->targets.functions[function].symbol->name);
	cells[FUNC_FIELD_MODULE] =
		cell_text(f->targets.files[f->targets.functions[function].file].module);
}

/* --- counts and latencies -------------------------------------------------------------------- */

struct row {
	uint32_t function;
	uint64_t count;
};

static int by_count(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return x->function < y->function ? -1 : x->function > y->function;
}

/* Sums over places and CPUs, by function. */
static uint64_t *read_counts(struct func *f)
{
	uint64_t *sums = xcalloc(f->targets.n_functions, sizeof(*sums));
	uint64_t *values = xcalloc((size_t)f->n_cpus, sizeof(*values));
	int fd = bpf_map__fd(f->bpf->maps.counts);

	for (uint32_t i = 0; i < f->targets.n_places; i++) {
		if (bpf_map_lookup_elem(fd, &i, values))
			continue;
		for (int cpu = 0; cpu < f->n_cpus; cpu++)
			sums[f->targets.places[i].function] += values[cpu];
	}
	free(values);
	return sums;
}

static void show_counts(struct func *f)
{
	struct row *rows = xcalloc(f->targets.n_functions, sizeof(*rows));
	struct cell cells[FUNC_FIELDS_MAX] = { 0 };
	uint64_t *sums = read_counts(f);
	bool few = f->targets.n_functions <= 16;
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->targets.n_functions; i++) {
		uint64_t count = sums[i] - f->counted[i];

		/* Of few functions also those that were not called. */
		if (count || few)
			rows[n++] = (struct row){ i, count };
		f->counted[i] = sums[i];
	}
	qsort(rows, n, sizeof(*rows), by_count);
	cells[FIELD_TS] = cell_u64(loop_realtime_ns(loop_now_ns()));
	for (uint32_t i = 0; i < n; i++) {
		name_cells(f, rows[i].function, cells);
		cells[FUNC_FIELD_COUNT] = cell_u64(rows[i].count);
		output_row(&f->tool.output, cells);
	}
	output_flush(&f->tool.output);
	free(sums);
	free(rows);
}

/* All latencies up to now, by function. */
static struct hist *read_latencies(struct func *f)
{
	struct hist *sums = xcalloc(f->targets.n_functions, sizeof(*sums));
	struct func_hist *values = xcalloc((size_t)f->n_cpus, sizeof(*values));
	int fd = bpf_map__fd(f->bpf->maps.latencies);

	for (uint32_t i = 0; i < f->targets.n_places; i++) {
		struct hist *sum = &sums[f->targets.places[i].function];

		if (bpf_map_lookup_elem(fd, &i, values))
			continue;
		for (int cpu = 0; cpu < f->n_cpus; cpu++) {
			for (uint32_t slot = 0; slot < HIST_SLOTS; slot++)
				sum->slots[slot] += values[cpu].slots[slot];
			sum->sum += values[cpu].sum;
			if (values[cpu].max > sum->max)
				sum->max = values[cpu].max;
		}
	}
	free(values);
	return sums;
}

static void show_latencies(struct func *f)
{
	struct cell cells[FUNC_FIELDS_MAX] = { 0 };
	struct hist *now = read_latencies(f);

	cells[FIELD_TS] = cell_u64(loop_realtime_ns(loop_now_ns()));
	for (uint32_t i = 0; i < f->targets.n_functions; i++) {
		struct hist since = now[i];

		for (uint32_t slot = 0; slot < HIST_SLOTS; slot++)
			since.slots[slot] -= f->timed[i].slots[slot];
		since.sum -= f->timed[i].sum;
		if (!hist_count(&since))
			continue;
		name_cells(f, i, cells);
		cells[FUNC_FIELD_LATENCY] = cell_hist(&since);
		output_row(&f->tool.output, cells);
	}
	output_flush(&f->tool.output);
	free(f->timed);
	f->timed = now;
}

/* --- calls ----------------------------------------------------------------------------------- */

/* "malloc(size=32)"; a short record has no strings. */
static void print_call(const struct func_function *function, const struct func_call *call,
		       bool with_strings, struct buffer *out)
{
	const struct sym_prototype *p = &function->prototype;

	buffer_format(out, "%s(", function->symbol->name);
	for (uint32_t i = 0; i < p->n_arguments; i++) {
		const struct sym_argument *a = &p->arguments[i];

		buffer_format(out, "%s%s%s", i ? ", " : "", a->name, *a->name ? "=" : "");
		sym_argument_print(a, call->arguments[i],
				   with_strings && (call->flags >> i & 1) ? call->strings[i] : NULL,
				   out);
	}
	buffer_format(out, "%s)", !p->more ? "" : p->n_arguments ? ", ..." : "...");
}

static int show_call(void *arg, void *data, size_t bytes)
{
	struct cell cells[FUNC_FIELDS_MAX] = { 0 };
	struct buffer text = { 0 }, result = { 0 };
	const struct func_call *call = data;
	const struct func_function *function;
	struct func *f = arg;

	if (bytes < FUNC_CALL_SHORT_BYTES || call->probe >= f->targets.n_places)
		return 0;
	f->n_shown++;
	function = &f->targets.functions[f->targets.places[call->probe].function];
	tool_cells(&f->tool, &call->head, cells);
	name_cells(f, f->targets.places[call->probe].function, cells);
	print_call(function, call, bytes >= sizeof(*call), &text);
	if (call->flags & FUNC_HAS_RESULT) {
		cells[FUNC_FIELD_DURATION] = cell_u64(call->duration_ns);
		sym_argument_print(&function->prototype.result, call->result, NULL, &result);
		cells[FUNC_FIELD_RESULT] = cell_text(buffer_string(&result));
		if (f->tool.options.format == OUTPUT_COLUMNS && result.bytes)
			buffer_format(&text, " = %s", result.data);
	}
	cells[FUNC_FIELD_CALL] = cell_text(text.data);
	cells[FUNC_FIELD_COUNT] = cell_u64(1); /* for metrics: there is no such column */
	output_row(&f->tool.output, cells);
	buffer_deinit(&text);
	buffer_deinit(&result);
	return 0;
}

/* --- stacks ---------------------------------------------------------------------------------- */

static int see_process(void *arg, void *data, size_t bytes)
{
	struct func *f = arg;
	uint32_t pid;

	if (bytes < sizeof(pid))
		return 0;
	memcpy(&pid, data, sizeof(pid));
	sym_stacks_see(f->symbols, (pid_t)pid, NULL, 0);
	return 0;
}

/*
 * The stack of @key with the caller put where it belongs: at a function's entry the kernel's walk
 * begins with the frame of the caller, so it knows the caller's caller, but not the caller itself.
 */
static uint32_t read_stack(struct func *f, const struct func_stack_key *key, uint64_t *addresses)
{
	uint64_t stack[FUNC_STACK_FRAMES] = { 0 };
	uint32_t n = 0;

	if (bpf_map_lookup_elem(bpf_map__fd(f->bpf->maps.stacks), &key->stack, stack))
		return 0;
	addresses[n++] = stack[0];
	if (key->caller && key->caller != stack[1])
		addresses[n++] = key->caller;
	for (uint32_t i = 1; i < FUNC_STACK_FRAMES && stack[i]; i++)
		addresses[n++] = stack[i];
	return n;
}

/* "function index\tpid\tfolded frames", the key rows are added up by. False: the process was gone. */
static bool fold_stack(struct func *f, const struct func_stack_key *key, struct buffer *text)
{
	uint64_t addresses[FUNC_STACK_FRAMES + 1];
	struct sym_frame frames[FUNC_STACK_FRAMES + 1];
	uint32_t n = read_stack(f, key, addresses), snapshot;

	snapshot = sym_stacks_see(f->symbols, (pid_t)key->pid, addresses, n);
	sym_stacks_user(f->symbols, snapshot, addresses, n, frames);
	if (n)
		frames[0].name = func_name(&f->targets, key->probe);
	buffer_format(text, "%u\t%u\t", f->targets.places[key->probe].function, key->pid);
	for (uint32_t i = n; i--;) {
		sym_frame_print(&frames[i], text);
		if (i)
			buffer_text(text, ";");
	}
	return snapshot != SYM_NO_SNAPSHOT;
}

static int by_most(const void *a, const void *b)
{
	const struct folded_entry *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return strcmp(x->text, y->text);
}

static void show_stack(struct func *f, const struct folded_entry *entry)
{
	struct cell cells[FUNC_FIELDS_MAX] = { 0 };
	char *after;
	uint32_t function = (uint32_t)strtoul(entry->text, &after, 10);

	name_cells(f, function, cells);
	cells[FIELD_PID] = cell_u64(strtoul(after + 1, &after, 10));
	cells[FUNC_FIELD_COUNT] = cell_u64(entry->count);
	cells[FUNC_FIELD_STACK] = cell_text(after + 1);
	output_row(&f->tool.output, cells);
}

/* Only at the end: counts of stacks are of the whole time. */
static void show_stacks(struct func *f)
{
	int fd = bpf_map__fd(f->bpf->maps.stack_counts);
	struct func_stack_key key, *before = NULL;
	struct folded rows = { 0 };
	struct buffer text = { 0 };
	uint64_t count, unnamed = 0;

	for (; !bpf_map_get_next_key(fd, before, &key); before = &key) {
		if (bpf_map_lookup_elem(fd, &key, &count) || key.probe >= f->targets.n_places)
			continue;
		buffer_reset(&text);
		if (!fold_stack(f, &key, &text))
			unnamed += count;
		folded_add(&rows, text.data, count);
	}
	if (rows.n)
		qsort(rows.entries, rows.n, sizeof(*rows.entries), by_most);
	for (uint32_t i = 0; i < rows.n; i++)
		show_stack(f, &rows.entries[i]);
	output_flush(&f->tool.output);
	if (unnamed)
		tool_note(&f->tool,
			  "%" PRIu64 " calls have no function names: their process was gone before it "
			  "could be looked at",
			  unnamed);
	folded_deinit(&rows);
	buffer_deinit(&text);
}

/* --- all ------------------------------------------------------------------------------------- */

int func_show_begin(struct func *f, struct error *err)
{
	int ring = bpf_map__fd(f->bpf->maps.ring);

	f->n_cpus = libbpf_num_possible_cpus();
	f->counted = xcalloc(f->targets.n_functions, sizeof(*f->counted));
	f->timed = xcalloc(f->targets.n_functions, sizeof(*f->timed));
	f->symbols = sym_stacks_new();
	hide_fields(f);
	if (f->mode == FUNC_CALLS)
		return loop_add_ring(&f->tool.loop, ring, show_call, f, err);
	if (f->mode == FUNC_STACKS)
		return loop_add_ring(&f->tool.loop, ring, see_process, f, err);
	return 0;
}

static void say_losses(struct func *f)
{
	struct func_losses losses = { 0 };
	uint32_t zero = 0;

	bpf_map_lookup_elem(bpf_map__fd(f->bpf->maps.losses), &zero, &losses);
	if (losses.starts)
		tool_note(&f->tool,
			  "%" PRIu64
			  " calls returned that were not seen to begin (under way when the "
			  "probes came, or more than fit): not shown",
			  (uint64_t)losses.starts);
	if (losses.stacks)
		tool_note(&f->tool,
			  "%" PRIu64 " calls are missing: there was no room for their stacks",
			  (uint64_t)losses.stacks);
	if (f->mode == FUNC_CALLS)
		tool_account(&f->tool, bpf_map__fd(f->bpf->maps.account), f->n_shown);
}

void func_show(struct func *f, bool last)
{
	if (last)
		loop_drain(&f->tool.loop);
	if (f->mode == FUNC_COUNT)
		show_counts(f);
	else if (f->mode == FUNC_LATENCY)
		show_latencies(f);
	else if (f->mode == FUNC_STACKS && last)
		show_stacks(f);
	else
		output_flush(&f->tool.output);
	if (last)
		say_losses(f);
}

void func_show_end(struct func *f)
{
	free(f->counted);
	free(f->timed);
	sym_stacks_free(f->symbols);
}
