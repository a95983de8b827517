/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's tracefs, mounted or not: a mount of our own, attached nowhere, serves as well. */
#pragma once

#include "buffer.h"

/* The folder of tracefs (to be used with openat(2) and closed), or -errno. */
int tracefs_open(void);
/* Appends a file of it ("events/sched/sched_switch/id"): 0 or -errno. */
int tracefs_read(const char *path, struct buffer *out);
