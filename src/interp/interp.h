/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interpreter: runs rewritten code (see object/prog.h) where no native code can be made, and is
 * the slow twin that native code is tested against.
 *
 * Code is decoded once into threaded code: each operation holds the address of what does it. Memory
 * accesses of the program are relaxed atomics of their size. A bpf-to-bpf call is a C call, so
 * native stack use is bounded by (frames of one program) x (1 + tail calls) x about 1 KiB.
 *
 * What it does not do: judge the program. It believes the verifier.
 */
#pragma once

#include <stdint.h>

#include "tbl/uapi.h"

struct prog;

/* Bytes of stack of one frame: MAX_BPF_STACK and what rewriting may add to it. */
#define INTERP_STACK_BYTES 640

/*
 * Decodes @prog and sets run, run_callback and jit_info. 0, -ENOMEM, or -ENOTSUP: an instruction
 * that is not one, a jump, call or callback out of range, a frame larger than INTERP_STACK_BYTES.
 * On failure @prog is unchanged.
 */
int interp_prepare(struct prog *prog);

/* Frees what interp_prepare() made and clears what it set; nothing when it was never called. */
void interp_free(struct prog *prog);
