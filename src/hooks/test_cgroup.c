/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: attaching to cgroups does what the kernel does. Method: thousands of random calls (attach, detach,
 * links made, updated, detached and closed, queries) on a tree of real cgroups of our own, by the engine and
 * by the kernel: the same errno each time, and the same lists. What needs no kernel (cgroups of a
 * host's, what runs for whom) is tried on made-up cgroups.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/macros.h"
#include "hooks/test_cgroups.h"
#include "isa/asm.h"
#include "isa/insn.h"
#include "skep/cgroup.h"
#include "skep/sysctl.h"
#include "syscall/test_twin.h"

#define N_PROGS 5
#define N_LINKS 6
#define N_GROUPS 4
#define STEPS 6000
#define IDS_MAX 64

static int groups[N_GROUPS], progs[SIDES][N_PROGS], links[SIDES][N_LINKS];
static int strangers[SIDES]; /* programs of another type */
static uint32_t prog_ids[SIDES][N_PROGS];
static uint64_t chance = 1;

static uint32_t pick(uint32_t n)
{
	chance = hash_u64(chance + 1);
	return (uint32_t)(chance >> 33) % n;
}

static int load_type(enum side side, uint32_t type, int verdict)
{
	const struct bpf_insn insns[] = { BPF_MOV64_IMM(BPF_REG_0, verdict), BPF_EXIT_INSN() };
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.expected_attach_type = type == BPF_PROG_TYPE_CGROUP_SYSCTL ? BPF_CGROUP_SYSCTL : 0;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = ARRAY_SIZE(insns);
	attr.license = (uintptr_t)"GPL";
	return twin_bpf(side, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int load(enum side side, int verdict)
{
	return load_type(side, BPF_PROG_TYPE_CGROUP_SYSCTL, verdict);
}

static uint32_t object_id(enum side side, int fd, bool link)
{
	union {
		struct bpf_prog_info prog;
		struct bpf_link_info link;
	} info;
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	memset(&info, 0, sizeof(info));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info = (uintptr_t)&info;
	attr.info.info_len = link ? sizeof(info.link) : sizeof(info.prog);
	if (twin_bpf(side, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)))
		return 0;
	return link ? info.link.id : info.prog.id;
}

/* --- one call on both sides ---------------------------------------------------------------------- */

/* A random call, in numbers that mean the same on both sides. */
struct step {
	uint32_t what, group, prog, other, link, flags, relative;
	uint64_t revision;
};

enum { ATTACH, DETACH, LINK, UPDATE, LINK_DETACH, CLOSE, QUERY, WHATS };

static uint32_t flags_for(uint32_t what)
{
	static const uint32_t bits[] = { BPF_F_BEFORE, BPF_F_AFTER, BPF_F_ID, BPF_F_LINK,
					 BPF_F_PREORDER, BPF_F_REPLACE };
	uint32_t flags = 0;

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		if (!pick(5))
			flags |= bits[i];
	if (what == LINK)
		return flags & (pick(20) ? ~(uint32_t)BPF_F_REPLACE : ~0u);
	if (pick(3))
		flags &= BPF_F_REPLACE | BPF_F_PREORDER;
	return flags | (pick(4) ? BPF_F_ALLOW_MULTI : pick(4)) | (pick(100) ? 0 : 1u << pick(20));
}

static struct step random_step(void)
{
	struct step s = { .what = pick(WHATS + 3) };

	if (s.what >= WHATS)
		s.what = s.what == WHATS ? LINK : ATTACH;
	s.group = pick(N_GROUPS + 1);
	s.prog = pick(N_PROGS + 2);
	s.other = pick(N_PROGS + 2);
	s.link = pick(N_LINKS);
	s.flags = flags_for(s.what);
	s.relative = pick(3) ? 0 : 1 + pick(3);
	s.revision = pick(8) ? 0 : 1 + pick(30);
	return s;
}

/* One more than there are: something that is none; of programs another one, of another type. */
static uint32_t group_fd(uint32_t i)
{
	return i < N_GROUPS ? (uint32_t)groups[i] : (uint32_t)progs[ENGINE][0];
}

static uint32_t prog_fd(enum side side, uint32_t i)
{
	if (i < N_PROGS)
		return (uint32_t)progs[side][i];
	return (uint32_t)(i == N_PROGS ? groups[0] : strangers[side]);
}

/* relative_fd or relative_id: none, a program, a link, nonsense. */
static uint32_t relative(enum side side, const struct step *s)
{
	bool id = s->flags & BPF_F_ID;

	switch (s->relative) {
	case 1:
		return id && s->other < N_PROGS ? prog_ids[side][s->other] :
						  prog_fd(side, s->other);
	case 2:
		if (links[side][s->link] < 0)
			return 0;
		return id ? object_id(side, links[side][s->link], true) :
			    (uint32_t)links[side][s->link];
	case 3:
		return 100000;
	default:
		return 0;
	}
}

static int attach(enum side side, const struct step *s, int cmd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = group_fd(s->group);
	attr.attach_bpf_fd = prog_fd(side, s->prog);
	attr.attach_type = BPF_CGROUP_SYSCTL;
	attr.expected_revision = s->revision;
	if (cmd == BPF_PROG_ATTACH) {
		attr.attach_flags = s->flags;
		attr.replace_bpf_fd = prog_fd(side, s->other);
		attr.relative_fd = relative(side, s);
	}
	return twin_bpf(side, cmd, &attr, sizeof(attr));
}

static int make_link(enum side side, const struct step *s)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = prog_fd(side, s->prog);
	attr.link_create.target_fd = group_fd(s->group);
	attr.link_create.attach_type = BPF_CGROUP_SYSCTL;
	attr.link_create.flags = s->flags;
	attr.link_create.cgroup.relative_fd = relative(side, s);
	attr.link_create.cgroup.expected_revision = s->revision;
	fd = twin_bpf(side, BPF_LINK_CREATE, &attr, sizeof(attr));
	if (fd < 0)
		return fd;
	if (links[side][s->link] >= 0)
		close(links[side][s->link]);
	links[side][s->link] = fd;
	return 0;
}

static int update_link(enum side side, const struct step *s)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.link_update.link_fd = (uint32_t)links[side][s->link];
	attr.link_update.new_prog_fd = prog_fd(side, s->prog);
	if (s->flags & BPF_F_REPLACE) {
		attr.link_update.flags = BPF_F_REPLACE;
		attr.link_update.old_prog_fd = prog_fd(side, s->other);
	}
	return twin_bpf(side, BPF_LINK_UPDATE, &attr, sizeof(attr));
}

