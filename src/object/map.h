/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct map and map_ops: what a map type is to everybody else. A map type is one file in maps/
 * that fills a const struct map_ops; tbl/map_types.h names it and maps/table.c lists it.
 *
 * Program side: lookup, update, delete, push/pop/peek and for_each are called from running
 * programs (inside an epoch, on a CPU slot) and from bpf(2) alike; they never sleep on memory of
 * a client and never allocate from the heap.
 *
 * Memory: elements live in shared memory (MAP_SHARED, so that they outlive fork) obtained from
 * map_mem_alloc(); what a client may mmap lives in the map's own memfd and is hostile input.
 * Maps that hold objects (programs, maps, events) keep process-private pointers instead.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "object/object.h"
#include "tbl/uapi.h"

struct btf_object;
struct btf_record;
struct map;
struct prog;
struct redirect_target;
struct timer; /* run/timer.c */

#define MAP_AREAS_MAX 4
#define MAP_STACK_FRAMES_MAX 127 /* of a call chain: PERF_MAX_STACK_DEPTH */

enum map_mem_kind {
	MAP_MEM_ENGINE, /* shared memory no client fd reaches */
	MAP_MEM_CLIENT, /* the map's memfd: a client may mmap and scribble on it */
};

/* What bpf_for_each_map_elem runs for every element. */
struct map_each {
	const struct prog *prog; /* whose callback it is */
	uint64_t callback;       /* for run_callback() (run/run.h) */
	uint64_t arg;
};

/* The commands a map type has batches of, element by element. */
enum {
	MAP_BATCH_LOOKUP = 1u << 0,
	MAP_BATCH_UPDATE = 1u << 1,
	MAP_BATCH_DELETE = 1u << 2,
};

/* A bucket's elements on their way to a client, one behind the other. */
struct map_bucket {
	char *keys;   /* room * key_size */
	char *values; /* room * map_user_value_bytes() */
	uint32_t room;
	uint32_t n;
	uint64_t flags; /* BPF_F_LOCK */
	bool delete;
};

struct map_ops {
	/* --- life ------------------------------------------------------------------------ */
	/* Checks a MAP_CREATE's sizes and flags: 0 or the kernel's errno. */
	int (*alloc_check)(const union bpf_attr *attr);
	/*
	 * Makes the map's memory. @map has its attributes, engine and object set up; the type
	 * extends struct map by setting alloc_bytes (the whole struct, struct map first).
	 */
	int (*alloc)(struct map *map, const union bpf_attr *attr);
	/* Frees what alloc made (accepts a half-built map), not @map itself. */
	void (*free)(struct map *map);
	void (*release_uref)(struct map *map); /* may be NULL */
	/* The engine ends: lets go of programs that may hold the map. May be NULL. */
	void (*drop_progs)(struct map *map);
	size_t alloc_bytes;                    /* sizeof the type's struct; 0: struct map */

	/* --- elements, as programs see them ------------------------------------------------ */
	/* Address of the value, or NULL. For per-CPU types: of this slot's value. */
	void *(*lookup)(struct map *map, const void *key);
	/* BPF_ANY, BPF_NOEXIST, BPF_EXIST, BPF_F_LOCK: 0 or -errno. */
	int (*update)(struct map *map, const void *key, const void *value, uint64_t flags);
	int (*delete)(struct map *map, const void *key);
	int (*push)(struct map *map, const void *value, uint64_t flags);
	int (*pop)(struct map *map, void *value);
	int (*peek)(struct map *map, void *value);
	void *(*lookup_percpu)(struct map *map, const void *key, uint32_t cpu);
	/* Number of elements visited, or -errno. @flags must be 0 (-EINVAL). */
	int (*for_each)(struct map *map, const struct map_each *each, uint64_t flags);
	int (*redirect)(struct map *map, uint64_t key, uint64_t flags);
	/* bpf_get_stackid: the number of a chain of @n > 0 return addresses, or -errno. */
	int (*stack_id)(struct map *map, const uint64_t *ips, uint32_t n, uint64_t flags);
	/* Targets in the kernel's order, NULL for the first and after the last; inside an epoch. */
	struct redirect_target *(*target_next)(struct map *map, struct redirect_target *target);

	/*
	 * The key of the element whose value is at @value, for a timer's callback; @index is room
	 * for an array's. Only types that may hold timers have it.
	 */
	const void *(*key_of)(const struct map *map, const void *value, uint32_t *index);

	/* --- elements, as bpf(2) sees them -------------------------------------------------- */
	/* The key after @key (NULL: the first) into @next: 0 or -ENOENT. */
	int (*next_key)(struct map *map, const void *key, void *next);
	/*
	 * Like lookup/update/delete but with whole values for user space: per-CPU types read and
	 * write map_user_value_bytes(). NULL: built from the program-side ones by syscall/.
	 */
	int (*user_lookup)(struct map *map, const void *key, void *value, uint64_t flags);
	int (*user_update)(struct map *map, const void *key, const void *value, uint64_t flags);
	/*
	 * Instead of update, where a value of 8 bytes ends with a program's fd: @prog is it, or NULL
	 * when that is no program. The reference stays the caller's.
	 */
	int (*update_prog)(struct map *map, const void *key, const void *value, uint64_t flags,
			   struct prog *prog);
	int (*user_lookup_and_delete)(struct map *map, const void *key, void *value, uint64_t flags);

