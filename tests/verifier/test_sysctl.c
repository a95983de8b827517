/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random CGROUP_SYSCTL programs into the kernel and into the engine: their context read and written, all of
 * their own helpers on stack and map values of right and wrong sizes, numbers those gave used as lengths
 * and offsets, verdicts in and out of range. Errno and the whole level 2 log must be the same. Fails if
 * fewer than a quarter of the programs, or more than nine of ten, are accepted.
 *
 *	test-verifier-sysctl [first seed [count]]
 *
 * prints the program and leaves both logs in /tmp, when a seed is given.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "both.h"
#include "isa/asm.h"
#include "random_text.h"

#define COUNT 1500
#define DIFFERENCES_MAX 5
#define SKIPPED 77

#define pick random_text_pick
#define put  random_text_put

/* r6: context, r7: a map's value, r8: some number, r9: 1 or 0. */

static void put_ctx_load(struct random_text *t)
{
	static const char *const types[] = { "u8", "u16", "u32", "u32", "u32", "s8", "s32", "u64" };
	uint32_t off = pick(t, 10) ? pick(t, 2) * 4 : pick(t, 10);

	put(t, "r8 = *(%s *)(r6 +%u)\n", types[pick(t, ARRAY_SIZE(types) - (pick(t, 8) != 0))], off);
}

static void put_ctx_store(struct random_text *t)
{
	const char *type = pick(t, 15) ? "u32" : "u16";
	uint32_t off = pick(t, 15) ? 4 : 0;

	if (pick(t, 2))
		put(t, "*(%s *)(r6 +%u) = r%u\n", type, off, 8 + pick(t, 2));
	else
		put(t, "*(%s *)(r6 +%u) = %u\n", type, off, pick(t, 5));
}

/* @reg: a buffer, @reg + 1: its length, as it should be or a little more. */
static void put_buffer(struct random_text *t, int reg, bool written)
{
	uint32_t bytes = 8 * (1 + pick(t, 5)), wrong = pick(t, 25) ? 0 : 1 + pick(t, 8);

	if (pick(t, 3) == 0) {
		put(t, "r%d = r7\n", reg);
		if (pick(t, 3) == 0)
			put(t, "r%d = r8\nr%d &= 31\nr%d += %u\n", reg + 1, reg + 1, reg + 1,
			    pick(t, 20) ? 1 : 17);
		else
			put(t, "r%d = %u\n", reg + 1, 48 + wrong);
		return;
	}
	if (written || pick(t, 20) == 0)
		for (uint32_t at = 0; at < bytes; at += 8)
			put(t, "*(u64 *)(r10 -%u) = %u\n", 64 + bytes - at, 0x3131 + pick(t, 8));
	put(t, "r%d = r10\nr%d += -%u\n", reg, reg, 64 + bytes);
	if (pick(t, 4) == 0 && bytes > 8)
		put(t, "r%d = r8\nr%d &= 7\nr%d += %u\n", reg + 1, reg + 1, reg + 1, pick(t, 20) != 0);
	else
		put(t, "r%d = %u\n", reg + 1, bytes + (wrong > 4 ? 128 : 0));
}

/* What the number in r0 may be used for. */
static void put_use(struct random_text *t)
{
	unsigned label = t->labels++;

	switch (pick(t, 5)) {
	case 0:
		put(t, "if r0 s< 0 goto l%u\n", label);
		put(t, "if r0 s> %u goto l%u\n", 7 + 8 * pick(t, 6), label);
		put(t, "r1 = r7\nr1 += r0\nr8 = *(u8 *)(r1 +0)\n");
		break;
	case 1:
		put(t, "if r0 == %d goto l%u\n", pick(t, 2) ? -7 : -22, label);
		put(t, "r8 = r0\n");
		break;
	case 2:
		put(t, "if w0 s<= 0 goto l%u\nw9 = %u\n", label, pick(t, 2));
		break;
	case 3:
		put(t, "r8 = *(u64 *)(r10 -%u)\n", 72 + 8 * pick(t, 5) * (pick(t, 6) == 0));
		break;
	default:
		put(t, "r8 = r0\n");
		break;
	}
	put(t, "l%u:\n", label);
}

static void put_helper(struct random_text *t)
{
	put(t, pick(t, 40) ? "r1 = r6\n" : "r1 = r6\nr1 += 4\n");
	switch (pick(t, 4)) {
	case 0:
		put_buffer(t, 2, true);
		put(t, "r4 = %u\ncall bpf_sysctl_get_name\n", pick(t, 3));
		break;
	case 1:
		put_buffer(t, 2, false);
		put(t, "call bpf_sysctl_get_current_value\n");
		break;
	case 2:
		put_buffer(t, 2, false);
		put(t, "call bpf_sysctl_get_new_value\n");
		break;
	default:
		put_buffer(t, 2, true);
		put(t, "call bpf_sysctl_set_new_value\n");
		break;
	}
	put_use(t);
}

