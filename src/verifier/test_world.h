/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small world for tests of the verifier: program types and helpers with the kernel's rules but
 * no code behind them, and maps without elements. Programs are text (isa/asm.h); maps have fixed
 * descriptors, so that the same text can be given to a kernel with real maps there.
 */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "btf/build.h"
#include "base/macros.h"
#include "isa/asm.h"
#include "object/btf_object.h"
#include "object/caller.h"
#include "object/map.h"
#include "object/prog.h"
#include "verifier/verify.h"

/* --- helpers ------------------------------------------------------------------------------------------ */

static inline uint64_t world_helper(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	(void)a, (void)b, (void)c, (void)d, (void)e;
	return 0;
}

#define NEW_DYNPTR (ARG_PTR_TO_DYNPTR | MEM_UNINIT | MEM_WRITE)
#define MAPV_OR_NULL (RET_PTR_TO_MAP_VALUE | PTR_MAYBE_NULL)

/* clang-format off */
static const struct helper_proto world_protos[] = {
	{ .id = BPF_FUNC_map_lookup_elem, .ret_type = MAPV_OR_NULL, .pkt_access = true,
	  .arg_type = { ARG_CONST_MAP_PTR, ARG_PTR_TO_MAP_KEY } },
	{ .id = BPF_FUNC_map_update_elem, .pkt_access = true,
	  .arg_type = { ARG_CONST_MAP_PTR, ARG_PTR_TO_MAP_KEY, ARG_PTR_TO_MAP_VALUE,
			ARG_ANYTHING } },
	{ .id = BPF_FUNC_map_delete_elem, .pkt_access = true,
	  .arg_type = { ARG_CONST_MAP_PTR, ARG_PTR_TO_MAP_KEY } },
	{ .id = BPF_FUNC_ktime_get_ns },
	{ .id = BPF_FUNC_get_prandom_u32 },
	{ .id = BPF_FUNC_get_smp_processor_id },
	{ .id = BPF_FUNC_trace_printk, .gpl_only = true,
	  .arg_type = { ARG_PTR_TO_MEM | MEM_RDONLY, ARG_CONST_SIZE } },
	{ .id = BPF_FUNC_tail_call, .ret_type = RET_VOID, .pkt_changes = true,
	  .arg_type = { ARG_PTR_TO_CTX, ARG_CONST_MAP_PTR, ARG_ANYTHING } },
	{ .id = BPF_FUNC_csum_diff, .pkt_access = true,
	  .arg_type = { ARG_PTR_TO_MEM | PTR_MAYBE_NULL | MEM_RDONLY, ARG_CONST_SIZE_OR_ZERO,
			ARG_PTR_TO_MEM | PTR_MAYBE_NULL | MEM_RDONLY, ARG_CONST_SIZE_OR_ZERO,
			ARG_ANYTHING } },
	{ .id = BPF_FUNC_skb_load_bytes,
	  .arg_type = { ARG_PTR_TO_CTX, ARG_ANYTHING, ARG_PTR_TO_MEM | MEM_UNINIT | MEM_WRITE,
			ARG_CONST_SIZE } },
	{ .id = BPF_FUNC_xdp_adjust_head, .pkt_changes = true,
	  .arg_type = { ARG_PTR_TO_CTX, ARG_ANYTHING } },
	{ .id = BPF_FUNC_spin_lock, .ret_type = RET_VOID, .arg_type = { ARG_PTR_TO_SPIN_LOCK } },
	{ .id = BPF_FUNC_spin_unlock, .ret_type = RET_VOID, .arg_type = { ARG_PTR_TO_SPIN_LOCK } },
	{ .id = BPF_FUNC_ringbuf_output,
	  .arg_type = { ARG_CONST_MAP_PTR, ARG_PTR_TO_MEM | MEM_RDONLY, ARG_CONST_SIZE_OR_ZERO,
			ARG_ANYTHING } },
	{ .id = BPF_FUNC_ringbuf_reserve, .ret_type = RET_PTR_TO_MEM | MEM_RINGBUF | PTR_MAYBE_NULL,
	  .arg_type = { ARG_CONST_MAP_PTR, ARG_CONST_ALLOC_SIZE_OR_ZERO, ARG_ANYTHING } },
	{ .id = BPF_FUNC_ringbuf_submit, .ret_type = RET_VOID,
	  .arg_type = { ARG_PTR_TO_RINGBUF_MEM | OBJ_RELEASE, ARG_ANYTHING } },
	{ .id = BPF_FUNC_ringbuf_discard, .ret_type = RET_VOID,
	  .arg_type = { ARG_PTR_TO_RINGBUF_MEM | OBJ_RELEASE, ARG_ANYTHING } },
	{ .id = BPF_FUNC_probe_read_kernel_str, .gpl_only = true,
	  .arg_type = { ARG_PTR_TO_MEM | MEM_UNINIT | MEM_WRITE, ARG_CONST_SIZE_OR_ZERO,
			ARG_ANYTHING } },
	{ .id = BPF_FUNC_for_each_map_elem,
	  .arg_type = { ARG_CONST_MAP_PTR, ARG_PTR_TO_FUNC, ARG_PTR_TO_STACK | PTR_MAYBE_NULL,
			ARG_ANYTHING } },
	{ .id = BPF_FUNC_loop,
	  .arg_type = { ARG_ANYTHING, ARG_PTR_TO_FUNC, ARG_PTR_TO_STACK | PTR_MAYBE_NULL,
			ARG_ANYTHING } },
	{ .id = BPF_FUNC_dynptr_from_mem,
	  .arg_type = { ARG_PTR_TO_MEM | MEM_UNINIT | MEM_WRITE, ARG_CONST_SIZE_OR_ZERO,
			ARG_ANYTHING, NEW_DYNPTR | DYNPTR_TYPE_LOCAL } },
	{ .id = BPF_FUNC_ringbuf_reserve_dynptr,
	  .arg_type = { ARG_CONST_MAP_PTR, ARG_ANYTHING, ARG_ANYTHING,
			NEW_DYNPTR | DYNPTR_TYPE_RINGBUF } },
	{ .id = BPF_FUNC_ringbuf_submit_dynptr, .ret_type = RET_VOID,
	  .arg_type = { ARG_PTR_TO_DYNPTR | DYNPTR_TYPE_RINGBUF | OBJ_RELEASE, ARG_ANYTHING } },
	{ .id = BPF_FUNC_dynptr_read,
	  .arg_type = { ARG_PTR_TO_MEM | MEM_UNINIT | MEM_WRITE, ARG_CONST_SIZE_OR_ZERO,
			ARG_PTR_TO_DYNPTR | MEM_RDONLY, ARG_ANYTHING, ARG_ANYTHING } },
	{ .id = BPF_FUNC_dynptr_data, .ret_type = RET_PTR_TO_MEM | PTR_MAYBE_NULL,
	  .arg_type = { ARG_PTR_TO_DYNPTR | MEM_RDONLY, ARG_ANYTHING,
			ARG_CONST_ALLOC_SIZE_OR_ZERO } },
	{ .id = BPF_FUNC_user_ringbuf_drain,
	  .arg_type = { ARG_CONST_MAP_PTR, ARG_PTR_TO_FUNC, ARG_PTR_TO_STACK | PTR_MAYBE_NULL,
			ARG_ANYTHING } },
	{ .id = BPF_FUNC_snprintf, .gpl_only = true,
	  .arg_type = { ARG_PTR_TO_MEM | PTR_MAYBE_NULL | MEM_WRITE, ARG_CONST_SIZE_OR_ZERO,
			ARG_PTR_TO_CONST_STR, ARG_PTR_TO_MEM | PTR_MAYBE_NULL | MEM_RDONLY,
			ARG_CONST_SIZE_OR_ZERO } },
};
/* clang-format on */

