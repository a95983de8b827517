/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Global functions: what their BTF says they take, whether a call gives that, and the registers
 * they start with when verified on their own. Source: btf_prepare_func_args.
 */
#include <errno.h>
#include <string.h>

#include "verifier/call.h"
#include "verifier/dynptr.h"
#include "verifier/env.h"
#include "verifier/func.h"
#include "verifier/print.h"
#include "verifier/regs.h"

enum { TAG_CTX = 1, TAG_TRUSTED = 2, TAG_NONNULL = 4, TAG_NULLABLE = 8, TAG_ARENA = 16,
       TAG_UNTRUSTED = 32 };

/* One function's arguments being read. */
struct arg_reader {
	struct verifier_env *env;
	const struct btf *btf;
	struct vsubprog *sub;
	bool is_global;
	uint32_t func_id;
};

static const struct btf_type *skip_mods(const struct btf *btf, uint32_t id)
{
	return btf_skip_modifiers(btf, id, NULL);
}

static int read_tags(struct arg_reader *r, uint32_t i, uint32_t *tags)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} known[] = { { "ctx", TAG_CTX },	{ "trusted", TAG_TRUSTED },
		      { "nonnull", TAG_NONNULL }, { "nullable", TAG_NULLABLE },
		      { "arena", TAG_ARENA },	{ "untrusted", TAG_UNTRUSTED } };
	int32_t id = 0;
	size_t k;

	*tags = 0;
	for (;;) {
		const struct btf_type *t;
		const char *name;

		id = btf_find_next_decl_tag(r->btf, r->func_id, (int)i, "arg:", (uint32_t)id);
		if (id < 0)
			break;
		t = btf_type_by_id(r->btf, (uint32_t)id);
		name = btf_name_or_anon(r->btf, t->name_off) + 4;
		if (!r->is_global)
			return reject(r->env, -EOPNOTSUPP,
				      "arg#%u type tag is not supported in static functions\n", i);
		for (k = 0; k < ARRAY_SIZE(known) && strcmp(name, known[k].name); k++)
			;
		if (k == ARRAY_SIZE(known))
			return reject(r->env, -EOPNOTSUPP, "arg#%u has unsupported set of tags\n", i);
		*tags |= known[k].bit;
	}
	if (id != -ENOENT)
		return reject(r->env, id, "arg#%u type tag fetching failure: %d\n", i, id);
	return 0;
}

/* A typedef on the way to the type, or the type behind all of them. */
static const struct btf_type *skip_to_typedef(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf_type_by_id(btf, id);

	while (t && btf_is_modifier(t) && !btf_is_typedef(t))
		t = btf_type_by_id(btf, t->type);
	return t;
}

/* The struct a program type's context is called, by itself or by what the kernel has behind it. */
static bool is_ctx_name(const char *want, const char *name)
{
	static const char *const also[][2] = {
		{ "__sk_buff", "sk_buff" },
		{ "xdp_md", "xdp_buff" },
		{ "bpf_user_pt_regs_t", "pt_regs" },
	};

	if (!strcmp(want, name))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(also); i++)
		if (!strcmp(want, also[i][0]) && !strcmp(name, also[i][1]))
			return true;
	return false;
}

/* Is the pointee the context of this program type? Source: btf_is_prog_ctx_type(). */
static bool is_ctx_ptr(const struct arg_reader *r, const struct btf_type *ptr)
{
	const char *want = r->env->ops->ctx_struct, *name;
	const struct btf_type *t = skip_to_typedef(r->btf, ptr->type);

	if (t && btf_is_typedef(t) && r->env->prog->type == BPF_PROG_TYPE_KPROBE) {
		name = btf_name_by_offset(r->btf, t->name_off);
		if (name && !strcmp(name, "bpf_user_pt_regs_t"))
			return true;
	}
	t = skip_mods(r->btf, ptr->type);
	if (!t || !btf_is_struct(t) || !want || !want[0])
		return false;
	name = btf_name_by_offset(r->btf, t->name_off);
	return name && is_ctx_name(want, name);
}

