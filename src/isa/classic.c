/* SPDX-License-Identifier: BSD-2-Clause */
/* See classic.h. */
#include "isa/classic.h"

#include <errno.h>
#include <linux/filter.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/macros.h"
#include "isa/insn.h"

enum {
	REG_A = BPF_REG_0,
	REG_TMP = BPF_REG_2,
	REG_CTX = BPF_REG_6,
	REG_X = BPF_REG_7,
	REG_SAVED_A = BPF_REG_8,
	PROLOGUE_INSNS = 3,
	PROLOGUE_INSNS_MAX = PROLOGUE_INSNS + 1,
	EXPANSION_MAX = 6, /* eBPF instructions that one classic instruction becomes at most */
	EXPANSION_DIRECT_MAX = 100,
	REG_DATA = BPF_REG_9, /* ISA_CLASSIC_DIRECT */
	TAG_OFF = 12,	      /* where the outer VLAN tag stands in a frame */
	TAG_BYTES = 4,
	BUFFER_OFF = -72, /* of the bytes a helper loaded, below M[] */
	UPPER_OFF = -76,  /* of the upper half of a word, or byte of a half, while the lower is loaded */
};

_Static_assert(ISA_CLASSIC_INSNS_MAX *EXPANSION_MAX + PROLOGUE_INSNS <= INT16_MAX,
	       "every jump fits 16 bits");
_Static_assert(BUFFER_OFF + 8 <= -4 * BPF_MEMWORDS, "M[] and the buffer do not overlap");

#define AD(what) ((uint32_t)SKF_AD_OFF + SKF_AD_##what)

static bool is_known_code(uint16_t code)
{
	switch (code) {
	case BPF_LD | BPF_W | BPF_ABS:
	case BPF_LD | BPF_H | BPF_ABS:
	case BPF_LD | BPF_B | BPF_ABS:
	case BPF_LD | BPF_W | BPF_IND:
	case BPF_LD | BPF_H | BPF_IND:
	case BPF_LD | BPF_B | BPF_IND:
	case BPF_LD | BPF_W | BPF_LEN:
	case BPF_LD | BPF_IMM:
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_W | BPF_LEN:
	case BPF_LDX | BPF_B | BPF_MSH:
	case BPF_LDX | BPF_IMM:
	case BPF_LDX | BPF_MEM:
	case BPF_ST:
	case BPF_STX:
	case BPF_ALU | BPF_NEG:
	case BPF_JMP | BPF_JA:
	case BPF_RET | BPF_K:
	case BPF_RET | BPF_A:
	case BPF_MISC | BPF_TAX:
	case BPF_MISC | BPF_TXA:
		return true;
	default:
		break;
	}
	if (code & ~0xff)
		return false;
	if (BPF_CLASS(code) == BPF_ALU)
		return BPF_OP(code) <= BPF_XOR && BPF_OP(code) != BPF_NEG;
	return BPF_CLASS(code) == BPF_JMP && BPF_OP(code) >= BPF_JEQ && BPF_OP(code) <= BPF_JSET;
}

static bool is_cond_jump(const struct sock_filter *f)
{
	return BPF_CLASS(f->code) == BPF_JMP && f->code != (BPF_JMP | BPF_JA);
}

static bool is_ld_abs(const struct sock_filter *f)
{
	return BPF_CLASS(f->code) == BPF_LD && BPF_MODE(f->code) == BPF_ABS;
}

static bool is_ret(const struct sock_filter *f)
{
	return f->code == (BPF_RET | BPF_K) || f->code == (BPF_RET | BPF_A);
}

static bool is_mem(const struct sock_filter *f)
{
	return f->code == BPF_ST || f->code == BPF_STX || f->code == (BPF_LD | BPF_MEM) ||
	       f->code == (BPF_LDX | BPF_MEM);
}

static bool is_ancillary(uint32_t k)
{
	return k >= AD(PROTOCOL) && k < AD(MAX) && !((k - AD(PROTOCOL)) & 3);
}

