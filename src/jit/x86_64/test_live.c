/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: a register is live where gen_live() says so, and only there. Method: random programs, each
 * answer against a walk along all paths to the next read; code laid out so that passes backwards do
 * not get to an end, where every register has to count as live.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "interp/test_gen.h"
#include "jit/x86_64/gen.h"

#define PROGS 60
#define REGS 12
#define BLOCKS 40

/* What gen.c has found out when it asks. */
static void set_up(struct jit_gen *g, const struct prog *prog)
{
	*g = (struct jit_gen){ .prog = prog };
	g->regs = calloc(prog->n_insns, sizeof(g->regs[0]));
	g->subs = calloc(prog->n_subprogs, sizeof(g->subs[0]));
	assert_non_null(g->regs);
	assert_non_null(g->subs);
	for (uint32_t pc = 0; pc < prog->n_insns; pc++) {
		g->regs[pc].read = isa_regs_read(&prog->insns[pc]);
		g->regs[pc].written = isa_regs_written(&prog->insns[pc]);
	}
	for (uint32_t i = 0; i < prog->n_subprogs; i++) {
		g->sub = &prog->subprogs[i];
		g->subs[i].has_loops = true;
		gen_live(g);
	}
}

static void tear_down(struct jit_gen *g)
{
	free(g->regs);
	free(g->subs);
}

/* Is there a path from @pc to a read of @reg without a write in between? */
static bool is_read_later(const struct prog *prog, uint32_t pc, uint8_t reg, uint8_t *been)
{
	while (!been[pc]) {
		const struct bpf_insn *insn = &prog->insns[pc];

		been[pc] = 1;
		if (isa_regs_read(insn) >> reg & 1)
			return true;
		if (isa_is_exit(insn) || isa_regs_written(insn) >> reg & 1)
			return false;
		if (isa_is_ja(insn)) {
			pc = (uint32_t)isa_jump_target(insn, pc);
			continue;
		}
		if (isa_is_jump(insn) &&
		    is_read_later(prog, (uint32_t)isa_jump_target(insn, pc), reg, been))
			return true;
		pc += (uint32_t)isa_insn_slots(insn);
	}
	return false;
}

static void live_is_what_is_read_later(void **state)
{
	uint32_t live = 0, all = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= PROGS; seed++) {
		struct test_prog *tp = test_gen_prog(seed, 40);
		const struct prog *prog = &tp->prog;
		uint8_t *been = malloc(prog->n_insns);
		struct jit_gen g;

		assert_non_null(been);
		set_up(&g, prog);
		for (uint32_t pc = 0; pc < prog->n_insns;
		     pc += (uint32_t)isa_insn_slots(&prog->insns[pc])) {
			for (uint8_t reg = 0; reg < REGS; reg++, all++) {
				memset(been, 0, prog->n_insns);
				if (is_read_later(prog, pc, reg, been) != (g.regs[pc].live >> reg & 1))
					fail_msg("seed %llu, instruction %u, register %u",
						 (unsigned long long)seed, pc, reg);
				live += g.regs[pc].live >> reg & 1;
			}
		}
		free(been);
		tear_down(&g);
		test_prog_free(tp);
	}
	/* Both answers are given often. */
	assert_in_range(live, all / 5, all - all / 5);
}

/* goto last; 1: exit; 2: goto 1; 3: goto 2; …: each pass goes back by one block. */
static void where_no_end_is_in_sight_all_are_live(void **state)
{
	struct bpf_insn insns[BLOCKS + 2];
	struct test_prog *tp;
	struct jit_gen g;

	(void)state;
	insns[0] = BPF_JMP_A(BLOCKS - 1);
	insns[1] = BPF_EXIT_INSN();
	for (int i = 2; i <= BLOCKS; i++)
		insns[i] = BPF_JMP_A(-2);
	tp = test_prog_new(insns, BLOCKS + 1);
	set_up(&g, &tp->prog);
	for (uint32_t pc = 0; pc <= BLOCKS; pc++)
		assert_int_equal(g.regs[pc].live, 0xffff);
	tear_down(&g);
	test_prog_free(tp);

	tp = test_prog_new(insns + 1, 4);
	set_up(&g, &tp->prog);
	for (uint32_t pc = 0; pc < 4; pc++)
		assert_int_equal(g.regs[pc].live, 1);
	tear_down(&g);
	test_prog_free(tp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(live_is_what_is_read_later),
		cmocka_unit_test(where_no_end_is_in_sight_all_are_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
