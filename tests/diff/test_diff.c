/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: interpreter = JIT = running kernel on generated programs: verdict of the verifier, R0, packet
 * bytes, registers, maps. Method: gen.h makes a program per seed; every side loads and runs it; what
 * differs is printed with its seed and the program. At the end it says what was reached and fails
 * below a floor, so that the generator cannot quietly stop testing.
 *
 *   test_diff [PROGRAMS [FIRST-SEED]]      without the kernel where bpf(2) is not allowed
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/strbuf.h"
#include "gen.h"
#include "isa/disasm.h"
#include "isa/insn.h"
#include "side.h"

enum { PROGRAMS = 2000, SHOWN_MAX = 5, SIDES_MAX = 3 };

struct counts {
	uint32_t programs, accepted, differences;
	uint32_t false_accepts, false_rejects;
	uint32_t kernel_bugs; /* the kernel says "verifier bug": no verdict to compare with */
};

static void print_program(const struct gen_prog *prog)
{
	struct strbuf buf = STRBUF_INIT;

	for (uint32_t pc = 0; pc < prog->n; pc += (uint32_t)isa_insn_slots(&prog->insns[pc])) {
		strbuf_reset(&buf);
		isa_disasm(&buf, &prog->insns[pc], NULL, true);
		printf("%4u: %s\n", pc, strbuf_str(&buf));
	}
	strbuf_deinit(&buf);
}

static void print_difference(const struct side *a, const struct outcome *x, const struct side *b,
			     const struct outcome *y)
{
	if (x->load_err != y->load_err)
		printf("  load: %s %d, %s %d\n", a->name, x->load_err, b->name, y->load_err);
	if (x->run_err != y->run_err)
		printf("  run: %s %d, %s %d\n", a->name, x->run_err, b->name, y->run_err);
	if (x->retval != y->retval)
		printf("  retval: %s %#x, %s %#x\n", a->name, x->retval, b->name, y->retval);
	for (int i = 0; i < GEN_PACKET_BYTES; i++) {
		if (x->packet[i] != y->packet[i])
			printf("  packet[%d]: %02x %02x\n", i, x->packet[i], y->packet[i]);
	}
	for (int i = 0; i < GEN_OUT_WORDS; i++) {
		if (x->out[i] != y->out[i])
			printf("  out[%d]: %#llx %#llx\n", i, (unsigned long long)x->out[i],
			       (unsigned long long)y->out[i]);
	}
	for (int map = 0; map < GEN_MAPS; map++) {
		for (int key = 0; key < GEN_KEYS; key++) {
			if (x->present[map][key] != y->present[map][key] ||
			    x->values[map][key] != y->values[map][key])
				printf("  map %d key %d: %d %#llx, %d %#llx\n", map, key,
				       x->present[map][key], (unsigned long long)x->values[map][key],
				       y->present[map][key], (unsigned long long)y->values[map][key]);
		}
	}
}

/* Which branches went which way: bit set, it fell through. */
static void count_branches(const struct gen_prog *prog, const struct outcome *out,
			   struct gen_stats *stats)
{
	uint64_t trace = out->out[GEN_REG_OUT];

	if (out->out[0] == 77 && out->retval == 99)
		return; /* a tail call left before the bits were stored */
	for (uint32_t i = 0; i < prog->branches; i++) {
		if (trace >> i & 1)
			stats->fallen[prog->branch_row[i]]++;
		else
			stats->taken[prog->branch_row[i]]++;
	}
}

/* Compares side i > 0 with side 0, which is the kernel where there is one. */
static bool sides_agree(const struct side *sides, const struct outcome *outcomes, uint32_t n,
			struct counts *counts)
{
	bool agree = true;

	for (uint32_t i = 1; i < n; i++) {
		const struct outcome *ref = &outcomes[0], *own = &outcomes[i];

		if (!memcmp(ref, own, sizeof(*ref)))
			continue;
		if (ref->load_err && !own->load_err)
			counts->false_accepts++;
		else if (!ref->load_err && own->load_err)
			counts->false_rejects++;
		agree = false;
	}
	return agree;
}

static void show(uint64_t seed, const struct side *sides, const struct outcome *outcomes, uint32_t n,
		 const struct gen_prog *prog)
{
	printf("seed %llu differs:\n", (unsigned long long)seed);
	for (uint32_t i = 1; i < n; i++)
		print_difference(&sides[0], &outcomes[0], &sides[i], &outcomes[i]);
	for (uint32_t i = 0; i < n; i++) {
		if (outcomes[i].load_err)
			printf("--- log of %s\n%s\n", sides[i].name, sides[i].log);
	}
	print_program(prog);
}

