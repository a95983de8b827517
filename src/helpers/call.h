/* SPDX-License-Identifier: BSD-2-Clause */
/* How a helper is written: its function, its proto, and the numbers it returns. */
#pragma once

#include <stdint.h>

#include "object/helper_protos.h"
#include "run/run.h"

/* static uint64_t NAME(R1 … R5); unused registers are not looked at. */
#define HELPER_CALL(name)                                                                          \
	static uint64_t name(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5)

/* HELPER_PROTO(name, .ret_type = …, .arg_type = { … }): the proto of the helper @name, whose
 * function has the same name. HELPER_PROTO_AS for variants. */
#define HELPER_PROTO_AS(variant, helper, function, ...)                                            \
	const struct helper_proto helper_proto_##variant = {                                       \
		.func = (function),                                                                \
		.id = BPF_FUNC_##helper,                                                           \
		.name = "bpf_" #helper,                                                            \
		__VA_ARGS__                                                                        \
	}
#define HELPER_PROTO(helper, ...) HELPER_PROTO_AS(helper, helper, helper, __VA_ARGS__)

#define ARGS(...) .arg_type = { __VA_ARGS__ }

/* What arguments often are. */
#define ARG_MEM_READ (ARG_PTR_TO_MEM | MEM_RDONLY)
#define ARG_MEM_READ_OR_NULL (ARG_PTR_TO_MEM | PTR_MAYBE_NULL | MEM_RDONLY)
#define ARG_MEM_UNINIT (ARG_PTR_TO_MEM | MEM_UNINIT | MEM_WRITE)

static inline void *ptr(uint64_t reg)
{
	return (void *)(uintptr_t)reg;
}

/* A negative errno, or any int, as R0 shows it. */
static inline uint64_t ret(int64_t value)
{
	return (uint64_t)value;
}
