/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Program types, map types and helpers by number, each by doing it: a program is loaded with a target
 * that suits its type, a map created with sizes its type takes, a helper called. For types libbpf only
 * guesses at from an expected error (tracing, lsm, struct_ops), a program is really loaded.
 */
#include "types.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

/* clang-format off */

static const char *const prog_type_names[] = {
#define PROG_TYPE(num, name, print, ...) [num] = print,
#include "tbl/prog_types.h"
};

static const char *const map_type_names[] = {
#define MAPTYPE(num, name, print, ...) [num] = print,
#include "tbl/map_types.h"
};

static const char *const helper_names[] = {
#define HELPER(id, name, ...) [id] = #name,
#include "tbl/helpers.h"
};

/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KEY_32	     4

uint32_t ability_n_prog_types(void)
{
	return COUNT(prog_type_names);
}

uint32_t ability_n_map_types(void)
{
	return COUNT(map_type_names);
}

uint32_t ability_n_helpers(void)
{
	return COUNT(helper_names);
}

const char *ability_prog_type_name(uint32_t type)
{
	return type < COUNT(prog_type_names) ? prog_type_names[type] : "?";
}

const char *ability_map_type_name(uint32_t type)
{
	return type < COUNT(map_type_names) ? map_type_names[type] : "?";
}

const char *ability_helper_name(uint32_t id)
{
	return id < COUNT(helper_names) ? helper_names[id] : "?";
}

/* --- programs --------------------------------------------------------------------------------- */

/* What a program of a type is loaded for, where that is not 0: the first that loads is enough. */
struct target {
	uint32_t type;
	uint32_t attach;
	uint32_t flags;
	const char *btf_name; /* NULL: no target among the kernel's types */
	uint32_t btf_kind;
};

static const struct target targets[] = {
	{ BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT },
	{ BPF_PROG_TYPE_CGROUP_SYSCTL, BPF_CGROUP_SYSCTL }, /* 0 would be one without get_retval() */
	{ BPF_PROG_TYPE_CGROUP_SOCKOPT, BPF_CGROUP_GETSOCKOPT },
	{ BPF_PROG_TYPE_CGROUP_SYSCTL, BPF_CGROUP_SYSCTL },
	{ BPF_PROG_TYPE_SK_LOOKUP, BPF_SK_LOOKUP },
	{ BPF_PROG_TYPE_LIRC_MODE2, BPF_LIRC_MODE2 },
	{ BPF_PROG_TYPE_NETFILTER, BPF_NETFILTER },
	{ BPF_PROG_TYPE_SYSCALL, 0, BPF_F_SLEEPABLE },
	{ BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, 0, "btf_trace_sys_enter", BTF_KIND_TYPEDEF },
	{ BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, 0, "btf_trace_sched_switch", BTF_KIND_TYPEDEF },
	{ BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, 0, "bpf_iter_task", BTF_KIND_FUNC },
	{ BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, 0, PROBE_FUNCTION, BTF_KIND_FUNC },
	{ BPF_PROG_TYPE_LSM, BPF_LSM_MAC, 0, PROBE_LSM_HOOK, BTF_KIND_FUNC },
	{ BPF_PROG_TYPE_STRUCT_OPS, 0, 0, "tcp_congestion_ops", BTF_KIND_STRUCT },
};

/* An fd, or -errno: of the type's n-th target, or the type without one. */
static int load_for(const struct target *t, uint32_t type, const char *text, char *log)
{
	struct probe_prog prog = { .type = type, .text = text, .log = log };
	int id;

	if (!t)
		return probe_load(&prog);
	prog.attach = t->attach;
	prog.flags = t->flags;
	if (t->btf_name) {
		id = probe_btf_id(t->btf_name, t->btf_kind);
		if (id < 0)
			return id;
		prog.btf_id = id;
	}
	if (type == BPF_PROG_TYPE_STRUCT_OPS) {
		id = probe_btf_member("tcp_congestion_ops", "ssthresh");
		if (id < 0)
			return id;
		prog.attach = id;
	}
	return probe_load(&prog);
}

/* The first target of the type that @text loads for, -errno of the first when none. */
static int load_type(uint32_t type, const char *text, char *log)
{
	int rc = 0, first = 0;

	for (uint32_t i = 0; i < COUNT(targets); i++) {
		if (targets[i].type != type)
			continue;
		rc = load_for(&targets[i], type, text, log);
		if (rc >= 0)
			return rc;
		first = first ? first : rc;
	}
	return first ? first : load_for(NULL, type, text, log);
}

int types_load(uint32_t type)
{
	/* What an ext program replaces has to be loaded first, with types of its own. */
	return type == BPF_PROG_TYPE_EXT ? ext_load() : load_type(type, "", NULL);
}

void types_ask_prog(uint32_t type, struct ability_answer *a)
{
	int fd = type < COUNT(prog_type_names) ? types_load(type) : -EINVAL;

	if (probe_close(fd))
		answer_yes(a, "%s", "");
	else
		answer_no(a, fd, "loading one: %s", strerror(-fd));
}

/* --- helpers ---------------------------------------------------------------------------------- */

/* What Linux says of a helper it has not, or not for this type: before 5.x, since 2020, since 6.14. */
static bool is_refused(const char *log)
{
	return strstr(log, "invalid func ") || strstr(log, "unknown func ") ||
	       strstr(log, "program of this type cannot use helper");
}

bool ability_helper(uint32_t type, uint32_t id)
{
	char log[PROBE_LOG_BYTES], text[64];
	int fd;

	snprintf(text, sizeof(text), "call %u\nr0 = 0\nexit\n", id);
	if (!id || type == BPF_PROG_TYPE_EXT)
		return false;
	fd = load_type(type, text, log);
	if (probe_close(fd))
		return true;
	/* Another complaint (of the arguments, which are missing) means the helper was looked up. */
	return *log && !is_refused(log);
}

