/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: who may use timers how is said as the kernel says it. Method: programs and maps given to both
 * sides, by hand and by chance (TIMER_PROGS: how many of these); verdict, errno and the whole level 2 log
 * must be equal, but for addresses. With SHOW_LOGS set, both logs of a difference are printed.
 */
#include "object/map.h"
#include "syscall/test_timer.h"
#include "verifier/prune_default.h"
#include "verifier/verify.h"

#define LOG_BYTES (1u << 20)

/* r6 = the value of key 0, or out */
#define VALUE(map)                                                                                 \
	"*(u32 *)(r10 -4) = 0\n"                                                                   \
	"r2 = r10\n"                                                                               \
	"r2 += -4\n"                                                                               \
	"r1 = " map "\n"                                                                           \
	"call bpf_map_lookup_elem\n"                                                               \
	"if r0 == 0 goto out\n"                                                                    \
	"r6 = r0\n"
#define INIT(map) TIMER "r2 = " map "\nr3 = 1\ncall bpf_timer_init\n"
#define START TIMER "r2 = 1000\nr3 = 0\ncall bpf_timer_start\n"
#define OUT "out: r0 = 0\nexit\n"
/* In a callback: r6 = the value. */
#define CB "cb: r6 = r3\n"

/* clang-format off */
static const struct timer_prog progs[] = {
	{ "init", VALUE("M0") INIT("M0") OUT },
	{ "init in a hash", VALUE("M1") INIT("M1") OUT },
	{ "init in an LRU hash", VALUE("M2") INIT("M2") OUT },
	{ "all four", VALUE("M0") INIT("M0") SET("cb") START CANCEL OUT "cb:" ZERO },
	{ "all four in XDP", VALUE("M1") INIT("M1") SET("cb") START CANCEL OUT "cb:" ZERO,
	  BPF_PROG_TYPE_XDP },
	{ "all four in a socket filter", VALUE("M1") INIT("M1") SET("cb") START CANCEL OUT "cb:" ZERO,
	  BPF_PROG_TYPE_SOCKET_FILTER },
	{ "all four in cgroup_skb", VALUE("M1") INIT("M1") SET("cb") START CANCEL OUT "cb:" ZERO,
	  BPF_PROG_TYPE_CGROUP_SKB },
	{ "all four in a syscall program", VALUE("M1") INIT("M1") SET("cb") START CANCEL OUT "cb:" ZERO,
	  BPF_PROG_TYPE_SYSCALL, BPF_F_SLEEPABLE },
	{ "cancel only", VALUE("M0") CANCEL OUT },
	{ "start only", VALUE("M0") START OUT },
	{ "not GPL", VALUE("M0") INIT("M0") OUT, .license = "BSD" },
	{ "not GPL, cancel", VALUE("M0") CANCEL OUT, .license = "BSD" },
	{ "kprobe", VALUE("M0") INIT("M0") OUT, BPF_PROG_TYPE_KPROBE },
	{ "tracepoint", VALUE("M1") OUT, BPF_PROG_TYPE_TRACEPOINT },
	{ "raw tracepoint", VALUE("M2") OUT, BPF_PROG_TYPE_RAW_TRACEPOINT },
	{ "perf event", VALUE("M0") OUT, BPF_PROG_TYPE_PERF_EVENT },

	{ "before the timer", VALUE("M0") "r1 = r6\nr2 = M0\nr3 = 1\ncall bpf_timer_init\n" OUT },
	{ "in the timer", VALUE("M0") "r1 = r6\nr1 += 9\nr2 = M0\nr3 = 1\ncall bpf_timer_init\n" OUT },
	{ "behind the timer", VALUE("M0") "r1 = r6\nr1 += 24\nr2 = M0\nr3 = 1\ncall bpf_timer_init\n" OUT },
	{ "before the value", VALUE("M0") "r1 = r6\nr1 += -8\ncall bpf_timer_cancel\n" OUT },
	{ "offset by addition of a register", VALUE("M0") "r1 = r6\nr2 = 8\nr1 += r2\ncall bpf_timer_cancel\n" OUT },
	{ "offset unknown", VALUE("M0") "r7 = *(u32 *)(r6 +24)\nr7 &= 8\nr1 = r6\nr1 += r7\n"
	  "call bpf_timer_cancel\n" OUT },
	{ "not checked for NULL", "*(u32 *)(r10 -4) = 0\nr2 = r10\nr2 += -4\nr1 = M0\n"
	  "call bpf_map_lookup_elem\nr6 = r0\n" TIMER "call bpf_timer_cancel\nr0 = 0\nexit\n" },
	{ "on the stack", "r6 = r10\nr6 += -24\n" CANCEL ZERO },
	{ "a number", "r1 = 5\ncall bpf_timer_cancel\n" ZERO },
	{ "NULL", "r1 = 0\ncall bpf_timer_cancel\n" ZERO },
	{ "the context", "call bpf_timer_cancel\n" ZERO },
	{ "a map", "r1 = M0\ncall bpf_timer_cancel\n" ZERO },
	{ "without BTF", VALUE("M3") INIT("M3") OUT },
	{ "without a timer", VALUE("M4") "r1 = r6\ncall bpf_timer_cancel\n" OUT },
	{ "another map", VALUE("M0") INIT("M1") OUT },
	{ "another map of the same kind of value", VALUE("M1") INIT("M2") OUT },
	{ "no map", VALUE("M0") TIMER "r2 = 0\nr3 = 1\ncall bpf_timer_init\n" OUT },
	{ "flags are a pointer", VALUE("M0") TIMER "r2 = M0\nr3 = r10\ncall bpf_timer_init\n" OUT },

	{ "timer read", VALUE("M0") "r0 = *(u64 *)(r6 +8)\nexit\n" OUT },
	{ "timer read by a byte", VALUE("M0") "r0 = *(u8 *)(r6 +23)\nexit\n" OUT },
	{ "timer written", VALUE("M0") "*(u64 *)(r6 +16) = 0\n" OUT },
	{ "timer written across its start", VALUE("M0") "*(u64 *)(r6 +4) = 0\n" OUT },
	{ "beside the timer", VALUE("M0") "*(u32 *)(r6 +24) = 5\n*(u32 *)(r6 +0) = 6\n" OUT },
	{ "timer counted up", VALUE("M0") "r1 = 1\nlock *(u64 *)(r6 +8) += r1\n" OUT },
	{ "value passed to a helper", VALUE("M0") "r1 = M3\nr2 = r10\nr2 += -4\nr3 = r6\nr4 = 0\n"
	  "call bpf_map_update_elem\n" OUT },
	{ "key is the head of the value", VALUE("M0") "r1 = M1\nr2 = r6\ncall bpf_map_delete_elem\n" OUT },
	{ "key reaches the timer", VALUE("M0") "r1 = M1\nr2 = r6\nr2 += 5\ncall bpf_map_delete_elem\n" OUT },

	{ "callback returns 1", VALUE("M0") SET("cb") OUT "cb: r0 = 1\nexit\n" },
	{ "callback returns anything", VALUE("M0") SET("cb") OUT "cb: call bpf_get_prandom_u32\nexit\n" },
	{ "callback returns one bit", VALUE("M0") SET("cb") OUT
	  "cb: call bpf_get_prandom_u32\nr0 &= 1\nexit\n" },
	{ "callback returns what was compared with 0", VALUE("M0") SET("cb") OUT
	  "cb: call bpf_get_prandom_u32\nif r0 == 0 goto +1\nr0 = 0\nexit\n" },
	{ "callback returns -1", VALUE("M0") SET("cb") OUT "cb: r0 = -1\nexit\n" },
	{ "callback returns a pointer", VALUE("M0") SET("cb") OUT "cb: r0 = r3\nexit\n" },
	{ "callback returns nothing", VALUE("M0") SET("cb") OUT "cb: exit\n" },
	{ "callback's number must be precise", VALUE("M0") SET("cb") OUT
	  "cb: call bpf_get_prandom_u32\nif r0 s> 1000 goto over\nr0 = 0\nover: goto +0\nexit\n",
	  .flags = BPF_F_TEST_STATE_FREQ },
	{ "callback uses its arguments", VALUE("M0") SET("cb") OUT
	  CB "r7 = r1\nr8 = *(u32 *)(r2 +0)\n*(u32 *)(r10 -8) = r8\nr2 = r10\nr2 += -8\n"
	  "call bpf_map_lookup_elem\nif r0 == 0 goto +3\nr1 = *(u32 *)(r0 +24)\nr1 += 1\n"
	  "*(u32 *)(r6 +24) = r1\nr0 = 0\nexit\n" },
	{ "callback of a hash uses its arguments", VALUE("M1") SET("cb") OUT
	  CB "call bpf_map_delete_elem\nr0 = 0\nexit\n" },
	{ "callback writes its key", VALUE("M1") SET("cb") OUT "cb: *(u32 *)(r2 +0) = 5\nr0 = 0\nexit\n" },
	{ "callback reads behind its key", VALUE("M1") SET("cb") OUT "cb: r0 = *(u64 *)(r2 +0)\n" ZERO },
	{ "callback reads its value's timer", VALUE("M1") SET("cb") OUT "cb: r0 = *(u64 *)(r3 +8)\n" ZERO },
	{ "callback reads behind its value", VALUE("M1") SET("cb") OUT "cb: r0 = *(u64 *)(r3 +32)\n" ZERO },
	{ "callback has no fourth argument", VALUE("M1") SET("cb") OUT "cb: r0 = r4\n" ZERO },
	{ "callback has no context", VALUE("M1") SET("cb") OUT "cb: r0 = *(u32 *)(r6 +0)\n" ZERO },
	{ "callback reads stack not written", VALUE("M1") SET("cb") OUT "cb: r0 = *(u64 *)(r10 -8)\n" ZERO },
	{ "callback arms itself again", VALUE("M0") INIT("M0") SET("cb") START OUT
	  CB "call bpf_get_prandom_u32\n" SET("cb") START ZERO },
	{ "callback starts again", VALUE("M1") INIT("M1") SET("cb") START OUT CB START ZERO },
	{ "callback cancels", VALUE("M1") INIT("M1") SET("cb") START OUT CB CANCEL ZERO },
	{ "callback inits again", VALUE("M1") INIT("M1") SET("cb") START OUT
	  CB "r7 = r1\n" TIMER "r2 = r7\nr3 = 1\ncall bpf_timer_init\n" ZERO },
	{ "callback inits with the other map", VALUE("M1") INIT("M1") SET("cb") START OUT
	  CB TIMER "r2 = M0\nr3 = 1\ncall bpf_timer_init\n" ZERO },
	{ "two callbacks arm each other", VALUE("M0") INIT("M0") SET("cb") START OUT
	  CB SET("cb2") START ZERO "cb2: r6 = r3\n" SET("cb") START ZERO },
	{ "callback loops for ever", VALUE("M0") SET("cb") OUT "cb: r0 = 0\ngoto cb\n" },
	{ "callback loops for ever and arms itself", VALUE("M0") SET("cb") OUT
	  CB SET("cb") "again: r0 = 0\ngoto again\n" },
	{ "callback loops ten times", VALUE("M0") SET("cb") OUT
	  "cb: r0 = 10\nagain: r0 += -1\nif r0 != 0 goto again\nexit\n" },
	{ "callback loops and arms itself in the loop", VALUE("M0") SET("cb") OUT
	  CB "r7 = 3\nagain:" SET("cb") START "r7 += -1\nif r7 != 0 goto again\n" ZERO },
	{ "callback set in a loop", VALUE("M0") "r7 = 5\nagain:" SET("cb") "r7 += -1\nif r7 != 0 goto again\n" OUT
	  "cb:" ZERO },
	{ "callback set on two paths", VALUE("M0") "call bpf_get_prandom_u32\nif r0 > 7 goto other\n" SET("cb")
	  "goto out\nother:" SET("cb2") OUT "cb:" ZERO "cb2: r0 = 1\nexit\n" },
	{ "one callback for two maps", VALUE("M0") SET("cb") VALUE("M1") SET("cb") OUT
	  "cb: r0 = *(u32 *)(r2 +0)\n" ZERO },
	{ "callback with branches, every state kept", VALUE("M0") INIT("M0") SET("cb") START OUT
	  CB "r7 = *(u32 *)(r3 +24)\nif r7 > 5 goto more\nr7 = 1\nmore: *(u32 *)(r3 +24) = r7\n" SET("cb") START ZERO,
	  .flags = BPF_F_TEST_STATE_FREQ },
	{ "callback is no function", VALUE("M0") TIMER "r2 = 7\ncall bpf_timer_set_callback\n" OUT },
	{ "callback is a map", VALUE("M0") TIMER "r2 = M0\ncall bpf_timer_set_callback\n" OUT },
	{ "callback calls a function", VALUE("M0") SET("cb") OUT
	  CB "r1 = r3\ncall f\n" ZERO "f: r0 = *(u32 *)(r1 +24)\nexit\n" },
	{ "callback's function returns from deep", VALUE("M0") SET("cb") OUT
	  CB "call f\nr0 &= 0\nexit\nf: r6 = r3\n" SET("cb") "call bpf_get_prandom_u32\nexit\n" },
	{ "set in a function", "r6 = r1\ncall f\nr0 = 0\nexit\nf:" VALUE("M0") SET("cb") OUT "cb:" ZERO },
	{ "callback that is called, too", VALUE("M0") "r1 = M0\nr2 = r10\nr2 += -4\nr3 = r6\ncall cb\n" SET("cb") OUT
	  "cb: r0 = *(u32 *)(r3 +24)\nr0 = 0\nexit\n" },
	{ "callback that is called and returns more", VALUE("M0") "r3 = r6\ncall cb\n" SET("cb") OUT
	  "cb: r0 = *(u32 *)(r3 +24)\nexit\n" },
	{ "callback ends by a tail call", VALUE("M0") SET("cb") OUT
	  "cb: r1 = r3\nr2 = M4\nr3 = 0\ncall bpf_tail_call\n" ZERO },
	{ "stacks of program and callback apart", VALUE("M0") "*(u64 *)(r10 -400) = 0\n" SET("cb") OUT
	  "cb: *(u64 *)(r10 -400) = 0\n" ZERO },
	{ "stack of a callback that calls", VALUE("M0") SET("cb") OUT
	  "cb: *(u64 *)(r10 -400) = 0\ncall f\n" ZERO "f: *(u64 *)(r10 -200) = 0\n" ZERO },
	{ "stack of a callback that is called", VALUE("M0") "*(u64 *)(r10 -400) = 0\ncall cb\n" SET("cb") OUT
	  "cb: *(u64 *)(r10 -400) = 0\n" ZERO },
	{ "within bpf_loop", VALUE("M0") "*(u64 *)(r10 -16) = r6\nr1 = 3\nr2 = subprog[f]\nr3 = r10\nr3 += -16\nr4 = 0\n"
	  "call bpf_loop\n" OUT "f: r6 = *(u64 *)(r2 +0)\n" SET("cb") START "r0 = 0\nexit\ncb:" ZERO,
	  .own_log = true },
	{ "bpf_loop within a callback", VALUE("M0") SET("cb") OUT
	  "cb: r1 = 3\nr2 = subprog[f]\nr3 = 0\nr4 = 0\ncall bpf_loop\n" ZERO "f: r0 = 0\nexit\n",
	  .own_log = true },
	{ "for_each in a callback", VALUE("M1") SET("cb") OUT
	  "cb: r2 = subprog[f]\nr3 = 0\nr4 = 0\ncall bpf_for_each_map_elem\n" ZERO
	  "f: r6 = r3\n" CANCEL ZERO, .own_log = true },
	{ "callback may not sleep", VALUE("M1") SET("cb") OUT
	  "cb: r1 = r10\nr1 += -8\nr2 = 8\nr3 = 0\ncall bpf_copy_from_user\n" ZERO,
	  BPF_PROG_TYPE_SYSCALL, BPF_F_SLEEPABLE },
	{ "packet pointers stay", "r7 = *(u32 *)(r1 +76)\nr8 = *(u32 *)(r1 +80)\nr9 = r7\nr9 += 4\n"
	  "if r9 > r8 goto out\n" VALUE("M0") SET("cb") "r0 = *(u32 *)(r7 +0)\n" OUT "cb:" ZERO },
	{ "packet pointers go when the callback says so", "r7 = *(u32 *)(r1 +76)\nr8 = *(u32 *)(r1 +80)\nr9 = r7\n"
	  "r9 += 4\nif r9 > r8 goto out\n" VALUE("M0") SET("cb") "r0 = *(u32 *)(r7 +0)\n" OUT
	  "cb: r1 = r3\ncall f\n" ZERO "f:" ZERO },
	{ "inner map", VALUE("M5") "r7 = r0\nr1 = r7\nr2 = r10\nr2 += -4\ncall bpf_map_lookup_elem\n"
	  "if r0 == 0 goto out\nr6 = r0\n" TIMER "r2 = r7\nr3 = 1\ncall bpf_timer_init\n" SET("cb") START OUT "cb:" ZERO },
	{ "inner map, another one", VALUE("M5") "r7 = r0\n*(u32 *)(r10 -4) = 1\nr2 = r10\nr2 += -4\nr1 = M5\n"
	  "call bpf_map_lookup_elem\nif r0 == 0 goto out\nr8 = r0\nr1 = r7\nr2 = r10\nr2 += -4\n"
	  "call bpf_map_lookup_elem\nif r0 == 0 goto out\nr6 = r0\n" TIMER
	  "r2 = r8\nr3 = 1\ncall bpf_timer_init\n" OUT },
	{ "inner map, the same one looked up again", VALUE("M5") "r7 = r0\nr2 = r10\nr2 += -4\nr1 = M5\n"
	  "call bpf_map_lookup_elem\nif r0 == 0 goto out\nr8 = r0\nr1 = r7\nr2 = r10\nr2 += -4\n"
	  "call bpf_map_lookup_elem\nif r0 == 0 goto out\nr6 = r0\n" TIMER
	  "r2 = r8\nr3 = 1\ncall bpf_timer_init\n" OUT },
	{ "inner map, the one the outer was made with", VALUE("M5") "r7 = r0\nr1 = r7\nr2 = r10\nr2 += -4\n"
	  "call bpf_map_lookup_elem\nif r0 == 0 goto out\nr6 = r0\n" INIT("M1") OUT },
};
/* clang-format on */

