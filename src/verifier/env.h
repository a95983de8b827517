/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * env: what one verification knows. Register, frame and path states, and struct verifier_env that
 * every pass and every step of the walk takes as its first argument.
 *
 * The model is Linux 6.18's (kernel/bpf/verifier.c): a walk over all paths, states stored at prune
 * points, precision found backwards. States come from env->pool; none outlives the call.
 * A verification is single-threaded and touches nothing global.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "btf/prog_info.h"
#include "object/btf_object.h"
#include "object/helper.h"
#include "object/map.h"
#include "object/prog.h"
#include "object/reg_type.h"
#include "tbl/uapi.h"
#include "verifier/log.h"
#include "verifier/pool.h"
#include "verifier/scalar.h"
#include "verifier/verify.h"

enum {
	VERIFIER_INSNS_MAX = 1000000, /* processed in all (BPF_COMPLEXITY_LIMIT_INSNS) */
	VERIFIER_LATE_INSNS = 100000, /* processed before VERIFY_PRUNE_LATE prunes */
	VERIFIER_JUMPS_MAX = 8192,    /* pending branches (BPF_COMPLEXITY_LIMIT_JMP_SEQ) */
	VERIFIER_STATES_MAX = 64,     /* per instruction, unprivileged (BPF_COMPLEXITY_LIMIT_STATES) */
	VERIFIER_FRAMES_MAX = 8,      /* MAX_CALL_FRAMES */
	VERIFIER_STACK_BYTES = 512,   /* MAX_BPF_STACK */
	VERIFIER_SUBPROGS_MAX = 256,  /* BPF_MAX_SUBPROGS */
	VERIFIER_MAPS_MAX = 64,	      /* MAX_USED_MAPS */
	VERIFIER_HISTORY_MAX = 40,    /* longer: force a new state */
	REG_SLOT_BYTES = 8, /* BPF_REG_SIZE */
	STACK_SLOTS = VERIFIER_STACK_BYTES / REG_SLOT_BYTES,
	ID_MAP_MAX = (MAX_BPF_REG + STACK_SLOTS) * VERIFIER_FRAMES_MAX,
	VAR_OFF_MAX = 1 << 29,	 /* BPF_MAX_VAR_OFF */
	VAR_SIZE_MAX = 1 << 29,	 /* BPF_MAX_VAR_SIZ */
	PACKET_OFF_MAX = 0xffff, /* MAX_PACKET_OFF */
	CALLER_SAVED_REGS = 6,	 /* r0 to r5 */
};

#define REG_FP BPF_REG_10
#define REGMASK_ARGS 0x3eu
/* In reg_state.id: "value = that of the other registers with this id, plus off". */
#define ID_ADD_CONST64 (1u << 31)
#define ID_ADD_CONST32 (1u << 30) /* the sum is of 32 bits */
#define ID_ADD_CONST (ID_ADD_CONST64 | ID_ADD_CONST32)
/* reg_state.range of packet pointers compared with pkt_end but not proven. */
#define AT_PKT_END (-1)
#define BEYOND_PKT_END (-2)
#define SUBREG_DEF_NONE 0

enum stack_byte {
	STACK_INVALID, /* nothing written */
	STACK_SPILL,   /* part of a spilled register */
	STACK_MISC,    /* some data */
	STACK_ZERO,    /* known zero */
	STACK_DYNPTR,  /* half of a dynptr; always all 8 bytes of a slot (dynptr.h) */
};

enum dynptr_type { DYNPTR_INVALID, DYNPTR_LOCAL, DYNPTR_RINGBUF };

