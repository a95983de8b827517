/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Second phase: references. A depth-first walk with an explicit stack of BTF_MAX_RESOLVE_DEPTH
 * vertices finds loops, gives modifiers and variables the id of what they stand for
 * (resolved_ids) and arrays their size (resolved_sizes).
 *
 * What ends a walk depends on where it began (enum btf_resolve_mode): a struct that holds a pointer
 * to itself is fine, a struct that holds itself is not, so pointers end walks that came through a
 * struct, and structs end walks that came through a pointer.
 *
 * Every vertex is resolved once; cost is linear in types plus members.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "btf/env.h"

static bool type_nosize(const struct btf_type *t)
{
	return btf_is_void(t) || btf_is_fwd(t) || btf_is_func(t) || btf_is_func_proto(t) ||
	       btf_is_decl_tag(t);
}

bool btf_type_nosize_or_null(const struct btf_type *t)
{
	return !t || type_nosize(t);
}

/* Kinds that refer to others but that no type may refer to. */
bool btf_is_source_only(const struct btf_type *t)
{
	return btf_is_var(t) || btf_is_decl_tag(t) || btf_is_datasec(t);
}

static bool needs_resolve(const struct btf_type *t)
{
	return btf_is_modifier(t) || btf_is_ptr(t) || btf_is_struct(t) || btf_is_array(t) ||
	       btf_is_func(t) || btf_is_source_only(t);
}

/* The walk may stop at t. */
static bool is_sink(const struct btf_env *env, const struct btf_type *t)
{
	switch (env->mode) {
	case BTF_RESOLVE_PTR:
		return !btf_is_modifier(t) && !btf_is_ptr(t);
	case BTF_RESOLVE_STRUCT_OR_ARRAY:
		return !btf_is_modifier(t) && !btf_is_array(t) && !btf_is_struct(t);
	case BTF_RESOLVE_TBD:
	default:
		return !needs_resolve(t);
	}
}

static bool is_resolved(const struct btf_env *env, uint32_t id)
{
	return env->visit[id] == BTF_RESOLVED;
}

static int push(struct btf_env *env, const struct btf_type *t, uint32_t id)
{
	if (env->top == BTF_MAX_RESOLVE_DEPTH)
		return -E2BIG;
	if (env->visit[id] != BTF_NOT_VISITED)
		return -EEXIST;
	env->visit[id] = BTF_VISITED;
	env->stack[env->top++] = (struct btf_vertex){ .t = t, .type_id = id };
	if (env->mode == BTF_RESOLVE_TBD) {
		if (btf_is_ptr(t))
			env->mode = BTF_RESOLVE_PTR;
		else if (btf_is_struct(t) || btf_is_array(t))
			env->mode = BTF_RESOLVE_STRUCT_OR_ARRAY;
	}
	return 0;
}

static int pop(struct btf_env *env, uint32_t resolved_id, uint32_t resolved_size)
{
	uint32_t id = env->stack[--env->top].type_id;

	env->btf->resolved_ids[id] = resolved_id;
	env->btf->resolved_sizes[id] = resolved_size;
	env->visit[id] = BTF_RESOLVED;
	return 0;
}

/* t (id) must be walked before what refers to it can be resolved. */
static bool must_push(const struct btf_env *env, const struct btf_type *t, uint32_t id)
{
	return !is_sink(env, t) && !is_resolved(env, id);
}

/* Where a resolved modifier leads, when that is a pointer still to be walked. A modifier resolved
 * on behalf of a struct stops at its pointer; a pointer must go on from there to see a loop. */
static const struct btf_type *pending_ptr(const struct btf_env *env, const struct btf_type *t,
					  uint32_t *id)
{
	if (!btf_is_modifier(t))
		return NULL;
	*id = env->btf->resolved_ids[*id];
	t = btf_type_by_id(env->btf, *id);
	return btf_is_ptr(t) && must_push(env, t, *id) ? t : NULL;
}

/* Only these may be referred to although they have no size. */
static bool may_be_sizeless(const struct btf_env *env, const struct btf_type *t, uint32_t *id)
{
	if (is_resolved(env, *id)) {
		*id = env->btf->resolved_ids[*id];
		t = btf_type_by_id(env->btf, *id);
	}
	return btf_is_void(t) || btf_is_fwd(t) || btf_is_func_proto(t);
}

