/* SPDX-License-Identifier: BSD-2-Clause */
#include "walked.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "object/fd.h"
#include "object/pkt.h"
#include "verifier/env.h"

/* A stored state, copied out of the verifier's memory. */
struct walked_frame {
	uint32_t start;
	int32_t callsite;
	struct reg_state regs[REG_FP];
	struct stack_slot *slots;
	uint32_t n_slots;
};

struct walked_state {
	struct walked_state *next; /* at this instruction */
	uint32_t n_frames;
	bool main; /* its first frame is the program's */
	struct walked_frame frames[];
};

struct walked {
	struct engine *engine;
	const struct bpf_func_info *func_info;
	struct walked_state **at; /* per instruction as loaded */
	uint32_t n_insns;
	bool everywhere; /* every instruction a run comes to has a state */
	size_t bytes; /* of the states */
	bool too_many;
	struct walked_stats stats;
};

/* --- recording ------------------------------------------------------------------------------------------ */

static size_t slots_bytes(const struct func_state *func)
{
	return func->stack_bytes / REG_SLOT_BYTES * sizeof(struct stack_slot);
}

/* Frame @nr of @st without what is dead there. */
static void copy_frame(const struct verifier_env *env, const struct verifier_state *st, uint32_t nr,
		       uint64_t alive, struct walked_frame *out)
{
	const struct func_state *func = st->frame[nr];
	uint32_t live = env->work[state_frame_idx(st, nr)].live_regs;

	out->start = env->subprogs[func->subprogno].start;
	out->callsite = func->callsite;
	memcpy(out->regs, func->regs, sizeof(out->regs));
	out->n_slots = func->stack_bytes / REG_SLOT_BYTES;
	out->slots = mem_dup(func->stack, slots_bytes(func));
	if (!out->slots)
		abort();
	for (uint32_t r = 0; r < REG_FP; r++)
		if (!(live >> r & 1))
			out->regs[r].type = NOT_INIT;
	for (uint32_t i = 0; i < out->n_slots; i++)
		if (!(alive >> i & 1))
			memset(out->slots[i].type, STACK_INVALID, REG_SLOT_BYTES);
}

static void record(void *arg, const struct verifier_env *env, const struct verifier_state *st,
		   const uint64_t *alive)
{
	struct walked *w = arg;
	uint32_t n = st->curframe + 1;
	size_t bytes = sizeof(struct walked_state) + n * sizeof(struct walked_frame);
	struct walked_state *own;

	for (uint32_t i = 0; i < n; i++)
		bytes += slots_bytes(st->frame[i]);
	w->bytes += bytes;
	if (w->bytes > WALKED_BYTES_MAX) {
		w->too_many = true;
		return;
	}
	own = mem_zalloc(sizeof(*own) + n * sizeof(own->frames[0]));
	if (!own)
		abort();
	own->n_frames = n;
	own->main = st->frame[0]->subprogno == 0;
	for (uint32_t i = 0; i < n; i++)
		copy_frame(env, st, i, alive[i], &own->frames[i]);
	own->next = w->at[st->insn_idx];
	w->at[st->insn_idx] = own;
	w->stats.states++;
}

static int fd_to_map(void *arg, int fd, struct map **map)
{
	struct walked *w = arg;
	struct object *obj;
	int err = object_fd_lookup(w->engine, fd, &obj, NULL);

	if (err)
		return err;
	if (obj->kind != OBJECT_MAP) {
		object_put(obj);
		return -EINVAL;
	}
	*map = map_of(obj);
	return 0;
}

static int read_func_info(void *cookie, uint64_t off, void *dst, size_t n)
{
	const struct walked *w = cookie;

	memcpy(dst, (const char *)w->func_info + off, n);
	return 0;
}

/* What is proven is thrown away: only the states are wanted. */
static void drop_proof(struct prog *prog)
{
	for (uint32_t i = 0; i < prog->n_used_maps; i++)
		object_put(&prog->used_maps[i]->obj);
	free(prog->used_maps);
	free(prog->insns);
	free(prog->facts);
	free(prog->subprogs);
	free(prog->calls);
	free(prog->func_info);
	free(prog->line_info);
	free(prog);
}

