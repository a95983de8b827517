/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The types of the machine's kernel: its BTF, mapped and walked once for whoever asks (2 ms, where
 * libbpf takes 25 and 20 MB to parse it all), and what is said where it is missing. It is the kernel's,
 * yet not trusted: a container may have mounted anything there.
 *
 * The image is the process's own one, kept until vmlinux_forget(); not for several threads.
 */
#pragma once

#include "btf_image.h"
#include "error.h"

#define VMLINUX_BTF_PATH "/sys/kernel/btf/vmlinux"

/* 0 with the types, valid until vmlinux_forget(); or -errno: the file is missing, or is no BTF. */
int vmlinux_types(const struct btf_image **types);

/* Gives the memory back (none of it held is no error): the next vmlinux_types() reads again. */
void vmlinux_forget(void);

/*
 * The sentence for want of the kernel's types: "@what: ..." with what is missing and the way out.
 * Returns -ENOENT.
 */
int vmlinux_missing(const char *what, struct error *err);
