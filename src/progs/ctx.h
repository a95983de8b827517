/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contexts as tables of fields: what a program may load and store at which offset, and where the
 * bytes really are. One table per context struct; one bit per group of program types says who may
 * read or write a field.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "object/prog.h"

/* How a field may be accessed. */
enum ctx_kind {
	CTX_NUMBER,  /* whole, or narrower loads inside it */
	CTX_WHOLE,   /* its full width only */
	CTX_BYTES,   /* any aligned width inside it (cb) */
	CTX_POINTER, /* its full width only, never sign-extended: reg_type */
};

/* How a load or store reaches the real bytes. */
enum ctx_path {
	CTX_DIRECT,  /* real_bytes at real_off of the real struct */
	CTX_VIA,     /* through the pointer at via_off, not NULL */
	CTX_VIA_OR_NULL, /* the same; reads 0 when the pointer is NULL */
	CTX_ZERO,    /* reads 0 */
	CTX_FLAG,    /* one real byte, shown as four */
	CTX_PKT_TYPE,
	CTX_QUEUE_MAPPING, /* stores of NO_QUEUE_MAPPING and above are dropped */
	CTX_PORT,    /* 16 bits shown in the upper half */
};

struct ctx_field {
	uint16_t off;         /* as programs see it */
	uint16_t bytes;       /* of the whole field or array */
	uint8_t unit;         /* bytes of one element: the width of a full access */
	uint8_t kind;         /* enum ctx_kind */
	uint8_t path;         /* enum ctx_path */
	uint8_t real_bytes;   /* width of the real load: *target_size of convert_ctx_access */
	uint16_t real_off;
	uint16_t via_off;
	uint32_t reg_type;    /* CTX_POINTER */
	uint32_t readers;     /* bits the table's owner defines */
	uint32_t writers;
};

struct ctx_table {
	const struct ctx_field *fields;
	uint32_t n_fields;
	uint32_t bytes; /* of the struct as programs see it */
};

/* is_valid_access() and convert_ctx_access() by table, for the types whose bit is @who. */
bool ctx_is_valid_access(const struct ctx_table *table, uint32_t who, int off, int size,
			 enum bpf_access_type type, struct insn_access *info);
uint32_t ctx_convert_access(const struct ctx_table *table, enum bpf_access_type type,
			    const struct bpf_insn *si, struct bpf_insn *out,
			    uint32_t *target_size);
