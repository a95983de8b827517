/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two steps as in the kernel, over one parser: the first checks the whole format and fetches what
 * arguments point to, the second prints. So a bad conversion at the end prints nothing.
 */
#include "base/bprintf.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"

#define WIDTH_MAX ((1 << 23) - 1) /* FIELD_WIDTH_MAX */

/* One conversion. */
struct spec {
	bool left, plus, space, zero;
	int width;
	char conv;      /* d u x X c s p */
	char ext[3];    /* what follows p */
	uint8_t bytes;  /* of an integer: 4 or 8 */
};

/* Fetched arguments: an offset into text[] for those that are strings. */
struct fetched {
	char text[BPRINTF_COPY_BYTES];
	size_t used;
	uint16_t at[BPRINTF_ARGS_MAX];
};

struct out {
	char *buf;
	size_t bytes;
	size_t len;
};

static bool ends_word(char c)
{
	return c == '\0' || isspace((unsigned char)c) || ispunct((unsigned char)c);
}

static const char *parse_flags(const char *s, struct spec *spec)
{
	for (;; s++) {
		if (*s == '0')
			spec->zero = true;
		else if (*s == '+')
			spec->plus = true;
		else if (*s == '-')
			spec->left = true;
		else if (*s == ' ')
			spec->space = true;
		else
			break;
	}
	if (*s >= '1' && *s <= '9')
		for (; isdigit((unsigned char)*s); s++)
			spec->width = MIN(spec->width * 10 + (*s - '0'), WIDTH_MAX);
	return s;
}

/* @s: behind the p. NULL: not a pointer format. */
static const char *parse_pointer(const char *s, struct spec *spec)
{
	spec->conv = 'p';
	spec->bytes = 8;
	if (ends_word(*s))
		return s;
	spec->ext[0] = *s;
	if (strchr("KxsSB", *s))
		return s + 1;
	spec->ext[1] = s[1];
	if ((*s == 'k' || *s == 'u') && s[1] == 's')
		return ends_word(s[2]) ? s + 2 : NULL;
	if ((*s == 'i' || *s == 'I') && (s[1] == '4' || s[1] == '6'))
		return s + 2;
	return NULL;
}

/* @s: behind the %. Returns what follows the conversion, or NULL. */
static const char *parse_spec(const char *s, struct spec *spec)
{
	memset(spec, 0, sizeof(*spec));
	s = parse_flags(s, spec);
	if (*s == 'p')
		return parse_pointer(s + 1, spec);
	spec->conv = *s;
	if (*s == 's')
		return ends_word(s[1]) ? s + 1 : NULL;
	if (*s == 'c')
		return s + 1;
	spec->bytes = *s == 'l' ? 8 : 4;
	s += *s == 'l';
	s += *s == 'l';
	if (!*s || !strchr("iduxX", *s))
		return NULL;
	spec->conv = *s == 'i' ? 'd' : *s;
	return s + 1;
}

static bool plain_ok(unsigned char c)
{
	return !isascii(c) || isprint(c) || isspace(c);
}

static bool is_string(const struct spec *spec)
{
	return spec->conv == 's' ||
	       (spec->conv == 'p' && (spec->ext[0] == 'k' || spec->ext[0] == 'u'));
}

static bool is_addr(const struct spec *spec)
{
	return spec->conv == 'p' && (spec->ext[0] == 'i' || spec->ext[0] == 'I');
}

/* --- first step -------------------------------------------------------------------------------- */

static int fetch_string(struct fetched *f, uint64_t addr, const struct bprintf_args *args)
{
	if (f->used == sizeof(f->text))
		return -ENOSPC;
	while (f->used < sizeof(f->text)) {
		char *c = &f->text[f->used];

		if (args->read(args->read_arg, c, addr++, 1))
			*c = '\0';
		f->used++;
		if (!*c)
			return 0;
	}
	f->text[sizeof(f->text) - 1] = '\0';
	return 0;
}

static void print_addr(char *text, size_t bytes, const struct spec *spec, const uint8_t *addr)
{
	bool lower = spec->ext[0] == 'i';
	size_t len = 0;

	if (spec->ext[1] == '4') {
		snprintf(text, bytes, lower ? "%03u.%03u.%03u.%03u" : "%u.%u.%u.%u", addr[0],
			 addr[1], addr[2], addr[3]);
		return;
	}
	for (int i = 0; i < 16 && len < bytes; i += 2)
		len += (size_t)snprintf(text + len, bytes - len, "%s%02x%02x",
					i && !lower ? ":" : "", addr[i], addr[i + 1]);
}

static int fetch_addr(struct fetched *f, const struct spec *spec, uint64_t addr,
		      const struct bprintf_args *args)
{
	size_t bytes = spec->ext[1] == '4' ? 4 : 16, left = sizeof(f->text) - f->used;
	uint8_t raw[16];

	if (left < bytes)
		return -ENOSPC;
	if (args->read(args->read_arg, raw, addr, bytes))
		memset(raw, 0, sizeof(raw));
	print_addr(f->text + f->used, left, spec, raw);
	f->used = MIN(f->used + strlen(f->text + f->used) + 1, sizeof(f->text));
	return 0;
}

static int fetch_number(struct fetched *f, const struct spec *spec)
{
	size_t bytes = spec->conv == 'c' ? 1 : spec->bytes, at = f->used;

	if (bytes > 1)
		at = (at + 3) & ~(size_t)3;
	if (at > sizeof(f->text) || sizeof(f->text) - at < bytes)
		return -ENOSPC;
	f->used = at + bytes;
	return 0;
}

