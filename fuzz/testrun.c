/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any packet, with any context beside it, through accepted programs that hand what they read in it to
 * the helpers that move, grow, cut and rewrite packets: compiled and interpreted, framed as
 * BPF_PROG_TEST_RUN and as the hook. Both executors must come to the same end; ASan sees the buffers.
 *
 * Input: program, flags (bit 0: hook, bit 1: with context), n, n bytes of context, the packet.
 */
#include <errno.h>
#include <string.h>

#include "base/macros.h"
#include "fuzz.h"
#include "isa/asm.h"
#include "skep/skep.h"
#include "tbl/uapi.h"

enum { SIDES = 2, OUT_BYTES = 1 << 17, CTX_OUT_BYTES = 256, PACKET_BYTES_MAX = 1 << 16 };

/* --- the programs -------------------------------------------------------------------------------------- */

/* R7, R8: numbers of 32 bits, R9: one of 64, from the first bytes; R6: the context. */
#define ARGS                                                                                       \
	"r7 = *(u32 *)(r10 -32)\nr8 = *(u32 *)(r10 -28)\nr9 = *(u64 *)(r10 -24)\n"
#define BYTES(load)                                                                                \
	"r1 = r6\nr2 = 0\nr3 = r10\nr3 += -32\nr4 = 32\ncall " load "\n"
#define SKB(body)                                                                                  \
	"r6 = r1\n" BYTES("bpf_skb_load_bytes") ARGS body BYTES("bpf_skb_load_bytes")              \
		"r7 = *(u64 *)(r10 -32)\nr0 = *(u32 *)(r6 +0)\nr0 ^= r7\nexit\n"
#define XDP(body)                                                                                  \
	"r6 = r1\n*(u64 *)(r10 -32) = 0\n*(u64 *)(r10 -24) = 0\n" BYTES("bpf_xdp_load_bytes") ARGS \
		body "r2 = *(u32 *)(r6 +0)\nr3 = *(u32 *)(r6 +4)\nr4 = r2\nr4 += 14\n"             \
		     "if r4 > r3 goto out\nr0 = *(u32 *)(r2 +10)\n*(u8 *)(r2 +13) = r7\nexit\n"    \
		     "out:\nr0 = 1\nexit\n"
#define CALL2(helper) "r1 = r6\nr2 = r7\ncall " helper "\n"
#define SMALL "r7 <<= 56\nr7 s>>= 56\n"
#define STACK(reg) reg " = r10\n" reg " += -32\n"

static const struct {
	uint32_t type, attach;
	const char *text;
} programs[] = {
	{ BPF_PROG_TYPE_XDP, 0, XDP(CALL2("bpf_xdp_adjust_head")) },
	{ BPF_PROG_TYPE_XDP, 0, XDP(SMALL CALL2("bpf_xdp_adjust_head")) },
	{ BPF_PROG_TYPE_XDP, 0, XDP(SMALL CALL2("bpf_xdp_adjust_tail")) },
	{ BPF_PROG_TYPE_XDP, 0, XDP(SMALL CALL2("bpf_xdp_adjust_meta") "r7 = r8\n" SMALL
				    CALL2("bpf_xdp_adjust_head")) },
	{ BPF_PROG_TYPE_XDP, 0, XDP("r1 = r6\nr2 = r7\n" STACK("r3") "r4 = r8\nr4 &= 31\nr4 += 1\n"
				    "call bpf_xdp_load_bytes\n") },
	{ BPF_PROG_TYPE_XDP, 0, XDP("r7 &= 255\nr1 = r6\nr2 = r7\n" STACK("r3") "r4 = r8\nr4 &= 31\n"
				    "r4 += 1\ncall bpf_xdp_store_bytes\n") },
	{ BPF_PROG_TYPE_SCHED_CLS, 0, SKB("r1 = r6\nr2 = r7\n" STACK("r3") "r4 = r8\nr4 &= 31\n"
					  "r4 += 1\nr5 = r9\ncall bpf_skb_store_bytes\n") },
	{ BPF_PROG_TYPE_SCHED_CLS, 0, SKB("r1 = r6\nr2 = r7\nr2 &= 127\nr3 = r8\nr4 = r9\nr5 = r9\n"
					  "r5 &= 7\ncall bpf_l3_csum_replace\n") },
	{ BPF_PROG_TYPE_SCHED_CLS, 0, SKB("r1 = r6\nr2 = r7\nr2 &= 127\nr3 = r8\nr4 = r9\nr5 = r9\n"
					  "r5 &= 127\ncall bpf_l4_csum_replace\n") },
	{ BPF_PROG_TYPE_SCHED_CLS, 0, SKB("r7 &= 4095\nr1 = r6\nr2 = r7\nr3 = 0\n"
					  "call bpf_skb_change_head\n") },
	{ BPF_PROG_TYPE_SCHED_CLS, 0, SKB("r1 = r6\nr2 = r7\nr3 = 0\ncall bpf_skb_change_tail\n") },
	{ BPF_PROG_TYPE_SCHED_CLS, 0, SKB("r7 &= 1023\nr1 = r6\nr2 = r7\nr3 = 0\n"
					  "call bpf_skb_change_tail\n") },
	{ BPF_PROG_TYPE_SCHED_CLS, 0, SKB(SMALL "r1 = r6\nr2 = r7\nr3 = r8\nr3 &= 1\nr4 = r9\n"
					  "call bpf_skb_adjust_room\n") },
	{ BPF_PROG_TYPE_SCHED_CLS, 0, SKB("r1 = r6\nr2 = r7\nr3 = r8\ncall bpf_skb_vlan_push\n"
					  "r1 = r6\ncall bpf_skb_vlan_pop\nr1 = r6\n"
					  "call bpf_skb_vlan_pop\n") },
	{ BPF_PROG_TYPE_SCHED_CLS, 0, SKB("r1 = r6\nr2 = r7\nr2 &= 65535\nr3 = 0\n"
					  "call bpf_skb_change_proto\n") },
	{ BPF_PROG_TYPE_SCHED_CLS, 0, SKB("r1 = r6\nr2 = r7\ncall bpf_skb_pull_data\nr1 = r6\n"
					  "call bpf_set_hash_invalid\nr1 = r6\n"
					  "call bpf_get_hash_recalc\n") },
	{ BPF_PROG_TYPE_SOCKET_FILTER, 0, "r6 = r1\nr0 = *(u16 *)skb[12]\nr7 = r0\nr7 &= 63\n"
					  "r0 = *(u32 *)skb[r7 +3]\nexit\n" },
	{ BPF_PROG_TYPE_SOCKET_FILTER, 0, SKB("r1 = r6\nr2 = r7\n" STACK("r3") "r4 = r8\nr4 &= 31\n"
					      "r4 += 1\nr5 = r9\nr5 &= 1\n"
					      "call bpf_skb_load_bytes_relative\n") },
	{ BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS,
	  "r6 = r1\n" BYTES("bpf_skb_load_bytes") "r0 = *(u32 *)(r10 -32)\nr0 &= 1\nexit\n" },
};

