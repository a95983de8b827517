/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Second phase: does a member of a given type fit in its struct? One function per kind of the
 * member's type, and a second one for structs with kind_flag, where the member's offset word also
 * holds a bitfield size.
 *
 * Subtractions from struct sizes may wrap as in the kernel: check_one_member() of the first phase
 * has seen that the offset lies within the struct, so they do not.
 */
#include <errno.h>

#include "btf/env.h"

typedef int member_fn(struct btf_env *env, const struct btf_type *s, const struct btf_member *m,
		      const struct btf_type *mt);

static int check_copy(struct btf_env *env, const struct btf_type *s, const struct btf_member *m,
		      uint32_t bit_off, uint32_t bits)
{
	uint32_t byte_off = bits_down_bytes(bit_off);

	bits += bit_off & 7;
	if (bits > BITS_PER_U128)
		return btf_reject_member(env, s, m, -EINVAL, "nr_copy_bits exceeds 128");
	if (s->size < byte_off || s->size - byte_off < bits_up_bytes(bits))
		return btf_reject_member(env, s, m, -EINVAL, "Member exceeds struct_size");
	return 0;
}

static int member_int(struct btf_env *env, const struct btf_type *s, const struct btf_member *m,
		      const struct btf_type *mt)
{
	uint32_t v = btf_int_data(mt), bit_off;

	if (__builtin_add_overflow(m->offset, BTF_INT_OFFSET(v), &bit_off))
		return btf_reject_member(env, s, m, -EINVAL, "bits_offset exceeds U32_MAX");
	return check_copy(env, s, m, bit_off, BTF_INT_BITS(v));
}

static int member_int_kflag(struct btf_env *env, const struct btf_type *s,
			    const struct btf_member *m, const struct btf_type *mt)
{
	uint32_t bits = btf_member_bitfield_size(s, m), bit_off = btf_member_bit_offset(s, m);
	uint32_t int_bits = BTF_INT_BITS(btf_int_data(mt));

	if (!btf_int_is_regular(mt))
		return btf_reject_member(env, s, m, -EINVAL, "Invalid member base type");
	if (!bits) {
		if (bit_off & 7)
			return btf_reject_member(env, s, m, -EINVAL, "Invalid member offset");
		bits = int_bits;
	} else if (bits > int_bits) {
		return btf_reject_member(env, s, m, -EINVAL, "Invalid member bitfield_size");
	}
	return check_copy(env, s, m, bit_off, bits);
}

/* A byte-aligned object of size bytes. */
static int check_whole(struct btf_env *env, const struct btf_type *s, const struct btf_member *m,
		       uint32_t size)
{
	if (m->offset & 7)
		return btf_reject_member(env, s, m, -EINVAL, "Member is not byte aligned");
	if (s->size - bits_down_bytes(m->offset) < size)
		return btf_reject_member(env, s, m, -EINVAL, "Member exceeds struct_size");
	return 0;
}

static int member_ptr(struct btf_env *env, const struct btf_type *s, const struct btf_member *m,
		      const struct btf_type *mt)
{
	return check_whole(env, s, m, 8);
}

static int member_array(struct btf_env *env, const struct btf_type *s, const struct btf_member *m,
			const struct btf_type *mt)
{
	uint32_t id = m->type, size = 0;

	btf_type_id_size(env->btf, &id, &size);
	return check_whole(env, s, m, size);
}

/* struct, union, enums */
static int member_sized(struct btf_env *env, const struct btf_type *s, const struct btf_member *m,
			const struct btf_type *mt)
{
	return check_whole(env, s, m, mt->size);
}

static int member_enum_kflag(struct btf_env *env, const struct btf_type *s,
			     const struct btf_member *m, const struct btf_type *mt)
{
	uint32_t bits = btf_member_bitfield_size(s, m), bit_off = btf_member_bit_offset(s, m);
	const uint32_t int_bits = 32;

	if (!bits) {
		if (bit_off & 7)
			return btf_reject_member(env, s, m, -EINVAL, "Member is not byte aligned");
		bits = int_bits;
	} else if (bits > int_bits) {
		return btf_reject_member(env, s, m, -EINVAL, "Invalid member bitfield_size");
	}
	if (s->size < bits_up_bytes(bit_off + bits))
		return btf_reject_member(env, s, m, -EINVAL, "Member exceeds struct_size");
	return 0;
}

static int member_float(struct btf_env *env, const struct btf_type *s, const struct btf_member *m,
			const struct btf_type *mt)
{
	uint32_t align_bits = MIN(8u, mt->size) * 8;

	if (m->offset % align_bits)
		return btf_reject_member(env, s, m, -EINVAL, "Member is not properly aligned");
	if ((uint64_t)(m->offset / 8) + mt->size > s->size)
		return btf_reject_member(env, s, m, -EINVAL, "Member exceeds struct_size");
	return 0;
}

static int member_none(struct btf_env *env, const struct btf_type *s, const struct btf_member *m,
		       const struct btf_type *mt)
{
	return btf_reject_basic(env, s, -EINVAL, "Unsupported check_%smember",
				btf_kflag(s) ? "kflag_" : "");
}

static member_fn *const members[NR_BTF_KINDS] = {
	[BTF_KIND_INT] = member_int,	  [BTF_KIND_PTR] = member_ptr,
	[BTF_KIND_ARRAY] = member_array,  [BTF_KIND_STRUCT] = member_sized,
	[BTF_KIND_UNION] = member_sized,  [BTF_KIND_ENUM] = member_sized,
	[BTF_KIND_ENUM64] = member_sized, [BTF_KIND_FLOAT] = member_float,
};

/* mt is no modifier. */
static int check_plain(struct btf_env *env, const struct btf_type *s, const struct btf_member *m,
		       const struct btf_type *mt)
{
	member_fn *fn = members[btf_kind(mt)];

	if (!fn)
		return member_none(env, s, m, mt);
	if (!btf_kflag(s))
		return fn(env, s, m, mt);
	if (btf_is_int(mt))
		return member_int_kflag(env, s, m, mt);
	if (btf_is_any_enum(mt))
		return member_enum_kflag(env, s, m, mt);
	if (btf_member_bitfield_size(s, m))
		return btf_reject_member(env, s, m, -EINVAL, "Invalid member bitfield_size");
	return fn(env, s, m, mt);
}

int btf_check_member(struct btf_env *env, const struct btf_type *s, const struct btf_member *m,
		     const struct btf_type *mt)
{
	struct btf_member resolved = *m;

	if (!btf_is_modifier(mt))
		return check_plain(env, s, m, mt);
	mt = btf_type_id_size(env->btf, &resolved.type, NULL);
	if (!mt)
		return btf_reject_member(env, s, m, -EINVAL, "Invalid member");
	return check_plain(env, s, &resolved, mt);
}
