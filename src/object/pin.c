/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pins. Each keeps an O_PATH fd of its file, so the inode number cannot be used again while the pin
 * lives and "is the file gone" is st_nlink == 0; inotify (IN_ATTRIB: link count changed) only says
 * when to ask.
 *
 * Invariant (under engine->lock): pin_table.all holds exactly the pins that own a user reference.
 * Cost: one fd per pin; lookup is linear in the number of pins.
 */
#include "object/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/list.h"
#include "object/engine.h"
#include "object/fd.h"

struct pin {
	struct list list;
	struct object *obj; /* a user reference */
	dev_t dev;
	ino_t ino;
	int fd; /* O_PATH */
	int watch;
};

struct pin_table {
	struct list all;
	char *dirs[PIN_DIRS_MAX]; /* as realpath() gives them */
	uint32_t n_dirs;
	uint32_t n_unwatched; /* pins for which there was no watch left: asked on each poll */
};

int pin_table_init(struct engine *engine)
{
	engine->pins = mem_zalloc(sizeof(*engine->pins));
	if (!engine->pins)
		return -ENOMEM;
	list_init(&engine->pins->all);
	return 0;
}

/* engine->lock held. */
static void pin_watch(struct engine *engine, struct pin *pin)
{
	pin->watch = fd_table_watch(engine, pin->fd, IN_ATTRIB);
	if (pin->watch < 0)
		engine->pins->n_unwatched++;
}

static void pin_free(struct engine *engine, struct pin *pin)
{
	fd_table_unwatch(engine, pin->watch);
	close(pin->fd);
	object_put_user(pin->obj);
	free(pin);
}

/* Moves pins (all, or those whose file is gone) off the table, then frees them unlocked. */
static void drop(struct engine *engine, bool all)
{
	struct pin *pin, *tmp;
	struct list gone = LIST_INIT(gone);
	struct stat st;

	pthread_mutex_lock(&engine->lock);
	list_for_each_entry_safe(pin, tmp, &engine->pins->all, list)
		if (all || fstat(pin->fd, &st) < 0 || st.st_nlink == 0) {
			list_move_tail(&gone, &pin->list);
			engine->pins->n_unwatched -= pin->watch < 0;
		}
	pthread_mutex_unlock(&engine->lock);
	list_for_each_entry_safe(pin, tmp, &gone, list) {
		list_del(&pin->list);
		pin_free(engine, pin);
	}
}

void pin_table_drop_all(struct engine *engine)
{
	drop(engine, true);
}

void pin_table_poll(struct engine *engine)
{
	drop(engine, false);
}

bool pin_table_unwatched(struct engine *engine)
{
	return engine->pins->n_unwatched > 0;
}

void pin_table_deinit(struct engine *engine)
{
	struct pin_table *t = engine->pins;

	if (!t)
		return;
	for (uint32_t i = 0; i < t->n_dirs; i++)
		free(t->dirs[i]);
	free(t);
	engine->pins = NULL;
}

void pin_table_after_fork(struct engine *engine)
{
	struct pin *pin;

	engine->pins->n_unwatched = 0;
	list_for_each_entry(pin, &engine->pins->all, list)
		pin_watch(engine, pin);
}

int pin_dir_add(struct engine *engine, const char *path)
{
	struct pin_table *t = engine->pins;
	char *real;

	if (t->n_dirs == PIN_DIRS_MAX)
		return -ENOSPC;
	real = realpath(path, NULL);
	if (!real)
		return -errno;
	t->dirs[t->n_dirs++] = real;
	return 0;
}

