/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps of maps: what may be inside, and that programs get a map from them, never memory. */
#include "syscall/test_twin.h"

#include "base/errno.h"
#include "base/macros.h"
#include "isa/insn.h"

static int make(enum side side, uint32_t type, uint32_t value_size, int inner)
{
	union bpf_attr attr = { .map_type = type, .key_size = 4, .value_size = value_size,
				.max_entries = 4, .inner_map_fd = (uint32_t)inner };

	return twin_bpf(side, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static int put(enum side side, int map, uint32_t key, int inner)
{
	uint32_t fd = (uint32_t)inner;
	union bpf_attr attr = { .map_fd = (uint32_t)map, .key = (uintptr_t)&key,
				.value = (uintptr_t)&fd };

	return twin_bpf(side, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr));
}

static const uint32_t outer_types[] = { BPF_MAP_TYPE_ARRAY_OF_MAPS, BPF_MAP_TYPE_HASH_OF_MAPS };

static void create_side(enum side side, uint32_t type)
{
	int array = make(side, BPF_MAP_TYPE_ARRAY, 8, 0), wide, outer;
	int progs = make(side, BPF_MAP_TYPE_PROG_ARRAY, 4, 0);

	assert_int_equal(make(side, type, 4, -1), -EBADF);
	assert_int_equal(make(side, type, 4, progs), -ENOTSUPP);
	outer = make(side, type, 4, array);
	assert_true(outer >= 0);
	assert_int_equal(make(side, type, 4, outer), -EINVAL);
	wide = make(side, BPF_MAP_TYPE_ARRAY, 16, 0);
	assert_int_equal(put(side, outer, 1, array), 0);
	assert_int_equal(put(side, outer, 1, wide), -EINVAL);
	assert_int_equal(put(side, outer, 1, outer), -EINVAL);
	close(array);
	close(progs);
	close(wide);
	close(outer);
}

static void test_create(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(outer_types); i++) {
		create_side(ENGINE, outer_types[i]);
		if (twin_kernel_allowed())
			create_side(KERNEL, outer_types[i]);
	}
}

/* r0 = lookup(outer, 1), then @use, then r0 = 0. */
static int load(enum side side, int outer, const struct bpf_insn *use, uint32_t n_use)
{
	struct bpf_insn insns[32] = {
		BPF_ST_MEM(BPF_W, BPF_REG_10, -4, 1),
		BPF_MOV64_REG(BPF_REG_2, BPF_REG_10),
		BPF_ALU64_IMM(BPF_ADD, BPF_REG_2, -4),
		BPF_LD_MAP_FD(BPF_REG_1, outer),
		BPF_CALL_HELPER(BPF_FUNC_map_lookup_elem),
		BPF_JMP_IMM(BPF_JEQ, BPF_REG_0, 0, (int16_t)n_use),
	};
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_XDP, .insns = (uintptr_t)insns,
				.license = (uintptr_t)"GPL" };
	uint32_t n = 7;

	memcpy(&insns[n], use, n_use * sizeof(*use));
	n += n_use;
	insns[n++] = BPF_MOV64_IMM(BPF_REG_0, 0);
	insns[n++] = BPF_EXIT_INSN();
	attr.insn_cnt = n;
	return twin_bpf(side, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static uint32_t run(enum side side, int prog)
{
	union bpf_attr attr = { 0 };
	uint8_t packet[64] = { 0 };

	attr.test.prog_fd = (uint32_t)prog;
	attr.test.data_in = (uintptr_t)packet;
	attr.test.data_size_in = sizeof(packet);
	assert_int_equal(twin_bpf(side, BPF_PROG_TEST_RUN, &attr, sizeof(attr)), 0);
	return attr.test.retval;
}

static void use_side(enum side side, uint32_t type)
{
	const struct bpf_insn write[] = { BPF_ST_MEM(BPF_W, BPF_REG_0, 0, 7) };
	const struct bpf_insn inner[] = {
		BPF_MOV64_REG(BPF_REG_1, BPF_REG_0),
		BPF_MOV64_REG(BPF_REG_2, BPF_REG_10),
		BPF_ALU64_IMM(BPF_ADD, BPF_REG_2, -4),
		BPF_CALL_HELPER(BPF_FUNC_map_lookup_elem),
		BPF_JMP_IMM(BPF_JEQ, BPF_REG_0, 0, 2),
		BPF_LDX_MEM(BPF_DW, BPF_REG_0, BPF_REG_0, 0),
		BPF_EXIT_INSN(),
	};
	int array = make(side, BPF_MAP_TYPE_ARRAY, 8, 0);
	int outer = make(side, type, 4, array), prog;
	uint32_t key = 1;
	uint64_t value = 42;
	union bpf_attr attr = { .map_fd = (uint32_t)array, .key = (uintptr_t)&key,
				.value = (uintptr_t)&value };

	assert_int_equal(load(side, outer, write, ARRAY_SIZE(write)), -EACCES);
	prog = load(side, outer, inner, ARRAY_SIZE(inner));
	assert_true(prog >= 0);
	assert_int_equal(run(side, prog), 0);
	assert_int_equal(twin_bpf(side, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr)), 0);
	assert_int_equal(put(side, outer, 1, array), 0);
	assert_int_equal(run(side, prog), 42);
	close(prog);
	close(outer);
	close(array);
}

static void test_use(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(outer_types); i++) {
		use_side(ENGINE, outer_types[i]);
		if (twin_kernel_allowed())
			use_side(KERNEL, outer_types[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TWIN_TEST(test_create),
		TWIN_TEST(test_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
