/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: every number and layout of tbl/uapi.h equals the running kernel's, which names and places
 * them in its BTF; and our enums and structs miss nothing the kernel's have.
 *
 * Method: lists made from our headers (list_uapi.py) and tables become arrays of what our compiler
 * says; libbpf's BTF reader says what the kernel has. Written for Linux 6.18: on another release new
 * names may be missing there, so the test is skipped, saying so. uapi_btf.h is not here: libbpf's
 * reader brings the system's own; test_system_header.c compares it.
 */
#include <bpf/btf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "tbl/uapi_arg.h"
#include "tbl/uapi_attr.h"
#include "tbl/uapi_ctx.h"
#include "tbl/uapi_flags.h"
#include "tbl/uapi_func.h"
#include "tbl/uapi_info.h"
#include "tbl/uapi_insn.h"
#include "tbl/uapi_types.h"

#define VMLINUX "/sys/kernel/btf/vmlinux"
#define SKIP	77

struct constant {
	const char *name;
	long long value;
};

struct record {
	const char *name;
	uint32_t size;
};

struct field {
	const char *record;
	const char *path;
	uint32_t offset;
	uint32_t size;
};

#define ENUM(tag)
#define MACRO(name)
#define CONSTANT(name) { #name, (long long)(name) },
#define STRUCT(kind, name)
#define FIELD(kind, name, field)
static const struct constant constants[] = {
#include "tables_constants.h"
#include "uapi_kernel_list.h"
};
#undef CONSTANT
#undef STRUCT
#undef FIELD

#define CONSTANT(name)
#define STRUCT(kind, name) { #name, sizeof(kind name) },
#define FIELD(kind, name, field)
static const struct record records[] = {
#include "uapi_kernel_list.h"
};
#undef STRUCT
#undef FIELD

#define STRUCT(kind, name)
#define FIELD(kind, name, field)                                                                   \
	{ #name, #field, offsetof(kind name, field), sizeof(((kind name *)0)->field) },
static const struct field fields[] = {
#include "uapi_kernel_list.h"
};
#undef STRUCT
#undef FIELD

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* Every enumerator of the kernel, sorted by name; a name may stand more than once. */
struct index {
	struct constant *at;
	size_t count;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct constant *)a)->name, ((const struct constant *)b)->name);
}

static void index_add(struct index *index, const char *name, long long value)
{
	if (index->count % 4096 == 0) {
		index->at = realloc(index->at, (index->count + 4096) * sizeof(*index->at));
		if (!index->at)
			abort();
	}
	index->at[index->count++] = (struct constant){ name, value };
}

static struct index index_of(const struct btf *btf)
{
	struct index index = { 0 };

	for (uint32_t id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const struct btf_enum64 *wide = (const void *)(t + 1);

		for (int i = 0; btf_is_enum(t) && i < btf_vlen(t); i++) {
			int32_t v = btf_enum(t)[i].val;

			index_add(&index, btf__name_by_offset(btf, btf_enum(t)[i].name_off),
				  btf_kflag(t) ? (long long)v : (long long)(uint32_t)v);
		}
		for (int i = 0; btf_kind(t) == BTF_KIND_ENUM64 && i < btf_vlen(t); i++)
			index_add(&index, btf__name_by_offset(btf, wide[i].name_off),
				  (long long)((uint64_t)wide[i].val_hi32 << 32 | wide[i].val_lo32));
	}
	qsort(index.at, index.count, sizeof(*index.at), by_name);
	return index;
}

static int check_constant(const struct index *index, const struct constant *ours)
{
	const struct constant *hit = bsearch(ours, index->at, index->count, sizeof(*ours), by_name);

	if (!hit) {
		printf("%s: not in the kernel's BTF\n", ours->name);
		return 1;
	}
	while (hit > index->at && strcmp(hit[-1].name, ours->name) == 0)
		hit--;
	for (; hit < index->at + index->count && strcmp(hit->name, ours->name) == 0; hit++)
		if (hit->value == ours->value)
			return 0;
	printf("%s: ours is %lld, the kernel's is not\n", ours->name, ours->value);
	return 1;
}

static const struct btf_type *resolve(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (btf_is_mod(t) || btf_is_typedef(t))
		t = btf__type_by_id(btf, t->type);
	return t;
}

/* Finds the member called name of length len, looking into anonymous ones; bits from the start of t. */
static const struct btf_member *find_member(const struct btf *btf, const struct btf_type *t,
					    const char *name, size_t len, uint32_t *bits)
{
	for (int i = 0; i < btf_vlen(t); i++) {
		const struct btf_member *m = &btf_members(t)[i], *inner;
		const char *have = btf__name_by_offset(btf, m->name_off);
		const struct btf_type *mt = resolve(btf, m->type);
		uint32_t inside = 0;

		if (*have && strlen(have) == len && memcmp(have, name, len) == 0) {
			*bits = btf_member_bit_offset(t, i);
			return m;
		}
		if (*have || !btf_is_composite(mt))
			continue;
		inner = find_member(btf, mt, name, len, &inside);
		if (inner) {
			*bits = btf_member_bit_offset(t, i) + inside;
			return inner;
		}
	}
	return NULL;
}

