/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct btf: a validated graph of C types over a private copy of one BTF blob.
 *
 * btf_parse() accepts and rejects what BPF_BTF_LOAD does (kernel/bpf/btf.c at Linux 6.18): same
 * errno, same log text. Afterwards the object never changes, so any number of threads may read it;
 * the name index is built on the first lookup by name and published once.
 *
 * Type id 0 is void. An id taken from a validated program BTF is in range everywhere but in
 * arguments given from outside; btf_type_by_id() checks always and returns NULL. A base BTF
 * ("vmlinux") is checked as the kernel checks its own: records, names and references are valid,
 * sizes and loops were not resolved; the functions below bound their walks.
 *
 * Identity (ids, fds, reference counts) belongs to object/, not here. Split BTF is not supported.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "btf/format.h"

struct btf_names;
struct btf_struct_metas;

/* Where validation messages go. level: bpf_attr.btf_log_level; 0 or vlog NULL: nowhere. */
struct btf_log {
	uint32_t level;
	void (*vlog)(void *cookie, const char *fmt, va_list args);
	void *cookie;
};

/* Read only outside this room. */
struct btf {
	const uint8_t *data; /* the blob as given, byte for byte */
	uint32_t data_size;
	uint32_t nr_types; /* ids 0 .. nr_types - 1, void included */
	const struct btf_type **types;
	const char *strings;
	uint32_t str_len;
	bool is_base;

	uint32_t *resolved_ids; /* NULL in a base BTF */
	uint32_t *resolved_sizes;
	struct btf_struct_metas *metas; /* structs with special fields, or NULL */
	struct btf_names *names;	/* lazily built; atomic */
	void *alloc;			/* what data lies in */
};

/*
 * Copy and validate size bytes. base (may be NULL) is where kptr targets are looked for.
 * 0 and *out, or: -E2BIG (size above BTF_MAX_SIZE, too many types, too deep), -EINVAL, -ENOTSUPP
 * (524), -EEXIST (loop, overlapping special fields), -ELOOP, -ENOENT, -ENOMEM.
 */
int btf_parse(const void *data, uint32_t size, const struct btf *base, const struct btf_log *log,
	      struct btf **out);

/* As btf_parse(), with the lighter checks of a kernel's own BTF: the type graph is not resolved. */
int btf_parse_base(const void *data, uint32_t size, const struct btf_log *log, struct btf **out);

/* Read path (NULL: /sys/kernel/btf/vmlinux) and parse it as base. -errno of open or read too. */
int btf_load_base(const char *path, struct btf **out);

/* Free; NULL is fine. Returns NULL. */
struct btf *btf_free(struct btf *btf);

/* ---- types and names ---- */

/* NULL when id is out of range. Id 0 gives a record of kind UNKN (void). */
const struct btf_type *btf_type_by_id(const struct btf *btf, uint32_t id);

/* The string at off; NULL when off is outside the string section. "" at 0. */
const char *btf_name_by_offset(const struct btf *btf, uint32_t off);

/* The same for messages: "(anon)" at 0, "(invalid-name-offset)" outside. Never NULL. */
const char *btf_name_or_anon(const struct btf *btf, uint32_t off);

/* "INT", "PTR", …: the kernel's names of kinds. */
const char *btf_kind_str(const struct btf_type *t);

/* The lowest id of this name and kind, or -ENOENT. */
int32_t btf_find_by_name_kind(const struct btf *btf, const char *name, uint32_t kind);

/* Follow typedef, const, volatile, restrict, type_tag; *res_id (may be NULL) is where it ended.
 * NULL when id is out of range or the chain is longer than any accepted one. */
const struct btf_type *btf_skip_modifiers(const struct btf *btf, uint32_t id, uint32_t *res_id);

/* The same, but stops at a typedef. */
const struct btf_type *btf_skip_qualifiers(const struct btf *btf, uint32_t id, uint32_t *res_id);

