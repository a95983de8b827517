/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Converts any bytes taken as a classic filter: a refusal has a reason and a place; what is
 * accepted becomes legal instructions whose jumps stay inside and go forward, and ends with exit.
 */
#include "isa/classic.h"

#include <linux/filter.h>
#include <string.h>

#include "fuzz.h"
#include "isa/decode.h"
#include "isa/insn.h"

static void check_program(const struct bpf_insn *insns, size_t n)
{
	size_t bad;

	FUZZ_CHECK(n > 0 && isa_is_exit(&insns[n - 1]) && !isa_check_all(insns, n, &bad));
	for (size_t pc = 0; pc < n; pc++) {
		if (isa_is_jump(&insns[pc]))
			FUZZ_CHECK(insns[pc].off >= 0 && pc + 1 + (size_t)insns[pc].off < n);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n = size / sizeof(struct sock_filter), n_insns = 0, bad = SIZE_MAX;
	struct sock_filter *filter = malloc(size + 1);
	struct bpf_insn *insns;
	const char *why;
	bool converted = false;

	FUZZ_CHECK(filter);
	memcpy(filter, data, n * sizeof(*filter));
	for (unsigned int flags = 0; flags <= ISA_CLASSIC_FLAGS; flags++) {
		insns = NULL;
		why = NULL;
		if (isa_classic_convert(filter, n, flags, &insns, &n_insns, &why, &bad)) {
			FUZZ_CHECK(why && bad <= n && !insns);
		} else {
			check_program(insns, n_insns);
			converted = true;
		}
		free(insns);
	}
	free(filter);
	fuzz_count(converted);
	return 0;
}
