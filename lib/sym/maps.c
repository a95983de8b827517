/* SPDX-License-Identifier: BSD-2-Clause */
#include "sym/maps.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "buffer.h"

#define MAPS_BYTES_MAX (64u << 20) /* of text */

static uint32_t add_path(struct maps *maps, struct buffer *paths, const char *path, size_t bytes)
{
	uint32_t at = (uint32_t)paths->bytes;

	/* Neighbours mostly have the same. */
	if (maps->n) {
		uint32_t last = maps->mappings[maps->n - 1].path;

		if (strlen(paths->data + last) == bytes && !memcmp(paths->data + last, path, bytes))
			return last;
	}
	buffer_add(paths, path, bytes);
	buffer_add(paths, "", 1);
	return at;
}

/* "5581-5582 r-xp 00001000 08:01 1234    /usr/bin/x", of @bytes without the newline. */
static void add_line(struct maps *maps, struct buffer *paths, const char *line, size_t bytes)
{
	unsigned major_number, minor_number;
	struct mapping m = { 0 };
	char permissions[5] = "";
	int path = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 "%n", &m.begin,
		   &m.end, permissions, &m.offset, &major_number, &minor_number, &m.inode,
		   &path) != 7 ||
	    !path || permissions[2] != 'x' || m.end <= m.begin || maps->n == MAPS_MAX)
		return;
	m.device = makedev(major_number, minor_number);
	while ((size_t)path < bytes && line[path] == ' ')
		path++;
	m.path =
		add_path(maps, paths, line + path, (size_t)path < bytes ? bytes - (size_t)path : 0);
	array_grow(maps->mappings, maps->n);
	maps->mappings[maps->n++] = m;
}

void maps_parse(const char *text, struct maps *maps)
{
	struct buffer paths = { 0 };

	*maps = (struct maps){ 0 };
	while (*text) {
		size_t bytes = strcspn(text, "\n");

		add_line(maps, &paths, text, bytes);
		text += bytes + (text[bytes] == '\n');
	}
	maps->paths_bytes = (uint32_t)paths.bytes;
	maps->paths = buffer_take(&paths);
}

bool maps_read(pid_t pid, struct maps *maps)
{
	struct buffer text = { 0 };
	char path[64], chunk[16384];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	while (text.bytes < MAPS_BYTES_MAX && (n = read(fd, chunk, sizeof(chunk))) > 0)
		buffer_add(&text, chunk, (size_t)n);
	close(fd);
	maps_parse(buffer_string(&text), maps);
	buffer_deinit(&text);
	return maps->n != 0;
}

void maps_deinit(struct maps *maps)
{
	free(maps->mappings);
	free(maps->paths);
	*maps = (struct maps){ 0 };
}

const struct mapping *maps_find(const struct maps *maps, uint64_t address)
{
	uint32_t begin = 0, n = maps->n;

	while (n) {
		uint32_t half = n / 2;

		if (maps->mappings[begin + half].begin > address) {
			n = half;
		} else {
			begin += half + 1;
			n -= half + 1;
		}
	}
	if (!begin || address >= maps->mappings[begin - 1].end)
		return NULL;
	return &maps->mappings[begin - 1];
}
