/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct prog and prog_type_ops: a program, and what its type is to everybody else.
 *
 * Life: syscall/prog_load fills the first half from union bpf_attr; the verifier proves it and
 * rewrites insns (everything marked "verifier"); jit or interp set run. After that a program is
 * immutable but for its statistics.
 *
 * Rewritten code, as interp and jit see it:
 *  - one flat array; subprogs[] cut it; subprog 0 is the entry;
 *  - BPF_CALL with src_reg 0: imm is an index into calls[] (address and helper id);
 *  - BPF_CALL with src_reg BPF_PSEUDO_CALL: imm is the target relative to the next insn;
 *  - ldimm64 with src_reg BPF_PSEUDO_FUNC: imm is the callee's subprog index (not a pc);
 *  - every other ldimm64 has src_reg 0 and a 64-bit value, map pointers included; for dumps
 *    facts[].ldimm64 says what it was;
 *  - context accesses are loads and stores on the real structs of object/pkt.h and progs/.
 *  - division by zero, shifts and sign rules are RFC 9669's: interp and jit implement them.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "object/helper.h"
#include "object/object.h"
#include "object/reg_type.h"
#include "tbl/uapi.h"

struct btf_object;
struct caller;
struct engine;
struct map;
struct prog;
struct prog_frame;

#define PROG_SUBPROGS_MAX 256   /* BPF_MAX_SUBPROGS */
#define PROG_USED_MAPS_MAX 64   /* MAX_USED_MAPS */
#define PROG_STACK_BYTES 512    /* MAX_BPF_STACK */
#define PROG_CALL_FRAMES_MAX 8  /* MAX_CALL_FRAMES */
#define PROG_TAIL_CALLS_MAX 33  /* MAX_TAIL_CALL_CNT */
#define PROG_INSNS_MAX 1000000  /* BPF_COMPLEXITY_LIMIT_INSNS */
#define PROG_INSNS_UNPRIV_MAX 4096 /* BPF_MAXINSNS */
#define PROG_FRAME_META_MAX 252 /* XDP metadata: a multiple of 4, as skb_shared_info can hold */
#define PROG_TAG_BYTES 8        /* BPF_TAG_SIZE */

/* What a rewritten ldimm64 was in the program as loaded. */
enum ldimm64_kind {
	LDIMM64_NUMBER,
	LDIMM64_MAP,       /* address of struct map used_maps[fact.index] */
	LDIMM64_MAP_VALUE, /* address inside its values */
	LDIMM64_FUNC,      /* subprog fact.index */
};

/*
 * What is known of each rewritten instruction, for dumps and for the JIT. Only things that hold on
 * every execution: kinds of pointers, identity of maps, and values the verifier marked precise -
 * never ranges (see ARCHITECTURE.md, "what the JIT may believe").
 */
struct insn_fact {
	uint32_t orig_pc;   /* index in the program as loaded that it came from */
	uint16_t index;     /* map or subprog, by kind; UINT16_MAX: none */
	uint8_t ldimm64;    /* enum ldimm64_kind */
	uint8_t mem_base;   /* loads, stores, atomics: enum bpf_reg_type (base) of the address */
	bool may_fault;     /* a load that reads 0 when it faults (BTF pointers) */
	bool jump_target;
};

struct subprog {
	uint32_t start;       /* first insn */
	uint32_t end;         /* one past its last */
	uint32_t stack_bytes; /* deepest use of its own frame, rounded up to 8 */
	uint32_t linfo_idx;   /* first line_info record of it */
	const char *name;     /* from BTF func_info, "main" style; NULL without BTF */
	void *image;          /* native entry, when compiled */
	bool is_callback;     /* address taken by ldimm64 func */
};

/* A call target of the rewritten code. */
struct prog_call {
	helper_fn fn;
	uint32_t helper_id; /* enum bpf_func_id it came from */
	const char *name;
};

struct prog_stats {
	_Atomic uint64_t run_cnt;
	_Atomic uint64_t run_time_ns;
	_Atomic uint64_t misses;
};

struct prog {
	struct object obj; /* kind OBJECT_PROG; first */
	const struct prog_type_ops *ops;

	/* --- from PROG_LOAD ---------------------------------------------------------------- */
	uint32_t type;         /* enum bpf_prog_type */
	uint32_t attach_type;  /* expected_attach_type */
	uint32_t load_flags;   /* BPF_F_STRICT_ALIGNMENT, … */
	uint32_t ifindex;
	uint32_t uid;          /* created_by_uid */
	uint32_t caps;         /* enum skep_cap of the loader, within the engine's */
	uint64_t load_ns;      /* CLOCK_BOOTTIME */
	char name[BPF_OBJ_NAME_LEN];
	uint8_t tag[PROG_TAG_BYTES];
	bool gpl_compatible;
	bool sleepable;
	struct btf_object *btf; /* holds a reference */
	struct bpf_insn *loaded;     /* the program as loaded; kept for info and dumps */
	uint32_t n_loaded;
	struct bpf_func_info *func_info; /* n_subprogs records when there is BTF */
	uint32_t n_func_info;
	struct bpf_line_info *line_info; /* insn_off kept true through rewriting */
	uint32_t n_line_info;

	/* --- verifier ------------------------------------------------------------------------ */
	struct bpf_insn *insns;
	uint32_t n_insns;
	struct insn_fact *facts; /* n_insns */
	struct subprog *subprogs;
	uint32_t n_subprogs;
	struct prog_call *calls;
	uint32_t n_calls;
	struct map **used_maps; /* each holds a reference */
	uint32_t n_used_maps;
	uint32_t max_ctx_offset;
	uint32_t verified_insns; /* instructions processed */
	bool enforce_expected_attach_type;

