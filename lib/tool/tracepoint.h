/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tracepoints by name, on any machine that has tracefs, mounted or not (kernel_fs.h). A program
 * attached so runs on every CPU and goes with the descriptor.
 */
#pragma once

#include <stdint.h>

#include "error.h"

/* One field of an event's record, as a program was written for it. */
struct tracepoint_field {
	const char *name;
	uint32_t offset, bytes;
};

/* Whether @event ("sched/sched_process_exec") has these fields there. 0, or -errno with a sentence. */
int tracepoint_check(const char *event, const struct tracepoint_field *fields, uint32_t n,
		     struct error *err);
/* The same on the text of its format file: 0, or -ENOTSUP and the index of the first that differs. */
int tracepoint_check_text(const char *format, const struct tracepoint_field *fields, uint32_t n,
			  uint32_t *which);
/* Attaches a loaded program of type tracepoint: a descriptor >= 0, or -errno with a sentence. */
int tracepoint_attach(int prog_fd, const char *event, struct error *err);
/*
 * Closes descriptors of tracepoint_attach(), passing over those < 0. The kernel waits for RCU at the last
 * close of each, 60 ms and more where CPUs are busy, one after the other: that is left to a thread of its
 * own, and programs may still run for so long after this returns.
 */
void tracepoint_let_go(const int *fds, uint32_t n);
