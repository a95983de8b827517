/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_OBJ_GET_INFO_BY_FD for programs. A count the client gives is the room of its array; what
 * comes back in it is how many there are. Source: kernel/bpf/syscall.c, bpf_prog_get_info_by_fd()
 * and bpf_insn_prepare_dump().
 *
 * Difference: imm of a helper call in the translated code is the helper's id; the kernel shows the
 * distance of its address from __bpf_call_base, which means nothing here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/macros.h"
#include "jit/image.h"
#include "object/btf_object.h"
#include "object/map.h"
#include "object/prog.h"
#include "syscall/info.h"
#include "syscall/prog_object.h"

#define JITED_LINE_INFO_BYTES 8

/* min(the client's room, what there is); the field gets what there is. */
static uint32_t room(uint32_t *field, uint32_t have)
{
	uint32_t asked = *field;

	*field = have;
	return MIN(asked, have);
}

static int put_map_ids(struct bpf_call *call, struct prog *prog, struct bpf_prog_info *info)
{
	uint32_t ids[PROG_USED_MAPS_MAX], n;

	pthread_mutex_lock(&call->engine->lock);
	n = room(&info->nr_map_ids, prog->n_used_maps);
	n = MIN(n, (uint32_t)ARRAY_SIZE(ids));
	for (uint32_t i = 0; i < n; i++)
		ids[i] = prog->used_maps[i]->obj.id;
	pthread_mutex_unlock(&call->engine->lock);
	return copy_out(call->caller, info->map_ids, ids, n * sizeof(ids[0]));
}

/* The record sizes must be ours, or 0 where nothing is asked for (set_info_rec_size). */
static int set_record_sizes(struct bpf_prog_info *info)
{
	if ((info->nr_func_info || info->func_info_rec_size) &&
	    info->func_info_rec_size != sizeof(struct bpf_func_info))
		return -EINVAL;
	if ((info->nr_line_info || info->line_info_rec_size) &&
	    info->line_info_rec_size != sizeof(struct bpf_line_info))
		return -EINVAL;
	if ((info->nr_jited_line_info || info->jited_line_info_rec_size) &&
	    info->jited_line_info_rec_size != JITED_LINE_INFO_BYTES)
		return -EINVAL;
	info->func_info_rec_size = sizeof(struct bpf_func_info);
	info->line_info_rec_size = sizeof(struct bpf_line_info);
	info->jited_line_info_rec_size = JITED_LINE_INFO_BYTES;
	return 0;
}

/* --- translated code -------------------------------------------------------------------------- */

static bool is_helper_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == 0;
}

static bool is_subprog_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_CALL;
}

/* A call of a subprogram: where it goes in off, which one it is in imm (the end of jit_subprogs). */
static void dump_pseudo_call(const struct prog *prog, uint32_t pc, struct bpf_insn *insn)
{
	uint32_t target = pc + 1 + (uint32_t)insn->imm;

	insn->off = (int16_t)insn->imm;
	for (uint32_t i = 0; i < prog->n_subprogs; i++)
		if (prog->subprogs[i].start == target)
			insn->imm = (int32_t)i;
}

/* One ldimm64 as a dump shows it: map ids for addresses. */
static void dump_ldimm64(const struct prog *prog, uint32_t pc, struct bpf_insn insn[2])
{
	const struct insn_fact *fact = &prog->facts[pc];
	const struct map *map;
	uint64_t addr;
	uint32_t off = 0;

	if (fact->ldimm64 == LDIMM64_FUNC) {
		insn[0].src_reg = BPF_PSEUDO_FUNC;
		insn[0].imm = (int32_t)(prog->subprogs[fact->index].start - pc - 1);
		insn[1].imm = fact->index;
		return;
	}
	if (fact->ldimm64 == LDIMM64_NUMBER || fact->index >= prog->n_used_maps)
		return;
	map = prog->used_maps[fact->index];
	addr = (uint64_t)(uint32_t)insn[1].imm << 32 | (uint32_t)insn[0].imm;
	insn[0].src_reg = BPF_PSEUDO_MAP_FD;
	if (fact->ldimm64 == LDIMM64_MAP_VALUE) {
		insn[0].src_reg = BPF_PSEUDO_MAP_VALUE;
		if (map->ops->direct_value_meta)
			map->ops->direct_value_meta(map, addr, &off);
	}
	insn[0].imm = (int32_t)map->obj.id;
	insn[1].imm = (int32_t)off;
}

