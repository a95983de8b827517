/* SPDX-License-Identifier: BSD-2-Clause */
/* See test_control.h. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/bits.h"
#include "base/macros.h"
#include "interp/test_control.h"
#include "interp/test_isa.h"

/* Floors: what the vectors must at least have reached. */
#define KINDS_MIN 161
#define RUNS_MIN 1000000

static struct test_prog *prepared(const struct test_engine *engine, struct test_prog *tp)
{
	assert_int_equal(engine->prepare(&tp->prog), 0);
	return tp;
}

static void done(const struct test_engine *engine, struct test_prog *tp)
{
	engine->free(&tp->prog);
	test_prog_free(tp);
}

/* --- every instruction --------------------------------------------------------------------------- */

struct tally {
	const struct test_engine *engine;
	uint64_t kinds[BITMAP_WORDS(ISA_KINDS_MAX)];
	uint64_t cases, runs, wrong;
};

static void complain(const struct tally *t, const struct bpf_insn *insn, const struct isa_io *in,
		     const struct isa_io *got, const struct isa_io *want)
{
	print_error("%s: code %#x dst %d src %d off %d imm %#x: dst %#llx src %#llx r0 %#llx gives "
		    "%#llx %#llx %#llx taken %llu, wanted %#llx %#llx %#llx taken %llu%s\n",
		    t->engine->name, insn->code, insn->dst_reg, insn->src_reg, insn->off, insn->imm,
		    (unsigned long long)in->dst, (unsigned long long)in->src,
		    (unsigned long long)in->r0, (unsigned long long)got->dst,
		    (unsigned long long)got->src, (unsigned long long)got->r0,
		    (unsigned long long)got->taken, (unsigned long long)want->dst,
		    (unsigned long long)want->src, (unsigned long long)want->r0,
		    (unsigned long long)want->taken,
		    memcmp(got->mem, want->mem, sizeof(got->mem)) ? ", memory differs" : "");
}

static void one_case(const struct bpf_insn *insn, void *arg)
{
	struct bpf_insn insns[ISA_PROG_INSNS_MAX];
	struct tally *t = arg;
	struct test_prog *tp = test_prog_new(insns, isa_case_prog(insn, insns));
	struct isa_io in, got, want;

	if (t->engine->prepare(&tp->prog)) {
		print_error("%s: refuses code %#x off %d imm %#x\n", t->engine->name, insn->code,
			    insn->off, insn->imm);
		t->wrong++;
		test_prog_free(tp);
		return;
	}
	for (uint32_t i = 0; isa_operands(insn, i, &in); i++) {
		got = want = in;
		isa_twin(insn, &want);
		test_prog_run(tp, &got, NULL);
		t->runs++;
		if (memcmp(&got, &want, sizeof(got)) && t->wrong++ < 20)
			complain(t, insn, &in, &got, &want);
	}
	t->cases++;
	bitmap_set(t->kinds, isa_kind(insn));
	done(t->engine, tp);
}

void control_every_instruction(const struct test_engine *engine)
{
	struct tally t = { .engine = engine };
	size_t kinds;

	isa_each_case(one_case, &t);
	kinds = bitmap_count(t.kinds, ISA_KINDS_MAX);
	print_message("%s: %zu kinds of instruction, %llu cases, %llu runs, %llu wrong\n",
		      engine->name, kinds, (unsigned long long)t.cases, (unsigned long long)t.runs,
		      (unsigned long long)t.wrong);
	assert_int_equal(t.wrong, 0);
	assert_true(kinds >= KINDS_MIN);
	assert_true(t.runs >= RUNS_MIN);
}

/* --- calls --------------------------------------------------------------------------------------- */

static uint64_t sum_helper(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	return a + 2 * b + 3 * c + 5 * d + 7 * e;
}

/* Something that needs the ABI's stack alignment. */
static uint64_t align_helper(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	(void)a, (void)b, (void)c, (void)d, (void)e;
	return (uint64_t)(uintptr_t)__builtin_frame_address(0) & 15;
}

