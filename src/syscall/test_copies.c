/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: whichever of a command's copies from or to the client fails, it says -EFAULT and leaves
 * nothing behind: no object, no descriptor, no charge. Method: a caller whose Nth copy fails, for
 * every N until none is reached, on objects made anew each time; the same for allocations.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "object/engine.h"
#include "object/pin.h"
#include "seam/caller.h"
#include "seam/copy.h"
#include "syscall/bpf.h"
#include "syscall/call.h"
#include "tbl/uapi.h"
#include "tbl/uapi_btf.h"

static struct engine *engine;
static char dir[64], pin[96];

/* --- the caller that fails -------------------------------------------------------------------- */

static struct seam_caller good, bad;
static struct caller_ops failing_ops;
static int fail_at, copies;

static bool fails(void)
{
	return ++copies == fail_at;
}

static int failing_in(struct caller *caller, void *dst, uint64_t src, size_t bytes)
{
	return fails() ? -EFAULT : good.caller.ops->copy_in(caller, dst, src, bytes);
}

static int failing_out(struct caller *caller, uint64_t dst, const void *src, size_t bytes)
{
	return fails() ? -EFAULT : good.caller.ops->copy_out(caller, dst, src, bytes);
}

static ssize_t failing_str(struct caller *caller, char *dst, uint64_t src, size_t max)
{
	return fails() ? -EFAULT : good.caller.ops->copy_str(caller, dst, src, max);
}

/* --- one world of objects --------------------------------------------------------------------- */

static struct {
	int map, prog, btf;
	uint32_t map_id, prog_id, btf_id;
} w;

static int call(struct seam_caller *sc, int cmd, union bpf_attr *attr)
{
	return syscall_bpf(&sc->caller, cmd, (uintptr_t)attr, sizeof(*attr));
}

/* struct btf_header and INT u32 "int" (id 1). */
static const struct {
	struct btf_header hdr;
	uint32_t types[4];
	char strings[8];
} blob = {
	.hdr = { .magic = 0xeb9f, .version = 1, .hdr_len = sizeof(struct btf_header),
		 .type_off = 0, .type_len = 16, .str_off = 16, .str_len = 5 },
	.types = { 1, 1u << 24, 4, 32 },
	.strings = "\0int",
};

static const struct bpf_insn code[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 1 },
	{ .code = BPF_JMP | BPF_EXIT },
};

static char log_buf[4096];
static uint8_t frame[64], frame_out[512];
static uint32_t key = 1, next;
static uint64_t value = 7;

static union bpf_attr attr_map_create(void)
{
	return (union bpf_attr){ .map_type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 8,
				 .max_entries = 4 };
}

static union bpf_attr attr_prog_load(void)
{
	return (union bpf_attr){ .prog_type = BPF_PROG_TYPE_XDP, .insn_cnt = 2,
				 .insns = (uintptr_t)code, .license = (uintptr_t)"GPL",
				 .log_level = 1, .log_buf = (uintptr_t)log_buf,
				 .log_size = sizeof(log_buf) };
}

static union bpf_attr attr_btf_load(void)
{
	return (union bpf_attr){ .btf = (uintptr_t)&blob,
				 .btf_size = sizeof(blob.hdr) + 16 + 5, .btf_log_level = 1,
				 .btf_log_buf = (uintptr_t)log_buf,
				 .btf_log_size = sizeof(log_buf) };
}

static union bpf_attr attr_elem(void)
{
	return (union bpf_attr){ .map_fd = (uint32_t)w.map, .key = (uintptr_t)&key,
				 .value = (uintptr_t)&value };
}

static union bpf_attr attr_delete(void)
{
	return (union bpf_attr){ .map_fd = (uint32_t)w.map, .key = (uintptr_t)&key };
}

static union bpf_attr attr_next_key(void)
{
	return (union bpf_attr){ .map_fd = (uint32_t)w.map, .next_key = (uintptr_t)&next };
}

