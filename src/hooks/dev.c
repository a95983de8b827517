/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way of a packet through devices. Source: net/core/dev.c __netif_receive_skb_core,
 * sch_handle_ingress, __dev_queue_xmit; net/core/filter.c skb_do_redirect, xdp_do_redirect.
 */
#include "hooks/dev.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "hooks/state.h"
#include "object/map.h"
#include "object/pkt.h"
#include "object/redirect_target.h"

#define VLAN_BYTES 4
#define ARRIVAL_HEADROOM_BYTES (PKT_HEADROOM_BYTES + PROG_FRAME_META_MAX)

/* One packet on its way. */
struct journey {
	struct engine *engine;
	uint32_t slot;
	uint32_t depth; /* redirects so far */
};

/* Bytes from the Ethernet header on, and what XDP left in front of them for tc. */
struct arrival {
	const uint8_t *frame;
	uint32_t bytes;
	const uint8_t *meta;
	uint32_t meta_bytes;
};

static void skb_arrive(struct journey *j, struct netdev *dev, const struct arrival *arrival,
		       struct pkt_result *result);

/* --- leaving --------------------------------------------------------------------------------------- */

/* Past all programs: a frame that is too long for the device is lost. */
static void dev_transmit(struct netdev *dev, const uint8_t *frame, uint32_t bytes)
{
	if (bytes > dev->mtu + ETH_BYTES + VLAN_BYTES || !dev->xmit) {
		atomic_fetch_add_explicit(&dev->drops, 1, memory_order_relaxed);
		return;
	}
	atomic_fetch_add_explicit(&dev->tx_packets, 1, memory_order_relaxed);
	dev->xmit(dev, frame, bytes, dev->xmit_arg);
}

static void dev_drop(struct netdev *dev)
{
	atomic_fetch_add_explicit(&dev->drops, 1, memory_order_relaxed);
}

static void skb_leave(struct journey *j, struct netdev *dev, const uint8_t *frame, uint32_t bytes);

/* A frame to another device, into it or out of it. */
static void send(struct journey *j, uint32_t ifindex, bool ingress, const uint8_t *frame,
		 uint32_t bytes)
{
	struct netdev *dev = dev_by_index(j->engine, ifindex);
	struct pkt_result result;

	if (!dev)
		return;
	if (j->depth == HOOK_NESTING_MAX || bytes < ETH_BYTES) {
		dev_drop(dev);
		return;
	}
	j->depth++;
	if (ingress) {
		skb_arrive(j, dev, &(struct arrival){ .frame = frame, .bytes = bytes }, &result);
		free(result.data);
	} else {
		skb_leave(j, dev, frame, bytes);
	}
	j->depth--;
}

static void flush_clones(struct journey *j, struct run_ctx *rc)
{
	struct run_clone *clone;

	while ((clone = rc->clones)) {
		rc->clones = clone->next;
		send(j, clone->ifindex, clone->ingress, clone->frame, clone->bytes);
		free(clone);
	}
}

void hook_flush_clones(struct run_ctx *rc)
{
	struct journey j = { .engine = rc->engine, .slot = rc->slot };

	flush_clones(&j, rc);
}

/* --- tc -------------------------------------------------------------------------------------------- */

/* tcx programs in order until one decides. Source: tcx_run. */
static int32_t run_tcx(struct journey *j, const struct run_array *array, struct skb *skb,
		       struct redirect_info *redirect)
{
	int32_t action = TCX_NEXT;

	for (uint32_t i = 0; array && i < array->n && action == TCX_NEXT; i++) {
		struct run_ctx rc = { .engine = j->engine, .slot = j->slot };
		const struct prog *prog = run_array_prog(array, i);

		if (!prog)
			continue;
		action = (int32_t)run_prog(prog, skb, &rc);
		*redirect = rc.redirect;
		flush_clones(j, &rc);
	}
	return action;
}

