/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: what the verifier proved is true. Method: generated programs (random_prog.h, and those of
 * tests/diff) that it accepts run in the interpreter before a judge (judge.h): every access lies in
 * an object of the kind that was proven, and every instruction is reached in a way that a state of
 * the walk holds, once with states at each instruction, once with Linux's. Also, the verdict hangs on
 * neither: pruning everywhere, or hardly, accepts the same programs unless a limit is hit.
 *
 *	test-verifier-sound [first seed [count]]
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../diff/gen.h"
#include "../diff/side.h"
#include "base/macros.h"
#include "judge.h"
#include "object/fd.h"
#include "object/prog.h"
#include "random_prog.h"
#include "skep/skep.h"

enum {
	COUNT = 300, /* of each generator */
	FAILURES_MAX = 5,
	PACKET_BYTES = 96,
	INSNS_RUN_MAX = 10000000,
};

static struct {
	uint64_t programs, accepted, too_many, runs;
	uint64_t states, questions, numbers, pointers;
	uint32_t failures;
} sum;

/* --- one program ------------------------------------------------------------------------------------------ */

struct subject {
	const char *generator;
	uint64_t seed;
	struct skep_engine *engine;
	int fd;
	struct prog *prog;
	const struct bpf_func_info *func_info;
	uint32_t n_func_info;
	const uint8_t *packet;
	uint32_t packet_bytes;
};

static void fail(const struct subject *s, const char *what)
{
	printf("%s seed %" PRIu64 ": %s\n", s->generator, s->seed, what);
	sum.failures++;
}

static void judge_run(const struct subject *s, struct walked *walked)
{
	static struct judge judge;
	struct skep_run r = { .size = sizeof(r), .data = s->packet, .data_bytes = s->packet_bytes };
	struct strbuf why = STRBUF_INIT;
	int err = judge_init(&judge, s->prog, walked, INSNS_RUN_MAX);

	if (!err)
		err = skep_prog_run(s->engine, s->fd, &r);
	sum.runs++;
	if (err)
		fail(s, strerror(-err));
	else if (!judge_passed(&judge, &why))
		fail(s, strbuf_str(&why));
	strbuf_deinit(&why);
	judge_deinit(&judge);
}

static void judge_with(const struct subject *s, enum verify_prune prune)
{
	struct walked *walked;
	struct walked_stats stats;
	int err = walked_new(s->engine, s->prog, prune, s->func_info, s->n_func_info, &walked);

	if (err == -E2BIG) {
		sum.too_many++;
		return;
	}
	if (err) {
		fail(s, "another pruning rejects it");
		return;
	}
	if (prune != VERIFY_PRUNE_LATE)
		judge_run(s, walked);
	stats = walked_stats(walked);
	sum.states += stats.states;
	sum.questions += stats.questions;
	sum.numbers += stats.numbers;
	sum.pointers += stats.pointers;
	walked_free(walked);
}

static void judge_program(struct subject *s)
{
	struct object *obj;

	sum.programs++;
	if (s->fd < 0)
		return;
	sum.accepted++;
	if (object_fd_lookup((struct engine *)s->engine, s->fd, &obj, NULL))
		abort();
	s->prog = prog_of(obj);
	judge_with(s, VERIFY_PRUNE_LINUX);
	judge_with(s, VERIFY_PRUNE_EVERYWHERE);
	judge_with(s, VERIFY_PRUNE_LATE);
	object_put(obj);
	close(s->fd);
}

/* --- the two generators ------------------------------------------------------------------------------------ */

/* A map for programs of random_prog.h, with other numbers in each element. */
static int make_map(struct skep_engine *engine)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
				.value_size = RANDOM_PROG_VALUE_BYTES,
				.max_entries = RANDOM_PROG_ENTRIES };

	return (int)skep_bpf(engine, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static void fill_map(struct skep_engine *engine, int map_fd, uint64_t seed)
{
	for (uint32_t key = 0; key < RANDOM_PROG_ENTRIES; key++) {
		uint64_t value[RANDOM_PROG_VALUE_BYTES / 8];
		union bpf_attr attr = { .map_fd = (uint32_t)map_fd, .key = (uintptr_t)&key,
					.value = (uintptr_t)value };

		for (uint32_t i = 0; i < ARRAY_SIZE(value); i++)
			value[i] = (seed + key + 1) * 0x9e3779b97f4a7c15u >> (i * 9 + key);
		if (skep_bpf(engine, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr)))
			abort();
	}
}

static void random_program(struct skep_engine *engine, int map_fd, uint64_t seed)
{
	static struct random_prog p;
	uint8_t packet[PACKET_BYTES];
	struct subject s = { .generator = "random", .seed = seed, .engine = engine,
			     .packet = packet, .packet_bytes = sizeof(packet) };
	union bpf_attr attr = { .insns = (uintptr_t)p.insns,
				.license = (uintptr_t) "Dual BSD/GPL" };

	random_prog_make(&p, seed, map_fd, true);
	attr.prog_type = p.type;
	attr.prog_flags = p.flags;
	attr.insn_cnt = p.n;
	for (uint32_t i = 0; i < sizeof(packet); i++)
		packet[i] = (uint8_t)((seed | 1) * (i + 1) * 0x9e3779b97f4a7c15u >> 56);
	packet[12] = 0x08; /* IPv4, of sorts */
	packet[13] = 0x00;
	packet[14] = 0x45;
	fill_map(engine, map_fd, seed);
	s.fd = (int)skep_bpf(engine, BPF_PROG_LOAD, &attr, sizeof(attr));
	judge_program(&s);
}

static void gen_one(struct side *side, uint64_t seed)
{
	static struct gen_prog p;
	struct gen_stats unused = { 0 };
	struct bpf_func_info info[GEN_FUNCS_MAX];
	uint8_t packet[GEN_PACKET_BYTES];
	struct subject s = { .generator = "gen", .seed = seed, .engine = side->engine,
			     .packet = packet, .packet_bytes = sizeof(packet), .func_info = info };

	gen_packet(seed, packet);
	gen_program(seed, side->maps, &p, &unused);
	s.n_func_info = side_func_info(side, &p, info);
	side_reset(side);
	s.fd = (int)side_load(side, &p);
	judge_program(&s);
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	unsigned count = argc > 2 ? (unsigned)atoi(argv[2]) : argc > 1 ? 1 : COUNT;
	struct side side;
	int map_fd, err = side_open_user(&side, false);

	if (err) {
		printf("cannot open the engine: %s\n", strerror(-err));
		return 1;
	}
	map_fd = make_map(side.engine);
	if (map_fd < 0)
		abort();
	for (unsigned i = 0; i < count && sum.failures < FAILURES_MAX; i++) {
		random_program(side.engine, map_fd, seed + i);
		gen_one(&side, seed + i);
	}
	close(map_fd);
	side_close(&side);
	printf("%" PRIu64 " programs, %" PRIu64 " accepted, %" PRIu64 " walks too long; %" PRIu64
	       " runs, %" PRIu64 " states, %" PRIu64 " questions, %" PRIu64 " numbers, %" PRIu64
	       " pointers; %u failures\n",
	       sum.programs, sum.accepted, sum.too_many, sum.runs, sum.states, sum.questions,
	       sum.numbers, sum.pointers, sum.failures);
	return sum.failures || (count >= COUNT && (sum.accepted * 3 < sum.programs * 2 ||
						   sum.numbers < sum.accepted * 10));
}
