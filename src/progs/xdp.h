/* SPDX-License-Identifier: BSD-2-Clause */
/* xdp_frame.c: how the packets of XDP programs are framed: prog_type_ops.frame and .unframe. */
#pragma once

#include "object/prog.h"

#define XDP_FRAME_HEADER_BYTES 40 /* sizeof(struct xdp_frame): head of the headroom, not for programs */
#define XDP_META_BYTES_MAX 255    /* what skb_shared_info.meta_len can hold */

int xdp_frame(const struct prog *prog, struct prog_frame *frame);
int xdp_unframe(const struct prog *prog, struct prog_frame *frame);