static void helpers_get_five_arguments(const struct test_engine *engine)
{
	const struct bpf_insn insns[] = {
		BPF_MOV64_IMM(6, 1000),    BPF_MOV64_IMM(7, 2000),     BPF_MOV64_IMM(8, 3000),
		BPF_MOV64_IMM(9, 4000),    BPF_MOV64_IMM(1, 10),       BPF_MOV64_IMM(2, 20),
		BPF_MOV64_IMM(3, 30),      BPF_MOV64_IMM(4, 40),       BPF_MOV64_IMM(5, 50),
		BPF_CALL_HELPER(0),        BPF_ALU64_REG(BPF_ADD, 0, 6), BPF_ALU64_REG(BPF_ADD, 0, 7),
		BPF_ALU64_REG(BPF_ADD, 0, 8), BPF_ALU64_REG(BPF_ADD, 0, 9), BPF_EXIT_INSN(),
	};
	struct test_prog *tp = test_prog_new(insns, ARRAY_SIZE(insns));

	test_prog_call(tp, sum_helper, 1);
	prepared(engine, tp);
	assert_int_equal(test_prog_run(tp, NULL, NULL), 10 + 40 + 90 + 200 + 350 + 10000);
	done(engine, tp);
}

static uint64_t slot_helper(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	(void)a, (void)b, (void)c, (void)d, (void)e;
	return run_current()->slot;
}

static void slot_is_the_processor_number(const struct test_engine *engine)
{
	const struct bpf_insn insns[] = { BPF_MOV64_IMM(0, -1), BPF_CALL_HELPER(0), BPF_EXIT_INSN() };
	struct test_prog *tp = test_prog_new(insns, ARRAY_SIZE(insns));
	struct run_ctx rc = { .slot = 0x80000003 };

	test_prog_call(tp, slot_helper, BPF_FUNC_get_smp_processor_id);
	prepared(engine, tp);
	run_push(&rc);
	assert_int_equal(tp->prog.run(NULL, &tp->prog), 0x80000003);
	run_pop(&rc);
	done(engine, tp);
}

static void percpu_addresses_are_of_this_slot(const struct test_engine *engine)
{
	const struct bpf_insn insns[] = {
		BPF_RAW_INSN(BPF_ALU64 | BPF_MOV | BPF_X, 4, 1, BPF_ADDR_PERCPU, 0x12345),
		BPF_RAW_INSN(BPF_ALU64 | BPF_MOV | BPF_X, 4, 4, BPF_ADDR_PERCPU, 8),
		BPF_MOV64_REG(0, 4),
		BPF_EXIT_INSN(),
	};
	struct test_prog *tp = prepared(engine, test_prog_new(insns, ARRAY_SIZE(insns)));
	struct run_ctx rc = { .slot = 0x30001 };

	run_push(&rc);
	assert_int_equal(tp->prog.run((void *)0x1000, &tp->prog),
			 0x1000 + UINT64_C(0x30001) * (0x12345 + 8));
	run_pop(&rc);
	done(engine, tp);
}

/* In frames with every number of saved registers and with odd stack sizes. */
static void helpers_get_an_aligned_stack(const struct test_engine *engine)
{
	const uint32_t stacks[] = { 0, 8, 16, 24, 40, 512 };

	for (uint32_t saved = 0; saved <= 4; saved++) {
		struct bpf_insn insns[8];
		uint32_t n = 0;

		for (uint8_t r = 0; r < saved; r++)
			insns[n++] = BPF_MOV64_IMM((uint8_t)(6 + r), r);
		insns[n++] = BPF_CALL_HELPER(0);
		insns[n++] = BPF_EXIT_INSN();
		for (size_t i = 0; i < ARRAY_SIZE(stacks); i++) {
			struct test_prog *tp = test_prog_new(insns, n);

			tp->subprogs[0].stack_bytes = stacks[i];
			test_prog_call(tp, align_helper, 1);
			prepared(engine, tp);
			assert_int_equal(test_prog_run(tp, NULL, NULL), 0);
			done(engine, tp);
		}
	}
}

