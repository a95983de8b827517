/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames packets for the types whose context is __sk_buff: as BPF_PROG_TEST_RUN does (socket filters
 * and cgroup programs at L3, tc at L2), or as the hook does (socket filters at L2 as on a packet
 * socket, a VLAN tag taken out of the packet and into the skb). unframe() undoes it: data_out begins
 * at L2 again. Source: bpf_prog_test_run_skb, __netif_receive_skb_core, skb_vlan_untag.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "object/pkt.h"
#include "progs/frame.h"
#include "progs/skb.h"

#define TEST_HEADROOM_BYTES 64 /* NET_SKB_PAD + NET_IP_ALIGN */
#define HOOK_HEADROOM_BYTES PKT_HEADROOM_BYTES
#define GSO_SEGS_MAX 65535     /* GSO_MAX_SEGS */
#define GSO_BYTES_MAX 65536    /* GSO_LEGACY_MAX_SIZE */
#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd
#define IP_BYTES 20
#define IPV6_BYTES 40

/* Where a type's packets begin. */
enum layer { LAYER_2, LAYER_3 };

struct skb_priv {
	struct skb skb;
	struct __sk_buff ctx;
	enum layer layer;
};

static enum layer layer_of(const struct prog *prog, bool hook)
{
	switch (prog->type) {
	case BPF_PROG_TYPE_SOCKET_FILTER:
		return hook ? LAYER_2 : LAYER_3;
	case BPF_PROG_TYPE_CGROUP_SKB:
		return LAYER_3;
	default:
		return LAYER_2;
	}
}

/* The socket a packet would come from: its addresses, no ports. The IP header must be whole. */
static int fill_sock(struct skb *skb)
{
	struct skb_sock *sk = &skb->sock;

	switch (ntohs(skb->protocol)) {
	case ETH_P_IP:
		if (skb->len < IP_BYTES)
			return -EINVAL;
		sk->family = AF_INET;
		memcpy(&sk->rcv_saddr, skb->data + 12, 4);
		memcpy(&sk->daddr, skb->data + 16, 4);
		return 0;
	case ETH_P_IPV6:
		if (skb->len < IPV6_BYTES)
			return -EINVAL;
		sk->family = AF_INET6;
		memcpy(sk->v6_rcv_saddr, skb->data + 8, 16);
		memcpy(sk->v6_daddr, skb->data + 24, 16);
		return 0;
	default:
		return 0;
	}
}

/* Which fields of ctx_in may be set: all but these ranges, which must be 0. */
static const struct {
	size_t from, to;
} ctx_zero[] = {
	{ 0, offsetof(struct __sk_buff, mark) },
	{ offsetof(struct __sk_buff, queue_mapping), offsetof(struct __sk_buff, priority) },
	{ offsetof(struct __sk_buff, tc_index), offsetof(struct __sk_buff, cb) },
	{ offsetof(struct __sk_buff, hash), offsetof(struct __sk_buff, tstamp) },
	{ offsetof(struct __sk_buff, sk), offsetof(struct __sk_buff, gso_size) },
	{ offsetof(struct __sk_buff, tstamp_type), offsetof(struct __sk_buff, hwtstamp) },
};

static int ctx_to_skb(const struct __sk_buff *ctx, struct skb *skb)
{
	for (size_t i = 0; i < ARRAY_SIZE(ctx_zero); i++)
		if (!bytes_are_zero(ctx, ctx_zero[i].from, ctx_zero[i].to))
			return -EINVAL;
	skb->mark = ctx->mark;
	skb->priority = ctx->priority;
	skb->ingress_ifindex = ctx->ingress_ifindex;
	skb->tstamp = ctx->tstamp;
	memcpy(skb->cb, ctx->cb, sizeof(skb->cb));
	skb->wire_len = skb->len;
	if (ctx->wire_len) {
		if (ctx->wire_len < skb->len || ctx->wire_len > GSO_BYTES_MAX)
			return -EINVAL;
		skb->wire_len = ctx->wire_len;
	}
	if (ctx->gso_segs > GSO_SEGS_MAX)
		return -EINVAL;
	skb->gso_segs = ctx->gso_segs;
	skb->gso_size = (uint16_t)ctx->gso_size;
	skb->hwtstamp = ctx->hwtstamp;
	return 0;
}

static void skb_to_ctx(const struct skb *skb, struct __sk_buff *ctx)
{
	ctx->mark = skb->mark;
	ctx->priority = skb->priority;
	ctx->ingress_ifindex = skb->ingress_ifindex;
	ctx->ifindex = skb->dev->ifindex;
	ctx->tstamp = skb->tstamp;
	memcpy(ctx->cb, skb->cb, sizeof(ctx->cb));
	ctx->wire_len = skb->wire_len;
	ctx->gso_segs = skb->gso_segs;
	ctx->hwtstamp = skb->hwtstamp;
}

static uint32_t csum_from_network(const struct skb *skb)
{
	int32_t off = skb_offset(skb, skb->network_off);

	return csum_partial(skb->data + off, skb->len - (uint32_t)off, 0);
}

/* --- as BPF_PROG_TEST_RUN --------------------------------------------------------------------- */

