/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual network devices of an engine. Programs are attached to a device by its ifindex with
 * BPF_LINK_CREATE (BPF_XDP, BPF_TCX_INGRESS, BPF_TCX_EGRESS); a frame given to skep_dev_receive()
 * meets the XDP program, then the tc ingress programs, as in the kernel. What programs send
 * (XDP_TX, redirects, clones) leaves through the device meant: its sink is called.
 */
#ifndef SKEP_DEV_H
#define SKEP_DEV_H

#include <stddef.h>
#include <stdint.h>

#include "skep/export.h"
#include "skep/skep.h"

#ifdef __cplusplus
extern "C" {
#endif

struct skep_dev;

/* A frame leaves through the device: copy it or use it up before returning. Called on the thread
 * that runs the program that sent it. */
typedef void (*skep_sink)(void *arg, const void *frame, uint32_t bytes);

enum skep_fate {
	SKEP_PASSED,     /* goes up the stack */
	SKEP_DROPPED,
	SKEP_TX,         /* sent back by XDP_TX */
	SKEP_REDIRECTED,
};

struct skep_received {
	size_t size;        /* sizeof(struct skep_received) */
	uint32_t fate;      /* enum skep_fate */
	int32_t xdp_action; /* what the XDP program returned; -1: there is none */
	int32_t tc_action;  /* what the last tc program returned; -1 (TC_ACT_UNSPEC): none */
	void *frame;        /* SKEP_PASSED: buffer of room bytes for the frame as rewritten, or NULL */
	uint32_t room;
	uint32_t bytes;     /* what there was, also beyond the room */
};

/*
 * A device called @name (shorter than 16 bytes) with the ifindex asked for, or the next free one
 * for 0. @sink NULL: what it sends is counted and dropped. -EEXIST, -EINVAL (name), -ENOMEM.
 */
SKEP_API int skep_dev_add(struct skep_engine *engine, const char *name, uint32_t ifindex,
			  skep_sink sink, void *arg, struct skep_dev **dev);

/* Detaches what is attached to it and takes it away; no frame may be on its way through it. */
SKEP_API void skep_dev_remove(struct skep_dev *dev);

SKEP_API uint32_t skep_dev_ifindex(const struct skep_dev *dev);

/* A frame of 14 to 65535 bytes arrives. 0 and @result, -EINVAL (size), -ENOMEM. */
SKEP_API int skep_dev_receive(struct skep_dev *dev, const void *frame, uint32_t bytes,
			      struct skep_received *result);

#ifdef __cplusplus
}
#endif

#endif