/* One instruction at pc of n, by itself: NULL or the reason. */
static const char *check_insn(const struct sock_filter *f, size_t pc, size_t n)
{
	if (!is_known_code(f->code))
		return "unknown classic opcode";
	if ((f->code == (BPF_ALU | BPF_DIV | BPF_K) || f->code == (BPF_ALU | BPF_MOD | BPF_K)) &&
	    !f->k)
		return "division by 0";
	if ((f->code == (BPF_ALU | BPF_LSH | BPF_K) || f->code == (BPF_ALU | BPF_RSH | BPF_K)) &&
	    f->k >= 32)
		return "shift by more than 31";
	if (is_mem(f) && f->k >= BPF_MEMWORDS)
		return "no such scratch memory word";
	if (f->code == (BPF_JMP | BPF_JA) && f->k >= n - pc - 1)
		return "jump out of the program";
	if (is_cond_jump(f) && (pc + f->jt + 1 >= n || pc + f->jf + 1 >= n))
		return "jump out of the program";
	if (is_ld_abs(f) && f->k >= (uint32_t)SKF_AD_OFF && !is_ancillary(f->k))
		return "unknown ancillary load";
	return NULL;
}

/*
 * The index of the first load of M[] that some path reaches without a store, or n. Jumps go
 * forward, so one pass does: valid[pc] is the intersection over the jumps to pc of what was
 * stored before them.
 */
static size_t first_unstored(const struct sock_filter *filter, size_t n, uint16_t *valid)
{
	uint16_t stored = 0;

	memset(valid, 0xff, n * sizeof(*valid));
	for (size_t pc = 0; pc < n; pc++) {
		const struct sock_filter *f = &filter[pc];

		stored &= valid[pc];
		if (f->code == BPF_ST || f->code == BPF_STX) {
			stored |= (uint16_t)(1u << f->k);
		} else if (is_mem(f) && !(stored >> f->k & 1)) {
			return pc;
		} else if (f->code == (BPF_JMP | BPF_JA)) {
			valid[pc + 1 + f->k] &= stored;
			stored = 0xffff;
		} else if (is_cond_jump(f)) {
			valid[pc + 1 + f->jt] &= stored;
			valid[pc + 1 + f->jf] &= stored;
			stored = 0xffff;
		}
	}
	return n;
}

static int reject(int err, const char *sentence, size_t pc, const char **why, size_t *bad)
{
	if (why)
		*why = sentence;
	if (bad)
		*bad = pc;
	return err;
}

int isa_classic_check(const struct sock_filter *filter, size_t n, const char **why, size_t *bad)
{
	_cleanup_free_ uint16_t *valid = NULL;
	size_t unstored;

	if (!n || n > ISA_CLASSIC_INSNS_MAX)
		return reject(-EINVAL, n ? "more than 4096 instructions" : "no instructions", 0,
			      why, bad);
	for (size_t pc = 0; pc < n; pc++) {
		const char *sentence = check_insn(&filter[pc], pc, n);

		if (sentence)
			return reject(-EINVAL, sentence, pc, why, bad);
	}
	if (!is_ret(&filter[n - 1]))
		return reject(-EINVAL, "the last instruction does not return", n - 1, why, bad);
	valid = mem_calloc(n, sizeof(*valid));
	if (!valid)
		return -ENOMEM;
	unstored = first_unstored(filter, n, valid);
	if (unstored < n)
		return reject(-EINVAL, "scratch memory is read before it is written", unstored, why,
			      bad);
	return 0;
}

/* Where each classic instruction begins in the output; UNREACHED for what no path reaches. */
enum {
	UNREACHED = -1,
	REACHED = 0
};

static void mark_reached(const struct sock_filter *filter, size_t n, int32_t *start)
{
	for (size_t pc = 0; pc < n; pc++)
		start[pc] = UNREACHED;
	start[0] = REACHED;
	for (size_t pc = 0; pc < n; pc++) {
		const struct sock_filter *f = &filter[pc];

		if (start[pc] == UNREACHED || is_ret(f))
			continue;
		if (f->code == (BPF_JMP | BPF_JA)) {
			start[pc + 1 + f->k] = REACHED;
		} else if (is_cond_jump(f)) {
			start[pc + 1 + f->jt] = REACHED;
			start[pc + 1 + f->jf] = REACHED;
		} else {
			start[pc + 1] = REACHED;
		}
	}
}

