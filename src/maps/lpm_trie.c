/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * LPM_TRIE: longest prefix match in a binary trie without one-way branches. A node holds a prefix;
 * its children differ in the bit after it. Nodes that only join two branches hold no value.
 *
 *   key: { u32 prefixlen; u8 data[] }, data in network order, bit 0 the highest of data[0].
 *
 *
 * Above it lies a table by the first bits of the data (as many as the trie may need, at most 16):
 *
 *   entry: { first node on the way with at least so many bits; longest prefix with a value before it }
 *
 * so that a full-length key looks at one entry and the nodes below. Writers keep it: a prefix of the
 * table's bits or more changes one entry, a shorter one all it covers (65,536 at worst, 50 µs).
 *
 * Nodes are elements of shared memory, numbered from 1, recycled at once. Readers take no lock:
 * they follow the numbers and look at the trie's sequence count before and after; a writer makes
 * it odd while it works. Cost: one node per branching bit below the table. Source of limits, errors
 * and the order of keys: kernel/bpf/lpm_trie.c.
 */
#include <endian.h>
#include <string.h>

#include "base/check.h"
#include "base/errno.h"
#include "base/hostile.h"
#include "base/shlock.h"
#include "btf/btf.h"
#include "maps/common.h"
#include "maps/elems.h"
#include "maps/map_in_map.h"
#include "maps/types.h"
#include "object/btf_object.h"
#include "object/engine.h"
#include "object/value.h"

enum {
	LPM_DATA_BYTES_MAX = 256,
	LPM_DATA_BYTES_MIN = 1,
	LPM_KERNEL_NODE_BYTES = 40, /* part of the limit on value_size */
	LPM_READ_TRIES = TUNE_READ_TRIES,        /* before a reader takes the lock */
	LPM_TABLE_BITS_MAX = TUNE_LPM_TABLE_BITS,
};

#define LPM_HEADER_BYTES sizeof(struct bpf_lpm_trie_key_hdr)
#define LPM_CREATE_FLAGS (BPF_F_NO_PREALLOC | BPF_F_NUMA_NODE | MAP_ACCESS_FLAGS)

struct node {
	uint32_t child[2]; /* child[0] is the free list's link while the node is free */
	uint32_t prefixlen; /* bits */
	uint32_t joins;     /* 1: no value, only two children */
	_Alignas(8) uint8_t data[]; /* data_bytes padded to 8; then the value */
};

/* In shared memory. */
struct trie_state {
	_Alignas(CACHE_LINE_BYTES) struct shlock lock;
	uint32_t seq;  /* odd: being changed */
	uint32_t root; /* node, 0: empty */
	uint32_t n_entries;
};

struct trie {
	struct map map;
	struct trie_state *state;
	struct elems nodes;
	uint32_t data_bytes;
	uint32_t prefixlen_max; /* bits */
	uint32_t value_off;     /* in a node */
	uint32_t table_bits;
	uint64_t *table;        /* longest match before << 32 | node; zero: an empty trie's */
	char *mem;
	size_t mem_bytes;
};

/* A key as given by a program or client: its memory is not ours. */
struct prefix {
	uint32_t len; /* bits */
	const uint8_t *data;
};

static struct trie *trie_of(const struct map *map)
{
	return container_of(map, struct trie, map);
}

static struct node *node_at(const struct trie *t, uint32_t n)
{
	return elems_at(&t->nodes, n);
}

static struct prefix prefix_of(const void *key)
{
	struct prefix p = { .data = (const uint8_t *)key + LPM_HEADER_BYTES };

	memcpy(&p.len, key, sizeof(p.len));
	return p;
}

static unsigned int bit_of(const uint8_t *data, uint32_t i)
{
	return data[i / 8] >> (7 - i % 8) & 1;
}

/* --- making and freeing --------------------------------------------------------------------------- */

