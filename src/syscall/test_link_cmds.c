/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: LINK_* and RAW_TRACEPOINT_OPEN keep the kernel's errors; a link lives as long as its last
 * descriptor. Method: what cannot be attached, on both sides; what can, on the engine's devices.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "hooks/dev.h"
#include "hooks/event.h"
#include "syscall/test_twin.h"

static int load(enum side side, uint32_t type, uint32_t attach_type, int ret)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = ret },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = { .prog_type = type, .insn_cnt = 2, .insns = (uintptr_t)insns,
				.license = (uintptr_t)"GPL", .expected_attach_type = attach_type };

	return twin_bpf(side, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int link_create(enum side side, int prog, int target, uint32_t attach_type, uint32_t flags)
{
	union bpf_attr attr = { 0 };

	attr.link_create.prog_fd = (uint32_t)prog;
	attr.link_create.target_fd = (uint32_t)target;
	attr.link_create.attach_type = attach_type;
	attr.link_create.flags = flags;
	return twin_bpf(side, BPF_LINK_CREATE, &attr, sizeof(attr));
}

/* No such device, event or cgroup: every program type with every attach type. */
static void links_to_nothing_get_the_kernels_errno(void **state)
{
	static const uint32_t types[] = {
		BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_KPROBE,     BPF_PROG_TYPE_SCHED_CLS,
		BPF_PROG_TYPE_SCHED_ACT,     BPF_PROG_TYPE_TRACEPOINT, BPF_PROG_TYPE_XDP,
		BPF_PROG_TYPE_PERF_EVENT,    BPF_PROG_TYPE_RAW_TRACEPOINT,
	};
	static const int targets[] = { -1, 0, 1 << 20 };
	int compared = 0;

	if (!twin_kernel_allowed())
		skip();
	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
		int fd[SIDES];

		for (int side = 0; side < SIDES; side++) {
			fd[side] = load(side, types[t], 0, 0);
			assert_true(fd[side] >= 0);
		}
		for (uint32_t at = 0; at < 70; at++)
			for (size_t i = 0; i < 3; i++)
				for (int flag = 0; flag < 3; flag++) {
					int e = link_create(ENGINE, fd[ENGINE], targets[i], at,
							    flag == 2 ? 0x100 : (uint32_t)flag);
					int k = link_create(KERNEL, fd[KERNEL], targets[i], at,
							    flag == 2 ? 0x100 : (uint32_t)flag);

					/* multi-probes and netkit devices are not to be had here */
					if (at == BPF_TRACE_KPROBE_MULTI || at == BPF_TRACE_UPROBE_MULTI ||
					    at == BPF_TRACE_KPROBE_SESSION ||
					    at == BPF_TRACE_UPROBE_SESSION ||
					    at == BPF_NETKIT_PRIMARY || at == BPF_NETKIT_PEER)
						continue;
					if (e != k)
						fail_msg("type %u at %u target %d flag %d: engine %d, "
							 "kernel %d", types[t], at, targets[i], flag,
							 e, k);
					compared++;
				}
		for (int side = 0; side < SIDES; side++)
			close(fd[side]);
	}
	assert_true(compared > 4000);
}

static void raw_tracepoint_errors_are_the_kernels(void **state)
{
	static const char *const names[] = { "no_such_event", "", NULL };

	if (!twin_kernel_allowed())
		skip();
	for (int type = 0; type < 2; type++)
		for (size_t i = 0; i < 3; i++) {
			int ret[SIDES];

			for (int side = 0; side < SIDES; side++) {
				union bpf_attr attr = { 0 };
				int fd = load(side, type ? BPF_PROG_TYPE_XDP :
							   BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0);

				attr.raw_tracepoint.prog_fd = (uint32_t)fd;
				attr.raw_tracepoint.name = (uintptr_t)names[i];
				ret[side] = twin_bpf(side, BPF_RAW_TRACEPOINT_OPEN, &attr,
						     sizeof(attr));
				close(fd);
			}
			assert_int_equal(ret[ENGINE], ret[KERNEL]);
		}
}

/* --- on the engine's own ---------------------------------------------------------------------- */

static struct engine *engine(void)
{
	return (struct engine *)twin_engine;
}

static int xdp_verdict(struct netdev *dev)
{
	uint8_t frame[60] = { 0 };
	struct pkt_result result;

	assert_int_equal(hook_dev_receive(dev, frame, sizeof(frame), &result), 0);
	free(result.data);
	return result.xdp_action;
}

static int link_info(int fd, struct bpf_link_info *info)
{
	union bpf_attr attr = { 0 };

	memset(info, 0, sizeof(*info));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info = (uintptr_t)info;
	attr.info.info_len = sizeof(*info);
	return twin_bpf(ENGINE, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr));
}

