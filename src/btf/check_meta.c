/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * First phase: each record by itself. One function per kind; it has meta_left bytes after the
 * record, returns how many belong to the record, and prints the record once it is good.
 *
 * References are only compared with BTF_MAX_TYPE here, names only with the string section. For a
 * base BTF the same checks run; its references are checked by btf_check_type_tags() and lookups.
 */
#include <errno.h>

#include "btf/env.h"

typedef int64_t check_fn(struct btf_env *env, const struct btf_type *t, uint32_t left);

static int64_t short_of(struct btf_env *env, const struct btf_type *t, uint32_t left,
			uint32_t needed)
{
	return btf_reject_basic(env, t, -EINVAL, "meta_left:%u meta_needed:%u", left, needed);
}

static bool is_identifier(const struct btf_env *env, uint32_t off)
{
	return off && btf_name_is_identifier(env->btf, off);
}

static bool is_anon_or_identifier(const struct btf_env *env, uint32_t off)
{
	return !off || btf_name_is_identifier(env->btf, off);
}

static int no_vlen(struct btf_env *env, const struct btf_type *t)
{
	return btf_vlen(t) ? btf_reject_type(env, t, -EINVAL, "vlen != 0") : 0;
}

static int no_kflag(struct btf_env *env, const struct btf_type *t)
{
	return btf_kflag(t) ? btf_reject_type(env, t, -EINVAL, "Invalid btf_info kind_flag") : 0;
}

static int no_vlen_no_kflag(struct btf_env *env, const struct btf_type *t)
{
	int err = no_vlen(env, t);

	return err ? err : no_kflag(env, t);
}

static int64_t good(struct btf_env *env, const struct btf_type *t, uint32_t needed)
{
	btf_dump_type(env, t);
	return needed;
}

static int64_t check_int(struct btf_env *env, const struct btf_type *t, uint32_t left)
{
	uint32_t v, bits, needed = sizeof(v);
	int err;

	if (left < needed)
		return short_of(env, t, left, needed);
	err = no_vlen_no_kflag(env, t);
	if (err)
		return err;
	v = btf_int_data(t);
	if (v & ~0x0fffffffu)
		return btf_reject_basic(env, t, -EINVAL, "Invalid int_data:%x", v);
	bits = BTF_INT_BITS(v) + BTF_INT_OFFSET(v);
	if (bits > BITS_PER_U128)
		return btf_reject_type(env, t, -EINVAL, "nr_bits exceeds %zu", BITS_PER_U128);
	if (bits_up_bytes(bits) > t->size)
		return btf_reject_type(env, t, -EINVAL, "nr_bits exceeds type_size");
	switch (BTF_INT_ENCODING(v)) {
	case 0:
	case BTF_INT_SIGNED:
	case BTF_INT_CHAR:
	case BTF_INT_BOOL:
		return good(env, t, needed);
	default:
		return btf_reject_type(env, t, -ENOTSUPP, "Unsupported encoding");
	}
}

/* PTR and the modifiers */
static int64_t check_ref(struct btf_env *env, const struct btf_type *t, uint32_t left)
{
	bool named;
	int err = no_vlen(env, t);

	/* A type_tag with kind_flag is any attribute (6.15). */
	if (!err && !btf_is_type_tag(t))
		err = no_kflag(env, t);
	if (err)
		return err;
	if (!btf_type_id_valid(t->type))
		return btf_reject_type(env, t, -EINVAL, "Invalid type_id");
	if (btf_is_typedef(t))
		named = is_identifier(env, t->name_off);
	else if (btf_is_type_tag(t))
		named = env->btf->strings[t->name_off];
	else
		named = !t->name_off;
	if (!named)
		return btf_reject_type(env, t, -EINVAL, "Invalid name");
	return good(env, t, 0);
}

static int64_t check_fwd(struct btf_env *env, const struct btf_type *t, uint32_t left)
{
	int err = no_vlen(env, t);

	if (err)
		return err;
	if (t->type)
		return btf_reject_type(env, t, -EINVAL, "type != 0");
	if (!is_identifier(env, t->name_off))
		return btf_reject_type(env, t, -EINVAL, "Invalid name");
	return good(env, t, 0);
}

