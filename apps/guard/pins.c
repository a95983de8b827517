/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guard's pins: a folder of a bpf file system with its program, the maps a reader opens, and the
 * link, which is what keeps the guard in force: it is pinned last and unpinned first. Who changes a
 * folder holds a lock on the one above it. Folders that others than this user could change are not
 * used: they could take the guard away.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include <bpf/bpf.h>

#include "guard/enforce_parts.h"
#include "who/process.h"

#define PATH_BYTES 4096
#define LINK_NEW   "link_new" /* one that is about to take the link's place */

const char *const enforce_pin_names[N_PINS] = {
	[PIN_PROGRAM] = "program", [PIN_RULES] = "rules", [PIN_EVENTS] = "events",
	[PIN_STATE] = "state",	   [PIN_BELL] = "bell",	  [PIN_PASSED] = "passed",
	[PIN_ALLOWED] = "allowed", [PIN_LINK] = "link",
};

/* --- folders -------------------------------------------------------------------------------- */

static int folder_of(const char *path, char out[PATH_BYTES])
{
	char copy[PATH_BYTES];

	if (snprintf(copy, sizeof(copy), "%s", path) >= PATH_BYTES)
		return -ENAMETOOLONG;
	snprintf(out, PATH_BYTES, "%s", dirname(copy));
	return 0;
}

/* That only this user, or root, can change what is in it. 0, or -errno with a sentence. */
static int folder_check(const char *path, struct error *err)
{
	struct statfs fs;
	struct stat st;

	if (stat(path, &st) || statfs(path, &fs))
		return error_set(err, -errno, "%s: %s", path, strerror(errno));
	if (fs.f_type != BPF_FS_MAGIC)
		return error_set(
			err, -EOPNOTSUPP,
			"%s is not on a bpf file system: `mount -t bpf bpf /sys/fs/bpf` makes one",
			path);
	if (!S_ISDIR(st.st_mode))
		return error_set(err, -ENOTDIR, "%s is not a folder", path);
	if (st.st_uid && st.st_uid != geteuid())
		return error_set(
			err, -EPERM,
			"%s belongs to the user %u, who could take the guard away: give it to "
			"root, or use another folder with --pins",
			path, st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH) && !(st.st_mode & S_ISVTX))
		return error_set(
			err, -EPERM,
			"%s may be changed by others, who could take the guard away: `chmod go-w` "
			"it, or use another folder with --pins",
			path);
	return 0;
}

bool enforce_pins_mounted(const char *pins)
{
	char path[PATH_BYTES], above[PATH_BYTES];
	struct statfs fs;

	snprintf(path, sizeof(path), "%s", pins);
	while (statfs(path, &fs)) {
		if (errno != ENOENT || folder_of(path, above) || strcmp(path, above) == 0)
			return false;
		snprintf(path, sizeof(path), "%s", above);
	}
	return fs.f_type == BPF_FS_MAGIC;
}

/* Makes the folder and those above it, from the file system's root on. */
static int folder_make(const char *path, struct error *err)
{
	char above[PATH_BYTES];
	struct stat st;
	int rc = folder_of(path, above);

	if (rc)
		return error_set(err, rc, "'%.80s...' is too long for a path", path);
	if (stat(path, &st) && errno == ENOENT && strcmp(above, path)) {
		rc = folder_make(above, err);
		if (rc)
			return rc;
		if (mkdir(path, 0700) && errno != EEXIST)
			return error_set(err, -errno, "cannot make the folder %s: %s", path,
					 strerror(errno));
	}
	return folder_check(path, err);
}

/* A lock on the folder above @pins, until the descriptor is closed. -errno with a sentence; -EAGAIN: not now. */
static int lock_above(const char *pins, int how, struct error *err)
{
	char above[PATH_BYTES];
	int rc = folder_of(pins, above), fd;

	if (rc)
		return error_set(err, rc, "'%.80s...' is too long for a path", pins);
	fd = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, -errno, "%s: %s", above, strerror(errno));
	if (flock(fd, how) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return error_set(err, rc, "cannot lock %s: %s", above, strerror(-rc));
}

static void pin_path(const char *pins, const char *name, char out[PATH_BYTES])
{
	snprintf(out, PATH_BYTES, "%.4000s/%s", pins, name);
}

static bool pin_is_there(const char *pins, const char *name)
{
	char path[PATH_BYTES];

	pin_path(pins, name, path);
	return access(path, F_OK) == 0;
}

static void unlink_pins(const char *pins)
{
	char path[PATH_BYTES];

	pin_path(pins, LINK_NEW, path);
	unlink(path);
	for (int i = N_PINS - 1; i >= 0; i--) {
		pin_path(pins, enforce_pin_names[i], path);
		unlink(path);
	}
}

/* --- opening -------------------------------------------------------------------------------- */