/* The packet as it is on the wire: the tag that is in the skb back in its place. */
static int skb_wire(struct skb *skb, uint8_t **frame, uint32_t *bytes)
{
	int err = skb_vlan_restore(skb);

	if (err)
		return err;
	*bytes = skb->len;
	*frame = mem_dup(skb->data, skb->len);
	return *frame ? 0 : -ENOMEM;
}

static void redirect_skb(struct journey *j, struct skb *skb, const struct redirect_info *redirect)
{
	bool ingress = redirect->flags & BPF_F_INGRESS || redirect->kind == REDIRECT_PEER;

	if (redirect->kind == REDIRECT_NONE || skb_vlan_restore(skb)) {
		dev_drop(skb->dev);
		return;
	}
	send(j, redirect->tgt_index, ingress, skb->data, skb->len);
}

/* True: the packet goes on. */
static bool act_tc(struct journey *j, struct skb *skb, int32_t action,
		   const struct redirect_info *redirect, enum pkt_fate *fate)
{
	switch (action) {
	case TCX_DROP:
		dev_drop(skb->dev);
		*fate = PKT_DROPPED;
		return false;
	case TCX_REDIRECT:
		redirect_skb(j, skb, redirect);
		*fate = PKT_REDIRECTED;
		return false;
	default:
		return true;
	}
}

static void skb_leave(struct journey *j, struct netdev *dev, const uint8_t *frame, uint32_t bytes)
{
	const struct run_array *array = atomic_load_explicit(&dev->egress, memory_order_acquire);
	struct redirect_info redirect = { 0 };
	enum pkt_fate fate;
	struct skb skb;
	int32_t action;

	if (!array) {
		dev_transmit(dev, frame, bytes);
		return;
	}
	if (skb_init(&skb, frame, bytes, PKT_HEADROOM_BYTES, dev)) {
		dev_drop(dev);
		return;
	}
	skb_eth_type_trans(&skb, dev);
	skb_push(&skb, ETH_BYTES);
	skb.wire_len = skb.len;
	action = run_tcx(j, array, &skb, &redirect);
	if (act_tc(j, &skb, action, &redirect, &fate) && skb_vlan_restore(&skb) == 0)
		dev_transmit(dev, skb.data, skb.len);
	skb_deinit(&skb);
}

/* tc ingress and then the stack. result->data stays NULL unless the packet passes. */
static void skb_arrive(struct journey *j, struct netdev *dev, const struct arrival *arrival,
		       struct pkt_result *result)
{
	const struct run_array *array = atomic_load_explicit(&dev->ingress, memory_order_acquire);
	struct redirect_info redirect = { 0 };
	struct skb skb;

	result->data = NULL;
	result->fate = PKT_DROPPED;
	result->tc_action = TC_ACT_UNSPEC;
	if (skb_init(&skb, arrival->frame, arrival->bytes, ARRIVAL_HEADROOM_BYTES, dev)) {
		dev_drop(dev);
		return;
	}
	skb_eth_type_trans(&skb, dev);
	skb_vlan_untag(&skb);
	skb.ingress_ifindex = dev->ifindex;
	skb.wire_len = skb.len;
	skb.at_ingress = true;
	skb_push(&skb, ETH_BYTES);
	if (arrival->meta_bytes) {
		skb.data_meta -= arrival->meta_bytes;
		memcpy(skb.data_meta, arrival->meta, arrival->meta_bytes);
	}
	result->tc_action = run_tcx(j, array, &skb, &redirect);
	if (act_tc(j, &skb, result->tc_action, &redirect, &result->fate) &&
	    skb_wire(&skb, &result->data, &result->bytes) == 0)
		result->fate = PKT_PASSED;
	skb_deinit(&skb);
}

/* --- XDP ------------------------------------------------------------------------------------------- */

static bool redirect_xdp(struct journey *j, struct netdev *dev, struct prog_frame *frame,
			 const struct redirect_info *redirect);

/* Runs @prog on the frame: its verdict, what it redirects to, and frame->data_out; or -errno. */
static int run_on_frame(struct journey *j, const struct prog *prog, struct prog_frame *frame,
			struct redirect_info *redirect)
{
	struct run_ctx rc = { .engine = j->engine, .slot = j->slot };
	int err = prog->ops->frame(prog, frame);

