/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames packets for XDP: metadata in the headroom, one page, what does not fit behind it as frags.
 * At the hook a frame of any size is linear. Source: bpf_prog_test_run_xdp.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/check.h"
#include "object/pkt.h"
#include "progs/frame.h"
#include "progs/xdp.h"

#define FRAGS_MAX 17 /* MAX_SKB_FRAGS, each one page */

struct xdp_priv {
	struct xdp_buff xdp;
	struct xdp_rxq rxq;
	struct xdp_md md;
};

/* Sizes of one input. */
struct xdp_layout {
	uint32_t headroom; /* before the metadata */
	uint32_t meta;     /* metadata, the first bytes of the input */
	uint32_t linear;   /* metadata and packet bytes in the page */
};

static int check_md(const struct prog_frame *frame, const struct xdp_md *md,
		    struct xdp_layout *layout)
{
	if (md->data_meta || md->data_end > frame->data_bytes || md->data > md->data_end)
		return -EINVAL;
	layout->meta = md->data;
	if (!is_aligned(layout->meta, 4) || layout->meta > XDP_META_BYTES_MAX ||
	    layout->meta > PKT_HEADROOM_BYTES - XDP_FRAME_HEADER_BYTES)
		return -EINVAL;
	layout->headroom -= layout->meta;
	layout->linear = md->data_end;
	return 0;
}

static int lay_out(const struct prog_frame *frame, const struct xdp_md *md,
		   struct xdp_layout *layout)
{
	uint32_t linear_max;
	int err;

	*layout = (struct xdp_layout){ PKT_HEADROOM_BYTES, 0, frame->data_bytes };
	if (frame->ctx_in) {
		err = check_md(frame, md, layout);
		if (err)
			return err;
	}
	linear_max = TEST_PAGE_BYTES - layout->headroom - PKT_TAILROOM_BYTES;
	if (!frame->hook)
		layout->linear = MIN(layout->linear, linear_max);
	if (frame->data_bytes - layout->meta < ETH_BYTES)
		return -EINVAL;
	return 0;
}

static int set_rxq(const struct prog_frame *frame, struct xdp_priv *priv)
{
	uint32_t ifindex = frame->hook ? frame->ifindex : priv->md.ingress_ifindex;
	struct netdev *dev;

	if (priv->md.egress_ifindex)
		return -EINVAL;
	if (!priv->md.ingress_ifindex && priv->md.rx_queue_index)
		return -EINVAL;
	dev = frame_dev(frame, ifindex);
	if (!dev)
		return -ENODEV;
	if (priv->md.rx_queue_index >= 1)
		return -EINVAL;
	priv->rxq = (struct xdp_rxq){ .dev = dev, .ifindex = dev->ifindex };
	priv->xdp.rxq = &priv->rxq;
	priv->xdp.egress = frame->egress_ifindex ? frame_dev(frame, frame->egress_ifindex) : dev;
	if (!priv->xdp.egress)
		return -ENODEV;
	return 0;
}

/* The page: headroom, metadata and packet, tailroom. */
static int fill_linear(const struct prog_frame *frame, const struct xdp_layout *layout,
		       struct xdp_buff *xdp)
{
	uint32_t bytes = MAX(layout->headroom + layout->linear + PKT_TAILROOM_BYTES, TEST_PAGE_BYTES);
	uint8_t *buf = mem_zalloc(bytes);

	if (!buf)
		return -ENOMEM;
	xdp->data_hard_start = buf;
	xdp->frame_bytes = bytes - PKT_TAILROOM_BYTES;
	xdp->data_meta = buf + layout->headroom;
	xdp->data = xdp->data_meta + layout->meta;
	xdp->data_end = xdp->data_meta + layout->linear;
	memcpy(xdp->data_meta, frame->data, layout->linear);
	return 0;
}

static int fill_frags(const struct prog_frame *frame, const struct xdp_layout *layout,
		      struct xdp_buff *xdp)
{
	uint32_t bytes = frame->data_bytes - layout->linear;

	if (!bytes)
		return 0;
	if (bytes > FRAGS_MAX * TEST_PAGE_BYTES)
		return -ENOMEM;
	xdp->frags_room = (uint32_t)round_up_u64(bytes, TEST_PAGE_BYTES);
	xdp->frags = mem_zalloc(xdp->frags_room);
	if (!xdp->frags)
		return -ENOMEM;
	xdp->frags_bytes = bytes;
	memcpy(xdp->frags, frame->data + layout->linear, bytes);
	return 0;
}

static void priv_free(struct xdp_priv *priv)
{
	free(priv->xdp.data_hard_start);
	free(priv->xdp.frags);
	free(priv);
}

static int check(const struct prog *prog, const struct prog_frame *frame)
{
	if (frame->hook)
		return frame->data_bytes > PKT_BYTES_MAX ? -EINVAL : 0;
	if (prog->attach_type == BPF_XDP_DEVMAP || prog->attach_type == BPF_XDP_CPUMAP)
		return -EINVAL;
	return frame->flags ? -EINVAL : 0; /* live frames are not supported */
}

int xdp_frame(const struct prog *prog, struct prog_frame *frame)
{
	struct xdp_layout layout;
	struct xdp_priv *priv;
	int err = check(prog, frame);

	if (err)
		return err;
	priv = mem_zalloc(sizeof(*priv));
	if (!priv)
		return -ENOMEM;
	err = frame_ctx_in(frame, &priv->md, sizeof(priv->md));
	if (!err)
		err = lay_out(frame, &priv->md, &layout);
	if (!err)
		err = fill_linear(frame, &layout, &priv->xdp);
	if (!err)
		err = set_rxq(frame, priv);
	if (!err)
		err = fill_frags(frame, &layout, &priv->xdp);
	if (err) {
		priv_free(priv);
		return err;
	}
	frame->priv = priv;
	frame->ctx = &priv->xdp;
	return 0;
}

int xdp_unframe(const struct prog *prog, struct prog_frame *frame)
{
	struct xdp_priv *priv = frame->priv;
	struct xdp_buff *xdp = &priv->xdp;
	uint8_t *from = frame->hook ? xdp->data : xdp->data_meta;
	uint32_t linear = (uint32_t)(xdp->data_end - from);
	int err = -ENOMEM;

	if (frame_data_out(frame, linear + xdp->frags_bytes)) {
		memcpy(frame->data_out, from, linear);
		if (xdp->frags_bytes)
			memcpy(frame->data_out + linear, xdp->frags, xdp->frags_bytes);
		priv->md.data = (uint32_t)(xdp->data - xdp->data_meta);
		priv->md.data_end = (uint32_t)(xdp->data_end - xdp->data_meta);
		frame->frags_bytes = xdp->frags_bytes;
		err = frame_ctx_out(frame, &priv->md, sizeof(priv->md));
	}
	if (frame->hook) {
		frame->meta_bytes = (uint32_t)(xdp->data - xdp->data_meta);
		memcpy(frame->meta, xdp->data_meta, frame->meta_bytes);
	}
	priv_free(priv);
	frame->priv = frame->ctx = NULL;
	return err;
}
