/* SPDX-License-Identifier: BSD-2-Clause */
/* The bench's text: head, tables, closing line. */
#pragma once

#include "measure.h"

void report_head(const struct bench *bench);
void report_times(const struct bench *bench);
void report_loads(const struct bench *bench);
void report_threads(const struct bench *bench);
/* bench: jit/kernel X.XX, map/kernel X.XX */
void report_closing(const struct bench *bench);
