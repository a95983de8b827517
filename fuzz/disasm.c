/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Disassembles any bytes as instructions, legal or not, in every way there is: the text is never empty,
 * one line, printable and of bounded length.
 */
#include "isa/disasm.h"

#include <ctype.h>
#include <string.h>

#include "base/strbuf.h"
#include "fuzz.h"
#include "isa/insn.h"

#define TEXT_BYTES_MAX 256

static void check_text(const struct strbuf *sb)
{
	const char *text = strbuf_str(sb);

	FUZZ_CHECK(strbuf_err(sb) == 0);
	FUZZ_CHECK(sb->len > 0 && sb->len < TEXT_BYTES_MAX && strlen(text) == sb->len);
	for (size_t i = 0; i < sb->len; i++)
		FUZZ_CHECK(isprint((unsigned char)text[i]));
}

static void disasm(const struct bpf_insn *insn)
{
	static const struct isa_cbs *const ways[] = { NULL, &isa_source_cbs };
	struct strbuf sb = STRBUF_INIT;

	for (int way = 0; way < 4; way++) {
		strbuf_reset(&sb);
		isa_disasm(&sb, insn, ways[way / 2], way % 2);
		check_text(&sb);
	}
	strbuf_deinit(&sb);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bpf_insn insns[2] = {};

	/* A 64-bit immediate reads its second half: the last instruction's is zeros. */
	for (size_t at = 0; at + sizeof(*insns) <= size; at += sizeof(*insns)) {
		size_t left = size - at;

		memset(insns, 0, sizeof(insns));
		memcpy(insns, data + at, left < sizeof(insns) ? sizeof(*insns) : sizeof(insns));
		disasm(insns);
	}
	fuzz_count(size >= sizeof(*insns));
	return 0;
}