static int fetch(struct fetched *f, const struct spec *spec, uint32_t n,
		 const struct bprintf_args *args)
{
	f->at[n] = (uint16_t)f->used;
	if (is_string(spec))
		return fetch_string(f, args->values[n], args);
	if (is_addr(spec))
		return fetch_addr(f, spec, args->values[n], args);
	return fetch_number(f, spec);
}

/* Walks the format; with @f also fetches the arguments. */
static int prepare(const char *fmt, size_t fmt_bytes, const struct bprintf_args *args,
		   struct fetched *f)
{
	const char *end = memchr(fmt, '\0', fmt_bytes);
	struct spec spec;
	uint32_t n = 0;
	int err;

	if (!end)
		return -EINVAL;
	for (const char *s = fmt; s < end;) {
		if (!plain_ok((unsigned char)*s))
			return -EINVAL;
		if (*s++ != '%')
			continue;
		if (*s == '%') {
			s++;
			continue;
		}
		if (n >= args->n || n >= BPRINTF_ARGS_MAX)
			return -EINVAL;
		s = parse_spec(s, &spec);
		if (!s)
			return -EINVAL;
		err = f ? fetch(f, &spec, n, args) : 0;
		if (err)
			return err;
		n++;
	}
	return 0;
}

int bprintf_check(const char *fmt, size_t fmt_bytes, uint32_t n_args)
{
	struct bprintf_args args = { .n = n_args };

	return prepare(fmt, fmt_bytes, &args, NULL);
}

/* --- second step ------------------------------------------------------------------------------- */

static void put(struct out *out, const char *text, size_t len)
{
	if (out->len < out->bytes)
		memcpy(out->buf + out->len, text, MIN(len, out->bytes - out->len));
	out->len += len;
}

static void put_fill(struct out *out, size_t n)
{
	for (; n; n--)
		put(out, " ", 1);
}

static void put_padded(struct out *out, const struct spec *spec, const char *text, size_t len)
{
	size_t fill = (size_t)spec->width > len ? (size_t)spec->width - len : 0;

	if (!spec->left)
		put_fill(out, fill);
	put(out, text, len);
	if (spec->left)
		put_fill(out, fill);
}

static void put_number(struct out *out, const struct spec *spec, uint64_t value)
{
	char digits[32], sign = '\0';
	bool zero = spec->zero && !spec->left;
	size_t len, width = (size_t)spec->width;

	if (spec->conv == 'd') {
		int64_t v = spec->bytes == 4 ? (int32_t)value : (int64_t)value;

		sign = v < 0 ? '-' : spec->plus ? '+' : spec->space ? ' ' : '\0';
		value = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	} else if (spec->bytes == 4) {
		value = (uint32_t)value;
	}
	len = (size_t)snprintf(digits, sizeof(digits),
			       spec->conv == 'x' ? "%lx" : spec->conv == 'X' ? "%lX" : "%lu", value);
	if (!zero && !spec->left)
		put_fill(out, width > len + !!sign ? width - len - !!sign : 0);
	if (sign)
		put(out, &sign, 1);
	for (size_t i = len + !!sign; zero && i < width; i++)
		put(out, "0", 1);
	put(out, digits, len);
	if (spec->left)
		put_fill(out, width > len + !!sign ? width - len - !!sign : 0);
}

static void put_pointer(struct out *out, const struct spec *spec, uint64_t value)
{
	bool symbol = spec->ext[0] == 's' || spec->ext[0] == 'S' || spec->ext[0] == 'B';
	struct spec number = *spec;
	char text[32];

	if (symbol) {
		int len = snprintf(text, sizeof(text), "0x%lx", value);

		put_padded(out, spec, text, (size_t)len);
		return;
	}
	number.conv = 'x';
	if (!number.width) {
		number.width = 16;
		number.zero = true;
	}
	put_number(out, &number, value);
}

static void put_arg(struct out *out, const struct spec *spec, uint64_t value, const char *text)
{
	char c = (char)value;

	if (is_addr(spec) || (is_string(spec) && spec->conv == 'p')) {
		/* neither printed nor counted once the buffer is full, as bstr_printf */
		if (out->len < out->bytes)
			put(out, text, strlen(text));
	} else if (spec->conv == 's') {
		put_padded(out, spec, text, strlen(text));
	} else if (spec->conv == 'c') {
		put_padded(out, spec, &c, 1);
	} else if (spec->conv == 'p') {
		put_pointer(out, spec, value);
	} else {
		put_number(out, spec, value);
	}
}

int bprintf(char *out_buf, size_t out_bytes, const char *fmt, size_t fmt_bytes,
	    const struct bprintf_args *args)
{
	struct out out = { .buf = out_buf, .bytes = out_bytes };
	struct fetched f = { .used = 0 };
	struct spec spec;
	uint32_t n = 0;
	int err = prepare(fmt, fmt_bytes, args, &f);

	if (err)
		return err;
	while (*fmt) {
		const char *percent = strchr(fmt, '%');

		if (!percent)
			percent = fmt + strlen(fmt);
		put(&out, fmt, (size_t)(percent - fmt));
		fmt = percent;
		if (*fmt && fmt[1] == '%') {
			put(&out, "%", 1);
			fmt += 2;
		} else if (*fmt) {
			fmt = parse_spec(fmt + 1, &spec);
			put_arg(&out, &spec, args->values[n], f.text + f.at[n]);
			while (spec.conv == 'p' && isalnum((unsigned char)*fmt))
				fmt++; /* the kernel prints none of what sticks to a %p */
			n++;
		}
	}
	if (out_bytes)
		out_buf[MIN(out.len, out_bytes - 1)] = '\0';
	return (int)out.len;
}
