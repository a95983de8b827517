/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What helpers that move or change bytes owe skb.csum, the sum over the whole packet kept when
 * ip_summed is SKB_CSUM_COMPLETE; without it they cost nothing. Source: include/linux/skbuff.h,
 * include/net/checksum.h.
 */
#pragma once

#include "object/pkt.h"

static inline uint32_t csum_sub(uint32_t a, uint32_t b)
{
	return csum_add(a, ~b);
}

/* A sum of bytes that begin at @offset of the packet, as part of the packet's sum. */
static inline uint32_t csum_shift(uint32_t sum, uint32_t offset)
{
	return offset & 1 ? sum >> 8 | sum << 24 : sum;
}

/* @bytes at @start, @offset into the packet, are about to go or change / have come or changed. */
static inline void skb_csum_out(struct skb *skb, const void *start, uint32_t bytes, uint32_t offset)
{
	if (skb->ip_summed == SKB_CSUM_COMPLETE)
		skb->csum = csum_sub(skb->csum, csum_shift(csum_partial(start, bytes, 0), offset));
}

static inline void skb_csum_in(struct skb *skb, const void *start, uint32_t bytes, uint32_t offset)
{
	if (skb->ip_summed == SKB_CSUM_COMPLETE)
		skb->csum = csum_add(skb->csum, csum_shift(csum_partial(start, bytes, 0), offset));
}

/* The checksum is no longer known to be right. */
static inline void skb_csum_reset_unnecessary(struct skb *skb)
{
	if (skb->ip_summed == SKB_CSUM_UNNECESSARY) {
		skb->ip_summed = SKB_CSUM_NONE;
		skb->csum_level = 0;
	}
}
