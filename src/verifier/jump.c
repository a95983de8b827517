/* SPDX-License-Identifier: BSD-2-Clause */
#include "verifier/jump.h"

#include <errno.h>
#include <string.h>

#include "btf/fields.h"
#include "verifier/backtrack.h"
#include "verifier/env.h"
#include "verifier/mem.h"
#include "verifier/print.h"
#include "verifier/regs.h"
#include "verifier/state.h"

/* --- NULL ------------------------------------------------------------------------------------------------ */

static bool may_hold_async(const struct map *map)
{
	return map->record &&
	       map->record->field_mask & (BPF_TIMER | BPF_WORKQUEUE | BPF_TASK_WORK);
}

void reg_mark_not_null(struct reg_state *reg)
{
	const struct map *map = reg->map;

	if (type_base(reg->type) != PTR_TO_MAP_VALUE) {
		reg->type &= ~(uint32_t)PTR_MAYBE_NULL;
		return;
	}
	if (map->inner_meta) {
		reg->type = CONST_PTR_TO_MAP;
		reg->map = map->inner_meta;
		if (may_hold_async(reg->map)) /* whose values' callbacks are told the map */
			reg->map_uid = reg->id;
	} else if (map->type == BPF_MAP_TYPE_XSKMAP) {
		reg->type = PTR_TO_XDP_SOCK;
	} else if (map->type == BPF_MAP_TYPE_SOCKMAP || map->type == BPF_MAP_TYPE_SOCKHASH) {
		reg->type = PTR_TO_SOCKET;
	} else {
		reg->type = PTR_TO_MAP_VALUE;
	}
}

static bool may_hold_spin_lock(const struct reg_state *reg)
{
	return type_base(reg->type) == PTR_TO_MAP_VALUE && reg->map->record &&
	       reg->map->record->field_mask & (BPF_SPIN_LOCK | BPF_RES_SPIN_LOCK);
}

struct null_mark {
	uint32_t id;
	bool is_null;
};

static void mark_one_null(struct verifier_env *env, struct reg_state *reg, void *arg)
{
	const struct null_mark *m = arg;

	(void)env;
	if (!type_may_be_null(reg->type) || reg->id != m->id || !reg->id)
		return;
	if (m->is_null) {
		reg->type = SCALAR_VALUE;
		reg->off = 0;
		reg->raw[0] = reg->raw[1] = 0;
		reg->s = scalar_const(0);
		reg->id = 0;
		reg->ref_obj_id = 0;
		return;
	}
	reg_mark_not_null(reg);
	if (!may_hold_spin_lock(reg))
		reg->id = 0;
}

/* All copies of the pointer in regno are NULL, or are not. */
static void mark_null(struct verifier_env *env, struct verifier_state *st, uint32_t regno,
		      bool is_null)
{
	const struct reg_state *reg = &st->frame[st->curframe]->regs[regno];
	struct null_mark m = { .id = reg->id, .is_null = is_null };
	struct verifier_state *cur = env->cur_state;

	if (reg->ref_obj_id && reg->ref_obj_id == reg->id && is_null) {
		/* nothing was acquired */
		env->cur_state = st;
		ref_forget(env, m.id);
		env->cur_state = cur;
	}
	state_for_each_reg(env, st, mark_one_null, &m);
}

/* Not with an offset so large that the sum could come out as 0. */
static bool not_null(const struct reg_state *reg)
{
	if (type_may_be_null(reg->type) || reg->s.smin <= -(int64_t)VAR_OFF_MAX ||
	    reg->s.smax >= (int64_t)VAR_OFF_MAX)
		return false;
	switch (type_base(reg->type)) {
	case PTR_TO_SOCKET:
	case PTR_TO_TCP_SOCK:
	case PTR_TO_XDP_SOCK:
	case PTR_TO_BUF:
	case PTR_TO_MAP_VALUE:
	case PTR_TO_MAP_KEY:
	case PTR_TO_SOCK_COMMON:
	case CONST_PTR_TO_MAP:
		return true;
	case PTR_TO_MEM:
		return !(reg->type & PTR_UNTRUSTED);
	default:
		return false;
	}
}

