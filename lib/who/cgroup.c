/* SPDX-License-Identifier: BSD-2-Clause */
#include "who/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "buffer.h"

#define MOUNTINFO	 "/proc/self/mountinfo"
#define FILEID_KERNFS	 0xfe /* include/linux/exportfs.h */
#define WALK_DEPTH_MAX 64

/* "\040" is a space: octal escapes of proc(5). */
static void unescape(const char *from, size_t n, char to[CGROUP_PATH_BYTES])
{
	size_t out = 0;

	for (size_t i = 0; i < n && out + 1 < CGROUP_PATH_BYTES; i++) {
		if (from[i] == '\\' && i + 3 < n && strspn(from + i + 1, "01234567") >= 3) {
			to[out++] = (char)((from[i + 1] - '0') << 6 | (from[i + 2] - '0') << 3 |
					   (from[i + 3] - '0'));
			i += 3;
		} else {
			to[out++] = from[i];
		}
	}
	to[out] = '\0';
}

/* Field 5 of a line is the mount point; the type follows " - " (proc(5)). */
static int parse_line(const char *line, size_t bytes, char path[CGROUP_PATH_BYTES])
{
	const char *end = line + bytes, *dash = memmem(line, bytes, " - ", 3), *word = line;
	size_t n;

	if (!dash || end - dash < 11 || memcmp(dash + 3, "cgroup2 ", 8))
		return -ENOENT;
	for (int field = 1; field < 5; field++) {
		word = memchr(word, ' ', (size_t)(dash - word));
		if (!word)
			return -ENOENT;
		word++;
	}
	n = strcspn(word, " ");
	if (n == 0 || n >= CGROUP_PATH_BYTES)
		return -ENOENT;
	unescape(word, n, path);
	return 0;
}

int cgroup_mount_parse(const char *mountinfo, char path[CGROUP_PATH_BYTES])
{
	size_t n;

	for (; *mountinfo; mountinfo += n + (mountinfo[n] == '\n')) {
		n = strcspn(mountinfo, "\n");
		if (parse_line(mountinfo, n, path) == 0)
			return 0;
	}
	return -ENOENT;
}

/* A whole file of /proc, whose size is not known beforehand: 0 or -errno. */
static int read_proc(const char *path, struct buffer *out)
{
	char part[CGROUP_PATH_BYTES];
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, part, sizeof(part))) > 0)
		buffer_add(out, part, (size_t)n);
	if (n < 0)
		rc = -errno;
	close(fd);
	return rc;
}

int cgroup_mount(char path[CGROUP_PATH_BYTES], struct error *err)
{
	struct buffer text = { 0 };
	int rc = read_proc(MOUNTINFO, &text);

	if (rc)
		error_set(err, rc, "cannot read " MOUNTINFO ": %s", strerror(-rc));
	else if (cgroup_mount_parse(buffer_string(&text), path))
		rc = error_set(err, -ENOENT,
			       "there is no cgroup v2 here: `mount -t cgroup2 none DIR` makes its "
			       "tree visible");
	buffer_deinit(&text);
	return rc;
}

static uint32_t depth_of(const char *path)
{
	uint32_t depth = 0;

	for (size_t i = 0; path[i]; i++)
		depth += path[i] != '/' && (i == 0 || path[i - 1] == '/');
	return depth;
}

/* @mount + "/" + @path, or @path itself where it already begins with @mount. 0 or -ENAMETOOLONG. */
static int whole_path(const char *mount, const char *path, char out[CGROUP_PATH_BYTES])
{
	size_t n = strlen(mount);
	bool whole = strncmp(path, mount, n) == 0 && (path[n] == '/' || !path[n]);
	int bytes = whole ? snprintf(out, CGROUP_PATH_BYTES, "%s", path)
			  : snprintf(out, CGROUP_PATH_BYTES, "%s/%s", mount,
				     path + (path[0] == '/'));

	return bytes < CGROUP_PATH_BYTES ? 0 : -ENAMETOOLONG;
}

