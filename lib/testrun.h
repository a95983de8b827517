/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One run of a loaded program on one packet or context: by BPF_PROG_TEST_RUN, or, in the engine of this
 * process, framed as the program's hook does it, which takes packets that a test run refuses and shows
 * socket filters the link header.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "capture.h"

#define TESTRUN_GROWTH_BYTES 1024 /* a program may make a packet this much longer */

struct testrun {
	int prog_fd;
	uint32_t prog_type;
	uint32_t repeat;
	bool hook;	    /* run by engine_user_run(), not by bpf(2) */
	const void *ctx_in; /* NULL: none */
	uint32_t ctx_bytes;
	uint8_t *out; /* the packet after the run; owned */
	uint32_t out_room;
	uint8_t *ctx_out; /* the context after the run; owned, NULL when there was none */
	uint32_t ctx_room; /* at least the whole struct of the type, however little was given */
};

struct testrun_result {
	uint32_t retval;
	uint32_t bytes;	    /* at out */
	uint32_t ctx_bytes; /* at ctx_out */
	uint64_t ns;	    /* of all repetitions */
};

void testrun_init(struct testrun *run, int prog_fd, uint32_t prog_type, uint32_t repeat,
		  const void *ctx, uint32_t ctx_bytes);
void testrun_deinit(struct testrun *run);
/* 0 or -errno. The packet's data is NULL for programs that take none. */
int testrun_run(struct testrun *run, const struct packet *packet, struct testrun_result *result);
/* Why the call refused a packet of @bytes with @error, as a short phrase. */
const char *testrun_refusal(uint32_t prog_type, uint32_t bytes, int error);
/* Why the kernel's test run would refuse the packet; NULL: it takes it. Source: net/bpf/test_run.c. */
const char *testrun_kernel_refusal(uint32_t prog_type, const struct packet *packet);
