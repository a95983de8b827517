/* SPDX-License-Identifier: BSD-2-Clause */
/* See entry.h. */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/pkt_cls.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <skep/asm.h>

#include "buffer.h"
#include "capture/entry.h"

enum {
	PROGRAM_INSNS_MAX = INT16_MAX, /* jumps reach so far */
	TAIL_INSNS = 8, /* the longer one's */
	HEAD_INSNS = 2,
};

#define INSN(c, d, s, o, i)                                                                        \
	((struct bpf_insn){ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })

struct code {
	struct bpf_insn *insns;
	size_t n;
};

static void add(struct code *c, struct bpf_insn insn)
{
	c->insns[c->n++] = insn;
}

/* Every way out of the filter becomes a jump to @tail. */
static void splice(struct code *c, const struct code *filter, size_t tail)
{
	for (size_t i = 0; i < filter->n; i++) {
		struct bpf_insn insn = filter->insns[i];

		if (insn.code == (BPF_JMP | BPF_EXIT))
			insn = INSN(BPF_JMP | BPF_JA, 0, 0, (int16_t)(tail - c->n - 1), 0);
		add(c, insn);
	}
}

/* What the filter left in R0 is 0, or the packet goes on with next[index]. */
static void add_tail(struct code *c, int next_fd, uint32_t index)
{
	add(c, INSN(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 5, 0));
	add(c, INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_6, 0, 0));
	add(c, INSN(BPF_LD | BPF_IMM | BPF_DW, BPF_REG_2, BPF_PSEUDO_MAP_FD, 0, next_fd));
	add(c, INSN(0, 0, 0, 0, 0));
	add(c, INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, (int32_t)index));
	add(c, INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_tail_call));
	add(c, INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, TC_ACT_UNSPEC));
	add(c, INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
}

static int convert(const struct classic *classic, unsigned int flags, struct code *out,
		   struct error *err)
{
	const char *why = "no memory";
	size_t bad;
	int rc = skep_classic_convert(classic->insns, classic->n, SKEP_CLASSIC_DIRECT | flags,
				      &out->insns, &out->n, &why, &bad);

	return rc ? error_set(err, rc, "the expression cannot be made a program: %s", why) : 0;
}

static int load(const struct code *c, struct error *err)
{
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "capture", "Dual BSD/GPL", c->insns, c->n,
			       NULL);

	return fd >= 0 ? fd : error_set(err, fd, "the expression's program was refused: %s",
					strerror(-fd));
}

/* Both readings of the expression, chosen by where the tag is; a tail is to follow. */
static int build(const struct classic *classic, unsigned int flags, struct code *all, struct error *err)
{
	struct code plain = { 0 }, tagged = { 0 };
	size_t tail;
	int rc = convert(classic, flags, &plain, err);

	if (!rc)
		rc = convert(classic, flags | SKEP_CLASSIC_TAG_BESIDE, &tagged, err);
	tail = HEAD_INSNS + plain.n + tagged.n;
	if (!rc && tail > PROGRAM_INSNS_MAX)
		rc = error_set(err, -E2BIG, "the expression is too long for one program");
	if (!rc) {
		all->insns = xcalloc(tail + TAIL_INSNS, sizeof(*all->insns));
		add(all, INSN(BPF_LDX | BPF_MEM | BPF_W, BPF_REG_0, BPF_REG_1,
			      offsetof(struct __sk_buff, vlan_present), 0));
		add(all, INSN(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_0, 0, (int16_t)plain.n, 0));
		splice(all, &plain, tail);
		splice(all, &tagged, tail);
	}
	free(plain.insns);
	free(tagged.insns);
	return rc;
}

int entry_load_live(const struct classic *classic, int next_fd, uint32_t index, struct error *err)
{
	struct code all = { 0 };
	int rc = build(classic, 0, &all, err);

	if (!rc) {
		add_tail(&all, next_fd, index);
		rc = load(&all, err);
	}
	free(all.insns);
	return rc;
}

int entry_load_file(const struct classic *classic, struct error *err)
{
	struct code all = { 0 };
	int rc = build(classic, SKEP_CLASSIC_WIRE_LEN, &all, err);

	if (!rc) {
		add(&all, INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
		rc = load(&all, err);
	}
	free(all.insns);
	return rc;
}