/* --- packets --------------------------------------------------------------------------------------------- */

struct pkt_mark {
	uint32_t type, id;
	int32_t range;
};

static void mark_one_range(struct verifier_env *env, struct reg_state *reg, void *arg)
{
	const struct pkt_mark *m = arg;

	(void)env;
	if (reg->type == m->type && reg->id == m->id)
		reg->range = MAX(reg->range, m->range);
}

/* The comparison proved bytes up to dst's fixed offset from its base. open: dst < end. */
static void prove_packet(struct verifier_env *env, struct verifier_state *st,
			 const struct reg_state *dst, bool open)
{
	struct pkt_mark m = { .type = dst->type, .id = dst->id, .range = dst->off + open };

	if (dst->off < 0 || (dst->off == 0 && open))
		return;
	if (dst->s.umax > PACKET_OFF_MAX || dst->s.umax + dst->off > PACKET_OFF_MAX)
		return;
	state_for_each_reg(env, st, mark_one_range, &m);
}

static void mark_pkt_end(struct verifier_state *st, uint32_t regno, bool open)
{
	struct reg_state *reg = &st->frame[st->curframe]->regs[regno];

	if (reg->type == PTR_TO_PACKET)
		reg->range = open ? BEYOND_PKT_END : AT_PKT_END;
}

static bool is_pkt_any(const struct reg_state *reg)
{
	return reg->type == PTR_TO_PACKET || reg->type == PTR_TO_PACKET_META ||
	       reg->type == PTR_TO_PACKET_END;
}

static bool is_packet_start(const struct reg_state *reg)
{
	return reg->type == PTR_TO_PACKET && !reg->off && tnum_equals_const(reg->s.var_off, 0);
}

/* Is (a, b) a packet pointer and the end it may not cross? */
static bool is_pkt_pair(const struct reg_state *a, const struct reg_state *b)
{
	return (a->type == PTR_TO_PACKET && b->type == PTR_TO_PACKET_END) ||
	       (a->type == PTR_TO_PACKET_META && is_packet_start(b));
}

/*
 * "if pkt OP end": which way proves bytes. With the pair the other way round the op is flipped, so
 * four cases are left: > and >= prove on the way not taken, < and <= on the way taken.
 */
static bool match_packet(struct verifier_env *env, const struct bpf_insn *insn,
			 struct verifier_state *other)
{
	struct verifier_state *this = env->cur_state, *good, *bad;
	const struct reg_state *dst = &cur_regs(env)[insn->dst_reg];
	const struct reg_state *src = &cur_regs(env)[insn->src_reg];
	uint32_t pkt_regno = insn->dst_reg;
	uint8_t op = BPF_OP(insn->code);
	struct reg_state pkt;
	bool open;

	if (BPF_SRC(insn->code) != BPF_X || BPF_CLASS(insn->code) == BPF_JMP32)
		return false;
	if (op != BPF_JGT && op != BPF_JGE && op != BPF_JLT && op != BPF_JLE)
		return false;
	if (!is_pkt_pair(dst, src)) {
		if (!is_pkt_pair(src, dst))
			return false;
		pkt_regno = insn->src_reg;
		op = scalar_branch_flip(op);
	}
	pkt = cur_regs(env)[pkt_regno];
	good = op == BPF_JGT || op == BPF_JGE ? this : other;
	bad = good == this ? other : this;
	/* what holds on the good way: pkt <= end (>, <=) or pkt < end (>=, <) */
	open = op == BPF_JGE || op == BPF_JLT;
	prove_packet(env, good, &pkt, open);
	mark_pkt_end(bad, pkt_regno, !open);
	return true;
}

static int pkt_branch_taken(const struct reg_state *a, const struct reg_state *b, uint8_t op)
{
	const struct reg_state *pkt = a;

	if (b->type != PTR_TO_PACKET_END) {
		if (a->type != PTR_TO_PACKET_END)
			return -1;
		pkt = b;
		op = scalar_branch_flip(op);
	}
	if (pkt->range >= 0)
		return -1;
	if ((op == BPF_JLE || op == BPF_JGT) && pkt->range == BEYOND_PKT_END)
		return op == BPF_JGT;
	if (op == BPF_JLT || op == BPF_JGE)
		return op == BPF_JGE;
	return -1;
}

