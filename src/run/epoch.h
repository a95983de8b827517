/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPU slots and epochs. A program (or a bpf(2) command that reads map internals) runs between
 * run_enter() and run_exit(), holding one of the engine's CPU slots: its number is what
 * bpf_get_smp_processor_id returns and what per-CPU maps are indexed by. What a reader in some
 * slot may still see is handed to epoch_defer() and freed when every slot has been left once.
 *
 * Slots: a biased lease. A thread comes back to the slot it used last with one compare-and-swap and
 * leaves with one store; an idle slot can be taken by anybody; when all are busy the entrant waits.
 * Nested entry (a program run from inside a helper) shares the slot. Cost of enter + exit
 * uncontended: a few ns.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "object/object.h"

struct engine;
struct run;

#define RUN_SLOTS_MAX 1024

/* Makes / ends the engine's run state. n_slots > 0. */
int run_init(struct engine *engine, uint32_t n_slots);
void run_deinit(struct engine *engine);

/* Enters: the slot's number. Never fails; may wait. Nesting allowed. */
uint32_t run_enter(struct engine *engine);
/* The same, in this slot; not from inside a run. */
void run_enter_slot(struct engine *engine, uint32_t slot);
void run_exit(struct engine *engine);

/* The slot this thread leased last, and of which engine's run state. Written by epoch.c only. */
struct run_lease {
	const struct run *run;
	uint32_t slot;
};
extern __thread struct run_lease run_lease __attribute__((tls_model("initial-exec")));

uint32_t run_slot_slow(const struct run *run);

/* The slot this thread holds of @run (engine->run): call it between run_enter() and run_exit(). */
static inline uint32_t run_slot(const struct run *run)
{
	return __builtin_expect(run_lease.run == run, 1) ? run_lease.slot : run_slot_slow(run);
}

/*
 * Calls fn(node) once no slot that was busy now is still in the same run; struct epoch_node is in
 * object/object.h. Any thread, any lock held: fn runs later, from epoch_poll(), epoch_sync() or
 * the end of a run, with no lock held, and may defer again but not sync.
 */
void epoch_defer(struct engine *engine, struct epoch_node *node,
		 void (*fn)(struct epoch_node *node));

/* Waits until everything readable before the call has been left, then runs what is due. Not from
 * inside a run. */
void epoch_sync(struct engine *engine);

/* Runs what is due now; never waits. Every bpf(2) call begins with it. */
void epoch_poll(struct engine *engine);

/* True when this thread is inside a run of @engine. */
bool run_inside(const struct engine *engine);

/* Around fork(): nobody is in the middle of epoch_defer(). */
void run_fork_prepare(struct engine *engine);
void run_fork_parent(struct engine *engine);
/* In the child, after run_fork_prepare() in the parent: slots held by the parent's threads stay theirs, ours are forgotten. */
void run_after_fork(struct engine *engine);
