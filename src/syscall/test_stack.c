/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: a program sees the user stack of its event's registers, and the map gives it back. Method:
 * frames laid out by hand, which the host lets programs read; expected values from there.
 */
#include <stdlib.h>

#include "base/errno.h"
#include "base/macros.h"
#include "isa/insn.h"
#include "skep/host.h"
#include "syscall/test_twin.h"

#define FRAMES 6

/* frame[0] is the callee's: { next frame's address, return address } */
static uint64_t frames[FRAMES][2];

static int read_frames(void *arg, void *dst, uint64_t addr, size_t bytes)
{
	uint64_t from = (uintptr_t)frames;

	if (addr < from || addr + bytes > from + sizeof(frames))
		return -EFAULT;
	memcpy(dst, (const void *)(uintptr_t)addr, bytes);
	return 0;
}

static int setup(void **state)
{
	static const struct skep_host host = { .size = sizeof(host), .probe_read = read_frames };
	struct skep_opts opts = { .size = sizeof(opts), .host = &host };

	for (int i = 0; i < FRAMES; i++) {
		frames[i][0] = i + 1 < FRAMES ? (uintptr_t)frames[i + 1] : 0;
		frames[i][1] = 0x1001 + (uint64_t)i;
	}
	return skep_engine_new(&opts, &twin_engine);
}

static int stack_map(uint32_t value_size, uint32_t flags)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_STACK_TRACE, .key_size = 4,
				.value_size = value_size, .max_entries = 4, .map_flags = flags };

	return twin_bpf(ENGINE, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static int elem(int cmd, int map, uint32_t id, void *value)
{
	union bpf_attr attr = { .map_fd = (uint32_t)map, .key = (uintptr_t)&id,
				.value = (uintptr_t)value };

	return twin_bpf(ENGINE, cmd, &attr, sizeof(attr));
}

/* Runs @insns as a program of @type with registers at frames[0]: its R0. */
static int64_t run(uint32_t type, const struct bpf_insn *insns, uint32_t n, const char *license)
{
	struct bpf_perf_event_data data = { .regs = { .ip = 0x1000, .bp = (uintptr_t)frames } };
	union bpf_attr attr = { .prog_type = type, .insn_cnt = n, .insns = (uintptr_t)insns,
				.license = (uintptr_t)license };
	struct skep_run in = { .size = sizeof(in), .ctx = &data, .ctx_bytes = sizeof(data.regs) };
	int prog = twin_bpf(ENGINE, BPF_PROG_LOAD, &attr, sizeof(attr));

	assert_true(prog >= 0);
	if (type == BPF_PROG_TYPE_PERF_EVENT)
		in.ctx_bytes = sizeof(data);
	if (type == BPF_PROG_TYPE_RAW_TRACEPOINT)
		in.ctx_bytes = 64;
	assert_int_equal(skep_prog_run(twin_engine, prog, &in), 0);
	close(prog);
	return (int64_t)in.retval;
}

static int64_t get_stackid(uint32_t type, int map, int flags)
{
	struct bpf_insn insns[] = {
		BPF_LD_MAP_FD(BPF_REG_2, map),
		BPF_MOV64_IMM(BPF_REG_3, flags),
		BPF_CALL_HELPER(BPF_FUNC_get_stackid),
		BPF_EXIT_INSN(),
	};

	/* that of PERF_EVENT is not for GPL programs only */
	return run(type, insns, ARRAY_SIZE(insns),
		   type == BPF_PROG_TYPE_PERF_EVENT ? "Other" : "GPL");
}

static void chains_come_back_from_the_map(void **state)
{
	static const uint32_t types[] = { BPF_PROG_TYPE_KPROBE, BPF_PROG_TYPE_PERF_EVENT };

	for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
		int map = stack_map(10 * 8, 0);
		uint64_t ips[10];
		int64_t id = get_stackid(types[t], map, BPF_F_USER_STACK), skipped;

		assert_true(id >= 0);
		assert_int_equal(elem(BPF_MAP_LOOKUP_ELEM, map, (uint32_t)id, ips), 0);
		for (uint64_t i = 0; i < 10; i++)
			assert_int_equal(ips[i], i <= FRAMES ? 0x1000 + i : 0);
		/* the same chain, the same number */
		assert_int_equal(get_stackid(types[t], map, BPF_F_USER_STACK), id);
		skipped = get_stackid(types[t], map, BPF_F_USER_STACK | BPF_F_REUSE_STACKID | 3);
		assert_true(skipped >= 0);
		assert_int_equal(elem(BPF_MAP_LOOKUP_ELEM, map, (uint32_t)skipped, ips), 0);
		assert_int_equal(ips[0], 0x1003);
		assert_int_equal(ips[4], 0);
		assert_int_equal(get_stackid(types[t], map, BPF_F_USER_STACK | 7), -EFAULT);
		assert_int_equal(elem(BPF_MAP_LOOKUP_AND_DELETE_ELEM, map, (uint32_t)skipped, ips), 0);
		assert_int_equal(ips[0], 0x1003);
		assert_int_equal(elem(BPF_MAP_DELETE_ELEM, map, (uint32_t)skipped, NULL), -ENOENT);
		close(map);
	}
}

