/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * alu: arithmetic on numbers and pointers. Numbers go to scalar.h; pointers may be moved by
 * amounts that keep them near their object. Unprivileged programs must move them so that the
 * kernel could mask the move; the same programs are refused, but nothing is masked: speculation
 * is outside what this engine defends against.
 */
#pragma once

struct bpf_insn;
struct verifier_env;

/* 0 or -errno. */
int alu_check(struct verifier_env *env, const struct bpf_insn *insn);
