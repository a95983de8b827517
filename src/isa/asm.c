/* SPDX-License-Identifier: BSD-2-Clause */
/* See asm.h. Reads lines; jumps to labels are noted on the way and resolved when all lines are
 * read. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "isa/asm.h"
#include "isa/asm_insn.h"
#include "isa/decode.h"

/* "name:" any number of times, and "12:". */
static bool parse_labels(struct assembler *as)
{
	for (;;) {
		const char *before = as->lex.p;
		struct asm_label label;
		struct asm_number pc;

		if (lex_number(&as->lex, &pc)) {
			if (lex_expect(&as->lex, ":"))
				continue;
			return false;
		}
		if (as->lex.failed)
			return false;
		if (!lex_name(&as->lex, &label.name) || !lex_accept(&as->lex, ":")) {
			lex_rewind(&as->lex, before);
			return true;
		}
		label.pc = (uint32_t)as->insns.n;
		if (vec_push(&as->labels, label))
			return asm_out_of_memory(as);
	}
}

/* "(b7)": *code, else -1. */
static bool parse_code(struct assembler *as, int *code)
{
	char hex[3] = { 0 }, *end;
	unsigned long value;

	*code = -1;
	if (!lex_accept(&as->lex, "("))
		return true;
	if (as->lex.end - as->lex.p < 3 || as->lex.p[2] != ')')
		return lex_fail(&as->lex, "an opcode of two hexadecimal digits expected");
	memcpy(hex, as->lex.p, 2);
	value = strtoul(hex, &end, 16);
	if (end != hex + 2)
		return lex_fail(&as->lex, "an opcode of two hexadecimal digits expected");
	as->lex.p += 3;
	*code = (int)value;
	return true;
}

/* What the line became, judged as a whole. */
static bool check_line(struct assembler *as, const struct bpf_insn *insn, int code)
{
	const char *why = isa_check(insn);

	if (code >= 0 && code != insn->code)
		return lex_fail(&as->lex,
				"opcode (%02x) does not agree with the text, which is (%02x)",
				(unsigned int)code, insn->code);
	return !why || lex_fail(&as->lex, "%s", why);
}

static bool parse_line(struct assembler *as)
{
	size_t pc = as->insns.n;
	const char *before;
	int code;

	if (!parse_labels(as))
		return false;
	if (lex_at_end(&as->lex))
		return true;
	before = as->lex.p;
	if (!parse_code(as, &code) || !asm_insn_parse(as))
		return false;
	if (!lex_at_end(&as->lex))
		return lex_fail(&as->lex, "nothing more expected here");
	lex_rewind(&as->lex, before);
	return check_line(as, &as->insns.data[pc], code);
}

static int compare_names(const struct asm_name *a, const struct asm_name *b)
{
	int order = memcmp(a->s, b->s, MIN(a->len, b->len));

	return order ? order : (a->len > b->len) - (a->len < b->len);
}

static int compare_labels(const void *a, const void *b)
{
	const struct asm_label *x = a, *y = b;

	return compare_names(&x->name, &y->name);
}

/* Fails at a name read earlier. */
static bool fail_at(struct assembler *as, const struct asm_name *name, const char *what)
{
	as->lex.line = name->line;
	as->lex.start = name->s - (name->col - 1);
	as->lex.p = name->s;
	return lex_fail(&as->lex, "label '%.*s' %s", (int)MIN(name->len, 60u), name->s, what);
}

static bool sort_labels(struct assembler *as)
{
	if (as->labels.n)
		qsort(as->labels.data, as->labels.n, sizeof(*as->labels.data), compare_labels);
	for (size_t i = 1; i < as->labels.n; i++) {
		const struct asm_name *a = &as->labels.data[i - 1].name;
		const struct asm_name *b = &as->labels.data[i].name;

		if (!compare_names(a, b))
			return fail_at(as, a->s > b->s ? a : b, "is defined twice");
	}
	return true;
}

static bool resolve(struct assembler *as, const struct asm_fixup *fixup)
{
	struct bpf_insn *insn = &as->insns.data[fixup->pc];
	const struct asm_label key = { .name = fixup->name }, *label = NULL;
	int64_t distance;

	if (as->labels.n)
		label = bsearch(&key, as->labels.data, as->labels.n, sizeof(key), compare_labels);
	if (!label)
		return fail_at(as, &fixup->name, "is not defined");
	distance = (int64_t)label->pc - fixup->pc - 1;
	if (fixup->in_imm) {
		insn->imm = (int32_t)distance;
		return true;
	}
	if (distance < INT16_MIN || distance > INT16_MAX)
		return fail_at(as, &fixup->name, "is too far away; use gotol");
	insn->off = (int16_t)distance;
	return true;
}

static bool assemble(struct assembler *as, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));

		as->lex.start = as->lex.p = text;
		as->lex.end = eol ? eol : end;
		as->lex.line++;
		if (!parse_line(as))
			return false;
		text = eol ? eol + 1 : end;
	}
	if (!sort_labels(as))
		return false;
	for (size_t i = 0; i < as->fixups.n; i++) {
		if (!resolve(as, &as->fixups.data[i]))
			return false;
	}
	return true;
}

int isa_asm(const char *text, size_t len, struct bpf_insn **insns, size_t *n,
	    struct isa_asm_error *err)
{
	struct assembler as = { .lex.err = err };
	bool ok = assemble(&as, text, len);

	vec_deinit(&as.labels);
	vec_deinit(&as.fixups);
	if (!ok) {
		vec_deinit(&as.insns);
		return as.err ? as.err : -EINVAL;
	}
	*insns = as.insns.data;
	*n = as.insns.n;
	return 0;
}