/* --- maps --------------------------------------------------------------------------------------- */

/* Sizes a type takes, where they are not 4, 4 and 1. */
struct shape {
	uint32_t type;
	uint32_t key_bytes, value_bytes, entries;
	uint32_t flags;
};

/* clang-format off */
static const struct shape shapes[] = {
	{ BPF_MAP_TYPE_STACK_TRACE,	KEY_32, 8, 1 },
	{ BPF_MAP_TYPE_LPM_TRIE,	8, 8, 1, BPF_F_NO_PREALLOC },
	{ BPF_MAP_TYPE_CGROUP_STORAGE,	16, 8, 0 },
	{ BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, 16, 8, 0 },
	{ BPF_MAP_TYPE_QUEUE,		0, 4, 1 },
	{ BPF_MAP_TYPE_STACK,		0, 4, 1 },
	{ BPF_MAP_TYPE_BLOOM_FILTER,	0, 4, 1 },
	{ BPF_MAP_TYPE_SK_STORAGE,	KEY_32, 4, 0, BPF_F_NO_PREALLOC },
	{ BPF_MAP_TYPE_INODE_STORAGE,	KEY_32, 4, 0, BPF_F_NO_PREALLOC },
	{ BPF_MAP_TYPE_TASK_STORAGE,	KEY_32, 4, 0, BPF_F_NO_PREALLOC },
	{ BPF_MAP_TYPE_CGRP_STORAGE,	KEY_32, 4, 0, BPF_F_NO_PREALLOC },
	{ BPF_MAP_TYPE_RINGBUF,		0, 0, 4096 },
	{ BPF_MAP_TYPE_USER_RINGBUF,	0, 0, 4096 },
	{ BPF_MAP_TYPE_ARENA,		0, 0, 1, BPF_F_MMAPABLE },
};
/* clang-format on */

static bool is_storage(uint32_t type)
{
	return type == BPF_MAP_TYPE_SK_STORAGE || type == BPF_MAP_TYPE_INODE_STORAGE ||
	       type == BPF_MAP_TYPE_TASK_STORAGE || type == BPF_MAP_TYPE_CGRP_STORAGE;
}

/* A type of its own: what storage is told its key and value are; a struct_ops map wants any. */
static int load_int_btf(void)
{
	struct {
		struct btf_header head;
		struct btf_type type;
		uint32_t encoding;
		char strings[8];
	} btf = {
		.head = { .magic = BTF_MAGIC,
			  .version = 1,
			  .hdr_len = sizeof(struct btf_header),
			  .type_len = sizeof(struct btf_type) + sizeof(uint32_t),
			  .str_off = sizeof(struct btf_type) + sizeof(uint32_t),
			  .str_len = sizeof("\0int") },
		.type = { .name_off = 1, .info = BTF_KIND_INT << 24, .size = sizeof(int) },
		.encoding = BTF_INT_SIGNED << 24 | 32,
		.strings = "\0int",
	};
	union bpf_attr attr = { .btf = (uint64_t)(uintptr_t)&btf,
				.btf_size = offsetof(typeof(btf), strings) + sizeof("\0int") };

	return probe_bpf(BPF_BTF_LOAD, &attr);
}

/* The map of struct_ops is that of one kernel struct. */
static int shape_struct_ops(union bpf_attr *attr)
{
	int id = probe_btf_id("bpf_struct_ops_tcp_congestion_ops", BTF_KIND_STRUCT);
	int bytes = probe_btf_bytes("bpf_struct_ops_tcp_congestion_ops");

	if (id < 0)
		return id;
	if (bytes < 0)
		return bytes;
	attr->value_size = bytes;
	attr->btf_vmlinux_value_type_id = id;
	return 0;
}

static int create(uint32_t type)
{
	union bpf_attr attr = {
		.map_type = type, .key_size = KEY_32, .value_size = 4, .max_entries = 1
	};
	int other = -1, rc = 0;

	for (uint32_t i = 0; i < COUNT(shapes); i++)
		if (shapes[i].type == type) {
			attr.key_size = shapes[i].key_bytes;
			attr.value_size = shapes[i].value_bytes;
			attr.max_entries = shapes[i].entries;
			attr.map_flags = shapes[i].flags;
		}
	if (type == BPF_MAP_TYPE_STRUCT_OPS)
		rc = shape_struct_ops(&attr);
	if (rc < 0)
		return rc;
	if (type == BPF_MAP_TYPE_ARRAY_OF_MAPS || type == BPF_MAP_TYPE_HASH_OF_MAPS) {
		rc = other = probe_map(BPF_MAP_TYPE_ARRAY, KEY_32, 4, 1);
		attr.inner_map_fd = other;
	} else if (is_storage(type) || type == BPF_MAP_TYPE_STRUCT_OPS) {
		rc = other = load_int_btf();
		attr.btf_fd = other;
	}
	if (is_storage(type))
		attr.btf_key_type_id = attr.btf_value_type_id = 1;
	if (rc >= 0)
		rc = probe_bpf(BPF_MAP_CREATE, &attr);
	probe_close(other);
	return rc;
}

void types_ask_map(uint32_t type, struct ability_answer *a)
{
	int fd = type && type < COUNT(map_type_names) ? create(type) : -EINVAL;

	if (probe_close(fd))
		answer_yes(a, "%s", "");
	else
		answer_no(a, fd, "creating one: %s", strerror(-fd));
}
