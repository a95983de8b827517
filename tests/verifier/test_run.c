/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What accepted programs do: random programs (random_prog.h) that hang on nothing but context, packet
 * and map run once in the kernel, once interpreted, once compiled. Return value, packet and map
 * must be the same after it. This goes through all rewriting: context, lookups, LD_ABS, dead code.
 * Fails if fewer than two in three programs run or fewer than OPCODES_MIN opcodes were in them.
 *
 *	test-verifier-run [first seed [count]]
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/macros.h"
#include "random_prog.h"
#include "skep/skep.h"

#define COUNT 3000
#define OPCODES_MIN 125 /* every one a program may be loaded with, but may_goto */
#define DIFFERENCES_MAX 5
#define SKIPPED 77
#define PACKET_BYTES 96
#define OUT_BYTES 256

struct side {
	const char *name;
	uint32_t flags; /* enum skep_flag */
	struct skep_engine *engine; /* NULL: the kernel */
	int map_fd;
};

struct outcome {
	int load, run; /* -errno */
	uint32_t retval, bytes;
	uint8_t packet[OUT_BYTES];
	uint64_t map[RANDOM_PROG_ENTRIES][RANDOM_PROG_VALUE_BYTES / 8];
};

static bool opcode_seen[256]; /* in programs that ran */

static long side_bpf(const struct side *side, int cmd, union bpf_attr *attr)
{
	long ret;

	if (side->engine)
		return skep_bpf(side->engine, cmd, attr, sizeof(*attr));
	ret = syscall(__NR_bpf, cmd, attr, sizeof(*attr));
	return ret < 0 ? -errno : ret;
}

static int side_open(struct side *side, bool engine)
{
	struct skep_opts opts = { .size = sizeof(opts), .flags = side->flags };
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
				.value_size = RANDOM_PROG_VALUE_BYTES,
				.max_entries = RANDOM_PROG_ENTRIES };
	int err = engine ? skep_engine_new(&opts, &side->engine) : 0;

	if (!err)
		side->map_fd = (int)side_bpf(side, BPF_MAP_CREATE, &attr);
	return err ? err : side->map_fd < 0 ? side->map_fd : 0;
}

/* Numbers from a seed: some small, some anything. */
static void fill(uint64_t seed, void *bytes, size_t n)
{
	uint64_t x = seed * 0x9e3779b97f4a7c15u + 1;
	uint8_t *out = bytes;

	for (size_t i = 0; i < n; i++) {
		if (i % 8 == 0) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
		}
		out[i] = x % 3 == 0 && i % 8 ? 0 : (uint8_t)(x >> (8 + i % 8 * 7));
	}
}

static void map_write(const struct side *side, const struct outcome *o)
{
	for (uint32_t key = 0; key < RANDOM_PROG_ENTRIES; key++) {
		union bpf_attr attr = { .map_fd = (uint32_t)side->map_fd, .key = (uintptr_t)&key,
					.value = (uintptr_t)o->map[key] };

		side_bpf(side, BPF_MAP_UPDATE_ELEM, &attr);
	}
}

static void map_read(const struct side *side, struct outcome *o)
{
	for (uint32_t key = 0; key < RANDOM_PROG_ENTRIES; key++) {
		union bpf_attr attr = { .map_fd = (uint32_t)side->map_fd, .key = (uintptr_t)&key,
					.value = (uintptr_t)o->map[key] };

		side_bpf(side, BPF_MAP_LOOKUP_ELEM, &attr);
	}
}

static int prog_run(const struct side *side, uint64_t seed, int fd, struct outcome *o)
{
	uint8_t packet[PACKET_BYTES];
	union bpf_attr attr = { .test = { .prog_fd = (uint32_t)fd, .repeat = 1,
					  .data_in = (uintptr_t)packet, .data_size_in = sizeof(packet),
					  .data_out = (uintptr_t)o->packet,
					  .data_size_out = sizeof(o->packet) } };
	int err;

	fill(seed + 1, packet, sizeof(packet));
	packet[12] = 0x08; /* IPv4, of sorts */
	packet[13] = 0x00;
	packet[14] = 0x45;
	err = (int)side_bpf(side, BPF_PROG_TEST_RUN, &attr);
	o->retval = attr.test.retval;
	o->bytes = attr.test.data_size_out;
	return err;
}

