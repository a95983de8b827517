/* SPDX-License-Identifier: BSD-2-Clause */
/* Machine code as text, by objdump(1) where it is installed; else as bytes. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

struct machine_insn {
	uint64_t offset; /* from the start of the code */
	const char *text;
};

struct machine_code {
	char *output;
	struct machine_insn *insns;
	uint32_t n_insns;
};

/* Never fails: without a disassembler every line is 16 bytes. */
void machine_disassemble(struct machine_code *m, const void *code, size_t bytes);
void machine_free(struct machine_code *m);
