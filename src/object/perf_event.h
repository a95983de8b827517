/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct perf_event: what stands in for the fd of perf_event_open(2): a software BPF_OUTPUT event
 * with a ring a client maps, or a tracepoint a host registered, to which programs are attached.
 *
 * The ring is the event's memfd: one perf_event_mmap_page, then as many data pages as the client
 * mapped, which perf_event_map_ring() finds out. The client may write all of it: the engine keeps its
 * own head and takes only data_tail from it. Source: kernel/events/ring_buffer.c.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "object/object.h"

#define PERF_PAGE_BYTES 4096
#define PERF_RING_PAGES_MAX 4096 /* of data: what a client may map is one more */
#define PERF_RECORD_BYTES_MAX 65528

/* Kinds of events there are stand-ins for (kernel: uapi linux/perf_event.h). */
enum perf_kind {
	PERF_KIND_OUTPUT,     /* software, config BPF_OUTPUT */
	PERF_KIND_TRACEPOINT, /* config: the id of an event a host registered */
	PERF_KIND_OTHER,      /* may be opened and attached to, never fires */
};

struct event;

struct perf_event {
	struct object obj; /* kind OBJECT_PERF_EVENT; first */
	enum perf_kind kind;
	uint32_t type;    /* perf_event_attr.type */
	uint64_t config;
	int32_t cpu;      /* -1: any */
	_Atomic bool enabled;
	struct event *event; /* hooks/: the tracepoint, or NULL */
	struct object *attachment; /* hooks/: the link IOC_SET_BPF made; holds a reference */

	pthread_mutex_t lock; /* the ring */
	uint8_t *page;        /* the memfd, mapped; NULL: not yet */
	uint32_t ring_bytes;  /* of data, a power of two; 0: the client has mapped none */
	uint64_t head;
	uint64_t lost;
	int event_fd; /* becomes readable when a record is written; epoll waits on it */
};

static inline struct perf_event *perf_event_of(struct object *obj)
{
	return container_of(obj, struct perf_event, obj);
}

/* A new event with one reference, disabled. 0, -ENOMEM or -EMFILE. */
int perf_event_new(struct engine *engine, enum perf_kind kind, struct perf_event **event);

/* Looks how much of the event's memfd this process has mapped. Call when it may have changed: 0, or
 * why it cannot be told (-EMFILE, -ENOMEM). */
int perf_event_map_ring(struct perf_event *event);

/*
 * Writes one PERF_RECORD_SAMPLE with PERF_SAMPLE_RAW: @a then @b. 0, -ENOSPC (no ring, or full: it is
 * counted as lost) or -E2BIG. Source: perf_event_output.
 */
int perf_event_write(struct perf_event *event, const void *a, uint32_t a_bytes, const void *b,
		     uint32_t b_bytes);
