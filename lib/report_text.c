/* SPDX-License-Identifier: BSD-2-Clause */
#include <bpf/btf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accesses.h"
#include "object.h"
#include "records.h"
#include "report.h"
#include "report_table.h"
#include "unit.h"
#include "value.h"
#include "verdict.h"

#define BAR_CELLS	  24
#define GROUP_COLUMNS_MAX 12
#define INDENT		  "  "

static double share_of(uint64_t part, uint64_t all)
{
	return all ? 100.0 * part / all : 0;
}

static void put_head(const struct report *r, struct buffer *out)
{
	const struct outcome *o = r->outcome;
	char packets[UNIT_BYTES], bytes[UNIT_BYTES], insns[UNIT_BYTES];

	buffer_format(out, "%s: %s (%s, %s), engine %s\n", r->object, o->program,
		      object_type_name(o->prog_type),
		      unit_count(o->n_insns, "instruction", "instructions", insns), r->engine);
	if (r->capture)
		buffer_format(out, "%s: %s, %s%s\n",
			      strcmp(r->capture, "-") == 0 ? "standard input" : r->capture,
			      unit_count(o->n_packets, "packet", "packets", packets),
			      unit_bytes(o->n_bytes, bytes),
			      o->interrupted ? " (interrupted)" : "");
	buffer_text(out, "\n");
}

static void put_bar(double share, struct buffer *bar)
{
	uint32_t eighths = (uint32_t)(share / 100 * BAR_CELLS * 8 + 0.5);
	static const char *const part[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };

	for (uint32_t i = 0; i < eighths / 8; i++)
		buffer_text(bar, "█");
	buffer_text(bar, part[eighths % 8]);
}

static void put_verdicts(const struct report *r, struct buffer *out)
{
	const struct outcome *o = r->outcome;
	uint64_t n_run = 0;
	struct table t = { 0 };

	if (!o->n_verdicts) {
		buffer_text(out, "no verdicts\n");
		return;
	}
	for (uint32_t i = 0; i < o->n_verdicts; i++)
		n_run += o->verdicts[i].n_packets;
	table_column(&t, "verdict", TABLE_LEFT);
	table_column(&t, "packets", TABLE_RIGHT);
	table_column(&t, "bytes", TABLE_RIGHT);
	table_column(&t, "share", TABLE_RIGHT);
	table_column(&t, "", TABLE_LEFT);
	for (uint32_t i = 0; i < o->n_verdicts; i++) {
		const struct outcome_verdict *v = &o->verdicts[i];
		double share = share_of(v->n_packets, n_run);
		char name[VERDICT_NAME_BYTES], bytes[UNIT_BYTES];
		struct buffer bar = { 0 };

		table_row(&t);
		table_cell(&t, "%s", verdict_name(o->prog_type, v->retval, name));
		table_cell(&t, "%llu", (unsigned long long)v->n_packets);
		table_cell(&t, "%s", unit_bytes(v->n_bytes, bytes));
		table_cell(&t, "%.1f %%", share);
		if (r->bars)
			put_bar(share, &bar);
		table_cell(&t, "%s", buffer_string(&bar));
		buffer_deinit(&bar);
	}
	table_print(&t, out, "");
	table_deinit(&t);
}

static void put_refusals(const struct report *r, struct buffer *out)
{
	char packets[UNIT_BYTES];

	for (uint32_t i = 0; i < r->outcome->n_refusals; i++) {
		const struct outcome_refusal *f = &r->outcome->refusals[i];

		buffer_format(out, "not run: %s: %s\n",
			      unit_count(f->n_packets, "packet", "packets", packets), f->reason);
	}
	for (uint32_t i = 0; i < r->outcome->n_kernel_refusals; i++) {
		const struct outcome_refusal *f = &r->outcome->kernel_refusals[i];

		buffer_format(out, "the kernel's test run would refuse %s: %s\n",
			      unit_count(f->n_packets, "packet", "packets", packets), f->reason);
	}
}