static struct bpf_insn *dump_insns(const struct prog *prog)
{
	struct bpf_insn *insns =
		mem_dup(prog->insns, (size_t)prog->n_insns * sizeof(*prog->insns));

	if (!insns)
		return NULL;
	for (uint32_t i = 0; i < prog->n_insns; i++) {
		if (is_helper_call(&insns[i])) {
			insns[i].imm = (int32_t)prog->calls[insns[i].imm].helper_id;
		} else if (is_subprog_call(&insns[i])) {
			dump_pseudo_call(prog, i, &insns[i]);
		} else if (insns[i].code == (BPF_LD | BPF_IMM | BPF_DW)) {
			dump_ldimm64(prog, i, &insns[i]);
			i++;
		}
	}
	return insns;
}

static int put_xlated(struct bpf_call *call, const struct prog *prog, struct bpf_prog_info *info)
{
	_cleanup_free_ struct bpf_insn *insns = NULL;
	uint32_t n = room(&info->xlated_prog_len,
			  prog->n_insns * (uint32_t)sizeof(struct bpf_insn));

	if (!n)
		return 0;
	insns = dump_insns(prog);
	if (!insns)
		return -ENOMEM;
	return copy_out(call->caller, info->xlated_prog_insns, insns, n);
}

/* --- native code ------------------------------------------------------------------------------ */

static int put_jited(struct bpf_call *call, const struct prog *prog, struct bpf_prog_info *info)
{
	uint32_t total = 0, left, bytes;
	uint64_t to = info->jited_prog_insns;

	for (uint32_t i = 0; prog->jited && i < prog->n_subprogs; i++) {
		jit_subprog_code(prog, i, &bytes);
		total += bytes;
	}
	left = room(&info->jited_prog_len, total);
	for (uint32_t i = 0; left; i++) {
		const void *code = jit_subprog_code(prog, i, &bytes);

		bytes = MIN(bytes, left);
		if (copy_out(call->caller, to, code, bytes))
			return -EFAULT;
		to += bytes;
		left -= bytes;
	}
	return 0;
}

/* Addresses, lengths and tags of the functions. */
static int put_funcs(struct bpf_call *call, const struct prog *prog, struct bpf_prog_info *info)
{
	uint32_t n_syms = room(&info->nr_jited_ksyms, prog->n_subprogs);
	uint32_t n_lens = room(&info->nr_jited_func_lens, prog->n_subprogs);
	uint32_t n_tags = room(&info->nr_prog_tags, prog->n_subprogs);

	for (uint32_t i = 0; i < prog->n_subprogs; i++) {
		const struct subprog *sub = &prog->subprogs[i];
		uint8_t tag[PROG_TAG_BYTES];
		uint32_t bytes = 0;
		uint64_t addr = 0;

		if (prog->jited)
			addr = (uint64_t)(uintptr_t)jit_subprog_code(prog, i, &bytes);
		if (i < n_syms && copy_out(call->caller, info->jited_ksyms + i * sizeof(addr),
					   &addr, sizeof(addr)))
			return -EFAULT;
		if (i < n_lens && copy_out(call->caller, info->jited_func_lens + i * sizeof(bytes),
					   &bytes, sizeof(bytes)))
			return -EFAULT;
		if (prog->n_subprogs == 1)
			memcpy(tag, prog->tag, sizeof(tag));
		else
			prog_tag(prog->insns + sub->start, sub->end - sub->start, tag);
		if (i < n_tags && copy_out(call->caller, info->prog_tags + i * sizeof(tag), tag,
					   sizeof(tag)))
			return -EFAULT;
	}
	return 0;
}

