/* SPDX-License-Identifier: BSD-2-Clause */
/* See interp.h: the loop. */
#include <string.h>

#include "interp/arith.h"
#include "interp/interp.h"
#include "interp/op.h"
#include "interp/probe.h"

#define LOOP_NAME interp_loop
#define LOOP_ENTER() ((void)0)
#define LOOP_STEP() ((void)0)
#define LOOP_RETURN(value) return value
#define LOOP_LOAD(type, addr) __atomic_load_n((const type *)(uintptr_t)(addr), __ATOMIC_RELAXED)
#define LOOP_STORE(type, addr, value)                                                              \
	__atomic_store_n((type *)(uintptr_t)(addr), value, __ATOMIC_RELAXED)
#define LOOP_ATOMIC(type, addr, how) ((type *)(uintptr_t)(addr))
#define LOOP_PROBE(type, addr) interp_probe(addr, sizeof(type))
#include "interp/loop.inc"
