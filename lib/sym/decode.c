/* SPDX-License-Identifier: BSD-2-Clause */
#include "sym/decode.h"

#include <Zydis/Zydis.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"

struct decoder {
	ZydisDecoder full;
};

struct decoder *decoder_new(void)
{
	struct decoder *d = xcalloc(1, sizeof(*d));

	if (!ZYAN_SUCCESS(
		    ZydisDecoderInit(&d->full, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)))
		return decoder_free(d);
	return d;
}

struct decoder *decoder_free(struct decoder *d)
{
	free(d);
	return NULL;
}

/* A prefix that makes the kernel refuse the probe (is_prefix_bad) or not emulate it. */
static bool has_odd_prefix(const ZydisDecodedInstruction *i)
{
	for (uint8_t n = 0; n < i->raw.prefix_count; n++) {
		uint8_t value = i->raw.prefixes[n].value;

		if (value == 0x66 || value == 0x26 || value == 0x2e || value == 0x36 ||
		    value == 0x3e || value == 0xf0)
			return true;
	}
	return false;
}

static bool is_legacy_map(const ZydisDecodedInstruction *i, ZydisOpcodeMap map)
{
	return i->encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY && i->opcode_map == map;
}

/* `push reg`: one byte, or two with the prefix of r8 to r15 and no other. */
static bool is_plain_push(const ZydisDecodedInstruction *i, const uint8_t *code)
{
	if (i->opcode < 0x50 || i->opcode > 0x57 || i->length > 2)
		return false;
	return i->length == 1 || code[0] == 0x41;
}

/* The nops the kernel itself writes (asm/nops.h), from three bytes up: those it knows again. */
static bool is_long_nop(const ZydisDecodedInstruction *i, const uint8_t *code)
{
	static const uint8_t nops[][8] = {
		[3] = { 0x0f, 0x1f, 0x00 }, [4] = { 0x0f, 0x1f, 0x40 },
		[5] = { 0x0f, 0x1f, 0x44 }, [6] = { 0x66, 0x0f, 0x1f, 0x44 },
		[7] = { 0x0f, 0x1f, 0x80 },
	};
	static const uint8_t nop8[8] = { 0x0f, 0x1f, 0x84 };

	if (i->length >= 3 && i->length <= 7)
		return memcmp(code, nops[i->length], i->length) == 0;
	return i->length == 8 && memcmp(code, nop8, 8) == 0;
}

static enum decode_class class_of(const ZydisDecodedInstruction *i, const uint8_t *code)
{
	if (is_long_nop(i, code))
		return DECODE_LONG_NOP;
	if (i->mnemonic == ZYDIS_MNEMONIC_NOP && i->opcode == 0x90 &&
	    (i->length == 1 || (i->length == 2 && code[0] == 0x66)))
		return DECODE_NOP;
	if (has_odd_prefix(i))
		return DECODE_STEPPED;
	if (is_legacy_map(i, ZYDIS_OPCODE_MAP_0F))
		return i->opcode >= 0x80 && i->opcode <= 0x8f ? DECODE_JUMP : DECODE_STEPPED;
	if (!is_legacy_map(i, ZYDIS_OPCODE_MAP_DEFAULT))
		return DECODE_STEPPED;
	if (is_plain_push(i, code))
		return DECODE_PUSH;
	if (i->opcode == 0xeb || i->opcode == 0xe9 || (i->opcode & 0xf0) == 0x70)
		return DECODE_JUMP;
	return i->opcode == 0xe8 ? DECODE_CALL : DECODE_STEPPED;
}

/*
 * Opcodes the kernel does not single-step (good_insns_64 of arch/x86/kernel/uprobes.c). It looks at the
 * opcode byte behind a VEX or EVEX prefix as if it were one of the one-byte map.
 */
