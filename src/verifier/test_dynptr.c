/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Dynptrs: each rule with the verdict and, where refused, the line that says why, as a running Linux
 * 6.18 gives them; tests/verifier/test_dynptr.c compares many more, where there is one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "verifier/test_world.h"

struct expect {
	const char *text;
	int err;
	const char *says; /* NULL: anything */
	const char *sigs; /* as in test_world.h; NULL: no BTF */
};

#define FP(reg, off) #reg " = r10\n" #reg " += " #off "\n"
#define VALUE                                                                                      \
	"*(u32 *)(r10 -4) = 0\n" FP(r2, -4) "r1 = map[fd:11]\ncall bpf_map_lookup_elem\n"          \
	"if r0 == 0 goto out\nr6 = r0\n"
#define FROM_MEM(off) "r1 = r6\nr2 = 16\nr3 = 0\n" FP(r4, off) "call bpf_dynptr_from_mem\n"
#define RESERVE(off)                                                                               \
	"r1 = map[fd:12]\nr2 = 16\nr3 = 0\n" FP(r4, off) "call bpf_ringbuf_reserve_dynptr\n"
#define SUBMIT(off) FP(r1, off) "r2 = 0\ncall bpf_ringbuf_submit_dynptr\n"
#define DATA(off, bytes)                                                                           \
	FP(r1, off) "r2 = 0\nr3 = " #bytes "\ncall bpf_dynptr_data\n"
#define READ(to, bytes, off)                                                                       \
	FP(r1, to) "r2 = " #bytes "\n" FP(r3, off) "r4 = 0\nr5 = 0\ncall bpf_dynptr_read\n"
#define DRAIN                                                                                      \
	"r1 = map[fd:18]\nr2 = subprog[cb]\n" FP(r3, -8) "r4 = 0\ncall bpf_user_ringbuf_drain\n"
#define OUT "out:\nr0 = 0\nexit\n"
#define END "r0 = 0\nexit\n"

static void check_all(const struct expect *e, size_t n)
{
	for (; n--; e++) {
		struct world w = { 0 };

		world_verify_text(&w, &world_sk, CAPABLE_ALL, 2, e->text, e->sigs);
		if (w.err != e->err || (e->says && !strstr(w.opts.log_text, e->says)))
			fail_msg("%s\nwanted %d '%s', got %d:\n%s", e->text, e->err,
				 e->says ? e->says : "", w.err, w.opts.log_text);
		world_free(&w);
	}
}

#define CHECK(table) check_all(table, ARRAY_SIZE(table))

static void they_lie_whole_and_aligned_on_the_stack(void **state)
{
	static const struct expect t[] = {
		{ VALUE FROM_MEM(-24) READ(-64, 8, -24) OUT, 0,
		  "fp-24=dynptr_local(id=1,dynptr_id=1)", NULL },
		{ VALUE FROM_MEM(-20) OUT, -EINVAL, "cannot pass in dynptr at an offset=-20", NULL },
		{ VALUE FROM_MEM(-8) OUT, -EINVAL, "Dynptr has to be an uninitialized dynptr",
		  NULL },
		{ VALUE FROM_MEM(-520) OUT, -EACCES, "invalid write to stack R4 off=-520 size=8",
		  NULL },
		{ VALUE FROM_MEM(-24) READ(-64, 8, -16) OUT, -EINVAL,
		  "Expected an initialized dynptr as arg #2", NULL },
		{ READ(-64, 8, -16) END, -EINVAL, "Expected an initialized dynptr as arg #2", NULL },
		{ "*(u64 *)(r10 -32) = 0\nr6 = r10\nr6 += -32\n" FROM_MEM(-16) END, -EACCES,
		  "Unsupported reg type fp for bpf_dynptr_from_mem data", NULL },
	};

	(void)state;
	CHECK(t);
}

static void nobody_looks_into_them(void **state)
{
	static const struct expect t[] = {
		{ VALUE FROM_MEM(-24) "r0 = *(u64 *)(r10 -24)\n" OUT, -EACCES,
		  "invalid read from stack off -24+0 size 8", NULL },
		{ VALUE FROM_MEM(-24) "r0 = *(u8 *)(r10 -9)\n" OUT, -EACCES,
		  "invalid read from stack off -9+0 size 1", NULL },
		{ VALUE FROM_MEM(-24) READ(-16, 8, -24) OUT, -EACCES,
		  "potential write to dynptr at off=-16 disallowed", NULL },
		{ VALUE FROM_MEM(-24) "*(u8 *)(r10 -16) = 1\n" READ(-64, 8, -24) OUT, -EINVAL,
		  "Expected an initialized dynptr as arg #2", NULL },
		{ RESERVE(-16) "*(u8 *)(r10 -1) = 0\n" SUBMIT(-16) END, -EINVAL,
		  "cannot overwrite referenced dynptr", NULL },
	};

	(void)state;
	CHECK(t);
}

