/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: the verifier treats dynptrs as the running kernel's does. Method: programs that use, misuse
 * and lose dynptrs in every way there is a rule for, each into both; verdict, errno and the whole
 * level 2 log must be the same. The verdict is noted here, too, so that nothing is refused by mistake.
 *
 * Then random programs, at least a quarter of them accepted.
 *
 *	test-verifier-dynptr [text of a name | seed [count]]
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "both.h"
#include "isa/asm.h"
#include "random_dynptr.h"

#define SKIPPED 77
#define COUNT 300
#define DIFFERENCES_MAX 5

struct program {
	const char *name, *text, *sigs;
	enum { REFUSED, ACCEPTED } verdict;
	/* Back edges of callbacks and NULL contexts are told of in another way (docs/differences.md). */
	enum { WHOLE_LOG, VERDICT_ONLY, RANDOM_ONE } compare;
};

#define FP(reg, off) #reg " = r10\n" #reg " += " #off "\n"
/* r6: a value of 48 bytes. */
#define VALUE                                                                                      \
	"*(u32 *)(r10 -4) = 0\n" FP(r2, -4) "r1 = map[fd:60]\ncall bpf_map_lookup_elem\n"          \
	"if r0 == 0 goto out\nr6 = r0\n"
#define FROM_MEM(off) "r1 = r6\nr2 = 16\nr3 = 0\n" FP(r4, off) "call bpf_dynptr_from_mem\n"
#define RESERVE(off)                                                                               \
	"r1 = map[fd:61]\nr2 = 16\nr3 = 0\n" FP(r4, off) "call bpf_ringbuf_reserve_dynptr\n"
#define SUBMIT(off) FP(r1, off) "r2 = 0\ncall bpf_ringbuf_submit_dynptr\n"
#define DISCARD(off) FP(r1, off) "r2 = 0\ncall bpf_ringbuf_discard_dynptr\n"
#define DATA(off, at, bytes)                                                                       \
	FP(r1, off) "r2 = " #at "\nr3 = " #bytes "\ncall bpf_dynptr_data\n"
#define READ(to, bytes, off)                                                                       \
	FP(r1, to) "r2 = " #bytes "\n" FP(r3, off) "r4 = 0\nr5 = 0\ncall bpf_dynptr_read\n"
#define WRITE(off, from, bytes)                                                                    \
	FP(r1, off) "r2 = 0\n" FP(r3, from) "r4 = " #bytes "\nr5 = 0\ncall bpf_dynptr_write\n"
#define OUT "out:\nr0 = 0\nexit\n"
#define RANDOM "call bpf_get_prandom_u32\n"
#define DRAIN                                                                                      \
	"r1 = map[fd:62]\nr2 = subprog[cb]\n" FP(r3, -8) "r4 = 0\ncall bpf_user_ringbuf_drain\n"
#define CB "cb:\n"
#define END "r0 = 0\nexit\n"

