/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waits: for records, for the next interval, for the end. Ctrl-C (SIGINT, SIGTERM) once ends the wait,
 * so that the tool prints its summary and exits 0; the second time ends the process at once, which
 * detaches everything, since nothing is pinned. What follows within LOOP_ONE_SIGNAL_NS is the same
 * signal still: timeout(1), like a shell's wrapper, signals the process and its group. One loop at a time in a process: its signal handler is
 * the one piece of global state.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define LOOP_FDS_MAX   16
#define LOOP_RINGS_MAX 64

/* Records taken of a ring before the clock, signals and other rings have their turn. */
#define LOOP_BATCH 256

#define LOOP_ONE_SIGNAL_NS 500000000ull

struct loop_setup {
	uint64_t duration_ns; /* 0: no end but Ctrl-C */
	uint64_t interval_ns; /* 0: none */
	uint64_t count;	      /* of intervals; 0: no bound */
};

/* Called for each record: data is valid until it returns. 0, or < 0 to end the loop. */
typedef int loop_record_fn(void *arg, void *data, size_t bytes);
typedef void loop_ready_fn(void *arg);
/* Called when there is time; returns when it wants to be called again (CLOCK_MONOTONIC), 0: never. */
typedef uint64_t loop_chore_fn(void *arg, uint64_t now_ns);

struct ring_buffer;

struct loop_ring {
	struct ring_buffer *buffer;
	loop_record_fn *fn;
	void *arg;
	uint32_t n_taken; /* of the batch */
};

struct loop {
	struct loop_setup setup;
	uint64_t start_ns, next_ns, end_ns; /* CLOCK_MONOTONIC */
	uint64_t n_intervals;
	int epoll;
	struct loop_ring rings[LOOP_RINGS_MAX];
	uint32_t n_rings;
	struct {
		loop_ready_fn *fn;
		void *arg;
	} ready[LOOP_FDS_MAX];
	uint32_t n_ready;
	loop_ready_fn *idle; /* after each batch of records, and before sleeping; NULL: none */
	void *idle_arg;
	loop_chore_fn *chore;
	void *chore_arg;
	uint64_t chore_ns;
	bool stopped;
};

uint64_t loop_now_ns(void);
/* CLOCK_MONOTONIC, as programs have it, to ns since the epoch. */
uint64_t loop_realtime_ns(uint64_t ktime_ns);

int loop_init(struct loop *loop, const struct loop_setup *setup, struct error *err);
void loop_deinit(struct loop *loop);
/* Hands records of the ring buffer map to @fn during loop_wait() and loop_drain(). The loop stays where
 * it is from then on. */
int loop_add_ring(struct loop *loop, int map_fd, loop_record_fn *fn, void *arg, struct error *err);
int loop_add_fd(struct loop *loop, int fd, loop_ready_fn *fn, void *arg, struct error *err);

/* The clock starts: intervals and duration count from here. loop_wait() does it if nobody did. */
void loop_start(struct loop *loop);
/*
 * Until the interval is over: true when another follows, false when this was the last (the count is
 * reached, the duration is over, Ctrl-C, loop_stop()). The tool shows what it has in either case:
 *	do { more = loop_wait(&loop); show(); } while (more);
 */
bool loop_wait(struct loop *loop);
/* Hands over what is still in the rings: after the programs were detached. */
void loop_drain(struct loop *loop);
/* From a callback: loop_wait() returns false after it. */
void loop_stop(struct loop *loop);
bool loop_interrupted(const struct loop *loop);
