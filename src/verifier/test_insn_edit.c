/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * insn_edit against a naive twin: a linked list of nodes whose jumps are pointers. Random programs
 * of three subprograms get random edits; then both are laid out and compared: order, targets of
 * jumps, calls and callback loads, aux, line records, subprogram starts. The twin never computes
 * an offset.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/macros.h"
#include "isa/insn.h"
#include "verifier/env.h"
#include "verifier/insn_edit.h"

#define N_MAX 48
#define NEW_MAX 4
#define ROUNDS 4000
#define NEW_TAG 1000000
#define LINE_COL(pc) ((uint32_t)(pc) << 10 | 1)

/* One instruction of the program before edits, or of a replacement. */
struct node {
	struct node *next;
	struct node *target; /* of a jump, call or callback load */
	uint32_t old_pc;     /* or of the instruction replaced */
	uint32_t fact;	     /* its aux.map_off */
	int32_t tag;	     /* NEW_TAG + … in replacements */
	bool gone;
	bool data; /* second half of a 64-bit immediate */
	struct node *instead; /* first of the replacement */
};

struct twin {
	struct node nodes[N_MAX * (NEW_MAX + 1)];
	uint32_t n, n_old;
	uint32_t starts[4];
};

static uint64_t rng = 0x2545f4914f6cdd1dull;

static uint32_t rnd(uint32_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (uint32_t)((rng >> 16) % n);
}

static struct verifier_env *env_new(uint32_t n)
{
	struct verifier_env *env = mem_zalloc(sizeof(*env));

	env->n_insns = n;
	env->insns = mem_calloc(n, sizeof(*env->insns));
	env->aux = mem_calloc(n, sizeof(*env->aux));
	env->subprogs = mem_calloc(VERIFIER_SUBPROGS_MAX + 2, sizeof(*env->subprogs));
	env->subprog_cnt = 1;
	env->subprogs[1].start = n;
	for (uint32_t pc = 0; pc < n; pc++)
		env->aux[pc] = (struct insn_aux){ .seen = 1, .orig_pc = pc, .map_off = pc + 7 };
	return env;
}

static void env_free(struct verifier_env *env)
{
	free(env->insns);
	free(env->aux);
	free(env->subprogs);
	free(env->btf_info.lines);
	free(env->btf_info.funcs);
	free(env->btf_info.linkage);
	free(env);
}

/* Three subprograms, each of which starts with a line record; more lines at random. */
static void add_subprogs_and_lines(struct verifier_env *env, struct twin *t)
{
	struct btf_prog_info *info = &env->btf_info;
	uint32_t cut[2] = { 1 + rnd(env->n_insns - 2), 1 + rnd(env->n_insns - 2) };

	if (cut[0] > cut[1])
		cut[0] ^= cut[1], cut[1] ^= cut[0], cut[0] ^= cut[1];
	for (unsigned i = 0; i < 2; i++)
		cut[i] += t->nodes[cut[i]].data;
	env->subprog_cnt = 1;
	for (unsigned i = 0; i < 2; i++)
		if (cut[i] > env->subprogs[env->subprog_cnt - 1].start && cut[i] < env->n_insns)
			env->subprogs[env->subprog_cnt++].start = cut[i];
	env->subprogs[env->subprog_cnt].start = env->n_insns;
	info->funcs = mem_calloc(env->subprog_cnt, sizeof(*info->funcs));
	info->linkage = mem_calloc(env->subprog_cnt, 1);
	info->lines = mem_calloc(env->n_insns, sizeof(*info->lines));
	info->n_funcs = env->subprog_cnt;
	for (uint32_t i = 0; i < env->subprog_cnt; i++) {
		t->starts[i] = env->subprogs[i].start;
		info->funcs[i].insn_off = t->starts[i];
		info->funcs[i].type_id = i;
		info->linkage[i] = (uint8_t)i;
	}
	for (uint32_t pc = 0, s = 0; pc < env->n_insns; pc++) {
		bool start = s < env->subprog_cnt && t->starts[s] == pc;

		if (start)
			env->subprogs[s++].linfo_idx = info->n_lines;
		if (!t->nodes[pc].data && (start || rnd(3) == 0))
			info->lines[info->n_lines++] = (struct bpf_line_info){
				.insn_off = pc, .line_col = LINE_COL(pc) };
	}
}

static uint32_t random_target(const struct twin *t)
{
	uint32_t pc = rnd(t->n_old);

	return t->nodes[pc].data ? pc - 1 : pc;
}

static struct verifier_env *random_program(struct twin *t)
{
	uint32_t n = 6 + rnd(N_MAX - 6);
	struct verifier_env *env = env_new(n);

