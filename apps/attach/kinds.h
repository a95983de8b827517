/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What can be attached, and what each kind needs of the machine: for doctor, and for the sentence when
 * the kernel refuses one.
 */
#pragma once

#include "ability/ability.h"

#define ATTACH_KINDS(ROW)                                                                          \
	ROW(XDP)                                                                                   \
	ROW(TC)                                                                                    \
	ROW(CGROUP)                                                                                \
	ROW(RAW_TP)                                                                                \
	ROW(TP_BTF)                                                                                \
	ROW(TRACEPOINT)                                                                            \
	ROW(UPROBE)                                                                                \
	ROW(PERF_EVENT)                                                                            \
	ROW(ITER)                                                                                  \
	ROW(KPROBE)                                                                                \
	ROW(FENTRY)                                                                                \
	ROW(LSM)

enum attach_kind {
#define ATTACH_ENUM(kind) ATTACH_##kind,
	ATTACH_KINDS(ATTACH_ENUM)
#undef ATTACH_ENUM
	ATTACH_KINDS_MAX
};

/* run --attach as such, and each kind. */
extern const struct ability_tool attach_ability;
extern const struct ability_tool attach_kinds[ATTACH_KINDS_MAX];

struct bpf_program;

/* The kind of a program, ATTACH_KINDS_MAX for one that has no row. */
enum attach_kind attach_kind_of(const struct bpf_program *prog);
