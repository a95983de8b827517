/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whole programs through verify_prog: each with the verdict and, where refused, the line that
 * says why. Verdicts and lines were taken from a running Linux 6.18.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "verifier/test_world.h"

struct expect {
	const struct prog_type_ops *ops;
	const char *text;
	int err;
	const char *says; /* NULL: anything */
	const char *sigs; /* of functions, for BTF (test_world.h); NULL: no BTF */
};

static void check_with(const struct expect *e, uint32_t caps)
{
	struct world w = { 0 };

	world_verify_text(&w, e->ops, caps, 2, e->text, e->sigs);
	if (w.err != e->err || (e->says && !strstr(w.opts.log_text, e->says)))
		fail_msg("%s\nwanted %d '%s', got %d:\n%s", e->text, e->err,
			 e->says ? e->says : "", w.err, w.opts.log_text);
	world_free(&w);
}

static void check_all(const struct expect *e, size_t n)
{
	while (n--)
		check_with(e++, CAPABLE_ALL);
}

#define CHECK(table) check_all(table, ARRAY_SIZE(table))

#define LOOKUP                                                                             \
	"*(u64 *)(r10 -8) = 0\nr2 = r10\nr2 += -8\nr1 = map[fd:10]\n"                      \
	"call bpf_map_lookup_elem\n"

static void registers_must_be_set_before_use(void **state)
{
	static const struct expect t[] = {
		{ &world_sk, "r0 = 0\nexit", 0, NULL },
		{ &world_sk, "exit", -EACCES, "R0 !read_ok" },
		{ &world_sk, "r0 = r2\nexit", -EACCES, "R2 !read_ok" },
		{ &world_sk, "r10 = 0\nr0 = 0\nexit", -EACCES, "frame pointer is read only" },
		{ &world_sk, "call bpf_ktime_get_ns\nr0 = r1\nexit", -EACCES, "R1 !read_ok" },
	};

	(void)state;
	CHECK(t);
}

static void stack_is_bounded_and_typed(void **state)
{
	static const struct expect t[] = {
		{ &world_sk, "*(u64 *)(r10 -512) = 1\nr0 = 0\nexit", 0, NULL },
		{ &world_sk, "*(u64 *)(r10 -520) = 1\nr0 = 0\nexit", -EACCES,
		  "invalid write to stack R10 off=-520 size=8" },
		{ &world_sk, "*(u64 *)(r10 +0) = 1\nr0 = 0\nexit", -EACCES,
		  "invalid write to stack R10 off=0 size=8" },
		{ &world_sk, "*(u32 *)(r10 -5) = 1\nr0 = 0\nexit", -EACCES,
		  "misaligned stack access off 0+0+-5 size 4" },
		{ &world_sk, "*(u64 *)(r10 -8) = r1\nr0 = *(u32 *)(r10 -8)\nexit", -EACCES,
		  "invalid size of register fill" },
		{ &world_sk, "*(u64 *)(r10 -8) = r1\nr2 = *(u64 *)(r10 -8)\n"
			     "r0 = *(u32 *)(r2 +0)\nexit", 0, NULL },
	};

	(void)state;
	CHECK(t);
}