static int detach_link(enum side side, const struct step *s)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.link_detach.link_fd = (uint32_t)links[side][s->link];
	return twin_bpf(side, BPF_LINK_DETACH, &attr, sizeof(attr));
}

static int close_link(enum side side, const struct step *s)
{
	if (links[side][s->link] >= 0)
		close(links[side][s->link]);
	links[side][s->link] = -1;
	return 0;
}

/* --- lists ---------------------------------------------------------------------------------------- */

/* What a query says, ids as indices of programs. */
struct answer {
	int ret;
	uint32_t flags, count, ids[IDS_MAX], each[IDS_MAX];
	uint64_t revision;
};

static uint32_t name_id(enum side side, uint32_t id)
{
	for (uint32_t i = 0; i < N_PROGS; i++)
		if (prog_ids[side][i] == id)
			return i + 1;
	return id ? 1000 : 0;
}

/* @mode: 1 effective, 2 with flags of each, 4 room for less than there may be. */
static struct answer query(enum side side, uint32_t group, uint32_t mode)
{
	struct answer a;
	union bpf_attr attr;

	memset(&a, 0, sizeof(a)); /* compared with its padding */
	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = group_fd(group);
	attr.query.attach_type = BPF_CGROUP_SYSCTL;
	attr.query.query_flags = mode & 1 ? BPF_F_QUERY_EFFECTIVE : 0;
	attr.query.prog_ids = (uintptr_t)a.ids;
	attr.query.prog_attach_flags = mode & 2 ? (uintptr_t)a.each : 0;
	attr.query.count = mode & 4 ? 2 : IDS_MAX;
	attr.query.attach_flags = 55;
	a.ret = twin_bpf(side, BPF_PROG_QUERY, &attr, sizeof(attr));
	a.flags = attr.query.attach_flags;
	a.count = attr.query.count;
	a.revision = attr.query.revision;
	for (uint32_t i = 0; i < IDS_MAX; i++)
		a.ids[i] = name_id(side, a.ids[i]);
	return a;
}

