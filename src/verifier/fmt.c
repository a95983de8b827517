/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The format strings bpf_snprintf takes: printable ASCII and spaces, %% %d %i %u %x %X %c %s and
 * the kernel's %p kinds, l and ll. Source: bpf_bprintf_prepare (kernel/bpf/helpers.c).
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "verifier/call.h"

static bool ends_word(char c)
{
	return !c || isspace((unsigned char)c) || ispunct((unsigned char)c);
}

/* Behind the 'p': how many letters belong to it, or -EINVAL. */
static int pointer_kind(const char *p)
{
	if ((p[0] == 'k' || p[0] == 'u') && p[1] == 's')
		return 2;
	if ((p[0] == 'i' || p[0] == 'I') && (p[1] == '4' || p[1] == '6'))
		return 2;
	if (p[0] == 'K' || p[0] == 'x' || p[0] == 's' || p[0] == 'S' || p[0] == 'B')
		return 1;
	if (ends_word(p[0]))
		return 0;
	return -EINVAL;
}

/* One conversion behind its '%': characters taken, or -EINVAL. */
static int conversion(const char *start)
{
	const char *p = start;
	int n;

	while (*p == '0' || *p == '+' || *p == '-' || *p == ' ')
		p++;
	if (*p >= '1' && *p <= '9')
		while (isdigit((unsigned char)*p))
			p++;
	if (*p == 'p') {
		n = pointer_kind(p + 1);
		if (n == 2 && p[2] == 's' && !ends_word(p[3]))
			return -EINVAL;
		return n < 0 ? n : (int)(p - start) + 1 + n;
	}
	if (*p == 's' && !ends_word(p[1]))
		return -EINVAL;
	if (*p == 's' || *p == 'c')
		return (int)(p - start) + 1;
	if (*p == 'l')
		p += p[1] == 'l' ? 2 : 1;
	if (!*p || !strchr("iduxX", *p))
		return -EINVAL;
	return (int)(p - start) + 1;
}

int fmt_check(const char *fmt, uint32_t n_args)
{
	uint32_t used = 0;
	int n;

	for (; *fmt; fmt++) {
		unsigned char c = *fmt;

		if ((!isprint(c) && !isspace(c)) || c >= 128)
			return -EINVAL;
		if (c != '%')
			continue;
		if (fmt[1] == '%') {
			fmt++;
			continue;
		}
		if (used++ >= n_args)
			return -EINVAL;
		n = conversion(fmt + 1);
		if (n < 0)
			return n;
		fmt += n;
	}
	return 0;
}
