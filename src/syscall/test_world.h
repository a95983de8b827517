/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every command of bpf(2) with objects to try it on, and a driver that makes it fail: what the tests of
 * failing copies, allocations, descriptors and quotas share. A row is one command on one kind of
 * object; a command of tbl/commands.h that is done and has no row fails world_has_every_command().
 */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fault.h"
#include "base/macros.h"
#include "hooks/dev.h"
#include "hooks/event.h"
#include "object/cgroup.h"
#include "object/engine.h"
#include "object/fd.h"
#include "object/pin.h"
#include "seam/caller.h"
#include "seam/copy.h"
#include "syscall/bpf.h"
#include "syscall/call.h"
#include "tbl/uapi.h"
#include "tbl/uapi_btf.h"

#define CMD_PERF_EVENT_OPEN 1000 /* beside bpf(2) */
#define WORLD_SLOTS 4

static struct engine *engine;
static char dir[64], pin[96];

/* --- a caller whose Nth copy fails ------------------------------------------------------------ */

static struct seam_caller good, bad;
static struct caller_ops failing_ops;
static int copy_fail_at, copies; /* 0: none fails */

static bool copy_fails(void)
{
	return ++copies == copy_fail_at;
}

static int failing_in(struct caller *caller, void *dst, uint64_t src, size_t bytes)
{
	return copy_fails() ? -EFAULT : good.caller.ops->copy_in(caller, dst, src, bytes);
}

static int failing_out(struct caller *caller, uint64_t dst, const void *src, size_t bytes)
{
	return copy_fails() ? -EFAULT : good.caller.ops->copy_out(caller, dst, src, bytes);
}

static ssize_t failing_str(struct caller *caller, char *dst, uint64_t src, size_t max)
{
	return copy_fails() ? -EFAULT : good.caller.ops->copy_str(caller, dst, src, max);
}

/* --- one world of objects --------------------------------------------------------------------- */

static struct {
	int map, prog, prog2, tc, rawtp, sysctl, btf, link, perf;
	int extra; /* a map the row made for itself, or -1 */
	uint32_t map_id, prog_id, btf_id, link_id;
} w;

static struct netdev *dev_taken, *dev_free; /* with w.link, and without */
static int cgroup_fd = -1; /* the only one there is: dir */

static int call(struct seam_caller *sc, int cmd, union bpf_attr *attr)
{
	if (cmd == CMD_PERF_EVENT_OPEN)
		return syscall_perf_event_open(&sc->caller, (uintptr_t)attr, -1, 0);
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
static uint32_t key[2] = { 1 }, next;
static uint64_t value[WORLD_SLOTS] = { 7 };
static uint32_t keys[4], cursor;
static uint64_t values[4];

/* A small map of any type that is done. */
static union bpf_attr attr_map_create(uint32_t type)
{
	union bpf_attr attr = { .map_type = type, .key_size = 4, .value_size = 4, .max_entries = 4 };

	switch (type) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_STACK_TRACE:
		attr.value_size = 8;
		break;
	case BPF_MAP_TYPE_LPM_TRIE:
		attr.key_size = 8;
		attr.map_flags = BPF_F_NO_PREALLOC;
		break;
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_USER_RINGBUF:
		attr.key_size = attr.value_size = 0;
		attr.max_entries = 4096;
		break;
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
	case BPF_MAP_TYPE_BLOOM_FILTER:
		attr.key_size = 0;
		break;
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
		attr.inner_map_fd = (uint32_t)w.map;
		break;
	default:
		break;
	}
	return attr;
}

static union bpf_attr attr_map_mmapable(uint32_t arg)
{
	union bpf_attr attr = attr_map_create(BPF_MAP_TYPE_ARRAY);

	attr.map_flags = BPF_F_MMAPABLE;
	return attr;
}

static union bpf_attr attr_map_btf(uint32_t arg)
{
	union bpf_attr attr = attr_map_create(BPF_MAP_TYPE_ARRAY);

	attr.value_size = 4;
	attr.btf_fd = (uint32_t)w.btf;
	attr.btf_key_type_id = attr.btf_value_type_id = 1;
	return attr;
}

