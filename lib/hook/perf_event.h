/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs at perf events: tracepoints, and the timer every machine has. The event's descriptor holds
 * the program; nothing is left when it is closed.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "error.h"

struct hook;
struct perf_event_attr;

#define HOOK_HZ_MAX 100000

/* perf_event_open(2), close-on-exec: the fd or -errno. */
int hook_perf_open(const struct perf_event_attr *attr, pid_t pid, int cpu);
/* Lets the program run at every event of @perf_fd: 0 or -errno. */
int hook_perf_set_prog(int perf_fd, int prog_fd);

/* A tracepoint by its group and name ("sched", "sched_switch"), every process. */
int hook_attach_tracepoint(int prog_fd, const char *group, const char *name, struct hook **out,
			   struct error *err);
/* @hz times a second on every CPU, or, with @pid > 0, of the time that process and its children run. */
int hook_attach_timer(int prog_fd, uint32_t hz, pid_t pid, struct hook **out, struct error *err);
