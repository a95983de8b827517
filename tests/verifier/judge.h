/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge: watches a run of an accepted program in the interpreter. It knows the objects: context,
 * packet, map values, stack frames. Each access must lie within one of them, and within that kind which
 * the verifier said the address was. Given the states of a walk (walked.h), each instruction must be
 * reached in a way that one of them holds.
 *
 * Maps: arrays by their elements; others by what lookups of the keys 0 to JUDGE_KEYS - 1 gave.
 * A program that was tail-called is not watched.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "interp/watch.h"
#include "walked.h"

enum {
	JUDGE_FRAMES_MAX = 64,
	JUDGE_KEYS = 8,
	JUDGE_VALUES_MAX = 256, /* starts of values known */
};

struct judge {
	const struct prog *prog;
	struct walked *walked; /* NULL: accesses alone are judged */
	const void *ctx; /* struct xdp_buff or struct skb, by the program's type */
	struct moment_frame frames[JUDGE_FRAMES_MAX]; /* open now */
	uint32_t n_frames;
	struct {
		const struct map *map;
		uint64_t start;
	} values[JUDGE_VALUES_MAX];
	uint32_t n_values;
	struct strbuf why; /* of a stop */
	struct interp_watch watch; /* insns, stop and stop_pc are its findings */
};

/* @prog, which was prepared to run, is watched by @j in its next run. 0 or -errno. */
int judge_init(struct judge *j, struct prog *prog, struct walked *walked, uint64_t insns_max);
void judge_deinit(struct judge *j);

/* After the run: is all well? If not, @text says where and why, and has the program. */
bool judge_passed(const struct judge *j, struct strbuf *text);
