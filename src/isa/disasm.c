/* SPDX-License-Identifier: BSD-2-Clause */
/* See disasm.h. One static function per class of instruction. */
#include <string.h>

#include "base/macros.h"
#include "base/strbuf.h"
#include "isa/disasm.h"
#include "isa/insn.h"

static const char *const class_names[8] = {
	"ld", "ldx", "st", "stx", "alu", "jmp", "jmp32", "alu64",
};

static const char *const alu_names[16] = {
	"+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", "neg", "%=", "^=", "=", "s>>=", "endian",
	"(null)", "(null)",
};

static const char *const jmp_names[16] = {
	"jmp", "==", ">", ">=", "&", "!=", "s>", "s>=", "call", "exit", "<", "<=", "s<", "s<=",
	"(null)", "(null)",
};

static const char *const size_names[4] = { "u32", "u16", "u8", "u64" };
static const char *const signed_size_names[4] = { "s32", "s16", "s8", "(null)" };

static const char *const helper_names[] = {
#define HELPER(id, name, status, note) [id] = "bpf_" #name,
#include "tbl/helpers.h"
};

static bool is_helper_id(int32_t id)
{
	return id >= 0 && (size_t)id < ARRAY_SIZE(helper_names) && helper_names[id];
}

const char *isa_helper_name(int32_t id)
{
	return is_helper_id(id) ? helper_names[id] : "unknown";
}

int32_t isa_helper_id(const char *name, uint32_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(helper_names); i++) {
		if (helper_names[i] && strlen(helper_names[i]) == len &&
		    !memcmp(helper_names[i], name, len))
			return (int32_t)i;
	}
	return -1;
}

static const char *size_name(const struct bpf_insn *insn)
{
	return size_names[BPF_SIZE(insn->code) >> 3];
}

static const char *movsx_name(const struct bpf_insn *insn)
{
	if (!isa_is_movsx(insn))
		return "";
	return insn->off == 8 ? "(s8)" : insn->off == 16 ? "(s16)" : "(s32)";
}

static void add_end(struct strbuf *sb, const struct bpf_insn *insn)
{
	const char *op = BPF_CLASS(insn->code) == BPF_ALU64	? "bswap" :
			 BPF_SRC(insn->code) == BPF_TO_BE	? "be" :
								  "le";

	strbuf_addf(sb, "r%d = %s%d r%d", insn->dst_reg, op, insn->imm, insn->dst_reg);
}

static void add_alu(struct strbuf *sb, const struct bpf_insn *insn)
{
	char reg = BPF_CLASS(insn->code) == BPF_ALU ? 'w' : 'r';
	uint8_t op = BPF_OP(insn->code);

	if (op == BPF_END) {
		add_end(sb, insn);
	} else if (op == BPF_NEG) {
		strbuf_addf(sb, "%c%d = -%c%d", reg, insn->dst_reg, reg, insn->dst_reg);
	} else if (isa_is_addr_space_cast(insn)) {
		strbuf_addf(sb, "r%d = addr_space_cast(r%d, %d, %d)", insn->dst_reg, insn->src_reg,
			    (int)((uint32_t)insn->imm >> 16), (int)(uint16_t)insn->imm);
	} else if (insn->code == (BPF_ALU64 | BPF_MOV | BPF_X) && insn->off == BPF_ADDR_PERCPU) {
		strbuf_addf(sb, "r%d = &(void __percpu *)(r%d)", insn->dst_reg, insn->src_reg);
	} else {
		strbuf_addf(sb, "%c%d %s%s ", reg, insn->dst_reg,
			    isa_is_sdiv_smod(insn) ? "s" : "", alu_names[op >> 4]);
		if (BPF_SRC(insn->code) == BPF_X)
			strbuf_addf(sb, "%s%c%d", movsx_name(insn), reg, insn->src_reg);
		else
			strbuf_addf(sb, "%d", insn->imm);
	}
}

/* The operator of a plain or fetching atomic, as BPF_ADD …; -1 for the others. */
static int atomic_op(const struct bpf_insn *insn)
{
	switch (insn->imm & ~BPF_FETCH) {
	case BPF_ADD:
	case BPF_AND:
	case BPF_OR:
	case BPF_XOR:
		return insn->imm & ~BPF_FETCH;
	default:
		return -1;
	}
}

static const char *atomic_name(int op)
{
	return op == BPF_ADD ? "add" : op == BPF_AND ? "and" : op == BPF_OR ? "or" : "xor";
}

