/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Links of tc programs to devices, in an order clients choose: BPF_F_BEFORE and BPF_F_AFTER another
 * program or link, or at either end. Every change makes a new array and a new revision; with no
 * program left the revision starts over. Source: kernel/bpf/mprog.c, kernel/bpf/tcx.c.
 */
#include <errno.h>

#include "base/macros.h"
#include "hooks/link.h"
#include "hooks/state.h"
#include "object/dev.h"

struct tcx_link {
	struct bpf_link link; /* first */
	struct netdev *dev;   /* NULL: detached */
};

/* What a request is relative to: both NULL: an end of the array. */
struct relative {
	struct prog *prog;
	struct bpf_link *link;
	struct object *held; /* reference to give back */
};

static struct tcx_link *tcx_link_of(const struct bpf_link *link)
{
	return container_of(link, struct tcx_link, link);
}

static struct run_array *_Atomic *array_of(struct netdev *dev, uint32_t attach_type)
{
	return attach_type == BPF_TCX_INGRESS ? &dev->ingress : &dev->egress;
}

static uint64_t *revision_of(struct netdev *dev, uint32_t attach_type)
{
	return &dev->tcx_revision[attach_type != BPF_TCX_INGRESS];
}

/* Publishes @new (NULL: empty) and lets the old one go. */
static void publish(struct netdev *dev, uint32_t attach_type, struct run_array *new)
{
	struct run_array *old = atomic_exchange(array_of(dev, attach_type), new);
	uint64_t *revision = revision_of(dev, attach_type);

	*revision = new ? MAX(*revision, 1) + 1 : 0;
	run_array_free_deferred(dev->engine, old);
}

/* --- where to put it: each rule gives a position, all must agree ------------------------------- */

/* Index of what the request is relative to, or -ENOENT. */
static int find(const struct run_array *array, const struct relative *rel)
{
	for (uint32_t i = 0; array && i < array->n; i++)
		if (array->items[i].prog == rel->prog &&
		    (!rel->link || rel->link == array->items[i].link))
			return (int)i;
	return -ENOENT;
}

static int take_relative(struct engine *engine, const struct prog *prog, const struct hook_tcx *at,
			 struct relative *rel)
{
	bool link = at->flags & BPF_F_LINK;
	struct object *obj = at->relative;

	*rel = (struct relative){ NULL };
	if (at->flags & BPF_F_ID) {
		obj = object_by_id(engine, link ? OBJECT_LINK : OBJECT_PROG, at->relative_id);
		if (!obj)
			return -ENOENT;
		rel->held = obj;
	}
	if (!obj)
		return link ? -EINVAL : 0;
	if (link)
		rel->link = link_of(obj);
	rel->prog = link ? atomic_load(&rel->link->prog) : prog_of(obj);
	return rel->prog->type == prog->type ? 0 : -EINVAL;
}

/* The index @prog gets in the new array, or -errno. */
static int position(const struct run_array *array, const struct relative *rel, uint32_t flags)
{
	int n = array ? (int)array->n : 0, found = 0;
	bool before = flags & BPF_F_BEFORE, after = flags & BPF_F_AFTER;

	if (flags & BPF_F_REPLACE)
		return -ENOENT; /* only an update can replace, and it has its own way */
	if (n == HOOK_TCX_MAX)
		return -ERANGE;
	if (!before && !after)
		return rel->prog || flags ? -EINVAL : n;
	if (rel->prog) {
		found = find(array, rel);
		if (found < 0)
			return found;
	}
	if (before && after)
		return -ERANGE;
	if (before)
		return found;
	return rel->prog ? found + 1 : n;
}

static bool has_prog(const struct run_array *array, const struct prog *prog)
{
	for (uint32_t i = 0; array && i < array->n; i++)
		if (array->items[i].prog == prog)
			return true;
	return false;
}

/* hooks lock held. */
static int attach(struct netdev *dev, struct bpf_link *link, const struct hook_tcx *at)
{
	struct run_array *array = atomic_load(array_of(dev, at->attach_type)), *new;
	struct prog *prog = atomic_load(&link->prog);
	struct relative rel = { NULL };
	int err = 0, pos;

	if (at->expected_revision &&
	    at->expected_revision != MAX(*revision_of(dev, at->attach_type), 1))
		return -ESTALE;
	if (has_prog(array, prog))
		return -EEXIST;
	err = take_relative(dev->engine, prog, at, &rel);
	pos = err ? err : position(array, &rel, at->flags);
	object_put(rel.held);
	if (pos < 0)
		return pos;
	new = run_array_add(array, (struct run_array_item){ .prog = prog, .link = link },
			    (uint32_t)pos);
	if (!new)
		return -ENOMEM;
	publish(dev, at->attach_type, new);
	tcx_link_of(link)->dev = dev;
	return 0;
}

