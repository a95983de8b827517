/* SPDX-License-Identifier: BSD-2-Clause */
#include "verifier/backtrack.h"

#include <errno.h>
#include <string.h>

#include "verifier/cfg.h"
#include "verifier/env.h"
#include "verifier/print.h"
#include "verifier/subprog.h"

#define ENOTSUPP_KERNEL 524 /* internal: "cannot follow this" */

uint64_t linked_regs_pack(const struct linked_regs *l)
{
	uint64_t v = 0;
	uint32_t i;

	for (i = 0; i < l->cnt; i++)
		v = v << 10 | l->e[i].frameno | (uint64_t)l->e[i].spi_or_reg << 3 |
		    (uint64_t)l->e[i].is_reg << 9;
	return v << 4 | l->cnt;
}

static void linked_regs_unpack(uint64_t v, struct linked_regs *l)
{
	uint32_t i;

	l->cnt = v & 0xf;
	v >>= 4;
	for (i = 0; i < l->cnt && i < LINKED_REGS_MAX; i++, v >>= 10)
		l->e[i] = (struct linked_reg){ .frameno = v & 7,
					       .spi_or_reg = v >> 3 & 0x3f,
					       .is_reg = v >> 9 & 1 };
}

void bt_set_reg(struct verifier_env *env, uint32_t frame, uint32_t regno)
{
	env->bt.reg_masks[frame] |= 1u << regno;
}

void bt_set_slot(struct verifier_env *env, uint32_t frame, uint32_t spi)
{
	env->bt.stack_masks[frame] |= UINT64_C(1) << spi;
}

static bool bt_empty(const struct backtrack *bt)
{
	uint64_t mask = 0;
	uint32_t i;

	for (i = 0; i <= bt->frame; i++)
		mask |= bt->reg_masks[i] | bt->stack_masks[i];
	return mask == 0;
}

static uint32_t *cur_mask(struct backtrack *bt)
{
	return &bt->reg_masks[bt->frame];
}

static bool bt_has(const struct backtrack *bt, uint32_t regno)
{
	return bt->reg_masks[bt->frame] >> regno & 1;
}

static int bug(struct verifier_env *env, const char *what)
{
	memset(&env->bt, 0, sizeof(env->bt));
	return reject(env, -EFAULT, "verifier bug: %s\n", what);
}

/* When one of the linked is wanted, all are. */
static void sync_linked(struct backtrack *bt, const struct hist_entry *hist)
{
	struct linked_regs l;
	bool some = false;
	uint32_t i;

	if (!hist || !hist->linked_regs)
		return;
	linked_regs_unpack(hist->linked_regs, &l);
	for (i = 0; i < l.cnt; i++)
		some |= l.e[i].is_reg ? bt->reg_masks[l.e[i].frameno] >> l.e[i].spi_or_reg & 1 :
					bt->stack_masks[l.e[i].frameno] >> l.e[i].spi_or_reg & 1;
	if (!some)
		return;
	for (i = 0; i < l.cnt; i++) {
		if (l.e[i].is_reg)
			bt->reg_masks[l.e[i].frameno] |= 1u << l.e[i].spi_or_reg;
		else
			bt->stack_masks[l.e[i].frameno] |= UINT64_C(1) << l.e[i].spi_or_reg;
	}
}

static void back_alu(struct backtrack *bt, const struct bpf_insn *insn)
{
	uint8_t op = BPF_OP(insn->code);

	if (!bt_has(bt, insn->dst_reg) || op == BPF_END || op == BPF_NEG)
		return;
	if (op == BPF_MOV)
		*cur_mask(bt) &= ~(1u << insn->dst_reg);
	if (BPF_SRC(insn->code) == BPF_X && insn->src_reg != REG_FP)
		*cur_mask(bt) |= 1u << insn->src_reg;
}

static bool hist_is_stack(const struct hist_entry *hist)
{
	return hist && hist->flags & INSN_F_STACK_ACCESS;
}

