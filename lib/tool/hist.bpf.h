/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* The slot of a value, without a count-leading-zeros instruction. */
#pragma once

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "tool/hist-api.bpf.h"

/* 0 to HIST_SLOTS - 1. Seven compares; no loop. */
static __always_inline __u32 hist_slot(__u64 value)
{
	__u32 slot = value != 0;

	if (value >> 32) {
		slot += 32;
		value >>= 32;
	}
	if (value >> 16) {
		slot += 16;
		value >>= 16;
	}
	if (value >> 8) {
		slot += 8;
		value >>= 8;
	}
	if (value >> 4) {
		slot += 4;
		value >>= 4;
	}
	if (value >> 2) {
		slot += 2;
		value >>= 2;
	}
	return slot + (value >> 1 != 0);
}
