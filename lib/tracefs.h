/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of the kernel's tracefs, mounted or not (kernel_fs.h). */
#pragma once

#include "buffer.h"

/* Appends a file of it ("events/sched/sched_switch/id"): 0 or -errno. */
int tracefs_read(const char *path, struct buffer *out);
