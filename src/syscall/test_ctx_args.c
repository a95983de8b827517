/* SPDX-License-Identifier: BSD-2-Clause */
/* Which structs a global function may name to be given the context: the same ones as in Linux. */
#include "syscall/test_twin.h"

#include <stdlib.h>

#include "base/macros.h"
#include "btf/build.h"
#include "isa/insn.h"

static const struct ctx_arg {
	uint32_t prog_type;
	const char *name;
	bool is_typedef; /* name is a typedef of a struct called "other" */
	bool accepted;
} args[] = {
	{ BPF_PROG_TYPE_XDP, "xdp_md", false, true },
	{ BPF_PROG_TYPE_XDP, "xdp_buff", false, true },
	{ BPF_PROG_TYPE_XDP, "xdp_md", true, false },
	{ BPF_PROG_TYPE_XDP, "__sk_buff", false, false },
	{ BPF_PROG_TYPE_SCHED_CLS, "__sk_buff", false, true },
	{ BPF_PROG_TYPE_SCHED_CLS, "sk_buff", false, true },
	{ BPF_PROG_TYPE_KPROBE, "bpf_user_pt_regs_t", false, true },
	{ BPF_PROG_TYPE_KPROBE, "bpf_user_pt_regs_t", true, true },
	{ BPF_PROG_TYPE_KPROBE, "pt_regs", false, true },
	{ BPF_PROG_TYPE_PERF_EVENT, "bpf_perf_event_data", false, true },
	{ BPF_PROG_TYPE_PERF_EVENT, "bpf_user_pt_regs_t", true, false },
};

struct types {
	int btf;
	uint32_t main_func, arg_func;
};

/* int main(void *), int func(ARG *), both global. */
static struct types load_types(enum side side, const struct ctx_arg *arg)
{
	struct btf_build *b = btf_build_new();
	uint32_t number, type, proto, size;
	union bpf_attr attr = { 0 };
	struct types types;
	void *blob;

	assert_non_null(b);
	number = btf_build_int(b, "int", 4, BTF_INT_SIGNED);
	type = btf_build_ptr(b, 0);
	proto = btf_build_proto(b, number);
	btf_build_param(b, "ctx", type);
	types.main_func = btf_build_func(b, "main", BTF_FUNC_GLOBAL, proto);
	type = btf_build_struct(b, arg->is_typedef ? "other" : arg->name, 4);
	btf_build_member(b, "a", number, 0, 0);
	if (arg->is_typedef)
		type = btf_build_ref(b, BTF_KIND_TYPEDEF, arg->name, type);
	type = btf_build_ptr(b, type);
	proto = btf_build_proto(b, number);
	btf_build_param(b, "arg", type);
	types.arg_func = btf_build_func(b, "func", BTF_FUNC_GLOBAL, proto);
	assert_int_equal(btf_build_finish(b, &blob, &size), 0);
	attr.btf = (uintptr_t)blob;
	attr.btf_size = size;
	types.btf = twin_bpf(side, BPF_BTF_LOAD, &attr, sizeof(attr));
	free(blob);
	btf_build_free(b);
	assert_true(types.btf >= 0);
	return types;
}

static bool accepts(enum side side, const struct ctx_arg *arg)
{
	const struct bpf_insn insns[] = {
		BPF_CALL_REL(1),
		BPF_EXIT_INSN(),
		BPF_MOV64_IMM(BPF_REG_0, 0),
		BPF_EXIT_INSN(),
	};
	struct types types = load_types(side, arg);
	struct bpf_func_info info[] = { { 0, types.main_func }, { 2, types.arg_func } };
	union bpf_attr attr = {
		.prog_type = arg->prog_type,
		.insns = (uintptr_t)insns,
		.insn_cnt = ARRAY_SIZE(insns),
		.license = (uintptr_t)"GPL",
		.prog_btf_fd = (uint32_t)types.btf,
		.func_info = (uintptr_t)info,
		.func_info_cnt = ARRAY_SIZE(info),
		.func_info_rec_size = sizeof(info[0]),
	};
	int fd = twin_bpf(side, BPF_PROG_LOAD, &attr, sizeof(attr));

	close(types.btf);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void test_ctx_args(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(args); i++) {
		bool accepted = accepts(ENGINE, &args[i]);

		if (accepted != args[i].accepted)
			print_message("type %u, %s%s\n", args[i].prog_type,
				      args[i].is_typedef ? "typedef " : "struct ", args[i].name);
		assert_int_equal(accepted, args[i].accepted);
		if (twin_kernel_allowed())
			assert_int_equal(accepts(KERNEL, &args[i]), args[i].accepted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TWIN_TEST(test_ctx_args),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
