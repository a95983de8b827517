/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Refusals of what the kernel has and we do not, and of what goes beyond the engine's limits: the errno
 * is the kernel's, for a build without it or without memory; the sentence says what it was. Kept per thread; a host may have each as it comes.
 */
#pragma once

#include <stdint.h>

#include "base/macros.h"
#include "object/engine.h"

#define REFUSAL_BYTES 160

/* Notes the sentence; returns @err. */
int refuse(struct engine *engine, int err, const char *fmt, ...) __printf_like(3, 4);

int refuse_command(struct engine *engine, int cmd);     /* -EINVAL */
int refuse_map_type(struct engine *engine, uint32_t type);  /* -EINVAL */
int refuse_prog_type(struct engine *engine, uint32_t type); /* -EINVAL */

/* -ENOMEM, with a sentence when it was a limit of the engine's and not the machine. */
int refuse_for_limit(struct engine *engine, enum engine_limit limit);

/* The last sentence of this thread for @engine; "" when there was none. */
const char *refusal_text(const struct engine *engine);
