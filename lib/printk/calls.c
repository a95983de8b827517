/* SPDX-License-Identifier: BSD-2-Clause */
#include "printk/calls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"

#define N_REGS 10

/* What a register holds, as far as it matters here. */
struct value {
	uint32_t section; /* 0: anything */
	uint32_t offset;
};

/* Before an instruction, over all ways there. */
struct state {
	bool reached;
	uint16_t set; /* bit n: register n has been set */
	struct value regs[N_REGS];
};

struct flow {
	const struct code_function *f;
	struct state *before; /* of each instruction */
	uint32_t *work;	      /* instructions whose state has changed */
	bool *waiting;	      /* is in work */
	uint32_t n_work;
	const struct code_reference **references; /* by instruction; NULL: it refers to nothing */
};

/* --- one step ------------------------------------------------------------------------------------------ */

static void set_reg(struct state *s, uint32_t reg, struct value value)
{
	if (reg >= N_REGS)
		return;
	s->set |= 1u << reg;
	s->regs[reg] = value;
}

static void after_call(struct state *s)
{
	for (uint32_t reg = 1; reg <= 5; reg++) {
		s->set &= (uint16_t) ~(1u << reg);
		s->regs[reg] = (struct value){ 0 };
	}
	set_reg(s, 0, (struct value){ 0 });
}

static struct value loaded_constant(const struct flow *flow, uint32_t insn)
{
	const struct code_reference *ref = flow->references[insn];
	int64_t at;

	if (!ref || !ref->section_index)
		return (struct value){ 0 };
	at = (int64_t)ref->value + flow->f->insns[insn].imm;
	if (at < 0 || at > UINT32_MAX)
		return (struct value){ 0 };
	return (struct value){ ref->section_index, (uint32_t)at };
}

static void step_alu(struct state *s, const struct bpf_insn *insn)
{
	struct value value = { 0 };

	if (insn->code == (BPF_ALU64 | BPF_MOV | BPF_X) && insn->off == 0 && insn->src_reg < N_REGS)
		value = s->regs[insn->src_reg];
	if (insn->code == (BPF_ALU64 | BPF_ADD | BPF_K) && insn->dst_reg < N_REGS &&
	    s->regs[insn->dst_reg].section) {
		value = s->regs[insn->dst_reg];
		value.offset += (uint32_t)insn->imm;
	}
	set_reg(s, insn->dst_reg, value);
}

/* What the instruction leaves behind, in @s. */
static void step(const struct flow *flow, uint32_t at, struct state *s)
{
	const struct bpf_insn *insn = &flow->f->insns[at];

	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		step_alu(s, insn);
		break;
	case BPF_LD:
		if (insn->code == (BPF_LD | BPF_IMM | BPF_DW))
			set_reg(s, insn->dst_reg, loaded_constant(flow, at));
		else
			after_call(s); /* loads of packet bytes clobber as calls do */
		break;
	case BPF_LDX:
		set_reg(s, insn->dst_reg, (struct value){ 0 });
		break;
	case BPF_STX:
		/* Atomic operations that fetch write their source, or r0; both were set before. */
		if (BPF_MODE(insn->code) == BPF_ATOMIC && insn->imm & BPF_FETCH)
			set_reg(s, insn->imm == BPF_CMPXCHG ? 0 : insn->src_reg,
				(struct value){ 0 });
		break;
	case BPF_JMP:
		if (BPF_OP(insn->code) == BPF_CALL)
			after_call(s);
		break;
	}
}

/* --- over the whole function ---------------------------------------------------------------------------- */

static bool meet(struct state *into, const struct state *from)
{
	bool changed = false;

	if (!into->reached) {
		*into = *from;
		return true;
	}
	if ((into->set & from->set) != into->set) {
		into->set &= from->set;
		changed = true;
	}
	for (uint32_t i = 0; i < N_REGS; i++) {
		if (into->regs[i].section &&
		    memcmp(&into->regs[i], &from->regs[i], sizeof(into->regs[i])) != 0) {
			into->regs[i] = (struct value){ 0 };
			changed = true;
		}
	}
	return changed;
}

static int flow_to(struct flow *flow, int64_t to, const struct state *s)
{
	if (to < 0 || to >= flow->f->n_insns)
		return -EINVAL;
	if (meet(&flow->before[to], s) && !flow->waiting[to]) {
		flow->waiting[to] = true;
		flow->work[flow->n_work++] = (uint32_t)to;
	}
	return 0;
}

