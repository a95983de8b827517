/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The assembler's cursor over one line. Every function first skips blanks, then consumes what it
 * names or stays where it is. The first failure is kept, with its column, and later ones are
 * ignored.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "isa/asm.h"

struct asm_lex {
	const char *start; /* of the line */
	const char *p;
	const char *end; /* of the line, before its newline */
	uint32_t line;
	bool failed;
	struct isa_asm_error *err;
};

/* A name in the text. */
struct asm_name {
	const char *s;
	uint32_t len;
	uint32_t line; /* where, for errors reported later */
	uint32_t col;
};

struct asm_number {
	uint64_t magnitude;
	bool negative;
	bool hex;
};

struct asm_reg {
	uint8_t n;
	bool wide; /* r, not w */
};

/* Notes the failure, at the cursor. Always false. */
bool lex_fail(struct asm_lex *lex, const char *fmt, ...) __printf_like(2, 3);

/* Goes back to p, earlier on the line, and to the first character there that is not blank. */
void lex_rewind(struct asm_lex *lex, const char *p);

/* True at the end of the line or at a comment. */
bool lex_at_end(struct asm_lex *lex);

/* Consumes the characters of s, whatever follows. */
bool lex_accept(struct asm_lex *lex, const char *s);

/* The same, for a word: no letter, digit or '_' may follow. */
bool lex_word(struct asm_lex *lex, const char *s);

/* Like lex_accept, but failing without s is an error. */
bool lex_expect(struct asm_lex *lex, const char *s);

bool lex_name(struct asm_lex *lex, struct asm_name *name);
bool lex_reg(struct asm_lex *lex, struct asm_reg *reg);

/* [+-]123 or [+-]0x7b. False without an error when there is no number; a number over 64 bits
 * fails. */
bool lex_number(struct asm_lex *lex, struct asm_number *num);

/* The same, as a value of 32 bits: decimal is signed, hexadecimal is a bit pattern. Errors are
 * noted. */
bool lex_int32(struct asm_lex *lex, int32_t *value);
bool lex_int16(struct asm_lex *lex, int16_t *value);
