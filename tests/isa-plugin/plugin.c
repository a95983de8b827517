/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * skep-isa-plugin: runs one program for a runner of ISA conformance tests.
 *
 *   skep-isa-plugin [MEMORY] [--jit | --interpret]   < PROGRAM
 *
 * MEMORY and PROGRAM are bytes of two hex digits each, blanks between them or not; an instruction is 8 bytes,
 * little-endian. The program starts with the address of MEMORY in R1 and its number of bytes in R2 (0 and 0
 * without). Its R0 is printed in hex, exit 0; or a sentence on standard error, exit 1.
 *
 * There is no verifier: the suites hold programs that Linux refuses. What is checked is what the engines
 * take for granted: that instructions exist, and where jumps and calls lead. Memory accesses are not: a
 * program that faults is reported, one that never ends is the runner's to stop.
 *
 * Not done: ELF files, maps, kernel functions, calls through a register. They are refused.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "interp/interp.h"
#include "interp/test_prog.h"
#include "isa/decode.h"
#include "jit/jit.h"

enum {
	INSNS_MAX = 4096,
	INPUT_MAX = INSNS_MAX * 8 * 4 + 1, /* as text: a byte is two digits and two blanks */
	MEMORY_MAX = 1 << 20,
	FAULT_STACK_BYTES = 64 << 10,
};

/* What each slot of the program is, beside an instruction. */
enum slot { SLOT_SECOND_HALF = 1u << 0, SLOT_FUNCTION = 1u << 1 };

struct program {
	struct bpf_insn insns[1 + INSNS_MAX]; /* [0]: sets R2 */
	uint8_t slots[1 + INSNS_MAX];
	uint32_t n;
	uint32_t n_functions;
};

static const struct test_engine jit = { "jit", jit_compile, jit_free };
static const struct test_engine interp = { "interpreter", interp_prepare, interp_free };

static int fail(const char *why)
{
	fprintf(stderr, "skep-isa-plugin: %s\n", why);
	return 1;
}

/* --- hex ------------------------------------------------------------------------------------- */

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The bytes that @text names, at most @max, into @out: NULL or the complaint. */
static const char *parse_hex(const char *text, uint8_t *out, size_t max, size_t *n)
{
	size_t at = 0;

	for (;;) {
		int high, low;

		while (is_blank(*text))
			text++;
		if (!*text)
			break;
		high = digit_of(text[0]);
		low = high < 0 ? -1 : digit_of(text[1]);
		if (low < 0)
			return "a byte is not two hex digits";
		if (at == max)
			return "more bytes than the plugin takes";
		out[at++] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	*n = at;
	return NULL;
}

static const char *read_program(FILE *in, struct program *prog)
{
	static char text[INPUT_MAX + 1];
	size_t n = fread(text, 1, INPUT_MAX, in), bytes = 0;
	const char *why;

	if (ferror(in))
		return "standard input cannot be read";
	if (n == INPUT_MAX)
		return "the program is too long";
	if (memchr(text, 0, n))
		return "the program is not text";
	why = parse_hex(text, (uint8_t *)&prog->insns[1], INSNS_MAX * sizeof(prog->insns[0]), &bytes);
	if (why)
		return why;
	if (!bytes || bytes % sizeof(prog->insns[0]))
		return "the program is not a whole number of instructions";
	prog->n = 1 + (uint32_t)(bytes / sizeof(prog->insns[0]));
	return NULL;
}

/* --- what the engines take for granted ------------------------------------------------------- */

/* The one helper: number 5, the clock, as in Linux. */
static uint64_t helper_ktime(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5)
{
	struct timespec now;

	(void)r1, (void)r2, (void)r3, (void)r4, (void)r5;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static const char *check_call(struct program *prog, uint32_t pc)
{
	const struct bpf_insn *insn = &prog->insns[pc];
	int64_t to = isa_call_target(insn, pc);

	if (isa_is_helper_call(insn))
		return insn->imm == BPF_FUNC_ktime_get_ns ? NULL : "no helper of this number";
	if (!isa_is_pseudo_call(insn))
		return "kernel functions are not supported";
	if (to == 1)
		return "a call of the first instruction is not supported";
	if (to < 1 || to >= prog->n)
		return "a call leaves the program";
	if (!(prog->slots[to] & SLOT_FUNCTION))
		prog->n_functions++;
	prog->slots[to] |= SLOT_FUNCTION;
	return NULL;
}

static const char *check_imm64(struct program *prog, uint32_t pc)
{
	if (prog->insns[pc].src_reg)
		return "maps and other objects are not supported";
	if (pc + 1 == prog->n || prog->insns[pc + 1].code)
		return "a 64-bit immediate has no second half";
	prog->slots[pc + 1] |= SLOT_SECOND_HALF;
	return NULL;
}

static const char *check_insn(struct program *prog, uint32_t pc)
{
	const struct bpf_insn *insn = &prog->insns[pc];

	if (insn->code == (BPF_JMP | BPF_CALL | BPF_X))
		return "a call through a register is not supported";
	if (!isa_row_of(insn) || insn->dst_reg > ISA_REG_FP || insn->src_reg > ISA_REG_FP)
		return "no such instruction";
	if (isa_regs_written(insn) & 1u << ISA_REG_FP)
		return "R10 cannot be written";
	if (isa_is_ld_imm64(insn))
		return check_imm64(prog, pc);
	return isa_is_call(insn) ? check_call(prog, pc) : NULL;
}

/* Jumps of the function at [@start, @end) stay inside it, and it has an end. */
static const char *check_function(const struct program *prog, uint32_t start, uint32_t end,
				  uint32_t *bad)
{
	for (uint32_t pc = start; pc < end; pc++) {
		const struct bpf_insn *insn = &prog->insns[pc];
		int64_t to = isa_jump_target(insn, pc);

		*bad = pc;
		if (prog->slots[pc] & SLOT_SECOND_HALF || !isa_is_jump(insn))
			continue;
		if (to < start || to >= end || prog->slots[to] & SLOT_SECOND_HALF)
			return "a jump leaves its function or ends inside an instruction";
	}
	if (!isa_is_exit(&prog->insns[end - 1]) && !isa_is_ja(&prog->insns[end - 1]))
		return "the function runs past its end";
	return NULL;
}

/* NULL, or the complaint and its instruction. */
static const char *check_program(struct program *prog, uint32_t *bad)
{
	const char *why = NULL;
	uint32_t start = 1;

	for (uint32_t pc = 1; !why && pc < prog->n; pc++) {
		*bad = pc;
		if (!(prog->slots[pc] & SLOT_SECOND_HALF))
			why = check_insn(prog, pc);
	}
	if (!why && prog->n_functions >= TEST_SUBPROGS_MAX)
		why = "the program has too many functions";
	for (uint32_t pc = 2; !why && pc <= prog->n; pc++) {
		if (pc < prog->n && !(prog->slots[pc] & SLOT_FUNCTION))
			continue;
		*bad = pc < prog->n ? pc : prog->n - 1;
		if (pc < prog->n && prog->slots[pc] & SLOT_SECOND_HALF)
			return "a call ends inside an instruction";
		why = check_function(prog, start, pc, bad);
		start = pc;
	}
	return why;
}

/* --- running --------------------------------------------------------------------------------- */

static void on_fault(int sig)
{
	static const char text[] = "skep-isa-plugin: the program faulted\n";
	ssize_t n = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)sig, (void)n;
	_exit(1);
}

/* On a stack of its own: recursion without end faults, too. */
static int catch_faults(void)
{
	static uint8_t stack[FAULT_STACK_BYTES];
	const stack_t own = { .ss_sp = stack, .ss_size = sizeof(stack) };
	const struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_ONSTACK };

	if (sigaltstack(&own, NULL) || sigaction(SIGSEGV, &action, NULL) ||
	    sigaction(SIGBUS, &action, NULL))
		return -errno;
	return 0;
}

