/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets on the engine's devices. A frame that arrives meets the device's XDP program, then its tc
 * ingress programs, as in the kernel; one that leaves meets its tc egress programs and then the
 * device's xmit. What programs ask for (XDP_TX, redirects, clones) is carried out after each program,
 * on the calling thread.
 */
#pragma once

#include <stdint.h>

#include "object/dev.h"

struct run_ctx;

#define HOOK_NESTING_MAX 8 /* devices one packet may be redirected through: XMIT_RECURSION_LIMIT */

/* What became of a packet that arrived. */
enum pkt_fate {
	PKT_PASSED,     /* goes up the stack: data and bytes say how it looks now */
	PKT_DROPPED,
	PKT_TX,         /* sent back by XDP_TX */
	PKT_REDIRECTED,
};

struct pkt_result {
	enum pkt_fate fate;
	int32_t xdp_action; /* what the XDP program returned; -1: there is none */
	int32_t tc_action;  /* what the last tc program returned; TC_ACT_UNSPEC: there is none */
	uint8_t *data;      /* PKT_PASSED: from the Ethernet header, VLAN tag in place; malloc'ed */
	uint32_t bytes;
};

/* A device with a sink; ifindex 0: the next free one. 0, -EEXIST or -ENOMEM. */
int hook_dev_add(struct engine *engine, const char *name, uint32_t ifindex, netdev_xmit_fn xmit,
		 void *xmit_arg, struct netdev **dev);
/* Detaches what is attached to it and takes it away. */
void hook_dev_remove(struct netdev *dev);

/*
 * A frame of 14 to PKT_BYTES_MAX bytes arrives. 0 and @result (free its data), -EINVAL (size) or
 * -ENOMEM. The device must stay until this returns.
 */
int hook_dev_receive(struct netdev *dev, const uint8_t *frame, uint32_t bytes,
		     struct pkt_result *result);

/* Sends what bpf_clone_redirect left in @rc, in order, and frees it. Call it between run_enter() and
 * run_exit(). */
void hook_flush_clones(struct run_ctx *rc);