static uint32_t hist_spi(const struct hist_entry *hist)
{
	return hist->flags >> INSN_F_SPI_SHIFT & INSN_F_SPI_MASK;
}

static void back_load(struct backtrack *bt, uint32_t regno, const struct hist_entry *hist)
{
	if (!bt_has(bt, regno))
		return;
	*cur_mask(bt) &= ~(1u << regno);
	if (hist_is_stack(hist)) /* a fill: the slot has what is wanted */
		bt->stack_masks[hist->flags & INSN_F_FRAMENO_MASK] |= UINT64_C(1)
								     << hist_spi(hist);
}

static int back_store(struct backtrack *bt, const struct bpf_insn *insn,
		      const struct hist_entry *hist)
{
	uint64_t *slots, bit;

	if (bt_has(bt, insn->dst_reg))
		return -ENOTSUPP_KERNEL; /* an address made of a number by pointer subtraction */
	if (!hist_is_stack(hist))
		return 0;
	slots = &bt->stack_masks[hist->flags & INSN_F_FRAMENO_MASK];
	bit = UINT64_C(1) << hist_spi(hist);
	if (!(*slots & bit))
		return 0;
	*slots &= ~bit;
	if (BPF_CLASS(insn->code) == BPF_STX)
		*cur_mask(bt) |= 1u << insn->src_reg;
	return 0;
}

/* Leaving a static subprogram backwards: what it wants of r1 - r5 its caller has. */
static int back_pseudo_call(struct verifier_env *env, uint32_t idx)
{
	struct backtrack *bt = &env->bt;
	int sub = subprog_find(env, idx + env->insns[idx].imm + 1);
	uint32_t args;

	if (sub < 0)
		return bug(env, "backtracking: no subprog at call target");
	if (env->subprogs[sub].is_global) {
		if (*cur_mask(bt) & REGMASK_ARGS)
			return bug(env, "global subprog unexpected regs");
		*cur_mask(bt) &= ~1u;
		return 0;
	}
	if (*cur_mask(bt) & ~REGMASK_ARGS)
		return bug(env, "static subprog unexpected regs");
	if (bt->stack_masks[bt->frame])
		return bug(env, "static subprog leftover stack slots");
	if (!bt->frame)
		return bug(env, "subprog exit from frame 0");
	args = *cur_mask(bt) & REGMASK_ARGS;
	*cur_mask(bt) &= ~REGMASK_ARGS;
	bt->frame--;
	*cur_mask(bt) |= args;
	return 0;
}

/* Leaving a callback backwards: its r1 - r5 come from the helper, not from the caller. */
static int back_callback_call(struct verifier_env *env)
{
	struct backtrack *bt = &env->bt;

	if (*cur_mask(bt) & ~REGMASK_ARGS)
		return bug(env, "callback unexpected regs");
	if (bt->stack_masks[bt->frame])
		return bug(env, "callback leftover stack slots");
	if (!bt->frame)
		return bug(env, "subprog exit from frame 0");
	*cur_mask(bt) &= ~REGMASK_ARGS;
	bt->frame--;
	return 0;
}

/* Entering a subprogram or callback backwards, by its exit. */
static int back_exit(struct verifier_env *env, int subseq_idx)
{
	struct backtrack *bt = &env->bt;
	bool r0;

	if (subseq_idx >= 0 && env->work[subseq_idx].calls_callback)
		*cur_mask(bt) &= ~REGMASK_ARGS;
	if (*cur_mask(bt) & REGMASK_ARGS)
		return bug(env, "backtracking exit unexpected regs");
	r0 = subseq_idx - 1 >= 0 && insn_is_pseudo_call(&env->insns[subseq_idx - 1]) &&
	     bt_has(bt, BPF_REG_0);
	*cur_mask(bt) &= ~1u;
	if (bt->frame == VERIFIER_FRAMES_MAX - 1)
		return bug(env, "subprog enter from the last frame");
	bt->frame++;
	if (r0)
		*cur_mask(bt) |= 1u;
	return 0;
}

