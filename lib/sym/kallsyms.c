/* SPDX-License-Identifier: BSD-2-Clause */
#include "sym/kallsyms.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"

#define NO_MODULE UINT32_MAX

struct symbol {
	uint64_t address;
	uint32_t name;	 /* in names */
	uint32_t module; /* in names, or NO_MODULE */
};

struct sym_kallsyms {
	struct symbol *symbols; /* by address */
	uint32_t n;
	struct buffer names;
	uint32_t last_module; /* modules come in a row: told once */
};

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

static uint32_t add_name(struct sym_kallsyms *k, const char *name, size_t bytes)
{
	uint32_t at = (uint32_t)k->names.bytes;

	buffer_add(&k->names, name, bytes);
	buffer_add(&k->names, "", 1);
	return at;
}

static uint32_t module_of(struct sym_kallsyms *k, const char *rest)
{
	const char *open = strchr(rest, '['), *close = open ? strchr(open, ']') : NULL;
	size_t bytes = close ? (size_t)(close - open - 1) : 0;

	if (!bytes)
		return NO_MODULE;
	if (k->last_module == NO_MODULE ||
	    strncmp(k->names.data + k->last_module, open + 1, bytes) != 0 ||
	    k->names.data[k->last_module + bytes])
		k->last_module = add_name(k, open + 1, bytes);
	return k->last_module;
}

/* "ffffffff81000000 T name\t[module]" */
static void add_line(struct sym_kallsyms *k, const char *line)
{
	char *after;
	uint64_t address = strtoull(line, &after, 16);
	size_t bytes;

	if (!address || after[0] != ' ' || !after[1] || !strchr("tTwW", after[1]) ||
	    after[2] != ' ' || k->n == KALLSYMS_MAX)
		return;
	after += 3;
	bytes = strcspn(after, "\t\n ");
	array_grow(k->symbols, k->n);
	k->symbols[k->n].address = address;
	k->symbols[k->n].name = add_name(k, after, bytes);
	k->symbols[k->n].module = module_of(k, after + bytes);
	k->n++;
}

int sym_kallsyms_open(const char *path, struct sym_kallsyms **ret, struct error *err)
{
	struct sym_kallsyms *k;
	char line[512];
	FILE *file;

	path = path ? path : "/proc/kallsyms";
	file = fopen(path, "re");
	if (!file)
		return error_set(err, -errno, "%s: %s: kernel functions have no names", path,
				 strerror(errno));
	k = xcalloc(1, sizeof(*k));
	k->last_module = NO_MODULE;
	while (fgets(line, sizeof(line), file))
		add_line(k, line);
	fclose(file);
	if (!k->n) {
		sym_kallsyms_close(k);
		return error_set(err, -EPERM,
				 "%s shows no addresses: kernel functions have no names "
				 "(kernel.kptr_restrict, or CAP_SYSLOG is missing)",
				 path);
	}
	qsort(k->symbols, k->n, sizeof(*k->symbols), by_address);
	*ret = k;
	return 0;
}

struct sym_kallsyms *sym_kallsyms_close(struct sym_kallsyms *k)
{
	if (!k)
		return NULL;
	free(k->symbols);
	buffer_deinit(&k->names);
	free(k);
	return NULL;
}

bool sym_kallsyms_lookup(const struct sym_kallsyms *k, uint64_t address,
			 struct sym_kernel_name *ret)
{
	uint32_t begin = 0, n = k->n;
	const struct symbol *s;

	while (n) {
		uint32_t half = n / 2;

		if (k->symbols[begin + half].address > address) {
			n = half;
		} else {
			begin += half + 1;
			n -= half + 1;
		}
	}
	if (!begin)
		return false;
	s = &k->symbols[begin - 1];
	ret->name = k->names.data + s->name;
	ret->module = s->module == NO_MODULE ? NULL : k->names.data + s->module;
	ret->offset = address - s->address;
	return true;
}