/* --- deciding -------------------------------------------------------------------------------------------- */

static int branch_taken(const struct reg_state *a, const struct reg_state *b, uint8_t op,
			bool is32)
{
	const struct reg_state *t;

	if (is_pkt_any(a) && is_pkt_any(b) && !is32)
		return pkt_branch_taken(a, b, op);
	if (a->type == SCALAR_VALUE && b->type == SCALAR_VALUE)
		return scalar_branch_taken(&a->s, &b->s, op, is32);
	if (is32)
		return -1;
	if (b->type != SCALAR_VALUE || !scalar_is_const(&b->s)) {
		op = scalar_branch_flip(op);
		t = a;
		a = b;
		b = t;
	}
	if (b->type != SCALAR_VALUE || !scalar_is_const(&b->s) || !not_null(a) ||
	    b->s.var_off.value != 0)
		return -1;
	return op == BPF_JEQ ? 0 : op == BPF_JNE ? 1 : -1;
}

/* --- numbers that share an id ------------------------------------------------------------------------------ */

static void collect_one(struct linked_regs *l, struct reg_state *reg, uint32_t id,
			struct linked_reg e)
{
	if (reg->type != SCALAR_VALUE || (reg->id & ~ID_ADD_CONST) != id)
		return;
	if (l->cnt < LINKED_REGS_MAX) {
		l->e[l->cnt++] = e;
	} else {
		reg->id = 0; /* too many to record: untie it */
		reg->off = 0;
	}
}

/* Only registers that may still be read. */
static void collect_linked(struct verifier_env *env, struct verifier_state *st, uint32_t id,
			   struct linked_regs *l)
{
	int fr;
	uint32_t i;

	id &= ~ID_ADD_CONST;
	for (fr = st->curframe; fr >= 0; fr--) {
		struct func_state *func = st->frame[fr];
		uint16_t live = env->work[state_frame_idx(st, fr)].live_regs;

		for (i = 0; i < REG_FP; i++)
			if (live >> i & 1)
				collect_one(l, &func->regs[i], id, (struct linked_reg){ fr, i, true });
		for (i = 0; i < func->stack_bytes / REG_SLOT_BYTES; i++)
			if (slot_is_spill(&func->stack[i]))
				collect_one(l, &func->stack[i].spilled, id,
					    (struct linked_reg){ fr, i, false });
	}
}

/* reg = known + delta. */
static void sync_one(struct reg_state *reg, const struct reg_state *known)
{
	int32_t subreg_def = reg->subreg_def, off = reg->off;
	uint32_t id = reg->id;
	struct scalar delta;

	if ((!(reg->id & ID_ADD_CONST) && !(known->id & ID_ADD_CONST)) || reg->off == known->off) {
		*reg = *known;
		reg->subreg_def = subreg_def;
		return;
	}
	delta = scalar_const((uint64_t)((int64_t)off - known->off));
	*reg = *known;
	reg->off = off;
	reg->id = id;
	reg->subreg_def = subreg_def;
	scalar_alu(&reg->s, &delta, BPF_ADD, !((id | known->id) & ID_ADD_CONST32), 0);
}

static void sync_linked(struct verifier_state *st, const struct reg_state *known,
			const struct linked_regs *l)
{
	uint32_t i;

	for (i = 0; i < l->cnt; i++) {
		struct func_state *func = st->frame[l->e[i].frameno];
		struct reg_state *reg = l->e[i].is_reg ? &func->regs[l->e[i].spi_or_reg] :
							 &func->stack[l->e[i].spi_or_reg].spilled;

		if (reg->type != SCALAR_VALUE || reg == known ||
		    (reg->id & ~ID_ADD_CONST) != (known->id & ~ID_ADD_CONST))
			continue;
		/* A sum of 32 bits says nothing of one of 64. */
		if (((reg->id ^ known->id) & ID_ADD_CONST) == ID_ADD_CONST)
			continue;
		sync_one(reg, known);
	}
}

