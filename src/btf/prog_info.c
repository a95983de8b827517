/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * func_info and line_info of a program being loaded: read, checked against BTF, then against the
 * subprograms found. Messages are the kernel's (kernel/bpf/verifier.c), some without a newline.
 */
#include "btf/prog_info.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/hostile.h"
#include "base/macros.h"

#define FIRST_CAP TUNE_CAP_MIN

static int __printf_like(3, 4) reject(const struct btf_log *log, int err, const char *fmt, ...)
{
	va_list args;

	if (log && log->level && log->vlog) {
		va_start(args, fmt);
		log->vlog(log->cookie, fmt, args);
		va_end(args);
	}
	return err;
}

/* ---- records ---- */

/* What the kernel's record has not must be zero in the client's: -E2BIG. */
static int check_tail_zero(const struct btf_records *r, uint64_t off, uint32_t known)
{
	uint8_t tail[BTF_INFO_REC_MAX];
	uint32_t i, n;
	int err;

	if (r->rec_size <= known)
		return 0;
	n = r->rec_size - known;
	err = r->read(r->cookie, off + known, tail, n);
	if (err)
		return err;
	for (i = 0; i < n; i++)
		if (tail[i])
			return -E2BIG;
	return 0;
}

/* Record i into dst, which has known bytes and is zeroed. -E2BIG: a tail that is not zero. */
static int read_record(const struct btf_records *r, uint32_t i, void *dst, uint32_t known)
{
	uint64_t off = (uint64_t)i * r->rec_size;
	int err = check_tail_zero(r, off, known);

	return err ? err : r->read(r->cookie, off, dst, MIN(known, r->rec_size));
}

/* Room for one record more; memory grows with what was accepted, not with what was announced. */
static int reserve(void *array_p, uint32_t *cap, uint32_t n, uint32_t cnt, size_t size)
{
	void **array = array_p, *grown;
	uint32_t want;

	if (n < *cap)
		return 0;
	want = MIN(MAX(*cap * 2, (uint32_t)FIRST_CAP), cnt);
	grown = mem_realloc(*array, want, size);
	if (!grown)
		return -ENOMEM;
	memset((char *)grown + n * size, 0, (want - n) * size);
	*array = grown;
	*cap = want;
	return 0;
}

static bool rec_size_ok(uint32_t size, uint32_t min)
{
	return size >= min && size <= BTF_INFO_REC_MAX && !(size % sizeof(uint32_t));
}

/* ---- functions ---- */

static int check_func(const struct btf *btf, const struct bpf_func_info *f, bool first,
		      uint32_t prev_off, const struct btf_log *log)
{
	const struct btf_type *t = btf_type_by_id(btf, f->type_id);

	if (first && f->insn_off)
		return reject(log, -EINVAL, "nonzero insn_off %u for the first func info record",
			      f->insn_off);
	if (!first && f->insn_off <= prev_off)
		return reject(
			log, -EINVAL,
			"same or smaller insn offset (%u) than previous func info record (%u)",
			f->insn_off, prev_off);
	if (!t || !btf_is_func(t))
		return reject(log, -EINVAL, "invalid type id %d in func info", f->type_id);
	return btf_func_proto(btf, f->type_id) ? 0 : -EINVAL;
}

int btf_read_funcs(const struct btf *btf, const struct btf_records *r, const struct btf_log *log,
		   struct btf_prog_info *out, uint32_t *want_rec_size)
{
	_cleanup_free_ struct bpf_func_info *funcs = NULL;
	const uint32_t known = sizeof(*funcs);
	uint32_t i, cap = 0;
	int err;

	*want_rec_size = 0;
	if (!r->cnt)
		return 0;
	if (!rec_size_ok(r->rec_size, BTF_FUNC_INFO_REC_MIN))
		return reject(log, -EINVAL, "invalid func info rec size %u\n", r->rec_size);
	if (r->cnt > INT_MAX / known)
		return -ENOMEM;
	for (i = 0; i < r->cnt; i++) {
		err = reserve(&funcs, &cap, i, r->cnt, known);
		if (err)
			return err;
		err = read_record(r, i, &funcs[i], known);
		if (err == -E2BIG) {
			*want_rec_size = known;
			return reject(log, err, "nonzero tailing record in func info");
		}
		if (!err)
			err = check_func(btf, &funcs[i], !i, i ? funcs[i - 1].insn_off : 0, log);
		if (err)
			return err;
	}
	out->funcs = take_ptr(funcs);
	out->n_funcs = r->cnt;
	return 0;
}

static int check_no_funcs(const struct btf_subprog *subs, uint32_t n_subs,
			  const struct btf_log *log)
{
	uint32_t i;

	for (i = 1; i < n_subs; i++) {
		if (subs[i].has_ld_abs)
			return reject(log, -EINVAL,
				      "LD_ABS is not allowed in subprogs without BTF\n");
		if (subs[i].has_tail_call)
			return reject(log, -EINVAL,
				      "tail_call is not allowed in subprogs without BTF\n");
	}
	return 0;
}

