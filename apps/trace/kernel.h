/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside skep trace kernel: kernel.c chooses, loads and attaches, kernel_show.c shows. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tool/fields.h"
#include "tool/tool.h"
#include "trace/kernel_attach.h"
#include "trace/kernel_target.h"

struct kernel_bpf;

enum {
	KERNEL_FIELD_FUNCTION = FIELD_OWN,
	KERNEL_FIELD_COUNT,
	KERNEL_FIELD_LATENCY,
	KERNEL_FIELD_DURATION,
	KERNEL_FIELD_RESULT,
	KERNEL_FIELD_CALL,
	KERNEL_FIELDS_MAX
};

struct kernel {
	struct tool tool;
	/* the command line */
	bool arguments, latency;
	const char *hook_name;
	uint64_t ring_kib;
	/* what it comes to */
	enum kernel_mode mode;
	enum kernel_hook hook;
	bool any_tracepoint, any_function;
	struct kernel_targets targets;
	struct kernel_bpf *bpf;
	struct kernel_links links;
	/* what was shown */
	int n_cpus;
	uint64_t *counted; /* per function, in the intervals before */
	struct hist *timed;
	uint64_t n_shown; /* calls */
	uint64_t n_missed;
};

/* Readies what the mode needs. 0, or -errno with a sentence. */
int kernel_show_begin(struct kernel *k, struct error *err);
/* Shows what came since the last time; at the @last also what was lost. */
void kernel_show(struct kernel *k, bool last);
void kernel_show_end(struct kernel *k);
