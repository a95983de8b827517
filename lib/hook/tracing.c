/* SPDX-License-Identifier: BSD-2-Clause */
#include "hook/tracing.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "hook/hook.h"
#include "hook/link.h"
#include "hook/uapi.h"
#include "nearest.h"
#include "tracefs.h"

/* Of iter_info: union bpf_iter_link_info. */
struct task_info {
	uint32_t tid;
	uint32_t pid;
	uint32_t pid_fd;
	uint32_t reserved;
};

/* A raw tracepoint has the name of a tracepoint, in whatever group. */
static char *nearest_raw_tp(const char *name)
{
	struct buffer events = { 0 };
	struct nearest best;
	char *found;

	nearest_begin(&best, name);
	tracefs_read("available_events", &events);
	for (char *line = events.data, *end; line && (end = strchr(line, '\n')); line = end + 1) {
		char *colon = strchr(line, ':');

		*end = '\0';
		if (colon && colon < end)
			nearest_add(&best, colon + 1);
	}
	nearest_add(&best, "sys_enter");
	nearest_add(&best, "sys_exit");
	found = best.name ? xstrdup(best.name) : NULL;
	buffer_deinit(&events);
	return found;
}

int hook_attach_raw_tp(int prog_fd, const char *name, struct hook **out, struct error *err)
{
	int fd = bpf_raw_tracepoint_open(name, prog_fd);
	char *meant;

	if (fd < 0 && errno == ENOENT) {
		meant = nearest_raw_tp(name);
		error_set(err, -ENOENT,
			  "raw tracepoint %s: this kernel has none of this name%s%s%s", name,
			  meant ? "; did you mean " : "", meant ? meant : "", meant ? "?" : "");
		free(meant);
		return -ENOENT;
	}
	if (fd < 0)
		return error_set(err, -errno, "raw tracepoint %s: %s (it needs CAP_PERFMON)", name,
				 strerror(errno));
	*out = hook_new("raw tracepoint %s", name);
	(*out)->link_fd = fd;
	return 0;
}

int hook_attach_tracing(int prog_fd, const char *section, struct hook **out, struct error *err)
{
	int fd = bpf_raw_tracepoint_open(NULL, prog_fd);

	if (fd < 0)
		return error_set(err, -errno,
				 "%s: %s (it needs CAP_PERFMON and a kernel with BPF "
				 "trampolines)",
				 section, strerror(errno));
	*out = hook_new("%s", section);
	(*out)->link_fd = fd;
	return 0;
}

int hook_attach_iter(int prog_fd, const char *section, pid_t pid, struct hook **out,
		     struct error *err)
{
	struct task_info task = { .pid = (uint32_t)pid };
	struct hook_link_attr attr = { .prog_fd = (uint32_t)prog_fd,
				       .attach_type = BPF_TRACE_ITER };

	if (pid > 0) {
		attr.iter_info = (uintptr_t)&task;
		attr.iter_info_len = sizeof(task);
	}
	return hook_attach_link(&attr, section,
				pid > 0 ? "an iterator of tasks, for --pid" : "Linux 5.8", out,
				err);
}

int hook_iter_open(const struct hook *h)
{
	int fd = bpf_iter_create(h->link_fd);

	return fd < 0 ? -errno : fd;
}
