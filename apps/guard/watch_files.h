/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files whose writing changes a key, watched: by fanotify, which tells who wrote, else by inotify,
 * which does not.
 */
#pragma once

#include <stdint.h>

struct watch_files;

struct watch_files *watch_files_new(void);
/* NULL is fine; returns NULL. */
struct watch_files *watch_files_free(struct watch_files *f);
/* One more; files that are not there are left out. */
void watch_files_add(struct watch_files *f, const char *path);
/* For epoll; -1: neither kind is to be had. */
int watch_files_fd(const struct watch_files *f);
/* "fanotify", "inotify" or NULL. */
const char *watch_files_kind(const struct watch_files *f);
/* Hands over who wrote since it was last asked: process ids, 0 where it is not known. */
void watch_files_take(struct watch_files *f, void (*fn)(void *arg, uint32_t tgid), void *arg);