static union bpf_attr attr_prog_load(uint32_t type)
{
	return (union bpf_attr){ .prog_type = type, .insn_cnt = 2, .insns = (uintptr_t)code,
				 .license = (uintptr_t)"GPL", .log_level = 1,
				 .log_buf = (uintptr_t)log_buf, .log_size = sizeof(log_buf) };
}

/* A program of two functions that uses a map, by fd and by fd_array. */
static union bpf_attr attr_prog_rich(uint32_t arg)
{
	static struct bpf_insn rich[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = 1, .src_reg = BPF_PSEUDO_MAP_FD },
		{ 0 },
		{ .code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = 10, .off = -4, .imm = 1 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 2, .src_reg = 10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 2, .imm = -4 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_map_lookup_elem },
		{ .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = 0, .off = 1 },
		{ .code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_CALL, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 2 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	static int fds[1];
	union bpf_attr attr = attr_prog_load(BPF_PROG_TYPE_XDP);

	rich[0].imm = w.map;
	fds[0] = w.map;
	attr.insns = (uintptr_t)rich;
	attr.insn_cnt = ARRAY_SIZE(rich);
	attr.log_level = 2;
	attr.fd_array = (uintptr_t)fds;
	attr.fd_array_cnt = 1;
	return attr;
}

static union bpf_attr attr_btf_load(uint32_t arg)
{
	return (union bpf_attr){ .btf = (uintptr_t)&blob,
				 .btf_size = sizeof(blob.hdr) + 16 + 5, .btf_log_level = 1,
				 .btf_log_buf = (uintptr_t)log_buf,
				 .btf_log_size = sizeof(log_buf) };
}

/* --- elements --------------------------------------------------------------------------------- */

/* Key 1 of w.map, which is there when the command begins. */
static union bpf_attr attr_elem(uint32_t arg)
{
	union bpf_attr attr = { .map_fd = (uint32_t)w.map, .key = (uintptr_t)key,
				.value = (uintptr_t)value };

	assert_int_equal(call(&good, BPF_MAP_UPDATE_ELEM, &attr), 0);
	return attr;
}

static union bpf_attr attr_key(uint32_t arg)
{
	union bpf_attr attr = attr_elem(0);

	attr.value = 0;
	return attr;
}

static union bpf_attr attr_next_key(uint32_t arg)
{
	return (union bpf_attr){ .map_fd = (uint32_t)w.map, .next_key = (uintptr_t)&next };
}

/* What a map of @type takes for a value. */
static void value_for(uint32_t type)
{
	memset(value, 0, sizeof(value));
	value[0] = 7;
	if (type == BPF_MAP_TYPE_PROG_ARRAY)
		value[0] = (uint32_t)w.prog;
	else if (type == BPF_MAP_TYPE_ARRAY_OF_MAPS || type == BPF_MAP_TYPE_HASH_OF_MAPS)
		value[0] = (uint32_t)w.map;
	else if (type == BPF_MAP_TYPE_PERF_EVENT_ARRAY)
		value[0] = (uint32_t)w.perf;
	else if (type == BPF_MAP_TYPE_DEVMAP || type == BPF_MAP_TYPE_DEVMAP_HASH)
		value[0] = dev_free->ifindex;
}

/* An update of a map of its own. */
static union bpf_attr attr_update_of(uint32_t type)
{
	union bpf_attr create = attr_map_create(type);
	union bpf_attr attr = { .key = (uintptr_t)key, .value = (uintptr_t)value };

	if (w.extra >= 0)
		close(w.extra);
	w.extra = call(&good, BPF_MAP_CREATE, &create);
	assert_true(w.extra >= 0);
	if (!create.key_size)
		attr.key = 0;
	value_for(type);
	attr.map_fd = (uint32_t)w.extra;
	return attr;
}

static union bpf_attr attr_elem_of(uint32_t type)
{
	union bpf_attr attr = attr_update_of(type);

	assert_int_equal(call(&good, BPF_MAP_UPDATE_ELEM, &attr), 0);
	return attr;
}

static union bpf_attr attr_key_of(uint32_t type)
{
	union bpf_attr attr = attr_elem_of(type);

