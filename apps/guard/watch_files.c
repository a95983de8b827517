/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard/watch_files.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "buffer.h"

#define EVENTS_BYTES 4096

struct watch_files {
	int fd;
	bool is_fanotify;
};

struct watch_files *watch_files_new(void)
{
	struct watch_files *f = xcalloc(1, sizeof(*f));

	f->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY | O_CLOEXEC);
	f->is_fanotify = f->fd >= 0;
	if (f->fd < 0)
		f->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	return f;
}

struct watch_files *watch_files_free(struct watch_files *f)
{
	if (f && f->fd >= 0)
		close(f->fd);
	free(f);
	return NULL;
}

void watch_files_add(struct watch_files *f, const char *path)
{
	if (f->is_fanotify)
		fanotify_mark(f->fd, FAN_MARK_ADD, FAN_MODIFY, AT_FDCWD, path);
	else if (f->fd >= 0)
		inotify_add_watch(f->fd, path, IN_MODIFY);
}

int watch_files_fd(const struct watch_files *f)
{
	return f ? f->fd : -1;
}

const char *watch_files_kind(const struct watch_files *f)
{
	return !f || f->fd < 0 ? NULL : f->is_fanotify ? "fanotify" : "inotify";
}

static void take_fanotify(const char *events, ssize_t bytes, void (*fn)(void *arg, uint32_t tgid),
			  void *arg)
{
	const struct fanotify_event_metadata *event = (const void *)events;

	for (; FAN_EVENT_OK(event, bytes); event = FAN_EVENT_NEXT(event, bytes)) {
		if (event->fd >= 0)
			close(event->fd);
		fn(arg, event->pid > 0 ? (uint32_t)event->pid : 0);
	}
}

void watch_files_take(struct watch_files *f, void (*fn)(void *arg, uint32_t tgid), void *arg)
{
	_Alignas(struct fanotify_event_metadata) char events[EVENTS_BYTES];
	ssize_t bytes;

	while (f && f->fd >= 0 && (bytes = read(f->fd, events, sizeof(events))) > 0) {
		if (f->is_fanotify)
			take_fanotify(events, bytes, fn, arg);
		else
			fn(arg, 0);
	}
}
