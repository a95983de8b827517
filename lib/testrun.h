/* SPDX-License-Identifier: BSD-2-Clause */
/* BPF_PROG_TEST_RUN: one run of a loaded program on one packet or context. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TESTRUN_GROWTH_BYTES 1024 /* a program may make a packet this much longer */

struct testrun {
	int prog_fd;
	uint32_t prog_type;
	uint32_t repeat;
	const void *ctx_in; /* NULL: none */
	uint32_t ctx_bytes;
	uint8_t *out; /* the packet after the run; owned */
	uint32_t out_room;
	uint8_t *ctx_out; /* the context after the run; owned, NULL when there was none */
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
/* 0 or -errno. @data may be NULL for programs that take no packet. */
int testrun_run(struct testrun *run, const void *data, uint32_t bytes,
		struct testrun_result *result);
/* Why the call refused a packet of @bytes with @error, as a short phrase. */
const char *testrun_refusal(uint32_t prog_type, uint32_t bytes, int error);