static int back_jump(struct verifier_env *env, uint32_t idx, int subseq_idx,
		     const struct hist_entry *hist)
{
	const struct bpf_insn *insn = &env->insns[idx];
	struct backtrack *bt = &env->bt;
	uint8_t op = BPF_OP(insn->code);

	if (insn_is_pseudo_call(insn))
		return back_pseudo_call(env, idx);
	if (insn_is_helper_call(insn) && helper_calls_sync_callback(insn->imm) &&
	    (int)idx != subseq_idx - 1)
		return back_callback_call(env);
	if (op == BPF_CALL) {
		*cur_mask(bt) &= ~1u;
		if (*cur_mask(bt) & REGMASK_ARGS)
			return bug(env, "backtracking call unexpected regs");
		return 0;
	}
	if (op == BPF_EXIT)
		return back_exit(env, subseq_idx);
	if (BPF_SRC(insn->code) != BPF_X || op == BPF_JA)
		return 0;
	if (!bt_has(bt, insn->dst_reg) && !bt_has(bt, insn->src_reg))
		return 0;
	/* both sides decided the branch */
	if (!hist || !(hist->flags & INSN_F_SRC_REG_STACK))
		*cur_mask(bt) |= 1u << insn->src_reg;
	if (!hist || !(hist->flags & INSN_F_DST_REG_STACK))
		*cur_mask(bt) |= 1u << insn->dst_reg;
	return 0;
}

static void log_step(struct verifier_env *env, uint32_t idx)
{
	struct backtrack *bt = &env->bt;
	char regs[64], slots[512];

	if (!verbose2(env))
		return;
	format_reg_mask(regs, sizeof(regs), *cur_mask(bt));
	format_stack_mask(slots, sizeof(slots), bt->stack_masks[bt->frame]);
	verbose(env, "mark_precise: frame%u: regs=%s stack=%s before %u: ", bt->frame, regs, slots,
		idx);
	print_insn(env, &env->insns[idx]);
}

static bool is_atomic(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_STX && BPF_MODE(insn->code) == BPF_ATOMIC;
}

static bool is_load(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_LDX || (is_atomic(insn) && insn->imm == BPF_LOAD_ACQ);
}

/* An atomic that leaves what the memory held in a register that is wanted. 6.18 forgets these. */
static bool fetches_wanted(const struct backtrack *bt, const struct bpf_insn *insn, uint32_t *regno)
{
	*regno = insn->imm == BPF_CMPXCHG ? BPF_REG_0 : insn->src_reg;
	return is_atomic(insn) && insn->imm & BPF_FETCH && bt_has(bt, *regno);
}

static int back_insn(struct verifier_env *env, uint32_t idx, int subseq_idx,
		     const struct hist_entry *hist)
{
	const struct bpf_insn *insn = &env->insns[idx];
	struct backtrack *bt = &env->bt;
	uint8_t class = BPF_CLASS(insn->code);
	uint32_t fetched;
	int err = 0;

	if (insn->code == 0)
		return 0;
	log_step(env, idx);
	sync_linked(bt, hist);
	if (class == BPF_ALU || class == BPF_ALU64) {
		back_alu(bt, insn);
	} else if (is_load(insn)) {
		back_load(bt, insn->dst_reg, hist);
	} else if (fetches_wanted(bt, insn, &fetched)) {
		back_load(bt, fetched, hist);
	} else if (class == BPF_STX || class == BPF_ST) {
		err = back_store(bt, insn, hist);
	} else if (class == BPF_JMP || class == BPF_JMP32) {
		err = back_jump(env, idx, subseq_idx, hist);
	} else if (bt_has(bt, insn->dst_reg)) { /* BPF_LD */
		*cur_mask(bt) &= ~(1u << insn->dst_reg);
		if (BPF_MODE(insn->code) != BPF_IMM)
			err = -ENOTSUPP_KERNEL;
	}
	sync_linked(bt, hist);
	return err;
}

