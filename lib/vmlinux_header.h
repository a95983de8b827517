/* SPDX-License-Identifier: BSD-2-Clause */
/* "vmlinux.h": all types of the machine's kernel as C, made from its BTF by libbpf. */
#pragma once

#include "buffer.h"
#include "error.h"

/* Appends the header's text. 0, or -errno with a sentence when the machine has no BTF. */
int vmlinux_header(struct buffer *out, struct error *err);

/*
 * The folder under the user's cache that holds vmlinux.h of this kernel, making both when missing:
 * the caller's to free(). NULL when there is no cache folder that can be written.
 */
char *vmlinux_cached_folder(struct error *err);
