/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the subcommands that show each event as a row share: a ring named "ring", counts of losses in a
 * map named "account" (tool/account.bpf.h), tracepoints attached by name.
 */
#pragma once

#include <stdint.h>

#include "error.h"
#include "tool/tool.h"
#include "tool/tracepoint.h"

#define FEED_TRACEPOINTS_MAX 16
#define FEED_RING_KIB_MIN    4
#define FEED_RING_KIB_MAX    (1u << 20)

struct bpf_object;
struct bpf_program;

struct feed {
	struct tool *tool;
	struct bpf_object *obj; /* the skeleton's */
	uint64_t shown;		/* rows */
	uint64_t rows_max;	/* end after so many; 0: no bound */
	int tracepoints[FEED_TRACEPOINTS_MAX];
	uint32_t n_tracepoints;
	int timer; /* of the metrics of losses; 0: none */
};

/* The row of --ring alone, of those that show rows of another kind. */
#define FEED_RING_OPTION(type, ring_kib)                                                          \
	{ 0, "ring", "KIB", "size of the ring between kernel and tool", OPTION_NUMBER,             \
	  offsetof(type, ring_kib), FEED_RING_KIB_MIN, FEED_RING_KIB_MAX }

/* Rows of a subcommand's table of options: where its struct keeps the size of the ring and rows_max. */
#define FEED_OPTIONS(type, ring_kib, rows_max)                                                   \
	FEED_RING_OPTION(type, ring_kib),                                                          \
	{                                                                                          \
		'n', "rows", "NUMBER", "end after so many rows", OPTION_NUMBER,                    \
			offsetof(type, rows_max), 1, UINT64_MAX                                    \
	}

/* Rounded up to what the kernel takes for a ring's size: a power of two, a page or more. */
uint32_t feed_ring_bytes(uint64_t ring_kib);
/* After the skeleton was opened: the size of its ring, rounded up to what the kernel takes. */
void feed_open(struct feed *feed, struct tool *tool, struct bpf_object *obj, uint64_t ring_kib);
/* Attaches a loaded program to a tracepoint whose record is as @fields say. 0, or -errno, a sentence. */
int feed_tracepoint(struct feed *feed, const struct bpf_program *prog, const char *event,
		      const struct tracepoint_field *fields, uint32_t n_fields, struct error *err);
/* Hands the ring's records to @fn. To be called before anything is attached. */
int feed_listen(struct feed *feed, loop_record_fn *fn, void *arg, struct error *err);
/* One more row was shown: 0, or -1 when it was the last that was asked for (for @fn to return). */
int feed_shown(struct feed *feed);
/* Whether a row may still be shown. */
bool feed_wants_more(const struct feed *feed);
/*
 * Until the end; then shows what is still in the ring, says what was lost, and detaches (@detach, and the
 * tracepoints: tracepoint_let_go()).
 */
void feed_run(struct feed *feed, void (*detach)(void *arg), void *arg);
void feed_close(struct feed *feed);
