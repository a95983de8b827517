/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: when the kernel drops close events, because more came than its queue holds, nothing stays alive
 * that the client has closed, detached by closing, or unpinned by rm. Method: a queue filled by a client
 * that opens and closes what lives on; what ends after that has no event.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "hooks/dev.h"
#include "object/engine.h"
#include "skep/skep.h"
#include "tbl/uapi.h"

#define QUEUE_MAX (1u << 20) /* a longer queue is not tried */

static struct skep_engine *engine;
static char dir[] = "/tmp/skep-overflow-XXXXXX", pin[64];

static int bpf(int cmd, union bpf_attr *attr)
{
	return skep_bpf(engine, cmd, attr, sizeof(*attr));
}

static int map_new(uint32_t flags)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8,
				.max_entries = 1, .map_flags = flags };
	int fd = bpf(BPF_MAP_CREATE, &attr);

	assert_true(fd >= 0);
	return fd;
}

static int prog_new(void)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_DROP },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_XDP, .insn_cnt = 2,
				.insns = (uintptr_t)code, .license = (uintptr_t)"GPL" };
	int fd = bpf(BPF_PROG_LOAD, &attr);

	assert_true(fd >= 0);
	return fd;
}

static uint32_t queue_max(void)
{
	FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
	unsigned int n = 0;

	if (file) {
		if (fscanf(file, "%u", &n) != 1)
			n = 0;
		fclose(file);
	}
	return n;
}

static void reopen(int fd)
{
	char path[32];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(again >= 0);
	close(again);
}

/* Equal events next to each other become one: two maps take turns. */
static void overflow(uint32_t n, int a, int b)
{
	for (uint32_t i = 0; i < n / 2 + 8; i++) {
		reopen(a);
		reopen(b);
	}
}

static uint32_t count(int cmd)
{
	union bpf_attr attr = { 0 };
	uint32_t n = 0;

	for (; !bpf(cmd, &attr); n++)
		attr = (union bpf_attr){ .start_id = attr.next_id };
	return n;
}

static int xdp_action(struct netdev *dev)
{
	uint8_t frame[60] = { 0 };
	struct pkt_result result;

	assert_int_equal(hook_dev_receive(dev, frame, sizeof(frame), &result), 0);
	if (result.fate == PKT_PASSED)
		free(result.data);
	return result.xdp_action;
}

static void what_ended_unseen_is_found_out(void **state)
{
	int a = map_new(0), b = map_new(0), closed = map_new(0), pinned = map_new(0);
	int mapped = map_new(BPF_F_MMAPABLE), prog = prog_new(), link;
	uint32_t n = queue_max();
	struct netdev *dev;
	union bpf_attr attr;
	void *mem;

	if (!n || n > QUEUE_MAX) {
		print_message("SKIP: inotify's queue holds %u events\n", n);
		skip();
	}
	attr = (union bpf_attr){ .pathname = (uintptr_t)pin, .bpf_fd = (uint32_t)pinned };
	assert_int_equal(bpf(BPF_OBJ_PIN, &attr), 0);
	close(pinned);
	mem = mmap(NULL, 4096, PROT_READ, MAP_SHARED, mapped, 0);
	assert_ptr_not_equal(mem, MAP_FAILED);
	close(mapped);
	assert_int_equal(hook_dev_add((struct engine *)engine, "dev", 0, NULL, NULL, &dev), 0);
	attr = (union bpf_attr){ .link_create.prog_fd = (uint32_t)prog,
				 .link_create.target_ifindex = dev->ifindex,
				 .link_create.attach_type = BPF_XDP };
	link = bpf(BPF_LINK_CREATE, &attr);
	assert_true(link >= 0);
	assert_int_equal(count(BPF_MAP_GET_NEXT_ID), 5);

	overflow(n, a, b);
	close(closed);
	unlink(pin);
	munmap(mem, 4096);
	close(link);
	close(prog);
	skep_engine_poll(engine);

	assert_int_equal(count(BPF_MAP_GET_NEXT_ID), 2);
	assert_int_equal(count(BPF_PROG_GET_NEXT_ID), 0);
	assert_int_equal(count(BPF_LINK_GET_NEXT_ID), 0);
	assert_int_equal(xdp_action(dev), -1);

	/* And the queue serves again. */
	close(a);
	assert_int_equal(count(BPF_MAP_GET_NEXT_ID), 1);
	close(b);
	assert_int_equal(count(BPF_MAP_GET_NEXT_ID), 0);
}

/* What is still open, mapped or pinned stays, however many events were lost. */
static void what_lives_stays(void **state)
{
	int a = map_new(0), b = map_new(0), pinned = map_new(0), mapped = map_new(BPF_F_MMAPABLE);
	uint32_t n = queue_max();
	union bpf_attr attr;
	void *mem;

	if (!n || n > QUEUE_MAX)
		skip();
	attr = (union bpf_attr){ .pathname = (uintptr_t)pin, .bpf_fd = (uint32_t)pinned };
	assert_int_equal(bpf(BPF_OBJ_PIN, &attr), 0);
	mem = mmap(NULL, 4096, PROT_READ, MAP_SHARED, mapped, 0);
	assert_ptr_not_equal(mem, MAP_FAILED);
	close(mapped);
	overflow(n, a, b);
	close(pinned);
	skep_engine_poll(engine);
	assert_int_equal(count(BPF_MAP_GET_NEXT_ID), 4);
	attr = (union bpf_attr){ .pathname = (uintptr_t)pin };
	pinned = bpf(BPF_OBJ_GET, &attr);
	assert_true(pinned >= 0);
	munmap(mem, 4096);
	unlink(pin);
	close(pinned);
	assert_int_equal(count(BPF_MAP_GET_NEXT_ID), 2);
	close(a);
	close(b);
}

static int setup(void **state)
{
	strcpy(dir, "/tmp/skep-overflow-XXXXXX");
	if (!mkdtemp(dir) || skep_engine_new(NULL, &engine))
		return -1;
	snprintf(pin, sizeof(pin), "%s/pin", dir);
	return skep_pin_dir_add(engine, dir);
}

static int teardown(void **state)
{
	skep_engine_free(engine);
	unlink(pin);
	return rmdir(dir);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_ended_unseen_is_found_out),
		TEST(what_lives_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