/* clang-format off */
static const struct program programs[] = {
	/* --- local --- */
	{ "from mem", VALUE FROM_MEM(-24) OUT, NULL, ACCEPTED },
	{ "from mem, read, write, data", VALUE FROM_MEM(-24)
	  "*(u64 *)(r10 -40) = 7\n" WRITE(-24, -40, 8) READ(-48, 8, -24) "r7 = *(u64 *)(r10 -48)\n"
	  DATA(-24, 4, 4) "if r0 == 0 goto out\n*(u32 *)(r0 +0) = 5\n" OUT, NULL, ACCEPTED },
	{ "from mem of the stack", "*(u64 *)(r10 -32) = 0\nr1 = r10\nr1 += -32\nr2 = 8\nr3 = 0\n"
	  FP(r4, -16) "call bpf_dynptr_from_mem\n" OUT, NULL, REFUSED },
	{ "from mem of a ring buffer record", "r1 = map[fd:61]\nr2 = 16\nr3 = 0\n"
	  "call bpf_ringbuf_reserve\nif r0 == 0 goto out\nr7 = r0\nr6 = r0\n" FROM_MEM(-16)
	  "r1 = r7\nr2 = 0\ncall bpf_ringbuf_discard\n" OUT, NULL, REFUSED },
	{ "from mem too long", VALUE "r1 = r6\nr2 = 49\nr3 = 0\n" FP(r4, -24)
	  "call bpf_dynptr_from_mem\n" OUT, NULL, REFUSED },
	{ "from mem of nothing", VALUE "r1 = r6\nr2 = 0\nr3 = 0\n" FP(r4, -24)
	  "call bpf_dynptr_from_mem\n" OUT, NULL, ACCEPTED },
	{ "from mem of an unknown size", VALUE RANDOM "r0 &= 31\nr1 = r6\nr2 = r0\nr3 = 0\n"
	  FP(r4, -24) "call bpf_dynptr_from_mem\n" OUT, NULL, ACCEPTED },
	{ "from mem of an unbounded size", VALUE RANDOM "r1 = r6\nr2 = r0\nr3 = 0\n"
	  FP(r4, -24) "call bpf_dynptr_from_mem\n" OUT, NULL, REFUSED },
	{ "from mem into a map value", VALUE "r1 = r6\nr2 = 16\nr3 = 0\nr4 = r6\n"
	  "call bpf_dynptr_from_mem\n" OUT, NULL, REFUSED },

	/* --- where it may lie --- */
	{ "misaligned", VALUE FROM_MEM(-20) OUT, NULL, REFUSED },
	{ "too near to the frame's end", VALUE FROM_MEM(-8) OUT, NULL, REFUSED },
	{ "above the frame", VALUE FROM_MEM(+8) OUT, NULL, REFUSED },
	{ "at the frame's start", VALUE FROM_MEM(-512) OUT, NULL, ACCEPTED },
	{ "below the frame", VALUE FROM_MEM(-520) OUT, NULL, REFUSED },
	{ "at a variable offset", VALUE RANDOM "r0 &= 16\nr1 = r6\nr2 = 16\nr3 = 0\n" FP(r4, -48)
	  "r4 += r0\ncall bpf_dynptr_from_mem\n" OUT, NULL, REFUSED },
	{ "used at a variable offset", VALUE FROM_MEM(-32) FROM_MEM(-48) RANDOM "r0 &= 16\n"
	  FP(r1, -48) "r1 += r0\nr2 = 0\nr3 = 4\ncall bpf_dynptr_data\n" OUT, NULL, REFUSED },
	{ "used misaligned", VALUE FROM_MEM(-32) READ(-64, 8, -28) OUT, NULL, REFUSED },
	{ "used at its second half", VALUE FROM_MEM(-32) READ(-64, 8, -24) OUT, NULL, REFUSED },
	{ "used before its first half", VALUE FROM_MEM(-32) READ(-64, 8, -40) OUT, NULL, REFUSED },
	{ "used uninitialised", READ(-64, 8, -16) END, NULL, REFUSED },
	{ "used below the allocated stack", READ(-16, 8, -400) END, NULL, REFUSED },
	{ "a number", "r1 = 0\nr2 = 0\nr3 = 4\ncall bpf_dynptr_data\n" END, NULL, REFUSED },
	{ "the context", "r2 = 0\nr3 = 4\ncall bpf_dynptr_data\n" END, NULL, REFUSED },
	{ "a null pointer for a new one", VALUE "r1 = r6\nr2 = 16\nr3 = 0\nr4 = 0\n"
	  "call bpf_dynptr_from_mem\n" OUT, NULL, REFUSED },

	/* --- looking into it, writing over it --- */
	{ "load", VALUE FROM_MEM(-24) "r0 = *(u64 *)(r10 -24)\n" OUT, NULL, REFUSED },
	{ "load of the second half", VALUE FROM_MEM(-24) "r0 = *(u32 *)(r10 -16)\n" OUT, NULL, REFUSED },
	{ "load of a byte", VALUE FROM_MEM(-24) "r0 = *(u8 *)(r10 -9)\n" OUT, NULL, REFUSED },
	{ "load at a variable offset", VALUE FROM_MEM(-24) RANDOM "r0 &= 8\n" FP(r1, -24)
	  "r1 += r0\nr0 = *(u64 *)(r1 +0)\n" OUT, NULL, REFUSED },
	{ "atomic", VALUE FROM_MEM(-24) "r0 = 1\nlock *(u64 *)(r10 -24) += r0\n" OUT, NULL, REFUSED },
	{ "as a map's key", VALUE FROM_MEM(-24) FP(r2, -24) "r1 = map[fd:60]\n"
	  "call bpf_map_lookup_elem\n" OUT, NULL, REFUSED },
	{ "into a ring buffer", VALUE FROM_MEM(-24) FP(r2, -24) "r1 = map[fd:61]\nr3 = 16\nr4 = 0\n"
	  "call bpf_ringbuf_output\n" OUT, NULL, REFUSED },
	{ "store", VALUE FROM_MEM(-24) "*(u64 *)(r10 -24) = 1\n" READ(-64, 8, -24) OUT, NULL, REFUSED },
	{ "store of its second half", VALUE FROM_MEM(-24) "*(u8 *)(r10 -16) = 1\n"
	  READ(-64, 8, -24) OUT, NULL, REFUSED },
	{ "store, then read the other half", VALUE FROM_MEM(-24) "*(u64 *)(r10 -24) = 1\n"
	  "r0 = *(u64 *)(r10 -16)\n" OUT, NULL, ACCEPTED },
	{ "store at a variable offset", VALUE FROM_MEM(-24) RANDOM "r0 &= 8\n" FP(r1, -24)
	  "r1 += r0\n*(u8 *)(r1 +0) = 1\n" READ(-64, 8, -24) OUT, NULL, REFUSED },
	{ "store at a variable offset, made anew", VALUE FROM_MEM(-24) RANDOM "r0 &= 8\n"
	  FP(r1, -24) "r1 += r0\n*(u8 *)(r1 +0) = 1\n" FROM_MEM(-24) READ(-64, 8, -24) OUT, NULL,
	  ACCEPTED },
	{ "spill over it", VALUE FROM_MEM(-24) "*(u64 *)(r10 -16) = r6\n" READ(-64, 8, -24) OUT,
	  NULL, REFUSED },
	{ "a helper fills it", VALUE FROM_MEM(-24) FP(r1, -24) "r2 = 16\nr3 = 0\n"
	  "call bpf_probe_read_kernel\n" OUT, NULL, REFUSED },
	{ "read into itself", VALUE FROM_MEM(-24) READ(-24, 16, -24) OUT, NULL, REFUSED },
	{ "read into its second half", VALUE FROM_MEM(-24) READ(-16, 8, -24) OUT, NULL, REFUSED },
	{ "read into another", VALUE FROM_MEM(-24) FROM_MEM(-40) READ(-40, 8, -24) OUT, NULL, REFUSED },
	{ "read before it", VALUE FROM_MEM(-24) READ(-32, 8, -24) OUT, NULL, ACCEPTED },
	{ "read of an unknown size before it", VALUE FROM_MEM(-24) "*(u64 *)(r10 -32) = 0\n" RANDOM
	  "r0 &= 7\n" FP(r1, -32) "r2 = r0\n" FP(r3, -24) "r4 = 0\nr5 = 0\ncall bpf_dynptr_read\n" OUT,
	  NULL, ACCEPTED },
	{ "read of an unknown size over it", VALUE FROM_MEM(-24) "*(u64 *)(r10 -32) = 0\n" RANDOM
	  "r0 &= 15\n" FP(r1, -32) "r2 = r0\n" FP(r3, -24) "r4 = 0\nr5 = 0\ncall bpf_dynptr_read\n"
	  OUT, NULL, REFUSED },
	{ "written from itself", VALUE FROM_MEM(-24) WRITE(-24, -24, 8) OUT, NULL, REFUSED },
	{ "made twice", VALUE FROM_MEM(-24) FROM_MEM(-24) READ(-64, 8, -24) OUT, NULL, ACCEPTED },
	{ "made over two others", VALUE FROM_MEM(-24) FROM_MEM(-40) FROM_MEM(-32)
	  READ(-64, 8, -32) OUT, NULL, ACCEPTED },
	{ "made over the half of another, which is used", VALUE FROM_MEM(-24) FROM_MEM(-32)
	  READ(-64, 8, -24) OUT, NULL, REFUSED },

	/* --- slices --- */
	{ "slice not checked", VALUE FROM_MEM(-24) DATA(-24, 0, 8) "r1 = *(u64 *)(r0 +0)\n" OUT, NULL,
	  REFUSED },
	{ "slice, last byte", VALUE FROM_MEM(-24) DATA(-24, 0, 8)
	  "if r0 == 0 goto out\nr1 = *(u8 *)(r0 +7)\n" OUT, NULL, ACCEPTED },
	{ "slice, behind it", VALUE FROM_MEM(-24) DATA(-24, 0, 8)
	  "if r0 == 0 goto out\nr1 = *(u8 *)(r0 +8)\n" OUT, NULL, REFUSED },
	{ "slice, before it", VALUE FROM_MEM(-24) DATA(-24, 0, 8)
	  "if r0 == 0 goto out\nr1 = *(u8 *)(r0 -1)\n" OUT, NULL, REFUSED },
	{ "slice of no bytes", VALUE FROM_MEM(-24) DATA(-24, 0, 0)
	  "if r0 == 0 goto out\nr1 = *(u8 *)(r0 +0)\n" OUT, NULL, REFUSED },
	{ "slice of an unknown size", VALUE FROM_MEM(-24) RANDOM FP(r1, -24)
	  "r2 = 0\nr3 = r0\ncall bpf_dynptr_data\n" OUT, NULL, REFUSED },
	{ "slice of a negative size", VALUE FROM_MEM(-24) DATA(-24, 0, -1) OUT, NULL, ACCEPTED },
	{ "slice at an unknown offset", VALUE FROM_MEM(-24) RANDOM FP(r1, -24)
	  "r2 = r0\nr3 = 4\ncall bpf_dynptr_data\nif r0 == 0 goto out\nr1 = *(u32 *)(r0 +0)\n" OUT,
	  NULL, ACCEPTED },
	{ "slice after the dynptr is made anew", VALUE FROM_MEM(-24) DATA(-24, 0, 8)
	  "if r0 == 0 goto out\nr7 = r0\n" FROM_MEM(-24) "r1 = *(u8 *)(r7 +0)\n" OUT, NULL, REFUSED },
	{ "slice after its dynptr is written over", VALUE FROM_MEM(-24) DATA(-24, 0, 8)
	  "if r0 == 0 goto out\n*(u8 *)(r10 -9) = 1\nr1 = *(u8 *)(r0 +0)\n" OUT, NULL, REFUSED },
	{ "slice not yet checked after its dynptr is written over", VALUE FROM_MEM(-24)
	  DATA(-24, 0, 8) "*(u8 *)(r10 -9) = 1\nif r0 == 0 goto out\nr1 = *(u8 *)(r0 +0)\n" OUT, NULL,
	  REFUSED },
	{ "slice spilled, its dynptr written over", VALUE FROM_MEM(-24) DATA(-24, 0, 8)
	  "if r0 == 0 goto out\n*(u64 *)(r10 -40) = r0\n*(u64 *)(r10 -24) = 0\n"
	  "r1 = *(u64 *)(r10 -40)\nr2 = *(u8 *)(r1 +0)\n" OUT, NULL, REFUSED },
	{ "slice spilled and filled", VALUE FROM_MEM(-24) DATA(-24, 0, 8)
	  "if r0 == 0 goto out\n*(u64 *)(r10 -40) = r0\nr1 = *(u64 *)(r10 -40)\nr2 = *(u8 *)(r1 +7)\n"
	  OUT, NULL, ACCEPTED },
	{ "slice of another dynptr lives on", VALUE FROM_MEM(-24) FROM_MEM(-40) DATA(-40, 0, 8)
	  "if r0 == 0 goto out\n*(u64 *)(r10 -24) = 0\nr2 = *(u8 *)(r0 +0)\n" OUT, NULL, ACCEPTED },
	{ "slice as a helper's memory", VALUE FROM_MEM(-24) DATA(-24, 0, 8)
	  "if r0 == 0 goto out\nr2 = r0\nr1 = map[fd:60]\ncall bpf_map_lookup_elem\n" OUT, NULL, ACCEPTED },
	{ "slice given to from_mem", VALUE FROM_MEM(-24) DATA(-24, 0, 16)
	  "if r0 == 0 goto out\nr6 = r0\n" FROM_MEM(-40) OUT, NULL, REFUSED },
	{ "slice filled from its own dynptr", VALUE FROM_MEM(-24) DATA(-24, 0, 8)
	  "if r0 == 0 goto out\nr1 = r0\nr2 = 8\n" FP(r3, -24) "r4 = 0\nr5 = 0\n"
	  "call bpf_dynptr_read\n" OUT, NULL, ACCEPTED },
	{ "slices, one checked, one not", VALUE FROM_MEM(-24) DATA(-24, 0, 8) "r7 = r0\n"
	  DATA(-24, 0, 8) "if r0 == 0 goto out\nr1 = *(u8 *)(r7 +0)\n" OUT, NULL, REFUSED },
	{ "slice moved", VALUE FROM_MEM(-24) DATA(-24, 0, 8)
	  "if r0 == 0 goto out\nr0 += 4\nr1 = *(u32 *)(r0 +0)\n" OUT, NULL, ACCEPTED },
	{ "slice moved by an unknown number", VALUE FROM_MEM(-24) DATA(-24, 0, 8)
	  "if r0 == 0 goto out\nr7 = r0\n" RANDOM "r0 &= 7\nr7 += r0\nr1 = *(u8 *)(r7 +0)\n" OUT, NULL,
	  ACCEPTED },

	/* --- ring buffers --- */
	{ "reserved and submitted", RESERVE(-16) SUBMIT(-16) END, NULL, ACCEPTED },
	{ "reserved and discarded", RESERVE(-16) DISCARD(-16) END, NULL, ACCEPTED },
	{ "reserved and lost", RESERVE(-16) END, NULL, REFUSED },
	{ "reserved, lost on failure", RESERVE(-16) "if r0 != 0 goto out\n" SUBMIT(-16) OUT, NULL,
	  REFUSED },
	{ "reserved of an unknown size", RANDOM "r1 = map[fd:61]\nr2 = r0\nr3 = 0\n" FP(r4, -16)
	  "call bpf_ringbuf_reserve_dynptr\n" SUBMIT(-16) END, NULL, ACCEPTED },
	{ "submitted twice", RESERVE(-16) SUBMIT(-16) SUBMIT(-16) END, NULL, REFUSED },
	{ "submitted and discarded", RESERVE(-16) SUBMIT(-16) DISCARD(-16) END, NULL, REFUSED },
	{ "submitted, never made", SUBMIT(-16) END, NULL, REFUSED },
	{ "submitted, uninitialised stack", "*(u64 *)(r10 -16) = 0\n*(u64 *)(r10 -8) = 0\n" SUBMIT(-16)
	  END, NULL, REFUSED },
	{ "submitted, a local one", VALUE FROM_MEM(-24) SUBMIT(-24) OUT, NULL, REFUSED },
	{ "submitted by its second half", RESERVE(-16) SUBMIT(-8) END, NULL, REFUSED },
	{ "submitted misaligned", RESERVE(-16) SUBMIT(-12) END, NULL, REFUSED },
	{ "submitted, a record of its own", "r1 = map[fd:61]\nr2 = 8\nr3 = 0\ncall bpf_ringbuf_reserve\n"
	  "if r0 == 0 goto out\nr1 = r0\nr2 = 0\ncall bpf_ringbuf_submit_dynptr\n" OUT, NULL, REFUSED },
	{ "submitted, where a record is spilled", "r1 = map[fd:61]\nr2 = 8\nr3 = 0\n"
	  "call bpf_ringbuf_reserve\nif r0 == 0 goto out\n*(u64 *)(r10 -16) = r0\n" SUBMIT(-16) OUT, NULL,
	  REFUSED },
	{ "its slice submitted", RESERVE(-16) DATA(-16, 0, 8) "if r0 == 0 goto out\nr1 = r0\nr2 = 0\n"
	  "call bpf_ringbuf_submit\n" OUT, NULL, REFUSED },
	{ "data of a ring buffer's", RESERVE(-16) DATA(-16, 0, 8) "if r0 == 0 goto done\n"
	  "*(u64 *)(r0 +0) = 1\ndone:\n" SUBMIT(-16) END, NULL, ACCEPTED },
	{ "slice after submit", RESERVE(-16) DATA(-16, 0, 8) "if r0 == 0 goto done\nr7 = r0\n"
	  SUBMIT(-16) "*(u64 *)(r7 +0) = 1\nr0 = 0\nexit\ndone:\n" SUBMIT(-16) END, NULL, REFUSED },
	{ "slice not yet checked after submit", RESERVE(-16) DATA(-16, 0, 8) "r7 = r0\n" SUBMIT(-16)
	  "if r7 == 0 goto out\nr1 = *(u64 *)(r7 +0)\n" OUT, NULL, REFUSED },
	{ "slice spilled, then submit", RESERVE(-16) DATA(-16, 0, 8) "*(u64 *)(r10 -32) = r0\n"
	  SUBMIT(-16) "r7 = *(u64 *)(r10 -32)\nif r7 == 0 goto out\nr1 = *(u64 *)(r7 +0)\n" OUT, NULL,
	  REFUSED },
	{ "slice null, dynptr still to be submitted", RESERVE(-16) DATA(-16, 0, 8)
	  "if r0 == 0 goto out\n" SUBMIT(-16) OUT, NULL, REFUSED },
	{ "slice spilled and written over, then submit", RESERVE(-16) DATA(-16, 0, 8)
	  "*(u64 *)(r10 -32) = r0\n*(u64 *)(r10 -32) = 0\n" SUBMIT(-16) END, NULL, ACCEPTED },
	{ "two, submitted in order", RESERVE(-16) RESERVE(-32) SUBMIT(-16) SUBMIT(-32) END, NULL, ACCEPTED },
	{ "two, one lost", RESERVE(-16) RESERVE(-32) SUBMIT(-32) END, NULL, REFUSED },
	{ "two at one place", RESERVE(-16) RESERVE(-16) SUBMIT(-16) END, NULL, REFUSED },
	{ "a local one over it", VALUE RESERVE(-24) FROM_MEM(-24) SUBMIT(-24) OUT, NULL, REFUSED },
	{ "a local one over its half", VALUE RESERVE(-32) FROM_MEM(-24) SUBMIT(-32) OUT, NULL, REFUSED },
	{ "it over a local one", VALUE FROM_MEM(-24) RESERVE(-24) SUBMIT(-24) OUT, NULL, ACCEPTED },
	{ "written over", RESERVE(-16) "*(u64 *)(r10 -16) = 0\n" SUBMIT(-16) END, NULL, REFUSED },
	{ "written over by a byte", RESERVE(-16) "*(u8 *)(r10 -1) = 0\n" SUBMIT(-16) END, NULL, REFUSED },
	{ "written over at a variable offset", RANDOM "r6 = r0\nr6 &= 8\n" RESERVE(-16) FP(r1, -24)
	  "r1 += r6\n*(u64 *)(r1 +0) = 0\n" SUBMIT(-16) END, NULL, REFUSED },
	{ "its place used after submit", RESERVE(-16) SUBMIT(-16) "*(u64 *)(r10 -16) = 0\n"
	  "r0 = *(u64 *)(r10 -16)\nr0 = 0\nexit\n", NULL, ACCEPTED },
	{ "its place read after submit", RESERVE(-16) SUBMIT(-16) "r7 = *(u64 *)(r10 -16)\n" END, NULL,
	  ACCEPTED },
	{ "made again after submit", RESERVE(-16) SUBMIT(-16) RESERVE(-16) DISCARD(-16) END, NULL, ACCEPTED },
	{ "read and written", RESERVE(-16) "*(u64 *)(r10 -24) = 0\n" WRITE(-16, -24, 8)
	  READ(-24, 8, -16) SUBMIT(-16) END, NULL, ACCEPTED },
	{ "the wrong map", "r1 = map[fd:60]\nr2 = 16\nr3 = 0\n" FP(r4, -16)
	  "call bpf_ringbuf_reserve_dynptr\n" SUBMIT(-16) END, NULL, REFUSED },
	{ "the user's ring", "r1 = map[fd:62]\nr2 = 16\nr3 = 0\n" FP(r4, -16)
	  "call bpf_ringbuf_reserve_dynptr\n" SUBMIT(-16) END, NULL, REFUSED },
	{ "a tail call would lose it", "r6 = r1\n" RESERVE(-16) "r1 = r6\nr2 = 0\nr3 = 0\n"
	  "call bpf_tail_call\n" SUBMIT(-16) END, NULL, REFUSED },
	{ "submitted through a moved pointer", RESERVE(-16) FP(r1, -24) "r1 += 8\nr2 = 0\n"
	  "call bpf_ringbuf_submit_dynptr\n" END, NULL, ACCEPTED },

	/* --- branches and loops: what pruning may take for the same --- */
	{ "made on one path", VALUE RANDOM "if r0 == 0 goto use\n" FROM_MEM(-24) "use:\n"
	  READ(-64, 8, -24) OUT, NULL, REFUSED },
	{ "made on both paths", VALUE RANDOM "if r0 == 0 goto other\n" FROM_MEM(-24) "goto use\nother:\n"
	  FROM_MEM(-24) "use:\n" READ(-64, 8, -24) OUT, NULL, ACCEPTED },
	{ "of two kinds", VALUE RANDOM "if r0 == 0 goto other\n" FROM_MEM(-24) "goto use\nother:\n"
	  RESERVE(-24) "use:\n" SUBMIT(-24) OUT, NULL, REFUSED },
	{ "of two kinds, the wrong one second", VALUE RANDOM "if r0 != 0 goto other\n" RESERVE(-24)
	  "goto use\nother:\n" FROM_MEM(-24) "use:\n" SUBMIT(-24) OUT, NULL, REFUSED },
	{ "at two places", VALUE RANDOM "if r0 == 0 goto other\n" FROM_MEM(-24) "goto use\nother:\n"
	  FROM_MEM(-32) "use:\n" READ(-64, 8, -24) OUT, NULL, REFUSED },
	{ "half a place off on the other path", VALUE RANDOM "if r0 == 0 goto other\n" FROM_MEM(-48)
	  FROM_MEM(-32) "goto use\nother:\n" FROM_MEM(-40) FROM_MEM(-24) "use:\n" READ(-64, 8, -32) OUT,
	  NULL, REFUSED },
	{ "bytes on one path, a dynptr on the other", VALUE RANDOM "if r0 == 0 goto other\n"
	  "*(u64 *)(r10 -24) = 0\n*(u64 *)(r10 -16) = 0\ngoto use\nother:\n" FROM_MEM(-24)
	  "use:\nr7 = *(u64 *)(r10 -24)\n" OUT, NULL, REFUSED },
	{ "nothing on one path, a dynptr on the other", VALUE RANDOM "if r0 == 0 goto use\n"
	  FROM_MEM(-24) "use:\nr7 = *(u64 *)(r10 -24)\n" OUT, NULL, REFUSED },
	{ "dead at the join", VALUE RANDOM "if r0 == 0 goto use\n" FROM_MEM(-24) "use:\n" OUT, NULL,
	  ACCEPTED },
	{ "slice of either", VALUE FROM_MEM(-24) FROM_MEM(-40) RANDOM "if r0 == 0 goto other\n"
	  DATA(-24, 0, 8) "goto use\nother:\n" DATA(-40, 0, 8) "use:\nif r0 == 0 goto out\n"
	  "*(u64 *)(r10 -40) = 0\nr1 = *(u8 *)(r0 +0)\n" OUT, NULL, REFUSED },
	{ "in a loop", VALUE FROM_MEM(-24) "r7 = 0\nagain:\n" DATA(-24, 0, 8) "if r0 == 0 goto out\n"
	  "*(u64 *)(r0 +0) = 5\nr7 += 1\nif r7 < 5 goto again\n" OUT, NULL, ACCEPTED },
	{ "made anew in a loop", VALUE "r7 = 0\nagain:\n" FROM_MEM(-24) DATA(-24, 0, 8)
	  "if r0 == 0 goto out\n*(u64 *)(r0 +0) = 5\nr7 += 1\nif r7 < 5 goto again\n" OUT, NULL, ACCEPTED },
	{ "reserved in a loop", "r7 = 0\nagain:\n" RESERVE(-16) SUBMIT(-16)
	  "r7 += 1\nif r7 < 5 goto again\n" END, NULL, ACCEPTED },
	{ "reserved in a loop, submitted behind it", "r7 = 0\nagain:\n" RESERVE(-16)
	  "r7 += 1\nif r7 < 5 goto again\n" SUBMIT(-16) END, NULL, REFUSED },
	{ "many branches", VALUE FROM_MEM(-24) "r7 = 0\nagain:\n" RANDOM "if r0 > 5 goto skip\n"
	  READ(-64, 8, -24) "skip:\n" RANDOM "if r0 > 7 goto skip2\n*(u64 *)(r10 -40) = 1\nskip2:\n"
	  "r7 += 1\nif r7 < 4 goto again\n" READ(-64, 8, -24) OUT, NULL, ACCEPTED },

	/* --- functions --- */
	{ "used by a callee", VALUE FROM_MEM(-24) FP(r1, -24) "call f\n" OUT
	  "f:\nr2 = 0\nr3 = 4\ncall bpf_dynptr_data\nif r0 == 0 goto end\nr1 = *(u32 *)(r0 +0)\nend:\n" END,
	  "v", ACCEPTED },
	{ "made by a callee", VALUE "r1 = r6\n" FP(r2, -24) "call f\n" READ(-64, 8, -24) OUT
	  "f:\nr4 = r2\nr2 = 16\nr3 = 0\ncall bpf_dynptr_from_mem\n" END, "vv", ACCEPTED },
	{ "written over by a callee", VALUE FROM_MEM(-24) FP(r1, -24) "call f\n" READ(-64, 8, -24) OUT
	  "f:\n*(u64 *)(r1 +8) = 0\n" END, "v", REFUSED },
	{ "a callee's slice after the caller's dynptr is gone", VALUE FROM_MEM(-24) FP(r1, -24)
	  "call f\nif r0 == 0 goto out\n*(u64 *)(r10 -24) = 0\nr1 = *(u8 *)(r0 +0)\n" OUT
	  "f:\nr2 = 0\nr3 = 4\ncall bpf_dynptr_data\nexit\n", "v", REFUSED },
	{ "the caller's slice after a callee writes over its dynptr", VALUE FROM_MEM(-24) DATA(-24, 0, 8)
	  "if r0 == 0 goto out\nr7 = r0\n" FP(r1, -24) "call f\nr1 = *(u8 *)(r7 +0)\n" OUT
	  "f:\n*(u64 *)(r1 +8) = 0\n" END, "v", REFUSED },
	{ "submitted by a callee", RESERVE(-16) FP(r1, -16) "call f\n" END
	  "f:\nr2 = 0\ncall bpf_ringbuf_submit_dynptr\n" END, "v", ACCEPTED },
	{ "lost by a callee", "call f\n" END "f:\n" RESERVE(-16) END, "", REFUSED },
	{ "a callee's frame holds a local one", VALUE "r1 = r6\ncall f\n" OUT
	  "f:\nr6 = r1\n" FROM_MEM(-16) END, "v", ACCEPTED },
	{ "in two frames", VALUE FROM_MEM(-24) "r1 = r6\ncall f\n" READ(-64, 8, -24) OUT
	  "f:\nr6 = r1\n" FROM_MEM(-24) READ(-64, 8, -24) END, "v", ACCEPTED },
	{ "made in the caller's frame where its own lies", VALUE FROM_MEM(-24) "r1 = r6\n" FP(r2, -32)
	  "call f\n" READ(-64, 8, -24) OUT
	  "f:\nr4 = r2\nr2 = 16\nr3 = 0\ncall bpf_dynptr_from_mem\n" END, "vv", REFUSED },

	/* --- global functions --- */
	{ "given to a global function", VALUE FROM_MEM(-24) FP(r1, -24) "call f\n" OUT
	  "f:\nr2 = 0\nr3 = 4\ncall bpf_dynptr_data\nif r0 == 0 goto end\nr1 = *(u32 *)(r0 +0)\nend:\n" END,
	  "Gd", ACCEPTED },
	{ "a ring buffer's given to a global function", RESERVE(-16) FP(r1, -16) "call f\n" SUBMIT(-16) END
	  "f:\nr2 = 0\nr3 = 4\ncall bpf_dynptr_data\n" END, "Gd", ACCEPTED },
	{ "uninitialised, given to a global function", FP(r1, -24) "call f\n" END "f:\n" END, "Gd", REFUSED },
	{ "a number given to a global function", "r1 = 0\ncall f\n" END "f:\n" END, "Gd", REFUSED },
	{ "a value given to a global function", VALUE "r1 = r6\ncall f\n" OUT "f:\n" END, "Gd", REFUSED },
	{ "by its second half to a global function", VALUE FROM_MEM(-24) FP(r1, -16) "call f\n" OUT
	  "f:\n" END, "Gd", REFUSED },
	{ "submitted by a global function", RESERVE(-16) FP(r1, -16) "call f\n" END
	  "f:\nr2 = 0\ncall bpf_ringbuf_submit_dynptr\n" END, "Gd", REFUSED },
	{ "looked into by a global function", VALUE FROM_MEM(-24) FP(r1, -24) "call f\n" OUT
	  "f:\nr2 = *(u64 *)(r1 +0)\n" END, "Gd", REFUSED },
	{ "passed on by a global function", VALUE FROM_MEM(-24) FP(r1, -24) "call f\n" OUT
	  "f:\nr2 = 5\ncall g\nexit\ng:\nr2 = 0\nr3 = 4\ncall bpf_dynptr_data\n" END, "Gd Gdi", ACCEPTED },
	{ "a drain's given to a global function", DRAIN END CB "call f\n" END "f:\n" END, "dv Gd", ACCEPTED },
	{ "given to a static function", VALUE FROM_MEM(-24) FP(r1, -24) "call f\n" OUT "f:\n" END, "d",
	  ACCEPTED },
	{ "a number given to a static function", "r1 = 0\ncall f\n" END "f:\n" END, "d", ACCEPTED },

	/* --- callbacks of bpf_loop --- */
	{ "used by a callback", VALUE FROM_MEM(-24) "r1 = 5\nr2 = subprog[cb]\n" FP(r3, -24)
	  "r4 = 0\ncall bpf_loop\n" READ(-64, 8, -24) OUT
	  CB "r1 = r2\nr2 = 0\nr3 = 4\ncall bpf_dynptr_data\n" END, "iv", ACCEPTED, VERDICT_ONLY },
	{ "made by a callback", VALUE "*(u64 *)(r10 -40) = r6\n" FROM_MEM(-24) "r1 = 5\nr2 = subprog[cb]\n"
	  FP(r3, -40) "r4 = 0\ncall bpf_loop\n" READ(-64, 8, -24) OUT
	  CB "r1 = *(u64 *)(r2 +0)\nr4 = r2\nr4 += 16\nr2 = 16\nr3 = 0\ncall bpf_dynptr_from_mem\n" END,
	  "iv", ACCEPTED, VERDICT_ONLY },
	{ "written over by a callback", VALUE FROM_MEM(-24) "r1 = 5\nr2 = subprog[cb]\n" FP(r3, -24)
	  "r4 = 0\ncall bpf_loop\n" READ(-64, 8, -24) OUT CB "*(u64 *)(r2 +0) = 0\n" END, "iv", REFUSED },
	{ "submitted by a callback", RESERVE(-16) "r1 = 5\nr2 = subprog[cb]\n" FP(r3, -16)
	  "r4 = 0\ncall bpf_loop\n" END CB "r1 = r2\nr2 = 0\ncall bpf_ringbuf_submit_dynptr\n" END, "iv",
	  REFUSED },
	{ "reserved by a callback", "r1 = 5\nr2 = subprog[cb]\n" FP(r3, -16)
	  "r4 = 0\ncall bpf_loop\n" END CB RESERVE(-16) END, "iv", REFUSED },
	{ "reserved and submitted by a callback", "r1 = 5\nr2 = subprog[cb]\n" FP(r3, -16) "r4 = 0\n"
	  "call bpf_loop\n" END CB RESERVE(-16) SUBMIT(-16) END, "iv", ACCEPTED, VERDICT_ONLY },


	/* --- user ring buffers --- */
	{ "drain", DRAIN END CB END, "dv", ACCEPTED },
	{ "drain, read", DRAIN END CB "r3 = r1\n" FP(r1, -8) "r2 = 8\nr4 = 0\nr5 = 0\n"
	  "call bpf_dynptr_read\nr1 = *(u64 *)(r10 -8)\n" END, "dv", ACCEPTED },
	{ "drain, data", DRAIN END CB "r2 = 0\nr3 = 8\ncall bpf_dynptr_data\nif r0 == 0 goto end\n"
	  "*(u64 *)(r0 +0) = 1\nend:\n" END, "dv", ACCEPTED },
	{ "drain, data not checked", DRAIN END CB "r2 = 0\nr3 = 8\ncall bpf_dynptr_data\n"
	  "r1 = *(u64 *)(r0 +0)\n" END, "dv", REFUSED },
	{ "drain, data too far", DRAIN END CB "r2 = 0\nr3 = 8\ncall bpf_dynptr_data\nif r0 == 0 goto end\n"
	  "*(u64 *)(r0 +1) = 1\nend:\n" END, "dv", REFUSED },
	{ "drain, write", DRAIN END CB "*(u64 *)(r10 -8) = 1\nr2 = 0\n" FP(r3, -8) "r4 = 8\nr5 = 0\n"
	  "call bpf_dynptr_write\n" END, "dv", ACCEPTED },
	{ "drain, load of the dynptr", DRAIN END CB "r2 = *(u64 *)(r1 +0)\n" END, "dv", REFUSED },
	{ "drain, store to the dynptr", DRAIN END CB "*(u64 *)(r1 +0) = 0\n" END, "dv", REFUSED },
	{ "drain, dynptr moved", DRAIN END CB "r1 += 8\nr2 = 0\nr3 = 8\ncall bpf_dynptr_data\n" END, "dv",
	  REFUSED },
	{ "drain, dynptr moved by an unknown number", DRAIN END CB "r6 = r1\n" RANDOM "r0 &= 8\nr6 += r0\n"
	  "r1 = r6\nr2 = 0\nr3 = 8\ncall bpf_dynptr_data\n" END, "dv", REFUSED },
	{ "drain, dynptr submitted", DRAIN END CB "r2 = 0\ncall bpf_ringbuf_submit_dynptr\n" END, "dv",
	  REFUSED },
	{ "drain, dynptr discarded", DRAIN END CB "r2 = 0\ncall bpf_ringbuf_discard_dynptr\n" END, "dv",
	  REFUSED },
	{ "drain, dynptr made anew", DRAIN END CB "r4 = r1\nr6 = r1\n" VALUE "r4 = r6\nr1 = r0\nr2 = 8\n"
	  "r3 = 0\ncall bpf_dynptr_from_mem\n" OUT, "dv", REFUSED },
	{ "drain, reserved into the dynptr", DRAIN END CB "r4 = r1\nr1 = map[fd:61]\nr2 = 8\nr3 = 0\n"
	  "call bpf_ringbuf_reserve_dynptr\n" END, "dv", REFUSED },
	{ "drain, dynptr spilled", DRAIN END CB "*(u64 *)(r10 -8) = r1\nr1 = *(u64 *)(r10 -8)\nr2 = 0\n"
	  "r3 = 8\ncall bpf_dynptr_data\n" END, "dv", REFUSED },
	{ "drain, dynptr kept by a null check", DRAIN END CB "if r1 == 0 goto end\nr2 = 0\nr3 = 8\n"
	  "call bpf_dynptr_data\nend:\n" END, "dv", ACCEPTED },
	{ "drain, returns 2", DRAIN END CB "r0 = 2\nexit\n", "dv", REFUSED },
	{ "drain, returns any number", DRAIN END CB RANDOM "exit\n", "dv", REFUSED },
	{ "drain, returns 1", DRAIN END CB "r0 = 1\nexit\n", "dv", ACCEPTED },
	{ "drain, writes to its context", "*(u64 *)(r10 -8) = 0\n" DRAIN "r0 = *(u64 *)(r10 -8)\n" END
	  CB "*(u64 *)(r2 +0) = 5\n" END, "dv", ACCEPTED },
	{ "drain, counts in its context", "*(u64 *)(r10 -8) = 0\n" DRAIN "r0 = *(u64 *)(r10 -8)\n" END
	  CB "r1 = *(u64 *)(r2 +0)\nr1 += 1\n*(u64 *)(r2 +0) = r1\n" END, "dv", ACCEPTED },
	{ "drain, a context of zero", "r1 = map[fd:62]\nr2 = subprog[cb]\nr3 = 0\nr4 = 0\n"
	  "call bpf_user_ringbuf_drain\n" END CB END, "dv", ACCEPTED, VERDICT_ONLY },
	{ "drain, a context of zero used", "r1 = map[fd:62]\nr2 = subprog[cb]\nr3 = 0\nr4 = 0\n"
	  "call bpf_user_ringbuf_drain\n" END CB "r0 = *(u64 *)(r2 +0)\n" END, "dv", REFUSED, VERDICT_ONLY },
	{ "drain, r3 to r5 of the callback", DRAIN END CB "r0 = r3\n" END, "dv", REFUSED },
	{ "drain in a drain", DRAIN END CB DRAIN END, "dv", REFUSED },
	/* Never settles: each sample's slice is another. */
	{ "drain, slice kept for the next sample", "*(u64 *)(r10 -8) = 0\n" DRAIN END
	  CB "r6 = r2\nr7 = *(u64 *)(r2 +0)\nif r7 == 0 goto first\nr0 = *(u8 *)(r7 +0)\nfirst:\n"
	  "r2 = 0\nr3 = 8\ncall bpf_dynptr_data\n*(u64 *)(r6 +0) = r0\n" END, "dv", REFUSED },
	{ "drain, reference lost in the callback", DRAIN END CB RESERVE(-16) END, "dv", REFUSED },
	{ "drain the wrong map", "r1 = map[fd:61]\nr2 = subprog[cb]\n" FP(r3, -8) "r4 = 0\n"
	  "call bpf_user_ringbuf_drain\n" END CB END, "dv", REFUSED },
	{ "drain an array", "r1 = map[fd:60]\nr2 = subprog[cb]\n" FP(r3, -8) "r4 = 0\n"
	  "call bpf_user_ringbuf_drain\n" END CB END, "dv", REFUSED },
	{ "the user's ring as a ring", "*(u64 *)(r10 -8) = 0\nr1 = map[fd:62]\n" FP(r2, -8)
	  "r3 = 8\nr4 = 0\ncall bpf_ringbuf_output\n" END, NULL, REFUSED },
	{ "drain, no function", "r1 = map[fd:62]\nr2 = 0\nr3 = 0\nr4 = 0\ncall bpf_user_ringbuf_drain\n"
	  END, NULL, REFUSED },
	{ "drain while a record is reserved", RESERVE(-24) DRAIN SUBMIT(-24) END CB END, "dv", ACCEPTED },
	{ "drain in a loop", "r7 = 0\nagain:\n" DRAIN "r7 += 1\nif r7 < 3 goto again\n" END
	  CB "r2 = 0\nr3 = 8\ncall bpf_dynptr_data\nif r0 == 0 goto end\n*(u64 *)(r0 +0) = 1\nend:\n" END,
	  "dv", ACCEPTED, VERDICT_ONLY },
	{ "drain a global function", DRAIN END CB END, "Gdv", REFUSED },
};
/* clang-format on */

