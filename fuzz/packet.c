/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames any bytes as a packet, as a test run or as the hook, and calls packet helpers on it in any order
 * with any numbers: the packet stays inside its buffer, lengths agree, and what is framed unframes.
 *
 * Input: type of framing, 2 bytes of packet length, the packet, then calls of 17 bytes: which helper and
 * two numbers (R2; R3 or what lies on the stack). The last byte of R2 picks the width of memory.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/macros.h"
#include "fuzz.h"
#include "hooks/dev.h"
#include "object/helper_protos.h"
#include "object/pkt.h"
#include "object/prog.h"
#include "run/run.h"
#include "skep/skep.h"

#define CALLS_MAX 64

struct step {
	uint8_t helper;
	uint64_t a, b;
} __attribute__((packed));

enum args { NUMBERS, MEMORY };

struct target {
	const struct helper_proto *proto;
	enum args args;
};

static const struct target skb_targets[] = {
	{ &helper_proto_skb_store_bytes, MEMORY },
	{ &helper_proto_skb_load_bytes, MEMORY },
	{ &helper_proto_skb_load_bytes_relative, MEMORY },
	{ &helper_proto_skb_pull_data, NUMBERS },
	{ &helper_proto_l3_csum_replace, NUMBERS },
	{ &helper_proto_l4_csum_replace, NUMBERS },
	{ &helper_proto_csum_level, NUMBERS },
	{ &helper_proto_skb_vlan_push, NUMBERS },
	{ &helper_proto_skb_vlan_pop, NUMBERS },
	{ &helper_proto_skb_change_proto, NUMBERS },
	{ &helper_proto_skb_change_tail, NUMBERS },
	{ &helper_proto_skb_change_head, NUMBERS },
	{ &helper_proto_skb_adjust_room, NUMBERS },
	{ &helper_proto_get_hash_recalc, NUMBERS },
	{ &helper_proto_skb_ecn_set_ce, NUMBERS },
	{ &helper_proto_clone_redirect, NUMBERS },
	{ &helper_proto_internal_skb_load_8, NUMBERS },
	{ &helper_proto_internal_skb_load_16, NUMBERS },
	{ &helper_proto_internal_skb_load_32, NUMBERS },
};

static const struct target xdp_targets[] = {
	{ &helper_proto_xdp_adjust_head, NUMBERS },
	{ &helper_proto_xdp_adjust_meta, NUMBERS },
	{ &helper_proto_xdp_adjust_tail, NUMBERS },
	{ &helper_proto_xdp_get_buff_len, NUMBERS },
	{ &helper_proto_xdp_load_bytes, MEMORY },
	{ &helper_proto_xdp_store_bytes, MEMORY },
};

static const uint32_t types[] = {
	BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_SCHED_CLS, BPF_PROG_TYPE_SOCKET_FILTER,
	BPF_PROG_TYPE_CGROUP_SKB,
};

static struct skep_engine *engine;

static void check_skb(const struct skb *skb)
{
	FUZZ_CHECK(skb->head <= skb->data_meta && skb->data_meta <= skb->data);
	FUZZ_CHECK(skb->data <= skb->data_end && skb->data_end <= skb->hard_end);
	FUZZ_CHECK(skb->len == (uint32_t)(skb->data_end - skb->data));
	FUZZ_CHECK(skb->network_off <= skb->hard_end - skb->head);
}

static void check_xdp(const struct xdp_buff *xdp)
{
	FUZZ_CHECK(xdp->data_hard_start <= xdp->data_meta && xdp->data_meta <= xdp->data);
	FUZZ_CHECK(xdp->data <= xdp->data_end);
	FUZZ_CHECK(xdp->data_end <= xdp->data_hard_start + xdp->frame_bytes);
	FUZZ_CHECK(xdp->frags_bytes <= xdp->frags_room);
}

static void call(const struct target *target, void *ctx, const struct step *step)
{
	uint8_t memory[256] = { 0 };
	uint64_t bytes = step->b % sizeof(memory) + 1; /* the verifier sees to it that it fits */

	if (target->args == MEMORY)
		target->proto->func((uintptr_t)ctx, step->a, (uintptr_t)memory, bytes, step->b >> 8 & 7);
	else
		target->proto->func((uintptr_t)ctx, step->a, step->b, step->b >> 32, step->a >> 32);
}

static void call_all(bool xdp, void *ctx, const uint8_t *data, size_t size)
{
	const struct target *targets = xdp ? xdp_targets : skb_targets;
	size_t n = xdp ? ARRAY_SIZE(xdp_targets) : ARRAY_SIZE(skb_targets);
	struct step step;

	for (int i = 0; i < CALLS_MAX && size >= sizeof(step); i++) {
		memcpy(&step, data, sizeof(step));
		data += sizeof(step);
		size -= sizeof(step);
		call(&targets[step.helper % n], ctx, &step);
		if (xdp)
			check_xdp(ctx);
		else
			check_skb(ctx);
	}
}

static bool run(const struct prog *prog, struct prog_frame *frame, const uint8_t *data, size_t size)
{
	struct run_ctx rc = { .engine = frame->engine, .prog = prog };
	int err = prog->ops->frame(prog, frame);

	if (err)
		return false;
	rc.slot = run_enter(rc.engine);
	run_push(&rc);
	call_all(prog->type == BPF_PROG_TYPE_XDP, frame->ctx, data, size);
	run_pop(&rc);
	hook_flush_clones(&rc);
	run_exit(rc.engine);
	if (prog->ops->unframe(prog, frame) == 0)
		FUZZ_CHECK(frame->data_out && frame->ctx_out);
	prog_frame_free(frame);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct prog prog = { 0 };
	struct prog_frame frame = { 0 };
	uint8_t *packet;
	uint16_t bytes;

	if (!engine && skep_engine_new(NULL, &engine))
		abort();
	if (size < 3)
		return 0;
	memcpy(&bytes, data + 1, sizeof(bytes));
	bytes = MIN(bytes, size - 3);
	packet = mem_dup(data + 3, bytes);
	prog.type = types[data[0] % ARRAY_SIZE(types)];
	prog.ops = prog_ops_by_type(prog.type);
	frame.engine = (struct engine *)engine;
	frame.hook = data[0] & 0x80;
	frame.flags = data[0] & 0x40 && !frame.hook && prog.type != BPF_PROG_TYPE_XDP ?
			      BPF_F_TEST_SKB_CHECKSUM_COMPLETE : 0;
	frame.data = packet;
	frame.data_bytes = bytes;
	fuzz_count(run(&prog, &frame, data + 3 + bytes, size - 3 - bytes));
	free(packet);
	return 0;
}
