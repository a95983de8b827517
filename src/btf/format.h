/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading BTF records: the accessors and kind predicates over tbl/uapi_btf.h.
 *
 * All records are arrays of 32-bit words; btf_parse() keeps its copy of a blob placed so that the
 * type section is 4-byte aligned, so these read in place.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tbl/uapi_btf.h"

/* Bounds of kernel/bpf/btf.c. */
#define BTF_MAX_SIZE	      (16 * 1024 * 1024)
#define BTF_MAX_RESOLVE_DEPTH 32
#define BTF_NAME_MAX	      512 /* KSYM_NAME_LEN */

#define BTF_INFO(kind, kflag, vlen)                                                                \
	(((uint32_t) !!(kflag) << 31) | ((uint32_t)(kind) << 24) | ((uint32_t)(vlen)&BTF_MAX_VLEN))

static inline uint32_t btf_kind(const struct btf_type *t)
{
	return BTF_INFO_KIND(t->info);
}

static inline uint16_t btf_vlen(const struct btf_type *t)
{
	return (uint16_t)BTF_INFO_VLEN(t->info);
}

static inline bool btf_kflag(const struct btf_type *t)
{
	return BTF_INFO_KFLAG(t->info);
}

/* What follows a type record; the caller knows the kind. */
static inline uint32_t btf_int_data(const struct btf_type *t)
{
	return *(const uint32_t *)(t + 1);
}

static inline const struct btf_array *btf_array(const struct btf_type *t)
{
	return (const struct btf_array *)(t + 1);
}

static inline const struct btf_member *btf_members(const struct btf_type *t)
{
	return (const struct btf_member *)(t + 1);
}

static inline const struct btf_enum *btf_enums(const struct btf_type *t)
{
	return (const struct btf_enum *)(t + 1);
}

static inline const struct btf_enum64 *btf_enums64(const struct btf_type *t)
{
	return (const struct btf_enum64 *)(t + 1);
}

static inline uint64_t btf_enum64_value(const struct btf_enum64 *e)
{
	return (uint64_t)e->val_hi32 << 32 | e->val_lo32;
}

static inline const struct btf_param *btf_params(const struct btf_type *t)
{
	return (const struct btf_param *)(t + 1);
}

static inline const struct btf_var *btf_var(const struct btf_type *t)
{
	return (const struct btf_var *)(t + 1);
}

static inline const struct btf_var_secinfo *btf_secinfos(const struct btf_type *t)
{
	return (const struct btf_var_secinfo *)(t + 1);
}

static inline int32_t btf_component_idx(const struct btf_type *t)
{
	return ((const struct btf_decl_tag *)(t + 1))->component_idx;
}

/* Bits from the start of struct or union s. */
static inline uint32_t btf_member_bit_offset(const struct btf_type *s, const struct btf_member *m)
{
	return btf_kflag(s) ? BTF_MEMBER_BIT_OFFSET(m->offset) : m->offset;
}

/* Bits; 0 when m is not a bitfield (or s is in the old form without kind_flag). */
static inline uint32_t btf_member_bitfield_size(const struct btf_type *s,
						const struct btf_member *m)
{
	return btf_kflag(s) ? BTF_MEMBER_BITFIELD_SIZE(m->offset) : 0;
}

/* Kind predicates; t must not be NULL. VOID is a record of kind UNKN. */
static inline bool btf_is_void(const struct btf_type *t)
{
	return btf_kind(t) == BTF_KIND_UNKN;
}
static inline bool btf_is_int(const struct btf_type *t)
{
	return btf_kind(t) == BTF_KIND_INT;
}
static inline bool btf_is_ptr(const struct btf_type *t)
{
	return btf_kind(t) == BTF_KIND_PTR;
}
static inline bool btf_is_array(const struct btf_type *t)
{
	return btf_kind(t) == BTF_KIND_ARRAY;
}
static inline bool btf_is_fwd(const struct btf_type *t)
{
	return btf_kind(t) == BTF_KIND_FWD;
}
static inline bool btf_is_func(const struct btf_type *t)
{
	return btf_kind(t) == BTF_KIND_FUNC;
}
static inline bool btf_is_var(const struct btf_type *t)
{
	return btf_kind(t) == BTF_KIND_VAR;
}
static inline bool btf_is_float(const struct btf_type *t)
{
	return btf_kind(t) == BTF_KIND_FLOAT;
}

static inline bool btf_is_struct_only(const struct btf_type *t)
{
	return btf_kind(t) == BTF_KIND_STRUCT;
}

/* struct or union, as the kernel's btf_type_is_struct() */
static inline bool btf_is_struct(const struct btf_type *t)
{
	return btf_kind(t) == BTF_KIND_STRUCT || btf_kind(t) == BTF_KIND_UNION;
}

/* 32-bit or 64-bit form */
static inline bool btf_is_any_enum(const struct btf_type *t)
{
	return btf_kind(t) == BTF_KIND_ENUM || btf_kind(t) == BTF_KIND_ENUM64;
}

static inline bool btf_is_typedef(const struct btf_type *t)
{
	return btf_kind(t) == BTF_KIND_TYPEDEF;
}

static inline bool btf_is_func_proto(const struct btf_type *t)
{
	return btf_kind(t) == BTF_KIND_FUNC_PROTO;
}

static inline bool btf_is_datasec(const struct btf_type *t)
{
	return btf_kind(t) == BTF_KIND_DATASEC;
}

static inline bool btf_is_decl_tag(const struct btf_type *t)
{
	return btf_kind(t) == BTF_KIND_DECL_TAG;
}

static inline bool btf_is_type_tag(const struct btf_type *t)
{
	return btf_kind(t) == BTF_KIND_TYPE_TAG;
}

/* typedef, volatile, const, restrict, type_tag: sized only by what they refer to */
static inline bool btf_is_modifier(const struct btf_type *t)
{
	const uint32_t mods = 1u << BTF_KIND_TYPEDEF | 1u << BTF_KIND_VOLATILE |
			      1u << BTF_KIND_CONST | 1u << BTF_KIND_RESTRICT |
			      1u << BTF_KIND_TYPE_TAG;

	return mods >> btf_kind(t) & 1;
}

/* t->size is meaningful */
static inline bool btf_has_size(const struct btf_type *t)
{
	const uint32_t sized = 1u << BTF_KIND_INT | 1u << BTF_KIND_STRUCT | 1u << BTF_KIND_UNION |
			       1u << BTF_KIND_ENUM | 1u << BTF_KIND_DATASEC | 1u << BTF_KIND_FLOAT |
			       1u << BTF_KIND_ENUM64;

	return sized >> btf_kind(t) & 1;
}