static bool is_refused(const ZydisDecodedInstruction *i)
{
	static const uint8_t bad[] = { 0x06, 0x07, 0x0e, 0x16, 0x17, 0x1e, 0x1f, 0x27, 0x2f, 0x37,
				       0x3f, 0x60, 0x61, 0x62, 0x6c, 0x6d, 0x6e, 0x6f, 0x82, 0x9a,
				       0xcc, 0xcd, 0xce, 0xcf, 0xd4, 0xd5, 0xd6, 0xe4, 0xe5, 0xe6,
				       0xe7, 0xea, 0xec, 0xed, 0xee, 0xef, 0xf1, 0xf4, 0xfa, 0xfb };

	for (uint8_t n = 0; n < i->raw.prefix_count; n++) {
		uint8_t value = i->raw.prefixes[n].value;

		if (value == 0x26 || value == 0x2e || value == 0x36 || value == 0x3e ||
		    value == 0xf0)
			return true;
	}
	return (i->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY ||
		i->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT) &&
	       memchr(bad, i->opcode, sizeof(bad));
}

static bool leaves(const ZydisDecodedInstruction *i)
{
	switch (i->meta.category) {
	case ZYDIS_CATEGORY_CALL:
	case ZYDIS_CATEGORY_COND_BR:
	case ZYDIS_CATEGORY_INTERRUPT:
	case ZYDIS_CATEGORY_RET:
	case ZYDIS_CATEGORY_SYSCALL:
	case ZYDIS_CATEGORY_SYSRET:
	case ZYDIS_CATEGORY_SYSTEM:
	case ZYDIS_CATEGORY_UNCOND_BR:
		return true;
	default:
		return i->meta.branch_type != ZYDIS_BRANCH_TYPE_NONE ||
		       i->mnemonic == ZYDIS_MNEMONIC_UD2 || i->mnemonic == ZYDIS_MNEMONIC_HLT ||
		       i->mnemonic == ZYDIS_MNEMONIC_XBEGIN;
	}
}

/* The target of a relative branch: its immediate is raw operand 0. */
static void fill_flow(const ZydisDecodedInstruction *i, const uint8_t *code, uint64_t address,
		      struct decoded *insn)
{
	*insn = (struct decoded){ .length = i->length,
				  .class = class_of(i, code),
				  .refused = is_refused(i),
				  .leaves = leaves(i) };
	if (i->raw.imm[0].is_relative && i->raw.imm[0].size) {
		insn->has_target = true;
		insn->target = address + i->length + (uint64_t)i->raw.imm[0].value.s;
	} else if (i->meta.category == ZYDIS_CATEGORY_UNCOND_BR) {
		insn->jumps_indirect = true;
	}
}

static int general_register(ZydisRegister reg)
{
	ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);

	if (ZydisRegisterGetClass(whole) != ZYDIS_REGCLASS_GPR64)
		return -1;
	return ZydisRegisterGetId(whole);
}

static void note_read(ZydisRegister reg, struct decoded *insn)
{
	int number = general_register(reg);

	if (number >= 0 && number < DECODE_REGISTER_MAX)
		insn->reads |= (uint16_t)(1u << number);
}

