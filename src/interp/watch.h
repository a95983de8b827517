/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interpreter under watch: the same loop, asking before every instruction and every access to
 * memory whether to go on. For oracles (is what the verifier accepted really safe?), coverage,
 * recording and debugging; some tens of times slower than the plain one.
 *
 * What a helper does to memory is not seen, only that it was called.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct prog;

#define INTERP_WATCH_REGS 12 /* R0 to R11 */

enum interp_access {
	INTERP_READ = 1u << 0,
	INTERP_WRITE = 1u << 1, /* atomics do both */
};

enum interp_stop {
	INTERP_RAN,           /* to its end */
	INTERP_STOPPED_STEP,  /* step() said so */
	INTERP_STOPPED_ACCESS,
	INTERP_STOPPED_INSNS, /* insns_max were executed */
};

/*
 * What the watcher wants to know; each function may be NULL. @pc is an index into prog->insns. One
 * watch serves one thread at a time.
 */
struct interp_watch {
	void *arg;
	/* Before instruction @pc of @prog; the registers may be changed. False: stop. */
	bool (*step)(void *arg, const struct prog *prog, uint32_t pc, uint64_t regs[INTERP_WATCH_REGS]);
	/* Before an access (enum interp_access bits) of @bytes at @addr. False: stop. */
	bool (*access)(void *arg, uint32_t pc, uint64_t addr, uint32_t bytes, uint32_t access);
	/* A frame with stack [fp - INTERP_STACK_BYTES, fp) begins, and ends. */
	void (*enter)(void *arg, const struct prog *prog, uint32_t pc, uint64_t fp);
	void (*leave)(void *arg, uint64_t fp);
	uint64_t insns_max; /* 0: no limit */

	/* Out. Once stopped, frames still open return 0 at once. Set to 0 before each run. */
	uint64_t insns;
	enum interp_stop stop;
	uint32_t stop_pc;
};

/* As interp_prepare(), but every run of @prog is watched. @watch outlives it. interp_free() ends it. */
int interp_prepare_watched(struct prog *prog, struct interp_watch *watch);
