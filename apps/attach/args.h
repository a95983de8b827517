/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line of `skep run --attach`. Besides its own options, every `const volatile` global of the
 * program is one: so the program is found first, opened, and then all is read.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "hook/program.h"
#include "object.h"
#include "tool/output.h"

#define ATTACH_SETTINGS_MAX 256
#define ATTACH_PROGRAMS_MAX 64
#define ATTACH_ROWS	    40

struct attach_args {
	const char *path;
	const char *programs[ATTACH_PROGRAMS_MAX]; /* none: all */
	uint32_t n_programs;
	struct hook_target target;
	const char *netns; /* path or number of a process; NULL: ours */
	char **settings;   /* NAME=VALUE; owned */
	uint32_t n_settings;
	uint64_t duration_ns, interval_ns;
	uint64_t ring_bytes; /* of the ring bpf_printk goes through; 0: the usual */
	enum output_format format;
	const char *listen; /* ADDR:PORT, for metrics; NULL: nowhere */
	uint32_t rows;	    /* of each map, in columns; 0: all */
	bool trace_pipe;    /* bpf_printk by the kernel's trace pipe */
	bool no_maps;
	bool no_header;
	bool verbose;
	bool help;
};

/* The program's path among the arguments, NULL when there is none. */
const char *attach_args_path(int argc, char **argv);
/* Whether one of the arguments is @option itself. */
bool attach_args_have(int argc, char **argv, const char *option);
/* @obj: the program, opened; for its globals. 0, or -EINVAL with a sentence. */
int attach_args_parse(struct attach_args *args, int argc, char **argv, const struct object *obj,
		      struct error *err);
void attach_args_deinit(struct attach_args *args);

extern const char attach_usage[];