/* What is read of a register operand; one written in part, or perhaps not at all, lives on in the rest. */
static void note_register(const ZydisDecodedOperand *op, struct decoded *insn)
{
	int number = general_register(op->reg.value);

	if (number < 0 || number >= DECODE_REGISTER_MAX)
		return;
	if (op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
		insn->writes |= (uint16_t)(1u << number);
	if ((op->actions & (ZYDIS_OPERAND_ACTION_MASK_READ | ZYDIS_OPERAND_ACTION_CONDWRITE)) ||
	    op->size < 32)
		insn->reads |= (uint16_t)(1u << number);
}

/* `xor %r, %r` and `sub %r, %r` do not depend on what was in r. */
static bool is_zeroing(const ZydisDecodedInstruction *i, const ZydisDecodedOperand *op)
{
	return (i->mnemonic == ZYDIS_MNEMONIC_XOR || i->mnemonic == ZYDIS_MNEMONIC_SUB) &&
	       op[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
	       op[1].type == ZYDIS_OPERAND_TYPE_REGISTER && op[0].size >= 32 &&
	       op[0].reg.value == op[1].reg.value;
}

static void note_copy(const ZydisDecodedInstruction *i, const ZydisDecodedOperand *op,
		      struct decoded *insn)
{
	if (i->mnemonic != ZYDIS_MNEMONIC_MOV || op[0].type != ZYDIS_OPERAND_TYPE_REGISTER ||
	    op[1].type != ZYDIS_OPERAND_TYPE_REGISTER || op[0].size != 64 || op[1].size != 64 ||
	    ZydisRegisterGetClass(op[0].reg.value) != ZYDIS_REGCLASS_GPR64 ||
	    ZydisRegisterGetClass(op[1].reg.value) != ZYDIS_REGCLASS_GPR64)
		return;
	insn->copies = true;
	insn->to = (uint8_t)ZydisRegisterGetId(op[0].reg.value);
	insn->from = (uint8_t)ZydisRegisterGetId(op[1].reg.value);
}

static void note_memory(const ZydisDecodedInstruction *i, const ZydisDecodedOperand *op,
			uint64_t address, struct decoded *insn)
{
	ZyanU64 at;

	note_read(op->mem.base, insn);
	note_read(op->mem.index, insn);
	if (op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
		insn->writes_memory = true;
	if (op->mem.base == ZYDIS_REGISTER_RIP &&
	    ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(i, op, address, &at))) {
		insn->has_address = true;
		insn->address = at;
	}
}

/* `sub $n, %rsp`, `add $n, %rsp`, `lea n(%rsp), %rsp`: all they do to general registers is known. */
static bool moves_stack(const ZydisDecodedInstruction *i, const ZydisDecodedOperand *op,
			int32_t *delta)
{
	int64_t by;

	if (i->operand_count_visible != 2 || op[0].type != ZYDIS_OPERAND_TYPE_REGISTER ||
	    op[0].reg.value != ZYDIS_REGISTER_RSP)
		return false;
	if (i->mnemonic == ZYDIS_MNEMONIC_LEA && op[1].mem.base == ZYDIS_REGISTER_RSP &&
	    op[1].mem.index == ZYDIS_REGISTER_NONE)
		by = op[1].mem.disp.value;
	else if (op[1].type != ZYDIS_OPERAND_TYPE_IMMEDIATE)
		return false;
	else if (i->mnemonic == ZYDIS_MNEMONIC_ADD)
		by = op[1].imm.value.s;
	else if (i->mnemonic == ZYDIS_MNEMONIC_SUB && op[1].imm.value.s > INT32_MIN)
		by = -op[1].imm.value.s;
	else
		return false;
	if (by < INT32_MIN || by > INT32_MAX)
		return false;
	*delta = (int32_t)by;
	return true;
}

int decode_insn(const struct decoder *d, const uint8_t *code, size_t bytes, uint64_t address,
		struct decoded *insn)
{
	ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction i;

	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&d->full, code, bytes, &i, op)))
		return -EINVAL;
	fill_flow(&i, code, address, insn);
	for (uint8_t n = 0; n < i.operand_count; n++) {
		if (op[n].type == ZYDIS_OPERAND_TYPE_MEMORY)
			note_memory(&i, &op[n], address, insn);
		else if (op[n].type == ZYDIS_OPERAND_TYPE_REGISTER)
			note_register(&op[n], insn);
	}
	if (is_zeroing(&i, op))
		insn->reads = 0;
	note_copy(&i, op, insn);
	if (moves_stack(&i, op, &insn->sp_delta))
		insn->writes &= (uint16_t) ~(1u << DECODE_RSP);
	return 0;
}

int decode_flow(const struct decoder *d, const uint8_t *code, size_t bytes, uint64_t address,
		struct decoded *insn)
{
	ZydisDecodedInstruction i;
	ZydisDecoderContext context;

	if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&d->full, &context, code, bytes, &i)))
		return -EINVAL;
	fill_flow(&i, code, address, insn);
	return 0;
}
