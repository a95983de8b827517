/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: ids, pins and BTF_LOAD keep the kernel's errors. Method: the same hopeless or broken call on
 * both sides; what works is tested on the engine.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/errno.h"
#include "syscall/test_twin.h"
#include "tbl/uapi_btf.h"

/* Both sides say the same of @attr. */
static void same(const char *what, int cmd, const union bpf_attr *attr)
{
	union bpf_attr e = *attr, k = *attr;
	int engine = twin_bpf(ENGINE, cmd, &e, sizeof(e));
	int kernel = twin_bpf(KERNEL, cmd, &k, sizeof(k));

	if (engine >= 0)
		close(engine);
	if (kernel >= 0)
		close(kernel);
	if ((engine < 0 || kernel < 0) && engine != kernel)
		fail_msg("%s: engine %d, kernel %d", what, engine, kernel);
}

static void ids_out_of_range_are_refused_alike(void **state)
{
	static const int get_next[] = { BPF_MAP_GET_NEXT_ID, BPF_PROG_GET_NEXT_ID,
					BPF_BTF_GET_NEXT_ID, BPF_LINK_GET_NEXT_ID };
	static const int get_fd[] = { BPF_MAP_GET_FD_BY_ID, BPF_PROG_GET_FD_BY_ID,
				      BPF_BTF_GET_FD_BY_ID, BPF_LINK_GET_FD_BY_ID };
	static const uint32_t ids[] = { 0, 0x7ffffffe, 0x7fffffff, 0x80000000, UINT32_MAX };

	if (!twin_kernel_allowed())
		skip();
	for (size_t i = 0; i < 4; i++)
		for (size_t id = 0; id < 5; id++) {
			union bpf_attr attr = { .start_id = ids[id] };

			if (id) /* 0: the first one there is */
				same("next id", get_next[i], &attr);
			same("fd by id", get_fd[i], &attr);
			for (uint32_t flags = 1; flags; flags <<= 1) {
				attr.open_flags = flags;
				same("fd by id, open flags", get_fd[i], &attr);
			}
		}
}

static void pins_that_cannot_be_are_refused_alike(void **state)
{
	static const char *const paths[] = { NULL, "", "/", "/tmp", "/proc/self/status", "/tmp/none/x",
					     "/tmp/skep-no-such-file", "relative/x",
					     "/proc/self/status/x" };
	union bpf_attr map = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4,
			       .max_entries = 1 };
	int fd[SIDES];

	if (!twin_kernel_allowed())
		skip();
	for (int side = 0; side < SIDES; side++)
		fd[side] = twin_bpf(side, BPF_MAP_CREATE, &map, sizeof(map));
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		for (uint32_t flags = 0; flags < 3; flags++) {
			union bpf_attr attr = { .pathname = (uintptr_t)paths[i],
						.file_flags = flags ? 1u << (2 + flags) : 0 };
			int ret[SIDES];

			same(paths[i] ? paths[i] : "NULL", BPF_OBJ_GET, &attr);
			for (int side = 0; side < SIDES; side++) {
				attr.bpf_fd = (uint32_t)fd[side];
				ret[side] = twin_bpf(side, BPF_OBJ_PIN, &attr, sizeof(attr));
			}
			if (ret[ENGINE] != ret[KERNEL])
				fail_msg("pin %s, flags %u: engine %d, kernel %d",
					 paths[i] ? paths[i] : "NULL", flags, ret[ENGINE],
					 ret[KERNEL]);
		}
	close(fd[ENGINE]);
	close(fd[KERNEL]);
}

static void pinned_objects_come_back(void **state)
{
	char dir[] = "/tmp/skep-obj-XXXXXX", path[64];
	union bpf_attr map = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4,
			       .max_entries = 1 };
	union bpf_attr attr = { .pathname = (uintptr_t)path }, ids = { 0 };
	int fd, again, dirfd;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(skep_pin_dir_add(twin_engine, dir), 0);
	snprintf(path, sizeof(path), "%s/map", dir);
	fd = twin_bpf(ENGINE, BPF_MAP_CREATE, &map, sizeof(map));
	attr.bpf_fd = (uint32_t)fd;
	assert_int_equal(twin_bpf(ENGINE, BPF_OBJ_PIN, &attr, sizeof(attr)), 0);
	close(fd);
	attr.bpf_fd = 0;
	attr.file_flags = BPF_F_RDONLY;
	again = twin_bpf(ENGINE, BPF_OBJ_GET, &attr, sizeof(attr));
	assert_true(again >= 0);
	assert_int_equal(fcntl(again, F_GETFL) & O_ACCMODE, O_RDONLY);
	close(again);
	/* Relative to a directory's descriptor. */
	dirfd = open(dir, O_PATH | O_DIRECTORY);
	attr = (union bpf_attr){ .pathname = (uintptr_t)"map", .file_flags = BPF_F_PATH_FD,
				 .path_fd = dirfd };
	again = twin_bpf(ENGINE, BPF_OBJ_GET, &attr, sizeof(attr));
	assert_true(again >= 0);
	close(again);
	attr = (union bpf_attr){ .pathname = (uintptr_t)"map", .path_fd = dirfd };
	assert_int_equal(twin_bpf(ENGINE, BPF_OBJ_GET, &attr, sizeof(attr)), -EINVAL);
	close(dirfd);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(twin_bpf(ENGINE, BPF_MAP_GET_NEXT_ID, &ids, sizeof(ids)), -ENOENT);
	rmdir(dir);
}

