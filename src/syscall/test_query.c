/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: PROG_QUERY and ENABLE_STATS answer as the kernel's. Method: the same programs on a device of
 * the engine and on the loopback of an own network namespace; ids are compared by which program or
 * link they stand for.
 */
#include <sched.h>
#include <stdlib.h>

#include "base/macros.h"
#include "hooks/dev.h"
#include "syscall/test_twin.h"

#define PROGS 3
#define ANSWERS_MAX 64

static int load(enum side side, uint32_t type, int ret)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = ret },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = { .prog_type = type, .insn_cnt = 2, .insns = (uintptr_t)insns,
				.license = (uintptr_t)"GPL" };

	return twin_bpf(side, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static uint32_t id_of(enum side side, int fd, bool link)
{
	struct bpf_prog_info prog = { 0 };
	struct bpf_link_info info = { 0 };
	union bpf_attr attr = { 0 };

	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info = link ? (uintptr_t)&info : (uintptr_t)&prog;
	attr.info.info_len = link ? sizeof(info) : sizeof(prog);
	assert_int_equal(twin_bpf(side, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)), 0);
	return link ? info.id : prog.id;
}

/* --- PROG_QUERY ------------------------------------------------------------------------------------- */

struct answer {
	int ret;
	uint32_t count, attach_flags;
	uint64_t revision;
	uint32_t progs[PROGS + 1], links[PROGS + 1], flags[PROGS + 1];
};

struct world {
	enum side side;
	uint32_t ifindex;
	int prog[PROGS], link[PROGS];
	uint32_t prog_id[PROGS], link_id[PROGS];
	struct answer answers[ANSWERS_MAX];
	uint32_t n;
};

/* Ids as 1 + which of ours it is; what was not written stays 0xee…. */
static void name_ids(uint32_t *ids, const uint32_t *known)
{
	for (int i = 0; i <= PROGS; i++)
		for (int k = 0; k < PROGS; k++)
			if (ids[i] == known[k] && ids[i] > PROGS) {
				ids[i] = (uint32_t)k + 1;
				break;
			}
}

static void query(struct world *w, uint32_t ifindex, uint32_t attach_type, uint32_t count,
		  uint32_t query_flags, uint32_t attach_flags)
{
	struct answer *a = &w->answers[w->n++];
	union bpf_attr attr = { 0 };

	assert_true(w->n < ANSWERS_MAX);
	memset(a, 0xee, sizeof(*a));
	attr.query.target_ifindex = ifindex;
	attr.query.attach_type = attach_type;
	attr.query.count = count;
	attr.query.query_flags = query_flags;
	attr.query.attach_flags = attach_flags;
	attr.query.prog_ids = (uintptr_t)a->progs;
	attr.query.link_ids = (uintptr_t)a->links;
	attr.query.link_attach_flags = (uintptr_t)a->flags;
	a->ret = twin_bpf(w->side, BPF_PROG_QUERY, &attr, sizeof(attr));
	a->count = attr.query.count;
	a->attach_flags = attr.query.attach_flags;
	a->revision = attr.query.revision;
	name_ids(a->progs, w->prog_id);
	name_ids(a->links, w->link_id);
}

static int tcx_link(const struct world *w, int prog, uint32_t attach_type, uint32_t flags)
{
	union bpf_attr attr = { 0 };

	attr.link_create.prog_fd = (uint32_t)prog;
	attr.link_create.target_ifindex = w->ifindex;
	attr.link_create.attach_type = attach_type;
	attr.link_create.flags = flags;
	return twin_bpf(w->side, BPF_LINK_CREATE, &attr, sizeof(attr));
}

static void query_all(struct world *w, uint32_t attach_type)
{
	for (uint32_t count = 0; count <= PROGS + 1; count++)
		query(w, w->ifindex, attach_type, count, 0, 0);
}

static void tcx_script(struct world *w)
{
	for (int i = 0; i < PROGS; i++) {
		w->prog[i] = load(w->side, BPF_PROG_TYPE_SCHED_CLS, -1);
		assert_true(w->prog[i] >= 0);
		w->prog_id[i] = id_of(w->side, w->prog[i], false);
	}
	query_all(w, BPF_TCX_INGRESS);
	for (int i = 0; i < PROGS; i++) {
		/* the last goes to the front */
		w->link[i] = tcx_link(w, w->prog[i], BPF_TCX_INGRESS,
				      i == PROGS - 1 ? BPF_F_BEFORE : 0);
		assert_true(w->link[i] >= 0);
		w->link_id[i] = id_of(w->side, w->link[i], true);
		query_all(w, BPF_TCX_INGRESS);
	}
	query_all(w, BPF_TCX_EGRESS);
	query(w, w->ifindex, BPF_TCX_INGRESS, 4, BPF_F_QUERY_EFFECTIVE, 0);
	query(w, w->ifindex, BPF_TCX_INGRESS, 4, 2, 0);
	query(w, w->ifindex, BPF_TCX_INGRESS, 4, 0, 1);
	query(w, 999, BPF_TCX_INGRESS, 4, 0, 0);
	query(w, 999, BPF_TCX_EGRESS, 4, 1, 1);
	query(w, w->ifindex, BPF_XDP, 4, 0, 0);
	query(w, w->ifindex, 12345, 4, 0, 0);
	close(w->link[1]);
	if (w->side == ENGINE)
		skep_engine_poll(twin_engine);
	query_all(w, BPF_TCX_INGRESS);
	close(w->link[0]);
	close(w->link[2]);
	if (w->side == ENGINE)
		skep_engine_poll(twin_engine);
	query_all(w, BPF_TCX_INGRESS);
	for (int i = 0; i < PROGS; i++)
		close(w->prog[i]);
}

