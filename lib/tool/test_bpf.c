/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The headers programs share (filter, histogram, account), run as plain C: the filter on a task of the
 * test's making, each condition alone and all together; slots against the user side's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <bpf/bpf_helpers.h> /* fake/ */

#include <cmocka.h>

#include "tool/filter.h"
#include "tool/hist.h"

struct fake_task fake_task;
void *fake_value;
unsigned fake_ring_room;

/* Programs' settings are constants to them; here they are the test's to change. */
#define const
#include "tool/filter.bpf.h"
#undef const

#include "tool/account.bpf.h"
#include "tool/hist.bpf.h"

#define TGID  41u
#define TID   42u
#define UID   1000u
#define NETNS 4026531840u

static struct {
	char before[24];
	void *nsproxy;
	struct {
		char before[8];
		void *net;
		struct {
			char before[16];
			uint32_t inode;
		} net_itself;
	} nsproxy_itself;
} task;

static void set_up(void)
{
	fake_task = (struct fake_task){
		.pid_tgid = (uint64_t)TGID << 32 | TID,
		.uid_gid = 77ull << 32 | UID,
		.ns_device = 4,
		.ns_inode = 99,
		.ns_pid_tgid = 7ull << 32 | 8,
		.comm = "nginx",
		.cgroups = { 1, 20, 300 },
		.memory = &task,
	};
	task.nsproxy = &task.nsproxy_itself;
	task.nsproxy_itself.net = &task.nsproxy_itself.net_itself;
	task.nsproxy_itself.net_itself.inode = NETNS;
}

static struct filter_settings none(void)
{
	return (struct filter_settings){ 0 };
}

static bool allows(struct filter_settings settings)
{
	filter_settings_seal(&settings);
	memcpy((void *)&filter, &settings, sizeof(settings));
	return filter_allows();
}

static void netns_offsets(struct filter_settings *s, uint32_t inode)
{
	s->netns_inode = inode;
	s->task_nsproxy = offsetof(typeof(task), nsproxy);
	s->nsproxy_net = offsetof(typeof(task.nsproxy_itself), net);
	s->net_inode = offsetof(typeof(task.nsproxy_itself.net_itself), inode);
}

/* Condition number @i, met or not. */
static void add_condition(struct filter_settings *s, uint32_t i, bool met)
{
	switch (i) {
	case 0:
		s->tgid = met ? TGID : TGID + 1;
		break;
	case 1:
		s->tid = met ? TID : TGID;
		break;
	case 2:
		s->own_tgid = met ? TGID + 1 : TGID;
		break;
	case 3:
		s->has_uid = 1;
		s->uid = met ? UID : 0;
		break;
	case 4:
		strcpy(s->comm, met ? "nginx" : "ngin");
		break;
	case 5:
		s->has_cgroup = 1;
		s->cgroup_id = met ? 20 : 21;
		s->cgroup_level = 1;
		break;
	case 6:
		netns_offsets(s, met ? NETNS : NETNS + 1);
		break;
	case 7: /* in place of those of 5 */
		s->follows = 1;
		fake_value = met ? &fake_task : NULL;
		break;
	}
}

#define N_CONDITIONS 8u
#define N_SETS	     6561u /* 3 to the power of that */

static void every_set_of_conditions_is_their_and(void **state)
{
	(void)state;
	set_up();
	assert_true(allows(none()));
	/* Each is absent, met or not met. */
	for (uint32_t sets = 0; sets < N_SETS; sets++) {
		struct filter_settings s = none();
		bool wanted = true;

		for (uint32_t i = 0, rest = sets; i < N_CONDITIONS; i++, rest /= 3) {
			if (rest % 3)
				add_condition(&s, i, rest % 3 == 1);
			/* A container takes the place of cgroups: one or the other is asked for. */
			if (i != 5 || sets < N_SETS / 3)
				wanted = wanted && rest % 3 != 2;
		}
		if (allows(s) != wanted)
			fail_msg("set %u: %d", sets, wanted);
	}
}

