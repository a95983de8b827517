/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers in map values (struct bpf_timer): what the four helpers do, and who fires them.
 *
 * A timer is known by the address of its struct bpf_timer; nothing of it is kept there, where a client
 * or a stray process could write. It belongs to the map it lies in and to this process: it goes
 * with its element, with the map's last user reference, and a forked child begins with none.
 *
 * Who fires: a thread, started with the first timer; or, where the host has a clock of its own, the
 * host, by timers_run(). Callbacks run one after another, by time and then by when they were armed.
 * Source: kernel/bpf/helpers.c.
 *
 * Cost: one lock per engine; init, start and cancel are O(log timers).
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "object/map.h"

struct engine;
struct prog;

/* Makes the engine's timers, after run_host_init(): 0 or -ENOMEM. */
int timers_init(struct engine *engine);
/* Ends the thread: when it returns, no callback runs and none will. */
void timers_stop(struct engine *engine);
/* After every map is gone. */
void timers_deinit(struct engine *engine);

/* Around fork(). */
void timers_fork_prepare(struct engine *engine);
void timers_fork_parent(struct engine *engine);
void timers_fork_child(struct engine *engine);

/*
 * The helpers, inside a run; @timer is the address of a struct bpf_timer.
 *
 * init: of the value at @value of @map, by clock @flags (CLOCK_MONOTONIC, _REALTIME, _BOOTTIME). -EINVAL,
 * -EBUSY (there is one), -ENOMEM, -EPERM (no user holds the map).
 */
int timer_init(struct map *map, void *value, void *timer, uint64_t flags);
/* -EINVAL (no timer), -EPERM, -ENOENT (the program is going), -ENOMEM. */
int timer_set_callback(struct engine *engine, void *timer, uint64_t callback, struct prog *prog);
/* @flags: BPF_F_TIMER_*. -EINVAL: those, no timer or no callback. */
int timer_start(struct engine *engine, void *timer, uint64_t ns, uint64_t flags);
/*
 * Disarms, waits for the callback to return if it is running, and forgets the callback. 1: it was
 * armed, 0: it was not, -EINVAL: no timer, -EDEADLK: from within its own callback.
 */
int timer_cancel(struct engine *engine, void *timer);

/* The timer at that address, if any, goes. Any thread, also within its callback; does not wait. */
void timer_drop(struct map *map, void *timer);
/* All of the map's. */
void timers_drop(struct map *map);

/* Does the map have any? Racing with timer_init() by another thread as the removal itself does. */
static inline bool map_has_timers(const struct map *map)
{
	return unlikely(atomic_load_explicit(&map->timers, memory_order_relaxed));
}

/* When the next one is due, by the host's CLOCK_MONOTONIC, in ns: 0 or -ENOENT. */
int timers_next(struct engine *engine, uint64_t *ns);
/*
 * Fires what is due, each timer once: how many callbacks ran. What they arm waits for the next call.
 * Not from inside a run (-EBUSY).
 */
int timers_run(struct engine *engine);
