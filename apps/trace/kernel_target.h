/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel functions and tracepoints by name, with the types of their arguments from the kernel's BTF;
 * and values as those types show them. What BTF says is the kernel's, and checked all the same.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"
#include "trace/kernel-api.bpf.h"
#include "trace/kernel_module.h"

#define KERNEL_FUNCTIONS_MAX 512 /* of one run: each is attached by itself */

struct btf;

struct kernel_function {
	char *name;	    /* as the user named it */
	const char *symbol; /* what is attached to: the function, or the tracepoint */
	const struct btf *btf;	      /* that has its types: the kernel's or its module's */
	struct kernel_module *module; /* NULL: it is the kernel's own */
	uint32_t btf_id;    /* of the FUNC; 0 for a tracepoint */
	uint32_t proto;	    /* of its FUNC_PROTO */
	uint32_t first;	    /* parameter that is the first argument: 1 for a tracepoint */
	uint32_t n_words;   /* of 8 bytes, of all its arguments */
	uint32_t strings;   /* bit n: word n points at characters */
	bool has_result;
	bool is_tracepoint;
	bool returning; /* "+ret" */
	int refused;	/* -errno of attaching; 0: it is attached */
};

struct kernel_targets {
	struct btf *btf;
	struct kernel_modules modules;
	struct kernel_function *functions;
	uint32_t n;
	uint32_t words_max; /* recorded of a call: the hook's */
};

/* 0, or -errno with a sentence: a kernel without BTF. */
int kernel_targets_open(struct kernel_targets *t, struct error *err);
void kernel_targets_close(struct kernel_targets *t);
/*
 * Adds what one operand names: "vfs_read", "vfs_*" (a glob), either with "+ret", or "tp:sched_switch";
 * "veth:veth_*" of a module. A name without a module is looked for in the kernel, then in its modules.
 * 0, or -errno with a sentence: no such function, or more than KERNEL_FUNCTIONS_MAX.
 */
int kernel_targets_add(struct kernel_targets *t, const char *operand, struct error *err);
/*
 * Makes the function a tracepoint that stands in it and has its arguments' kind; false: none is known.
 */
bool kernel_function_to_tracepoint(struct kernel_targets *t, struct kernel_function *f);

/* "vfs_read(file=0xffff..., count=832)" */
void kernel_call_print(const struct kernel_targets *t, const struct kernel_call *call,
		       struct buffer *out);
/* "-2"; appends nothing for a function that returns nothing. */
void kernel_result_print(const struct kernel_targets *t, const struct kernel_call *call,
			 struct buffer *out);