static int open_pins(struct enforce *e, const char *pins, struct error *err)
{
	char path[PATH_BYTES];

	for (int i = 0; i < N_PINS; i++) {
		pin_path(pins, enforce_pin_names[i], path);
		e->fds[i] = bpf_obj_get(path);
		if (e->fds[i] < 0 && errno == EPERM)
			return error_set(
				err, -EPERM,
				"%s: it needs the capability CAP_BPF, which this process does "
				"not have: run it as root",
				path);
		/* Without a link there is a guard that guards nothing. */
		if (e->fds[i] < 0 && i != PIN_LINK)
			return error_set(err, -ENOENT,
					 "the guard in %s is not whole: install it again", pins);
	}
	return 0;
}

/* That the maps are of this version. */
static int check_sizes(struct enforce *e, const char *pins, struct error *err)
{
	static const struct {
		enum enforce_pin pin;
		uint32_t bytes;
	} sizes[] = { { PIN_EVENTS, sizeof(struct guard_event) },
		      { PIN_STATE, sizeof(struct guard_state) } };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct bpf_map_info info = { 0 };
		__u32 bytes = sizeof(info);

		if (bpf_obj_get_info_by_fd(e->fds[sizes[i].pin], &info, &bytes) ||
		    info.value_size != sizes[i].bytes)
			return error_set(
				err, -EINVAL,
				"the guard in %s is of another version: remove it, and install it "
				"again",
				pins);
	}
	return 0;
}

int enforce_open_pinned(const char *pins, struct enforce **out, struct error *err)
{
	struct enforce *e;
	int rc;

	if (access(pins, F_OK))
		return error_set(err, -errno == -ENOTDIR ? -ENOENT : -errno,
				 "no guard is installed in %s", pins);
	rc = folder_check(pins, err);
	if (rc)
		return rc;
	if (!pin_is_there(pins, enforce_pin_names[PIN_PROGRAM]))
		return error_set(err, -ENOENT, "no guard is installed in %s", pins);
	e = enforce_new();
	rc = open_pins(e, pins, err);
	if (!rc)
		rc = check_sizes(e, pins, err);
	if (!rc)
		rc = enforce_map(e, err);
	if (rc) {
		enforce_close(e);
		return rc;
	}
	e->pinned = xstrdup(pins);
	*out = e;
	return 0;
}

bool enforce_open_link(struct enforce *e)
{
	char path[PATH_BYTES];
	int fd;

	pin_path(e->pinned, enforce_pin_names[PIN_LINK], path);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return false;
	if (e->fds[PIN_LINK] >= 0)
		close(e->fds[PIN_LINK]);
	e->fds[PIN_LINK] = fd;
	return true;
}

const char *enforce_pins(const struct enforce *e)
{
	return e->pinned;
}

bool enforce_is_pinned(struct enforce *e)
{
	return e->pinned && pin_is_there(e->pinned, enforce_pin_names[PIN_LINK]);
}

bool enforce_is_whole(struct enforce *e)
{
	bool whole = e->pinned;

	/* A link that was missing when it was opened is not a pin that went. */
	for (int i = 0; i < N_PINS && whole; i++)
		whole = e->fds[i] < 0 || pin_is_there(e->pinned, enforce_pin_names[i]);
	return whole;
}

bool enforce_is_removed(const struct enforce *e)
{
	return __atomic_load_n(&e->state->removed, __ATOMIC_SEQ_CST);
}

/* --- pinning -------------------------------------------------------------------------------- */

static int pin_all(struct enforce *e, const char *pins, struct error *err)
{
	char path[PATH_BYTES];

	for (int i = 0; i < N_PINS; i++) {
		pin_path(pins, enforce_pin_names[i], path);
		if (bpf_obj_pin(e->fds[i], path))
			return error_set(err, -errno, "cannot pin the guard to %s: %s", path,
					 strerror(errno));
	}
	return 0;
}

static int pin_locked(struct enforce *e, const char *pins, struct error *err)
{
	int rc;

	if (mkdir(pins, 0700) && errno != EEXIST)
		return error_set(err, -errno, "cannot make the folder %s: %s", pins,
				 strerror(errno));
	rc = folder_check(pins, err);
	if (rc)
		return rc;
	if (pin_is_there(pins, enforce_pin_names[PIN_LINK]))
		return error_set(err, -EEXIST, "a guard is installed in %s", pins);
	unlink_pins(pins); /* of one that was killed while it pinned */
	if (rmdir(pins) || mkdir(pins, 0700))
		return error_set(
			err, -errno,
			"%s has other things in it: take them away, or use another folder with "
			"--pins",
			pins);
	rc = pin_all(e, pins, err);
	if (rc) {
		unlink_pins(pins);
		rmdir(pins);
	}
	return rc;
}

int enforce_pin(struct enforce *e, const char *pins, struct error *err)
{
	char above[PATH_BYTES];
	int rc = folder_of(pins, above), lock;

	if (rc)
		return error_set(err, rc, "'%.80s...' is too long for a path", pins);
	rc = folder_make(above, err);
	if (rc)
		return rc;
	lock = lock_above(pins, LOCK_EX, err);
	if (lock < 0)
		return lock;
	rc = pin_locked(e, pins, err);
	close(lock);
	if (!rc)
		e->pinned = xstrdup(pins);
	return rc;
}

/* --- changing them -------------------------------------------------------------------------- */

