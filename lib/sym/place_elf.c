/* SPDX-License-Identifier: BSD-2-Clause */
#include "sym/place_elf.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"

#define TEXTS_MAX	   8	       /* executable segments looked at */
#define RESOLVER_BYTES_MAX 4096	       /* of an IFUNC's resolver */
#define DATA_BYTES_MAX	   (64u << 20) /* of one data segment searched for addresses */

struct place_elf {
	const struct sym_elf *elf;
	uint64_t *entries; /* sorted */
	uint32_t n_entries;
	struct {
		uint8_t *code;
		uint64_t address;
		size_t bytes;
		struct place *place;
	} text[TEXTS_MAX];
	uint32_t n_texts;
	struct decoder *decoder;
};

static void collect_entries(struct place_elf *p)
{
	p->entries = xcalloc(p->elf->n_symbols, sizeof(*p->entries));
	for (uint32_t i = 0; i < p->elf->n_symbols; i++) {
		uint64_t address = p->elf->symbols[i].address;

		if (!p->n_entries || p->entries[p->n_entries - 1] != address)
			p->entries[p->n_entries++] = address;
	}
}

static size_t read_data(void *arg, uint64_t address, void *data, size_t bytes)
{
	return sym_elf_read(arg, address, data, bytes);
}

static void add_text(struct place_elf *p, const struct sym_segment *s)
{
	struct place_segment segment = { .address = s->address };
	uint8_t *code;

	if (p->n_texts == TEXTS_MAX || s->file_bytes > PLACE_TEXT_MAX)
		return;
	code = malloc(s->file_bytes);
	if (!code)
		return;
	segment.code = code;
	segment.bytes = sym_elf_read(p->elf, s->address, code, s->file_bytes);
	p->text[p->n_texts].place = place_new(&segment, p->entries, p->n_entries);
	if (!p->text[p->n_texts].place) {
		free(code);
		return;
	}
	place_set_reader(p->text[p->n_texts].place, read_data, (void *)p->elf);
	p->text[p->n_texts].code = code;
	p->text[p->n_texts].address = s->address;
	p->text[p->n_texts].bytes = segment.bytes;
	p->n_texts++;
}

/*
 * Every word of a data segment that is an address of code: tables of labels, and (in the relocations of
 * a position-independent file, which lie in a segment too) what they will be filled with.
 */
static void add_addresses(struct place_elf *p, const struct sym_segment *s)
{
	uint64_t word;
	uint8_t *data;
	size_t bytes;

	if (s->file_bytes > DATA_BYTES_MAX || !(data = malloc(s->file_bytes)))
		return;
	bytes = sym_elf_read(p->elf, s->address, data, s->file_bytes);
	for (size_t i = -s->address & 7; i + sizeof(word) <= bytes; i += sizeof(word)) {
		memcpy(&word, data + i, sizeof(word));
		for (uint32_t t = 0; t < p->n_texts; t++)
			place_add_target(p->text[t].place, word);
	}
	free(data);
}

struct place_elf *place_elf_new(const struct sym_elf *elf)
{
	struct place_elf *p;

	if (elf->machine != EM_X86_64)
		return NULL;
	p = xcalloc(1, sizeof(*p));
	p->elf = elf;
	p->decoder = decoder_new();
	collect_entries(p);
	for (uint32_t i = 0; i < elf->n_segments; i++)
		if (elf->segments[i].executable)
			add_text(p, &elf->segments[i]);
	for (uint32_t i = 0; i < elf->n_segments; i++)
		if (!elf->segments[i].executable)
			add_addresses(p, &elf->segments[i]);
	for (uint32_t t = 0; t < p->n_texts; t++)
		place_ready(p->text[t].place);
	return p->n_texts && p->decoder ? p : place_elf_free(p);
}

struct place_elf *place_elf_free(struct place_elf *p)
{
	if (!p)
		return NULL;
	for (uint32_t t = 0; t < p->n_texts; t++) {
		place_free(p->text[t].place);
		free(p->text[t].code);
	}
	decoder_free(p->decoder);
	free(p->entries);
	free(p);
	return NULL;
}

struct placement place_elf_function(const struct place_elf *p, const struct sym_symbol *symbol,
				    const struct place_options *options)
{
	for (uint32_t t = 0; t < p->n_texts; t++)
		if (symbol->address - p->text[t].address < p->text[t].bytes)
			return place_function(p->text[t].place, symbol->address, symbol->size,
					      options);
	return (struct placement){ .result = PLACE_SLOW_NO_CODE, .address = symbol->address };
}

static bool is_known(const struct sym_symbol *list, uint32_t n, uint64_t address)
{
	while (n--)
		if (list[n].address == address)
			return true;
	return false;
}

/* The bytes from @address to the next function known. */
static uint64_t size_to_next(const struct place_elf *p, uint64_t address)
{
	for (uint32_t i = 0; i < p->n_entries; i++)
		if (p->entries[i] > address)
			return p->entries[i] - address;
	return 0;
}

uint32_t place_elf_candidates(const struct place_elf *p, const struct sym_symbol *symbol,
			      struct sym_symbol *candidates, uint32_t max)
{
	uint64_t end = symbol->address + symbol->size, at = symbol->address;
	uint8_t code[RESOLVER_BYTES_MAX];
	struct decoded insn;
	uint32_t n = 0;
	size_t bytes;

	bytes = sym_elf_read(p->elf, at, code,
			     symbol->size < sizeof(code) ? symbol->size : sizeof(code));
	while (at < end && n < max && at - symbol->address < bytes) {
		size_t done = at - symbol->address;

		if (decode_insn(p->decoder, code + done, bytes - done, at, &insn))
			break;
		for (uint32_t t = 0; insn.has_address && t < p->n_texts; t++)
			if (insn.address - p->text[t].address < p->text[t].bytes &&
			    !is_known(candidates, n, insn.address)) {
				candidates[n] = *symbol;
				candidates[n].address = insn.address;
				candidates[n].size = size_to_next(p, insn.address);
				candidates[n++].kind = SYM_FUNC;
			}
		at += insn.length;
	}
	return n;
}