/* One register, or a register spilled to the stack. No padding before `id`: compared bytewise. */
struct reg_state {
	uint32_t type; /* enum bpf_reg_type | flags */
	int32_t off;   /* fixed part of a pointer's offset; of scalars with ID_ADD_CONST the delta */
	union {
		struct {
			struct map *map; /* map_ptr, map_value, map_key */
			uint32_t map_uid; /* inner maps: which lookup gave it */
			uint32_t map_pad;
		};
		struct {
			const struct btf *btf; /* PTR_TO_BTF_ID */
			uint32_t btf_id;
			uint32_t btf_pad;
		};
		int32_t range;	    /* packet pointers: bytes proven from the pointer's base */
		struct {
			uint32_t mem_size; /* PTR_TO_MEM: bytes */
			uint32_t dynptr_id; /* the dynptr it is a slice of, 0: none */
		};
		struct {
			uint32_t type; /* enum dynptr_type */
			uint32_t first_slot; /* or the second of two */
		} dynptr; /* CONST_PTR_TO_DYNPTR, and slots of STACK_DYNPTR */
		uint32_t subprogno; /* PTR_TO_FUNC */
		uint64_t raw[2];
	};
	struct scalar s; /* scalars: the value; pointers: the variable part of the offset */
	uint32_t id;
	uint32_t ref_obj_id;
	uint32_t frameno; /* PTR_TO_STACK: whose stack */
	int32_t subreg_def; /* pc + 1 of the 32-bit write it holds, or SUBREG_DEF_NONE */
	bool precise;
};
_Static_assert(offsetof(struct reg_state, id) == 24 + sizeof(struct scalar), "no holes");

struct stack_slot {
	struct reg_state spilled;
	uint8_t type[REG_SLOT_BYTES]; /* enum stack_byte; [7] is the byte at the slot's address */
};

struct retval_range {
	int32_t minval, maxval;
};

struct func_state {
	struct reg_state regs[MAX_BPF_REG];
	int32_t callsite; /* pc of the call, or CALLSITE_MAIN */
	uint32_t frameno;
	uint32_t subprogno;
	uint32_t async_entry_cnt;
	struct retval_range callback_ret_range;
	bool in_callback_fn;
	bool in_async_callback_fn;
	uint32_t callback_depth; /* iterations of this callback seen so far */
	/* All above is copied bytewise. */
	uint32_t stack_bytes; /* allocated, a multiple of 8 */
	uint32_t stack_cap;   /* slots */
	struct stack_slot *stack; /* [i]: bytes fp - 8(i + 1) .. fp - 8i - 1 */
};
#define CALLSITE_MAIN (-1)

enum ref_type { REF_TYPE_PTR = 1, REF_TYPE_LOCK };
struct ref_state {
	enum ref_type type;
	uint32_t id;
	uint32_t insn_idx; /* where acquired */
	const void *ptr;   /* locks: the map or btf they lie in */
};

/* One step that backtracking cannot see in the program text. */
struct hist_entry {
	uint32_t idx;
	uint32_t prev_idx;
	uint32_t flags; /* INSN_F_* */
	uint64_t linked_regs;
};
#define INSN_F_FRAMENO_MASK 0x7u
#define INSN_F_SPI_MASK 0x3fu
#define INSN_F_SPI_SHIFT 3
#define INSN_F_STACK_ACCESS (1u << 9)
#define INSN_F_DST_REG_STACK (1u << 10)
#define INSN_F_SRC_REG_STACK (1u << 11)

struct verifier_state {
	struct func_state *frame[VERIFIER_FRAMES_MAX];
	struct verifier_state *parent;
	struct verifier_state *equal_state; /* of a back edge: what it equals */
	struct ref_state *refs;
	struct hist_entry *hist;
	uint32_t ref_cnt, ref_cap;
	uint32_t hist_cnt, hist_cap;
	uint32_t active_locks;
	uint32_t active_lock_id;
	const void *active_lock_ptr;
	uint32_t branches; /* paths from here not yet explored */
	uint32_t insn_idx;
	uint32_t curframe;
	int32_t first_insn_idx;
	int32_t last_insn_idx;
	uint32_t dfs_depth;
	uint32_t callback_unroll_depth;
	bool speculative;
	bool in_sleepable;
	bool cleaned;
};

/* A state remembered at a prune point. */
struct explored {
	struct verifier_state st; /* first */
	struct explored *next, **pprev; /* chain in env->explored, or the free list */
	uint64_t *alive; /* for opts->walked: slots per frame that paths from here read; or NULL */
	uint32_t hit_cnt, miss_cnt;
	bool in_free_list;
};

/* A path still to be walked. */
struct pending {
	struct verifier_state st;
	struct pending *next;
	uint32_t insn_idx;
	int32_t prev_insn_idx;
	uint64_t log_pos;
};

struct id_map {
	uint32_t tmp_id_gen;
	uint32_t cnt;
	struct {
		uint32_t old, cur;
	} map[ID_MAP_MAX];
};

