/* SPDX-License-Identifier: BSD-2-Clause */
/* What the maps a packet can be redirected through share. Source: __bpf_xdp_redirect_map. */
#pragma once

#include <stdint.h>

#include "tbl/uapi.h"

#define REDIRECT_ACTION_MASK ((uint64_t)(XDP_ABORTED | XDP_DROP | XDP_PASS | XDP_TX))

/* bpf_redirect_map() where the key leads nowhere: the action in its flags. @flags_known: what the
 * map type takes beside it. */
static inline int redirect_to_none(uint64_t flags, uint64_t flags_known)
{
	if (flags & ~(REDIRECT_ACTION_MASK | flags_known))
		return XDP_ABORTED;
	return (int)(flags & REDIRECT_ACTION_MASK);
}
