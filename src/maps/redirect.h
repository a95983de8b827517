/* SPDX-License-Identifier: BSD-2-Clause */
/* What the maps a packet can be redirected through share. Source: __bpf_xdp_redirect_map. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "object/redirect_target.h"
#include "tbl/uapi.h"

struct map;

#define REDIRECT_ACTION_MASK ((uint64_t)(XDP_ABORTED | XDP_DROP | XDP_PASS | XDP_TX))

/* bpf_redirect_map() where the key leads nowhere: the action in its flags. @flags_known: what the
 * map type takes beside it. */
static inline int redirect_to_none(uint64_t flags, uint64_t flags_known)
{
	if (flags & ~(REDIRECT_ACTION_MASK | flags_known))
		return XDP_ABORTED;
	return (int)(flags & REDIRECT_ACTION_MASK);
}

/* bpf_redirect_map() where the key leads to @target (NULL: nowhere): leaves it in the run context. */
int redirect_to(struct map *map, struct redirect_target *target, uint64_t key, uint64_t flags,
		uint64_t flags_known);

/*
 * A target with a reference of @prog, not yet published; NULL: no memory. @value: @bytes of struct
 * bpf_devmap_val or bpf_cpumap_val; the program's fd in it becomes its id.
 */
struct redirect_target *redirect_target_new(uint32_t key, const void *value, uint32_t bytes,
					    struct netdev *dev, struct prog *prog);
/* When no program can still see it. NULL is fine. */
void redirect_target_free_deferred(struct map *map, struct redirect_target *target);
/* Now: nobody has seen it, or nobody can any more. */
void redirect_target_free(struct redirect_target *target);

/* The program fd in a value of @bytes; 0 and less: none. */
int redirect_prog_fd(const void *value, uint32_t bytes);
/* Is @prog one for @map, made to be run at @attach_type? Source: bpf_prog_map_compatible. */
bool redirect_prog_fits(struct map *map, const struct prog *prog, uint32_t attach_type);
