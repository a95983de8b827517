/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf(2): the one way into the engine. @uattr is an address in the client's memory, @size what the
 * client says its union bpf_attr has. Returns what the system call would: >= 0, or -errno.
 */
#pragma once

#include <stdint.h>

struct caller;
struct btf_object;
struct engine;
struct object;
struct skep_host;
struct skep_run;

int syscall_bpf(struct caller *caller, int cmd, uint64_t uattr, uint32_t size);

/* What an engine is made with; zero means the default. */
struct engine_opts {
	uint32_t caps;      /* enum skep_cap; 0 with caps_given: unprivileged */
	uint8_t caps_given;
	uint8_t interpret;  /* never compile */
	uint8_t kernel_copies;
	uint32_t n_slots;   /* default: the machine's possible CPUs */
	uint64_t bytes_max;
	uint32_t objects_max;
	const char *base_btf; /* path; NULL: the machine's, else a small one of ours */
	const struct skep_host *host;
	void *host_arg;
	void (*refused)(void *host_arg, int err, const char *why);
};

/* A whole engine, every room set up: 0 or -errno. */
int engine_new(const struct engine_opts *opts, struct engine **engine);
/* Detaches everything, drops every user reference and frees it. No call or run may be going on. */
void engine_free(struct engine *engine);

/* perf_event_open(2) with the attr at @uattr: an fd, or -errno. */
int syscall_perf_event_open(struct caller *caller, uint64_t uattr, int pid, int cpu);
/* ioctl(2) on such an fd; @arg: the program's fd for PERF_EVENT_IOC_SET_BPF. */
int syscall_perf_event_ioctl(struct caller *caller, struct object *event, unsigned long cmd,
			     int arg);
/* The eventfd that wakes whoever waits for @obj (a map, a perf event), or -1. */
int syscall_event_fd(struct object *obj);

/* One program on one input, outside bpf(2): see skep_prog_run() in include/skep/skep.h. */
int syscall_prog_run(struct caller *caller, int prog_fd, struct skep_run *run);

/* Drops what the client has closed and frees what nobody can see any more. Not inside a run. */
void engine_poll(struct engine *engine);

/* Around fork(): no lock of the engine is held by a thread the child lacks. */
void engine_fork_prepare(struct engine *engine);
void engine_fork_parent(struct engine *engine);
void engine_fork_child(struct engine *engine);

/*
 * The base BTF ("vmlinux"), loaded on first use; NULL: there is none to be had. Not a reference. The
 * first form tells when that is for want of memory or descriptors: -ENOMEM, -EMFILE, -ENFILE, else 0.
 */
int engine_base_btf_load(struct engine *engine, struct btf_object **base);
struct btf_object *engine_base_btf(struct engine *engine);
