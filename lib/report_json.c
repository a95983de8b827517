/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys are interface: they are described in skep-run(1) and only ever added to. */
#include <bpf/btf.h>
#include <linux/bpf.h>
#include <string.h>

#include "accesses.h"
#include "object.h"
#include "records.h"
#include "report.h"
#include "value.h"
#include "verdict.h"

static void put_program(const struct report *r, struct json *j)
{
	const struct outcome *o = r->outcome;

	json_string(j, "object", r->object);
	json_string(j, "engine", r->engine);
	json_object_begin(j, "program");
	json_string(j, "name", o->program);
	json_string(j, "type", object_type_name(o->prog_type));
	json_string(j, "section", o->section);
	json_uint(j, "instructions", o->n_insns);
	json_object_end(j);
}

static void put_refusals(const char *name, const struct outcome_refusal *list, uint32_t n,
			 struct json *j)
{
	json_array_begin(j, name);
	for (uint32_t i = 0; i < n; i++) {
		json_object_begin(j, NULL);
		json_string(j, "reason", list[i].reason);
		json_uint(j, "packets", list[i].n_packets);
		json_object_end(j);
	}
	json_array_end(j);
}

static void put_packets(const struct report *r, struct json *j)
{
	const struct outcome *o = r->outcome;

	if (r->capture)
		json_string(j, "capture", r->capture);
	json_uint(j, "packets", o->n_packets);
	json_uint(j, "bytes", o->n_bytes);
	json_bool(j, "complete", !o->interrupted && !o->capture_error);
	put_refusals("not_run", o->refusals, o->n_refusals, j);
	put_refusals("kernel_would_refuse", o->kernel_refusals, o->n_kernel_refusals, j);
}

static void put_verdicts(const struct report *r, struct json *j)
{
	const struct outcome *o = r->outcome;
	uint64_t n_run = 0;

	for (uint32_t i = 0; i < o->n_verdicts; i++)
		n_run += o->verdicts[i].n_packets;
	json_array_begin(j, "verdicts");
	for (uint32_t i = 0; i < o->n_verdicts; i++) {
		const struct outcome_verdict *v = &o->verdicts[i];
		char name[VERDICT_NAME_BYTES];

		json_object_begin(j, NULL);
		json_string(j, "verdict", verdict_name(o->prog_type, v->retval, name));
		json_uint(j, "value", v->retval);
		json_uint(j, "packets", v->n_packets);
		json_uint(j, "bytes", v->n_bytes);
		json_real(j, "share", n_run ? (double)v->n_packets / n_run : 0, 6);
		json_object_end(j);
	}
	json_array_end(j);
	json_uint(j, "runs", o->n_runs);
	if (o->n_runs)
		json_real(j, "ns_per_run", (double)o->ns / o->n_runs, 1);
	else
		json_null(j, "ns_per_run");
	if (r->other_ns >= 0)
		json_real(j, "ns_per_run_kernel", r->other_ns, 1);
}

static void put_globals(const struct report *r, const struct mapshot *m, struct json *j)
{
	struct mapshot_variable var;

	json_object_begin(j, "variables");
	for (uint32_t i = 0; m->n_entries && mapshot_next_variable(m, r->btf, &i, &var);)
		value_json(r->btf, var.type, mapshot_value(m, 0, 0) + var.offset, var.bytes, j,
			   var.name);
	json_object_end(j);
}

static void put_entry(const struct report *r, const struct mapshot *m, uint32_t entry,
		      struct json *j)
{
	json_object_begin(j, NULL);
	value_json(r->btf, m->key_type, mapshot_key(m, entry), m->key_bytes, j, "key");
	if (!m->n_cpus)
		value_json(r->btf, m->value_type, mapshot_value(m, entry, 0), m->value_bytes, j,
			   "value");
	else
		json_array_begin(j, "values");
	for (uint32_t cpu = 0; cpu < m->n_cpus; cpu++)
		value_json(r->btf, m->value_type, mapshot_value(m, entry, cpu), m->value_bytes, j,
			   NULL);
	if (m->n_cpus)
		json_array_end(j);
	json_object_end(j);
}

