/* SPDX-License-Identifier: BSD-2-Clause */
#include "testrun.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "engine_user.h"
#include "verdict.h"

#define ENOTSUPP_KERNEL	     524 /* ENOTSUPP of the kernel, which has no name outside */
#define FIRST_ROOM	     65536
#define CTX_ROOM	     512 /* more than any context struct has */
#define IPV4_BYTES	     20
#define IPV6_BYTES	     40
#define KERNEL_SKB_BYTES_MAX 3712 /* a page without headroom and struct skb_shared_info */

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
		.ctx_out = ctx ? xcalloc(1, ctx_bytes + CTX_ROOM) : NULL,
		.ctx_room = ctx ? ctx_bytes + CTX_ROOM : 0,
	};
}

void testrun_deinit(struct testrun *run)
{
	free(run->out);
	free(run->ctx_out);
	*run = (struct testrun){ 0 };
}

static bool takes_raw_args(uint32_t prog_type)
{
	return prog_type == BPF_PROG_TYPE_RAW_TRACEPOINT;
}

/* These have no packet, and the kernel wants every field of one to be zero. */
static bool takes_only_ctx(uint32_t prog_type)
{
	return takes_raw_args(prog_type) || prog_type == BPF_PROG_TYPE_SYSCALL;
}

static int run_by_bpf(struct testrun *run, const struct packet *packet,
		      struct testrun_result *result)
{
	bool takes_packet = !takes_only_ctx(run->prog_type);
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet->data, .data_size_in = packet->bytes,
		    .ctx_in = run->ctx_in, .ctx_size_in = run->ctx_bytes,
		    .repeat = takes_packet ? run->repeat : 0);

	if (takes_packet && packet->bytes) {
		opts.data_out = run->out;
		opts.data_size_out = run->out_room;
	}
	if (run->ctx_out && run->prog_type == BPF_PROG_TYPE_SYSCALL) {
		memcpy(run->ctx_out, run->ctx_in, run->ctx_bytes);
		opts.ctx_in = run->ctx_out;
	} else if (run->ctx_out && takes_packet) {
		opts.ctx_out = run->ctx_out;
		opts.ctx_size_out = run->ctx_room;
	}
	if (bpf_prog_test_run_opts(run->prog_fd, &opts))
		return -errno;
	result->retval = opts.retval;
	result->bytes = opts.data_out ? opts.data_size_out : 0;
	result->ctx_bytes = opts.ctx_out ? opts.ctx_size_out :
			    opts.ctx_in == run->ctx_out ? run->ctx_bytes :
							  0;
	result->ns = (uint64_t)opts.duration * (takes_packet ? run->repeat : 1);
	return 0;
}

static int run_by_hook(struct testrun *run, const struct packet *packet,
		       struct testrun_result *result)
{
	struct skep_run r = {
		.size = sizeof(r),
		.data = packet->data,
		.data_bytes = packet->bytes,
		.wire_bytes = packet->wire_bytes,
		.ctx = run->ctx_in,
		.ctx_bytes = run->ctx_bytes,
		.flags = SKEP_RUN_HOOK,
		.repeat = run->repeat,
		.data_out = packet->data ? run->out : NULL,
		.data_out_room = packet->data ? run->out_room : 0,
		.ctx_out = run->ctx_out,
		.ctx_out_room = run->ctx_room,
	};
	int rc = engine_user_run(run->prog_fd, &r);

	if (rc)
		return rc;
	result->retval = r.retval;
	result->bytes = r.data_out_bytes < run->out_room ? r.data_out_bytes : run->out_room;
	result->ctx_bytes = r.ctx_out_bytes < r.ctx_out_room ? r.ctx_out_bytes : r.ctx_out_room;
	result->ns = r.ns;
	return 0;
}

int testrun_run(struct testrun *run, const struct packet *packet, struct testrun_result *result)
{
	if (packet->bytes + TESTRUN_GROWTH_BYTES > run->out_room) {
		run->out_room = packet->bytes + TESTRUN_GROWTH_BYTES;
		run->out = xrealloc(run->out, run->out_room);
	}
	return run->hook ? run_by_hook(run, packet, result) : run_by_bpf(run, packet, result);
}

static bool is_cut_in_ip(const struct packet *packet)
{
	const uint8_t *type = packet->data + 12;

	if (type[0] == 0x08 && type[1] == 0x00)
		return packet->bytes < ETH_HLEN + IPV4_BYTES;
	return type[0] == 0x86 && type[1] == 0xdd && packet->bytes < ETH_HLEN + IPV6_BYTES;
}

const char *testrun_kernel_refusal(uint32_t prog_type, const struct packet *packet)
{
	if (!verdict_is_of_packet(prog_type))
		return NULL;
	if (packet->bytes < ETH_HLEN)
		return "shorter than an Ethernet header";
	if (prog_type == BPF_PROG_TYPE_XDP)
		return NULL;
	if (packet->bytes == ETH_HLEN)
		return "nothing behind the Ethernet header";
	if (is_cut_in_ip(packet))
		return "cut off within the IP header";
	return packet->bytes > KERNEL_SKB_BYTES_MAX ? "longer than its page" : NULL;
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