/* --- both executors ------------------------------------------------------------------------------------- */

struct side {
	struct skep_engine *engine;
	int fds[ARRAY_SIZE(programs)];
	uint8_t out[OUT_BYTES];
	uint8_t ctx_out[CTX_OUT_BYTES];
};

static struct side sides[SIDES];

static int load(struct skep_engine *engine, size_t i)
{
	static char log[1 << 16];
	struct isa_asm_error err;
	struct bpf_insn *insns;
	size_t n;
	union bpf_attr attr = { .prog_type = programs[i].type, .license = (uintptr_t) "GPL",
				.expected_attach_type = programs[i].attach,
				.log_buf = (uintptr_t)log, .log_size = sizeof(log), .log_level = 1 };
	int fd = isa_asm(programs[i].text, strlen(programs[i].text), &insns, &n, &err);

	if (fd) {
		fprintf(stderr, "program %zu: line %u: %s\n", i, (unsigned)err.line, err.text);
		abort();
	}
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = (uint32_t)n;
	fd = skep_bpf(engine, BPF_PROG_LOAD, &attr, sizeof(attr));
	free(insns);
	if (fd < 0) {
		fprintf(stderr, "program %zu: %s\n%s\n", i, strerror(-fd), log);
		abort();
	}
	return fd;
}

static void set_up_once(void)
{
	if (sides[0].engine)
		return;
	for (int s = 0; s < SIDES; s++) {
		struct skep_opts opts = { .size = sizeof(opts), .n_cpus = 2,
					  .flags = s ? SKEP_INTERPRET : 0 };

		FUZZ_CHECK(!skep_engine_new(&opts, &sides[s].engine));
		for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
			sides[s].fds[i] = load(sides[s].engine, i);
	}
}

static void check_same(const struct skep_run *a, const struct skep_run *b)
{
	FUZZ_CHECK(a->retval == b->retval && a->data_out_bytes == b->data_out_bytes &&
		   a->ctx_out_bytes == b->ctx_out_bytes);
	FUZZ_CHECK(a->data_out_bytes <= OUT_BYTES && a->ctx_out_bytes <= CTX_OUT_BYTES);
	FUZZ_CHECK(!memcmp(a->data_out, b->data_out, a->data_out_bytes));
	FUZZ_CHECK(!memcmp(a->ctx_out, b->ctx_out, a->ctx_out_bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct skep_run r[SIDES];
	int ret[SIDES];
	size_t ctx, i;

	if (size < 3 || size > PACKET_BYTES_MAX)
		return 0;
	set_up_once();
	i = data[0] % ARRAY_SIZE(programs);
	ctx = MIN((size_t)data[2], size - 3);
	for (int s = 0; s < SIDES; s++) {
		/* Copies with no byte to spare. */
		uint8_t *packet = malloc(size - 3 - ctx + 1), *given = malloc(ctx + 1);

		FUZZ_CHECK(packet && given);
		memcpy(given, data + 3, ctx);
		memcpy(packet, data + 3 + ctx, size - 3 - ctx);
		r[s] = (struct skep_run){
			.size = sizeof(r[s]), .data = packet, .data_bytes = (uint32_t)(size - 3 - ctx),
			.ctx = data[1] & 2 ? given : NULL, .ctx_bytes = data[1] & 2 ? (uint32_t)ctx : 0,
			.flags = data[1] & 1 ? SKEP_RUN_HOOK : 0, .data_out = sides[s].out,
			.data_out_room = OUT_BYTES, .ctx_out = sides[s].ctx_out,
			.ctx_out_room = CTX_OUT_BYTES,
		};
		ret[s] = skep_prog_run(sides[s].engine, sides[s].fds[i], &r[s]);
		free(packet);
		free(given);
	}
	FUZZ_CHECK(ret[0] == ret[1]);
	if (!ret[0])
		check_same(&r[0], &r[1]);
	fuzz_count(!ret[0]);
	return 0;
}
