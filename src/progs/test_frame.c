/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: BPF_PROG_TEST_RUN takes and refuses the inputs the kernel takes and refuses, and gives back the
 * same bytes. Method: one trivial program of each type on both sides, inputs of every size around every
 * limit, contexts with each single byte set, every flag; errno and all outputs must be equal. And where
 * a program's data begin is what the rows of tbl/prog_types.h say.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/macros.h"
#include "isa/insn.h"
#include "object/pkt.h"
#include "progs/types.h"
#include "syscall/test_twin.h"

#define DATA_MAX 80000
#define CTX_MAX 512

struct input {
	uint32_t type; /* of the program */
	uint32_t data_bytes, data_room;
	uint32_t ctx_bytes, ctx_room;
	uint32_t flags, cpu, batch_size, repeat;
	bool ctx_in, ctx_out;
	uint8_t ctx[CTX_MAX];
};

struct output {
	int err;
	uint32_t retval, data_bytes, ctx_bytes;
	uint8_t data[DATA_MAX];
	uint8_t ctx[CTX_MAX];
};

static const uint32_t types[] = {
	BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_SCHED_CLS, BPF_PROG_TYPE_SCHED_ACT,
	BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_CGROUP_SKB, BPF_PROG_TYPE_RAW_TRACEPOINT,
	BPF_PROG_TYPE_SYSCALL,
};

static int progs[SIDES][ARRAY_SIZE(types)];
static uint8_t frame[DATA_MAX];
static struct output outputs[SIDES];
static uint32_t n_inputs, n_accepted, n_wrong;

static bool is_skb(uint32_t type)
{
	return type != BPF_PROG_TYPE_XDP && type != BPF_PROG_TYPE_RAW_TRACEPOINT &&
	       type != BPF_PROG_TYPE_SYSCALL;
}

/* R0 is the length for types that know it. */
static int load(enum side side, uint32_t type)
{
	struct bpf_insn skb[] = {
		BPF_LDX_MEM(BPF_W, BPF_REG_0, BPF_REG_1, 0),
		BPF_EXIT_INSN(),
	};
	struct bpf_insn xdp[] = {
		BPF_LDX_MEM(BPF_W, BPF_REG_2, BPF_REG_1, 0),
		BPF_LDX_MEM(BPF_W, BPF_REG_0, BPF_REG_1, 4),
		BPF_ALU64_REG(BPF_SUB, BPF_REG_0, BPF_REG_2),
		BPF_EXIT_INSN(),
	};
	struct bpf_insn one[] = { BPF_MOV64_IMM(BPF_REG_0, 1), BPF_EXIT_INSN() };
	struct bpf_insn *insns = type == BPF_PROG_TYPE_XDP ? xdp : skb;
	uint32_t n = type == BPF_PROG_TYPE_XDP ? ARRAY_SIZE(xdp) : ARRAY_SIZE(skb);
	union bpf_attr attr;

	if (!is_skb(type) && type != BPF_PROG_TYPE_XDP) {
		insns[0] = BPF_LDX_MEM(BPF_DW, BPF_REG_0, BPF_REG_1, 8);
	} else if (type == BPF_PROG_TYPE_CGROUP_SKB) {
		insns = one;
		n = ARRAY_SIZE(one);
	}
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = n;
	attr.license = (uintptr_t)"GPL";
	attr.prog_flags = type == BPF_PROG_TYPE_SYSCALL ? BPF_F_SLEEPABLE : 0;
	return twin_bpf(side, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int begin(void)
{
	if (!twin_kernel_allowed()) {
		print_message("the kernel's bpf(2) is not allowed here: nothing to compare with\n");
		skip();
	}
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		for (int side = 0; side < SIDES; side++) {
			progs[side][i] = load((enum side)side, types[i]);
			assert_true(progs[side][i] >= 0);
		}
	}
	for (uint32_t i = 0; i < DATA_MAX; i++)
		frame[i] = (uint8_t)(i * 5 + 2);
	frame[12] = 0x88;
	frame[13] = 0xb5;
	n_inputs = n_accepted = n_wrong = 0;
	return 0;
}

static void end(uint32_t accepted_min)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		for (int side = 0; side < SIDES; side++)
			close(progs[side][i]);
	print_message("%u inputs, %u of them taken\n", n_inputs, n_accepted);
	assert_int_equal(n_wrong, 0);
	assert_true(n_accepted >= accepted_min);
}

