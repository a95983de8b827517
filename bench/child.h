/* SPDX-License-Identifier: BSD-2-Clause */
/* struct child: a side in a process of its own, asked over a socket, one request at a time. */
#pragma once

#include <sys/types.h>

#include "side.h"

struct child {
	pid_t pid;
	int fd;
	char why[SIDE_TEXT_BYTES]; /* why there is none; empty: there is one */
};

struct child_run {
	enum suite_program program;
	uint32_t runs;
	uint32_t threads; /* 1: also checks; more: each on its own packet */
	uint64_t packet;  /* number, for suite_packet() */
};

struct child_result {
	double ns;    /* of all runs of the slowest thread; negative: -errno */
	uint64_t sum; /* what the programs made of it; of the first thread */
};

/* 0 even when the side is not to be had (child->why); -errno when there is no process. */
int child_start(struct child *child, const struct side_options *options);
/* Blocks until the side is loaded. */
void child_wait_ready(struct child *child);
int child_load_result(struct child *child, enum suite_program program, struct side_load *load);
/* 0; -EPIPE: it died. */
int child_run(struct child *child, const struct child_run *run, struct child_result *result);
void child_stop(struct child *child);
