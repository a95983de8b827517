/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The base BTF of a machine that has none: the integer types and the context structs that programs
 * and their loaders look up by name. It has no kernel structs, so probes see a kernel without them.
 */
#pragma once

#include <stdint.h>

struct btf;

/* The blob itself (caller frees). 0 or -ENOMEM. */
int btf_small_blob(void **blob, uint32_t *size);

/* The same, parsed as base. */
int btf_small_new(struct btf **out);