	if (err)
		return err;
	frame->retval = run_prog(prog, frame->ctx, &rc);
	*redirect = rc.redirect;
	return prog->ops->unframe(prog, frame);
}

/* To a device of a map, unless the entry's program drops it. Source: dev_map_bpf_prog_run. */
static void redirect_to_dev(struct journey *j, struct netdev *dev, const struct prog_frame *frame,
			    const struct redirect_target *target)
{
	struct netdev *to = dev_by_index(j->engine, target->dev_val.ifindex);
	struct redirect_info unused;
	struct prog_frame last = {
		.engine = j->engine,
		.data = frame->data_out,
		.data_bytes = frame->data_out_bytes,
		.hook = true,
		.ifindex = dev->ifindex,
		.egress_ifindex = target->dev_val.ifindex,
	};

	if (!to || to != target->dev)
		dev_drop(dev);
	else if (!target->prog)
		dev_transmit(to, frame->data_out, frame->data_out_bytes);
	else if (run_on_frame(j, target->prog, &last, &unused) || last.retval != XDP_PASS)
		dev_drop(dev);
	else
		dev_transmit(to, last.data_out, last.data_out_bytes);
	prog_frame_free(&last);
}

/* To every device of a map. Source: dev_map_enqueue_multi. */
static void broadcast(struct journey *j, struct netdev *dev, const struct prog_frame *frame,
		      const struct redirect_info *redirect)
{
	const struct map_ops *ops = redirect->map->ops;
	struct redirect_target *target = ops->target_next(redirect->map, NULL);

	for (; target; target = ops->target_next(redirect->map, target))
		if (!(redirect->flags & BPF_F_EXCLUDE_INGRESS) ||
		    target->dev_val.ifindex != dev->ifindex)
			redirect_to_dev(j, dev, frame, target);
}

/* To a CPU, on this thread: its program, if any, decides. True: the packet goes on, as data_out. */
static bool redirect_to_cpu(struct journey *j, struct netdev *dev, struct prog_frame *frame,
			    const struct redirect_target *target)
{
	struct redirect_info redirect;
	struct prog_frame next = {
		.engine = j->engine,
		.data = frame->data_out,
		.data_bytes = frame->data_out_bytes,
		.hook = true,
		.ifindex = dev->ifindex,
	};
	bool go_on = false;

	frame->meta_bytes = 0;
	if (!target->prog)
		return true;
	if (run_on_frame(j, target->prog, &next, &redirect)) {
		dev_drop(dev);
		prog_frame_free(&next);
		return false;
	}
	prog_frame_free(frame);
	frame->data_out = next.data_out;
	frame->data_out_bytes = next.data_out_bytes;
	next.data_out = NULL; /* moved; what else the run left goes */
	prog_frame_free(&next);
	if (next.retval == XDP_PASS)
		go_on = true;
	else if (next.retval == XDP_REDIRECT)
		go_on = redirect_xdp(j, dev, frame, &redirect);
	else
		dev_drop(dev);
	return go_on;
}

/* True: the packet goes on up the stack, having been given to a CPU. */
static bool redirect_xdp(struct journey *j, struct netdev *dev, struct prog_frame *frame,
			 const struct redirect_info *redirect)
{
	const struct redirect_target *target = redirect->tgt_value;
	struct netdev *to;
	bool go_on = false;

	if (j->depth == HOOK_NESTING_MAX) {
		dev_drop(dev);
		return false;
	}
	j->depth++;
	if (redirect->kind == REDIRECT_MAP && redirect->map) {
		broadcast(j, dev, frame, redirect);
	} else if (redirect->kind == REDIRECT_MAP && !target->dev) {
		go_on = redirect_to_cpu(j, dev, frame, target);
	} else if (redirect->kind == REDIRECT_MAP) {
		redirect_to_dev(j, dev, frame, target);
	} else {
		to = dev_by_index(j->engine, redirect->tgt_index);
		if (redirect->kind == REDIRECT_IFINDEX && to)
			dev_transmit(to, frame->data_out, frame->data_out_bytes);
		else
			dev_drop(dev);
	}
	j->depth--;
	return go_on;
}