/* Where M[k] stands below the frame pointer. */
static int16_t word_off(const struct sock_filter *f)
{
	return (int16_t)(-4 * (int)f->k - 4);
}

#define CTX_LOAD(reg, field)                                                                       \
	BPF_LDX_MEM(BPF_W, reg, REG_CTX, (int16_t)offsetof(struct __sk_buff, field))

/* A = field */
static int load_field(struct bpf_insn *out, int16_t off)
{
	out[0] = BPF_LDX_MEM(BPF_W, REG_A, REG_CTX, off);
	return 1;
}

/* A = field, from network byte order */
static int load_be16(struct bpf_insn *out, int16_t off)
{
	out[0] = BPF_LDX_MEM(BPF_W, REG_A, REG_CTX, off);
	out[1] = BPF_ENDIAN(BPF_TO_BE, REG_A, 16);
	return 2;
}

/* A packet without device ends the program, returning A. */
static int load_ifindex(struct bpf_insn *out)
{
	out[0] = CTX_LOAD(REG_TMP, ifindex);
	out[1] = BPF_JMP_IMM(BPF_JNE, REG_TMP, 0, 1);
	out[2] = BPF_EXIT_INSN();
	out[3] = BPF_MOV64_REG(REG_A, REG_TMP);
	return 4;
}

/* The count of instructions; 0: not an ancillary load we can express. */
static int convert_ancillary(uint32_t k, struct bpf_insn *out)
{
	switch (k) {
	case AD(PROTOCOL):
		return load_be16(out, offsetof(struct __sk_buff, protocol));
	case AD(PKTTYPE):
		return load_field(out, offsetof(struct __sk_buff, pkt_type));
	case AD(IFINDEX):
		return load_ifindex(out);
	case AD(MARK):
		return load_field(out, offsetof(struct __sk_buff, mark));
	case AD(QUEUE):
		return load_field(out, offsetof(struct __sk_buff, queue_mapping));
	case AD(RXHASH):
		return load_field(out, offsetof(struct __sk_buff, hash));
	case AD(VLAN_TAG):
		return load_field(out, offsetof(struct __sk_buff, vlan_tci));
	case AD(VLAN_TAG_PRESENT):
		return load_field(out, offsetof(struct __sk_buff, vlan_present));
	case AD(VLAN_TPID):
		return load_be16(out, offsetof(struct __sk_buff, vlan_proto));
	case AD(CPU):
		out[0] = BPF_CALL_HELPER(BPF_FUNC_get_smp_processor_id);
		return 1;
	case AD(RANDOM):
		out[0] = BPF_CALL_HELPER(BPF_FUNC_get_prandom_u32);
		return 1;
	case AD(ALU_XOR_X):
		out[0] = BPF_ALU32_REG(BPF_XOR, REG_A, REG_X);
		return 1;
	default:
		return 0;
	}
}

static uint32_t load_bytes(uint16_t code)
{
	switch (BPF_SIZE(code)) {
	case BPF_W:
		return 4;
	case BPF_H:
		return 2;
	default:
		return 1;
	}
}

/* A = the bytes at reg + off, from network byte order */
static int load_network(uint16_t size, uint8_t reg, int16_t off, struct bpf_insn *out)
{
	out[0] = BPF_LDX_MEM(size, REG_A, reg, off);
	if (size == BPF_B)
		return 1;
	out[1] = BPF_ENDIAN(BPF_TO_BE, REG_A, size == BPF_H ? 16 : 32);
	return 2;
}

/* A = the bytes at offset R2 by helper; outside the packet: end with 0. */
static int load_by_helper(uint16_t size, struct bpf_insn *out)
{
	int n = 0;

	out[n++] = BPF_MOV64_REG(BPF_REG_1, REG_CTX);
	out[n++] = BPF_MOV64_REG(BPF_REG_3, ISA_REG_FP);
	out[n++] = BPF_ALU64_IMM(BPF_ADD, BPF_REG_3, BUFFER_OFF);
	out[n++] = BPF_MOV64_IMM(BPF_REG_4, (int32_t)load_bytes(size));
	out[n++] = BPF_CALL_HELPER(BPF_FUNC_skb_load_bytes);
	out[n++] = BPF_JMP_IMM(BPF_JEQ, BPF_REG_0, 0, 2);
	out[n++] = BPF_MOV32_IMM(REG_A, 0);
	out[n++] = BPF_EXIT_INSN();
	return n + load_network(size, ISA_REG_FP, BUFFER_OFF, out + n);
}