static void force_one(struct verifier_env *env, struct reg_state *reg, uint32_t frame,
		      const char *what, int n)
{
	if (reg->type != SCALAR_VALUE || reg->precise)
		return;
	reg->precise = true;
	if (verbose2(env))
		verbose(env, "force_precise: frame%u: forcing %s%d to be precise\n", frame, what,
			n);
}

void precise_force_all(struct verifier_env *env, struct verifier_state *st)
{
	uint32_t fr, i;

	if (verbose2(env))
		verbose(env,
			"mark_precise: frame%u: falling back to forcing all scalars precise\n",
			st->curframe);
	/* marks in the current, not yet stored state would not matter */
	for (st = st->parent; st; st = st->parent) {
		for (fr = 0; fr <= st->curframe; fr++) {
			struct func_state *func = st->frame[fr];

			for (i = 0; i < REG_FP; i++)
				force_one(env, &func->regs[i], fr, "r", i);
			for (i = 0; i < func->stack_bytes / REG_SLOT_BYTES; i++)
				if (slot_is_spill(&func->stack[i]))
					force_one(env, &func->stack[i].spilled, fr, "fp",
						  -(int)(i + 1) * REG_SLOT_BYTES);
		}
	}
}

void precise_forget_all(struct verifier_state *st)
{
	uint32_t fr, i;

	for (fr = 0; fr <= st->curframe; fr++) {
		struct func_state *func = st->frame[fr];

		for (i = 0; i < REG_FP; i++)
			if (func->regs[i].type == SCALAR_VALUE)
				func->regs[i].precise = false;
		for (i = 0; i < func->stack_bytes / REG_SLOT_BYTES; i++)
			if (slot_is_scalar(&func->stack[i]))
				func->stack[i].spilled.precise = false;
	}
}

/* The instruction walked before pc within this state; -ENOENT: pc was its first. */
static int prev_idx(const struct verifier_state *st, uint32_t pc, uint32_t *hist_cnt)
{
	const struct hist_entry *h = *hist_cnt ? &st->hist[*hist_cnt - 1] : NULL;

	if ((int32_t)pc == st->first_insn_idx) {
		if (!h)
			return -ENOENT;
		if (*hist_cnt == 1 && st->hist[0].idx == pc)
			return -ENOENT;
	}
	if (h && h->idx == pc) {
		(*hist_cnt)--;
		return h->prev_idx;
	}
	return (int)pc - 1;
}

/* Reached the entry of a global function: only its arguments may still be wanted. */
static int mark_at_entry(struct verifier_env *env, struct verifier_state *st, bool *changed)
{
	struct backtrack *bt = &env->bt;
	struct func_state *f = st->frame[0];
	uint32_t mask = bt->reg_masks[0];

	if (st->curframe != 0 || bt->frame != 0 || f->subprogno == 0 ||
	    f->callsite != CALLSITE_MAIN || bt->stack_masks[0] || mask & ~REGMASK_ARGS)
		return bug(env, "backtracking func entry");
	for (; mask; mask &= mask - 1) {
		struct reg_state *reg = &f->regs[__builtin_ctz(mask)];

		if (reg->type == SCALAR_VALUE) {
			reg->precise = true;
			*changed = true;
		}
	}
	memset(bt, 0, sizeof(*bt));
	return 0;
}

/* Marks what is wanted in one stored frame; what needs no more looking for leaves the masks. */
static int mark_frame(struct verifier_env *env, struct verifier_state *st, uint32_t fr,
		      bool *changed)
{
	struct backtrack *bt = &env->bt;
	struct func_state *func = st->frame[fr];
	char regs[64], slots[512];
	uint32_t m = bt->reg_masks[fr];
	uint64_t s = bt->stack_masks[fr];
	struct reg_state *reg;

	for (; m; m &= m - 1) {
		reg = &func->regs[__builtin_ctz(m)];
		if (reg->type != SCALAR_VALUE || reg->precise)
			bt->reg_masks[fr] &= ~(m & -m);
		else
			reg->precise = *changed = true;
	}
	for (; s; s &= s - 1) {
		uint32_t i = __builtin_ctzll(s);

		if (i >= func->stack_bytes / REG_SLOT_BYTES)
			return bug(env, "backtracking: stack slot beyond the stack");
		reg = &func->stack[i].spilled;
		if (!slot_is_scalar(&func->stack[i]) || reg->precise)
			bt->stack_masks[fr] &= ~(s & -s);
		else
			reg->precise = *changed = true;
	}
	if (verbose2(env)) {
		format_reg_mask(regs, sizeof(regs), bt->reg_masks[fr]);
		format_stack_mask(slots, sizeof(slots), bt->stack_masks[fr]);
		verbose(env, "mark_precise: frame%u: parent state regs=%s stack=%s: ", fr, regs,
			slots);
		print_verifier_state(env, st, fr, true);
	}
	return 0;
}

