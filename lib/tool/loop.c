/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/loop.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#define NS_PER_SECOND	 1000000000ull
#define EVENTS_MAX	 16
#define RINGS_EVENT	 LOOP_FDS_MAX
#define EXIT_INTERRUPTED 130

static volatile sig_atomic_t interrupts;
static uint64_t interrupted_ns; /* only its handler's, which does not interrupt itself */

uint64_t loop_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

static void on_signal(int signal)
{
	(void)signal;
	if (!interrupts)
		interrupted_ns = loop_now_ns();
	else if (loop_now_ns() - interrupted_ns >= LOOP_ONE_SIGNAL_NS)
		_exit(EXIT_INTERRUPTED);
	interrupts = 1;
}

uint64_t loop_realtime_ns(uint64_t ktime_ns)
{
	struct timespec real;
	uint64_t now = loop_now_ns();

	clock_gettime(CLOCK_REALTIME, &real);
	return (uint64_t)real.tv_sec * NS_PER_SECOND + (uint64_t)real.tv_nsec - (now - ktime_ns);
}

int loop_init(struct loop *loop, const struct loop_setup *setup, struct error *err)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	memset(loop, 0, sizeof(*loop));
	loop->setup = *setup;
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0)
		return error_set(err, -errno, "cannot wait for events: %s", strerror(errno));
	interrupts = 0;
	sigaddset(&action.sa_mask, SIGINT);
	sigaddset(&action.sa_mask, SIGTERM);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	return 0;
}

void loop_deinit(struct loop *loop)
{
	struct sigaction action = { .sa_handler = SIG_DFL };

	/* Else the same signal may be on its way once more. */
	if (!interrupts) {
		sigaction(SIGINT, &action, NULL);
		sigaction(SIGTERM, &action, NULL);
	}
	for (uint32_t i = 0; i < loop->n_rings; i++)
		ring_buffer__free(loop->rings[i].buffer);
	if (loop->epoll > 0)
		close(loop->epoll);
	memset(loop, 0, sizeof(*loop));
}

static int watch(struct loop *loop, int fd, uint32_t number, struct error *err)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = number };

	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event))
		return error_set(err, -errno, "cannot wait for events: %s", strerror(errno));
	return 0;
}

static int take_record(void *arg, void *data, size_t bytes)
{
	struct loop_ring *ring = arg;
	int rc = ring->fn(ring->arg, data, bytes);

	if (rc < 0)
		return rc;
	return ++ring->n_taken < LOOP_BATCH ? 0 : -EAGAIN;
}

/*
 * Whether there may be more. libbpf goes on for as long as there are records: where programs write faster
 * than they are read, for ever.
 */
static bool take_batch(struct loop *loop, struct loop_ring *ring)
{
	bool more;
	int rc;

	ring->n_taken = 0;
	rc = ring_buffer__consume(ring->buffer);
	more = ring->n_taken == LOOP_BATCH;
	if (rc < 0 && !more)
		loop->stopped = true;
	if (loop->idle)
		loop->idle(loop->idle_arg);
	return more;
}

int loop_add_ring(struct loop *loop, int map_fd, loop_record_fn *fn, void *arg, struct error *err)
{
	struct loop_ring *ring = &loop->rings[loop->n_rings];

	if (loop->n_rings == LOOP_RINGS_MAX)
		return error_set(err, -E2BIG, "more than %d ring buffers", LOOP_RINGS_MAX);
	*ring = (struct loop_ring){ .fn = fn, .arg = arg };
	ring->buffer = ring_buffer__new(map_fd, take_record, ring, NULL);
	if (!ring->buffer)
		return error_set(err, -errno, "cannot map the ring buffer: %s", strerror(errno));
	loop->n_rings++;
	return watch(loop, ring_buffer__epoll_fd(ring->buffer), RINGS_EVENT + loop->n_rings - 1,
		     err);
}

int loop_add_fd(struct loop *loop, int fd, loop_ready_fn *fn, void *arg, struct error *err)
{
	if (loop->n_ready == LOOP_FDS_MAX)
		return error_set(err, -E2BIG, "too many things to wait for");
	loop->ready[loop->n_ready].fn = fn;
	loop->ready[loop->n_ready].arg = arg;
	return watch(loop, fd, loop->n_ready++, err);
}

void loop_start(struct loop *loop)
{
	loop->start_ns = loop_now_ns();
	loop->next_ns = loop->setup.interval_ns ? loop->start_ns + loop->setup.interval_ns : 0;
	loop->end_ns = loop->setup.duration_ns ? loop->start_ns + loop->setup.duration_ns : 0;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

static void sleep_until(struct loop *loop, uint64_t when_ns)
{
	struct epoll_event events[EVENTS_MAX];
	struct timespec timeout = { 0 };
	sigset_t blocked, before;
	uint64_t now = loop_now_ns();
	int n;

	if (when_ns > now) {
		timeout.tv_sec = (time_t)((when_ns - now) / NS_PER_SECOND);
		timeout.tv_nsec = (long)((when_ns - now) % NS_PER_SECOND);
	}
	/* A signal between the test and the sleep must end the sleep. */
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	n = interrupts ? 0
		       : epoll_pwait2(loop->epoll, events, EVENTS_MAX, when_ns ? &timeout : NULL,
				      &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	for (int i = 0; i < n; i++) {
		uint32_t number = events[i].data.u32;

		if (number >= RINGS_EVENT)
			take_batch(loop, &loop->rings[number - RINGS_EVENT]);
		else
			loop->ready[number].fn(loop->ready[number].arg);
	}
}

/* One step of the wait: chores, then sleep until the next thing is due. */
static void step(struct loop *loop)
{
	uint64_t now = loop_now_ns(), when;

	if (loop->chore && (!loop->chore_ns || loop->chore_ns <= now)) {
		loop->chore_ns = loop->chore(loop->chore_arg, now);
		if (!loop->chore_ns)
			loop->chore = NULL;
	}
	if (loop->idle)
		loop->idle(loop->idle_arg);
	when = earlier(loop->next_ns, loop->end_ns);
	if (loop->chore)
		when = earlier(when, loop->chore_ns);
	sleep_until(loop, when);
}

bool loop_wait(struct loop *loop)
{
	bool looked = false;

	if (!loop->start_ns)
		loop_start(loop);
	for (;; looked = true) {
		uint64_t now = loop_now_ns();

		if (interrupts || loop->stopped || (loop->end_ns && now >= loop->end_ns))
			return false;
		/* However late it is: records and requests have their turn in every interval. */
		if (looked && loop->next_ns && now >= loop->next_ns) {
			/* A tool that was held up skips intervals rather than show empty ones. */
			while (loop->next_ns <= now)
				loop->next_ns += loop->setup.interval_ns;
			loop->n_intervals++;
			return !loop->setup.count || loop->n_intervals < loop->setup.count;
		}
		step(loop);
	}
}

void loop_drain(struct loop *loop)
{
	for (uint32_t i = 0; i < loop->n_rings; i++)
		while (take_batch(loop, &loop->rings[i]))
			;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}

bool loop_interrupted(const struct loop *loop)
{
	(void)loop;
	return interrupts;
}
