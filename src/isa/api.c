/* SPDX-License-Identifier: BSD-2-Clause */
/* include/skep/asm.h over this room. Deliberately thin: argument checks and conversions only. */
#include <assert.h>
#include <errno.h>
#include <skep/asm.h>
#include <string.h>

#include "base/strbuf.h"
#include "isa/asm.h"
#include "isa/classic.h"
#include "isa/decode.h"
#include "isa/disasm.h"
#include "isa/insn.h"

_Static_assert(sizeof(struct skep_asm_error) == sizeof(struct isa_asm_error) &&
		       offsetof(struct skep_asm_error, text) ==
			       offsetof(struct isa_asm_error, text),
	       "one is copied into the other");

int skep_asm(const char *text, size_t len, struct bpf_insn **insns, size_t *n_insns,
	     struct skep_asm_error *err)
{
	struct isa_asm_error why = { 0 };
	int ret;

	assert((text || !len) && insns && n_insns && err);
	ret = isa_asm(text, len, insns, n_insns, &why);
	if (ret && ret != -ENOMEM)
		memcpy(err, &why, sizeof(why));
	return ret;
}

static bool are_flags(unsigned int flags)
{
	return !(flags & ~(unsigned int)(SKEP_DISASM_NUMBERS | SKEP_DISASM_SOURCE));
}

/* The instruction at pc < n_insns; the number of slots it takes. */
static size_t disasm_at(struct strbuf *sb, const struct bpf_insn *insns, size_t n_insns, size_t pc,
			unsigned int flags)
{
	struct bpf_insn pair[2] = { insns[pc] };
	size_t slots = (size_t)isa_insn_slots(pair);

	if (slots > n_insns - pc)
		slots = n_insns - pc;
	if (slots == 2)
		pair[1] = insns[pc + 1];
	if (flags & SKEP_DISASM_NUMBERS)
		strbuf_addf(sb, "%4zu: ", pc);
	isa_disasm(sb, pair, flags & SKEP_DISASM_SOURCE ? &isa_source_cbs : NULL, true);
	return slots;
}

int skep_disasm(const struct bpf_insn *insns, size_t n_insns, unsigned int flags, char **text)
{
	struct strbuf sb = STRBUF_INIT;
	char *made;

	assert((insns || !n_insns) && text);
	if (!are_flags(flags))
		return -EINVAL;
	for (size_t pc = 0; pc < n_insns && !strbuf_err(&sb);) {
		pc += disasm_at(&sb, insns, n_insns, pc, flags);
		strbuf_addc(&sb, '\n');
	}
	made = strbuf_take(&sb);
	if (!made)
		return -ENOMEM;
	*text = made;
	return 0;
}

int skep_disasm_insn(const struct bpf_insn *insns, size_t n_insns, size_t pc, unsigned int flags,
		     char *buf, size_t bytes)
{
	struct strbuf sb = STRBUF_INIT;
	int ret;

	assert((insns || !n_insns) && (buf || !bytes));
	if (!are_flags(flags) || pc >= n_insns)
		return -EINVAL;
	ret = (int)disasm_at(&sb, insns, n_insns, pc, flags);
	if (strbuf_err(&sb))
		ret = strbuf_err(&sb);
	else if (sb.len >= bytes)
		ret = -ENOSPC;
	else
		memcpy(buf, strbuf_str(&sb), sb.len + 1);
	strbuf_deinit(&sb);
	return ret;
}

const char *skep_insns_check(const struct bpf_insn *insns, size_t n_insns, size_t *bad)
{
	size_t at;
	const char *why;

	assert(insns || !n_insns);
	why = isa_check_all(insns, n_insns, &at);
	if (why && bad)
		*bad = at;
	return why;
}

int skep_classic_convert(const struct sock_filter *filter, size_t n_filter, unsigned int flags,
			 struct bpf_insn **insns, size_t *n_insns, const char **why, size_t *bad)
{
	assert((filter || !n_filter) && insns && n_insns);
	return isa_classic_convert(filter, n_filter, flags, insns, n_insns, why, bad);
}
