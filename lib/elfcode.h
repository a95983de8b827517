/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The code of a BPF object as its file has it, before libbpf and the verifier touch it: functions,
 * what their instructions refer to, and the C lines they came from. Reads the ELF bytes with checked
 * offsets; a broken table is as good as none.
 */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"

struct code_line {
	uint32_t insn; /* first instruction of the line, from the function's start */
	uint32_t line; /* 0: unknown */
	const char *file;
	const char *text;
};

struct code_reference {
	uint32_t insn;
	const char *symbol;
	uint32_t section_index; /* of the symbol; 0: it is of no section */
	uint64_t value;		/* of the symbol, in its section */
};

struct code_function {
	const char *name;
	const char *section;
	const struct bpf_insn *insns;
	uint32_t n_insns;
	struct code_line *lines; /* by insn */
	uint32_t n_lines;
	struct code_reference *references; /* by insn */
	uint32_t n_references;
	/* where it is in the file */
	uint32_t section_index;
	uint32_t section_insn;
};

struct elfcode {
	struct code_function *functions; /* as the sections come */
	uint32_t n_functions;
};

/* @image must outlive it. 0 or -errno with a sentence. */
int elfcode_open(struct elfcode *code, const char *path, const struct buffer *image,
		 struct error *err);
void elfcode_close(struct elfcode *code);

/* The bytes of one of the object's sections, within @image; NULL: it has none. */
const void *elfcode_section(const struct buffer *image, uint32_t index, size_t *bytes);

/* The bytes of an object's .BTF section, within @image, or NULL: it has none (or is no object). */
const void *elfcode_btf(const struct buffer *image, size_t *bytes);
