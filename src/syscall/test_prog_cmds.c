/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: PROG_LOAD, PROG_TEST_RUN and what is told of programs keep the kernel's rules: errnos, log
 * buffers, tags, sizes. Method: the same call on both sides.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/errno.h"
#include "syscall/test_twin.h"
#include "verifier/prune_default.h"
#include "verifier/verify.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static const struct bpf_insn ret1[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 1 },
	{ .code = BPF_JMP | BPF_EXIT },
};

/* R0 is not set: rejected, with a log. */
static const struct bpf_insn wrong[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = 1 },
	{ .code = BPF_JMP | BPF_EXIT },
};

static union bpf_attr load_attr(uint32_t type)
{
	return (union bpf_attr){ .prog_type = type,
				 .insn_cnt = 2,
				 .insns = (uintptr_t)ret1,
				 .license = (uintptr_t) "GPL" };
}

/* Loads on both sides; both must succeed or fail alike. *@fd may be NULL. 0 or the common error. */
static int load_both(const char *what, union bpf_attr attr, int fd[SIDES])
{
	int ret[SIDES];

	for (int side = 0; side < SIDES; side++) {
		union bpf_attr copy = attr;

		ret[side] = twin_bpf(side, BPF_PROG_LOAD, &copy, sizeof(copy));
		if (ret[side] >= 0 && !fd)
			close(ret[side]);
		if (fd)
			fd[side] = ret[side];
	}
	if ((ret[ENGINE] < 0 || ret[KERNEL] < 0) && ret[ENGINE] != ret[KERNEL])
		fail_msg("%s: engine %d, kernel %d", what, ret[ENGINE], ret[KERNEL]);
	return ret[ENGINE] < 0 ? ret[ENGINE] : 0;
}

static const uint32_t types[] = {
	BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_KPROBE,     BPF_PROG_TYPE_SCHED_CLS,
	BPF_PROG_TYPE_SCHED_ACT,     BPF_PROG_TYPE_TRACEPOINT, BPF_PROG_TYPE_XDP,
	BPF_PROG_TYPE_PERF_EVENT,    BPF_PROG_TYPE_CGROUP_SKB, BPF_PROG_TYPE_RAW_TRACEPOINT,
	BPF_PROG_TYPE_SYSCALL,	     BPF_PROG_TYPE_CGROUP_SYSCTL,
};

static void attach_types_and_flags_are_checked_alike(void **state)
{
	char what[80];

	if (!twin_kernel_allowed())
		skip();
	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		for (uint32_t at = 0; at < 64; at++) {
			union bpf_attr attr = load_attr(types[t]);

			attr.expected_attach_type = at;
			snprintf(what, sizeof(what), "type %u attach type %u", types[t], at);
			load_both(what, attr, NULL);
		}
		for (int bit = 0; bit < 32; bit++) {
			union bpf_attr attr = load_attr(types[t]);

			attr.prog_flags = 1u << bit;
			if (attr.prog_flags & (BPF_F_TOKEN_FD | BPF_F_XDP_DEV_BOUND_ONLY))
				continue; /* tokens and devices are the kernel's */
			snprintf(what, sizeof(what), "type %u flag %d", types[t], bit);
			load_both(what, attr, NULL);
		}
	}
}

static void attrs_that_cannot_be_are_refused_alike(void **state)
{
	static const char *const names[] = { "ok", "a.b", "a-b", "sixteen_letters_" };
	static const uint32_t counts[] = { 0, 1, 3, 4096, 1000001, UINT32_MAX };
	union bpf_attr attr;

	if (!twin_kernel_allowed())
		skip();
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		attr = load_attr(BPF_PROG_TYPE_XDP);
		memcpy(attr.prog_name, names[i], strlen(names[i]));
		load_both(names[i], attr, NULL);
	}
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		struct bpf_insn *insns = calloc(4096, sizeof(*insns));

		attr = load_attr(BPF_PROG_TYPE_XDP);
		attr.insn_cnt = counts[i];
		attr.insns = (uintptr_t)insns;
		load_both("insn_cnt", attr, NULL);
		free(insns);
	}
	attr = load_attr(BPF_PROG_TYPE_XDP);
	attr.insns = 0;
	assert_int_equal(load_both("no insns", attr, NULL), -EFAULT);
	attr = load_attr(BPF_PROG_TYPE_XDP);
	attr.license = 0;
	assert_int_equal(load_both("no license", attr, NULL), -EFAULT);
	attr = load_attr(BPF_PROG_TYPE_XDP);
	attr.func_info_cnt = 1;
	load_both("func_info without BTF", attr, NULL);
	attr.prog_btf_fd = (uint32_t)-1;
	load_both("func_info with a closed fd", attr, NULL);
	attr = load_attr(BPF_PROG_TYPE_XDP);
	attr.attach_btf_id = 1;
	load_both("attach_btf_id", attr, NULL);
	attr = load_attr(BPF_PROG_TYPE_XDP);
	attr.attach_prog_fd = 1;
	load_both("attach_prog_fd", attr, NULL);
	attr = load_attr(BPF_PROG_TYPE_XDP);
	attr.fd_array_cnt = 1;
	load_both("fd_array_cnt without an array", attr, NULL);
	attr.fd_array = (uintptr_t)(int[]){ 0 };
	load_both("fd_array of standard input", attr, NULL);
	attr.fd_array = (uintptr_t)(int[]){ -1 };
	load_both("fd_array of a closed fd", attr, NULL);
	attr.prog_type = 1000;
	load_both("no such type", attr, NULL);
}