static void outcome_of(const struct side *side, uint64_t seed, struct outcome *o)
{
	static struct random_prog p;
	union bpf_attr attr = { .insns = (uintptr_t)p.insns,
				.license = (uintptr_t) "Dual BSD/GPL" };

	memset(o, 0, sizeof(*o));
	random_prog_make(&p, seed, side->map_fd, true);
	attr.prog_type = p.type;
	attr.prog_flags = p.flags;
	attr.insn_cnt = p.n;
	o->load = (int)side_bpf(side, BPF_PROG_LOAD, &attr);
	if (o->load < 0)
		return;
	for (uint32_t i = 0; i < p.n; i++) {
		opcode_seen[p.insns[i].code] = true;
		i += p.insns[i].code == (BPF_LD | BPF_IMM | BPF_DW);
	}
	fill(seed, o->map, sizeof(o->map));
	map_write(side, o);
	o->run = prog_run(side, seed, o->load, o);
	map_read(side, o);
	close(o->load);
	o->load = 0;
}

static bool same(uint64_t seed, const char *name, const struct outcome *want,
		 const struct outcome *got)
{
	if (!memcmp(want, got, sizeof(*want)))
		return true;
	printf("seed %" PRIu64 ", %s:", seed, name);
	if (want->load != got->load || want->run != got->run)
		printf(" load %d (linux %d), run %d (linux %d)", got->load, want->load, got->run,
		       want->run);
	if (want->retval != got->retval)
		printf(" returned %#x (linux %#x)", got->retval, want->retval);
	if (want->bytes != got->bytes || memcmp(want->packet, got->packet, OUT_BYTES))
		printf(" packet of %u bytes differs (linux %u)", got->bytes, want->bytes);
	for (unsigned i = 0; i < RANDOM_PROG_ENTRIES; i++)
		for (unsigned k = 0; k < ARRAY_SIZE(want->map[i]); k++)
			if (want->map[i][k] != got->map[i][k])
				printf(" map[%u][%u] %#" PRIx64 " (linux %#" PRIx64 ")", i, k,
				       got->map[i][k], want->map[i][k]);
	printf("\n");
	return false;
}

int main(int argc, char **argv)
{
	struct side sides[] = { { "kernel" }, { "interpreted", SKEP_INTERPRET }, { "compiled" } };
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	unsigned count = argc > 2 ? (unsigned)atoi(argv[2]) : argc > 1 ? 1 : COUNT;
	unsigned ran = 0, differing = 0, opcodes = 0, done;

	for (unsigned i = 0; i < ARRAY_SIZE(sides); i++) {
		int err = side_open(&sides[i], i > 0);

		if (err) {
			printf("%s: %s\n", sides[i].name, strerror(-err));
			return i ? 1 : SKIPPED;
		}
	}
	for (done = 0; done < count && differing < DIFFERENCES_MAX; done++) {
		static struct outcome want, got;

		outcome_of(&sides[0], seed + done, &want);
		ran += !want.load;
		for (unsigned i = 1; i < ARRAY_SIZE(sides); i++) {
			outcome_of(&sides[i], seed + done, &got);
			differing += !same(seed + done, sides[i].name, &want, &got);
		}
	}
	for (unsigned i = 0; i < ARRAY_SIZE(opcode_seen); i++)
		opcodes += opcode_seen[i];
	printf("%u programs, %u ran, %u opcodes, %u differ\n", done, ran, opcodes, differing);
	for (unsigned i = 1; i < ARRAY_SIZE(sides); i++) {
		close(sides[i].map_fd);
		skep_engine_free(sides[i].engine);
	}
	return differing || (count >= COUNT && (ran * 3 < done * 2 || opcodes < OPCODES_MIN));
}
