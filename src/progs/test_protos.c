/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: each program type may call the helpers the kernel lets it call, with the arguments the kernel
 * wants. Method: every type calls every helper that is done with registers set up in many ways; errno
 * and the verifier's log must be the kernel's, word for word. Helpers that are not done must be refused.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/macros.h"
#include "isa/insn.h"
#include "syscall/test_text.h"
#include "syscall/test_twin.h"
#include "verifier/prune_default.h"
#include "verifier/verify.h"

#define LOG_BYTES 65536

static const struct {
	const char *name;
	uint32_t type;
} types[] = {
	{ "socket_filter", BPF_PROG_TYPE_SOCKET_FILTER },
	{ "kprobe", BPF_PROG_TYPE_KPROBE },
	{ "sched_cls", BPF_PROG_TYPE_SCHED_CLS },
	{ "sched_act", BPF_PROG_TYPE_SCHED_ACT },
	{ "tracepoint", BPF_PROG_TYPE_TRACEPOINT },
	{ "xdp", BPF_PROG_TYPE_XDP },
	{ "perf_event", BPF_PROG_TYPE_PERF_EVENT },
	{ "cgroup_skb", BPF_PROG_TYPE_CGROUP_SKB },
	{ "raw_tracepoint", BPF_PROG_TYPE_RAW_TRACEPOINT },
	{ "cgroup_sysctl", BPF_PROG_TYPE_CGROUP_SYSCTL },
	{ "syscall", BPF_PROG_TYPE_SYSCALL },
};

/* What R1 to R5 are; %d is a map's fd. R6 is the context. */
static const char *const setups[] = {
	"r1 = 0\n r2 = 0\n r3 = 0\n r4 = 0\n r5 = 0\n",
	"r1 = 8\n r2 = 8\n r3 = 8\n r4 = 8\n r5 = 8\n",
	"",
	"r2 = r1\n r3 = r1\n r4 = r1\n r5 = r1\n",
	"r2 = 0\n r3 = 0\n r4 = 0\n r5 = 0\n",
	"r2 = 8\n r3 = 8\n r4 = 8\n r5 = 8\n",
	"r2 = r10\n r2 += -16\n r3 = r2\n r4 = r2\n r5 = r2\n",
	"r2 = r10\n r2 += -16\n r3 = r2\n r4 = 8\n r5 = 8\n",
	"r2 = 8\n r3 = r10\n r3 += -16\n r4 = 8\n r5 = 0\n",
	"r2 = 8\n r3 = r10\n r3 += -16\n r4 = 0\n r5 = 0\n",
	"*(u64 *)(r10 -16) = 0\n r2 = 8\n r3 = r10\n r3 += -16\n r4 = 8\n r5 = 0\n",
	"*(u64 *)(r10 -16) = 0\n r1 = r10\n r1 += -16\n r2 = 8\n r3 = r1\n r4 = 8\n r5 = r1\n",
	"*(u64 *)(r10 -16) = 0\n r1 = r10\n r1 += -16\n r2 = 8\n r3 = 0\n r4 = r1\n r5 = 8\n",
	"r1 = r10\n r1 += -16\n r2 = 8\n r3 = 0\n r4 = r1\n r5 = 8\n",
	"r1 = r10\n r1 += -13\n r2 = 8\n r3 = 0\n r4 = r1\n r5 = 8\n",
	"r1 = r10\n r1 += -16\n r2 = 0\n r3 = 0\n r4 = 0\n r5 = 0\n",
	"r1 = r10\n r1 += -16\n r2 = 17\n r3 = 0\n r4 = 0\n r5 = 0\n",
	"r1 = map[fd:%d]\n r2 = 0\n r3 = 0\n r4 = 0\n r5 = 0\n",
	"r1 = map[fd:%d]\n r2 = r10\n r2 += -16\n r3 = r2\n r4 = 0\n r5 = 0\n",
	"*(u64 *)(r10 -16) = 0\n r1 = map[fd:%d]\n r2 = r10\n r2 += -16\n r3 = r2\n r4 = 0\n r5 = 0\n",
	"*(u64 *)(r10 -16) = 0\n r1 = map[fd:%d]\n r2 = r10\n r2 += -16\n r3 = 8\n r4 = 0\n r5 = 0\n",
	"*(u64 *)(r10 -16) = 0\n r2 = map[fd:%d]\n r3 = 0\n r4 = r10\n r4 += -16\n r5 = 8\n",
	"r2 = map[fd:%d]\n r3 = 0\n r4 = r10\n r4 += -16\n r5 = 8\n",
};

static const struct {
	const char *name;
	bool done;
} helpers[] = {
#define DONE_done true
#define DONE_later false
#define DONE_refused false
#define HELPER(id, name, status, note) [id] = { #name, DONE_##status },
#include "tbl/helpers.h"
};

/* The kernel gives syscall programs a variant for pointers to kernel objects, of which there are none. */
static bool is_elsewhere(uint32_t type, uint32_t id)
{
	return type == BPF_PROG_TYPE_SYSCALL && id == BPF_FUNC_xdp_get_buff_len;
}

static int maps[SIDES];
static char logs[SIDES][LOG_BYTES];