/* --- the log ---------------------------------------------------------------------------------- */

struct logged {
	int ret;
	uint32_t true_size;
	char text[2048];
};

static void load_logged(enum side side, uint32_t level, uint32_t size, bool reject,
			struct logged *out)
{
	union bpf_attr attr = load_attr(BPF_PROG_TYPE_SOCKET_FILTER);

	memset(out, 'x', sizeof(*out));
	if (reject)
		attr.insns = (uintptr_t)wrong;
	attr.log_level = level;
	attr.log_size = size;
	attr.log_buf = size ? (uintptr_t)out->text : 0;
	attr.log_true_size = 0;
	out->ret = twin_bpf(side, BPF_PROG_LOAD, &attr, sizeof(attr));
	out->true_size = attr.log_true_size;
	if (out->ret >= 0) {
		close(out->ret);
		out->ret = 0;
	}
	/* "processed N insns ... " and "verification time" hold what is not comparable: level 4 */
}

static void every_log_size_gives_the_kernels_bytes(void **state)
{
	static const uint32_t levels[] = { 1, 2, 1 | 8, 2 | 8 };
	static struct logged e, k;
	int cut = 0;

	if (!twin_kernel_allowed() || VERIFY_PRUNE_BUILT != VERIFY_PRUNE_LINUX) {
		print_message("no kernel to compare with, or not its way of pruning\n");
		skip();
	}
	for (size_t l = 0; l < ARRAY_LEN(levels); l++)
		for (uint32_t size = 0; size < 400; size += size < 40 ? 1 : 7)
			for (int reject = 0; reject < 2; reject++) {
				load_logged(ENGINE, levels[l], size, reject, &e);
				load_logged(KERNEL, levels[l], size, reject, &k);
				if (e.ret != k.ret || e.true_size != k.true_size ||
				    memcmp(e.text, k.text, sizeof(e.text)) != 0)
					fail_msg("level %u size %u: engine %d, %u bytes: %.*s\n"
						 "kernel %d, %u bytes: %.*s",
						 levels[l], size, e.ret, e.true_size, (int)size,
						 e.text, k.ret, k.true_size, (int)size, k.text);
				cut += e.ret == -ENOSPC;
			}
	assert_true(cut > 50);
}

static void log_levels_and_buffers_fit_or_are_einval(void **state)
{
	if (!twin_kernel_allowed())
		skip();
	for (uint32_t level = 0; level < 64; level++)
		for (int with = 0; with < 4; with++) {
			static char buf[64];
			union bpf_attr attr = load_attr(BPF_PROG_TYPE_SOCKET_FILTER);
			char what[64];

			attr.log_level = level;
			attr.log_buf = with & 1 ? (uintptr_t)buf : 0;
			attr.log_size = with & 2 ? sizeof(buf) : 0;
			snprintf(what, sizeof(what), "log level %u buffer %d size %d", level,
				 with & 1, with & 2);
			load_both(what, attr, NULL);
		}
}

/* --- what is told of a program ---------------------------------------------------------------- */

static int get_info(enum side side, int fd, void *info, uint32_t bytes, uint32_t *len)
{
	union bpf_attr attr = { 0 };
	int ret;

	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info = (uintptr_t)info;
	attr.info.info_len = bytes;
	ret = twin_bpf(side, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr));
	*len = attr.info.info_len;
	return ret;
}

