/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs at tracepoints by their raw arguments, at kernel functions, and iterators. */
#pragma once

#include <sys/types.h>

#include "error.h"

struct hook;

/* A raw tracepoint ("sys_enter"). */
int hook_attach_raw_tp(int prog_fd, const char *name, struct hook **out, struct error *err);
/* A program whose target was named at load: tp_btf, fentry, fexit, fmod_ret, lsm. */
int hook_attach_tracing(int prog_fd, const char *section, struct hook **out, struct error *err);
/* An iterator; hook_iter_open() then reads it. @pid: of tasks, only that one's; 0: all. */
int hook_attach_iter(int prog_fd, const char *section, pid_t pid, struct hook **out,
		     struct error *err);
/* One pass of an iterator, as a file to be read to its end: fd or -errno. */
int hook_iter_open(const struct hook *h);