static int trie_alloc_check(const union bpf_attr *attr)
{
	if (!attr->max_entries || !(attr->map_flags & BPF_F_NO_PREALLOC) ||
	    attr->map_flags & ~(uint32_t)LPM_CREATE_FLAGS ||
	    !map_flags_access_ok(attr->map_flags) ||
	    attr->key_size < LPM_HEADER_BYTES + LPM_DATA_BYTES_MIN ||
	    attr->key_size > LPM_HEADER_BYTES + LPM_DATA_BYTES_MAX || !attr->value_size ||
	    attr->value_size >
		    MAP_KMALLOC_BYTES_MAX - LPM_DATA_BYTES_MAX - LPM_KERNEL_NODE_BYTES)
		return -EINVAL;
	return 0;
}

/* About one entry for each prefix, and never more bits than the data has. */
static uint32_t table_bits_for(const struct map *map, uint32_t prefixlen_max)
{
	uint32_t bits = 32 - (uint32_t)__builtin_clz(map->max_entries);

	return MIN(MIN(bits, prefixlen_max), (uint32_t)LPM_TABLE_BITS_MAX);
}

/* n entries need at most n - 1 joining nodes, and one of each while a node is replaced. */
static int trie_alloc(struct map *map, const union bpf_attr *attr)
{
	struct trie *t = trie_of(map);
	uint32_t slots = map->obj.engine->n_slots;
	uint64_t n = 2 * (uint64_t)map->max_entries + 1;
	uint64_t stacks = sizeof(struct trie_state), table = stacks + elems_state_bytes(slots);
	uint64_t head, node_bytes, bytes;
	int err;

	t->data_bytes = map->key_size - LPM_HEADER_BYTES;
	t->prefixlen_max = t->data_bytes * 8;
	t->table_bits = table_bits_for(map, t->prefixlen_max);
	head = table + (sizeof(*t->table) << t->table_bits);
	t->value_off = (uint32_t)(sizeof(struct node) + round_up_u64(t->data_bytes, 8));
	node_bytes = t->value_off + value_stride(map);
	if (n > UINT32_MAX || check_mul(n, node_bytes, &bytes) || check_add(bytes, head, &bytes))
		return -ENOMEM;
	err = map_mem_alloc(map, bytes, MAP_MEM_ENGINE, (void **)&t->mem);
	if (err)
		return err;
	t->mem_bytes = bytes;
	t->state = (struct trie_state *)t->mem;
	t->table = (uint64_t *)(t->mem + table);
	elems_init(&t->nodes, t->mem + stacks, t->mem + head, node_bytes, (uint32_t)n, slots);
	return 0;
}

static void trie_free(struct map *map)
{
	struct trie *t = trie_of(map);

	if (t->mem)
		map_mem_free(map, t->mem, t->mem_bytes);
	t->mem = NULL;
}

/* --- matching --------------------------------------------------------------------------------------- */

static inline uint32_t load_be32(const uint8_t *p)
{
	uint32_t word;

	memcpy(&word, p, sizeof(word));
	return be32toh(word);
}

/* Bits that @data and @p have in common, at most @limit. Node data may change under us. */
static uint32_t common_bits(const uint8_t *data, struct prefix p, uint32_t limit)
{
	uint32_t bits = 0;

	for (; bits + 32 <= limit; bits += 32) {
		uint32_t node_word = be32toh(__atomic_load_n((const uint32_t *)(data + bits / 8),
							     __ATOMIC_RELAXED));
		uint32_t differ = node_word ^ load_be32(p.data + bits / 8);

		if (differ)
			return bits + (uint32_t)__builtin_clz(differ);
	}
	for (; bits < limit; bits += 8) {
		uint32_t differ = __atomic_load_n(data + bits / 8, __ATOMIC_RELAXED) ^
				  p.data[bits / 8];

		if (differ)
			return MIN(bits + (uint32_t)__builtin_clz(differ) - 24, limit);
	}
	return limit;
}

