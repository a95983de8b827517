/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct table_test: one test of Linux's test_verifier, as the runner needs it.
 *
 * Linux's table cannot be part of this project: table.c is compiled at test time, beside the unpacked
 * kernel source, into a shared object that the runner loads and asks through the two functions below.
 * What they return belongs to the shared object and is good until the next table_get().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct bpf_insn;
struct bpf_func_info;

/* The maps a test may ask for, in no order that matters. clang-format off */
#define TABLE_MAP_LIST(X)                                                                            \
	X(HASH_8B, map_hash_8b) X(HASH_48B, map_hash_48b) X(HASH_16B, map_hash_16b)                  \
	X(ARRAY_48B, map_array_48b) X(SOCKMAP, map_sockmap) X(SOCKHASH, map_sockhash)                \
	X(XSKMAP, map_xskmap) X(STACKTRACE, map_stacktrace) X(PROG1, prog1) X(PROG2, prog2)          \
	X(MAP_IN_MAP, map_in_map) X(CGROUP_STORAGE, cgroup_storage)                                  \
	X(PERCPU_CGROUP_STORAGE, percpu_cgroup_storage) X(SPIN_LOCK, map_spin_lock)                  \
	X(ARRAY_RO, map_array_ro) X(ARRAY_WO, map_array_wo) X(ARRAY_SMALL, map_array_small)          \
	X(SK_STORAGE, sk_storage_map) X(EVENT_OUTPUT, map_event_output)                              \
	X(REUSEPORT, map_reuseport_array) X(RINGBUF, map_ringbuf) X(TIMER, map_timer)                \
	X(KPTR, map_kptr)
/* clang-format on */

enum table_map {
#define TABLE_MAP_ENUM(name, field) TABLE_##name,
	TABLE_MAP_LIST(TABLE_MAP_ENUM)
#undef TABLE_MAP_ENUM
	TABLE_MAPS,
};

enum {
	TABLE_KFUNCS_MAX = 8,
	TABLE_RUNS_MAX = 8,
	TABLE_DATA_BYTES = 64,
	TABLE_RETVAL_ANY = 0xcafe4a, /* expect_retval: a pointer, not compared */
};

struct table_test {
	const char *descr;
	const struct bpf_insn *insns;
	uint32_t n_insns;
	const int *map_insns[TABLE_MAPS]; /* each: instructions that get the map's fd, 0 ends the list */
	struct {
		const char *name;
		int insn;
	} kfuncs[TABLE_KFUNCS_MAX]; /* a NULL name ends the list */
	uint32_t prog_type, prog_flags, attach_type;
	const char *attach_to; /* NULL, or what a tracing program names */
	const struct bpf_func_info *func_info;
	uint32_t n_func_info;
	const uint32_t *btf_types; /* raw records, or NULL */
	uint32_t btf_types_bytes;
	const char *btf_strings;
	uint32_t btf_strings_bytes;

	bool expect_accept, expect_accept_unpriv; /* of Linux 6.12 */
	bool verbose;                             /* the messages wanted are those of log level 2 */
	const char *errstr, *errstr_unpriv; /* parts of the log, in order, parted by tabs; or NULL */
	int n_runs;                               /* 0: must not be run */
	struct {
		const void *data; /* TABLE_DATA_BYTES */
		uint32_t expect_retval;
	} runs[TABLE_RUNS_MAX];
};

/* The types and strings of the maps' BTF blob: ids of key and value there are facts of the table. */
struct table_btf {
	const uint32_t *types;
	const char *strings;
	uint32_t types_bytes, strings_bytes;
};

uint32_t table_count(void);
const struct table_test *table_get(uint32_t i);
const struct table_btf *table_map_btf(void);
