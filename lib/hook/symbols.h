/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The functions of an ELF file, .symtab and .dynsym, with their places in the file: what a probe needs.
 * No versions, no IFUNC targets, no separate debug files. Untrusted input: libelf checks offsets, names
 * and segments are checked here.
 */
#pragma once

#include <stdint.h>

#include "error.h"

/* Called per function; @offset is in the file. Nonzero ends the walk. */
typedef int symbols_fn(void *arg, const char *name, uint64_t offset);

/* 0, what @fn returned, or -errno with a sentence. */
int symbols_walk(const char *path, symbols_fn *fn, void *arg, struct error *err);