/* False when the kernel has no text for it. */
static bool add_atomic(struct strbuf *sb, const struct bpf_insn *insn)
{
	const char *wide = BPF_SIZE(insn->code) == BPF_DW ? "64" : "";
	const char *size = size_name(insn);
	int dst = insn->dst_reg, src = insn->src_reg, off = insn->off, op = atomic_op(insn);

	if (op >= 0 && !(insn->imm & BPF_FETCH))
		strbuf_addf(sb, "lock *(%s *)(r%d %+d) %s r%d", size, dst, off, alu_names[op >> 4],
			    src);
	else if (op >= 0)
		strbuf_addf(sb, "r%d = atomic%s_fetch_%s((%s *)(r%d %+d), r%d)", src, wide,
			    atomic_name(op), size, dst, off, src);
	else if (insn->imm == BPF_CMPXCHG)
		strbuf_addf(sb, "r0 = atomic%s_cmpxchg((%s *)(r%d %+d), r0, r%d)", wide, size, dst,
			    off, src);
	else if (insn->imm == BPF_XCHG)
		strbuf_addf(sb, "r%d = atomic%s_xchg((%s *)(r%d %+d), r%d)", src, wide, size, dst,
			    off, src);
	else if (insn->imm == BPF_LOAD_ACQ)
		strbuf_addf(sb, "r%d = load_acquire((%s *)(r%d %+d))", dst, size, src, off);
	else if (insn->imm == BPF_STORE_REL)
		strbuf_addf(sb, "store_release((%s *)(r%d %+d), r%d)", size, dst, off, src);
	else
		return false;
	return true;
}

static bool add_stx(struct strbuf *sb, const struct bpf_insn *insn)
{
	if (BPF_MODE(insn->code) == BPF_ATOMIC)
		return add_atomic(sb, insn);
	if (BPF_MODE(insn->code) != BPF_MEM)
		return false;
	strbuf_addf(sb, "*(%s *)(r%d %+d) = r%d", size_name(insn), insn->dst_reg, insn->off,
		    insn->src_reg);
	return true;
}

static bool add_st(struct strbuf *sb, const struct bpf_insn *insn)
{
	if (BPF_MODE(insn->code) == BPF_NOSPEC)
		strbuf_adds(sb, "nospec");
	else if (BPF_MODE(insn->code) == BPF_MEM)
		strbuf_addf(sb, "*(%s *)(r%d %+d) = %d", size_name(insn), insn->dst_reg, insn->off,
			    insn->imm);
	else
		return false;
	return true;
}

static bool add_ldx(struct strbuf *sb, const struct bpf_insn *insn)
{
	uint8_t mode = BPF_MODE(insn->code);

	if (mode != BPF_MEM && mode != BPF_MEMSX)
		return false;
	strbuf_addf(sb, "r%d = *(%s *)(r%d %+d)", insn->dst_reg,
		    mode == BPF_MEM ? size_name(insn) :
				      signed_size_names[BPF_SIZE(insn->code) >> 3],
		    insn->src_reg, insn->off);
	return true;
}

static bool is_pointer(const struct bpf_insn *insn)
{
	return insn->src_reg >= BPF_PSEUDO_MAP_FD && insn->src_reg <= BPF_PSEUDO_MAP_IDX_VALUE &&
	       insn->src_reg != BPF_PSEUDO_FUNC;
}

static void add_imm64(struct strbuf *sb, const struct bpf_insn *insn, const struct isa_cbs *cbs,
		      bool allow_ptr_leaks)
{
	uint64_t imm = is_pointer(insn) && !allow_ptr_leaks ? 0 : isa_imm64(insn);

	strbuf_addf(sb, "r%d = ", insn->dst_reg);
	if (!cbs || !cbs->imm || !cbs->imm(cbs->priv, sb, insn, imm))
		strbuf_addf(sb, "0x%llx", (unsigned long long)imm);
}

static bool add_ld(struct strbuf *sb, const struct bpf_insn *insn, const struct isa_cbs *cbs,
		   bool allow_ptr_leaks)
{
	if (BPF_MODE(insn->code) == BPF_ABS)
		strbuf_addf(sb, "r0 = *(%s *)skb[%d]", size_name(insn), insn->imm);
	else if (BPF_MODE(insn->code) == BPF_IND)
		strbuf_addf(sb, "r0 = *(%s *)skb[r%d + %d]", size_name(insn), insn->src_reg,
			    insn->imm);
	else if (isa_is_ld_imm64(insn))
		add_imm64(sb, insn, cbs, allow_ptr_leaks);
	else
		return false;
	return true;
}

static void add_call(struct strbuf *sb, const struct bpf_insn *insn, const struct isa_cbs *cbs)
{
	bool pseudo = insn->src_reg == BPF_PSEUDO_CALL;

	strbuf_adds(sb, pseudo ? "call pc" : "call ");
	if (insn->src_reg == 0 && is_helper_id(insn->imm))
		strbuf_adds(sb, isa_helper_name(insn->imm));
	else if (cbs && cbs->call && cbs->call(cbs->priv, sb, insn))
		;
	else if (pseudo)
		strbuf_addf(sb, "%+d", insn->imm);
	else
		strbuf_adds(sb, insn->src_reg == BPF_PSEUDO_KFUNC_CALL ? "kernel-function" :
									 "unknown");
	if (!pseudo)
		strbuf_addf(sb, "#%d", insn->imm);
}

