/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an embedder supplies: clock, random numbers, the current task, where printk lines go, and
 * which memory bpf_probe_read may reach. All functions are called from the thread that runs the
 * program and must not block. A NULL member means the default host's answer.
 */
#ifndef SKEP_HOST_H
#define SKEP_HOST_H

#include <stddef.h>
#include <stdint.h>

struct skep_task {
	uint32_t pid;  /* thread id */
	uint32_t tgid; /* process id */
	uint32_t uid;
	uint32_t gid;
	uint64_t cgroup_id;
	char comm[16]; /* NUL-terminated */
};

enum skep_clock {
	SKEP_CLOCK_MONOTONIC,
	SKEP_CLOCK_BOOTTIME,
	SKEP_CLOCK_COARSE,
	SKEP_CLOCK_TAI,
	SKEP_CLOCK_REALTIME,
};

struct skep_host {
	size_t size; /* sizeof(struct skep_host), first: later versions append */
	/* Who tells the time fires the timers, too: skep_timers_run() (skep.h). */
	uint64_t (*clock_ns)(void *arg, enum skep_clock clock);
	uint32_t (*random)(void *arg);
	void (*task)(void *arg, struct skep_task *task);
	/* One finished line of bpf_printk, without newline. */
	void (*printk)(void *arg, const char *line, size_t bytes);
	/* Copies @bytes from @addr for bpf_probe_read*: 0, or -EFAULT when it is not to be reached. */
	int (*probe_read)(void *arg, void *dst, uint64_t addr, size_t bytes);
};

#endif
