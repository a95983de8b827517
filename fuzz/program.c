/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that mostly are accepted: the input's bytes are the choices of tests/verifier's generator,
 * then a few changes are made anywhere. What is accepted runs with the whole engine behind it (rewriting,
 * helpers, framing) in the interpreter, before a judge (tests/verifier/judge.h): each access must lie
 * within an object of the kind the verifier said, and each instruction be reached in a way that a state of
 * its walk holds.
 *
 * Input: a byte: its low two bits are how many changes follow (4 bytes each: instruction, field, value),
 * bit 2: run as the hook would, not as BPF_PROG_TEST_RUN; bit 3: states at prune points only, as Linux
 * has them, else at every instruction; then choices.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../tests/verifier/judge.h"
#include "../tests/verifier/random_prog.h"
#include "base/macros.h"
#include "fuzz.h"
#include "object/engine.h"
#include "object/fd.h"
#include "object/prog.h"
#include "skep/skep.h"

enum {
	PACKET_BYTES = 96,
	INSNS_RUN_MAX = 200000,
	VERIFIER_BYTES = 64 << 20,
	VERIFIER_NS = 1000000000,
	CHANGE_BYTES = 4,
};

static struct skep_engine *engine;
static int map_fd;

/* --- one program ----------------------------------------------------------------------------------------- */

static void set_up_once(void)
{
	struct skep_opts opts = { .size = sizeof(opts), .flags = SKEP_INTERPRET, .n_cpus = 2 };
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
				.value_size = RANDOM_PROG_VALUE_BYTES,
				.max_entries = RANDOM_PROG_ENTRIES };

	if (engine)
		return;
	FUZZ_CHECK(!skep_engine_new(&opts, &engine));
	((struct engine *)engine)->quota.verifier_bytes_max = VERIFIER_BYTES;
	((struct engine *)engine)->quota.verifier_ns_max = VERIFIER_NS;
	map_fd = skep_bpf(engine, BPF_MAP_CREATE, &attr, sizeof(attr));
	FUZZ_CHECK(map_fd > 0);
}

/* Numbers for the programs to read: another in every element. */
static void fill_map(uint8_t seed)
{
	for (uint32_t key = 0; key < RANDOM_PROG_ENTRIES; key++) {
		uint64_t value[RANDOM_PROG_VALUE_BYTES / 8];
		union bpf_attr attr = { .map_fd = (uint32_t)map_fd, .key = (uintptr_t)&key,
					.value = (uintptr_t)value };

		for (uint32_t i = 0; i < ARRAY_SIZE(value); i++)
			value[i] = (seed + key + 1) * 0x9e3779b97f4a7c15u >> (i * 9 + key);
		FUZZ_CHECK(!skep_bpf(engine, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr)));
	}
}

static void change(struct random_prog *p, const uint8_t *how)
{
	struct bpf_insn *insn = &p->insns[how[0] * p->n / 256];

	switch (how[1] % 6) {
	case 0:
		insn->imm = (int32_t)((uint32_t)insn->imm + (uint32_t)(int8_t)how[2]);
		break;
	case 1:
		insn->off = (int16_t)(insn->off + (int8_t)how[2]);
		break;
	case 2:
		insn->dst_reg = how[2] % 11;
		break;
	case 3:
		insn->src_reg = how[2] % 11;
		break;
	case 4:
		insn->code ^= (uint8_t)(1u << how[2] % 8);
		break;
	default:
		insn->imm = (int32_t)((0xffffffffu >> how[2] % 32) + (uint32_t)(int8_t)how[3]);
	}
}

static int load(const struct random_prog *p)
{
	union bpf_attr attr = { .prog_type = p->type, .prog_flags = p->flags,
				.insns = (uintptr_t)p->insns, .insn_cnt = p->n,
				.license = (uintptr_t) "Dual BSD/GPL" };

	return skep_bpf(engine, BPF_PROG_LOAD, &attr, sizeof(attr));
}

/* The states of @prog's walk; NULL when there are too many. */
static struct walked *walk(const struct prog *prog, bool as_linux)
{
	enum verify_prune prune = as_linux ? VERIFY_PRUNE_LINUX : VERIFY_PRUNE_EVERYWHERE;
	struct walked *walked = NULL;
	int err = walked_new(engine, prog, prune, NULL, 0, &walked);

	FUZZ_CHECK(!err || err == -E2BIG);
	return walked;
}

static void run(struct prog *prog, int fd, uint8_t options, uint8_t seed)
{
	struct walked *walked = walk(prog, options & 8);
	struct strbuf why = STRBUF_INIT;
	struct judge judge;
	bool passed;
	uint8_t packet[PACKET_BYTES];
	struct skep_run r = { .size = sizeof(r), .data = packet, .data_bytes = sizeof(packet),
			      .flags = options & 4 ? SKEP_RUN_HOOK : 0 };

	for (uint32_t i = 0; i < sizeof(packet); i++)
		packet[i] = (uint8_t)((i + 1) * (seed | 1u) >> i % 3);
	packet[12] = 0x08;
	packet[13] = 0x00;
	FUZZ_CHECK(!judge_init(&judge, prog, walked, INSNS_RUN_MAX));
	FUZZ_CHECK(!skep_prog_run(engine, fd, &r));
	passed = judge_passed(&judge, &why);
	if (!passed)
		fprintf(stderr, "%s", strbuf_str(&why));
	FUZZ_CHECK(passed && judge.watch.insns);
	strbuf_deinit(&why);
	judge_deinit(&judge);
	if (walked)
		walked_free(walked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct random_prog p;
	size_t n_changes = size ? data[0] & 3 : 0, at = 1 + n_changes * CHANGE_BYTES;
	struct object *obj;
	int fd;

	if (size <= at)
		return 0;
	set_up_once();
	random_prog_choose(&p, data + at, size - at, map_fd);
	for (size_t i = 0; i < n_changes; i++)
		change(&p, data + 1 + i * CHANGE_BYTES);
	fd = load(&p);
	fuzz_count(fd >= 0);
	if (fd < 0)
		return 0;
	FUZZ_CHECK(!object_fd_lookup((struct engine *)engine, fd, &obj, NULL));
	fill_map(data[at]);
	run(prog_of(obj), fd, data[0], data[at]);
	object_put(obj);
	close(fd);
	return 0;
}