static union bpf_attr attr_freeze(void)
{
	return (union bpf_attr){ .map_fd = (uint32_t)w.map };
}

static union bpf_attr attr_pin(void)
{
	return (union bpf_attr){ .pathname = (uintptr_t)pin, .bpf_fd = (uint32_t)w.map };
}

static union bpf_attr attr_get(void)
{
	union bpf_attr attr = attr_pin();

	assert_int_equal(call(&good, BPF_OBJ_PIN, &attr), 0);
	attr.bpf_fd = 0;
	return attr;
}

static union bpf_attr attr_test_run(void)
{
	union bpf_attr attr = { 0 };

	attr.test.prog_fd = (uint32_t)w.prog;
	attr.test.data_in = (uintptr_t)frame;
	attr.test.data_size_in = sizeof(frame);
	attr.test.data_out = (uintptr_t)frame_out;
	attr.test.data_size_out = sizeof(frame_out);
	return attr;
}

static union bpf_attr attr_next_id(void)
{
	return (union bpf_attr){ 0 };
}

static union bpf_attr attr_map_id(void)
{
	return (union bpf_attr){ .map_id = w.map_id };
}

static union bpf_attr attr_prog_id(void)
{
	return (union bpf_attr){ .prog_id = w.prog_id };
}

static union bpf_attr attr_btf_id(void)
{
	return (union bpf_attr){ .btf_id = w.btf_id };
}

static union {
	struct bpf_map_info map;
	struct bpf_prog_info prog;
	struct bpf_btf_info btf;
} info;

static union bpf_attr attr_info(int fd, size_t bytes)
{
	union bpf_attr attr = { 0 };

	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info = (uintptr_t)&info;
	attr.info.info_len = (uint32_t)bytes;
	return attr;
}

static union bpf_attr attr_map_info(void)
{
	memset(&info, 0, sizeof(info));
	return attr_info(w.map, sizeof(info.map));
}

static union bpf_attr attr_prog_info(void)
{
	static uint8_t room[4096];

	memset(&info, 0, sizeof(info));
	info.prog.xlated_prog_len = info.prog.jited_prog_len = 1024;
	info.prog.xlated_prog_insns = (uintptr_t)room;
	info.prog.jited_prog_insns = (uintptr_t)room + 1024;
	info.prog.nr_jited_ksyms = info.prog.nr_jited_func_lens = info.prog.nr_prog_tags = 1;
	info.prog.jited_ksyms = (uintptr_t)room + 2048;
	info.prog.jited_func_lens = (uintptr_t)room + 2056;
	info.prog.prog_tags = (uintptr_t)room + 2064;
	return attr_info(w.prog, sizeof(info.prog));
}

static union bpf_attr attr_btf_info(void)
{
	static char room[512];

	memset(&info, 0, sizeof(info));
	info.btf.btf = (uintptr_t)room;
	info.btf.btf_size = 256;
	info.btf.name = (uintptr_t)room + 256;
	info.btf.name_len = 16;
	return attr_info(w.btf, sizeof(info.btf));
}

static union bpf_attr attr_bind(void)
{
	union bpf_attr attr = { 0 };

	attr.prog_bind_map.prog_fd = (uint32_t)w.prog;
	attr.prog_bind_map.map_fd = (uint32_t)w.map;
	return attr;
}

/* --- every command ---------------------------------------------------------------------------- */

