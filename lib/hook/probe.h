/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs at functions: of a user program (uprobe, USDT) and of the kernel (kprobe). */
#pragma once

#include <sys/types.h>

#include "error.h"

struct bpf_program;
struct hook;

/*
 * @section begins with the kind of probe (uprobe, uretprobe, their .multi, usdt, kprobe, kretprobe, ...);
 * @place: "PATH:FUNCTION[+OFFSET]", "PATH:PROVIDER:NAME" or the kernel's function. .multi take glob
 * patterns of functions. @pid 0: every process. 0 or -errno with a sentence.
 */
int hook_attach_probe(struct bpf_program *prog, const char *section, const char *place, pid_t pid,
		      struct hook **out, struct error *err);
