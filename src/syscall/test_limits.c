/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: a client without free descriptors gets EMFILE, an engine at its quota says ENOMEM; neither
 * leaves anything behind, and with room again the command succeeds. Method: every row of test_world.h
 * with N descriptors free, for N = 0, 1, … until it succeeds, and at quotas that leave nothing.
 */
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "object/btf_object.h"
#include "syscall/test_world.h"

/* --- descriptors ------------------------------------------------------------------------------------ */

/* High enough that some of the engine's own stay beyond FD_HIGH_MIN; low, that none does. */
static const rlim_t fd_limits[] = { FD_HIGH_MIN + 64, FD_HIGH_MIN - 64 };

static struct rlimit limit_before;
static rlim_t fd_limit;
static int filled[FD_HIGH_MIN + 64], n_filled, n_free;

/* All descriptors below the limit taken but the lowest @n of them. */
static void fds_arm(int n)
{
	struct rlimit lim = limit_before;
	int fd;

	lim.rlim_cur = fd_limit;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &lim), 0);
	n_filled = 0;
	while ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		filled[n_filled++] = fd;
	assert_int_equal(errno, EMFILE);
	n_free = n - 1;
	assert_true(n_free < n_filled);
	for (int i = 0; i < n_free; i++)
		close(filled[i]);
}

static bool fds_disarm(int ret)
{
	for (int i = n_free; i < n_filled; i++)
		close(filled[i]);
	setrlimit(RLIMIT_NOFILE, &limit_before);
	return ret == -EMFILE;
}

static bool is_emfile(int err)
{
	return err == -EMFILE;
}

static const struct fault no_fd = { "descriptor", fds_arm, fds_disarm, is_emfile };

static void without_descriptors_commands_are_emfile_and_leave_nothing(void **state)
{
	assert_int_equal(fault_handlers_restore(), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit_before), 0);
	for (size_t limit = 0; limit < ARRAY_SIZE(fd_limits); limit++) {
		fd_limit = fd_limits[limit];
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			int n = 1;

			while (fault_one(&rows[i], &no_fd, n))
				n++;
			if (rows[i].makes & MAKES_FD && n == 1)
				fail_msg("%s makes a descriptor where there is no room",
					 rows[i].name);
		}
	}
}

/* In a child: it may have no watch on closed descriptors, and finds out all the same. */
static void engine_made_on_the_last_descriptors_works(void)
{
	union bpf_attr attr = attr_map_create(BPF_MAP_TYPE_HASH);
	struct engine_opts opts = { .n_slots = 1 };
	struct engine *other;
	struct seam_caller sc;
	struct rlimit lim = { FD_HIGH_MIN - 64, FD_HIGH_MIN - 64 };
	int err = -EMFILE, fd;

	limit_before = lim;
	fd_limit = lim.rlim_cur;
	for (int n = 1; err; n++) {
		fds_arm(n);
		err = engine_new(&opts, &other);
		for (int i = n_free; i < n_filled; i++)
			close(filled[i]);
		if (err != -EMFILE && err)
			_exit(1);
	}
	seam_caller_init(&sc, other);
	fd = call(&sc, BPF_MAP_CREATE, &attr);
	attr = (union bpf_attr){ .pathname = (uintptr_t)pin, .bpf_fd = (uint32_t)fd };
	if (fd < 0 || pin_dir_add(other, dir) || call(&sc, BPF_OBJ_PIN, &attr))
		_exit(2);
	close(fd);
	engine_poll(other);
	if (!atomic_load(&other->objects_used))
		_exit(3);
	unlink(pin);
	engine_poll(other);
	_exit(atomic_load(&other->objects_used) ? 4 : 0);
}

static void engine_without_descriptors_is_emfile(void **state)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		engine_made_on_the_last_descriptors_works();
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

/* The base BTF is loaded on first use: what fails then does not leave a lesser one for good. */
static void base_btf_is_the_machines_after_a_failure(void **state)
{
	struct engine_opts opts = { .n_slots = 1 };
	const struct btf_object *base;
	struct engine *other;
	uint32_t bytes;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit_before), 0);
	fd_limit = fd_limits[0];
	bytes = engine_base_btf(engine)->data_bytes;
	assert_int_equal(engine_new(&opts, &other), 0);
	fds_arm(1);
	base = engine_base_btf(other);
	fds_disarm(0);
	assert_true(!base || base->data_bytes == bytes);
	for (uint32_t n = 1; n < 3; n++) {
		mem_fail_at = n;
		base = engine_base_btf(other);
		mem_fail_at = 0;
		assert_true(!base || base->data_bytes == bytes);
	}
	base = engine_base_btf(other);
	assert_non_null(base);
	assert_int_equal(base->data_bytes, bytes);
	engine_free(other);
}

