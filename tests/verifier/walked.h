/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walked: the states the verifier's walk remembered of a program, and whether a run, as it stands
 * before an instruction, lies within one of them: kinds of pointers, what they point to and how far,
 * zero bytes of the stack, and numbers that were marked precise. (Numbers that were not may be
 * anything: pruning lets such paths through.)
 *
 * The program is verified once more, as it was loaded, so nothing of the engine has to know.
 * Cost of a question: the states stored at that instruction.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "verifier/verify.h"

/* Of a walk's states, and of its time; with more there is nothing to ask. */
#define WALKED_BYTES_MAX (64u << 20)
#define WALKED_NS_MAX 1000000000ull

struct map;
struct prog;
struct skep_engine;
struct walked;

/*
 * @prog was loaded by @engine, its maps' fds are still open; @func_info as in its attr. 0, or the
 * verifier's -errno; -E2BIG also when there were too many states or it took too long.
 */
int walked_new(struct skep_engine *engine, const struct prog *prog, enum verify_prune prune,
	       const struct bpf_func_info *func_info, uint32_t n_func_info, struct walked **out);
void walked_free(struct walked *w);

/* One open frame: what it held when its last instruction began. */
struct moment_frame {
	uint64_t fp;
	uint32_t start; /* first instruction of its function, in the program as loaded */
	uint32_t pc;    /* likewise: the instruction it is at, a call for all but the last frame */
	uint64_t regs[10];
};

/* A run before an instruction. */
struct moment {
	const struct prog *prog;
	const void *ctx;
	const struct moment_frame *frames;
	uint32_t n_frames;
	/* Does a value of @map that the program may know start there? */
	bool (*is_value)(void *arg, const struct map *map, uint64_t start);
	void *arg;
};

/*
 * Does a state hold @m? True where none was stored and, with this pruning, none need be. False: @why
 * has the reason for each state there, one a line.
 */
bool walked_holds(struct walked *w, const struct moment *m, struct strbuf *why);

/* States recorded; questions that met a state, and numbers among them that were precise. */
struct walked_stats {
	uint64_t states, questions, numbers, pointers;
};
struct walked_stats walked_stats(const struct walked *w);
