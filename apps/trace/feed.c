/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/feed.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#define KIB	  1024u
#define PAUSE_NS  1000000	/* for a program that is at work when the tool ends */
#define SETTLE_NS 100000000	/* then they are detached first */

uint32_t feed_ring_bytes(uint64_t ring_kib)
{
	uint64_t bytes = (uint64_t)getpagesize();

	assert(ring_kib <= FEED_RING_KIB_MAX);
	while (bytes < ring_kib * KIB)
		bytes *= 2;
	return (uint32_t)bytes;
}

void feed_open(struct feed *feed, struct tool *tool, struct bpf_object *obj, uint64_t ring_kib)
{
	feed->tool = tool;
	feed->obj = obj;
	bpf_map__set_max_entries(bpf_object__find_map_by_name(obj, "ring"),
				 feed_ring_bytes(ring_kib));
}

int feed_tracepoint(struct feed *feed, const struct bpf_program *prog, const char *event,
		      const struct tracepoint_field *fields, uint32_t n_fields, struct error *err)
{
	int rc = tracepoint_check(event, fields, n_fields, err), fd;

	if (rc)
		return rc;
	fd = tracepoint_attach(bpf_program__fd(prog), event, err);
	if (fd < 0)
		return fd;
	assert(feed->n_tracepoints < FEED_TRACEPOINTS_MAX);
	feed->tracepoints[feed->n_tracepoints++] = fd;
	return 0;
}

int feed_listen(struct feed *feed, loop_record_fn *fn, void *arg, struct error *err)
{
	int ring = bpf_object__find_map_fd_by_name(feed->obj, "ring");

	return loop_add_ring(&feed->tool->loop, ring, fn, arg, err);
}

bool feed_wants_more(const struct feed *feed)
{
	return !feed->rows_max || feed->shown < feed->rows_max;
}

int feed_shown(struct feed *feed)
{
	feed->shown++;
	if (feed_wants_more(feed))
		return 0;
	loop_stop(&feed->tool->loop);
	return -1;
}

static int account_fd(const struct feed *feed)
{
	return bpf_object__find_map_fd_by_name(feed->obj, "account");
}

static void count_losses(void *arg)
{
	struct feed *feed = arg;
	struct account account;
	struct error err;
	uint64_t times;

	if (read(feed->timer, &times, sizeof(times)) == sizeof(times) &&
	    account_read(account_fd(feed), &account, &err) == 0)
		tool_count_losses(feed->tool, &account);
}

/* Who asks for metrics while the tool runs sees losses of a second ago. */
static void count_losses_now_and_then(struct feed *feed)
{
	struct itimerspec every = { .it_interval.tv_sec = 1, .it_value.tv_sec = 1 };
	struct error err;

	if (!feed->tool->metrics)
		return;
	feed->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (feed->timer < 0 || timerfd_settime(feed->timer, 0, &every, NULL) ||
	    loop_add_fd(&feed->tool->loop, feed->timer, count_losses, feed, &err))
		tool_say(feed->tool, "losses are counted in the metrics at the end only");
}

static void detach_tracepoints(struct feed *feed)
{
	for (uint32_t i = 0; i < feed->n_tracepoints; i++)
		close(feed->tracepoints[i]);
	feed->n_tracepoints = 0;
}

static bool all_are_shown(const struct feed *feed)
{
	struct account account;
	struct error err;

	return account_read(account_fd(feed), &account, &err) == 0 &&
	       feed->shown + account.dropped == account.occurred;
}

/*
 * Shows what is still in the ring. Tracepoints take half a second to detach, so the programs are only
 * told to hand over nothing more: then shown + dropped = occurred says that none of them is still at it.
 */
static bool show_rest(struct feed *feed)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	uint64_t end_ns = loop_now_ns() + SETTLE_NS;

	if (account_shut(feed->obj))
		return false;
	do {
		loop_drain(&feed->tool->loop);
		if (!feed_wants_more(feed) || all_are_shown(feed))
			return true;
		nanosleep(&pause, NULL);
	} while (loop_now_ns() < end_ns);
	return false;
}

void feed_run(struct feed *feed, void (*detach)(void *arg), void *arg)
{
	count_losses_now_and_then(feed);
	while (loop_wait(&feed->tool->loop))
		;
	if (feed_wants_more(feed) && !show_rest(feed)) {
		detach_tracepoints(feed);
		if (detach)
			detach(arg);
		loop_drain(&feed->tool->loop);
	}
	if (feed_wants_more(feed)) /* else the rest was not asked for */
		tool_account(feed->tool, account_fd(feed), feed->shown);
	tracepoint_let_go(feed->tracepoints, feed->n_tracepoints);
	feed->n_tracepoints = 0;
	if (detach)
		detach(arg);
}

void feed_close(struct feed *feed)
{
	detach_tracepoints(feed);
	if (feed->timer > 0)
		close(feed->timer);
	feed->timer = 0;
}
