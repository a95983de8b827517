/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * insn_edit: replaces instructions and moves all that counts in them (insn_edit.h).
 *
 * One table, moved[], says where each old position has gone; every parallel array is then a map over
 * it. The new arrays are built aside and swapped in at the end, so a failure changes nothing.
 */
#include "verifier/insn_edit.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "isa/insn.h"
#include "verifier/env.h"
#include "verifier/print.h"

struct plan {
	struct verifier_env *env;
	const struct insn_edits *e;
	uint32_t *moved; /* per old position and the end: its new one */
	uint32_t n_new;
	struct bpf_insn *insns;
	struct insn_aux *aux;
};

void insn_edits_replace(struct insn_edits *e, uint32_t pc, uint32_t n, const struct bpf_insn *code,
			uint32_t n_new)
{
	struct insn_edit edit = { pc, n, (uint32_t)e->code.n, n_new };

	assert(n > 0);
	assert(!e->edits.n || vec_last(&e->edits).pc + vec_last(&e->edits).n <= pc);
	if (vec_reserve(&e->code, e->code.n + n_new) || vec_push(&e->edits, edit)) {
		e->no_memory = true;
		return;
	}
	if (n_new)
		memcpy(e->code.data + e->code.n, code, n_new * sizeof(*code));
	e->code.n += n_new;
}

void insn_edits_outward(struct insn_edits *e, uint32_t k, uint32_t old_target)
{
	struct insn_outward o = { (uint32_t)e->edits.n - 1, k, old_target };

	if (!e->no_memory && vec_push(&e->outward, o))
		e->no_memory = true;
}

void insn_edits_deinit(struct insn_edits *e)
{
	vec_deinit(&e->edits);
	vec_deinit(&e->code);
	vec_deinit(&e->outward);
	e->no_memory = false;
}

static void plan_moves(struct plan *p)
{
	const struct insn_edits *e = p->e;
	uint32_t at = 0, pc = 0;

	for (size_t i = 0; i < e->edits.n; i++) {
		const struct insn_edit *edit = &e->edits.data[i];

		assert(edit->pc + edit->n <= p->env->n_insns);
		while (pc < edit->pc)
			p->moved[pc++] = at++;
		/* The middle of a replacement of the same length keeps its places. */
		for (uint32_t k = 0; k < edit->n; k++, pc++)
			p->moved[pc] = at + (edit->n == edit->n_code ? k : k ? edit->n_code : 0);
		at += edit->n_code;
	}
	while (pc <= p->env->n_insns)
		p->moved[pc++] = at++;
	p->n_new = p->moved[p->env->n_insns];
}

/* Points the jump, call or callback load at new position `at` to new position `to`. */
static int set_target(struct plan *p, uint32_t at, uint32_t to)
{
	struct bpf_insn *insn = &p->insns[at];
	int64_t off = (int64_t)to - at - 1;

	if (!isa_is_jump(insn) || insn->code == (BPF_JMP32 | BPF_JA)) {
		insn->imm = (int32_t)off;
		return 0;
	}
	if (off != (int16_t)off)
		return reject(p->env, -ERANGE, "insn %u cannot be patched due to 16-bit range\n",
			      p->aux[at].orig_pc);
	insn->off = (int16_t)off;
	return 0;
}

static int move_kept(struct plan *p, uint32_t pc)
{
	const struct bpf_insn *old = &p->env->insns[pc];
	uint32_t at = p->moved[pc];

	p->insns[at] = *old;
	p->aux[at] = p->env->aux[pc];
	if (isa_is_jump(old))
		return set_target(p, at, p->moved[isa_jump_target(old, pc)]);
	if (isa_is_pseudo_call(old) || isa_is_pseudo_func(old))
		return set_target(p, at, p->moved[isa_call_target(old, pc)]);
	return 0;
}

static void place_edit(struct plan *p, const struct insn_edit *edit)
{
	const struct insn_aux *old = &p->env->aux[edit->pc];
	uint32_t at = p->moved[edit->pc];

	if (edit->n_code)
		memcpy(p->insns + at, p->e->code.data + edit->code, edit->n_code * sizeof(*p->insns));
	if (edit->n == edit->n_code) {
		memcpy(p->aux + at, old, edit->n * sizeof(*old));
		return;
	}
	for (uint32_t k = 0; k < edit->n_code; k++)
		p->aux[at + k] = (struct insn_aux){ .seen = old->seen, .orig_pc = old->orig_pc };
	if (edit->n_code)
		p->aux[at + edit->n_code - 1] = *old;
}