struct enforce_change {
	int lock;
	struct guard_state *state; /* the guard's; NULL: none is there, or one of another version */
	char pins[PATH_BYTES];
};

/* The state of the guard that is pinned there, mapped. NULL: it is not to be had. */
static struct guard_state *map_state(const char *pins)
{
	struct bpf_map_info info = { 0 };
	struct guard_state *state = MAP_FAILED;
	__u32 bytes = sizeof(info);
	char path[PATH_BYTES];
	int fd;

	pin_path(pins, enforce_pin_names[PIN_STATE], path);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return NULL;
	if (!bpf_obj_get_info_by_fd(fd, &info, &bytes) && info.value_size == sizeof(*state))
		state = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return state == MAP_FAILED ? NULL : state;
}

static void set_changer(struct guard_state *state, uint32_t tgid)
{
	uint64_t start = 0;

	if (!state || (tgid && process_start(tgid, &start)))
		return;
	__atomic_store_n(&state->changer_tgid, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&state->changer_start, start, __ATOMIC_SEQ_CST);
	__atomic_store_n(&state->changer_tgid, tgid, __ATOMIC_SEQ_CST);
}

int enforce_change_begin(const char *pins, struct enforce_change **out, struct error *err)
{
	struct enforce_change *change;
	int lock;

	if (access(pins, F_OK))
		return error_set(err, -ENOENT, "no guard is installed in %s", pins);
	lock = lock_above(pins, LOCK_EX, err);
	if (lock < 0)
		return lock;
	change = xcalloc(1, sizeof(*change));
	change->lock = lock;
	snprintf(change->pins, sizeof(change->pins), "%s", pins);
	change->state = map_state(pins);
	set_changer(change->state, (uint32_t)getpid());
	*out = change;
	return 0;
}

void enforce_change_end(struct enforce_change *change)
{
	if (!change)
		return;
	set_changer(change->state, 0);
	if (change->state)
		munmap(change->state, sizeof(*change->state));
	close(change->lock);
	free(change);
}

static bool is_any_there(const char *pins)
{
	bool found = false;

	for (int i = 0; i < N_PINS; i++)
		found |= pin_is_there(pins, enforce_pin_names[i]);
	return found;
}

/* First it is said that they go for good: who looks after them sees it when they are gone. */
static void unlink_for_good(struct enforce_change *change)
{
	if (change->state)
		__atomic_store_n(&change->state->removed, 1, __ATOMIC_SEQ_CST);
	unlink_pins(change->pins);
	if (change->state && is_any_there(change->pins))
		__atomic_store_n(&change->state->removed, 0, __ATOMIC_SEQ_CST);
}

int enforce_unpin(struct enforce_change *change, struct error *err)
{
	const char *pins = change->pins;
	int rc = folder_check(pins, err);
	bool found;

	if (rc)
		return rc;
	found = is_any_there(pins);
	unlink_for_good(change);
	if (is_any_there(pins))
		return error_set(
			err, -EPERM,
			"the guard of %s does not go: take its pins away in the first PID and "
			"time namespace",
			pins);
	if (rmdir(pins) == 0 || errno == ENOENT)
		return found ? 0 : error_set(err, -ENOENT, "no guard is installed in %s", pins);
	rc = -errno;
	if (found)
		return error_set(err, rc, "the guard is removed; %s stays: %s", pins,
				 rc == -ENOTEMPTY ? "it has other things in it" : strerror(-rc));
	return error_set(err, -ENOENT, "no guard is installed in %s, which has other things in it",
			 pins);
}

static int pin_missing(struct enforce *e, struct error *err)
{
	char path[PATH_BYTES];

	for (int i = 0; i < N_PINS; i++) {
		pin_path(e->pinned, enforce_pin_names[i], path);
		if (e->fds[i] >= 0 && access(path, F_OK) && bpf_obj_pin(e->fds[i], path) &&
		    errno != EEXIST)
			return error_set(err, -errno, "cannot pin the guard to %s: %s", path,
					 strerror(errno));
	}
	return 0;
}

int enforce_pin_again(struct enforce *e, struct error *err)
{
	int rc = folder_make(e->pinned, err), lock;

	if (rc)
		return rc;
	lock = lock_above(e->pinned, LOCK_EX | LOCK_NB, err);
	if (lock < 0)
		return lock;
	/* Somebody may have removed it while the lock was his. */
	rc = enforce_is_removed(e) ? error_set(err, -ENOENT, "the guard was removed")
				   : pin_missing(e, err);
	close(lock);
	return rc;
}

int enforce_pin_link(struct enforce *e, struct error *err)
{
	char path[PATH_BYTES], new[PATH_BYTES];
	struct enforce_change *change;
	int rc = enforce_change_begin(e->pinned, &change, err);

	if (rc)
		return rc;
	pin_path(e->pinned, enforce_pin_names[PIN_LINK], path);
	pin_path(e->pinned, LINK_NEW, new);
	unlink(new);
	if (bpf_obj_pin(e->fds[PIN_LINK], new) || rename(new, path))
		rc = error_set(err, -errno, "cannot pin the guard to %s: %s", path,
			       strerror(errno));
	enforce_change_end(change);
	return rc;
}