/* The kernel's has cs and ss as unions with views of its own: their sizes and number differ. */
static bool is_pt_regs(const char *record)
{
	return strcmp(record, "bpf_user_pt_regs") == 0;
}

static const struct btf_type *find_record(const struct btf *btf, const char *name)
{
	int id;

	if (is_pt_regs(name))
		name = "pt_regs";
	id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);
	if (id < 0)
		id = btf__find_by_name_kind(btf, name, BTF_KIND_UNION);
	return id < 0 ? NULL : btf__type_by_id(btf, id);
}

static int check_record(const struct btf *btf, const struct record *ours)
{
	const struct btf_type *t = find_record(btf, ours->name);

	if (t && t->size == ours->size)
		return 0;
	printf("%s: ours has %u bytes, the kernel's %d\n", ours->name, ours->size,
	       t ? (int)t->size : -1);
	return 1;
}

static int check_field(const struct btf *btf, const struct field *ours)
{
	const struct btf_type *t = find_record(btf, ours->record);
	const char *path = ours->path;
	uint32_t bits = 0, total = 0, size = 0;

	while (t && *path) {
		size_t len = strcspn(path, ".");
		const struct btf_member *m = find_member(btf, t, path, len, &bits);

		t = m ? resolve(btf, m->type) : NULL;
		size = m ? (uint32_t)btf__resolve_size(btf, m->type) : 0;
		total += bits;
		path += len + (path[len] == '.');
	}
	if (t && total == ours->offset * 8 && (size == ours->size || is_pt_regs(ours->record)))
		return 0;
	printf("%s.%s: ours is at %u of %u bytes, the kernel's at %d of %u\n", ours->record,
	       ours->path, ours->offset, ours->size, t ? (int)total / 8 : -1, size);
	return 1;
}

/* Counts named members, as list_uapi.py lists them: nested ones too, bit-fields not. */
static uint32_t count_fields(const struct btf *btf, const struct btf_type *t)
{
	uint32_t count = 0;

	for (int i = 0; i < btf_vlen(t); i++) {
		const struct btf_member *m = &btf_members(t)[i];
		const struct btf_type *mt = btf__type_by_id(btf, m->type);
		bool named = *btf__name_by_offset(btf, m->name_off);

		if (named && btf_member_bitfield_size(t, i) == 0)
			count++;
		if (btf_is_composite(mt) && !*btf__name_by_offset(btf, mt->name_off))
			count += count_fields(btf, mt);
	}
	return count;
}

static int check_complete(const struct btf *btf, const struct record *ours)
{
	const struct btf_type *t = find_record(btf, ours->name);
	uint32_t have = t ? count_fields(btf, t) : 0;
	uint32_t listed = 0;

	for (size_t i = 0; i < N(fields); i++)
		listed += strcmp(fields[i].record, ours->name) == 0;
	if (listed == have || is_pt_regs(ours->name))
		return 0;
	printf("%s: ours has %u fields, the kernel's %u\n", ours->name, listed, have);
	return 1;
}

/* The kernel's enum called tag has no enumerator that ours lacks. */
static int check_enum(const struct btf *btf, const char *tag)
{
	int id = btf__find_by_name_kind(btf, tag, BTF_KIND_ENUM);
	const struct btf_type *t = id < 0 ? NULL : btf__type_by_id(btf, id);
	int failed = !t;

	for (int i = 0; t && i < btf_vlen(t); i++) {
		const char *name = btf__name_by_offset(btf, btf_enum(t)[i].name_off);
		size_t at = 0;

		while (at < N(constants) && strcmp(constants[at].name, name) != 0)
			at++;
		if (at == N(constants)) {
			printf("enum %s: %s is not in ours\n", tag, name);
			failed = 1;
		}
	}
	if (!t)
		printf("enum %s: not in the kernel's BTF\n", tag);
	return failed;
}

static int check_all(const struct btf *btf)
{
	struct index index = index_of(btf);
	int failed = 0;

	for (size_t i = 0; i < N(constants); i++)
		failed += check_constant(&index, &constants[i]);
	for (size_t i = 0; i < N(records); i++)
		failed += check_record(btf, &records[i]) + check_complete(btf, &records[i]);
	for (size_t i = 0; i < N(fields); i++)
		failed += check_field(btf, &fields[i]);
#undef ENUM
#undef CONSTANT
#define ENUM(tag) failed += check_enum(btf, #tag);
#define CONSTANT(name)
#define STRUCT(kind, name)
#define FIELD(kind, name, field)
#include "uapi_kernel_list.h"
	free(index.at);
	printf("%zu constants, %zu structs, %zu fields compared, %d differ\n", N(constants),
	       N(records), N(fields), failed);
	return failed;
}

int main(void)
{
	struct utsname host;
	struct btf *btf;
	int failed;

	if (uname(&host) != 0 || strncmp(host.release, "6.18.", 5) != 0) {
		printf("SKIP: the numbers are Linux 6.18's, this is %s\n", host.release);
		return SKIP;
	}
	btf = btf__parse(VMLINUX, NULL);
	if (!btf) {
		printf("SKIP: cannot read " VMLINUX ", this kernel shows no BTF\n");
		return SKIP;
	}
	failed = check_all(btf);
	btf__free(btf);
	return failed != 0 || N(constants) < 600 || N(fields) < 650;
}
