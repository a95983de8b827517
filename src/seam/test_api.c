/* SPDX-License-Identifier: BSD-2-Clause */
/* Goal: what include/skep/skep.h promises of engines: options, independence, capabilities, quotas. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "skep/skep.h"
#include "tbl/uapi.h"

static int create(struct skep_engine *engine, uint32_t type, uint32_t key, uint32_t value,
		  uint32_t max, uint32_t flags)
{
	union bpf_attr attr = { .map_type = type, .key_size = key, .value_size = value,
				.max_entries = max, .map_flags = flags };

	return skep_bpf(engine, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static int elem(struct skep_engine *engine, int cmd, int fd, const void *key, void *value)
{
	union bpf_attr attr = { .map_fd = (uint32_t)fd, .key = (uintptr_t)key,
				.value = (uintptr_t)value };

	return skep_bpf(engine, cmd, &attr, sizeof(attr));
}

static struct skep_engine *engine_with(uint32_t flags, uint32_t caps)
{
	struct skep_opts opts = { .size = sizeof(opts), .flags = flags, .caps = caps };
	struct skep_engine *engine = NULL;

	assert_int_equal(skep_engine_new(&opts, &engine), 0);
	return engine;
}

static void two_engines_share_nothing(void **state)
{
	struct skep_engine *a = engine_with(0, 0), *b = engine_with(SKEP_INTERPRET, 0);
	int in_a = create(a, BPF_MAP_TYPE_HASH, 4, 4, 1, 0);
	int in_b = create(b, BPF_MAP_TYPE_HASH, 4, 4, 1, 0);
	uint32_t key = 1, value = 2;
	union bpf_attr attr = { 0 };

	assert_true(in_a >= 0 && in_b >= 0);
	assert_int_equal(elem(a, BPF_MAP_UPDATE_ELEM, in_a, &key, &value), 0);
	assert_int_equal(elem(b, BPF_MAP_LOOKUP_ELEM, in_b, &key, &value), -ENOENT);
	assert_int_equal(elem(b, BPF_MAP_LOOKUP_ELEM, in_a, &key, &value), -EINVAL);
	/* Each counts its ids for itself. */
	assert_int_equal(skep_bpf(a, BPF_MAP_GET_NEXT_ID, &attr, sizeof(attr)), 0);
	assert_int_equal(attr.next_id, 1);
	attr.next_id = 0;
	assert_int_equal(skep_bpf(b, BPF_MAP_GET_NEXT_ID, &attr, sizeof(attr)), 0);
	assert_int_equal(attr.next_id, 1);
	skep_engine_free(a);
	assert_int_equal(elem(b, BPF_MAP_UPDATE_ELEM, in_b, &key, &value), 0);
	skep_engine_free(b);
	close(in_a);
	close(in_b);
}

static void engine_ends_with_descriptors_still_open(void **state)
{
	struct skep_engine *engine = engine_with(0, 0);
	int fd = create(engine, BPF_MAP_TYPE_ARRAY, 4, 8, 10, BPF_F_MMAPABLE);

	assert_true(fd >= 0);
	skep_engine_free(engine);
	assert_int_equal(close(fd), 0);
}

static void options_are_taken_by_their_size(void **state)
{
	struct {
		struct skep_opts opts;
		uint64_t later;
	} o = { .opts.size = sizeof(o) };
	struct skep_engine *engine;

	assert_int_equal(skep_engine_new(&o.opts, &engine), 0);
	skep_engine_free(engine);
	o.later = 1;
	assert_int_equal(skep_engine_new(&o.opts, &engine), -E2BIG);
	o.opts.size = 3;
	assert_int_equal(skep_engine_new(&o.opts, &engine), -EINVAL);
	/* An older program knows the first fields only. */
	o.opts.size = offsetof(struct skep_opts, n_cpus);
	o.opts.n_cpus = 1000000;
	assert_int_equal(skep_engine_new(&o.opts, &engine), 0);
	skep_engine_free(engine);
	o.opts.size = sizeof(o.opts);
	assert_int_equal(skep_engine_new(&o.opts, &engine), -EINVAL);
	o.opts.n_cpus = 0;
	o.opts.flags = 1u << 31;
	assert_int_equal(skep_engine_new(&o.opts, &engine), -EINVAL);
	assert_int_equal(skep_engine_new(NULL, &engine), 0);
	skep_engine_free(engine);
	skep_engine_free(NULL);
}

static void cpus_decide_the_size_of_per_cpu_values(void **state)
{
	struct skep_opts opts = { .size = sizeof(opts), .n_cpus = 5 };
	uint64_t values[6] = { 1, 2, 3, 4, 5, 6 }, read[6] = { 0 };
	struct skep_engine *engine;
	uint32_t key = 0;
	int fd;

	assert_int_equal(skep_engine_new(&opts, &engine), 0);
	fd = create(engine, BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 1, 0);
	assert_int_equal(elem(engine, BPF_MAP_UPDATE_ELEM, fd, &key, values), 0);
	assert_int_equal(elem(engine, BPF_MAP_LOOKUP_ELEM, fd, &key, read), 0);
	assert_memory_equal(read, values, 5 * sizeof(values[0]));
	assert_int_equal(read[5], 0);
	close(fd);
	skep_engine_free(engine);
}

static int load(struct skep_engine *engine, uint32_t type)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = { .prog_type = type, .insn_cnt = 2, .insns = (uintptr_t)insns,
				.license = (uintptr_t)"GPL" };

	return skep_bpf(engine, BPF_PROG_LOAD, &attr, sizeof(attr));
}