	memset(t, 0, sizeof(*t));
	t->n = t->n_old = n;
	for (uint32_t pc = 0; pc < n; pc++) {
		t->nodes[pc] = (struct node){ .next = pc + 1 < n ? &t->nodes[pc + 1] : NULL,
					      .old_pc = pc, .tag = (int32_t)pc,
					      .fact = pc + 7 };
		env->insns[pc] = BPF_MOV64_IMM(BPF_REG_0, (int32_t)pc);
		if (pc && isa_is_ld_imm64(&env->insns[pc - 1]) && !t->nodes[pc - 1].data) {
			env->insns[pc] = (struct bpf_insn){ .imm = (int32_t)pc };
			t->nodes[pc].data = true;
		} else if (pc + 1 < n && rnd(6) == 0) {
			env->insns[pc] = BPF_RAW_INSN(BPF_LD | BPF_IMM | BPF_DW, 1, 0, 0, (int)pc);
		}
	}
	for (uint32_t pc = 0; pc < n; pc++) {
		uint32_t to = random_target(t), kind = rnd(8);
		int32_t off = (int32_t)(to - pc - 1);
		struct bpf_insn *insn = &env->insns[pc];

		if (t->nodes[pc].data || kind > 4)
			continue;
		if (isa_is_ld_imm64(insn)) {
			if (kind)
				continue;
			insn->src_reg = BPF_PSEUDO_FUNC;
			insn->imm = off;
		} else {
			*insn = kind == 0 ? BPF_CALL_REL(off) :
				kind == 1 ? BPF_JMP32_A(off) :
				kind == 2 ? BPF_JMP_A((int16_t)off) :
					    BPF_JMP_IMM(BPF_JEQ, BPF_REG_0, (int32_t)pc, (int16_t)off);
		}
		t->nodes[pc].target = &t->nodes[to];
	}
	add_subprogs_and_lines(env, t);
	return env;
}

static void twin_replace(struct twin *t, uint32_t pc, uint32_t n, const struct bpf_insn *code,
			 uint32_t n_new, struct node *target, uint32_t target_k)
{
	struct node *prev = NULL;

	for (uint32_t k = 0; k < n; k++)
		t->nodes[pc + k].gone = true;
	for (uint32_t k = 0; k < n_new; k++) {
		struct node *node = &t->nodes[t->n++];

		*node = (struct node){ .old_pc = pc, .tag = code[k].imm,
				       .target = k == target_k ? target : NULL };
		/* Like for like keeps all facts; else the last inherits those of the first. */
		if (n == n_new)
			node->old_pc = pc + k;
		if (n == n_new || k == n_new - 1)
			node->fact = node->old_pc + 7;
		if (prev)
			prev->next = node;
		else
			t->nodes[pc].instead = node;
		prev = node;
	}
}

static void random_edits(struct verifier_env *env, struct twin *t, struct insn_edits *e)
{
	int32_t tag = NEW_TAG;

	for (uint32_t pc = 0; pc + 2 < env->n_insns; pc++) {
		struct bpf_insn code[NEW_MAX];
		uint32_t n = 1 + t->nodes[pc + 1].data, n_new = 1 + rnd(NEW_MAX), k, to;

		if (rnd(3) || t->nodes[pc].data)
			continue;
		if (rnd(2)) {
			n_new = 0;
			n = 1 + rnd(2);
			n += t->nodes[pc + n].data;
		}
		for (k = 0; k < n_new; k++)
			code[k] = BPF_MOV64_IMM(BPF_REG_2, tag++);
		k = rnd(NEW_MAX);
		to = random_target(t);
		if (k < n_new)
			code[k] = BPF_JMP_IMM(BPF_JNE, BPF_REG_2, tag++, 0);
		insn_edits_replace(e, pc, n, code, n_new);
		if (k < n_new)
			insn_edits_outward(e, k, to);
		twin_replace(t, pc, n, code, n_new, &t->nodes[to], k);
		pc += n - 1;
	}
}

/* The node that stands where `node` stood, or next after it; NULL: the end. */
static struct node *resolve(struct node *node)
{
	while (node && node->gone && !node->instead)
		node = node->next;
	return node && node->gone ? node->instead : node;
}

static uint32_t twin_layout(struct twin *t, struct node **out)
{
	uint32_t n = 0;

	for (struct node *old = t->nodes; old; old = old->next) {
		if (!old->gone)
			out[n++] = old;
		for (struct node *new = old->instead; new; new = new->next)
			out[n++] = new;
	}
	return n;
}

static uint32_t place_of(struct node **layout, uint32_t n, const struct node *node)
{
	uint32_t i = 0;

	while (i < n && layout[i] != node)
		i++;
	return i;
}

static void check_code(struct verifier_env *env, struct node **layout, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct bpf_insn *insn = &env->insns[i];
		const struct node *node = layout[i];
		int64_t to = -1;

		if (!node->data && isa_is_jump(insn))
			to = isa_jump_target(insn, i);
		else if (!node->data && (isa_is_pseudo_call(insn) || isa_is_pseudo_func(insn)))
			to = isa_call_target(insn, i);
		if (node->target)
			assert_int_equal(to, place_of(layout, n, resolve(node->target)));
		else if (!isa_is_ja(insn))
			assert_int_equal(insn->imm, node->tag);
		assert_int_equal(env->aux[i].orig_pc, node->old_pc);
		assert_int_equal(env->aux[i].seen, 1);
		assert_int_equal(env->aux[i].map_off, node->fact);
	}
}

