/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: every number and layout of tbl/uapi.h equals that of the system's <linux/bpf.h> and friends,
 * as far as those, which may be older, have it.
 *
 * Method: our declarations stand at file scope and their values are kept under names of their own;
 * the system's headers are then included inside a function, where what they declare hides ours. A
 * name that they do not know still means ours and compares equal; fields they do not know are left
 * out of the list (list_uapi.py --known-to). All is decided at compile time.
 */
#include <linux/types.h>
#include <stddef.h>
#include <stdio.h>

#include "tbl/uapi.h"

#define ENUM(tag)
#define STRUCT(kind, name)
#define FIELD(kind, name, field)
#define MACRO(name)    OUR_##name = (name),
#define CONSTANT(name) OUR_##name = (name),
enum ours {
#include "tables_constants.h"
#include "uapi_known_list.h"
};
#undef MACRO
#undef CONSTANT
#undef STRUCT
#undef FIELD

/* A struct with our layout under a name the system's headers do not use. */
#define MACRO(name)
#define CONSTANT(name)
#define STRUCT(kind, name) typedef kind name our_##name;
#define FIELD(kind, name, field)
#include "uapi_known_list.h"
#undef MACRO
#undef CONSTANT
#undef STRUCT
#undef FIELD

#pragma GCC diagnostic ignored "-Wshadow"

int main(void)
{
#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>
#include <linux/btf.h>
#include <linux/pkt_cls.h>

	int compared = 0;
	int hidden = 0;

#define SAME(a, b, what) _Static_assert((a) == (b), what " differs from the system's header")
#define MACRO(name)                                                                                \
	SAME((long long)OUR_##name, (long long)(name), #name);                                     \
	compared++;
#define CONSTANT(name)                                                                             \
	SAME((long long)OUR_##name, (long long)(name), #name);                                     \
	compared++;
#define STRUCT(kind, name)                                                                         \
	_Static_assert(sizeof(our_##name) >= sizeof(kind name),                                    \
		       #name " is shorter than the system's");                                     \
	hidden += !__builtin_types_compatible_p(our_##name, kind name);
#define FIELD(kind, name, field)                                                                   \
	SAME(offsetof(our_##name, field), offsetof(kind name, field), #name "." #field);           \
	compared++;
#include "tables_constants.h"
#include "uapi_known_list.h"

	printf("%d numbers and fields compared, %d structs\n", compared, hidden);
	/* 6.1, the oldest headers supported, have this many. */
	return compared >= 1300 && hidden >= 50 ? 0 : 1;
}