static int64_t check_array(struct btf_env *env, const struct btf_type *t, uint32_t left)
{
	const struct btf_array *a = btf_array(t);
	int err;

	if (left < sizeof(*a))
		return short_of(env, t, left, sizeof(*a));
	if (t->name_off)
		return btf_reject_type(env, t, -EINVAL, "Invalid name");
	err = no_vlen_no_kflag(env, t);
	if (err)
		return err;
	if (t->size)
		return btf_reject_type(env, t, -EINVAL, "size != 0");
	if (!a->type || !btf_type_id_valid(a->type))
		return btf_reject_type(env, t, -EINVAL, "Invalid elem");
	if (!a->index_type || !btf_type_id_valid(a->index_type))
		return btf_reject_type(env, t, -EINVAL, "Invalid index");
	return good(env, t, sizeof(*a));
}

static int check_one_member(struct btf_env *env, const struct btf_type *t,
			    const struct btf_member *m, uint32_t last_off)
{
	uint32_t off = btf_member_bit_offset(t, m);

	if (!btf_name_offset_valid(env->btf, m->name_off))
		return btf_reject_member(env, t, m, -EINVAL, "Invalid member name_offset:%u",
					 m->name_off);
	if (!is_anon_or_identifier(env, m->name_off))
		return btf_reject_member(env, t, m, -EINVAL, "Invalid name");
	if (!m->type || !btf_type_id_valid(m->type))
		return btf_reject_member(env, t, m, -EINVAL, "Invalid type_id");
	if (btf_kind(t) == BTF_KIND_UNION && off)
		return btf_reject_member(env, t, m, -EINVAL, "Invalid member bits_offset");
	if (last_off > off)
		return btf_reject_member(env, t, m, -EINVAL, "Invalid member bits_offset");
	if (bits_up_bytes(off) > t->size)
		return btf_reject_member(env, t, m, -EINVAL,
					 "Member bits_offset exceeds its struct size");
	btf_dump_member(env, t, m);
	return 0;
}

static int64_t check_struct(struct btf_env *env, const struct btf_type *t, uint32_t left)
{
	const struct btf_member *m = btf_members(t);
	uint32_t i, last_off = 0, needed = btf_vlen(t) * (uint32_t)sizeof(*m);
	int err;

	if (left < needed)
		return short_of(env, t, left, needed);
	if (!is_anon_or_identifier(env, t->name_off))
		return btf_reject_type(env, t, -EINVAL, "Invalid name");
	btf_dump_type(env, t);
	for (i = 0; i < btf_vlen(t); i++, m++) {
		err = check_one_member(env, t, m, last_off);
		if (err)
			return err;
		last_off = btf_member_bit_offset(t, m);
	}
	return needed;
}

/* Size and name of ENUM or ENUM64, each of whose values takes each bytes. */
static int64_t check_enum_head(struct btf_env *env, const struct btf_type *t, uint32_t left,
			       uint32_t each)
{
	uint32_t needed = btf_vlen(t) * each;

	if (left < needed)
		return short_of(env, t, left, needed);
	if (t->size > 8 || !t->size || t->size & (t->size - 1))
		return btf_reject_type(env, t, -EINVAL, "Unexpected size");
	if (!is_anon_or_identifier(env, t->name_off))
		return btf_reject_type(env, t, -EINVAL, "Invalid name");
	return good(env, t, needed);
}

static int check_value_name(struct btf_env *env, const struct btf_type *t, uint32_t off)
{
	if (!btf_name_offset_valid(env->btf, off))
		return btf_reject(env, -EINVAL, "\tInvalid name_offset:%u", off);
	if (!is_identifier(env, off))
		return btf_reject_type(env, t, -EINVAL, "Invalid name");
	return 0;
}

static int64_t check_enum(struct btf_env *env, const struct btf_type *t, uint32_t left)
{
	const struct btf_enum *e = btf_enums(t);
	int64_t needed = check_enum_head(env, t, left, sizeof(*e));
	uint32_t i;
	int err;

	for (i = 0; needed >= 0 && i < btf_vlen(t); i++, e++) {
		err = check_value_name(env, t, e->name_off);
		if (err)
			return err;
		if (btf_kflag(t))
			btf_say(env, "\t%s val=%d\n", btf_name_or_anon(env->btf, e->name_off),
				e->val);
		else
			btf_say(env, "\t%s val=%u\n", btf_name_or_anon(env->btf, e->name_off),
				(uint32_t)e->val);
	}
	return needed;
}

