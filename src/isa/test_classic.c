/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: a converted filter means what the classic one means, and passes the verifier. Method: a
 * direct interpreter of classic BPF is the slow twin; programs in the style of libpcap's, then
 * random ones, run in the twin, converted in a small evaluator here, and, where bpf(2) is
 * allowed, converted in the kernel by PROG_TEST_RUN and unconverted in the kernel on a socket.
 */
#include <linux/filter.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/macros.h"
#include "isa/classic.h"
#include "isa/insn.h"
#include "isa/test_oracle.h"

enum {
	PKT_MAX = 96,
	RANDOM_INSNS = 24,
	ETH_BYTES = 14
};

struct packet {
	uint8_t data[PKT_MAX];
	uint32_t len;
	bool tag_beside; /* no indexed load may touch it */
	bool no_wrap;	 /* of indices */
};

/* Big-endian load of size bytes; false: beyond the packet. */
static bool load(const struct packet *p, uint32_t off, int size, uint32_t *value)
{
	uint32_t v = 0;

	if (off > p->len || (uint32_t)size > p->len - off)
		return false;
	for (int i = 0; i < size; i++)
		v = v << 8 | p->data[off + (uint32_t)i];
	*value = v;
	return true;
}

static bool alu32(uint8_t op, uint32_t *a, uint32_t b)
{
	switch (op) {
	case BPF_ADD:
		*a += b;
		break;
	case BPF_SUB:
		*a -= b;
		break;
	case BPF_MUL:
		*a *= b;
		break;
	case BPF_OR:
		*a |= b;
		break;
	case BPF_AND:
		*a &= b;
		break;
	case BPF_XOR:
		*a ^= b;
		break;
	case BPF_LSH:
		*a <<= b & 31;
		break;
	case BPF_RSH:
		*a >>= b & 31;
		break;
	case BPF_NEG:
		*a = -*a;
		break;
	case BPF_DIV:
	case BPF_MOD:
		if (!b)
			return false;
		*a = op == BPF_DIV ? *a / b : *a % b;
		break;
	default:
		fail_msg("no such operator");
	}
	return true;
}

static bool compare(uint8_t op, uint32_t a, uint32_t b)
{
	switch (op) {
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JLT:
		return a < b;
	case BPF_JLE:
		return a <= b;
	default:
		return (a & b) != 0;
	}
}

/* What direct loads take for beyond the packet. */
static bool is_beyond(const struct packet *p, const struct sock_filter *f, uint32_t x)
{
	uint32_t off = f->k + x;

	if (p->no_wrap && BPF_MODE(f->code) == BPF_IND && off < x)
		return true;
	return p->tag_beside && BPF_MODE(f->code) == BPF_IND && off < 16 &&
	       off + (uint32_t)isa_size_bytes((uint8_t)f->code) > 12;
}

/* The twin. */
static uint32_t classic_run(const struct sock_filter *f, const struct packet *p)
{
	uint32_t a = 0, x = 0, mem[BPF_MEMWORDS] = { 0 }, v;

	for (;; f++) {
		uint32_t operand = BPF_SRC(f->code) == BPF_X ? x : f->k;

		switch (BPF_CLASS(f->code)) {
		case BPF_LD:
		case BPF_LDX:
			v = f->k;
			if (BPF_MODE(f->code) == BPF_LEN)
				v = p->len;
			else if (BPF_MODE(f->code) == BPF_MEM)
				v = mem[f->k];
			else if (BPF_MODE(f->code) == BPF_ABS &&
				 f->k == SKF_AD_OFF + SKF_AD_ALU_XOR_X)
				v = a ^ x;
			else if (BPF_MODE(f->code) != BPF_IMM &&
				 (is_beyond(p, f, x) ||
				  !load(p, f->k + (BPF_MODE(f->code) == BPF_IND ? x : 0),
					isa_size_bytes((uint8_t)f->code), &v)))
				return 0;
			if (BPF_MODE(f->code) == BPF_MSH)
				v = 4 * (v & 0xf);
			*(BPF_CLASS(f->code) == BPF_LD ? &a : &x) = v;
			break;
		case BPF_ST:
			mem[f->k] = a;
			break;
		case BPF_STX:
			mem[f->k] = x;
			break;
		case BPF_ALU:
			if (!alu32(BPF_OP(f->code), &a, operand))
				return 0;
			break;
		case BPF_JMP:
			if (BPF_OP(f->code) == BPF_JA)
				f += f->k;
			else
				f += compare(BPF_OP(f->code), a, operand) ? f->jt : f->jf;
			break;
		case BPF_RET:
			return BPF_RVAL(f->code) == BPF_A ? a : f->k;
		default:
			*(BPF_MISCOP(f->code) == BPF_TAX ? &x : &a) =
				BPF_MISCOP(f->code) == BPF_TAX ? a : x;
		}
	}
}

