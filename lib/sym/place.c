/* SPDX-License-Identifier: BSD-2-Clause */
#include "sym/place.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"

#define SHORT_REACH 130 /* bytes: how far a two- or three-byte branch goes, with its own length */

struct place {
	struct place_segment text;
	const uint64_t *entries;
	size_t n_entries;
	struct decoder *decoder;
	uint64_t *targets; /* sorted: where a long relative branch may lead, over-approximated */
	size_t n_targets;
	place_read_fn read;
	void *read_arg;
};

/* The stretch a probe is moved over: nobody else may come into (entry, end]. */
struct stretch {
	uint64_t entry;
	uint64_t end;
	uint64_t function_end;
};

enum decode_register place_argument_register(uint32_t n)
{
	static const uint8_t registers[PLACE_ARGUMENTS_MAX] = { DECODE_RDI, DECODE_RSI, DECODE_RDX,
								DECODE_RCX, DECODE_R8,	DECODE_R9 };

	return registers[n];
}

/* clang-format off */
static const struct {
	const char *key;
	const char *text;
} results[PLACE_RESULT_MAX] = {
	[PLACE_ENTRY]         = { "entry",         "the entry is emulated" },
	[PLACE_MOVED]         = { "moved",         "moved to an emulated instruction behind the entry" },
	[PLACE_SLOW_NO_SIZE]  = { "slow-size",     "the symbol does not say how long the function is" },
	[PLACE_SLOW_NO_CODE]  = { "slow-code",     "its code could not be decoded" },
	[PLACE_SLOW_LEAVES]   = { "slow-leaves",   "control leaves the straight line first" },
	[PLACE_SLOW_REGISTER] = { "slow-register", "a register that is to be read is overwritten first" },
	[PLACE_SLOW_STACK]    = { "slow-stack",    "the stack pointer moves first" },
	[PLACE_SLOW_MEMORY]   = { "slow-memory",   "memory is written first" },
	[PLACE_SLOW_FAR]      = { "slow-far",      "no emulated instruction is near" },
	[PLACE_SLOW_TARGET]   = { "slow-target",   "a branch leads in between" },
	[PLACE_SLOW_SHARED]   = { "slow-shared",   "another function begins in between" },
	[PLACE_SLOW_TABLE]    = { "slow-table",    "a jump in it may lead anywhere" },
};
/* clang-format on */

const char *place_result_text(enum place_result result)
{
	return results[result].text;
}

const char *place_result_key(enum place_result result)
{
	return results[result].key;
}

