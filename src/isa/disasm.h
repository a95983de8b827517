/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An instruction as text: the text of the kernel's verifier log and of bpftool's dumps, character
 * for character (the format is kernel/bpf/disasm.c's), for every code byte, legal or not. Without
 * newline.
 *
 * With isa_source_cbs the text also names what the kernel's leaves out (which pseudo a 64-bit
 * immediate is, the fd index of a kernel function), so that isa_asm() gives the same bits back.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct bpf_insn;
struct strbuf;

/* How to name what only the caller knows. Either may be NULL or return false to fall back on the
 * kernel's default; it has then added nothing. */
struct isa_cbs {
	/* The name before "#imm" in a call of a helper the table does not know, or of a kernel
	 * function (default "unknown", "kernel-function"); what follows "call pc" for a bpf-to-
	 * bpf call (default the signed distance). */
	bool (*call)(void *priv, struct strbuf *sb, const struct bpf_insn *insn);

	/* The value of a 64-bit immediate; imm is 0 where it is a pointer and leaks are not
	 * allowed. */
	bool (*imm)(void *priv, struct strbuf *sb, const struct bpf_insn *insn, uint64_t imm);

	void *priv;
};

/* map[fd:3], map[fd:3][0]+8, map[idx:0], map[idx:0][0]+8, btf[id:7], btf[id:7 fd:4], subprog[+5],
 * kernel-function@1#77. */
extern const struct isa_cbs isa_source_cbs;

/*
 * Appends insn's text to sb, "(b7) r0 = 0". cbs: NULL for the defaults. allow_ptr_leaks: false
 * prints immediates that stand for kernel pointers as 0. Of a 64-bit immediate, insn[1] is read
 * too; the text is that of both halves.
 */
void isa_disasm(struct strbuf *sb, const struct bpf_insn *insn, const struct isa_cbs *cbs,
		bool allow_ptr_leaks);

/* "bpf_map_lookup_elem" for 1; "unknown" for an id that Linux 6.18 does not have. */
const char *isa_helper_name(int32_t id);

/* The id of "bpf_map_lookup_elem"; -1 when there is none of this name. len: of name, no NUL
 * needed. */
int32_t isa_helper_id(const char *name, uint32_t len);
