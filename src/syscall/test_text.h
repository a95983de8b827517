/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests: the attr of BPF_PROG_LOAD for a program written as text. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "isa/asm.h"
#include "tbl/uapi.h"

/*
 * Fills @attr in anew: type, instructions, licence GPL and, where there is a @log, its buffer at level 1.
 * A text that cannot be assembled fails the test. The instructions are text_attr_free()'s.
 */
static inline void text_attr(union bpf_attr *attr, uint32_t type, const char *text, char *log,
			     uint32_t log_bytes)
{
	struct isa_asm_error error;
	struct bpf_insn *insns;
	size_t n;

	if (isa_asm(text, strlen(text), &insns, &n, &error))
		fail_msg("%u:%u: %s in\n%s", error.line, error.col, error.text, text);
	memset(attr, 0, sizeof(*attr)); /* an initialiser need not clear the rest of a union */
	attr->prog_type = type;
	attr->insns = (uintptr_t)insns;
	attr->insn_cnt = (uint32_t)n;
	attr->license = (uintptr_t) "GPL";
	attr->log_buf = (uintptr_t)log;
	attr->log_size = log_bytes;
	attr->log_level = log ? 1 : 0;
}

static inline struct bpf_insn *text_attr_insns(const union bpf_attr *attr)
{
	return (struct bpf_insn *)(uintptr_t)attr->insns;
}

static inline void text_attr_free(union bpf_attr *attr)
{
	free(text_attr_insns(attr));
	attr->insns = 0;
}