static void tag_and_plain_fields_are_the_kernels(void **state)
{
	union bpf_attr attr = load_attr(BPF_PROG_TYPE_SCHED_CLS);
	struct bpf_prog_info e = { 0 }, k = { 0 };
	uint32_t e_len, k_len;
	int fd[SIDES];

	if (!twin_kernel_allowed())
		skip();
	memcpy(attr.prog_name, "name", 4);
	assert_int_equal(load_both("plain", attr, fd), 0);
	assert_int_equal(get_info(ENGINE, fd[ENGINE], &e, sizeof(e), &e_len), 0);
	assert_int_equal(get_info(KERNEL, fd[KERNEL], &k, sizeof(k), &k_len), 0);
	assert_int_equal(e_len, k_len);
	assert_memory_equal(e.tag, k.tag, sizeof(e.tag));
	assert_string_equal(e.name, k.name);
	assert_int_equal(e.type, k.type);
	assert_int_equal(e.xlated_prog_len, k.xlated_prog_len);
	assert_int_equal(e.created_by_uid, k.created_by_uid);
	assert_int_equal(e.gpl_compatible, k.gpl_compatible);
	assert_int_equal(e.nr_jited_ksyms, k.nr_jited_ksyms);
	assert_int_equal(e.nr_jited_func_lens, k.nr_jited_func_lens);
	assert_int_equal(e.nr_prog_tags, k.nr_prog_tags);
	assert_int_equal(e.func_info_rec_size, k.func_info_rec_size);
	assert_int_equal(e.verified_insns, k.verified_insns);
	assert_true(e.load_time <= k.load_time && k.load_time - e.load_time < 1000000000);
	close(fd[ENGINE]);
	close(fd[KERNEL]);
}

static void dumped_calls_say_where_and_whom_like_the_kernels(void **state)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_CALL, .imm = 4 },
		{ .code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_CALL, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
		ret1[0], ret1[1],
		{ .code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_CALL, .imm = -3 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct bpf_insn dump[SIDES][ARRAY_LEN(insns)] = { 0 };
	union bpf_attr attr = load_attr(BPF_PROG_TYPE_XDP);
	uint32_t len;
	int fd[SIDES];

	if (!twin_kernel_allowed())
		skip();
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = ARRAY_LEN(insns);
	assert_int_equal(load_both("calls", attr, fd), 0);
	for (int side = 0; side < SIDES; side++) {
		struct bpf_prog_info info = { .xlated_prog_insns = (uintptr_t)dump[side],
					      .xlated_prog_len = sizeof(dump[side]) };

		assert_int_equal(get_info(side, fd[side], &info, sizeof(info), &len), 0);
		assert_int_equal(info.xlated_prog_len, sizeof(insns));
		close(fd[side]);
	}
	assert_memory_equal(dump[ENGINE], dump[KERNEL], sizeof(insns));
	assert_int_equal(dump[ENGINE][0].off, 4);
	assert_int_equal(dump[ENGINE][0].imm, 2);
}

static void info_sizes_and_requests_are_judged_alike(void **state)
{
	static uint8_t e[512], k[512];
	int fd[SIDES];

	if (!twin_kernel_allowed())
		skip();
	assert_int_equal(load_both("plain", load_attr(BPF_PROG_TYPE_SCHED_CLS), fd), 0);
	for (uint32_t bytes = 0; bytes < 300; bytes++) {
		/* one byte of the request set: counts without arrays, sizes of records, tails */
		uint32_t e_len, k_len;
		int e_ret, k_ret;

		memset(e, 0, sizeof(e));
		e[bytes] = 1;
		memcpy(k, e, sizeof(e));
		e_ret = get_info(ENGINE, fd[ENGINE], e, sizeof(struct bpf_prog_info) + 16, &e_len);
		k_ret = get_info(KERNEL, fd[KERNEL], k, sizeof(struct bpf_prog_info) + 16, &k_len);
		if (e_ret != k_ret || e_len != k_len)
			fail_msg("byte %u: engine %d (%u), kernel %d (%u)", bytes, e_ret, e_len,
				 k_ret, k_len);
		memset(e, 0, sizeof(e));
		memcpy(k, e, sizeof(e));
		e_ret = get_info(ENGINE, fd[ENGINE], e, bytes, &e_len);
		k_ret = get_info(KERNEL, fd[KERNEL], k, bytes, &k_len);
		if (e_ret != k_ret || e_len != k_len)
			fail_msg("%u bytes: engine %d (%u), kernel %d (%u)", bytes, e_ret, e_len,
				 k_ret, k_len);
		for (size_t i = bytes; i < sizeof(e); i++)
			assert_int_equal(e[i], 0);
	}
	close(fd[ENGINE]);
	close(fd[KERNEL]);
}

/* --- test runs -------------------------------------------------------------------------------- */

struct run {
	int ret;
	uint32_t retval, data_size_out, ctx_size_out;
	uint8_t data[512], ctx[512];
};

static void run_one(enum side side, int fd, const union bpf_attr *in, struct run *run)
{
	union bpf_attr attr = *in;

	memset(run, 0x55, sizeof(*run));
	attr.test.prog_fd = (uint32_t)fd;
	if (attr.test.data_out)
		attr.test.data_out = (uintptr_t)run->data;
	if (attr.test.ctx_out)
		attr.test.ctx_out = (uintptr_t)run->ctx;
	run->ret = twin_bpf(side, BPF_PROG_TEST_RUN, &attr, sizeof(attr));
	run->retval = attr.test.retval;
	run->data_size_out = attr.test.data_size_out;
	run->ctx_size_out = attr.test.ctx_size_out;
}

static void run_both(const char *what, const int fd[SIDES], const union bpf_attr *attr)
{
	static struct run e, k;

	run_one(ENGINE, fd[ENGINE], attr, &e);
	run_one(KERNEL, fd[KERNEL], attr, &k);
	if (memcmp(&e, &k, sizeof(e)) == 0)
		return;
	for (size_t i = 0; i < sizeof(e.ctx); i++)
		if (e.ctx[i] != k.ctx[i])
			print_message("context byte %zu: %02x, kernel %02x\n", i, e.ctx[i],
				      k.ctx[i]);
	fail_msg("%s: engine %d, R0 %u, data %u, ctx %u; kernel %d, R0 %u, data %u, ctx %u", what,
		 e.ret, e.retval, e.data_size_out, e.ctx_size_out, k.ret, k.retval, k.data_size_out,
		 k.ctx_size_out);
}

static uint8_t packet[9000] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45 };

