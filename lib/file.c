/* SPDX-License-Identifier: BSD-2-Clause */
#include "file.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int file_read_fd(int fd, const char *path, size_t bytes_max, struct buffer *out, struct error *err)
{
	char chunk[65536];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(err, -errno, "cannot read %s: %s", path, strerror(errno));
		if (out->bytes + n > bytes_max)
			return -EFBIG;
		buffer_add(out, chunk, n);
	}
	return 0;
}

int file_read(const char *path, struct buffer *out, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return error_set(err, -errno, "cannot open %s: %s", path, strerror(errno));
	rc = file_read_fd(fd, path, FILE_BYTES_MAX, out, err);
	close(fd);
	if (rc == -EFBIG)
		return error_set(err, rc, "%s is larger than %u MiB", path, FILE_BYTES_MAX >> 20);
	return rc;
}

static int write_all(int fd, const char *data, size_t bytes)
{
	while (bytes) {
		ssize_t n = write(fd, data, bytes);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			data += n;
			bytes -= n;
		}
	}
	return 0;
}

int file_write_atomic(const char *path, const void *data, size_t bytes)
{
	char *part = xformat("%s.%d", path, (int)getpid());
	int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	int rc;

	if (fd < 0) {
		rc = -errno;
		free(part);
		return rc;
	}
	rc = write_all(fd, data, bytes);
	if (close(fd) && !rc)
		rc = -errno;
	if (!rc && rename(part, path))
		rc = -errno;
	if (rc)
		unlink(part);
	free(part);
	return rc;
}

bool file_is_same(const char *path, const char *other)
{
	struct stat a, b;

	return stat(path, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino && S_ISREG(a.st_mode);
}

static int hex_digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

static int parse_hex(const char *text, struct buffer *out)
{
	int high = -1;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	for (; *text; text++) {
		char byte;

		if (high < 0 && (isspace((unsigned char)*text) || *text == ':'))
			continue;
		if (!isxdigit((unsigned char)*text))
			return -EINVAL;
		if (high < 0) {
			high = hex_digit(*text);
			continue;
		}
		byte = (char)(high << 4 | hex_digit(*text));
		buffer_add(out, &byte, 1);
		high = -1;
	}
	return high < 0 ? 0 : -EINVAL;
}

int file_or_hex(const char *option, const char *text, struct buffer *out, struct error *err)
{
	struct stat st;

	if (stat(text, &st) == 0)
		return file_read(text, out, err);
	if (parse_hex(text, out) == 0)
		return 0;
	buffer_reset(out);
	return error_set(err, -EINVAL,
			 "%s: '%s' is neither a file nor an even number of hexadecimal digits",
			 option, text);
}

int temp_folder_make(struct temp_folder *tmp, struct error *err)
{
	const char *places[] = { getenv("TMPDIR"), "/tmp", "/var/tmp", "/dev/shm" };

	memset(tmp, 0, sizeof(*tmp));
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (!places[i] || strlen(places[i]) > sizeof(tmp->path) - 32)
			continue;
		snprintf(tmp->path, sizeof(tmp->path), "%s/skep-XXXXXX", places[i]);
		if (mkdtemp(tmp->path))
			return 0;
	}
	tmp->path[0] = '\0';
	return error_set(err, -errno,
			 "no temporary folder can be made (%s): set TMPDIR to one "
			 "that can be written",
			 strerror(errno));
}

const char *temp_folder_file(struct temp_folder *tmp, const char *name)
{
	assert(tmp->n_files < TEMP_FILES_MAX);
	return tmp->files[tmp->n_files++] = xformat("%s/%s", tmp->path, name);
}

void temp_folder_remove(struct temp_folder *tmp)
{
	for (uint32_t i = 0; i < tmp->n_files; i++) {
		unlink(tmp->files[i]);
		free(tmp->files[i]);
	}
	if (tmp->path[0])
		rmdir(tmp->path);
	memset(tmp, 0, sizeof(*tmp));
}
