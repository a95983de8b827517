/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: an access to a sysctl comes out as in the kernel. Method: programs that call one helper each, or
 * touch one field, attached to a cgroup of our own in the kernel and here. A child in that cgroup reads or
 * writes a sysctl of network and UTS namespaces of our own; the engine is told of the same access; what
 * the programs saw, byte for byte, must be the same. What the engine says becomes of the access is then
 * done outside the cgroup, and must have the same result, position and value left behind as the first
 * had. Nothing of the machine's is written.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/macros.h"
#include "hooks/test_cgroups.h"
#include "skep/cgroup.h"
#include "skep/sysctl.h"
#include "syscall/test_text.h"
#include "syscall/test_twin.h"

#include "hooks/test_access.h"

#define OUT_BYTES 6000 /* of the map's value: R0, what was read */

static const struct access accesses[] = {
	{ .name = "net/ipv4/ip_default_ttl", .read_bytes = 100 },
	{ .name = "net/ipv4/ip_default_ttl", .read_bytes = 1 },
	{ .name = "net/ipv4/ip_default_ttl", .read_bytes = 100, .pos = 1 },
	{ .name = "net/ipv4/ip_default_ttl", .write = true, .value = "1\n" },
	{ .name = "net/ipv4/ip_default_ttl", .write = true, .value = "1" },
	{ .name = "net/ipv4/ip_default_ttl", .write = true, .value = "1", .pos = 3 },
	{ .name = "net/ipv4/ip_default_ttl", .write = true, .value = "nonsense" },
	{ .name = "net/ipv4/ip_default_ttl", .write = true, .value = "", .value_bytes = 0 },
	{ .name = "net/ipv4/tcp_rmem", .read_bytes = 200 },
	{ .name = "net/ipv4/tcp_rmem", .write = true, .value = "4096 8192 16384\n" },
	{ .name = "net/ipv4/ip_local_port_range", .write = true, .value = "1024\t2048" },
	{ .name = "kernel/hostname", .read_bytes = 64 },
	{ .name = "kernel/hostname", .read_bytes = 64, .pos = 2 },
	{ .name = "kernel/hostname", .write = true, .value = "a-new-name-for-this-host\n" },
	{ .name = "kernel/hostname", .write = true, .value = "four", .pos = 2 },
	{ .name = "kernel/hostname", .write = true, .value_bytes = 4095 },
	{ .name = "kernel/hostname", .write = true, .value_bytes = 4096 },
	{ .name = "kernel/hostname", .write = true, .value_bytes = 5000 },
	{ .name = "net/ipv4/conf/default/forwarding", .read_bytes = 100 },
	{ .name = "net/ipv6/conf/default/hop_limit", .write = true, .value = "65\n" },
};

/* --- programs ---------------------------------------------------------------------------------------- */

/* What a program does before it ends: R6 is the context, R7 OUT_BYTES it may fill. */
struct program {
	const char *name, *text;
	int verdict;
};

#define NAME_INTO(bytes, flags) CALL("sysctl_get_name", bytes, "r4 = " #flags "\n")
#define CALL(helper, bytes, more)                                                                  \
	"r1 = r6\n r2 = r7\n r2 += 8\n r3 = " #bytes "\n" more "call bpf_" helper "\n"             \
	"*(u64 *)(r7 + 0) = r0\n"
/* Eight bytes of text, as often as it takes. */
#define TEXT8 "r1 = 0x3938373635343332ll\n"
#define SET(bytes)                                                                                 \
	TEXT8 "*(u64 *)(r10 -64) = r1\n*(u64 *)(r10 -56) = r1\n"                                   \
	      "r1 = r6\n r2 = r10\n r2 += -64\n r3 = " #bytes "\n"                                 \
	      "call bpf_sysctl_set_new_value\n *(u64 *)(r7 + 0) = r0\n"
#define SET_LONG(bytes)                                                                            \
	"r1 = r6\n r2 = r7\n r2 += 8\n r3 = " #bytes "\n"                                          \
	"call bpf_sysctl_set_new_value\n *(u64 *)(r7 + 0) = r0\n"
#define RETVAL(value)                                                                              \
	"r1 = " #value "\n call bpf_set_retval\n *(u64 *)(r7 + 0) = r0\n"                          \
	"call bpf_get_retval\n *(u64 *)(r7 + 8) = r0\n"
#define FIELD(type, off) "r1 = *(" #type " *)(r6 + " #off ")\n *(u64 *)(r7 + 0) = r1\n"

