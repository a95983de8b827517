/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: DEVMAP, DEVMAP_HASH and CPUMAP answer as the kernel's, and packets redirected through them
 * leave where they should. Method: random commands and bpf_redirect_map() in test runs on both sides,
 * each with one device, ifindex 1; then frames through the engine's own devices.
 */
#include <sched.h>
#include <stdlib.h>

#include "base/macros.h"
#include "hooks/dev.h"
#include "isa/insn.h"
#include "syscall/test_twin.h"

#define STEPS 1500

static const uint32_t types[] = { BPF_MAP_TYPE_DEVMAP, BPF_MAP_TYPE_DEVMAP_HASH, BPF_MAP_TYPE_CPUMAP };

static struct engine *engine(void)
{
	return (struct engine *)twin_engine;
}

static int create(enum side side, uint32_t type, uint32_t value_size, uint32_t max, uint32_t flags)
{
	union bpf_attr attr = { .map_type = type, .key_size = 4, .value_size = value_size,
				.max_entries = max, .map_flags = flags };

	return twin_bpf(side, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static int load_insns(enum side side, const struct bpf_insn *insns, uint32_t n, uint32_t attach_type)
{
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_XDP, .insn_cnt = n,
				.insns = (uintptr_t)insns, .license = (uintptr_t)"GPL",
				.expected_attach_type = attach_type };

	return twin_bpf(side, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int load(enum side side, uint32_t attach_type, int ret)
{
	struct bpf_insn insns[] = { BPF_MOV64_IMM(BPF_REG_0, ret), BPF_EXIT_INSN() };

	return load_insns(side, insns, ARRAY_SIZE(insns), attach_type);
}

/* return bpf_redirect_map(map, key, flags) */
static int load_redirect(enum side side, int map, uint32_t key, int flags, uint32_t attach_type)
{
	struct bpf_insn insns[] = {
		BPF_LD_MAP_FD(BPF_REG_1, map),
		BPF_MOV64_IMM(BPF_REG_2, (int)key),
		BPF_MOV64_IMM(BPF_REG_3, flags),
		BPF_CALL_HELPER(BPF_FUNC_redirect_map),
		BPF_EXIT_INSN(),
	};

	return load_insns(side, insns, ARRAY_SIZE(insns), attach_type);
}

static int elem(enum side side, int cmd, int fd, const void *key, void *value, uint64_t flags)
{
	union bpf_attr attr = { .map_fd = (uint32_t)fd, .key = (uintptr_t)key,
				.value = (uintptr_t)value, .flags = flags };

	return twin_bpf(side, cmd, &attr, sizeof(attr));
}

static int put(int map, uint32_t key, uint32_t first, int prog)
{
	uint32_t value[2] = { first, (uint32_t)prog };

	return elem(ENGINE, BPF_MAP_UPDATE_ELEM, map, &key, value, 0);
}

/* --- beside the kernel ------------------------------------------------------------------------------- */

static bool worlds_made(void)
{
	struct netdev *dev;

	if (!twin_kernel_allowed() || unshare(CLONE_NEWNET)) {
		print_message("bpf(2) and network namespaces are not allowed here\n");
		return false;
	}
	assert_int_equal(hook_dev_add(engine(), "lo", 1, NULL, NULL, &dev), 0);
	return true;
}

static void same(const char *what, uint32_t type, uint32_t i, int e, int k)
{
	if (e != k)
		fail_msg("%s, type %u, %u: engine %d, kernel %d", what, type, i, e, k);
}

static void creation_follows_the_kernels_rules(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 4, 6, 8, 12 }, counts[] = { 0, 1, 5, 200, 10000 };

	if (!worlds_made())
		skip();
	for (size_t t = 0; t < ARRAY_SIZE(types); t++)
		for (uint32_t i = 0; i < 6 * 5 * 20; i++) {
			uint32_t flags = i / 30 ? 1u << (i / 30 - 1) : 0;
			int fd[SIDES];

			for (int side = 0; side < SIDES; side++)
				fd[side] = create(side, types[t], sizes[i % 6], counts[i / 6 % 5], flags);
			if (flags & BPF_F_TOKEN_FD)
				continue;
			same("create", types[t], i, fd[ENGINE] < 0 ? fd[ENGINE] : 0,
			     fd[KERNEL] < 0 ? fd[KERNEL] : 0);
			close(fd[ENGINE]);
			close(fd[KERNEL]);
		}
}

struct outcome {
	int ret;
	uint32_t key;
	uint32_t value[2];
};

/* @progs: an XDP program, one for devmaps, one for cpumaps, an fd that is none. */
static void script(enum side side, uint32_t type, uint32_t value_size, const int progs[4],
		   struct outcome *out)
{
	static const int cmds[] = { BPF_MAP_UPDATE_ELEM, BPF_MAP_UPDATE_ELEM, BPF_MAP_UPDATE_ELEM,
				    BPF_MAP_LOOKUP_ELEM, BPF_MAP_LOOKUP_ELEM, BPF_MAP_DELETE_ELEM,
				    BPF_MAP_GET_NEXT_KEY, BPF_MAP_LOOKUP_AND_DELETE_ELEM,
				    BPF_MAP_LOOKUP_BATCH };
	static const uint32_t firsts[] = { 0, 1, 1, 1, 1, 2, 77, 20000 };
	int map = create(side, type, value_size, 5, 0);
	uint64_t seed = 99;

	assert_true(map >= 0);
	for (int i = 0; i < STEPS; i++) {
		uint32_t r, key;
		int cmd;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		r = (uint32_t)(seed >> 33);
		cmd = cmds[r % ARRAY_SIZE(cmds)];
		key = (r >> 4) % 9;
		out[i].key = key;
		out[i].value[0] = firsts[(r >> 8) % ARRAY_SIZE(firsts)];
		out[i].value[1] = (uint32_t)((r >> 12) % 6 < 4 ? progs[(r >> 12) % 6] : 0);
		out[i].ret = elem(side, cmd, map, (r & 1u << 20) && cmd == BPF_MAP_GET_NEXT_KEY ?
							  NULL : &out[i].key,
				  out[i].value, cmd != BPF_MAP_UPDATE_ELEM ? 0 :
						(r >> 24) % 8 > 4 ? (r >> 24) % 8 - 4 : 0);
		/* programs have other ids on the other side */
		if (cmd != BPF_MAP_LOOKUP_ELEM || out[i].value[1])
			out[i].value[1] = 1;
	}
	close(map);
}

static void elements_do_what_the_kernels_do(void **state)
{
	static struct outcome outcomes[SIDES][STEPS];
	int progs[SIDES][4];

	if (!worlds_made())
		skip();
	for (int side = 0; side < SIDES; side++) {
		progs[side][0] = load(side, 0, XDP_PASS);
		progs[side][1] = load(side, BPF_XDP_DEVMAP, XDP_PASS);
		progs[side][2] = load(side, BPF_XDP_CPUMAP, XDP_PASS);
		progs[side][3] = 1 << 20;
		for (int i = 0; i < 3; i++)
			assert_true(progs[side][i] >= 0);
	}
	for (size_t t = 0; t < ARRAY_SIZE(types) * 2; t++) {
		int good = 0;

		for (int side = 0; side < SIDES; side++)
			script(side, types[t / 2], t % 2 ? 8 : 4, progs[side], outcomes[side]);
		for (int i = 0; i < STEPS; i++) {
			const struct outcome *e = &outcomes[ENGINE][i], *k = &outcomes[KERNEL][i];

			same("element", types[t / 2], (uint32_t)i, e->ret, k->ret);
			assert_memory_equal(e, k, sizeof(*e));
			good += !e->ret;
		}
		assert_true(good > STEPS / 10);
	}
}

static int verdict(enum side side, int prog)
{
	uint8_t frame[64] = { 0 };
	union bpf_attr attr = { 0 };

	attr.test.prog_fd = (uint32_t)prog;
	attr.test.data_in = (uintptr_t)frame;
	attr.test.data_size_in = sizeof(frame);
	attr.test.repeat = 1;
	if (prog < 0 || twin_bpf(side, BPF_PROG_TEST_RUN, &attr, sizeof(attr)))
		return -1;
	return (int)attr.test.retval;
}

static void redirect_map_returns_what_the_kernels_does(void **state)
{
	static const int flags[] = { 0, 1, 2, 3, 4, 7, 8, 9, 11, 16, 24, 26, 32, -1 };
	uint32_t zero = 0, value[2] = { 1, 0 };

	if (!worlds_made())
		skip();
	for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
		int map[SIDES];

		for (int side = 0; side < SIDES; side++) {
			map[side] = create(side, types[t], 8, 4, 0);
			assert_int_equal(elem(side, BPF_MAP_UPDATE_ELEM, map[side], &zero, value, 0), 0);
		}
		for (size_t f = 0; f < ARRAY_SIZE(flags); f++)
			for (uint32_t key = 0; key < 6; key++) {
				int ret[SIDES];

				for (int side = 0; side < SIDES; side++) {
					int prog = load_redirect(side, map[side], key, flags[f], 0);

					ret[side] = verdict(side, prog);
					close(prog);
				}
				assert_int_not_equal(ret[KERNEL], -1);
				same("redirect_map", types[t], (uint32_t)flags[f], ret[ENGINE],
				     ret[KERNEL]);
			}
		close(map[ENGINE]);
		close(map[KERNEL]);
	}
}

/* The first program a program-holding map meets, also by being used, says what others must be. */
static void maps_of_programs_keep_to_one_kind(void **state)
{
	struct bpf_insn insns[] = {
		BPF_LD_MAP_FD(BPF_REG_2, 0),
		BPF_MOV64_IMM(BPF_REG_3, 0),
		BPF_CALL_HELPER(BPF_FUNC_tail_call),
		BPF_MOV64_IMM(BPF_REG_0, 0),
		BPF_EXIT_INSN(),
	};
	uint32_t zero = 0;

	for (int side = 0; side < (twin_kernel_allowed() ? SIDES : 1); side++) {
		union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insn_cnt = 2,
					.license = (uintptr_t)"GPL", .insns = (uintptr_t)(insns + 4) };
		int map = create(side, BPF_MAP_TYPE_PROG_ARRAY, 4, 1, 0), xdp, filter;

		insns[0].imm = map;
		xdp = load_insns(side, insns, ARRAY_SIZE(insns), 0);
		assert_true(xdp >= 0);
		attr.insns = (uintptr_t)(insns + 4);
		filter = twin_bpf(side, BPF_PROG_LOAD, &attr, sizeof(attr));
		assert_true(filter >= 0);
		assert_int_equal(elem(side, BPF_MAP_UPDATE_ELEM, map, &zero, &filter, 0), -EINVAL);
		assert_int_equal(elem(side, BPF_MAP_UPDATE_ELEM, map, &zero, &xdp, 0), 0);
		attr.insn_cnt = ARRAY_SIZE(insns);
		attr.insns = (uintptr_t)insns;
		assert_int_equal(twin_bpf(side, BPF_PROG_LOAD, &attr, sizeof(attr)), -EINVAL);
		close(filter);
		close(xdp);
		close(map);
	}
}