static void map_values_need_null_checks_and_bounds(void **state)
{
	static const struct expect t[] = {
		{ &world_sk, LOOKUP "if r0 == 0 goto out\nr1 = *(u64 *)(r0 +40)\nout:\nr0 = 0\nexit",
		  0, NULL },
		{ &world_sk, LOOKUP "r1 = *(u64 *)(r0 +0)\nr0 = 0\nexit", -EACCES,
		  "R0 invalid mem access 'map_value_or_null'" },
		{ &world_sk,
		  LOOKUP "if r0 == 0 goto out\nr1 = *(u64 *)(r0 +41)\nout:\nr0 = 0\nexit",
		  -EACCES, "invalid access to map value, value_size=48 off=41 size=8" },
		{ &world_sk,
		  LOOKUP "r6 = r0\n" LOOKUP "if r0 == 0 goto out\nr1 = *(u64 *)(r6 +0)\nout:\nr0 = 0\n"
			 "exit",
		  -EACCES, "R6 invalid mem access 'map_value_or_null'" },
		{ &world_sk,
		  LOOKUP "r6 = r0\nif r0 == 0 goto out\nr1 = *(u64 *)(r6 +0)\nout:\nr0 = 0\nexit",
		  0, NULL },
		{ &world_sk,
		  "r6 = *(u32 *)(r1 +0)\nr6 &= 31\n" LOOKUP
		  "if r0 == 0 goto out\nr0 += r6\nr1 = *(u8 *)(r0 +16)\nout:\nr0 = 0\nexit",
		  0, NULL },
		{ &world_sk,
		  "r6 = *(u32 *)(r1 +0)\nr6 &= 63\n" LOOKUP
		  "if r0 == 0 goto out\nr0 += r6\nr1 = *(u8 *)(r0 +0)\nout:\nr0 = 0\nexit",
		  -EACCES, "R0 max value is outside of the allowed memory range" },
		{ &world_sk, "r1 = map[fd:10]\nr2 = r10\nr2 += -8\ncall bpf_map_lookup_elem\n"
			     "r0 = 0\nexit", 0, NULL },
		{ &world_sk, "r1 = map[fd:16]\nr2 = r10\nr2 += -4\n*(u32 *)(r10 -4) = 0\n"
			     "call bpf_map_delete_elem\nr0 = 0\nexit",
		  -EACCES, "write into map forbidden" },
		{ &world_sk, "r1 = map[fd:9]\nr0 = 0\nexit", -EBADF,
		  "fd 9 is not pointing to valid bpf_map" },
		{ &world_sk, "r1 = map[fd:11][0]+48\nr0 = 0\nexit", -EINVAL,
		  "invalid access to map value pointer, value_size=48 off=48" },
		{ &world_sk, "r1 = map[fd:11][0]+40\nr2 = *(u64 *)(r1 +0)\nr0 = 0\nexit", 0, NULL },
	};

	(void)state;
	CHECK(t);
}

#define PKT "r2 = *(u32 *)(r1 +0)\nr3 = *(u32 *)(r1 +4)\nr4 = r2\nr4 += 14\n"

static void packets_are_read_only_where_proven(void **state)
{
	static const struct expect t[] = {
		{ &world_xdp, PKT "if r4 > r3 goto out\nr0 = *(u8 *)(r2 +13)\nout:\nr0 = 2\nexit", 0,
		  NULL },
		{ &world_xdp, PKT "if r4 > r3 goto out\nr0 = *(u8 *)(r2 +14)\nout:\nr0 = 2\nexit",
		  -EACCES, "invalid access to packet, off=14 size=1, R2(id=0,off=14,r=14)" },
		{ &world_xdp, PKT "if r3 >= r4 goto in\nr0 = 1\nexit\nin:\nr0 = *(u8 *)(r2 +0)\nexit",
		  0, NULL },
		{ &world_xdp, PKT "if r3 < r4 goto in\nr0 = 1\nexit\nin:\nr0 = *(u8 *)(r2 +0)\nexit",
		  -EACCES, "R2 offset is outside of the packet" },
		{ &world_xdp,
		  "r6 = r1\n" PKT "if r4 > r3 goto out\nr7 = r2\nr2 = 8\ncall bpf_xdp_adjust_head\n"
		  "r0 = *(u8 *)(r7 +0)\nout:\nr0 = 2\nexit",
		  -EACCES, "R7 invalid mem access 'scalar'" },
		{ &world_cg, "r0 = 2\nexit", -EINVAL,
		  "At program exit the register R0 has smin=2 smax=2 should have been in [0, 1]" },
	};

	(void)state;
	CHECK(t);
}

static void graph_and_jumps_are_checked(void **state)
{
	static const struct expect t[] = {
		{ &world_sk, "r0 = 0\ngoto pc+1\nexit", -EINVAL,
		  "jump out of range from insn 1 to 3" },
		{ &world_sk, "r0 = 0\nexit\nr0 = 1\nexit", -EINVAL, "unreachable insn 2" },
		{ &world_sk, "r0 = 0", -EINVAL, "last insn is not an exit or jmp" },
		{ &world_sk, "a:\ngoto a", -EINVAL, "infinite loop detected at insn 0" },
		{ &world_sk, "r0 = 0\na:\nr0 += 1\nif r0 < 100 goto a\nexit", 0, NULL },
		{ &world_sk, "call f\nexit\nf:\nr0 = 0\nexit", 0, NULL },
		{ &world_sk, "call 5000\nr0 = 0\nexit", -EINVAL, "invalid func unknown#5000" },
		{ &world_sk, "call bpf_csum_diff\nr0 = 0\nexit", -EINVAL,
		  "program of this type cannot use helper bpf_csum_diff#28" },
	};

	(void)state;
	CHECK(t);
}

