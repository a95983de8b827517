/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events of a host: things that happen in your program, with a record each. Registered under a name,
 * an event is a raw tracepoint of that name (BPF_RAW_TRACEPOINT_OPEN, SEC("raw_tp/name")) or, by its
 * id, a tracepoint for perf_event_open(2) on the engine; programs attached to it run when it is
 * fired.
 */
#ifndef SKEP_EVENT_H
#define SKEP_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "skep/export.h"
#include "skep/skep.h"

#ifdef __cplusplus
extern "C" {
#endif

struct skep_event;

enum skep_event_kind {
	SKEP_EVENT_TRACEPOINT, /* RAW_TRACEPOINT programs get the record as 8-byte arguments,
				  TRACEPOINT programs as bytes */
	SKEP_EVENT_KPROBE,     /* KPROBE programs; the record is struct pt_regs */
	SKEP_EVENT_PERF,       /* PERF_EVENT programs; the record is struct bpf_perf_event_data */
};

/*
 * Registers an event whose records have @bytes (at most 8192). -EEXIST, -EINVAL (no or too long a
 * name, a size not the kind's), -ENOMEM. It lives as long as the engine.
 */
SKEP_API int skep_event_register(struct skep_engine *engine, const char *name,
				 enum skep_event_kind kind, uint32_t bytes,
				 struct skep_event **event);

/* By what id perf_event_open(2) knows it (type PERF_TYPE_TRACEPOINT, config), > 0. */
SKEP_API uint32_t skep_event_id(const struct skep_event *event);

/*
 * It happened: runs the programs attached, in order of attachment; they only read @record. @verdict
 * (may be NULL) gets all their return values and-ed, all ones when none ran. 0 or the number that
 * ran; -EINVAL when @bytes is less than was registered. Nothing attached costs a few ns.
 */
SKEP_API int skep_event_fire(struct skep_engine *engine, struct skep_event *event,
			     const void *record, uint32_t bytes, uint64_t *verdict);

/* The same by name: -ENOENT when no such event is registered. */
SKEP_API int skep_fire(struct skep_engine *engine, const char *name, const void *record,
		       uint32_t bytes);

#ifdef __cplusplus
}
#endif

#endif