static uint64_t load_ctx(const struct bpf_insn *insn, const struct __sk_buff *skb,
			 const uint32_t *stack)
{
	uint32_t v;

	if (insn->src_reg == BPF_REG_10)
		return stack[-insn->off / 4];
	assert_int_equal(insn->src_reg, BPF_REG_6);
	memcpy(&v, (const char *)skb + insn->off, sizeof(v));
	return v;
}

/* The instructions that a converted filter is made of, and no others; upper halves must be 0. */
static uint32_t ebpf_run(const struct bpf_insn *insn, const struct __sk_buff *skb,
			 const struct packet *p)
{
	uint32_t stack[BPF_MEMWORDS + 1] = { 0 }, v;
	uint64_t r[11] = { 0 };

	for (;; insn++) {
		uint32_t src = (uint32_t)(BPF_SRC(insn->code) ? r[insn->src_reg] : insn->imm);
		uint32_t dst = (uint32_t)r[insn->dst_reg];

		assert_null(isa_check(insn));
		switch (BPF_CLASS(insn->code)) {
		case BPF_ALU:
			if (BPF_OP(insn->code) == BPF_MOV)
				dst = src;
			else if (BPF_OP(insn->code) == BPF_END)
				dst = __builtin_bswap16((uint16_t)dst);
			else
				assert_true(alu32(BPF_OP(insn->code), &dst, src));
			r[insn->dst_reg] = dst;
			break;
		case BPF_ALU64:
			assert_int_equal(insn->code, BPF_ALU64 | BPF_MOV | BPF_X);
			r[insn->dst_reg] = r[insn->src_reg];
			break;
		case BPF_LD:
			v = BPF_MODE(insn->code) == BPF_IND ? (uint32_t)r[insn->src_reg] : 0;
			if (!load(p, v + (uint32_t)insn->imm, isa_size_bytes(insn->code), &v))
				return 0;
			r[0] = v;
			break;
		case BPF_LDX:
			r[insn->dst_reg] = load_ctx(insn, skb, stack);
			break;
		case BPF_STX:
			stack[-insn->off / 4] = (uint32_t)r[insn->src_reg];
			break;
		default:
			if (isa_is_exit(insn))
				return (uint32_t)r[0];
			assert_true(isa_is_jump(insn));
			if (isa_is_ja(insn) || compare(BPF_OP(insn->code), dst, src))
				insn += insn->off;
		}
	}
}

/* As tcpdump -dd compiles 'ip and tcp dst port 80', without a link layer. */
static const struct sock_filter tcp_port_80[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
	BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 4, 0, 8),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 6, 0, 6),
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 4, 0),
	BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
	BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 80, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, 0x40000),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

static void convert(const struct sock_filter *f, size_t n, struct bpf_insn **insns, size_t *n_insns)
{
	const char *why = "";
	size_t bad = 0;
	int ret = isa_classic_convert(f, n, 0, insns, n_insns, &why, &bad);

	if (ret)
		fail_msg("%zu: %s", bad, why);
}

static void a_port_filter_picks_its_packets(void **state)
{
	struct packet p = { .data = { 0x46, [9] = 6, [26] = 0, [27] = 80 }, .len = 60 };
	const struct __sk_buff skb = { .len = 60 };
	struct bpf_insn *insns;
	size_t n;

	convert(tcp_port_80, ARRAY_SIZE(tcp_port_80), &insns, &n);
	assert_int_equal(ebpf_run(insns, &skb, &p), 0x40000);
	assert_int_equal(classic_run(tcp_port_80, &p), 0x40000);
	p.data[27] = 81;
	assert_int_equal(ebpf_run(insns, &skb, &p), 0);
	p.data[27] = 80;
	p.data[7] = 1; /* a later fragment */
	assert_int_equal(ebpf_run(insns, &skb, &p), 0);
	p.data[7] = 0;
	p.len = 27; /* the port is cut off */
	assert_int_equal(ebpf_run(insns, &skb, &p), 0);
	free(insns);
}

