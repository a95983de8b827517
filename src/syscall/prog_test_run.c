/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_PROG_TEST_RUN: one input through a program, repeated, timed. The program type frames input
 * and output (prog_type_ops.frame); here are the rules common to all types.
 * Source: net/bpf/test_run.c, bpf_test_run(), bpf_test_finish(), bpf_ctx_init/finish().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/errno.h"
#include "base/macros.h"
#include "object/pkt.h"
#include "object/prog.h"
#include "syscall/call.h"
#include "syscall/prog_run.h"

#define CTX_BYTES_MAX 65535 /* U16_MAX: syscall programs */
#define DATA_BYTES_MAX (1 << 17) /* more than any type takes */

/* --- the rules of the attr -------------------------------------------------------------------- */

/* A pointer goes with a size and a size with a pointer. */
static bool pair_ok(uint64_t pointer, uint32_t bytes)
{
	return !pointer == !bytes;
}

static bool runs_on_ctx_alone(const struct prog *prog)
{
	return prog->type == BPF_PROG_TYPE_RAW_TRACEPOINT || prog->type == BPF_PROG_TYPE_SYSCALL;
}

/* What a type's test_run refuses to be given. */
static int check_attr(const struct bpf_call *call, const struct prog *prog)
{
	const __typeof__(call->attr.test) *test = &call->attr.test;
	uint32_t flags = 0;

	if (runs_on_ctx_alone(prog) && (test->data_in || test->data_out || test->ctx_out ||
					test->duration || test->repeat || test->batch_size))
		return -EINVAL;
	if (prog->type == BPF_PROG_TYPE_RAW_TRACEPOINT)
		flags = ~0u; /* the kernel looks at BPF_F_TEST_RUN_ON_CPU only */
	else if (prog->type == BPF_PROG_TYPE_SCHED_CLS || prog->type == BPF_PROG_TYPE_SCHED_ACT ||
		 prog->type == BPF_PROG_TYPE_SOCKET_FILTER ||
		 prog->type == BPF_PROG_TYPE_CGROUP_SKB)
		flags = BPF_F_TEST_SKB_CHECKSUM_COMPLETE;
	/* XDP: live frames (BPF_F_TEST_XDP_LIVE_FRAMES) would need a device to live on. */
	if (test->flags & ~flags)
		return -EINVAL;
	if (test->cpu && !(test->flags & BPF_F_TEST_RUN_ON_CPU) &&
	    prog->type != BPF_PROG_TYPE_XDP && prog->type != BPF_PROG_TYPE_SYSCALL)
		return -EINVAL;
	if (test->flags & BPF_F_TEST_RUN_ON_CPU && test->cpu >= call->engine->n_slots)
		return -ENXIO;
	return test->batch_size ? -EINVAL : 0;
}

/* --- in --------------------------------------------------------------------------------------- */

/* The type cuts a longer context to its own, when the rest is 0; to ask for one back is to give one
 * of zeroes (bpf_ctx_init). */
static int take_ctx(struct bpf_call *call, const struct prog *prog, uint8_t **ctx, uint32_t *bytes)
{
	uint32_t n = call->attr.test.ctx_size_in;

	if (!n && call->attr.test.ctx_out && prog->ops->ctx_bytes) {
		*bytes = prog->ops->ctx_bytes;
		*ctx = mem_zalloc(*bytes);
		return *ctx ? 0 : -ENOMEM;
	}
	if (!n)
		return 0;
	if (n > CTX_BYTES_MAX)
		return runs_on_ctx_alone(prog) ? -EINVAL : -E2BIG;
	*ctx = mem_alloc(n);
	if (!*ctx)
		return -ENOMEM;
	*bytes = n;
	return copy_in(call->caller, *ctx, call->attr.test.ctx_in, n);
}

static int take_data(struct bpf_call *call, const struct prog *prog, uint8_t **data,
		     uint32_t *bytes)
{
	uint32_t n = call->attr.test.data_size_in;

	if (!n)
		return 0;
	if (n > DATA_BYTES_MAX) /* XDP runs out of frags, others out of their page */
		return prog->type == BPF_PROG_TYPE_XDP ? -ENOMEM : -EINVAL;
	*data = mem_alloc(n);
	if (!*data)
		return -ENOMEM;
	*bytes = n;
	return copy_in(call->caller, *data, call->attr.test.data_in, n);
}

/* --- out -------------------------------------------------------------------------------------- */

