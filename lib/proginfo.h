/* SPDX-License-Identifier: BSD-2-Clause */
/* A loaded program's code as its engine tells: after the verifier's rewriting, and compiled. */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>

#include "elfcode.h"
#include "error.h"

struct btf;

struct proginfo_function {
	const char *name;
	uint32_t insn;	  /* where it begins in insns */
	uint64_t address; /* of its machine code */
	uint32_t jited_bytes;
};

struct proginfo {
	struct bpf_insn *insns;
	uint32_t n_insns;
	uint8_t *jited;
	uint32_t jited_bytes;
	struct proginfo_function *functions; /* as they follow each other, at least one */
	uint32_t n_functions;
	struct code_line *lines; /* by insn */
	uint32_t n_lines;
	uint64_t *line_addresses; /* of lines, in machine code; NULL: not told */
};

/* @btf: of the object, for names and lines; must outlive it. 0 or -errno with a sentence. */
int proginfo_read(struct proginfo *info, int prog_fd, const struct btf *btf, struct error *err);
void proginfo_free(struct proginfo *info);