	attr.value = 0;
	return attr;
}

static union bpf_attr attr_batch(uint32_t type)
{
	union bpf_attr elem = attr_elem_of(type), attr = { 0 };

	keys[0] = type == BPF_MAP_TYPE_HASH ? key[0] : 0;
	keys[1] = keys[0] + 1;
	if (type == BPF_MAP_TYPE_HASH) {
		elem.key = (uintptr_t)&keys[1];
		assert_int_equal(call(&good, BPF_MAP_UPDATE_ELEM, &elem), 0);
	}
	attr.batch.map_fd = elem.map_fd;
	attr.batch.keys = (uintptr_t)keys;
	attr.batch.values = (uintptr_t)values;
	attr.batch.count = 2;
	return attr;
}

/* Hash maps: the last bucket ends the batch in -ENOENT, so all but the first is asked for. */
static union bpf_attr attr_read_batch(uint32_t type)
{
	union bpf_attr attr = attr_batch(type);

	attr.batch.out_batch = (uintptr_t)&cursor;
	attr.batch.count = type == BPF_MAP_TYPE_HASH ? 4 : 2;
	return attr;
}

static union bpf_attr attr_freeze(uint32_t arg)
{
	return (union bpf_attr){ .map_fd = (uint32_t)w.map };
}

/* --- pins, runs, ids, info --------------------------------------------------------------------- */

static union bpf_attr attr_pin(uint32_t arg)
{
	unlink(pin);
	engine_poll(engine);
	return (union bpf_attr){ .pathname = (uintptr_t)pin, .bpf_fd = (uint32_t)w.map };
}

static union bpf_attr attr_get(uint32_t arg)
{
	union bpf_attr attr = attr_pin(0);

	assert_int_equal(call(&good, BPF_OBJ_PIN, &attr), 0);
	attr.bpf_fd = 0;
	return attr;
}

static union bpf_attr attr_test_run(uint32_t arg)
{
	union bpf_attr attr = { 0 };

	attr.test.prog_fd = (uint32_t)w.prog;
	attr.test.data_in = (uintptr_t)frame;
	attr.test.data_size_in = sizeof(frame);
	attr.test.data_out = (uintptr_t)frame_out;
	attr.test.data_size_out = sizeof(frame_out);
	return attr;
}

static union bpf_attr attr_next_id(uint32_t arg)
{
	return (union bpf_attr){ 0 };
}

static union bpf_attr attr_map_id(uint32_t arg)
{
	return (union bpf_attr){ .map_id = w.map_id };
}

static union bpf_attr attr_prog_id(uint32_t arg)
{
	return (union bpf_attr){ .prog_id = w.prog_id };
}

static union bpf_attr attr_btf_id(uint32_t arg)
{
	return (union bpf_attr){ .btf_id = w.btf_id };
}

static union bpf_attr attr_link_id(uint32_t arg)
{
	return (union bpf_attr){ .link_id = w.link_id };
}

static union {
	struct bpf_map_info map;
	struct bpf_prog_info prog;
	struct bpf_btf_info btf;
	struct bpf_link_info link;
} info;

static union bpf_attr attr_info(int fd, size_t bytes)
{
	union bpf_attr attr = { 0 };

	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info = (uintptr_t)&info;
	attr.info.info_len = (uint32_t)bytes;
	return attr;
}

static union bpf_attr attr_map_info(uint32_t arg)
{
	memset(&info, 0, sizeof(info));
	return attr_info(w.map, sizeof(info.map));
}

static union bpf_attr attr_prog_info(uint32_t arg)
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

static union bpf_attr attr_btf_info(uint32_t arg)
{
	static char room[512];

	memset(&info, 0, sizeof(info));
	info.btf.btf = (uintptr_t)room;
	info.btf.btf_size = 256;
	info.btf.name = (uintptr_t)room + 256;
	info.btf.name_len = 16;
	return attr_info(w.btf, sizeof(info.btf));
}

static union bpf_attr attr_link_info(uint32_t arg)
{
	memset(&info, 0, sizeof(info));
	return attr_info(w.link, sizeof(info.link));
}

/* --- links, statistics, perf events -------------------------------------------------------------- */

static union bpf_attr attr_bind(uint32_t arg)
{
	union bpf_attr attr = { 0 };

