/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers: a table by address, a heap by time, and the thread that fires them.
 *
 * Invariant: a struct timer is read and written with the lock held only, so it is freed at once. Who
 * fires one is inside a run before it looks, and takes what it needs out of it under the lock: map,
 * value and program outlive the run, since both objects are put through epoch_defer(). `running`
 * names the timer being fired by its serial number, which is never used again.
 *
 * All expiry times are kept in CLOCK_MONOTONIC: setting the wall clock later moves none.
 */
#include "run/timer.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "base/u64map.h"
#include "object/engine.h"
#include "object/fd.h"
#include "object/prog.h"
#include "run/run.h"

#define NS_PER_S 1000000000
#define CLOCKS_MAX 16 /* MAX_CLOCKS */
#define ANY_SLOT UINT32_MAX

/* A timer's reference on its program, given back when no run can still be in the callback. */
struct prog_hold {
	struct epoch_node node;
	struct prog *prog;
};

struct timer {
	uint64_t serial;
	void *at; /* its struct bpf_timer */
	void *value;
	struct map *map;
	struct timer *next, **pprev; /* in map->timers */
	enum run_clock clock;
	struct prog_hold *hold; /* NULL: no callback */
	uint64_t callback;
	size_t pos; /* in the heap, from 1; 0: not armed */
	int64_t expires_ns;
	uint64_t order; /* among those of one time */
	uint32_t slot;  /* ANY_SLOT, or where the callback is to run */
};

struct timers {
	struct engine *engine;
	pthread_mutex_t lock;	   /* everything below */
	pthread_mutex_t fire_lock; /* held by the one who fires; taken before lock */
	pthread_cond_t changed;	   /* the earliest time, or stop */
	pthread_cond_t returned;   /* a callback */
	struct u64map by_address;
	struct timer **heap; /* [1 .. n_armed], room for all */
	size_t n_armed, room;
	uint64_t serials, orders;
	uint64_t running; /* serial; 0: none */
	bool by_host;	  /* who fires */
	bool has_thread, stop;
	pthread_t thread;
};

/* --- the heap ----------------------------------------------------------------------------------- */

static bool earlier(const struct timer *a, const struct timer *b)
{
	return a->expires_ns != b->expires_ns ? a->expires_ns < b->expires_ns : a->order < b->order;
}

static void heap_set(struct timers *ts, size_t pos, struct timer *t)
{
	ts->heap[pos] = t;
	t->pos = pos;
}

static void heap_up(struct timers *ts, size_t pos, struct timer *t)
{
	for (; pos > 1 && earlier(t, ts->heap[pos / 2]); pos /= 2)
		heap_set(ts, pos, ts->heap[pos / 2]);
	heap_set(ts, pos, t);
}

static void heap_down(struct timers *ts, size_t pos, struct timer *t)
{
	size_t child;

	while ((child = 2 * pos) <= ts->n_armed) {
		if (child < ts->n_armed && earlier(ts->heap[child + 1], ts->heap[child]))
			child++;
		if (!earlier(ts->heap[child], t))
			break;
		heap_set(ts, pos, ts->heap[child]);
		pos = child;
	}
	heap_set(ts, pos, t);
}

/* True: it was armed. */
static bool disarm(struct timers *ts, struct timer *t)
{
	size_t pos = t->pos;
	struct timer *last;

	if (!pos)
		return false;
	t->pos = 0;
	last = ts->heap[ts->n_armed--];
	if (last == t)
		return true;
	if (pos > 1 && earlier(last, ts->heap[pos / 2]))
		heap_up(ts, pos, last);
	else
		heap_down(ts, pos, last);
	return true;
}

static void arm(struct timers *ts, struct timer *t, int64_t expires_ns)
{
	disarm(ts, t);
	t->expires_ns = expires_ns;
	t->order = ++ts->orders;
	heap_up(ts, ++ts->n_armed, t);
	if (t->pos == 1)
		pthread_cond_signal(&ts->changed);
}

