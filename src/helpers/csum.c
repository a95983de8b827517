/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers on checksums. Source: net/core/filter.c bpf_l3_csum_replace … bpf_csum_level. */
#include "helpers/csum.h"

#include <errno.h>
#include <string.h>

#include "base/errno.h"
#include "helpers/call.h"

#define CSUM_MANGLED_0 0xffff
#define CSUM_LEVEL_MAX 3 /* SKB_MAX_CSUM_LEVEL */
#define L4_FLAGS                                                                                   \
	((uint64_t)BPF_F_MARK_MANGLED_0 | BPF_F_MARK_ENFORCE | BPF_F_PSEUDO_HDR |                  \
	 BPF_F_HDR_FIELD_MASK | BPF_F_IPV6)

/* Takes @from out of the checksum @sum and puts @to in. */
static uint16_t replace(uint16_t sum, uint32_t from, uint32_t to)
{
	return csum_fold(csum_add(csum_sub(~(uint32_t)sum, from), to));
}

static uint16_t replace_diff(uint16_t sum, uint32_t diff)
{
	return csum_fold(csum_add(diff, ~(uint32_t)sum));
}

/* The checksum field at @offset, or NULL. */
static uint8_t *field(struct skb *skb, uint32_t offset)
{
	if (offset > 0xffff || offset & 1 || offset + 2 > skb->len)
		return NULL;
	return skb->data + offset;
}

HELPER_CALL(l3_csum_replace)
{
	uint8_t *at = field(ptr(r1), (uint32_t)r2);
	uint16_t sum;

	if (r5 & ~(uint64_t)BPF_F_HDR_FIELD_MASK)
		return ret(-EINVAL);
	if (!at)
		return ret(-EFAULT);
	memcpy(&sum, at, sizeof(sum));
	switch (r5) {
	case 0:
		if (r3)
			return ret(-EINVAL);
		sum = replace_diff(sum, (uint32_t)r4);
		break;
	case 2:
		sum = replace(sum, (uint16_t)r3, (uint16_t)r4);
		break;
	case 4:
		sum = replace(sum, (uint32_t)r3, (uint32_t)r4);
		break;
	default:
		return ret(-EINVAL);
	}
	memcpy(at, &sum, sizeof(sum));
	return 0;
}

/* The pseudo header is no part of the packet: what its change did to @skb's sum is undone. */
static void keep_complete(struct skb *skb, uint32_t from, uint32_t to)
{
	if (skb->ip_summed == SKB_CSUM_COMPLETE)
		skb->csum = ~csum_add(csum_sub(~skb->csum, from), to);
}

static int l4_replace(struct skb *skb, uint16_t *sum, uint64_t from, uint64_t to, uint64_t flags)
{
	bool pseudo = flags & BPF_F_PSEUDO_HDR;
	uint32_t mask = UINT32_MAX;

	switch (flags & BPF_F_HDR_FIELD_MASK) {
	case 0:
		if (from)
			return -EINVAL;
		*sum = replace_diff(*sum, (uint32_t)to);
		if (pseudo && !(flags & BPF_F_IPV6) && skb->ip_summed == SKB_CSUM_COMPLETE)
			skb->csum = ~csum_sub((uint32_t)to, skb->csum);
		return 0;
	case 2:
		mask = UINT16_MAX;
		break;
	case 4:
		break;
	default:
		return -EINVAL;
	}
	*sum = replace(*sum, (uint32_t)from & mask, (uint32_t)to & mask);
	if (pseudo)
		keep_complete(skb, (uint32_t)from & mask, (uint32_t)to & mask);
	return 0;
}