static const struct program programs[] = {
	{ "nothing", "", 1 },
	{ "denied", "", 0 },
	{ "name 1", NAME_INTO(1, 0), 1 },
	{ "name 3", NAME_INTO(3, 0), 1 },
	{ "name 4", NAME_INTO(4, 0), 1 },
	{ "name 5", NAME_INTO(5, 0), 1 },
	{ "name 8", NAME_INTO(8, 0), 1 },
	{ "name 9", NAME_INTO(9, 0), 1 },
	{ "name 10", NAME_INTO(10, 0), 1 },
	{ "name 15", NAME_INTO(15, 0), 1 },
	{ "name 16", NAME_INTO(16, 0), 1 },
	{ "name 19", NAME_INTO(19, 0), 1 },
	{ "name 20", NAME_INTO(20, 0), 1 },
	{ "name 21", NAME_INTO(21, 0), 1 },
	{ "name 24", NAME_INTO(24, 0), 1 },
	{ "name 22", NAME_INTO(22, 0), 1 },
	{ "name 23", NAME_INTO(23, 0), 1 },
	{ "name 25", NAME_INTO(25, 0), 1 },
	{ "name 29", NAME_INTO(29, 0), 1 },
	{ "name 64", NAME_INTO(64, 0), 1 },
	{ "name 64, odd flags", NAME_INTO(64, 6), 1 },
	{ "base 1", NAME_INTO(1, 1), 1 },
	{ "base 8", NAME_INTO(8, 1), 1 },
	{ "base 9", NAME_INTO(9, 1), 1 },
	{ "base 10", NAME_INTO(10, 1), 1 },
	{ "base 11", NAME_INTO(11, 1), 1 },
	{ "base 12", NAME_INTO(12, 1), 1 },
	{ "base 14", NAME_INTO(14, 1), 1 },
	{ "base 15", NAME_INTO(15, 1), 1 },
	{ "base 16", NAME_INTO(16, 1), 1 },
	{ "base 64", NAME_INTO(64, 1), 1 },
	{ "base 64, odd flags", NAME_INTO(64, 0x700000001ll), 1 },
	{ "current 1", CALL("sysctl_get_current_value", 1, ""), 1 },
	{ "current 2", CALL("sysctl_get_current_value", 2, ""), 1 },
	{ "current 3", CALL("sysctl_get_current_value", 3, ""), 1 },
	{ "current 6", CALL("sysctl_get_current_value", 6, ""), 1 },
	{ "current 7", CALL("sysctl_get_current_value", 7, ""), 1 },
	{ "current 64", CALL("sysctl_get_current_value", 64, ""), 1 },
	{ "current 5000", CALL("sysctl_get_current_value", 5000, ""), 1 },
	{ "new 1", CALL("sysctl_get_new_value", 1, ""), 1 },
	{ "new 2", CALL("sysctl_get_new_value", 2, ""), 1 },
	{ "new 3", CALL("sysctl_get_new_value", 3, ""), 1 },
	{ "new 64", CALL("sysctl_get_new_value", 64, ""), 1 },
	{ "new 4095", CALL("sysctl_get_new_value", 4095, ""), 1 },
	{ "new 4096", CALL("sysctl_get_new_value", 4096, ""), 1 },
	{ "new 4097", CALL("sysctl_get_new_value", 4097, ""), 1 },
	{ "new 5000, denied", CALL("sysctl_get_new_value", 5000, ""), 0 },
	{ "set 1", SET(1), 1 },
	{ "set 4", SET(4), 1 },
	{ "set 16", SET(16), 1 },
	{ "set 16, denied", SET(16), 0 },
	{ "set 4095", SET_LONG(4095), 1 },
	{ "set 4096", SET_LONG(4096), 1 },
	{ "set and ask", SET(5) CALL("sysctl_get_new_value", 64, ""), 1 },
	{ "set twice", SET(7) SET(2), 1 },
	{ "set, then retval", SET(2) RETVAL(-13), 1 },
	{ "retval 0", RETVAL(0), 1 },
	{ "retval -13", RETVAL(-13), 1 },
	{ "retval -13, denied", RETVAL(-13), 0 },
	{ "retval 5", RETVAL(5), 1 },
	{ "retval 5, denied", RETVAL(5), 0 },
	{ "retval -4095, denied", RETVAL(-4095), 0 },
	{ "write", FIELD(u32, 0), 1 },
	{ "write, first byte", FIELD(u8, 0), 1 },
	{ "write, third byte", FIELD(u8, 2), 1 },
	{ "file_pos", FIELD(u32, 4), 1 },
	{ "file_pos, first half", FIELD(u16, 4), 1 },
	{ "file_pos, second half", FIELD(u16, 6), 1 },
	{ "file_pos to 0", "r1 = 0\n *(u32 *)(r6 +4) = r1\n" FIELD(u32, 4), 1 },
	{ "file_pos to 1, a number", "*(u32 *)(r6 +4) = 1\n" FIELD(u32, 4), 1 },
	{ "file_pos from r9", "r9 = 3\n *(u32 *)(r6 +4) = r9\n *(u64 *)(r7 +0) = r9\n", 1 },
	{ "file_pos, r8 and r9",
	  "r8 = r6\n r9 = 2\n r5 = 77\n *(u32 *)(r8 +4) = r9\n r9 += r5\n *(u64 *)(r7 +0) = r9\n", 1 },
	{ "comm", "r1 = r7\n r1 += 8\n r2 = 16\n call bpf_get_current_comm\n *(u64 *)(r7 +0) = r0\n", 1 },
	{ "ids", "call bpf_get_current_pid_tgid\n *(u64 *)(r7 +0) = r0\n"
		 "call bpf_get_current_uid_gid\n *(u64 *)(r7 +8) = r0\n", 1 },
	{ "cgroups", "call bpf_get_current_cgroup_id\n *(u64 *)(r7 +0) = r0\n"
		     "r1 = 0\n call bpf_get_current_ancestor_cgroup_id\n *(u64 *)(r7 +8) = r0\n"
		     "r1 = 1\n call bpf_get_current_ancestor_cgroup_id\n *(u64 *)(r7 +16) = r0\n"
		     "r1 = 2\n call bpf_get_current_ancestor_cgroup_id\n *(u64 *)(r7 +24) = r0\n"
		     "r1 = 3\n call bpf_get_current_ancestor_cgroup_id\n *(u64 *)(r7 +32) = r0\n"
		     "r1 = 4\n call bpf_get_current_ancestor_cgroup_id\n *(u64 *)(r7 +40) = r0\n"
		     "r1 = -1\n call bpf_get_current_ancestor_cgroup_id\n *(u64 *)(r7 +48) = r0\n"
		     "r1 = 0x100000001ll\n call bpf_get_current_ancestor_cgroup_id\n *(u64 *)(r7 +56) = r0\n",
	  1 },
};

