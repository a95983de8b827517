/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/feed.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#define KIB 1024u

void feed_open(struct feed *feed, struct tool *tool, struct bpf_object *obj, uint64_t ring_kib)
{
	uint64_t bytes = (uint64_t)getpagesize();

	feed->tool = tool;
	feed->obj = obj;
	while (bytes < ring_kib * KIB)
		bytes *= 2;
	bpf_map__set_max_entries(bpf_object__find_map_by_name(obj, "ring"), (uint32_t)bytes);
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

static void detach_tracepoints(struct feed *feed)
{
	for (uint32_t i = 0; i < feed->n_tracepoints; i++)
		close(feed->tracepoints[i]);
	feed->n_tracepoints = 0;
}

void feed_run(struct feed *feed, void (*detach)(void *arg), void *arg)
{
	while (loop_wait(&feed->tool->loop))
		;
	detach_tracepoints(feed);
	if (detach)
		detach(arg);
	if (!feed_wants_more(feed))
		return; /* the rest was not asked for */
	loop_drain(&feed->tool->loop);
	tool_account(feed->tool, bpf_object__find_map_fd_by_name(feed->obj, "account"),
		     feed->shown);
}

void feed_close(struct feed *feed)
{
	detach_tracepoints(feed);
}
