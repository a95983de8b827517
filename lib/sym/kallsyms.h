/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of kernel functions by address, from /proc/kallsyms. Read whole when opened: about 60 ms and
 * 8 MB, so only tools that show kernel stacks do.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

#define KALLSYMS_MAX (4u << 20) /* symbols */

struct sym_kallsyms;

struct sym_kernel_name {
	const char *name;
	const char *module; /* "ext4"; NULL: the kernel itself */
	uint64_t offset;    /* from its beginning */
};

/*
 * @path NULL: /proc/kallsyms. 0, or -errno with a sentence; -EPERM: the kernel shows no addresses
 * (kernel.kptr_restrict), so nothing can be named.
 */
int sym_kallsyms_open(const char *path, struct sym_kallsyms **ret, struct error *err);
struct sym_kallsyms *sym_kallsyms_close(struct sym_kallsyms *k);

/* False when no function covers @address. O(log n). */
bool sym_kallsyms_lookup(const struct sym_kallsyms *k, uint64_t address,
			 struct sym_kernel_name *ret);