/* --- the engine's own devices ------------------------------------------------------------------------- */

#define DEVS 4

static struct {
	struct netdev *dev;
	uint32_t frames, last_bytes;
	uint8_t first;
} ports[DEVS];

static void sink(struct netdev *dev, const uint8_t *frame, uint32_t bytes, void *arg)
{
	size_t i = (size_t)(uintptr_t)arg;

	ports[i].frames++;
	ports[i].last_bytes = bytes;
	ports[i].first = frame[0];
}

static int port_map(uint32_t type)
{
	int map = create(ENGINE, type, 8, 8, 0);

	assert_true(map >= 0);
	memset(ports, 0, sizeof(ports));
	for (uint32_t i = 0; i < DEVS; i++) {
		assert_int_equal(hook_dev_add(engine(), (char[]){ 'p', (char)('0' + i), 0 }, 10 + i,
					      sink, (void *)(uintptr_t)i, &ports[i].dev), 0);
		if (type != BPF_MAP_TYPE_CPUMAP)
			assert_int_equal(put(map, i, 10 + i, 0), 0);
	}
	return map;
}

/* A frame arrives at port 0 with @prog there: its fate. Closes @prog. */
static enum pkt_fate arrive(int prog)
{
	uint8_t frame[60] = { 0x42 };
	struct pkt_result result;
	union bpf_attr attr = { 0 };
	int link;