/* What LD_ABS and failed tail calls return must fit the function's type. */
static bool returns_scalar(const struct btf *btf, const struct btf_type *proto)
{
	const struct btf_type *ret = btf_skip_modifiers(btf, proto->type, NULL);

	return ret && (btf_is_any_enum(ret) || (btf_is_int(ret) && ret->size <= 8));
}

static int check_sub(const struct btf *btf, const struct btf_subprog *sub,
		     const struct bpf_func_info *f, bool first, const struct btf_log *log)
{
	if (sub->start != f->insn_off)
		return reject(
			log, -EINVAL,
			"func_info BTF section doesn't match subprog layout in BPF program\n");
	if (first || returns_scalar(btf, btf_func_proto(btf, f->type_id)))
		return 0;
	if (sub->has_ld_abs)
		return reject(log, -EINVAL,
			      "LD_ABS is only allowed in functions that return 'int'.\n");
	if (sub->has_tail_call)
		return reject(log, -EINVAL,
			      "tail_call is only allowed in functions that return 'int'.\n");
	return 0;
}

int btf_check_funcs(const struct btf *btf, const struct btf_subprog *subs, uint32_t n_subs,
		    const struct btf_log *log, struct btf_prog_info *info)
{
	_cleanup_free_ uint8_t *linkage = NULL;
	uint32_t i;
	int err;

	if (!info->n_funcs)
		return check_no_funcs(subs, n_subs, log);
	if (info->n_funcs != n_subs)
		return reject(log, -EINVAL,
			      "number of funcs in func_info doesn't match number of subprogs\n");
	linkage = mem_alloc(n_subs);
	if (!linkage)
		return -ENOMEM;
	for (i = 0; i < n_subs; i++) {
		err = check_sub(btf, &subs[i], &info->funcs[i], !i, log);
		if (err)
			return err;
		linkage[i] = (uint8_t)btf_vlen(btf_type_by_id(btf, info->funcs[i].type_id));
	}
	info->linkage = take_ptr(linkage);
	return 0;
}

/* ---- lines ---- */

/* Record i against the code and the strings. */
static int check_line(const struct btf *btf, const struct btf_prog_code *code,
		      const struct bpf_line_info *l, uint32_t i, const struct btf_log *log)
{
	const uint8_t *insns = code->insns;
	uint32_t prev = i ? l[-1].insn_off : 0;

	if ((i && l->insn_off <= prev) || l->insn_off >= code->n_insns)
		return reject(log, -EINVAL,
			      "Invalid line_info[%u].insn_off:%u (prev_offset:%u prog->len:%u)\n",
			      i, l->insn_off, prev, code->n_insns);
	if (!insns[(size_t)l->insn_off * 8])
		return reject(log, -EINVAL, "Invalid insn code at line_info[%u].insn_off\n", i);
	if (!btf_name_by_offset(btf, l->line_off) || !btf_name_by_offset(btf, l->file_name_off))
		return reject(log, -EINVAL, "Invalid line_info[%u].line_off or .file_name_off\n",
			      i);
	return 0;
}

/* Each subprogram must begin with a line; *s counts those seen. */
static int match_sub(const struct btf_prog_code *code, const struct bpf_line_info *l, uint32_t i,
		     uint32_t *s, const struct btf_log *log)
{
	if (*s == code->n_subs || code->subs[*s].start > l->insn_off)
		return 0;
	if (code->subs[*s].start < l->insn_off)
		return reject(log, -EINVAL, "missing bpf_line_info for func#%u\n", *s);
	code->subs[*s].linfo_idx = i;
	++*s;
	return 0;
}

int btf_read_lines(const struct btf *btf, const struct btf_records *r,
		   const struct btf_prog_code *code, const struct btf_log *log,
		   struct btf_prog_info *out, uint32_t *want_rec_size)
{
	_cleanup_free_ struct bpf_line_info *lines = NULL;
	const uint32_t known = sizeof(*lines);
	uint32_t i, cap = 0, s = 0;
	int err;

	*want_rec_size = 0;
	if (!r->cnt)
		return 0;
	if (r->cnt > INT_MAX / known || !rec_size_ok(r->rec_size, BTF_LINE_INFO_REC_MIN))
		return -EINVAL;
	for (i = 0; i < r->cnt; i++) {
		err = reserve(&lines, &cap, i, r->cnt, known);
		if (err)
			return err;
		err = read_record(r, i, &lines[i], known);
		if (err == -E2BIG) {
			*want_rec_size = known;
			return reject(log, err, "nonzero tailing record in line_info");
		}
		if (!err)
			err = check_line(btf, code, &lines[i], i, log);
		if (!err)
			err = match_sub(code, &lines[i], i, &s, log);
		if (err)
			return err;
	}
	if (s != code->n_subs)
		return reject(log, -EINVAL,
			      "missing bpf_line_info for %u funcs starting from func#%u\n",
			      code->n_subs - s, s);
	out->lines = take_ptr(lines);
	out->n_lines = r->cnt;
	return 0;
}

void btf_prog_info_deinit(struct btf_prog_info *info)
{
	free(info->funcs);
	free(info->linkage);
	free(info->lines);
	*info = (struct btf_prog_info){ 0 };
}
