/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct redirect_target: what a key of DEVMAP, DEVMAP_HASH or CPUMAP leads to. bpf_redirect_map()
 * leaves one in the run context; hooks/ acts on it. Valid until the epoch it was found in is left.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "object/object.h"
#include "tbl/uapi.h"

struct netdev;
struct prog;

struct redirect_target {
	struct epoch_node free_node;
	struct redirect_target *_Atomic next; /* DEVMAP_HASH: the next in its bucket */
	uint32_t key;
	struct netdev *dev; /* NULL: a CPU. May be gone: compare with dev_by_index() before use */
	struct prog *prog;  /* holds a reference; what it returns decides on the frame. NULL: none */
	/* What a lookup shows: of the program its id. */
	union {
		struct bpf_devmap_val dev_val;
		struct bpf_cpumap_val cpu_val;
	};
};