/* The table above with the columns that are the same everywhere. */
static inline const struct helper_proto *world_proto(uint32_t id)
{
	static struct helper_proto made[ARRAY_SIZE(world_protos)];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(world_protos); i++) {
		if (world_protos[i].id != id)
			continue;
		made[i] = world_protos[i];
		made[i].func = world_helper;
		made[i].name = "helper";
		return &made[i];
	}
	return NULL;
}

static inline const struct helper_proto *sk_proto(uint32_t id, const struct prog *prog)
{
	if (id == BPF_FUNC_csum_diff || id == BPF_FUNC_xdp_adjust_head)
		return NULL;
	if (!(prog->caps & CAPABLE_BPF) && (id == BPF_FUNC_loop || id == BPF_FUNC_spin_lock))
		return NULL;
	return world_proto(id);
}

static inline const struct helper_proto *xdp_proto(uint32_t id, const struct prog *prog)
{
	(void)prog;
	return id == BPF_FUNC_skb_load_bytes ? NULL : world_proto(id);
}

/* --- program types -------------------------------------------------------------------------------------- */

static inline bool sk_access(int off, int size, enum bpf_access_type type,
			     const struct prog *prog, struct insn_access *info)
{
	(void)prog;
	if (off < 0 || off % size || size > 4 || off + size > 20 + 20 + 8)
		return false;
	if (type == BPF_WRITE)
		return off >= 48 && off + size <= 68; /* cb: not reached, kept simple */
	info->ctx_field_size = 4;
	return size == 4 || off % 4 == 0;
}