	uint8_t batch; /* MAP_BATCH_*: batches that are the plain commands in a row */
	/*
	 * LOOKUP_BATCH and LOOKUP_AND_DELETE_BATCH of hash types go bucket by bucket: a bucket goes
	 * whole, under its lock, or -ENOSPC with n telling how much room it needs. -ENOENT: there
	 * are no more buckets.
	 */
	int (*batch_bucket)(struct map *map, uint32_t bucket, struct map_bucket *out);

	/* --- maps that hold objects (values are fds in, ids out) ---------------------------- */
	uint8_t holds; /* enum object_kind + 1; 0: plain values */
	/* Puts @obj (reference taken by the map on success) at @key; NULL deletes. */
	int (*assign)(struct map *map, const void *key, struct object *obj, uint64_t flags);
	/* The object at @key with a reference taken, or NULL. */
	struct object *(*held)(struct map *map, const void *key);

	/* --- what verifier, JIT and BTF want to know ----------------------------------------- */
	/*
	 * Writes BPF instructions that stand for a lookup (R1 = map, R2 = key -> R0) to @out (room
	 * for 32); returns how many, or 0 when the call should stay. Source: map_gen_lookup.
	 */
	int (*gen_lookup)(struct map *map, struct bpf_insn *out);
	/* The address @off bytes into the values of an array, for ldimm64 map_value. */
	int (*direct_value_addr)(const struct map *map, uint64_t *addr, uint32_t off);
	int (*direct_value_meta)(const struct map *map, uint64_t addr, uint32_t *off);
	/* Key and value types (the sized types their ids stand for) fit: 0 or -errno. NULL: BTF is refused unless sizes match. */
	int (*check_btf)(const struct map *map, uint32_t key_type_id, uint32_t value_type_id);
	/* Is @inner usable where @meta was declared (map in map)? */
	bool (*meta_equal)(const struct map *meta, const struct map *inner);

	/* --- client mappings ----------------------------------------------------------------- */
	uint64_t (*mem_usage)(const struct map *map); /* bytes, as memlock in fdinfo and info */
	int (*epoll_fd)(struct map *map); /* eventfd that stands in for the map fd, or -1 */
};

struct map {
	struct object obj; /* kind OBJECT_MAP; first */
	const struct map_ops *ops;
	uint32_t type; /* enum bpf_map_type */
	uint32_t key_size;   /* bytes */
	uint32_t value_size; /* bytes */
	uint32_t max_entries;
	uint32_t flags; /* BPF_F_* of MAP_CREATE */
	uint32_t ifindex;
	uint64_t extra; /* map_extra */
	char name[BPF_OBJ_NAME_LEN];

	struct btf_object *btf; /* holds a reference; NULL without BTF */
	uint32_t btf_key_type_id;
	uint32_t btf_value_type_id;
	uint32_t btf_vmlinux_value_type_id;
	struct btf_record *record; /* spin lock, timer, … inside the value; NULL: none */

	struct timer *_Atomic timers; /* those in values; of this process (run/timer.h) */

	struct map *inner_meta; /* map in map: what the inner ones must look like */
	bool is_meta;           /* such a description: it has no elements, nor more than this struct */
	_Atomic bool frozen;    /* by MAP_FREEZE: bpf(2) may no longer write */
	_Atomic uint32_t writers; /* commands of this process in the act of writing */
	_Atomic uint64_t mem_bytes; /* charged to the engine's quota */
	struct map_area {
		void *start;
		size_t bytes;
	} areas[MAP_AREAS_MAX]; /* what map_mem_alloc() gave, for bpf_probe_read */
	void *client_mem;   /* start of the client-visible area, or NULL */
	size_t client_mem_bytes;

	/* Program arrays: what the first program that used it looked like (prog_map_compatible). */
	struct {
		pthread_mutex_t lock;
		uint32_t prog_type; /* 0: none yet */
		uint32_t attach_type;
		bool jited;
		bool xdp_has_frags;
	} owner;
};

/* Anonymous shared memory charged to the engine's quota; zeroed, MAP_NORESERVE: -ENOMEM. */
int map_mem_alloc(struct map *map, size_t bytes, enum map_mem_kind kind, void **mem);
void map_mem_free(struct map *map, void *mem, size_t bytes);

/* The same of this process only, for pointers; programs do not see it: 0 or -ENOMEM. Frees NULL too. */
int map_private_alloc(struct map *map, uint64_t bytes, void **mem);
void map_private_free(struct map *map, void *mem, uint64_t bytes);

static inline struct map *map_of(struct object *obj)
{
	return container_of(obj, struct map, obj);
}

bool map_is_percpu(const struct map *map);

/* Bytes of one value in bpf(2): per-CPU round_up(value_size, 8) * slots; 4 where values are fds. */
uint32_t map_user_value_bytes(const struct map *map);

/* The ops of a map type, or NULL: unknown or not supported (maps/table.c). */
const struct map_ops *map_ops_by_type(uint32_t type);
