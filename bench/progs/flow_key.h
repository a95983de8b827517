/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* The 16-byte keys of the hash programs, by number: as a 5-tuple, filled word by word. */
#pragma once

struct flow_key {
	__u32 source;
	__u32 target;
	__u32 ports;
	__u32 protocol;
};

struct flow_value {
	__u64 packets;
	__u64 bytes;
};

/* The same in filling and in running: key number @n. */
static __always_inline void flow_key_set(struct flow_key *key, __u32 n)
{
	key->source = n * 0x9e3779b1u;
	key->target = n ^ 0x0a000000u;
	key->ports = n << 16 | 443;
	key->protocol = 6;
}

/* The i-th of 16 numbers of one run, below 2^bits. */
static __always_inline __u32 flow_pick(__u64 seed, int i, int bits)
{
	return (__u32)((seed + (__u64)i * 0x9e3779b97f4a7c15ull) * 0xd6e8feb86659fd93ull >>
		       (64 - bits));
}
