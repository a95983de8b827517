/* SPDX-License-Identifier: BSD-2-Clause */
/* What a backend does to a machine context whose load has faulted. */
#pragma once

#include <stdint.h>

/* Register @reg (the backend's number) becomes 0, execution goes on at @resume. */
void jit_fixup_load(void *ucontext, uint8_t reg, uintptr_t resume);
