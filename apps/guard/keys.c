/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard/keys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct walk {
	int (*fn)(void *arg, const char *name, unsigned int mode);
	void *arg;
};

static int walk_folder(const struct walk *walk, int folder, const char *above, int depth);

static int walk_entry(const struct walk *walk, int folder, const char *above, const char *entry,
		      int depth)
{
	char name[PATH_MAX];
	struct stat st;
	int fd;

	if (snprintf(name, sizeof(name), "%s%s%s", above, *above ? "/" : "", entry) >=
	    (int)sizeof(name))
		return 0;
	if (fstatat(folder, entry, &st, AT_SYMLINK_NOFOLLOW))
		return 0;
	if (S_ISREG(st.st_mode))
		return walk->fn(walk->arg, name, st.st_mode);
	if (!S_ISDIR(st.st_mode) || depth == KEYS_DEPTH_MAX)
		return 0;
	fd = openat(folder, entry, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? 0 : walk_folder(walk, fd, name, depth + 1);
}

/* Owns @folder. */
static int walk_folder(const struct walk *walk, int folder, const char *above, int depth)
{
	DIR *dir = fdopendir(folder);
	struct dirent *entry;
	int rc = 0;

	if (!dir) {
		close(folder);
		return -ENOMEM;
	}
	while (!rc && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			rc = walk_entry(walk, folder, above, entry->d_name, depth);
	closedir(dir);
	return rc;
}

int keys_walk(int (*fn)(void *arg, const char *name, unsigned int mode), void *arg)
{
	struct walk walk = { fn, arg };
	int fd = open(KEYS_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : walk_folder(&walk, fd, "", 0);
}

int key_open(const char *name, bool write)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), KEYS_FOLDER "/%s", name);
	fd = open(path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int key_read_fd(int fd, char value[KEYS_VALUE_BYTES])
{
	ssize_t n = pread(fd, value, KEYS_VALUE_BYTES - 1, 0);

	if (n < 0)
		return -errno;
	if (n > 0 && value[n - 1] == '\n')
		n--;
	value[n] = '\0';
	return 0;
}

int key_read(const char *name, char value[KEYS_VALUE_BYTES])
{
	int fd = key_open(name, false);
	int rc;

	if (fd < 0)
		return fd;
	rc = key_read_fd(fd, value);
	close(fd);
	return rc;
}

int key_write_fd(int fd, const char *value)
{
	char text[KEYS_VALUE_BYTES + 1];
	int bytes = snprintf(text, sizeof(text), "%s\n", value);

	if (bytes >= (int)sizeof(text))
		return -E2BIG;
	return pwrite(fd, text, (size_t)bytes, 0) < 0 ? -errno : 0;
}

int key_write(const char *name, const char *value)
{
	char path[PATH_MAX];
	int fd, rc;

	snprintf(path, sizeof(path), KEYS_FOLDER "/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = key_write_fd(fd, value);
	close(fd);
	return rc;
}

bool key_is_restless(const char *name)
{
	static const char *const names[] = {
		"kernel/ns_last_pid",
		"kernel/perf_event_max_sample_rate",
		"kernel/tainted",
		"kernel/random/boot_id",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}
