/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* m_array, m_array_atomic, m_percpu: 64 counters of an array, chosen by packet and seed, counted up. */
#include "bench.h"

#define COUNTERS 256
#define STEPS 64

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, COUNTERS);
	NATIVE_STATE
} counters SEC(".maps"), counters_atomic SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, COUNTERS);
	NATIVE_STATE
} counters_percpu SEC(".maps");

BENCH(m_array)
{
	__u64 sum = 0;

	for (int i = 0; i < STEPS; i++) {
		__u32 index = data[i] ^ (__u8)seed;
		__u64 *counter = bpf_map_lookup_elem(&counters, &index);

		if (counter)
			sum += ++*counter;
	}
	return sum;
}

BENCH(m_array_atomic)
{
	__u64 found = 0;

	for (int i = 0; i < STEPS; i++) {
		__u32 index = data[i] ^ (__u8)seed;
		__u64 *counter = bpf_map_lookup_elem(&counters_atomic, &index);

		if (counter) {
			__sync_fetch_and_add(counter, i);
			found += index;
		}
	}
	return found;
}

BENCH(m_percpu)
{
	__u64 sum = 0;

	for (int i = 0; i < STEPS; i++) {
		__u32 index = data[i] ^ (__u8)seed;
		__u64 *counter = bpf_map_lookup_elem(&counters_percpu, &index);

		if (counter) {
			++*counter;
			sum += index; /* its value depends on the CPU */
		}
	}
	return sum;
}

#ifdef BENCH_NATIVE
NATIVE_MAP_FUNCS(counters)
NATIVE_MAP_FUNCS(counters_atomic)
NATIVE_MAP_FUNCS(counters_percpu)
#endif
NATIVE_MAPS(array, NATIVE_MAP(counters), NATIVE_MAP(counters_atomic), NATIVE_MAP(counters_percpu))