/* "(18) r1 = 0xffff…" becomes "(18) r1 = 0x0", with no regard to what hangs on the column. */
static void hide_addresses(char *log)
{
	char *to = log;

	for (char *from = log; *from;) {
		bool wide = !strncmp(from, "(18) r", 6) && !strncmp(from + 7, " = 0x", 5);

		*to++ = *from++;
		if (!wide)
			continue;
		memmove(to, from, 10);
		to += 10;
		from += 11 + strspn(from + 11, "0123456789abcdef");
		from += strspn(from, " ");
	}
	*to = '\0';
}

/* Prints the first line in which they differ; true if they do. */
static bool logs_differ(const char *name, const char *here, const char *kernel)
{
	size_t start = 0, i = 0;

	for (; kernel[i] && kernel[i] == here[i]; i++)
		if (kernel[i] == '\n')
			start = i + 1;
	if (!kernel[i] && !here[i])
		return false;
	print_message("%s\n  kernel: %.*s\n  here:   %.*s\n", name,
		      (int)strcspn(kernel + start, "\n"), kernel + start,
		      (int)strcspn(here + start, "\n"), here + start);
	return true;
}

static bool differs(const struct timer_prog *p, uint32_t *n_accepted)
{
	static char logs[SIDES][LOG_BYTES];
	bool compare_logs = !p->own_log && VERIFY_PRUNE_BUILT == VERIFY_PRUNE_LINUX;
	int fds[SIDES];
	bool bad;

	for (enum side side = 0; side < SIDES; side++) {
		fds[side] = timer_load(side, p, compare_logs ? logs[side] : NULL,
				       compare_logs ? LOG_BYTES : 0);
		hide_addresses(logs[side]);
		if (fds[side] >= 0)
			close(fds[side]);
	}
	bad = compare_logs && logs_differ(p->name, logs[ENGINE], logs[KERNEL]);
	if (MIN(fds[ENGINE], 0) != MIN(fds[KERNEL], 0)) {
		print_message("%s: kernel %d, here %d\n", p->name, MIN(fds[KERNEL], 0),
			      MIN(fds[ENGINE], 0));
		bad = true;
	}
	*n_accepted += fds[KERNEL] >= 0;
	if (bad && getenv("SHOW_LOGS"))
		printf("--- kernel\n%s--- here\n%s", logs[KERNEL], logs[ENGINE]);
	return bad;
}

