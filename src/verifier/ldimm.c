/* SPDX-License-Identifier: BSD-2-Clause */
#include "verifier/ldimm.h"

#include <errno.h>

#include "btf/fields.h"
#include "isa/decode.h"
#include "verifier/env.h"
#include "verifier/print.h"
#include "verifier/regs.h"
#include "verifier/subprog.h"
#include "verifier/verify.h"

#define DIRECT_VALUE_OFF_MAX (1u << 29) /* BPF_MAX_VAR_OFF */

static bool type_is_tracing(uint32_t type)
{
	switch (type) {
	case BPF_PROG_TYPE_KPROBE:
	case BPF_PROG_TYPE_TRACEPOINT:
	case BPF_PROG_TYPE_PERF_EVENT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
		return true;
	default:
		return false;
	}
}

static bool map_is_sleepable(uint32_t type)
{
	switch (type) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_USER_RINGBUF:
	case BPF_MAP_TYPE_INODE_STORAGE:
	case BPF_MAP_TYPE_SK_STORAGE:
	case BPF_MAP_TYPE_TASK_STORAGE:
	case BPF_MAP_TYPE_CGRP_STORAGE:
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
	case BPF_MAP_TYPE_ARENA:
		return true;
	default:
		return false;
	}
}

/* May a program of this type use the map at all? */
static int check_map_prog(struct verifier_env *env, const struct map *map)
{
	uint32_t fields = map->record ? map->record->field_mask : 0;
	bool tracing = type_is_tracing(env->prog->type);

	if (fields & (BPF_LIST_HEAD | BPF_RB_ROOT) && tracing)
		return reject(env, -EINVAL,
			      "tracing progs cannot use bpf_{list_head,rb_root} yet\n");
	if (fields & (BPF_SPIN_LOCK | BPF_RES_SPIN_LOCK)) {
		if (env->prog->type == BPF_PROG_TYPE_SOCKET_FILTER)
			return reject(env, -EINVAL,
				      "socket filter progs cannot use bpf_spin_lock yet\n");
		if (tracing)
			return reject(env, -EINVAL, "tracing progs cannot use bpf_spin_lock yet\n");
	}
	if (fields & BPF_TIMER && tracing)
		return reject(env, -EINVAL, "tracing progs cannot use bpf_timer yet\n");
	if (fields & BPF_WORKQUEUE && tracing)
		return reject(env, -EINVAL, "tracing progs cannot use bpf_wq yet\n");
	if (map->type == BPF_MAP_TYPE_STRUCT_OPS)
		return reject(env, -EINVAL, "bpf_struct_ops map cannot be used in prog\n");
	if (map->type == BPF_MAP_TYPE_ARENA)
		return reject(env, -EOPNOTSUPP, "arena is not supported by this engine\n");
	if (env->prog->sleepable && !map_is_sleepable(map->type))
		return reject(env, -EINVAL,
			      "Sleepable programs can only use array, hash, ringbuf and local storage maps\n");
	return 0;
}

/* Takes over the reference. Index in used_maps, or -errno. */
static int add_map(struct verifier_env *env, struct map *map)
{
	uint32_t i;
	int err;

	for (i = 0; i < env->used_map_cnt; i++) {
		if (env->used_maps[i] != map)
			continue;
		object_put(&map->obj);
		return (int)i;
	}
	err = env->used_map_cnt < VERIFIER_MAPS_MAX ?
		      check_map_prog(env, map) :
		      reject(env, -E2BIG,
			     "The total number of maps per program has reached the limit of %u\n",
			     VERIFIER_MAPS_MAX);
	if (err) {
		object_put(&map->obj);
		return err;
	}
	env->used_maps[env->used_map_cnt] = map;
	return (int)env->used_map_cnt++;
}

static int get_fd(struct verifier_env *env, const struct bpf_insn *insn, int *fd)
{
	int err;

	if (insn->src_reg != BPF_PSEUDO_MAP_IDX && insn->src_reg != BPF_PSEUDO_MAP_IDX_VALUE) {
		*fd = insn->imm;
		return 0;
	}
	if (!env->opts->fd_array_given)
		return reject(env, -EPROTO, "fd_idx without fd_array is invalid\n");
	err = env->opts->fd_array_get(env->opts->arg, (uint32_t)insn->imm, fd);
	return err ? -EFAULT : 0;
}

/* From here on the instruction holds an address, as the log shows it; aux says what it is. */
static void set_imm64(struct bpf_insn *insn, uint64_t imm)
{
	insn[0].imm = (int32_t)(uint32_t)imm;
	insn[1].imm = (int32_t)(uint32_t)(imm >> 32);
}

static int resolve_value(struct verifier_env *env, struct bpf_insn *insn, const struct map *map,
			 struct insn_aux *aux)
{
	uint32_t off = (uint32_t)insn[1].imm;
	uint64_t addr;
	int err;

	if (off >= DIRECT_VALUE_OFF_MAX)
		return reject(env, -EINVAL, "direct value offset of %u is not allowed\n", off);
	if (!map->ops->direct_value_addr)
		return reject(env, -EINVAL,
			      "no direct value access support for this map type\n");
	err = map->ops->direct_value_addr(map, &addr, off);
	if (err)
		return reject(env, err,
			      "invalid access to map value pointer, value_size=%u off=%u\n",
			      map->value_size, off);
	aux->map_off = off;
	set_imm64(insn, addr);
	return 0;
}