	attr.prog_bind_map.prog_fd = (uint32_t)w.prog;
	attr.prog_bind_map.map_fd = (uint32_t)w.map;
	return attr;
}

static union bpf_attr attr_link_create(uint32_t attach_type)
{
	union bpf_attr attr = { 0 };

	attr.link_create.prog_fd = (uint32_t)(attach_type == BPF_XDP ? w.prog : w.tc);
	attr.link_create.target_ifindex = dev_free->ifindex;
	attr.link_create.attach_type = attach_type;
	return attr;
}

static union bpf_attr attr_link_update(uint32_t arg)
{
	union bpf_attr attr = { 0 };

	attr.link_update.link_fd = (uint32_t)w.link;
	attr.link_update.new_prog_fd = (uint32_t)w.prog2;
	attr.link_update.old_prog_fd = (uint32_t)w.prog;
	attr.link_update.flags = BPF_F_REPLACE;
	return attr;
}

static union bpf_attr attr_link_detach(uint32_t arg)
{
	return (union bpf_attr){ .link_detach.link_fd = (uint32_t)w.link };
}

static union bpf_attr attr_rawtp(uint32_t arg)
{
	union bpf_attr attr = { 0 };

	attr.raw_tracepoint.name = (uintptr_t)"world_event";
	attr.raw_tracepoint.prog_fd = (uint32_t)w.rawtp;
	return attr;
}

static union bpf_attr attr_query(uint32_t arg)
{
	static uint32_t ids[8][4];
	union bpf_attr attr = attr_link_create(BPF_TCX_INGRESS);
	uint32_t ifindex = dev_free->ifindex;

	if (w.extra < 0)
		w.extra = call(&good, BPF_LINK_CREATE, &attr);
	assert_true(w.extra >= 0);
	memset(&attr, 0, sizeof(attr));
	attr.query.target_ifindex = ifindex;
	attr.query.attach_type = BPF_TCX_INGRESS;
	attr.query.count = 4;
	attr.query.prog_ids = (uintptr_t)ids[0];
	attr.query.prog_attach_flags = (uintptr_t)ids[1];
	attr.query.link_ids = (uintptr_t)ids[2];
	attr.query.link_attach_flags = (uintptr_t)ids[3];
	return attr;
}

/* Nothing is attached to the cgroup; then w.sysctl, with @attached. */
static union bpf_attr attr_cgroup(uint32_t attached)
{
	union bpf_attr attr = { .target_fd = (uint32_t)cgroup_fd,
				.attach_bpf_fd = (uint32_t)w.sysctl,
				.attach_type = BPF_CGROUP_SYSCTL };

	while (!call(&good, BPF_PROG_DETACH, &attr))
		;
	if (attached)
		assert_int_equal(call(&good, BPF_PROG_ATTACH, &attr), 0);
	return attr;
}

static union bpf_attr attr_cgroup_link(uint32_t arg)
{
	union bpf_attr attr = attr_cgroup(0);

	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (uint32_t)w.sysctl;
	attr.link_create.target_fd = (uint32_t)cgroup_fd;
	attr.link_create.attach_type = BPF_CGROUP_SYSCTL;
	return attr;
}

static union bpf_attr attr_cgroup_query(uint32_t arg)
{
	static uint32_t ids[2][4];
	union bpf_attr attr = attr_cgroup(1);

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)cgroup_fd;
	attr.query.attach_type = BPF_CGROUP_SYSCTL;
	attr.query.count = 4;
	attr.query.prog_ids = (uintptr_t)ids[0];
	attr.query.prog_attach_flags = (uintptr_t)ids[1];
	return attr;
}

static union bpf_attr attr_stats(uint32_t arg)
{
	return (union bpf_attr){ .enable_stats.type = BPF_STATS_RUN_TIME };
}