/* Room for one timer more than there are. */
static int heap_reserve(struct timers *ts)
{
	size_t need = ts->by_address.n + 2, room = ts->room ? ts->room * 2 : 16;
	struct timer **heap;

	if (need <= ts->room)
		return 0;
	heap = mem_realloc(ts->heap, room, sizeof(struct timer *));
	if (!heap)
		return -ENOMEM;
	ts->heap = heap;
	ts->room = room;
	return 0;
}

/* --- one timer ---------------------------------------------------------------------------------- */

static struct timer *find(struct timers *ts, const void *timer)
{
	return u64map_get(&ts->by_address, (uintptr_t)timer);
}

static void hold_free(struct epoch_node *node)
{
	struct prog_hold *hold = container_of(node, struct prog_hold, node);

	object_put(&hold->prog->obj);
	free(hold);
}

static void forget_callback(struct timers *ts, struct timer *t)
{
	if (t->hold)
		epoch_defer(ts->engine, &t->hold->node, hold_free);
	t->hold = NULL;
}

static struct timer *timer_new(struct timers *ts, struct map *map, void *timer)
{
	struct timer *t;

	if (heap_reserve(ts) || engine_charge(ts->engine, sizeof(*t)))
		return NULL;
	t = mem_zalloc(sizeof(*t));
	if (!t || u64map_put(&ts->by_address, (uintptr_t)timer, t)) {
		engine_uncharge(ts->engine, sizeof(*t));
		free(t);
		return NULL;
	}
	t->serial = ++ts->serials;
	t->at = timer;
	t->map = map;
	t->slot = ANY_SLOT;
	t->next = atomic_load_explicit(&map->timers, memory_order_relaxed);
	t->pprev = NULL;
	if (t->next)
		t->next->pprev = &t->next;
	atomic_store_explicit(&map->timers, t, memory_order_seq_cst);
	return t;
}

static void timer_free(struct timers *ts, struct timer *t)
{
	disarm(ts, t);
	forget_callback(ts, t);
	u64map_del(&ts->by_address, (uintptr_t)t->at);
	if (t->next)
		t->next->pprev = t->pprev;
	if (t->pprev)
		*t->pprev = t->next;
	else
		atomic_store_explicit(&t->map->timers, t->next, memory_order_relaxed);
	free(t);
	engine_uncharge(ts->engine, sizeof(*t));
}

/* --- firing ------------------------------------------------------------------------------------- */

static int64_t now_ns(const struct timers *ts)
{
	return (int64_t)run_clock_ns(ts->engine, RUN_CLOCK_MONOTONIC);
}

/* The first one due of those armed up to @orders. */
static struct timer *first_due(const struct timers *ts, uint64_t orders)
{
	struct timer *t = ts->n_armed ? ts->heap[1] : NULL;

	return t && t->expires_ns <= now_ns(ts) && t->order <= orders ? t : NULL;
}

/* int callback(struct map *map, const void *key, void *value) */
static void call(struct timers *ts, const struct timer *t, uint32_t slot)
{
	struct run_ctx rc = { .engine = ts->engine, .slot = slot, .timer = t->serial };
	const struct prog *prog = t->hold->prog;
	uint64_t callback = t->callback;
	struct map *map = t->map;
	void *value = t->value;
	uint32_t index;
	const uint64_t args[5] = {
		(uintptr_t)map,
		(uintptr_t)map->ops->key_of(map, value, &index),
		(uintptr_t)value,
	};

	ts->running = t->serial;
	pthread_mutex_unlock(&ts->lock); /* from here on t may go */
	rc.prog = prog;
	rc.stack_top = (uintptr_t)__builtin_frame_address(0);
	run_push(&rc);
	run_callback(prog, callback, args);
	run_pop(&rc);
	pthread_mutex_lock(&ts->lock);
	ts->running = 0;
	pthread_cond_broadcast(&ts->returned);
}

