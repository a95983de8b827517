/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct helper_proto: what the verifier knows of a helper and what a program calls. The helpers
 * room defines one object helper_proto_<name> per row of tbl/helpers.h that is done (and one per
 * variant: helper_proto_skb_load_bytes, helper_proto_perf_event_output_xdp, …); a program type's
 * get_func_proto() chooses by (id, type, attach type, capabilities).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "object/reg_type.h"

struct prog;

#define HELPER_ARGS_MAX 5

/* Every helper: five 64-bit arguments in, R0 out; unused ones are ignored. What else it needs
 * (program, context, slot, engine) it finds through run_current() in run/run.h. */
typedef uint64_t (*helper_fn)(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5);

struct helper_proto {
	helper_fn func;
	uint32_t id;       /* enum bpf_func_id */
	const char *name;  /* "bpf_map_lookup_elem" */
	bool gpl_only;     /* only programs with a GPL compatible licence */
	bool pkt_access;   /* accepts packet pointers as memory arguments */
	bool pkt_changes;  /* packet pointers held before the call are invalid after it */
	bool might_sleep;  /* only sleepable programs */
	uint32_t ret_type; /* enum bpf_return_type | enum bpf_type_flag */
	uint32_t arg_type[HELPER_ARGS_MAX]; /* enum bpf_arg_type | enum bpf_type_flag */
	uint32_t arg_size[HELPER_ARGS_MAX]; /* bytes, with MEM_FIXED_SIZE */
	/* NULL: everybody who gets the proto may call it. */
	bool (*allowed)(const struct prog *prog);
};

/* The name of a helper id as the kernel prints it ("bpf_map_lookup_elem"), or NULL (tbl/helpers.h). */
const char *helper_name(uint32_t id);

/* Why an id that has no proto is refused ("needs a kernel socket"), or NULL. */
const char *helper_refusal(uint32_t id);