static union bpf_attr attr_perf(uint32_t arg)
{
	struct perf_event_attr perf = { .size = sizeof(perf), .type = PERF_TYPE_SOFTWARE,
					.config = PERF_COUNT_SW_BPF_OUTPUT };
	union bpf_attr attr = { 0 };

	assert_true(sizeof(perf) <= sizeof(attr));
	memcpy(&attr, &perf, sizeof(perf));
	return attr;
}

/* --- every command ---------------------------------------------------------------------------- */

/* What a command leaves behind. */
enum { MAKES_FD = 1 << 0, MAKES_OBJECT = 1 << 1, MAKES_NEW = MAKES_FD | MAKES_OBJECT };

struct row {
	const char *name;
	int cmd;
	union bpf_attr (*attr)(uint32_t arg); /* makes everything ready, again and again */
	uint32_t arg;
	int copies_min; /* at least so many copies, or the row tests nothing */
	int makes;
	int ret; /* instead of 0, of a command that makes no fd */
};

/* clang-format off */
#define ROW(cmd, ...) { #cmd, BPF_##cmd, __VA_ARGS__ },
#define ROW_OF(cmd, type, fn, ...) { #cmd " " #type, BPF_##cmd, fn, BPF_MAP_TYPE_##type, __VA_ARGS__ },
static const struct row rows[] = {
#define MAPTYPE_done(name)    ROW_OF(MAP_CREATE, name, attr_map_create, 1, MAKES_NEW)
#define MAPTYPE_refused(name)
#define MAPTYPE_later(name)
#define MAPTYPE(num, name, print, status, note) MAPTYPE_##status(name)
#include "tbl/map_types.h"
#undef MAPTYPE_done
#undef MAPTYPE_refused
#undef MAPTYPE_later
	ROW(MAP_CREATE, attr_map_mmapable, 0, 1, MAKES_NEW)
	ROW(MAP_CREATE, attr_map_btf, 0, 1, MAKES_NEW)
	ROW(MAP_LOOKUP_ELEM, attr_elem, 0, 3)
	ROW_OF(MAP_LOOKUP_ELEM, PERCPU_HASH, attr_elem_of, 3)
	ROW_OF(MAP_LOOKUP_ELEM, ARRAY_OF_MAPS, attr_elem_of, 3)
	ROW_OF(MAP_LOOKUP_ELEM, HASH_OF_MAPS, attr_elem_of, 3)
	ROW_OF(MAP_LOOKUP_ELEM, PROG_ARRAY, attr_elem_of, 3)
	ROW_OF(MAP_LOOKUP_ELEM, QUEUE, attr_elem_of, 2)
	ROW_OF(MAP_LOOKUP_ELEM, BLOOM_FILTER, attr_elem_of, 2)
	ROW(MAP_UPDATE_ELEM, attr_elem, 0, 3)
	ROW_OF(MAP_UPDATE_ELEM, ARRAY, attr_update_of, 3)
	ROW_OF(MAP_UPDATE_ELEM, PERCPU_ARRAY, attr_update_of, 3)
	ROW_OF(MAP_UPDATE_ELEM, HASH, attr_update_of, 3)
	ROW_OF(MAP_UPDATE_ELEM, PERCPU_HASH, attr_update_of, 3)
	ROW_OF(MAP_UPDATE_ELEM, LRU_HASH, attr_update_of, 3)
	ROW_OF(MAP_UPDATE_ELEM, LRU_PERCPU_HASH, attr_update_of, 3)
	ROW_OF(MAP_UPDATE_ELEM, LPM_TRIE, attr_update_of, 3)
	ROW_OF(MAP_UPDATE_ELEM, PROG_ARRAY, attr_update_of, 3)
	ROW_OF(MAP_UPDATE_ELEM, PERF_EVENT_ARRAY, attr_update_of, 3)
	ROW_OF(MAP_UPDATE_ELEM, ARRAY_OF_MAPS, attr_update_of, 3)
	ROW_OF(MAP_UPDATE_ELEM, HASH_OF_MAPS, attr_update_of, 3)
	ROW_OF(MAP_UPDATE_ELEM, DEVMAP, attr_update_of, 3)
	ROW_OF(MAP_UPDATE_ELEM, DEVMAP_HASH, attr_update_of, 3)
	ROW_OF(MAP_UPDATE_ELEM, CPUMAP, attr_update_of, 3)
	ROW_OF(MAP_UPDATE_ELEM, QUEUE, attr_update_of, 2)
	ROW_OF(MAP_UPDATE_ELEM, STACK, attr_update_of, 2)
	ROW_OF(MAP_UPDATE_ELEM, BLOOM_FILTER, attr_update_of, 2)
	ROW(MAP_DELETE_ELEM, attr_key, 0, 2)
	ROW_OF(MAP_DELETE_ELEM, PROG_ARRAY, attr_key_of, 2)
	ROW_OF(MAP_DELETE_ELEM, HASH_OF_MAPS, attr_key_of, 2)
	ROW_OF(MAP_DELETE_ELEM, DEVMAP_HASH, attr_key_of, 2)
	ROW_OF(MAP_DELETE_ELEM, CPUMAP, attr_key_of, 2)
	ROW_OF(MAP_DELETE_ELEM, LPM_TRIE, attr_key_of, 2)
	ROW(MAP_GET_NEXT_KEY, attr_next_key, 0, 2)
	ROW(MAP_LOOKUP_AND_DELETE_ELEM, attr_elem, 0, 3)
	ROW_OF(MAP_LOOKUP_AND_DELETE_ELEM, QUEUE, attr_elem_of, 2)
	ROW_OF(MAP_LOOKUP_AND_DELETE_ELEM, STACK, attr_elem_of, 2)
	ROW(MAP_FREEZE, attr_freeze, 0, 1)
	ROW_OF(MAP_LOOKUP_BATCH, HASH, attr_read_batch, 5, 0, -ENOENT)
	ROW_OF(MAP_LOOKUP_BATCH, ARRAY, attr_read_batch, 5)
	ROW_OF(MAP_LOOKUP_AND_DELETE_BATCH, HASH, attr_read_batch, 5, 0, -ENOENT)
	ROW_OF(MAP_UPDATE_BATCH, HASH, attr_batch, 6)
	ROW_OF(MAP_UPDATE_BATCH, ARRAY, attr_batch, 6)
	ROW_OF(MAP_DELETE_BATCH, HASH, attr_batch, 4)
	ROW(PROG_LOAD, attr_prog_load, BPF_PROG_TYPE_XDP, 5, MAKES_NEW)
	ROW(PROG_LOAD, attr_prog_rich, 0, 6, MAKES_NEW)
	ROW(OBJ_PIN, attr_pin, 0, 2)
	ROW(OBJ_GET, attr_get, 0, 2, MAKES_FD)
	ROW(PROG_TEST_RUN, attr_test_run, 0, 6)
	ROW(MAP_GET_NEXT_ID, attr_next_id, 0, 2)
	ROW(PROG_GET_NEXT_ID, attr_next_id, 0, 2)
	ROW(BTF_GET_NEXT_ID, attr_next_id, 0, 2)
	ROW(LINK_GET_NEXT_ID, attr_next_id, 0, 2)
	ROW(MAP_GET_FD_BY_ID, attr_map_id, 0, 1, MAKES_FD)
	ROW(PROG_GET_FD_BY_ID, attr_prog_id, 0, 1, MAKES_FD)
	ROW(BTF_GET_FD_BY_ID, attr_btf_id, 0, 1, MAKES_FD)
	ROW(LINK_GET_FD_BY_ID, attr_link_id, 0, 1, MAKES_FD)
	ROW(OBJ_GET_INFO_BY_FD, attr_map_info, 0, 4)
	ROW(OBJ_GET_INFO_BY_FD, attr_prog_info, 0, 8)
	ROW(OBJ_GET_INFO_BY_FD, attr_btf_info, 0, 6)
	ROW(OBJ_GET_INFO_BY_FD, attr_link_info, 0, 4)
	ROW(BTF_LOAD, attr_btf_load, 0, 4, MAKES_NEW)
	ROW(PROG_BIND_MAP, attr_bind, 0, 1)
	ROW(LINK_CREATE, attr_link_create, BPF_XDP, 1, MAKES_NEW)
	ROW(LINK_CREATE, attr_link_create, BPF_TCX_INGRESS, 1, MAKES_NEW)
	ROW(LINK_CREATE, attr_cgroup_link, 0, 1, MAKES_NEW)
	ROW(PROG_ATTACH, attr_cgroup, 0, 1)
	ROW(PROG_DETACH, attr_cgroup, 1, 1)
	ROW(LINK_UPDATE, attr_link_update, 0, 1)
	ROW(LINK_DETACH, attr_link_detach, 0, 1)
	ROW(RAW_TRACEPOINT_OPEN, attr_rawtp, 0, 2, MAKES_NEW)
	ROW(PROG_QUERY, attr_query, 0, 8)
	ROW(PROG_QUERY, attr_cgroup_query, 0, 6)
	ROW(ENABLE_STATS, attr_stats, 0, 1, MAKES_NEW)
	{ "perf_event_open", CMD_PERF_EVENT_OPEN, attr_perf, 0, 2, MAKES_NEW },
};
/* clang-format on */