/* The absolute, link-free form of the longest existing part of @path. False: there is none. */
static bool resolve(int dirfd, const char *path, char real[PATH_MAX])
{
	char buf[PATH_MAX];
	int n;

	if (path[0] == '/' || dirfd == AT_FDCWD)
		n = snprintf(buf, sizeof(buf), "%s", path);
	else
		n = snprintf(buf, sizeof(buf), "/proc/self/fd/%d/%s", dirfd, path);
	if (n < 0 || (size_t)n >= sizeof(buf))
		return false;
	while (!realpath(buf, real)) {
		char *slash = strrchr(buf, '/');

		if (errno != ENOENT || slash == buf)
			return false;
		if (slash)
			*slash = '\0';
		else
			strcpy(buf, ".");
	}
	return true;
}

bool pin_dir_has(struct engine *engine, int dirfd, const char *path)
{
	const struct pin_table *t = engine->pins;
	char real[PATH_MAX];

	if (!t->n_dirs || !resolve(dirfd, path, real))
		return false;
	for (uint32_t i = 0; i < t->n_dirs; i++) {
		size_t n = strlen(t->dirs[i]);

		if (!strncmp(real, t->dirs[i], n) && (real[n] == '/' || real[n] == '\0'))
			return true;
	}
	return false;
}

/* Opens the file as a pin: 0 or -errno. */
static int pin_new(int dirfd, const char *path, struct pin **out)
{
	struct pin *pin = mem_zalloc(sizeof(*pin));
	struct stat st;
	int err;

	if (!pin)
		return -ENOMEM;
	pin->fd = openat(dirfd, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (pin->fd < 0 || fstat(pin->fd, &st) < 0) {
		err = -errno;
		if (pin->fd >= 0)
			close(pin->fd);
		free(pin);
		return err;
	}
	pin->fd = fd_move_high(pin->fd);
	pin->dev = st.st_dev;
	pin->ino = st.st_ino;
	*out = pin;
	return 0;
}

/* Could a file be made at @path, by its name and parent? In the order of user_path_create(). */
static int check_new(int dirfd, const char *path)
{
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX];
	struct stat st;
	size_t n = slash ? (size_t)(slash - path) + 1 : 0;

	if (!path[0] || n >= sizeof(parent))
		return path[0] ? -ENAMETOOLONG : -ENOENT;
	if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	if (errno != ENOENT || !slash)
		return errno == ENOENT ? 0 : -errno;
	memcpy(parent, path, n);
	parent[n] = '\0';
	if (fstatat(dirfd, parent, &st, 0) < 0)
		return -errno;
	return slash[1] ? 0 : -ENOENT;
}

int pin_add(struct engine *engine, int dirfd, const char *path, struct object *obj)
{
	const char *base = strrchr(path, '/');
	struct pin *pin = NULL;
	int fd, err;

	err = check_new(dirfd, path);
	if (err)
		return err;
	if (!pin_dir_has(engine, dirfd, path))
		return -EPERM;
	/* bpffs allows no dot in a name: bpf_lookup(). */
	if (strchr(base ? base + 1 : path, '.'))
		return -EPERM;
	fd = openat(dirfd, path, O_CREAT | O_EXCL | O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	close(fd);
	err = pin_new(dirfd, path, &pin);
	if (err) {
		unlinkat(dirfd, path, 0);
		return err;
	}
	object_get_user(obj);
	pin->obj = obj;
	pthread_mutex_lock(&engine->lock);
	pin_watch(engine, pin);
	list_add_tail(&engine->pins->all, &pin->list);
	pthread_mutex_unlock(&engine->lock);
	return 0;
}

int pin_get(struct engine *engine, int dirfd, const char *path, struct object **obj)
{
	struct object *found = NULL;
	struct pin *pin;
	struct stat st;

	if (fstatat(dirfd, path, &st, 0) < 0)
		return -errno;
	pthread_mutex_lock(&engine->lock);
	list_for_each_entry(pin, &engine->pins->all, list)
		if (pin->ino == st.st_ino && pin->dev == st.st_dev)
			found = object_get(pin->obj);
	pthread_mutex_unlock(&engine->lock);
	if (!found)
		return -EACCES;
	*obj = found;
	return 0;
}
