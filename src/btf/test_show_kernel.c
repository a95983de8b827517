/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: btf_show_text() prints what bpf_snprintf_btf() prints. Method: a raw tracepoint program
 * calls the helper on bytes in its map, for types of the running kernel chosen from a seed; the
 * same bytes go through ours. Left out: values with enums that are not 4 bytes wide, of which the
 * kernel reads more bytes than there are. SKIP (77) where bpf(2) is not allowed.
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
#include "base/strbuf.h"
#include "btf/btf.h"
#include "btf/show.h"
#include "tbl/uapi.h"

#define SKIP_EXIT 77
#define DATA_BYTES 512
#define TEXT_BYTES 8192
#define ROUNDS 1500

/* The map's one value. */
struct cell {
	uint8_t data[DATA_BYTES];
	uint64_t type_id;
	uint64_t flags;
	int64_t ret;
	char text[TEXT_BYTES];
};

static uint64_t seed = 88172645463325252u;
static struct btf *vmlinux;
static int map_fd, prog_fd;

static uint32_t rnd(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 11) % n;
}

static int bpf(int cmd, union bpf_attr *attr)
{
	int ret = (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return ret < 0 ? -errno : ret;
}

static int make_map(void)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = sizeof(struct cell);
	attr.max_entries = 1;
	return bpf(BPF_MAP_CREATE, &attr);
}

/* bpf_snprintf_btf(cell->text, size, &{ cell->data, cell->type_id, 0 }, 16, cell->flags) */
static int make_prog(void)
{
	const struct bpf_insn insns[] = {
		{ .code = 0x18, .dst_reg = 6, .src_reg = 2, .imm = map_fd }, { 0 },
		{ .code = 0x7b, .dst_reg = 10, .src_reg = 6, .off = -16 },
		{ .code = 0x79, .dst_reg = 1, .src_reg = 6, .off = offsetof(struct cell, type_id) },
		{ .code = 0x7b, .dst_reg = 10, .src_reg = 1, .off = -8 },
		{ .code = 0xbf, .dst_reg = 1, .src_reg = 6 },
		{ .code = 0x07, .dst_reg = 1, .imm = offsetof(struct cell, text) },
		{ .code = 0xb7, .dst_reg = 2, .imm = TEXT_BYTES },
		{ .code = 0xbf, .dst_reg = 3, .src_reg = 10 },
		{ .code = 0x07, .dst_reg = 3, .imm = -16 },
		{ .code = 0xb7, .dst_reg = 4, .imm = 16 },
		{ .code = 0x79, .dst_reg = 5, .src_reg = 6, .off = offsetof(struct cell, flags) },
		{ .code = 0x85, .imm = 149 },
		{ .code = 0x7b, .dst_reg = 6, .src_reg = 0, .off = offsetof(struct cell, ret) },
		{ .code = 0xb7, .dst_reg = 0 },
		{ .code = 0x95 },
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	attr.insns = (uint64_t)(uintptr_t)insns;
	attr.insn_cnt = ARRAY_SIZE(insns);
	attr.license = (uint64_t)(uintptr_t)"GPL";
	return bpf(BPF_PROG_LOAD, &attr);
}

static void kernel_show(struct cell *c)
{
	union bpf_attr attr;
	uint32_t key = 0;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map_fd;
	attr.key = (uint64_t)(uintptr_t)&key;
	attr.value = (uint64_t)(uintptr_t)c;
	assert_int_equal(bpf(BPF_MAP_UPDATE_ELEM, &attr), 0);
	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)prog_fd;
	assert_int_equal(bpf(BPF_PROG_TEST_RUN, &attr), 0);
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map_fd;
	attr.key = (uint64_t)(uintptr_t)&key;
	attr.value = (uint64_t)(uintptr_t)c;
	assert_int_equal(bpf(BPF_MAP_LOOKUP_ELEM, &attr), 0);
}

/* No enum that is not 4 bytes wide, at any depth. */
static bool is_comparable(uint32_t id, int depth)
{
	const struct btf_type *t = btf_skip_modifiers(vmlinux, id, NULL);
	uint32_t i;

	if (!t || depth > 8)
		return false;
	if (btf_is_any_enum(t))
		return t->size == (btf_kind(t) == BTF_KIND_ENUM ? 4u : 8u);
	if (btf_is_array(t))
		return is_comparable(btf_array(t)->type, depth + 1);
	for (i = 0; btf_is_struct(t) && i < btf_vlen(t); i++)
		if (!is_comparable(btf_members(t)[i].type, depth + 1))
			return false;
	return true;
}

static uint32_t any_type(uint32_t *size)
{
	for (;;) {
		uint32_t id = 1 + rnd(vmlinux->nr_types - 1), sized = id;
		const struct btf_type *t = btf_type_by_id(vmlinux, id);

		if (btf_is_datasec(t) || btf_is_var(t) || !btf_type_id_size(vmlinux, &sized, size))
			continue;
		/* mostly structs */
		if (!btf_is_struct(t) && rnd(10))
			continue;
		if (*size && *size <= DATA_BYTES && is_comparable(id, 0))
			return id;
	}
}

static void fill(struct cell *c, uint32_t size)
{
	uint32_t i, sparse = 1 + rnd(20), run = 0;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < size; i++) {
		if (!run && !rnd(sparse))
			run = 1 + rnd(8);
		if (run) {
			c->data[i] = (uint8_t)(rnd(3) ? rnd(4) : rnd(256));
			run--;
		}
	}
}

static void values_print_as_in_the_kernel(void **state)
{
	struct cell *c = malloc(sizeof(*c));
	unsigned i, n_long = 0;
	uint64_t n_bytes = 0;

	for (i = 0; i < ROUNDS; i++) {
		struct strbuf sb = STRBUF_INIT;
		uint32_t size;
		struct btf_value v = { .btf = vmlinux, .type_id = any_type(&size), .data = c->data };
		uint64_t flags = rnd(16) | BTF_F_PTR_RAW;
		int err;

		v.size = size;
		fill(c, size);
		c->type_id = v.type_id;
		c->flags = flags;
		err = btf_show_text(&sb, &v, flags);
		kernel_show(c);
		if (sb.len >= TEXT_BYTES) {
			n_long++;
			strbuf_truncate(&sb, TEXT_BYTES - 1);
		}
		if (err || c->ret < 0 || strcmp(c->text, strbuf_str(&sb))) {
			print_message("type %u flags %llu size %u\nkernel %lld:\n%s\nours %d:\n%s\n",
				      v.type_id, (unsigned long long)flags, size, (long long)c->ret,
				      c->text, err, strbuf_str(&sb));
			fail_msg("the kernel differs");
		}
		n_bytes += sb.len;
		strbuf_deinit(&sb);
	}
	print_message("%u values, %llu bytes of text, %u too long\n", i,
		      (unsigned long long)n_bytes, n_long);
	assert_true(n_bytes > 100 * ROUNDS);
	free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_print_as_in_the_kernel),
	};
	int ret;

	map_fd = make_map();
	prog_fd = map_fd < 0 ? map_fd : make_prog();
	if (prog_fd < 0 || btf_load_base(NULL, &vmlinux)) {
		printf("SKIP: bpf(2) is not allowed here, or there is no BTF (%d)\n", prog_fd);
		return SKIP_EXIT;
	}
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	btf_free(vmlinux);
	close(prog_fd);
	close(map_fd);
	return ret;
}