static void a_cgroup_made_again_is_looked_at(void **state)
{
	struct filter_settings s = { .has_cgroup = 1, .cgroup_id = 21, .cgroup_level = 1 };
	uint64_t again = 0;

	(void)state;
	set_up(); /* its task is in cgroup 20, at level 1 */
	fake_value = &again;
	assert_false(allows(s));
	again = 20;
	assert_true(allows(s));
	s.cgroup_level = 7; /* deeper than it is */
	again = 0;
	assert_false(allows(s));
	fake_value = NULL;
	s.cgroup_level = 1;
	assert_false(allows(s));
}

static void names_are_compared_whole(void **state)
{
	struct filter_settings s = none();

	(void)state;
	set_up();
	memcpy(s.comm, "nginx: worker", 13);
	assert_false(allows(s));
	memcpy(fake_task.comm, "fifteen-letters", 16);
	memcpy(s.comm, "fifteen-letters", 16);
	assert_true(allows(s));
	s.comm[14] = 'x';
	assert_false(allows(s));
}

static void pids_are_those_of_the_namespace(void **state)
{
	struct filter_settings s = none();

	(void)state;
	set_up();
	s.pidns_device = 4;
	s.pidns_inode = 99;
	s.tgid = 7;
	assert_true(allows(s));
	assert_true(filter_pid_tgid() == (7ull << 32 | 8));
	s.tgid = TGID;
	assert_false(allows(s));
	s.pidns_inode = 98; /* the task is not in it */
	assert_false(allows(s));
	assert_true(filter_pid_tgid() == 0);
}

static void a_task_that_ends_has_no_netns(void **state)
{
	struct filter_settings s = none();

	(void)state;
	set_up();
	netns_offsets(&s, NETNS);
	task.nsproxy = NULL;
	assert_false(allows(s));
}

static void slots_are_the_same_on_both_sides(void **state)
{
	(void)state;
	srandom(3);
	for (int i = 0; i < 200000; i++) {
		uint64_t value = ((uint64_t)random() << 33 ^ (uint64_t)random()) >> random() % 64;

		assert_int_equal(hist_slot(value), hist_slot_of(value));
	}
	for (uint32_t bit = 0; bit < 64; bit++) {
		assert_int_equal(hist_slot(1ull << bit), hist_slot_of(1ull << bit));
		assert_int_equal(hist_slot((1ull << bit) - 1), hist_slot_of((1ull << bit) - 1));
	}
}

static void what_has_no_room_is_counted(void **state)
{
	struct account counts = { 0 };
	int taken = 0;

	(void)state;
	fake_value = &counts;
	fake_ring_room = 5;
	for (int i = 0; i < 4; i++)
		taken += account_reserve(NULL, 8) != NULL;
	for (int i = 0; i < 4; i++)
		taken += account_output(NULL, &counts, 8);
	account_lost();
	assert_int_equal(taken, 5);
	assert_int_equal(counts.occurred, 9);
	assert_int_equal(counts.dropped, 4);
}

static void nothing_is_counted_once_it_is_shut(void **state)
{
	struct account counts = { 0 };

	(void)state;
	fake_value = &counts;
	fake_ring_room = 5;
	account_is_shut = 1;
	assert_null(account_reserve(NULL, 8));
	assert_false(account_output(NULL, &counts, 8));
	account_lost();
	account_is_shut = 0;
	assert_int_equal(counts.occurred, 0);
	assert_int_equal(counts.dropped, 0);
	assert_int_equal(fake_ring_room, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_set_of_conditions_is_their_and),
		cmocka_unit_test(a_cgroup_made_again_is_looked_at),
		cmocka_unit_test(names_are_compared_whole),
		cmocka_unit_test(pids_are_those_of_the_namespace),
		cmocka_unit_test(a_task_that_ends_has_no_netns),
		cmocka_unit_test(slots_are_the_same_on_both_sides),
		cmocka_unit_test(what_has_no_room_is_counted),
		cmocka_unit_test(nothing_is_counted_once_it_is_shut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
