/* SPDX-License-Identifier: BSD-2-Clause */
/* Plain contexts: bounds, private copies, and the answers many types share. */
#include "progs/plain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/macros.h"
#include "progs/types.h"

bool plain_is_load(int off, int size, enum bpf_access_type type, int first, int end)
{
	return type == BPF_READ && off >= first && off < end && size <= end - off && off % size == 0;
}

int plain_frame(struct prog_frame *frame, const struct plain_limits *limits)
{
	uint32_t bytes = frame->ctx_in_bytes;

	if (bytes < limits->min || bytes > limits->max)
		return -EINVAL;
	if (frame->data || frame->data_bytes)
		return -EINVAL;
	frame->priv = mem_zalloc(MAX(MAX(bytes, limits->pad), 1u));
	if (!frame->priv)
		return -ENOMEM;
	if (bytes)
		memcpy(frame->priv, frame->ctx_in, bytes);
	frame->ctx = frame->priv;
	return 0;
}

int plain_unframe(struct prog_frame *frame, bool writes)
{
	if (writes && frame->ctx_in_bytes) {
		frame->ctx_out = frame->priv;
		frame->ctx_out_bytes = frame->ctx_in_bytes;
	} else {
		free(frame->priv);
	}
	frame->priv = frame->ctx = NULL;
	return 0;
}

int plain_unframe_readonly(const struct prog *prog, struct prog_frame *frame)
{
	return plain_unframe(frame, false);
}

struct ret_range prog_ret_any(const struct prog *prog)
{
	return (struct ret_range){ .checked = false };
}

int prog_attach_any(const struct prog *prog)
{
	return 0;
}

int prog_attach_none(const struct prog *prog)
{
	return prog->attach_type ? -EINVAL : 0;
}