static const struct row {
	const char *name;
	int cmd;
	union bpf_attr (*attr)(void);
	int copies_min; /* at least so many copies, or the row tests nothing */
	bool makes_fd;
} rows[] = {
	{ "MAP_CREATE", BPF_MAP_CREATE, attr_map_create, 1, true },
	{ "MAP_LOOKUP_ELEM", BPF_MAP_LOOKUP_ELEM, attr_elem, 3, false },
	{ "MAP_UPDATE_ELEM", BPF_MAP_UPDATE_ELEM, attr_elem, 3, false },
	{ "MAP_DELETE_ELEM", BPF_MAP_DELETE_ELEM, attr_delete, 2, false },
	{ "MAP_GET_NEXT_KEY", BPF_MAP_GET_NEXT_KEY, attr_next_key, 2, false },
	{ "MAP_LOOKUP_AND_DELETE_ELEM", BPF_MAP_LOOKUP_AND_DELETE_ELEM, attr_elem, 3, false },
	{ "MAP_FREEZE", BPF_MAP_FREEZE, attr_freeze, 1, false },
	{ "PROG_LOAD", BPF_PROG_LOAD, attr_prog_load, 5, true },
	{ "OBJ_PIN", BPF_OBJ_PIN, attr_pin, 2, false },
	{ "OBJ_GET", BPF_OBJ_GET, attr_get, 2, true },
	{ "PROG_TEST_RUN", BPF_PROG_TEST_RUN, attr_test_run, 6, false },
	{ "MAP_GET_NEXT_ID", BPF_MAP_GET_NEXT_ID, attr_next_id, 2, false },
	{ "PROG_GET_NEXT_ID", BPF_PROG_GET_NEXT_ID, attr_next_id, 2, false },
	{ "BTF_GET_NEXT_ID", BPF_BTF_GET_NEXT_ID, attr_next_id, 2, false },
	{ "MAP_GET_FD_BY_ID", BPF_MAP_GET_FD_BY_ID, attr_map_id, 1, true },
	{ "PROG_GET_FD_BY_ID", BPF_PROG_GET_FD_BY_ID, attr_prog_id, 1, true },
	{ "BTF_GET_FD_BY_ID", BPF_BTF_GET_FD_BY_ID, attr_btf_id, 1, true },
	{ "OBJ_GET_INFO_BY_FD map", BPF_OBJ_GET_INFO_BY_FD, attr_map_info, 4, false },
	{ "OBJ_GET_INFO_BY_FD prog", BPF_OBJ_GET_INFO_BY_FD, attr_prog_info, 8, false },
	{ "OBJ_GET_INFO_BY_FD btf", BPF_OBJ_GET_INFO_BY_FD, attr_btf_info, 6, false },
	{ "BTF_LOAD", BPF_BTF_LOAD, attr_btf_load, 4, true },
	{ "PROG_BIND_MAP", BPF_PROG_BIND_MAP, attr_bind, 1, false },
};

static uint32_t id_of(int fd, size_t bytes, size_t id_off)
{
	union bpf_attr attr = attr_info(fd, bytes);
	uint32_t id;

	memset(&info, 0, sizeof(info));
	assert_int_equal(call(&good, BPF_OBJ_GET_INFO_BY_FD, &attr), 0);
	memcpy(&id, (char *)&info + id_off, sizeof(id));
	return id;
}

static void world_new(void)
{
	union bpf_attr attr = attr_map_create();

	w.map = call(&good, BPF_MAP_CREATE, &attr);
	attr = attr_prog_load();
	w.prog = call(&good, BPF_PROG_LOAD, &attr);
	attr = attr_btf_load();
	w.btf = call(&good, BPF_BTF_LOAD, &attr);
	assert_true(w.map >= 0 && w.prog >= 0 && w.btf >= 0);
	w.map_id = id_of(w.map, sizeof(info.map), offsetof(struct bpf_map_info, id));
	w.prog_id = id_of(w.prog, sizeof(info.prog), offsetof(struct bpf_prog_info, id));
	w.btf_id = id_of(w.btf, sizeof(info.btf), offsetof(struct bpf_btf_info, id));
	attr = attr_elem();
	assert_int_equal(call(&good, BPF_MAP_UPDATE_ELEM, &attr), 0);
}

static void world_end(void)
{
	close(w.map);
	close(w.prog);
	close(w.btf);
	unlink(pin);
	engine_poll(engine);
}