/* The second of two, nearer to the task and so first to run. */
static const struct program inner_programs[] = {
	{ "nothing", "", 1 },
	{ "denied", "", 0 },
	{ "retval -13", RETVAL(-13), 1 },
	{ "retval 7, denied", RETVAL(7), 0 },
	{ "set 3", SET(3), 1 },
	{ "file_pos to 1", "*(u32 *)(r6 +4) = 1\n", 1 },
};

static const struct program outer_programs[] = {
	{ "asks", "call bpf_get_retval\n *(u64 *)(r7 +0) = r0\n"
		  "r1 = r6\n r2 = r7\n r2 += 8\n r3 = 64\n call bpf_sysctl_get_new_value\n", 1 },
	{ "denied", "call bpf_get_retval\n *(u64 *)(r7 +0) = r0\n", 0 },
	{ "retval 0", RETVAL(0), 1 },
	{ "set 1", SET(1) FIELD(u32, 4), 1 },
};

static int maps[SIDES];

static int make_map(enum side side)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = OUT_BYTES;
	attr.max_entries = 2;
	return twin_bpf(side, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static void map_elem(enum side side, int cmd, uint32_t key, void *value)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)maps[side];
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)value;
	assert_int_equal(twin_bpf(side, cmd, &attr, sizeof(attr)), 0);
}

/* Loads @program, which fills element @key. */
static int load(enum side side, const struct program *program, int key)
{
	static char log[65536];
	union bpf_attr attr;
	char text[4000];
	int fd;

	snprintf(text, sizeof(text),
		 "r6 = r1\n *(u32 *)(r10 -4) = %d\n r1 = map[fd:%d]\n r2 = r10\n r2 += -4\n"
		 "call bpf_map_lookup_elem\n if r0 == 0 goto out\n r7 = r0\n%s"
		 "out: r0 = %d\n exit\n",
		 key, maps[side], program->text, program->verdict);
	text_attr(&attr, BPF_PROG_TYPE_CGROUP_SYSCTL, text, log, sizeof(log));
	attr.expected_attach_type = BPF_CGROUP_SYSCTL;
	fd = twin_bpf(side, BPF_PROG_LOAD, &attr, sizeof(attr));
	text_attr_free(&attr);
	if (fd < 0)
		fail_msg("%s: %d\n%s", program->name, fd, log);
	return fd;
}