	for (uint32_t i = 0; i < DEVS; i++)
		ports[i].frames = 0;
	attr.link_create.prog_fd = (uint32_t)prog;
	attr.link_create.target_ifindex = 10;
	attr.link_create.attach_type = BPF_XDP;
	link = twin_bpf(ENGINE, BPF_LINK_CREATE, &attr, sizeof(attr));
	assert_true(link >= 0);
	assert_int_equal(hook_dev_receive(ports[0].dev, frame, sizeof(frame), &result), 0);
	free(result.data);
	close(link);
	close(prog);
	skep_engine_poll(twin_engine);
	return result.fate;
}

static void expect_frames(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	assert_int_equal(ports[0].frames, a);
	assert_int_equal(ports[1].frames, b);
	assert_int_equal(ports[2].frames, c);
	assert_int_equal(ports[3].frames, d);
}

static void redirected_frames_leave_by_their_device(void **state)
{
	for (int t = 0; t < 2; t++) {
		int map = port_map(types[t]);

		assert_int_equal(arrive(load_redirect(ENGINE, map, 2, 0, 0)), PKT_REDIRECTED);
		expect_frames(0, 0, 1, 0);
		assert_int_equal(ports[2].last_bytes, 60);
		assert_int_equal(ports[2].first, 0x42);
		/* nowhere: the action in the flags */
		assert_int_equal(arrive(load_redirect(ENGINE, map, 7, XDP_PASS, 0)), PKT_PASSED);
		expect_frames(0, 0, 0, 0);
		assert_int_equal(arrive(load_redirect(ENGINE, map, 1, BPF_F_BROADCAST, 0)),
				 PKT_REDIRECTED);
		expect_frames(1, 1, 1, 1);
		assert_int_equal(arrive(load_redirect(ENGINE, map, 1, BPF_F_BROADCAST |
						      BPF_F_EXCLUDE_INGRESS, 0)), PKT_REDIRECTED);
		expect_frames(0, 1, 1, 1);
		/* a device that is gone is no entry */
		hook_dev_remove(ports[3].dev);
		assert_int_equal(arrive(load_redirect(ENGINE, map, 3, XDP_DROP, 0)), PKT_DROPPED);
		assert_int_equal(arrive(load_redirect(ENGINE, map, 0, BPF_F_BROADCAST, 0)),
				 PKT_REDIRECTED);
		expect_frames(1, 1, 1, 0);
		close(map);
		for (int i = 0; i < 3; i++)
			hook_dev_remove(ports[i].dev);
	}
}