static void run_packet_sizes(uint32_t type, const int fd[SIDES])
{
	static const uint32_t sizes[] = { 0,  1,    13,	  14,	15,   33,   34,
					  64, 1500, 3300, 3600, 4096, 4097, 8192 };
	char what[120];

	for (size_t s = 0; s < ARRAY_LEN(sizes); s++)
		for (int out = 0; out < 3; out++) {
			union bpf_attr attr = { 0 };

			if (sizes[s] > 512 && out == 1)
				continue;
			if (type == BPF_PROG_TYPE_XDP && sizes[s] > 3500)
				continue; /* several buffers: said in docs/differences.md */
			attr.test.data_in = (uintptr_t)packet;
			attr.test.data_size_in = sizes[s];
			attr.test.data_out = out ? 1 : 0;
			attr.test.data_size_out = out == 2 ? 10 : out ? 512 : 0;
			snprintf(what, sizeof(what), "type %u, %u bytes, out %d", type, sizes[s],
				 out);
			run_both(what, fd, &attr);
		}
}

static void run_context_sizes(uint32_t type, const int fd[SIDES])
{
	static const uint32_t sizes[] = { 0, 1, 8, 16, 24, 32, 96, 97, 180, 192, 200, 1000 };
	bool plain = type == BPF_PROG_TYPE_RAW_TRACEPOINT || type == BPF_PROG_TYPE_SYSCALL;
	static uint8_t ctx[1024];
	char what[120];

	for (size_t c = 0; c < ARRAY_LEN(sizes); c++)
		for (int out = 0; out < 2; out++) {
			union bpf_attr attr = { 0 };

			/* a frame with an empty first part: docs/differences.md */
			if (type == BPF_PROG_TYPE_XDP && sizes[c] < 8 && (sizes[c] || out))
				continue;
			attr.test.data_in = plain ? 0 : (uintptr_t)packet;
			attr.test.data_size_in = plain ? 0 : 64;
			attr.test.ctx_in = sizes[c] ? (uintptr_t)ctx : 0;
			attr.test.ctx_size_in = sizes[c];
			attr.test.ctx_out = out;
			attr.test.ctx_size_out = out ? 512 : 0;
			/* xdp_md must say where the packet ends */
			memset(ctx, 0, sizeof(ctx));
			if (type == BPF_PROG_TYPE_XDP)
				ctx[4] = 64;
			snprintf(what, sizeof(what), "type %u, context of %u, out %d", type,
				 sizes[c], out);
			run_both(what, fd, &attr);
		}
}