static void put_number(struct random_text *t)
{
	put_buffer(t, 1, true);
	put(t, "r3 = %u\nr4 = r10\nr4 += -%u\n", pick(t, 4) * 8, pick(t, 20) ? 8 : 4);
	put(t, "call bpf_strto%s\n", pick(t, 2) ? "l" : "ul");
	put_use(t);
	if (pick(t, 2))
		put(t, "r8 = *(u64 *)(r10 -8)\n");
}

static void put_task(struct random_text *t)
{
	switch (pick(t, 6)) {
	case 0:
		put(t, "call bpf_get_retval\n");
		break;
	case 1:
		put(t, "r1 = %s\ncall bpf_set_retval\n", pick(t, 2) ? "-13" : "r8");
		break;
	case 2:
		put(t, "r1 = r10\nr1 += -72\nr2 = 8\ncall bpf_get_current_comm\n");
		break;
	case 3:
		put(t, "r1 = %d\ncall bpf_get_current_ancestor_cgroup_id\n", (int)pick(t, 4) - 1);
		break;
	case 4:
		put(t, "call bpf_get_current_uid_gid\n");
		break;
	default:
		put(t, "call bpf_ktime_get_coarse_ns\n");
		break;
	}
	put_use(t);
}

static void put_end(struct random_text *t)
{
	static const char *const ends[] = { "r0 = 1\n",		   "r0 = 0\n",
					    "r0 = r9\n",	   "r0 = r8\nr0 &= 1\n",
					    "r0 = r8\nr0 >>= 63\n", "w0 = w8\nw0 &= 1\n",
					    "r0 = r8\nr0 &= 3\n", "r0 = 2\n",
					    "r0 = -1\n" };

	put(t, "%sexit\n", ends[pick(t, pick(t, 6) ? 6 : ARRAY_SIZE(ends))]);
}

static void make(struct random_text *t, uint64_t seed)
{
	uint32_t n;

	t->seed = seed * 0x9e3779b97f4a7c15u;
	t->used = t->labels = 0;
	put(t, "r6 = r1\nr8 = 0\nr9 = 1\n*(u32 *)(r10 -4) = 1\nr1 = map[fd:%d]\nr2 = r10\nr2 += -4\n"
	       "call bpf_map_lookup_elem\nif r0 != 0 goto found\nexit\nfound:\nr7 = r0\n",
	    BOTH_ARRAY);
	n = 2 + pick(t, 8);
	for (uint32_t i = 0; i < n; i++) {
		unsigned label = t->labels++;

		if (pick(t, 3) == 0)
			put(t, "if r8 > %u goto l%u\n", pick(t, 100), label);
		switch (pick(t, 6)) {
		case 0: put_ctx_load(t); break;
		case 1: put_ctx_store(t); break;
		case 2: put_number(t); break;
		case 3: put_task(t); break;
		default: put_helper(t); break;
		}
		put(t, "l%u:\n", label);
	}
	put_end(t);
}

static unsigned accepted;

static bool differ(uint64_t seed, bool show)
{
	static struct random_text t;
	struct isa_asm_error err;
	struct bpf_insn *insns;
	char what[40];
	struct both b = { .type = BPF_PROG_TYPE_CGROUP_SYSCTL, .attach_type = BPF_CGROUP_SYSCTL,
			  .what = what, .keep_logs = show };
	bool bad;
	size_t n;

	snprintf(what, sizeof(what), "seed %llu", (unsigned long long)seed);
	make(&t, seed);
	if (show)
		puts(t.text);
	if (isa_asm(t.text, strlen(t.text), &insns, &n, &err)) {
		printf("%s, line %u: %s\n%s\n", what, err.line, err.text, t.text);
		return true;
	}
	b.insns = insns;
	b.n = (uint32_t)n;
	bad = both_differ(&b);
	accepted += !b.verdict;
	free(insns);
	return bad;
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	unsigned count = argc > 2 ? (unsigned)atoi(argv[2]) : argc > 1 ? 1 : COUNT;
	unsigned differing = 0, done;
	int fd = both_init();

	if (fd < 0) {
		printf("the kernel's bpf(2) answers %s\n", strerror(-fd));
		return SKIPPED;
	}
	for (done = 0; done < count && differing < DIFFERENCES_MAX; done++)
		differing += differ(seed + done, count == 1);
	printf("%u programs, %u accepted, %u differ\n", done, accepted, differing);
	if (count > 100 && (accepted < done / 4 || accepted > done / 10 * 9))
		return 1;
	return differing != 0;
}
