/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/folded.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 1024

/* FNV-1a. The texts are names of traced programs: who chose them to collide slows down its own profile. */
static uint32_t hash(const char *text)
{
	uint32_t h = 2166136261u;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 16777619u;
	return h;
}

/* The slot that holds @text, or the free one where it belongs. */
static uint32_t *slot_of(const struct folded *f, const char *text)
{
	uint32_t i = hash(text) & (f->n_slots - 1);

	while (f->slots[i] && strcmp(f->entries[f->slots[i] - 1].text, text) != 0)
		i = (i + 1) & (f->n_slots - 1);
	return &f->slots[i];
}

static void rehash(struct folded *f, uint32_t n_slots)
{
	free(f->slots);
	f->slots = xcalloc(n_slots, sizeof(*f->slots));
	f->n_slots = n_slots;
	for (uint32_t i = 0; i < f->n; i++)
		*slot_of(f, f->entries[i].text) = i + 1;
}

void folded_add(struct folded *f, const char *text, uint64_t count)
{
	uint32_t *slot;

	if (f->n >= f->n_slots / 2)
		rehash(f, f->n_slots ? f->n_slots * 2 : SLOTS_MIN);
	slot = slot_of(f, text);
	f->total += count;
	if (*slot) {
		f->entries[*slot - 1].count += count;
		return;
	}
	array_grow(f->entries, f->n);
	f->entries[f->n] = (struct folded_entry){ xstrdup(text), count };
	*slot = ++f->n;
}

/* The end of a frame sorts below every letter: what begins with the same frames stands together. */
static int rank(char c)
{
	return c == 0 ? 0 : c == ';' ? 1 : 2 + (unsigned char)c;
}

static int by_frames(const void *a, const void *b)
{
	const char *x = ((const struct folded_entry *)a)->text;
	const char *y = ((const struct folded_entry *)b)->text;

	while (*x && *x == *y) {
		x++;
		y++;
	}
	return rank(*x) - rank(*y);
}

void folded_sort(struct folded *f)
{
	if (!f->n)
		return;
	qsort(f->entries, f->n, sizeof(*f->entries), by_frames);
	rehash(f, f->n_slots);
}

void folded_print(const struct folded *f, struct buffer *out)
{
	for (uint32_t i = 0; i < f->n; i++)
		buffer_format(out, "%s %" PRIu64 "\n", f->entries[i].text, f->entries[i].count);
}

void folded_deinit(struct folded *f)
{
	for (uint32_t i = 0; i < f->n; i++)
		free(f->entries[i].text);
	free(f->entries);
	free(f->slots);
	*f = (struct folded){ 0 };
}