static int64_t check_enum64(struct btf_env *env, const struct btf_type *t, uint32_t left)
{
	const struct btf_enum64 *e = btf_enums64(t);
	int64_t needed = check_enum_head(env, t, left, sizeof(*e));
	uint32_t i;
	int err;

	for (i = 0; needed >= 0 && i < btf_vlen(t); i++, e++) {
		err = check_value_name(env, t, e->name_off);
		if (err)
			return err;
		if (btf_kflag(t))
			btf_say(env, "\t%s val=%lld\n", btf_name_or_anon(env->btf, e->name_off),
				(long long)btf_enum64_value(e));
		else
			btf_say(env, "\t%s val=%llu\n", btf_name_or_anon(env->btf, e->name_off),
				(unsigned long long)btf_enum64_value(e));
	}
	return needed;
}

static int64_t check_func_proto(struct btf_env *env, const struct btf_type *t, uint32_t left)
{
	uint32_t needed = btf_vlen(t) * (uint32_t)sizeof(struct btf_param);
	int err;

	if (left < needed)
		return short_of(env, t, left, needed);
	if (t->name_off)
		return btf_reject_type(env, t, -EINVAL, "Invalid name");
	err = no_kflag(env, t);
	return err ? err : good(env, t, needed);
}

static int64_t check_func(struct btf_env *env, const struct btf_type *t, uint32_t left)
{
	int err;

	if (!is_identifier(env, t->name_off))
		return btf_reject_type(env, t, -EINVAL, "Invalid name");
	if (btf_vlen(t) > BTF_FUNC_GLOBAL)
		return btf_reject_type(env, t, -EINVAL, "Invalid func linkage");
	err = no_kflag(env, t);
	return err ? err : good(env, t, 0);
}

static int64_t check_var(struct btf_env *env, const struct btf_type *t, uint32_t left)
{
	const struct btf_var *var = btf_var(t);
	int err;

	if (left < sizeof(*var))
		return short_of(env, t, left, sizeof(*var));
	err = no_vlen_no_kflag(env, t);
	if (err)
		return err;
	if (!is_identifier(env, t->name_off))
		return btf_reject_type(env, t, -EINVAL, "Invalid name");
	if (!t->type || !btf_type_id_valid(t->type))
		return btf_reject_type(env, t, -EINVAL, "Invalid type_id");
	if (var->linkage != BTF_VAR_STATIC && var->linkage != BTF_VAR_GLOBAL_ALLOCATED)
		return btf_reject_type(env, t, -EINVAL, "Linkage not supported");
	return good(env, t, sizeof(*var));
}

static int check_secinfo(struct btf_env *env, const struct btf_type *t,
			 const struct btf_var_secinfo *vsi, uint64_t last_end)
{
	if (!vsi->type || !btf_type_id_valid(vsi->type))
		return btf_reject_vsi(env, t, vsi, -EINVAL, "Invalid type_id");
	if (vsi->offset < last_end || vsi->offset >= t->size)
		return btf_reject_vsi(env, t, vsi, -EINVAL, "Invalid offset");
	if (!vsi->size || vsi->size > t->size)
		return btf_reject_vsi(env, t, vsi, -EINVAL, "Invalid size");
	/* 32-bit sum, as the kernel's: sections near 4 GiB are not told apart. */
	if ((uint32_t)(vsi->offset + vsi->size) > t->size)
		return btf_reject_vsi(env, t, vsi, -EINVAL, "Invalid offset+size");
	btf_dump_vsi(env, t, vsi);
	return 0;
}

