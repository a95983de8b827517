/* SPDX-License-Identifier: BSD-2-Clause */
/* Links of XDP programs to devices: one per device. Source: net/core/dev.c bpf_xdp_link_*. */
#include <errno.h>

#include "base/macros.h"
#include "hooks/link.h"
#include "hooks/state.h"
#include "object/dev.h"

#define XDP_FLAGS_SKB_MODE (1u << 1)
#define XDP_FLAGS_DRV_MODE (1u << 2)
#define XDP_FLAGS_HW_MODE (1u << 3)
#define XDP_FLAGS_MODES (XDP_FLAGS_SKB_MODE | XDP_FLAGS_DRV_MODE | XDP_FLAGS_HW_MODE)

struct xdp_link {
	struct bpf_link link; /* first */
	struct netdev *dev;   /* NULL: detached */
};

static struct xdp_link *xdp_link_of(const struct bpf_link *link)
{
	return container_of(link, struct xdp_link, link);
}

static void detach(struct bpf_link *link)
{
	struct xdp_link *xdp = xdp_link_of(link);

	hooks_lock(link->obj.engine);
	if (xdp->dev) {
		atomic_store(&xdp->dev->xdp, NULL);
		xdp->dev = NULL;
	}
	hooks_unlock(link->obj.engine);
}

static int update(struct bpf_link *link, struct prog *prog, struct prog *old)
{
	int err;

	hooks_lock(link->obj.engine);
	err = xdp_link_of(link)->dev ? link_check_update(link, prog, old) : -ENOLINK;
	if (!err)
		link_set_prog(link, prog);
	hooks_unlock(link->obj.engine);
	return err;
}

static void fill_info(const struct bpf_link *link, struct bpf_link_info *info)
{
	hooks_lock(link->obj.engine);
	info->xdp.ifindex = xdp_link_of(link)->dev ? xdp_link_of(link)->dev->ifindex : 0;
	hooks_unlock(link->obj.engine);
}

static const struct bpf_link_ops xdp_link_ops = {
	.detach = detach,
	.update = update,
	.fill_info = fill_info,
};

static int check(const struct prog *prog, uint32_t flags)
{
	if (flags & ~XDP_FLAGS_MODES || __builtin_popcount(flags) > 1)
		return -EINVAL;
	if (flags & XDP_FLAGS_HW_MODE)
		return -EOPNOTSUPP;
	if (prog->attach_type == BPF_XDP_DEVMAP || prog->attach_type == BPF_XDP_CPUMAP)
		return -EINVAL;
	return 0;
}

int hook_link_xdp(struct prog *prog, uint32_t ifindex, uint32_t flags, struct bpf_link **out)
{
	struct engine *engine = prog->obj.engine;
	struct bpf_link *link, *none = NULL;
	struct netdev *dev;
	int err = check(prog, flags);

	if (!err && !dev_by_index(engine, ifindex))
		err = -EINVAL;
	if (err)
		return err;
	link = link_new(prog, BPF_LINK_TYPE_XDP, BPF_XDP, &xdp_link_ops, sizeof(struct xdp_link));
	if (!link)
		return -ENOMEM;
	hooks_lock(engine);
	dev = dev_by_index(engine, ifindex);
	if (!dev)
		err = -EINVAL;
	else if (!atomic_compare_exchange_strong(&dev->xdp, &none, link))
		err = -EBUSY;
	else
		xdp_link_of(link)->dev = dev;
	hooks_unlock(engine);
	if (err)
		object_put(&link->obj);
	else
		*out = link;
	return err;
}