/* A command that is done and stands in no row would go untested. */
static inline void world_has_every_command(void)
{
/* clang-format off */
#define COMMAND(num, name, handler, status, last) [num] = { #name, #status },
	static const struct {
		const char *name, *status;
	} commands[] = {
#include "tbl/commands.h"
	};
	/* clang-format on */
	bool has[ARRAY_SIZE(commands)] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if ((size_t)rows[i].cmd < ARRAY_SIZE(has))
			has[rows[i].cmd] = true;
	for (size_t i = 0; i < ARRAY_SIZE(has); i++)
		if (!has[i] && !strcmp(commands[i].status, "done"))
			fail_msg("%s has no row in test_world.h", commands[i].name);
}

/* --- making and ending it ---------------------------------------------------------------------- */

static uint32_t id_of(int fd, size_t bytes, size_t id_off)
{
	union bpf_attr attr = attr_info(fd, bytes);
	uint32_t id;

	memset(&info, 0, sizeof(info));
	assert_int_equal(call(&good, BPF_OBJ_GET_INFO_BY_FD, &attr), 0);
	memcpy(&id, (char *)&info + id_off, sizeof(id));
	return id;
}

static int world_fd(int cmd, union bpf_attr attr)
{
	int fd = call(&good, cmd, &attr);

	if (fd < 0)
		fail_msg("the world cannot be made: command %d: %d", cmd, fd);
	return fd;
}

