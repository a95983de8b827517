/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux's table of verifier tests behind table.h. Compiled at test time only (see run), with the
 * unpacked kernel source in the include path: struct bpf_test and its fillers come from
 * table_types.h, which run cuts out of test_verifier.c, and the BTF of the maps from table_btf.h.
 */
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>
#include <linux/btf.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/unistd.h>

/* From the folder of test_verifier.c; not the system's <linux/filter.h>. */
#include "../../../include/linux/filter.h"
#include "bpf_rand.h"
#include "test_btf.h"

#include "table.h"

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#endif

#ifndef offsetofend
#define offsetofend(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))
#endif

#include "table_types.h" /* ends with the array tests[] */

#include "table_btf.h"

_Static_assert(MAX_FIXUPS == TABLE_KFUNCS_MAX, "as many kfuncs as the table can name");
_Static_assert(MAX_TEST_RUNS == TABLE_RUNS_MAX, "as many runs as the table can hold");
_Static_assert(TEST_DATA_LEN == TABLE_DATA_BYTES, "the packet of a run");
_Static_assert(POINTER_VALUE == TABLE_RETVAL_ANY, "the return value that is not compared");

#define EXPORT __attribute__((visibility("default")))

EXPORT uint32_t table_count(void)
{
	return ARRAY_SIZE(tests);
}

EXPORT const struct table_btf *table_map_btf(void)
{
	static const struct table_btf btf = { btf_raw_types, btf_str_sec, sizeof(btf_raw_types),
					      sizeof(btf_str_sec) };

	return &btf;
}

/* The flags of a test mean the load flags of the same value, but for its own first two. */
static uint32_t load_flags(const struct bpf_test *test)
{
	uint32_t flags = BPF_F_TEST_RND_HI32 | BPF_F_TEST_REG_INVARIANTS;

	if (test->flags & F_LOAD_WITH_STRICT_ALIGNMENT)
		flags |= BPF_F_STRICT_ALIGNMENT;
	if (test->flags & F_NEEDS_EFFICIENT_UNALIGNED_ACCESS)
		flags |= BPF_F_ANY_ALIGNMENT;
	return flags | (test->flags & ~3 ? test->flags : 0);
}

static void get_insns(struct bpf_test *test, struct table_test *out)
{
	uint32_t n = MAX_INSNS;

	free(test->fill_insns);
	test->fill_insns = NULL;
	if (test->fill_helper) {
		test->fill_insns = calloc(MAX_TEST_INSNS, sizeof(*test->fill_insns));
		assert(test->fill_insns);
		test->fill_helper(test);
		out->insns = test->fill_insns;
		out->n_insns = test->prog_len;
		return;
	}
	while (n > 1 && !test->insns[n - 1].code && !test->insns[n - 1].imm)
		n--;
	out->insns = test->insns;
	out->n_insns = n;
}

static void get_btf(const struct bpf_test *test, struct table_test *out)
{
	uint32_t n = 0;

	if (!test->btf_types[0])
		return;
	while (n < MAX_BTF_TYPES && test->btf_types[n] != BTF_END_RAW)
		n++;
	out->btf_types = test->btf_types;
	out->btf_types_bytes = n * sizeof(test->btf_types[0]);
	out->btf_strings = test->btf_strings;
	out->btf_strings_bytes = sizeof(test->btf_strings);
}

static void get_expectation(const struct bpf_test *test, struct table_test *out)
{
	int unpriv = test->result_unpriv == UNDEF ? test->result : test->result_unpriv;

	out->expect_accept = test->result != REJECT;
	out->expect_accept_unpriv = unpriv != REJECT;
	out->verbose = test->result == VERBOSE_ACCEPT;
	out->errstr = test->errstr;
	out->errstr_unpriv = test->errstr_unpriv ? test->errstr_unpriv : test->errstr;
	out->n_runs = test->runs < 0 ? 0 : test->runs ? test->runs : 1;
	for (int i = 0; i < out->n_runs; i++) {
		out->runs[i].data = test->retvals[i].data;
		out->runs[i].expect_retval = test->retvals[i].retval;
	}
}

EXPORT const struct table_test *table_get(uint32_t i)
{
	static struct table_test out;
	static struct bpf_test *last;
	struct bpf_test *test = &tests[i];

	if (last && last->fill_insns) {
		free(last->fill_insns);
		last->fill_insns = NULL;
	}
	last = test;
	memset(&out, 0, sizeof(out));
	out.descr = test->descr;
	out.prog_type = test->prog_type ? test->prog_type : BPF_PROG_TYPE_SOCKET_FILTER;
	out.prog_flags = load_flags(test);
	out.attach_type = test->expected_attach_type;
	out.attach_to = test->kfunc;
	get_insns(test, &out);
	out.func_info = test->func_info;
	out.n_func_info = test->func_info_cnt;
#define TABLE_MAP_FIXUP(name, field) out.map_insns[TABLE_##name] = test->fixup_##field;
	TABLE_MAP_LIST(TABLE_MAP_FIXUP)
#undef TABLE_MAP_FIXUP
	for (int k = 0; k < MAX_FIXUPS && test->fixup_kfunc_btf_id[k].kfunc; k++) {
		out.kfuncs[k].name = test->fixup_kfunc_btf_id[k].kfunc;
		out.kfuncs[k].insn = test->fixup_kfunc_btf_id[k].insn_idx;
	}
	get_btf(test, &out);
	get_expectation(test, &out);
	return &out;
}