/* Fires the first one due, in the slot it asks for. False: none is due. */
static bool fire_first(struct timers *ts, uint64_t orders)
{
	uint32_t want, slot;
	struct timer *t;

	for (;;) {
		pthread_mutex_lock(&ts->lock);
		t = first_due(ts, orders);
		want = t ? t->slot : ANY_SLOT;
		pthread_mutex_unlock(&ts->lock);
		if (!t)
			return false;
		if (want != ANY_SLOT)
			run_enter_slot(ts->engine, want);
		else
			want = run_enter(ts->engine);
		slot = want;
		pthread_mutex_lock(&ts->lock);
		t = ts->stop ? NULL : first_due(ts, orders);
		if (!t || t->slot == ANY_SLOT || t->slot == slot)
			break;
		/* another came first, for another slot */
		pthread_mutex_unlock(&ts->lock);
		run_exit(ts->engine);
	}
	if (t)
		disarm(ts, t);
	if (t && t->hold)
		call(ts, t, slot);
	pthread_mutex_unlock(&ts->lock);
	run_exit(ts->engine);
	return t != NULL;
}

/* Those armed by now, so that one that arms itself again cannot hold us. */
static int fire_due(struct timers *ts)
{
	uint64_t orders;
	int fired = 0;

	fd_table_poll(ts->engine); /* a map nobody holds any more fires nothing */
	pthread_mutex_lock(&ts->fire_lock);
	pthread_mutex_lock(&ts->lock);
	orders = ts->orders;
	pthread_mutex_unlock(&ts->lock);
	while (fire_first(ts, orders))
		fired++;
	pthread_mutex_unlock(&ts->fire_lock);
	return fired;
}

/* False: stop. */
static bool wait_until_due(struct timers *ts)
{
	struct timespec until;
	int64_t ns;
	bool stop;

	pthread_mutex_lock(&ts->lock);
	while (!ts->stop && !first_due(ts, UINT64_MAX)) {
		if (!ts->n_armed) {
			pthread_cond_wait(&ts->changed, &ts->lock);
			continue;
		}
		ns = ts->heap[1]->expires_ns;
		until = (struct timespec){ .tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S };
		pthread_cond_timedwait(&ts->changed, &ts->lock, &until);
	}
	stop = ts->stop;
	pthread_mutex_unlock(&ts->lock);
	return !stop;
}

static void *fire_forever(void *arg)
{
	struct timers *ts = arg;

	while (wait_until_due(ts))
		fire_due(ts);
	return NULL;
}

/* Signals are for the client's own threads; faults in programs are ours. */
static int start_thread(struct timers *ts)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS };
	sigset_t blocked, before;
	int err;

	sigfillset(&blocked);
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		sigdelset(&blocked, faults[i]);
	pthread_sigmask(SIG_SETMASK, &blocked, &before);
	err = pthread_create(&ts->thread, NULL, fire_forever, ts);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err)
		return -ENOMEM;
	pthread_setname_np(ts->thread, "skep-timers");
	ts->has_thread = true;
	return 0;
}

/* --- helpers ------------------------------------------------------------------------------------ */

static int clock_of(uint64_t flags, enum run_clock *clock)
{
	if (flags >= CLOCKS_MAX)
		return -EINVAL;
	switch (flags) {
	case CLOCK_MONOTONIC:
		*clock = RUN_CLOCK_MONOTONIC;
		return 0;
	case CLOCK_BOOTTIME:
		*clock = RUN_CLOCK_BOOTTIME;
		return 0;
	case CLOCK_REALTIME:
		*clock = RUN_CLOCK_REALTIME;
		return 0;
	default:
		return -EINVAL;
	}
}

static bool held_by_user(struct map *map)
{
	return atomic_load_explicit(&map->obj.urefs, memory_order_seq_cst) != 0;
}

static int init_locked(struct timers *ts, struct map *map, void *value, void *timer,
		       enum run_clock clock)
{
	struct timer *t;

	if (find(ts, timer))
		return -EBUSY;
	if (!ts->by_host && !ts->has_thread && start_thread(ts))
		return -ENOMEM;
	t = timer_new(ts, map, timer);
	if (!t)
		return -ENOMEM;
	t->value = value;
	t->clock = clock;
	/* Either the last user who goes sees this timer, or we see that he is gone. */
	if (!held_by_user(map)) {
		timer_free(ts, t);
		return -EPERM;
	}
	return 0;
}