/* A = the packet's bytes at k, ISA_CLASSIC_DIRECT */
static int load_direct(uint16_t size, uint32_t k, struct bpf_insn *out)
{
	struct bpf_insn fast[4];
	int n = 0, n_fast, slow;

	if (k <= INT16_MAX - 4) {
		n_fast = load_network(size, REG_DATA, (int16_t)k, fast);
		out[n++] = CTX_LOAD(BPF_REG_1, data_end);
		out[n++] = BPF_MOV64_REG(BPF_REG_2, REG_DATA);
		out[n++] = BPF_ALU64_IMM(BPF_ADD, BPF_REG_2, (int32_t)(k + load_bytes(size)));
		out[n++] = BPF_JMP_REG(BPF_JGT, BPF_REG_2, BPF_REG_1, (int16_t)(n_fast + 1));
		memcpy(out + n, fast, (size_t)n_fast * sizeof(*fast));
		n += n_fast;
		slow = n++; /* jumps over what follows */
	} else {
		slow = -1;
	}
	out[n++] = BPF_MOV32_IMM(BPF_REG_2, (int32_t)k);
	n += load_by_helper(size, out + n);
	if (slow >= 0)
		out[slow] = BPF_JMP_A((int16_t)(n - slow - 1));
	return n;
}

/* A = half of the tag: the protocol at offset 12, the control information at 14 */
static int load_tag_half(uint32_t k, struct bpf_insn *out)
{
	if (k < TAG_OFF + 2)
		return load_be16(out, offsetof(struct __sk_buff, vlan_proto));
	return load_field(out, offsetof(struct __sk_buff, vlan_tci));
}

static int load_tagged(uint16_t size, uint32_t k, struct bpf_insn *out);

/* A load across an end of the tag's halves, as two of half the size. */
static int load_split(uint16_t size, uint32_t k, struct bpf_insn *out)
{
	int16_t upper = size == BPF_W ? UPPER_OFF : UPPER_OFF - 4;
	uint16_t half = size == BPF_W ? BPF_H : BPF_B;
	int n = load_tagged(half, k, out);

	out[n++] = BPF_ALU32_IMM(BPF_LSH, REG_A, size == BPF_W ? 16 : 8);
	out[n++] = BPF_STX_MEM(BPF_W, ISA_REG_FP, REG_A, upper);
	n += load_tagged(half, k + load_bytes(half), out + n);
	out[n++] = BPF_LDX_MEM(BPF_W, REG_TMP, ISA_REG_FP, upper);
	out[n++] = BPF_ALU32_REG(BPF_OR, REG_A, REG_TMP);
	return n;
}

/* The same of a packet whose tag stands beside it. */
static int load_tagged(uint16_t size, uint32_t k, struct bpf_insn *out)
{
	int n;

	if (k + load_bytes(size) <= TAG_OFF)
		return load_direct(size, k, out);
	if (k >= TAG_OFF + TAG_BYTES)
		return load_direct(size, k - TAG_BYTES, out);
	if (size == BPF_H && !(k % 2))
		return load_tag_half(k, out);
	if (size != BPF_B)
		return load_split(size, k, out);
	n = load_tag_half(k, out);
	if (!(k % 2))
		out[n++] = BPF_ALU32_IMM(BPF_RSH, REG_A, 8);
	out[n++] = BPF_ALU32_IMM(BPF_AND, REG_A, 0xff);
	return n;
}

