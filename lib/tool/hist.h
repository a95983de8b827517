/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A log2 histogram: its slots (hist-api.bpf.h) counted by a program or here, drawn as bpftrace draws
 * them, with a line of percentiles below. Percentiles are interpolated within their slot, so they are
 * right to a factor of two at worst; the greatest value is exact where the program keeps it.
 */
#pragma once

#include <stdint.h>

#include "buffer.h"
#include "tool/hist-api.bpf.h"

struct hist {
	uint64_t slots[HIST_SLOTS];
	uint64_t sum; /* of all values; 0 when not kept */
	uint64_t max; /* the greatest value; 0 when not kept */
};

uint32_t hist_slot_of(uint64_t value);
void hist_add(struct hist *h, uint64_t value);
void hist_merge(struct hist *into, const struct hist *from);
/* Adds @n counts read from a program, the first being slot 0. */
void hist_add_slots(struct hist *h, const uint64_t *counts, uint32_t n);
uint64_t hist_count(const struct hist *h);

/* The bounds of a slot: values v with *from <= v <= *to, both inclusive. */
void hist_slot_bounds(uint32_t slot, uint64_t *from, uint64_t *to);
/* The value below which @percent (0 to 100) of all values lie; 0 when there are none. */
double hist_percentile(const struct hist *h, double percent);
/* The same, rounded. */
uint64_t hist_percentile_whole(const struct hist *h, double percent);

/* The lines bpftrace prints, nothing when there are no values. */
void hist_draw(const struct hist *h, struct buffer *out);
/* "p50 1.2K  p90 3.9K  p99 7.6K  max 12345\n" in @unit ("ns", "us", "bytes"). */
void hist_draw_percentiles(const struct hist *h, const char *unit, struct buffer *out);