static void chains_are_cut_to_the_value(void **state)
{
	int map = stack_map(2 * 8, 0);
	uint64_t ips[2];
	int64_t id = get_stackid(BPF_PROG_TYPE_KPROBE, map, BPF_F_USER_STACK | 1);

	assert_int_equal(elem(BPF_MAP_LOOKUP_ELEM, map, (uint32_t)id, ips), 0);
	assert_int_equal(ips[0], 0x1001);
	assert_int_equal(ips[1], 0x1002);
	close(map);
}

static void build_ids_are_addresses(void **state)
{
	int map = stack_map(3 * sizeof(struct bpf_stack_build_id), BPF_F_STACK_BUILD_ID);
	struct bpf_stack_build_id ids[3];
	int64_t id = get_stackid(BPF_PROG_TYPE_KPROBE, map, BPF_F_USER_STACK);

	assert_int_equal(elem(BPF_MAP_LOOKUP_ELEM, map, (uint32_t)id, ids), 0);
	for (uint64_t i = 0; i < 3; i++) {
		assert_int_equal(ids[i].status, BPF_STACK_BUILD_ID_IP);
		assert_int_equal(ids[i].ip, 0x1000 + i);
	}
	close(map);
}

static void what_is_not_there_is_efault(void **state)
{
	int map = stack_map(80, 0);

	assert_int_equal(get_stackid(BPF_PROG_TYPE_KPROBE, map, 0), -EFAULT);
	assert_int_equal(get_stackid(BPF_PROG_TYPE_RAW_TRACEPOINT, map, BPF_F_USER_STACK), -EFAULT);
	assert_int_equal(get_stackid(BPF_PROG_TYPE_KPROBE, map, 1 << 20), -EINVAL);
	close(map);
}

/* r0 = get_stack(ctx, fp - 64, @bytes, @flags); returns 10000 * r0 + frame @index's low 12 bits. */
static int64_t get_stack(int bytes, int flags, int index)
{
	struct bpf_insn insns[] = {
		BPF_MOV64_REG(BPF_REG_2, BPF_REG_10),
		BPF_ALU64_IMM(BPF_ADD, BPF_REG_2, -64),
		BPF_ST_MEM(BPF_DW, BPF_REG_10, -64, -1), BPF_ST_MEM(BPF_DW, BPF_REG_10, -56, -1),
		BPF_ST_MEM(BPF_DW, BPF_REG_10, -48, -1), BPF_ST_MEM(BPF_DW, BPF_REG_10, -40, -1),
		BPF_ST_MEM(BPF_DW, BPF_REG_10, -32, -1), BPF_ST_MEM(BPF_DW, BPF_REG_10, -24, -1),
		BPF_ST_MEM(BPF_DW, BPF_REG_10, -16, -1), BPF_ST_MEM(BPF_DW, BPF_REG_10, -8, -1),
		BPF_MOV64_IMM(BPF_REG_3, bytes),
		BPF_MOV64_IMM(BPF_REG_4, flags),
		BPF_CALL_HELPER(BPF_FUNC_get_stack),
		BPF_LDX_MEM(BPF_DW, BPF_REG_1, BPF_REG_10, (int16_t)(-64 + 8 * index)),
		BPF_ALU64_IMM(BPF_AND, BPF_REG_1, 0xfff),
		BPF_ALU64_IMM(BPF_MUL, BPF_REG_0, 10000),
		BPF_ALU64_REG(BPF_ADD, BPF_REG_0, BPF_REG_1),
		BPF_EXIT_INSN(),
	};

	return run(BPF_PROG_TYPE_KPROBE, insns, ARRAY_SIZE(insns), "GPL");
}

static void get_stack_fills_the_buffer(void **state)
{
	assert_int_equal(get_stack(24, BPF_F_USER_STACK, 2), 24 * 10000 + 2);
	assert_int_equal(get_stack(64, BPF_F_USER_STACK, 6), 56 * 10000 + 6);
	/* what it does not fill is 0, what it was not given stays */
	assert_int_equal(get_stack(64, BPF_F_USER_STACK, 7), 56 * 10000);
	assert_int_equal(get_stack(24, BPF_F_USER_STACK, 3), 24 * 10000 + 0xfff);
	assert_int_equal(get_stack(64, BPF_F_USER_STACK | 5, 0), 16 * 10000 + 5);
	assert_int_equal(get_stack(20, BPF_F_USER_STACK, 0), -EINVAL * 10000);
	assert_int_equal(get_stack(64, 0, 0), -EFAULT * 10000);
}

#define STACK_TEST(name) { #name, twin_run, setup, twin_teardown, (void *)(uintptr_t)name }

int main(void)
{
	const struct CMUnitTest tests[] = {
		STACK_TEST(chains_come_back_from_the_map),
		STACK_TEST(chains_are_cut_to_the_value),
		STACK_TEST(build_ids_are_addresses),
		STACK_TEST(what_is_not_there_is_efault),
		STACK_TEST(get_stack_fills_the_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
