/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers on strings: numbers read from text, comparison. Source: kernel/bpf/helpers.c, lib/kstrtox.c. */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/check.h"
#include "base/macros.h"
#include "helpers/call.h"

#define BASE_MASK 0x1f
#define TEXT_BYTES 64 /* what is looked at, with its NUL */

struct number {
	uint64_t value;
	bool negative;
};

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* 0 and 0x prefixes; *base 0 is decided by them. */
static const char *skip_prefix(const char *s, unsigned int *base)
{
	bool hex = s[0] == '0' && (s[1] | 0x20) == 'x';

	if (*base == 0) {
		*base = 10;
		if (s[0] == '0')
			*base = hex && digit(s[2]) < 16 ? 16 : 8;
	}
	return *base == 16 && hex ? s + 2 : s;
}

static bool is_space(char c)
{
	return isspace((unsigned char)c) || (unsigned char)c == 0xa0;
}

/* Bytes consumed, -EINVAL (no number, bad base or flags) or -ERANGE. */
static int parse(const char *buf, uint64_t len, uint64_t flags, struct number *out)
{
	unsigned int base = (unsigned int)flags & BASE_MASK;
	const char *s = buf, *start;
	char text[TEXT_BYTES];
	bool overflow = false;
	int skipped;
	size_t n;

	if (flags & ~(uint64_t)BASE_MASK || (base && base != 8 && base != 10 && base != 16))
		return -EINVAL;
	while (s < buf + len && is_space(*s))
		s++;
	out->negative = s < buf + len && *s == '-';
	s += out->negative;
	skipped = (int)(s - buf);
	n = MIN(len - (size_t)(s - buf), sizeof(text) - 1);
	if (!n)
		return -EINVAL;
	memcpy(text, s, n);
	text[n] = '\0';
	start = skip_prefix(text, &base);
	out->value = 0;
	for (s = start; digit(*s) < (int)base; s++) {
		uint64_t scaled;

		overflow |= check_mul(out->value, (uint64_t)base, &scaled);
		overflow |= check_add(scaled, (uint64_t)digit(*s), &out->value);
	}
	if (overflow)
		return -ERANGE;
	if (s == start)
		return -EINVAL;
	return skipped + (int)(s - text);
}

HELPER_CALL(strtol_helper)
{
	struct number number;
	int64_t *res = ptr(r4);
	int n;

	*res = 0;
	n = parse(ptr(r1), r2, r3, &number);
	if (n < 0)
		return ret(n);
	if (number.negative ? (int64_t)(0 - number.value) > 0 : (int64_t)number.value < 0)
		return ret(-ERANGE);
	*res = (int64_t)(number.negative ? 0 - number.value : number.value);
	return ret(n);
}

HELPER_CALL(strtoul_helper)
{
	struct number number;
	uint64_t *res = ptr(r4);
	int n;

	*res = 0;
	n = parse(ptr(r1), r2, r3, &number);
	if (n < 0)
		return ret(n);
	if (number.negative)
		return ret(-EINVAL);
	*res = number.value;
	return ret(n);
}

/* -1, 0 or 1, as the kernel's strncmp. */
HELPER_CALL(strncmp_helper)
{
	const unsigned char *a = ptr(r1), *b = ptr(r3);

	for (uint32_t n = (uint32_t)r2; n; n--, a++, b++) {
		if (*a != *b)
			return ret(*a < *b ? -1 : 1);
		if (!*a)
			break;
	}
	return 0;
}

#define ARG_RESULT (ARG_PTR_TO_MEM | MEM_FIXED_SIZE | MEM_UNINIT | MEM_WRITE | MEM_ALIGNED)

HELPER_PROTO_AS(strtol, strtol, strtol_helper, .ret_type = RET_INTEGER, .arg_size = { [3] = 8 },
		ARGS(ARG_MEM_READ, ARG_CONST_SIZE, ARG_ANYTHING, ARG_RESULT));
HELPER_PROTO_AS(strtoul, strtoul, strtoul_helper, .ret_type = RET_INTEGER, .arg_size = { [3] = 8 },
		ARGS(ARG_MEM_READ, ARG_CONST_SIZE, ARG_ANYTHING, ARG_RESULT));
HELPER_PROTO_AS(strncmp, strncmp, strncmp_helper, .ret_type = RET_INTEGER,
		ARGS(ARG_MEM_READ, ARG_CONST_SIZE, ARG_PTR_TO_CONST_STR));
