/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The main job: load one program into the engine, run it on every packet of a capture (or once, on
 * given data), and gather what happened. One job at a time in a process.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "accesses.h"
#include "buffer.h"
#include "capture.h"
#include "engine.h"
#include "error.h"
#include "object.h"
#include "outcome.h"

struct job_options {
	const char *path;	    /* of the program, for messages */
	const struct buffer *image; /* object_read() of it */
	const char *program;	    /* NULL: the only one */
	const char **settings;	    /* NAME=VALUE */
	uint32_t n_settings;
	const char *capture;	   /* NULL: run once */
	const char *output;	   /* capture of the packets that passed, NULL: none */
	const struct buffer *data; /* NULL: none given */
	const struct buffer *ctx;
	struct accesses *accesses; /* to sysctls: what became of them is noted there */
	uint32_t repeat;
	bool hook; /* frame packets as the program's hook does, where the engine can */
	struct engine_setup engine; /* printk is the job's own */
};

/* One packet, after the program ran on it. */
struct job_step {
	uint64_t packet; /* from 1 */
	int error;	 /* -errno: it was not run */
	uint32_t retval;
	uint32_t bytes_before;
	const uint8_t *data; /* as the program left it */
	uint32_t bytes;
	uint64_t ns;
};

struct job;
/* Called after each packet; nonzero ends the job. */
typedef int job_watch_fn(void *arg, struct job *job, const struct job_step *step);
/* @done from 0 to 1, which it is when all has been run; negative when it cannot be known. */
typedef void job_progress_fn(void *arg, double done, uint64_t packet);

struct job {
	const struct job_options *options;
	struct object object;
	struct bpf_program *prog;
	struct outcome outcome;
	job_watch_fn *watch; /* NULL: nobody */
	void *watch_arg;
	job_progress_fn *progress; /* NULL: nobody */
	void *progress_arg;
};

/* Stops the running job after the packet at hand; for signal handlers. */
void job_interrupt(void);

/* Opens and chooses; needs no engine. 0 or -errno with a sentence. */
int job_open(struct job *job, const struct job_options *options, struct error *err);
/* Enters the engine, applies settings and loads. -EBADMSG: rejected, job->object.log has the log. */
int job_load(struct job *job, struct error *err);
/* Runs all. 0, or -errno with a sentence; what was counted so far is in job->outcome in both cases. */
int job_run(struct job *job, struct error *err);
/* Reads every map as it is now into the outcome. */
void job_read_maps(struct job *job);
void job_close(struct job *job);