static void references_are_given_back(void **state)
{
	static const struct expect t[] = {
		{ &world_sk,
		  "r1 = map[fd:12]\nr2 = 16\nr3 = 0\ncall bpf_ringbuf_reserve\n"
		  "if r0 == 0 goto out\nr1 = r0\nr2 = 0\ncall bpf_ringbuf_submit\nout:\nr0 = 0\nexit",
		  0, NULL },
		{ &world_sk,
		  "r1 = map[fd:12]\nr2 = 16\nr3 = 0\ncall bpf_ringbuf_reserve\n"
		  "r0 = 0\nexit",
		  -EINVAL, "Unreleased reference id=2 alloc_insn=4" },
		{ &world_sk,
		  "r1 = map[fd:12]\nr2 = 16\nr3 = 0\ncall bpf_ringbuf_reserve\n"
		  "if r0 == 0 goto out\nr6 = r0\nr1 = r0\nr2 = 0\ncall bpf_ringbuf_submit\n"
		  "r0 = *(u64 *)(r6 +0)\nout:\nr0 = 0\nexit",
		  -EACCES, "R6 invalid mem access 'scalar'" },
		{ &world_sk,
		  "r1 = map[fd:12]\nr2 = 16\nr3 = 0\ncall bpf_ringbuf_reserve\n"
		  "if r0 == 0 goto out\n*(u64 *)(r0 +9) = 0\nr1 = r0\nr2 = 0\n"
		  "call bpf_ringbuf_submit\nout:\nr0 = 0\nexit",
		  -EACCES, "invalid access to memory, mem_size=16 off=9 size=8" },
	};

	(void)state;
	CHECK(t);
}

