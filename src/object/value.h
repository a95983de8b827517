/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copying map values while programs read and write them: word by word with relaxed atomics, as
 * BPF's own loads and stores are, so that no word of a value is ever torn and the race is a
 * defined one. A bpf_spin_lock or bpf_timer inside a value is never copied over.
 */
#pragma once

#include <stdint.h>

struct map;

/* bytes: any; both sides 8-byte aligned gives whole words, else the widest both allow. */
void value_copy(void *dst, const void *src, uint32_t bytes);

/* Copies a whole value of @map but for its special fields. */
void map_value_copy(const struct map *map, void *dst, const void *src);

/* The same with what pads the value to 8 bytes, as bpf(2) reads and writes per-CPU values. */
void map_value_copy_padded(const struct map *map, void *dst, const void *src);

/* The same with the value's bpf_spin_lock held; @locked is the one of the two that lives in the
 * map (BPF_F_LOCK). The map must have a spin lock. */
void map_value_copy_locked(const struct map *map, void *dst, const void *src, void *locked);

/* Zeroes the special fields of a value handed to user space, or of a new element. */
void map_value_clear_special(const struct map *map, void *value);

/* bpf_spin_lock and bpf_spin_unlock: a lock word of 4 bytes in a map value. It is taken over from an
 * owner that died, and after a wait of a second or so whoever seems to hold it: a client that may map
 * the value can write anything there. */
void value_lock(uint32_t *lock);
void value_unlock(uint32_t *lock);
