/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Refusals of what the kernel has and we do not: the errno is the kernel's for a build without it,
 * the sentence says what it was. Kept per thread; a host may have each as it comes.
 */
#pragma once

#include <stdint.h>

#include "base/macros.h"

struct engine;

#define REFUSAL_BYTES 160

/* Notes the sentence; returns @err. */
int refuse(struct engine *engine, int err, const char *fmt, ...) __printf_like(3, 4);

int refuse_command(struct engine *engine, int cmd);     /* -EINVAL */
int refuse_map_type(struct engine *engine, uint32_t type);  /* -EINVAL */
int refuse_prog_type(struct engine *engine, uint32_t type); /* -EINVAL */

/* The last sentence of this thread for @engine; "" when there was none. */
const char *refusal_text(const struct engine *engine);