static int build_code(struct plan *p)
{
	const struct insn_edits *e = p->e;
	uint32_t pc = 0;
	int err;

	for (size_t i = 0; i <= e->edits.n; i++) {
		uint32_t next = i < e->edits.n ? e->edits.data[i].pc : p->env->n_insns;

		for (; pc < next; pc++) {
			err = move_kept(p, pc);
			if (err)
				return err;
			/* The upper half of a 64-bit immediate is data. */
			if (isa_is_ld_imm64(&p->env->insns[pc]) && pc + 1 < next) {
				pc++;
				p->insns[p->moved[pc]] = p->env->insns[pc];
				p->aux[p->moved[pc]] = p->env->aux[pc];
			}
		}
		if (i == e->edits.n)
			break;
		place_edit(p, &e->edits.data[i]);
		pc += e->edits.data[i].n;
	}
	for (size_t i = 0; i < e->outward.n; i++) {
		const struct insn_outward *o = &e->outward.data[i];

		err = set_target(p, p->moved[e->edits.data[o->edit].pc] + o->k,
				 p->moved[o->old_target]);
		if (err)
			return err;
	}
	return 0;
}

/* Of records that came to stand at one instruction the last stays; behind the end none does. */
static void move_lines(const struct plan *p)
{
	struct btf_prog_info *info = &p->env->btf_info;
	uint32_t n = 0;

	for (uint32_t i = 0; i < info->n_lines; i++) {
		struct bpf_line_info line = info->lines[i];

		line.insn_off = p->moved[line.insn_off];
		if (line.insn_off >= p->n_new)
			continue;
		if (n && info->lines[n - 1].insn_off == line.insn_off)
			n--;
		info->lines[n++] = line;
	}
	info->n_lines = n;
}

static uint32_t first_line_at(const struct btf_prog_info *info, uint32_t pc)
{
	uint32_t lo = 0, hi = info->n_lines;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (info->lines[mid].insn_off < pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

#define GONE UINT32_MAX

/* A loop over a callback that is gone cannot be inlined. */
static void renumber_callback(struct insn_aux *aux, const uint32_t *number, uint32_t n)
{
	uint32_t callee = aux->loop_inline.callback_subprogno;

	if (!aux->loop_inline.fit_for_inline)
		return;
	assert(callee < n);
	aux->loop_inline.fit_for_inline = number[callee] != GONE;
	aux->loop_inline.callback_subprogno = number[callee];
}

/* Moves subprogram starts, drops the empty ones, and renumbers who names them. */
static void move_subprogs(const struct plan *p)
{
	struct verifier_env *env = p->env;
	struct btf_prog_info *info = &env->btf_info;
	uint32_t number[VERIFIER_SUBPROGS_MAX + 2], n = 0, old_cnt = env->subprog_cnt;

	for (uint32_t i = 0; i < env->subprog_cnt; i++) {
		uint32_t start = p->moved[env->subprogs[i].start];
		uint32_t end = p->moved[env->subprogs[i + 1].start];

		number[i] = GONE;
		if (start == end)
			continue;
		number[i] = n;
		if (i < info->n_funcs) {
			info->funcs[n] = info->funcs[i];
			info->funcs[n].insn_off = start;
			info->linkage[n] = info->linkage[i];
		}
		if (n != i)
			env->subprogs[n] = env->subprogs[i];
		env->subprogs[n].start = start;
		env->subprogs[n].linfo_idx = first_line_at(info, start);
		n++;
	}
	if (n != env->subprog_cnt)
		env->subprogs[n] = env->subprogs[env->subprog_cnt];
	env->subprogs[n].start = p->n_new;
	env->subprog_cnt = n;
	if (info->n_funcs)
		info->n_funcs = n;
	for (uint32_t pc = 0; pc < p->n_new; pc++)
		renumber_callback(&p->aux[pc], number, old_cnt);
}

static int plan_run(struct plan *p)
{
	struct verifier_env *env = p->env;
	int err;

	p->moved = mem_calloc((size_t)env->n_insns + 1, sizeof(*p->moved));
	if (!p->moved)
		return -ENOMEM;
	plan_moves(p);
	p->insns = mem_calloc(p->n_new, sizeof(*p->insns));
	p->aux = mem_calloc(p->n_new, sizeof(*p->aux));
	if (!p->insns || !p->aux)
		return -ENOMEM;
	err = build_code(p);
	if (err)
		return err;
	move_lines(p);
	move_subprogs(p);
	free(env->insns);
	free(env->aux);
	env->insns = p->insns;
	env->aux = p->aux;
	env->n_insns = p->n_new;
	p->insns = NULL;
	p->aux = NULL;
	return 0;
}

int insn_edits_apply(struct verifier_env *env, struct insn_edits *e)
{
	struct plan p = { .env = env, .e = e };
	int err = e->no_memory ? -ENOMEM : 0;

	if (!err && e->edits.n)
		err = plan_run(&p);
	free(p.moved);
	free(p.insns);
	free(p.aux);
	insn_edits_deinit(e);
	return err;
}

int insn_replace(struct verifier_env *env, uint32_t pc, uint32_t n, const struct bpf_insn *code,
		 uint32_t n_new)
{
	struct insn_edits e = { 0 };

	insn_edits_replace(&e, pc, n, code, n_new);
	return insn_edits_apply(env, &e);
}
