/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * both: one program into the running kernel and into the engine's verifier; verdict, errno and the
 * whole level 2 log compared. Map addresses and the columns that hang on them are not; where Linux
 * does not follow what an atomic fetched (docs/differences.md), only the verdict is.
 * And the verdict with other ways of pruning.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "object/prog.h"

#define BOTH_VALUE_BYTES 48 /* of the array: 4 with 4-byte keys */
#define BOTH_ENTRIES 4
#define BOTH_RING_BYTES 4096

/* The maps, by the descriptors they have on both sides. */
enum { BOTH_ARRAY = 60, BOTH_RING, BOTH_USER_RING, BOTH_FDS_END };

struct btf_object;
struct bpf_func_info;

/* BTF of a program's functions, as both_btf_make() makes it. Zeroed: none. */
struct both_btf {
	int fd; /* the kernel's */
	struct btf_object *btf;
	struct bpf_func_info *funcs;
	uint32_t n_funcs;
};

struct both {
	const struct bpf_insn *insns;
	uint32_t n;
	uint32_t type, attach_type, flags; /* as in PROG_LOAD */
	const struct prog_type_ops *ops;   /* NULL: the engine's own for the type */
	const char *what;		   /* printed with a difference */
	const struct both_btf *btf;	   /* or NULL */
	bool callbacks;	   /* peak_states may differ (docs/differences.md) */
	bool dynptrs;	   /* what Linux leaves to the order of paths may differ with pruning */
	bool any_log;	   /* the whole log may */
	bool keep_logs;	   /* in /tmp/verifier-linux.log and -here.log */
	int verdict;			   /* out: the kernel's */
	bool verdict_only;		   /* out: logs differ, because of an atomic */
};

/* The fd of the array, or -errno: the kernel cannot be asked. */
int both_init(void);

/*
 * BTF for the functions of a program: main, and what its calls and addresses of functions lead to, in
 * order. One word of @sigs for each after main, parted by blanks: 'G' first for a global one, then an
 * argument each: i an int, v a void *, d a const struct bpf_dynptr *. Aborts where it cannot.
 */
void both_btf_make(struct both_btf *btf, const struct bpf_insn *insns, uint32_t n,
		   const char *sigs);
void both_btf_free(struct both_btf *btf);

/* True, with a few lines of output, if they differ. */
bool both_differ(struct both *b);
