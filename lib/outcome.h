/* SPDX-License-Identifier: BSD-2-Clause */
/* All that running a program on a capture brought to light; what reports are made of. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "engine.h"
#include "mapshot.h"

struct bpf_object;
struct bpf_program;

struct outcome_verdict {
	uint32_t retval;
	uint64_t n_packets;
	uint64_t n_bytes;
};

/* Packets that could not be given to the program. */
struct outcome_refusal {
	const char *reason; /* static */
	uint64_t n_packets;
};

struct outcome_record {
	uint64_t packet; /* from 1 */
	uint32_t map;
	uint32_t bytes;
	uint8_t *data;
};

struct outcome_line {
	uint64_t packet;
	char *text;
};

struct outcome {
	/* the program */
	char *program;
	char *section;
	uint32_t prog_type;
	uint32_t n_insns;
	/* what it did */
	uint64_t n_packets; /* read, whether or not they could be run */
	uint64_t n_bytes;
	uint64_t n_runs; /* repetitions counted */
	uint64_t ns;	 /* of all runs, over the program alone */
	uint64_t n_written;
	uint64_t records_lost;
	struct engine_timers timers;
	struct outcome_verdict *verdicts;
	uint32_t n_verdicts;
	struct outcome_refusal *refusals;
	uint32_t n_refusals;
	struct outcome_refusal *kernel_refusals; /* run here; the kernel's test run would not */
	uint32_t n_kernel_refusals;
	struct outcome_record *records;
	uint32_t n_records;
	struct outcome_line *lines;
	uint32_t n_lines;
	struct mapshot *maps; /* all of the object */
	uint32_t n_maps;
	/* a run on --data */
	uint8_t *data_out;
	uint32_t data_out_bytes;
	uint8_t *ctx_out;
	uint32_t ctx_out_bytes;
	bool interrupted;
	bool printk_unread;  /* the program prints, and the lines went elsewhere */
	char *capture_error; /* the capture broke off, NULL: it did not */
};

/* The program and the maps, empty, of an opened object. */
void outcome_init(struct outcome *o, struct bpf_object *bpf, const struct bpf_program *prog);
void outcome_deinit(struct outcome *o);
void outcome_add_verdict(struct outcome *o, uint32_t retval, uint64_t bytes);
void outcome_add_refusal(struct outcome *o, const char *reason);
void outcome_add_kernel_refusal(struct outcome *o, const char *reason);
void outcome_add_record(struct outcome *o, uint32_t map, const void *data, uint32_t bytes);
void outcome_add_line(struct outcome *o, const char *text);
/* Most frequent first. */
void outcome_sort_verdicts(struct outcome *o);
