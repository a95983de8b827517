/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every access to the context of every program type: each offset, size and direction as a program
 * of its own, into the kernel and the engine. Verdict, errno and the log, which names the type of
 * what was loaded, must be the same.
 *
 *	test-verifier-ctx [program type]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "both.h"
#include "isa/insn.h"

#define SKIPPED 77
#define DIFFERENCES_MAX 20

static const struct row {
	uint32_t type, attach_type, flags;
	int bytes; /* a little more than the context has */
} rows[] = {
	{ BPF_PROG_TYPE_SOCKET_FILTER, 0, 0, 200 },
	{ BPF_PROG_TYPE_SCHED_CLS, 0, 0, 200 },
	{ BPF_PROG_TYPE_SCHED_ACT, 0, 0, 200 },
	{ BPF_PROG_TYPE_XDP, 0, 0, 40 },
	{ BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS, 0, 200 },
	{ BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS, 0, 200 },
	{ BPF_PROG_TYPE_CGROUP_SYSCTL, BPF_CGROUP_SYSCTL, 0, 24 },
	{ BPF_PROG_TYPE_KPROBE, 0, 0, 176 },
	{ BPF_PROG_TYPE_TRACEPOINT, 0, 0, 64 },
	{ BPF_PROG_TYPE_PERF_EVENT, 0, 0, 200 },
	{ BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0, 128 },
	{ BPF_PROG_TYPE_SYSCALL, 0, BPF_F_SLEEPABLE, 64 },
};

enum kind { LOAD, LOAD_SIGNED, STORE_REG, STORE_IMM, KIND_MAX };

static struct bpf_insn access_insn(enum kind kind, int bytes, int16_t off)
{
	uint8_t size = (uint8_t)isa_bytes_to_size(bytes);

	switch (kind) {
	case LOAD: return BPF_LDX_MEM(size, BPF_REG_0, BPF_REG_1, off);
	case LOAD_SIGNED: return BPF_LDX_MEMSX(size, BPF_REG_0, BPF_REG_1, off);
	case STORE_REG: return BPF_STX_MEM(size, BPF_REG_1, BPF_REG_0, off);
	default: return BPF_ST_MEM(size, BPF_REG_1, off, 0);
	}
}

static bool differ(const struct row *row, enum kind kind, int bytes, int off, bool *accepted)
{
	const struct bpf_insn insns[] = { BPF_MOV64_IMM(BPF_REG_0, 0),
					  access_insn(kind, bytes, (int16_t)off),
					  BPF_MOV64_IMM(BPF_REG_0, 0), BPF_EXIT_INSN() };
	char what[64];
	struct both b = { .insns = insns, .n = ARRAY_SIZE(insns), .type = row->type,
			  .attach_type = row->attach_type, .flags = row->flags, .what = what };
	bool bad;

	snprintf(what, sizeof(what), "type %u.%u: kind %d, %d bytes at %d", row->type,
		 row->attach_type, kind, bytes, off);
	bad = both_differ(&b);
	*accepted = !b.verdict;
	return bad;
}

static unsigned check_row(const struct row *row)
{
	unsigned differing = 0, accepted = 0, n = 0;

	/* Before a tracepoint's context Linux lets loads go: docs/differences.md. */
	for (int off = row->type == BPF_PROG_TYPE_TRACEPOINT ? 0 : -1; off < row->bytes; off++) {
		for (int bytes = 1; bytes <= 8; bytes *= 2) {
			for (enum kind kind = LOAD; kind < KIND_MAX; kind++) {
				bool yes = false;

				if (kind == LOAD_SIGNED && bytes == 8)
					continue;
				if (differing < DIFFERENCES_MAX)
					differing += differ(row, kind, bytes, off, &yes);
				accepted += yes;
				n++;
			}
		}
	}
	printf("type %u.%u: %u accesses, %u accepted, %u differ\n", row->type, row->attach_type, n,
	       accepted, differing);
	return differing + !accepted;
}

int main(int argc, char **argv)
{
	unsigned bad = 0;
	int fd = both_init();

	if (fd < 0) {
		printf("the kernel's bpf(2) answers %s\n", strerror(-fd));
		return SKIPPED;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (argc < 2 || (uint32_t)atoi(argv[1]) == rows[i].type)
			bad += check_row(&rows[i]);
	return bad != 0;
}