/* Sets the frame's first byte to the egress ifindex; drops what leaves by 12. */
static int load_marker(void)
{
	struct bpf_insn insns[] = {
		BPF_LDX_MEM(BPF_W, BPF_REG_2, BPF_REG_1, 0),
		BPF_LDX_MEM(BPF_W, BPF_REG_3, BPF_REG_1, 4),
		BPF_LDX_MEM(BPF_W, BPF_REG_4, BPF_REG_1, 20),
		BPF_MOV64_IMM(BPF_REG_0, XDP_DROP),
		BPF_JMP_IMM(BPF_JEQ, BPF_REG_4, 12, 5),
		BPF_MOV64_REG(BPF_REG_5, BPF_REG_2),
		BPF_ALU64_IMM(BPF_ADD, BPF_REG_5, 14),
		BPF_JMP_REG(BPF_JGT, BPF_REG_5, BPF_REG_3, 2),
		BPF_STX_MEM(BPF_B, BPF_REG_2, BPF_REG_4, 0),
		BPF_MOV64_IMM(BPF_REG_0, XDP_PASS),
		BPF_EXIT_INSN(),
	};

	return load_insns(ENGINE, insns, ARRAY_SIZE(insns), BPF_XDP_DEVMAP);
}

static void programs_of_a_devmap_see_what_leaves(void **state)
{
	int map = port_map(BPF_MAP_TYPE_DEVMAP), marker = load_marker();

	assert_true(marker >= 0);
	for (uint32_t i = 0; i < DEVS; i++)
		assert_int_equal(put(map, i, 10 + i, marker), 0);
	close(marker);
	assert_int_equal(arrive(load_redirect(ENGINE, map, 0, BPF_F_BROADCAST, 0)), PKT_REDIRECTED);
	expect_frames(1, 1, 0, 1);
	for (uint32_t i = 0; i < DEVS; i++)
		assert_int_equal(ports[i].first, i == 2 ? 0 : 10 + i);
	close(map);
}

static void frames_for_a_cpu_go_up_the_stack(void **state)
{
	int map = port_map(BPF_MAP_TYPE_CPUMAP), devs = create(ENGINE, BPF_MAP_TYPE_DEVMAP, 4, 4, 0);
	int drop = load(ENGINE, BPF_XDP_CPUMAP, XDP_DROP), again;

	assert_int_equal(put(map, 0, 64, 0), 0);
	assert_int_equal(arrive(load_redirect(ENGINE, map, 0, 0, 0)), PKT_PASSED);
	assert_int_equal(put(map, 0, 64, drop), 0);
	assert_int_equal(arrive(load_redirect(ENGINE, map, 0, 0, 0)), PKT_REDIRECTED);
	expect_frames(0, 0, 0, 0);
	assert_int_equal(put(devs, 1, 11, 0), 0);
	again = load_redirect(ENGINE, devs, 1, 0, BPF_XDP_CPUMAP);
	assert_int_equal(put(map, 0, 64, again), 0);
	close(again);
	assert_int_equal(arrive(load_redirect(ENGINE, map, 0, 0, 0)), PKT_REDIRECTED);
	expect_frames(0, 1, 0, 0);
	/* one that leads back to itself ends */
	again = load_redirect(ENGINE, map, 0, 0, BPF_XDP_CPUMAP);
	assert_int_equal(put(map, 0, 64, again), 0);
	close(again);
	assert_int_equal(arrive(load_redirect(ENGINE, map, 0, 0, 0)), PKT_REDIRECTED);
	expect_frames(0, 0, 0, 0);
	close(drop);
	close(devs);
	close(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TWIN_TEST(creation_follows_the_kernels_rules),
		TWIN_TEST(elements_do_what_the_kernels_do),
		TWIN_TEST(redirect_map_returns_what_the_kernels_does),
		TWIN_TEST(maps_of_programs_keep_to_one_kind),
		TWIN_TEST(redirected_frames_leave_by_their_device),
		TWIN_TEST(programs_of_a_devmap_see_what_leaves),
		TWIN_TEST(frames_for_a_cpu_go_up_the_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