	/* --- jit or interp -------------------------------------------------------------------- */
	/* Runs the program on its type's real context struct: R0. Called inside an epoch only. */
	uint64_t (*run)(const void *ctx, const struct prog *prog);
	/* Calls a callback (value of a PSEUDO_FUNC ldimm64) with five arguments: R0. */
	uint64_t (*run_callback)(const struct prog *prog, uint64_t callback, const uint64_t args[5]);
	bool jited;
	void *image;           /* native code, or NULL */
	uint32_t image_bytes;
	void *jit_info;        /* struct jit_image: symbols and pc map (jit/image.h) */

	struct prog_stats stats;
};

/* --- program types -------------------------------------------------------------------------- */

/* What is_valid_access() says of a legal context access. */
struct insn_access {
	uint32_t reg_type;       /* enum bpf_reg_type of the loaded value; SCALAR_VALUE by default */
	uint32_t ctx_field_size; /* bytes; > access size: a narrow load the verifier widens */
	bool is_retval;
	bool is_ldsx;            /* in: a sign-extending load (pointers and some fields refuse) */
};

/* The verdicts a program of this type and attach type may return. */
struct ret_range {
	int32_t min, max;
	bool checked; /* false: any value */
};

struct prog_type_ops {
	uint32_t type; /* enum bpf_prog_type */

	/* The helper behind @id, or NULL: not available to this program. */
	const struct helper_proto *(*get_func_proto)(uint32_t id, const struct prog *prog);
	/* May the program access @size bytes at @off of its context? */
	bool (*is_valid_access)(int off, int size, enum bpf_access_type type,
				const struct prog *prog, struct insn_access *info);
	/*
	 * Rewrites the context access @si into @out (room for 32 insns) on the real struct; *target_size
	 * is the width in bytes the load produced. Returns how many instructions, 0: internal error.
	 * NULL: the context is plain memory laid out as the program sees it, nothing to rewrite.
	 */
	uint32_t (*convert_ctx_access)(enum bpf_access_type type, const struct bpf_insn *si,
				       struct bpf_insn *out, const struct prog *prog,
				       uint32_t *target_size);
	/* Instructions before the first one (@direct_write: packet bytes are stored to); 0: none. */
	int (*gen_prologue)(struct bpf_insn *out, bool direct_write, const struct prog *prog);
	/* Rewrites LD_ABS / LD_IND; NULL: the type has none (only socket filters, sched_cls/act). */
	int (*gen_ld_abs)(const struct bpf_insn *orig, struct bpf_insn *out);
	struct ret_range (*ret_range)(const struct prog *prog);
	/* Load-time check of attach type and flags: 0 or -errno (bpf_prog_load_check_attach). */
	int (*check_attach)(const struct prog *prog);

	/* May the program load/store through packet pointers (may_access_direct_pkt_data)? */
	bool pkt_access;
	bool pkt_write;
	bool sleepable_ok; /* BPF_F_SLEEPABLE may be asked for */
	uint32_t cap_needed; /* enum skep_cap bits, beyond CAP_BPF, to load it */
	uint32_t ctx_bytes;  /* size of the context struct as the program sees it (for ctx BTF checks) */
	const char *ctx_struct; /* its BTF name: "xdp_md", "__sk_buff", … ; NULL: none */

	/* --- running one input (BPF_PROG_TEST_RUN and skep run) ----------------------------- */
	/*
	 * Frames an input into a context ready for run: checks sizes as the kernel's test_run of
	 * the type does (or as the hook would, frame->hook). 0 or -errno. Then unframe() computes
	 * data_out / ctx_out and frees what frame() made. NULL: the type cannot be run so.
	 */
	int (*frame)(const struct prog *prog, struct prog_frame *frame);
	/* Before each further repeat: puts back what the last run changed, as the kernel does (or not). */
	void (*reframe)(const struct prog *prog, struct prog_frame *frame);
	int (*unframe)(const struct prog *prog, struct prog_frame *frame);
};

/* One input on its way through a program. Buffers belong to the caller of frame(). */
struct prog_frame {
	struct engine *engine;
	/* in */
	const uint8_t *data;  /* packet bytes from its first header; NULL: none */
	uint32_t data_bytes;
	const uint8_t *ctx_in; /* the user's context struct (__sk_buff, xdp_md, args); NULL: none */
	uint32_t ctx_in_bytes;
	uint32_t flags;        /* BPF_F_TEST_* */
	bool hook;             /* frame as the real hook does, not as BPF_PROG_TEST_RUN does */
	uint32_t ifindex;      /* device it arrives on; 0: the type's default (loopback, 1) */
	uint32_t egress_ifindex; /* XDP at a devmap's hook: the device it leaves by; 0: the same */
	uint32_t wire_bytes;   /* original length, when the capture is truncated; 0: data_bytes */
	/* between frame() and unframe() */
	void *ctx;             /* what prog->run takes */
	void *priv;            /* the type's own: frees in unframe() */
	uint64_t retval;
	/* out, valid until the caller frees it with prog_frame_free() */
	uint8_t *data_out;
	uint32_t data_out_bytes;
	uint32_t frags_bytes; /* the last of them were frags, in a test run of XDP */
	uint8_t *ctx_out;
	uint32_t ctx_out_bytes;
	/* XDP at the hook: the metadata in front of data_out, for tc to see */
	uint32_t meta_bytes;
	uint8_t meta[PROG_FRAME_META_MAX];
};

/* Frees data_out and ctx_out (progs/frame.c). */
void prog_frame_free(struct prog_frame *frame);

static inline struct prog *prog_of(struct object *obj)
{
	return container_of(obj, struct prog, obj);
}

/* The ops of a program type, or NULL: unknown or not supported (progs/table.c). */
const struct prog_type_ops *prog_ops_by_type(uint32_t type);