/* --- walking both ways --------------------------------------------------------------------------------------- */

struct branch {
	const struct bpf_insn *insn;
	uint8_t op;
	bool is32;
	struct reg_state *dst, *src; /* of this way; src may be a constant in env->fake_reg[0] */
	struct verifier_state *other;
	struct reg_state *other_dst, *other_src;
	struct linked_regs linked;
};

static int refine(struct verifier_env *env, struct branch *b)
{
	int err;

	if (b->dst->type != SCALAR_VALUE || b->src->type != SCALAR_VALUE)
		return 0;
	scalar_refine(&b->dst->s, &b->src->s, scalar_branch_negate(b->op), b->is32);
	scalar_refine(&b->other_dst->s, &b->other_src->s, b->op, b->is32);
	err = reg_check_bounds(env, b->other_dst, "true_reg1");
	if (!err)
		err = reg_check_bounds(env, b->other_src, "true_reg2");
	if (!err)
		err = reg_check_bounds(env, b->dst, "false_reg1");
	if (!err)
		err = reg_check_bounds(env, b->src, "false_reg2");
	return err;
}

static void sync_both(struct verifier_env *env, struct branch *b)
{
	if (BPF_SRC(b->insn->code) == BPF_X && b->src->type == SCALAR_VALUE && b->src->id &&
	    b->src->id == b->other_src->id) {
		sync_linked(env->cur_state, b->src, &b->linked);
		sync_linked(b->other, b->other_src, &b->linked);
	}
	if (b->dst->type == SCALAR_VALUE && b->dst->id && b->dst->id == b->other_dst->id) {
		sync_linked(env->cur_state, b->dst, &b->linked);
		sync_linked(b->other, b->other_dst, &b->linked);
	}
}

/* Equal to a pointer that is not NULL: not NULL. */
static void match_not_null(struct branch *b)
{
	bool eq = b->op == BPF_JEQ;
	bool dst_ok, src_ok;

	if (b->is32 || BPF_SRC(b->insn->code) != BPF_X || b->src->type == SCALAR_VALUE ||
	    b->dst->type == SCALAR_VALUE || type_base(b->src->type) == PTR_TO_BTF_ID ||
	    type_base(b->dst->type) == PTR_TO_BTF_ID || (!eq && b->op != BPF_JNE))
		return;
	dst_ok = not_null(b->dst);
	src_ok = not_null(b->src);
	if (dst_ok && type_may_be_null(b->src->type))
		reg_mark_not_null(eq ? b->other_src : b->src);
	if (src_ok && type_may_be_null(b->dst->type))
		reg_mark_not_null(eq ? b->other_dst : b->dst);
}

static int match_pointers(struct verifier_env *env, struct branch *b)
{
	const struct bpf_insn *insn = b->insn;

	if (!b->is32 && BPF_SRC(insn->code) == BPF_K && insn->imm == 0 &&
	    (b->op == BPF_JEQ || b->op == BPF_JNE) && type_may_be_null(b->dst->type)) {
		mark_null(env, env->cur_state, insn->dst_reg, b->op == BPF_JNE);
		mark_null(env, b->other, insn->dst_reg, b->op == BPF_JEQ);
		return 0;
	}
	if (!match_packet(env, insn, b->other) && reg_is_pointer(env, insn->dst_reg))
		return reject(env, -EACCES, "R%d pointer comparison prohibited\n", insn->dst_reg);
	return 0;
}

