/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that mostly are accepted: the input's bytes are the choices of tests/verifier's generator,
 * then a few changes are made anywhere. What is accepted runs with the whole engine behind it (rewriting,
 * helpers, framing) in the interpreter under watch. The judge knows the objects: context, packet, map
 * values, stack frames. Each access must lie within one of them, and within that kind which the verifier
 * said the address was.
 *
 * Input: a byte: its low two bits are how many changes follow (4 bytes each: instruction, field, value),
 * bit 2: run as the hook would, not as BPF_PROG_TEST_RUN; then choices.
 */
#include <string.h>
#include <unistd.h>

#include "../tests/verifier/random_prog.h"
#include "base/macros.h"
#include "fuzz.h"
#include "interp/interp.h"
#include "interp/watch.h"
#include "isa/insn.h"
#include "object/fd.h"
#include "object/map.h"
#include "object/pkt.h"
#include "object/prog.h"
#include "skep/skep.h"

enum {
	PACKET_BYTES = 96,
	FRAMES_MAX = 64,
	INSNS_RUN_MAX = 200000,
	CHANGE_BYTES = 4,
};

static struct skep_engine *engine;
static int map_fd;

/* --- the judge --------------------------------------------------------------------------------------- */

struct judge {
	const struct prog *prog;
	const uint8_t *ctx; /* struct xdp_buff or struct skb, by the program's type */
	uint64_t frames[FRAMES_MAX]; /* tops of the stack frames open now */
	uint32_t n_frames;
};

static bool inside(uint64_t addr, uint32_t bytes, const void *start, const void *end)
{
	uint64_t from = (uintptr_t)start, to = (uintptr_t)end;

	return addr >= from && addr <= to && to - addr >= bytes;
}

static bool in_frame(const struct judge *j, uint64_t addr, uint32_t bytes)
{
	for (uint32_t i = 0; i < j->n_frames; i++) {
		uint64_t top = j->frames[i];

		if (addr >= top - PROG_STACK_BYTES && addr < top && top - addr >= bytes)
			return true;
	}
	return false;
}

static bool in_packet(const struct judge *j, uint64_t addr, uint32_t bytes)
{
	if (j->prog->type == BPF_PROG_TYPE_XDP) {
		const struct xdp_buff *xdp = (const void *)j->ctx;

		return inside(addr, bytes, xdp->data_meta, xdp->data_end);
	}
	return false; /* socket filters have no packet pointers */
}

/* One element, not the space between two. */
static bool in_value(const struct judge *j, uint64_t addr, uint32_t bytes)
{
	for (uint32_t i = 0; i < j->prog->n_used_maps; i++) {
		struct map *map = j->prog->used_maps[i];
		uint64_t stride = (map->value_size + 7) & ~7u;
		uint64_t start = (uintptr_t)map->ops->lookup(map, &(uint32_t){ 0 });

		if (addr >= start && addr - start < stride * map->max_entries &&
		    (addr - start) % stride + bytes <= map->value_size)
			return true;
	}
	return false;
}

/* The context itself; reads go on to the device it came by. */
static bool in_ctx(const struct judge *j, uint64_t addr, uint32_t bytes, bool write)
{
	const struct xdp_buff *xdp = (const void *)j->ctx;
	const struct skb *skb = (const void *)j->ctx;

	if (j->prog->type != BPF_PROG_TYPE_XDP)
		return inside(addr, bytes, skb, skb + 1) ||
		       (!write && skb->dev && inside(addr, bytes, skb->dev, skb->dev + 1));
	if (inside(addr, bytes, xdp, xdp + 1))
		return true;
	return !write && xdp->rxq &&
	       (inside(addr, bytes, xdp->rxq, xdp->rxq + 1) ||
		(xdp->rxq->dev && inside(addr, bytes, xdp->rxq->dev, xdp->rxq->dev + 1)));
}

static bool may_access(void *arg, uint32_t pc, uint64_t addr, uint32_t bytes, uint32_t access)
{
	const struct judge *j = arg;

	switch (j->prog->facts[pc].mem_base) {
	case PTR_TO_STACK:
		return in_frame(j, addr, bytes);
	case PTR_TO_MAP_VALUE:
		return in_value(j, addr, bytes);
	case PTR_TO_PACKET:
	case PTR_TO_PACKET_META:
		return in_packet(j, addr, bytes);
	case PTR_TO_CTX:
		return in_ctx(j, addr, bytes, access & INTERP_WRITE);
	default:
		return in_frame(j, addr, bytes) || in_value(j, addr, bytes) ||
		       in_packet(j, addr, bytes) || in_ctx(j, addr, bytes, access & INTERP_WRITE);
	}
}

static void enter(void *arg, const struct prog *prog, uint32_t pc, uint64_t fp)
{
	struct judge *j = arg;

	(void)prog, (void)pc;
	FUZZ_CHECK(j->n_frames < FRAMES_MAX);
	j->frames[j->n_frames++] = fp;
}

static void leave(void *arg, uint64_t fp)
{
	struct judge *j = arg;

	FUZZ_CHECK(j->n_frames && j->frames[--j->n_frames] == fp);
}

static bool step(void *arg, const struct prog *prog, uint32_t pc, uint64_t *regs)
{
	struct judge *j = arg;

	FUZZ_CHECK(pc < prog->n_insns);
	if (!j->ctx)
		j->ctx = (const uint8_t *)(uintptr_t)regs[BPF_REG_1];
	return true;
}

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

static void run(struct prog *prog, int fd, bool hook, uint8_t seed)
{
	struct judge judge = { .prog = prog };
	struct interp_watch watch = { .arg = &judge, .step = step, .access = may_access,
				      .enter = enter, .leave = leave, .insns_max = INSNS_RUN_MAX };
	uint8_t packet[PACKET_BYTES];
	struct skep_run r = { .size = sizeof(r), .data = packet, .data_bytes = sizeof(packet),
			      .flags = hook ? SKEP_RUN_HOOK : 0 };

	for (uint32_t i = 0; i < sizeof(packet); i++)
		packet[i] = (uint8_t)((i + 1) * (seed | 1u) >> i % 3);
	packet[12] = 0x08;
	packet[13] = 0x00;
	interp_free(prog);
	FUZZ_CHECK(!interp_prepare_watched(prog, &watch));
	FUZZ_CHECK(!skep_prog_run(engine, fd, &r));
	FUZZ_CHECK(watch.insns && watch.stop != INTERP_STOPPED_STEP);
	FUZZ_CHECK(watch.stop != INTERP_STOPPED_ACCESS);
	FUZZ_CHECK(watch.stop != INTERP_STOPPED_INSNS);
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
	run(prog_of(obj), fd, data[0] & 4, data[at]);
	object_put(obj);
	close(fd);
	return 0;
}