static void add_cond(struct strbuf *sb, const struct bpf_insn *insn)
{
	char reg = BPF_CLASS(insn->code) == BPF_JMP32 ? 'w' : 'r';
	const char *op = jmp_names[BPF_OP(insn->code) >> 4];

	if (BPF_SRC(insn->code) == BPF_X)
		strbuf_addf(sb, "if %c%d %s %c%d goto pc%+d", reg, insn->dst_reg, op, reg,
			    insn->src_reg, insn->off);
	else
		strbuf_addf(sb, "if %c%d %s 0x%x goto pc%+d", reg, insn->dst_reg, op,
			    (unsigned int)insn->imm, insn->off);
}

static void add_jmp(struct strbuf *sb, const struct bpf_insn *insn, const struct isa_cbs *cbs)
{
	if (BPF_OP(insn->code) == BPF_CALL)
		add_call(sb, insn, cbs);
	else if (isa_is_ja(insn))
		strbuf_addf(sb, "%s pc%+d", BPF_CLASS(insn->code) == BPF_JMP ? "goto" : "gotol",
			    isa_jump_off(insn));
	else if (isa_is_may_goto(insn))
		strbuf_addf(sb, "may_goto pc%+d", insn->off);
	else if (isa_is_exit(insn))
		strbuf_adds(sb, "exit");
	else
		add_cond(sb, insn);
}

static bool add_text(struct strbuf *sb, const struct bpf_insn *insn, const struct isa_cbs *cbs,
		     bool allow_ptr_leaks)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
		return add_ld(sb, insn, cbs, allow_ptr_leaks);
	case BPF_LDX:
		return add_ldx(sb, insn);
	case BPF_ST:
		return add_st(sb, insn);
	case BPF_STX:
		return add_stx(sb, insn);
	case BPF_JMP:
	case BPF_JMP32:
		add_jmp(sb, insn, cbs);
		return true;
	default:
		add_alu(sb, insn);
		return true;
	}
}

void isa_disasm(struct strbuf *sb, const struct bpf_insn *insn, const struct isa_cbs *cbs,
		bool allow_ptr_leaks)
{
	size_t start = sb->len;
	uint8_t class = BPF_CLASS(insn->code);

	strbuf_addf(sb, "(%02x) ", insn->code);
	if (add_text(sb, insn, cbs, allow_ptr_leaks))
		return;
	strbuf_truncate(sb, start);
	if (class == BPF_STX)
		strbuf_addf(sb, "BUG_%02x", insn->code);
	else
		strbuf_addf(sb, "BUG_%s_%02x", class_names[class], insn->code);
}

static bool source_call(void *priv, struct strbuf *sb, const struct bpf_insn *insn)
{
	if (!isa_is_kfunc_call(insn) || !insn->off)
		return false;
	strbuf_addf(sb, "kernel-function@%d", insn->off);
	return true;
}

/* Whether the upper half of a pseudo immediate says anything; where it may not, it must be 0. */
static bool has_upper(const struct bpf_insn *insn)
{
	return insn->src_reg == BPF_PSEUDO_MAP_VALUE || insn->src_reg == BPF_PSEUDO_MAP_IDX_VALUE ||
	       insn->src_reg == BPF_PSEUDO_BTF_ID;
}

static bool source_imm(void *priv, struct strbuf *sb, const struct bpf_insn *insn, uint64_t imm)
{
	int32_t low = (int32_t)(uint32_t)imm, high = (int32_t)(imm >> 32);

	if (high && !has_upper(insn))
		return false;
	switch (insn->src_reg) {
	case BPF_PSEUDO_MAP_FD:
		strbuf_addf(sb, "map[fd:%d]", low);
		return true;
	case BPF_PSEUDO_MAP_IDX:
		strbuf_addf(sb, "map[idx:%d]", low);
		return true;
	case BPF_PSEUDO_MAP_VALUE:
		strbuf_addf(sb, "map[fd:%d][0]+%u", low, (uint32_t)high);
		return true;
	case BPF_PSEUDO_MAP_IDX_VALUE:
		strbuf_addf(sb, "map[idx:%d][0]+%u", low, (uint32_t)high);
		return true;
	case BPF_PSEUDO_BTF_ID:
		strbuf_addf(sb, "btf[id:%d", low);
		if (high)
			strbuf_addf(sb, " fd:%d", high);
		strbuf_addc(sb, ']');
		return true;
	case BPF_PSEUDO_FUNC:
		strbuf_addf(sb, "subprog[%+d]", low);
		return true;
	default:
		return false;
	}
}

const struct isa_cbs isa_source_cbs = { .call = source_call, .imm = source_imm };