int cgroup_id_of(const char *path, uint64_t *id, uint32_t *level, struct error *err)
{
	char mount[CGROUP_PATH_BYTES], whole[CGROUP_PATH_BYTES], real[PATH_MAX];
	struct statfs fs;
	struct stat st;
	int rc = cgroup_mount(mount, err);

	if (rc)
		return rc;
	rc = whole_path(mount, path, whole);
	if (rc)
		return error_set(err, rc, "'%.80s...' is too long for a path", path);
	if (!realpath(whole, real) || stat(real, &st) || statfs(real, &fs))
		return error_set(err, -errno, "'%s': there is no cgroup %s: %s", path, whole,
				 strerror(errno));
	if (fs.f_type != CGROUP2_SUPER_MAGIC || !S_ISDIR(st.st_mode))
		return error_set(err, -ENOTDIR, "'%s': %s is not a cgroup (v2)", path, real);
	*id = st.st_ino;
	*level = depth_of(real) - depth_of(mount);
	return 0;
}

int cgroup_path_of(uint64_t id, char path[CGROUP_PATH_BYTES])
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + sizeof(id)];
	} of = { .handle = { .handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS } };
	char mount[CGROUP_PATH_BYTES], link[64], real[CGROUP_PATH_BYTES];
	int root, fd, rc = 0;
	struct error err;
	ssize_t n;

	if (cgroup_mount(mount, &err))
		return -ENOENT;
	root = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	memcpy(of.handle.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(root, &of.handle, O_PATH | O_CLOEXEC);
	if (fd < 0)
		rc = -errno;
	close(root);
	if (rc)
		return rc;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, real, sizeof(real) - 1);
	close(fd);
	if (n < 0)
		return -errno;
	real[n] = '\0';
	if (strncmp(real, mount, strlen(mount)))
		return -ENOENT;
	snprintf(path, CGROUP_PATH_BYTES, "%s", real[strlen(mount)] ? real + strlen(mount) : "/");
	return 0;
}

int cgroup_line_parse(const char *text, char path[CGROUP_PATH_BYTES])
{
	size_t n;

	for (; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		if (n < 4 || strncmp(text, "0::/", 4) || n - 3 >= CGROUP_PATH_BYTES)
			continue;
		memcpy(path, text + 3, n - 3);
		path[n - 3] = '\0';
		return 0;
	}
	return -ENOENT;
}

struct walk {
	int (*fn)(void *arg, const char *path, uint64_t id, uint32_t level);
	void *arg;
	char path[CGROUP_PATH_BYTES]; /* below the mount, without the last slash */
};

static int walk_children(struct walk *walk, int fd, uint32_t level)
{
	size_t n = strlen(walk->path);
	struct dirent *entry;
	int rc = 0, child;
	DIR *dir;

	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -errno;
	}
	while (!rc && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
		    n + 1 + strlen(entry->d_name) >= sizeof(walk->path))
			continue;
		snprintf(walk->path + n, sizeof(walk->path) - n, "/%s", entry->d_name);
		rc = walk->fn(walk->arg, walk->path, entry->d_ino, level + 1);
		if (!rc && level < WALK_DEPTH_MAX) {
			/* One that has gone since has no children. */
			child = openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			if (child >= 0)
				rc = walk_children(walk, child, level + 1);
		}
		walk->path[n] = '\0';
	}
	closedir(dir);
	return rc;
}

int cgroup_walk(int (*fn)(void *arg, const char *path, uint64_t id, uint32_t level), void *arg)
{
	struct walk walk = { .fn = fn, .arg = arg };
	char mount[CGROUP_PATH_BYTES];
	struct error err;
	struct stat st;
	int fd, rc;

	rc = cgroup_mount(mount, &err);
	if (rc)
		return rc;
	fd = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = fstat(fd, &st) ? -errno : fn(arg, "/", st.st_ino, 0);
	if (rc) {
		close(fd);
		return rc;
	}
	return walk_children(&walk, fd, 0);
}
