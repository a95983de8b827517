/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From what a user calls a program or library to its file: "libc", "libc.so.6", "bash",
 * "/usr/sbin/nginx". With a process given, the file as that process has it mapped, reached through its
 * root, so that it is found in containers too.
 */
#pragma once

#include <sys/types.h>

#include "error.h"

#define SYM_MAPS_MAX 65536 /* lines of /proc/PID/maps that are read */

/*
 * @pid 0: none. *ret_path is the caller's to free. 0, or -errno with a sentence: -ENOENT, -ESRCH...
 * Names are looked for, in this order: among the process's files, in the dynamic linker's cache, in
 * PATH.
 */
int sym_library_find(const char *name, pid_t pid, char **ret_path, struct error *err);

/* "/proc/PID/root" when the process has another root or mounts than we; else "". Caller's to free. */
char *sym_process_root(pid_t pid);

/* The same in the given cache file, for tests. NULL: not there. */
char *sym_library_in_cache(const char *cache_path, const char *name);
