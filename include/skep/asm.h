/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions as text and back, and classic BPF as eBPF. Works on plain arrays; needs no engine,
 * no privilege and no system call, and may be called from any thread.
 *
 * struct bpf_insn and struct sock_filter are those of <linux/bpf.h> and <linux/filter.h>; include
 * these where you look inside. Arrays and strings handed out are yours to free().
 */
#ifndef SKEP_ASM_H
#define SKEP_ASM_H

#include <stddef.h>
#include <stdint.h>

#include <skep/export.h>

struct bpf_insn;
struct sock_filter;

/* Where a text is wrong, from 1 (col in bytes), and one sentence. */
struct skep_asm_error {
	uint32_t line;
	uint32_t col;
	char text[112];
};

/*
 * Assembles len bytes of text in the syntax that skep_disasm(), the kernel's verifier log and
 * bpftool print, with labels ("loop:", "goto loop"). 0; -EINVAL or -E2BIG with *err filled in;
 * -ENOMEM.
 */
SKEP_API int skep_asm(const char *text, size_t len, struct bpf_insn **insns, size_t *n_insns,
		      struct skep_asm_error *err);

enum skep_disasm_flags {
	/* "12: " before each instruction, counting slots of 8 bytes. */
	SKEP_DISASM_NUMBERS = 1u << 0,
	/* Name what 64-bit immediates stand for (map[fd:3], subprog[+5]), so that skep_asm()
	 * gives the same instructions back; else their value, as the kernel prints it. */
	SKEP_DISASM_SOURCE = 1u << 1,
};

/*
 * The text of n_insns instructions, one a line, for any bytes: the kernel's text where there is
 * one. A 64-bit immediate whose second half is missing reads as if that were 0. 0 or -ENOMEM, and
 * -EINVAL for an unknown flag.
 */
SKEP_API int skep_disasm(const struct bpf_insn *insns, size_t n_insns, unsigned int flags,
			 char **text);

/* Room for any instruction's text and its NUL. */
#define SKEP_DISASM_BYTES 128

/*
 * The text of the instruction at pc alone, without newline, into buf. Returns the slots it takes
 * (2 for a 64-bit immediate, unless it is the last slot), -EINVAL when pc is not below n_insns or
 * a flag is unknown, -ENOSPC when bytes is too few, -ENOMEM.
 */
SKEP_API int skep_disasm_insn(const struct bpf_insn *insns, size_t n_insns, size_t pc,
			      unsigned int flags, char *buf, size_t bytes);

/*
 * NULL when each instruction by itself is one that Linux 6.18 has; else the reason in its
 * verifier's words, and in *bad (may be NULL) the index. Says nothing about the program as a
 * whole.
 */
SKEP_API const char *skep_insns_check(const struct bpf_insn *insns, size_t n_insns, size_t *bad);

enum skep_classic_flags {
	/*
	 * For programs of type SCHED_CLS and SCHED_ACT: loads without LD_ABS and LD_IND, so that
	 * every way out is a BPF_EXIT.
	 */
	SKEP_CLASSIC_DIRECT = 1u << 0,
	/*
	 * With it: for packets whose outer VLAN tag stands in __sk_buff.vlan_tci; the filter sees it
	 * in the frame, as it is on the wire.
	 */
	SKEP_CLASSIC_TAG_BESIDE = 1u << 1,
	/*
	 * With SKEP_CLASSIC_DIRECT: the packet's length is __sk_buff.wire_len, what it was before a
	 * capture cut it (skep_run.wire_bytes).
	 */
	SKEP_CLASSIC_WIRE_LEN = 1u << 2,
};

/*
 * Converts a classic filter (libpcap's, or of SO_ATTACH_FILTER) to an eBPF program of type socket
 * filter that returns the same. 0; -EINVAL for what the kernel would not attach; -ENOTSUP for the
 * ancillary loads HATYPE, PAY_OFFSET, NLATTR and NLATTR_NEST, and with SKEP_CLASSIC_DIRECT for loads that
 * count from another header; -E2BIG when the program would be too long for its jumps; -ENOMEM.
 * For all but the last *why is a sentence and *bad the index of the instruction; either may be NULL.
 */
SKEP_API int skep_classic_convert(const struct sock_filter *filter, size_t n_filter,
				  unsigned int flags, struct bpf_insn **insns, size_t *n_insns,
				  const char **why, size_t *bad);

#endif
