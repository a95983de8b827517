/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which helpers a type of map may be passed to, and which types of maps a helper takes. Both are
 * asked: a map type that has a row is used by those helpers alone; a helper that has a row takes
 * those map types alone. Source: check_map_func_compatibility.
 */
#include <errno.h>

#include "verifier/call.h"
#include "verifier/env.h"
#include "verifier/print.h"

#define COMPAT_MAX 8
#define F(x) BPF_FUNC_##x
#define M(x) BPF_MAP_TYPE_##x

struct compat_row {
	uint32_t key;
	uint32_t allowed[COMPAT_MAX]; /* ends with 0 */
};

/* clang-format off */
static const struct compat_row by_map[] = {
	{ M(PROG_ARRAY),       { F(tail_call) } },
	{ M(PERF_EVENT_ARRAY), { F(perf_event_read), F(perf_event_output), F(skb_output),
				 F(perf_event_read_value), F(xdp_output) } },
	{ M(RINGBUF),          { F(ringbuf_output), F(ringbuf_reserve), F(ringbuf_query),
				 F(ringbuf_reserve_dynptr), F(ringbuf_submit_dynptr),
				 F(ringbuf_discard_dynptr) } },
	{ M(USER_RINGBUF),     { F(user_ringbuf_drain) } },
	{ M(STACK_TRACE),      { F(get_stackid) } },
	{ M(CGROUP_ARRAY),     { F(skb_under_cgroup), F(current_task_under_cgroup) } },
	{ M(CGROUP_STORAGE),   { F(get_local_storage) } },
	{ M(PERCPU_CGROUP_STORAGE), { F(get_local_storage) } },
	{ M(DEVMAP),           { F(redirect_map), F(map_lookup_elem) } },
	{ M(DEVMAP_HASH),      { F(redirect_map), F(map_lookup_elem) } },
	{ M(CPUMAP),           { F(redirect_map) } },
	{ M(XSKMAP),           { F(redirect_map), F(map_lookup_elem) } },
	{ M(ARRAY_OF_MAPS),    { F(map_lookup_elem) } },
	{ M(HASH_OF_MAPS),     { F(map_lookup_elem) } },
	{ M(SOCKMAP),          { F(sk_redirect_map), F(sock_map_update), F(msg_redirect_map),
				 F(sk_select_reuseport), F(map_lookup_elem) } },
	{ M(SOCKHASH),         { F(sk_redirect_hash), F(sock_hash_update), F(msg_redirect_hash),
				 F(sk_select_reuseport), F(map_lookup_elem) } },
	{ M(REUSEPORT_SOCKARRAY), { F(sk_select_reuseport) } },
	{ M(QUEUE),            { F(map_peek_elem), F(map_pop_elem), F(map_push_elem) } },
	{ M(STACK),            { F(map_peek_elem), F(map_pop_elem), F(map_push_elem) } },
	{ M(SK_STORAGE),       { F(sk_storage_get), F(sk_storage_delete), F(kptr_xchg) } },
	{ M(INODE_STORAGE),    { F(inode_storage_get), F(inode_storage_delete), F(kptr_xchg) } },
	{ M(TASK_STORAGE),     { F(task_storage_get), F(task_storage_delete), F(kptr_xchg) } },
	{ M(CGRP_STORAGE),     { F(cgrp_storage_get), F(cgrp_storage_delete), F(kptr_xchg) } },
	{ M(BLOOM_FILTER),     { F(map_peek_elem), F(map_push_elem) } },
};

static const struct compat_row by_func[] = {
	{ F(tail_call),              { M(PROG_ARRAY) } },
	{ F(perf_event_read),        { M(PERF_EVENT_ARRAY) } },
	{ F(perf_event_output),      { M(PERF_EVENT_ARRAY) } },
	{ F(perf_event_read_value),  { M(PERF_EVENT_ARRAY) } },
	{ F(skb_output),             { M(PERF_EVENT_ARRAY) } },
	{ F(xdp_output),             { M(PERF_EVENT_ARRAY) } },
	{ F(ringbuf_output),         { M(RINGBUF) } },
	{ F(ringbuf_reserve),        { M(RINGBUF) } },
	{ F(ringbuf_query),          { M(RINGBUF) } },
	{ F(ringbuf_reserve_dynptr), { M(RINGBUF) } },
	{ F(ringbuf_submit_dynptr),  { M(RINGBUF) } },
	{ F(ringbuf_discard_dynptr), { M(RINGBUF) } },
	{ F(user_ringbuf_drain),     { M(USER_RINGBUF) } },
	{ F(get_stackid),            { M(STACK_TRACE) } },
	{ F(current_task_under_cgroup), { M(CGROUP_ARRAY) } },
	{ F(skb_under_cgroup),       { M(CGROUP_ARRAY) } },
	{ F(redirect_map),           { M(DEVMAP), M(DEVMAP_HASH), M(CPUMAP), M(XSKMAP) } },
	{ F(sk_redirect_map),        { M(SOCKMAP) } },
	{ F(msg_redirect_map),       { M(SOCKMAP) } },
	{ F(sock_map_update),        { M(SOCKMAP) } },
	{ F(sk_redirect_hash),       { M(SOCKHASH) } },
	{ F(msg_redirect_hash),      { M(SOCKHASH) } },
	{ F(sock_hash_update),       { M(SOCKHASH) } },
	{ F(get_local_storage),      { M(CGROUP_STORAGE), M(PERCPU_CGROUP_STORAGE) } },
	{ F(sk_select_reuseport),    { M(REUSEPORT_SOCKARRAY), M(SOCKMAP), M(SOCKHASH) } },
	{ F(map_pop_elem),           { M(QUEUE), M(STACK) } },
	{ F(map_peek_elem),          { M(QUEUE), M(STACK), M(BLOOM_FILTER) } },
	{ F(map_push_elem),          { M(QUEUE), M(STACK), M(BLOOM_FILTER) } },
	{ F(map_lookup_percpu_elem), { M(PERCPU_ARRAY), M(PERCPU_HASH), M(LRU_PERCPU_HASH) } },
	{ F(sk_storage_get),         { M(SK_STORAGE) } },
	{ F(sk_storage_delete),      { M(SK_STORAGE) } },
	{ F(inode_storage_get),      { M(INODE_STORAGE) } },
	{ F(inode_storage_delete),   { M(INODE_STORAGE) } },
	{ F(task_storage_get),       { M(TASK_STORAGE) } },
	{ F(task_storage_delete),    { M(TASK_STORAGE) } },
	{ F(cgrp_storage_get),       { M(CGRP_STORAGE) } },
	{ F(cgrp_storage_delete),    { M(CGRP_STORAGE) } },
};
/* clang-format on */

static bool row_allows(const struct compat_row *rows, size_t n, uint32_t key, uint32_t value)
{
	size_t i, j;

	for (i = 0; i < n; i++) {
		if (rows[i].key != key)
			continue;
		for (j = 0; j < COMPAT_MAX && rows[i].allowed[j]; j++)
			if (rows[i].allowed[j] == value)
				return true;
		return false;
	}
	return true;
}

int compat_check(struct verifier_env *env, const struct map *map, uint32_t func_id)
{
	if (!map)
		return 0;
	if (row_allows(by_map, ARRAY_SIZE(by_map), map->type, func_id) &&
	    row_allows(by_func, ARRAY_SIZE(by_func), func_id, map->type))
		return 0;
	return reject(env, -EINVAL, "cannot pass map_type %u into func %s#%u\n", map->type,
		      func_id_name(func_id), func_id);
}
