/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* The prefixes of m_lpm by number, for the program and for who fills the trie. */
#pragma once

#define LPM_PREFIXES 10000

struct lpm_prefix {
	__u32 length; /* bits */
	__u32 address; /* as in the packet */
};

static __always_inline __u32 lpm_address(__u32 n)
{
	n = (n ^ n >> 16) * 0x85ebca6bu;
	n = (n ^ n >> 13) * 0xc2b2ae35u;
	return n ^ n >> 16;
}

/* From 12 to 32 bits. */
static __always_inline __u32 lpm_length(__u32 n)
{
	return 12 + lpm_address(~n) % 21;
}