/* --- BTF -------------------------------------------------------------------------------------- */

struct blob {
	struct btf_header hdr;
	uint32_t types[10];
	char strings[12];
};

/* int; struct { int a; } */
static const struct blob good = {
	.hdr = { .magic = 0xeb9f, .version = 1, .hdr_len = sizeof(struct btf_header),
		 .type_len = 4 * 10, .str_off = 4 * 10, .str_len = 9 },
	.types = { 1, 1u << 24, 4, 1u << 24 | 32, 5, 4u << 24 | 1, 4, 7, 1, 0 },
	.strings = "\0int\0s\0a",
};

#define GOOD_BYTES (sizeof(struct btf_header) + 40 + 9)

struct loaded {
	int ret;
	uint32_t true_size;
	char log[512];
};

static void load_btf(enum side side, const void *data, uint32_t bytes, uint32_t level, uint32_t room,
		     struct loaded *out)
{
	union bpf_attr attr = { .btf = (uintptr_t)data, .btf_size = bytes, .btf_log_level = level,
				.btf_log_size = room, .btf_log_buf = room ? (uintptr_t)out->log : 0 };

	memset(out, 'x', sizeof(*out));
	out->ret = twin_bpf(side, BPF_BTF_LOAD, &attr, sizeof(attr));
	out->true_size = attr.btf_log_true_size;
	if (out->ret >= 0) {
		close(out->ret);
		out->ret = 0;
	}
}

static void btf_both(const char *what, const void *data, uint32_t bytes, uint32_t level,
		     uint32_t room)
{
	static struct loaded e, k;

	load_btf(ENGINE, data, bytes, level, room, &e);
	load_btf(KERNEL, data, bytes, level, room, &k);
	if (memcmp(&e, &k, sizeof(e)) != 0)
		fail_msg("%s: engine %d, %u: %.*s\nkernel %d, %u: %.*s", what, e.ret, e.true_size,
			 (int)room, e.log, k.ret, k.true_size, (int)room, k.log);
}

static void btf_of_any_damage_is_told_alike(void **state)
{
	struct loaded first;
	char what[64];

	if (!twin_kernel_allowed())
		skip();
	load_btf(ENGINE, &good, GOOD_BYTES, 0, 0, &first);
	assert_int_equal(first.ret, 0);
	for (size_t at = 0; at < sizeof(good); at++)
		for (int bit = 0; bit < 8; bit++) {
			struct blob blob = good;

			((uint8_t *)&blob)[at] ^= (uint8_t)(1 << bit);
			snprintf(what, sizeof(what), "byte %zu bit %d", at, bit);
			btf_both(what, &blob, GOOD_BYTES, 1, 512);
		}
	for (uint32_t bytes = 0; bytes < sizeof(good); bytes++) {
		snprintf(what, sizeof(what), "%u bytes", bytes);
		btf_both(what, &good, bytes, 1, 512);
	}
	for (uint32_t room = 0; room < 200; room++)
		for (uint32_t level = 0; level < 10; level++) {
			if (level == 4)
				continue; /* the kernel's own log */
			snprintf(what, sizeof(what), "log of %u, level %u", room, level);
			btf_both(what, &good, GOOD_BYTES, level, room);
			btf_both(what, &good, 60, level, room);
		}
	btf_both("no data", NULL, 64, 1, 512);
	btf_both("too much", &good, 17 << 20, 1, 512);
}

static void base_btf_is_listed_as_vmlinux(void **state)
{
	union bpf_attr attr = { 0 };
	struct bpf_btf_info info = { 0 };
	char name[16] = "";
	int fd;

	assert_int_equal(twin_bpf(ENGINE, BPF_BTF_GET_NEXT_ID, &attr, sizeof(attr)), 0);
	attr = (union bpf_attr){ .btf_id = attr.next_id };
	fd = twin_bpf(ENGINE, BPF_BTF_GET_FD_BY_ID, &attr, sizeof(attr));
	assert_true(fd >= 0);
	info.name = (uintptr_t)name;
	info.name_len = sizeof(name);
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info = (uintptr_t)&info;
	attr.info.info_len = sizeof(info);
	assert_int_equal(twin_bpf(ENGINE, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)), 0);
	assert_string_equal(name, "vmlinux");
	assert_int_equal(info.kernel_btf, 1);
	assert_int_equal(info.name_len, 7);
	assert_true(info.btf_size > sizeof(struct btf_header));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TWIN_TEST(ids_out_of_range_are_refused_alike),
		TWIN_TEST(pins_that_cannot_be_are_refused_alike),
		TWIN_TEST(pinned_objects_come_back),
		TWIN_TEST(btf_of_any_damage_is_told_alike),
		TWIN_TEST(base_btf_is_listed_as_vmlinux),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