/* Eight frames, each filling its whole stack and its saved registers, each checking them after. */
static void frames_are_their_own(const struct test_engine *engine)
{
	enum { DEPTH = PROG_CALL_FRAMES_MAX, LEN = 16 };
	struct bpf_insn insns[DEPTH * LEN];
	struct test_prog *tp;

	for (int32_t f = 0; f < DEPTH; f++) {
		const struct bpf_insn body[LEN] = {
			BPF_MOV64_IMM(6, 100 + f),
			BPF_MOV64_IMM(9, 200 + f),
			BPF_ST_MEM(BPF_DW, 10, -8, 300 + f),
			BPF_ST_MEM(BPF_DW, 10, -512, 400 + f),
			BPF_ALU64_IMM(BPF_ADD, 1, 1),
			f + 1 < DEPTH ? BPF_CALL_REL(LEN - 6) : BPF_MOV64_REG(0, 1),
			BPF_JMP_IMM(BPF_JNE, 6, 100 + f, 7),
			BPF_JMP_IMM(BPF_JNE, 9, 200 + f, 6),
			BPF_LDX_MEM(BPF_DW, 2, 10, -8),
			BPF_JMP_IMM(BPF_JNE, 2, 300 + f, 4),
			BPF_LDX_MEM(BPF_DW, 2, 10, -512),
			BPF_JMP_IMM(BPF_JNE, 2, 400 + f, 2),
			BPF_ALU64_IMM(BPF_ADD, 0, 10),
			BPF_EXIT_INSN(),
			BPF_MOV64_IMM(0, -1000),
			BPF_EXIT_INSN(),
		};

		memcpy(insns + f * LEN, body, sizeof(body));
	}
	tp = test_prog_new(insns, ARRAY_SIZE(insns));
	for (uint32_t f = 1; f < DEPTH; f++)
		test_prog_cut(tp, f * LEN);
	prepared(engine, tp);
	assert_int_equal(test_prog_run(tp, (void *)5, NULL), 5 + DEPTH + 10 * DEPTH);
	done(engine, tp);
}

/* --- callbacks ----------------------------------------------------------------------------------- */

static uint64_t loop_helper(uint64_t n, uint64_t callback, uint64_t arg, uint64_t d, uint64_t e)
{
	uint64_t i;

	(void)d, (void)e;
	for (i = 0; i < n; i++) {
		const uint64_t args[5] = { i, arg, 3, 4, 5 };

		if (run_callback(run_current()->prog, callback, args))
			break;
	}
	return i;
}

static const struct bpf_insn loop_insns[] = {
	BPF_ST_MEM(BPF_DW, 10, -8, 0),
	BPF_MOV64_IMM(6, 77),
	BPF_MOV64_IMM(1, 10),
	BPF_LD_IMM64_RAW(2, BPF_PSEUDO_FUNC, 1),
	BPF_MOV64_REG(3, 10),
	BPF_ALU64_IMM(BPF_ADD, 3, -8),
	BPF_CALL_HELPER(0),
	BPF_LDX_MEM(BPF_DW, 1, 10, -8),
	BPF_ALU64_REG(BPF_ADD, 0, 1),
	BPF_ALU64_REG(BPF_ADD, 0, 6),
	BPF_EXIT_INSN(),
	/* callback: *arg += i + r3 + r4 + r5; stop after 7 */
	BPF_MOV64_IMM(6, 0),
	BPF_ALU64_REG(BPF_ADD, 3, 4),
	BPF_ALU64_REG(BPF_ADD, 3, 5),
	BPF_ALU64_REG(BPF_ADD, 3, 1),
	BPF_LDX_MEM(BPF_DW, 4, 2, 0),
	BPF_ALU64_REG(BPF_ADD, 3, 4),
	BPF_STX_MEM(BPF_DW, 2, 3, 0),
	BPF_MOV64_IMM(0, 0),
	BPF_JMP_IMM(BPF_JLT, 1, 7, 1),
	BPF_MOV64_IMM(0, 1),
	BPF_EXIT_INSN(),
};

#define LOOP_RESULT (7 + (8 * 12 + 28) + 77)

static struct test_prog *loop_prog(void)
{
	struct test_prog *tp = test_prog_new(loop_insns, ARRAY_SIZE(loop_insns));

	test_prog_cut(tp, 12);
	test_prog_call(tp, loop_helper, 181);
	return tp;
}

static void helpers_call_back(const struct test_engine *engine)
{
	struct test_prog *tp = prepared(engine, loop_prog());

	assert_int_equal(test_prog_run(tp, NULL, NULL), LOOP_RESULT);
	done(engine, tp);
}

/* --- tail calls ---------------------------------------------------------------------------------- */

