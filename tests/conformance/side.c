/* SPDX-License-Identifier: BSD-2-Clause */
#include "side.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/macros.h"
#include "btf/btf.h"
#include "object/prog.h"
#include "skep/skep.h"

/* struct test_val of the table: an index and eleven numbers, of which the seventh is set. */
enum { TEST_VAL_BYTES = 48, TEST_VAL_INDEX = 28, TEST_VAL_SET = 7 };

/* What a map's BTF calls its value, as type ids of table_map_btf(); the key is type 1. */
enum { BTF_NONE = 0, BTF_KEY = 1, BTF_SPIN_LOCK = 3, BTF_TIMER = 5, BTF_KPTR = 14 };

/* clang-format off */
static const struct map_kind {
	const char *name;
	uint32_t type, key, value, entries, flags, btf_value;
	bool filled; /* element 0 is given a value */
} kinds[TABLE_MAPS] = {
	[TABLE_HASH_8B]	= { "hash", BPF_MAP_TYPE_HASH, 8, 8, 1, BPF_F_NO_PREALLOC },
	[TABLE_HASH_48B]	= { "hash", BPF_MAP_TYPE_HASH, 8, TEST_VAL_BYTES, 1, BPF_F_NO_PREALLOC },
	[TABLE_HASH_16B]	= { "hash", BPF_MAP_TYPE_HASH, 8, 16, 1, BPF_F_NO_PREALLOC },
	[TABLE_ARRAY_48B]	= { "array", BPF_MAP_TYPE_ARRAY, 4, TEST_VAL_BYTES, 1, .filled = true },
	[TABLE_SOCKMAP]	= { "sockmap", BPF_MAP_TYPE_SOCKMAP, 4, 4, 1 },
	[TABLE_SOCKHASH]	= { "sockhash", BPF_MAP_TYPE_SOCKHASH, 4, 4, 1 },
	[TABLE_XSKMAP]	= { "xskmap", BPF_MAP_TYPE_XSKMAP, 4, 4, 1 },
	[TABLE_STACKTRACE]	= { "stack_trace", BPF_MAP_TYPE_STACK_TRACE, 4, 8, 1 },
	[TABLE_PROG1]	= { "prog_array", BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4 },
	[TABLE_PROG2]	= { "prog_array", BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 8 },
	[TABLE_MAP_IN_MAP]	= { "array_of_maps", BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 1 },
	[TABLE_CGROUP_STORAGE] = { "cgroup_storage", BPF_MAP_TYPE_CGROUP_STORAGE, 16, 64, 0 },
	[TABLE_PERCPU_CGROUP_STORAGE] =
		{ "percpu_cgroup_storage", BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, 16, 64, 0 },
	[TABLE_SPIN_LOCK]	= { "array with a lock", BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0, BTF_SPIN_LOCK },
	[TABLE_ARRAY_RO]	= { "array", BPF_MAP_TYPE_ARRAY, 4, TEST_VAL_BYTES, 1, BPF_F_RDONLY_PROG,
			    .filled = true },
	[TABLE_ARRAY_WO]	= { "array", BPF_MAP_TYPE_ARRAY, 4, TEST_VAL_BYTES, 1, BPF_F_WRONLY_PROG,
			    .filled = true },
	[TABLE_ARRAY_SMALL]	= { "array", BPF_MAP_TYPE_ARRAY, 4, 1, 1, .filled = true },
	[TABLE_SK_STORAGE]	= { "sk_storage", BPF_MAP_TYPE_SK_STORAGE, 4, 8, 0, BPF_F_NO_PREALLOC,
			    BTF_SPIN_LOCK },
	[TABLE_EVENT_OUTPUT] = { "perf_event_array", BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 1 },
	[TABLE_REUSEPORT]	= { "reuseport_sockarray", BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 4, 8, 1 },
	[TABLE_RINGBUF]	= { "ringbuf", BPF_MAP_TYPE_RINGBUF, 0, 0, 4096 },
	[TABLE_TIMER]	= { "array with a timer", BPF_MAP_TYPE_ARRAY, 4, 16, 1, 0, BTF_TIMER },
	[TABLE_KPTR]	= { "array with kptrs", BPF_MAP_TYPE_ARRAY, 4, 24, 1, 0, BTF_KPTR },
};
/* clang-format on */

static long kernel_bpf(struct side *side, int cmd, union bpf_attr *attr)
{
	long ret = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return ret < 0 ? -errno : ret;
}