/* As @from was before it was verified. */
static struct prog *unproven(const struct prog *from)
{
	struct prog *prog = mem_zalloc(sizeof(*prog));

	if (!prog)
		abort();
	prog->ops = from->ops;
	prog->type = from->type;
	prog->attach_type = from->attach_type;
	prog->load_flags = from->load_flags | BPF_F_TEST_STATE_FREQ;
	prog->uid = from->uid;
	prog->caps = from->caps;
	prog->gpl_compatible = from->gpl_compatible;
	prog->sleepable = from->sleepable;
	prog->btf = from->btf;
	prog->loaded = from->loaded;
	prog->n_loaded = from->n_loaded;
	return prog;
}

int walked_new(struct skep_engine *engine, const struct prog *from, enum verify_prune prune,
	       const struct bpf_func_info *func_info, uint32_t n_func_info, struct walked **out)
{
	struct walked *w = mem_zalloc(sizeof(*w));
	struct prog *prog = unproven(from);
	struct verify_opts opts = {
		.prog = prog, .arg = w, .fd_to_map = fd_to_map, .prune = prune, .walked = record,
		.bytes_max = WALKED_BYTES_MAX, .ns_max = WALKED_NS_MAX,
		.func_info = { n_func_info, sizeof(func_info[0]), read_func_info, w },
	};
	int err;

	if (!w)
		abort();
	w->engine = (struct engine *)engine;
	w->func_info = func_info;
	w->everywhere = prune == VERIFY_PRUNE_EVERYWHERE;
	w->n_insns = from->n_loaded;
	w->at = mem_calloc(w->n_insns, sizeof(w->at[0]));
	if (!w->at)
		abort();
	err = verify_prog(&opts);
	free(opts.log_text);
	drop_proof(prog);
	if (err == -EINTR || (!err && w->too_many))
		err = -E2BIG;
	if (err) {
		walked_free(w);
		return err;
	}
	*out = w;
	return 0;
}

void walked_free(struct walked *w)
{
	struct walked_state *st, *next;

	for (uint32_t pc = 0; pc < w->n_insns; pc++) {
		for (st = w->at[pc]; st; st = next) {
			next = st->next;
			for (uint32_t i = 0; i < st->n_frames; i++)
				free(st->frames[i].slots);
			free(st);
		}
	}
	free(w->at);
	free(w);
}

struct walked_stats walked_stats(const struct walked *w)
{
	return w->stats;
}

/* --- one register or slot ------------------------------------------------------------------------------- */

/* What is compared now: a moment and a state whose frame 0 is the moment's frame @base. */
struct question {
	struct walked *w;
	const struct moment *m;
	const struct walked_state *st;
	uint32_t base;
	struct strbuf *why;
};

static const struct moment_frame *frame_of(const struct question *q, uint32_t frameno)
{
	return &q->m->frames[q->base + frameno];
}

/* Is @addr = @start + the fixed and the variable part of the pointer's offset? */
static bool offset_fits(const struct reg_state *reg, uint64_t addr, const void *start)
{
	return scalar_contains(&reg->s, addr - (uint64_t)(uintptr_t)start - (uint64_t)(int64_t)reg->off);
}

/* Somewhere in a value of the map, and as far in as the state says. */
static bool value_fits(const struct question *q, const struct reg_state *reg, uint64_t addr)
{
	uint64_t fixed = addr - (uint64_t)(int64_t)reg->off;

	if (reg->map->is_meta)
		return true; /* which inner map it was is not known here */
	if (scalar_is_const(&reg->s))
		return q->m->is_value(q->m->arg, reg->map, fixed - reg->s.var_off.value);
	for (uint64_t at = reg->s.umin; at <= reg->s.umax && at <= reg->map->value_size; at++)
		if (scalar_contains(&reg->s, at) && q->m->is_value(q->m->arg, reg->map, fixed - at))
			return true;
	return reg->s.umax > reg->map->value_size; /* out of bounds, not dereferenced: not judged */
}