static void put_time(const struct report *r, struct buffer *out)
{
	const struct outcome *o = r->outcome;
	char ns[UNIT_BYTES], runs[UNIT_BYTES];

	if (!o->n_runs)
		return;
	buffer_format(out, "\n%s%s per run", r->other_ns >= 0 ? "user engine " : "",
		      unit_ns((double)o->ns / o->n_runs, ns));
	if (r->other_ns >= 0)
		buffer_format(out, ", %s engine %s", r->other, unit_ns(r->other_ns, ns));
	buffer_format(out, " (%s)\n", unit_count(o->n_runs, "run", "runs", runs));
}

/* A single run: what it returned and what it left behind. */
static void put_single(const struct report *r, struct buffer *out)
{
	const struct outcome *o = r->outcome;
	char name[VERDICT_NAME_BYTES];

	for (uint32_t i = 0; i < o->n_verdicts; i++)
		buffer_format(out, "%s\n", verdict_name(o->prog_type, o->verdicts[i].retval, name));
	if (o->data_out_bytes) {
		buffer_format(out, "data after it, %u bytes:\n", o->data_out_bytes);
		value_hexdump(o->data_out, o->data_out_bytes, INDENT, out);
	}
	if (o->ctx_out_bytes) {
		buffer_format(out, "context after it, %u bytes:\n", o->ctx_out_bytes);
		value_hexdump(o->ctx_out, o->ctx_out_bytes, INDENT, out);
	}
}

static const char *access_result(const struct access *a, char text[UNIT_BYTES])
{
	if (!a->done)
		return "not tried";
	if (!a->retval)
		return a->written.bytes ? "allowed, with another value" : "allowed";
	if (a->retval == -EPERM)
		return "denied";
	snprintf(text, UNIT_BYTES, "returns %d", a->retval);
	return text;
}

static void put_accesses(const struct report *r, struct buffer *out)
{
	struct table t = { 0 };

	table_column(&t, "access", TABLE_LEFT);
	table_column(&t, "found", TABLE_LEFT);
	table_column(&t, "value", TABLE_LEFT);
	table_column(&t, "result", TABLE_LEFT);
	for (uint32_t i = 0; i < r->accesses->n; i++) {
		const struct access *a = &r->accesses->list[i];
		char *found = access_value_text(&a->current), *value = access_value_text(&a->value);
		char *written = access_value_text(&a->written), text[UNIT_BYTES];

		table_row(&t);
		table_cell(&t, "%s %s", a->write ? "write" : "read", a->name);
		table_cell(&t, "%s", found);
		table_cell(&t, "%s", value);
		table_cell(&t, "%s%s%s", access_result(a, text), *written ? ": " : "", written);
		free(found);
		free(value);
		free(written);
	}
	table_print(&t, out, "");
	table_deinit(&t);
}

static bool over_limit(const struct report *r, uint32_t shown)
{
	return r->rows_max && shown >= r->rows_max;
}

static void put_rest(uint32_t left, const char *what, struct buffer *out)
{
	if (left)
		buffer_format(out, INDENT "... and %u more %s (--rows 0 shows all)\n", left, what);
}

/* --- maps ------------------------------------------------------------------------------------------- */

static void put_globals(const struct report *r, const struct mapshot *m, struct buffer *out)
{
	const struct btf_type *sec = r->btf ? btf__type_by_id(r->btf, m->value_type) : NULL;
	struct mapshot_variable var;
	struct table t = { 0 };

	if (m->is_readonly || !m->n_entries || !sec || !btf_is_datasec(sec))
		return;
	buffer_format(out, "\nglobal variables (%s)\n", strchr(m->name, '.') ?: m->name);
	table_column(&t, "", TABLE_LEFT);
	table_column(&t, "", TABLE_LEFT);
	for (uint32_t i = 0; mapshot_next_variable(m, r->btf, &i, &var);) {
		struct buffer text = { 0 };

		value_text(r->btf, var.type, mapshot_value(m, 0, 0) + var.offset, var.bytes, &text);
		table_row(&t);
		table_cell(&t, "%s", var.name);
		table_cell(&t, "%s", buffer_string(&text));
		buffer_deinit(&text);
	}
	table_print(&t, out, INDENT);
	table_deinit(&t);
}

/* An entry takes one row, or one for each CPU whose value is not zero: the first when all are. */
static bool cpu_is_shown(const struct mapshot *m, uint32_t entry, uint32_t cpu)
{
	if (!value_all_zero(mapshot_value(m, entry, cpu), m->value_bytes))
		return true;
	return cpu == 0 && mapshot_entry_is_zero(m, entry);
}