static int make_map(enum side side)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = attr.value_size = 4;
	attr.max_entries = 1;
	return twin_bpf(side, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static int load(enum side side, uint32_t type, const char *setup, uint32_t id, bool gpl)
{
	char text[1000] = "r6 = r1\n";
	union bpf_attr attr;
	int fd;

	snprintf(text + strlen(text), sizeof(text) - strlen(text), setup, maps[side]);
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "call %u\n r0 = 0\n exit\n", id);
	text_attr(&attr, type, text, logs[side], LOG_BYTES);
	if (!gpl)
		attr.license = (uintptr_t)"BSD";
	attr.prog_flags = type == BPF_PROG_TYPE_SYSCALL ? BPF_F_SLEEPABLE : 0;
	logs[side][0] = '\0';
	fd = twin_bpf(side, BPF_PROG_LOAD, &attr, sizeof(attr));
	text_attr_free(&attr);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* Addresses differ in value and so in width: every "0x…" and the blanks behind it become one dot. */
static void hide_addresses(char *log)
{
	char *to = log;

	for (char *s = log; *s;) {
		if (strncmp(s, "= 0x", 4) != 0) {
			*to++ = *s++;
			continue;
		}
		s += 4 + strspn(s + 4, "0123456789abcdef");
		s += strspn(s, " ");
		*to++ = '.';
	}
	*to = '\0';
}

/* The first line of @log that is not in @other, ended; each may be asked for once. */
static const char *differing_line(const char *log, const char *other)
{
	static char lines[2][256];
	static int next;
	size_t at = 0, len;
	char *line = lines[next ^= 1];

	for (size_t i = 0; log[i] && log[i] == other[i]; i++)
		if (log[i] == '\n')
			at = i + 1;
	len = MIN(strcspn(log + at, "\n"), sizeof(lines[0]) - 1);
	memcpy(line, log + at, len);
	line[len] = '\0';
	return line;
}

/* Another pruning than Linux's counts and prints other states; the verdict is the same. */
static bool logs_equal(void)
{
	return VERIFY_PRUNE_BUILT != VERIFY_PRUNE_LINUX || !strcmp(logs[ENGINE], logs[KERNEL]);
}

/* 1 when the sides differ. */
static uint32_t compare(size_t t, const char *setup, uint32_t id, bool gpl, uint32_t *accepted)
{
	int engine, kernel;

	if (is_elsewhere(types[t].type, id))
		return 0;
	engine = load(ENGINE, types[t].type, setup, id, gpl);
	kernel = load(KERNEL, types[t].type, setup, id, gpl);
	*accepted += kernel == 0;
	hide_addresses(logs[ENGINE]);
	hide_addresses(logs[KERNEL]);
	if (engine == kernel && logs_equal())
		return 0;
	print_message("%s calls bpf_%s with %s: engine %d, kernel %d\n  engine: %.200s\n  kernel: %.200s\n",
		      types[t].name, helpers[id].name, setup, engine, kernel,
		      differing_line(logs[ENGINE], logs[KERNEL]),
		      differing_line(logs[KERNEL], logs[ENGINE]));
	return 1;
}

static int begin(void)
{
	if (!twin_kernel_allowed()) {
		print_message("the kernel's bpf(2) is not allowed here: nothing to compare with\n");
		skip();
	}
	for (int side = 0; side < SIDES; side++) {
		maps[side] = make_map((enum side)side);
		assert_true(maps[side] >= 0);
	}
	return 0;
}

static void end(void)
{
	close(maps[ENGINE]);
	close(maps[KERNEL]);
}

static void done_helpers_judge_arguments_as_the_kernel(void **state)
{
	uint32_t n = 0, wrong = 0, accepted = 0;

	begin();
	for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
		for (uint32_t id = 1; id < ARRAY_SIZE(helpers); id++) {
			for (size_t s = 0; helpers[id].done && s < ARRAY_SIZE(setups); s++) {
				wrong += compare(t, setups[s], id, true, &accepted);
				n++;
			}
		}
	}
	end();
	print_message("%u programs, %u of them taken\n", n, accepted);
	assert_int_equal(wrong, 0);
	assert_true(accepted > 1000);
}

static void licence_matters_as_in_the_kernel(void **state)
{
	uint32_t wrong = 0, accepted = 0;

	begin();
	for (uint32_t id = 1; id < ARRAY_SIZE(helpers); id++)
		for (size_t t = 0; helpers[id].done && t < ARRAY_SIZE(types); t++)
			wrong += compare(t, setups[5], id, false, &accepted);
	end();
	assert_int_equal(wrong, 0);
}

static void helper_that_is_not_done_is_refused_by_name(void **state)
{
	begin();
	for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
		for (uint32_t id = 1; id < ARRAY_SIZE(helpers); id++) {
			if (helpers[id].done)
				continue;
			assert_true(load(ENGINE, types[t].type, setups[0], id, true) < 0);
			assert_non_null(strstr(logs[ENGINE], helpers[id].name));
		}
	}
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TWIN_TEST(done_helpers_judge_arguments_as_the_kernel),
		TWIN_TEST(licence_matters_as_in_the_kernel),
		TWIN_TEST(helper_that_is_not_done_is_refused_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
