/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to btf/: what one validation carries, and how it speaks.
 *
 * Two phases, as in the kernel: every record is checked by itself (meta), then references are
 * resolved. A message about a member repeats its struct in the second phase only, because the
 * first one has just printed it.
 */
#pragma once

#include "base/macros.h"
#include "btf/btf.h"

#ifndef ENOTSUPP
#define ENOTSUPP 524 /* the kernel's own; user space sees the number */
#endif

#define BITS_PER_U128 ((size_t)128)

enum btf_phase {
	BTF_CHECK_META,
	BTF_CHECK_TYPE
};
enum btf_visit {
	BTF_NOT_VISITED,
	BTF_VISITED,
	BTF_RESOLVED
};
enum btf_resolve_mode {
	BTF_RESOLVE_TBD,
	BTF_RESOLVE_PTR,
	BTF_RESOLVE_STRUCT_OR_ARRAY
};

struct btf_vertex {
	const struct btf_type *t;
	uint32_t type_id;
	uint16_t next_member;
};

struct btf_env {
	struct btf *btf;
	const struct btf *base; /* where kptr pointees are looked for; may be NULL */
	const struct btf_log *log;
	struct btf_header hdr;
	const uint8_t *nohdr; /* what section offsets count from */
	uint32_t types_cap;
	uint32_t log_type_id;
	enum btf_phase phase;

	uint8_t *visit;
	struct btf_vertex stack[BTF_MAX_RESOLVE_DEPTH];
	uint32_t top;
	enum btf_resolve_mode mode;
};

static inline uint32_t bits_down_bytes(uint32_t bits)
{
	return bits >> 3;
}

static inline uint32_t bits_up_bytes(uint32_t bits)
{
	return (bits >> 3) + !!(bits & 7);
}

static inline bool btf_type_id_valid(uint32_t id)
{
	return id <= BTF_MAX_TYPE;
}

/* log.c: say it; the reject forms return err. fmt NULL: the dump line alone. */
bool btf_log_on(const struct btf_env *env);
void btf_say(struct btf_env *env, const char *fmt, ...) __printf_like(2, 3);
int btf_reject(struct btf_env *env, int err, const char *fmt, ...) __printf_like(3, 4);
int btf_reject_type(struct btf_env *env, const struct btf_type *t, int err, const char *fmt, ...)
	__printf_like(4, 5);
int btf_reject_basic(struct btf_env *env, const struct btf_type *t, int err, const char *fmt, ...)
	__printf_like(4, 5);
int btf_reject_member(struct btf_env *env, const struct btf_type *s, const struct btf_member *m,
		      int err, const char *fmt, ...) __printf_like(5, 6);
int btf_reject_vsi(struct btf_env *env, const struct btf_type *sec,
		   const struct btf_var_secinfo *vsi, int err, const char *fmt, ...)
	__printf_like(5, 6);
void btf_dump_type(struct btf_env *env, const struct btf_type *t);
void btf_dump_member(struct btf_env *env, const struct btf_type *s, const struct btf_member *m);
void btf_dump_vsi(struct btf_env *env, const struct btf_type *sec,
		  const struct btf_var_secinfo *vsi);

/* btf.c: names. Both want a valid offset; the first asks for one. */
bool btf_name_offset_valid(const struct btf *btf, uint32_t off);
bool btf_name_is_identifier(const struct btf *btf, uint32_t off);
bool btf_name_is_section(const struct btf *btf, uint32_t off);

/* check_meta.c: the bytes that follow t's record (meta_left are there), or -errno. */
int64_t btf_check_meta(struct btf_env *env, const struct btf_type *t, uint32_t meta_left);

/* check_member.c: member m of s, whose type is mt; dispatches on kind and on s's kind_flag. */
int btf_check_member(struct btf_env *env, const struct btf_type *s, const struct btf_member *m,
		     const struct btf_type *mt);

/* resolve.c: the second phase; then the order of type tags. */
int btf_check_all_types(struct btf_env *env);
int btf_check_type_tags(struct btf_env *env);
bool btf_type_nosize_or_null(const struct btf_type *t);
bool btf_is_source_only(const struct btf_type *t);

/* fields.c: the records of all structs with special fields. */
int btf_parse_struct_metas(struct btf *btf, const struct btf *base);
struct btf_struct_metas *btf_struct_metas_free(struct btf_struct_metas *tab);

/* find.c */
struct btf_names *btf_names_free(struct btf_names *names);