static int link_update(int fd, int prog, int old)
{
	union bpf_attr attr = { 0 };

	attr.link_update.link_fd = (uint32_t)fd;
	attr.link_update.new_prog_fd = (uint32_t)prog;
	attr.link_update.old_prog_fd = old < 0 ? 0 : (uint32_t)old;
	attr.link_update.flags = old < 0 ? 0 : BPF_F_REPLACE;
	return twin_bpf(ENGINE, BPF_LINK_UPDATE, &attr, sizeof(attr));
}

static int one_fd(int cmd, int fd)
{
	union bpf_attr attr = { .link_detach.link_fd = (uint32_t)fd };

	return twin_bpf(ENGINE, cmd, &attr, sizeof(attr));
}

static void xdp_link_runs_until_its_last_descriptor_closes(void **state)
{
	struct netdev *dev;
	struct bpf_link_info info;
	int drop = load(ENGINE, BPF_PROG_TYPE_XDP, 0, 1), pass = load(ENGINE, BPF_PROG_TYPE_XDP, 0, 2);
	int tc = load(ENGINE, BPF_PROG_TYPE_SCHED_CLS, 0, 0), link, two;

	assert_int_equal(hook_dev_add(engine(), "one", 0, NULL, NULL, &dev), 0);
	assert_int_equal(xdp_verdict(dev), -1);
	link = link_create(ENGINE, drop, (int)dev->ifindex, BPF_XDP, 0);
	assert_true(link >= 0);
	assert_int_equal(xdp_verdict(dev), 1);
	assert_int_equal(link_create(ENGINE, pass, (int)dev->ifindex, BPF_XDP, 0), -EBUSY);
	assert_int_equal(link_info(link, &info), 0);
	assert_int_equal(info.type, BPF_LINK_TYPE_XDP);
	assert_int_equal(info.xdp.ifindex, dev->ifindex);
	assert_int_not_equal(info.prog_id, 0);

	assert_int_equal(link_update(link, tc, -1), -EINVAL);
	assert_int_equal(link_update(link, pass, pass), -EPERM);
	assert_int_equal(link_update(link, pass, drop), 0);
	assert_int_equal(xdp_verdict(dev), 2);
	close(drop);
	close(pass);

	two = dup(link);
	close(link);
	skep_engine_poll(twin_engine);
	assert_int_equal(xdp_verdict(dev), 2);
	close(two);
	skep_engine_poll(twin_engine);
	assert_int_equal(xdp_verdict(dev), -1);
	close(tc);
}