/* One buffer out, cut to the client's room: 0, -ENOSPC when it was cut, or -EFAULT. */
static int put_buffer(struct bpf_call *call, uint64_t to, uint32_t room, const uint8_t *from,
		      uint32_t bytes)
{
	uint32_t n = room && bytes > room ? room : bytes;

	if (to && copy_out(call->caller, to, from, n))
		return -EFAULT;
	return n < bytes ? -ENOSPC : 0;
}

/* A packet out. Frags keep their room: what is cut is cut from the linear part, and without room for
 * all frags nothing is written (bpf_test_finish). */
static int put_data(struct bpf_call *call, const struct prog_frame *frame)
{
	uint64_t to = call->attr.test.data_out;
	uint32_t room = call->attr.test.data_size_out, linear;

	if (!frame->frags_bytes || !room || room >= frame->data_out_bytes)
		return put_buffer(call, to, room, frame->data_out, frame->data_out_bytes);
	if (room < frame->frags_bytes)
		return -EFBIG;
	linear = room - frame->frags_bytes;
	if (to && (copy_out(call->caller, to, frame->data_out, linear) ||
		   copy_out(call->caller, to + linear,
			    frame->data_out + frame->data_out_bytes - frame->frags_bytes,
			    frame->frags_bytes)))
		return -EFAULT;
	return -ENOSPC;
}

static int put_results(struct bpf_call *call, const struct prog *prog,
		       const struct prog_frame *frame, uint32_t duration_ns)
{
	const __typeof__(call->attr.test) *test = &call->attr.test;
	int err;

	if (prog->type == BPF_PROG_TYPE_SYSCALL) {
		if (frame->ctx_out && copy_out(call->caller, test->ctx_in, frame->ctx_out,
					       frame->ctx_out_bytes))
			return -EFAULT;
		return call_write_back(call, test.retval, (uint32_t)frame->retval);
	}
	if (prog->type == BPF_PROG_TYPE_RAW_TRACEPOINT)
		return call_write_back(call, test.retval, (uint32_t)frame->retval);
	err = put_data(call, frame);
	if (err == -EFBIG)
		return -ENOSPC;
	if (err == -EFAULT || call_write_back(call, test.data_size_out, frame->data_out_bytes) ||
	    call_write_back(call, test.retval, (uint32_t)frame->retval) ||
	    call_write_back(call, test.duration, duration_ns))
		return -EFAULT;
	if (err || !test->ctx_out || !frame->ctx_out)
		return err;
	err = put_buffer(call, test->ctx_out, test->ctx_size_out, frame->ctx_out,
			 frame->ctx_out_bytes);
	if (err == -EFAULT || call_write_back(call, test.ctx_size_out, frame->ctx_out_bytes))
		return -EFAULT;
	return err;
}

static uint32_t mean_ns(uint64_t total_ns, uint32_t repeat)
{
	uint64_t mean = total_ns / repeat;

	return mean > UINT32_MAX ? UINT32_MAX : (uint32_t)mean;
}

static int test_run(struct bpf_call *call, const struct prog *prog)
{
	struct prog_frame frame = { .engine = call->engine, .flags = call->attr.test.flags };
	_cleanup_free_ uint8_t *data = NULL, *ctx = NULL;
	uint32_t repeat = MAX(call->attr.test.repeat, 1u);
	uint32_t slot = frame.flags & BPF_F_TEST_RUN_ON_CPU ? call->attr.test.cpu :
							      PROG_RUN_ANY_SLOT;
	uint64_t total_ns = 0;
	int err, unframe_err;

	err = take_data(call, prog, &data, &frame.data_bytes);
	if (!err)
		err = take_ctx(call, prog, &ctx, &frame.ctx_in_bytes);
	if (err)
		return err;
	frame.data = data;
	frame.ctx_in = ctx;
	err = prog->ops->frame(prog, &frame);
	if (err)
		return err;
	err = prog_run_repeats(call->caller, prog, &frame, repeat, slot, &total_ns);
	unframe_err = prog->ops->unframe(prog, &frame);
	if (!err)
		err = unframe_err;
	if (!err)
		err = put_results(call, prog, &frame, mean_ns(total_ns, repeat));
	prog_frame_free(&frame);
	return err;
}

int cmd_prog_test_run(struct bpf_call *call)
{
	const __typeof__(call->attr.test) *test = &call->attr.test;
	struct prog *prog;
	int err;

	if (!pair_ok(test->ctx_in, test->ctx_size_in) || !pair_ok(test->ctx_out, test->ctx_size_out))
		return -EINVAL;
	err = call_prog(call, (int)test->prog_fd, &prog);
	if (err)
		return err;
	err = prog->ops->frame ? check_attr(call, prog) : -ENOTSUPP;
	if (!err)
		err = test_run(call, prog);
	object_put(&prog->obj);
	return err;
}
