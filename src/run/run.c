/* SPDX-License-Identifier: BSD-2-Clause */
/* See run.h: the innermost run of each thread. */
#include "run/run.h"

__thread struct run_ctx *run_current_ctx;
