/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/func_attach.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "buffer.h"
#include "hook/link.h"
#include "hook/uapi.h"

#define ENOTSUPP_KERNEL 524
#define PMU_FOLDER	"/sys/bus/event_source/devices/uprobe"

/* What one walk over the places of one file needs. */
struct walk {
	struct func_links *links;
	struct func_targets *t;
	const char *path;
	int prog_fd;
	bool is_return;
	pid_t pid;
	uint64_t *offsets;
	uint64_t *cookies;
};

static void keep(struct func_links *links, int fd)
{
	array_grow(links->fds, links->n);
	links->fds[links->n++] = fd;
}

static int attach_multi(const struct walk *w, uint32_t first, uint32_t n)
{
	struct hook_link_attr attr = { .prog_fd = (uint32_t)w->prog_fd,
				       .attach_type = HOOK_UPROBE_MULTI };

	attr.uprobe_multi.path = (uintptr_t)w->path;
	attr.uprobe_multi.offsets = (uintptr_t)(w->offsets + first);
	attr.uprobe_multi.cookies = (uintptr_t)(w->cookies + first);
	attr.uprobe_multi.cnt = n;
	attr.uprobe_multi.flags = w->is_return ? HOOK_UPROBE_MULTI_RETURN : 0;
	attr.uprobe_multi.pid = (uint32_t)w->pid;
	return hook_link_create(&attr);
}

/* Whether it is the place that was refused, so that others may be taken. */
static bool is_about_place(int error)
{
	return error == -ENOTSUPP_KERNEL || error == -EOPNOTSUPP || error == -EINVAL ||
	       error == -ENOEXEC || error == -EIO || error == -EFAULT;
}

/* Depth is bounded by the 17 bits of FUNC_PROBES_MAX. */
static int attach_all(struct walk *w, uint32_t first, uint32_t n)
{
	int fd, rc;

	if (!n)
		return 0;
	fd = attach_multi(w, first, n);
	if (fd >= 0) {
		keep(w->links, fd);
		return 0;
	}
	if (!is_about_place(fd))
		return fd;
	if (n == 1) {
		w->t->places[w->cookies[first]].refused = fd;
		return 0;
	}
	rc = attach_all(w, first, n / 2);
	return rc ? rc : attach_all(w, first + n / 2, n - n / 2);
}

/* A number from a file of the PMU's folder; -1: there is none. */
static int read_number(const char *path, const char *format)
{
	FILE *file = fopen(path, "re");
	int number = -1;

	if (file && fscanf(file, format, &number) != 1)
		number = -1;
	if (file)
		fclose(file);
	return number;
}

static int open_perf(const struct walk *w, uint64_t offset)
{
	int type = read_number(PMU_FOLDER "/type", "%d");
	int return_bit = read_number(PMU_FOLDER "/format/retprobe", "config:%d");
	struct perf_event_attr attr = { .size = sizeof(attr) };
	int fd;

	if (type < 0 || return_bit < 0)
		return -ENODEV;
	attr.type = (uint32_t)type;
	attr.config = w->is_return ? 1ull << return_bit : 0;
	attr.uprobe_path = (uintptr_t)w->path;
	attr.probe_offset = offset;
	fd = (int)syscall(SYS_perf_event_open, &attr, w->pid ? w->pid : -1, w->pid ? -1 : 0, -1,
			  PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int attach_perf(struct walk *w, uint32_t i)
{
	struct hook_link_attr attr = { .prog_fd = (uint32_t)w->prog_fd,
				       .attach_type = BPF_PERF_EVENT };
	int fd = open_perf(w, w->offsets[i]), link;

	if (fd < 0)
		return fd;
	attr.target_fd = (uint32_t)fd;
	attr.perf_event.bpf_cookie = w->cookies[i];
	link = hook_link_create(&attr);
	if (link < 0) {
		close(fd);
		return link;
	}
	keep(w->links, link);
	close(fd); /* the link holds the event */
	return 0;
}

static int attach_each(struct walk *w, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		int rc = attach_perf(w, i);

		if (rc && !is_about_place(rc))
			return rc;
		w->t->places[w->cookies[i]].refused = rc;
	}
	return 0;
}

static int say(int error, const char *path, struct error *err)
{
	switch (error) {
	case -EPERM:
	case -EACCES:
		return error_set(
			err, error,
			"the kernel does not allow probes (%s): CAP_BPF and CAP_PERFMON are "
			"needed",
			strerror(-error));
	case -ESRCH:
		return error_set(err, error, "the process is gone");
	case -EMFILE:
		return error_set(err, error,
				 "too many open files: name fewer functions, or raise `ulimit -n`");
	case -ENODEV:
		return error_set(err, error, "this kernel has no uprobes (CONFIG_UPROBE_EVENTS)");
	default:
		return error_set(err, error, "cannot attach to %s: %s", path, strerror(-error));
	}
}

/* Gathers the places of the file that are expected to be taken, or refused. */
static uint32_t gather(struct walk *w, uint32_t file, const bool *chosen, bool refused)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->t->n_places; i++) {
		const struct func_place *place = &w->t->places[i];

		if (w->t->functions[place->function].file != file || (chosen && !chosen[i]) ||
		    place->refused || place->placement.refused != refused)
			continue;
		w->offsets[n] = place->offset;
		w->cookies[n++] = i;
	}
	return n;
}

/* One by one those that will be refused: each failing link costs as much as a good one. */
static int attach_file(struct walk *w, enum func_hook hook, uint32_t file, const bool *chosen)
{
	uint32_t n;
	int rc;

	w->path = w->t->files[file].path;
	n = gather(w, file, chosen, false);
	rc = hook == FUNC_HOOK_MULTI ? attach_all(w, 0, n) : attach_each(w, n);
	if (rc)
		return rc;
	n = gather(w, file, chosen, true);
	if (hook == FUNC_HOOK_PERF)
		return attach_each(w, n);
	for (uint32_t i = 0; i < n && !rc; i++)
		rc = attach_all(w, i, 1);
	return rc;
}

int func_attach(struct func_links *links, enum func_hook hook, int prog_fd, struct func_targets *t,
		const bool *chosen, bool is_return, pid_t pid, struct error *err)
{
	struct walk w = { links, t, NULL, prog_fd, is_return, pid, NULL, NULL };
	int rc = 0;

	w.offsets = xcalloc(t->n_places, sizeof(*w.offsets));
	w.cookies = xcalloc(t->n_places, sizeof(*w.cookies));
	for (uint32_t file = 0; file < t->n_files && !rc; file++)
		rc = attach_file(&w, hook, file, chosen);
	if (rc)
		say(rc, w.path, err);
	free(w.offsets);
	free(w.cookies);
	return rc;
}

void func_detach(struct func_links *links)
{
	while (links->n)
		close(links->fds[--links->n]);
	free(links->fds);
	links->fds = NULL;
}
