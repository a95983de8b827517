/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs attached to cgroups, directly (BPF_PROG_ATTACH) or by a link, in an order clients choose.
 * For a task the programs of its cgroup run and those of the cgroups above it, as far as flags
 * let them. Errors are the kernel's. Source: kernel/bpf/cgroup.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "object/cgroup.h"

struct bpf_link;
struct engine;
struct object;
struct prog;
struct run_ctx;

#define HOOK_CGROUP_PROGS_MAX 64 /* at one cgroup: BPF_CGROUP_MAX_PROGS */
#define HOOK_CGROUP_EFFECTIVE_MAX (HOOK_CGROUP_PROGS_MAX * CGROUP_LEVELS_MAX)

/* The hook of an attach type; CGROUP_HOOK_MAX: none is done for it. */
enum cgroup_hook hook_cgroup_of(uint32_t attach_type);

struct hook_cgroup {
	struct cgroup *cgroup;
	uint32_t attach_type;
	uint32_t flags; /* BPF_F_ALLOW_MULTI, BPF_F_BEFORE, BPF_F_PREORDER, … */
	bool is_relative;        /* to the program or link @relative: it, a descriptor or an id was given */
	struct object *relative; /* NULL: relative_err says why */
	int relative_err;
	struct prog *replace; /* with BPF_F_REPLACE: what to put the program in place of */
	uint64_t expected_revision;
};

/* Attaches @prog; the cgroup holds a reference of its own. */
int hook_cgroup_attach(struct prog *prog, const struct hook_cgroup *at);
/* A link: as hook_link_*() in hooks/link.h. BPF_F_ALLOW_MULTI goes without saying. */
int hook_link_cgroup(struct prog *prog, const struct hook_cgroup *at, struct bpf_link **link);
/* No client came to have the link, which has been detached again: the cgroup's revision is as before, unless
 * others changed it meanwhile. Nothing, of other kinds of links. */
void hook_link_cgroup_forget(struct bpf_link *link);

/* Takes @prog (NULL: the only one there is) off again. -ENOENT, -EINVAL, -ESTALE. */
int hook_cgroup_detach(struct cgroup *cgroup, uint32_t attach_type, struct prog *prog,
		       uint64_t expected_revision);

/* What is attached at a cgroup, or what runs for a task in it, in order. */
struct hook_cgroup_list {
	uint64_t revision;
	uint32_t flags;
	uint32_t n;
	uint32_t prog_ids[HOOK_CGROUP_EFFECTIVE_MAX];
};

void hook_cgroup_query(const struct cgroup *cgroup, uint32_t attach_type, bool effective,
		       struct hook_cgroup_list *list);

/*
 * Runs what a task in @cgroup (NULL: nothing is attached to anything) meets at @hook on @ctx: how many
 * programs. rc->retval is the verdict: as it was given, -EPERM when one returned 0, or what
 * bpf_set_retval() left. Call it between run_enter() and run_exit().
 */
uint32_t hook_cgroup_run(const struct cgroup *cgroup, enum cgroup_hook hook, void *ctx,
			 struct run_ctx *rc);

/* Takes everything off every cgroup: the engine ends. */
void hook_cgroup_deinit(struct engine *engine);
/* Frees the lists, which are empty. */
void hook_cgroup_free(struct engine *engine);
