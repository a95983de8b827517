/* SPDX-License-Identifier: BSD-2-Clause */
#include "testrun.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"

#define ENOTSUPP_KERNEL 524 /* ENOTSUPP of the kernel, which has no name outside */
#define FIRST_ROOM	65536

void testrun_init(struct testrun *run, int prog_fd, uint32_t prog_type, uint32_t repeat,
		  const void *ctx, uint32_t ctx_bytes)
{
	*run = (struct testrun){
		.prog_fd = prog_fd,
		.prog_type = prog_type,
		.repeat = repeat,
		.ctx_in = ctx,
		.ctx_bytes = ctx_bytes,
		.out = xcalloc(1, FIRST_ROOM),
		.out_room = FIRST_ROOM,
		.ctx_out = ctx ? xcalloc(1, ctx_bytes) : NULL,
	};
}

void testrun_deinit(struct testrun *run)
{
	free(run->out);
	free(run->ctx_out);
	*run = (struct testrun){ 0 };
}

/* These have no packet, and the kernel wants every field of one to be zero. */
static bool takes_only_ctx(uint32_t prog_type)
{
	return prog_type == BPF_PROG_TYPE_RAW_TRACEPOINT || prog_type == BPF_PROG_TYPE_SYSCALL;
}

int testrun_run(struct testrun *run, const void *data, uint32_t bytes,
		struct testrun_result *result)
{
	bool packet = !takes_only_ctx(run->prog_type);
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = data, .data_size_in = bytes,
		    .ctx_in = run->ctx_in, .ctx_size_in = run->ctx_bytes,
		    .repeat = packet ? run->repeat : 0);

	if (bytes + TESTRUN_GROWTH_BYTES > run->out_room) {
		run->out_room = bytes + TESTRUN_GROWTH_BYTES;
		run->out = xrealloc(run->out, run->out_room);
	}
	if (packet && bytes) {
		opts.data_out = run->out;
		opts.data_size_out = run->out_room;
	}
	if (run->ctx_out && run->prog_type == BPF_PROG_TYPE_SYSCALL) {
		memcpy(run->ctx_out, run->ctx_in, run->ctx_bytes);
		opts.ctx_in = run->ctx_out;
	} else if (run->ctx_out && packet) {
		opts.ctx_out = run->ctx_out;
		opts.ctx_size_out = run->ctx_bytes;
	}
	if (bpf_prog_test_run_opts(run->prog_fd, &opts))
		return -errno;
	result->retval = opts.retval;
	result->bytes = opts.data_out ? opts.data_size_out : 0;
	result->ctx_bytes = run->ctx_out ? run->ctx_bytes : 0;
	result->ns = (uint64_t)opts.duration * (run->repeat ? run->repeat : 1);
	return 0;
}

const char *testrun_refusal(uint32_t prog_type, uint32_t bytes, int error)
{
	if (error == -EINVAL && bytes < ETH_HLEN)
		return "shorter than an Ethernet header";
	if (error == -EINVAL && bytes == ETH_HLEN)
		return "nothing behind the Ethernet header";
	if (error == -EINVAL || error == -E2BIG || error == -EMSGSIZE)
		return "size that a test run does not take";
	if (error == -ENOMEM)
		return "too long for a test run";
	if (error == -ENOTSUP || error == -ENOTSUPP_KERNEL)
		return "no test run for this program type";
	if (error == -ENOSPC)
		return "grew out of all bounds";
	return strerror(-error);
}