static void world_new(void)
{
	union bpf_attr attr;

	w.extra = -1;
	w.map = world_fd(BPF_MAP_CREATE, attr_map_create(BPF_MAP_TYPE_HASH));
	w.prog = world_fd(BPF_PROG_LOAD, attr_prog_load(BPF_PROG_TYPE_XDP));
	w.prog2 = world_fd(BPF_PROG_LOAD, attr_prog_load(BPF_PROG_TYPE_XDP));
	w.tc = world_fd(BPF_PROG_LOAD, attr_prog_load(BPF_PROG_TYPE_SCHED_CLS));
	w.rawtp = world_fd(BPF_PROG_LOAD, attr_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT));
	w.sysctl = world_fd(BPF_PROG_LOAD, attr_prog_load(BPF_PROG_TYPE_CGROUP_SYSCTL));
	w.btf = world_fd(BPF_BTF_LOAD, attr_btf_load(0));
	w.perf = world_fd(CMD_PERF_EVENT_OPEN, attr_perf(0));
	attr = attr_link_create(BPF_XDP);
	attr.link_create.target_ifindex = dev_taken->ifindex;
	w.link = world_fd(BPF_LINK_CREATE, attr);
	w.map_id = id_of(w.map, sizeof(info.map), offsetof(struct bpf_map_info, id));
	w.prog_id = id_of(w.prog, sizeof(info.prog), offsetof(struct bpf_prog_info, id));
	w.btf_id = id_of(w.btf, sizeof(info.btf), offsetof(struct bpf_btf_info, id));
	w.link_id = id_of(w.link, sizeof(info.link), offsetof(struct bpf_link_info, id));
	attr_elem(0);
}

