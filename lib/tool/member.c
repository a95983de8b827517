/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/member.h"

#include <errno.h>
#include <string.h>

#include <bpf/btf.h>

/* The byte offset of a member, also one inside unnamed structs. 0, or -ENOENT. */
static int offset_in(const struct btf *btf, __u32 type_id, const char *name, uint32_t base,
		     uint32_t *offset)
{
	const struct btf_type *type = btf__type_by_id(btf, type_id);
	const struct btf_member *member;

	if (!type || !btf_is_composite(type))
		return -ENOENT;
	member = btf_members(type);
	for (int i = 0; i < btf_vlen(type); i++, member++) {
		uint32_t at = base + btf_member_bit_offset(type, (__u32)i) / 8;

		if (member->name_off) {
			if (strcmp(btf__name_by_offset(btf, member->name_off), name))
				continue;
			*offset = at;
			return 0;
		}
		if (offset_in(btf, member->type, name, at, offset) == 0)
			return 0;
	}
	return -ENOENT;
}

int member_offset(const struct btf *btf, const char *type, const char *member, uint32_t *offset)
{
	__s32 id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);

	return id < 0 ? -ENOENT : offset_in(btf, (__u32)id, member, 0, offset);
}
