/* SPDX-License-Identifier: BSD-2-Clause */
#include "accesses.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"

#define SYSCTLS "/proc/sys/"

/* As sysctl(8): where the first separator is a dot, dots and slashes change places. */
static void swap_separators(char *name)
{
	if (name[strcspn(name, "./")] != '.')
		return;
	for (char *c = name; *c; c++)
		*c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
}

/* NULL, or what is wrong with a name beneath /proc/sys. */
static const char *check_name(const char *name)
{
	if (!*name)
		return "no name stands in it";
	if (strlen(name) >= ACCESS_NAME_BYTES)
		return "the name is too long";
	if (name[strlen(name) - 1] == '/' || strstr(name, "//"))
		return "a part of the name is empty";
	for (const char *part = name; part; part = strchr(part, '/')) {
		part += *part == '/';
		if (strncmp(part, "..", 2) == 0 && (!part[2] || part[2] == '/'))
			return "'..' is no part of a name";
	}
	return NULL;
}

int accesses_add(struct accesses *a, const char *text, struct error *err)
{
	size_t n = strcspn(text, "=");
	struct access access = { .write = text[n] == '=' };
	const char *wrong;
	char *name;

	if (strncmp(text, SYSCTLS, strlen(SYSCTLS)) == 0) {
		text += strlen(SYSCTLS);
		n -= strlen(SYSCTLS);
	}
	name = xstrndup(text, n);
	swap_separators(name);
	wrong = check_name(name);
	if (wrong) {
		free(name);
		return error_set(err, -EINVAL,
				 "--sysctl '%.200s': %s (it is NAME to read, NAME=VALUE to write)",
				 text, wrong);
	}
	access.name = name;
	if (access.write) {
		access.value.bytes = xformat("%s\n", text + n + 1);
		access.value.n = (uint32_t)strlen(access.value.bytes);
	}
	array_grow(a->list, a->n);
	a->list[a->n++] = access;
	return 0;
}

void accesses_deinit(struct accesses *a)
{
	for (uint32_t i = 0; i < a->n; i++) {
		free(a->list[i].name);
		free(a->list[i].value.bytes);
		free(a->list[i].current.bytes);
		free(a->list[i].written.bytes);
	}
	free(a->list);
	*a = (struct accesses){ 0 };
}

struct access_value access_value_of(const char *bytes, size_t n)
{
	struct access_value value = { xcalloc(n + 1, 1), (uint32_t)n };

	memcpy(value.bytes, bytes, n);
	return value;
}

static struct access_value read_machine(const char *name)
{
	char *path = xformat(SYSCTLS "%s", name), bytes[ACCESS_VALUE_BYTES];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

	if (fd >= 0)
		close(fd);
	free(path);
	if (n < 0)
		return (struct access_value){ NULL, 0 };
	return access_value_of(bytes, (size_t)n);
}

void accesses_find_current(struct accesses *a, uint32_t i)
{
	struct access *access = &a->list[i];
	const struct access_value *value;

	for (uint32_t k = i; k--;) {
		const struct access *before = &a->list[k];

		if (!before->write || !before->done || before->retval ||
		    strcmp(before->name, access->name) != 0)
			continue;
		value = before->written.bytes ? &before->written : &before->value;
		access->current = access_value_of(value->bytes, value->n);
		return;
	}
	access->current = read_machine(access->name);
}

char *access_value_text(const struct access_value *value)
{
	uint32_t n = value->n && value->bytes[value->n - 1] == '\n' ? value->n - 1 : value->n;
	struct buffer out = { 0 };

	for (uint32_t i = 0; i < n; i++) {
		if (isprint((unsigned char)value->bytes[i]))
			buffer_format(&out, "%c", value->bytes[i]);
		else if (value->bytes[i] == '\t')
			buffer_text(&out, " ");
		else
			buffer_format(&out, "\\x%02x", (unsigned char)value->bytes[i]);
	}
	return buffer_take(&out);
}
