/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: any thread may make any call at any time. Method: threads that create, close, load, run,
 * attach, look up each other's objects by id and ask what they are; at the end nothing is left. Run
 * under TSan it also says that nothing of it was a race.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "hooks/dev.h"
#include "object/engine.h"
#include "skep/skep.h"
#include "tbl/uapi.h"

#define ROUNDS 300
#define INFOS_MIN 10 /* seen, and links made: less would test nothing */
#define LINKS_MIN 10

static struct skep_engine *engine;
static struct netdev *dev;
static int shared_map, shared_prog;
static _Atomic int failures, infos, runs, links;

static int bpf(int cmd, union bpf_attr *attr)
{
	return skep_bpf(engine, cmd, attr, sizeof(*attr));
}

static void expect(bool ok)
{
	if (!ok)
		atomic_fetch_add(&failures, 1);
}

static int map_new(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 8,
				.max_entries = 16 };

	return bpf(BPF_MAP_CREATE, &attr);
}

static int prog_new(int map)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = 1, .src_reg = BPF_PSEUDO_MAP_FD,
		  .imm = map },
		{ 0 },
		{ .code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = 10, .off = -4, .imm = 1 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 2, .src_reg = 10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 2, .imm = -4 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_map_lookup_elem },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 2 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_XDP, .insn_cnt = 8,
				.insns = (uintptr_t)insns, .license = (uintptr_t)"GPL" };

	return bpf(BPF_PROG_LOAD, &attr);
}

static void *make_maps(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		int fd = map_new();

		expect(fd >= 0);
		close(fd);
	}
	return NULL;
}

static void *make_progs(void *arg)
{
	for (int i = 0; i < ROUNDS / 3; i++) {
		int map = map_new(), prog = prog_new(map);

		expect(prog >= 0);
		close(map);
		close(prog);
	}
	return NULL;
}

static void *use_elements(void *arg)
{
	for (int i = 0; i < ROUNDS * 10; i++) {
		uint32_t key = (uint32_t)i % 8;
		uint64_t value = 1;
		union bpf_attr attr = { .map_fd = (uint32_t)shared_map, .key = (uintptr_t)&key,
					.value = (uintptr_t)&value };
		int ret = bpf(i % 3 ? BPF_MAP_UPDATE_ELEM : BPF_MAP_LOOKUP_ELEM, &attr);

		expect(!ret || ret == -ENOENT);
	}
	return NULL;
}

static void *run_prog(void *arg)
{
	static const uint8_t packet[64];

	for (int i = 0; i < ROUNDS; i++) {
		union bpf_attr attr = { 0 };

		attr.test.prog_fd = (uint32_t)shared_prog;
		attr.test.data_in = (uintptr_t)packet;
		attr.test.data_size_in = sizeof(packet);
		attr.test.repeat = 100;
		expect(!bpf(BPF_PROG_TEST_RUN, &attr) && attr.test.retval == 2);
		atomic_fetch_add(&runs, 1);
	}
	return NULL;
}

/* Whatever has an id now may be gone at the next call. */
static void look_at(int get_next, int get_fd)
{
	union bpf_attr attr = { 0 };

	while (!bpf(get_next, &attr)) {
		struct bpf_prog_info info = { 0 };
		uint32_t id = attr.next_id;
		int fd;

		attr = (union bpf_attr){ .start_id = id };
		fd = bpf(get_fd, &attr);
		expect(fd >= 0 || fd == -ENOENT);
		if (fd >= 0) {
			memset(&attr, 0, sizeof(attr));
			attr.info.bpf_fd = (uint32_t)fd;
			attr.info.info = (uintptr_t)&info;
			attr.info.info_len = 16; /* what every kind has: type, id, … */
			expect(!bpf(BPF_OBJ_GET_INFO_BY_FD, &attr));
			atomic_fetch_add(&infos, 1);
			close(fd);
		}
		attr = (union bpf_attr){ .start_id = id };
	}
}

static void *look_around(void *arg)
{
	for (int i = 0; i < ROUNDS / 10 || (infos <= INFOS_MIN && i < ROUNDS * 100); i++) {
		look_at(BPF_MAP_GET_NEXT_ID, BPF_MAP_GET_FD_BY_ID);
		look_at(BPF_PROG_GET_NEXT_ID, BPF_PROG_GET_FD_BY_ID);
		look_at(BPF_LINK_GET_NEXT_ID, BPF_LINK_GET_FD_BY_ID);
	}
	return NULL;
}

static void *attach(void *arg)
{
	/* On a busy machine others may hold the link for long: go on until some were made. */
	for (int i = 0; i < ROUNDS || (links <= LINKS_MIN && i < ROUNDS * 1000); i++) {
		union bpf_attr attr = { 0 };
		int fd;

		attr.link_create.prog_fd = (uint32_t)shared_prog;
		attr.link_create.target_ifindex = dev->ifindex;
		attr.link_create.attach_type = BPF_XDP;
		fd = bpf(BPF_LINK_CREATE, &attr);
		/* another thread's descriptor from an id may hold the link before for a moment */
		expect(fd >= 0 || fd == -EBUSY);
		if (fd >= 0) {
			atomic_fetch_add(&links, 1);
			close(fd);
		} else {
			sched_yield();
		}
	}
	return NULL;
}

static void *receive(void *arg)
{
	uint8_t frame[64] = { 0 };

	for (int i = 0; i < ROUNDS * 3; i++) {
		struct pkt_result result;

		expect(!hook_dev_receive(dev, frame, sizeof(frame), &result));
		expect(result.xdp_action == -1 || result.xdp_action == 2);
		free(result.data);
	}
	return NULL;
}

static void threads_do_everything_at_once(void **state)
{
	void *(*const jobs[])(void *) = { make_maps,   make_progs, use_elements, use_elements,
					  run_prog,    run_prog,   look_around,  attach,
					  receive,     make_maps };
	pthread_t threads[sizeof(jobs) / sizeof(jobs[0])];
	size_t n = sizeof(jobs) / sizeof(jobs[0]);
	union bpf_attr attr = { 0 };

	assert_int_equal(skep_engine_new(NULL, &engine), 0);
	assert_int_equal(hook_dev_add((struct engine *)engine, "one", 0, NULL, NULL, &dev), 0);
	shared_map = map_new();
	shared_prog = prog_new(shared_map);
	assert_true(shared_prog >= 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, jobs[i], NULL), 0);
	for (size_t i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(failures, 0);
	assert_int_equal(runs, 2 * ROUNDS);
	assert_true(infos > INFOS_MIN);
	assert_true(links > LINKS_MIN);

	close(shared_prog);
	close(shared_map);
	for (int i = 0; i < 100 && !bpf(BPF_MAP_GET_NEXT_ID, &attr); i++)
		usleep(2000);
	attr = (union bpf_attr){ 0 };
	assert_int_equal(bpf(BPF_MAP_GET_NEXT_ID, &attr), -ENOENT);
	assert_int_equal(bpf(BPF_PROG_GET_NEXT_ID, &attr), -ENOENT);
	assert_int_equal(bpf(BPF_LINK_GET_NEXT_ID, &attr), -ENOENT);
	skep_engine_free(engine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_do_everything_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