static void need_kernel(void)
{
	if (twin_kernel_allowed())
		return;
	print_message("the kernel's bpf(2) is not allowed here: nothing to compare with\n");
	skip();
}

static void verdict_and_log_are_the_kernels(void **state)
{
	uint32_t n_bad = 0, n_accepted = 0;

	need_kernel();
	for (enum side side = 0; side < SIDES; side++)
		timer_maps_make(side);
	for (size_t i = 0; i < ARRAY_SIZE(progs); i++)
		n_bad += differs(&progs[i], &n_accepted);
	for (enum side side = 0; side < SIDES; side++)
		timer_maps_close(side);
	print_message("%zu programs, %u of them accepted by the kernel\n", ARRAY_SIZE(progs),
		      n_accepted);
	assert_int_equal(n_bad, 0);
	assert_in_range(n_accepted, ARRAY_SIZE(progs) / 4, ARRAY_SIZE(progs) * 3 / 4);
}

static void map_types_take_timers_as_the_kernels_do(void **state)
{
	static const uint32_t values[] = { TYPE_VALUE, TYPE_TWO, TYPE_ODD };
	static const uint32_t flags[] = { 0, BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG, BPF_F_NO_PREALLOC,
					  BPF_F_MMAPABLE };
	uint32_t n_bad = 0, n_made = 0;

	need_kernel();
	for (uint32_t type = 1; type < __MAX_BPF_MAP_TYPE; type++) {
		for (uint32_t i = 0; i < ARRAY_SIZE(values) * ARRAY_SIZE(flags); i++) {
			int fds[SIDES];

			if (!map_ops_by_type(type))
				continue;
			for (enum side side = 0; side < SIDES; side++) {
				fds[side] = timer_map(side, type, values[i % ARRAY_SIZE(values)],
						      TIMER_VALUE_BYTES, 4096,
						      flags[i / ARRAY_SIZE(values)]);
				if (fds[side] >= 0)
					close(fds[side]);
			}
			n_made += fds[KERNEL] >= 0;
			if (MIN(fds[ENGINE], 0) == MIN(fds[KERNEL], 0))
				continue;
			print_message("map type %u, value %u, flags %#x: kernel %d, here %d\n", type,
				      values[i % ARRAY_SIZE(values)], flags[i / ARRAY_SIZE(values)],
				      MIN(fds[KERNEL], 0), MIN(fds[ENGINE], 0));
			n_bad++;
		}
	}
	assert_int_equal(n_bad, 0);
	assert_true(n_made > 9);
}