static int walk_both(struct verifier_env *env, struct branch *b)
{
	const struct bpf_insn *insn = b->insn;
	struct reg_state *other_regs;
	int err;

	if (BPF_SRC(insn->code) == BPF_X && b->src->type == SCALAR_VALUE && b->src->id)
		collect_linked(env, env->cur_state, b->src->id, &b->linked);
	if (b->dst->type == SCALAR_VALUE && b->dst->id)
		collect_linked(env, env->cur_state, b->dst->id, &b->linked);
	if (b->linked.cnt > 1) {
		err = hist_push(env, env->cur_state, 0, linked_regs_pack(&b->linked));
		if (err)
			return err;
	}
	b->other = state_push(env, env->insn_idx + insn->off + 1, env->insn_idx, false);
	if (!b->other)
		return -EFAULT;
	other_regs = b->other->frame[b->other->curframe]->regs;
	b->other_dst = &other_regs[insn->dst_reg];
	if (BPF_SRC(insn->code) == BPF_X) {
		b->other_src = &other_regs[insn->src_reg];
	} else {
		env->fake_reg[1] = env->fake_reg[0];
		b->other_src = &env->fake_reg[0];
		b->src = &env->fake_reg[1];
	}
	err = refine(env, b);
	if (err)
		return err;
	sync_both(env, b);
	match_not_null(b);
	err = match_pointers(env, b);
	if (!err && env->log.level & BPF_LOG_LEVEL)
		print_insn_state(env, env->cur_state, env->cur_state->curframe);
	return err;
}

static int check_operands(struct verifier_env *env, struct branch *b)
{
	const struct bpf_insn *insn = b->insn;
	struct reg_state *regs = cur_regs(env);
	uint32_t flags = 0;
	int err = reg_check(env, insn->dst_reg, REG_READ);

	if (err)
		return err;
	b->dst = &regs[insn->dst_reg];
	if (BPF_SRC(insn->code) == BPF_X) {
		if (insn->imm != 0)
			return reject(env, -EINVAL, "BPF_JMP/JMP32 uses reserved fields\n");
		err = reg_check(env, insn->src_reg, REG_READ);
		if (err)
			return err;
		b->src = &regs[insn->src_reg];
		if (!(is_pkt_any(b->dst) && is_pkt_any(b->src)) &&
		    reg_is_pointer(env, insn->src_reg))
			return reject(env, -EACCES, "R%d pointer comparison prohibited\n",
				      insn->src_reg);
		if (b->src->type == PTR_TO_STACK)
			flags |= INSN_F_SRC_REG_STACK;
	} else {
		if (insn->src_reg != BPF_REG_0)
			return reject(env, -EINVAL, "BPF_JMP/JMP32 uses reserved fields\n");
		b->src = &env->fake_reg[0];
		memset(b->src, 0, sizeof(*b->src));
		b->src->type = SCALAR_VALUE;
		b->src->s = scalar_const((int64_t)insn->imm);
	}
	if (b->dst->type == PTR_TO_STACK)
		flags |= INSN_F_DST_REG_STACK;
	return flags ? hist_push(env, env->cur_state, flags, 0) : 0;
}

int jump_check(struct verifier_env *env, const struct bpf_insn *insn)
{
	struct branch b = { .insn = insn,
			    .op = BPF_OP(insn->code),
			    .is32 = BPF_CLASS(insn->code) == BPF_JMP32 };
	int err, taken;

	if (b.op == BPF_JA || b.op > BPF_JCOND)
		return reject(env, -EINVAL, "invalid BPF_JMP/JMP32 opcode %x\n", b.op);
	if (b.op == BPF_JCOND) {
		if (insn->code != (BPF_JMP | BPF_JCOND) || insn->src_reg != BPF_MAY_GOTO ||
		    insn->dst_reg || insn->imm)
			return reject(env, -EINVAL, "invalid may_goto imm %d\n", insn->imm);
		return reject(env, -EINVAL, "may_goto is not supported by this engine\n");
	}
	err = check_operands(env, &b);
	if (err)
		return err;
	taken = branch_taken(b.dst, b.src, b.op, b.is32);
	if (taken < 0)
		return walk_both(env, &b);
	/* the path depends on the values from here on */
	if (b.dst->type == SCALAR_VALUE)
		err = precise_mark_reg(env, insn->dst_reg);
	if (!err && BPF_SRC(insn->code) == BPF_X && b.src->type == SCALAR_VALUE)
		err = precise_mark_reg(env, insn->src_reg);
	if (err)
		return err;
	if (env->log.level & BPF_LOG_LEVEL)
		print_insn_state(env, env->cur_state, env->cur_state->curframe);
	if (taken)
		env->insn_idx += insn->off;
	return 0;
}