static void one_program(uint64_t seed, struct side *sides, uint32_t n, struct gen_stats *stats,
			struct counts *counts)
{
	static struct gen_prog progs[SIDES_MAX];
	static struct outcome outcomes[SIDES_MAX];
	struct gen_stats unused = { 0 };
	uint8_t packet[GEN_PACKET_BYTES];

	gen_packet(seed, packet);
	for (uint32_t i = 0; i < n; i++) {
		gen_program(seed, sides[i].maps, &progs[i], i ? &unused : stats);
		side_run(&sides[i], &progs[i], packet, &outcomes[i]);
	}
	counts->programs++;
	if (outcomes[0].load_err == -EFAULT && strstr(sides[0].log, "verifier bug")) {
		counts->kernel_bugs++;
		return;
	}
	if (!outcomes[0].load_err) {
		counts->accepted++;
		count_branches(&progs[0], &outcomes[0], stats);
	}
	if (!sides_agree(sides, outcomes, n, counts) && counts->differences++ < SHOWN_MAX)
		show(seed, sides, outcomes, n, &progs[0]);
}

/* --- what was reached -------------------------------------------------------------------------------------- */

static uint32_t unreached(const struct gen_stats *stats)
{
	uint32_t missing = 0;

	for (uint32_t row = 0; row < gen_rows(); row++) {
		if (!gen_row_is_wanted(row))
			continue;
		if (!stats->emitted[row]) {
			printf("not reached: %s\n", gen_row_name(row));
			missing++;
		} else if (gen_row_is_branch(row) && (!stats->taken[row] || !stats->fallen[row])) {
			printf("one way only: %s (taken %u, fell through %u)\n", gen_row_name(row),
			       stats->taken[row], stats->fallen[row]);
			missing++;
		}
	}
	return missing;
}

static void print_reached(const struct gen_stats *stats, const struct counts *counts)
{
	uint32_t rows = 0, edges = 0;

	for (uint32_t row = 0; row < gen_rows(); row++) {
		rows += gen_row_is_wanted(row) && stats->emitted[row];
		edges += stats->edge[row];
	}
	printf("diff: %u programs, %u accepted; %u kinds of instruction, %u edge operands\n",
	       counts->programs, counts->accepted, rows, edges);
	printf("diff: calls %u, callbacks %u, loops %u, tail calls %u, dynptrs %u, spills %u, "
	       "packet reads %u, writes %u\n",
	       stats->calls, stats->callbacks, stats->loops, stats->tail_calls, stats->dynptrs,
	       stats->spills, stats->packet_reads, stats->packet_writes);
	printf("diff: map operations: array %u, hash %u, percpu_array %u, percpu_hash %u, lru %u\n",
	       stats->map_ops[GEN_MAP_ARRAY], stats->map_ops[GEN_MAP_HASH],
	       stats->map_ops[GEN_MAP_PERCPU_ARRAY], stats->map_ops[GEN_MAP_PERCPU_HASH],
	       stats->map_ops[GEN_MAP_LRU]);
	printf("diff: %u differences (%u accepted by us alone, %u rejected by us alone); %u programs "
	       "left out: the kernel says \"verifier bug\"\n",
	       counts->differences, counts->false_accepts, counts->false_rejects,
	       counts->kernel_bugs);
}

/* With few programs (a seed looked at by hand) there is no floor. */
static bool above_floor(const struct gen_stats *stats, const struct counts *counts)
{
	if (counts->programs < PROGRAMS)
		return true;
	return !unreached(stats) && counts->accepted * 2 >= counts->programs && stats->calls &&
	       stats->callbacks && stats->loops && stats->tail_calls && stats->dynptrs &&
	       stats->spills && stats->packet_reads && stats->packet_writes;
}

static uint32_t open_sides(struct side *sides)
{
	uint32_t n = 0;
	int err = side_open_kernel(&sides[n]);

	if (err)
		printf("SKIP: comparison with the kernel: bpf(2) is not allowed here: %s\n",
		       strerror(-err));
	else
		n++;
	for (int jit = 1; jit >= 0; jit--) {
		err = side_open_user(&sides[n], jit);
		if (err) {
			fprintf(stderr, "diff: cannot open the engine (%s): %s\n%s\n",
				jit ? "jit" : "interpreter", strerror(-err), sides[n].log);
			exit(1);
		}
		n++;
	}
	return n;
}

int main(int argc, char **argv)
{
	uint32_t programs = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 0) : PROGRAMS;
	uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 0) : 0;
	static struct gen_stats stats;
	struct side sides[SIDES_MAX];
	struct counts counts = { 0 };
	uint32_t n = open_sides(sides);

	for (uint64_t seed = first; seed < first + programs; seed++)
		one_program(seed, sides, n, &stats, &counts);
	for (uint32_t i = 0; i < n; i++)
		side_close(&sides[i]);
	print_reached(&stats, &counts);
	return counts.differences || !above_floor(&stats, &counts);
}
