/* SPDX-License-Identifier: BSD-2-Clause */
#include "hook/perf_event.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "buffer.h"
#include "hook/hook.h"
#include "nearest.h"
#include "tracefs.h"

#define NAME_BYTES_MAX 128

int hook_perf_open(const struct perf_event_attr *attr, pid_t pid, int cpu)
{
	int fd = (int)syscall(SYS_perf_event_open, attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int hook_perf_set_prog(int perf_fd, int prog_fd)
{
	if (ioctl(perf_fd, PERF_EVENT_IOC_SET_BPF, prog_fd) ||
	    ioctl(perf_fd, PERF_EVENT_IOC_ENABLE, 0))
		return -errno;
	return 0;
}

/* --- tracepoints ------------------------------------------------------------------------------------- */

/* The group of a tracepoint that is written "group:name", one per line, in available_events. */
static char *nearest_tracepoint(const char *group, const char *name)
{
	char *wanted = xformat("%s:%s", group, name);
	struct buffer events = { 0 };
	struct nearest best;
	char *found;

	nearest_begin(&best, wanted);
	tracefs_read("available_events", &events);
	for (char *line = events.data, *end; line && (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		nearest_add(&best, line);
	}
	found = best.name ? xstrdup(best.name) : NULL;
	free(wanted);
	buffer_deinit(&events);
	return found;
}

static int no_tracepoint(const char *group, const char *name, struct error *err)
{
	char *meant = nearest_tracepoint(group, name);

	error_set(err, -ENOENT, "tracepoint %s:%s: this kernel has none of this name%s%s%s", group,
		  name, meant ? "; did you mean " : "", meant ? meant : "", meant ? "?" : "");
	free(meant);
	return -ENOENT;
}

static int tracepoint_id(const char *group, const char *name, uint64_t *id, struct error *err)
{
	char *path = xformat("events/%s/%s/id", group, name);
	struct buffer text = { 0 };
	int rc = tracefs_read(path, &text);

	*id = strtoull(buffer_string(&text), NULL, 10);
	buffer_deinit(&text);
	free(path);
	if (rc == -ENOENT)
		return no_tracepoint(group, name, err);
	if (rc)
		return error_set(err, rc,
				 "tracepoint %s:%s: tracefs cannot be read (%s): it needs "
				 "root or CAP_SYS_ADMIN",
				 group, name, strerror(-rc));
	return 0;
}

static int refuse(struct hook *h, int rc, struct error *err)
{
	error_set(err, rc, "%s: %s%s", h->what, strerror(-rc),
		  rc == -EPERM || rc == -EACCES ? ": it needs CAP_PERFMON" : "");
	hook_detach(h);
	return rc;
}

int hook_attach_tracepoint(int prog_fd, const char *group, const char *name, struct hook **out,
			   struct error *err)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.sample_period = 1,
		.wakeup_events = 1,
	};
	struct hook *h;
	uint64_t id;
	int rc, fd;

	if (strlen(group) > NAME_BYTES_MAX || strlen(name) > NAME_BYTES_MAX || strchr(group, '/') ||
	    strchr(name, '/'))
		return error_set(err, -EINVAL, "tracepoint '%s:%s': that is no name of one", group,
				 name);
	rc = tracepoint_id(group, name, &id, err);
	if (rc)
		return rc;
	attr.config = id;
	h = hook_new("tracepoint %s:%s", group, name);
	fd = hook_perf_open(&attr, -1, 0);
	if (fd < 0)
		return refuse(h, fd, err);
	hook_keep_fd(h, fd);
	rc = hook_perf_set_prog(fd, prog_fd);
	if (rc)
		return refuse(h, rc, err);
	*out = h;
	return 0;
}

/* --- timer ------------------------------------------------------------------------------------------- */

static int add_timer(struct hook *h, const struct perf_event_attr *attr, int prog_fd, pid_t pid,
		     int cpu)
{
	int fd = hook_perf_open(attr, pid, cpu);

	if (fd < 0)
		return fd;
	hook_keep_fd(h, fd);
	return hook_perf_set_prog(fd, prog_fd);
}

int hook_attach_timer(int prog_fd, uint32_t hz, pid_t pid, struct hook **out, struct error *err)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.freq = 1,
		.sample_freq = hz,
		.inherit = pid > 0,
	};
	struct hook *h = hook_new("timer, %u a second", hz);
	long n_cpus = sysconf(_SC_NPROCESSORS_CONF);
	int rc = 0, n = 0;

	if (pid > 0) {
		rc = add_timer(h, &attr, prog_fd, pid, -1);
		if (rc == -ESRCH) {
			hook_detach(h);
			return error_set(err, rc, "there is no process %d", (int)pid);
		}
	}
	for (long cpu = 0; pid <= 0 && !rc && cpu < n_cpus; cpu++) {
		rc = add_timer(h, &attr, prog_fd, -1, (int)cpu);
		n += !rc;
		/* A CPU that is offline. */
		if (rc == -ENODEV)
			rc = 0;
	}
	if (!rc && pid <= 0 && !n)
		rc = -ENODEV;
	if (rc)
		return refuse(h, rc, err);
	*out = h;
	return 0;
}