HELPER_CALL(l4_csum_replace)
{
	struct skb *skb = ptr(r1);
	uint8_t *at = field(skb, (uint32_t)r2);
	bool mangled_0 = r5 & BPF_F_MARK_MANGLED_0;
	uint16_t sum;
	int err;

	if (r5 & ~L4_FLAGS)
		return ret(-EINVAL);
	if (!at)
		return ret(-EFAULT);
	memcpy(&sum, at, sizeof(sum));
	if (mangled_0 && !(r5 & BPF_F_MARK_ENFORCE) && !sum)
		return 0;
	err = l4_replace(skb, &sum, r3, r4, r5);
	if (err)
		return ret(err);
	if (mangled_0 && !sum)
		sum = CSUM_MANGLED_0;
	memcpy(at, &sum, sizeof(sum));
	return 0;
}

static uint32_t fold_to_16(uint32_t sum)
{
	return (uint16_t)~csum_fold(sum);
}

HELPER_CALL(csum_diff)
{
	uint32_t from_bytes = (uint32_t)r2, to_bytes = (uint32_t)r4, sum = (uint32_t)r5;

	if (from_bytes && to_bytes)
		sum = csum_sub(csum_partial(ptr(r3), to_bytes, sum),
			       csum_partial(ptr(r1), from_bytes, 0));
	else if (to_bytes)
		sum = csum_partial(ptr(r3), to_bytes, sum);
	else if (from_bytes)
		sum = ~csum_partial(ptr(r1), from_bytes, ~sum);
	return fold_to_16(sum);
}

HELPER_CALL(csum_update)
{
	struct skb *skb = ptr(r1);

	if (skb->ip_summed != SKB_CSUM_COMPLETE)
		return ret(-ENOTSUPP);
	skb->csum = csum_add(skb->csum, (uint32_t)r2);
	return skb->csum;
}

static void level_inc(struct skb *skb)
{
	if (skb->ip_summed == SKB_CSUM_UNNECESSARY) {
		skb->csum_level += skb->csum_level < CSUM_LEVEL_MAX;
	} else if (skb->ip_summed == SKB_CSUM_NONE) {
		skb->ip_summed = SKB_CSUM_UNNECESSARY;
		skb->csum_level = 0;
	}
}

static void level_dec(struct skb *skb)
{
	if (skb->ip_summed != SKB_CSUM_UNNECESSARY)
		return;
	if (skb->csum_level)
		skb->csum_level--;
	else
		skb->ip_summed = SKB_CSUM_NONE;
}

HELPER_CALL(csum_level)
{
	struct skb *skb = ptr(r1);

	switch (r2) {
	case BPF_CSUM_LEVEL_INC:
		level_inc(skb);
		return 0;
	case BPF_CSUM_LEVEL_DEC:
		level_dec(skb);
		return 0;
	case BPF_CSUM_LEVEL_RESET:
		skb_csum_reset_unnecessary(skb);
		return 0;
	case BPF_CSUM_LEVEL_QUERY:
		return skb->ip_summed == SKB_CSUM_UNNECESSARY ? skb->csum_level : ret(-EACCES);
	default:
		return ret(-EINVAL);
	}
}

#define NUMBER .ret_type = RET_INTEGER
#define REPLACE_ARGS ARGS(ARG_PTR_TO_CTX, ARG_ANYTHING, ARG_ANYTHING, ARG_ANYTHING, ARG_ANYTHING)

HELPER_PROTO(l3_csum_replace, NUMBER, .pkt_changes = true, REPLACE_ARGS);
HELPER_PROTO(l4_csum_replace, NUMBER, .pkt_changes = true, REPLACE_ARGS);
HELPER_PROTO(csum_diff, NUMBER, .pkt_access = true,
	     ARGS(ARG_MEM_READ_OR_NULL, ARG_CONST_SIZE_OR_ZERO, ARG_MEM_READ_OR_NULL,
		  ARG_CONST_SIZE_OR_ZERO, ARG_ANYTHING));
HELPER_PROTO(csum_update, NUMBER, ARGS(ARG_PTR_TO_CTX, ARG_ANYTHING));
HELPER_PROTO(csum_level, NUMBER, ARGS(ARG_PTR_TO_CTX, ARG_ANYTHING));