static void compare_lists(uint32_t step)
{
	for (uint32_t group = 0; group < N_GROUPS; group++) {
		for (uint32_t mode = 0; mode < 8; mode++) {
			struct answer ours = query(ENGINE, group, mode);
			struct answer theirs = query(KERNEL, group, mode);

			if (memcmp(&ours, &theirs, sizeof(ours)) == 0)
				continue;
			fail_msg("step %u, group %u, mode %u: %d %u programs %u %u %u, flags %u, revision %llu; the kernel: %d %u programs %u %u %u, flags %u, revision %llu",
				 step, group, mode, ours.ret, ours.count, ours.ids[0], ours.ids[1],
				 ours.ids[2], ours.flags, (unsigned long long)ours.revision,
				 theirs.ret, theirs.count, theirs.ids[0], theirs.ids[1],
				 theirs.ids[2], theirs.flags, (unsigned long long)theirs.revision);
		}
	}
}

static int do_step(enum side side, const struct step *s)
{
	switch (s->what) {
	case ATTACH:
		return attach(side, s, BPF_PROG_ATTACH);
	case DETACH:
		return attach(side, s, BPF_PROG_DETACH);
	case LINK:
		return make_link(side, s);
	case UPDATE:
		return update_link(side, s);
	case LINK_DETACH:
		return detach_link(side, s);
	case CLOSE:
		return close_link(side, s);
	default:
		return query(side, s->group, s->flags & 7).ret;
	}
}

/* --- tests ---------------------------------------------------------------------------------------- */

static bool both_sides_ready(void)
{
	if (!twin_kernel_allowed() || !cgroups_make())
		return false;
	for (uint32_t i = 0; i < N_GROUPS; i++)
		groups[i] = cgroups_open(i);
	for (enum side side = 0; side < SIDES; side++) {
		for (uint32_t i = 0; i < N_PROGS; i++) {
			progs[side][i] = load(side, 1);
			assert_true(progs[side][i] >= 0);
			prog_ids[side][i] = object_id(side, progs[side][i], false);
		}
		strangers[side] = load_type(side, BPF_PROG_TYPE_SOCKET_FILTER, 1);
		assert_true(strangers[side] >= 0);
		for (uint32_t i = 0; i < N_LINKS; i++)
			links[side][i] = -1;
	}
	return true;
}

static void both_sides_done(void)
{
	for (enum side side = 0; side < SIDES; side++) {
		for (uint32_t i = 0; i < N_LINKS; i++)
			if (links[side][i] >= 0)
				close(links[side][i]);
		for (uint32_t i = 0; i < N_PROGS; i++)
			close(progs[side][i]);
		close(strangers[side]);
	}
	for (uint32_t i = 0; i < N_GROUPS; i++)
		close(groups[i]);
	cgroups_remove();
}