static int64_t check_datasec(struct btf_env *env, const struct btf_type *t, uint32_t left)
{
	const struct btf_var_secinfo *vsi = btf_secinfos(t);
	uint32_t i, needed = btf_vlen(t) * (uint32_t)sizeof(*vsi);
	uint64_t last_end = 0, sum = 0;
	int err;

	if (left < needed)
		return short_of(env, t, left, needed);
	if (!t->size)
		return btf_reject_type(env, t, -EINVAL, "size == 0");
	err = no_kflag(env, t);
	if (err)
		return err;
	if (!t->name_off || !btf_name_is_section(env->btf, t->name_off))
		return btf_reject_type(env, t, -EINVAL, "Invalid name");
	btf_dump_type(env, t);
	for (i = 0; i < btf_vlen(t); i++, vsi++) {
		err = check_secinfo(env, t, vsi, last_end);
		if (err)
			return err;
		last_end = (uint32_t)(vsi->offset + vsi->size);
		sum += vsi->size;
	}
	if (t->size < sum)
		return btf_reject_type(env, t, -EINVAL, "Invalid btf_info size");
	return needed;
}

static int64_t check_float(struct btf_env *env, const struct btf_type *t, uint32_t left)
{
	int err = no_vlen_no_kflag(env, t);

	if (err)
		return err;
	switch (t->size) {
	case 2:
	case 4:
	case 8:
	case 12:
	case 16:
		return good(env, t, 0);
	default:
		return btf_reject_type(env, t, -EINVAL, "Invalid type_size");
	}
}

/* kind_flag: any declaration attribute (6.15). */
static int64_t check_decl_tag(struct btf_env *env, const struct btf_type *t, uint32_t left)
{
	uint32_t needed = sizeof(struct btf_decl_tag);
	int err;

	if (left < needed)
		return short_of(env, t, left, needed);
	if (!env->btf->strings[t->name_off])
		return btf_reject_type(env, t, -EINVAL, "Invalid value");
	err = no_vlen(env, t);
	if (err)
		return err;
	if (btf_component_idx(t) < -1)
		return btf_reject_type(env, t, -EINVAL, "Invalid component_idx");
	return good(env, t, needed);
}

static check_fn *const checks[NR_BTF_KINDS] = {
	[BTF_KIND_INT] = check_int,
	[BTF_KIND_PTR] = check_ref,
	[BTF_KIND_ARRAY] = check_array,
	[BTF_KIND_STRUCT] = check_struct,
	[BTF_KIND_UNION] = check_struct,
	[BTF_KIND_ENUM] = check_enum,
	[BTF_KIND_FWD] = check_fwd,
	[BTF_KIND_TYPEDEF] = check_ref,
	[BTF_KIND_VOLATILE] = check_ref,
	[BTF_KIND_CONST] = check_ref,
	[BTF_KIND_RESTRICT] = check_ref,
	[BTF_KIND_FUNC] = check_func,
	[BTF_KIND_FUNC_PROTO] = check_func_proto,
	[BTF_KIND_VAR] = check_var,
	[BTF_KIND_DATASEC] = check_datasec,
	[BTF_KIND_FLOAT] = check_float,
	[BTF_KIND_DECL_TAG] = check_decl_tag,
	[BTF_KIND_TYPE_TAG] = check_ref,
	[BTF_KIND_ENUM64] = check_enum64,
};

int64_t btf_check_meta(struct btf_env *env, const struct btf_type *t, uint32_t left)
{
	int64_t n;

	if (left < sizeof(*t))
		return btf_reject(env, -EINVAL, "[%u] meta_left:%u meta_needed:%zu",
				  env->log_type_id, left, sizeof(*t));
	if (t->info & ~0x9f00ffffu)
		return btf_reject(env, -EINVAL, "[%u] Invalid btf_info:%x", env->log_type_id,
				  t->info);
	if (btf_kind(t) > BTF_KIND_MAX || btf_kind(t) == BTF_KIND_UNKN)
		return btf_reject(env, -EINVAL, "[%u] Invalid kind:%u", env->log_type_id,
				  btf_kind(t));
	if (!btf_name_offset_valid(env->btf, t->name_off))
		return btf_reject(env, -EINVAL, "[%u] Invalid name_offset:%u", env->log_type_id,
				  t->name_off);
	n = checks[btf_kind(t)](env, t, left - (uint32_t)sizeof(*t));
	return n < 0 ? n : n + (int64_t)sizeof(*t);
}
