/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct netdev: a virtual network device of an engine. It has an ifindex, a sink (xmit) that is
 * given frames it sends, and the programs attached to it; hooks/ runs them. Real sources and sinks
 * (capture file, memory, AF_PACKET, TAP) fill xmit.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "object/object.h"
#include "tbl/uapi.h"

struct engine;
struct run_array;
struct bpf_link;
struct netdev;

#define NETDEV_NAME_BYTES 16

/* A frame leaves through the device: it must be copied or consumed before returning. */
typedef void (*netdev_xmit_fn)(struct netdev *dev, const uint8_t *frame, uint32_t frame_bytes,
			       void *arg);

struct netdev {
	struct engine *engine;
	uint32_t ifindex; /* > 0 */
	uint32_t mtu;     /* bytes of L3 */
	char name[NETDEV_NAME_BYTES];
	uint8_t mac[6];
	netdev_xmit_fn xmit;
	void *xmit_arg;
	/* attachments: owned by hooks/, read inside an epoch */
	struct bpf_link *_Atomic xdp;
	struct run_array *_Atomic ingress; /* tcx ingress, in order */
	struct run_array *_Atomic egress;
	uint64_t tcx_revision[2]; /* of ingress and egress; 0: nothing attached yet. hooks/ */
	_Atomic uint64_t rx_packets, tx_packets, drops;
	struct epoch_node free_node; /* dev.c */
};

int dev_table_init(struct engine *engine);
/* Every device has been removed and epochs synced. */
void dev_table_deinit(struct engine *engine);

/* Adds a device. ifindex 0: the next free one. 0, -EEXIST (ifindex or name) or -ENOMEM. */
int dev_add(struct engine *engine, const char *name, uint32_t ifindex, struct netdev **dev);
/* Takes it out; freed when no program can see it. Attachments have been taken down by hooks/. */
void dev_remove(struct netdev *dev);
/* Valid inside an epoch; NULL: none. O(log n). */
struct netdev *dev_by_index(const struct engine *engine, uint32_t ifindex);
/* The device with the least ifindex above @after, or NULL. */
struct netdev *dev_next(const struct engine *engine, uint32_t after);
struct netdev *dev_by_name(const struct engine *engine, const char *name);