static uint32_t run_ancillary(uint32_t what, const struct __sk_buff *skb)
{
	const struct sock_filter f[] = {
		BPF_STMT(BPF_LDX | BPF_IMM, 0xf0),
		BPF_STMT(BPF_LD | BPF_IMM, 0xff),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + what),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	struct packet p = { .len = 10 };
	struct bpf_insn *insns;
	uint32_t ret;
	size_t n;

	convert(f, ARRAY_SIZE(f), &insns, &n);
	ret = ebpf_run(insns, skb, &p);
	free(insns);
	return ret;
}

static void ancillary_loads_read_the_context(void **state)
{
	struct __sk_buff skb = {
		.protocol = __builtin_bswap16(0x86dd),
		.pkt_type = 3,
		.ifindex = 7,
		.mark = 0xdeadbeef,
		.queue_mapping = 5,
		.hash = 99,
		.vlan_tci = 0x1234,
		.vlan_present = 1,
		.vlan_proto = __builtin_bswap16(0x8100),
	};

	assert_int_equal(run_ancillary(SKF_AD_PROTOCOL, &skb), 0x86dd);
	assert_int_equal(run_ancillary(SKF_AD_PKTTYPE, &skb), 3);
	assert_int_equal(run_ancillary(SKF_AD_IFINDEX, &skb), 7);
	assert_int_equal(run_ancillary(SKF_AD_MARK, &skb), 0xdeadbeef);
	assert_int_equal(run_ancillary(SKF_AD_QUEUE, &skb), 5);
	assert_int_equal(run_ancillary(SKF_AD_RXHASH, &skb), 99);
	assert_int_equal(run_ancillary(SKF_AD_VLAN_TAG, &skb), 0x1234);
	assert_int_equal(run_ancillary(SKF_AD_VLAN_TAG_PRESENT, &skb), 1);
	assert_int_equal(run_ancillary(SKF_AD_VLAN_TPID, &skb), 0x8100);
	assert_int_equal(run_ancillary(SKF_AD_ALU_XOR_X, &skb), 0x0f);
	skb.ifindex = 0;
	assert_int_equal(run_ancillary(SKF_AD_IFINDEX, &skb), 0xff);
}

static void what_only_the_kernel_knows_is_not_supported(void **state)
{
	static const uint32_t whats[] = { SKF_AD_NLATTR, SKF_AD_NLATTR_NEST, SKF_AD_HATYPE,
					  SKF_AD_PAY_OFFSET };

	for (size_t i = 0; i < ARRAY_SIZE(whats); i++) {
		const struct sock_filter f[] = {
			BPF_STMT(BPF_LD | BPF_IMM, 0),
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + whats[i]),
			BPF_STMT(BPF_RET | BPF_A, 0),
		};
		struct bpf_insn *insns = NULL;
		const char *why = NULL;
		size_t n, bad = 9;

		assert_int_equal(isa_classic_check(f, 3, NULL, NULL), 0);
		assert_int_equal(isa_classic_convert(f, 3, 0, &insns, &n, &why, &bad), -ENOTSUP);
		assert_int_equal(bad, 1);
		assert_non_null(why);
		assert_null(insns);
	}
}

