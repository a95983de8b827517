/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct cgroup: a cgroup the engine has heard of. There are two worlds, never both in one engine: the
 * machine's (a directory of a cgroup2 file system is its cgroup, the id its inode, and its ancestors
 * become known with it) and the host's own (cgroup_add()). What is attached to one is kept here by
 * hooks/ and run by it.
 *
 * Cgroups are never taken away before the engine ends, also when their directory is: ids of the
 * kernel's do not come again. Reading needs no lock; finding by id is O(n / CGROUP_BUCKETS).
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

struct cgroup_progs;
struct engine;
struct run_array;

#define CGROUPS_MAX 4096
#define CGROUP_LEVELS_MAX 32

/* Where programs are attached to a cgroup: one per attach type that is done. */
enum cgroup_hook {
	CGROUP_HOOK_SYSCTL,
	CGROUP_HOOK_MAX,
};

struct cgroup {
	struct engine *engine;
	uint64_t id; /* > 0 */
	struct cgroup *parent; /* NULL: a root */
	uint32_t level;        /* of a root: 0 */
	dev_t dev; /* of the directory of a host's; ino 0: there is none, or it is the machine's */
	ino_t ino;
	struct cgroup *next, *next_in_bucket;
	/* owned by hooks/; effective is read inside an epoch */
	struct {
		struct run_array *_Atomic effective; /* NULL: nothing is attached to this very one */
		struct run_array *staged; /* what effective is about to be */
		struct cgroup_progs *progs;
		uint64_t changes; /* so far: one less than the revision clients see */
	} at[CGROUP_HOOK_MAX];
};

int cgroup_table_init(struct engine *engine);
/* Nothing is attached any more. */
void cgroup_table_deinit(struct engine *engine);
/* Around fork(): nobody is in the middle of adding one. */
void cgroup_table_fork_prepare(struct engine *engine);
void cgroup_table_fork_done(struct engine *engine);

/*
 * The cgroup that the directory behind one of our descriptors is. -EBADF: not open, not a directory,
 * or none that is a cgroup, as the kernel says; -ENOENT (removed), -E2BIG (a limit above), -ENOMEM, -EMFILE, -ENFILE.
 */
int cgroup_of_fd(struct engine *engine, int fd, struct cgroup **cgroup);

/* include/skep/cgroup.h: skep_cgroup_add(). */
int cgroup_add(struct engine *engine, int dirfd, uint64_t id, uint64_t parent);

/* NULL: not known. */
struct cgroup *cgroup_by_id(const struct engine *engine, uint64_t id);
/* What tasks of unknown cgroups are in; NULL: none is known at all. */
struct cgroup *cgroup_root(const struct engine *engine);
/* All of them, parents before children in no other order: NULL begins, and is the end. */
struct cgroup *cgroup_next(const struct engine *engine, const struct cgroup *after);
