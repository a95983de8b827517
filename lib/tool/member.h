/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a member of a kernel struct is, for programs that are told offsets as constants rather than
 * relocated (CO-RE), so that they load on kernels without BTF.
 */
#pragma once

#include <stdint.h>

struct btf;

/* In bytes, also of one inside unnamed structs. 0, or -ENOENT. */
int member_offset(const struct btf *btf, const char *type, const char *member, uint32_t *offset);
