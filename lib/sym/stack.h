/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names for the addresses of user and kernel stacks. A process is looked at when its stack is taken
 * (sym_stacks_see), so that it can be named after the process is gone; files are read when a name is
 * first wanted, once each.
 *
 * The kernel walks user stacks by frame pointers, which most code is built without: what follows a
 * function that used the register for something else is made up. A return address is checked: it lies
 * in mapped code, and the instruction before it is a call. The first that is not, and all behind it,
 * are marked unreliable. What the check cannot see is a caller that was skipped.
 *
 * Not thread safe. Bounded: SYM_SNAPSHOTS_MAX looks at processes, SYM_FILES_MAX files; what is past them
 * has no names and is counted.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

#define SYM_SNAPSHOTS_MAX 65536
#define SYM_FILES_MAX	  4096
#define SYM_LOOK_AGAIN_NS 100000000ull /* a process whose maps do not cover its stack, this often */

#define SYM_NO_SNAPSHOT UINT32_MAX

struct sym_frame {
	const char *name;   /* NULL: none known */
	const char *module; /* base name of the file, or of the module; NULL: none */
	uint64_t address;
	uint64_t
		offset; /* from the beginning of the function, or of the file's code when it has no name */
	bool unreliable;
	bool kernel;
};

struct sym_stacks;

struct sym_stacks *sym_stacks_new(void);
struct sym_stacks *sym_stacks_free(struct sym_stacks *s);

/*
 * Remembers what the process has mapped, looking again when @addresses lie outside of what is known.
 * The number of the snapshot, to be given to sym_stacks_user; SYM_NO_SNAPSHOT when the process is gone
 * and was never seen, or the bound is reached.
 */
uint32_t sym_stacks_see(struct sym_stacks *s, pid_t pid, const uint64_t *addresses, uint32_t n);

/* Names a user stack, innermost first, into @frames. Names live as long as @s. */
void sym_stacks_user(struct sym_stacks *s, uint32_t snapshot, const uint64_t *addresses, uint32_t n,
		     struct sym_frame *frames);
/* The same for a kernel stack; without kallsyms (-errno of sym_stacks_kernel_names) it has no names. */
void sym_stacks_kernel(struct sym_stacks *s, const uint64_t *addresses, uint32_t n,
		       struct sym_frame *frames);
/* Reads kallsyms unless that was done: 0, or -errno with a sentence for a note. */
int sym_stacks_kernel_names(struct sym_stacks *s, struct error *err);

struct buffer;
/*
 * Appends a frame as folded stacks have it: `name`, `[module+0x12]` without a name, `[anon]`, `[unknown]`; kernel
 * frames end in _[k], unreliable ones in _[?]. ';' and blanks in names become '_'.
 */
void sym_frame_print(const struct sym_frame *frame, struct buffer *out);

/* Whether the bytes before a return address (@bytes of them, the last ones) end in a call. */
bool sym_is_after_call(const uint8_t *before, uint32_t bytes);