static void query_tells_what_the_kernels_does(void **state)
{
	static struct world worlds[SIDES];
	struct netdev *dev;

	assert_int_equal(hook_dev_add((struct engine *)twin_engine, "one", 0, NULL, NULL, &dev), 0);
	worlds[ENGINE].ifindex = dev->ifindex;
	tcx_script(&worlds[ENGINE]);
	/* ENODEV for what is not there, ENOSPC for too little room, all three in their order */
	assert_int_equal(worlds[ENGINE].answers[19].ret, 0);
	assert_int_equal(worlds[ENGINE].answers[19].count, PROGS);
	assert_int_equal(worlds[ENGINE].answers[19].progs[0], 3);
	assert_int_equal(worlds[ENGINE].answers[19].links[2], 2);
	assert_int_equal(worlds[ENGINE].answers[17].ret, -ENOSPC);
	if (!twin_kernel_allowed() || unshare(CLONE_NEWNET)) {
		print_message("bpf(2) and network namespaces are not allowed here\n");
		skip();
	}
	worlds[KERNEL].side = KERNEL;
	worlds[KERNEL].ifindex = 1;
	tcx_script(&worlds[KERNEL]);
	assert_int_equal(worlds[ENGINE].n, worlds[KERNEL].n);
	for (uint32_t i = 0; i < worlds[ENGINE].n; i++) {
		const struct answer *e = &worlds[ENGINE].answers[i];
		const struct answer *k = &worlds[KERNEL].answers[i];

		if (memcmp(e, k, sizeof(*e)))
			fail_msg("answer %u: engine %d, count %u, revision %llu, first %x %x; kernel "
				 "%d, %u, %llu, %x %x", i, e->ret, e->count,
				 (unsigned long long)e->revision, e->progs[0], e->links[0], k->ret,
				 k->count, (unsigned long long)k->revision, k->progs[0],
				 k->links[0]);
	}
}

/* --- ENABLE_STATS ------------------------------------------------------------------------------------ */

static int enable_stats(enum side side, uint32_t type)
{
	union bpf_attr attr = { .enable_stats.type = type };

	return twin_bpf(side, BPF_ENABLE_STATS, &attr, sizeof(attr));
}

static struct bpf_prog_info run_info(enum side side, int prog, int runs)
{
	uint8_t frame[64] = { 0 };
	union bpf_attr attr = { 0 };
	struct bpf_prog_info info = { 0 };

	attr.test.prog_fd = (uint32_t)prog;
	attr.test.data_in = (uintptr_t)frame;
	attr.test.data_size_in = sizeof(frame);
	attr.test.repeat = (uint32_t)runs;
	assert_int_equal(twin_bpf(side, BPF_PROG_TEST_RUN, &attr, sizeof(attr)), 0);
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)prog;
	attr.info.info = (uintptr_t)&info;
	attr.info.info_len = sizeof(info);
	assert_int_equal(twin_bpf(side, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)), 0);
	return info;
}

static void stats_script(enum side side)
{
	int prog = load(side, BPF_PROG_TYPE_SOCKET_FILTER, 0), stats, more;
	union bpf_attr attr = { 0 };
	struct bpf_prog_info info;
	uint64_t cnt, ns;

	assert_true(prog >= 0);
	assert_int_equal(enable_stats(side, 1), -EINVAL);
	assert_int_equal(enable_stats(side, UINT32_MAX), -EINVAL);
	stats = enable_stats(side, BPF_STATS_RUN_TIME);
	assert_true(stats >= 0);
	cnt = run_info(side, prog, 0).run_cnt;
	info = run_info(side, prog, 10);
	assert_int_equal(info.run_cnt, cnt + 10);
	ns = info.run_time_ns;
	assert_true(ns > 0);
	/* It is nothing but a descriptor. */
	attr.info.bpf_fd = (uint32_t)stats;
	assert_int_equal(twin_bpf(side, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)), -EINVAL);
	/* Two of them: it goes on until both are closed. */
	more = enable_stats(side, BPF_STATS_RUN_TIME);
	close(stats);
	assert_int_equal(run_info(side, prog, 5).run_cnt, cnt + 15);
	close(more);
	if (side == KERNEL)
		goto out; /* others may have the kernel count */
	info = run_info(side, prog, 5);
	assert_int_equal(info.run_cnt, cnt + 15);
out:
	close(prog);
}

static void runs_are_counted_while_the_descriptor_lives(void **state)
{
	struct bpf_prog_info info;
	int prog = load(ENGINE, BPF_PROG_TYPE_SOCKET_FILTER, 0);

	info = run_info(ENGINE, prog, 3);
	assert_int_equal(info.run_cnt, 0);
	assert_int_equal(info.run_time_ns, 0);
	close(prog);
	stats_script(ENGINE);
	if (twin_kernel_allowed())
		stats_script(KERNEL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TWIN_TEST(query_tells_what_the_kernels_does),
		TWIN_TEST(runs_are_counted_while_the_descriptor_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
