/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* m_lpm: the longest of 10,000 random IPv4 prefixes for 8 random addresses and 8 near a prefix. */
#include "bench.h"
#include "lpm_key.h"

#define OPS 16

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__type(key, struct lpm_prefix);
	__type(value, __u64);
	__uint(max_entries, LPM_PREFIXES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	NATIVE_STATE
} prefixes SEC(".maps");

BENCH(m_lpm)
{
	__u64 sum = 0;

	for (int i = 0; i < OPS; i++) {
		__u32 random = load32(data + i * 4) ^ (__u32)(seed >> i);
		struct lpm_prefix key = { 32, random };
		__u64 *value;

		if (i & 1)
			key.address = lpm_address(random % LPM_PREFIXES) ^ (random & 0x0f000000);
		value = bpf_map_lookup_elem(&prefixes, &key);
		sum = sum * 3 + (value ? *value : 1);
	}
	return sum;
}

#ifdef BENCH_NATIVE
NATIVE_MAP_FUNCS(prefixes)
#endif
NATIVE_MAPS(lpm, NATIVE_MAP(prefixes))