static long engine_bpf(struct side *side, int cmd, union bpf_attr *attr)
{
	return skep_bpf(side->engine, cmd, attr, sizeof(*attr));
}

static const char *prog_type_name(uint32_t type)
{
	static const char *const names[] = {
#define PROG_TYPE(num, name, print, test, hook, status, ctx) [num] = print,
#include "tbl/prog_types.h"
#undef PROG_TYPE
	};

	return type < ARRAY_SIZE(names) && names[type] ? names[type] : "(unknown)";
}

__attribute__((format(printf, 3, 4)))
static int fail(struct side *side, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(side->failure, sizeof(side->failure), fmt, args);
	va_end(args);
	return err;
}

/* --- BTF ------------------------------------------------------------------------------------------ */

static int btf_load(struct side *side, const uint32_t *types, uint32_t types_bytes,
		    const char *strings, uint32_t strings_bytes)
{
	struct btf_header header = {
		.magic = 0xeb9f,
		.version = 1,
		.hdr_len = sizeof(header),
		.type_len = types_bytes,
		.str_off = types_bytes,
		.str_len = strings_bytes,
	};
	uint32_t bytes = sizeof(header) + types_bytes + strings_bytes;
	char *blob = malloc(bytes);
	union bpf_attr attr = { .btf = (uintptr_t)blob, .btf_size = bytes };
	long fd;

	if (!blob)
		return -ENOMEM;
	memcpy(blob, &header, sizeof(header));
	memcpy(blob + sizeof(header), types, types_bytes);
	memcpy(blob + sizeof(header) + types_bytes, strings, strings_bytes);
	fd = side->bpf(side, BPF_BTF_LOAD, &attr);
	free(blob);
	return (int)fd;
}

/* As libbpf finds it: each way to attach has its own prefix and kind. 0: not there. */
static uint32_t attach_btf_id(const struct side *side, const struct table_test *test)
{
	char name[128];
	const char *prefix = "";
	uint32_t kind = BTF_KIND_FUNC;
	int32_t id;

	if (!test->attach_to || !side->vmlinux)
		return 0;
	if (test->prog_type != BPF_PROG_TYPE_TRACING && test->prog_type != BPF_PROG_TYPE_LSM)
		return 0;
	if (test->attach_type == BPF_TRACE_RAW_TP) {
		prefix = "btf_trace_";
		kind = BTF_KIND_TYPEDEF;
	} else if (test->attach_type == BPF_LSM_MAC) {
		prefix = "bpf_lsm_";
	} else if (test->attach_type == BPF_TRACE_ITER) {
		prefix = "bpf_iter_";
	}
	snprintf(name, sizeof(name), "%s%s", prefix, test->attach_to);
	id = btf_find_by_name_kind(side->vmlinux, name, kind);
	return id > 0 ? (uint32_t)id : 0;
}

/* --- maps ------------------------------------------------------------------------------------------- */

static long map_update(struct side *side, int map, uint32_t key, const void *value)
{
	union bpf_attr attr = {
		.map_fd = (uint32_t)map,
		.key = (uintptr_t)&key,
		.value = (uintptr_t)value,
	};

	return side->bpf(side, BPF_MAP_UPDATE_ELEM, &attr);
}

static long load_small(struct side *side, uint32_t type, const struct bpf_insn *insns, uint32_t n)
{
	union bpf_attr attr = {
		.prog_type = type,
		.insns = (uintptr_t)insns,
		.insn_cnt = n,
		.license = (uintptr_t) "GPL",
	};

	return side->bpf(side, BPF_PROG_LOAD, &attr);
}

/* A program that tail-calls slot @slot of @map (when >= 0) and else returns @ret. */
static long load_target(struct side *side, uint32_t type, int map, int slot, int ret)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = slot },
		{ .code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = 2, .src_reg = BPF_PSEUDO_MAP_FD,
		  .imm = map },
		{ 0 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_tail_call },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = ret },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	if (map < 0)
		return load_small(side, type, insns + 4, 2);
	return load_small(side, type, insns, ARRAY_SIZE(insns));
}

/* Three programs: one returns 42, one tail-calls itself and then returns 41, one returns 24. */
static int fill_prog_array(struct side *side, uint32_t prog_type, int map, uint32_t first_slot)
{
	const uint32_t slots[] = { first_slot, 1, 2 };
	const int rets[] = { 42, 41, 24 };
	long err = 0;

	for (int i = 0; i < 3 && !err; i++) {
		long fd = load_target(side, prog_type, i == 1 ? map : -1, 1, rets[i]);

		if (fd < 0)
			return fail(side, (int)fd, "load of a program to tail-call: %s",
				    strerror((int)-fd));
		err = map_update(side, map, slots[i], &(uint32_t){ (uint32_t)fd });
		close((int)fd);
		if (err)
			fail(side, (int)err, "update of a prog_array: %s", strerror((int)-err));
	}
	return (int)err;
}