/* The kernel's verdict goes to *verdict. */
static bool text_differs(const struct program *p, bool keep_logs, int *verdict)
{
	struct isa_asm_error err;
	struct both_btf btf;
	struct bpf_insn *insns;
	struct both b = { .type = BPF_PROG_TYPE_SOCKET_FILTER, .what = p->name,
			  .callbacks = p->sigs, .any_log = p->compare == VERDICT_ONLY,
			  .dynptrs = p->compare == RANDOM_ONE,
			  .keep_logs = keep_logs };
	bool bad;
	size_t n;

	*verdict = -EINVAL;
	if (isa_asm(p->text, strlen(p->text), &insns, &n, &err)) {
		printf("%s, line %u: %s\n%s\n", p->name, err.line, err.text, p->text);
		return true;
	}
	b.insns = insns;
	b.n = (uint32_t)n;
	if (p->sigs) {
		both_btf_make(&btf, insns, b.n, p->sigs);
		b.btf = &btf;
	}
	bad = both_differ(&b);
	*verdict = b.verdict;
	if (p->sigs)
		both_btf_free(&btf);
	free(insns);
	return bad;
}

static bool differ(const struct program *p, bool keep_logs)
{
	int verdict;
	bool bad = text_differs(p, keep_logs, &verdict);

	if (!verdict == (p->verdict == ACCEPTED))
		return bad;
	printf("%s: linux says %d\n", p->name, verdict);
	return true;
}

