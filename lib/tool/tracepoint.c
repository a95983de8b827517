/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/tracepoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/perf_event.h>

#include <bpf/bpf.h>

#include "buffer.h"
#include "kernel_fs.h"

#define PATH_BYTES   256
#define FORMAT_BYTES 16384

/* A small file of an event: its bytes, with a NUL, or -errno with a sentence. */
static int read_event(const char *event, const char *file, char text[FORMAT_BYTES],
		      struct error *err)
{
	char path[PATH_BYTES];
	int root = kernel_fs_root(KERNEL_FS_TRACE, NULL), fd, rc;
	ssize_t n;

	if (root < 0)
		return error_set(err, root,
				 "tracefs is not mounted and may not be opened (CAP_SYS_ADMIN): %s",
				 strerror(-root));
	snprintf(path, sizeof(path), "events/%s/%s", event, file);
	fd = openat(root, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, -errno, "the tracepoint %s cannot be read: %s", event,
				 errno == ENOENT ? "this kernel has none" : strerror(errno));
	n = read(fd, text, FORMAT_BYTES - 1);
	rc = n < 0 ? -errno : 0;
	close(fd);
	if (rc)
		return error_set(err, rc, "the tracepoint %s cannot be read: %s", event,
				 strerror(-rc));
	text[n] = '\0';
	return 0;
}

/* "field:TYPE NAME[N];	offset:8;	size:4;": whether this line is of the field, and how. */
static bool line_is(const char *line, size_t bytes, const struct tracepoint_field *field,
		    bool *same)
{
	const char *semicolon = memchr(line, ';', bytes), *name, *end;
	unsigned offset, size;
	size_t n;

	if (!semicolon || !memmem(line, bytes, "field:", 6))
		return false;
	end = semicolon;
	if (end[-1] == ']')
		while (end > line && *end != '[')
			end--;
	name = end;
	while (name > line && name[-1] != ' ' && name[-1] != '*')
		name--;
	n = (size_t)(end - name);
	if (n != strlen(field->name) || strncmp(name, field->name, n))
		return false;
	*same = sscanf(semicolon, "; offset:%u; size:%u;", &offset, &size) == 2 &&
		offset == field->offset && size == field->bytes;
	return true;
}

static bool format_has(const char *format, const struct tracepoint_field *field)
{
	bool same = false;
	size_t n;

	for (; *format; format += n + (format[n] == '\n')) {
		n = strcspn(format, "\n");
		if (line_is(format, n, field, &same))
			return same;
	}
	return false;
}

int tracepoint_check_text(const char *format, const struct tracepoint_field *fields, uint32_t n,
			  uint32_t *which)
{
	for (uint32_t i = 0; i < n; i++) {
		if (format_has(format, &fields[i]))
			continue;
		*which = i;
		return -ENOTSUP;
	}
	return 0;
}

int tracepoint_check(const char *event, const struct tracepoint_field *fields, uint32_t n,
		     struct error *err)
{
	char *text = xrealloc(NULL, FORMAT_BYTES);
	uint32_t which;
	int rc = read_event(event, "format", text, err);

	if (!rc && tracepoint_check_text(text, fields, n, &which))
		rc = error_set(err, -ENOTSUP,
			       "the tracepoint %s of this kernel has no field '%s' where this tool "
			       "reads it",
			       event, fields[which].name);
	free(text);
	return rc;
}

static int open_event(uint64_t id)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = id,
		.sample_period = 1,
		.wakeup_events = 1,
	};

	/* The CPU does not matter: the program hangs on the tracepoint, not on this event's counting. */
	return (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
}

int tracepoint_attach(int prog_fd, const char *event, struct error *err)
{
	char text[FORMAT_BYTES];
	int rc = read_event(event, "id", text, err), fd;

	if (rc)
		return rc;
	fd = open_event(strtoull(text, NULL, 10));
	if (fd < 0)
		return error_set(err, -errno, "cannot open the tracepoint %s: %s", event,
				 strerror(errno));
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog_fd) || ioctl(fd, PERF_EVENT_IOC_ENABLE, 0)) {
		rc = -errno;
		close(fd);
		return error_set(err, rc, "cannot attach to the tracepoint %s: %s", event,
				 strerror(-rc));
	}
	return fd;
}

void tracepoint_let_go(const int *fds, uint32_t n)
{
	/* Its elements hold their events, and it gives them up after RCU, where the kernel defers the rest. */
	int map = n ? bpf_map_create(BPF_MAP_TYPE_PERF_EVENT_ARRAY, "let_go", sizeof(uint32_t),
				     sizeof(uint32_t), n, NULL)
		    : -1;

	for (uint32_t i = 0; i < n; i++) {
		if (fds[i] < 0)
			continue;
		if (map >= 0)
			bpf_map_update_elem(map, &i, &fds[i], BPF_ANY);
		close(fds[i]);
	}
	if (map >= 0)
		close(map);
}
