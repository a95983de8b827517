/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For tests: random programs that are valid rewritten code and end. They hold arithmetic of all
 * kinds, memory accesses and atomics on the stack and the context, forward branches, counted
 * loops, calls of helpers and subprograms. What they compute depends on nothing but the context, so
 * that all executors must agree. The same seed makes the same program.
 */
#pragma once

#include "interp/test_prog.h"

#define GEN_CTX_WORDS 32

/* The context: random words in; registers and memory out. */
struct gen_ctx {
	uint64_t words[GEN_CTX_WORDS];
};

/* A new program of about @n_actions actions. Every executor must run it on its own copy. */
struct test_prog *test_gen_prog(uint64_t seed, uint32_t n_actions);

void test_gen_ctx(uint64_t seed, struct gen_ctx *ctx);
