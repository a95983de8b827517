/* SPDX-License-Identifier: BSD-2-Clause */
/* See random_dynptr.h. */
#include "random_dynptr.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/macros.h"

/* 16 bytes each, from fp - 24 down; what lies there, as far as the generator knows. */
enum { PLACES = 5 };
enum what { BYTES, LOCAL, RINGBUF, NOTHING };

/* Registers that may hold a slice: where it came from. */
enum { SLICES = 2, FIRST_SLICE = 7 };

struct maker {
	struct random_text *t;
	enum what place[PLACES];
	int slice[SLICES]; /* -1: none */
	bool function;     /* in one: r9 is the frame whose places they are */
};

static uint32_t pick(struct maker *m, uint32_t n)
{
	return random_text_pick(m->t, n);
}

#define put(m, ...) random_text_put((m)->t, __VA_ARGS__)

static int place_off(int place)
{
	return -24 - 16 * place;
}

/* reg = the place, now and then half a place off. */
static void put_place(struct maker *m, int reg, int place)
{
	int off = place_off(place) + (pick(m, 60) ? 0 : 8);

	put(m, "r%d = r%d\nr%d += %d\n", reg, m->function ? 9 : 10, reg, off);
}

static void forget_slices(struct maker *m, int place)
{
	for (int i = 0; i < SLICES; i++)
		if (m->slice[i] == place && pick(m, 25))
			m->slice[i] = -1;
}

/* A place that holds one of these, rarely another; -1: there is none. */
static int find_place(struct maker *m, unsigned wanted)
{
	int from = (int)pick(m, PLACES);

	if (!pick(m, 60))
		return from;
	for (int i = 0; i < PLACES; i++)
		if (1u << m->place[(from + i) % PLACES] & wanted)
			return (from + i) % PLACES;
	return -1;
}

#define ANY_DYNPTR (1u << LOCAL | 1u << RINGBUF)
#define NO_RECORD (1u << BYTES | 1u << LOCAL | 1u << NOTHING)

/* --- steps ---------------------------------------------------------------------------------------------- */

static void step_from_mem(struct maker *m)
{
	int place = find_place(m, NO_RECORD);

	if (place < 0)
		return;
	put(m, "r1 = r6\nr2 = %u\nr3 = 0\n", pick(m, 60) ? pick(m, 49) : 64);
	put_place(m, 4, place);
	put(m, "call bpf_dynptr_from_mem\n");
	m->place[place] = LOCAL;
	forget_slices(m, place);
}

static void step_reserve(struct maker *m)
{
	int place = find_place(m, NO_RECORD);

	if (place < 0)
		return;
	put(m, "r1 = map[fd:61]\nr2 = %u\nr3 = 0\n", pick(m, 64));
	put_place(m, 4, place);
	put(m, "call bpf_ringbuf_reserve_dynptr\n");
	m->place[place] = RINGBUF;
	forget_slices(m, place);
}

static void put_release(struct maker *m, int place)
{
	put_place(m, 1, place);
	put(m, "r2 = 0\ncall bpf_ringbuf_%s_dynptr\n", pick(m, 2) ? "submit" : "discard");
	m->place[place] = NOTHING;
	forget_slices(m, place);
}

static void step_release(struct maker *m)
{
	int place = find_place(m, 1u << RINGBUF);

	if (place >= 0)
		put_release(m, place);
}

static void step_data(struct maker *m)
{
	int place = find_place(m, ANY_DYNPTR), i = (int)pick(m, SLICES);
	unsigned skip = m->t->labels++;

	if (place < 0)
		return;
	put_place(m, 1, place);
	put(m, "r2 = %u\nr3 = 8\ncall bpf_dynptr_data\n", pick(m, 16));
	m->slice[i] = place;
	if (pick(m, 3)) {
		/* what is kept is a slice or 0, which a test for 0 tells apart */
		put(m, "r%d = r0\n", FIRST_SLICE + i);
		return;
	}
	put(m, "if r0 == 0 goto l%u\n*(u64 *)(r0 +%u) = 1\nl%u:\nr%d = r0\n", skip,
	    pick(m, 50) ? 0 : 1, skip, FIRST_SLICE + i);
}

static void step_use_slice(struct maker *m)
{
	int i = (int)pick(m, SLICES);
	unsigned skip = m->t->labels++;

	if (m->slice[i] < 0 && pick(m, 40))
		return;
	if (pick(m, 50))
		put(m, "if r%d == 0 goto l%u\n", FIRST_SLICE + i, skip);
	if (pick(m, 2))
		put(m, "*(u8 *)(r%d +%u) = 1\n", FIRST_SLICE + i, pick(m, 8));
	else
		put(m, "r0 = *(u8 *)(r%d +%u)\n", FIRST_SLICE + i, pick(m, 8));
	put(m, "l%u:\n", skip);
}

static void step_read(struct maker *m)
{
	int place = find_place(m, ANY_DYNPTR), to = find_place(m, 1u << BYTES);

	if (place < 0 || to < 0)
		return;
	put_place(m, 1, to);
	put(m, "r2 = %u\n", pick(m, 17));
	put_place(m, 3, place);
	put(m, "r4 = 0\nr5 = 0\ncall bpf_dynptr_read\n");
}

static void step_write(struct maker *m)
{
	int place = find_place(m, ANY_DYNPTR), from = find_place(m, 1u << BYTES);

	if (place < 0 || from < 0)
		return;
	put_place(m, 1, place);
	put(m, "r2 = 0\n");
	put_place(m, 3, from);
	put(m, "r4 = %u\nr5 = 0\ncall bpf_dynptr_write\n", pick(m, 17));
}