static int resolve_map(struct verifier_env *env, uint32_t pc)
{
	struct bpf_insn *insn = &env->insns[pc];
	struct insn_aux *aux = &env->aux[pc];
	bool value = insn->src_reg == BPF_PSEUDO_MAP_VALUE ||
		     insn->src_reg == BPF_PSEUDO_MAP_IDX_VALUE;
	struct map *map;
	int fd, idx, err;

	if (!value && ((insn->src_reg != BPF_PSEUDO_MAP_FD && insn->src_reg != BPF_PSEUDO_MAP_IDX) ||
		       insn[1].imm != 0))
		return reject(env, -EINVAL, "unrecognized bpf_ld_imm64 insn\n");
	err = get_fd(env, insn, &fd);
	if (err)
		return err;
	err = env->opts->fd_to_map(env->opts->arg, fd, &map);
	if (err)
		return reject(env, err, "fd %d is not pointing to valid bpf_map\n", fd);
	idx = add_map(env, map);
	if (idx < 0)
		return idx;
	aux->map_index = (uint16_t)idx;
	if (value)
		return resolve_value(env, insn, map, aux);
	set_imm64(insn, (uint64_t)(uintptr_t)map);
	return 0;
}

static int check_opcode(struct verifier_env *env, const struct bpf_insn *insn)
{
	if (isa_code_known(insn->code))
		return 0;
	return reject(env, -EINVAL, "unknown opcode %02x\n", insn->code);
}

static int resolve_one(struct verifier_env *env, uint32_t pc)
{
	const struct bpf_insn *insn = &env->insns[pc];

	if (pc == env->n_insns - 1 || insn[1].code != 0 || insn[1].dst_reg != 0 ||
	    insn[1].src_reg != 0 || insn[1].off != 0)
		return reject(env, -EINVAL, "invalid bpf_ld_imm64 insn\n");
	switch (insn->src_reg) {
	case 0:
		return 0;
	case BPF_PSEUDO_BTF_ID:
		return reject(env, -EINVAL,
			      "ldimm64 insn with btf_id %d: kernel symbols are not supported by this engine\n",
			      insn->imm);
	case BPF_PSEUDO_FUNC:
		env->aux[pc].ptr_type = PTR_TO_FUNC;
		return 0;
	default:
		return resolve_map(env, pc);
	}
}

int ldimm_resolve(struct verifier_env *env)
{
	uint32_t i;
	int err;

	for (i = 0; i < env->n_insns; i++) {
		const struct bpf_insn *insn = &env->insns[i];
		uint8_t mode = BPF_MODE(insn->code);

		if (BPF_CLASS(insn->code) == BPF_LDX &&
		    ((mode != BPF_MEM && mode != BPF_MEMSX) || insn->imm != 0))
			return reject(env, -EINVAL, "BPF_LDX uses reserved fields\n");
		if (insn_is_ldimm64(insn)) {
			err = resolve_one(env, i);
			if (err)
				return err;
			i++;
			continue;
		}
		err = check_opcode(env, insn);
		if (err)
			return err;
	}
	return 0;
}

static int load_func(struct verifier_env *env, const struct bpf_insn *insn,
		     struct reg_state *dst)
{
	int subprogno = subprog_find(env, env->insn_idx + insn->imm + 1);

	if (subprogno < 0)
		return reject(env, -EFAULT, "verifier bug: no function at that address\n");
	if (!env->btf_info.n_funcs)
		return reject(env, -EINVAL, "missing btf func_info\n");
	if (env->btf_info.linkage[subprogno] != BTF_FUNC_STATIC)
		return reject(env, -EINVAL, "callback function not static\n");
	if (subprogno == 0)
		return reject(env, -EINVAL, "callback function cannot be the main program\n");
	dst->type = PTR_TO_FUNC;
	dst->subprogno = (uint32_t)subprogno;
	return 0;
}

int ldimm_check(struct verifier_env *env, const struct bpf_insn *insn)
{
	const struct insn_aux *aux = &env->aux[env->insn_idx];
	struct reg_state *dst = &cur_regs(env)[insn->dst_reg];
	int err;

	if (BPF_SIZE(insn->code) != BPF_DW)
		return reject(env, -EINVAL, "invalid BPF_LD_IMM insn\n");
	if (insn->off != 0)
		return reject(env, -EINVAL, "BPF_LD_IMM64 uses reserved fields\n");
	err = reg_check(env, insn->dst_reg, REG_WRITE);
	if (err)
		return err;
	if (insn->src_reg == 0) {
		reg_set_known(dst, (uint64_t)(uint32_t)insn[1].imm << 32 | (uint32_t)insn->imm);
		dst->type = SCALAR_VALUE;
		return 0;
	}
	reg_set_known(dst, 0);
	if (insn->src_reg == BPF_PSEUDO_FUNC)
		return load_func(env, insn, dst);
	dst->map = env->used_maps[aux->map_index];
	if (insn->src_reg == BPF_PSEUDO_MAP_VALUE || insn->src_reg == BPF_PSEUDO_MAP_IDX_VALUE) {
		dst->type = PTR_TO_MAP_VALUE;
		dst->off = (int32_t)aux->map_off;
	} else {
		dst->type = CONST_PTR_TO_MAP;
	}
	return 0;
}