static void slices_end_with_their_dynptr(void **state)
{
	static const struct expect t[] = {
		{ VALUE FROM_MEM(-24) DATA(-24, 8) "if r0 == 0 goto out\nr1 = *(u8 *)(r0 +7)\n" OUT, 0,
		  NULL, NULL },
		{ VALUE FROM_MEM(-24) DATA(-24, 8) "if r0 == 0 goto out\nr1 = *(u8 *)(r0 +8)\n" OUT,
		  -EACCES, "invalid access to memory, mem_size=8 off=8 size=1", NULL },
		{ VALUE FROM_MEM(-24) DATA(-24, 8)
		  "if r0 == 0 goto out\n*(u64 *)(r10 -16) = 0\nr1 = *(u8 *)(r0 +0)\n" OUT,
		  -EACCES, "R0 invalid mem access 'scalar'", NULL },
		{ RESERVE(-16) DATA(-16, 8) "r7 = r0\n" SUBMIT(-16)
		  "if r7 == 0 goto out\nr1 = *(u64 *)(r7 +0)\n" OUT,
		  -EACCES, "R7 invalid mem access 'scalar'", NULL },
		/* the kernel's own mistake, which is its verdict */
		{ RESERVE(-16) DATA(-16, 8) "*(u64 *)(r10 -32) = r0\n*(u8 *)(r10 -30) = 0\n"
		  SUBMIT(-16) END, -EFAULT, "verifier bug: misconfigured ref_obj_id", NULL },
	};

	(void)state;
	CHECK(t);
}

static void records_are_given_back(void **state)
{
	static const struct expect t[] = {
		{ RESERVE(-16) SUBMIT(-16) END, 0, "fp-16=dynptr_ringbuf(id=1,ref_id=2,dynptr_id=1)",
		  NULL },
		{ RESERVE(-16) END, -EINVAL, "Unreleased reference id=2 alloc_insn=6", NULL },
		{ RESERVE(-16) SUBMIT(-16) SUBMIT(-16) END, -EINVAL,
		  "arg 1 is an unacquired reference", NULL },
		{ VALUE "call bpf_get_prandom_u32\nif r0 == 0 goto other\n" FROM_MEM(-48) FROM_MEM(-32)
		  "goto use\nother:\n" FROM_MEM(-40) FROM_MEM(-24) "use:\n" READ(-64, 8, -32) OUT,
		  -EINVAL, "Expected an initialized dynptr as arg #2", NULL },
		{ VALUE FROM_MEM(-24) SUBMIT(-24) OUT, -EINVAL, "arg 1 is an unacquired reference",
		  NULL },
		{ VALUE "call bpf_get_prandom_u32\nif r0 != 0 goto other\n" RESERVE(-24)
		  "goto use\nother:\n" FROM_MEM(-24) "use:\n" SUBMIT(-24) OUT, -EINVAL,
		  "arg 1 is an unacquired reference", NULL },
	};

	(void)state;
	CHECK(t);
}

static void a_drain_lends_its_dynptr(void **state)
{
	static const struct expect t[] = {
		{ DRAIN END "cb:\nr2 = 0\nr3 = 8\ncall bpf_dynptr_data\nif r0 == 0 goto out\n"
		  "r1 = *(u64 *)(r0 +0)\n" OUT, 0, "R1=dynptr_ptr(id=1,type=local)", "" },
		{ DRAIN END "cb:\nr2 = 0\ncall bpf_ringbuf_submit_dynptr\n" END, -EINVAL,
		  "cannot release unowned const bpf_dynptr", "" },
		{ DRAIN END "cb:\nr4 = r1\nr1 = map[fd:12]\nr2 = 8\nr3 = 0\n"
		  "call bpf_ringbuf_reserve_dynptr\n" END, -EINVAL,
		  "Dynptr has to be an uninitialized dynptr", "" },
		{ DRAIN END "cb:\nr1 += 8\nr2 = 0\nr3 = 8\ncall bpf_dynptr_data\n" END, -EACCES,
		  "dereference of modified dynptr_ptr ptr R1 off=8 disallowed", "" },
		{ DRAIN END "cb:\nr0 = 2\nexit\n", -EINVAL, "should have been in [0, 1]", "" },
	};

	(void)state;
	CHECK(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_lie_whole_and_aligned_on_the_stack),
		cmocka_unit_test(nobody_looks_into_them),
		cmocka_unit_test(slices_end_with_their_dynptr),
		cmocka_unit_test(records_are_given_back),
		cmocka_unit_test(a_drain_lends_its_dynptr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
