/* SPDX-License-Identifier: BSD-2-Clause */
#include "who/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_PIDNS_INODE  0xeffffffcu
#define FIRST_TIMENS_INODE 0xeffffffau
#define STAT_START	   20 /* words behind the name, until the time it began (proc(5)) */
#define PROC_PATH_BYTES	   64
#define STATUS_BYTES	   4096

/* The first bytes of a file of /proc/PID as text: 0 or -errno. */
static int read_text(uint32_t pid, const char *name, char *text, size_t bytes)
{
	char path[PROC_PATH_BYTES];
	FILE *file;
	size_t n;
	int rc;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	n = fread(text, 1, bytes - 1, file);
	rc = ferror(file) ? -EIO : 0;
	text[n] = '\0';
	fclose(file);
	return rc;
}

static uint32_t status_number(const char *status, const char *key)
{
	const char *line = strstr(status, key);

	return line ? (uint32_t)strtoul(line + strlen(key), NULL, 10) : 0;
}

bool process_numbers_are_the_kernels(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == FIRST_PIDNS_INODE;
}

bool process_times_are_the_kernels(void)
{
	struct stat st;

	/* Kernels that have no such namespaces have no such file. */
	return stat("/proc/self/ns/time", &st) ? errno == ENOENT : st.st_ino == FIRST_TIMENS_INODE;
}

int process_start(uint32_t pid, uint64_t *ticks)
{
	char text[STATUS_BYTES], *word, *end;
	int rc = read_text(pid, "stat", text, sizeof(text));

	if (rc)
		return rc == -ENOENT ? -ESRCH : rc;
	/* Its name may have blanks and brackets in it. */
	word = strrchr(text, ')');
	for (int i = 0; word && i < STAT_START; i++)
		word = strchr(word + 1, ' ');
	if (!word)
		return -EINVAL;
	*ticks = strtoull(word + 1, &end, 10);
	return end > word + 1 ? 0 : -EINVAL;
}

int process_read(uint32_t pid, struct process *p, struct error *err)
{
	char text[STATUS_BYTES + CGROUP_PATH_BYTES], path[PROC_PATH_BYTES];
	ssize_t n;
	int rc;

	memset(p, 0, sizeof(*p));
	p->pid = pid;
	rc = read_text(pid, "comm", text, sizeof(p->comm) + 1);
	if (rc == -ENOENT || rc == -EIO)
		return error_set(err, -ESRCH, "there is no process %u", pid);
	if (rc)
		return error_set(err, rc, "cannot read process %u: %s", pid, strerror(-rc));
	snprintf(p->comm, sizeof(p->comm), "%.*s", (int)strcspn(text, "\n"), text);
	rc = read_text(pid, "status", text, sizeof(text));
	if (rc)
		return error_set(err, rc, "cannot read process %u: %s", pid, strerror(-rc));
	p->ppid = status_number(text, "\nPPid:");
	p->uid = status_number(text, "\nUid:");
	snprintf(path, sizeof(path), "/proc/%u/exe", pid);
	n = readlink(path, p->exe, sizeof(p->exe) - 1);
	p->exe[n > 0 ? n : 0] = '\0';
	if (read_text(pid, "cgroup", text, sizeof(text)) || cgroup_line_parse(text, p->cgroup))
		p->cgroup[0] = '\0';
	return 0;
}