static void run_rules(uint32_t type, const int fd[SIDES])
{
	char what[120];

	for (int rule = 0; rule < 10; rule++) {
		union bpf_attr attr = { 0 };

		attr.test.data_in = (uintptr_t)packet;
		attr.test.data_size_in = 64;
		attr.test.repeat = rule == 0 ? 100 : 0;
		attr.test.flags = rule == 1 ? 1 : rule == 2 ? 4 : rule == 3 ? 8 : 0;
		attr.test.cpu = rule == 4 || rule == 3 ? 1 : rule == 5 ? 10000 : 0;
		attr.test.batch_size = rule == 6;
		attr.test.duration = rule == 7;
		attr.test.ctx_size_in = rule == 8 ? 8 : 0;
		attr.test.ctx_size_out = rule == 9 ? 8 : 0;
		snprintf(what, sizeof(what), "type %u, rule %d", type, rule);
		run_both(what, fd, &attr);
	}
}

static void test_runs_take_what_the_kernels_take(void **state)
{
	static const uint32_t run_types[] = {
		BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_SCHED_CLS,  BPF_PROG_TYPE_SCHED_ACT,
		BPF_PROG_TYPE_XDP,	     BPF_PROG_TYPE_CGROUP_SKB, BPF_PROG_TYPE_RAW_TRACEPOINT,
		BPF_PROG_TYPE_SYSCALL,
	};

	if (!twin_kernel_allowed())
		skip();
	for (size_t t = 0; t < ARRAY_LEN(run_types); t++) {
		union bpf_attr load = load_attr(run_types[t]);
		int fd[SIDES];

		if (run_types[t] == BPF_PROG_TYPE_SYSCALL)
			load.prog_flags = BPF_F_SLEEPABLE;
		assert_int_equal(load_both("for test runs", load, fd), 0);
		run_packet_sizes(run_types[t], fd);
		run_context_sizes(run_types[t], fd);
		run_rules(run_types[t], fd);
		close(fd[ENGINE]);
		close(fd[KERNEL]);
	}
}

/* Linux has no test runs of what is told of here with skep_sysctl_access(): both say so. */
static void cgroup_sysctl_is_not_test_run(void **state)
{
	union bpf_attr load = load_attr(BPF_PROG_TYPE_CGROUP_SYSCTL), attr;
	int fd[SIDES];

	if (!twin_kernel_allowed())
		skip();
	assert_int_equal(load_both("for a test run", load, fd), 0);
	for (int ctx = 0; ctx < 2; ctx++) {
		memset(&attr, 0, sizeof(attr));
		attr.test.ctx_in = ctx ? (uintptr_t)&load : 0;
		attr.test.ctx_size_in = ctx ? sizeof(struct bpf_sysctl) : 0;
		run_both("test run of cgroup_sysctl", fd, &attr);
	}
	close(fd[ENGINE]);
	close(fd[KERNEL]);
}

static void every_type_that_is_run_can_be_run(void **state)
{
	static uint8_t bytes[64];

	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		union bpf_attr attr = load_attr(types[t]);
		int fd;

		if (types[t] == BPF_PROG_TYPE_CGROUP_SYSCTL)
			continue;
		if (types[t] == BPF_PROG_TYPE_SYSCALL)
			attr.prog_flags = BPF_F_SLEEPABLE;
		fd = twin_bpf(ENGINE, BPF_PROG_LOAD, &attr, sizeof(attr));
		assert_true(fd >= 0);
		memset(&attr, 0, sizeof(attr));
		attr.test.prog_fd = (uint32_t)fd;
		attr.test.data_in = (uintptr_t)bytes;
		attr.test.data_size_in = sizeof(bytes);
		if (twin_bpf(ENGINE, BPF_PROG_TEST_RUN, &attr, sizeof(attr))) {
			attr.test.data_in = attr.test.data_size_in = 0;
			assert_int_equal(twin_bpf(ENGINE, BPF_PROG_TEST_RUN, &attr, sizeof(attr)),
					 0);
		}
		assert_int_equal(attr.test.retval, 1);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TWIN_TEST(attach_types_and_flags_are_checked_alike),
		TWIN_TEST(attrs_that_cannot_be_are_refused_alike),
		TWIN_TEST(every_log_size_gives_the_kernels_bytes),
		TWIN_TEST(log_levels_and_buffers_fit_or_are_einval),
		TWIN_TEST(tag_and_plain_fields_are_the_kernels),
		TWIN_TEST(dumped_calls_say_where_and_whom_like_the_kernels),
		TWIN_TEST(info_sizes_and_requests_are_judged_alike),
		TWIN_TEST(test_runs_take_what_the_kernels_take),
		TWIN_TEST(cgroup_sysctl_is_not_test_run),
		TWIN_TEST(every_type_that_is_run_can_be_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