static void filters_the_kernel_refuses_are_refused(void **state)
{
	static const struct {
		struct sock_filter f[3];
		size_t bad;
		const char *why;
	} rows[] = {
		{ { BPF_STMT(0x0f, 0), BPF_STMT(BPF_RET, 0), BPF_STMT(BPF_RET, 0) },
		  0,
		  "unknown classic opcode" },
		{ { BPF_STMT(BPF_LD | BPF_IMM, 0), BPF_STMT(BPF_ALU | BPF_MOD, 0),
		    BPF_STMT(BPF_RET, 0) },
		  1,
		  "division by 0" },
		{ { BPF_STMT(BPF_LD | BPF_IMM, 0), BPF_STMT(BPF_ALU | BPF_LSH, 32),
		    BPF_STMT(BPF_RET, 0) },
		  1,
		  "shift by more than 31" },
		{ { BPF_STMT(BPF_ST, 16), BPF_STMT(BPF_RET, 0), BPF_STMT(BPF_RET, 0) },
		  0,
		  "no such scratch memory word" },
		{ { BPF_STMT(BPF_JMP | BPF_JA, 2), BPF_STMT(BPF_RET, 0), BPF_STMT(BPF_RET, 0) },
		  0,
		  "jump out of the program" },
		{ { BPF_STMT(BPF_JMP | BPF_JA, -1), BPF_STMT(BPF_RET, 0), BPF_STMT(BPF_RET, 0) },
		  0,
		  "jump out of the program" },
		{ { BPF_JUMP(BPF_JMP | BPF_JEQ, 0, 0, 2), BPF_STMT(BPF_RET, 0),
		    BPF_STMT(BPF_RET, 0) },
		  0,
		  "jump out of the program" },
		{ { BPF_STMT(BPF_RET, 0), BPF_STMT(BPF_LD | BPF_B | BPF_ABS, SKF_AD_OFF + 64),
		    BPF_STMT(BPF_RET, 0) },
		  1,
		  "unknown ancillary load" },
		{ { BPF_STMT(BPF_RET, 0), BPF_STMT(BPF_RET, 0), BPF_STMT(BPF_LD, 0) },
		  2,
		  "the last instruction does not return" },
		{ { BPF_JUMP(BPF_JMP | BPF_JEQ, 0, 0, 0), BPF_STMT(BPF_LD | BPF_MEM, 3),
		    BPF_STMT(BPF_RET, 0) },
		  1,
		  "scratch memory is read before it is written" },
	};
	const char *why;
	size_t bad;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(isa_classic_check(rows[i].f, 3, &why, &bad), -EINVAL);
		assert_string_equal(why, rows[i].why);
		assert_int_equal(bad, rows[i].bad);
	}
	assert_int_equal(isa_classic_check(tcp_port_80, 0, &why, &bad), -EINVAL);
	assert_int_equal(isa_classic_check(tcp_port_80, 4097, &why, &bad), -EINVAL);
}

static void the_longest_expansions_fit(void **state)
{
	struct sock_filter *f = calloc(ISA_CLASSIC_INSNS_MAX, sizeof(*f));
	struct bpf_insn *insns;
	size_t n;

	assert_non_null(f);
	f[0] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 1);
	f[1] = (struct sock_filter)BPF_STMT(BPF_RET, 7); /* unreachable: left out */
	f[2] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ, 1, 0, 1);
	f[3] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, ISA_CLASSIC_INSNS_MAX - 5);
	for (size_t i = 4; i < ISA_CLASSIC_INSNS_MAX - 1; i++)
		f[i] = (struct sock_filter)BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0);
	f[ISA_CLASSIC_INSNS_MAX - 1] = (struct sock_filter)BPF_STMT(BPF_RET, 0);
	convert(f, ISA_CLASSIC_INSNS_MAX, &insns, &n);
	assert_int_equal(n, 3 + 3 + 6 * (ISA_CLASSIC_INSNS_MAX - 5) + 2);
	assert_int_equal(isa_jump_target(&insns[5], 5), n - 2);
	free(insns);
	free(f);
}

static struct sock_filter random_classic(uint64_t *seed, size_t pc, size_t n)
{
	static const uint16_t codes[] = {
		BPF_LD | BPF_W | BPF_ABS,
		BPF_LD | BPF_H | BPF_ABS,
		BPF_LD | BPF_B | BPF_ABS,
		BPF_LD | BPF_W | BPF_IND,
		BPF_LD | BPF_H | BPF_IND,
		BPF_LD | BPF_B | BPF_IND,
		BPF_LD | BPF_LEN,
		BPF_LD | BPF_IMM,
		BPF_LD | BPF_MEM,
		BPF_LDX | BPF_LEN,
		BPF_LDX | BPF_B | BPF_MSH,
		BPF_LDX | BPF_IMM,
		BPF_LDX | BPF_MEM,
		BPF_ST,
		BPF_STX,
		BPF_ALU | BPF_NEG,
		BPF_MISC | BPF_TAX,
		BPF_MISC | BPF_TXA,
		BPF_RET | BPF_A,
		BPF_JMP | BPF_JA,
	};
	static const uint32_t ks[] = {
		0, 1, 2, 3, 9, 10, 11, 12, 13, 14, 15, 16, 31, 40, 60, 0x80000000, 0xffffffff, 255
	};
	uint64_t x = test_random(seed);
	size_t left = n - pc - 2;
	struct sock_filter f = { .k = ks[x % ARRAY_SIZE(ks)] };

