/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct engine: one independent bpf(2) world: its objects, ids, pins, devices, quotas, host and
 * run state. Several may live in one process; none shares anything with another but the signal
 * handler. The rooms above hang their own state off the opaque pointers.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/idmap.h"
#include "object/object.h"

struct btf;
struct btf_object;
struct caller;
struct fd_table;   /* object/fd.c: identity -> object, close events */
struct pin_table;  /* object/pin.c */
struct cgroup_table; /* object/cgroup.c */
struct dev_table;  /* object/dev.c: virtual devices by ifindex */
struct ring_dir;
struct run;        /* run/: slots and epochs */
struct timers;     /* run/timer.c */
struct skep_host;  /* include/skep/host.h: what the embedder supplies */
struct event_table; /* hooks/event.c: named events a host registered */

/* Named limits; each has a default in object/engine.c and can be lowered at creation. */
struct engine_quota {
	uint64_t bytes_max;          /* map memory and programs; over it: -ENOMEM */
	uint32_t objects_max;        /* objects of every kind; over it: -ENOMEM */
	uint64_t verifier_bytes_max; /* states of one verification; over it: -E2BIG */
	uint64_t verifier_ns_max;    /* wall time of one verification; over it: -EINTR */
};

/* What programs can ask of syscall/, which helpers may not include. */
struct engine_calls {
	/* bpf(2): what the system call returns, or -errno. */
	int (*bpf)(struct caller *caller, int cmd, uint64_t attr, uint32_t bytes);
	/* "vmlinux", loaded on first use; NULL: there is none. No reference is taken. */
	struct btf_object *(*base_btf)(struct engine *engine);
};

struct engine {
	pthread_mutex_t lock; /* ids, identities, pins; never held while a program runs */
	struct idmap ids[OBJECT_KIND_MAX];
	struct engine_quota quota;
	_Atomic uint64_t bytes_used;
	_Atomic uint32_t objects_used;
	uint32_t caps;       /* enum skep_cap: what programs of this engine may do */
	uint32_t n_slots;    /* CPU slots: what per-CPU maps have and libbpf reads as possible CPUs */
	bool jit;            /* compile; false: interpret */
	_Atomic uint32_t stats_enabled; /* how many fds of BPF_ENABLE_STATS there are */
	bool kernel_copies; /* clients' memory is read and written by system calls, without a handler */
	uint64_t boot_ns;    /* CLOCK_BOOTTIME at creation: load_time of programs */

	const struct skep_host *host; /* never NULL: the default host where none was given */
	void *host_arg;
	/* NULL, or told of each refusal of what Linux has and we do not (syscall/refuse.h). */
	void (*refused)(void *host_arg, int err, const char *why);
	struct fd_table *fds;
	struct pin_table *pins;
	struct dev_table *devs;
	struct cgroup_table *cgroups;
	struct event_table *events;
	struct run *run;
	struct timers *timers;
	/* epoch_defer() of run/, which this room may not include; set by run_init(). */
	void (*defer)(struct engine *engine, struct epoch_node *node,
		      void (*fn)(struct epoch_node *node));
	struct ring_dir *_Atomic rings; /* maps/ringbuf.c: which ring an address lies in */
	const struct engine_calls *calls; /* set by syscall/; NULL in tests of lower rooms */
	struct btf_object *base_btf; /* "vmlinux"; loaded on first use (engine_base_btf()) */
	const char *base_btf_path;   /* NULL: the machine's; owned */
	pthread_mutex_t base_btf_lock;
};

/*
 * Sets up a zeroed engine: lock, ids, tables, default quotas, all capabilities, JIT on; no run
 * state (run_init()) and no host (run_host_init()). 0 or -errno. deinit drops every user
 * reference; the caller has taken down links and devices and syncs epochs before.
 */
int engine_init(struct engine *engine);
void engine_drop_users(struct engine *engine);
void engine_deinit(struct engine *engine);

/* In the child of a fork, with engine->lock free: own close events and run state. */
void engine_after_fork(struct engine *engine);

/* Which limit of struct engine_quota made a charge or an admission of this thread fail. */
enum engine_limit { ENGINE_LIMIT_NONE, ENGINE_LIMIT_BYTES, ENGINE_LIMIT_OBJECTS };
/* The last since this was asked before; forgets it. */
enum engine_limit engine_take_limit(void);
void engine_note_limit(enum engine_limit limit);

/* Charge @bytes to the quota: 0 or -ENOMEM. Uncharge what was charged. */
int engine_charge(struct engine *engine, uint64_t bytes);
void engine_uncharge(struct engine *engine, uint64_t bytes);
