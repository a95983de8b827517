/* SPDX-License-Identifier: BSD-2-Clause */
#include "sym/prototype.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 16 /* of one declaration */

/* clang-format off */
static const struct {
	const char *name;
	enum sym_type type;
	uint8_t bytes;
} types[] = {
	{ "void", SYM_VOID, 0 },
	{ "char", SYM_CHAR, 1 },
	{ "bool", SYM_BOOL, 1 }, { "_Bool", SYM_BOOL, 1 },
	{ "short", SYM_SIGNED, 2 }, { "int", SYM_SIGNED, 4 }, { "long", SYM_SIGNED, 8 },
	{ "float", SYM_FLOATING, 4 }, { "double", SYM_FLOATING, 8 },
	{ "int8_t", SYM_SIGNED, 1 }, { "int16_t", SYM_SIGNED, 2 },
	{ "int32_t", SYM_SIGNED, 4 }, { "int64_t", SYM_SIGNED, 8 },
	{ "uint8_t", SYM_UNSIGNED, 1 }, { "uint16_t", SYM_UNSIGNED, 2 },
	{ "uint32_t", SYM_UNSIGNED, 4 }, { "uint64_t", SYM_UNSIGNED, 8 },
	{ "size_t", SYM_UNSIGNED, 8 }, { "ssize_t", SYM_SIGNED, 8 },
	{ "off_t", SYM_SIGNED, 8 }, { "time_t", SYM_SIGNED, 8 }, { "ptrdiff_t", SYM_SIGNED, 8 },
	{ "intptr_t", SYM_SIGNED, 8 }, { "uintptr_t", SYM_UNSIGNED, 8 },
	{ "pid_t", SYM_SIGNED, 4 }, { "uid_t", SYM_UNSIGNED, 4 }, { "gid_t", SYM_UNSIGNED, 4 },
	{ "mode_t", SYM_UNSIGNED, 4 }, { "socklen_t", SYM_UNSIGNED, 4 },
	{ "u8", SYM_UNSIGNED, 1 }, { "u16", SYM_UNSIGNED, 2 },
	{ "u32", SYM_UNSIGNED, 4 }, { "u64", SYM_UNSIGNED, 8 },
};
/* clang-format on */

/* A declaration in words: identifiers, and how many stars. */
struct declaration {
	char words[WORDS_MAX][SYM_ARGUMENT_NAME_MAX];
	uint32_t n;
	uint32_t stars;
	uint32_t words_before_star; /* when there is one */
};

static bool is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* What a probe sees is not changed by these. */
static bool is_qualifier(const char *word)
{
	static const char *const list[] = { "const",	"volatile", "restrict", "__restrict",
					    "register", "extern",   "static",	"inline" };

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (strcmp(word, list[i]) == 0)
			return true;
	return false;
}

static int split(const char *text, size_t bytes, struct declaration *d, struct error *err)
{
	*d = (struct declaration){ 0 };
	for (size_t i = 0; i < bytes;) {
		size_t n = 0;

		while (i + n < bytes && is_word_char(text[i + n]))
			n++;
		if (!n && (text[i] == '*' || text[i] == '[')) {
			if (!d->stars++)
				d->words_before_star = d->n - (text[i] == '[' && d->n > 1);
			if (text[i] == '[')
				i = bytes;
		} else if (!n && !isspace((unsigned char)text[i])) {
			return error_set(err, -EINVAL,
					 "'%.*s' is no declaration of an argument: '%c'",
					 (int)bytes, text, text[i]);
		} else if (n) {
			if (d->n == WORDS_MAX || n >= SYM_ARGUMENT_NAME_MAX)
				return error_set(err, -EINVAL, "'%.*s' is too long", (int)bytes,
						 text);
			memcpy(d->words[d->n], text + i, n);
			if (!is_qualifier(d->words[d->n]))
				d->n++;
			else
				memset(d->words[d->n], 0, n);
		}
		i += n ? n : 1;
	}
	return 0;
}

static int type_index(const char *word)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].name, word) == 0)
			return (int)i;
	return -1;
}

/* The type the first @n words name; false when they name none we know. */
static bool type_of_words(const struct declaration *d, uint32_t n, struct sym_argument *a)
{
	bool is_unsigned = false, known = false;

	for (uint32_t i = 0; i < n; i++) {
		int type = type_index(d->words[i]);

		if (strcmp(d->words[i], "unsigned") == 0 || strcmp(d->words[i], "signed") == 0) {
			is_unsigned |= d->words[i][0] == 'u';
			if (!known) {
				a->type = SYM_SIGNED;
				a->bytes = 4;
			}
			known = true;
			continue;
		}
		if (type < 0)
			return false;
		if (known && strcmp(d->words[i], "int") == 0)
			continue;
		a->type = types[type].type;
		a->bytes = types[type].bytes;
		known = true;
	}
	if (is_unsigned && (a->type == SYM_SIGNED || a->type == SYM_CHAR))
		a->type = SYM_UNSIGNED;
	return known;
}

static bool is_type_word(const char *word)
{
	return type_index(word) >= 0 || strcmp(word, "unsigned") == 0 ||
	       strcmp(word, "signed") == 0;
}

