/* SPDX-License-Identifier: BSD-2-Clause */
/* See asm_lex.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "isa/asm_lex.h"
#include "isa/insn.h"

static void skip(struct asm_lex *lex)
{
	while (lex->p < lex->end && (*lex->p == ' ' || *lex->p == '\t' || *lex->p == '\r'))
		lex->p++;
}

bool lex_fail(struct asm_lex *lex, const char *fmt, ...)
{
	va_list ap;

	if (lex->failed)
		return false;
	skip(lex);
	lex->failed = true;
	lex->err->line = lex->line;
	lex->err->col = (uint32_t)(lex->p - lex->start) + 1;
	va_start(ap, fmt);
	vsnprintf(lex->err->text, sizeof(lex->err->text), fmt, ap);
	va_end(ap);
	return false;
}

void lex_rewind(struct asm_lex *lex, const char *p)
{
	lex->p = p;
	skip(lex);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
}

static bool is_name_char(char c)
{
	return is_name_start(c) || is_digit(c) || c == '$';
}

static bool at_name_char(const struct asm_lex *lex, size_t ahead)
{
	return (size_t)(lex->end - lex->p) > ahead && is_name_char(lex->p[ahead]);
}

bool lex_at_end(struct asm_lex *lex)
{
	skip(lex);
	return lex->p == lex->end || *lex->p == ';' ||
	       (lex->end - lex->p >= 2 && lex->p[0] == '/' && lex->p[1] == '/');
}

static bool starts(struct asm_lex *lex, const char *s, size_t n)
{
	skip(lex);
	return (size_t)(lex->end - lex->p) >= n && !memcmp(lex->p, s, n);
}

bool lex_accept(struct asm_lex *lex, const char *s)
{
	size_t n = strlen(s);

	if (!starts(lex, s, n))
		return false;
	lex->p += n;
	return true;
}

bool lex_word(struct asm_lex *lex, const char *s)
{
	size_t n = strlen(s);

	if (!starts(lex, s, n) || at_name_char(lex, n))
		return false;
	lex->p += n;
	return true;
}

bool lex_expect(struct asm_lex *lex, const char *s)
{
	return lex_accept(lex, s) || lex_fail(lex, "'%s' expected", s);
}

bool lex_name(struct asm_lex *lex, struct asm_name *name)
{
	uint32_t n = 0;

	skip(lex);
	if (lex->p == lex->end || !is_name_start(*lex->p))
		return false;
	while (at_name_char(lex, n))
		n++;
	*name = (struct asm_name){ lex->p, n, lex->line, (uint32_t)(lex->p - lex->start) + 1 };
	lex->p += n;
	return true;
}

bool lex_reg(struct asm_lex *lex, struct asm_reg *reg)
{
	static const char *const numbers[] = { "10", "0", "1", "2", "3", "4", "5",
					       "6",  "7", "8", "9" };
	const char *before;

	skip(lex);
	before = lex->p;
	if (lex->p == lex->end || (*lex->p != 'r' && *lex->p != 'w'))
		return false;
	reg->wide = *lex->p++ == 'r';
	for (uint8_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		size_t n = strlen(numbers[i]);

		if ((size_t)(lex->end - lex->p) < n || memcmp(lex->p, numbers[i], n) ||
		    at_name_char(lex, n))
			continue;
		reg->n = i ? (uint8_t)(i - 1) : BPF_REG_10;
		lex->p += n;
		return true;
	}
	lex->p = before;
	return false;
}

/* The value of a digit in base, or -1. */
static int digit_value(char c, unsigned int base)
{
	if (is_digit(c))
		return c - '0';
	if (base == 16 && (c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

bool lex_number(struct asm_lex *lex, struct asm_number *num)
{
	const char *before, *digits;
	unsigned int base = 10;

	skip(lex);
	before = lex->p;
	*num = (struct asm_number){ .negative = lex->p < lex->end && *lex->p == '-' };
	if (lex->p < lex->end && (*lex->p == '-' || *lex->p == '+'))
		lex->p++;
	if (starts(lex, "0x", 2)) {
		lex->p += 2;
		base = 16;
	}
	num->hex = base == 16;
	digits = lex->p;
	for (; lex->p < lex->end && digit_value(*lex->p, base) >= 0; lex->p++) {
		if (check_mul(num->magnitude, base, &num->magnitude) ||
		    check_add(num->magnitude, (unsigned int)digit_value(*lex->p, base),
			      &num->magnitude))
			return lex_fail(lex, "number does not fit 64 bits");
	}
	if (lex->p == digits)
		lex->p = before;
	return lex->p != before;
}

bool lex_int32(struct asm_lex *lex, int32_t *value)
{
	const char *before;
	struct asm_number num;
	uint64_t max;

	skip(lex);
	before = lex->p;
	if (!lex_number(lex, &num))
		return lex_fail(lex, "number expected");
	max = num.negative ? UINT64_C(1) << 31 : num.hex ? UINT32_MAX : INT32_MAX;
	if (num.magnitude > max) {
		lex->p = before;
		return lex_fail(lex, "number does not fit 32 bits");
	}
	*value = (int32_t)(uint32_t)(num.negative ? -num.magnitude : num.magnitude);
	return true;
}

bool lex_int16(struct asm_lex *lex, int16_t *value)
{
	const char *before;
	int32_t wide;

	skip(lex);
	before = lex->p;
	if (!lex_int32(lex, &wide))
		return false;
	if (wide < INT16_MIN || wide > INT16_MAX) {
		lex->p = before;
		return lex_fail(lex, "offset does not fit 16 bits");
	}
	*value = (int16_t)wide;
	return true;
}