static struct test_prog *make(struct program *prog)
{
	struct test_prog *tp;
	uint32_t clock;

	for (uint32_t pc = 1; pc < prog->n; pc++) {
		if (!(prog->slots[pc] & SLOT_SECOND_HALF) && isa_is_helper_call(&prog->insns[pc]))
			prog->insns[pc].imm = 0; /* of calls[] */
	}
	tp = test_prog_new(prog->insns, prog->n);
	clock = test_prog_call(tp, helper_ktime, BPF_FUNC_unspec);
	if (clock != 0)
		abort();
	for (uint32_t pc = 2; pc < prog->n; pc++) {
		if (prog->slots[pc] & SLOT_FUNCTION)
			test_prog_cut(tp, pc);
	}
	return tp;
}

static int run(struct program *prog, const struct test_engine *engine, uint8_t *memory, size_t bytes)
{
	struct test_prog *tp;
	uint64_t r0;
	int err;

	prog->insns[0] = BPF_MOV32_IMM(BPF_REG_2, (int32_t)bytes);
	tp = make(prog);
	err = catch_faults();
	if (!err)
		err = engine->prepare(&tp->prog);
	if (err) {
		fprintf(stderr, "skep-isa-plugin: %s: %s\n", engine->name, strerror(-err));
		test_prog_free(tp);
		return 1;
	}
	r0 = test_prog_run(tp, bytes ? memory : NULL, NULL);
	engine->free(&tp->prog);
	test_prog_free(tp);
	printf("%llx\n", (unsigned long long)r0);
	return fflush(stdout) ? fail("the answer cannot be written") : 0;
}

static const char *parse_args(int argc, char **argv, const struct test_engine **engine,
			      const char **memory)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--interpret"))
			*engine = &interp;
		else if (!strcmp(argv[i], "--jit"))
			*engine = &jit;
		else if (!strcmp(argv[i], "--elf"))
			return "ELF files are not supported: run the suite without --elf";
		else if (i == 1 && argv[i][0] != '-')
			*memory = argv[i];
		else if (argv[i][0])
			return "usage: skep-isa-plugin [MEMORY] [--jit | --interpret] < PROGRAM";
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static struct program prog;
	const struct test_engine *engine = &jit;
	const char *text = "", *why = parse_args(argc, argv, &engine, &text);
	size_t most = strlen(text) / 2, bytes = 0;
	uint8_t *memory;
	uint32_t bad = 0;
	int status;

	if (why)
		return fail(why);
	memory = malloc((most < MEMORY_MAX ? most : MEMORY_MAX) + 1);
	if (!memory)
		return fail("out of memory");
	why = parse_hex(text, memory, most < MEMORY_MAX ? most : MEMORY_MAX, &bytes);
	if (!why)
		why = read_program(stdin, &prog);
	if (!why)
		why = check_program(&prog, &bad);
	if (why && bad)
		fprintf(stderr, "skep-isa-plugin: instruction %u: %s\n", bad - 1, why);
	else if (why)
		fail(why);
	status = why ? 1 : run(&prog, engine, memory, bytes);
	free(memory);
	return status;
}
