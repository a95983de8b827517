/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Assembles any text: an error has a place and a reason; what is accepted is legal, and comes
 * back the same from its own disassembly.
 */
#include "isa/asm.h"

#include <string.h>

#include "base/strbuf.h"
#include "fuzz.h"
#include "isa/decode.h"
#include "isa/disasm.h"
#include "isa/insn.h"

static void round_trip(const struct bpf_insn *insns, size_t n)
{
	struct strbuf sb = STRBUF_INIT;
	struct isa_asm_error err;
	struct bpf_insn *again = NULL;
	size_t n_again = 0;

	for (size_t pc = 0; pc < n; pc += (size_t)isa_insn_slots(&insns[pc])) {
		isa_disasm(&sb, &insns[pc], &isa_source_cbs, true);
		strbuf_addc(&sb, '\n');
	}
	FUZZ_CHECK(!strbuf_err(&sb));
	FUZZ_CHECK(!isa_asm(strbuf_str(&sb), sb.len, &again, &n_again, &err));
	FUZZ_CHECK(n_again == n && (!n || !memcmp(insns, again, n * sizeof(*insns))));
	free(again);
	strbuf_deinit(&sb);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct isa_asm_error err = {};
	struct bpf_insn *insns = NULL;
	size_t n = 0, bad;
	int ret = isa_asm((const char *)data, size, &insns, &n, &err);

	if (ret) {
		FUZZ_CHECK(err.line && err.col && err.text[0] && !insns);
	} else {
		FUZZ_CHECK(!isa_check_all(insns, n, &bad));
		round_trip(insns, n);
	}
	free(insns);
	fuzz_count(!ret && n);
	return 0;
}