/* Fills @a from `unsigned long n`, `const char *s`, `struct x *p`, `size_t`. */
static int declare(const char *text, size_t bytes, struct sym_argument *a, struct error *err)
{
	struct declaration d;
	uint32_t n_type;
	int rc = split(text, bytes, &d, err);

	if (rc)
		return rc;
	*a = (struct sym_argument){ 0 };
	n_type = d.stars ? d.words_before_star : d.n;
	if (!d.stars && d.n > 1 && !is_type_word(d.words[d.n - 1]))
		n_type = d.n - 1;
	if (!n_type)
		return error_set(err, -EINVAL, "'%.*s' names no type", (int)bytes, text);
	if (n_type < d.n)
		memcpy(a->name, d.words[d.n - 1], sizeof(a->name));
	if (d.stars) {
		bool is_char = n_type && strcmp(d.words[n_type - 1], "char") == 0;

		a->type = is_char && d.stars == 1 ? SYM_STRING : SYM_POINTER;
		a->bytes = 8;
		return 0;
	}
	if (strcmp(d.words[0], "enum") == 0) {
		a->type = SYM_SIGNED;
		a->bytes = 4;
	} else if (!type_of_words(&d, n_type, a)) {
		return error_set(err, -EINVAL,
				 "type '%s' is not known here: write an integer type, a pointer, "
				 "float or double",
				 d.words[n_type - 1]);
	}
	return 0;
}

void sym_prototype_add(struct sym_prototype *p, const struct sym_argument *argument)
{
	uint32_t registers = sym_prototype_registers(p);

	if (p->n_arguments == SYM_ARGUMENTS_MAX ||
	    (argument->type != SYM_FLOATING && registers == SYM_ARGUMENTS_MAX)) {
		p->more = true;
		return;
	}
	p->arguments[p->n_arguments] = *argument;
	p->arguments[p->n_arguments++].number = (uint8_t)registers;
}

uint32_t sym_prototype_registers(const struct sym_prototype *p)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n_arguments; i++)
		n += p->arguments[i].type != SYM_FLOATING;
	return n;
}

/* The list between the parentheses. */
static int parse_arguments(const char *text, const char *end, struct sym_prototype *p,
			   struct error *err)
{
	while (text < end) {
		const char *comma = memchr(text, ',', (size_t)(end - text));
		size_t bytes = (size_t)((comma ? comma : end) - text);
		struct sym_argument a;
		int rc;

		while (bytes && isspace((unsigned char)*text)) {
			text++;
			bytes--;
		}
		if (bytes == 3 && strncmp(text, "...", 3) == 0) {
			p->more = true;
			return 0;
		}
		if (!bytes && !comma && !p->n_arguments)
			return 0;
		rc = declare(text, bytes, &a, err);
		if (rc)
			return rc;
		if (a.type == SYM_VOID && (p->n_arguments || comma))
			return error_set(err, -EINVAL, "an argument cannot be void");
		if (a.type != SYM_VOID)
			sym_prototype_add(p, &a);
		text += bytes + (comma != NULL);
	}
	return 0;
}

int sym_prototype_parse(const char *text, char **ret_name, struct sym_prototype *p,
			struct error *err)
{
	const char *open = strchr(text, '('), *close = strrchr(text, ')'), *name, *end;
	int rc;

	*p = (struct sym_prototype){ .result = { .type = SYM_UNKNOWN, .bytes = 8 } };
	if (!open) {
		*ret_name = xstrdup(text);
		return 1;
	}
	if (!close || close < open || close[1 + strspn(close + 1, " ;")])
		return error_set(err, -EINVAL,
				 "'%s' is no prototype: its ')' is missing or not the end", text);
	for (end = open; end > text && isspace((unsigned char)end[-1]);)
		end--;
	for (name = end; name > text && (is_word_char(name[-1]) || strchr("@.$?[]", name[-1]));)
		name--;
	if (name == end)
		return error_set(err, -EINVAL, "'%s' is no prototype: no name before its '('",
				 text);
	rc = parse_arguments(open + 1, close, p, err);
	if (!rc && text[strspn(text, " ")] && text + strspn(text, " ") < name)
		rc = declare(text, (size_t)(name - text), &p->result, err);
	if (!rc)
		*ret_name = xstrndup(name, (size_t)(end - name));
	return rc;
}

static int64_t extend(uint64_t value, uint8_t bytes)
{
	return bytes == 0 || bytes >= 8 ? (int64_t)value
					: (int64_t)(value << (64 - 8 * bytes)) >> (64 - 8 * bytes);
}

static uint64_t cut(uint64_t value, uint8_t bytes)
{
	return bytes == 0 || bytes >= 8 ? value : value & ((1ull << 8 * bytes) - 1);
}

static void print_char(unsigned char c, char quote, struct buffer *out)
{
	if (c == quote || c == '\\')
		buffer_format(out, "\\%c", c);
	else if (c == '\n')
		buffer_text(out, "\\n");
	else if (c == '\t')
		buffer_text(out, "\\t");
	else if (c < 0x20 || c >= 0x7f)
		buffer_format(out, "\\x%02x", c);
	else
		buffer_add(out, &c, 1);
}

void sym_argument_print(const struct sym_argument *a, uint64_t value, const char *text,
			struct buffer *out)
{
	switch (a->type) {
	case SYM_VOID:
		break;
	case SYM_SIGNED:
		buffer_format(out, "%" PRId64, extend(value, a->bytes));
		break;
	case SYM_UNSIGNED:
		buffer_format(out, "%" PRIu64, cut(value, a->bytes));
		break;
	case SYM_BOOL:
		buffer_text(out, value & 0xff ? "true" : "false");
		break;
	case SYM_CHAR:
		buffer_text(out, "'");
		print_char((unsigned char)value, '\'', out);
		buffer_text(out, "'");
		break;
	case SYM_STRING:
		if (text) {
			buffer_text(out, "\"");
			for (; *text; text++)
				print_char((unsigned char)*text, '"', out);
			buffer_text(out, "\"");
			break;
		}
		__attribute__((fallthrough));
	case SYM_POINTER:
	case SYM_UNKNOWN:
		buffer_format(out, "0x%" PRIx64, value);
		break;
	case SYM_FLOATING:
		buffer_text(out, "?");
		break;
	}
}
