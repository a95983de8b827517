/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: asm.h encodes what it says. Method: every form with every register is emitted together with
 * its text, and objdump (binutils) must read back the same text. Skipped, saying so, without objdump.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/vec.h"
#include "jit/x86_64/asm.h"

#define TEXT_MAX 80
#define INSNS_MIN 9000

struct text {
	uint32_t off;
	char text[TEXT_MAX];
};

static struct asm_buf buf;
static VEC(struct text) texts;

static const char *const r64[] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
				   "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15" };
static const char *const r32[] = { "eax", "ecx", "edx",  "ebx",  "esp",  "ebp",  "esi",  "edi",
				   "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d" };
static const char *const r16[] = { "ax",  "cx",  "dx",   "bx",   "sp",   "bp",   "si",   "di",
				   "r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w", "r15w" };
static const char *const r8l[] = { "al",  "cl",  "dl",   "bl",   "spl",  "bpl",  "sil",  "dil",
				   "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b" };

/* The next instruction is expected to read so. */
static void __printf_like(1, 2) expect(const char *fmt, ...)
{
	struct text t = { .off = buf.n };
	va_list args;

	va_start(args, fmt);
	vsnprintf(t.text, sizeof(t.text), fmt, args);
	va_end(args);
	assert_int_equal(vec_push(&texts, t), 0);
	assert_int_equal(asm_reserve(&buf, 32), 0);
}

static const char *name(uint32_t mods, int reg)
{
	return mods & X_W ? r64[reg] : mods & X_16 ? r16[reg] : mods & X_8 ? r8l[reg] : r32[reg];
}

/* A displacement as objdump writes it; none where the encoding has none. */
static const char *disp_text(char text[16], int base, int32_t disp)
{
	if (!disp && (base & 7) != RBP)
		text[0] = 0;
	else if (disp < 0)
		snprintf(text, 16, "-0x%x", 0 - (uint32_t)disp);
	else
		snprintf(text, 16, "+0x%x", (uint32_t)disp);
	return text;
}

static void emit_rr(void)
{
	static const struct {
		const char *text;
		uint32_t op, mods;
		bool reg_first;
	} rows[] = {
		{ "add", OP_ADD, X_W, false },    { "or", OP_OR, 0, false },
		{ "and", OP_AND, X_W, false },    { "sub", OP_SUB, 0, false },
		{ "xor", OP_XOR, X_W, false },    { "cmp", OP_CMP, 0, false },
		{ "test", OP_TEST, X_W, false },  { "mov", OP_LOAD, 0, true },
		{ "mov", OP_STORE, X_W, false },  { "imul", OP_IMUL, X_W, true },
		{ "mov", OP_LOAD, X_W, true },
	};

	for (int reg = 0; reg < 16; reg++) {
		for (int rm = 0; rm < 16; rm++) {
			for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
				uint32_t m = rows[i].mods;
				bool first = rows[i].reg_first;

				expect("%s %s,%s", rows[i].text, name(m, first ? reg : rm),
				       name(m, first ? rm : reg));
				asm_rr(&buf, m, rows[i].op, (uint32_t)reg, (enum x86_reg)rm);
			}
			expect("movzx %s,%s", r32[reg], r8l[rm]);
			asm_rr(&buf, X_8, OP_MOVZX8, (uint32_t)reg, (enum x86_reg)rm);
			expect("movsx %s,%s", r64[reg], r16[rm]);
			asm_rr(&buf, X_W, OP_MOVSX16, (uint32_t)reg, (enum x86_reg)rm);
			expect("movsxd %s,%s", r64[reg], r32[rm]);
			asm_rr(&buf, X_W, OP_MOVSXD, (uint32_t)reg, (enum x86_reg)rm);
			expect("rorx %s,%s,0x7", r64[reg], r64[rm]);
			asm_rorx(&buf, X_W, (enum x86_reg)reg, (enum x86_reg)rm, 7);
			expect("shlx %s,%s,%s", r32[reg], r32[rm], r32[15 - reg]);
			asm_shiftx(&buf, 0, SHIFT_SHL, (enum x86_reg)reg, (enum x86_reg)rm,
				   (enum x86_reg)(15 - reg));
			expect("shrx %s,%s,%s", r64[reg], r64[rm], r64[rm]);
			asm_shiftx(&buf, X_W, SHIFT_SHR, (enum x86_reg)reg, (enum x86_reg)rm,
				   (enum x86_reg)rm);
			expect("sarx %s,%s,%s", r64[reg], r64[rm], r64[reg]);
			asm_shiftx(&buf, X_W, SHIFT_SAR, (enum x86_reg)reg, (enum x86_reg)rm,
				   (enum x86_reg)reg);
		}
	}
}

static void emit_memory(void)
{
	static const int32_t disps[] = { 0, 1, 127, 128, -1, -128, -129, 0x12345678 };
	char d[16];

	for (int reg = 0; reg < 16; reg++) {
		for (int base = 0; base < 16; base++) {
			for (size_t i = 0; i < ARRAY_SIZE(disps); i++) {
				int32_t disp = disps[i];
				enum x86_reg b = (enum x86_reg)base;

				disp_text(d, base, disp);
				expect("mov %s,QWORD PTR [%s%s]", r64[reg], r64[base], d);
				asm_rm(&buf, X_W, OP_LOAD, (uint32_t)reg, b, disp);
				expect("mov BYTE PTR [%s%s],%s", r64[base], d, r8l[reg]);
				asm_rm(&buf, X_8, OP_STORE8, (uint32_t)reg, b, disp);
				expect("mov WORD PTR [%s%s],%s", r64[base], d, r16[reg]);
				asm_rm(&buf, X_16, OP_STORE, (uint32_t)reg, b, disp);
				expect("lock cmpxchg DWORD PTR [%s%s],%s", r64[base], d, r32[reg]);
				asm_rm(&buf, X_LOCK, OP_CMPXCHG, (uint32_t)reg, b, disp);
				expect("movzx %s,WORD PTR [%s%s]", r32[reg], r64[base], d);
				asm_rm(&buf, 0, OP_MOVZX16, (uint32_t)reg, b, disp);
			}
			if (base == RSP)
				continue;
			/* base in the place of the index, reg in that of the base */
			disp_text(d, reg, 8);
			expect("lea %s,[%s+%s*4%s]", r64[base], r64[reg], r64[base], d);
			asm_rmi(&buf, X_W, OP_LEA, (uint32_t)base, (enum x86_reg)reg,
				(enum x86_reg)base, 2, 8);
		}
		expect("mov %s,QWORD PTR fs:0xfffffffffffffff0", r64[reg]);
		asm_load_tls(&buf, (enum x86_reg)reg, -16);
	}
}