static void run(enum side side, size_t type, const struct input *in, struct output *out)
{
	uint8_t ctx[CTX_MAX];
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr)); /* an initialiser need not clear the rest of a union */
	attr.test = (__typeof__(attr.test)){
		.prog_fd = (uint32_t)progs[side][type],
		.data_in = in->data_bytes ? (uintptr_t)frame : 0,
		.data_size_in = in->data_bytes,
		.data_out = in->data_room ? (uintptr_t)out->data : 0,
		.data_size_out = in->data_room,
		.ctx_in = in->ctx_in ? (uintptr_t)ctx : 0,
		.ctx_size_in = in->ctx_bytes,
		.ctx_out = in->ctx_out ? (uintptr_t)out->ctx : 0,
		.ctx_size_out = in->ctx_room,
		.flags = in->flags,
		.cpu = in->cpu,
		.batch_size = in->batch_size,
		.repeat = in->repeat,
	};
	memset(out, 0, sizeof(*out));
	memcpy(ctx, in->ctx, sizeof(ctx));
	out->err = twin_bpf(side, BPF_PROG_TEST_RUN, &attr, sizeof(attr));
	out->retval = attr.test.retval;
	out->data_bytes = attr.test.data_size_out;
	out->ctx_bytes = attr.test.ctx_size_out;
}

static void compare(const struct input *in, const char *what)
{
	struct output *engine = &outputs[ENGINE], *kernel = &outputs[KERNEL];
	size_t type = 0;

	while (types[type] != in->type)
		type++;
	run(ENGINE, type, in, engine);
	run(KERNEL, type, in, kernel);
	n_inputs++;
	n_accepted += kernel->err == 0;
	if (memcmp(engine, kernel, sizeof(*engine)) == 0)
		return;
	if (n_wrong++ < 40)
		print_message("type %u, %s, data %u room %u, ctx %d %u room %u: engine %d r0 %u data %u "
			      "ctx %u, kernel %d r0 %u data %u ctx %u%s\n",
			      in->type, what, in->data_bytes, in->data_room, in->ctx_in,
			      in->ctx_bytes, in->ctx_room, engine->err, engine->retval,
			      engine->data_bytes, engine->ctx_bytes, kernel->err, kernel->retval,
			      kernel->data_bytes, kernel->ctx_bytes,
			      engine->err == kernel->err ? " (or bytes differ)" : "");
}

static bool takes_packets(uint32_t type)
{
	return is_skb(type) || type == BPF_PROG_TYPE_XDP;
}

static void sizes_as_in_the_kernel(void **state)
{
	static const uint32_t sizes[] = { 0,	1,    13,   14,	  15,	33,   34,    60,    1514,  3519,
					  3520, 3521, 3584, 3711, 3712, 3713, 4095,  4096,  4097,  7616,
					  9014, 65535, 65536, 73152, 73153, 79999 };
	static const uint16_t protos[] = { 0x88b5, 0x0800, 0x86dd, 0x8100, 0x0010 };

	begin();
	for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
		for (size_t p = 0; p < ARRAY_SIZE(protos); p++) {
			frame[12] = (uint8_t)(protos[p] >> 8);
			frame[13] = (uint8_t)protos[p];
			for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
				struct input in = { .type = types[t], .data_bytes = sizes[i],
						    .data_room = DATA_MAX };

				compare(&in, "size");
				in.data_room = 20;
				compare(&in, "little room");
				in.data_room = 0;
				compare(&in, "no room");
			}
		}
	}
	end(500);
}

static bool is_ifindex(uint32_t type, uint32_t at)
{
	return type == BPF_PROG_TYPE_XDP ? at == offsetof(struct xdp_md, ingress_ifindex) :
					   at == offsetof(struct __sk_buff, ifindex);
}

static void context_bytes_as_in_the_kernel(void **state)
{
	static const uint8_t values[] = { 1, 4, 0xff };

	begin();
	for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
		for (uint32_t at = 0; at < 200; at++) {
			for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
				struct input in = { .type = types[t], .ctx_in = true, .ctx_out = true,
						    .ctx_bytes = 200, .ctx_room = CTX_MAX };

				if (takes_packets(in.type))
					in.data_bytes = 100;
				in.data_room = in.data_bytes;
				if (values[v] == 4 && is_ifindex(in.type, at))
					continue; /* of a device that only the kernel may have */
				in.ctx[at] = values[v];
				if (in.type == BPF_PROG_TYPE_XDP && at != 4)
					in.ctx[4] = 100;
				compare(&in, "one context byte");
			}
		}
	}
	end(100);
}

static void context_sizes_as_in_the_kernel(void **state)
{
	begin();
	for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
		for (uint32_t bytes = 0; bytes < 220; bytes++) {
			struct input in = { .type = types[t], .ctx_in = true, .ctx_bytes = bytes };

			if (takes_packets(in.type))
				in.data_bytes = in.data_room = 100;
			if (in.type == BPF_PROG_TYPE_XDP)
				in.ctx[4] = 60;
			compare(&in, "context size");
			in.ctx[210] = 1;
			compare(&in, "context size, byte behind it");
			in.ctx[210] = 0;
			in.ctx_out = true;
			in.ctx_room = bytes;
			compare(&in, "context room");
			in.ctx_in = false;
			in.ctx_bytes = 0;
			compare(&in, "context room without a context");
		}
	}
	end(500);
}