/* PTR, the modifiers, VAR */
static int resolve_ref(struct btf_env *env, const struct btf_vertex *v)
{
	const struct btf_type *next, *ptr;
	uint32_t id = v->t->type, ptr_id = id;

	next = btf_type_by_id(env->btf, id);
	if (!next || btf_is_source_only(next))
		return btf_reject_type(env, v->t, -EINVAL, "Invalid type_id");
	if (must_push(env, next, id))
		return push(env, next, id);
	ptr = btf_is_modifier(v->t) ? NULL : pending_ptr(env, next, &ptr_id);
	if (ptr)
		return push(env, ptr, ptr_id);
	if (!btf_type_id_size(env->btf, &id, NULL) &&
	    (btf_is_var(v->t) || !may_be_sizeless(env, next, &id)))
		return btf_reject_type(env, v->t, -EINVAL, "Invalid type_id");
	return pop(env, id, 0);
}

static bool may_be_in_array(const struct btf_type *t)
{
	return !btf_type_nosize_or_null(t) && !btf_is_source_only(t);
}

static int resolve_array(struct btf_env *env, const struct btf_vertex *v)
{
	const struct btf_array *a = btf_array(v->t);
	uint32_t index_id = a->index_type, elem_id = a->type, size, total;
	const struct btf_type *index, *elem;

	index = btf_type_by_id(env->btf, index_id);
	if (!may_be_in_array(index))
		return btf_reject_type(env, v->t, -EINVAL, "Invalid index");
	if (must_push(env, index, index_id))
		return push(env, index, index_id);
	index = btf_type_id_size(env->btf, &index_id, NULL);
	if (!index || !btf_is_int(index) || !btf_int_is_regular(index))
		return btf_reject_type(env, v->t, -EINVAL, "Invalid index");

	elem = btf_type_by_id(env->btf, elem_id);
	if (!may_be_in_array(elem))
		return btf_reject_type(env, v->t, -EINVAL, "Invalid elem");
	if (must_push(env, elem, elem_id))
		return push(env, elem, elem_id);
	elem = btf_type_id_size(env->btf, &elem_id, &size);
	if (!elem)
		return btf_reject_type(env, v->t, -EINVAL, "Invalid elem");
	if (btf_is_int(elem) && !btf_int_is_regular(elem))
		return btf_reject_type(env, v->t, -EINVAL, "Invalid array of int");
	if (__builtin_mul_overflow(a->nelems, size, &total))
		return btf_reject_type(env, v->t, -EINVAL, "Array size overflows U32_MAX");
	return pop(env, elem_id, total);
}

static int resolve_struct(struct btf_env *env, struct btf_vertex *v)
{
	const struct btf_member *m = btf_members(v->t);
	const struct btf_type *mt;
	uint32_t i = v->next_member;
	int err;

	/* The member that was walked last: it is resolved now. */
	if (i) {
		err = btf_check_member(env, v->t, &m[i - 1],
				       btf_type_by_id(env->btf, m[i - 1].type));
		if (err)
			return err;
	}
	for (; i < btf_vlen(v->t); i++) {
		mt = btf_type_by_id(env->btf, m[i].type);
		if (!may_be_in_array(mt))
			return btf_reject_member(env, v->t, &m[i], -EINVAL, "Invalid member");
		if (must_push(env, mt, m[i].type)) {
			v->next_member = (uint16_t)(i + 1);
			return push(env, mt, m[i].type);
		}
		err = btf_check_member(env, v->t, &m[i], mt);
		if (err)
			return err;
	}
	return pop(env, 0, 0);
}

static int resolve_datasec(struct btf_env *env, struct btf_vertex *v)
{
	const struct btf_var_secinfo *vsi = btf_secinfos(v->t);
	uint32_t i, id, size;

	env->mode = BTF_RESOLVE_TBD;
	for (i = v->next_member; i < btf_vlen(v->t); i++) {
		const struct btf_type *var = btf_type_by_id(env->btf, vsi[i].type);

		if (!var || !btf_is_var(var))
			return btf_reject_vsi(env, v->t, &vsi[i], -EINVAL, "Not a VAR kind member");
		if (must_push(env, var, vsi[i].type)) {
			/* The kernel does not come back to this one's size. */
			v->next_member = (uint16_t)(i + 1);
			return push(env, var, vsi[i].type);
		}
		id = var->type;
		if (!btf_type_id_size(env->btf, &id, &size))
			return btf_reject_vsi(env, v->t, &vsi[i], -EINVAL, "Invalid type");
		if (vsi[i].size < size)
			return btf_reject_vsi(env, v->t, &vsi[i], -EINVAL, "Invalid size");
	}
	return pop(env, 0, 0);
}

