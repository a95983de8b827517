/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside skep trace func: func.c finds, loads and attaches, func_show.c shows, func_target.c knows the
 * functions, func_attach.c the probes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sym/stack.h"
#include "tool/fields.h"
#include "tool/tool.h"
#include "trace/func_attach.h"
#include "trace/func_target.h"

struct bpf_program;
struct func_bpf;

enum func_mode {
	FUNC_COUNT,
	FUNC_LATENCY,
	FUNC_CALLS,
	FUNC_STACKS,
};

enum {
	FUNC_FIELD_FUNCTION = FIELD_OWN,
	FUNC_FIELD_MODULE,
	FUNC_FIELD_COUNT,
	FUNC_FIELD_LATENCY,
	FUNC_FIELD_DURATION,
	FUNC_FIELD_RESULT,
	FUNC_FIELD_CALL,
	FUNC_FIELD_STACK,
	FUNC_FIELDS_MAX
};

struct func {
	struct tool tool;
	/* the command line */
	bool arguments, latency, stacks, list, at_entry;
	const char *hook_name;
	uint64_t ring_kib;
	/* what it comes to */
	enum func_mode mode;
	enum func_hook hook;
	struct func_targets targets;
	struct func_bpf *bpf;
	const struct bpf_program *entry, *enter_returning, *leave; /* NULL: not in this mode */
	bool with_strings;
	struct func_links links;
	uint32_t n_attached;
	int pidfd;
	bool process_gone;
	/* what was shown */
	int n_cpus;
	uint64_t *counted; /* per function, in the intervals before */
	struct hist *timed;
	uint64_t n_shown; /* calls */
	struct sym_stacks *symbols;
};

/* Readies what the mode needs: rings, tables. 0, or -errno with a sentence. */
int func_show_begin(struct func *f, struct error *err);
/* Shows what came since the last time; at the @last also what was lost. */
void func_show(struct func *f, bool last);
void func_show_end(struct func *f);
