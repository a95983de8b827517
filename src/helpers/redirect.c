/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers that send packets elsewhere. They only leave word in the run context; hooks/ acts on it
 * after the program. Source: net/core/filter.c bpf_redirect*, bpf_clone_redirect, bpf_*_check_mtu.
 */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "helpers/call.h"
#include "object/map.h"
#include "object/pkt.h"

HELPER_CALL(redirect)
{
	if (r2 & ~(uint64_t)BPF_F_INGRESS)
		return TC_ACT_SHOT;
	run_current()->redirect = (struct redirect_info){
		.tgt_index = (uint32_t)r1,
		.flags = (uint32_t)r2,
		.kind = REDIRECT_IFINDEX,
	};
	return TC_ACT_REDIRECT;
}

HELPER_CALL(redirect_peer)
{
	if (r2)
		return TC_ACT_SHOT;
	run_current()->redirect = (struct redirect_info){
		.tgt_index = (uint32_t)r1,
		.kind = REDIRECT_PEER,
	};
	return TC_ACT_REDIRECT;
}

HELPER_CALL(redirect_xdp)
{
	if (r2)
		return XDP_ABORTED;
	run_current()->redirect = (struct redirect_info){
		.tgt_index = (uint32_t)r1,
		.kind = REDIRECT_IFINDEX,
	};
	return XDP_REDIRECT;
}

HELPER_CALL(redirect_map)
{
	struct map *map = ptr(r1);

	return map->ops->redirect ? ret(map->ops->redirect(map, r2, r3)) : XDP_ABORTED;
}

/* The clone goes out after the program; the kernel sends it at once, which no program can tell. */
HELPER_CALL(clone_redirect)
{
	struct run_ctx *rc = run_current();
	struct skb *skb = ptr(r1);
	struct run_clone *clone, **last;

	if (r3 & ~(uint64_t)BPF_F_INGRESS)
		return ret(-EINVAL);
	if (skb->gso_size)
		return ret(-EBADMSG);
	if ((uint32_t)r2 != skb->dev->ifindex && !dev_by_index(rc->engine, (uint32_t)r2))
		return ret(-EINVAL);
	if (!skb->len || skb->mac_off == SKB_NO_OFFSET || skb->mac_off >= skb->network_off)
		return ret(-ERANGE);
	clone = mem_alloc(sizeof(*clone) + skb->len);
	if (!clone)
		return ret(-ENOMEM);
	*clone = (struct run_clone){
		.ifindex = (uint32_t)r2,
		.ingress = r3 & BPF_F_INGRESS,
		.bytes = skb->len,
	};
	memcpy(clone->frame, skb->data, skb->len);
	for (last = &rc->clones; *last; last = &(*last)->next)
		;
	*last = clone;
	return 0;
}

static const struct netdev *mtu_dev(const struct netdev *dev, uint32_t ifindex)
{
	return ifindex && ifindex != dev->ifindex ? dev_by_index(run_current()->engine, ifindex) : dev;
}

/* @len: of the packet with its Ethernet header; *mtu_len, when set, is an L3 length instead. */
static bool fits(const struct netdev *dev, uint32_t *mtu_len, int32_t len, int32_t diff)
{
	int32_t max = (int32_t)(dev->mtu + ETH_BYTES);
	int32_t bytes = *mtu_len ? (int32_t)(*mtu_len + ETH_BYTES) : len;

	bytes = (int32_t)((uint32_t)bytes + (uint32_t)diff);
	*mtu_len = dev->mtu;
	return bytes <= max;
}

HELPER_CALL(check_mtu)
{
	const struct skb *skb = ptr(r1);
	const struct netdev *dev;
	uint32_t *mtu_len = ptr(r3);

	if (r5 & ~(uint64_t)BPF_MTU_CHK_SEGS)
		return ret(-EINVAL);
	if (r5 & BPF_MTU_CHK_SEGS && ((int32_t)r4 || *mtu_len))
		return ret(-EINVAL);
	dev = mtu_dev(skb->dev, (uint32_t)r2);
	if (!dev)
		return ret(-ENODEV);
	if (fits(dev, mtu_len, (int32_t)skb->len, (int32_t)r4) || skb->gso_size)
		return BPF_MTU_CHK_RET_SUCCESS;
	return BPF_MTU_CHK_RET_FRAG_NEEDED;
}

HELPER_CALL(check_mtu_xdp)
{
	const struct xdp_buff *xdp = ptr(r1);
	const struct netdev *dev;

	if (r5)
		return ret(-EINVAL);
	dev = mtu_dev(xdp->rxq->dev, (uint32_t)r2);
	if (!dev)
		return ret(-ENODEV);
	return fits(dev, ptr(r3), (int32_t)(xdp->data_end - xdp->data), (int32_t)r4) ?
		       BPF_MTU_CHK_RET_SUCCESS : BPF_MTU_CHK_RET_FRAG_NEEDED;
}

#define NUMBER .ret_type = RET_INTEGER
#define MTU_PROTO                                                                                  \
	NUMBER, .gpl_only = true, .arg_size = { [2] = 4 },                                         \
	ARGS(ARG_PTR_TO_CTX, ARG_ANYTHING,                                                         \
	     ARG_PTR_TO_MEM | MEM_FIXED_SIZE | MEM_WRITE | MEM_ALIGNED, ARG_ANYTHING, ARG_ANYTHING)

HELPER_PROTO(redirect, NUMBER, ARGS(ARG_ANYTHING, ARG_ANYTHING));
HELPER_PROTO(redirect_peer, NUMBER, ARGS(ARG_ANYTHING, ARG_ANYTHING));
HELPER_PROTO_AS(redirect_xdp, redirect, redirect_xdp, NUMBER, ARGS(ARG_ANYTHING, ARG_ANYTHING));
HELPER_PROTO(redirect_map, NUMBER, ARGS(ARG_CONST_MAP_PTR, ARG_ANYTHING, ARG_ANYTHING));
HELPER_PROTO(clone_redirect, NUMBER, .pkt_changes = true,
	     ARGS(ARG_PTR_TO_CTX, ARG_ANYTHING, ARG_ANYTHING));
HELPER_PROTO(check_mtu, MTU_PROTO);
HELPER_PROTO_AS(check_mtu_xdp, check_mtu, check_mtu_xdp, MTU_PROTO);
