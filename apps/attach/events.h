/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What attached programs say, as it comes: lines of bpf_printk, and records of ring and perf buffers,
 * typed by the object's BTF, as columns, JSON Lines or CSV; for metrics they are only counted. What did
 * not fit is counted.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"
#include "tool/loop.h"
#include "tool/output.h"

struct bpf_object;
struct events;
struct tracepipe;

struct events_setup {
	struct bpf_object *bpf; /* loaded */
	struct loop *loop;
	enum output_format format;
	bool no_header;
	bool trace_pipe; /* lines come from there; else from the ring, when the object has it */
	FILE *stream;
};

/* Opens all rings and begins to listen; while the loop waits, what comes is written. 0, or -errno with
 * a sentence. */
int events_open(const struct events_setup *setup, struct events **out, struct error *err);
/* Takes what is still there, after the programs were detached. */
void events_drain(struct events *e);
/* Writes what was gathered: 0, or -errno of the stream. */
int events_flush(struct events *e);
/* Text of another source, as it is. */
void events_text(struct events *e, const char *text, size_t bytes);
void events_close(struct events *e);

struct events_count {
	bool prints;	       /* lines are taken at all */
	bool lost_is_exact;    /* false: the trace pipe's own word */
	uint64_t lines_shown;  /* of bpf_printk */
	uint64_t lines_hidden; /* CSV of records has no place for them */
	uint64_t lines_wrong;  /* the kernel would have printed nothing */
	uint64_t lines_lost;
	uint64_t records_shown;
	uint64_t records_lost; /* of perf buffers; ring buffers count in the program */
};

struct events_count events_count(const struct events *e);