struct packet {
	const uint8_t *meta, *data, *end;
};

static struct packet packet_of(const struct moment *m)
{
	const struct xdp_buff *xdp = m->ctx;
	const struct skb *skb = m->ctx;

	if (m->prog->type == BPF_PROG_TYPE_XDP)
		return (struct packet){ xdp->data_meta, xdp->data, xdp->data_end };
	return (struct packet){ skb->data_meta, skb->data, skb->data_end };
}

/* Between @start and @end, the bytes proven to be there really there. */
static bool packet_fits(const struct reg_state *reg, uint64_t addr, const uint8_t *start,
			const uint8_t *end)
{
	uint64_t base = addr - (uint64_t)(int64_t)reg->off;

	return offset_fits(reg, addr, start) &&
	       (reg->range <= 0 || base + (uint32_t)reg->range <= (uint64_t)(uintptr_t)end);
}

static bool pointer_fits(const struct question *q, const struct reg_state *reg, uint64_t value)
{
	struct packet pkt = packet_of(q->m);

	if (reg->type & PTR_MAYBE_NULL && !value)
		return true;
	switch (type_base(reg->type)) {
	case PTR_TO_CTX:
		return offset_fits(reg, value, q->m->ctx);
	case CONST_PTR_TO_MAP:
		return reg->map->is_meta || offset_fits(reg, value, reg->map);
	case PTR_TO_MAP_VALUE:
		return value_fits(q, reg, value);
	case PTR_TO_STACK:
		return offset_fits(reg, value, (void *)(uintptr_t)frame_of(q, reg->frameno)->fp);
	case PTR_TO_PACKET:
		return packet_fits(reg, value, pkt.data, pkt.end);
	case PTR_TO_PACKET_META:
		return packet_fits(reg, value, pkt.meta, pkt.data);
	case PTR_TO_PACKET_END:
		return value == (uintptr_t)pkt.end;
	default:
		return true; /* kinds that the generators do not make */
	}
}

static bool reg_fits(const struct question *q, const struct reg_state *reg, uint64_t value)
{
	if (reg->type == NOT_INIT)
		return true;
	if (reg->type != SCALAR_VALUE) {
		q->w->stats.pointers++;
		return pointer_fits(q, reg, value);
	}
	if (!reg->precise)
		return true;
	q->w->stats.numbers++;
	return scalar_contains(&reg->s, value);
}

/* type[7] is the byte at the slot's address; a spill covers the lowest addresses. */
static bool slot_fits(const struct question *q, const struct stack_slot *slot, const uint8_t *at)
{
	struct reg_state reg = slot->spilled;
	uint64_t value = 0;
	uint32_t n = 0;

	for (uint32_t i = 0; i < REG_SLOT_BYTES; i++)
		if (slot->type[REG_SLOT_BYTES - 1 - i] == STACK_ZERO && at[i])
			return false;
	while (n < REG_SLOT_BYTES && slot->type[REG_SLOT_BYTES - 1 - n] == STACK_SPILL)
		n++;
	if (!n)
		return true;
	memcpy(&value, at, n);
	if (n < REG_SLOT_BYTES && reg.type == SCALAR_VALUE)
		scalar_coerce(&reg.s, n);
	return reg_fits(q, &reg, value);
}

/* --- ties ------------------------------------------------------------------------------------------------- */

/* Numbers that are the same but for a known difference. Imprecise ones need not keep to it. */
struct ties {
	uint32_t n;
	struct {
		uint32_t id;
		uint64_t base;
	} tie[VERIFIER_FRAMES_MAX * (REG_FP + STACK_SLOTS)];
};