struct back_walk {
	int first_idx, last_idx, subseq_idx;
	bool skip_first;
};

/* Back through the instructions of one state. 1: nothing is wanted any more. */
static int walk_state(struct verifier_env *env, struct verifier_state *st, struct back_walk *w)
{
	uint32_t hist_cnt = st->hist_cnt;
	const struct hist_entry *hist;
	int i = w->last_idx, err = 0;

	for (;;) {
		if (w->skip_first) {
			w->skip_first = false;
		} else {
			hist = hist_cnt && st->hist[hist_cnt - 1].idx == (uint32_t)i ?
				       &st->hist[hist_cnt - 1] :
				       NULL;
			err = back_insn(env, i, w->subseq_idx, hist);
		}
		if (err)
			return err;
		if (bt_empty(&env->bt))
			return 1;
		w->subseq_idx = i;
		i = prev_idx(st, i, &hist_cnt);
		if (i == -ENOENT)
			return 0;
		if (i < 0 || i >= (int)env->n_insns)
			return bug(env, "backtracking ran off the program");
	}
}

static int fall_back(struct verifier_env *env, struct verifier_state *start)
{
	precise_force_all(env, start);
	memset(&env->bt, 0, sizeof(env->bt));
	return 0;
}

int precise_mark_from(struct verifier_env *env, struct verifier_state *start, int regno,
		      bool *changed)
{
	struct verifier_state *st = start;
	struct backtrack *bt = &env->bt;
	struct back_walk w = { .first_idx = st->first_insn_idx,
			       .last_idx = st->insn_idx,
			       .subseq_idx = -1,
			       .skip_first = true };
	bool dummy;
	int fr, err;

	if (!env->bpf_capable)
		return 0;
	if (!changed)
		changed = &dummy;
	bt->frame = st->curframe;
	if (regno >= 0) {
		if (st->frame[bt->frame]->regs[regno].type != SCALAR_VALUE)
			return bug(env, "backtracking misuse");
		bt_set_reg(env, bt->frame, regno);
	}
	if (bt_empty(bt))
		return 0;
	for (;;) {
		if (verbose2(env))
			verbose(env,
				"mark_precise: frame%u: last_idx %d first_idx %d subseq_idx %d \n",
				bt->frame, w.last_idx, w.first_idx, w.subseq_idx);
		if (w.last_idx < 0)
			return mark_at_entry(env, st, changed);
		err = walk_state(env, st, &w);
		if (err == -ENOTSUPP_KERNEL)
			return fall_back(env, start);
		if (err)
			return err < 0 ? err : 0;
		st = st->parent;
		if (!st)
			break;
		for (fr = bt->frame; fr >= 0; fr--) {
			err = mark_frame(env, st, fr, changed);
			if (err)
				return err;
		}
		if (bt_empty(bt))
			return 0;
		w.subseq_idx = w.first_idx;
		w.last_idx = st->last_insn_idx;
		w.first_idx = st->first_insn_idx;
	}
	/* something got past us: be safe */
	return fall_back(env, start);
}

int precise_mark_reg(struct verifier_env *env, uint32_t regno)
{
	return precise_mark_from(env, env->cur_state, regno, NULL);
}

int precise_mark_batch(struct verifier_env *env)
{
	return precise_mark_from(env, env->cur_state, -1, NULL);
}