static int flow_from(struct flow *flow, uint32_t at)
{
	const struct bpf_insn *insn = &flow->f->insns[at];
	uint8_t class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);
	bool is_jump = (class == BPF_JMP || class == BPF_JMP32) && op != BPF_CALL;
	struct state s = flow->before[at];
	int rc = 0;

	step(flow, at, &s);
	if (is_jump && op == BPF_EXIT)
		return 0;
	if (is_jump) {
		bool is_far = class == BPF_JMP32 && op == BPF_JA;

		rc = flow_to(flow, (int64_t)at + 1 + (is_far ? insn->imm : insn->off), &s);
		if (rc || op == BPF_JA)
			return rc;
	}
	return flow_to(flow, (int64_t)at + 1 + (insn->code == (BPF_LD | BPF_IMM | BPF_DW)), &s);
}

static int run_flow(struct flow *flow, uint32_t n_params)
{
	struct state entry = { .reached = true };
	int rc;

	for (uint32_t reg = 1; reg <= n_params && reg <= 5; reg++)
		entry.set |= 1u << reg;
	rc = flow_to(flow, 0, &entry);
	while (!rc && flow->n_work) {
		uint32_t at = flow->work[--flow->n_work];

		flow->waiting[at] = false;
		rc = flow_from(flow, at);
	}
	return rc;
}

/* --- the calls -------------------------------------------------------------------------------------------- */

static void find_format(struct printk_call *call, const struct buffer *image, struct value value)
{
	const char *data;
	size_t bytes;

	if (!value.section)
		return;
	data = elfcode_section(image, value.section, &bytes);
	if (!data || value.offset >= bytes ||
	    !memchr(data + value.offset, '\0', bytes - value.offset))
		return;
	call->format = data + value.offset;
	call->format_bytes = (uint32_t)(bytes - value.offset);
}

static void add_call(struct printk_calls *calls, const struct flow *flow,
		     const struct buffer *image, uint32_t at)
{
	const struct state *s = &flow->before[at];
	struct printk_call call = { .insn = at, .helper = flow->f->insns[at].imm };

	while (call.n_args < 3 && s->set >> (3 + call.n_args) & 1)
		call.n_args++;
	find_format(&call, image, s->regs[1]);
	array_grow(calls->calls, calls->n);
	calls->calls[calls->n++] = call;
}

static bool is_printk(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == 0 &&
	       (insn->imm == PRINTK_HELPER_TRACE || insn->imm == PRINTK_HELPER_VTRACE);
}

static bool has_calls(const struct code_function *f)
{
	for (uint32_t i = 0; i < f->n_insns; i++)
		if (is_printk(&f->insns[i]))
			return true;
	return false;
}

int printk_calls_find(const struct code_function *f, const struct buffer *image, uint32_t n_params,
		      struct printk_calls *calls, struct error *err)
{
	struct flow flow = { .f = f };
	int rc;

	if (!has_calls(f))
		return 0;
	if (f->n_insns > PRINTK_INSNS_MAX)
		return error_set(err, -EFBIG, "function %s has more than %u instructions", f->name,
				 PRINTK_INSNS_MAX);
	flow.before = xcalloc(f->n_insns, sizeof(flow.before[0]));
	flow.work = xcalloc(f->n_insns, sizeof(flow.work[0]));
	flow.waiting = xcalloc(f->n_insns, sizeof(flow.waiting[0]));
	flow.references = xcalloc(f->n_insns, sizeof(flow.references[0]));
	for (uint32_t i = 0; i < f->n_references; i++)
		flow.references[f->references[i].insn] = &f->references[i];
	rc = run_flow(&flow, n_params);
	if (rc)
		error_set(err, rc, "function %s jumps to somewhere else", f->name);
	for (uint32_t i = 0; !rc && i < f->n_insns; i++)
		if (flow.before[i].reached && is_printk(&f->insns[i]))
			add_call(calls, &flow, image, i);
	free(flow.before);
	free(flow.work);
	free(flow.waiting);
	free(flow.references);
	return rc;
}

void printk_calls_deinit(struct printk_calls *calls)
{
	free(calls->calls);
	*calls = (struct printk_calls){ 0 };
}
