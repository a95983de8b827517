/* SPDX-License-Identifier: BSD-2-Clause */
/* What makes two correct runs of a program differ: helpers that answer from outside of it. */
#pragma once

#include <stdint.h>

#include "buffer.h"

/* Appends the names of those among the helpers @called (as usage_helpers() gives them), with commas. */
void noise_helpers(const uint64_t *called, uint32_t n_words, struct buffer *out);