/* Counts entries in *ctx, then tail calls slot @index of @array; 7 when that fails. */
static struct test_prog *tail_prog(struct held_array *array, int32_t index)
{
	const struct bpf_insn insns[] = {
		BPF_LDX_MEM(BPF_DW, 6, 1, 0),
		BPF_ALU64_IMM(BPF_ADD, 6, 1),
		BPF_STX_MEM(BPF_DW, 1, 6, 0),
		BPF_STX_MEM(BPF_DW, 10, 6, -8),
		BPF_LD_IMM64(2, (uintptr_t)array),
		BPF_MOV64_IMM(3, index),
		BPF_CALL_HELPER(0),
		BPF_MOV64_IMM(0, 7),
		BPF_EXIT_INSN(),
	};
	struct test_prog *tp = test_prog_new(insns, ARRAY_SIZE(insns));

	test_prog_call(tp, NULL, BPF_FUNC_tail_call);
	return tp;
}

static void tail_calls_end_at_the_limit(const struct test_engine *engine)
{
	struct held_array *array = test_prog_array_new(4);
	struct test_prog *tp = prepared(engine, tail_prog(array, 2));
	uint64_t entries = 0;
	uint32_t made;

	array->slots[2] = &tp->prog.obj;
	assert_int_equal(test_prog_run(tp, &entries, &made), 7);
	assert_int_equal(made, PROG_TAIL_CALLS_MAX);
	assert_int_equal(entries, PROG_TAIL_CALLS_MAX + 1);
	done(engine, tp);
	test_prog_array_free(array);
}

static void tail_calls_to_nothing_fall_through(const struct test_engine *engine)
{
	const int32_t empty[] = { 0, 3, 4, 5, 0x7fffffff, -1, INT32_MIN };
	struct held_array *array = test_prog_array_new(4);

	for (size_t i = 0; i < ARRAY_SIZE(empty); i++) {
		struct test_prog *tp = prepared(engine, tail_prog(array, empty[i]));
		uint64_t entries = 0;
		uint32_t made;

		array->slots[2] = &tp->prog.obj;
		assert_int_equal(test_prog_run(tp, &entries, &made), 7);
		assert_int_equal(made, 0);
		assert_int_equal(entries, 1);
		done(engine, tp);
	}
	test_prog_array_free(array);
}

/* Only the low half of the index counts, as in the kernel. */
static void tail_call_index_is_32_bits(const struct test_engine *engine)
{
	struct held_array *array = test_prog_array_new(4);
	struct bpf_insn insns[] = {
		BPF_LD_IMM64(2, (uintptr_t)array), BPF_LD_IMM64(3, 0x700000001), BPF_CALL_HELPER(0),
		BPF_MOV64_IMM(0, 7),               BPF_EXIT_INSN(),
	};
	const struct bpf_insn end[] = { BPF_MOV64_IMM(0, 9), BPF_EXIT_INSN() };
	struct test_prog *tp = test_prog_new(insns, ARRAY_SIZE(insns));
	struct test_prog *to = prepared(engine, test_prog_new(end, ARRAY_SIZE(end)));

	test_prog_call(tp, NULL, BPF_FUNC_tail_call);
	prepared(engine, tp);
	array->slots[1] = &to->prog.obj;
	assert_int_equal(test_prog_run(tp, NULL, NULL), 9);
	done(engine, tp);
	done(engine, to);
	test_prog_array_free(array);
}

/* The target of a tail call in a subprogram returns to the subprogram's caller. */
static void tail_call_replaces_the_frame_it_is_in(const struct test_engine *engine)
{
	struct held_array *array = test_prog_array_new(1);
	const struct bpf_insn insns[] = {
		BPF_MOV64_IMM(6, 1000),
		BPF_MOV64_IMM(7, 2000),
		BPF_STX_MEM(BPF_DW, 10, 7, -8),
		BPF_CALL_REL(4),
		BPF_ALU64_REG(BPF_ADD, 0, 6),
		BPF_LDX_MEM(BPF_DW, 7, 10, -8),
		BPF_ALU64_REG(BPF_ADD, 0, 7),
		BPF_EXIT_INSN(),
		/* the subprogram */
		BPF_MOV64_IMM(6, 5),
		BPF_MOV64_IMM(8, 5),
		BPF_ST_MEM(BPF_DW, 10, -8, 5),
		BPF_LD_IMM64(2, (uintptr_t)array),
		BPF_MOV64_IMM(3, 0),
		BPF_CALL_HELPER(0),
		BPF_MOV64_IMM(0, -1),
		BPF_EXIT_INSN(),
	};
	struct test_prog *tp = test_prog_new(insns, ARRAY_SIZE(insns));
	struct test_prog *to = prepared(engine, loop_prog());
	uint32_t made;

	test_prog_cut(tp, 8);
	test_prog_call(tp, NULL, BPF_FUNC_tail_call);
	tp->subprogs[1].stack_bytes = 8;
	prepared(engine, tp);
	array->slots[0] = &to->prog.obj;
	assert_int_equal(test_prog_run(tp, NULL, &made), LOOP_RESULT + 3000);
	assert_int_equal(made, 1);
	done(engine, tp);
	done(engine, to);
	test_prog_array_free(array);
}