static bool is_dynptr_ptr(const struct arg_reader *r, const struct btf_type *ptr)
{
	const struct btf_type *t = skip_mods(r->btf, ptr->type);
	const char *name = t ? btf_name_by_offset(r->btf, t->name_off) : NULL;

	return name && !strcmp(name, "bpf_dynptr");
}

static bool is_int_like(const struct btf_type *t)
{
	return btf_is_int(t) || btf_is_any_enum(t);
}

static int bad_tags(struct arg_reader *r, uint32_t i)
{
	return reject(r->env, -EINVAL, "arg#%u has invalid combination of tags\n", i);
}

/* A pointer to plain data: as many bytes as its type has. */
static int read_mem_ptr(struct arg_reader *r, uint32_t i, const struct btf_type *ptr,
			uint32_t tags)
{
	const struct btf_type *t = skip_mods(r->btf, ptr->type);
	struct subprog_arg *arg = &r->sub->args[i];
	uint32_t size;

	if (tags & TAG_NULLABLE)
		return bad_tags(r, i);
	if (!t || !btf_resolve_size(r->btf, t, &size, NULL, NULL))
		return reject(r->env, -EINVAL,
			      "arg#%u reference type('%s %s') size cannot be determined: %d\n", i,
			      t ? btf_kind_str(t) : "UNKNOWN",
			      t ? btf_name_by_offset(r->btf, t->name_off) : "", -EINVAL);
	arg->type = ARG_PTR_TO_MEM | (tags & TAG_NONNULL ? 0 : PTR_MAYBE_NULL);
	arg->mem_size = size;
	return 0;
}

/* -EINVAL with or without a message, as for static functions it does not matter. */
static int read_arg(struct arg_reader *r, uint32_t i, const struct btf_param *param)
{
	const struct btf_type *t = skip_mods(r->btf, param->type);
	uint32_t tags;
	int err = read_tags(r, i, &tags);

	if (err)
		return err;
	if (t && btf_is_ptr(t)) {
		if (tags & TAG_CTX || is_ctx_ptr(r, t)) {
			if (tags & ~(uint32_t)TAG_CTX)
				return bad_tags(r, i);
			r->sub->args[i].type = ARG_PTR_TO_CTX;
			return 0;
		}
		if (is_dynptr_ptr(r, t)) {
			if (tags)
				return bad_tags(r, i);
			r->sub->args[i].type = ARG_PTR_TO_DYNPTR | MEM_RDONLY;
			return 0;
		}
		if (tags & (TAG_TRUSTED | TAG_ARENA | TAG_UNTRUSTED))
			return reject(r->env, -EOPNOTSUPP,
				      "arg#%u has a tag that is not supported by this engine\n", i);
		if (r->is_global)
			return read_mem_ptr(r, i, t, tags);
	}
	if (tags)
		return reject(r->env, -EINVAL,
			      "arg#%u has pointer tag, but is not a pointer type\n", i);
	if (t && is_int_like(t)) {
		r->sub->args[i].type = ARG_ANYTHING;
		return 0;
	}
	if (!r->is_global)
		return -EINVAL;
	return reject(r->env, -EINVAL, "Arg#%u type %s in %s() is not supported yet.\n", i,
		      t ? btf_kind_str(t) : "UNKNOWN", r->sub->name);
}

static int read_proto(struct arg_reader *r, const struct btf_type *proto)
{
	uint32_t i, n = btf_vlen(proto);
	const struct btf_type *ret;
	int err;

	if (n > 5) {
		if (!r->is_global)
			return -EINVAL;
		return reject(r->env, -EINVAL,
			      "Global function %s() with %u > %d args. Buggy compiler.\n",
			      r->sub->name, n, 5);
	}
	ret = skip_mods(r->btf, proto->type);
	if (!ret || !is_int_like(ret)) {
		if (!r->is_global)
			return -EINVAL;
		return reject(r->env, -EINVAL,
			      "Global function %s() doesn't return scalar. Only those are supported.\n",
			      r->sub->name);
	}
	for (i = 0; i < n; i++) {
		err = read_arg(r, i, &btf_params(proto)[i]);
		if (err)
			return err;
	}
	r->sub->arg_cnt = (uint8_t)n;
	r->sub->args_cached = true;
	return 0;
}