static int open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* The Nth copy of the command fails; returns false when it has fewer. */
static bool try_one(const struct row *row, int n)
{
	union bpf_attr attr;
	uint64_t bytes;
	uint32_t objects;
	int fds, ret;

	world_new();
	attr = row->attr();
	objects = atomic_load(&engine->objects_used);
	bytes = atomic_load(&engine->bytes_used);
	fds = open_fds();
	fail_at = n;
	copies = 0;
	ret = call(&bad, row->cmd, &attr);
	if (copies < n) {
		if (ret < 0)
			fail_msg("%s fails without a failing copy: %d", row->name, ret);
		if (row->makes_fd)
			close(ret);
		world_end();
		if (copies < row->copies_min)
			fail_msg("%s: only %d copies", row->name, copies);
		return false;
	}
	if (ret != -EFAULT)
		fail_msg("%s, copy %d fails: %d", row->name, n, ret);
	engine_poll(engine);
	if (atomic_load(&engine->objects_used) != objects ||
	    atomic_load(&engine->bytes_used) != bytes || open_fds() != fds)
		fail_msg("%s, copy %d fails: something is left", row->name, n);
	world_end();
	return true;
}

static void failing_copies_are_efault_and_leave_nothing(void **state)
{
	assert_int_equal(fault_handlers_restore(), 0);
	assert_non_null(engine_base_btf(engine)); /* made on first use */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int n = 1; try_one(&rows[i], n); n++)
			;
	assert_int_equal(atomic_load(&engine->objects_used), 1);
}

/* --- the same with allocations ---------------------------------------------------------------- */

/* The Nth allocation of the command fails; returns false when it has fewer. */
static bool starve_one(const struct row *row, uint32_t n)
{
	union bpf_attr attr;
	uint64_t bytes;
	uint32_t objects;
	bool reached;
	int fds, ret;

	world_new();
	attr = row->attr();
	objects = atomic_load(&engine->objects_used);
	bytes = atomic_load(&engine->bytes_used);
	fds = open_fds();
	mem_fail_at = n;
	ret = call(&good, row->cmd, &attr);
	reached = mem_fail_at == 0;
	mem_fail_at = 0;
	if (ret >= 0 && row->makes_fd)
		close(ret);
	if (!reached && ret < 0)
		fail_msg("%s fails with all its memory: %d", row->name, ret);
	/* The JIT may do without; a log that is cut short for want of memory is EFAULT. */
	if (reached && ret < 0 && ret != -ENOMEM && ret != -EFAULT)
		fail_msg("%s, allocation %u fails: %d", row->name, n, ret);
	engine_poll(engine);
	if (ret < 0 && (atomic_load(&engine->objects_used) != objects ||
			atomic_load(&engine->bytes_used) != bytes || open_fds() != fds))
		fail_msg("%s, allocation %u fails: something is left", row->name, n);
	world_end();
	return reached;
}

static void failing_allocations_are_enomem_and_leave_nothing(void **state)
{
	uint32_t starved = 0;

	assert_int_equal(fault_handlers_restore(), 0);
	assert_non_null(engine_base_btf(engine));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (uint32_t n = 1; starve_one(&rows[i], n); n++)
			starved++;
	print_message("%u allocations failed\n", starved);
	assert_true(starved > 30);
	assert_int_equal(atomic_load(&engine->objects_used), 1);
}

static int setup(void **state)
{
	struct engine_opts opts = { 0 };

	strcpy(dir, "/tmp/skep-copies-XXXXXX");
	if (!mkdtemp(dir) || seam_copy_init() || engine_new(&opts, &engine))
		return -1;
	snprintf(pin, sizeof(pin), "%s/pin", dir);
	seam_caller_init(&good, engine);
	seam_caller_init(&bad, engine);
	failing_ops = *good.caller.ops;
	failing_ops.copy_in = failing_in;
	failing_ops.copy_out = failing_out;
	failing_ops.copy_str = failing_str;
	bad.caller.ops = &failing_ops;
	return pin_dir_add(engine, dir);
}

static int teardown(void **state)
{
	engine_free(engine);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(failing_copies_are_efault_and_leave_nothing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(failing_allocations_are_enomem_and_leave_nothing,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
