/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A writer of BTF blobs: types are added one after another and get ids 1, 2, …; finish makes the
 * blob. It does not validate (btf_parse() does), so tests may build bad BTF with it.
 *
 * A failed allocation or a full section is remembered: later calls return 0 and btf_build_finish()
 * returns the error. Cost of a string: one hash lookup.
 */
#pragma once

#include <stdint.h>

#include "btf/format.h"

struct btf_build;

/* NULL when out of memory. */
struct btf_build *btf_build_new(void);
struct btf_build *btf_build_free(struct btf_build *b);

/* Offset of s in the string section; "" and NULL are 0. */
uint32_t btf_build_str(struct btf_build *b, const char *s);

/* All return the new type's id. Sizes in bytes unless said otherwise. */
uint32_t btf_build_int(struct btf_build *b, const char *name, uint32_t size, uint8_t encoding);
uint32_t btf_build_float(struct btf_build *b, const char *name, uint32_t size);
uint32_t btf_build_array(struct btf_build *b, uint32_t elem, uint32_t index, uint32_t nelems);
/* PTR, VOLATILE, CONST, RESTRICT (name NULL), TYPEDEF, TYPE_TAG */
uint32_t btf_build_ref(struct btf_build *b, uint32_t kind, const char *name, uint32_t type);
uint32_t btf_build_ptr(struct btf_build *b, uint32_t type);
uint32_t btf_build_fwd(struct btf_build *b, const char *name, bool is_union);
/* FUNC: linkage of enum btf_func_linkage */
uint32_t btf_build_func(struct btf_build *b, const char *name, uint32_t linkage, uint32_t proto);
uint32_t btf_build_var(struct btf_build *b, const char *name, uint32_t linkage, uint32_t type);
uint32_t btf_build_decl_tag(struct btf_build *b, const char *value, uint32_t type, int32_t idx);

/* Openers: what follows belongs to them until the next type is added. */
uint32_t btf_build_struct(struct btf_build *b, const char *name, uint32_t size);
uint32_t btf_build_union(struct btf_build *b, const char *name, uint32_t size);
uint32_t btf_build_enum(struct btf_build *b, const char *name, uint32_t size, bool is_signed);
uint32_t btf_build_enum64(struct btf_build *b, const char *name, uint32_t size, bool is_signed);
uint32_t btf_build_proto(struct btf_build *b, uint32_t ret);
uint32_t btf_build_datasec(struct btf_build *b, const char *name, uint32_t size);

/* bit_off from the start of the struct; bits 0: no bitfield. */
void btf_build_member(struct btf_build *b, const char *name, uint32_t type, uint32_t bit_off,
		      uint32_t bits);
void btf_build_value(struct btf_build *b, const char *name, int64_t value);
void btf_build_param(struct btf_build *b, const char *name, uint32_t type);
void btf_build_secinfo(struct btf_build *b, uint32_t var, uint32_t offset, uint32_t size);

/* The blob (caller frees with free()). 0, -ENOMEM or -E2BIG. b may be reused to add more. */
int btf_build_finish(const struct btf_build *b, void **blob, uint32_t *size);