static void attaching_is_the_kernels(void **state)
{
	uint32_t by_errno[160] = { 0 }, well = 0, kinds = 0;

	if (!both_sides_ready()) {
		print_message("no bpf(2) of the kernel's, or no cgroup2 to make cgroups in\n");
		skip();
	}
	if (query(KERNEL, 0, 1).count) {
		both_sides_done();
		print_message("programs are attached above our cgroups\n");
		skip();
	}
	for (uint32_t i = 0; i < STEPS; i++) {
		struct step s = random_step();
		int ret[SIDES];

		for (enum side side = 0; side < SIDES; side++)
			ret[side] = do_step(side, &s);
		if (ret[ENGINE] != ret[KERNEL])
			fail_msg("step %u: what %u, group %u, program %u, flags %#x, relative %u: %d, the kernel %d",
				 i, s.what, s.group, s.prog, s.flags, s.relative, ret[ENGINE],
				 ret[KERNEL]);
		compare_lists(i);
		well += !ret[ENGINE];
		if (ret[ENGINE] < 0 && ret[ENGINE] > -160)
			kinds += !by_errno[-ret[ENGINE]]++;
	}
	print_message("%u calls of %u went well, %u errors seen\n", well, STEPS, kinds);
	both_sides_done();
	assert_true(well > STEPS / 4 && kinds >= 6);
}

/* --- cgroups of a host's --------------------------------------------------------------------------- */

static struct skep_task host_task;

static void tell_task(void *arg, struct skep_task *task)
{
	*task = host_task;
}

static int setup_host(void **state)
{
	static const struct skep_host host = { .size = sizeof(host), .task = tell_task };
	struct skep_opts opts = { .size = sizeof(opts), .host = &host };

	return skep_engine_new(&opts, &twin_engine);
}

static int folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static int attach_prog(int cgroup, int prog, uint32_t flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup;
	attr.attach_bpf_fd = (uint32_t)prog;
	attr.attach_type = BPF_CGROUP_SYSCTL;
	attr.attach_flags = flags;
	return skep_bpf(twin_engine, BPF_PROG_ATTACH, &attr, sizeof(attr));
}

/* What an access of a task in that cgroup meets: programs, and whether they deny it. */
static void check_access(uint64_t cgroup, uint32_t n_programs, int retval)
{
	struct skep_sysctl access = { .size = sizeof(access), .name = "kernel/x" };

	host_task.cgroup_id = cgroup;
	assert_int_equal(skep_sysctl_access(twin_engine, &access), 0);
	assert_int_equal(access.n_programs, n_programs);
	assert_int_equal(access.retval, retval);
}

static void a_hosts_cgroups_are_what_it_says(void **state)
{
	int root = folder("/"), below = folder("/proc"), file = open("/proc/version", O_RDONLY);
	uint64_t id;

	assert_int_equal(skep_cgroup_of(twin_engine, below, &id), -EBADF);
	assert_int_equal(skep_cgroup_add(twin_engine, below, 20, 10), -ENOENT);
	assert_int_equal(skep_cgroup_add(twin_engine, root, 0, 0), -EINVAL);
	assert_int_equal(skep_cgroup_add(twin_engine, file, 10, 0), -ENOTDIR);
	assert_int_equal(skep_cgroup_add(twin_engine, 9999, 10, 0), -EBADF);
	assert_int_equal(skep_cgroup_add(twin_engine, root, 10, 0), 0);
	assert_int_equal(skep_cgroup_add(twin_engine, -1, 11, 0), -EINVAL);
	assert_int_equal(skep_cgroup_add(twin_engine, root, 12, 10), -EEXIST);
	assert_int_equal(skep_cgroup_add(twin_engine, below, 10, 10), -EEXIST);
	assert_int_equal(skep_cgroup_add(twin_engine, below, 20, 10), 0);
	assert_int_equal(skep_cgroup_of(twin_engine, below, &id), 0);
	assert_int_equal(id, 20);
	for (uint64_t level = 2; level < SKEP_CGROUP_LEVELS_MAX; level++)
		assert_int_equal(skep_cgroup_add(twin_engine, -1, 10 * (level + 1), 10 * level), 0);
	assert_int_equal(skep_cgroup_add(twin_engine, -1, 1, 10 * SKEP_CGROUP_LEVELS_MAX), -E2BIG);
	for (uint64_t n = SKEP_CGROUP_LEVELS_MAX; n < SKEP_CGROUPS_MAX; n++)
		assert_int_equal(skep_cgroup_add(twin_engine, -1, 100000 + n, 10), 0);
	assert_int_equal(skep_cgroup_add(twin_engine, -1, 1, 10), -E2BIG);
	close(root);
	close(below);
	close(file);
}

