/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verify: proves a program safe, or says why not, and rewrites it for interp and jit.
 *
 * Verdicts, errnos and log text are Linux 6.18's. What this engine does not model is rejected
 * with a sentence that says so. The program's instructions are untrusted; opts and callbacks are
 * the engine's own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "btf/prog_info.h"

struct btf_object;
struct map;
struct prog;
struct verifier_env;
struct verifier_state;

/*
 * Where the walk remembers states and compares with those it has. Verdicts are the same, unless a
 * limit is hit; logs, statistics and cost are not. Anything but Linux's way is for tests.
 */
enum verify_prune {
	VERIFY_PRUNE_DEFAULT, /* as the build says (-Dprune): Linux's */
	VERIFY_PRUNE_LINUX,
	VERIFY_PRUNE_LATE,       /* every path to its end, as long as VERIFIER_LATE_INSNS allow */
	VERIFY_PRUNE_EVERYWHERE, /* at every instruction, every time */
};

struct verify_stats {
	uint32_t insns; /* processed */
	uint32_t states_total, states_peak, states_per_insn_max;
	uint64_t ns;
};

struct verify_opts {
	struct prog *prog; /* loaded, n_loaded, type, attach_type, load_flags, caps, btf, ops set */

	/* --- what pseudo instructions name ------------------------------------------------ */
	void *arg; /* of the callbacks below */
	/* The map behind a client's fd with a reference taken: 0, -EBADF, -EINVAL. */
	int (*fd_to_map)(void *arg, int fd, struct map **map);
	/* Entry @index of the client's fd_array: 0 or -EFAULT. NULL: no fd_array was given. */
	int (*fd_array_get)(void *arg, uint32_t index, int *fd);
	bool fd_array_given;
	uint32_t fd_array_cnt; /* so many entries are bound to the program in any case */
	/* NULL or: a signal is pending for the caller. */
	bool (*interrupted)(void *arg);

	/* --- func_info and line_info (cnt 0: none given) ------------------------------------ */
	struct btf_records func_info, line_info;
	uint32_t func_info_want, line_info_want; /* out: to write back to the attr with -E2BIG */

	/* --- log (bpf_attr.log_*) -------------------------------------------------------------- */
	uint32_t log_level;
	bool log_has_buf;
	uint32_t log_size;
	/* Out: text to copy to the buffer's start (free() it), and log_true_size. */
	char *log_text;
	uint32_t log_text_bytes;
	uint32_t log_true_size;

	/* --- limits; 0: none -------------------------------------------------------------------- */
	uint64_t bytes_max; /* of states; over it -E2BIG */
	uint64_t ns_max;    /* wall time; over it -EINTR */

	/* --- for tests --------------------------------------------------------------------------- */
	enum verify_prune prune;
	/*
	 * NULL or: sees each state that was remembered (verifier/env.h) when all is known of it.
	 * alive[f]: the stack slots of frame f that paths from it read. A run that comes by lies
	 * within one of them, but for numbers that are not precise and what is dead. With @prune
	 * EVERYWHERE, or at prune points with BPF_F_TEST_STATE_FREQ, that holds of every run.
	 */
	void (*walked)(void *arg, const struct verifier_env *env, const struct verifier_state *st,
		       const uint64_t *alive);

	struct verify_stats stats; /* out */
};

/*
 * 0: opts->prog has its rewritten half filled (insns, facts, subprogs, calls, used_maps with
 * references, func_info and line_info). Else -errno and opts->prog has nothing new: the log says
 * why. -ENOSPC: would load, but the log buffer is too small (the program is not loaded, as in
 * the kernel).
 */
int verify_prog(struct verify_opts *opts);