struct backtrack {
	uint32_t frame;
	uint32_t reg_masks[VERIFIER_FRAMES_MAX];
	uint64_t stack_masks[VERIFIER_FRAMES_MAX];
};

/* Call sites that lead to a strongly connected component, and the visit now in progress. */
struct scc_callchain {
	uint32_t callsites[VERIFIER_FRAMES_MAX - 1];
	uint32_t scc;
};
struct scc_backedge {
	struct scc_backedge *next;
	struct verifier_state st;
};
struct scc_visit {
	struct scc_visit *next;
	struct scc_callchain chain;
	struct scc_backedge *backedges;
	uint32_t backedge_cnt;
	struct verifier_state *entry;
};

/* Per instruction of the program as loaded, for the walk alone. */
struct insn_work {
	uint32_t scc;		  /* component id, 0: none */
	uint16_t live_regs;	  /* bit per register live before (liveness.c) */
	bool prune_point : 1;
	bool jmp_point : 1;
	bool force_checkpoint : 1;
	bool calls_callback : 1;
	bool indirect_target : 1;
	uint32_t arg_prog : 8; /* reserved */
};

/* What the walk found out about helper arguments, or that paths disagree. */
enum aux_state { AUX_UNSET, AUX_SET, AUX_POISON };

/*
 * What the walk leaves for fixups.c, per instruction; insn_replace shifts it with the code.
 * seen == 0: no path reaches it (dead code).
 */
struct insn_aux {
	uint32_t seen; /* env->pass_cnt of the last walk that came here, 0: never */
	uint32_t orig_pc;
	uint32_t ptr_type; /* loads, stores: enum bpf_reg_type | flags of the address */
	bool ptr_mixed; /* paths came with different kinds of pointers */
	uint32_t ctx_field_size; /* bytes; wider than the access: widen the load */
	uint16_t map_index; /* ldimm64: in env->used_maps */
	uint32_t map_off;   /* ldimm64 map_value */
	enum aux_state map_state; /* helper calls: map argument */
	bool map_unpriv;
	struct map *map_ptr;
	enum aux_state key_state; /* constant key of an array lookup */
	uint64_t map_key;
	struct {
		bool initialized, fit_for_inline, flags_is_zero;
		uint32_t callback_subprogno;
	} loop_inline;
	bool zext_dst; /* someone reads the upper half: must be zero */
	bool needs_zext; /* alu op needs to clear upper bits (arena) */
	bool storage_get_func_atomic;
	bool nospec, nospec_result;
	bool is_retval;
	uint32_t alu_state; /* unprivileged pointer masking: 0, or as in 6.18 */
	uint32_t alu_limit;
};

/* A function argument of a subprog that is verified on its own, by its BTF. */
struct subprog_arg {
	uint32_t type; /* enum bpf_arg_type | flags */
	uint32_t mem_size;
};

struct vsubprog {
	uint32_t start; /* pc; the array has one more entry, at the end of the program */
	uint16_t stack_depth; /* bytes */
	uint16_t stack_extra;
	uint32_t linfo_idx;
	bool has_tail_call;
	bool has_ld_abs;
	bool is_cb;
	bool is_async_cb;
	bool is_global; /* func_info says BTF_FUNC_GLOBAL */
	bool called;
	bool verified; /* a global one: already walked on its own */
	bool might_sleep;
	bool changes_pkt_data;
	bool args_cached;
	bool btf_unreliable;
	bool priv_stack, no_priv_stack; /* stack depth: its frame is not counted; must be */
	int args_err;
	uint8_t arg_cnt;
	struct subprog_arg args[5];
	const char *name; /* from BTF, or "" */
};

/* cfg.c's results. */
struct cfg {
	uint32_t *postorder; /* pcs of each subprog in post order, subprogs one after another */
	uint32_t *postorder_start; /* per subprog, plus the end */
	uint32_t cnt;
	uint32_t scc_cnt; /* ids are 1 .. scc_cnt - 1 */
	uint32_t scc_shown; /* those from here on are kept out of the log */
};

struct stack_liveness; /* liveness.c */

struct verifier_env {
	struct verify_opts *opts;
	struct prog *prog;
	const struct prog_type_ops *ops;
	struct vlog log;
	struct pool pool;

