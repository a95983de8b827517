/* SPDX-License-Identifier: BSD-2-Clause */
#include "who/capture.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "buffer.h"
#include "tool/loop.h"
#include "tool/tracepoint.h"
#include "who/capture-api.bpf.h"
#include "who/follow.h"
#include "who/who.h"

#include "capture.skel.h"

static const struct {
	const char *name;
	bool is_going;
} events[] = {
	{ "cgroup/cgroup_mkdir", false },
	{ "cgroup/cgroup_rename", false },
	{ "cgroup/cgroup_rmdir", true },
};

#define N_EVENTS (sizeof(events) / sizeof(events[0]))

static const struct tracepoint_field fields[] = {
	{ "root", 8, 4 },
	{ "id", 16, 8 },
	{ "path", 24, 4 },
};

#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

_Static_assert(CAPTURE_WANTED_MAX == FOLLOW_NAMES_MAX, "one for each name");

struct who_capture {
	struct capture_bpf *bpf;
	struct ring_buffer *ring;
	struct who *who;
	struct follow *follow;	/* NULL: nobody is followed */
	int attached[N_EVENTS]; /* -1: not */
};

static int take_record(void *arg, void *data, size_t bytes)
{
	struct who_capture *capture = arg;
	const struct capture_record *record = data;

	if (bytes <= offsetof(struct capture_record, path) || ((char *)data)[bytes - 1] != '\0')
		return 0;
	who_learn(capture->who, record->id, record->path);
	if (!capture->follow || capture->follow->path)
		return 0;
	if (record->is_going)
		follow_forget(capture->follow, record->id);
	else
		follow_cgroup(capture->follow, record->id, record->path);
	return 0;
}

static void consume(void *arg)
{
	who_capture_poll(arg);
}

static struct bpf_program *comes_program(const struct who_capture *capture)
{
	return capture->follow ? capture->bpf->progs.cgroup_comes_followed
			       : capture->bpf->progs.cgroup_comes;
}

static int attach(struct who_capture *capture, struct error *err)
{
	int comes = bpf_program__fd(comes_program(capture)), rc;
	int goes = bpf_program__fd(capture->bpf->progs.cgroup_goes);

	for (size_t i = 0; i < N_EVENTS; i++) {
		rc = tracepoint_check(events[i].name, fields, N_FIELDS, err);
		if (rc)
			return rc;
		capture->attached[i] =
			tracepoint_attach(events[i].is_going ? goes : comes, events[i].name, err);
		if (capture->attached[i] < 0)
			return capture->attached[i];
	}
	return 0;
}

/* What the program looks for in paths, and where it puts what it finds. */
static int want(struct capture_bpf *bpf, const struct follow *follow)
{
	for (uint32_t i = 0; i < follow->n_names; i++) {
		struct capture_wanted *wanted = (void *)&bpf->rodata->wanted[i];
		const char *name = follow->names[i] ? follow->names[i] : "";

		/* Too long for it: who/follow.c alone finds it. */
		if (strlen(name) >= sizeof(wanted->text))
			continue;
		strcpy(wanted->text, name);
		wanted->is_id = !name[strspn(name, "0123456789abcdef")];
	}
	bpf->rodata->n_wanted = follow->n_names;
	return bpf_map__reuse_fd(bpf->maps.followed, follow->map_fd);
}

static int want_path(struct capture_bpf *bpf, const struct follow *follow)
{
	if (strlen(follow->path) >= sizeof(bpf->rodata->wanted_path))
		return -ENAMETOOLONG;
	strcpy((char *)bpf->rodata->wanted_path, follow->path);
	return bpf_map__reuse_fd(bpf->maps.made_again, follow->again_fd);
}

static int load(struct who_capture *capture, struct error *err)
{
	int rc = 0;

	capture->bpf = capture_bpf__open();
	if (!capture->bpf)
		rc = -errno;
	if (!rc) {
		bpf_program__set_autoload(capture->bpf->progs.cgroup_comes, !capture->follow);
		bpf_program__set_autoload(capture->bpf->progs.cgroup_comes_followed,
					  capture->follow);
	}
	if (!rc && capture->follow)
		rc = capture->follow->path ? want_path(capture->bpf, capture->follow)
					   : want(capture->bpf, capture->follow);
	if (!rc)
		rc = capture_bpf__load(capture->bpf);
	return rc ? error_set(err, rc, "the program that reports cgroups is refused: %s",
			      strerror(-rc))
		  : 0;
}

static int start(struct who_capture *capture, struct loop *loop, struct error *err)
{
	int rc = load(capture, err);

	if (rc)
		return rc;
	capture->ring = ring_buffer__new(bpf_map__fd(capture->bpf->maps.cgroups), take_record,
					 capture, NULL);
	if (!capture->ring)
		return error_set(err, -errno, "cannot map a ring buffer: %s", strerror(errno));
	rc = loop_add_fd(loop, ring_buffer__epoll_fd(capture->ring), consume, capture, err);
	return rc ? rc : attach(capture, err);
}

int who_capture_new(struct who *who, struct loop *loop, struct follow *follow,
		    struct who_capture **out, struct error *err)
{
	struct who_capture *capture = xcalloc(1, sizeof(*capture));
	int rc;

	*out = NULL;
	capture->who = who;
	capture->follow = follow;
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
	tracepoint_let_go(capture->attached, N_EVENTS);
	ring_buffer__free(capture->ring);
	capture_bpf__destroy(capture->bpf);
	free(capture);
}