int global_prepare_args(struct verifier_env *env, uint32_t subprogno)
{
	struct vsubprog *sub = &env->subprogs[subprogno];
	struct arg_reader r = { .env = env, .sub = sub, .is_global = sub->is_global };
	const struct btf_type *proto;

	if (sub->args_cached)
		return 0;
	if (!env->btf_info.n_funcs)
		return reject(env, -EFAULT, "Verifier bug\n");
	r.btf = env->prog->btf->btf;
	r.func_id = env->btf_info.funcs[subprogno].type_id;
	if (sub->btf_unreliable)
		return reject(env, -EFAULT, "Verifier bug in function %s()\n", sub->name);
	proto = btf_func_proto(r.btf, r.func_id);
	if (!proto)
		return reject(env, -EFAULT, "Invalid type of function %s()\n", sub->name);
	return read_proto(&r, proto);
}

static int check_one(struct verifier_env *env, const struct subprog_arg *arg, uint32_t i)
{
	uint32_t regno = i + 1;
	struct reg_state *reg = &cur_regs(env)[regno];
	int err;

	if (arg->type == ARG_ANYTHING) {
		if (reg->type != SCALAR_VALUE)
			return reject(env, -EINVAL, "R%u is not a scalar\n", regno);
		return 0;
	}
	err = arg_check_reg_off(env, reg, regno, ARG_DONTCARE);
	if (err)
		return err;
	if (arg->type == ARG_PTR_TO_CTX) {
		if (reg->type != PTR_TO_CTX)
			return reject(env, -EINVAL, "arg#%u expects pointer to ctx\n", i);
		return 0;
	}
	if (arg_is_dynptr(arg->type))
		return dynptr_check_arg(env, regno, arg->type);
	if (arg_check_mem_reg(env, reg, regno, arg->mem_size))
		return -EINVAL;
	if (!(arg->type & PTR_MAYBE_NULL) && type_may_be_null(reg->type))
		return reject(env, -EINVAL, "arg#%u is expected to be non-NULL\n", i);
	return 0;
}

int global_check_call(struct verifier_env *env, uint32_t subprogno)
{
	struct vsubprog *sub = &env->subprogs[subprogno];
	uint32_t i;
	int err;

	if (!env->btf_info.n_funcs || sub->btf_unreliable)
		return -EINVAL;
	err = global_prepare_args(env, subprogno);
	for (i = 0; !err && i < sub->arg_cnt; i++)
		err = check_one(env, &sub->args[i], i);
	/* arguments of another type: a static function's BTF is then worth nothing */
	if (err && !sub->is_global)
		sub->btf_unreliable = true;
	return err;
}

int global_set_entry_regs(struct verifier_env *env, uint32_t subprogno)
{
	struct vsubprog *sub = &env->subprogs[subprogno];
	struct reg_state *regs = cur_regs(env);
	uint32_t i;
	int err = global_prepare_args(env, subprogno);

	if (err)
		return err;
	for (i = 0; i < sub->arg_cnt; i++) {
		const struct subprog_arg *arg = &sub->args[i];
		struct reg_state *reg = &regs[i + 1];

		if (arg->type == ARG_PTR_TO_CTX) {
			reg_set_ptr(reg, PTR_TO_CTX);
		} else if (arg->type == ARG_ANYTHING) {
			reg_set_unknown(env, reg);
		} else if (arg_is_dynptr(arg->type)) {
			dynptr_set_reg(env, reg, DYNPTR_LOCAL);
		} else {
			reg_set_ptr(reg, PTR_TO_MEM | (arg->type & PTR_MAYBE_NULL));
			reg->mem_size = arg->mem_size;
			if (arg->type & PTR_MAYBE_NULL)
				reg->id = ++env->id_gen;
		}
	}
	return 0;
}