/* lines: as they were before the edits. */
static void check_lines(struct verifier_env *env, struct twin *t, struct node **layout, uint32_t n,
			const struct bpf_line_info *lines, uint32_t n_lines)
{
	const struct btf_prog_info *info = &env->btf_info;
	uint32_t at = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct bpf_line_info *want = NULL;

		for (uint32_t l = 0; l < n_lines; l++)
			if (resolve(&t->nodes[lines[l].insn_off]) == layout[i])
				want = &lines[l];
		if (!want)
			continue;
		assert_in_range(at, 0, info->n_lines - 1);
		assert_int_equal(info->lines[at].insn_off, i);
		assert_int_equal(info->lines[at].line_col, want->line_col);
		at++;
	}
	assert_int_equal(at, info->n_lines);
}

static uint32_t check_subprogs(struct verifier_env *env, struct twin *t, struct node **layout,
			       uint32_t n, uint32_t old_cnt)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < old_cnt; i++) {
		uint32_t end = i + 1 < old_cnt ? t->starts[i + 1] : t->n_old;
		uint32_t from = place_of(layout, n, resolve(&t->nodes[t->starts[i]]));
		uint32_t to = end == t->n_old ? n : place_of(layout, n, resolve(&t->nodes[end]));

		if (from == to)
			continue;
		assert_int_equal(env->subprogs[at].start, from);
		assert_int_equal(env->btf_info.funcs[at].insn_off, from);
		assert_int_equal(env->btf_info.funcs[at].type_id, i);
		assert_int_equal(env->btf_info.linkage[at], i);
		assert_int_equal(env->btf_info.lines[env->subprogs[at].linfo_idx].insn_off, from);
		at++;
	}
	assert_int_equal(env->subprog_cnt, at);
	assert_int_equal(env->subprogs[at].start, n);
	assert_int_equal(env->btf_info.n_funcs, at);
	return old_cnt - at;
}

static void edited_programs_flow_as_before(void **state)
{
	uint32_t dropped = 0, grown = 0;

	for (unsigned round = 0; round < ROUNDS; round++) {
		static struct twin t;
		struct node *layout[ARRAY_SIZE(t.nodes)];
		struct bpf_line_info lines[N_MAX];
		struct verifier_env *env = random_program(&t);
		struct insn_edits e = { 0 };
		uint32_t n, n_lines = env->btf_info.n_lines, n_subprogs = env->subprog_cnt;

		memcpy(lines, env->btf_info.lines, n_lines * sizeof(lines[0]));
		random_edits(env, &t, &e);
		n = twin_layout(&t, layout);
		assert_int_equal(insn_edits_apply(env, &e), 0);
		assert_int_equal(env->n_insns, n);
		check_code(env, layout, n);
		check_lines(env, &t, layout, n, lines, n_lines);
		dropped += check_subprogs(env, &t, layout, n, n_subprogs);
		grown += n > t.n_old;
		env_free(env);
	}
	assert_in_range(dropped, 50, ROUNDS);
	assert_in_range(grown, ROUNDS / 4, ROUNDS);
}

static void a_16_bit_jump_out_of_reach_is_erange(void **state)
{
	struct verifier_env *env = env_new(INT16_MAX + 3);
	struct bpf_insn two[2] = { BPF_MOV64_IMM(0, 1), BPF_MOV64_IMM(0, 2) };
	struct bpf_insn *insns = env->insns;

	env->insns[0] = BPF_JMP_IMM(BPF_JEQ, 1, 0, INT16_MAX);
	assert_int_equal(insn_replace(env, 5, 1, two, 2), -ERANGE);
	assert_ptr_equal(env->insns, insns);
	assert_int_equal(env->n_insns, INT16_MAX + 3);
	assert_int_equal(env->subprogs[1].start, INT16_MAX + 3);
	/* gotol reaches. */
	env->insns[0] = BPF_JMP32_A(INT16_MAX);
	assert_int_equal(insn_replace(env, 5, 1, two, 2), 0);
	assert_int_equal(env->insns[0].imm, INT16_MAX + 1);
	env_free(env);
}

static void running_out_of_memory_changes_nothing(void **state)
{
	unsigned failures = 0;

	for (uint32_t fail = 1;; fail++) {
		struct verifier_env *env = env_new(8);
		struct bpf_insn two[2] = { BPF_MOV64_IMM(0, 1), BPF_MOV64_IMM(0, 2) };
		struct bpf_insn *insns = env->insns;
		int err;

		mem_fail_at = fail;
		err = insn_replace(env, 3, 1, two, 2);
		mem_fail_at = 0;
		if (err)
			assert_ptr_equal(env->insns, insns);
		assert_int_equal(env->n_insns, err ? 8 : 9);
		env_free(env);
		if (!err)
			break;
		assert_int_equal(err, -ENOMEM);
		failures++;
	}
	assert_in_range(failures, 3, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edited_programs_flow_as_before),
		cmocka_unit_test(a_16_bit_jump_out_of_reach_is_erange),
		cmocka_unit_test(running_out_of_memory_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
