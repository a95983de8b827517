/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client-visible identity of an object: one memfd, of which the client gets opens of its own
 * and the engine keeps an O_RDONLY re-open at a high number. (dev, inode) is the identity: it
 * survives dup, fork, SCM_RIGHTS and re-opening.
 *
 * As long as any client file or mapping of the memfd lives, the object has one user reference for
 * all of them. That it ended is found out in two steps: inotify's close event is a hint (equal
 * events merge, a client can provoke false ones), then F_SETLEASE(F_WRLCK) on the engine's re-open
 * decides: the kernel grants it only when no other open of the inode exists.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct engine;
struct object;

#define FD_HIGH_MIN 512 /* the engine's own fds stay out of the client's way */

/* 0, -EMFILE, -ENFILE or -ENOMEM. */
int fd_table_init(struct engine *engine);
/* Every object has been freed. */
void fd_table_deinit(struct engine *engine);
/* Drops the user references of all client files, whether closed or not: the engine ends. */
void fd_table_drop_all(struct engine *engine);
/* In the child of a fork: a close-event queue of its own. */
void fd_table_after_fork(struct engine *engine);

/*
 * Reads close events and drops the user references that ended. Not with engine->lock held. Cost:
 * one read(2) when nothing happened.
 */
void fd_table_poll(struct engine *engine);

/* Readable when fd_table_poll() has something to do; -1 when the host has no inotify left. */
int fd_table_poll_fd(const struct engine *engine);

/*
 * Watches the inode behind one of our fds for pin.c, by the same queue: fd_table_poll() then calls
 * pin_table_poll(). The watch, or -1: no watches left, everything is looked at on each poll.
 */
int fd_table_watch(struct engine *engine, int fd, uint32_t mask);
void fd_table_unwatch(struct engine *engine, int watch);

/* Duplicates @fd close-on-exec above FD_HIGH_MIN where possible and closes it. The new fd. */
int fd_move_high(int fd);

/*
 * Makes @obj's memfd of @bytes (0: empty), not yet visible to anyone, and maps it for the engine at
 * *@mem (NULL: not mapped): hostile input, as a client may map it too. 0 or -errno. Once only.
 */
int object_fd_create(struct object *obj, size_t bytes, void **mem);

/*
 * A new client fd, close-on-exec; makes the memfd when there is none yet. @open_flags: O_RDWR,
 * O_RDONLY or O_WRONLY. The fd, or -errno.
 */
int object_fd_open(struct object *obj, int open_flags);

/* The object behind a client's fd of this process with a reference taken. @accmode may be NULL.
 * -EBADF: not open; -EINVAL: open, but not of this engine. */
int object_fd_lookup(struct engine *engine, int fd, struct object **obj, int *accmode);
/* The inode of its memfd, as /proc/PID/maps shows it; 0: there is none yet. */
ino_t object_fd_inode(const struct object *obj);

/* The object by identity; NULL: none. */
struct object *object_fd_by_inode(struct engine *engine, dev_t dev, ino_t ino);

/*
 * MAP_FREEZE: no new writable mapping, no write(2). -EBUSY while this process has a writable
 * client mapping of it (@own: the engine's mapping, which does not count).
 */
int object_fd_freeze(struct object *obj, const void *own);

/* Forgets the identity: object.c, on the way to free. Accepts none. */
void object_fd_destroy(struct object *obj);
