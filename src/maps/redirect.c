/* SPDX-License-Identifier: BSD-2-Clause */
#include "maps/redirect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/macros.h"
#include "object/engine.h"
#include "object/map.h"
#include "object/prog.h"
#include "object/prog_array.h"
#include "run/run.h"

int redirect_to(struct map *map, struct redirect_target *target, uint64_t key, uint64_t flags,
		uint64_t flags_known)
{
	struct redirect_info *info = &run_current()->redirect;

	if (flags & ~(REDIRECT_ACTION_MASK | flags_known))
		return XDP_ABORTED;
	info->tgt_value = target;
	if (!target && !(flags & BPF_F_BROADCAST)) {
		/* As in the kernel, a program that redirects all the same means the index it named
		 * before. */
		info->map = NULL;
		info->kind = REDIRECT_IFINDEX;
		return redirect_to_none(flags, flags_known);
	}
	info->tgt_index = (uint32_t)key;
	info->map_id = map->obj.id;
	info->kind = REDIRECT_MAP;
	info->map = flags & BPF_F_BROADCAST ? map : NULL;
	info->flags = flags & BPF_F_BROADCAST ? (uint32_t)flags : 0;
	return XDP_REDIRECT;
}

struct redirect_target *redirect_target_new(uint32_t key, const void *value, uint32_t bytes,
					    struct netdev *dev, struct prog *prog)
{
	struct redirect_target *target = mem_zalloc(sizeof(*target));

	if (!target)
		return NULL;
	target->key = key;
	target->dev = dev;
	memcpy(&target->dev_val, value, bytes);
	target->dev_val.bpf_prog.id = 0;
	if (prog) {
		target->prog = prog_of(object_get(&prog->obj));
		target->dev_val.bpf_prog.id = prog->obj.id;
	}
	return target;
}

void redirect_target_free(struct redirect_target *target)
{
	if (target && target->prog)
		object_put(&target->prog->obj);
	mem_free_late(target);
}

static void free_now(struct epoch_node *node)
{
	redirect_target_free(container_of(node, struct redirect_target, free_node));
}

void redirect_target_free_deferred(struct map *map, struct redirect_target *target)
{
	if (target)
		epoch_defer(map->obj.engine, &target->free_node, free_now);
}

int redirect_prog_fd(const void *value, uint32_t bytes)
{
	struct bpf_devmap_val val = { 0 };

	memcpy(&val, value, bytes);
	return val.bpf_prog.fd;
}

bool redirect_prog_fits(struct map *map, const struct prog *prog, uint32_t attach_type)
{
	return prog->type == BPF_PROG_TYPE_XDP && prog->attach_type == attach_type &&
	       prog_array_accepts(map, prog);
}