/* True: the packet goes on, as frame->data_out. */
static bool act_xdp(struct journey *j, struct netdev *dev, struct prog_frame *frame,
		    const struct redirect_info *redirect, struct pkt_result *result)
{
	result->xdp_action = (int32_t)frame->retval;
	switch ((uint32_t)frame->retval) {
	case XDP_PASS:
		return true;
	case XDP_TX:
		result->fate = PKT_TX;
		dev_transmit(dev, frame->data_out, frame->data_out_bytes);
		return false;
	case XDP_REDIRECT:
		result->fate = PKT_REDIRECTED;
		return redirect_xdp(j, dev, frame, redirect);
	default:
		result->fate = PKT_DROPPED;
		dev_drop(dev);
		return false;
	}
}

/* Runs the XDP program on the frame: *go_on and frame->data_out, or -errno. */
static int run_xdp(struct journey *j, struct netdev *dev, const struct prog *prog,
		   struct prog_frame *frame, struct pkt_result *result, bool *go_on)
{
	struct redirect_info redirect;
	int err = run_on_frame(j, prog, frame, &redirect);

	if (!err)
		*go_on = act_xdp(j, dev, frame, &redirect, result);
	return err;
}

static int receive(struct journey *j, struct netdev *dev, const uint8_t *data, uint32_t bytes,
		   struct pkt_result *result)
{
	struct bpf_link *link = atomic_load_explicit(&dev->xdp, memory_order_acquire);
	struct prog_frame frame = {
		.engine = j->engine,
		.data = data,
		.data_bytes = bytes,
		.hook = true,
		.ifindex = dev->ifindex,
	};
	struct arrival arrival = { .frame = data, .bytes = bytes };
	bool go_on = true;
	int err = 0;

	if (link) {
		err = run_xdp(j, dev, atomic_load(&link->prog), &frame, result, &go_on);
		arrival = (struct arrival){ frame.data_out, frame.data_out_bytes, frame.meta,
					    frame.meta_bytes };
	}
	if (!err && go_on)
		skb_arrive(j, dev, &arrival, result);
	prog_frame_free(&frame);
	return err;
}

int hook_dev_receive(struct netdev *dev, const uint8_t *frame, uint32_t bytes,
		     struct pkt_result *result)
{
	struct journey j = { .engine = dev->engine };
	int err;

	*result = (struct pkt_result){ .fate = PKT_DROPPED, .xdp_action = -1,
				       .tc_action = TC_ACT_UNSPEC };
	if (bytes < ETH_BYTES || bytes > PKT_BYTES_MAX)
		return -EINVAL;
	atomic_fetch_add_explicit(&dev->rx_packets, 1, memory_order_relaxed);
	j.slot = run_enter(j.engine);
	err = receive(&j, dev, frame, bytes, result);
	run_exit(j.engine);
	return err;
}

/* --- devices --------------------------------------------------------------------------------------- */

int hook_dev_add(struct engine *engine, const char *name, uint32_t ifindex, netdev_xmit_fn xmit,
		 void *xmit_arg, struct netdev **out)
{
	struct netdev *dev;
	int err = dev_add(engine, name, ifindex, &dev);

	if (err)
		return err;
	dev->xmit_arg = xmit_arg;
	dev->xmit = xmit;
	*out = dev;
	return 0;
}

static void detach_array(struct run_array *_Atomic *array)
{
	struct run_array *now;

	while ((now = atomic_load(array)))
		now->items[0].link->ops->detach(now->items[0].link);
}

void hook_dev_remove(struct netdev *dev)
{
	struct bpf_link *link = atomic_load(&dev->xdp);

	if (link)
		link->ops->detach(link);
	detach_array(&dev->ingress);
	detach_array(&dev->egress);
	dev_remove(dev);
}
