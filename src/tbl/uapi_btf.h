/* SPDX-License-Identifier: BSD-2-Clause */
/* BTF as it lies in memory and in .BTF.ext (kernel: uapi linux/btf.h; .BTF.ext is libbpf's). */
#pragma once

#include <stdint.h>

/* clang-format off */

#define BTF_MAGIC	0xeB9F
#define BTF_VERSION	1

struct btf_header {
	uint16_t magic;
	uint8_t version;
	uint8_t flags;
	uint32_t hdr_len;
	uint32_t type_off;
	uint32_t type_len;
	uint32_t str_off;
	uint32_t str_len;
};

/* largest type id, string offset, and number of members, values or parameters */
#define BTF_MAX_TYPE	0x000fffff
#define BTF_MAX_NAME_OFFSET	0x00ffffff
#define BTF_MAX_VLEN	0xffff

/* info: bits 0-15 vlen, 24-28 kind, 31 kind_flag */
struct btf_type {
	uint32_t name_off;
	uint32_t info;
	union {
		uint32_t size;
		uint32_t type;
	};
};

#define BTF_INFO_KIND(info)	(((info) >> 24) & 0x1f)
#define BTF_INFO_VLEN(info)	((info) & 0xffff)
#define BTF_INFO_KFLAG(info)	((info) >> 31)

enum {
	BTF_KIND_UNKN       = 0,
	BTF_KIND_INT        = 1,
	BTF_KIND_PTR        = 2,
	BTF_KIND_ARRAY      = 3,
	BTF_KIND_STRUCT     = 4,
	BTF_KIND_UNION      = 5,
	BTF_KIND_ENUM       = 6,
	BTF_KIND_FWD        = 7,
	BTF_KIND_TYPEDEF    = 8,
	BTF_KIND_VOLATILE   = 9,
	BTF_KIND_CONST      = 10,
	BTF_KIND_RESTRICT   = 11,
	BTF_KIND_FUNC       = 12,
	BTF_KIND_FUNC_PROTO = 13,
	BTF_KIND_VAR        = 14,
	BTF_KIND_DATASEC    = 15,
	BTF_KIND_FLOAT      = 16,
	BTF_KIND_DECL_TAG   = 17,
	BTF_KIND_TYPE_TAG   = 18,
	BTF_KIND_ENUM64     = 19,
	NR_BTF_KINDS        = 20,
	BTF_KIND_MAX        = 19,
};

/* BTF_KIND_INT is followed by one uint32_t */
#define BTF_INT_ENCODING(VAL)	(((VAL) & 0x0f000000) >> 24)
#define BTF_INT_OFFSET(VAL)	(((VAL) & 0x00ff0000) >> 16)
#define BTF_INT_BITS(VAL)	((VAL)  & 0x000000ff)
#define BTF_INT_SIGNED	(1 << 0)
#define BTF_INT_CHAR	(1 << 1)
#define BTF_INT_BOOL	(1 << 2)

struct btf_enum {
	uint32_t name_off;
	int32_t val;
};

struct btf_array {
	uint32_t type;
	uint32_t index_type;
	uint32_t nelems;
};

/* offset: bits, or with kind_flag bits 0-23 the offset and 24-31 the bit-field size */
struct btf_member {
	uint32_t name_off;
	uint32_t type;
	uint32_t offset;
};

#define BTF_MEMBER_BITFIELD_SIZE(val)	((val) >> 24)
#define BTF_MEMBER_BIT_OFFSET(val)	((val) & 0xffffff)

struct btf_param {
	uint32_t name_off;
	uint32_t type;
};

enum {
	BTF_VAR_STATIC           = 0,
	BTF_VAR_GLOBAL_ALLOCATED = 1,
	BTF_VAR_GLOBAL_EXTERN    = 2,
};

enum btf_func_linkage {
	BTF_FUNC_STATIC = 0,
	BTF_FUNC_GLOBAL = 1,
	BTF_FUNC_EXTERN = 2,
};

struct btf_var {
	uint32_t linkage;
};

struct btf_var_secinfo {
	uint32_t type;
	uint32_t offset;
	uint32_t size;
};

struct btf_decl_tag {
	int32_t component_idx;
};

struct btf_enum64 {
	uint32_t name_off;
	uint32_t val_lo32;
	uint32_t val_hi32;
};

struct btf_ext_info_sec {
	uint32_t sec_name_off;
	uint32_t num_info;
	uint8_t data[];
};

struct btf_ext_header {
	uint16_t magic;
	uint8_t version;
	uint8_t flags;
	uint32_t hdr_len;
	uint32_t func_info_off;
	uint32_t func_info_len;
	uint32_t line_info_off;
	uint32_t line_info_len;
	uint32_t core_relo_off;		/* absent in headers of 24 bytes */
	uint32_t core_relo_len;
};
