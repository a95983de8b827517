/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The run context: what exists while one program runs. Helpers reach it through run_current();
 * hooks read what helpers left in it (redirect target, clones) and act after the program.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "object/engine.h"
#include "object/prog.h"
#include "run/epoch.h"
#include "skep/host.h"

struct caller;
struct map;
struct netdev;

/* What bpf_redirect and bpf_redirect_map leave behind. Source: struct bpf_redirect_info. */
struct redirect_info {
	uint32_t tgt_index;
	uint32_t flags;
	uint32_t kind; /* enum redirect_kind */
	uint32_t map_id;
	void *tgt_value;
	struct map *map;
};

enum redirect_kind {
	REDIRECT_NONE,
	REDIRECT_IFINDEX,
	REDIRECT_MAP,
	REDIRECT_PEER,
};

struct run_ctx {
	struct run_ctx *outer; /* the run this one is nested in, or NULL */
	struct engine *engine;
	const struct prog *prog; /* the entry program; tail calls do not change it */
	void *ctx;               /* its real context */
	uint32_t slot;
	uint32_t tail_calls;     /* made so far by this run: at most PROG_TAIL_CALLS_MAX */
	uint64_t bpf_cookie;
	uint64_t timer;          /* whose callback it is (run/timer.c); 0: a program */
	uint64_t stack_top;      /* set by run_prog(): program stacks lie below it */
	struct caller *caller;   /* who asked for a test run, or NULL: for bpf_sys_bpf */
	struct redirect_info redirect;
	struct event *event;     /* hooks/: the event being fired, or NULL */
	int32_t retval;          /* hooks/cgroup.c: the verdict so far, for bpf_get_retval */
	/* Frames helpers asked to send (bpf_clone_redirect): a list hooks flush after the program. */
	struct run_clone *clones;
};

struct run_clone {
	struct run_clone *next;
	uint32_t ifindex;
	bool ingress;
	uint32_t bytes;
	uint8_t frame[];
};

/* The innermost run of this thread; NULL outside. Defined in run/run.c, initial-exec TLS. */
extern __thread struct run_ctx *run_current_ctx __attribute__((tls_model("initial-exec")));

static inline struct run_ctx *run_current(void)
{
	return run_current_ctx;
}

/* Links @rc as the innermost run of this thread around one program call. */
static inline void run_push(struct run_ctx *rc)
{
	rc->outer = run_current_ctx;
	run_current_ctx = rc;
}

static inline void run_pop(struct run_ctx *rc)
{
	run_current_ctx = rc->outer;
}

/*
 * Runs @prog on @ctx with a prepared @rc (engine, slot set; the rest zero): R0. The caller is
 * between run_enter() and run_exit(). Keeps statistics when the engine has them enabled.
 */
uint64_t run_prog(const struct prog *prog, void *ctx, struct run_ctx *rc);

/* Calls a program's callback from a helper: R0. */
static inline uint64_t run_callback(const struct prog *prog, uint64_t callback,
				    const uint64_t args[5])
{
	return prog->run_callback(prog, callback, args);
}

/* --- run arrays: programs attached to one hook, in order -------------------------------------- */

struct run_array_item {
	struct prog *prog;
	uint64_t cookie;
	struct bpf_link *link;
};

struct run_array {
	struct epoch_node node;
	uint32_t n;
	struct run_array_item items[];
};

/* An array of @n empty items, to be filled before it is published; NULL: out of memory. */
struct run_array *run_array_new(uint32_t n);
/* New array with @item added after (before: @pos < n) the others / with @link's item removed. The
 * old one is to be deferred by the caller after publishing. NULL: out of memory (or became empty). */
struct run_array *run_array_add(const struct run_array *old, struct run_array_item item,
				uint32_t pos);
struct run_array *run_array_del(const struct run_array *old, const struct bpf_link *link);
void run_array_free_deferred(struct engine *engine, struct run_array *old);

/* --- the host, as helpers ask it -------------------------------------------------------------- */

/* As enum skep_clock. */
enum run_clock {
	RUN_CLOCK_MONOTONIC,
	RUN_CLOCK_BOOTTIME,
	RUN_CLOCK_COARSE,
	RUN_CLOCK_TAI,
	RUN_CLOCK_REALTIME,
};

/* Gives @engine its host (NULL: the default one, run/host.c) and seeds its random numbers. */
void run_host_init(struct engine *engine, const struct skep_host *host, void *arg);

/* Does the host tell the time itself? */
bool run_host_has_clock(const struct engine *engine);
uint64_t run_clock_ns(struct engine *engine, enum run_clock clock);
uint32_t run_random(struct engine *engine);
void run_task(struct engine *engine, struct skep_task *task);
/* One finished line of bpf_trace_printk; dropped when the host takes none. */
void run_printk(struct engine *engine, const char *line, size_t bytes);
/* 0, or -EFAULT: not memory the host registered. @dst is untouched then. */
int run_probe_read(struct engine *engine, void *dst, uint64_t addr, size_t bytes);
