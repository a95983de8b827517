/* SPDX-License-Identifier: BSD-2-Clause */
/* See watch.h: the loop a second time. */
#include <string.h>

#include "interp/arith.h"
#include "interp/interp.h"
#include "interp/op.h"
#include "interp/probe.h"
#include "interp/watch.h"
#include "object/prog.h"

static uint32_t pc_of(const struct interp_code *code, const struct interp_op *op)
{
	return (uint32_t)(op - code->ops);
}

static bool stop(struct interp_watch *w, enum interp_stop why, uint32_t pc)
{
	if (w->stop == INTERP_RAN) {
		w->stop = why;
		w->stop_pc = pc;
	}
	return false;
}

static bool watch_step(const struct interp_code *code, const struct interp_op *op, uint64_t *regs)
{
	struct interp_watch *w = code->watch;
	uint32_t pc = pc_of(code, op);

	if (w->stop != INTERP_RAN)
		return false;
	if (w->insns_max && w->insns >= w->insns_max)
		return stop(w, INTERP_STOPPED_INSNS, pc);
	w->insns++;
	if (w->step && !w->step(w->arg, code->prog, pc, regs))
		return stop(w, INTERP_STOPPED_STEP, pc);
	return true;
}

static bool watch_access(const struct interp_code *code, const struct interp_op *op, uint64_t addr,
			 uint32_t bytes, uint32_t access)
{
	struct interp_watch *w = code->watch;
	uint32_t pc = pc_of(code, op);

	if (w->access && !w->access(w->arg, pc, addr, bytes, access))
		return stop(w, INTERP_STOPPED_ACCESS, pc);
	return true;
}

static void watch_enter(const struct interp_code *code, uint32_t start, uint64_t fp)
{
	if (code->watch->enter)
		code->watch->enter(code->watch->arg, code->prog, start, fp);
}

static uint64_t watch_leave(const struct interp_code *code, uint64_t fp, uint64_t r0)
{
	if (code->watch->leave)
		code->watch->leave(code->watch->arg, fp);
	return r0;
}

/* The address as type *, or the end of the run. */
#define WATCHED(type, addr, how)                                                                   \
	({                                                                                         \
		uint64_t _addr = (addr);                                                           \
		if (!watch_access(code, op, _addr, sizeof(type), how))                             \
			LOOP_RETURN(0);                                                            \
		(type *)(uintptr_t)_addr;                                                          \
	})

#define LOOP_NAME interp_loop_watched
#define LOOP_ENTER() watch_enter(code, start, r[10])
#define LOOP_RETURN(value) return watch_leave(code, r[10], value)
#define LOOP_STEP()                                                                                \
	do {                                                                                       \
		if (!watch_step(code, op, r))                                                      \
			LOOP_RETURN(0);                                                            \
	} while (0)
#define LOOP_LOAD(type, addr) __atomic_load_n(WATCHED(type, addr, INTERP_READ), __ATOMIC_RELAXED)
#define LOOP_STORE(type, addr, value)                                                              \
	__atomic_store_n(WATCHED(type, addr, INTERP_WRITE), value, __ATOMIC_RELAXED)
#define LOOP_ATOMIC(type, addr, how) WATCHED(type, addr, how)
#define LOOP_PROBE(type, addr) interp_probe(addr, sizeof(type))
#include "interp/loop.inc"