static void emit_immediates(void)
{
	for (int r = 0; r < 16; r++) {
		enum x86_reg reg = (enum x86_reg)r;

		expect("add %s,0x7f", r64[r]);
		asm_grp1(&buf, X_W, GRP1_ADD, reg, 127);
		expect("sub %s,0x80", r32[r]);
		asm_grp1(&buf, 0, GRP1_SUB, reg, 128);
		expect("cmp %s,0xffffffffffffff7f", r64[r]);
		asm_grp1(&buf, X_W, GRP1_CMP, reg, -129);
		expect("xor %s,0xffffffff", r32[r]);
		asm_grp1(&buf, 0, GRP1_XOR, reg, -1);
		expect("test %s,0x1234", r64[r]);
		asm_test_imm(&buf, X_W, reg, 0x1234);
		expect("shl %s,1", r64[r]);
		asm_shift(&buf, X_W, SHIFT_SHL, reg, 1);
		expect("sar %s,0x1f", r32[r]);
		asm_shift(&buf, 0, SHIFT_SAR, reg, 31);
		expect("imul %s,%s,0xa", r32[r], r32[15 - r]);
		asm_imul(&buf, 0, reg, (enum x86_reg)(15 - r), 10);
		expect("imul %s,%s,0x3e8", r64[r], r64[15 - r]);
		asm_imul(&buf, X_W, reg, (enum x86_reg)(15 - r), 1000);
		expect("xor %s,%s", r32[r], r32[r]);
		asm_mov_imm(&buf, reg, 0);
		expect("mov %s,0xffffffff", r32[r]);
		asm_mov_imm(&buf, reg, 0xffffffff);
		expect("mov %s,0xffffffff80000000", r64[r]);
		asm_mov_imm(&buf, reg, 0xffffffff80000000);
		expect("movabs %s,0x123456789abcdef0", r64[r]);
		asm_mov_imm(&buf, reg, 0x123456789abcdef0);
		expect("push %s", r64[r]);
		asm_push(&buf, reg);
		expect("pop %s", r64[r]);
		asm_pop(&buf, reg);
		expect("bswap %s", r64[r]);
		asm_bswap(&buf, X_W, reg);
		expect("neg %s", r32[r]);
		asm_rr(&buf, 0, OP_GRP3, GRP3_NEG, reg);
		expect("idiv %s", r64[r]);
		asm_rr(&buf, X_W, OP_GRP3, GRP3_IDIV, reg);
		expect("call %s", r64[r]);
		asm_rr(&buf, 0, OP_GRP5, GRP5_CALL, reg);
	}
}

/* objdump's operands, without its alignment and comments. */
static void tidy(char *text)
{
	char *out = text;

	text[strcspn(text, "#\n")] = 0;
	for (const char *in = text; *in; in++) {
		if (*in != ' ' || (out > text && out[-1] != ' '))
			*out++ = *in;
	}
	while (out > text && out[-1] == ' ')
		out--;
	*out = 0;
}

static FILE *disassemble(char path[])
{
	char command[160];
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, buf.data, buf.n), buf.n);
	close(fd);
	snprintf(command, sizeof(command),
		 "objdump -D -b binary -m i386:x86-64 -M intel --no-show-raw-insn %s", path);
	return popen(command, "r");
}

static size_t compare_listing(FILE *listing)
{
	char line[256], *text, *end;
	size_t n = 0, wrong = 0;

	while (fgets(line, sizeof(line), listing)) {
		unsigned long off = strtoul(line, &end, 16);

		if (line[0] != ' ' || *end != ':')
			continue;
		assert_true(n < texts.n);
		text = end + 1;
		text += strspn(text, " \t");
		tidy(text);
		if (off != texts.data[n].off || strcmp(text, texts.data[n].text)) {
			print_error("at %#x: '%s' reads as '%s'\n", texts.data[n].off,
				    texts.data[n].text, text);
			if (++wrong > 10)
				break;
		}
		n++;
	}
	assert_int_equal(wrong, 0);
	return n;
}

static void objdump_reads_the_same(void **state)
{
	char path[] = "/tmp/skep-asm-XXXXXX";
	FILE *listing;
	size_t n;

	(void)state;
	if (system("objdump --version >/dev/null 2>&1")) {
		print_message("SKIP: no objdump (binutils)\n");
		skip();
	}
	emit_rr();
	emit_memory();
	emit_immediates();
	listing = disassemble(path);
	n = compare_listing(listing);
	pclose(listing);
	unlink(path);
	print_message("%zu instructions, %u bytes\n", n, buf.n);
	assert_int_equal(n, texts.n);
	assert_true(n >= INSNS_MIN);
	asm_deinit(&buf);
	vec_deinit(&texts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objdump_reads_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
