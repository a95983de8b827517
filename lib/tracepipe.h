/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf_printk lines of programs run by the kernel: they go to the one trace pipe of the machine, from
 * which this takes those of this process. Needs the privilege to open tracefs; reading it takes lines
 * away from other readers of the pipe.
 */
#pragma once

#include <stdint.h>

#include "error.h"

struct tracepipe;

typedef void tracepipe_fn(void *arg, const char *line);

/* Lines of which processes: those of programs run for this one, or of all. */
enum tracepipe_whose {
	TRACEPIPE_OWN,
	TRACEPIPE_ALL
};

/* 0, or -errno with a sentence that says why the lines cannot be read. */
int tracepipe_open(enum tracepipe_whose whose, tracepipe_fn *fn, void *arg, struct tracepipe **out,
		   struct error *err);
/* To wait for lines. */
int tracepipe_fd(const struct tracepipe *pipe);
/* How many lines the kernel says it has thrown away since it was opened. */
uint64_t tracepipe_lost(const struct tracepipe *pipe);
/* Hands over the lines that came since, without newlines; 4 MiB at most, so that it ends. */
void tracepipe_take(struct tracepipe *pipe);
void tracepipe_close(struct tracepipe *pipe);
