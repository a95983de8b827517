/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values as text: bytes of a given type, as the kernel's bpf_snprintf_btf() and map dumps print
 * them, or as JSON.
 *
 * The bytes are anybody's: nothing behind their end is read, and a value may take no more than
 * BTF_SHOW_STEPS_MAX steps or BTF_SHOW_DEPTH_MAX levels.
 */
#pragma once

#include <stdint.h>

#include "base/strbuf.h"
#include "btf/btf.h"

#define BTF_SHOW_DEPTH_MAX 64
#define BTF_SHOW_STEPS_MAX (1u << 20)

/* Flags are BTF_F_COMPACT, BTF_F_NONAME, BTF_F_PTR_RAW, BTF_F_ZERO of tbl/uapi.h. */
struct btf_value {
	const struct btf *btf;
	uint32_t type_id;
	const void *data;
	uint32_t size; /* bytes of data */
};

/* Append v's text. Pointers are printed raw whatever BTF_F_PTR_RAW says: they are the host's own.
 * 0; -EINVAL: the type has no size; -EFAULT: more bytes than size; -E2BIG: a limit; -ENOMEM. */
int btf_show_text(struct strbuf *sb, const struct btf_value *v, uint64_t flags);

/*
 * Append v as one JSON value: integers as numbers (128 bits: a hex string), bool as true and
 * false, enumerators by name, pointers as hex strings, printable char arrays as strings, anonymous
 * members as members of their parent. Errors as above.
 */
int btf_show_json(struct strbuf *sb, const struct btf_value *v);
