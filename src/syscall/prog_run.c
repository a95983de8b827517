/* SPDX-License-Identifier: BSD-2-Clause */
/* See prog_run.h. Any number of threads may run the same program, each with its own frame. */
#include "syscall/prog_run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/errno.h"
#include "base/macros.h"
#include "hooks/dev.h"
#include "run/run.h"
#include "skep/skep.h"
#include "syscall/bpf.h"

#define CHUNK_NS 100000
#define CHUNK_RUNS_MAX 65536

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static uint32_t enter(struct engine *engine, uint32_t slot)
{
	if (slot == PROG_RUN_ANY_SLOT || run_inside(engine))
		return run_enter(engine);
	run_enter_slot(engine, slot);
	return slot;
}

/* @runs runs in a row: their time. */
static uint64_t run_chunk(struct caller *caller, const struct prog *prog, struct prog_frame *frame,
			  uint32_t runs, uint32_t slot, bool first)
{
	struct run_ctx rc = { .engine = frame->engine, .caller = caller };
	uint64_t start, ns;

	rc.slot = enter(frame->engine, slot);
	start = now_ns();
	for (uint32_t i = 0; i < runs; i++) {
		if (!first && prog->ops->reframe)
			prog->ops->reframe(prog, frame);
		first = false;
		rc.tail_calls = 0;
		rc.redirect = (struct redirect_info){ 0 };
		frame->retval = run_prog(prog, frame->ctx, &rc);
		if (rc.clones) /* they go out for real, as from a test run in the kernel */
			hook_flush_clones(&rc);
	}
	ns = now_ns() - start;
	run_exit(frame->engine);
	return ns;
}

int prog_run_repeats(struct caller *caller, const struct prog *prog, struct prog_frame *frame,
		     uint32_t repeat, uint32_t slot, uint64_t *total_ns)
{
	uint32_t left = repeat, chunk = 1;
	uint64_t total = 0;

	for (;;) {
		uint32_t runs = MIN(chunk, left);
		uint64_t ns = run_chunk(caller, prog, frame, runs, slot, left == repeat);

		total += ns;
		left -= runs;
		if (!left)
			break;
		if (caller->ops->interrupted(caller))
			return -EINTR;
		if (ns < CHUNK_NS && chunk < CHUNK_RUNS_MAX)
			chunk *= 2;
		else if (ns > 2 * CHUNK_NS && chunk > 1)
			chunk /= 2;
	}
	*total_ns = total;
	return 0;
}

static void put_out(void *to, uint32_t room, const uint8_t *from, uint32_t bytes)
{
	if (to && from)
		memcpy(to, from, MIN(room, bytes));
}

static int run_framed(struct caller *caller, const struct prog *prog, struct skep_run *run)
{
	struct prog_frame frame = {
		.engine = caller->engine,
		.data = run->data,
		.data_bytes = run->data_bytes,
		.wire_bytes = run->wire_bytes,
		.ctx_in = run->ctx,
		.ctx_in_bytes = run->ctx_bytes,
		.ifindex = run->ifindex,
		.hook = (run->flags & SKEP_RUN_HOOK) != 0,
	};
	int err, unframe_err;

	err = prog->ops->frame(prog, &frame);
	if (err)
		return err;
	err = prog_run_repeats(caller, prog, &frame, MAX(run->repeat, 1u),
			       PROG_RUN_ANY_SLOT, &run->ns);
	unframe_err = prog->ops->unframe(prog, &frame);
	if (!err)
		err = unframe_err;
	run->retval = frame.retval;
	run->data_out_bytes = frame.data_out_bytes;
	run->ctx_out_bytes = frame.ctx_out_bytes;
	put_out(run->data_out, run->data_out_room, frame.data_out, frame.data_out_bytes);
	put_out(run->ctx_out, run->ctx_out_room, frame.ctx_out, frame.ctx_out_bytes);
	prog_frame_free(&frame);
	return err;
}

int syscall_prog_run(struct caller *caller, int prog_fd, struct skep_run *run)
{
	struct object *obj;
	int err;

	if (run->flags & ~(uint32_t)SKEP_RUN_HOOK)
		return -EINVAL;
	err = caller->ops->fd_to_object(caller, prog_fd, &obj, NULL);
	if (err)
		return err;
	if (obj->kind != OBJECT_PROG)
		err = -EINVAL;
	else if (!prog_of(obj)->ops->frame)
		err = -ENOTSUP;
	else
		err = run_framed(caller, prog_of(obj), run);
	object_put(obj);
	return err;
}
