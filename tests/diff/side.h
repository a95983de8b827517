/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct side: one place where a program can be loaded and run by bpf(2) - the running kernel, our
 * JIT, our interpreter - with the maps of gen.h made there.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gen.h"
#include "tbl/uapi.h"

struct side {
	const char *name;
	/* bpf(2) on this side: result or -errno. */
	long (*bpf)(struct side *side, int cmd, union bpf_attr *attr, size_t attr_bytes);
	void *engine; /* struct skep_engine, ours only */
	int maps[GEN_MAPS];
	int tail_prog;
	int btf;            /* names the functions of a program */
	uint32_t func_type; /* type id in it: the first of GEN_FUNCS_MAX static functions */
	uint32_t slots; /* CPUs: values of per-CPU maps */
	char log[4096]; /* of the last load that failed */
};

/* Everything a program left behind. */
struct outcome {
	int load_err; /* 0, or -errno of PROG_LOAD: then nothing else is set */
	int run_err;
	uint32_t retval;
	uint8_t packet[GEN_PACKET_BYTES];
	uint64_t out[GEN_OUT_WORDS];
	uint64_t values[GEN_MAPS][GEN_KEYS]; /* per-CPU maps: summed */
	uint8_t present[GEN_MAPS][GEN_KEYS];
};

/* 0, or -errno: bpf(2) is not allowed (-EPERM), … */
int side_open_kernel(struct side *side);
int side_open_user(struct side *side, bool jit);
void side_close(struct side *side);

/* func_info of @prog, one record a function; returns how many. */
uint32_t side_func_info(const struct side *side, const struct gen_prog *prog,
			struct bpf_func_info info[GEN_FUNCS_MAX]);
/* The fd, or -errno: then the end of the log is in side->log. */
long side_load(struct side *side, const struct gen_prog *prog);
/* The maps as every run finds them: arrays zero, the others with one element, key 1. */
void side_reset(struct side *side);

/* Clears the maps, loads, runs once on the packet, reads everything back. */
void side_run(struct side *side, const struct gen_prog *prog,
	      const uint8_t packet[GEN_PACKET_BYTES], struct outcome *out);