/* --- quotas ------------------------------------------------------------------------------------------- */

static struct engine_quota quota_before;

static bool quota_disarm(int ret)
{
	engine->quota = quota_before;
	return ret == -ENOMEM;
}

static bool is_enomem(int err)
{
	return err == -ENOMEM;
}

static void bytes_arm(int n)
{
	quota_before = engine->quota;
	engine->quota.bytes_max = atomic_load(&engine->bytes_used);
}

static void objects_arm(int n)
{
	quota_before = engine->quota;
	engine->quota.objects_max = atomic_load(&engine->objects_used);
}

static const struct fault no_bytes = { "quota of bytes", bytes_arm, quota_disarm, is_enomem };
static const struct fault no_objects = { "quota of objects", objects_arm, quota_disarm, is_enomem };

static bool charges(const struct row *row)
{
	/* XSKMAP: its slots stay empty, it has none. */
	return (row->cmd == BPF_MAP_CREATE && row->arg != BPF_MAP_TYPE_XSKMAP) ||
	       row->cmd == BPF_PROG_LOAD || row->cmd == BPF_BTF_LOAD;
}

static char said[256];

static void note_refusal(void *arg, int err, const char *why)
{
	snprintf(said, sizeof(said), "%d %s", err, why);
}

static void at_a_quota_commands_are_enomem_and_leave_nothing(void **state)
{
	assert_int_equal(fault_handlers_restore(), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		engine->refused = note_refusal;
		strcpy(said, "");
		if (fault_one(&rows[i], &no_objects, 1) != !!(rows[i].makes & MAKES_OBJECT))
			fail_msg("%s at the quota of objects", rows[i].name);
		if (rows[i].makes & MAKES_OBJECT && rows[i].cmd != CMD_PERF_EVENT_OPEN)
			assert_non_null(strstr(said, "maps, programs and other objects"));
		strcpy(said, "");
		if (fault_one(&rows[i], &no_bytes, 1) != charges(&rows[i]))
			fail_msg("%s at the quota of bytes", rows[i].name);
		if (charges(&rows[i]))
			assert_non_null(strstr(said, "MiB for maps, programs and BTF"));
	}
}

/* A verification that needs too much memory or time: the engine's own limits, said in the log. */
static void verifier_quotas_reject_and_say_so(void **state)
{
	static const struct bpf_insn loop[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 20000 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .imm = -1 },
		{ .code = BPF_JMP | BPF_JNE | BPF_K, .off = -2 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	static char log[1 << 16];
	union bpf_attr attr = attr_prog_load(BPF_PROG_TYPE_XDP);

	assert_int_equal(fault_handlers_restore(), 0);
	world_new();
	attr.insns = (uintptr_t)loop;
	attr.insn_cnt = ARRAY_SIZE(loop);
	attr.log_buf = (uintptr_t)log;
	attr.log_size = sizeof(log);
	quota_before = engine->quota;
	engine->quota.verifier_bytes_max = 1;
	assert_int_equal(call(&good, BPF_PROG_LOAD, &attr), -E2BIG);
	assert_non_null(strstr(log, "verification needs more memory than this engine allows"));
	engine->quota = quota_before;
	engine->quota.verifier_ns_max = 1;
	assert_int_equal(call(&good, BPF_PROG_LOAD, &attr), -EINTR);
	assert_non_null(strstr(log, "verification took longer than this engine allows"));
	engine->quota = quota_before;
	attr.log_level = attr.log_size = 0;
	attr.log_buf = 0;
	w.extra = call(&good, BPF_PROG_LOAD, &attr);
	assert_true(w.extra >= 0);
	world_end();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(without_descriptors_commands_are_emfile_and_leave_nothing),
		TEST(engine_without_descriptors_is_emfile),
		TEST(base_btf_is_the_machines_after_a_failure),
		TEST(at_a_quota_commands_are_enomem_and_leave_nothing),
		TEST(verifier_quotas_reject_and_say_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