static int attach(enum side side, int prog, int cgroup)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (uint32_t)prog;
	attr.link_create.target_fd = (uint32_t)cgroup;
	attr.link_create.attach_type = BPF_CGROUP_SYSCTL;
	fd = twin_bpf(side, BPF_LINK_CREATE, &attr, sizeof(attr));
	assert_true(fd >= 0);
	close(prog);
	return fd;
}

/* --- both ---------------------------------------------------------------------------------------------- */

static int top_fd, leaf_fd, keep_fd; /* of our cgroups */
static uint64_t leaf_id;
static struct skep_task child; /* whom the engine takes for the current task */

static void child_task(void *arg, struct skep_task *task)
{
	*task = child;
}

static void fill_outputs(void)
{
	static char fill[OUT_BYTES];

	memset(fill, 0xaa, sizeof(fill));
	for (enum side side = 0; side < SIDES; side++)
		for (uint32_t key = 0; key < 2; key++)
			map_elem(side, BPF_MAP_UPDATE_ELEM, key, fill);
}

static void compare_outputs(const char *what, const struct access *a)
{
	static uint8_t out[SIDES][OUT_BYTES];

	for (uint32_t key = 0; key < 2; key++) {
		uint32_t i = 0;

		for (enum side side = 0; side < SIDES; side++)
			map_elem(side, BPF_MAP_LOOKUP_ELEM, key, out[side]);
		while (i < OUT_BYTES && out[ENGINE][i] == out[KERNEL][i])
			i++;
		if (i < OUT_BYTES)
			fail_msg("%s, %s of %s at %lld: program %u wrote %#x at %u, in the kernel %#x; R0 %lld, in the kernel %lld",
				 what, a->write ? "write" : "read", a->name, (long long)a->pos, key,
				 out[ENGINE][i], i, out[KERNEL][i],
				 (long long)*(int64_t *)out[ENGINE],
				 (long long)*(int64_t *)out[KERNEL]);
	}
}

/* Does the kernel do with the file what the engine says becomes of the access? */
static void compare_results(const char *what, const struct access *a,
			    const struct skep_sysctl *said)
{
	static struct report real;
	const char *value = said->replaced ? said->value_out : said->value;
	uint32_t n = said->replaced ? said->value_out_bytes : (uint32_t)said->value_bytes;

	real = *report;
	if (said->retval) {
		memset(report, 0, sizeof(*report));
		report->ret = said->retval;
		report->pos_after = said->file_pos;
		report->after_bytes = real.current_bytes;
		memcpy(report->after, real.current, VALUE_BYTES);
	} else {
		in_child(a, said->file_pos, value, n, -1);
	}
	if (a->write ? real.ret <= 0 : real.ret < 0) /* the file's position stays, whatever becomes of it */
		report->pos_after = a->pos;
	if (said->retval > 0 && !a->write) /* nothing was read, whatever it returns */
		memcpy(report->read, real.read, VALUE_BYTES);
	if (report->ret != real.ret || report->pos_after != real.pos_after ||
	    report->after_bytes != real.after_bytes ||
	    memcmp(report->after, real.after, VALUE_BYTES) ||
	    memcmp(report->read, real.read, VALUE_BYTES))
		fail_msg("%s, %s of %s at %lld: %lld, then at %lld, \"%.40s\"; the kernel %lld, at %lld, \"%.40s\"",
			 what, a->write ? "write" : "read", a->name, (long long)a->pos,
			 (long long)report->ret, (long long)report->pos_after, report->after,
			 (long long)real.ret, (long long)real.pos_after, real.after);
}

