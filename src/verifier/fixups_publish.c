/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fixups_publish: turns what the passes left in env into what object/prog.h promises interp and jit.
 *
 * All that can fail happens before the program is touched: memory is had, helpers are resolved, map
 * addresses are found. Then everything is handed over at once.
 */
#include "verifier/fixups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/vec.h"
#include "isa/insn.h"
#include "verifier/env.h"
#include "verifier/print.h"

/* The result, until it is the program's. */
struct publish {
	struct verifier_env *env;
	struct insn_fact *facts;
	struct subprog *subprogs;
	struct map **maps;
	VEC(struct prog_call) calls;
};

/* The index of helper `id` in calls, added if it is new; or -errno. */
static int call_index(struct publish *p, uint32_t id)
{
	const struct helper_proto *proto;

	for (size_t i = 0; i < p->calls.n; i++)
		if (p->calls.data[i].helper_id == id)
			return (int)i;
	proto = p->env->ops->get_func_proto(id, p->env->prog);
	if (!proto || (!proto->func && id != BPF_FUNC_tail_call))
		return reject(p->env, -EFAULT, "kernel subsystem misconfigured func %s#%u\n",
			      proto ? proto->name : "unknown", id);
	if (vec_push(&p->calls, (struct prog_call){ proto->func, id, proto->name }))
		return -ENOMEM;
	return (int)p->calls.n - 1;
}

/* The subprogram that starts at pc, or -1. */
static int subprog_at(const struct verifier_env *env, int64_t pc)
{
	uint32_t lo = 0, hi = env->subprog_cnt;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (env->subprogs[mid].start < pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < env->subprog_cnt && env->subprogs[lo].start == pc ? (int)lo : -1;
}

static int publish_map(struct publish *p, uint32_t pc, bool value)
{
	struct verifier_env *env = p->env;
	const struct insn_aux *aux = &env->aux[pc];
	struct map *map = env->used_maps[aux->map_index];
	uint64_t addr = (uintptr_t)map;

	if (value && (!map->ops->direct_value_addr ||
		      map->ops->direct_value_addr(map, &addr, aux->map_off)))
		return reject(env, -EFAULT, "map has no values to address\n");
	isa_set_imm64(&env->insns[pc], addr);
	env->insns[pc].src_reg = 0;
	p->facts[pc].index = aux->map_index;
	p->facts[pc].ldimm64 = value ? LDIMM64_MAP_VALUE : LDIMM64_MAP;
	return 0;
}

static int publish_imm64(struct publish *p, uint32_t pc)
{
	struct bpf_insn *insn = &p->env->insns[pc];
	int callee;

	switch (insn->src_reg) {
	case 0:
		return 0;
	case BPF_PSEUDO_MAP_FD:
	case BPF_PSEUDO_MAP_IDX:
		return publish_map(p, pc, false);
	case BPF_PSEUDO_MAP_VALUE:
	case BPF_PSEUDO_MAP_IDX_VALUE:
		return publish_map(p, pc, true);
	case BPF_PSEUDO_FUNC:
		callee = subprog_at(p->env, isa_call_target(insn, pc));
		if (callee < 0)
			return reject(p->env, -EFAULT, "no program starts at insn %lld\n",
				      (long long)isa_call_target(insn, pc));
		isa_set_imm64(insn, (uint32_t)callee);
		p->subprogs[callee].is_callback = true;
		p->facts[pc].index = (uint16_t)callee;
		p->facts[pc].ldimm64 = LDIMM64_FUNC;
		return 0;
	default:
		return reject(p->env, -EOPNOTSUPP, "64-bit immediate of kind %u is not supported\n",
			      insn->src_reg);
	}
}

static int publish_insn(struct publish *p, uint32_t pc)
{
	struct verifier_env *env = p->env;
	struct bpf_insn *insn = &env->insns[pc];
	struct insn_fact *fact = &p->facts[pc];
	uint8_t class = BPF_CLASS(insn->code);
	int index;

	fact->orig_pc = env->aux[pc].orig_pc;
	fact->index = UINT16_MAX;
	if (isa_is_ld_imm64(insn))
		return publish_imm64(p, pc);
	if (isa_is_helper_call(insn)) {
		index = call_index(p, (uint32_t)insn->imm);
		if (index < 0)
			return index;
		insn->imm = index;
		return 0;
	}
	if (isa_is_jump(insn))
		p->facts[isa_jump_target(insn, pc)].jump_target = true;
	if (class == BPF_LDX || class == BPF_ST || class == BPF_STX) {
		fact->mem_base = env->aux[pc].ptr_mixed ? NOT_INIT : (uint8_t)type_base(env->aux[pc].ptr_type);
		fact->may_fault = class == BPF_LDX && fact->mem_base == PTR_TO_BTF_ID;
	}
	return 0;
}

static int publish_insns(struct publish *p)
{
	struct verifier_env *env = p->env;

	for (uint32_t pc = 0; pc < env->n_insns; pc++) {
		bool wide = isa_is_ld_imm64(&env->insns[pc]);
		int err = publish_insn(p, pc);

		if (err)
			return err;
		if (wide) {
			pc++;
			p->facts[pc].orig_pc = env->aux[pc].orig_pc;
			p->facts[pc].index = UINT16_MAX;
		}
	}
	return 0;
}

static void publish_subprogs(struct publish *p)
{
	for (uint32_t i = 0; i < p->env->subprog_cnt; i++) {
		const struct vsubprog *from = &p->env->subprogs[i];
		struct subprog *to = &p->subprogs[i];

		to->start = from->start;
		to->end = from[1].start;
		to->stack_bytes = (from->stack_depth + 7u) & ~7u;
		to->linfo_idx = from->linfo_idx;
		to->name = from->name && *from->name ? from->name : NULL;
		to->is_callback |= from->is_cb || from->is_async_cb;
	}
}

/* Nothing fails from here on. */
static void hand_over(struct publish *p)
{
	struct verifier_env *env = p->env;
	struct prog *prog = env->prog;

	prog->insns = env->insns;
	prog->n_insns = env->n_insns;
	prog->facts = p->facts;
	prog->subprogs = p->subprogs;
	prog->n_subprogs = env->subprog_cnt;
	prog->calls = p->calls.data;
	prog->n_calls = (uint32_t)p->calls.n;
	prog->used_maps = p->maps;
	prog->n_used_maps = env->used_map_cnt;
	prog->func_info = env->btf_info.funcs;
	prog->n_func_info = env->btf_info.n_funcs;
	prog->line_info = env->btf_info.lines;
	prog->n_line_info = env->btf_info.n_lines;
	env->insns = NULL;
	env->n_insns = 0;
	env->used_map_cnt = 0;
	env->btf_info.funcs = NULL;
	env->btf_info.n_funcs = 0;
	env->btf_info.lines = NULL;
	env->btf_info.n_lines = 0;
}

int fixups_publish(struct verifier_env *env)
{
	struct publish p = { .env = env };
	int err = -ENOMEM;

	p.facts = mem_calloc(env->n_insns, sizeof(*p.facts));
	p.subprogs = mem_calloc(env->subprog_cnt, sizeof(*p.subprogs));
	p.maps = mem_calloc(env->used_map_cnt, sizeof(struct map *));
	if (p.facts && p.subprogs && p.maps)
		err = publish_insns(&p);
	if (err) {
		free(p.facts);
		free(p.subprogs);
		free(p.maps);
		vec_deinit(&p.calls);
		return err;
	}
	memcpy(p.maps, env->used_maps, env->used_map_cnt * sizeof(struct map *));
	publish_subprogs(&p);
	hand_over(&p);
	return 0;
}
