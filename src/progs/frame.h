/* SPDX-License-Identifier: BSD-2-Clause */
/* What the framings of packets share: the device, and the user's context struct. */
#pragma once

#include "object/dev.h"
#include "object/prog.h"

#define TEST_PAGE_BYTES 4096 /* PAGE_SIZE: what one packet of BPF_PROG_TEST_RUN must fit into */

/* The device @ifindex of the engine; 0 and 1 fall back on a loopback device without programs. */
struct netdev *frame_dev(const struct prog_frame *frame, uint32_t ifindex);

/* ctx_in into @ctx of @bytes: what is missing is 0, what is longer must be 0 there (-E2BIG). */
int frame_ctx_in(const struct prog_frame *frame, void *ctx, uint32_t bytes);

/* A copy of @ctx as ctx_out: 0 or -ENOMEM. */
int frame_ctx_out(struct prog_frame *frame, const void *ctx, uint32_t bytes);

/* Room for @bytes of data_out (malloc'ed, set with its length), or NULL. */
uint8_t *frame_data_out(struct prog_frame *frame, uint32_t bytes);

bool bytes_are_zero(const void *mem, size_t from, size_t to);
