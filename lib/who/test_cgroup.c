/* SPDX-License-Identifier: BSD-2-Clause */
/* Where cgroup v2 is mounted and what /proc/PID/cgroup says, from text; and ids of what is there. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "who/cgroup.h"
#include "who/process.h"
#include "who/who.h"

static void the_mount_is_found(void **state)
{
	char path[CGROUP_PATH_BYTES];

	(void)state;
	assert_int_equal(cgroup_mount_parse("24 1 0:22 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 "
					    "cgroup2 rw,nsdelegate\n",
					    path),
			 0);
	assert_string_equal(path, "/sys/fs/cgroup");
	assert_int_equal(cgroup_mount_parse("24 1 0:22 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
					    "25 1 0:23 / /sys/fs/cgroup/unified rw - cgroup2 none rw\n",
					    path),
			 0);
	assert_string_equal(path, "/sys/fs/cgroup/unified");
	assert_int_equal(cgroup_mount_parse("25 1 0:23 / /a\\040b rw - cgroup2 none rw", path), 0);
	assert_string_equal(path, "/a b");
}

static void what_is_no_mount_is_refused(void **state)
{
	static const char *const texts[] = {
		"", "\n\n", "cgroup2", " - cgroup2 ", "25 1 - cgroup2 none rw\n",
		"25 1 0:23 / /x rw - cgroup none rw\n", "1 2 3 4 5", "25 1 0:23 / /x rw - cgroup2",
	};
	char path[CGROUP_PATH_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_not_equal(cgroup_mount_parse(texts[i], path), 0);
}

static void the_line_of_v2_is_read(void **state)
{
	char path[CGROUP_PATH_BYTES], longest[2 * CGROUP_PATH_BYTES] = "0::/";

	(void)state;
	assert_int_equal(cgroup_line_parse("4:cpu:/x\n1:name=systemd:/\n0::/a/b.service\n", path), 0);
	assert_string_equal(path, "/a/b.service");
	assert_int_equal(cgroup_line_parse("0::/", path), 0);
	assert_string_equal(path, "/");
	assert_int_not_equal(cgroup_line_parse("4:cpu:/x\n", path), 0);
	assert_int_not_equal(cgroup_line_parse("", path), 0);
	memset(longest + 4, 'x', sizeof(longest) - 5);
	assert_int_not_equal(cgroup_line_parse(longest, path), 0);
}

static int count_cgroups(void *arg, const char *path, uint64_t id, uint32_t level)
{
	uint32_t *n = arg, level_again;
	struct error err;
	uint64_t id_again;

	/* One that goes meanwhile is not our business. */
	if (cgroup_id_of(path, &id_again, &level_again, &err) == 0) {
		assert_true(id == id_again);
		assert_int_equal(level, level_again);
	}
	return ++*n == 20;
}

static void ids_and_paths_go_both_ways(void **state)
{
	char path[CGROUP_PATH_BYTES];
	uint32_t level, n = 0;
	struct error err;
	uint64_t id;

	(void)state;
	if (cgroup_mount(path, &err)) {
		print_message("%s\n", err.text);
		skip();
	}
	assert_int_equal(cgroup_id_of("/", &id, &level, &err), 0);
	assert_int_equal(level, 0);
	if (geteuid() == 0) {
		assert_int_equal(cgroup_path_of(id, path), 0);
		assert_string_equal(path, "/");
	}
	assert_true(cgroup_walk(count_cgroups, &n) >= 0);
	assert_true(n >= 1);
	assert_true(cgroup_id_of("/no/such/cgroup", &id, &level, &err) < 0);
	assert_non_null(strstr(err.text, "/no/such/cgroup"));
	assert_true(cgroup_path_of(0x7fffffffffffull, path) < 0);
}

static void our_own_process_is_read(void **state)
{
	struct process p;
	struct error err;

	(void)state;
	assert_int_equal(process_read((uint32_t)getpid(), &p, &err), 0);
	assert_int_equal(p.ppid, getppid());
	assert_int_equal(p.uid, getuid());
	assert_non_null(strstr(p.exe, p.comm));
	assert_int_not_equal(process_read(0x7fffffff, &p, &err), 0);
	assert_non_null(strstr(err.text, "2147483647"));
}

static void a_process_is_known_by_when_it_began(void **state)
{
	uint64_t ours = 0, again = 0, other = 0;
	struct timespec now;
	char name[16];
	pid_t child;

	(void)state;
	assert_int_equal(process_start((uint32_t)getpid(), &ours), 0);
	assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &now), 0);
	assert_true(ours <= (uint64_t)now.tv_sec * 100 + (uint64_t)now.tv_nsec / 10000000);
	assert_int_equal(prctl(PR_GET_NAME, name), 0);
	assert_int_equal(prctl(PR_SET_NAME, ") 1 (2 3"), 0);
	assert_int_equal(process_start((uint32_t)getpid(), &again), 0);
	assert_int_equal(again, ours);
	assert_int_equal(prctl(PR_SET_NAME, name), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		pause();
	assert_int_equal(process_start((uint32_t)child, &other), 0);
	assert_true(other >= ours);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(process_start(0x7fffffff, &other), -ESRCH);
}

static void what_was_learnt_is_known_and_the_oldest_forgotten(void **state)
{
	struct who *who = who_new();
	char path[64];

	(void)state;
	/* Ids far beyond those of any machine, so that looking them up finds nothing. */
	for (uint64_t i = 0; i < WHO_CGROUPS_MAX + 10; i++) {
		snprintf(path, sizeof(path), "/lxc/c%llu", (unsigned long long)i);
		who_learn(who, (1ull << 60) + i, path);
	}
	assert_string_equal(who_cgroup(who, (1ull << 60) + 10)->container.name, "c10");
	assert_string_equal(who_cgroup(who, (1ull << 60) + WHO_CGROUPS_MAX + 9)->path, "/lxc/c16393");
	assert_string_equal(who_cgroup(who, (1ull << 60) + 9)->path, "");
	who_learn(who, (1ull << 60) + 10, "/lxc/renamed");
	assert_string_equal(who_cgroup(who, (1ull << 60) + 10)->container.name, "renamed");
	who_free(who);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_mount_is_found),
		cmocka_unit_test(what_is_no_mount_is_refused),
		cmocka_unit_test(the_line_of_v2_is_read),
		cmocka_unit_test(ids_and_paths_go_both_ways),
		cmocka_unit_test(our_own_process_is_read),
		cmocka_unit_test(a_process_is_known_by_when_it_began),
		cmocka_unit_test(what_was_learnt_is_known_and_the_oldest_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