	switch (x >> 8 & 3) {
	case 0:
		f.code = (uint16_t)(BPF_ALU | (x >> 16) % 11 << 4 | (x >> 20 & BPF_X));
		break;
	case 1:
		f.code = (uint16_t)(BPF_JMP | ((x >> 16) % 4 + 1) << 4 | (x >> 20 & BPF_X));
		f.jt = (uint8_t)((x >> 24) % (left + 1) & 7);
		f.jf = (uint8_t)((x >> 32) % (left + 1) & 7);
		break;
	default:
		f.code = codes[(x >> 16) % ARRAY_SIZE(codes)];
		if (BPF_MODE(f.code) == BPF_ABS && (x >> 40) % 8 == 0)
			f.k = (uint32_t)SKF_AD_OFF + SKF_AD_ALU_XOR_X;
	}
	return f;
}

/* Legal by construction or by trying again. */
static void random_filter(struct sock_filter *f, size_t n, uint64_t *seed)
{
	do {
		for (size_t pc = 0; pc < n; pc++) {
			do {
				if (pc < 4)
					f[pc] = (struct sock_filter)BPF_STMT(BPF_ST, (uint32_t)pc);
				else if (pc == n - 1)
					f[pc] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_A, 0);
				else
					f[pc] = random_classic(seed, pc, n);
			} while (f[pc].code == (BPF_JMP | BPF_JA) && f[pc].k >= n - pc - 1);
		}
	} while (isa_classic_check(f, n, NULL, NULL));
}

static void random_packet(struct packet *p, uint64_t *seed)
{
	p->tag_beside = p->no_wrap = false;
	p->len = 20 + (uint32_t)(test_random(seed) % (PKT_MAX - 20));
	for (size_t i = 0; i < PKT_MAX; i++)
		p->data[i] = (uint8_t)test_random(seed);
}

static void random_filters_mean_the_same(void **state)
{
	uint64_t seed = 0xc1a551c;
	int nonzero = 0;

	for (int i = 0; i < 3000; i++) {
		struct sock_filter f[RANDOM_INSNS];
		struct bpf_insn *insns;
		struct packet p;
		struct __sk_buff skb = { 0 };
		size_t n;

		random_filter(f, RANDOM_INSNS, &seed);
		convert(f, RANDOM_INSNS, &insns, &n);
		for (int k = 0; k < 4; k++) {
			random_packet(&p, &seed);
			skb.len = p.len;
			assert_int_equal(ebpf_run(insns, &skb, &p), classic_run(f, &p));
			nonzero += classic_run(f, &p) != 0;
		}
		free(insns);
	}
	printf("%d of 12000 results are not 0\n", nonzero);
	assert_true(nonzero > 3000);
}

/* The kernel's PROG_TEST_RUN of a program of the type on the frame. */
static int oracle_run_type(uint32_t type, const struct bpf_insn *insns, size_t n,
			   const uint8_t *frame, uint32_t bytes, uint32_t *ret)
{
	union bpf_attr attr = { 0 };
	int fd, err;

	attr.prog_type = type;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = (uint32_t)n;
	attr.license = (uintptr_t) "Dual BSD/GPL";
	fd = (int)syscall(__NR_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd < 0)
		return -errno;
	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)fd;
	attr.test.data_in = (uintptr_t)frame;
	attr.test.data_size_in = bytes;
	attr.test.repeat = 1;
	err = (int)syscall(__NR_bpf, BPF_PROG_TEST_RUN, &attr, sizeof(attr)) ? -errno : 0;
	close(fd);
	*ret = attr.test.retval;
	return err;
}

/* A socket filter sees p, which stands behind a link-layer header. */
static int oracle_run(const struct bpf_insn *insns, size_t n, const struct packet *p, uint32_t *ret)
{
	uint8_t frame[ETH_BYTES + PKT_MAX] = { [12] = 0x08 };

	memcpy(frame + ETH_BYTES, p->data, p->len);
	return oracle_run_type(BPF_PROG_TYPE_SOCKET_FILTER, insns, n, frame, ETH_BYTES + p->len,
			       ret);
}