static uint32_t load32(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

/* The entry of @data: its first table_bits bits. */
static inline uint32_t table_index(const struct trie *t, const uint8_t *data)
{
	uint32_t word;

	if (likely(t->data_bytes >= sizeof(word)))
		return load_be32(data) >> (32 - t->table_bits);
	word = (uint32_t)data[0] << 24;
	if (t->data_bytes > 1)
		word |= (uint32_t)data[1] << 16;
	return word >> (32 - t->table_bits);
}

/* The longest prefix of @p with a value: its node, or 0. The path is at most prefixlen_max deep
 * in a trie that holds still; in one that does not, the caller looks again. */
static uint32_t longest_match(const struct trie *t, struct prefix p)
{
	uint32_t found = 0, n;

	if (likely(p.len >= t->table_bits)) {
		uint64_t entry = __atomic_load_n(&t->table[table_index(t, p.data)],
						 __ATOMIC_ACQUIRE);

		n = (uint32_t)entry;
		found = (uint32_t)(entry >> 32);
	} else {
		n = load32(&t->state->root);
	}
	for (uint32_t steps = 0; n && steps <= t->prefixlen_max; steps++) {
		struct node *node = node_at(t, n);
		uint32_t len = __atomic_load_n(&node->prefixlen, __ATOMIC_RELAXED);
		uint32_t limit = MIN(MIN(len, p.len), t->prefixlen_max);
		uint32_t common = common_bits(node->data, p, limit);

		if (common == t->prefixlen_max)
			return n;
		if (common < len)
			break;
		if (!__atomic_load_n(&node->joins, __ATOMIC_RELAXED))
			found = n;
		if (common >= p.len)
			break;
		n = load32(&node->child[bit_of(p.data, common)]);
	}
	return found;
}

static void *value_at(const struct trie *t, uint32_t n)
{
	return n ? (char *)node_at(t, n) + t->value_off : NULL;
}

/* --- the table (lock held) ---------------------------------------------------------------------------- */

/* Entries first .. first + n - 1. */
struct span {
	uint32_t first, n;
};

static struct span span_between(uint32_t first, uint32_t end)
{
	return (struct span){ first, end > first ? end - first : 0 };
}

static struct span span_cut(struct span a, struct span b)
{
	return span_between(MAX(a.first, b.first), MIN(a.first + a.n, b.first + b.n));
}

/* The entries a prefix covers. */
static struct span span_of(const struct trie *t, const uint8_t *data, uint32_t prefixlen)
{
	uint32_t n = prefixlen < t->table_bits ? 1u << (t->table_bits - prefixlen) : 1;

	return (struct span){ table_index(t, data) & ~(n - 1), n };
}

static void table_set(const struct trie *t, struct span span, uint32_t n, uint32_t found)
{
	uint64_t entry = (uint64_t)found << 32 | n;

	for (uint32_t i = span.first; i < span.first + span.n; i++)
		__atomic_store_n(&t->table[i], entry, __ATOMIC_RELEASE);
}

/*
 * Writes the entries of @span anew, whose way from the root has come to @n with @found the longest
 * prefix before it. Recursion ends after table_bits levels: each has a longer prefix.
 */
static void table_fill(const struct trie *t, uint32_t n, uint32_t found, struct span span)
{
	uint32_t end = span.first + span.n, half;
	struct node *node;
	struct span own;

	if (!span.n)
		return;
	if (!n) {
		table_set(t, span, 0, found);
		return;
	}
	node = node_at(t, n);
	own = span_of(t, node->data, node->prefixlen);
	table_set(t, span_cut(span, span_between(0, own.first)), 0, found);
	table_set(t, span_cut(span, span_between(own.first + own.n, end)), 0, found);
	span = span_cut(span, own);
	if (node->prefixlen >= t->table_bits) {
		table_set(t, span, n, found);
		return;
	}
	half = own.n / 2;
	found = node->joins ? found : n;
	table_fill(t, node->child[0], found, span_cut(span, (struct span){ own.first, half }));
	table_fill(t, node->child[1], found, span_cut(span, (struct span){ own.first + half, half }));
}

/* After a change to @p or its joining node. */
static void table_update(const struct trie *t, struct prefix p)
{
	table_fill(t, t->state->root, 0, span_of(t, p.data, p.len));
}

/* --- the lock and the sequence ------------------------------------------------------------------------ */

/* Nodes in use while what is in use is found out anew; readers see it as a join, and look again. */
#define NODE_FOUND 2u

/* Marks the nodes of the trie: how many have a value. Each node on the way down has a longer prefix. */
static uint32_t mark_all(const struct trie *t)
{
	uint32_t path[LPM_DATA_BYTES_MAX * 8 + 2];
	uint32_t depth = 0, n_values = 0;

	if (t->state->root)
		path[depth++] = t->state->root;
	while (depth) {
		struct node *node = node_at(t, path[--depth]);

		n_values += !(node->joins & ~NODE_FOUND);
		__atomic_store_n(&node->joins, node->joins | NODE_FOUND, __ATOMIC_RELAXED);
		for (int side = 0; side < 2; side++)
			if (node->child[side])
				path[depth++] = node->child[side];
	}
	return n_values;
}

/*
 * A writer died. Links change by single stores, so the trie is whole; what was kept beside it (the
 * table, the number of entries, the list of free nodes) may be behind and is made anew.
 */
static void trie_repair(struct trie *t)
{
	uint32_t n_used;

	t->state->n_entries = mark_all(t);
	n_used = elems_take_all(&t->nodes);
	for (uint32_t n = 1; n <= n_used; n++) {
		struct node *node = node_at(t, n);

		if (node->joins & NODE_FOUND)
			__atomic_store_n(&node->joins, node->joins & ~NODE_FOUND, __ATOMIC_RELAXED);
		else
			elems_put(&t->nodes, current_slot(&t->map), n);
	}
	table_fill(t, t->state->root, 0, (struct span){ 0, 1u << t->table_bits });
}

static void trie_lock(struct trie *t)
{
	uint32_t seq;

	if (likely(shlock_lock(&t->state->lock) != SHLOCK_RECOVERED))
		return;
	seq = __atomic_load_n(&t->state->seq, __ATOMIC_RELAXED) | 1;
	__atomic_store_n(&t->state->seq, seq, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	trie_repair(t);
	__atomic_store_n(&t->state->seq, seq + 1, __ATOMIC_RELEASE);
}

static void write_begin(struct trie *t)
{
	trie_lock(t);
	__atomic_store_n(&t->state->seq, t->state->seq | 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static void write_end(struct trie *t)
{
	__atomic_store_n(&t->state->seq, t->state->seq + 1, __ATOMIC_RELEASE);
	shlock_unlock(&t->state->lock);
}

static void *trie_lookup(struct map *map, const void *key)
{
	struct trie *t = trie_of(map);
	struct prefix p = prefix_of(key);
	uint32_t n;

	if (p.len > t->prefixlen_max)
		return NULL;
	for (int tries = 0; tries < LPM_READ_TRIES; tries++) {
		uint32_t seq = load32(&t->state->seq);

		n = longest_match(t, p);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (likely(!(seq & 1) && __atomic_load_n(&t->state->seq, __ATOMIC_RELAXED) == seq))
			return value_at(t, n);
	}
	trie_lock(t);
	n = longest_match(t, p);
	shlock_unlock(&t->state->lock);
	return value_at(t, n);
}

/* --- changing (lock held) ------------------------------------------------------------------------------ */

static void link_set(uint32_t *link, uint32_t n)
{
	__atomic_store_n(link, n, __ATOMIC_RELEASE);
}

static uint32_t node_new(struct trie *t, const uint8_t *data, uint32_t prefixlen)
{
	uint32_t n = elems_get(&t->nodes, current_slot(&t->map));
	struct node *node;

	if (!n)
		return 0;
	node = node_at(t, n);
	link_set(&node->child[0], 0);
	link_set(&node->child[1], 0);
	__atomic_store_n(&node->prefixlen, prefixlen, __ATOMIC_RELAXED);
	__atomic_store_n(&node->joins, 0, __ATOMIC_RELAXED);
	for (uint32_t off = 0; off < t->data_bytes; off += 8)
		__atomic_store_n((uint64_t *)(node->data + off), 0, __ATOMIC_RELAXED);
	value_copy(node->data, data, t->data_bytes);
	return n;
}

/* Where a walk for a prefix ends: the link to the first node that does not contain it whole. */
struct place {
	uint32_t *link;   /* holds `n` */
	uint32_t *parent_link; /* holds the node that `link` is in; NULL at the root */
	uint32_t n;       /* 0: the end of a branch */
	uint32_t common;  /* bits it shares with the prefix */
};

static struct place walk(struct trie *t, struct prefix p)
{
	struct place at = { .link = &t->state->root };

	for (;;) {
		struct node *node;

		at.n = *at.link;
		if (!at.n)
			return at;
		node = node_at(t, at.n);
		at.common = common_bits(node->data, p, MIN(node->prefixlen, p.len));
		if (node->prefixlen != at.common || node->prefixlen == p.len)
			return at;
		at.parent_link = at.link;
		at.link = &node->child[bit_of(p.data, node->prefixlen)];
	}
}

static bool place_is(const struct trie *t, const struct place *at, struct prefix p)
{
	return at->n && node_at(t, at->n)->prefixlen == p.len && at->common == p.len;
}

/* Puts @fresh where @at is: at the end, in place of the same prefix, above, or beside a join. */
static int node_insert(struct trie *t, struct place *at, struct prefix p, uint32_t fresh)
{
	struct node *node = at->n ? node_at(t, at->n) : NULL;
	struct node *new = node_at(t, fresh);
	uint32_t join;

	if (!node) {
		link_set(at->link, fresh);
		return 0;
	}
	if (place_is(t, at, p)) {
		link_set(&new->child[0], node->child[0]);
		link_set(&new->child[1], node->child[1]);
		link_set(at->link, fresh);
		elems_put(&t->nodes, current_slot(&t->map), at->n);
		return 0;
	}
	if (at->common == p.len) {
		link_set(&new->child[bit_of(node->data, at->common)], at->n);
		link_set(at->link, fresh);
		return 0;
	}
	join = node_new(t, node->data, at->common);
	if (!join)
		return -ENOMEM;
	__atomic_store_n(&node_at(t, join)->joins, 1, __ATOMIC_RELAXED);
	link_set(&node_at(t, join)->child[bit_of(p.data, at->common)], fresh);
	link_set(&node_at(t, join)->child[!bit_of(p.data, at->common)], at->n);
	link_set(at->link, join);
	return 0;
}

static int update_locked(struct trie *t, struct prefix p, const void *value, uint64_t flags)
{
	struct place at = walk(t, p);
	bool exists = place_is(t, &at, p) && !node_at(t, at.n)->joins;
	uint32_t fresh;
	int err;

	if (exists && flags == BPF_NOEXIST)
		return -EEXIST;
	if (!exists && flags == BPF_EXIST)
		return -ENOENT;
	if (!exists && t->state->n_entries == t->map.max_entries)
		return -ENOSPC;
	fresh = node_new(t, p.data, p.len);
	if (!fresh)
		return -ENOMEM;
	map_value_copy(&t->map, value_at(t, fresh), value);
	err = node_insert(t, &at, p, fresh);
	if (err) {
		elems_put(&t->nodes, current_slot(&t->map), fresh);
		return err;
	}
	table_update(t, p);
	if (!exists)
		t->state->n_entries++;
	return 0;
}

static int trie_update(struct map *map, const void *key, const void *value, uint64_t flags)
{
	struct trie *t = trie_of(map);
	struct prefix p = prefix_of(key);
	int err;

	if (flags > BPF_EXIST || p.len > t->prefixlen_max)
		return -EINVAL;
	write_begin(t);
	err = update_locked(t, p, value, flags);
	write_end(t);
	return err;
}

/* Takes the node at @at out; a join left with one child goes too. */
static void node_remove(struct trie *t, struct place *at)
{
	uint32_t slot = current_slot(&t->map);
	struct node *node = node_at(t, at->n);
	uint32_t parent = at->parent_link ? *at->parent_link : 0;

	if (node->child[0] && node->child[1]) {
		/* Still needed as a join: the value goes, readers of this round look again. */
		__atomic_store_n(&node->joins, 1, __ATOMIC_RELEASE);
		return;
	}
	if (parent && node_at(t, parent)->joins && !node->child[0] && !node->child[1]) {
		struct node *up = node_at(t, parent);

		link_set(at->parent_link, up->child[at->link == &up->child[0]]);
		elems_put(&t->nodes, slot, parent);
	} else {
		link_set(at->link, node->child[0] ? node->child[0] : node->child[1]);
	}
	elems_put(&t->nodes, slot, at->n);
}

static int trie_delete(struct map *map, const void *key)
{
	struct trie *t = trie_of(map);
	struct prefix p = prefix_of(key);
	struct place at;
	bool exists;

	if (p.len > t->prefixlen_max)
		return -EINVAL;
	write_begin(t);
	at = walk(t, p);
	exists = place_is(t, &at, p) && !node_at(t, at.n)->joins;
	if (exists) {
		node_remove(t, &at);
		table_update(t, p);
		t->state->n_entries--;
	}
	write_end(t);
	return exists ? 0 : -ENOENT;
}

/* --- iteration: children before their parent, 0 before 1, so the most specific come first -------------- */

/* The leftmost node with a value in the subtree of @n in post-order: always a leaf. */
static uint32_t leftmost(const struct trie *t, uint32_t n)
{
	for (;;) {
		struct node *node = node_at(t, n);

		if (node->child[0])
			n = node->child[0];
		else if (node->child[1])
			n = node->child[1];
		else
			return n;
	}
}

/* What follows the node of @p in post-order, joins left out; the first where @p is not there. */
static uint32_t next_node(const struct trie *t, struct prefix p)
{
	uint32_t path[LPM_DATA_BYTES_MAX * 8 + 1];
	uint32_t depth = 0, n = t->state->root;

	while (n) {
		struct node *node = node_at(t, n);
		uint32_t common = common_bits(node->data, p, MIN(node->prefixlen, p.len));

		path[depth++] = n;
		if (common != node->prefixlen || node->prefixlen == p.len)
			break;
		n = node->child[bit_of(p.data, node->prefixlen)];
	}
	if (!n || node_at(t, n)->prefixlen != p.len || node_at(t, n)->joins ||
	    common_bits(node_at(t, n)->data, p, p.len) != p.len)
		return t->state->root ? leftmost(t, t->state->root) : 0;
	while (--depth) {
		struct node *up = node_at(t, path[depth - 1]);

		if (up->child[0] == n && up->child[1])
			return leftmost(t, up->child[1]);
		n = path[depth - 1];
		if (!up->joins)
			return n;
	}
	return 0;
}

static int trie_next_key(struct map *map, const void *key, void *next)
{
	struct trie *t = trie_of(map);
	struct prefix none = { .len = UINT32_MAX };
	struct prefix p = key ? prefix_of(key) : none;
	uint32_t n;

	trie_lock(t);
	if (p.len > t->prefixlen_max)
		n = t->state->root ? leftmost(t, t->state->root) : 0;
	else
		n = next_node(t, p);
	if (n) {
		memcpy(next, &node_at(t, n)->prefixlen, LPM_HEADER_BYTES);
		memcpy((char *)next + LPM_HEADER_BYTES, node_at(t, n)->data, t->data_bytes);
	}
	shlock_unlock(&t->state->lock);
	return n ? 0 : -ENOENT;
}

/* Keys are a struct that begins with struct bpf_lpm_trie_key_hdr; the kernel asks for no more. */
static int trie_check_btf(const struct map *map, uint32_t key_type_id, uint32_t value_type_id)
{
	const struct btf_type *key = btf_type_by_id(map->btf->btf, key_type_id);

	return key && btf_kind(key) == BTF_KIND_STRUCT ? 0 : -EINVAL;
}

static uint64_t trie_mem_usage(const struct map *map)
{
	return sizeof(struct trie) + trie_of(map)->mem_bytes;
}

const struct map_ops lpm_trie_map_ops = {
	.alloc_bytes = sizeof(struct trie),
	.alloc_check = trie_alloc_check,
	.alloc = trie_alloc,
	.free = trie_free,
	.lookup = trie_lookup,
	.update = trie_update,
	.delete = trie_delete,
	.next_key = trie_next_key,
	.check_btf = trie_check_btf,
	.meta_equal = map_meta_equal,
	.mem_usage = trie_mem_usage,
	.batch = MAP_BATCH_LOOKUP | MAP_BATCH_UPDATE | MAP_BATCH_DELETE,
};