/* Arguments must have names, but for varargs. */
static int resolve_func(struct btf_env *env, const struct btf_vertex *v)
{
	const struct btf_type *proto = btf_type_by_id(env->btf, v->t->type);
	const struct btf_param *args;
	uint32_t i;

	if (!proto || !btf_is_func_proto(proto))
		return btf_reject_type(env, v->t, -EINVAL, "Invalid type_id");
	args = btf_params(proto);
	for (i = 0; i < btf_vlen(proto); i++)
		if (!args[i].name_off && args[i].type)
			return btf_reject_type(env, v->t, -EINVAL, "Invalid arg#%u", i + 1);
	return pop(env, v->t->type, 0);
}

static int resolve_decl_tag(struct btf_env *env, const struct btf_vertex *v)
{
	uint32_t id = v->t->type;
	const struct btf_type *next = btf_type_by_id(env->btf, id);
	int32_t idx = btf_component_idx(v->t);

	if (!next ||
	    !(btf_is_func(next) || btf_is_struct(next) || btf_is_var(next) || btf_is_typedef(next)))
		return btf_reject_type(env, v->t, -EINVAL, "Invalid type_id");
	if (must_push(env, next, id))
		return push(env, next, id);
	if (idx != -1) {
		if (btf_is_var(next) || btf_is_typedef(next))
			return btf_reject_type(env, v->t, -EINVAL, "Invalid component_idx");
		if (btf_is_func(next))
			next = btf_type_by_id(env->btf, next->type);
		if ((uint32_t)idx >= btf_vlen(next))
			return btf_reject_type(env, v->t, -EINVAL, "Invalid component_idx");
	}
	return pop(env, id, 0);
}

static int resolve_one(struct btf_env *env, struct btf_vertex *v)
{
	switch ((int)btf_kind(v->t)) {
	case BTF_KIND_ARRAY:
		return resolve_array(env, v);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return resolve_struct(env, v);
	case BTF_KIND_DATASEC:
		return resolve_datasec(env, v);
	case BTF_KIND_FUNC:
		return resolve_func(env, v);
	case BTF_KIND_DECL_TAG:
		return resolve_decl_tag(env, v);
	case BTF_KIND_PTR:
	case BTF_KIND_VAR:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		return resolve_ref(env, v);
	default:
		return btf_reject_basic(env, v->t, -EINVAL, "Unsupported resolve");
	}
}

/* What a finished walk from t must have left behind. */
static bool resolve_is_valid(const struct btf_env *env, const struct btf_type *t, uint32_t id)
{
	const struct btf *btf = env->btf;
	uint32_t to = btf->resolved_ids[id], size = btf->resolved_sizes[id], elem_size = 0;

	if (!is_resolved(env, id))
		return false;
	if (btf_is_struct(t) || btf_is_datasec(t))
		return !to && !size;
	if (btf_is_decl_tag(t) || btf_is_func(t))
		return to && !size;
	if (btf_is_array(t)) {
		const struct btf_array *a = btf_array(t);
		uint32_t elem_id = a->type;

		t = btf_type_id_size(btf, &elem_id, &elem_size);
		return t && !btf_is_modifier(t) && a->nelems * elem_size == size;
	}
	t = btf_type_by_id(btf, to);
	return t && !btf_is_modifier(t) && !btf_is_var(t) && !btf_is_datasec(t);
}

static int resolve(struct btf_env *env, const struct btf_type *t, uint32_t id)
{
	uint32_t saved_log_id = env->log_type_id;
	int err;

	env->mode = BTF_RESOLVE_TBD;
	err = push(env, t, id);
	while (!err && env->top) {
		struct btf_vertex *v = &env->stack[env->top - 1];

		env->log_type_id = v->type_id;
		err = resolve_one(env, v);
	}
	env->log_type_id = id;
	if (err == -E2BIG)
		btf_reject_type(env, t, err, "Exceeded max resolving depth:%u",
				BTF_MAX_RESOLVE_DEPTH);
	else if (err == -EEXIST)
		btf_reject_type(env, t, err, "Loop detected");
	else if (!err && !resolve_is_valid(env, t, id))
		err = btf_reject_type(env, t, -EINVAL, "Invalid resolve state");
	env->log_type_id = saved_log_id;
	return err;
}

