/* SPDX-License-Identifier: BSD-2-Clause */
/* call: helper calls: arguments (arg.c), what the helper does to the state, what it returns. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct helper_proto;
struct map;
struct reg_state;
struct verifier_env;

/* What the arguments seen so far say about the call. */
struct call_meta {
	const struct helper_proto *fn;
	struct map *map;
	uint32_t map_uid;
	bool raw_mode; /* an ARG_PTR_TO_UNINIT_MEM is there: its bytes need not be set */
	bool pkt_access;
	int regno; /* of that argument, when bytes are to be marked written */
	int access_size;
	uint32_t mem_size; /* ARG_CONST_ALLOC_SIZE */
	uint64_t msize_max; /* largest value of the size argument */
	uint32_t ref_obj_id;
	uint32_t dynptr_id; /* of the dynptr a slice is made of */
	uint32_t release_regno;
	uint32_t subprogno; /* callback */
	bool key_known;	    /* map_key is the key looked up */
	uint64_t map_key;
};

/* The call at env->insn_idx: 0 or -errno. */
int call_helper(struct verifier_env *env);

/* Argument number arg (0 to 4). */
int arg_check(struct verifier_env *env, uint32_t arg, struct call_meta *meta);
bool arg_is_dynptr(uint32_t arg_type);
/* Only a pointer that was not moved, as the argument type demands. */
int arg_check_reg_off(struct verifier_env *env, const struct reg_state *reg, uint32_t regno,
		      uint32_t arg_type);
/* mem_size bytes a global function may read and write. NULL allowed. */
int arg_check_mem_reg(struct verifier_env *env, struct reg_state *reg, uint32_t regno,
		      uint32_t mem_size);

/* May this helper be given that type of map? */
int compat_check(struct verifier_env *env, const struct map *map, uint32_t func_id);

/* The format string of bpf_snprintf and its kin, with at most n_args conversions: 0 or -EINVAL. */
int fmt_check(const char *fmt, uint32_t n_args);

/* "bpf_map_lookup_elem", "unknown". */
const char *func_id_name(int32_t id);

/* Packet pointers of the whole path are good no more. */
void call_drop_pkt_pointers(struct verifier_env *env);