static inline bool xdp_access(int off, int size, enum bpf_access_type type,
			      const struct prog *prog, struct insn_access *info)
{
	(void)prog;
	if (type == BPF_WRITE || off < 0 || off >= 20 || off % 4 || size != 4)
		return false;
	if (off == 0)
		info->reg_type = PTR_TO_PACKET;
	else if (off == 4)
		info->reg_type = PTR_TO_PACKET_END;
	else if (off == 8)
		info->reg_type = PTR_TO_PACKET_META;
	if (off <= 8 && info->is_ldsx)
		return false;
	return true;
}

/* The load as it is: contexts here are what programs see. */
static inline uint32_t same_access(enum bpf_access_type type, const struct bpf_insn *si,
				   struct bpf_insn *out, const struct prog *prog,
				   uint32_t *target_size)
{
	(void)type, (void)prog;
	out[0] = *si;
	*target_size = 4;
	return 1;
}

static inline int same_ld_abs(const struct bpf_insn *orig, struct bpf_insn *out)
{
	out[0] = *orig;
	return 1;
}

static const struct prog_type_ops world_sk = {
	.type = BPF_PROG_TYPE_SOCKET_FILTER,
	.get_func_proto = sk_proto,
	.is_valid_access = sk_access,
	.convert_ctx_access = same_access,
	.gen_ld_abs = same_ld_abs,
	.ctx_struct = "__sk_buff",
};

static const struct prog_type_ops world_xdp = {
	.type = BPF_PROG_TYPE_XDP,
	.get_func_proto = xdp_proto,
	.is_valid_access = xdp_access,
	.convert_ctx_access = same_access,
	.pkt_access = true,
	.pkt_write = true,
	.ctx_struct = "xdp_md",
};

static inline struct ret_range skb_range(const struct prog *prog)
{
	(void)prog;
	return (struct ret_range){ 0, 1, true };
}

static const struct prog_type_ops world_cg = {
	.type = BPF_PROG_TYPE_CGROUP_SKB,
	.get_func_proto = sk_proto,
	.is_valid_access = sk_access,
	.convert_ctx_access = same_access,
	.ret_range = skb_range,
	.pkt_access = true,
	.ctx_struct = "__sk_buff",
};

/* --- maps --------------------------------------------------------------------------------------------------- */

static char world_values[4][64] __attribute__((aligned(8))) = { "", "%d %u", "", "" };

static inline int world_value_addr(const struct map *map, uint64_t *addr, uint32_t off)
{
	if (map->max_entries != 1 || off >= map->value_size)
		return -EINVAL;
	*addr = (uint64_t)(uintptr_t)world_values[map->extra] + off;
	return 0;
}

static inline int world_for_each(struct map *map, const struct map_each *each, uint64_t flags)
{
	(void)map, (void)each, (void)flags;
	return 0;
}

static inline void world_map_free(struct object *obj)
{
	(void)obj;
}

static const struct object_ops world_object_ops = { .fd_name = "map", .free = world_map_free };
static const struct map_ops world_array_ops = { .direct_value_addr = world_value_addr,
						.for_each = world_for_each };
static const struct map_ops world_hash_ops = { .for_each = world_for_each };
static const struct map_ops world_plain_ops = { 0 };

enum {
	FD_HASH = 10,	/* 8 -> 48 */
	FD_ARRAY,	/* 4 -> 48, one element */
	FD_RINGBUF,
	FD_PROGS,
	FD_RODATA,	/* 4 -> 64, frozen: "%d %u" */
	FD_ARRAY4,	/* 4 -> 8, four elements */
	FD_RDONLY,	/* 4 -> 48, BPF_F_RDONLY_PROG */
	FD_LOCK,	/* 4 -> 48 with a bpf_spin_lock at 8, once a test gave it its BTF */
	FD_USER_RING,
	FD_MAX,
};

