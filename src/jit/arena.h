/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where native code lives: chunks of memory mapped twice, once executable and once writable only
 * while code is being written. Programs are packed, not page-aligned: programs at equal page
 * offsets would share the sets of the instruction cache. One arena per process, as code of all its
 * engines may call one another's helpers; a chunk inherited by fork() is never written again.
 */
#pragma once

#include <stdint.h>

#define JIT_CHUNK_BYTES (16u << 20)
#define JIT_CODE_BYTES_MAX (JIT_CHUNK_BYTES - 64)

struct jit_chunk;

struct jit_code {
	struct jit_chunk *chunk;
	uint8_t *start; /* executable, not writable */
	uint32_t bytes;
};

/* Room for @bytes of code: 0, -ENOMEM, or -E2BIG: more than JIT_CODE_BYTES_MAX. */
int jit_code_alloc(struct jit_code *code, uint32_t bytes);

/* Copies all of the code into place: 0 or -errno. */
int jit_code_write(const struct jit_code *code, const void *from);

/* Gives the room back, filled with traps. Accepts what was never allocated. */
void jit_code_free(struct jit_code *code);