/*
 * Of a function's first line it is where the function begins: readers compare the two. They want the
 * others to go up, too (@last: the one before), even where one stretch of native code is for two lines.
 */
static uint64_t line_address(const struct prog *prog, uint32_t pc, uint64_t last)
{
	uint64_t addr;
	uint32_t bytes;

	for (uint32_t i = 0; i < prog->n_subprogs; i++)
		if (prog->subprogs[i].start == pc)
			return (uint64_t)(uintptr_t)jit_subprog_code(prog, i, &bytes);
	addr = (uint64_t)(uintptr_t)prog->image + jit_insn_off(prog, pc);
	return MAX(addr, last + 1);
}

static int put_btf_info(struct bpf_call *call, const struct prog *prog, struct bpf_prog_info *info)
{
	uint32_t n_funcs = room(&info->nr_func_info, prog->n_func_info);
	uint32_t n_lines = room(&info->nr_line_info, prog->n_line_info);
	uint32_t n_jited =
		room(&info->nr_jited_line_info, prog->jited ? prog->n_line_info : 0);
	uint64_t addr = 0;

	if (copy_out(call->caller, info->func_info, prog->func_info,
		     n_funcs * sizeof(*prog->func_info)) ||
	    copy_out(call->caller, info->line_info, prog->line_info,
		     n_lines * sizeof(*prog->line_info)))
		return -EFAULT;
	for (uint32_t i = 0; i < n_jited; i++) {
		addr = line_address(prog, prog->line_info[i].insn_off, addr);
		if (copy_out(call->caller, info->jited_line_info + i * sizeof(addr), &addr,
			     sizeof(addr)))
			return -EFAULT;
	}
	return 0;
}

/* --- the whole -------------------------------------------------------------------------------- */

static void fill_plain(const struct prog *prog, struct bpf_prog_info *info)
{
	info->type = prog->type;
	info->id = prog->obj.id;
	info->load_time = prog->load_ns;
	info->created_by_uid = prog->uid;
	info->gpl_compatible = prog->gpl_compatible;
	memcpy(info->tag, prog->tag, sizeof(info->tag));
	memcpy(info->name, prog->name, sizeof(info->name));
	info->run_time_ns = atomic_load_explicit(&prog->stats.run_time_ns, memory_order_relaxed);
	info->run_cnt = atomic_load_explicit(&prog->stats.run_cnt, memory_order_relaxed);
	info->recursion_misses = atomic_load_explicit(&prog->stats.misses, memory_order_relaxed);
	info->verified_insns = prog->verified_insns;
	if (prog->btf)
		info->btf_id = prog->btf->obj.id;
}

static void hide_code(struct bpf_prog_info *info)
{
	info->jited_prog_len = 0;
	info->xlated_prog_len = 0;
	info->nr_jited_ksyms = 0;
	info->nr_jited_func_lens = 0;
	info->nr_func_info = 0;
	info->nr_line_info = 0;
	info->nr_jited_line_info = 0;
}

int prog_info(struct bpf_call *call, struct prog *prog)
{
	struct bpf_prog_info info;
	uint32_t bytes;
	/* Padding follows the last field: it must be 0 as well. */
	int err = info_begin(call, &info, sizeof(info),
			     offsetof(struct bpf_prog_info, attach_btf_id) + sizeof(uint32_t),
			     &bytes);

	if (err)
		return err;
	fill_plain(prog, &info);
	err = put_map_ids(call, prog, &info);
	if (!err)
		err = set_record_sizes(&info);
	if (err)
		return err;
	if (!call_capable(call, CAPABLE_BPF)) {
		hide_code(&info);
		return info_end(call, &info, bytes);
	}
	err = put_xlated(call, prog, &info);
	if (!err)
		err = put_jited(call, prog, &info);
	if (!err)
		err = put_funcs(call, prog, &info);
	if (!err)
		err = put_btf_info(call, prog, &info);
	return err ? err : info_end(call, &info, bytes);
}