static void programs_run_for_tasks_beneath(void **state)
{
	int root = folder("/"), below = folder("/proc");
	int yes = load(ENGINE, 1), no = load(ENGINE, 0), more[65];

	check_access(7, 0, 0); /* no cgroup is known at all */
	assert_int_equal(attach_prog(below, yes, 0), -EBADF);
	assert_int_equal(skep_cgroup_add(twin_engine, root, 1, 0), 0);
	assert_int_equal(skep_cgroup_add(twin_engine, below, 2, 1), 0);
	assert_int_equal(skep_cgroup_add(twin_engine, -1, 3, 2), 0);
	assert_int_equal(attach_prog(below, no, BPF_F_ALLOW_MULTI), 0);
	check_access(1, 0, 0);
	check_access(2, 1, -EPERM);
	check_access(3, 1, -EPERM);
	check_access(99, 0, 0); /* as the root */
	assert_int_equal(attach_prog(root, yes, BPF_F_ALLOW_MULTI), 0);
	check_access(1, 1, 0);
	check_access(3, 2, -EPERM);
	check_access(0, 1, 0);
	for (int i = 0; i < 65; i++) {
		more[i] = load(ENGINE, 1);
		assert_int_equal(attach_prog(root, more[i], BPF_F_ALLOW_MULTI), i < 63 ? 0 : -E2BIG);
		close(more[i]);
	}
	check_access(3, 65, -EPERM);
	close(yes);
	close(no);
	close(root);
	close(below);
	/* The engine ends with all that attached: its own checks say what is left. */
}

/* What runs for a task in the cgroup is these programs, in this order. */
static void check_order(int cgroup, const int *progs_in_order, uint32_t n)
{
	uint32_t ids[8] = { 0 };
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)cgroup;
	attr.query.attach_type = BPF_CGROUP_SYSCTL;
	attr.query.query_flags = BPF_F_QUERY_EFFECTIVE;
	attr.query.prog_ids = (uintptr_t)ids;
	attr.query.count = ARRAY_SIZE(ids);
	assert_int_equal(skep_bpf(twin_engine, BPF_PROG_QUERY, &attr, sizeof(attr)), 0);
	assert_int_equal(attr.query.count, n);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(ids[i], object_id(ENGINE, progs_in_order[i], false));
}

static void preorder_comes_first_and_from_above(void **state)
{
	const uint32_t multi = BPF_F_ALLOW_MULTI, pre = BPF_F_ALLOW_MULTI | BPF_F_PREORDER;
	int root = folder("/"), below = folder("/proc"), p[6];

	assert_int_equal(skep_cgroup_add(twin_engine, root, 1, 0), 0);
	assert_int_equal(skep_cgroup_add(twin_engine, below, 2, 1), 0);
	for (size_t i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = load(ENGINE, 1);
	assert_int_equal(attach_prog(below, p[2], pre), 0);
	assert_int_equal(attach_prog(below, p[4], multi), 0);
	assert_int_equal(attach_prog(below, p[3], pre), 0);
	assert_int_equal(attach_prog(root, p[0], pre), 0);
	assert_int_equal(attach_prog(root, p[5], multi), 0);
	assert_int_equal(attach_prog(root, p[1], pre), 0);
	check_order(below, p, 6);
	check_order(root, (int[]){ p[0], p[1], p[5] }, 3);
	for (size_t i = 0; i < ARRAY_SIZE(p); i++)
		close(p[i]);
	close(root);
	close(below);
}

static _Atomic bool coming_and_going;

static void *access_all_the_time(void *arg)
{
	uintptr_t strange = 0;

	while (coming_and_going) {
		struct skep_sysctl access = { .size = sizeof(access), .name = "kernel/x" };

		if (skep_sysctl_access(twin_engine, &access) || access.n_programs > 3 ||
		    (access.retval && access.retval != -EPERM))
			strange++;
	}
	return (void *)strange;
}

static int link_to(int cgroup, int prog)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (uint32_t)prog;
	attr.link_create.target_fd = (uint32_t)cgroup;
	attr.link_create.attach_type = BPF_CGROUP_SYSCTL;
	return skep_bpf(twin_engine, BPF_LINK_CREATE, &attr, sizeof(attr));
}