/* --- random programs --------------------------------------------------------------------------- */

#define RANDOM_PROGS 300
#define TEXT_BYTES 16384
#define CALLBACKS_MAX 3
#define STATEMENTS_MAX 9

struct gen {
	uint32_t seed;
	uint32_t n_callbacks, n_labels, map; /* map: that of r6 */
	bool in_callback;		     /* r8 is its map then */
	size_t at;
	char text[TEXT_BYTES];
};

static uint32_t below(struct gen *g, uint32_t n)
{
	g->seed = g->seed * 1103515245 + 12345;
	return (g->seed >> 8) % n;
}

static void __attribute__((format(printf, 2, 3))) add(struct gen *g, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	g->at += (size_t)vsnprintf(g->text + g->at, TEXT_BYTES - g->at, fmt, args);
	va_end(args);
	assert_true(g->at < TEXT_BYTES);
}

/* Mostly right: where the timer is, once in a while beside it. */
static void add_timer(struct gen *g)
{
	add(g, "r1 = r6\nr1 += %u\n", below(g, 80) ? 8 : 4 * below(g, 8));
}

static void add_lookup(struct gen *g, uint32_t end)
{
	g->map = below(g, 3);
	add(g, "*(u32 *)(r10 -4) = %u\nr2 = r10\nr2 += -4\nr1 = M%u\ncall bpf_map_lookup_elem\n",
	    below(g, 3), g->map);
	if (below(g, 30))
		add(g, "if r0 == 0 goto end%u\n", end);
	add(g, "r6 = r0\n");
}

