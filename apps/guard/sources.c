/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard/sources.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHANGES                                                                                    \
	(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_DELETE_SELF |   \
	 IN_MOVE_SELF)
#define EVENTS_BYTES 4096

int sources_take_path(void *self, const char *path, struct error *err)
{
	struct sources *sources = self;

	if (sources->n_paths == SOURCES_MAX)
		return error_set(err, -E2BIG, "'%s': there are more than %d of them", path,
				 SOURCES_MAX);
	sources->paths[sources->n_paths++] = path;
	return 0;
}

bool sources_given(const struct sources *sources)
{
	return sources->n_paths || sources->n_texts;
}

int sources_read(const struct sources *sources, struct ruleset *set, struct error *err)
{
	int rc = 0;

	ruleset_init(set);
	for (uint32_t i = 0; i < sources->n_paths && !rc; i++)
		rc = ruleset_add_path(set, sources->paths[i], err);
	for (uint32_t i = 0; i < sources->n_texts && !rc; i++)
		rc = ruleset_add_text(set, sources->texts[i], err);
	if (!rc && !sources_given(sources))
		rc = ruleset_add_path(set, RULESET_FOLDER, err);
	return rc ? rc : ruleset_finish(set, err);
}

/* The path, where it is a folder, and the folder it lies in. */
static int watch_path(int fd, const char *path)
{
	char *copy = xstrdup(path);
	struct stat st;
	int rc = 0;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode) && inotify_add_watch(fd, path, CHANGES) < 0)
		rc = -errno;
	if (inotify_add_watch(fd, dirname(copy), CHANGES) < 0)
		rc = -errno;
	free(copy);
	return rc;
}

static int watch_all(const struct sources *sources, int fd)
{
	int rc = 0;

	for (uint32_t i = 0; i < sources->n_paths && !rc; i++)
		rc = watch_path(fd, sources->paths[i]);
	if (!rc && !sources_given(sources))
		rc = watch_path(fd, RULESET_FOLDER);
	return rc;
}

int sources_watch(const struct sources *sources, struct error *err)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), rc;

	if (fd < 0)
		return error_set(err, -errno, "cannot watch the rule files: %s", strerror(errno));
	rc = watch_all(sources, fd);
	if (!rc)
		return fd;
	close(fd);
	return error_set(err, rc, "cannot watch the rule files: %s", strerror(-rc));
}

void sources_watch_again(const struct sources *sources, int fd)
{
	char events[EVENTS_BYTES];

	while (read(fd, events, sizeof(events)) > 0)
		;
	watch_all(sources, fd);
}
