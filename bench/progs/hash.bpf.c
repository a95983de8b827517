/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * m_hash_*: 16 operations on hash tables with 16-byte keys and values: lookups that hit and miss in
 * tables of 2^10 and 2^20 elements, updates of elements that are there, 8 insertions and 8 deletions.
 */
#include "bench.h"
#include "flow_key.h"

#define OPS 16
#define BITS_1K 10
#define BITS_1M 20

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct flow_key);
	__type(value, struct flow_value);
	__uint(max_entries, 1 << BITS_1K);
	NATIVE_STATE
} flows_1k SEC(".maps"), flows_upd SEC(".maps"), flows_insdel SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct flow_key);
	__type(value, struct flow_value);
	__uint(max_entries, 1 << BITS_1M);
	NATIVE_STATE
} flows_1m SEC(".maps");

#define LOOKUPS(map, bits, first)                                                                  \
	do {                                                                                       \
		for (int i = 0; i < OPS; i++) {                                                    \
			struct flow_value *value;                                                  \
			struct flow_key key;                                                       \
                                                                                                   \
			flow_key_set(&key, (first) + flow_pick(seed, i, bits));                    \
			value = bpf_map_lookup_elem(&map, &key);                                   \
			sum = sum * 3 + (value ? value->packets : 1);                              \
		}                                                                                  \
	} while (0)

BENCH(m_hash_1k_hit)
{
	__u64 sum = 0;

	LOOKUPS(flows_1k, BITS_1K, 0);
	return sum;
}

BENCH(m_hash_1k_miss)
{
	__u64 sum = 0;

	LOOKUPS(flows_1k, BITS_1K, 1u << BITS_1K);
	return sum;
}

BENCH(m_hash_1m_hit)
{
	__u64 sum = 0;

	LOOKUPS(flows_1m, BITS_1M, 0);
	return sum;
}

BENCH(m_hash_1m_miss)
{
	__u64 sum = 0;

	LOOKUPS(flows_1m, BITS_1M, 1u << BITS_1M);
	return sum;
}

BENCH(m_hash_upd)
{
	__u64 sum = 0;

	for (int i = 0; i < OPS; i++) {
		struct flow_value value = { seed, i };
		struct flow_key key;

		flow_key_set(&key, flow_pick(seed, i, BITS_1K));
		sum += bpf_map_update_elem(&flows_upd, &key, &value, BPF_ANY);
	}
	return sum;
}

/* Keys no thread and no run of late has used: half the table is full, all that is inserted goes. */
BENCH(m_hash_insdel)
{
	struct flow_value value = { seed, 0 };
	__u32 first = (__u32)seed | 1u << 31;
	__u64 sum = 0;

	for (int i = 0; i < OPS / 2; i++) {
		struct flow_key key;

		flow_key_set(&key, first + i);
		sum += bpf_map_update_elem(&flows_insdel, &key, &value, BPF_NOEXIST);
	}
	for (int i = 0; i < OPS / 2; i++) {
		struct flow_key key;

		flow_key_set(&key, first + i);
		sum += bpf_map_delete_elem(&flows_insdel, &key);
	}
	return sum;
}

#ifdef BENCH_NATIVE
NATIVE_MAP_FUNCS(flows_1k)
NATIVE_MAP_FUNCS(flows_upd)
NATIVE_MAP_FUNCS(flows_insdel)
NATIVE_MAP_FUNCS(flows_1m)
#endif
NATIVE_MAPS(hash, NATIVE_MAP(flows_1k), NATIVE_MAP(flows_upd), NATIVE_MAP(flows_insdel),
	    NATIVE_MAP(flows_1m))
