/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * m_lru_hit: 16 lookups that hit in a table that throws out what was not used lately.
 * m_lru_churn: 8 times a new key goes into a full table, and is looked up.
 */
#include "bench.h"
#include "flow_key.h"

#define OPS 16
#define HIT_BITS 10

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct flow_key);
	__type(value, struct flow_value);
	__uint(max_entries, 4096);
	NATIVE_STATE
} recent SEC(".maps"), churned SEC(".maps");

BENCH(m_lru_hit)
{
	__u64 sum = 0;

	for (int i = 0; i < OPS; i++) {
		struct flow_value *value;
		struct flow_key key;

		flow_key_set(&key, flow_pick(seed, i, HIT_BITS));
		value = bpf_map_lookup_elem(&recent, &key);
		sum = sum * 3 + (value ? value->packets : 1);
	}
	return sum;
}

BENCH(m_lru_churn)
{
	__u64 sum = 0;

	for (int i = 0; i < OPS / 2; i++) {
		struct flow_value value = { seed + i, 0 }, *there;
		struct flow_key key;

		flow_key_set(&key, (__u32)seed + i);
		bpf_map_update_elem(&churned, &key, &value, BPF_ANY);
		there = bpf_map_lookup_elem(&churned, &key);
		sum = sum * 3 + (there ? there->packets : 1);
	}
	return sum;
}

#ifdef BENCH_NATIVE
NATIVE_MAP_FUNCS(recent)
NATIVE_MAP_FUNCS(churned)
#endif
NATIVE_MAPS(lru, NATIVE_MAP(recent), NATIVE_MAP(churned))
