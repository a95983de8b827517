/* SPDX-License-Identifier: BSD-2-Clause */
#include "who/capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "buffer.h"
#include "tool/loop.h"
#include "tool/tracepoint.h"
#include "who/capture-api.bpf.h"
#include "who/who.h"

#include "capture.skel.h"

static const char *const events[] = {
	"cgroup/cgroup_mkdir",
	"cgroup/cgroup_rename",
	"cgroup/cgroup_rmdir",
};

#define N_EVENTS (sizeof(events) / sizeof(events[0]))

static const struct tracepoint_field fields[] = {
	{ "root", 8, 4 },
	{ "id", 16, 8 },
	{ "path", 24, 4 },
};

#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

struct who_capture {
	struct capture_bpf *bpf;
	struct ring_buffer *ring;
	struct who *who;
	int attached[N_EVENTS]; /* -1: not */
};

static int take_record(void *arg, void *data, size_t bytes)
{
	struct who_capture *capture = arg;
	const struct capture_record *record = data;

	if (bytes > sizeof(record->id) && ((char *)data)[bytes - 1] == '\0')
		who_learn(capture->who, record->id, record->path);
	return 0;
}

static void consume(void *arg)
{
	who_capture_poll(arg);
}

static int attach(struct who_capture *capture, struct error *err)
{
	int prog = bpf_program__fd(capture->bpf->progs.report_cgroup), rc;

	for (size_t i = 0; i < N_EVENTS; i++) {
		rc = tracepoint_check(events[i], fields, N_FIELDS, err);
		if (rc)
			return rc;
		capture->attached[i] = tracepoint_attach(prog, events[i], err);
		if (capture->attached[i] < 0)
			return capture->attached[i];
	}
	return 0;
}

static int start(struct who_capture *capture, struct loop *loop, struct error *err)
{
	int rc;

	capture->bpf = capture_bpf__open_and_load();
	if (!capture->bpf)
		return error_set(err, -errno, "the program that reports cgroups is refused: %s",
				 strerror(errno));
	capture->ring = ring_buffer__new(bpf_map__fd(capture->bpf->maps.cgroups), take_record,
					 capture, NULL);
	if (!capture->ring)
		return error_set(err, -errno, "cannot map a ring buffer: %s", strerror(errno));
	rc = loop_add_fd(loop, ring_buffer__epoll_fd(capture->ring), consume, capture, err);
	return rc ? rc : attach(capture, err);
}

int who_capture_new(struct who *who, struct loop *loop, struct who_capture **out,
		    struct error *err)
{
	struct who_capture *capture = xcalloc(1, sizeof(*capture));
	int rc;

	*out = NULL;
	capture->who = who;
	memset(capture->attached, 0xff, sizeof(capture->attached));
	rc = start(capture, loop, err);
	if (rc) {
		who_capture_free(capture);
		return rc;
	}
	*out = capture;
	return 0;
}

void who_capture_poll(struct who_capture *capture)
{
	if (capture)
		ring_buffer__consume(capture->ring);
}

void who_capture_free(struct who_capture *capture)
{
	if (!capture)
		return;
	for (size_t i = 0; i < N_EVENTS; i++)
		if (capture->attached[i] >= 0)
			close(capture->attached[i]);
	ring_buffer__free(capture->ring);
	capture_bpf__destroy(capture->bpf);
	free(capture);
}