static void programs_come_and_go_under_accesses(void **state)
{
	int root = folder("/"), below = folder("/proc");
	pthread_t threads[2];
	void *strange;

	assert_int_equal(skep_cgroup_add(twin_engine, root, 1, 0), 0);
	assert_int_equal(skep_cgroup_add(twin_engine, below, 2, 1), 0);
	host_task.cgroup_id = 2;
	coming_and_going = true;
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, access_all_the_time, NULL), 0);
	for (int i = 0; i < 200; i++) {
		int yes = load(ENGINE, 1), no = load(ENGINE, 0);
		int upper = link_to(root, yes), lower = link_to(below, no);
		union bpf_attr attr;

		assert_true(upper >= 0 && lower >= 0);
		memset(&attr, 0, sizeof(attr));
		attr.link_update.link_fd = (uint32_t)upper;
		attr.link_update.new_prog_fd = (uint32_t)no;
		assert_int_equal(skep_bpf(twin_engine, BPF_LINK_UPDATE, &attr, sizeof(attr)), 0);
		assert_int_equal(attach_prog(below, yes, BPF_F_ALLOW_MULTI), 0);
		memset(&attr, 0, sizeof(attr));
		attr.target_fd = (uint32_t)below;
		attr.attach_bpf_fd = (uint32_t)yes;
		attr.attach_type = BPF_CGROUP_SYSCTL;
		close(upper);
		assert_int_equal(skep_bpf(twin_engine, BPF_PROG_DETACH, &attr, sizeof(attr)), 0);
		close(lower);
		close(yes);
		close(no);
	}
	coming_and_going = false;
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
		pthread_join(threads[i], &strange);
		assert_null(strange);
	}
	close(root);
	close(below);
}

static void what_is_no_access_is_einval(void **state)
{
	static char long_name[SKEP_SYSCTL_NAME_BYTES + 1];
	const struct skep_sysctl good = { .size = sizeof(good), .name = "kernel/x" };
	struct skep_sysctl a;

	memset(long_name, 'n', SKEP_SYSCTL_NAME_BYTES);
#define CHECK_EINVAL(change)                                                                       \
	do {                                                                                       \
		a = good;                                                                          \
		change;                                                                            \
		assert_int_equal(skep_sysctl_access(twin_engine, &a), -EINVAL);                    \
	} while (0)
	CHECK_EINVAL(a.size = 8);
	CHECK_EINVAL(a.name = NULL);
	CHECK_EINVAL(a.name = "");
	CHECK_EINVAL(a.name = long_name);
	CHECK_EINVAL(a.current_bytes = 1);
	CHECK_EINVAL(a.file_pos = -1);
	CHECK_EINVAL((a.write = 1, a.value_bytes = 1));
	a = good;
	a.name = long_name + 1;
	assert_int_equal(skep_sysctl_access(twin_engine, &a), 0);
}

#define HOST_TEST(name)                                                                            \
	{                                                                                          \
		#name, twin_run, setup_host, twin_teardown, (void *)(uintptr_t)name                \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TWIN_TEST(attaching_is_the_kernels),
		HOST_TEST(a_hosts_cgroups_are_what_it_says),
		HOST_TEST(programs_run_for_tasks_beneath),
		HOST_TEST(preorder_comes_first_and_from_above),
		HOST_TEST(programs_come_and_go_under_accesses),
		HOST_TEST(what_is_no_access_is_einval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
