/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events a host registers and fires. One event stands for a raw tracepoint and the tracepoint made of
 * it, or for a probe: what kind it is says which programs may be attached to it and what they get.
 */
#pragma once

#include <stdint.h>

struct engine;
struct event;

#define EVENT_NAME_BYTES 128 /* with its NUL: what RAW_TRACEPOINT_OPEN takes */
#define EVENT_RECORD_BYTES_MAX 8192

enum event_kind {
	EVENT_TRACEPOINT, /* RAW_TRACEPOINT programs (arguments of 8 bytes), TRACEPOINT (the record) */
	EVENT_KPROBE,     /* KPROBE programs: the record is struct pt_regs */
	EVENT_PERF,       /* PERF_EVENT programs: the record is struct bpf_perf_event_data */
};

/* What the programs of one firing said. */
struct event_result {
	uint32_t n_programs; /* that ran */
	uint64_t verdict;    /* all their R0 and-ed; all ones when there were none */
};

/*
 * Registers an event whose record has @bytes. 0 and *@event; -EEXIST (name), -EINVAL (no or too long
 * a name, size over EVENT_RECORD_BYTES_MAX or not a kind's) or -ENOMEM. Lives as long as the engine.
 */
int event_register(struct engine *engine, const char *name, enum event_kind kind, uint32_t bytes,
		   struct event **event);
/* The registered event of that name, or NULL. */
struct event *event_find(struct engine *engine, const char *name);

/* The id by which perf_event_open(2) knows it (PERF_TYPE_TRACEPOINT, config), > 0. */
uint32_t event_id(const struct event *event);

/*
 * Runs the programs attached, in order of attachment, on @record (which they only read). 0, or
 * -EINVAL when @bytes is less than was registered. From inside a program nothing runs (counted as
 * missed). Cost without programs: one load.
 */
int event_fire(struct engine *engine, struct event *event, const void *record, uint32_t bytes,
	       struct event_result *result);