/* What pointer id (modifiers skipped before and after) points to; NULL when it is no pointer. */
const struct btf_type *btf_resolve_ptr(const struct btf *btf, uint32_t id, uint32_t *res_id);

/* The same, when it is a function prototype. */
const struct btf_type *btf_resolve_func_ptr(const struct btf *btf, uint32_t id, uint32_t *res_id);

/*
 * The sized type *id stands for (modifiers and VAR skipped), its id in *id and its bytes in *size
 * (may be NULL). NULL, with *id and *size untouched, when the type has no size.
 * Kernel: btf_type_id_size().
 */
const struct btf_type *btf_type_id_size(const struct btf *btf, uint32_t *id, uint32_t *size);

/*
 * Size of a type, arrays flattened: elem (may be NULL) gets the innermost element type, nelems
 * (may be NULL) the number of them. NULL when there is no size or it overflows 32 bits.
 * Kernel: __btf_resolve_size().
 */
const struct btf_type *btf_resolve_size(const struct btf *btf, const struct btf_type *t,
					uint32_t *size, const struct btf_type **elem,
					uint32_t *nelems);

/* ---- members, integers, functions ---- */

/* The member called name, or NULL. Does not look into anonymous members. */
const struct btf_member *btf_find_member(const struct btf *btf, const struct btf_type *s,
					 const char *name);

/*
 * The member called name of s, looking into anonymous structs and unions (bounded depth).
 * *bit_off: from the start of s. *type_id: the member's type. 0, or -ENOENT.
 */
int btf_find_member_deep(const struct btf *btf, const struct btf_type *s, const char *name,
			 uint32_t *bit_off, uint32_t *type_id);

/* A byte-sized power of two, no bit offset: u8 … u64 or __int128. t is an INT. */
bool btf_int_is_regular(const struct btf_type *t);

/* m is a regular int at expected_off (bytes) of expected_size (bytes). */
bool btf_member_is_reg_int(const struct btf *btf, const struct btf_type *s,
			   const struct btf_member *m, uint32_t expected_off,
			   uint32_t expected_size);

/* The FUNC_PROTO of FUNC id; NULL when id is no FUNC. */
const struct btf_type *btf_func_proto(const struct btf *btf, uint32_t func_id);

/* ---- declaration tags ---- */

/*
 * The next DECL_TAG after last_id on type target_id, component comp_idx (-1: the type itself),
 * whose text begins with key. Id, or -ENOENT. Cost: one walk of the types.
 */
int32_t btf_find_next_decl_tag(const struct btf *btf, uint32_t target_id, int comp_idx,
			       const char *key, uint32_t last_id);

/* *value: the text after key of the only such tag. 0, -ENOENT, or -EEXIST when there are two. */
int btf_find_decl_tag_value(const struct btf *btf, uint32_t target_id, int comp_idx,
			    const char *key, const char **value);

/* ---- maps ---- */

/* attr's view of a map's key and value. */
struct btf_map_types {
	uint32_t key_id;     /* 0: no key type; for maps that check their BTF themselves */
	uint32_t key_size;   /* bytes */
	uint32_t value_id;   /* out: what it resolved to */
	uint32_t value_size; /* bytes */
};

/* The sized types of key (void when key_id is 0) and value, as map_check_btf() gets them. 0, or
 * -EINVAL where there is no size or it is another one. */
int btf_map_resolve(const struct btf *btf, struct btf_map_types *m, const struct btf_type **key,
		    const struct btf_type **value);

/* array_map_check_btf(): key is a 32-bit INT with no bit offset; a void key goes with a DATASEC
 * value and one entry only. is_plain_array: BPF_MAP_TYPE_ARRAY, which alone may have a void key.
 * 0 or -EINVAL. */
int btf_array_map_check(bool is_plain_array, uint32_t max_entries, const struct btf_type *key,
			const struct btf_type *value);

/* Special fields (bpf_spin_lock, bpf_timer, …): btf/fields.h. */
