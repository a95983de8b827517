/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Real accesses to sysctls, for tests: by a child in a cgroup, in network and UTS namespaces of the test's own
 * (access_namespaces()), of keys those namespaces have. Nothing of the machine's is written.
 * Keys that take the RTNL lock (forwarding) are no good: the kernel restarts writes while it is held.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define VALUE_BYTES 8192
#define COMM "sysctl-child"

struct access {
	const char *name; /* beneath /proc/sys */
	bool write;
	const char *value; /* written, value_bytes of it (0: all) */
	uint32_t value_bytes;
	uint32_t read_bytes;
	int64_t pos;
};

/* What a child did and saw; in memory shared with us. */
struct report {
	int pid;
	int64_t ret, pos_after;
	uint32_t current_bytes, after_bytes;
	char current[VALUE_BYTES], after[VALUE_BYTES], read[VALUE_BYTES];
};

static struct report *report;
static char *page_of_x; /* VALUE_BYTES of x */

static inline const char *bytes_of(const struct access *a, uint32_t *n)
{
	*n = a->value && !a->value_bytes ? (uint32_t)strlen(a->value) : a->value_bytes;
	return a->value ? a->value : page_of_x;
}

static inline int open_sysctl(const char *name, int flags)
{
	char path[300];

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	return open(path, flags | O_CLOEXEC);
}

static inline uint32_t read_all(const char *name, char *value)
{
	int fd = open_sysctl(name, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, value, VALUE_BYTES);

	close(fd);
	return n < 0 ? 0 : (uint32_t)n;
}

/* One read or write of the file, of @n bytes at @pos. */
static inline void access_file(const struct access *a, int64_t pos, const char *value, uint32_t n)
{
	int fd = open_sysctl(a->name, a->write ? O_WRONLY : O_RDONLY);
	ssize_t ret;

	lseek(fd, pos, SEEK_SET);
	if (a->write)
		ret = syscall(SYS_write, fd, value, n); /* may return more than n, unlike what sanitizers know */
	else
		ret = read(fd, report->read, a->read_bytes);
	report->ret = ret < 0 ? -errno : ret;
	report->pos_after = lseek(fd, 0, SEEK_CUR);
	close(fd);
}

/* fork() of a child that is born in a cgroup: moving one there takes the kernel long. */
static inline pid_t clone_into(int cgroup)
{
	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD,
				   .cgroup = (uint64_t)cgroup };

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static inline void write_back(const char *name)
{
	int fd = open_sysctl(name, O_WRONLY);

	assert_int_equal(write(fd, report->current, report->current_bytes), report->current_bytes);
	close(fd);
}

/*
 * The access, at @pos with @value, by a child in @cgroup, or by one outside when that is -1. What it was
 * before and after is read outside, where it is put back as it was.
 */
static inline void in_child(const struct access *a, int64_t pos, const char *value, uint32_t n, int cgroup)
{
	int status;
	pid_t pid;

	memset(report, 0, sizeof(*report));
	report->current_bytes = read_all(a->name, report->current);
	pid = cgroup >= 0 ? clone_into(cgroup) : fork();
	assert_true(pid >= 0);
	if (!pid) {
		report->pid = (int)syscall(SYS_getpid);
		prctl(PR_SET_NAME, COMM);
		access_file(a, pos, value, n);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	report->after_bytes = read_all(a->name, report->after);
	if (strcmp(report->after, report->current))
		write_back(a->name);
}

/* Before anything else: memory shared with children. */
static inline void access_init(void)
{
	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	page_of_x = malloc(VALUE_BYTES);
	assert_true(report != MAP_FAILED && page_of_x);
	memset(page_of_x, 'x', VALUE_BYTES);
}

static inline void access_deinit(void)
{
	munmap(report, sizeof(*report));
	free(page_of_x);
}

/* Namespaces of our own, for good: false, they cannot be had. */
static inline bool access_namespaces(void)
{
	return !unshare(CLONE_NEWNET | CLONE_NEWUTS) && !sethostname("first", 5);
}