static void the_kernel_accepts_and_agrees(void **state)
{
	uint64_t seed = 0x0c1a551c;

	if (!oracle_present())
		skip();
	for (int i = 0; i < 300; i++) {
		struct sock_filter f[RANDOM_INSNS];
		struct bpf_insn *insns;
		struct packet p;
		uint32_t ret;
		size_t n;

		random_filter(f, RANDOM_INSNS, &seed);
		convert(f, RANDOM_INSNS, &insns, &n);
		random_packet(&p, &seed);
		if (oracle_run(insns, n, &p, &ret)) {
			oracle_load(insns, n, 1);
			fail_msg("the kernel refuses the converted filter: %s", oracle_log);
		}
		assert_int_equal(ret, classic_run(f, &p));
		free(insns);
	}
}

/* A tc program that moves a tag (802.1ad, 0x2064) into the metadata, then goes on as the filter. */
static size_t with_tag_beside(const struct bpf_insn *insns, size_t n, struct bpf_insn *out)
{
	size_t at = 0;

	out[at++] = BPF_MOV64_REG(BPF_REG_6, BPF_REG_1);
	out[at++] = BPF_MOV64_IMM(BPF_REG_2, 0xa888); /* in network byte order */
	out[at++] = BPF_MOV64_IMM(BPF_REG_3, 0x2064);
	out[at++] = BPF_CALL_HELPER(BPF_FUNC_skb_vlan_push);
	out[at++] = BPF_MOV64_REG(BPF_REG_1, BPF_REG_6);
	memcpy(out + at, insns, n * sizeof(*insns));
	return at + n;
}

/* The packet with that tag in the frame. */
static void put_tag(const struct packet *p, struct packet *tagged)
{
	static const uint8_t tag[] = { 0x88, 0xa8, 0x20, 0x64 };

	tagged->len = p->len + 4;
	tagged->tag_beside = tagged->no_wrap = true;
	memcpy(tagged->data, p->data, 12);
	memcpy(tagged->data + 12, tag, 4);
	memcpy(tagged->data + 16, p->data + 12, p->len - 12);
}

static void check_direct(const struct sock_filter *f, size_t n_filter, const struct packet *p,
			 int *n_run, int *n_tagged)
{
	struct bpf_insn *insns = NULL, longer[RANDOM_INSNS * 100];
	struct packet tagged;
	uint32_t ret;
	size_t n;

	if (!isa_classic_convert(f, n_filter, ISA_CLASSIC_DIRECT, &insns, &n, NULL, NULL)) {
		if (oracle_run_type(BPF_PROG_TYPE_SCHED_CLS, insns, n, p->data, p->len, &ret)) {
			oracle_load_type(insns, n, BPF_PROG_TYPE_SCHED_CLS, 1);
			fail_msg("the kernel refuses the converted filter: %s", oracle_log);
		}
		assert_int_equal(ret, classic_run(f, p));
		free(insns);
		++*n_run;
	}
	if (!isa_classic_convert(f, n_filter, ISA_CLASSIC_DIRECT | ISA_CLASSIC_TAG_BESIDE, &insns,
				 &n, NULL, NULL)) {
		put_tag(p, &tagged);
		n = with_tag_beside(insns, n, longer);
		assert_int_equal(
			oracle_run_type(BPF_PROG_TYPE_SCHED_CLS, longer, n, p->data, p->len, &ret),
			0);
		assert_int_equal(ret, classic_run(f, &tagged));
		free(insns);
		++*n_tagged;
	}
}

/* The same verdicts by direct packet access, on plain frames and on those with a tag beside them. */
static void direct_loads_mean_the_same(void **state)
{
	uint64_t seed = 0xd13ec7;
	int n_run = 0, n_tagged = 0;

	if (!oracle_present())
		skip();
	for (int i = 0; i < 400; i++) {
		struct sock_filter f[RANDOM_INSNS];
		struct packet p;

		random_filter(f, RANDOM_INSNS, &seed);
		random_packet(&p, &seed);
		p.len = p.len > PKT_MAX - 4 ? PKT_MAX - 4 : p.len;
		p.no_wrap = true;
		check_direct(f, RANDOM_INSNS, &p, &n_run, &n_tagged);
	}
	printf("%d plain, %d tagged\n", n_run, n_tagged);
	assert_true(n_run > 200 && n_tagged > 50);
}

