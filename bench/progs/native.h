/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The programs' surroundings when they are compiled for this machine: the fewest instructions that
 * do what BPF's helpers promise to one thread. It is the yardstick, not an engine: nothing here may
 * be shared between threads, and tables are made once, of the size they are declared with.
 *
 * A map's type and sizes are known to the compiler from its declaration (as libbpf reads them from
 * BTF), so every lookup is specialised.
 */
#pragma once

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "native_maps.h"

#define SEC(name)
#undef __always_inline /* libc's */
#define __always_inline inline __attribute__((always_inline))
#define __noinline __attribute__((noinline))
#define __uint(name, val) int(*name)[val]
#define __type(name, val) __typeof__(val) *name
#define __array(name, val) __typeof__(val) *name[]
#define NATIVE_STATE struct native_map native;

/* The real struct xdp_md has room for 32-bit addresses only. */
#define xdp_md native_xdp_md
struct native_xdp_md {
	__u8 *data;
	__u8 *data_end;
};

#define UINT_OF(member) (sizeof(*(member)) / sizeof(int))
#define TRAITS_OF(map)                                                                             \
	((struct native_traits){ UINT_OF((map)->type), sizeof(*(map)->key), sizeof(*(map)->value), \
				 UINT_OF((map)->max_entries) })

#define bpf_map_lookup_elem(map, key) native_lookup(TRAITS_OF(map), &(map)->native, key)
#define bpf_map_update_elem(map, key, value, flags)                                                \
	native_update(TRAITS_OF(map), &(map)->native, key, value)
#define bpf_map_delete_elem(map, key) native_delete(TRAITS_OF(map), &(map)->native, key)
#define bpf_ringbuf_reserve(map, bytes, flags)                                                     \
	native_ring_reserve(&(map)->native, UINT_OF((map)->max_entries), bytes)
#define bpf_ringbuf_submit(record, flags) native_ring_submit(record)
#define bpf_loop(n, callback, ctx, flags) native_loop(n, callback, ctx)

static inline __attribute__((always_inline)) long
native_loop(__u32 n, long (*callback)(__u32 i, void *ctx), void *ctx)
{
	__u32 i = 0;

	while (i < n && !callback(i, ctx))
		i++;
	return i;
}

/* At the end of a file: what the bench may fill from outside. NATIVE_MAP(name) for each. */
struct native_map_entry {
	const char *name;
	int (*update)(const void *key, const void *value);
};

#define NATIVE_MAP_FUNCS(map)                                                                      \
	static int map##_native_update(const void *key, const void *value)                         \
	{                                                                                          \
		return native_update(TRAITS_OF(&map), &map.native, key, value);                    \
	}
#define NATIVE_MAP(map) { #map, map##_native_update }
#define NATIVE_MAPS(file, ...)                                                                     \
	const struct native_map_entry native_maps_##file[] = { __VA_ARGS__, { 0 } };
