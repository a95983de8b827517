/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps of maps: what the inner ones must look like. Source: kernel/bpf/map_in_map.c. */
#pragma once

#include <stdbool.h>

struct map;

/*
 * A description of @inner (sizes, flags, special fields; no elements) for map->inner_meta of a new
 * outer map. -EINVAL: it holds maps itself; -ENOTSUPP: its type cannot be an inner map; -ENOMEM.
 */
int map_meta_new(const struct map *inner, struct map **meta);
void map_meta_free(struct map *meta);

/* Same type, key, value, flags and special fields. */
bool map_meta_equal(const struct map *meta, const struct map *inner);

/* May @inner stand in @outer? */
bool map_inner_fits(const struct map *outer, const struct map *inner);
