/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks and rewrites context accesses by table. Cost: a walk over some thirty fields. */
#include "progs/ctx.h"

#include <assert.h>
#include <string.h>

#include "base/check.h"
#include "isa/insn.h"

#define NO_QUEUE_MAPPING 0xffff
#define PKT_TYPE_MASK 7

static const struct ctx_field *find(const struct ctx_table *table, int off)
{
	for (uint32_t i = 0; i < table->n_fields; i++) {
		const struct ctx_field *field = &table->fields[i];

		if (off >= field->off && off < field->off + field->bytes)
			return field;
	}
	return NULL;
}

static bool number_access(const struct ctx_field *field, int off, int size,
			  enum bpf_access_type type, struct insn_access *info)
{
	if (type == BPF_WRITE)
		return size == field->unit;
	info->ctx_field_size = field->unit;
	return size <= field->unit && is_pow2((uint64_t)size);
}

bool ctx_is_valid_access(const struct ctx_table *table, uint32_t who, int off, int size,
			 enum bpf_access_type type, struct insn_access *info)
{
	const struct ctx_field *field;

	if (off < 0 || off >= (int)table->bytes || off % size != 0)
		return false;
	field = find(table, off);
	if (!field || !(field->readers & who))
		return false;
	if (type == BPF_WRITE && !(field->writers & who))
		return false;
	switch ((enum ctx_kind)field->kind) {
	case CTX_NUMBER:
		return number_access(field, off, size, type, info);
	case CTX_WHOLE:
		return size == field->unit;
	case CTX_BYTES:
		return off + size <= field->off + field->bytes;
	case CTX_POINTER:
		if (info->is_ldsx || size != field->unit)
			return false;
		info->reg_type = field->reg_type;
		return true;
	}
	return false;
}

/* The store @si as given, but of @size at @off. */
static struct bpf_insn store(const struct bpf_insn *si, uint8_t size, int off)
{
	return BPF_RAW_INSN(BPF_CLASS(si->code) | BPF_MEM | size, si->dst_reg, si->src_reg,
			    (int16_t)off, si->imm);
}

static uint32_t convert_store(const struct ctx_field *field, const struct bpf_insn *si,
			      struct bpf_insn *out, uint8_t size, int off)
{
	uint32_t n = 0;

	if (field->path == CTX_QUEUE_MAPPING) {
		if (BPF_CLASS(si->code) == BPF_ST && si->imm >= NO_QUEUE_MAPPING) {
			out[n++] = BPF_JMP_A(0);
			return n;
		}
		if (BPF_CLASS(si->code) == BPF_STX)
			out[n++] = BPF_JMP_IMM(BPF_JGE, si->src_reg, NO_QUEUE_MAPPING, 1);
	}
	out[n++] = store(si, size, off);
	return n;
}

static uint32_t convert_load(const struct ctx_field *field, const struct bpf_insn *si,
			     struct bpf_insn *out, uint8_t size, int off)
{
	uint8_t dst = si->dst_reg, src = si->src_reg;
	uint32_t n = 0;

	switch ((enum ctx_path)field->path) {
	case CTX_DIRECT:
	case CTX_FLAG:
	case CTX_QUEUE_MAPPING:
		out[n++] = BPF_LDX_MEM(size, dst, src, (int16_t)off);
		break;
	case CTX_VIA:
	case CTX_VIA_OR_NULL:
		out[n++] = BPF_LDX_MEM(BPF_DW, dst, src, (int16_t)field->via_off);
		if (field->path == CTX_VIA_OR_NULL)
			out[n++] = BPF_JMP_IMM(BPF_JEQ, dst, 0, 1);
		out[n++] = BPF_LDX_MEM(size, dst, dst, (int16_t)off);
		break;
	case CTX_ZERO:
		out[n++] = BPF_MOV64_IMM(dst, 0);
		break;
	case CTX_PKT_TYPE:
		out[n++] = BPF_LDX_MEM(size, dst, src, (int16_t)off);
		out[n++] = BPF_ALU32_IMM(BPF_AND, dst, PKT_TYPE_MASK);
		break;
	case CTX_PORT:
		out[n++] = BPF_LDX_MEM(size, dst, src, (int16_t)off);
		out[n++] = BPF_ALU32_IMM(BPF_LSH, dst, 16);
		break;
	}
	return n;
}

uint32_t ctx_convert_access(const struct ctx_table *table, enum bpf_access_type type,
			    const struct bpf_insn *si, struct bpf_insn *out,
			    uint32_t *target_size)
{
	const struct ctx_field *field = find(table, si->off);
	uint8_t size;
	int off;

	if (!field)
		return 0;
	off = field->real_off;
	if (field->bytes > field->unit || field->kind == CTX_BYTES)
		off += si->off - field->off;
	if (field->kind == CTX_BYTES) {
		size = BPF_SIZE(si->code);
	} else {
		size = (uint8_t)isa_bytes_to_size(field->real_bytes);
		*target_size = field->path == CTX_FLAG ? 4 : field->real_bytes;
	}
	if (type == BPF_WRITE)
		return convert_store(field, si, out, size, off);
	return convert_load(field, si, out, size, off);
}
