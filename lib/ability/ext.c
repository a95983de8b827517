/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An ext program, really loaded: it replaces `int part(int)` of a socket filter `int whole(int)`, both
 * given the types they need.
 */
#include <errno.h>
#include <skep/asm.h>
#include <stdlib.h>
#include <string.h>

#include "types.h"

/* Types of the BTF below. */
enum {
	TYPE_INT = 1,
	TYPE_PROTO,
	TYPE_WHOLE,
	TYPE_PART
};

struct func_record {
	uint32_t insn_off;
	uint32_t type_id;
};

static const char strings[] = "\0int\0x\0whole\0part";

enum {
	NAME_INT = 1,
	NAME_X = 5,
	NAME_WHOLE = 7,
	NAME_PART = 13
};

struct types {
	struct btf_header head;
	struct btf_type integer;
	uint32_t encoding;
	struct btf_type proto;
	struct btf_param param;
	struct btf_type whole, part;
	char strings[sizeof(strings)];
};

static int load_types(void)
{
	struct types t = {
		.head = { .magic = BTF_MAGIC,
			  .version = 1,
			  .hdr_len = sizeof(struct btf_header),
			  .type_len = offsetof(struct types, strings) - sizeof(struct btf_header),
			  .str_off = offsetof(struct types, strings) - sizeof(struct btf_header),
			  .str_len = sizeof(strings) },
		.integer = { .name_off = NAME_INT, .info = BTF_KIND_INT << 24, .size = 4 },
		.encoding = BTF_INT_SIGNED << 24 | 32,
		.proto = { .info = BTF_KIND_FUNC_PROTO << 24 | 1, .type = TYPE_INT },
		.param = { .name_off = NAME_X, .type = TYPE_INT },
		.whole = { .name_off = NAME_WHOLE,
			   .info = BTF_KIND_FUNC << 24 | BTF_FUNC_GLOBAL,
			   .type = TYPE_PROTO },
		.part = { .name_off = NAME_PART,
			  .info = BTF_KIND_FUNC << 24 | BTF_FUNC_GLOBAL,
			  .type = TYPE_PROTO },
	};
	union bpf_attr attr = { .btf = (uint64_t)(uintptr_t)&t,
				.btf_size = offsetof(struct types, strings) + sizeof(strings) };

	memcpy(t.strings, strings, sizeof(strings));
	return probe_bpf(BPF_BTF_LOAD, &attr);
}

static int load(union bpf_attr *attr, const char *text, const struct func_record *funcs,
		uint32_t n_funcs)
{
	struct skep_asm_error asm_error;
	struct bpf_insn *insns;
	size_t n_insns;
	int rc = skep_asm(text, strlen(text), &insns, &n_insns, &asm_error);

	if (rc)
		return rc;
	attr->insns = (uint64_t)(uintptr_t)insns;
	attr->insn_cnt = n_insns;
	attr->license = (uint64_t)(uintptr_t) "Dual BSD/GPL";
	attr->func_info = (uint64_t)(uintptr_t)funcs;
	attr->func_info_cnt = n_funcs;
	attr->func_info_rec_size = sizeof(*funcs);
	rc = probe_bpf(BPF_PROG_LOAD, attr);
	free(insns);
	return rc;
}

int ext_load(void)
{
	static const char whole_text[] = "r1 = 0\ncall pc+1\nexit\nr0 = 0\nexit\n";
	static const struct func_record whole[] = { { 0, TYPE_WHOLE }, { 3, TYPE_PART } };
	static const struct func_record part[] = { { 0, TYPE_PART } };
	union bpf_attr target = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER };
	union bpf_attr ext = { .prog_type = BPF_PROG_TYPE_EXT, .attach_btf_id = TYPE_PART };
	int btf = load_types(), fd, rc;

	if (btf < 0)
		return btf;
	target.prog_btf_fd = ext.prog_btf_fd = btf;
	fd = load(&target, whole_text, whole, 2);
	rc = fd;
	if (fd >= 0) {
		ext.attach_prog_fd = fd;
		rc = load(&ext, "r0 = 0\nexit\n", part, 1);
	}
	probe_close(fd);
	probe_close(btf);
	return rc;
}
