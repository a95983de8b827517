/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Gives libbpf the few types of the running kernel that an object's programs need, where it would read
 * all of the kernel's BTF: the structs they relocate against (CO-RE) as a small BTF in memory, and the
 * type ids of tp_btf programs' tracepoints. That takes two milliseconds of twenty and none of the
 * memory, so there is no cache of it that could be stale, damaged or another's.
 *
 *	x = x_bpf__open_opts(kernel_types_options(types));
 *	kernel_types_find(types, x->obj, &err), bpf_object__load(x->obj)
 *
 * What it does not know: types of modules, and any other section of BTF than tp_btf. While there is one
 * of these, every tp_btf program of the process is loaded by it: one at a time.
 */
#pragma once

#include "error.h"

struct bpf_object;
struct bpf_object_open_opts;
struct kernel_types;

/* NULL: this kernel does not hand out its BTF; libbpf then searches where else it may be. */
struct kernel_types *kernel_types_new(void);
struct kernel_types *kernel_types_free(struct kernel_types *types);

/* What to open an object with; NULL for @types NULL. Lives as long as @types. */
const struct bpf_object_open_opts *kernel_types_options(const struct kernel_types *types);

/* Finds what the programs to be loaded need. 0, or -errno with a sentence: a tracepoint that this
 * kernel does not have, a BTF that cannot be read. */
int kernel_types_find(struct kernel_types *types, const struct bpf_object *obj, struct error *err);