struct map_columns {
	struct column_group key, value;
	uint32_t key_width, value_width;
};

static void put_entry(const struct mapshot *m, const struct map_columns *c, uint32_t entry,
		      struct table *t)
{
	for (uint32_t cpu = 0; cpu < (m->n_cpus ? m->n_cpus : 1); cpu++) {
		if (m->n_cpus > 1 && !cpu_is_shown(m, entry, cpu))
			continue;
		table_row(t);
		column_group_cells(&c->key, mapshot_key(m, entry), m->key_bytes, c->key_width, t);
		if (m->n_cpus)
			table_cell(t, "%u", cpu);
		column_group_cells(&c->value, mapshot_value(m, entry, cpu), m->value_bytes,
				   c->value_width, t);
	}
}

static void put_entries(const struct report *r, const struct mapshot *m, uint32_t n_shown,
			struct buffer *out)
{
	struct map_columns c = {
		.key = { r->btf, m->key_type, "key" },
		.value = { r->btf, m->value_type, "value" },
	};
	struct table t = { 0 };
	uint32_t rows = 0;

	c.key_width =
		column_group_width(&c.key, mapshot_key(m, 0), m->key_bytes, GROUP_COLUMNS_MAX);
	c.value_width = column_group_width(&c.value, mapshot_value(m, 0, 0), m->value_bytes,
					   GROUP_COLUMNS_MAX);
	column_group_titles(&c.key, mapshot_key(m, 0), m->key_bytes, c.key_width, &t);
	if (m->n_cpus)
		table_column(&t, "cpu", TABLE_RIGHT);
	column_group_titles(&c.value, mapshot_value(m, 0, 0), m->value_bytes, c.value_width, &t);
	for (uint32_t i = 0; i < m->n_entries && !over_limit(r, rows); i++) {
		if (mapshot_is_array(m) && mapshot_entry_is_zero(m, i))
			continue;
		put_entry(m, &c, i, &t);
		rows++;
	}
	table_print(&t, out, INDENT);
	table_deinit(&t);
	put_rest(n_shown - rows, "entries", out);
}

static uint32_t count_entries(const struct mapshot *m)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->n_entries; i++)
		n += !mapshot_is_array(m) || !mapshot_entry_is_zero(m, i);
	return n;
}

void report_map(const struct report *r, uint32_t map, struct buffer *out)
{
	const struct mapshot *m = &r->outcome->maps[map];
	uint32_t n = count_entries(m);

	if (m->is_global) {
		put_globals(r, m, out);
		return;
	}
	/* Rings are shown by their records. */
	if ((m->is_unused && n == 0) || m->type == BPF_MAP_TYPE_RINGBUF ||
	    m->type == BPF_MAP_TYPE_PERF_EVENT_ARRAY)
		return;
	buffer_format(out, "\nmap %s (%s, ", m->name, object_map_type_name(m->type));
	if (!m->is_readable)
		buffer_text(out, "contents cannot be listed)\n");
	else if (mapshot_is_array(m) && m->max_entries == 1)
		buffer_text(out, n ? "1 element)\n" : "1 element, zero)\n");
	else if (mapshot_is_array(m))
		buffer_format(out, "%u of %u elements not zero)\n", n, m->max_entries);
	else
		buffer_format(out, "%u of %u entries)\n", n, m->max_entries);
	if (m->error)
		buffer_format(out, INDENT "reading it failed: %s\n", strerror(-m->error));
	if (n)
		put_entries(r, m, n, out);
}

/* --- records and lines ------------------------------------------------------------------------------ */

struct record_rows {
	struct table t;
	struct column_group group;
	uint32_t width;
	uint32_t n_shown;
	uint32_t n_all;
};

/* The struct that describes every record of the map; 0 when it does not fit them all. */
static uint32_t common_type(const struct report *r, const struct mapshot *m, uint32_t map)
{
	const struct outcome *o = r->outcome;
	uint32_t type = 0;

	for (uint32_t i = 0; i < o->n_records; i++) {
		if (o->records[i].map != map)
			continue;
		type = records_type(r->btf, m->name, o->records[i].bytes);
		if (!type)
			return 0;
	}
	return type;
}