static int fill_map(struct side *side, const struct table_test *test, enum table_map map, int fd)
{
	uint32_t value[TEST_VAL_BYTES / 4] = { TEST_VAL_INDEX, [TEST_VAL_SET] = 0xabcdef12 };
	long err;

	if (map == TABLE_PROG1 || map == TABLE_PROG2)
		return fill_prog_array(side, test->prog_type, fd, map == TABLE_PROG1 ? 0 : 7);
	if (!kinds[map].filled)
		return 0;
	err = map_update(side, fd, 0, value);
	return err ? fail(side, (int)err, "update of an array: %s", strerror((int)-err)) : 0;
}

static long map_create(struct side *side, enum table_map map)
{
	const struct map_kind *kind = &kinds[map];
	union bpf_attr attr = {
		.map_type = kind->type,
		.key_size = kind->key,
		.value_size = kind->value,
		.max_entries = kind->entries,
		.map_flags = kind->flags,
	};
	union bpf_attr inner = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4,
				 .max_entries = 1 };
	long held = -1, fd;

	if (kind->btf_value) {
		held = btf_load(side, side->map_btf->types, side->map_btf->types_bytes,
				side->map_btf->strings, side->map_btf->strings_bytes);
		attr.btf_fd = (uint32_t)held;
		attr.btf_key_type_id = BTF_KEY;
		attr.btf_value_type_id = kind->btf_value;
	} else if (kind->type == BPF_MAP_TYPE_ARRAY_OF_MAPS) {
		held = side->bpf(side, BPF_MAP_CREATE, &inner);
		attr.inner_map_fd = (uint32_t)held;
	}
	if (held < -1)
		return held;
	fd = side->bpf(side, BPF_MAP_CREATE, &attr);
	if (held >= 0)
		close((int)held);
	return fd;
}

static int make_maps(struct side *side, const struct table_test *test, struct side_maps *maps)
{
	for (enum table_map map = 0; map < TABLE_MAPS; map++)
		maps->fds[map] = -1;
	for (enum table_map map = 0; map < TABLE_MAPS; map++) {
		long fd;
		int err;

		if (!test->map_insns[map][0])
			continue;
		fd = map_create(side, map);
		if (fd < 0)
			return fail(side, (int)fd, "no map of type %s: %s", kinds[map].name,
				    strerror((int)-fd));
		maps->fds[map] = (int)fd;
		err = fill_map(side, test, map, (int)fd);
		if (err)
			return err;
	}
	return 0;
}

void side_maps_close(struct side_maps *maps)
{
	for (enum table_map map = 0; map < TABLE_MAPS; map++) {
		if (maps->fds[map] >= 0)
			close(maps->fds[map]);
	}
}

/* --- the program -------------------------------------------------------------------------------------- */

/* The instructions with the fds of maps and the ids of kernel functions in them. */
static struct bpf_insn *patched(const struct side *side, const struct table_test *test,
				const struct side_maps *maps)
{
	struct bpf_insn *insns = malloc(test->n_insns * sizeof(*insns));

	if (!insns)
		return NULL;
	memcpy(insns, test->insns, test->n_insns * sizeof(*insns));
	for (enum table_map map = 0; map < TABLE_MAPS; map++) {
		for (const int *pc = test->map_insns[map]; *pc; pc++)
			insns[*pc].imm = maps->fds[map];
	}
	for (int k = 0; k < TABLE_KFUNCS_MAX && test->kfuncs[k].name; k++) {
		int32_t id = side->vmlinux ? btf_find_by_name_kind(side->vmlinux, test->kfuncs[k].name,
								   BTF_KIND_FUNC)
					   : 0;

		insns[test->kfuncs[k].insn].imm = id > 0 ? id : 0;
	}
	return insns;
}