static void detach(struct bpf_link *link)
{
	struct tcx_link *tcx = tcx_link_of(link);
	struct run_array *array, *new;

	hooks_lock(link->obj.engine);
	if (tcx->dev) {
		array = atomic_load(array_of(tcx->dev, link->attach_type));
		new = run_array_del(array, link);
		if (new || array->n == 1)
			publish(tcx->dev, link->attach_type, new);
		else
			run_array_disable(array, link);
		tcx->dev = NULL;
	}
	hooks_unlock(link->obj.engine);
}

/* hooks lock held. The same array with another program in the link's place. */
static int replace(struct netdev *dev, struct bpf_link *link, struct prog *prog)
{
	struct run_array *array = atomic_load(array_of(dev, link->attach_type)), *without, *new;
	struct relative self = { .prog = atomic_load(&link->prog), .link = link };
	struct run_array_item item = { .prog = prog, .link = link };
	int at = find(array, &self);

	if (has_prog(array, prog))
		return -EEXIST;
	without = array->n > 1 ? run_array_del(array, link) : NULL;
	if (array->n > 1 && !without)
		return -ENOMEM;
	new = run_array_add(without, item, (uint32_t)at);
	run_array_free_deferred(dev->engine, without);
	if (!new)
		return -ENOMEM;
	publish(dev, link->attach_type, new);
	return 0;
}

static int update(struct bpf_link *link, struct prog *prog, struct prog *old)
{
	struct tcx_link *tcx = tcx_link_of(link);
	struct prog *now = atomic_load(&link->prog);
	int err = 0;

	hooks_lock(link->obj.engine);
	if (!tcx->dev)
		err = -ENOLINK;
	else if (old && now != old)
		err = -EPERM;
	else if (now != prog)
		err = now->type == prog->type ? replace(tcx->dev, link, prog) : -EINVAL;
	if (!err && now != prog)
		link_set_prog(link, prog);
	hooks_unlock(link->obj.engine);
	return err;
}

static void fill_info(const struct bpf_link *link, struct bpf_link_info *info)
{
	hooks_lock(link->obj.engine);
	info->tcx.ifindex = tcx_link_of(link)->dev ? tcx_link_of(link)->dev->ifindex : 0;
	info->tcx.attach_type = link->attach_type;
	hooks_unlock(link->obj.engine);
}

static const struct bpf_link_ops tcx_link_ops = {
	.detach = detach,
	.update = update,
	.fill_info = fill_info,
};

int hook_link_tcx(struct prog *prog, const struct hook_tcx *at, struct bpf_link **out)
{
	struct engine *engine = prog->obj.engine;
	struct bpf_link *link;
	struct netdev *dev;
	int err;

	if (!dev_by_index(engine, at->ifindex))
		return -ENODEV;
	link = link_new(prog, BPF_LINK_TYPE_TCX, at->attach_type, &tcx_link_ops,
			sizeof(struct tcx_link));
	if (!link)
		return -ENOMEM;
	hooks_lock(engine);
	dev = dev_by_index(engine, at->ifindex);
	err = dev ? attach(dev, link, at) : -ENODEV;
	hooks_unlock(engine);
	if (err)
		object_put(&link->obj);
	else
		*out = link;
	return err;
}

int hook_tcx_query(struct engine *engine, uint32_t ifindex, uint32_t attach_type,
		   struct hook_tcx_list *list)
{
	const struct run_array *array;
	struct netdev *dev;

	*list = (struct hook_tcx_list){ .revision = 1 };
	hooks_lock(engine);
	dev = dev_by_index(engine, ifindex);
	if (dev) {
		array = atomic_load(array_of(dev, attach_type));
		list->revision = MAX(*revision_of(dev, attach_type), 1);
		for (uint32_t i = 0; array && i < array->n; i++) {
			if (!run_array_prog(array, i))
				continue;
			list->prog_ids[list->n] = array->items[i].prog->obj.id;
			list->link_ids[list->n++] = array->items[i].link->obj.id;
		}
	}
	hooks_unlock(engine);
	return dev ? 0 : -ENODEV;
}
