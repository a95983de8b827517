/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * func_info and line_info: what BPF_PROG_LOAD says about a program's functions and source lines.
 *
 * Checked in the kernel's three steps (check_btf_func_early, check_btf_func, check_btf_line), with
 * its errnos and messages. The records are read through a callback, one at a time, so a client's
 * count costs no memory before its records were seen to be good.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "btf/btf.h"
#include "tbl/uapi.h"

#define BTF_FUNC_INFO_REC_MIN 8
#define BTF_LINE_INFO_REC_MIN 16
#define BTF_INFO_REC_MAX      252

/* cnt records of rec_size bytes each; read copies n bytes at byte off, 0 or -EFAULT. */
struct btf_records {
	uint32_t cnt;
	uint32_t rec_size;
	int (*read)(void *cookie, uint64_t off, void *dst, size_t n);
	void *cookie;
};

/* What the subprogram discovery learned; start in instructions. */
struct btf_subprog {
	uint32_t start;
	bool has_ld_abs;
	bool has_tail_call;
	uint32_t linfo_idx; /* out, btf_check_lines() */
};

struct btf_prog_info {
	struct bpf_func_info *funcs;
	uint8_t *linkage; /* enum btf_func_linkage, one per function */
	uint32_t n_funcs;
	struct bpf_line_info *lines;
	uint32_t n_lines;
};

/*
 * Read and check func_info alone (before subprograms are known). On -E2BIG *want_rec_size is what
 * the caller writes back to attr.func_info_rec_size, otherwise 0. r->cnt == 0: 0, nothing read.
 * -EINVAL, -EFAULT, -ENOMEM.
 */
int btf_read_funcs(const struct btf *btf, const struct btf_records *r, const struct btf_log *log,
		   struct btf_prog_info *out, uint32_t *want_rec_size);

/* Compare with the subprograms found. Without func_info: LD_ABS and tail calls in subprograms are
 * refused. 0, -EINVAL, -ENOMEM. */
int btf_check_funcs(const struct btf *btf, const struct btf_subprog *subs, uint32_t n_subs,
		    const struct btf_log *log, struct btf_prog_info *info);

/* insns: n_insns instructions of 8 bytes whose first byte is the opcode. */
struct btf_prog_code {
	const void *insns;
	uint32_t n_insns;
	struct btf_subprog *subs;
	uint32_t n_subs;
};

/* Read and check line_info; sets subs[].linfo_idx. As btf_read_funcs(). */
int btf_read_lines(const struct btf *btf, const struct btf_records *r,
		   const struct btf_prog_code *code, const struct btf_log *log,
		   struct btf_prog_info *out, uint32_t *want_rec_size);

/* Free what info holds and zero it. */
void btf_prog_info_deinit(struct btf_prog_info *info);
