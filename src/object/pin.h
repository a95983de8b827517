/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pins: an ordinary empty file stands for an object by (dev, inode). It holds a user reference
 * until the file is gone (inotify IN_DELETE_SELF): rm, ls and mv work by themselves. Pins may be
 * made only beneath directories declared to the engine, as bpffs mounts in the kernel.
 */
#pragma once

#include <stdbool.h>

struct engine;
struct object;

#define PIN_DIRS_MAX 16

int pin_table_init(struct engine *engine);
void pin_table_drop_all(struct engine *engine);
void pin_table_deinit(struct engine *engine);
void pin_table_after_fork(struct engine *engine);

/* Pins may be made beneath @path (an existing directory): 0, -ENOSPC or -errno of realpath(3). */
int pin_dir_add(struct engine *engine, const char *path);

/* Is @path (existing or not) a declared directory or beneath one? */
bool pin_dir_has(struct engine *engine, int dirfd, const char *path);

/* Makes the file and pins @obj. 0, -EPERM (not beneath a declared directory), -EEXIST, -ENOENT, … */
int pin_add(struct engine *engine, int dirfd, const char *path, struct object *obj);

/* What is pinned at @path, a reference taken: 0, -ENOENT, or -EACCES (no pin of this engine). */
int pin_get(struct engine *engine, int dirfd, const char *path, struct object **obj);

/* Is there a pin without a watch, whose file must be looked at to know? engine->lock held. */
bool pin_table_unwatched(struct engine *engine);

/* Drops pins whose file is gone. Not with engine->lock held. */
void pin_table_poll(struct engine *engine);