static void put_map(const struct report *r, const struct mapshot *m, struct json *j)
{
	json_object_begin(j, NULL);
	json_string(j, "name", m->name);
	json_string(j, "type", object_map_type_name(m->type));
	json_uint(j, "max_entries", m->max_entries);
	if (m->error)
		json_string(j, "error", strerror(-m->error));
	if (m->is_global) {
		put_globals(r, m, j);
	} else if (m->is_readable) {
		json_array_begin(j, "entries");
		for (uint32_t i = 0; i < m->n_entries; i++)
			if (!mapshot_is_array(m) || !mapshot_entry_is_zero(m, i))
				put_entry(r, m, i, j);
		json_array_end(j);
	}
	json_object_end(j);
}

void report_json_map(const struct report *r, uint32_t map, struct json *j)
{
	put_map(r, &r->outcome->maps[map], j);
}

static void put_records(const struct report *r, struct json *j)
{
	const struct outcome *o = r->outcome;

	json_array_begin(j, "records");
	for (uint32_t i = 0; i < o->n_records; i++) {
		const struct outcome_record *rec = &o->records[i];
		const struct mapshot *m = &o->maps[rec->map];
		uint32_t type = records_type(r->btf, m->name, rec->bytes);

		json_object_begin(j, NULL);
		json_string(j, "map", m->name);
		json_uint(j, "packet", rec->packet);
		if (type)
			value_json(r->btf, type, rec->data, rec->bytes, j, "value");
		else
			json_hex(j, "hex", rec->data, rec->bytes);
		json_object_end(j);
	}
	json_array_end(j);
	if (o->records_lost)
		json_uint(j, "records_lost", o->records_lost);
}

static void put_lines(const struct report *r, struct json *j)
{
	const struct outcome *o = r->outcome;

	json_array_begin(j, "printk");
	for (uint32_t i = 0; i < o->n_lines; i++) {
		json_object_begin(j, NULL);
		json_uint(j, "packet", o->lines[i].packet);
		json_string(j, "text", o->lines[i].text);
		json_object_end(j);
	}
	json_array_end(j);
}

static void put_timers(const struct engine_timers *t, struct json *j)
{
	if (!t->n_fired && !t->is_armed)
		return;
	json_object_begin(j, "timers");
	json_uint(j, "fired", t->n_fired);
	json_bool(j, "behind", t->behind);
	if (t->is_armed)
		json_uint(j, "next_ns", t->next_ns);
	json_object_end(j);
}

static void put_value(const char *name, const struct access_value *value, struct json *j)
{
	if (value->bytes)
		json_string_bytes(j, name, value->bytes, value->n);
}

static void put_accesses(const struct report *r, struct json *j)
{
	if (!r->accesses || !r->accesses->n)
		return;
	json_array_begin(j, "accesses");
	for (uint32_t i = 0; i < r->accesses->n; i++) {
		const struct access *a = &r->accesses->list[i];

		json_object_begin(j, NULL);
		json_string(j, "name", a->name);
		json_bool(j, "write", a->write);
		put_value("found", &a->current, j);
		put_value("value", &a->value, j);
		if (a->done) {
			json_bool(j, "allowed", !a->retval);
			json_int(j, "returns", a->retval);
			put_value("written", &a->written, j);
			json_int(j, "file_pos", a->file_pos);
		}
		json_object_end(j);
	}
	json_array_end(j);
}

void report_json(const struct report *r, struct json *j)
{
	const struct outcome *o = r->outcome;

	put_program(r, j);
	put_packets(r, j);
	put_verdicts(r, j);
	put_accesses(r, j);
	json_array_begin(j, "maps");
	for (uint32_t i = 0; i < o->n_maps; i++)
		put_map(r, &o->maps[i], j);
	json_array_end(j);
	put_records(r, j);
	put_timers(&o->timers, j);
	put_lines(r, j);
	if (o->data_out_bytes)
		json_hex(j, "data_out", o->data_out, o->data_out_bytes);
	if (o->ctx_out_bytes)
		json_hex(j, "ctx_out", o->ctx_out, o->ctx_out_bytes);
	if (r->output) {
		json_object_begin(j, "written");
		json_string(j, "file", r->output);
		json_uint(j, "packets", o->n_written);
		json_object_end(j);
	}
}