/* The link was attached before it was found that there is no descriptor for it. */
static void link_without_a_descriptor_attaches_nothing(void **state)
{
	struct rlimit old, none;
	struct netdev *dev;
	int drop = load(ENGINE, BPF_PROG_TYPE_XDP, 0, 1), link, lowest;

	assert_int_equal(hook_dev_add(engine(), "none", 0, NULL, NULL, &dev), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	lowest = dup(drop);
	assert_true(lowest >= 0);
	close(lowest);
	none = (struct rlimit){ .rlim_cur = (rlim_t)lowest, .rlim_max = old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	link = link_create(ENGINE, drop, (int)dev->ifindex, BPF_XDP, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(link, -EMFILE);
	assert_int_equal(xdp_verdict(dev), -1);
	close(drop);
}

static void detached_link_stays_and_holds_nothing(void **state)
{
	struct netdev *dev;
	struct bpf_link_info info;
	int drop = load(ENGINE, BPF_PROG_TYPE_XDP, 0, 1), link;

	assert_int_equal(hook_dev_add(engine(), "one", 0, NULL, NULL, &dev), 0);
	link = link_create(ENGINE, drop, (int)dev->ifindex, BPF_XDP, 0);
	assert_int_equal(one_fd(BPF_LINK_DETACH, link), 0);
	assert_int_equal(xdp_verdict(dev), -1);
	assert_int_equal(link_info(link, &info), 0);
	assert_int_equal(info.xdp.ifindex, 0);
	assert_int_equal(link_update(link, drop, -1), -ENOLINK);
	assert_int_equal(one_fd(BPF_LINK_DETACH, drop), -EINVAL);
	close(link);
	close(drop);
}

static void tcx_links_run_in_their_order(void **state)
{
	struct netdev *dev;
	/* TCX_NEXT, TCX_PASS, TCX_DROP */
	int next = load(ENGINE, BPF_PROG_TYPE_SCHED_CLS, BPF_TCX_INGRESS, -1);
	int drop = load(ENGINE, BPF_PROG_TYPE_SCHED_CLS, BPF_TCX_INGRESS, 2);
	uint8_t frame[60] = { 0 };
	struct pkt_result result;
	int a, b;

	assert_int_equal(hook_dev_add(engine(), "one", 0, NULL, NULL, &dev), 0);
	a = link_create(ENGINE, next, (int)dev->ifindex, BPF_TCX_INGRESS, 0);
	b = link_create(ENGINE, drop, (int)dev->ifindex, BPF_TCX_INGRESS, 0);
	assert_true(a >= 0 && b >= 0);
	assert_int_equal(hook_dev_receive(dev, frame, sizeof(frame), &result), 0);
	assert_int_equal(result.fate, PKT_DROPPED);
	assert_int_equal(result.tc_action, 2);
	close(b);
	skep_engine_poll(twin_engine);
	assert_int_equal(hook_dev_receive(dev, frame, sizeof(frame), &result), 0);
	assert_int_equal(result.fate, PKT_PASSED);
	free(result.data);
	close(a);
	close(next);
	close(drop);
}

static void raw_tracepoint_follows_its_descriptor(void **state)
{
	struct event *event;
	struct event_result result;
	union bpf_attr attr = { 0 };
	struct bpf_link_info info;
	uint64_t args[2] = { 1, 2 };
	char name[8];
	int prog = load(ENGINE, BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0), link;

	assert_int_equal(event_register(engine(), "my_event", EVENT_TRACEPOINT, sizeof(args), &event),
			 0);
	attr.raw_tracepoint.prog_fd = (uint32_t)prog;
	attr.raw_tracepoint.name = (uintptr_t)"my_event";
	link = twin_bpf(ENGINE, BPF_RAW_TRACEPOINT_OPEN, &attr, sizeof(attr));
	assert_true(link >= 0);
	assert_int_equal(event_fire(engine(), event, args, sizeof(args), &result), 0);
	assert_int_equal(result.n_programs, 1);

	/* The name is cut to the room there is, and said to be. */
	memset(&info, 0, sizeof(info));
	memset(&attr, 0, sizeof(attr));
	info.raw_tracepoint.tp_name = (uintptr_t)name;
	info.raw_tracepoint.tp_name_len = sizeof(name);
	attr.info.bpf_fd = (uint32_t)link;
	attr.info.info = (uintptr_t)&info;
	attr.info.info_len = sizeof(info);
	assert_int_equal(twin_bpf(ENGINE, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)), -ENOSPC);
	assert_string_equal(name, "my_even");
	assert_int_equal(info.raw_tracepoint.tp_name_len, sizeof("my_event"));

	assert_int_equal(one_fd(BPF_LINK_DETACH, link), -EOPNOTSUPP);
	assert_int_equal(link_update(link, prog, -1), -EINVAL);
	close(link);
	skep_engine_poll(twin_engine);
	assert_int_equal(event_fire(engine(), event, args, sizeof(args), &result), 0);
	assert_int_equal(result.n_programs, 0);
	close(prog);
}

static void links_have_ids(void **state)
{
	struct netdev *dev;
	union bpf_attr attr = { 0 };
	int drop = load(ENGINE, BPF_PROG_TYPE_XDP, 0, 1), link, two;

	assert_int_equal(hook_dev_add(engine(), "one", 0, NULL, NULL, &dev), 0);
	link = link_create(ENGINE, drop, (int)dev->ifindex, BPF_XDP, 0);
	assert_int_equal(twin_bpf(ENGINE, BPF_LINK_GET_NEXT_ID, &attr, sizeof(attr)), 0);
	attr = (union bpf_attr){ .link_id = attr.next_id };
	two = twin_bpf(ENGINE, BPF_LINK_GET_FD_BY_ID, &attr, sizeof(attr));
	assert_true(two >= 0);
	close(link);
	skep_engine_poll(twin_engine);
	assert_int_equal(xdp_verdict(dev), 1);
	close(two);
	close(drop);
	attr = (union bpf_attr){ 0 };
	assert_int_equal(twin_bpf(ENGINE, BPF_LINK_GET_NEXT_ID, &attr, sizeof(attr)), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TWIN_TEST(links_to_nothing_get_the_kernels_errno),
		TWIN_TEST(raw_tracepoint_errors_are_the_kernels),
		TWIN_TEST(xdp_link_runs_until_its_last_descriptor_closes),
		TWIN_TEST(link_without_a_descriptor_attaches_nothing),
		TWIN_TEST(detached_link_stays_and_holds_nothing),
		TWIN_TEST(tcx_links_run_in_their_order),
		TWIN_TEST(raw_tracepoint_follows_its_descriptor),
		TWIN_TEST(links_have_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