/* How many differ; fails, too, where the mix is no good. */
static unsigned random_programs(uint64_t seed, unsigned count)
{
	static struct random_text t;
	unsigned differing = 0, accepted = 0;

	for (unsigned i = 0; i < count && differing < DIFFERENCES_MAX; i++) {
		char name[32];
		struct program p = { name, t.text, RANDOM_DYNPTR_SIGS, ACCEPTED, RANDOM_ONE };
		int verdict;

		snprintf(name, sizeof(name), "random %llu", (unsigned long long)(seed + i));
		random_dynptr_make(&t, seed + i);
		differing += text_differs(&p, count == 1, &verdict);
		accepted += !verdict;
		if (count == 1)
			printf("%s", t.text);
	}
	printf("%u random programs, %u accepted, %u differ\n", count, accepted, differing);
	if (count >= COUNT && (accepted * 4 < count || accepted * 10 > count * 9)) {
		printf("the mix of programs is wrong\n");
		differing++;
	}
	return differing;
}

int main(int argc, char **argv)
{
	unsigned differing = 0, done = 0;
	int err = both_init();

	if (err < 0) {
		printf("the kernel's bpf(2) answers %s\n", strerror(-err));
		return SKIPPED;
	}
	if (argc > 1 && argv[1][0] >= '0' && argv[1][0] <= '9')
		return !!random_programs(strtoull(argv[1], NULL, 0),
					 argc > 2 ? (unsigned)atoi(argv[2]) : 1);
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		if (argc > 1 && !strstr(programs[i].name, argv[1]))
			continue;
		differing += differ(&programs[i], argc > 1);
		done++;
	}
	printf("%u programs, %u differ\n", done, differing);
	if (argc == 1)
		differing += random_programs(1, COUNT);
	return differing != 0;
}
