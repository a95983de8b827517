/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Restricted C to a BPF object, by clang behind the scenes: clang-19 where present, else clang, both
 * with -mcpu=v3. Diagnostics go straight to standard error, as clang prints them.
 */
#pragma once

#include <stdbool.h>

#include "buffer.h"
#include "error.h"

/* Whether the name is that of a C file. */
bool compile_is_source(const char *path);

/*
 * Appends the compiled object. "vmlinux.h" is found when the program includes it. 0, -EBADMSG when
 * clang refused the program (it said why), or -errno with a sentence.
 */
int compile_program(const char *path, struct buffer *object, struct error *err);