/* --- faults -------------------------------------------------------------------------------------- */

static void loads_that_fault_read_0(const struct test_engine *engine)
{
	const uint8_t sizes[] = { BPF_B, BPF_H, BPF_W, BPF_DW };
	uint8_t *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const uint64_t bad[] = { 0, 8, 4096, (uint64_t)(uintptr_t)page + 4096, UINT64_C(1) << 47,
				 0xffff888000000000, 0x123456789abcdef0 };

	memset(page, 0x91, 4096);
	munmap(page + 4096, 4096);
	for (uint32_t k = 0; k < 4 * 8; k++) {
		uint8_t dst = k & 4 ? 1 : 8, base = k & 8 ? 9 : 1;
		bool is_sx = k & 16 && sizes[k & 3] != BPF_DW;
		const struct bpf_insn insns[] = {
			BPF_MOV64_REG(base, 1),
			BPF_MOV64_IMM(dst == base ? 0 : dst, -1),
			is_sx ? BPF_LDX_MEMSX(sizes[k & 3], dst, base, 16) :
				BPF_LDX_MEM(sizes[k & 3], dst, base, 16),
			BPF_MOV64_REG(0, dst),
			BPF_EXIT_INSN(),
		};
		struct test_prog *tp = test_prog_new(insns, ARRAY_SIZE(insns));
		int bits = isa_size_bytes(insns[2].code) * 8;
		uint64_t want = 0x9191919191919191 >> (64 - bits);

		tp->prog.facts[2].may_fault = true;
		prepared(engine, tp);
		for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
			assert_int_equal(test_prog_run(tp, (void *)(bad[i] - 16), NULL), 0);
		if (is_sx)
			want |= ~UINT64_C(0) << (bits - 1);
		assert_int_equal(test_prog_run(tp, page, NULL), want);
		done(engine, tp);
	}
	munmap(page, 4096);
}

/* --- jumps --------------------------------------------------------------------------------------- */

/*
 * Jumps over @pad instructions both ways, of sizes around every limit an encoding may have:
 *	r0 = 0; goto A; B: r0 += 2; exit; A: if r1 == 0 goto C; pad; C: r0 += 1; goto B
 */
static void jump_over(const struct test_engine *engine, uint32_t pad)
{
	struct bpf_insn *insns = test_calloc(pad + 16, sizeof(*insns));
	bool is_far = pad + 16 > INT16_MAX;
	struct test_prog *tp;
	uint32_t n = 0;

	insns[n++] = BPF_MOV64_IMM(0, 0);
	insns[n++] = BPF_JMP_A(2);
	insns[n++] = BPF_ALU64_IMM(BPF_ADD, 0, 2);
	insns[n++] = BPF_EXIT_INSN();
	if (is_far) {
		insns[n++] = BPF_JMP_IMM(BPF_JNE, 1, 0, 1);
		insns[n++] = BPF_JMP32_A((int32_t)pad);
	} else {
		insns[n++] = BPF_JMP_IMM(BPF_JEQ, 1, 0, (int16_t)pad);
	}
	for (uint32_t i = 0; i < pad; i++)
		insns[n++] = BPF_ALU64_IMM(BPF_ADD, 0, i & 1 ? 1000 : 1);
	insns[n++] = BPF_ALU64_IMM(BPF_ADD, 0, 1);
	insns[n] = is_far ? BPF_JMP32_A(2 - (int32_t)n - 1) : BPF_JMP_A((int16_t)(2 - (int32_t)n - 1));
	n++;
	tp = prepared(engine, test_prog_new(insns, n));
	assert_int_equal(test_prog_run(tp, NULL, NULL), 3);
	assert_int_equal(test_prog_run(tp, (void *)1, NULL), 3 + pad / 2 * 1000 + (pad + 1) / 2);
	done(engine, tp);
	test_free(insns);
}

