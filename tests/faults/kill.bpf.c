// SPDX-License-Identifier: BSD-2-Clause
/* Writes to every kind of map that processes share; test_kill.c kills processes that run it. */
#include <stddef.h>

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "kill.h"

#define KEYED(name_, type_, flags_)                                                               \
	struct {                                                                                  \
		__uint(type, BPF_MAP_TYPE_##type_);                                               \
		__uint(max_entries, KILL_ENTRIES);                                                \
		__uint(map_flags, flags_);                                                        \
		__type(key, __u32);                                                               \
		__type(value, struct whole);                                                      \
	} name_ SEC(".maps")

#define KEYLESS(name_, type_)                                                                     \
	struct {                                                                                  \
		__uint(type, BPF_MAP_TYPE_##type_);                                               \
		__uint(max_entries, KILL_ENTRIES);                                                \
		__type(value, struct whole);                                                      \
	} name_ SEC(".maps")

KEYED(hash, HASH, 0);
KEYED(lru, LRU_HASH, 0);
KEYED(percpu_hash, PERCPU_HASH, 0);
KEYED(lru_percpu, LRU_PERCPU_HASH, 0);
KEYED(array, ARRAY, 0);
KEYED(percpu_array, PERCPU_ARRAY, 0);
KEYLESS(queue, QUEUE);
KEYLESS(stack, STACK);
KEYLESS(bloom, BLOOM_FILTER);

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, KILL_ENTRIES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix);
	__type(value, struct whole);
} lpm SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, KILL_RING_BYTES);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64[2]);
} samples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, KILL_RING_BYTES);
} user_ring SEC(".maps");

struct pair {
	struct bpf_spin_lock lock;
	__u64 a, b;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pair);
} locked SEC(".maps");

static __always_inline void whole_set(struct whole *w, __u32 k)
{
	w->words[0] = w->words[1] = w->words[2] = (__u64)k << 32 | k;
}

static __always_inline void keyed(void *map, __u32 k, __u32 gone, const struct whole *w)
{
	struct whole *found;

	bpf_map_update_elem(map, &k, w, BPF_ANY);
	found = bpf_map_lookup_elem(map, &k);
	if (found)
		__sync_fetch_and_add(&found->runs, 1);
	bpf_map_delete_elem(map, &gone);
}

static __always_inline void placed(void *map, const struct whole *w)
{
	struct whole out;

	bpf_map_push_elem(map, w, BPF_EXIST);
	bpf_map_peek_elem(map, &out);
	bpf_map_pop_elem(map, &out);
}

static __always_inline void prefixed(__u32 k, __u32 gone, const struct whole *w)
{
	struct prefix p = { .bits = 32, .data = k };

	bpf_map_update_elem(&lpm, &p, w, BPF_ANY);
	bpf_map_lookup_elem(&lpm, &p);
	p.data = gone;
	bpf_map_delete_elem(&lpm, &p);
}

static __always_inline void recorded(__u32 k)
{
	struct whole *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);

	if (!record)
		return;
	whole_set(record, k);
	record->runs = 0;
	if (k & 1)
		bpf_ringbuf_submit(record, 0);
	else
		bpf_ringbuf_discard(record, 0);
}

static __always_inline void counted(void)
{
	__u32 zero = 0;
	struct pair *pair = bpf_map_lookup_elem(&locked, &zero);

	if (!pair)
		return;
	bpf_spin_lock(&pair->lock);
	pair->a++;
	pair->b++;
	bpf_spin_unlock(&pair->lock);
}

/* What the client wrote, which may be anything: read, looked into, never relied on. */
static long on_sample(struct bpf_dynptr *sample, void *unused)
{
	__u32 slot = 0;
	__u64 *seen = bpf_map_lookup_elem(&samples, &slot), word = 0, *in_place;

	if (!seen)
		return 1;
	bpf_dynptr_read(&word, sizeof(word), sample, 0, 0);
	in_place = bpf_dynptr_data(sample, 0, sizeof(*in_place));
	if (in_place)
		word += *in_place;
	seen[0]++;
	seen[1] += word;
	return 0;
}

SEC("xdp") int work(struct xdp_md *ctx)
{
	__u32 k = bpf_get_prandom_u32() % KILL_KEYS, gone = bpf_get_prandom_u32() % KILL_KEYS;
	struct whole w = {};

	whole_set(&w, k);
	keyed(&hash, k, gone, &w);
	keyed(&lru, k, gone, &w);
	keyed(&percpu_hash, k, gone, &w);
	keyed(&lru_percpu, k, gone, &w);
	bpf_map_update_elem(&array, &k, &w, BPF_ANY);
	bpf_map_update_elem(&percpu_array, &k, &w, BPF_ANY);
	placed(&queue, &w);
	placed(&stack, &w);
	bpf_map_push_elem(&bloom, &w, BPF_ANY);
	prefixed(k, gone, &w);
	recorded(k);
	counted();
	bpf_user_ringbuf_drain(&user_ring, on_sample, NULL, 0);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
