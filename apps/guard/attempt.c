/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard/attempt.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guard/keys.h"

#define FILE_IDEAS_MAX 12
#define MTU_ONE	       1400
#define MTU_OTHER      1444

/* --- values ---------------------------------------------------------------------------------- */

/* Ideas for one number, those nearest to what is there first. */
static bool other_number(long long number, uint32_t i, long long *out)
{
	const long long ideas[] = {
		number ? number - 1 : 1,
		number + 1,
		number * 2,
		number ? number / 2 : 2000,
		0,
		1,
		2,
		1 << 20,
	};

	if (i >= sizeof(ideas) / sizeof(ideas[0]))
		return false;
	*out = ideas[i];
	return true;
}

static bool other_word(const char *value, uint32_t i, char *out)
{
	static const char *const words[] = { "skepdoor",  "reno", "cubic", "kernel",
					     "userspace", "Y",	  "N" };

	if (i >= sizeof(words) / sizeof(words[0]))
		return false;
	snprintf(out, KEYS_VALUE_BYTES, "%s", strcmp(words[i], value) == 0 ? "skepwood" : words[i]);
	return true;
}

/* The last number is changed first: of three that must rise it is free to. */
bool attempt_other_value(const char *value, uint32_t i, char *out)
{
	size_t ideas = 8, end = strlen(value), begin;
	long long number;
	char *rest;

	for (size_t skip = i / ideas; end; skip--) {
		while (end && strchr(" \t", value[end - 1]))
			end--;
		begin = end;
		while (begin && !strchr(" \t", value[begin - 1]))
			begin--;
		if (skip == 0)
			break;
		end = begin;
	}
	if (end == 0)
		return *value ? false : other_word(value, i, out);
	number = strtoll(value + begin, &rest, 10);
	if (rest != value + end)
		return other_word(value, i, out);
	if (!other_number(number, i % (uint32_t)ideas, &number))
		return false;
	snprintf(out, KEYS_VALUE_BYTES, "%.*s%lld%s", (int)begin, value, number, value + end);
	return true;
}

/* --- system calls ---------------------------------------------------------------------------- */

static int call_sethostname(void *arg, bool again)
{
	const char *name = again ? "skepdoor-one" : "skepdoor-other";

	(void)arg;
	return sethostname(name, strlen(name)) ? -errno : 0;
}

static int call_setdomainname(void *arg, bool again)
{
	const char *name = again ? "skepdoor.one" : "skepdoor.other";

	(void)arg;
	return setdomainname(name, strlen(name)) ? -errno : 0;
}

static int call_ioctl_mtu(void *arg, bool again)
{
	struct ifreq request = { .ifr_name = ATTEMPT_DEVICE };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc;

	(void)arg;
	request.ifr_mtu = again ? MTU_ONE : MTU_OTHER;
	rc = fd < 0 || ioctl(fd, SIOCSIFMTU, &request) ? -errno : 0;
	if (fd >= 0)
		close(fd);
	return rc;
}

/* The level of messages for the console, 8: SYSLOG_ACTION_CONSOLE_LEVEL. */
static int call_syslog(void *arg, bool again)
{
	(void)arg;
	return klogctl(8, NULL, again ? 5 : 3) < 0 ? -errno : 0;
}

/* On while its descriptor is open. */
static int call_bpf_stats(void *arg, bool again)
{
	union bpf_attr attr = { 0 };
	int *fd = arg;

	if (again) {
		if (*fd >= 0)
			close(*fd);
		*fd = -1;
		return 0;
	}
	attr.enable_stats.type = BPF_STATS_RUN_TIME;
	*fd = (int)syscall(SYS_bpf, BPF_ENABLE_STATS, &attr, sizeof(attr));
	return *fd < 0 ? -errno : 0;
}

void attempt_each_call(bool whole_machine, attempt_try_fn *try, void *experiment)
{
	int fd = -1;

	try(experiment, DOOR_SYSCALL, "sethostname", call_sethostname, NULL);
	try(experiment, DOOR_SYSCALL, "setdomainname", call_setdomainname, NULL);
	try(experiment, DOOR_SYSCALL, "ioctl", call_ioctl_mtu, NULL);
	if (!whole_machine)
		return;
	try(experiment, DOOR_SYSCALL, "syslog", call_syslog, NULL);
	try(experiment, DOOR_SYSCALL, "bpf", call_bpf_stats, &fd);
}

/* --- other files ----------------------------------------------------------------------------- */

struct file_write {
	const char *path;
	char other[KEYS_VALUE_BYTES], original[KEYS_VALUE_BYTES];
};

static int put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, value, strlen(value));
	n = n < 0 ? -errno : 0;
	close(fd);
	return (int)n;
}

static int get(const char *path, char value[KEYS_VALUE_BYTES])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int rc;

	if (fd < 0)
		return -errno;
	rc = key_read_fd(fd, value);
	close(fd);
	return rc;
}

static int write_file(void *arg, bool again)
{
	const struct file_write *write = arg;

	return put(write->path, again ? write->original : write->other);
}

static void try_file(const char *path, attempt_try_fn *try, void *experiment)
{
	struct file_write *write = calloc(1, sizeof(*write));
	char now[KEYS_VALUE_BYTES];

	if (!write)
		return;
	write->path = path;
	for (uint32_t i = 0; i < FILE_IDEAS_MAX && get(path, write->original) == 0; i++) {
		if (!attempt_other_value(write->original, i, write->other))
			break;
		if (put(path, write->other) || get(path, now) || strcmp(now, write->original) == 0)
			continue;
		if (put(path, write->original) == 0)
			try(experiment, DOOR_FILE, path, write_file, write);
		break;
	}
	free(write);
}

/* Files that end or disturb the experiment itself. */
static bool is_fatal_file(const char *name)
{
	static const char *const names[] = { "netpoll",	      "carrier", "uevent", "nomerges",
					     "panic_on_warn", "panic",	 "gdb" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return i != 4 && i != 5;
	return false;
}

static void try_folder(const char *folder, int depth, attempt_try_fn *try, void *experiment)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[EXPERIMENT_WAY_BYTES];
	struct stat st;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || is_fatal_file(entry->d_name) ||
		    snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >=
			    (int)sizeof(path) ||
		    lstat(path, &st))
			continue;
		if (S_ISDIR(st.st_mode) && depth > 0)
			try_folder(path, depth - 1, try, experiment);
		else if (S_ISREG(st.st_mode) && (st.st_mode & 0200))
			try_file(path, try, experiment);
	}
	if (dir)
		closedir(dir);
}

/* A digit is the console's level. */
static int write_sysrq(void *arg, bool again)
{
	(void)arg;
	return put("/proc/sysrq-trigger", again ? "5" : "3");
}

void attempt_each_file(bool whole_machine, attempt_try_fn *try, void *experiment)
{
	try_folder("/sys/class/net/" ATTEMPT_DEVICE, 0, try, experiment);
	if (!whole_machine)
		return;
	try(experiment, DOOR_FILE, "/proc/sysrq-trigger", write_sysrq, NULL);
	try_folder("/sys/module", 2, try, experiment);
	try_folder("/sys/kernel/mm", 4, try, experiment);
	try_folder("/sys/devices/system/node", 4, try, experiment);
	try_file("/sys/kernel/uevent_helper", try, experiment);
}
