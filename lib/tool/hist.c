/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/hist.h"

#include <assert.h>
#include <stdio.h>

#define LABEL_BYTES 64
#define BAR_WIDTH   52 /* bpftrace's */
#define UNIT_SHIFT  10

uint32_t hist_slot_of(uint64_t value)
{
	return value ? 64u - (uint32_t)__builtin_clzll(value) : 0;
}

void hist_add(struct hist *h, uint64_t value)
{
	h->slots[hist_slot_of(value)]++;
	h->sum += value;
	if (value > h->max)
		h->max = value;
}

void hist_merge(struct hist *into, const struct hist *from)
{
	hist_add_slots(into, from->slots, HIST_SLOTS);
	into->sum += from->sum;
	if (from->max > into->max)
		into->max = from->max;
}

void hist_add_slots(struct hist *h, const uint64_t *counts, uint32_t n)
{
	assert(n <= HIST_SLOTS);
	for (uint32_t i = 0; i < n; i++)
		h->slots[i] += counts[i];
}

uint64_t hist_count(const struct hist *h)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < HIST_SLOTS; i++)
		n += h->slots[i];
	return n;
}

void hist_slot_bounds(uint32_t slot, uint64_t *from, uint64_t *to)
{
	assert(slot < HIST_SLOTS);
	*from = slot ? 1ull << (slot - 1) : 0;
	*to = slot ? *from + (*from - 1) : 0;
}

double hist_percentile(const struct hist *h, double percent)
{
	double wanted = (double)hist_count(h) * percent / 100, below = 0;
	uint64_t from = 0, to = 0;

	if (hist_count(h) == 0)
		return 0;
	for (uint32_t i = 0; i < HIST_SLOTS; i++) {
		double here = (double)h->slots[i];

		if (!h->slots[i])
			continue;
		hist_slot_bounds(i, &from, &to);
		if (h->max && to > h->max)
			to = h->max;
		if (below + here >= wanted)
			return (double)from + (double)(to - from) * (wanted - below) / here;
		below += here;
	}
	return (double)to;
}

uint64_t hist_percentile_whole(const struct hist *h, double percent)
{
	return (uint64_t)(hist_percentile(h, percent) + 0.5);
}

/* "512", "1K", "2M": powers of two in units of 1024, as bpftrace writes them. */
static void bound_text(uint32_t log2, char buf[LABEL_BYTES])
{
	static const char units[] = "\0KMGTPE";
	uint32_t unit = log2 / UNIT_SHIFT;

	snprintf(buf, LABEL_BYTES, "%llu%.1s", 1ull << log2 % UNIT_SHIFT, &units[unit]);
}

static void slot_text(uint32_t slot, char buf[LABEL_BYTES])
{
	char from[LABEL_BYTES], to[LABEL_BYTES];

	if (slot < 2) {
		snprintf(buf, LABEL_BYTES, "[%u]", slot);
		return;
	}
	bound_text(slot - 1, from);
	bound_text(slot, to);
	snprintf(buf, LABEL_BYTES, "[%.20s, %.20s)", from, to);
}

void hist_draw(const struct hist *h, struct buffer *out)
{
	uint32_t first = HIST_SLOTS, last = 0;
	uint64_t most = 0;
	char label[LABEL_BYTES];

	for (uint32_t i = 0; i < HIST_SLOTS; i++) {
		if (!h->slots[i])
			continue;
		first = first == HIST_SLOTS ? i : first;
		last = i;
		most = h->slots[i] > most ? h->slots[i] : most;
	}
	for (uint32_t i = first; i <= last && first < HIST_SLOTS; i++) {
		uint32_t bar = (uint32_t)((double)h->slots[i] / (double)most * BAR_WIDTH);

		slot_text(i, label);
		buffer_format(out, "%-16s%8llu |", label, (unsigned long long)h->slots[i]);
		for (uint32_t c = 0; c < BAR_WIDTH; c++)
			buffer_text(out, c < bar ? "@" : " ");
		buffer_text(out, "|\n");
	}
}

void hist_draw_percentiles(const struct hist *h, const char *unit, struct buffer *out)
{
	static const int percents[] = { 50, 90, 99 };

	if (hist_count(h) == 0)
		return;
	/* Whole numbers: a K of 1000 beside the rows' K of 1024 would contradict them. */
	for (uint32_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++)
		buffer_format(out, "p%d %llu  ", percents[i],
			      (unsigned long long)hist_percentile_whole(h, percents[i]));
	if (h->max)
		buffer_format(out, "max %llu ", (unsigned long long)h->max);
	buffer_format(out, "%s\n", unit);
}
