/* SPDX-License-Identifier: BSD-2-Clause */
#include "sym/library.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "file.h"

#define CACHE_PATH    "/etc/ld.so.cache"
#define CACHE_MAGIC   "glibc-ld.so.cache1.1"
#define CACHE_ENTRIES 1000000u /* more is damage */
#define CACHE_X86_64  0x0303   /* flags: a library of the C library 6, x86-64 */

/* The file of ldconfig(8), glibc's elf/dl-cache: this head, entries, strings. Offsets are from the head. */
struct cache_head {
	char magic[20];
	uint32_t n_entries;
	uint32_t strings_bytes;
	uint32_t unused[5];
};

struct cache_entry {
	int32_t flags;
	uint32_t key;
	uint32_t value;
	uint32_t os_version;
	uint64_t hardware;
};

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "libc" means libc.so, libc.so.6 and libc-2.31.so; "c" means libc; a whole name means itself. */
static bool is_named(const char *file, const char *name)
{
	size_t n = strlen(name);

	if (strcmp(file, name) == 0)
		return true;
	if (strncmp(name, "lib", 3) != 0 && strncmp(file, "lib", 3) == 0)
		file += 3;
	if (strncmp(file, name, n) != 0)
		return false;
	file += n;
	if (*file == '-' && file[1] >= '0' && file[1] <= '9')
		file += strcspn(file, "s");
	return strncmp(file, ".so", 3) == 0 && (!file[3] || file[3] == '.');
}

/* A string of the cache; "" when it is not within it. */
static const char *cache_string(const struct buffer *file, size_t head, uint32_t offset)
{
	if (offset >= file->bytes - head ||
	    !memchr(file->data + head + offset, 0, file->bytes - head - offset))
		return "";
	return file->data + head + offset;
}

char *sym_library_in_cache(const char *cache_path, const char *name)
{
	struct buffer file = { 0 };
	struct cache_head head;
	const char *magic;
	char *found = NULL;
	struct error err;
	size_t at;

	if (file_read(cache_path, &file, &err) || file.bytes < sizeof(head) ||
	    !(magic = memmem(file.data, file.bytes, CACHE_MAGIC, strlen(CACHE_MAGIC))) ||
	    file.bytes - (size_t)(magic - file.data) < sizeof(head)) {
		buffer_deinit(&file);
		return NULL;
	}
	at = (size_t)(magic - file.data);
	memcpy(&head, magic, sizeof(head));
	for (uint32_t i = 0; i < head.n_entries && i < CACHE_ENTRIES && !found; i++) {
		size_t place = at + sizeof(head) + i * sizeof(struct cache_entry);
		struct cache_entry entry;

		if (place > file.bytes || file.bytes - place < sizeof(entry))
			break;
		memcpy(&entry, file.data + place, sizeof(entry));
		if (entry.flags == CACHE_X86_64 && !entry.hardware &&
		    is_named(cache_string(&file, at, entry.key), name) &&
		    *cache_string(&file, at, entry.value))
			found = xstrdup(cache_string(&file, at, entry.value));
	}
	buffer_deinit(&file);
	return found;
}

static char *in_path(const char *name)
{
	const char *path = getenv("PATH");

	while (path && *path) {
		size_t n = strcspn(path, ":");
		char *file = xformat("%.*s/%s", (int)n, path, name);
		struct stat st;

		if (n && stat(file, &st) == 0 && S_ISREG(st.st_mode) && access(file, X_OK) == 0)
			return file;
		free(file);
		path += n + (path[n] == ':');
	}
	return NULL;
}

char *sym_process_root(pid_t pid)
{
	char *theirs = xformat("/proc/%d/root", (int)pid);
	char *mounts = xformat("/proc/%d/ns/mnt", (int)pid);
	struct stat a, b;
	bool same;

	same = stat(theirs, &a) == 0 && stat("/", &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino && stat(mounts, &a) == 0 &&
	       stat("/proc/self/ns/mnt", &b) == 0 && a.st_ino == b.st_ino;
	free(mounts);
	if (same)
		*theirs = 0;
	return theirs;
}

/* The path of an executable mapping of the process whose file is so named. */
static char *in_maps(const char *name, pid_t pid)
{
	char *path = xformat("/proc/%d/maps", (int)pid);
	FILE *maps = fopen(path, "re");
	char *line = NULL, *found = NULL;
	uint32_t lines = 0;
	size_t room = 0;

	free(path);
	while (maps && !found && lines++ < SYM_MAPS_MAX && getline(&line, &room, maps) > 0) {
		char permissions[5] = "";
		int at = 0;

		line[strcspn(line, "\n")] = 0;
		if (sscanf(line, "%*x-%*x %4s %*x %*x:%*x %*u %n", permissions, &at) != 1 || !at ||
		    permissions[2] != 'x' || line[at] != '/' || strstr(line + at, " (deleted)"))
			continue;
		if (is_named(base_of(line + at), name))
			found = xstrdup(line + at);
	}
	free(line);
	if (maps)
		fclose(maps);
	return found;
}

/* The file as the process sees it. */
static int find_in_process(const char *name, pid_t pid, char **ret_path, struct error *err)
{
	char *root, *path = NULL;

	if (kill(pid, 0) && errno == ESRCH)
		return error_set(err, -ESRCH, "there is no process %d", (int)pid);
	if (!*name) {
		*ret_path = xformat("/proc/%d/exe", (int)pid);
		return 0;
	}
	if (strchr(name, '/'))
		path = xstrdup(name);
	else
		path = in_maps(name, pid);
	if (!path)
		return error_set(err, -ENOENT, "process %d has no program or library '%s' mapped",
				 (int)pid, name);
	root = sym_process_root(pid);
	*ret_path = xformat("%s%s", *path == '/' ? root : "", path);
	free(root);
	free(path);
	return 0;
}

int sym_library_find(const char *name, pid_t pid, char **ret_path, struct error *err)
{
	if (pid)
		return find_in_process(name, pid, ret_path, err);
	if (strchr(name, '/')) {
		*ret_path = xstrdup(name);
		return 0;
	}
	*ret_path = sym_library_in_cache(CACHE_PATH, name);
	if (!*ret_path)
		*ret_path = in_path(name);
	if (!*ret_path)
		return error_set(
			err, -ENOENT,
			"there is no library or program '%s' (looked in the linker's cache "
			"and in PATH; a file needs a '/')",
			name);
	return 0;
}
