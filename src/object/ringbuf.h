/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ring buffer maps as helpers use them. A record reserved belongs to the program until it is
 * submitted or discarded (the verifier sees to it); records reach the client in the order of their
 * reservation. Source: kernel/bpf/ringbuf.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct engine;
struct map;
struct map_each;

#define RINGBUF_RECORD_BYTES_MAX (UINT32_MAX / 4)

/* A record of @bytes to fill, 8-byte aligned, or NULL: no room, or too long. */
void *ringbuf_reserve(struct map *map, uint64_t bytes);

/* Submits (or discards) what ringbuf_reserve() returned. @flags: BPF_RB_NO_WAKEUP, _FORCE_WAKEUP. */
void ringbuf_commit(struct engine *engine, void *record, uint64_t flags, bool discard);

/* Reserve, copy, submit: 0, -EINVAL (flags), -EAGAIN (no room). */
int ringbuf_output(struct map *map, const void *data, uint64_t bytes, uint64_t flags);

/* BPF_RB_AVAIL_DATA, RING_SIZE, CONS_POS, PROD_POS in bytes; 0 for another @what. */
uint64_t ringbuf_query(struct map *map, uint64_t what);

/*
 * Runs @each's callback for records the client of a USER_RINGBUF wrote (its first argument a struct
 * dynptr), until it returns 1 or there are no more: how many, or -EINVAL (flags, or what the client
 * wrote), -E2BIG (a record too long), -EBUSY (somebody else does). @flags: as ringbuf_commit()'s.
 */
int64_t user_ringbuf_drain(struct map *map, const struct map_each *each, uint64_t flags);
