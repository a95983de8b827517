/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Modules of the running kernel and their types: /sys/kernel/btf/MODULE, whose ids go on where the
 * kernel's own end. Read when something is looked for that the kernel itself does not have.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KERNEL_MODULE_BYTES 64 /* MODULE_NAME_LEN, include/linux/moduleparam.h */

struct btf;

struct kernel_module {
	char name[KERNEL_MODULE_BYTES];
	struct btf *btf;
	int fd; /* of the kernel's object, for programs; -1: not asked for yet */
};

struct kernel_modules {
	struct kernel_module *all;
	uint32_t n;
	bool are_read;
};

/* Reads them all, once; those that cannot be read are left out. */
void kernel_modules_read(struct kernel_modules *m, struct btf *vmlinux);
void kernel_modules_free(struct kernel_modules *m);
/* The descriptor programs of this module's functions are loaded with, or -errno; kept. */
int kernel_module_fd(struct kernel_module *module);
/* Whether /proc/kallsyms has the function in a module: its name. */
bool kernel_module_of(const char *function, char module[KERNEL_MODULE_BYTES]);
