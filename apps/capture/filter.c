/* SPDX-License-Identifier: BSD-2-Clause */
/* See filter.h. */
#include <errno.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <skep/asm.h>

#include "buffer.h"
#include "capture/filter.h"
#include "engine_user.h"

enum {
	FRAME_BYTES_MIN = 14,
	FRAME_BYTES_MAX = 65536,
};

/* libpcap's interpreter (pcap/bpf.h); its instructions have sock_filter's layout. */
unsigned int bpf_filter(const struct sock_filter *insns, const unsigned char *packet,
			unsigned int wire_bytes, unsigned int bytes);

int filter_load(const char *packet, const struct classic_setup *setup, struct filter_prog *f,
		struct error *err)
{
	struct bpf_insn *insns = NULL;
	const char *why = "no memory";
	size_t n_insns = 0, bad;
	int rc;

	*f = (struct filter_prog){ .prog_fd = -1 };
	if (!*packet)
		return 0;
	rc = expression_compile(packet, setup, &f->classic, err);
	if (rc)
		return rc;
	rc = skep_classic_convert(f->classic.insns, f->classic.n,
				  SKEP_CLASSIC_DIRECT | SKEP_CLASSIC_WIRE_LEN, &insns, &n_insns,
				  &why, &bad);
	if (rc)
		return error_set(err, rc, "'%s' cannot be made a program: %s", packet, why);
	f->prog_fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "filter", "Dual BSD/GPL", insns,
				   n_insns, NULL);
	free(insns);
	if (f->prog_fd < 0)
		return error_set(err, f->prog_fd, "'%s' was refused as a program: %s", packet,
				 strerror(-f->prog_fd));
	return 0;
}

int64_t filter_run(const struct filter_prog *f, const uint8_t *data, uint32_t bytes,
		   uint32_t wire_bytes)
{
	const struct __sk_buff ctx = { .wire_len = wire_bytes };
	struct skep_run run = {
		.size = sizeof(run),
		.data = data,
		.data_bytes = bytes,
		.ctx = &ctx,
		.ctx_bytes = sizeof(ctx),
	};
	int rc;

	if (f->prog_fd < 0)
		return UINT32_MAX;
	if (bytes < FRAME_BYTES_MIN || wire_bytes > FRAME_BYTES_MAX)
		return bpf_filter(f->classic.insns, data, wire_bytes, bytes);
	rc = engine_user_run(f->prog_fd, &run);
	return rc ? rc : (int64_t)(uint32_t)run.retval;
}

void filter_unload(struct filter_prog *f)
{
	if (f->prog_fd >= 0)
		close(f->prog_fd);
	free(f->classic.insns);
	*f = (struct filter_prog){ .prog_fd = -1 };
}