static void add_init(struct gen *g)
{
	add_timer(g);
	if (g->in_callback && g->map == UINT32_MAX)
		add(g, below(g, 60) ? "r2 = r8\n" : "r2 = M0\n");
	else
		add(g, "r2 = M%u\n", below(g, 60) ? g->map : below(g, 3));
	add(g, "r3 = %u\ncall bpf_timer_init\n", below(g, 3));
}

static void add_set(struct gen *g, uint32_t callback)
{
	add_timer(g);
	add(g, "r2 = subprog[cb%u]\ncall bpf_timer_set_callback\n", callback);
}

static void add_statement(struct gen *g, uint32_t end)
{
	static const char *const ops[] = { "+=", "&=", "|=", "<<=", ">>=", "*=", "s>>=" };
	static const char *const tests[] = { "==", "!=", ">", "s<", "&" };
	uint32_t label;

	switch (below(g, 14)) {
	case 0: add_init(g); return;
	case 1:
	case 2: add_set(g, below(g, g->n_callbacks)); return;
	case 3:
		add_timer(g);
		add(g, "r2 = r7\nr3 = %u\ncall bpf_timer_start\n", below(g, 4));
		return;
	case 4:
		add_timer(g);
		add(g, "call bpf_timer_cancel\nr7 = r0\n");
		return;
	case 5: add(g, "r7 = *(u32 *)(r6 +%u)\n", below(g, 60) ? 24 : 4 * below(g, 9)); return;
	case 6: add(g, "*(u32 *)(r6 +%u) = r7\n", below(g, 60) ? 24 : 4 * below(g, 9)); return;
	case 7: add(g, "r7 %s %u\n", ops[below(g, ARRAY_SIZE(ops))], below(g, 32)); return;
	case 8: add(g, "call bpf_get_prandom_u32\nr7 = r0\n"); return;
	case 9: add(g, "*(u64 *)(r10 -%u) = r7\n", 16 + 8 * below(g, 4)); return;
	case 10: add(g, "r7 = *(u64 *)(r10 -%u)\n", 16 + 8 * below(g, 4)); return;
	case 11: add_lookup(g, end); return;
	case 12:
		label = g->n_labels++;
		add(g, "if r7 %s %u goto over%u\n", tests[below(g, ARRAY_SIZE(tests))], below(g, 64), label);
		if (below(g, 2))
			add_statement(g, end);
		add(g, "over%u: r7 += 1\n", label);
		return;
	default:
		label = g->n_labels++;
		add(g, "r9 = %u\nagain%u: r9 += -1\n", 1 + below(g, 4), label);
		if (below(g, 2))
			add_statement(g, end);
		add(g, "if r9 != 0 goto again%u\n", label);
	}
}

