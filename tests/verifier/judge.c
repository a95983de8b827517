/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge.h"

#include <assert.h>
#include <string.h>

#include "interp/interp.h"
#include "isa/disasm.h"
#include "isa/insn.h"
#include "object/map.h"
#include "object/pkt.h"
#include "object/prog.h"

/* --- the objects ------------------------------------------------------------------------------------- */

static bool inside(uint64_t addr, uint32_t bytes, const void *start, const void *end)
{
	uint64_t from = (uintptr_t)start, to = (uintptr_t)end;

	return addr >= from && addr <= to && to - addr >= bytes;
}

static bool in_frame(const struct judge *j, uint64_t addr, uint32_t bytes)
{
	for (uint32_t i = 0; i < j->n_frames; i++) {
		uint64_t top = j->frames[i].fp;

		if (addr >= top - INTERP_STACK_BYTES && addr < top && top - addr >= bytes)
			return true;
	}
	return false;
}

static bool in_packet(const struct judge *j, uint64_t addr, uint32_t bytes)
{
	if (j->prog->type == BPF_PROG_TYPE_XDP) {
		const struct xdp_buff *xdp = j->ctx;

		return inside(addr, bytes, xdp->data_meta, xdp->data_end);
	}
	return false; /* socket filters have no packet pointers */
}

/* One value, not the space between two. */
static bool in_value(const struct judge *j, uint64_t addr, uint32_t bytes)
{
	for (uint32_t i = 0; i < j->n_values; i++)
		if (addr >= j->values[i].start &&
		    addr - j->values[i].start + bytes <= j->values[i].map->value_size)
			return true;
	return false;
}

/* The context itself; reads go on to the device it came by. */
static bool in_ctx(const struct judge *j, uint64_t addr, uint32_t bytes, bool write)
{
	const struct xdp_buff *xdp = j->ctx;
	const struct skb *skb = j->ctx;

	if (j->prog->type != BPF_PROG_TYPE_XDP)
		return inside(addr, bytes, skb, skb + 1) ||
		       (!write && skb->dev && inside(addr, bytes, skb->dev, skb->dev + 1));
	if (inside(addr, bytes, xdp, xdp + 1))
		return true;
	return !write && xdp->rxq &&
	       (inside(addr, bytes, xdp->rxq, xdp->rxq + 1) ||
		(xdp->rxq->dev && inside(addr, bytes, xdp->rxq->dev, xdp->rxq->dev + 1)));
}

static bool is_value(void *arg, const struct map *map, uint64_t start)
{
	const struct judge *j = arg;

	for (uint32_t i = 0; i < j->n_values; i++)
		if (j->values[i].map == map && j->values[i].start == start)
			return true;
	return false;
}

static void add_value(struct judge *j, const struct map *map, const void *start)
{
	if (!start || is_value(j, map, (uintptr_t)start))
		return;
	assert(j->n_values < JUDGE_VALUES_MAX);
	j->values[j->n_values].map = map;
	j->values[j->n_values++].start = (uintptr_t)start;
}

/* What lookups give now; what they gave before may still be in the program's hands. */
static void find_values(struct judge *j)
{
	for (uint32_t i = 0; i < j->prog->n_used_maps; i++) {
		struct map *map = j->prog->used_maps[i];

		if (!map->ops->lookup || map->key_size != sizeof(uint32_t) || map->ops->holds)
			continue;
		for (uint32_t key = 0; key < JUDGE_KEYS; key++)
			add_value(j, map, map->ops->lookup(map, &key));
	}
}

/* --- the watch ------------------------------------------------------------------------------------------ */

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

	assert(j->n_frames < JUDGE_FRAMES_MAX);
	j->frames[j->n_frames++] = (struct moment_frame){
		.fp = fp, .start = prog->facts[pc].orig_pc, .pc = prog->facts[pc].orig_pc,
	};
}

static void leave(void *arg, uint64_t fp)
{
	struct judge *j = arg;

	assert(j->n_frames && j->frames[j->n_frames - 1].fp == fp);
	j->n_frames--;
}

/* The first of those that one instruction of the program as loaded was rewritten to. */
static bool begins_insn(const struct prog *prog, uint32_t pc)
{
	return !pc || prog->facts[pc - 1].orig_pc != prog->facts[pc].orig_pc;
}

static bool step(void *arg, const struct prog *prog, uint32_t pc, uint64_t *regs)
{
	struct judge *j = arg;
	struct moment_frame *frame = &j->frames[j->n_frames - 1];
	struct moment m = { .prog = prog, .frames = j->frames, .n_frames = j->n_frames,
			    .is_value = is_value, .arg = j };

	assert(prog == j->prog && pc < prog->n_insns);
	if (!j->ctx)
		j->ctx = (const void *)(uintptr_t)regs[BPF_REG_1];
	m.ctx = j->ctx;
	if (!begins_insn(prog, pc))
		return true;
	if (pc && prog->insns[pc - 1].code == (BPF_JMP | BPF_CALL))
		find_values(j);
	frame->pc = prog->facts[pc].orig_pc;
	memcpy(frame->regs, regs, sizeof(frame->regs));
	if (!j->walked || walked_holds(j->walked, &m, &j->why))
		return true;
	return false;
}

int judge_init(struct judge *j, struct prog *prog, struct walked *walked, uint64_t insns_max)
{
	memset(j, 0, sizeof(*j));
	strbuf_init(&j->why);
	j->prog = prog;
	j->walked = walked;
	j->watch = (struct interp_watch){ .arg = j, .step = step, .access = may_access,
					  .enter = enter, .leave = leave, .insns_max = insns_max };
	find_values(j);
	interp_free(prog);
	return interp_prepare_watched(prog, &j->watch);
}

static void add_program(const struct prog *prog, struct strbuf *text)
{
	for (uint32_t pc = 0; pc < prog->n_loaded;
	     pc += (uint32_t)isa_insn_slots(&prog->loaded[pc])) {
		strbuf_addf(text, "%4u: ", pc);
		isa_disasm(text, &prog->loaded[pc], NULL, true);
		strbuf_addc(text, '\n');
	}
}

bool judge_passed(const struct judge *j, struct strbuf *text)
{
	static const char *const why[] = {
		[INTERP_STOPPED_STEP] = "no state of the walk holds the run",
		[INTERP_STOPPED_ACCESS] = "an access outside of its object",
		[INTERP_STOPPED_INSNS] = "it runs too long",
	};

	if (j->watch.stop == INTERP_RAN)
		return true;
	strbuf_addf(text, "at instruction %u: %s\n%s", j->prog->facts[j->watch.stop_pc].orig_pc,
		    why[j->watch.stop], strbuf_str(&j->why));
	add_program(j->prog, text);
	return false;
}

void judge_deinit(struct judge *j)
{
	strbuf_deinit(&j->why);
}