static void put_record(const struct report *r, const struct mapshot *m,
		       const struct outcome_record *rec, struct record_rows *rows)
{
	rows->n_all++;
	if (over_limit(r, rows->n_shown))
		return;
	if (!rows->t.n_columns) {
		rows->group =
			(struct column_group){ r->btf, common_type(r, m, rec->map), "record" };
		rows->width =
			column_group_width(&rows->group, rec->data, rec->bytes, GROUP_COLUMNS_MAX);
		if (r->capture)
			table_column(&rows->t, "packet", TABLE_RIGHT);
		column_group_titles(&rows->group, rec->data, rec->bytes, rows->width, &rows->t);
	}
	rows->n_shown++;
	table_row(&rows->t);
	if (r->capture)
		table_cell(&rows->t, "%llu", (unsigned long long)rec->packet);
	column_group_cells(&rows->group, rec->data, rec->bytes, rows->width, &rows->t);
}

static void put_records(const struct report *r, uint32_t map, struct buffer *out)
{
	const struct outcome *o = r->outcome;
	const struct mapshot *m = &o->maps[map];
	struct record_rows rows = { 0 };
	char count[UNIT_BYTES];

	if (m->is_unused ||
	    (m->type != BPF_MAP_TYPE_RINGBUF && m->type != BPF_MAP_TYPE_PERF_EVENT_ARRAY))
		return;
	for (uint32_t i = 0; i < o->n_records; i++)
		if (o->records[i].map == map)
			put_record(r, m, &o->records[i], &rows);
	buffer_format(out, "\n%s %s: %s\n",
		      m->type == BPF_MAP_TYPE_RINGBUF ? "ring buffer" : "perf buffer", m->name,
		      unit_count(rows.n_all, "record", "records", count));
	if (rows.n_all)
		table_print(&rows.t, out, INDENT);
	put_rest(rows.n_all - rows.n_shown, "records", out);
	table_deinit(&rows.t);
}

static void put_lines(const struct report *r, struct buffer *out)
{
	const struct outcome *o = r->outcome;
	char count[UNIT_BYTES];
	uint32_t i;

	if (o->printk_unread)
		buffer_text(out, "\nbpf_printk: lines went to the kernel's trace pipe, which this "
				 "process may not read\n");
	if (!o->n_lines)
		return;
	buffer_format(out, "\nbpf_printk: %s\n", unit_count(o->n_lines, "line", "lines", count));
	for (i = 0; i < o->n_lines && !over_limit(r, i); i++)
		buffer_format(out, INDENT "%s\n", o->lines[i].text);
	put_rest(o->n_lines - i, "lines", out);
}

static void put_timers(const struct engine_timers *t, struct buffer *out)
{
	char text[UNIT_BYTES];

	if (!t->n_fired && !t->is_armed)
		return;
	buffer_format(out, "\ntimers: %s fired%s",
		      unit_count(t->n_fired, "callback", "callbacks", text),
		      t->behind ? ", some of them late: too many between two packets" : "");
	if (t->is_armed)
		buffer_format(out, "; the next was due %s after the end",
			      unit_ns((double)t->next_ns, text));
	buffer_text(out, "\n");
}

void report_text(const struct report *r, struct buffer *out)
{
	const struct outcome *o = r->outcome;
	char count[UNIT_BYTES];

	put_head(r, out);
	if (r->capture)
		put_verdicts(r, out);
	else if (r->accesses && r->accesses->n)
		put_accesses(r, out);
	else
		put_single(r, out);
	put_refusals(r, out);
	put_time(r, out);
	for (uint32_t i = 0; i < o->n_maps; i++)
		report_map(r, i, out);
	for (uint32_t i = 0; i < o->n_maps; i++)
		put_records(r, i, out);
	if (o->records_lost)
		buffer_format(out, "lost: %s, the perf buffer was full\n",
			      unit_count(o->records_lost, "record", "records", count));
	put_timers(&o->timers, out);
	put_lines(r, out);
	if (r->output)
		buffer_format(out, "\n%s: %s written\n", r->output,
			      unit_count(o->n_written, "packet", "packets", count));
}
