/* SPDX-License-Identifier: BSD-2-Clause */
/* What the framings of packets share. Source: net/bpf/test_run.c. */
#include "progs/frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/macros.h"
#include "object/engine.h"

/* Never in a table, never changed: programs only read its ifindex, mtu and (zero) address. */
static struct netdev loopback = { .ifindex = 1, .mtu = 65536, .name = "lo" };

struct netdev *frame_dev(const struct prog_frame *frame, uint32_t ifindex)
{
	struct netdev *dev = NULL;

	if (frame->engine && frame->engine->devs)
		dev = dev_by_index(frame->engine, ifindex ? ifindex : 1);
	if (!dev && ifindex <= 1)
		dev = &loopback;
	return dev;
}

bool bytes_are_zero(const void *mem, size_t from, size_t to)
{
	const uint8_t *p = mem;

	for (size_t i = from; i < to; i++)
		if (p[i])
			return false;
	return true;
}

int frame_ctx_in(const struct prog_frame *frame, void *ctx, uint32_t bytes)
{
	memset(ctx, 0, bytes);
	if (!frame->ctx_in)
		return 0;
	if (frame->ctx_in_bytes > bytes &&
	    !bytes_are_zero(frame->ctx_in, bytes, frame->ctx_in_bytes))
		return -E2BIG;
	memcpy(ctx, frame->ctx_in, MIN(bytes, frame->ctx_in_bytes));
	return 0;
}

int frame_ctx_out(struct prog_frame *frame, const void *ctx, uint32_t bytes)
{
	frame->ctx_out = mem_dup(ctx, bytes);
	if (!frame->ctx_out)
		return -ENOMEM;
	frame->ctx_out_bytes = bytes;
	return 0;
}

uint8_t *frame_data_out(struct prog_frame *frame, uint32_t bytes)
{
	frame->data_out = mem_alloc(bytes);
	if (frame->data_out)
		frame->data_out_bytes = bytes;
	return frame->data_out;
}

void prog_frame_free(struct prog_frame *frame)
{
	free(frame->data_out);
	free(frame->ctx_out);
	frame->data_out = frame->ctx_out = NULL;
	frame->data_out_bytes = frame->ctx_out_bytes = 0;
}
