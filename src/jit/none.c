/* SPDX-License-Identifier: BSD-2-Clause */
/* The backend of hosts that have none: programs are interpreted. */
#include <errno.h>

#include "jit/backend.h"
#include "jit/fixup.h"

int jit_generate(const struct prog *prog, uint32_t flags, struct jit_gen **gen)
{
	(void)prog, (void)flags, (void)gen;
	return -ENOTSUP;
}

void jit_gen_free(struct jit_gen *gen)
{
	(void)gen;
}

uint32_t jit_gen_bytes(const struct jit_gen *gen)
{
	(void)gen;
	return 0;
}

int jit_gen_link(const struct jit_gen *gen, uint64_t at, uint8_t *out, struct jit_image *image)
{
	(void)gen, (void)at, (void)out, (void)image;
	return -ENOTSUP;
}

void jit_fixup_load(void *ucontext, uint8_t reg, uintptr_t resume)
{
	(void)ucontext, (void)reg, (void)resume;
}