static int32_t load32(const uint8_t *at)
{
	int32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

void place_add_target(struct place *p, uint64_t address)
{
	if (address - p->text.address >= p->text.bytes)
		return;
	array_grow(p->targets, p->n_targets);
	p->targets[p->n_targets++] = address;
}

/*
 * Every position is taken for the opcode of a branch with four bytes of distance, whether an instruction
 * begins there or not: so no way of decoding could find one that is missing here.
 */
static void find_long_targets(struct place *p)
{
	const uint8_t *code = p->text.code;
	size_t bytes = p->text.bytes;

	for (size_t i = 0; i + 5 <= bytes; i++) {
		uint64_t target;
		size_t opcode;

		if ((code[i] & 0xfe) == 0xe8)
			opcode = 1;
		else if (code[i] == 0x0f && (code[i + 1] & 0xf0) == 0x80 && i + 6 <= bytes)
			opcode = 2;
		else
			continue;
		target = p->text.address + i + opcode + 4 + (uint64_t)load32(code + i + opcode);
		place_add_target(p, target);
	}
}

void place_ready(struct place *p)
{
	if (p->n_targets)
		qsort(p->targets, p->n_targets, sizeof(*p->targets), by_value);
}

struct place *place_new(const struct place_segment *segment, const uint64_t *entries,
			size_t n_entries)
{
	struct place *p = xcalloc(1, sizeof(*p));

	p->text = *segment;
	p->entries = entries;
	p->n_entries = n_entries;
	p->decoder = decoder_new();
	if (!p->decoder)
		return place_free(p);
	find_long_targets(p);
	return p;
}

struct place *place_free(struct place *p)
{
	if (!p)
		return NULL;
	decoder_free(p->decoder);
	free(p->targets);
	free(p);
	return NULL;
}

void place_set_reader(struct place *p, place_read_fn read, void *arg)
{
	p->read = read;
	p->read_arg = arg;
}

/* The first element of sorted @values above @low. */
static size_t first_above(const uint64_t *values, size_t n, uint64_t low)
{
	size_t begin = 0;

	while (n) {
		size_t half = n / 2;

		if (values[begin + half] > low) {
			n = half;
		} else {
			begin += half + 1;
			n -= half + 1;
		}
	}
	return begin;
}

/* Whether one of sorted @values lies in (entry, end]. */
static bool comes_in(const uint64_t *values, size_t n, const struct stretch *s)
{
	size_t i = first_above(values, n, s->entry);

	return i < n && values[i] <= s->end;
}

static bool is_inside(uint64_t address, const struct stretch *s)
{
	return address > s->entry && address <= s->end;
}

/* The code at @address and how much of it there is; NULL outside the segment. */
static const uint8_t *code_at(const struct place *p, uint64_t address, size_t *bytes)
{
	if (address - p->text.address >= p->text.bytes)
		return NULL;
	*bytes = p->text.bytes - (address - p->text.address);
	return p->text.code + (address - p->text.address);
}

/* Decodes from @begin to @end; whether a branch on the way leads into the stretch, or it cannot be told. */
static bool sweep_comes_in(const struct place *p, uint64_t begin, uint64_t end,
			   const struct stretch *s)
{
	while (begin < end) {
		struct decoded insn;
		const uint8_t *code;
		size_t bytes;

		code = code_at(p, begin, &bytes);
		if (!code)
			return begin < p->text.address + p->text.bytes;
		if (decode_flow(p->decoder, code, bytes, begin, &insn))
			return true;
		if (insn.has_target && is_inside(insn.target, s))
			return true;
		begin += insn.length;
	}
	return false;
}

static bool is_short_branch(uint8_t opcode)
{
	return (opcode & 0xf0) == 0x70 || opcode == 0xeb || (opcode & 0xfc) == 0xe0;
}

/* As find_long_targets, for branches with one byte of distance: every position from @begin to @end. */
static bool bytes_come_in(const struct place *p, uint64_t begin, uint64_t end,
			  const struct stretch *s)
{
	const uint8_t *code;
	size_t bytes;

	for (; begin < end; begin++) {
		code = code_at(p, begin, &bytes);
		if (code && bytes >= 2 && is_short_branch(code[0]) &&
		    is_inside(begin + 2 + (uint64_t)(int8_t)code[1], s))
			return true;
	}
	return false;
}

/*
 * Short branches from before the function: from the start of the nearest function that begins far enough
 * before it the code is decoded; where there is none near, every byte is taken for one.
 */
static bool comes_from_before(const struct place *p, const struct stretch *s)
{
	uint64_t reach = s->entry > SHORT_REACH ? s->entry - SHORT_REACH : 0;
	size_t i;

	if (reach < p->text.address)
		reach = p->text.address;
	i = first_above(p->entries, p->n_entries, reach);
	if (i && p->entries[i - 1] >= p->text.address && reach - p->entries[i - 1] < 4096 &&
	    !sweep_comes_in(p, p->entries[i - 1], s->entry, s))
		return false;
	return bytes_come_in(p, reach, s->entry, s);
}

/* Short branches from the function itself and from what lies behind it. */
static bool comes_from_behind(const struct place *p, const struct stretch *s)
{
	uint64_t reach = s->end + SHORT_REACH;
	uint64_t own = reach < s->function_end ? reach : s->function_end;

	if (sweep_comes_in(p, s->entry, own, s))
		return true;
	if (reach > own && !sweep_comes_in(p, own, reach, s))
		return false;
	return reach > own && bytes_come_in(p, own, reach, s);
}

/* Whether bytes that could be `jmp *reg` or `jmp *memory` occur in the function at all. */
static bool may_jump_indirect(const uint8_t *code, size_t bytes)
{
	for (size_t i = 0; i + 1 < bytes; i++)
		if (code[i] == 0xff && (code[i + 1] & 0x38) == 0x20)
			return true;
	return false;
}

/* Whether a table of distances at @table, taken for as long as it may be, leads into the stretch. */
static bool table_comes_in(const struct place *p, uint64_t table, const struct stretch *s)
{
	int32_t entries[PLACE_TABLE_ENTRIES];
	size_t bytes = p->read ? p->read(p->read_arg, table, entries, sizeof(entries)) : 0;

	for (size_t i = 0; i < bytes / sizeof(entries[0]); i++)
		if (is_inside(table + (uint64_t)(int64_t)entries[i], s))
			return true;
	return false;
}

/*
 * Jumps through a register or memory. Compilers compute the former from a table whose address the
 * function takes: each such address is taken for a table, and each of its entries for a target. A jump
 * through a register in a function that takes no such address is a call in tail position, but could be
 * anything: not proved.
 */
static bool table_leads_in(const struct place *p, const struct stretch *s)
{
	uint64_t size = s->function_end - s->entry, at = s->entry;
	bool indirect = false, in = false;
	const uint8_t *code;
	size_t bytes;

	code = code_at(p, s->entry, &bytes);
	if (!code || size > bytes || size > PLACE_BODY_MAX)
		return true;
	if (!may_jump_indirect(code, size))
		return false;
	while (at < s->function_end) {
		struct decoded insn;

		if (decode_insn(p->decoder, code + (at - s->entry), size - (at - s->entry), at,
				&insn))
			return true;
		indirect |= insn.jumps_indirect;
		if (insn.has_address && code_at(p, insn.address, &bytes))
			in |= is_inside(insn.address, s);
		else if (insn.has_address && !insn.leaves && p->read)
			in |= table_comes_in(p, insn.address, s);
		at += insn.length;
	}
	return indirect && (in || !p->read);
}

/* What stands against moving over the stretch; PLACE_MOVED when nothing does. */
static enum place_result judge(const struct place *p, const struct stretch *s)
{
	if (comes_in(p->entries, p->n_entries, s))
		return PLACE_SLOW_SHARED;
	if (comes_in(p->targets, p->n_targets, s) || comes_from_before(p, s) ||
	    comes_from_behind(p, s))
		return PLACE_SLOW_TARGET;
	return table_leads_in(p, s) ? PLACE_SLOW_TABLE : PLACE_MOVED;
}

static bool is_emulated(enum decode_class class, const struct place_options *options)
{
	return class != DECODE_STEPPED && (class != DECODE_LONG_NOP || options->nops_emulated);
}

/* Where the arguments are, as far as the walk has come. */
struct arguments {
	uint16_t holders[PLACE_ARGUMENTS_MAX]; /* registers that hold it */
	bool used[PLACE_ARGUMENTS_MAX];	       /* something was done with it */
};

static void arguments_begin(struct arguments *a)
{
	*a = (struct arguments){ 0 };
	for (uint32_t n = 0; n < PLACE_ARGUMENTS_MAX; n++)
		a->holders[n] = (uint16_t)(1u << place_argument_register(n));
}

/* Follows @insn; false when it loses an argument that is asked for. */
static bool arguments_step(struct arguments *a, const struct decoded *insn,
			   const struct place_options *options)
{
	for (uint32_t n = 0; n < PLACE_ARGUMENTS_MAX; n++) {
		bool copied = insn->copies && (a->holders[n] & 1u << insn->from);

		a->used[n] |= (a->holders[n] & insn->reads) != 0;
		a->holders[n] &= (uint16_t)~insn->writes;
		if (copied)
			a->holders[n] |= (uint16_t)(1u << insn->to);
		if (!a->holders[n] && n < options->arguments && (a->used[n] || !options->used_only))
			return false;
	}
	return true;
}

/* Its own register when that still holds it, else the first that does. */
static uint8_t argument_holder(const struct arguments *a, uint32_t n)
{
	if (a->holders[n] & 1u << place_argument_register(n))
		return place_argument_register(n);
	for (uint8_t r = 0; r < DECODE_REGISTER_MAX; r++)
		if (a->holders[n] & 1u << r)
			return r;
	return PLACE_NOWHERE;
}

/* What stepping over @insn would lose of what the probe is to see; PLACE_MOVED when nothing. */
static enum place_result lost_over(const struct decoded *insn, struct arguments *a,
				   const struct place_options *options)
{
	if (insn->leaves)
		return PLACE_SLOW_LEAVES;
	if (!arguments_step(a, insn, options))
		return PLACE_SLOW_REGISTER;
	if ((insn->writes & 1u << DECODE_RSP) || (insn->sp_delta && options->keep_sp))
		return PLACE_SLOW_STACK;
	return insn->writes_memory && options->keep_memory ? PLACE_SLOW_MEMORY : PLACE_MOVED;
}

/* Walks from the entry to the first emulated instruction; fills @to and says how it went. */
static enum place_result walk(const struct place *p, struct stretch *s, struct arguments *a,
			      const struct place_options *options, struct placement *to)
{
	enum place_result lost;
	bool stored = false;
	const uint8_t *code;
	size_t bytes;

	for (uint32_t n = 0; n < PLACE_INSNS_MAX; n++) {
		struct decoded insn;

		code = code_at(p, s->end, &bytes);
		if (!code || s->end >= s->function_end ||
		    decode_insn(p->decoder, code, bytes, s->end, &insn))
			return PLACE_SLOW_NO_CODE;
		to->class = insn.class;
		to->refused |= insn.refused && !n;
		if (is_emulated(insn.class, options) && !(stored && insn.class == DECODE_LONG_NOP))
			return n ? PLACE_MOVED : PLACE_ENTRY;
		lost = lost_over(&insn, a, options);
		if (lost != PLACE_MOVED)
			return lost;
		to->sp_delta += insn.sp_delta;
		stored |= insn.writes_memory;
		s->end += insn.length;
		if (s->end - s->entry > PLACE_BYTES_MAX)
			break;
	}
	return PLACE_SLOW_FAR;
}

struct placement place_function(const struct place *p, uint64_t entry, uint64_t size,
				const struct place_options *options)
{
	struct stretch s = { entry, entry, size ? entry + size : UINT64_MAX };
	struct placement to = { .address = entry };
	struct arguments a;

	if (s.function_end < entry)
		s.function_end = UINT64_MAX;
	arguments_begin(&a);
	to.result = walk(p, &s, &a, options, &to);
	if (to.result == PLACE_MOVED)
		to.result = size ? judge(p, &s) : PLACE_SLOW_NO_SIZE;
	if (to.result != PLACE_ENTRY && to.result != PLACE_MOVED) {
		arguments_begin(&a);
		to.class = DECODE_STEPPED;
		to.sp_delta = 0;
		s.end = entry;
	} else {
		to.refused = false;
	}
	to.address = s.end;
	for (uint32_t n = 0; n < PLACE_ARGUMENTS_MAX; n++)
		to.arguments[n] = argument_holder(&a, n);
	return to;
}