static void a_tag_beside_the_frame_is_seen_in_it(void **state)
{
	/* ether[12:2] == 0x88a8 and ether[14:2] & 0xfff == 100, then the length */
	static const struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x88a8, 0, 4),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 14),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xfff),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 100, 0, 1),
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	struct bpf_insn *insns, longer[128];
	struct packet p = { .len = 60 };
	const char *why;
	uint32_t ret;
	size_t n, bad;

	assert_int_equal(isa_classic_convert(f, ARRAY_SIZE(f), ISA_CLASSIC_TAG_BESIDE, &insns, &n,
					     &why, &bad),
			 -EINVAL);
	if (!oracle_present())
		skip();
	assert_int_equal(isa_classic_convert(f, ARRAY_SIZE(f),
					     ISA_CLASSIC_DIRECT | ISA_CLASSIC_TAG_BESIDE, &insns,
					     &n, NULL, NULL),
			 0);
	n = with_tag_beside(insns, n, longer);
	assert_int_equal(oracle_run_type(BPF_PROG_TYPE_SCHED_CLS, longer, n, p.data, p.len, &ret),
			 0);
	assert_int_equal(ret, 64);
	free(insns);
}

/* Sends p through the filter on a socket pair: the bytes that arrive, -1 where none do, -2:
 * refused. */
static int socket_run(const struct sock_filter *f, size_t n, const struct packet *p)
{
	struct sock_fprog prog = { .len = (unsigned short)n, .filter = (struct sock_filter *)f };
	uint8_t buf[PKT_MAX];
	int fds[2], got = -2;

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	if (!setsockopt(fds[1], SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog))) {
		send(fds[0], p->data, p->len, MSG_DONTWAIT);
		got = (int)recv(fds[1], buf, sizeof(buf), MSG_DONTWAIT);
	}
	close(fds[0]);
	close(fds[1]);
	return got;
}

/* Needs no privilege: what the kernel makes of the classic filter itself. */
static void the_kernels_own_conversion_agrees_with_the_twin(void **state)
{
	uint64_t seed = 0x50c4e7;
	int passed = 0, refused = 0;

	for (int i = 0; i < 1000; i++) {
		struct sock_filter f[RANDOM_INSNS];
		struct packet p;
		uint32_t want;

		random_packet(&p, &seed);
		random_filter(f, RANDOM_INSNS, &seed);
		want = classic_run(f, &p);
		assert_int_equal(socket_run(f, RANDOM_INSNS, &p),
				 want ? (int)MIN(want, p.len) : -1);
		passed += want != 0;
		f[test_random(&seed) % RANDOM_INSNS].code = (uint16_t)(test_random(&seed) % 300);
		f[test_random(&seed) % RANDOM_INSNS].k = (uint32_t)(test_random(&seed) % 40);
		if (isa_classic_check(f, RANDOM_INSNS, NULL, NULL)) {
			assert_int_equal(socket_run(f, RANDOM_INSNS, &p), -2);
			refused++;
		} else {
			assert_int_not_equal(socket_run(f, RANDOM_INSNS, &p), -2);
		}
	}
	printf("passed %d, refused %d\n", passed, refused);
	assert_true(passed > 200 && refused > 200);
}

static void every_allocation_may_fail(void **state)
{
	struct bpf_insn *insns = NULL;
	uint32_t at = 0;
	size_t n;
	int ret;

	do {
		mem_fail_at = ++at;
		ret = isa_classic_convert(tcp_port_80, ARRAY_SIZE(tcp_port_80), 0, &insns, &n, NULL,
					  NULL);
		assert_true(ret == 0 || ret == -ENOMEM);
	} while (ret);
	mem_fail_at = 0;
	assert_int_equal(at, 4);
	free(insns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_filter_picks_its_packets),
		cmocka_unit_test(ancillary_loads_read_the_context),
		cmocka_unit_test(what_only_the_kernel_knows_is_not_supported),
		cmocka_unit_test(filters_the_kernel_refuses_are_refused),
		cmocka_unit_test(the_longest_expansions_fit),
		cmocka_unit_test(random_filters_mean_the_same),
		cmocka_unit_test(the_kernel_accepts_and_agrees),
		cmocka_unit_test(direct_loads_mean_the_same),
		cmocka_unit_test(a_tag_beside_the_frame_is_seen_in_it),
		cmocka_unit_test(the_kernels_own_conversion_agrees_with_the_twin),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