/* clang-format off */
static struct map world_maps[FD_MAX] = {
	[FD_HASH]    = { .ops = &world_hash_ops,  .type = BPF_MAP_TYPE_HASH, .key_size = 8,
			 .value_size = 48, .max_entries = 8 },
	[FD_ARRAY]   = { .ops = &world_array_ops, .type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
			 .value_size = 48, .max_entries = 1 },
	[FD_RINGBUF] = { .ops = &world_plain_ops, .type = BPF_MAP_TYPE_RINGBUF,
			 .max_entries = 4096 },
	[FD_PROGS]   = { .ops = &world_plain_ops, .type = BPF_MAP_TYPE_PROG_ARRAY, .key_size = 4,
			 .value_size = 4, .max_entries = 4 },
	[FD_RODATA]  = { .ops = &world_array_ops, .type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
			 .value_size = 64, .max_entries = 1, .flags = BPF_F_RDONLY_PROG,
			 .extra = 1, .frozen = true },
	[FD_ARRAY4]  = { .ops = &world_array_ops, .type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
			 .value_size = 8, .max_entries = 4 },
	[FD_RDONLY]  = { .ops = &world_array_ops, .type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
			 .value_size = 48, .max_entries = 1, .flags = BPF_F_RDONLY_PROG,
			 .extra = 2 },
	[FD_LOCK]    = { .ops = &world_array_ops, .type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
			 .value_size = 48, .max_entries = 1, .extra = 3 },
	[FD_USER_RING] = { .ops = &world_plain_ops, .type = BPF_MAP_TYPE_USER_RINGBUF,
			   .max_entries = 4096 },
};
/* clang-format on */

static inline int world_fd_to_map(void *arg, int fd, struct map **map)
{
	struct map *m;

	(void)arg;
	if (fd < FD_HASH || fd >= FD_MAX)
		return -EBADF;
	m = &world_maps[fd];
	if (!m->obj.ops) {
		m->obj.ops = &world_object_ops;
		m->obj.kind = OBJECT_MAP;
		atomic_store(&m->obj.refs, 1);
	}
	object_get(&m->obj);
	*map = m;
	return 0;
}

/* --- one verification ------------------------------------------------------------------------------------------ */

#define WORLD_FUNCS_MAX 16

struct world {
	struct prog prog;
	struct verify_opts opts;
	int err; /* what verify_prog said */
	struct btf_object btf;
	struct bpf_func_info funcs[WORLD_FUNCS_MAX];
	uint32_t n_funcs;
};

/* --- BTF of a program: one function of each start, with the arguments asked for ------------------------ */

static inline int world_read_funcs(void *cookie, uint64_t off, void *dst, size_t n)
{
	struct world *w = cookie;

	if (off + n > sizeof(w->funcs))
		return -EFAULT;
	memcpy(dst, (char *)w->funcs + off, n);
	return 0;
}

/* Where calls and addresses of functions lead, sorted, 0 first. */
static inline void world_find_funcs(struct world *w, const struct bpf_insn *insns, size_t n)
{
	size_t pc, i, at;

	w->n_funcs = 1;
	for (pc = 0; pc < n; pc++) {
		bool call = insns[pc].code == (BPF_JMP | BPF_CALL) &&
			    insns[pc].src_reg == BPF_PSEUDO_CALL;
		bool addr = insns[pc].code == (BPF_LD | BPF_IMM | BPF_DW) &&
			    insns[pc].src_reg == BPF_PSEUDO_FUNC;
		uint32_t to = (uint32_t)pc + 1 + (uint32_t)insns[pc].imm;

		if (!call && !addr)
			continue;
		for (at = 0; at < w->n_funcs && w->funcs[at].insn_off < to; at++)
			;
		if (at < w->n_funcs && w->funcs[at].insn_off == to)
			continue;
		for (i = w->n_funcs++; i > at; i--)
			w->funcs[i] = w->funcs[i - 1];
		w->funcs[at].insn_off = to;
	}
}

/*
 * One word of sigs for each function, parted by blanks: 'G' first for a global one, then an argument
 * each: i an int, p a pointer to int, s to a struct of 48 bytes, c to the context. Fewer words: "".
 */