static void unprivileged_programs_leak_no_pointers(void **state)
{
	static const struct expect t[] = {
		{ &world_sk, "r0 = r1\nexit", -EACCES, "R0 leaks addr as return value" },
		{ &world_sk, "r0 = 0\nif r1 == r10 goto out\nout:\nexit", -EACCES,
		  "R10 pointer comparison prohibited" },
		{ &world_sk, "r0 = 0\na:\nr0 += 1\nif r0 < 100 goto a\nexit", -EINVAL,
		  "back-edge from insn 2 to 1" },
		{ &world_sk, "call f\nexit\nf:\nr0 = 0\nexit", -EPERM,
		  "loading/calling other bpf or kernel functions are allowed for CAP_BPF and CAP_SYS_ADMIN" },
		{ &world_sk, LOOKUP "if r0 == 0 goto out\n*(u64 *)(r0 +0) = r10\nout:\nr0 = 0\nexit",
		  -EACCES, "R10 leaks addr into map" },
		{ &world_sk, "r0 = *(u64 *)(r10 -8)\nexit", -EACCES,
		  "invalid read from stack R10 off=-8 size=8" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(t); i++)
		check_with(&t[i], 0);
}

#define LOOP "r1 = 100\nr2 = subprog[cb]\n*(u64 *)(r10 -8) = 0\nr3 = r10\nr3 += -8\nr4 = 0\ncall bpf_loop\n"

static void callbacks_are_walked_as_often_as_they_may_run(void **state)
{
	static const struct expect t[] = {
		{ &world_sk,
		  LOOP "r0 = 0\nexit\ncb:\nr1 = *(u64 *)(r2 +0)\nr1 += 1\n*(u64 *)(r2 +0) = r1\n"
		       "r0 = 0\nexit",
		  0, NULL, "" },
		{ &world_sk, LOOP "r0 = 0\nexit\ncb:\nr0 = 2\nexit", -EINVAL,
		  "At callback return the register R0 has smin=2 smax=2 should have been in [0, 1]",
		  "" },
		{ &world_sk, LOOP "r0 = 0\nexit\ncb:\nr0 = *(u64 *)(r2 +8)\nexit", -EACCES,
		  "invalid read from stack R2 off=0 size=8", "" },
		/* the offset grows with each turn */
		{ &world_sk,
		  LOOP "r1 = *(u64 *)(r10 -8)\nr2 = map[fd:11][0]+0\nr2 += r1\n"
		       "r0 = *(u8 *)(r2 +0)\nexit\ncb:\nr1 = *(u64 *)(r2 +0)\nr1 += 1\n"
		       "*(u64 *)(r2 +0) = r1\nr0 = 0\nexit",
		  -EACCES, NULL, "" },
		{ &world_sk, LOOP "r0 = 0\nexit\ncb:\nr0 = 0\nexit", -EINVAL,
		  "missing btf func_info", NULL },
		{ &world_sk,
		  "r1 = map[fd:12]\nr2 = subprog[cb]\nr3 = 0\nr4 = 0\n"
		  "call bpf_for_each_map_elem\nr0 = 0\nexit\ncb:\nr0 = 0\nexit",
		  -524, "callback function not allowed for map", "" },
		{ &world_sk,
		  "r1 = map[fd:10]\nr2 = subprog[cb]\nr3 = 0\nr4 = 0\n"
		  "call bpf_for_each_map_elem\nr0 = 0\nexit\n"
		  "cb:\nr1 = *(u64 *)(r2 +8)\nr0 = 0\nexit",
		  -EACCES, "invalid access to map key, key_size=8 off=8 size=8", "" },
	};

	(void)state;
	CHECK(t);
}

/* Linux 6.18.44 accepts the second: a NULL nobody called precise stands for any number. */
static void null_context_of_a_callback_is_no_other_number(void **state)
{
	static const struct expect t[] = {
		{ &world_sk,
		  "r1 = 1\nr2 = subprog[cb]\nr3 = 0\nr4 = 0\ncall bpf_loop\nr0 = 0\nexit\n"
		  "cb:\nif r2 == 0 goto x\nr0 = *(u64 *)(r10 +800)\nx:\nr0 = 0\nexit",
		  0, NULL, "" },
		{ &world_sk,
		  "r6 = *(u32 *)(r1 +0)\nr7 = *(u32 *)(r1 +4)\nr8 = r7\nif r6 != 0 goto a\n"
		  "r8 = 0\na:\nif r7 > 10 goto b\nr7 = 1\nb:\n"
		  "r1 = 1\nr2 = subprog[cb]\nr3 = r8\nr4 = 0\ncall bpf_loop\nr0 = 0\nexit\n"
		  "cb:\nif r2 == 0 goto x\nr0 = *(u64 *)(r10 +800)\nx:\nr0 = 0\nexit",
		  -EACCES, "R3 type=scalar expected=fp", "" },
	};

	(void)state;
	CHECK(t);
}

/* A number on the stack, 0 on the path walked first, @other on the next; an atomic @fetches it. */
#define FETCHED(other, fetches, reg)                                                       \
	{ &world_sk,                                                                       \
	  "r6 = *(u32 *)(r1 +0)\nr7 = *(u32 *)(r1 +4)\n" LOOKUP                            \
	  "if r0 == 0 goto out\nr9 = r0\n*(u64 *)(r10 -16) = " other "\n"                   \
	  "if r6 == 0 goto a\n*(u64 *)(r10 -16) = 0\na:\nif r7 > 10 goto b\nr7 = 1\nb:\n"    \
	  "r7 += 1\nr7 += 1\nr7 += 1\nr7 += 1\nr7 += 1\nif r7 > 20 goto c\nr7 = 2\nc:\n"     \
	  "r0 = 1\nr1 = 0\n" fetches "\nr9 += " reg "\nr0 = *(u8 *)(r9 +0)\nout:\n"          \
	  "r0 = 0\nexit",                                                                  \
	  strcmp(other, "8") ? -EACCES : 0, NULL }

/* Linux 6.18.44 does not follow what an atomic fetched back to the stack, and accepts the like. */
static void what_an_atomic_fetches_is_followed_to_the_stack(void **state)
{
	const struct expect t[] = {
		FETCHED("8", "r1 = atomic64_xchg((u64 *)(r10 -16), r1)", "r1"),
		FETCHED("1000", "r1 = atomic64_xchg((u64 *)(r10 -16), r1)", "r1"),
		FETCHED("1000", "r1 = atomic64_fetch_add((u64 *)(r10 -16), r1)", "r1"),
		FETCHED("1000", "r1 = atomic_fetch_or((u32 *)(r10 -16), r1)", "r1"),
		FETCHED("1000", "r0 = atomic64_cmpxchg((u64 *)(r10 -16), r0, r1)", "r0"),
	};

	(void)state;
	CHECK(t);
}

static void global_functions_are_walked_once_by_their_btf(void **state)
{
	static const struct expect t[] = {
		{ &world_sk, "r1 = 5\ncall g\nr0 = 0\nexit\ng:\nr0 = r1\nexit", 0,
		  "Func#1 ('f1') is safe for any args that match its prototype", "c Gi" },
		{ &world_sk, "r1 = r10\ncall g\nr0 = 0\nexit\ng:\nr0 = 0\nexit", -EINVAL,
		  "Caller passes invalid args into func#1 ('f1')", "c Gi" },
		{ &world_sk,
		  "r1 = r10\nr1 += -8\n*(u64 *)(r10 -8) = 0\ncall g\nr0 = 0\nexit\n"
		  "g:\nr0 = *(u32 *)(r1 +0)\nexit",
		  -EACCES, "R1 invalid mem access 'mem_or_null'", "c Gp" },
		{ &world_sk,
		  "r1 = r10\nr1 += -8\n*(u64 *)(r10 -8) = 0\ncall g\nr0 = 0\nexit\n"
		  "g:\nif r1 == 0 goto x\nr0 = *(u32 *)(r1 +4)\nexit\nx:\nr0 = 0\nexit",
		  -EACCES, "invalid access to memory, mem_size=4 off=4 size=4", "c Gp" },
		/* Linux 6.18.44 accepts this: one path's NULL stands for the other's number */
		{ &world_sk,
		  "r6 = *(u32 *)(r1 +0)\nr7 = *(u32 *)(r1 +4)\nr8 = r7\nif r6 != 0 goto a\nr8 = 0\na:\n"
		  "if r7 > 10 goto b\nr7 = 1\nb:\nr1 = r8\ncall g\nr0 = 0\nexit\n"
		  "g:\nif r1 == 0 goto x\nr0 = *(u32 *)(r1 +0)\nexit\nx:\nr0 = 0\nexit",
		  -EINVAL, "R1 type=scalar expected=fp", "c Gp" },
		{ &world_sk, "call g\nr0 = 0\nexit\ng:\nr0 = r1\nexit", -EINVAL,
		  "At subprogram exit the register R0 is not a scalar value (ctx)", "c Gc" },
		{ &world_xdp,
		  "r6 = r1\nr7 = *(u32 *)(r1 +0)\nr8 = *(u32 *)(r1 +4)\nr9 = r7\nr9 += 8\n"
		  "if r9 > r8 goto out\ncall g\nr0 = *(u8 *)(r7 +0)\nout:\nr0 = 0\nexit\n"
		  "g:\nr2 = 0\ncall bpf_xdp_adjust_head\nr0 = 0\nexit",
		  -EACCES, "R7 invalid mem access 'scalar'", "c Gc" },
	};

	(void)state;
	CHECK(t);
}

static void a_tail_call_may_leave_a_subprogram(void **state)
{
	static const struct expect t[] = {
		{ &world_sk,
		  "call f\nr1 = map[fd:11][0]+0\nr1 += r0\nr0 = *(u8 *)(r1 +0)\nexit\n"
		  "f:\nr2 = map[fd:13]\nr3 = 2\ncall bpf_tail_call\nr0 = 1\nexit",
		  -EINVAL,
		  "math between map_value pointer and register with unbounded min value is not allowed",
		  "c c" },
		{ &world_sk,
		  "r6 = r1\ncall f\nr1 = map[fd:11][0]+0\nr1 += r0\nr0 = *(u8 *)(r1 +0)\nexit\n"
		  "f:\nr2 = map[fd:13]\nr3 = 2\ncall bpf_tail_call\nr0 = 1\nexit",
		  -EINVAL, "tail_call is not allowed in subprogs without BTF", NULL },
	};

	(void)state;
	CHECK(t);
}

static void log_level_and_size_are_the_kernels(void **state)
{
	struct world w = { 0 };

	(void)state;
	world_prepare(&w, &world_sk, CAPABLE_ALL, 1, "r0 = 0\nexit", NULL);
	w.opts.prune = VERIFY_PRUNE_LINUX; /* statistics hang on it */
	assert_int_equal(verify_prog(&w.opts), 0);
	assert_string_equal(w.opts.log_text,
			    "processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 "
			    "peak_states 0 mark_read 0\n");
	assert_int_equal(w.opts.log_true_size, strlen(w.opts.log_text) + 1);
	assert_int_equal(w.prog.n_insns, 2);
	world_free(&w);
}

static const char walks_a_lot[] =
	"r6 = *(u32 *)(r1 +0)\nr7 = 0\na:\ncall bpf_get_prandom_u32\nif r0 > 5 goto b\n*(u64 *)(r10 -16) = r0\n"
	"b:\nr7 += 1\nif r7 < 50 goto a\n" LOOKUP "if r0 == 0 goto out\n*(u64 *)(r0 +0) = r6\nout:\n"
	"r0 = 0\nexit";

/* Each allocation fails once; nothing is left behind but a program as it was loaded. */
static uint32_t fail_each_allocation(uint32_t log_level)
{
	bool met = true; /* the one that failed */
	uint32_t n;

	for (n = 1; met; n++) {
		struct world w = { 0 };
		int err;

		world_prepare(&w, &world_sk, CAPABLE_ALL, log_level, walks_a_lot, NULL);
		w.opts.prune = VERIFY_PRUNE_LINUX; /* the log has an end */
		mem_fail_at = n;
		err = verify_prog(&w.opts);
		met = !mem_fail_at;
		mem_fail_at = 0;
		assert_int_equal(err, met ? -ENOMEM : 0);
		if (err) {
			assert_null(w.prog.insns);
			assert_int_equal(w.prog.n_used_maps, 0);
		}
		assert_in_range(n, 1, 1000);
		world_free(&w);
	}
	return n;
}

static void no_memory_is_a_clean_refusal(void **state)
{
	(void)state;
	/* the loop met some */
	assert_true(fail_each_allocation(0) > 10);
	assert_true(fail_each_allocation(1) > 15); /* the log is cut where paths end */
	assert_true(fail_each_allocation(2) > 15);
}

static void limits_of_memory_and_time_hold(void **state)
{
	struct world w = { 0 };

	(void)state;
	world_prepare(&w, &world_sk, CAPABLE_ALL, 1, walks_a_lot, NULL);
	w.opts.bytes_max = 1;
	assert_int_equal(verify_prog(&w.opts), -E2BIG);
	assert_non_null(strstr(w.opts.log_text, "more memory than this engine allows"));
	world_free(&w);

	memset(&w, 0, sizeof(w));
	world_prepare(&w, &world_sk, CAPABLE_ALL, 1, walks_a_lot, NULL);
	w.opts.ns_max = 1;
	assert_int_equal(verify_prog(&w.opts), -EINTR);
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers_must_be_set_before_use),
		cmocka_unit_test(stack_is_bounded_and_typed),
		cmocka_unit_test(map_values_need_null_checks_and_bounds),
		cmocka_unit_test(packets_are_read_only_where_proven),
		cmocka_unit_test(graph_and_jumps_are_checked),
		cmocka_unit_test(references_are_given_back),
		cmocka_unit_test(unprivileged_programs_leak_no_pointers),
		cmocka_unit_test(callbacks_are_walked_as_often_as_they_may_run),
		cmocka_unit_test(null_context_of_a_callback_is_no_other_number),
		cmocka_unit_test(what_an_atomic_fetches_is_followed_to_the_stack),
		cmocka_unit_test(global_functions_are_walked_once_by_their_btf),
		cmocka_unit_test(a_tail_call_may_leave_a_subprogram),
		cmocka_unit_test(log_level_and_size_are_the_kernels),
		cmocka_unit_test(no_memory_is_a_clean_refusal),
		cmocka_unit_test(limits_of_memory_and_time_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
