/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verifier against the running kernel's: random programs (random_prog.h) are loaded into both;
 * verdict, errno and the whole level 2 log must be the same. Fails if fewer than
 * half of the programs, or more than nine of ten, are accepted.
 *
 *	test-verifier-kernel [first seed [count]]
 *
 * prints the first differing line and, in /tmp, leaves both logs, when a seed is given.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "both.h"
#include "isa/insn.h"
#include "object/helper.h"
#include "random_prog.h"

#define COUNT 400
#define DIFFERENCES_MAX 5
#define SKIPPED 77

static uint64_t nothing(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	return 0;
}

static const struct helper_proto lookup_proto = {
	.func = nothing, .id = BPF_FUNC_map_lookup_elem, .name = "bpf_map_lookup_elem",
	.pkt_access = true, .ret_type = RET_PTR_TO_MAP_VALUE | PTR_MAYBE_NULL,
	.arg_type = { ARG_CONST_MAP_PTR, ARG_PTR_TO_MAP_KEY },
};

static const struct helper_proto random_proto = {
	.func = nothing, .id = BPF_FUNC_get_prandom_u32, .name = "bpf_get_prandom_u32",
	.ret_type = RET_INTEGER,
};

static const struct helper_proto update_proto = {
	.func = nothing, .id = BPF_FUNC_map_update_elem, .name = "bpf_map_update_elem",
	.pkt_access = true, .ret_type = RET_INTEGER,
	.arg_type = { ARG_CONST_MAP_PTR, ARG_PTR_TO_MAP_KEY, ARG_PTR_TO_MAP_VALUE, ARG_ANYTHING },
};

static const struct helper_proto load_bytes_proto = {
	.func = nothing, .id = BPF_FUNC_skb_load_bytes, .name = "bpf_skb_load_bytes",
	.ret_type = RET_INTEGER,
	.arg_type = { ARG_PTR_TO_CTX, ARG_ANYTHING, ARG_PTR_TO_MEM | MEM_UNINIT | MEM_WRITE,
		      ARG_CONST_SIZE },
};

static const struct helper_proto *get_proto(uint32_t id, const struct prog *prog)
{
	switch (id) {
	case BPF_FUNC_map_lookup_elem: return &lookup_proto;
	case BPF_FUNC_map_update_elem: return &update_proto;
	case BPF_FUNC_get_prandom_u32: return &random_proto;
	case BPF_FUNC_skb_load_bytes:
		return prog->type == BPF_PROG_TYPE_SOCKET_FILTER ? &load_bytes_proto : NULL;
	default: return NULL;
	}
}

/* Only __sk_buff.len. */
static bool skb_valid_access(int off, int size, enum bpf_access_type type, const struct prog *prog,
			     struct insn_access *info)
{
	info->reg_type = SCALAR_VALUE;
	return off == 0 && size == 4 && type == BPF_READ;
}

/* xdp_md: data, data_end, rx_queue_index. */
static bool xdp_valid_access(int off, int size, enum bpf_access_type type, const struct prog *prog,
			     struct insn_access *info)
{
	info->reg_type = off == 0 ? PTR_TO_PACKET : off == 4 ? PTR_TO_PACKET_END : SCALAR_VALUE;
	return (off == 0 || off == 4 || off == 16) && size == 4 && type == BPF_READ;
}

static int gen_nothing(const struct bpf_insn *orig, struct bpf_insn *out)
{
	out[0] = BPF_MOV64_IMM(BPF_REG_0, 0);
	return 1;
}

static struct ret_range any_return(const struct prog *prog)
{
	return (struct ret_range){ 0 };
}

static const struct prog_type_ops skb_ops = {
	.type = BPF_PROG_TYPE_SOCKET_FILTER, .get_func_proto = get_proto,
	.is_valid_access = skb_valid_access, .ret_range = any_return, .gen_ld_abs = gen_nothing,
	.ctx_struct = "__sk_buff", .ctx_bytes = sizeof(struct __sk_buff),
};

static const struct prog_type_ops xdp_ops = {
	.type = BPF_PROG_TYPE_XDP, .get_func_proto = get_proto,
	.is_valid_access = xdp_valid_access, .ret_range = any_return, .pkt_access = true,
	.pkt_write = true, .ctx_struct = "xdp_md", .ctx_bytes = sizeof(struct xdp_md),
};

static unsigned accepted, verdicts_only;

static bool differ(uint64_t seed, int map_fd, bool keep_logs)
{
	static struct random_prog p;
	char what[32];
	struct both b = { .insns = p.insns, .what = what, .keep_logs = keep_logs };
	bool bad;

	snprintf(what, sizeof(what), "seed %" PRIu64, seed);
	random_prog_make(&p, seed, map_fd, false);
	b.n = p.n;
	b.type = p.type;
	b.flags = p.flags;
	b.ops = p.type == BPF_PROG_TYPE_XDP ? &xdp_ops : &skb_ops;
	bad = both_differ(&b);
	accepted += !b.verdict;
	verdicts_only += b.verdict_only;
	return bad;
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	unsigned count = argc > 2 ? (unsigned)atoi(argv[2]) : argc > 1 ? 1 : COUNT;
	unsigned differing = 0, done;
	int map_fd = both_init();

	if (map_fd < 0) {
		printf("the kernel's bpf(2) answers %s\n", strerror(-map_fd));
		return SKIPPED;
	}
	for (done = 0; done < count && differing < DIFFERENCES_MAX; done++)
		differing += differ(seed + done, map_fd, count == 1);
	printf("%u programs, %u accepted, %u by verdict alone, %u differ\n", done, accepted,
	       verdicts_only, differing);
	if (differing)
		return 1;
	if (count >= COUNT && (accepted * 2 < done || accepted * 10 > done * 9 ||
			       verdicts_only * 5 > done)) {
		printf("the mix of programs is wrong\n");
		return 1;
	}
	return 0;
}
