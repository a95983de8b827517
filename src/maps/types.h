/* SPDX-License-Identifier: BSD-2-Clause */
/* The map types of this room, and what arrays of all kinds have in common. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "object/map.h"

extern const struct map_ops array_map_ops;
extern const struct map_ops percpu_array_map_ops;
extern const struct map_ops htab_map_ops;
extern const struct map_ops htab_percpu_map_ops;
extern const struct map_ops htab_lru_map_ops;
extern const struct map_ops htab_lru_percpu_map_ops;
extern const struct map_ops queue_stack_map_ops;
extern const struct map_ops bloom_filter_map_ops;
extern const struct map_ops xsk_map_ops;
extern const struct map_ops dev_map_ops;
extern const struct map_ops dev_map_hash_ops;
extern const struct map_ops cpu_map_ops;
extern const struct map_ops stack_trace_map_ops;
extern const struct map_ops lpm_trie_map_ops;
extern const struct map_ops prog_array_map_ops;
extern const struct map_ops perf_event_array_map_ops;
extern const struct map_ops array_of_maps_map_ops;
extern const struct map_ops hash_of_maps_map_ops;
extern const struct map_ops ringbuf_map_ops;
extern const struct map_ops user_ringbuf_map_ops;

int ringbuf_alloc_check(const union bpf_attr *attr); /* of both directions */

/* Shared by every type whose key is an index (arraymap.c). */
int array_alloc_check(const union bpf_attr *attr);
int array_check_update(const struct map *map, uint32_t index, uint64_t flags);
int array_delete(struct map *map, const void *key);
int array_next_key(struct map *map, const void *key, void *next);
int array_check_btf(const struct map *map, uint32_t key_type_id, uint32_t value_type_id);

/* check_btf of types that take none (-ENOTSUPP), and of those that must have a key type. */
int map_refuse_btf(const struct map *map, uint32_t key_type_id, uint32_t value_type_id);
int map_key_has_btf(const struct map *map, uint32_t key_type_id, uint32_t value_type_id);