/* @next: a callback it sets, so that none is unreachable. */
static void add_function(struct gen *g, uint32_t next)
{
	uint32_t end = g->n_labels++, n = 1 + below(g, STATEMENTS_MAX);

	add(g, "r7 = 0\nr9 = 0\n*(u64 *)(r10 -16) = r7\n");
	if (!g->in_callback)
		add_lookup(g, end);
	if (next < g->n_callbacks)
		add_set(g, next);
	while (n--)
		add_statement(g, end);
	if (g->in_callback && !below(g, 12))
		add(g, "r7 &= 1\nr0 = r7\nend%u: exit\n", end);
	else
		add(g, "end%u: r0 = 0\nexit\n", end);
}

static void generate(struct gen *g, uint32_t seed)
{
	memset(g, 0, sizeof(*g));
	g->seed = seed;
	g->n_callbacks = 1 + below(g, CALLBACKS_MAX);
	add_function(g, 0);
	for (uint32_t i = 0; i < g->n_callbacks; i++) {
		g->in_callback = true;
		g->map = UINT32_MAX;
		add(g, "cb%u: r6 = r3\nr8 = r1\n", i);
		add_function(g, i + 1);
	}
}

static void random_programs_get_the_kernels_verdict(void **state)
{
	const char *more = getenv("TIMER_PROGS");
	uint32_t n = more ? (uint32_t)atoi(more) : RANDOM_PROGS;
	uint32_t n_bad = 0, n_accepted = 0;
	static struct gen g;
	char name[32];

	need_kernel();
	for (enum side side = 0; side < SIDES; side++)
		timer_maps_make(side);
	for (uint32_t seed = 1; seed <= n && n_bad < 5; seed++) {
		struct timer_prog p = { .name = name, .text = g.text };

		generate(&g, seed);
		p.flags = below(&g, 4) ? 0 : BPF_F_TEST_STATE_FREQ;
		snprintf(name, sizeof(name), "seed %u", seed);
		n_bad += differs(&p, &n_accepted);
	}
	for (enum side side = 0; side < SIDES; side++)
		timer_maps_close(side);
	print_message("%u programs, %u of them accepted by the kernel\n", n, n_accepted);
	assert_int_equal(n_bad, 0);
	assert_in_range(n_accepted, n / 5, n * 9 / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TWIN_TEST(map_types_take_timers_as_the_kernels_do),
		TWIN_TEST(verdict_and_log_are_the_kernels),
		TWIN_TEST(random_programs_get_the_kernels_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
