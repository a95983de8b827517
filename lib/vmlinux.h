/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The types of the machine's kernel: what is said where they are missing, and "vmlinux.h", all of them
 * as C, made from its BTF by libbpf.
 */
#pragma once

#include "buffer.h"
#include "error.h"

#define VMLINUX_BTF_PATH "/sys/kernel/btf/vmlinux"

/*
 * The sentence for want of the kernel's types: "@what: ..." with what is missing and the way out.
 * Returns -ENOENT.
 */
int vmlinux_missing(const char *what, struct error *err);

/* Appends the header's text. 0, or -errno with a sentence when the machine has no BTF. */
int vmlinux_header(struct buffer *out, struct error *err);

/*
 * The folder under the user's cache that holds vmlinux.h of this kernel, making both when missing:
 * the caller's to free(). NULL when there is no cache folder that can be written.
 */
char *vmlinux_cached_folder(struct error *err);