static void world_end(void)
{
	const int fds[] = { w.map, w.prog, w.prog2, w.tc,   w.rawtp,
			    w.sysctl, w.btf, w.perf, w.link, w.extra };

	attr_cgroup(0);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	unlink(pin);
	engine_poll(engine);
}

static int open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* What must be as it was after a command that failed. */
struct held {
	uint32_t objects;
	uint64_t bytes;
	int fds;
};

static struct held held_now(void)
{
	engine_poll(engine);
	return (struct held){ atomic_load(&engine->objects_used), atomic_load(&engine->bytes_used),
			      open_fds() };
}

static bool held_equal(struct held a, struct held b)
{
	return a.objects == b.objects && a.bytes == b.bytes && a.fds == b.fds;
}

/* --- the driver ---------------------------------------------------------------------------------- */

struct fault {
	const char *what;
	void (*arm)(int n);
	bool (*disarm)(int ret);     /* true: it was met in the call that returned @ret */
	bool (*allows)(int err);     /* the errors it may lead to */
	bool may_do_without;         /* the command may succeed nevertheless */
};

static bool went_well(const struct row *row, int ret)
{
	return row->makes & MAKES_FD ? ret >= 0 : ret == row->ret;
}

static void end_result(const struct row *row, int ret)
{
	if (row->makes & MAKES_FD && ret >= 0)
		close(ret);
}

/* The command fails as its fault allows, leaves nothing, and then succeeds. */
static void check_failure(const struct row *row, const struct fault *fault, int n, int ret,
			  struct held before)
{
	struct held after = held_now();
	union bpf_attr attr;

	if (!fault->allows(ret))
		fail_msg("%s, %s %d: %d", row->name, fault->what, n, ret);
	if (!held_equal(before, after))
		fail_msg("%s, %s %d: left %d objects, %lld bytes, %d fds", row->name, fault->what, n,
			 (int)(after.objects - before.objects),
			 (long long)(after.bytes - before.bytes), after.fds - before.fds);
	attr = row->attr(row->arg);
	ret = call(&good, row->cmd, &attr);
	if (!went_well(row, ret))
		fail_msg("%s after %s %d: %d", row->name, fault->what, n, ret);
	end_result(row, ret);
}

/* The Nth time in the command something fails; false: it succeeded before that. */
static bool fault_one(const struct row *row, const struct fault *fault, int n)
{
	struct held rest = held_now(), before;
	union bpf_attr attr;
	bool met;
	int ret;

	world_new();
	attr = row->attr(row->arg);
	before = held_now();
	fault->arm(n);
	ret = call(&bad, row->cmd, &attr);
	met = fault->disarm(ret);
	if (!met && !went_well(row, ret))
		fail_msg("%s fails without %s: %d", row->name, fault->what, ret);
	if (!went_well(row, ret))
		check_failure(row, fault, n, ret, before);
	else if (met && !fault->may_do_without)
		fail_msg("%s succeeds in spite of %s %d", row->name, fault->what, n);
	else
		end_result(row, ret);
	world_end();
	if (!held_equal(rest, held_now()))
		fail_msg("%s, %s %d: objects survive their descriptors", row->name, fault->what, n);
	return met;
}

static int world_setup(void **state)
{
	struct engine_opts opts = { .n_slots = WORLD_SLOTS };
	struct event *event;

	strcpy(dir, "/tmp/skep-faults-XXXXXX");
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
	cgroup_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (pin_dir_add(engine, dir) || cgroup_add(engine, cgroup_fd, 1, 0) || hook_dev_add(engine, "taken", 0, NULL, NULL, &dev_taken) ||
	    hook_dev_add(engine, "free", 0, NULL, NULL, &dev_free) || !engine_base_btf(engine))
		return -1;
	return event_register(engine, "world_event", EVENT_TRACEPOINT, 16, &event);
}

static int world_teardown(void **state)
{
	engine_free(engine);
	close(cgroup_fd);
	return rmdir(dir);
}
