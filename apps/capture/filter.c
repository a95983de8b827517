/* SPDX-License-Identifier: BSD-2-Clause */
/* See filter.h. */
#include "capture/filter.h"

#include <linux/filter.h>
#include <stdlib.h>
#include <unistd.h>

#include "capture/entry.h"
#include "engine_user.h"

enum {
	FRAME_BYTES_MIN = 18, /* a link-level header and a tag */
	FRAME_BYTES_MAX = 65535,
};

/* libpcap's interpreter (pcap/bpf.h); its instructions have sock_filter's layout. */
unsigned int bpf_filter(const struct sock_filter *insns, const unsigned char *packet,
			unsigned int wire_bytes, unsigned int bytes);

int filter_load(const char *packet, const struct classic_setup *setup, struct filter_prog *f,
		struct error *err)
{
	int rc;

	*f = (struct filter_prog){ .prog_fd = -1 };
	if (!*packet)
		return 0;
	rc = expression_compile(packet, setup, &f->classic, err);
	if (rc)
		return rc;
	f->prog_fd = entry_load_file(&f->classic, err);
	return f->prog_fd < 0 ? f->prog_fd : 0;
}

int64_t filter_run(const struct filter_prog *f, const uint8_t *data, uint32_t bytes,
		   uint32_t wire_bytes)
{
	struct skep_run run = {
		.size = sizeof(run),
		.data = data,
		.data_bytes = bytes,
		.wire_bytes = wire_bytes,
		.flags = SKEP_RUN_HOOK,
	};
	int rc;

	if (f->prog_fd < 0)
		return UINT32_MAX;
	if (bytes < FRAME_BYTES_MIN || bytes > FRAME_BYTES_MAX)
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
