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

#define BOTH_VALUE_BYTES 48 /* of the one map: an array of 4 with 4-byte keys */
#define BOTH_ENTRIES 4

struct both {
	const struct bpf_insn *insns;
	uint32_t n;
	uint32_t type, attach_type, flags; /* as in PROG_LOAD */
	const struct prog_type_ops *ops;   /* NULL: the engine's own for the type */
	const char *what;		   /* printed with a difference */
	bool keep_logs;			   /* in /tmp/verifier-linux.log and -here.log */
	int verdict;			   /* out: the kernel's */
	bool verdict_only;		   /* out: logs differ, because of an atomic */
};

/* The kernel's fd of the map, or -errno: it cannot be asked. */
int both_init(void);

/* True, with a few lines of output, if they differ. */
bool both_differ(struct both *b);
