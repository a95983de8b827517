/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cgroups, as far as programs are attached to them (BPF_LINK_CREATE and BPF_PROG_ATTACH take a
 * descriptor of a directory) and run for the tasks in and beneath them. A directory of a cgroup2
 * file system is the cgroup it is, with its id and those above it; the engine hears of it when
 * something is attached to it, or by skep_cgroup_of(). Where there is none, or a host has groups of its
 * own, any directory can stand for one: skep_cgroup_add(). One engine has the machine's or a host's,
 * never both.
 *
 * In which cgroup a task is, the host says (skep_task.cgroup_id). A task in a cgroup the engine has
 * not heard of counts as being in the root.
 */
#ifndef SKEP_CGROUP_H
#define SKEP_CGROUP_H

#include <stdint.h>

#include "skep/export.h"
#include "skep/skep.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How many levels of cgroups, and how many in all, an engine takes. */
#define SKEP_CGROUP_LEVELS_MAX 32
#define SKEP_CGROUPS_MAX 4096

/*
 * A cgroup of the host's: its id (not 0) and its parent's, 0 for the root; from now on the directory
 * behind @dirfd (any at all, -1: none) stands for it. It lives as long as the engine. -EEXIST (the id, or
 * the directory, is taken), -ENOENT (no such parent), -ENOTDIR, -EBADF, -EINVAL (id 0, a second
 * root), -EBUSY (the engine has the machine's already), -E2BIG (one of the limits above), -ENOMEM.
 */
SKEP_API int skep_cgroup_add(struct skep_engine *engine, int dirfd, uint64_t id, uint64_t parent);

/*
 * The id of the cgroup that the directory behind @dirfd is, as the kernel's tasks have it, and from now on
 * the engine knows it and those above it. -EBADF: it is none; -ENOENT (removed), -E2BIG, -ENOMEM.
 */
SKEP_API int skep_cgroup_of(struct skep_engine *engine, int dirfd, uint64_t *id);

#ifdef __cplusplus
}
#endif

#endif