/* A return or argument type: exists, may be referred to, and once resolved has a size.
 * 0, -errno of its walk, or 1: not so. */
static int check_value_type(struct btf_env *env, uint32_t id)
{
	const struct btf_type *t = btf_type_by_id(env->btf, id);
	int err;

	if (!t || btf_is_source_only(t))
		return 1;
	if (needs_resolve(t) && !is_resolved(env, id)) {
		err = resolve(env, t, id);
		if (err)
			return err;
	}
	return btf_type_id_size(env->btf, &id, NULL) ? 0 : 1;
}

static int check_arg(struct btf_env *env, const struct btf_param *arg)
{
	const struct btf_type *t = btf_type_by_id(env->btf, arg->type);

	if (!t || btf_is_source_only(t))
		return 1;
	if (arg->name_off && (!btf_name_offset_valid(env->btf, arg->name_off) ||
			      !btf_name_is_identifier(env->btf, arg->name_off)))
		return 1;
	return check_value_type(env, arg->type);
}

static int check_func_proto(struct btf_env *env, const struct btf_type *t)
{
	const struct btf_param *args = btf_params(t);
	uint32_t i, n = btf_vlen(t);
	int ret = t->type ? check_value_type(env, t->type) : 0;

	if (ret > 0)
		return btf_reject_type(env, t, -EINVAL, "Invalid return type");
	if (ret)
		return ret;
	if (n && !args[n - 1].type) {
		if (args[n - 1].name_off)
			return btf_reject_type(env, t, -EINVAL, "Invalid arg#%u", n);
		n--;
	}
	for (i = 0; i < n; i++) {
		ret = check_arg(env, &args[i]);
		if (ret > 0)
			return btf_reject_type(env, t, -EINVAL, "Invalid arg#%u", i + 1);
		if (ret)
			return ret;
	}
	return 0;
}

int btf_check_all_types(struct btf_env *env)
{
	struct btf *btf = env->btf;
	uint32_t id;
	int err = 0;

	btf->resolved_ids = mem_calloc(btf->nr_types, sizeof(*btf->resolved_ids));
	btf->resolved_sizes = mem_calloc(btf->nr_types, sizeof(*btf->resolved_sizes));
	env->visit = mem_calloc(btf->nr_types, sizeof(*env->visit));
	if (!btf->resolved_ids || !btf->resolved_sizes || !env->visit)
		return -ENOMEM;
	env->phase = BTF_CHECK_TYPE;
	for (id = 1; !err && id < btf->nr_types; id++) {
		const struct btf_type *t = btf->types[id];

		env->log_type_id = id;
		if (needs_resolve(t) && !is_resolved(env, id))
			err = resolve(env, t, id);
		if (!err && btf_is_func_proto(t))
			err = check_func_proto(env, t);
	}
	return err;
}

/* Tags stand before other modifiers: tag -> tag -> const -> int, never const -> tag. */
static int check_tag_chain(struct btf_env *env, uint32_t id, uint32_t good_id)
{
	const struct btf_type *t = env->btf->types[id];
	bool in_tags = btf_is_type_tag(t);
	int left = 32;

	while (btf_is_modifier(t)) {
		if (!left--)
			return btf_reject(env, -ELOOP, "Max chain length or cycle detected");
		if (!btf_is_type_tag(t))
			in_tags = false;
		else if (!in_tags)
			return btf_reject(env, -EINVAL, "Type tags don't precede modifiers");
		if (id <= good_id)
			break;
		id = t->type;
		t = btf_type_by_id(env->btf, id);
		if (!t)
			return -EINVAL;
	}
	return 0;
}

int btf_check_type_tags(struct btf_env *env)
{
	uint32_t id, good_id = 0;
	int err;

	for (id = 1; id < env->btf->nr_types; id++) {
		if (!btf_is_modifier(env->btf->types[id]))
			continue;
		err = check_tag_chain(env, id, good_id);
		if (err)
			return err;
		good_id = id;
	}
	return 0;
}