/* Which capability opens what; rows in order none, BPF, BPF + PERFMON, BPF + NET_ADMIN, all. */
static void capabilities_open_what_they_open_in_linux(void **state)
{
	static const uint32_t sets[] = { 0, SKEP_CAP_BPF, SKEP_CAP_BPF | SKEP_CAP_PERFMON,
					 SKEP_CAP_BPF | SKEP_CAP_NET_ADMIN, SKEP_CAP_ALL };
	static const struct {
		bool array, lpm, filter, xdp, kprobe, ids;
	} opens[] = {
		{ true, false, true, false, false, false },
		{ true, true, true, false, false, false },
		{ true, true, true, false, true, false },
		{ true, true, true, true, false, false },
		{ true, true, true, true, true, true },
	};

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		struct skep_engine *e = engine_with(SKEP_UNPRIVILEGED, sets[i]);
		union bpf_attr attr = { 0 };
		int fds[5], n = 0;

		fds[n++] = create(e, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0);
		assert_int_equal(fds[0] >= 0, opens[i].array);
		fds[n++] = create(e, BPF_MAP_TYPE_LPM_TRIE, 8, 4, 1, BPF_F_NO_PREALLOC);
		assert_int_equal(fds[1] < 0 ? fds[1] : 0, opens[i].lpm ? 0 : -EPERM);
		fds[n++] = load(e, BPF_PROG_TYPE_SOCKET_FILTER);
		assert_int_equal(fds[2] < 0 ? fds[2] : 0, opens[i].filter ? 0 : -EPERM);
		fds[n++] = load(e, BPF_PROG_TYPE_XDP);
		assert_int_equal(fds[3] < 0 ? fds[3] : 0, opens[i].xdp ? 0 : -EPERM);
		fds[n++] = load(e, BPF_PROG_TYPE_KPROBE);
		assert_int_equal(fds[4] < 0 ? fds[4] : 0, opens[i].kprobe ? 0 : -EPERM);
		assert_int_equal(skep_bpf(e, BPF_MAP_GET_NEXT_ID, &attr, sizeof(attr)),
				 opens[i].ids ? 0 : -EPERM);
		while (n--)
			if (fds[n] >= 0)
				close(fds[n]);
		skep_engine_free(e);
	}
}

static void quotas_are_enomem_and_given_back(void **state)
{
	struct skep_opts opts = { .size = sizeof(opts), .bytes_max = 1 << 20, .objects_max = 3 };
	struct skep_engine *engine;
	int fds[3];

	assert_int_equal(skep_engine_new(&opts, &engine), 0);
	for (int round = 0; round < 10; round++) {
		assert_int_equal(create(engine, BPF_MAP_TYPE_ARRAY, 4, 8, 1 << 20, 0), -ENOMEM);
		for (int i = 0; i < 3; i++) {
			fds[i] = create(engine, BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0);
			assert_true(fds[i] >= 0);
		}
		assert_int_equal(create(engine, BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0), -ENOMEM);
		for (int i = 0; i < 3; i++)
			close(fds[i]);
	}
	skep_engine_free(engine);
}

static int told;
static char why_told[160];

static void on_refused(void *arg, int err, const char *why)
{
	told = err;
	strncpy(why_told, why, sizeof(why_told) - 1);
}

static void refusals_say_what_is_not_there(void **state)
{
	struct skep_opts opts = { .size = sizeof(opts), .refused = on_refused };
	struct skep_engine *engine, *other = engine_with(0, 0);
	union bpf_attr attr = { 0 };

	assert_int_equal(skep_engine_new(&opts, &engine), 0);
	assert_string_equal(skep_engine_error(engine), "");
	assert_int_equal(create(engine, BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, 1, 0), -EINVAL);
	assert_int_equal(told, -EINVAL);
	assert_string_equal(why_told, "map type 8 (cgroup_array) is not implemented");
	assert_string_equal(skep_engine_error(engine), why_told);
	assert_string_equal(skep_engine_error(other), "");
	assert_int_equal(load(engine, BPF_PROG_TYPE_SK_LOOKUP), -EINVAL);
	assert_string_equal(skep_engine_error(engine),
			    "program type 30 (sk_lookup) is not implemented");
	assert_int_equal(skep_bpf(engine, BPF_ITER_CREATE, &attr, sizeof(attr)), -EINVAL);
	assert_string_equal(skep_engine_error(engine),
			    "bpf command 33 (ITER_CREATE) is not implemented");
	skep_engine_free(engine);
	skep_engine_free(other);
}

static void one_engine_is_installed_at_a_time(void **state)
{
	struct skep_engine *a = engine_with(0, 0), *b = engine_with(0, 0);

	assert_null(skep_engine_installed());
	assert_int_equal(skep_engine_install(a), 0);
	assert_int_equal(skep_engine_install(a), 0);
	assert_int_equal(skep_engine_install(b), -EBUSY);
	assert_ptr_equal(skep_engine_installed(), a);
	skep_engine_free(a);
	assert_null(skep_engine_installed());
	assert_int_equal(skep_engine_install(b), 0);
	assert_int_equal(skep_engine_install(NULL), 0);
	skep_engine_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_engines_share_nothing),
		cmocka_unit_test(engine_ends_with_descriptors_still_open),
		cmocka_unit_test(options_are_taken_by_their_size),
		cmocka_unit_test(cpus_decide_the_size_of_per_cpu_values),
		cmocka_unit_test(capabilities_open_what_they_open_in_linux),
		cmocka_unit_test(quotas_are_enomem_and_given_back),
		cmocka_unit_test(refusals_say_what_is_not_there),
		cmocka_unit_test(one_engine_is_installed_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