static bool tie_fits(struct ties *ties, const struct reg_state *reg, uint64_t value)
{
	uint32_t id = reg->id & ~ID_ADD_CONST;

	if (reg->type != SCALAR_VALUE || !reg->precise || !id || reg->id & ID_ADD_CONST32)
		return true;
	if (reg->id & ID_ADD_CONST64)
		value -= (uint64_t)(int64_t)reg->off;
	for (uint32_t i = 0; i < ties->n; i++)
		if (ties->tie[i].id == id)
			return ties->tie[i].base == value;
	ties->tie[ties->n].id = id;
	ties->tie[ties->n++].base = value;
	return true;
}

/* --- whole states ----------------------------------------------------------------------------------------- */

static void explain(const struct question *q, uint32_t frame, const char *what, uint32_t nr,
		    const struct reg_state *reg, uint64_t value)
{
	strbuf_addf(q->why,
		    "  frame %u %s%u = %#" PRIx64 ": type %#x off %d id %#x precise %d var %#" PRIx64
		    "/%#" PRIx64 " s [%" PRId64 ", %" PRId64 "] u [%" PRIu64 ", %" PRIu64
		    "] s32 [%d, %d] u32 [%u, %u]\n",
		    frame, what, nr, value, reg->type, reg->off, reg->id, reg->precise, reg->s.var_off.value,
		    reg->s.var_off.mask, reg->s.smin, reg->s.smax, reg->s.umin, reg->s.umax,
		    reg->s.s32_min, reg->s.s32_max, reg->s.u32_min, reg->s.u32_max);
}

static bool frame_fits(const struct question *q, uint32_t nr, struct ties *ties)
{
	const struct walked_frame *f = &q->st->frames[nr];
	const struct moment_frame *now = frame_of(q, nr);

	for (uint32_t r = 0; r < REG_FP; r++) {
		if (reg_fits(q, &f->regs[r], now->regs[r]) &&
		    tie_fits(ties, &f->regs[r], now->regs[r]))
			continue;
		explain(q, nr, "R", r, &f->regs[r], now->regs[r]);
		return false;
	}
	for (uint32_t i = 0; i < f->n_slots; i++) {
		const uint8_t *at = (const uint8_t *)(uintptr_t)now->fp - (i + 1) * REG_SLOT_BYTES;
		uint64_t value;

		memcpy(&value, at, sizeof(value));
		if (slot_fits(q, &f->slots[i], at) &&
		    (!slot_is_scalar64(&f->slots[i]) || tie_fits(ties, &f->slots[i].spilled, value)))
			continue;
		explain(q, nr, "fp-", (i + 1) * REG_SLOT_BYTES, &f->slots[i].spilled, value);
		return false;
	}
	return true;
}

/* The same functions, called from the same places? Sets q->base. */
static bool same_calls(struct question *q)
{
	const struct walked_state *st = q->st;

	if (st->n_frames > q->m->n_frames)
		return false;
	q->base = q->m->n_frames - st->n_frames;
	if ((st->main && q->base) || frame_of(q, 0)->start != st->frames[0].start)
		return false;
	for (uint32_t i = 1; i < st->n_frames; i++)
		if (frame_of(q, i)->start != st->frames[i].start ||
		    frame_of(q, i - 1)->pc != (uint32_t)st->frames[i].callsite)
			return false;
	return true;
}

static bool state_fits(const struct question *q)
{
	struct ties ties = { .n = 0 };

	for (uint32_t i = 0; i < q->st->n_frames; i++)
		if (!frame_fits(q, i, &ties))
			return false;
	return true;
}

bool walked_holds(struct walked *w, const struct moment *m, struct strbuf *why)
{
	uint32_t pc = m->frames[m->n_frames - 1].pc;
	struct question q = { .w = w, .m = m, .why = why };

	strbuf_reset(why);
	if (!w->at[pc])
		return !w->everywhere;
	w->stats.questions++;
	for (q.st = w->at[pc]; q.st; q.st = q.st->next) {
		if (!same_calls(&q))
			continue;
		if (state_fits(&q))
			return true;
	}
	return false;
}
