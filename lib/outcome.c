/* SPDX-License-Identifier: BSD-2-Clause */
#include "outcome.h"

#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>

void outcome_init(struct outcome *o, struct bpf_object *bpf, const struct bpf_program *prog)
{
	struct bpf_map *map;

	*o = (struct outcome){
		.program = xstrdup(bpf_program__name(prog)),
		.section = xstrdup(bpf_program__section_name(prog)),
		.prog_type = bpf_program__type(prog),
		.n_insns = bpf_program__insn_cnt(prog),
	};
	bpf_object__for_each_map(map, bpf)
	{
		array_grow(o->maps, o->n_maps);
		mapshot_init(&o->maps[o->n_maps++], map);
	}
}

void outcome_deinit(struct outcome *o)
{
	for (uint32_t i = 0; i < o->n_records; i++)
		free(o->records[i].data);
	for (uint32_t i = 0; i < o->n_lines; i++)
		free(o->lines[i].text);
	for (uint32_t i = 0; i < o->n_maps; i++)
		mapshot_deinit(&o->maps[i]);
	free(o->program);
	free(o->section);
	free(o->verdicts);
	free(o->refusals);
	free(o->kernel_refusals);
	free(o->records);
	free(o->lines);
	free(o->maps);
	free(o->data_out);
	free(o->ctx_out);
	free(o->capture_error);
	*o = (struct outcome){ 0 };
}

void outcome_add_verdict(struct outcome *o, uint32_t retval, uint64_t bytes)
{
	uint32_t i = 0;

	while (i < o->n_verdicts && o->verdicts[i].retval != retval)
		i++;
	if (i == o->n_verdicts) {
		array_grow(o->verdicts, o->n_verdicts);
		o->verdicts[o->n_verdicts++] = (struct outcome_verdict){ .retval = retval };
	}
	o->verdicts[i].n_packets++;
	o->verdicts[i].n_bytes += bytes;
}

static void count_refusal(struct outcome_refusal **list, uint32_t *n, const char *reason)
{
	uint32_t i = 0;

	while (i < *n && strcmp((*list)[i].reason, reason) != 0)
		i++;
	if (i == *n) {
		array_grow(*list, *n);
		(*list)[(*n)++] = (struct outcome_refusal){ .reason = reason };
	}
	(*list)[i].n_packets++;
}

void outcome_add_refusal(struct outcome *o, const char *reason)
{
	count_refusal(&o->refusals, &o->n_refusals, reason);
}

void outcome_add_kernel_refusal(struct outcome *o, const char *reason)
{
	count_refusal(&o->kernel_refusals, &o->n_kernel_refusals, reason);
}

void outcome_add_record(struct outcome *o, uint32_t map, const void *data, uint32_t bytes)
{
	struct outcome_record r = { .packet = o->n_packets, .map = map, .bytes = bytes };

	r.data = xcalloc(1, bytes);
	memcpy(r.data, data, bytes);
	array_grow(o->records, o->n_records);
	o->records[o->n_records++] = r;
}

void outcome_add_line(struct outcome *o, const char *text)
{
	struct outcome_line line = { .packet = o->n_packets, .text = xstrdup(text) };

	array_grow(o->lines, o->n_lines);
	o->lines[o->n_lines++] = line;
}

static int compare_verdicts(const void *a, const void *b)
{
	const struct outcome_verdict *x = a, *y = b;

	if (x->n_packets != y->n_packets)
		return x->n_packets < y->n_packets ? 1 : -1;
	return x->retval < y->retval ? -1 : x->retval > y->retval;
}

void outcome_sort_verdicts(struct outcome *o)
{
	if (o->n_verdicts)
		qsort(o->verdicts, o->n_verdicts, sizeof(o->verdicts[0]), compare_verdicts);
}