/* A = the packet's bytes at offset R2, which is not negative. */
static int load_direct_at(uint16_t size, struct bpf_insn *out)
{
	struct bpf_insn fast[4];
	int n = 0, n_fast = load_network(size, BPF_REG_3, 0, fast), done;

	out[n++] = BPF_JMP_IMM(BPF_JGT, BPF_REG_2, INT16_MAX, (int16_t)(7 + n_fast));
	out[n++] = CTX_LOAD(BPF_REG_1, data_end);
	out[n++] = BPF_MOV64_REG(BPF_REG_3, REG_DATA);
	out[n++] = BPF_ALU64_REG(BPF_ADD, BPF_REG_3, BPF_REG_2);
	out[n++] = BPF_MOV64_REG(BPF_REG_4, BPF_REG_3);
	out[n++] = BPF_ALU64_IMM(BPF_ADD, BPF_REG_4, (int32_t)load_bytes(size));
	out[n++] = BPF_JMP_REG(BPF_JGT, BPF_REG_4, BPF_REG_1, (int16_t)(n_fast + 1));
	memcpy(out + n, fast, (size_t)n_fast * sizeof(*fast));
	n += n_fast;
	done = n++; /* jumps over what follows */
	n += load_by_helper(size, out + n);
	out[done] = BPF_JMP_A((int16_t)(n - done - 1));
	return n;
}

static int load_absolute(uint16_t size, uint32_t k, unsigned int flags, struct bpf_insn *out)
{
	if ((flags & ISA_CLASSIC_DIRECT) && k >= (uint32_t)SKF_LL_OFF)
		return 0; /* counted from other headers */
	if (flags & ISA_CLASSIC_TAG_BESIDE)
		return load_tagged(size, k, out);
	if (flags & ISA_CLASSIC_DIRECT)
		return load_direct(size, k, out);
	out[0] = BPF_LD_ABS(size, (int32_t)k);
	return 1;
}

static int load_indexed(uint16_t size, uint32_t k, unsigned int flags, struct bpf_insn *out)
{
	bool is_beside = flags & ISA_CLASSIC_TAG_BESIDE;
	int n = 0;

	if (!(flags & ISA_CLASSIC_DIRECT)) {
		out[0] = BPF_LD_IND(size, REG_X, (int32_t)k);
		return 1;
	}
	out[n++] = BPF_MOV32_IMM(BPF_REG_2, (int32_t)k);
	out[n++] = BPF_ALU64_REG(BPF_ADD, BPF_REG_2, REG_X);
	out[n++] = BPF_JMP_IMM(BPF_JLE, BPF_REG_2, INT32_MAX, 2);
	out[n++] = BPF_MOV32_IMM(REG_A, 0);
	out[n++] = BPF_EXIT_INSN();
	if (is_beside) {
		/* Behind the tag: 4 earlier; in its fields: as beyond the packet. */
		out[n++] = BPF_JMP32_IMM(BPF_JLE, BPF_REG_2,
					 (int32_t)(TAG_OFF - load_bytes(size)), 4);
		out[n++] = BPF_JMP32_IMM(BPF_JGE, BPF_REG_2, TAG_OFF + TAG_BYTES, 2);
		out[n++] = BPF_MOV32_IMM(REG_A, 0);
		out[n++] = BPF_EXIT_INSN();
		out[n++] = BPF_ALU32_IMM(BPF_SUB, BPF_REG_2, TAG_BYTES);
	}
	return n + load_direct_at(size, out + n);
}

static int load_length(uint8_t reg, unsigned int flags, struct bpf_insn *out)
{
	out[0] = CTX_LOAD(reg, len);
	if (flags & ISA_CLASSIC_WIRE_LEN)
		out[0] = CTX_LOAD(reg, wire_len);
	if (!(flags & ISA_CLASSIC_TAG_BESIDE) || (flags & ISA_CLASSIC_WIRE_LEN))
		return 1;
	out[1] = BPF_ALU32_IMM(BPF_ADD, reg, TAG_BYTES);
	return 2;
}

static int convert_ld(const struct sock_filter *f, unsigned int flags, struct bpf_insn *out)
{
	switch (BPF_MODE(f->code)) {
	case BPF_ABS:
		if (f->k >= (uint32_t)SKF_AD_OFF)
			return convert_ancillary(f->k, out);
		return load_absolute(BPF_SIZE(f->code), f->k, flags, out);
	case BPF_IND:
		return load_indexed(BPF_SIZE(f->code), f->k, flags, out);
	case BPF_IMM:
		out[0] = BPF_MOV32_IMM(REG_A, (int32_t)f->k);
		return 1;
	case BPF_MEM:
		out[0] = BPF_LDX_MEM(BPF_W, REG_A, ISA_REG_FP, word_off(f));
		return 1;
	default: /* BPF_LEN */
		return load_length(REG_A, flags, out);
	}
}