static void xdp_contexts_as_in_the_kernel(void **state)
{
	static const uint32_t metas[] = { 0, 1, 4, 32, 36, 212, 216, 220, 252, 256, 300 };
	static const uint32_t ends[] = { 0, 10, 14, 40, 60, 230, 300, 301, 3520, 3736, 4000 };
	static const uint32_t sizes[] = { 14, 60, 300, 3600, 5000 };

	begin();
	for (size_t m = 0; m < ARRAY_SIZE(metas); m++) {
		for (size_t e = 0; e < ARRAY_SIZE(ends); e++) {
			for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
				struct xdp_md md = { .data = metas[m], .data_end = ends[e] };
				struct input in = { .type = BPF_PROG_TYPE_XDP, .ctx_in = true,
						    .ctx_out = true, .ctx_bytes = sizeof(md),
						    .ctx_room = sizeof(md), .data_bytes = sizes[s],
						    .data_room = DATA_MAX };

				memcpy(in.ctx, &md, sizeof(md));
				compare(&in, "xdp metadata");
			}
		}
	}
	end(50);
}

static void flags_as_in_the_kernel(void **state)
{
	begin();
	for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
		struct input in = { .type = types[t] }, plain;

		if (takes_packets(in.type)) {
			in.data_bytes = in.data_room = 100;
		} else {
			in.ctx_in = true;
			in.ctx_bytes = 32;
		}
		plain = in;
		for (uint32_t bit = 0; bit < 32; bit++) {
			in.flags = 1u << bit;
			if (in.type != BPF_PROG_TYPE_XDP || in.flags != BPF_F_TEST_XDP_LIVE_FRAMES)
				compare(&in, "a flag");
		}
		in = plain;
		in.cpu = 1;
		compare(&in, "another cpu");
		in.cpu = 100000;
		compare(&in, "a cpu there is not");
		in.flags = BPF_F_TEST_RUN_ON_CPU;
		compare(&in, "a cpu there is not, with its flag");
		in.cpu = 0;
		compare(&in, "the first cpu, with its flag");
		in = plain;
		in.batch_size = 3;
		compare(&in, "batch size");
		in = plain;
		in.repeat = 5;
		compare(&in, "repeat");
		in = plain;
		in.data_bytes = in.data_bytes ? 0 : 10;
		compare(&in, "data where there is none, or none");
		in.data_room = 10;
		compare(&in, "data out where there is none");
	}
	end(10);
}

/* What a row of tbl/prog_types.h says of the input: its columns test and hook. */
static const struct {
	const char *name, *test, *hook;
	uint32_t type;
} rows[] = {
#define done   true
#define later  false
#define refused false
#define PROG_TYPE(num, name, print, test, hook, status, ctx)                                       \
	{ status ? print : NULL, #test, #hook, num },
#include "tbl/prog_types.h"
#undef done
#undef later
#undef refused
};

/* How a frame is taken, in the words of the table: where the program's data begin, or "ctx". */
static const char *taken_as(uint32_t type, bool hook)
{
	static uint8_t packet[ETH_BYTES + 40] = { [12] = 8, [ETH_BYTES] = 0x45 };
	const struct prog_type_ops *ops = prog_ops_by_type(type);
	struct prog prog = { .type = type, .ops = ops };
	struct prog_frame f = { .engine = (struct engine *)twin_engine, .hook = hook };
	uint8_t first;

	if (!ops->frame)
		return "none";
	f.data = packet;
	f.data_bytes = sizeof(packet);
	if (ops->frame(&prog, &f)) {
		f.data = NULL;
		f.data_bytes = 0;
		assert_int_equal(ops->frame(&prog, &f), 0);
		assert_int_equal(ops->unframe(&prog, &f), 0);
		prog_frame_free(&f);
		return "ctx";
	}
	first = is_skb(type) ? *((struct skb *)f.ctx)->data : *((struct xdp_buff *)f.ctx)->data;
	assert_int_equal(ops->unframe(&prog, &f), 0);
	prog_frame_free(&f);
	return first == packet[0] ? "l2" : first == packet[ETH_BYTES] ? "l3" : "neither";
}

static void inputs_are_framed_as_the_table_says(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *test = rows[i].test;

		if (!rows[i].name)
			continue;
		if (rows[i].type == BPF_PROG_TYPE_CGROUP_SYSCTL) { /* skep_sysctl_access() */
			assert_string_equal(taken_as(rows[i].type, true), "none");
			continue;
		}
		if (strcmp(test, "none") == 0 && strcmp(rows[i].hook, "ctx") == 0)
			test = "ctx";
		if (strcmp(taken_as(rows[i].type, false), test) ||
		    strcmp(taken_as(rows[i].type, true), rows[i].hook))
			fail_msg("%s: %s and %s", rows[i].name, taken_as(rows[i].type, false),
				 taken_as(rows[i].type, true));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TWIN_TEST(sizes_as_in_the_kernel),	   TWIN_TEST(context_bytes_as_in_the_kernel),
		TWIN_TEST(context_sizes_as_in_the_kernel), TWIN_TEST(xdp_contexts_as_in_the_kernel),
		TWIN_TEST(flags_as_in_the_kernel),	   TWIN_TEST(inputs_are_framed_as_the_table_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