int timer_init(struct map *map, void *value, void *timer, uint64_t flags)
{
	struct timers *ts = map->obj.engine->timers;
	enum run_clock clock;
	int err = clock_of(flags, &clock);

	if (err)
		return err;
	pthread_mutex_lock(&ts->lock);
	err = init_locked(ts, map, value, timer, clock);
	pthread_mutex_unlock(&ts->lock);
	return err;
}

static int set_prog(struct timers *ts, struct timer *t, struct prog *prog)
{
	struct prog_hold *hold;

	if (t->hold && t->hold->prog == prog)
		return 0;
	hold = mem_zalloc(sizeof(*hold));
	if (!hold)
		return -ENOMEM;
	if (!object_get_unless_zero(&prog->obj)) {
		free(hold);
		return -ENOENT;
	}
	hold->prog = prog;
	forget_callback(ts, t);
	t->hold = hold;
	return 0;
}

int timer_set_callback(struct engine *engine, void *timer, uint64_t callback, struct prog *prog)
{
	struct timers *ts = engine->timers;
	struct timer *t;
	int err = -EINVAL;

	pthread_mutex_lock(&ts->lock);
	t = find(ts, timer);
	if (t)
		err = held_by_user(t->map) ? set_prog(ts, t, prog) : -EPERM;
	if (!err)
		t->callback = callback;
	pthread_mutex_unlock(&ts->lock);
	return err;
}

/* As hrtimers have it (ktime_add_safe): what is negative or overflows never comes. */
static int64_t expiry(const struct timers *ts, const struct timer *t, int64_t ns, bool absolute)
{
	int64_t base = now_ns(ts), sum;

	if (ns < 0)
		return INT64_MAX;
	if (absolute && t->clock == RUN_CLOCK_MONOTONIC)
		base = 0;
	else if (absolute)
		base -= (int64_t)run_clock_ns(ts->engine, t->clock); /* when that clock was 0 */
	return __builtin_add_overflow(base, ns, &sum) ? INT64_MAX : sum;
}

int timer_start(struct engine *engine, void *timer, uint64_t ns, uint64_t flags)
{
	struct timers *ts = engine->timers;
	int err = -EINVAL;
	struct timer *t;
	int64_t expires;

	if (flags & ~(uint64_t)(BPF_F_TIMER_ABS | BPF_F_TIMER_CPU_PIN))
		return -EINVAL;
	pthread_mutex_lock(&ts->lock);
	t = find(ts, timer);
	if (t && t->hold) {
		t->slot = flags & BPF_F_TIMER_CPU_PIN ? run_slot(engine->run) : ANY_SLOT;
		expires = expiry(ts, t, (int64_t)ns, flags & BPF_F_TIMER_ABS);
		/* in a callback the past is now, or others that are due would never have their turn */
		if (ts->running)
			expires = MAX(expires, now_ns(ts));
		arm(ts, t, expires);
		err = 0;
	}
	pthread_mutex_unlock(&ts->lock);
	return err;
}

/* Is this thread within that timer's callback? */
static bool inside_callback(uint64_t serial)
{
	for (const struct run_ctx *rc = run_current(); rc; rc = rc->outer)
		if (rc->timer == serial)
			return true;
	return false;
}

static int cancel_locked(struct timers *ts, void *timer)
{
	struct timer *t = find(ts, timer);
	uint64_t serial;

	if (!t)
		return -EINVAL;
	serial = t->serial;
	if (inside_callback(serial))
		return -EDEADLK;
	forget_callback(ts, t);
	while (ts->running == serial)
		pthread_cond_wait(&ts->returned, &ts->lock);
	t = find(ts, timer); /* it may have gone while we waited */
	return t && t->serial == serial && disarm(ts, t);
}

