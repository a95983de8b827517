/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contexts that are plain memory, laid out as programs see them: tracing types and SYSCALL. One
 * struct for what they have in common; plain_frame() hands the program a private copy of ctx_in.
 */
#pragma once

#include "object/prog.h"

/* Frames of at least @min and at most @max bytes of ctx_in; short ones are padded to @pad with 0. */
struct plain_limits {
	uint32_t min, max, pad;
};

int plain_frame(struct prog_frame *frame, const struct plain_limits *limits);
/* Gives ctx_out what the program left, when it @writes its context; frees the copy. */
int plain_unframe(struct prog_frame *frame, bool writes);

/* prog_type_ops.unframe of the types that only read. */
int plain_unframe_readonly(const struct prog *prog, struct prog_frame *frame);

/* An aligned load within [first, end). */
bool plain_is_load(int off, int size, enum bpf_access_type type, int first, int end);
