/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine's cgroups: a list in the order they were heard of (parents first) and buckets by id. Both
 * only grow, under the table's lock, and each new one is published when it is complete: readers take
 * no lock.
 */
#include "object/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/macros.h"
#include "object/engine.h"

#define CGROUP_BUCKETS 64
#define CGROUP2_MAGIC 0x63677270 /* linux/magic.h */

struct cgroup_table {
	pthread_mutex_t lock;
	struct cgroup *_Atomic first;
	struct cgroup *last;
	struct cgroup *_Atomic buckets[CGROUP_BUCKETS];
	uint32_t n;
	bool hosted; /* they are the host's: the machine's do not count */
};

int cgroup_table_init(struct engine *engine)
{
	struct cgroup_table *t = mem_zalloc(sizeof(*t));

	if (!t)
		return -ENOMEM;
	pthread_mutex_init(&t->lock, NULL);
	engine->cgroups = t;
	return 0;
}

void cgroup_table_deinit(struct engine *engine)
{
	struct cgroup_table *t = engine->cgroups;
	struct cgroup *cgroup, *next;

	if (!t)
		return;
	for (cgroup = atomic_load(&t->first); cgroup; cgroup = next) {
		next = cgroup->next;
		free(cgroup);
	}
	pthread_mutex_destroy(&t->lock);
	free(t);
	engine->cgroups = NULL;
}

void cgroup_table_fork_prepare(struct engine *engine)
{
	pthread_mutex_lock(&engine->cgroups->lock);
}

void cgroup_table_fork_done(struct engine *engine)
{
	pthread_mutex_unlock(&engine->cgroups->lock);
}

static struct cgroup *_Atomic *bucket_of(struct cgroup_table *t, uint64_t id)
{
	return &t->buckets[hash_u64(id) % CGROUP_BUCKETS];
}

struct cgroup *cgroup_by_id(const struct engine *engine, uint64_t id)
{
	struct cgroup *cgroup =
		atomic_load_explicit(bucket_of(engine->cgroups, id), memory_order_acquire);

	while (cgroup && cgroup->id != id)
		cgroup = cgroup->next_in_bucket;
	return cgroup;
}

struct cgroup *cgroup_root(const struct engine *engine)
{
	return atomic_load_explicit(&engine->cgroups->first, memory_order_acquire);
}

struct cgroup *cgroup_next(const struct engine *engine, const struct cgroup *after)
{
	return after ? __atomic_load_n(&after->next, __ATOMIC_ACQUIRE) : cgroup_root(engine);
}

/* Table lock held. A cgroup nobody has heard of yet. */
static int add(struct engine *engine, uint64_t id, struct cgroup *parent, struct cgroup **out)
{
	struct cgroup_table *t = engine->cgroups;
	struct cgroup *_Atomic *bucket = bucket_of(t, id);
	struct cgroup *cgroup;

	if (t->n == CGROUPS_MAX || (parent && parent->level + 1 == CGROUP_LEVELS_MAX))
		return -E2BIG;
	cgroup = mem_zalloc(sizeof(*cgroup));
	if (!cgroup)
		return -ENOMEM;
	cgroup->engine = engine;
	cgroup->id = id;
	cgroup->parent = parent;
	cgroup->level = parent ? parent->level + 1 : 0;
	cgroup->next_in_bucket = atomic_load(bucket);
	atomic_store_explicit(bucket, cgroup, memory_order_release);
	if (t->last)
		__atomic_store_n(&t->last->next, cgroup, __ATOMIC_RELEASE);
	else
		atomic_store_explicit(&t->first, cgroup, memory_order_release);
	t->last = cgroup;
	t->n++;
	*out = cgroup;
	return 0;
}

/* --- the machine's ------------------------------------------------------------------------------ */

/*
 * The inodes of a directory of cgroup2 and of those above it, as far up as they are mounted: how
 * many; -EBADF: it is none; -E2BIG; or why they cannot be looked at (-ENOENT: removed).
 */