int timer_cancel(struct engine *engine, void *timer)
{
	struct timers *ts = engine->timers;
	int ret;

	pthread_mutex_lock(&ts->lock);
	ret = cancel_locked(ts, timer);
	pthread_mutex_unlock(&ts->lock);
	return ret;
}

/* --- maps --------------------------------------------------------------------------------------- */

void timer_drop(struct map *map, void *timer)
{
	struct timers *ts = map->obj.engine->timers;
	struct timer *t;

	pthread_mutex_lock(&ts->lock);
	t = find(ts, timer);
	if (t)
		timer_free(ts, t);
	pthread_mutex_unlock(&ts->lock);
}

void timers_drop(struct map *map)
{
	struct timers *ts = map->obj.engine->timers;
	struct timer *t;

	pthread_mutex_lock(&ts->lock);
	while ((t = atomic_load_explicit(&map->timers, memory_order_relaxed)))
		timer_free(ts, t);
	pthread_mutex_unlock(&ts->lock);
}

/* --- the host ----------------------------------------------------------------------------------- */

int timers_next(struct engine *engine, uint64_t *ns)
{
	struct timers *ts = engine->timers;
	int err = -ENOENT;

	pthread_mutex_lock(&ts->lock);
	if (ts->n_armed) {
		*ns = (uint64_t)MAX(ts->heap[1]->expires_ns, 0);
		err = 0;
	}
	pthread_mutex_unlock(&ts->lock);
	return err;
}

int timers_run(struct engine *engine)
{
	return run_inside(engine) ? -EBUSY : fire_due(engine->timers);
}

/* --- life --------------------------------------------------------------------------------------- */

static void init_locks(struct timers *ts)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&ts->fire_lock, NULL);
	pthread_cond_init(&ts->returned, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&ts->changed, &attr);
	pthread_condattr_destroy(&attr);
}

int timers_init(struct engine *engine)
{
	struct timers *ts = mem_zalloc(sizeof(*ts));

	if (!ts)
		return -ENOMEM;
	ts->engine = engine;
	ts->by_host = run_host_has_clock(engine);
	pthread_mutex_init(&ts->lock, NULL);
	init_locks(ts);
	u64map_init(&ts->by_address);
	engine->timers = ts;
	return 0;
}

void timers_stop(struct engine *engine)
{
	struct timers *ts = engine->timers;

	if (!ts)
		return;
	pthread_mutex_lock(&ts->lock);
	ts->stop = true;
	pthread_cond_signal(&ts->changed);
	pthread_mutex_unlock(&ts->lock);
	if (ts->has_thread)
		pthread_join(ts->thread, NULL);
	ts->has_thread = false;
}

void timers_deinit(struct engine *engine)
{
	struct timers *ts = engine->timers;

	if (!ts)
		return;
	assert(!ts->by_address.n && !ts->has_thread);
	u64map_deinit(&ts->by_address);
	free(ts->heap);
	pthread_cond_destroy(&ts->changed);
	pthread_cond_destroy(&ts->returned);
	pthread_mutex_destroy(&ts->fire_lock);
	pthread_mutex_destroy(&ts->lock);
	free(ts);
	engine->timers = NULL;
}

void timers_fork_prepare(struct engine *engine)
{
	pthread_mutex_lock(&engine->timers->lock);
}

void timers_fork_parent(struct engine *engine)
{
	pthread_mutex_unlock(&engine->timers->lock);
}

/* The parent fires its timers; ours is another process. */
void timers_fork_child(struct engine *engine)
{
	struct timers *ts = engine->timers;
	struct u64map_slot *slot;
	size_t pos = 0;

	ts->has_thread = false;
	ts->running = 0;
	ts->n_armed = 0;
	init_locks(ts);
	while ((slot = u64map_next(&ts->by_address, &pos))) {
		struct timer *t = slot->value;

		forget_callback(ts, t);
		atomic_store_explicit(&t->map->timers, NULL, memory_order_relaxed);
		free(t);
		engine_uncharge(engine, sizeof(*t));
	}
	u64map_deinit(&ts->by_address);
	u64map_init(&ts->by_address);
	pthread_mutex_unlock(&ts->lock);
}
