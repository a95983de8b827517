/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text to instructions: the language that isa_disasm() prints, so that isa_asm(isa_disasm(x,
 * isa_source_cbs)) == x for every legal x. Lines of the kernel's verifier log and of bpftool's
 * dumps are taken as they are: a leading "12:" is skipped, a leading "(b7)" must agree with what
 * the line assembles to, and a ';' or "//" begins a comment.
 *
 *	loop:                           a label, on a line of its own or before an instruction
 *	  r1 = 5                        32 bits, sign-extended: decimal
 *	  r1 = 0x5                      64 bits, two slots: hexadecimal, or decimal followed by ll
 *	  r1 = map[fd:3]                also map[idx:0], map[fd:3][0]+8, btf[id:7 fd:4]
 *	  r2 = subprog[cb]              the address of a callback
 *	  w2 s/= w3
 *	  r3 = (s8)r4
 *	  if r1 != 0x5 goto loop        or goto pc-3, or goto -3: slots from the next instruction
 *	  call bpf_ktime_get_ns         or bpf_ktime_get_ns#5, or 5
 *	  call kernel-function@1#77     or call label, or call pc+4
 *	  r2 = atomic64_fetch_add((u64 *)(r1 +0), r2)
 *	  exit
 *
 * Only legal instructions come out (isa_check). Cost: O(n log n) in the text.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct bpf_insn;

enum {
	ISA_ASM_INSNS_MAX = 1000000, /* what the kernel's verifier would process at most */
};

struct isa_asm_error {
	uint32_t line; /* from 1 */
	uint32_t col;  /* from 1, in bytes */
	char text[112]; /* one sentence, no period */
};

/*
 * Assembles len bytes of text. 0: *insns (owned by the caller, free()) and *n are set; *n may be 0.
 * -EINVAL: *err says where and why. -E2BIG: more than ISA_ASM_INSNS_MAX slots; *err says so.
 * -ENOMEM: *err is not written.
 */
int isa_asm(const char *text, size_t len, struct bpf_insn **insns, size_t *n,
	    struct isa_asm_error *err);
