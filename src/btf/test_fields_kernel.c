/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: values with special fields are taken and refused by the map types that take and refuse them
 * in the running kernel. Method: every kind of field, alone and with others, in every map type with
 * plain keys; BPF_MAP_CREATE is the other side. SKIP (77) where bpf(2) is not allowed.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macros.h"
#include "btf/btf.h"
#include "btf/build.h"
#include "btf/fields.h"
#include "tbl/uapi.h"

#define SKIP_EXIT 77
#define VALUE_BYTES 64

static struct btf *vmlinux;

static const struct {
	const char *name;
	uint32_t size;
} kinds[] = {
	{ "bpf_spin_lock", 4 },	 { "bpf_res_spin_lock", 4 }, { "bpf_timer", 16 },
	{ "bpf_wq", 16 },	 { "bpf_task_work", 8 },     { "bpf_list_head", 16 },
	{ "bpf_rb_root", 16 },	 { "bpf_refcount", 4 },	     { "kptr_untrusted", 8 },
	{ "percpu_kptr", 8 },	 { "uptr", 8 },		     { "bpf_dynptr", 16 },
};

static int bpf(int cmd, union bpf_attr *attr)
{
	int ret = (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return ret < 0 ? -errno : ret;
}

/* The type of a field of kinds[k]. */
static uint32_t field_type(struct btf_build *b, size_t k)
{
	uint32_t id;

	if (!strncmp(kinds[k].name, "bpf_", 4))
		return btf_build_struct(b, kinds[k].name, kinds[k].size);
	id = btf_build_struct(b, "mine", 8);
	id = btf_build_ref(b, BTF_KIND_TYPE_TAG, kinds[k].name, id);
	return btf_build_ptr(b, id);
}

/* Keys are type 1, *value a struct with the fields of which mask has the bits. */
static void make_blob(uint32_t mask, uint32_t *value, void **blob, uint32_t *size)
{
	struct btf_build *b = btf_build_new();
	uint32_t types[ARRAY_SIZE(kinds)], off = 0, n = 0, list, tree;
	size_t k;

	btf_build_int(b, "int", 4, BTF_INT_SIGNED);
	list = btf_build_struct(b, "bpf_list_node", 24);
	tree = btf_build_struct(b, "bpf_rb_node", 32);
	btf_build_struct(b, "node", 56);
	btf_build_member(b, "l", list, 0, 0);
	btf_build_struct(b, "leaf", 32);
	btf_build_member(b, "r", tree, 0, 0);
	for (k = 0; k < ARRAY_SIZE(kinds); k++)
		types[k] = mask >> k & 1 ? field_type(b, k) : 0;
	*value = btf_build_struct(b, "value", VALUE_BYTES);
	for (k = 0; k < ARRAY_SIZE(kinds); k++) {
		if (!types[k])
			continue;
		off = (off + 7) / 8 * 8;
		btf_build_member(b, kinds[k].name, types[k], off * 8, 0);
		off += kinds[k].size;
	}
	for (k = 0; k < ARRAY_SIZE(kinds); k++) {
		if (!types[k])
			continue;
		if (!strcmp(kinds[k].name, "bpf_list_head"))
			btf_build_decl_tag(b, "contains:node:l", *value, (int32_t)n);
		if (!strcmp(kinds[k].name, "bpf_rb_root"))
			btf_build_decl_tag(b, "contains:leaf:r", *value, (int32_t)n);
		n++;
	}
	assert_int_equal(btf_build_finish(b, blob, size), 0);
	btf_build_free(b);
}

static int kernel_create(int btf_fd, uint32_t map_type, uint32_t value)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = map_type;
	attr.key_size = 4;
	attr.value_size = VALUE_BYTES;
	attr.max_entries = 2;
	attr.btf_fd = (uint32_t)btf_fd;
	attr.btf_key_type_id = 1;
	attr.btf_value_type_id = value;
	if (map_type == BPF_MAP_TYPE_SK_STORAGE || map_type == BPF_MAP_TYPE_TASK_STORAGE ||
	    map_type == BPF_MAP_TYPE_INODE_STORAGE || map_type == BPF_MAP_TYPE_CGRP_STORAGE) {
		attr.map_flags = BPF_F_NO_PREALLOC;
		attr.max_entries = 0;
	}
	fd = bpf(BPF_MAP_CREATE, &attr);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static int our_create(const struct btf *btf, uint32_t map_type, uint32_t value)
{
	struct btf_map_types m = { 1, 4, value, VALUE_BYTES };
	const struct btf_type *kt, *vt;
	struct btf_record *rec = NULL;
	int err = btf_map_resolve(btf, &m, &kt, &vt);

	if (err)
		return err;
	if (btf_parse_fields(btf, vmlinux, m.value_id, BTF_MAP_VALUE_FIELDS, VALUE_BYTES, &rec))
		return 0; /* no record, but a map */
	err = btf_record_check_map(rec, map_type);
	if (!err)
		err = btf_fixup_fields(btf, rec);
	btf_record_free(rec);
	return err;
}

/* How many map types took the value; all types agree. */
static unsigned compare(uint32_t mask)
{
	static const uint32_t types[] = {
		BPF_MAP_TYPE_HASH,	      BPF_MAP_TYPE_ARRAY,	 BPF_MAP_TYPE_PERCPU_HASH,
		BPF_MAP_TYPE_PERCPU_ARRAY,    BPF_MAP_TYPE_LRU_HASH,	 BPF_MAP_TYPE_LRU_PERCPU_HASH,
		BPF_MAP_TYPE_SK_STORAGE,      BPF_MAP_TYPE_TASK_STORAGE, BPF_MAP_TYPE_CGRP_STORAGE,
		BPF_MAP_TYPE_INODE_STORAGE,
	};
	unsigned n_taken = 0;
	union bpf_attr attr;
	struct btf *btf = NULL;
	uint32_t value, size;
	int btf_fd, ours;
	void *blob;
	size_t i;

	make_blob(mask, &value, &blob, &size);
	memset(&attr, 0, sizeof(attr));
	attr.btf = (uint64_t)(uintptr_t)blob;
	attr.btf_size = size;
	btf_fd = bpf(BPF_BTF_LOAD, &attr);
	ours = btf_parse(blob, size, vmlinux, NULL, &btf);
	assert_int_equal(MIN(btf_fd, 0), ours);
	free(blob);
	for (i = 0; !ours && i < ARRAY_SIZE(types); i++) {
		int kernel = kernel_create(btf_fd, types[i], value);
		int mine = our_create(btf, types[i], value);

		if (kernel == -EINVAL && kernel != mine && types[i] == BPF_MAP_TYPE_INODE_STORAGE)
			continue; /* a kernel without BPF LSM has no such map */
		if (kernel != mine)
			fail_msg("fields %x in map type %u: kernel %d, ours %d", mask, types[i],
				 kernel, mine);
		n_taken += !kernel;
	}
	if (btf_fd >= 0)
		close(btf_fd);
	btf_free(btf);
	return n_taken;
}

static void every_field_alone_agrees(void **state)
{
	uint32_t k, n = compare(0);

	assert_true(n >= 9);
	for (k = 0; k < ARRAY_SIZE(kinds); k++)
		n += compare(1u << k);
	assert_true(n > 40);
}

static void pairs_and_triples_agree(void **state)
{
	uint32_t a, b;

	for (a = 0; a < ARRAY_SIZE(kinds); a++) {
		for (b = 0; b < a; b++) {
			compare(1u << a | 1u << b);
			compare(1u << a | 1u << b | 1u);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_alone_agrees),
		cmocka_unit_test(pairs_and_triples_agree),
	};
	union bpf_attr attr;
	int ret;

	memset(&attr, 0, sizeof(attr));
	if (bpf(BPF_BTF_LOAD, &attr) == -EPERM || btf_load_base(NULL, &vmlinux)) {
		printf("SKIP: bpf(2) is not allowed here, or there is no BTF\n");
		return SKIP_EXIT;
	}
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	btf_free(vmlinux);
	return ret;
}
