/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guard's log, read and written where it stands. A writer takes a number, claims the place of it,
 * and writes the number last; a reader believes what it copied when the number was the same before and
 * after.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "guard/enforce_parts.h"
#include "tool/loop.h"

#define BELL_RECORD 16 /* bytes of one in the ring, its head among them */
#define PAUSE_NS                                                                                   \
	10000000 /* to ring costs who causes the event more than the event: at most so often */

/* Told of in one turn: libbpf goes on for as long as records come, for ever where they come too fast. */
#define PASSED_MAX 4096

#define PLACE(number) ((number) & (GUARD_LOG_ENTRIES - 1))

uint64_t enforce_log_end(struct enforce *e)
{
	return __atomic_load_n(&e->state->log_next, __ATOMIC_SEQ_CST);
}

enum outcome {
	PENDING,
	COPIED,
	LOST
};

/* Copies event @number, which was begun. */
static enum outcome copy(const struct guard_event *place, uint64_t number, struct guard_event *out)
{
	uint64_t seq = __atomic_load_n(&place->seq, __ATOMIC_SEQ_CST);

	if (seq == number + 1) {
		memcpy(out, place, sizeof(*out));
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		return __atomic_load_n(&place->seq, __ATOMIC_SEQ_CST) == seq ? COPIED : LOST;
	}
	if (seq > number + 1 || __atomic_load_n(&place->left_out, __ATOMIC_SEQ_CST) > number)
		return LOST;
	return PENDING;
}

int enforce_log_next(struct enforce *e, uint64_t *seq, struct guard_event *out, uint64_t *lost)
{
	uint64_t end;

	enforce_renew(e);
	for (;; (*seq)++, (*lost)++) {
		end = enforce_log_end(e);
		if (*seq >= end)
			return 0;
		if (end - *seq > GUARD_LOG_ENTRIES) {
			*lost += end - GUARD_LOG_ENTRIES - *seq;
			*seq = end - GUARD_LOG_ENTRIES;
		}
		switch (copy(&e->events[PLACE(*seq)], *seq, out)) {
		case PENDING:
			return 0;
		case COPIED:
			(*seq)++;
			return 1;
		case LOST:
			break;
		}
	}
}

void enforce_log_add(struct enforce *e, struct guard_event *event)
{
	uint64_t number = __atomic_fetch_add(&e->state->log_next, 1, __ATOMIC_SEQ_CST);
	struct guard_event *place = &e->events[PLACE(number)];
	size_t from = offsetof(struct guard_event, ns);

	event->ns = loop_now_ns();
	event->generation = enforce_generation(e);
	if (__atomic_exchange_n(&place->busy, 1, __ATOMIC_SEQ_CST)) {
		__atomic_store_n(&place->left_out, number + 1, __ATOMIC_SEQ_CST);
		return;
	}
	__atomic_store_n(&place->seq, 0, __ATOMIC_SEQ_CST);
	event->busy = 1;
	memcpy((char *)place + from, (const char *)event + from, sizeof(*event) - from);
	__atomic_store_n(&place->seq, number + 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&place->busy, 0, __ATOMIC_SEQ_CST);
}

/* --- the bell ------------------------------------------------------------------------------- */

static int take_passed(void *arg, void *data, size_t bytes)
{
	struct enforce *e = arg;

	if (bytes >= sizeof(struct guard_passed) && e->passed)
		e->passed(e->passed_arg, data);
	return ++e->n_passed < PASSED_MAX ? 0 : -EAGAIN;
}

static int bell_watch(struct enforce *e, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events };

	return epoll_ctl(e->bell, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/*
 * Wakes at the next event. The last record stays: a ring without any is not readable, and others who
 * are being woken by it would sleep on.
 */
static void bell_arm(struct enforce *e)
{
	uint64_t end = __atomic_load_n(e->bell_end, __ATOMIC_SEQ_CST);

	if (end - __atomic_load_n(e->bell_begin, __ATOMIC_SEQ_CST) > GUARD_BELL_BYTES / 2)
		__atomic_store_n(e->bell_begin, end - BELL_RECORD, __ATOMIC_SEQ_CST);
	__atomic_exchange_n(&e->state->armed, 1, __ATOMIC_SEQ_CST);
	e->armed_ns = loop_now_ns();
}

/* The bell is armed when a while has passed since it was. */
static void bell_pause(struct enforce *e)
{
	struct itimerspec once = { .it_value.tv_nsec = PAUSE_NS };

	if (loop_now_ns() - e->armed_ns >= PAUSE_NS || timerfd_settime(e->pause, 0, &once, NULL))
		bell_arm(e);
}

/* The ring's two positions. 0 or -errno. */
static int bell_map(struct enforce *e)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = e->fds[PIN_BELL];

	e->bell_begin = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (e->bell_begin == MAP_FAILED)
		return -errno;
	e->bell_end = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, (off_t)page);
	return e->bell_end == MAP_FAILED ? -errno : 0;
}

static int bell_open(struct enforce *e)
{
	int rc = bell_map(e);

	if (rc)
		return rc;
	e->bell = epoll_create1(EPOLL_CLOEXEC);
	if (e->bell < 0)
		return -errno;
	e->pause = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (e->pause < 0)
		return -errno;
	rc = bell_watch(e, e->pause, EPOLLIN | EPOLLET);
	if (rc)
		return rc;
	/* By the edge, since nobody empties the ring. */
	return bell_watch(e, e->fds[PIN_BELL], EPOLLIN | EPOLLET);
}

int enforce_bell_fd(struct enforce *e)
{
	int rc = 0;

	if (e->bell < 0)
		rc = bell_open(e);
	if (rc) {
		enforce_bell_close(e);
		return rc;
	}
	bell_arm(e);
	return e->bell;
}

void enforce_bell_close(struct enforce *e)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (e->bell >= 0)
		close(e->bell);
	if (e->pause >= 0)
		close(e->pause);
	if (e->bell_begin && e->bell_begin != MAP_FAILED)
		munmap(e->bell_begin, page);
	if (e->bell_end && e->bell_end != MAP_FAILED)
		munmap((void *)e->bell_end, page);
	e->bell = e->pause = -1;
	e->bell_begin = NULL;
	e->bell_end = NULL;
}

int enforce_on_passed(struct enforce *e, void (*fn)(void *arg, const struct guard_passed *passed),
		      void *arg)
{
	int rc = enforce_bell_fd(e);

	if (rc < 0)
		return rc;
	e->passed = fn;
	e->passed_arg = arg;
	if (e->passed_ring)
		return 0;
	e->passed_ring = ring_buffer__new(e->fds[PIN_PASSED], take_passed, e, NULL);
	if (!e->passed_ring)
		return -errno;
	return bell_watch(e, e->fds[PIN_PASSED], EPOLLIN);
}

void enforce_bell_clear(struct enforce *e)
{
	struct epoll_event events[3];

	enforce_renew(e);
	if (e->bell < 0)
		return;
	epoll_wait(e->bell, events, 3, 0); /* the edge is passed */
	bell_pause(e);
	e->n_passed = 0;
	if (e->passed_ring)
		ring_buffer__consume(e->passed_ring);
}
