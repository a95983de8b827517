/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct side: one engine with the suite loaded: the running kernel, skep's JIT, its interpreter, or
 * native code. A process has one side (libbpf remembers what it finds out about "the kernel").
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "suite.h"

enum side_kind { SIDE_KERNEL, SIDE_JIT, SIDE_INTERP, SIDE_NATIVE, SIDE_MAX };

enum { SIDE_TEXT_BYTES = 256, SIDE_THREADS_MAX = 64 };

struct side_load {
	uint32_t insns;
	double load_us;   /* of BPF_PROG_LOAD of the relocated program: the least of some; 0: not measured */
	double verify_us; /* what the verifier says of itself then */
	char error[SIDE_TEXT_BYTES]; /* why it is not loaded; empty: it is */
};

struct side;

struct side_options {
	enum side_kind kind;
	const char *objects; /* directory of FILE.bpf.o */
	const char *only;    /* maps of other programs stay empty: suite_file_is_wanted() */
	uint32_t fill_max;   /* elements put into a map at most; 0: all */
	uint32_t loads;      /* timed per program */
};

/* Loads and fills. NULL: @why says why the side is not to be had. */
struct side *side_new(const struct side_options *options, char why[SIDE_TEXT_BYTES]);
void side_free(struct side *side);

void side_load_result(const struct side *side, enum suite_program program, struct side_load *load);

/*
 * @runs runs on @packet, which is left as the last one left it: ns of all of them, or a negative
 * errno. Resets counters first when asked; the ring buffer is emptied behind it. Any number of
 * threads may run at once, without reset.
 */
double side_run(struct side *side, enum suite_program program, uint8_t packet[SUITE_PACKET_BYTES],
		uint32_t runs, bool reset);

extern const char *const side_names[SIDE_MAX];

/* --- how kinds differ; side.c chooses --------------------------------------------------------------- */

struct side_ops {
	void *(*open)(const struct side_options *options, char why[SIDE_TEXT_BYTES]);
	void (*close)(void *state);
	void (*load_result)(void *state, enum suite_program program, struct side_load *load);
	int (*fill)(void *state, const struct suite_fill *fill, uint32_t n);
	double (*run)(void *state, enum suite_program program, uint8_t *packet, uint32_t runs);
};

extern const struct side_ops side_bpf_ops, side_native_ops;

/* CPU time of this thread, ns: leaves out what it was scheduled away for. */
double side_cpu_ns(void);