static void step_store(struct maker *m)
{
	static const unsigned sizes[] = { 8, 16, 32, 64, 64 };
	int place = find_place(m, 1u << BYTES | 1u << NOTHING | 1u << LOCAL), half = (int)pick(m, 2);

	if (place < 0)
		return;
	put_place(m, 1, place);
	put(m, "*(u%u *)(r1 +%d) = %u\n", sizes[pick(m, ARRAY_SIZE(sizes))], 8 * half, pick(m, 3));
	if (m->place[place] == LOCAL) {
		m->place[place] = NOTHING;
		forget_slices(m, place);
	}
}

static void step_clear(struct maker *m)
{
	int place = find_place(m, 1u << NOTHING | 1u << BYTES | 1u << LOCAL);

	if (place < 0)
		return;
	put_place(m, 1, place);
	put(m, "*(u64 *)(r1 +0) = 0\n*(u64 *)(r1 +8) = 0\n");
	m->place[place] = BYTES;
	forget_slices(m, place);
}

static void step_load(struct maker *m)
{
	int place = find_place(m, 1u << BYTES | 1u << NOTHING);

	if (place < 0)
		return;
	put_place(m, 1, place);
	put(m, "r0 = *(u64 *)(r1 +%u)\n", 8 * pick(m, 2));
}

static void step_spill(struct maker *m)
{
	int place = find_place(m, 1u << BYTES), i = (int)pick(m, SLICES);

	if (place < 0)
		return;
	put_place(m, 1, place);
	put(m, "*(u64 *)(r1 +0) = r%d\n", FIRST_SLICE + i);
	if (pick(m, 2))
		put(m, "r%d = 0\nr%d = *(u64 *)(r1 +0)\n", FIRST_SLICE + i, FIRST_SLICE + i);
}

static void step(struct maker *m)
{
	static void (*const steps[])(struct maker *) = {
		step_from_mem, step_from_mem, step_from_mem, step_reserve, step_release, step_data,
		step_data, step_data, step_use_slice, step_use_slice, step_use_slice, step_read,
		step_read, step_write, step_store, step_clear, step_load, step_spill,
	};

	steps[pick(m, ARRAY_SIZE(steps))](m);
}

/* On one path only; what it changed is then not known, so that much of it is put right. */
static void maybe(struct maker *m)
{
	enum what before[PLACES];
	unsigned skip = m->t->labels++;

	for (int i = 0; i < PLACES; i++)
		before[i] = m->place[i];
	put(m, "call bpf_get_prandom_u32\nif r0 > 5 goto l%u\n", skip);
	step(m);
	for (int i = 0; i < PLACES; i++) {
		if (before[i] == m->place[i] || !pick(m, 8))
			continue;
		if (m->place[i] == RINGBUF)
			put_release(m, i);
		m->place[i] = before[i] == RINGBUF ? RINGBUF : NOTHING;
	}
	for (int i = 0; i < SLICES; i++)
		put(m, "r%d = 0\n", FIRST_SLICE + i);
	put(m, "l%u:\n", skip);
}

static void loop(struct maker *m)
{
	unsigned again = m->t->labels++, off = 8;

	put(m, "*(u64 *)(r10 -%u) = 0\nl%u:\n", off, again);
	step(m);
	put(m, "r1 = *(u64 *)(r10 -%u)\nr1 += 1\n*(u64 *)(r10 -%u) = r1\nif r1 < 3 goto l%u\n", off, off,
	    again);
}

static void steps(struct maker *m, uint32_t n)
{
	while (n--) {
		uint32_t how = pick(m, 16);

		if (how < 3)
			maybe(m);
		else if (how == 3)
			loop(m);
		else
			step(m);
	}
}

static void end(struct maker *m)
{
	for (int i = 0; i < PLACES; i++)
		if (m->place[i] == RINGBUF && pick(m, 20))
			put_release(m, i);
	put(m, "r0 = 0\nexit\n");
}

void random_dynptr_make(struct random_text *t, uint64_t seed)
{
	struct maker m = { .t = t };
	bool call;

	t->used = t->labels = 0;
	t->seed = seed * 0x9e3779b97f4a7c15u + 1;
	pick(&m, 2);
	call = !pick(&m, 3);
	for (int i = 0; i < SLICES; i++)
		m.slice[i] = -1;
	put(&m, "*(u32 *)(r10 -4) = 0\nr2 = r10\nr2 += -4\nr1 = map[fd:60]\n"
		"call bpf_map_lookup_elem\nif r0 != 0 goto there\nr0 = 0\nexit\nthere:\n"
		"r6 = r0\nr7 = 0\nr8 = 0\n");
	for (int i = 0; i < PLACES; i++)
		m.place[i] = pick(&m, 2) ? BYTES : NOTHING;
	for (int i = 0; i < PLACES; i++)
		if (m.place[i] == BYTES)
			put(&m, "*(u64 *)(r10 %d) = 0\n*(u64 *)(r10 %d) = 0\n", place_off(i),
			    place_off(i) + 8);
	steps(&m, 3 + pick(&m, 8));
	if (!call) {
		end(&m);
		return;
	}
	put(&m, "r1 = r10\nr2 = r6\ncall f\nr7 = 0\nr8 = 0\n");
	steps(&m, 1 + pick(&m, 4));
	end(&m);
	put(&m, "f:\nr9 = r1\nr6 = r2\nr7 = 0\nr8 = 0\n");
	m.function = true;
	steps(&m, 1 + pick(&m, 4));
	put(&m, "r0 = 0\nexit\n");
}