static int walk_up(int fd, ino_t inodes[CGROUP_LEVELS_MAX])
{
	int n = 0, at = fd, parent, err = 0;
	struct stat st = { 0 }, below;
	struct statfs fs;

	if (fstatfs(fd, &fs) || fs.f_type != CGROUP2_MAGIC)
		return -EBADF;
	for (;;) {
		below = st;
		if (fstat(at, &st))
			err = -errno;
		if (err || (n && (st.st_dev != below.st_dev || st.st_ino == below.st_ino)))
			break;
		if (n == CGROUP_LEVELS_MAX) {
			err = -E2BIG;
			break;
		}
		inodes[n++] = st.st_ino;
		parent = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (parent < 0) {
			err = -errno;
			break;
		}
		if (at != fd)
			close(at);
		at = parent;
	}
	if (at != fd)
		close(at);
	return err ? err : n;
}

/* Table lock held. */
static int of_machine(struct engine *engine, int fd, struct cgroup **out)
{
	ino_t inodes[CGROUP_LEVELS_MAX];
	struct cgroup *cgroup = NULL, *known;
	int n = walk_up(fd, inodes), err;

	if (n < 0)
		return n;
	while (n--) {
		known = cgroup_by_id(engine, inodes[n]);
		err = known ? 0 : add(engine, inodes[n], cgroup, &known);
		if (err)
			return err;
		cgroup = known;
	}
	*out = cgroup;
	return 0;
}

/* --- the host's --------------------------------------------------------------------------------- */

static struct cgroup *by_directory(const struct engine *engine, const struct stat *st)
{
	struct cgroup *cgroup = NULL;

	while ((cgroup = cgroup_next(engine, cgroup)))
		if (cgroup->ino == st->st_ino && cgroup->dev == st->st_dev)
			break;
	return cgroup;
}

/* Table lock held; @st NULL: no directory. */
static int add_hosted(struct engine *engine, const struct stat *st, uint64_t id, uint64_t parent_id)
{
	struct cgroup_table *t = engine->cgroups;
	struct cgroup *parent = parent_id ? cgroup_by_id(engine, parent_id) : NULL, *cgroup;
	int err;

	if (t->n && !t->hosted)
		return -EBUSY;
	if (!id || (!parent_id && t->n))
		return -EINVAL;
	if (cgroup_by_id(engine, id) || (st && by_directory(engine, st)))
		return -EEXIST;
	if (parent_id && !parent)
		return -ENOENT;
	err = add(engine, id, parent, &cgroup);
	if (err)
		return err;
	t->hosted = true;
	if (st) {
		cgroup->dev = st->st_dev;
		cgroup->ino = st->st_ino;
	}
	return 0;
}

int cgroup_add(struct engine *engine, int dirfd, uint64_t id, uint64_t parent)
{
	struct stat st;
	int err;

	if (dirfd >= 0 && fstat(dirfd, &st))
		return -EBADF;
	if (dirfd >= 0 && !S_ISDIR(st.st_mode))
		return -ENOTDIR;
	pthread_mutex_lock(&engine->cgroups->lock);
	err = add_hosted(engine, dirfd >= 0 ? &st : NULL, id, parent);
	pthread_mutex_unlock(&engine->cgroups->lock);
	return err;
}

int cgroup_of_fd(struct engine *engine, int fd, struct cgroup **out)
{
	struct cgroup *cgroup = NULL;
	struct stat st;
	int err = 0;

	if (fstat(fd, &st) || !S_ISDIR(st.st_mode))
		return -EBADF;
	pthread_mutex_lock(&engine->cgroups->lock);
	if (engine->cgroups->hosted) {
		cgroup = by_directory(engine, &st);
		err = cgroup ? 0 : -EBADF;
	} else {
		err = of_machine(engine, fd, &cgroup);
	}
	pthread_mutex_unlock(&engine->cgroups->lock);
	if (!err)
		*out = cgroup;
	return err;
}
