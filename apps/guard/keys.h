/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keys of /proc/sys: walked, read and written by their kernel names ("net/ipv4/ip_forward").
 * Those of a namespace are those of this thread's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define KEYS_FOLDER	 "/proc/sys"
#define KEYS_VALUE_BYTES 4096 /* of a value, cut off behind it */
#define KEYS_DEPTH_MAX	 16

/* Calls @fn with every key, until it returns other than 0, which is returned. -errno: no /proc/sys. */
int keys_walk(int (*fn)(void *arg, const char *name, unsigned int mode), void *arg);

/* Opens one for reading, and for writing too where @write: fd or -errno. */
int key_open(const char *name, bool write);
/* The value without its last newline, from the start of the file. 0 or -errno. */
int key_read_fd(int fd, char value[KEYS_VALUE_BYTES]);
int key_read(const char *name, char value[KEYS_VALUE_BYTES]);
/* Writes value and newline in one call. 0 or -errno. */
int key_write_fd(int fd, const char *value);
int key_write(const char *name, const char *value);
/* Whether the kernel changes it by itself, though it can be written. */
bool key_is_restless(const char *name);