static inline void world_make_btf(struct world *w, const char *sigs)
{
	struct btf_build *b = btf_build_new();
	uint32_t t_int = btf_build_int(b, "int", 4, BTF_INT_SIGNED);
	uint32_t t_s48 = btf_build_struct(b, "s48", 48);
	uint32_t t_ctx = btf_build_struct(b, w->prog.ops->ctx_struct, 4);
	uint32_t of_type[3] = { btf_build_ptr(b, t_int), btf_build_ptr(b, t_s48),
				btf_build_ptr(b, t_ctx) };
	const struct btf_log log = { 0 };
	char name[8];
	uint32_t i, size, proto;
	void *blob;

	for (i = 0; i < w->n_funcs; i++) {
		bool global = i == 0 || *sigs == 'G';

		sigs += *sigs == 'G';
		proto = btf_build_proto(b, t_int);
		for (; *sigs && *sigs != ' '; sigs++)
			btf_build_param(b, "x",
					*sigs == 'i' ? t_int :
					*sigs == 'p' ? of_type[0] :
					*sigs == 's' ? of_type[1] : of_type[2]);
		sigs += *sigs == ' ';
		snprintf(name, sizeof(name), "f%u", i);
		w->funcs[i].type_id = btf_build_func(b, name, global, proto);
	}
	if (btf_build_finish(b, &blob, &size) || btf_parse(blob, size, NULL, &log, &w->btf.btf))
		abort();
	free(blob);
	btf_build_free(b);
	w->prog.btf = &w->btf;
	w->opts.func_info = (struct btf_records){ .cnt = w->n_funcs,
						  .rec_size = sizeof(w->funcs[0]),
						  .read = world_read_funcs,
						  .cookie = w };
}

static inline void world_free(struct world *w)
{
	uint32_t i;

	for (i = 0; i < w->prog.n_used_maps; i++)
		object_put(&w->prog.used_maps[i]->obj);
	free(w->prog.loaded);
	free(w->prog.insns);
	free(w->prog.facts);
	free(w->prog.subprogs);
	free(w->prog.calls);
	free(w->prog.used_maps);
	free(w->prog.func_info);
	free(w->prog.line_info);
	free(w->opts.log_text);
	btf_free(w->btf.btf);
}

/* All but the call of verify_prog. n instructions (copied); sigs: NULL for no BTF. */
static inline void world_prepare_insns(struct world *w, const struct prog_type_ops *ops,
				       uint32_t caps, uint32_t log_level,
				       const struct bpf_insn *insns, size_t n,
				       const char *sigs)
{
	w->prog.ops = ops;
	w->prog.type = ops->type;
	w->prog.caps = caps;
	w->prog.gpl_compatible = true;
	w->prog.loaded = mem_dup(insns, n * sizeof(*insns));
	w->prog.n_loaded = (uint32_t)n;
	w->opts.prog = &w->prog;
	w->opts.fd_to_map = world_fd_to_map;
	w->opts.log_level = log_level;
	w->opts.log_has_buf = log_level != 0;
	w->opts.log_size = log_level ? 1u << 24 : 0;
	if (sigs) {
		world_find_funcs(w, insns, n);
		world_make_btf(w, sigs);
	}
}

/* Verifies a program of the given type with these capabilities. */
static inline void world_verify_insns(struct world *w, const struct prog_type_ops *ops,
				      uint32_t caps, uint32_t log_level,
				      const struct bpf_insn *insns, size_t n)
{
	world_prepare_insns(w, ops, caps, log_level, insns, n, NULL);
	w->err = verify_prog(&w->opts);
}

/* The same for text; aborts when that is no program. */
static inline void world_prepare(struct world *w, const struct prog_type_ops *ops, uint32_t caps,
				 uint32_t log_level, const char *text, const char *sigs)
{
	struct isa_asm_error err;
	struct bpf_insn *insns;
	size_t n;

	if (isa_asm(text, strlen(text), &insns, &n, &err)) {
		fprintf(stderr, "line %u: %s\n%s\n", err.line, err.text, text);
		abort();
	}
	world_prepare_insns(w, ops, caps, log_level, insns, n, sigs);
	free(insns);
}

static inline void world_verify_text(struct world *w, const struct prog_type_ops *ops,
				     uint32_t caps, uint32_t log_level, const char *text,
				     const char *sigs)
{
	world_prepare(w, ops, caps, log_level, text, sigs);
	w->err = verify_prog(&w->opts);
}

static inline void world_verify(struct world *w, const struct prog_type_ops *ops, uint32_t caps,
				uint32_t log_level, const char *text)
{
	world_verify_text(w, ops, caps, log_level, text, NULL);
}
