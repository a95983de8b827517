/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records that programs put into ring buffers and perf event arrays, taken out after each packet. A
 * record is shown as the struct that has the map's name, with or without an s at its end (map events,
 * struct event), when there is one and the record has its size; else as the only struct of its size that
 * a global variable points to, which is how programs keep a type in their BTF
 * (`const struct event *unused`).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct bpf_object;
struct btf;
struct records;

/* One record of the map at @map (counted in the object's order). */
typedef void records_fn(void *arg, uint32_t map, const void *data, size_t bytes);

/* Opens all rings of a loaded object; *out is NULL when it has none. 0 or -errno with a sentence. */
int records_open(struct bpf_object *bpf, records_fn *fn, void *arg, struct records **out,
		 struct error *err);
/* Hands over what has come since; costs a few loads when nothing has. */
void records_take(struct records *r);
/* Records lost because a perf buffer was full. */
uint64_t records_lost(const struct records *r);
void records_close(struct records *r);

/* BTF id of the struct that describes records of the map called @map_name; 0: none. */
uint32_t records_type(const struct btf *btf, const char *map_name, size_t bytes);