static void jumps_of_all_lengths_land(const struct test_engine *engine)
{
	for (uint32_t pad = 0; pad < 80; pad++)
		jump_over(engine, pad);
	jump_over(engine, 32000);
	jump_over(engine, 100000);
}

void control_run_all(const struct test_engine *engine)
{
	helpers_get_five_arguments(engine);
	slot_is_the_processor_number(engine);
	percpu_addresses_are_of_this_slot(engine);
	helpers_get_an_aligned_stack(engine);
	frames_are_their_own(engine);
	helpers_call_back(engine);
	tail_calls_end_at_the_limit(engine);
	tail_calls_to_nothing_fall_through(engine);
	tail_call_index_is_32_bits(engine);
	tail_call_replaces_the_frame_it_is_in(engine);
	loads_that_fault_read_0(engine);
	jumps_of_all_lengths_land(engine);
}

void control_out_of_memory(const struct test_engine *engine)
{
	uint32_t n = 0;
	int err;

	do {
		struct test_prog *tp = loop_prog();

		tp->prog.facts[0].may_fault = tp->prog.facts[7].may_fault = true;
		mem_fail_at = ++n;
		err = engine->prepare(&tp->prog);
		mem_fail_at = 0;
		if (err) {
			assert_int_equal(err, -ENOMEM);
			assert_null(tp->prog.run);
			assert_null(tp->prog.jit_info);
			assert_false(tp->prog.jited);
			test_prog_free(tp);
		} else {
			assert_int_equal(test_prog_run(tp, NULL, NULL), LOOP_RESULT);
			done(engine, tp);
		}
	} while (err);
	assert_true(n > 2);
}

void control_refusals(const struct test_engine *engine)
{
	const struct bpf_insn bad[] = {
		BPF_RAW_INSN(0xff, 0, 0, 0, 0),
		BPF_RAW_INSN(BPF_ALU64 | BPF_ADD, 0, 0, 1, 0),
		BPF_RAW_INSN(BPF_ALU64 | BPF_MOV | BPF_X, 0, 1, 7, 0),
		BPF_RAW_INSN(BPF_ALU64 | BPF_ADD, 12, 0, 0, 0),
		BPF_RAW_INSN(BPF_ALU64 | BPF_MOV | BPF_X, 0, 15, 0, 0),
		BPF_MOVSX32_REG(0, 1, 32),
		BPF_BSWAP(0, 48),
		BPF_LD_ABS(BPF_W, 0),
		BPF_LDX_MEMSX(BPF_DW, 0, 1, 0),
		BPF_ATOMIC_OP(BPF_H, BPF_ADD, 1, 2, 0),
		BPF_ATOMIC_OP(BPF_DW, 0x70, 1, 2, 0),
		BPF_RAW_INSN(BPF_JMP | BPF_JCOND, 0, 0, 0, 0),
		BPF_JMP_A(1),
		BPF_JMP_A(-2),
		BPF_JMP_IMM(BPF_JEQ, 0, 0, 30000),
		BPF_JMP32_A(INT32_MAX),
		BPF_CALL_HELPER(0),
		BPF_CALL_HELPER(-1),
		BPF_CALL_KFUNC(0, 1),
		BPF_CALL_REL(5),
		BPF_RAW_INSN(BPF_LD | BPF_DW | BPF_IMM, 0, BPF_PSEUDO_FUNC, 0, 1),
		BPF_RAW_INSN(BPF_LD | BPF_DW | BPF_IMM, 0, 0, 0, 0),
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const struct bpf_insn insns[] = { bad[i], BPF_EXIT_INSN() };
		/* The last one misses its second half. */
		bool is_last = i == ARRAY_SIZE(bad) - 1;
		struct test_prog *tp = test_prog_new(insns, is_last ? 1 : 2);

		if (engine->prepare(&tp->prog) != -ENOTSUP)
			fail_msg("%s accepts row %zu", engine->name, i);
		assert_null(tp->prog.run);
		assert_null(tp->prog.jit_info);
		test_prog_free(tp);
	}
}