static void one_access(const char *what, const struct access *a, uint32_t n_programs)
{
	static char value_out[VALUE_BYTES];
	uint32_t n;
	const char *value = bytes_of(a, &n);
	struct skep_sysctl said = { .size = sizeof(said), .name = a->name, .write = a->write,
				    .value = value, .value_bytes = n, .file_pos = a->pos,
				    .value_out = value_out, .value_out_room = sizeof(value_out) };

	fill_outputs();
	in_child(a, a->pos, value, n, leaf_fd);
	child = (struct skep_task){ .pid = (uint32_t)report->pid, .tgid = (uint32_t)report->pid,
				    .uid = getuid(), .gid = getgid(), .cgroup_id = leaf_id,
				    .comm = COMM };
	said.current = report->current;
	said.current_bytes = report->current_bytes;
	assert_int_equal(skep_sysctl_access(twin_engine, &said), 0);
	assert_int_equal(said.n_programs, n_programs);
	compare_outputs(what, a);
	compare_results(what, a, &said);
}

static bool setup(void)
{
	int other;

	if (!twin_kernel_allowed() || !cgroups_make())
		return false;
	if (!access_namespaces()) {
		cgroups_remove();
		return false;
	}
	top_fd = cgroups_open(0);
	leaf_fd = cgroups_open(2);
	other = cgroups_open(3);
	for (enum side side = 0; side < SIDES; side++)
		maps[side] = make_map(side);
	assert_int_equal(skep_cgroup_of(twin_engine, leaf_fd, &leaf_id), 0);
	/* One program somewhere all the time: the first and the last take the kernel long. */
	keep_fd = attach(KERNEL, load(KERNEL, &programs[0], 0), other);
	close(other);
	return true;
}

static void done(void)
{
	close(keep_fd);
	close(maps[KERNEL]);
	close(maps[ENGINE]);
	close(top_fd);
	close(leaf_fd);
	cgroups_remove();
}

static void skip_saying_why(void)
{
	print_message("no bpf(2) of the kernel's, no namespaces or no cgroup2 to make cgroups in\n");
	skip();
}

static void every_program_and_access_is_the_kernels(void **state)
{
	if (!setup())
		skip_saying_why();
	for (size_t p = 0; p < ARRAY_SIZE(programs); p++) {
		int links[SIDES];

		for (enum side side = 0; side < SIDES; side++)
			links[side] = attach(side, load(side, &programs[p], 0), top_fd);
		for (size_t i = 0; i < ARRAY_SIZE(accesses); i++)
			one_access(programs[p].name, &accesses[i], 1);
		close(links[ENGINE]);
		close(links[KERNEL]);
	}
	done();
}

static void two_programs_are_framed_as_in_the_kernel(void **state)
{
	static const size_t some[] = { 0, 3, 5, 12, 13, 15 };
	char what[100];

	if (!setup())
		skip_saying_why();
	for (size_t p = 0; p < ARRAY_SIZE(inner_programs) * ARRAY_SIZE(outer_programs); p++) {
		const struct program *inner = &inner_programs[p / ARRAY_SIZE(outer_programs)];
		const struct program *outer = &outer_programs[p % ARRAY_SIZE(outer_programs)];
		int links[SIDES][2];

		snprintf(what, sizeof(what), "%s, above it %s", inner->name, outer->name);
		for (enum side side = 0; side < SIDES; side++) {
			links[side][0] = attach(side, load(side, outer, 0), top_fd);
			links[side][1] = attach(side, load(side, inner, 1), leaf_fd);
		}
		for (size_t i = 0; i < ARRAY_SIZE(some); i++)
			one_access(what, &accesses[some[i]], 2);
		for (enum side side = 0; side < SIDES; side++) {
			close(links[side][0]);
			close(links[side][1]);
		}
	}
	done();
}

static int new_engine(uint32_t flags)
{
	static const struct skep_host host = { .size = sizeof(host), .task = child_task };
	struct skep_opts opts = { .size = sizeof(opts), .flags = flags, .host = &host };

	access_init();
	return skep_engine_new(&opts, &twin_engine);
}

static int setup_engine(void **state)
{
	return new_engine(0);
}

static int setup_interpreter(void **state)
{
	return new_engine(SKEP_INTERPRET);
}

static int teardown_engine(void **state)
{
	access_deinit();
	return twin_teardown(state);
}

#define SYSCTL_TEST(name, setup)                                                                   \
	{                                                                                          \
		#name, twin_run, setup, teardown_engine, (void *)(uintptr_t)name                   \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SYSCTL_TEST(every_program_and_access_is_the_kernels, setup_engine),
		SYSCTL_TEST(every_program_and_access_is_the_kernels, setup_interpreter),
		SYSCTL_TEST(two_programs_are_framed_as_in_the_kernel, setup_engine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
