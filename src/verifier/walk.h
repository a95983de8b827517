/* SPDX-License-Identifier: BSD-2-Clause */
/* walk: every path of the program, instruction by instruction. */
#pragma once

#include <stdint.h>

struct verifier_env;

/* The entry function, then each global function that something called: 0 or -errno. */
int walk_program(struct verifier_env *env);