static int frame_test(struct prog_frame *frame, struct skb_priv *priv)
{
	struct skb *skb = &priv->skb;
	struct netdev *dev;
	int err;

	err = frame_ctx_in(frame, &priv->ctx, sizeof(priv->ctx));
	if (err)
		return err;
	err = skb_init(skb, frame->data, frame->data_bytes, TEST_HEADROOM_BYTES, NULL);
	if (err)
		return err;
	dev = frame_dev(frame, priv->ctx.ifindex);
	if (!dev)
		return -ENODEV;
	skb_eth_type_trans(skb, dev);
	err = fill_sock(skb);
	if (err)
		return err;
	if (priv->layer == LAYER_2)
		skb_push(skb, ETH_BYTES);
	/* Without a context wire_len stays 0, as in the kernel. */
	err = frame->ctx_in ? ctx_to_skb(&priv->ctx, skb) : 0;
	if (err)
		return err;
	if (frame->flags & BPF_F_TEST_SKB_CHECKSUM_COMPLETE) {
		skb->csum = csum_from_network(skb);
		skb->ip_summed = SKB_CSUM_COMPLETE;
	}
	return 0;
}

static int check_test(const struct prog_frame *frame)
{
	if (frame->flags & ~(uint32_t)BPF_F_TEST_SKB_CHECKSUM_COMPLETE)
		return -EINVAL;
	if (frame->data_bytes < ETH_BYTES)
		return -EINVAL;
	if (frame->data_bytes > TEST_PAGE_BYTES - TEST_HEADROOM_BYTES - PKT_TAILROOM_BYTES)
		return -EINVAL;
	return 0;
}

/* --- as the hook ------------------------------------------------------------------------------- */

static int frame_hook(const struct prog *prog, struct prog_frame *frame, struct skb_priv *priv)
{
	struct netdev *dev = frame_dev(frame, frame->ifindex);
	struct skb *skb = &priv->skb;
	int err;

	if (!dev)
		return -ENODEV;
	err = skb_init(skb, frame->data, frame->data_bytes, HOOK_HEADROOM_BYTES, NULL);
	if (err)
		return err;
	skb_eth_type_trans(skb, dev);
	skb_vlan_untag(skb);
	skb->ingress_ifindex = dev->ifindex;
	skb->wire_len = frame->wire_bytes ? frame->wire_bytes : skb->len;
	err = fill_sock(skb);
	if (prog->type == BPF_PROG_TYPE_CGROUP_SKB && (err || !skb->sock.family))
		return -EPROTONOSUPPORT;
	skb->at_ingress = true;
	if (priv->layer == LAYER_2)
		skb_push(skb, ETH_BYTES);
	return 0;
}

/* --- both ---------------------------------------------------------------------------------------- */

static void priv_free(struct skb_priv *priv)
{
	skb_deinit(&priv->skb);
	free(priv);
}

int skb_frame(const struct prog *prog, struct prog_frame *frame)
{
	struct skb_priv *priv;
	int err;

	if (frame->hook)
		err = frame->data_bytes < ETH_BYTES || frame->data_bytes > PKT_BYTES_MAX ?
			      -EINVAL : 0;
	else
		err = check_test(frame);
	if (err)
		return err;
	priv = mem_zalloc(sizeof(*priv));
	if (!priv)
		return -ENOMEM;
	priv->layer = layer_of(prog, frame->hook);
	err = frame->hook ? frame_hook(prog, frame, priv) : frame_test(frame, priv);
	if (err) {
		priv_free(priv);
		return err;
	}
	frame->priv = priv;
	frame->ctx = &priv->skb;
	return 0;
}

/* The Ethernet header in front of an L3 packet: zeros in a test run, what it was at the hook. */
static int restore_l2(const struct prog_frame *frame, struct skb_priv *priv)
{
	struct skb *skb = &priv->skb;
	int err;

	if (priv->layer == LAYER_3) {
		err = skb_reserve(skb, ETH_BYTES, 0);
		if (err)
			return err;
		skb_push(skb, ETH_BYTES);
		if (!frame->hook)
			memset(skb->data, 0, ETH_BYTES);
	}
	return frame->hook ? skb_vlan_restore(skb) : 0;
}

static int check_csum(const struct prog_frame *frame, const struct skb *skb)
{
	if (!(frame->flags & BPF_F_TEST_SKB_CHECKSUM_COMPLETE))
		return 0;
	return csum_fold(skb->csum) == csum_fold(csum_from_network(skb)) ? 0 : -EBADMSG;
}

int skb_unframe(const struct prog *prog, struct prog_frame *frame)
{
	struct skb_priv *priv = frame->priv;
	struct skb *skb = &priv->skb;
	int err = restore_l2(frame, priv);

	if (!err)
		err = check_csum(frame, skb);
	if (!err) {
		skb_to_ctx(skb, &priv->ctx);
		err = frame_ctx_out(frame, &priv->ctx, sizeof(priv->ctx));
	}
	if (!err && frame_data_out(frame, skb->len))
		memcpy(frame->data_out, skb->data, skb->len);
	else if (!err)
		err = -ENOMEM;
	priv_free(priv);
	frame->priv = frame->ctx = NULL;
	return err;
}