	/* What the caller may do (capabilities) and asked for (load flags). */
	bool bpf_capable;
	bool allow_ptr_leaks;
	bool allow_uninit_stack;
	bool bypass_spec_v1;
	bool bypass_spec_v4;
	bool strict_alignment;
	bool test_state_freq;
	bool test_reg_invariants;
	enum verify_prune prune;
	bool explore_alu_limits;
	bool seen_direct_write;
	bool seen_exception;

	/* The walk. */
	uint32_t insn_idx;
	int32_t prev_insn_idx;
	struct verifier_state *cur_state;
	struct pending *head;
	uint32_t stack_size;
	int32_t walk_prev; /* the instruction walked last, -1: none */
	uint64_t deadline_ns; /* CLOCK_MONOTONIC, 0: none */
	struct explored **explored; /* hash of chains, as many as instructions */
	struct explored *free_list;
	struct hist_entry *cur_hist_ent;
	uint32_t id_gen;
	struct id_map id_map;
	struct backtrack bt;
	struct scc_visit **scc_visits; /* per scc id */
	uint32_t num_backedges;
	struct reg_state fake_reg[2];
	struct reg_state true_reg1, true_reg2, false_reg1, false_reg2;

	/* The program. */
	struct vsubprog *subprogs; /* VERIFIER_SUBPROGS_MAX + 2 */
	uint32_t subprog_cnt;
	struct insn_work *work; /* per instruction */
	struct bpf_insn *insns; /* being verified, then rewritten; prog->insns at the end */
	uint32_t n_insns;
	struct insn_aux *aux; /* per instruction */
	struct cfg cfg;
	struct stack_liveness *liveness;
	struct btf_prog_info btf_info; /* func_info and line_info as checked */
	uint32_t pass_cnt; /* walks begun: one for main, one per global function */
	struct map *used_maps[VERIFIER_MAPS_MAX];
	uint32_t used_map_cnt;

	/* Printing. */
	uint32_t scratched_regs;
	uint64_t scratched_slots;
	uint64_t prev_log_pos;
	uint32_t prev_insn_print_pos;
	const struct bpf_line_info *prev_linfo;
	struct strbuf text;
	char type_str[96];

	/* Statistics, and what is_state_visited paces itself by. */
	uint32_t insn_processed, prev_insn_processed;
	uint32_t jmps_processed, prev_jmps_processed;
	uint32_t max_states_per_insn, total_states, peak_states;
	uint32_t explored_cnt, free_list_cnt;
	uint64_t verification_time_ns;
};

static inline struct func_state *cur_func(struct verifier_env *env)
{
	return env->cur_state->frame[env->cur_state->curframe];
}

static inline struct reg_state *cur_regs(struct verifier_env *env)
{
	return cur_func(env)->regs;
}

/* The frame a stack pointer points into. */
static inline struct func_state *reg_func(struct verifier_env *env, const struct reg_state *reg)
{
	return env->cur_state->frame[reg->frameno];
}

static inline bool slot_is_spill(const struct stack_slot *slot)
{
	return slot->type[REG_SLOT_BYTES - 1] == STACK_SPILL;
}

static inline bool slot_is_scalar(const struct stack_slot *slot)
{
	return slot_is_spill(slot) && slot->spilled.type == SCALAR_VALUE;
}

static inline bool slot_is_scalar64(const struct stack_slot *slot)
{
	return slot->type[0] == STACK_SPILL && slot->spilled.type == SCALAR_VALUE;
}

/* The pc of the instruction each frame of a stored state is at. */
static inline uint32_t state_frame_idx(const struct verifier_state *st, uint32_t frame)
{
	return frame == st->curframe ? st->insn_idx : (uint32_t)st->frame[frame + 1]->callsite;
}

static inline bool insn_is_pseudo_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_CALL;
}

static inline bool insn_is_kfunc_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_KFUNC_CALL;
}

static inline bool insn_is_helper_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == 0;
}

static inline bool insn_is_ldimm64(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LD | BPF_IMM | BPF_DW);
}

static inline bool insn_is_pseudo_func(const struct bpf_insn *insn)
{
	return insn_is_ldimm64(insn) && insn->src_reg == BPF_PSEUDO_FUNC;
}