int side_load(struct side *side, const struct table_test *test, struct side_maps *maps)
{
	union bpf_attr attr = {
		.prog_type = test->prog_type,
		.insn_cnt = test->n_insns,
		.license = (uintptr_t) "GPL",
		.log_level = side->log_level | (test->verbose ? BPF_LOG_LEVEL2 : 0) | BPF_LOG_STATS,
		.log_size = SIDE_LOG_BYTES,
		.log_buf = (uintptr_t)side->log,
		.prog_flags = test->prog_flags & side->prog_flags_known,
		.expected_attach_type = test->attach_type,
		.func_info = test->n_func_info ? (uintptr_t)test->func_info : 0,
		.func_info_cnt = test->n_func_info,
		.func_info_rec_size = test->n_func_info ? 8 : 0,
		.attach_btf_id = attach_btf_id(side, test),
	};
	struct bpf_insn *insns;
	int btf = -1, fd;

	side->failure[0] = side->log[0] = '\0';
	fd = make_maps(side, test, maps);
	if (fd < 0)
		return fd;
	if (test->btf_types) {
		btf = btf_load(side, test->btf_types, test->btf_types_bytes, test->btf_strings,
			       test->btf_strings_bytes);
		if (btf < 0)
			return fail(side, btf, "BPF_BTF_LOAD: %s", strerror(-btf));
		attr.prog_btf_fd = (uint32_t)btf;
	}
	insns = patched(side, test, maps);
	attr.insns = (uintptr_t)insns;
	fd = insns ? (int)side->bpf(side, BPF_PROG_LOAD, &attr) : -ENOMEM;
	free(insns);
	if (fd < 0 && side->engine && !prog_ops_by_type(test->prog_type))
		fail(side, fd, "no programs of type %s", prog_type_name(test->prog_type));
	if (btf >= 0)
		close(btf);
	return fd;
}

int side_run(struct side *side, int prog_fd, const void *data, uint32_t *retval)
{
	uint8_t out[4 * TABLE_DATA_BYTES];
	union bpf_attr attr = { 0 };
	long err;

	attr.test.prog_fd = (uint32_t)prog_fd;
	attr.test.data_in = (uintptr_t)data;
	attr.test.data_size_in = TABLE_DATA_BYTES;
	attr.test.data_out = (uintptr_t)out;
	attr.test.data_size_out = sizeof(out);
	attr.test.repeat = 1;
	err = side->bpf(side, BPF_PROG_TEST_RUN, &attr);
	*retval = attr.test.retval;
	return (int)err;
}

/* --- opening ------------------------------------------------------------------------------------------ */

/* The kernel tells flags it does not know by -EINVAL. */
static void find_flags(struct side *side)
{
	const uint32_t wanted = BPF_F_TEST_RND_HI32 | BPF_F_TEST_REG_INVARIANTS;
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	side->prog_flags_known = ~wanted;
	for (uint32_t flag = 1; flag; flag <<= 1) {
		union bpf_attr attr = {
			.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
			.insns = (uintptr_t)insns,
			.insn_cnt = ARRAY_SIZE(insns),
			.license = (uintptr_t) "GPL",
			.prog_flags = flag,
		};
		long fd;

		if (!(flag & wanted))
			continue;
		fd = side->bpf(side, BPF_PROG_LOAD, &attr);
		if (fd >= 0) {
			side->prog_flags_known |= flag;
			close((int)fd);
		}
	}
}

static int side_prepare(struct side *side)
{
	side->log = malloc(SIDE_LOG_BYTES);
	if (!side->log)
		return -ENOMEM;
	side->log[0] = '\0';
	return 0;
}

int side_open_kernel(struct side *side)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4,
				.max_entries = 1 };
	long fd;

	*side = (struct side){ .name = "kernel", .bpf = kernel_bpf };
	fd = kernel_bpf(side, BPF_MAP_CREATE, &attr);
	if (fd < 0)
		return (int)fd;
	close((int)fd);
	find_flags(side);
	return side_prepare(side);
}

int side_drop_caps(void)
{
	const int kept[] = { CAP_NET_ADMIN, 39 /* CAP_BPF */ };
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return -errno;
	data[0].effective = data[1].effective = 0;
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		data[kept[i] / 32].effective |= 1u << kept[i] % 32;
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

int side_open_engine(struct side *side, uint32_t caps, bool interpret)
{
	struct skep_opts opts = {
		.size = sizeof(opts),
		.caps = caps,
		.flags = (interpret ? SKEP_INTERPRET : 0) | (caps ? 0 : SKEP_UNPRIVILEGED),
	};
	int err;

	/* Ours must know all the flags there are. */
	*side = (struct side){ .name = "skep", .bpf = engine_bpf, .prog_flags_known = ~0u };
	err = skep_engine_new(&opts, &side->engine);
	return err ? err : side_prepare(side);
}

void side_close(struct side *side)
{
	if (side->engine)
		skep_engine_free(side->engine);
	free(side->log);
}