static int convert_ldx(const struct sock_filter *f, unsigned int flags, struct bpf_insn *out)
{
	int n = 0, made;

	switch (BPF_MODE(f->code)) {
	case BPF_IMM:
		out[0] = BPF_MOV32_IMM(REG_X, (int32_t)f->k);
		return 1;
	case BPF_MEM:
		out[0] = BPF_LDX_MEM(BPF_W, REG_X, ISA_REG_FP, word_off(f));
		return 1;
	case BPF_LEN:
		return load_length(REG_X, flags, out);
	default: /* BPF_MSH: X = 4 * (packet[k] & 0xf) */
		out[n++] = BPF_MOV64_REG(REG_SAVED_A, REG_A);
		made = load_absolute(BPF_B, f->k, flags, out + n);
		if (!made)
			return 0;
		n += made;
		out[n++] = BPF_ALU32_IMM(BPF_AND, REG_A, 0xf);
		out[n++] = BPF_ALU32_IMM(BPF_LSH, REG_A, 2);
		out[n++] = BPF_MOV64_REG(REG_X, REG_A);
		out[n++] = BPF_MOV64_REG(REG_A, REG_SAVED_A);
		return n;
	}
}

static int convert_alu(const struct sock_filter *f, struct bpf_insn *out)
{
	uint8_t op = BPF_OP(f->code);
	int n = 0;

	if (op == BPF_NEG) {
		out[0] = BPF_RAW_INSN(BPF_ALU | BPF_NEG, REG_A, 0, 0, 0);
		return 1;
	}
	if (BPF_SRC(f->code) == BPF_K) {
		out[0] = BPF_ALU32_IMM(op, REG_A, (int32_t)f->k);
		return 1;
	}
	if (op == BPF_DIV || op == BPF_MOD) {
		out[n++] = BPF_JMP32_IMM(BPF_JNE, REG_X, 0, 2);
		out[n++] = BPF_MOV32_IMM(REG_A, 0);
		out[n++] = BPF_EXIT_INSN();
	}
	out[n++] = BPF_ALU32_REG(op, REG_A, REG_X);
	return n;
}

/* Anything but jumps: the count of instructions; 0 when it cannot be expressed. */
static int convert_straight(const struct sock_filter *f, unsigned int flags, struct bpf_insn *out)
{
	int n = 0;

	switch (BPF_CLASS(f->code)) {
	case BPF_LD:
		return convert_ld(f, flags, out);
	case BPF_LDX:
		return convert_ldx(f, flags, out);
	case BPF_ST:
		out[n++] = BPF_STX_MEM(BPF_W, ISA_REG_FP, REG_A, word_off(f));
		return n;
	case BPF_STX:
		out[n++] = BPF_STX_MEM(BPF_W, ISA_REG_FP, REG_X, word_off(f));
		return n;
	case BPF_ALU:
		return convert_alu(f, out);
	case BPF_RET:
		if (f->code == (BPF_RET | BPF_K))
			out[n++] = BPF_MOV32_IMM(REG_A, (int32_t)f->k);
		out[n++] = BPF_EXIT_INSN();
		return n;
	default:
		out[n++] = f->code == (BPF_MISC | BPF_TAX) ? BPF_MOV64_REG(REG_X, REG_A)
							   : BPF_MOV64_REG(REG_A, REG_X);
		return n;
	}
}

