/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Links in general. A link detaches when the last client fd or pin is gone (release_uref), or when
 * it dies without ever having had one; its memory lives until no program run can see it.
 */
#include "hooks/link.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "hooks/state.h"

static void release_uref(struct object *obj)
{
	struct bpf_link *link = link_of(obj);

	link->ops->detach(link);
}

static void link_free(struct object *obj)
{
	struct bpf_link *link = link_of(obj);
	struct prog *prog = atomic_load(&link->prog);

	link->ops->detach(link);
	if (link->ops->free)
		link->ops->free(link);
	object_put(&prog->obj);
	mem_free_late(link);
}

static const struct object_ops link_object_ops = {
	.fd_name = "bpf_link",
	.release_uref = release_uref,
	.free = link_free,
};

struct bpf_link *link_new(struct prog *prog, uint32_t type, uint32_t attach_type,
			  const struct bpf_link_ops *ops, size_t bytes)
{
	struct bpf_link *link = mem_zalloc(bytes);

	if (!link)
		return NULL;
	object_init(&link->obj, prog->obj.engine, OBJECT_LINK, &link_object_ops);
	object_get(&prog->obj);
	atomic_init(&link->prog, prog);
	link->ops = ops;
	link->type = type;
	link->attach_type = attach_type;
	return link;
}

void link_set_prog(struct bpf_link *link, struct prog *prog)
{
	struct prog *old;

	object_get(&prog->obj);
	old = atomic_exchange(&link->prog, prog);
	object_put(&old->obj);
}

int link_check_update(const struct bpf_link *link, const struct prog *prog,
		      const struct prog *old)
{
	const struct prog *now = atomic_load(&link->prog);

	if (old && now != old)
		return -EPERM;
	if (now->type != prog->type || now->attach_type != prog->attach_type)
		return -EINVAL;
	return 0;
}

void run_array_disable(struct run_array *array, const struct bpf_link *link)
{
	for (uint32_t i = 0; i < array->n; i++)
		if (array->items[i].link == link)
			__atomic_store_n(&array->items[i].prog, NULL, __ATOMIC_RELAXED);
}
