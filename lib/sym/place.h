/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where to put the probe of a function. Its first instruction is the obvious place, but the kernel
 * single-steps most instructions under a uprobe, which costs twenty times what the emulated ones do
 * (decode.h). When an emulated one follows within a few instructions, a probe there is hit exactly as
 * often, and sees what the first one would have, provided that
 *
 *  - the way there is straight: no jump, call, return or system call before it;
 *  - nothing else comes in between: no relative branch anywhere in the file's code, no other function,
 *    no jump through a table in this function leads behind the entry and up to the place;
 *  - what the probe is to read is still to be had: each argument asked for, in its register or in one
 *    it was copied to (told as arguments[]); RSP but for known constants (told as sp_delta); and memory
 *    unwritten where that was asked for.
 *
 * Only what was proved is moved. What the proof leaves out: a call that dies of a signal on the way to
 * the place is not counted; jumps computed by other functions into the first few instructions of this
 * one.
 *
 * A five-byte nop is replaced by a call on Linux 6.18, which writes eight bytes below RSP. Placement
 * never chooses one after anything was stored to memory, so no red zone of a leaf function is in use
 * there; a function that begins with one is as safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sym/decode.h"

#define PLACE_INSNS_MAX	    24		 /* looked at behind an entry */
#define PLACE_BYTES_MAX	    128		 /* from the entry to the place, at most */
#define PLACE_BODY_MAX	    (1u << 20)	 /* bytes of a function searched for jumps through tables */
#define PLACE_TEXT_MAX	    (512u << 20) /* bytes of one executable segment */
#define PLACE_TABLE_ENTRIES 1024	 /* of what may be a jump table */

#define PLACE_ARGUMENTS_MAX 6	 /* integer arguments in registers (System V ABI) */
#define PLACE_NOWHERE	    0xff /* no register holds it */

/* The register of integer argument @n at the entry of a function. */
enum decode_register place_argument_register(uint32_t n);

/* One executable segment, as it lies in memory. */
struct place_segment {
	uint64_t address;
	const uint8_t *code;
	size_t bytes;
};

/* What all placements in one file share: built once, O(bytes of code). */
struct place;

struct place_options {
	uint8_t arguments; /* integer arguments to be read there: 0 to 6 */
	bool used_only; /* of those, only what the function uses: one it overwrites unread may go */
	bool keep_sp; /* RSP too: for a return probe, whose place must find the return address at it */
	bool keep_memory;   /* nothing may be stored on the way */
	bool nops_emulated; /* long nops are cheap: Linux 6.18 and later */
};

enum place_result {
	PLACE_ENTRY,	    /* the entry is cheap: stay */
	PLACE_MOVED,	    /* a later instruction, proved equal */
	PLACE_SLOW_NO_SIZE, /* from here on: at the entry, which is stepped, since... */
	PLACE_SLOW_NO_CODE,
	PLACE_SLOW_LEAVES,
	PLACE_SLOW_REGISTER,
	PLACE_SLOW_STACK,
	PLACE_SLOW_MEMORY,
	PLACE_SLOW_FAR,
	PLACE_SLOW_TARGET,
	PLACE_SLOW_SHARED,
	PLACE_SLOW_TABLE,
	PLACE_SLOW_ASKED,
	PLACE_RESULT_MAX,
};

struct placement {
	enum place_result result;
	uint64_t address;			/* where the probe goes */
	int32_t sp_delta;			/* RSP there minus RSP at the entry */
	uint8_t arguments[PLACE_ARGUMENTS_MAX]; /* the register of each; PLACE_NOWHERE: not kept */
	enum decode_class class;		/* of the instruction there */
	bool refused;				/* the kernel most likely takes no probe there */
};

/* What the result means, for a person: "is moved to ...", "is slow: ...". */
const char *place_result_text(enum place_result result);
/* One word for machines: "entry", "moved", "slow-register". */
const char *place_result_key(enum place_result result);

/*
 * @entries: the sorted addresses where functions begin, borrowed like the code of @segment, for as long
 * as the struct lives. NULL when the decoder cannot be had.
 */
struct place *place_new(const struct place_segment *segment, const uint64_t *entries,
			size_t n_entries);
struct place *place_free(struct place *p);

/*
 * Tells of an address the file's data holds (a table of labels): taken for the target of a jump. After
 * the last one place_ready, before the first place_function.
 */
void place_add_target(struct place *p, uint64_t address);
void place_ready(struct place *p);

/*
 * For jump tables: how to read constant data of the file at an address; returns the bytes there (at most
 * @bytes) or 0. Without it every function with a jump through a table stays at its entry.
 */
typedef size_t (*place_read_fn)(void *arg, uint64_t address, void *data, size_t bytes);
void place_set_reader(struct place *p, place_read_fn read, void *arg);

/* Places the probe of the function at @entry of @size bytes (0: not known). */
struct placement place_function(const struct place *p, uint64_t entry, uint64_t size,
				const struct place_options *options);
