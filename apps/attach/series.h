/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an attached object's maps hold, and how much its programs said, as metrics: every number in a
 * map's value is a gauge skep_map_value with the labels map, key and field, summed where the map has
 * a value for each CPU. Cost: that of reading the maps.
 */
#pragma once

#include "attach/events.h"
#include "mapshot.h"
#include "tool/metrics.h"

struct btf;

/* A map that was read. */
void series_add_map(struct metrics *m, const struct btf *btf, const struct mapshot *map);
void series_add_counts(struct metrics *m, const struct events_count *count);