/* Jumps carry the classic index they lead to in off, until fix_jumps(). */
static int convert_jump(const struct sock_filter *f, size_t pc, struct bpf_insn *out)
{
	bool ja = f->code == (BPF_JMP | BPF_JA);
	int16_t yes = (int16_t)(pc + 1 + (ja ? f->k : f->jt)), no = (int16_t)(pc + 1 + f->jf);
	uint8_t op = BPF_OP(f->code);
	int n = 0;

	if (ja || f->jt == f->jf) {
		out[n++] = BPF_JMP_A(yes);
		return n;
	}
	if (!f->jt && op != BPF_JSET) {
		op = isa_jmp_negate(op);
		yes = no;
		no = (int16_t)(pc + 1);
	}
	if (BPF_SRC(f->code) == BPF_X)
		out[n++] = BPF_JMP32_REG(op, REG_A, REG_X, yes);
	else
		out[n++] = BPF_JMP32_IMM(op, REG_A, (int32_t)f->k, yes);
	if (no != (int16_t)(pc + 1))
		out[n++] = BPF_JMP_A(no);
	return n;
}

/* Turns the classic indices in the offs of jumps into distances; end: of insns. A classic jump
 * became one or two jumps, up to where the next instruction begins. */
static void fix_jumps(const struct sock_filter *filter, size_t n, struct bpf_insn *insns,
		      int32_t end, const int32_t *start)
{
	for (size_t pc = n; pc-- > 0;) {
		if (start[pc] == UNREACHED)
			continue;
		for (int32_t i = start[pc]; i < end && BPF_CLASS(filter[pc].code) == BPF_JMP; i++)
			insns[i].off = (int16_t)(start[insns[i].off] - i - 1);
		end = start[pc];
	}
}

static int convert(const struct sock_filter *filter, size_t n, unsigned int flags,
		   struct bpf_insn *insns, int32_t *start, size_t *bad)
{
	int32_t out = 0;

	insns[out++] = BPF_MOV32_IMM(REG_A, 0);
	insns[out++] = BPF_MOV32_IMM(REG_X, 0);
	insns[out++] = BPF_MOV64_REG(REG_CTX, BPF_REG_1);
	if (flags & ISA_CLASSIC_DIRECT)
		insns[out++] = CTX_LOAD(REG_DATA, data);
	mark_reached(filter, n, start);
	for (size_t pc = 0; pc < n; pc++) {
		int made;

		if (start[pc] == UNREACHED)
			continue;
		start[pc] = out;
		if (BPF_CLASS(filter[pc].code) == BPF_JMP)
			made = convert_jump(&filter[pc], pc, &insns[out]);
		else
			made = convert_straight(&filter[pc], flags, &insns[out]);
		if (!made || out + made > INT16_MAX) {
			*bad = pc;
			return made ? -E2BIG : -ENOTSUP;
		}
		out += made;
	}
	fix_jumps(filter, n, insns, out, start);
	return out;
}

/* Why the instruction cannot be expressed. */
static const char *lack_of(const struct sock_filter *f)
{
	if (is_ld_abs(f) && f->k >= (uint32_t)SKF_AD_OFF)
		return "this ancillary load needs what only the kernel knows";
	return "this load counts from a header, not from the packet's begin";
}

int isa_classic_convert(const struct sock_filter *filter, size_t n, unsigned int flags,
			struct bpf_insn **insns, size_t *n_insns, const char **why, size_t *bad)
{
	size_t expansion = flags & ISA_CLASSIC_DIRECT ? EXPANSION_DIRECT_MAX : EXPANSION_MAX;
	_cleanup_free_ struct bpf_insn *made = NULL;
	_cleanup_free_ int32_t *start = NULL;
	size_t at = 0;
	int ret;

	ret = isa_classic_check(filter, n, why, bad);
	if (ret)
		return ret;
	if ((flags & ~(unsigned int)ISA_CLASSIC_FLAGS) || (flags && !(flags & ISA_CLASSIC_DIRECT)))
		return reject(-EINVAL, "unknown flags", 0, why, bad);
	made = mem_calloc(n * expansion + PROLOGUE_INSNS_MAX, sizeof(*made));
	start = mem_calloc(n, sizeof(*start));
	if (!made || !start)
		return -ENOMEM;
	ret = convert(filter, n, flags, made, start, &at);
	if (ret < 0)
		return reject(ret, ret == -E2BIG ? "the program is too long" : lack_of(&filter[at]),
			      at, why, bad);
	*insns = take_ptr(made);
	*n_insns = (size_t)ret;
	return 0;
}
