/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking for a program or map type; the answers are kept in ability.c. Private to this room. */
#pragma once

#include "probe.h"

/*
 * A kernel function every kernel has and few programs call: getsid(2) of another process. What
 * fentry and kprobes are tried on; and the LSM hook it calls.
 */
#define PROBE_FUNCTION "security_task_getsid"
#define PROBE_LSM_HOOK "bpf_lsm_task_getsid"

void types_ask_prog(uint32_t type, struct ability_answer *a);
void types_ask_map(uint32_t type, struct ability_answer *a);
/* The fd of a program of this type that does nothing, or -errno. */
int types_load(uint32_t type);
/* The fd of an ext program that replaces a function of a program loaded for it, or -errno. */
int ext_load(void);
