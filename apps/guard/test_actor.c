/* SPDX-License-Identifier: BSD-2-Clause */
/* What rules say of a change by a side door. Method: rules as text, actors made by hand; for actors that are
 * known, judge() of the same write must agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guard/actor.h"
#include "guard/judge.h"

static struct ruleset rules_of(const char *const *texts)
{
	struct ruleset rules;
	struct error err;

	ruleset_init(&rules);
	for (; *texts; texts++)
		assert_int_equal(ruleset_add_text(&rules, *texts, &err), 0);
	assert_int_equal(ruleset_finish(&rules, &err), 0);
	return rules;
}

static const char *const some_rules[] = {
	"allow net.ipv4.conf.*.forwarding if comm=router and uid=0",
	"deny net.ipv4.conf.*.forwarding except comm=NetworkManager",
	"pin kernel.hostname fixed",
	"audit kernel.*",
	"deny kernel.domainname if uid=1000",
	"deny kernel.printk read",
	NULL,
};

static bool denied(const struct ruleset *rules, const char *name, const char *comm, uint32_t uid)
{
	struct actor actor = { .known = true, .uid = uid, .tgid = 7, .pid = 7 };
	struct judge_task task = { .uid = uid, .pid = 7 };
	struct judge_access access = { .name = name, .kind = GUARD_WRITE, .bytes = 100 };
	struct judgement verdict;
	bool found;

	strncpy(actor.comm, comm, sizeof(actor.comm) - 1);
	strncpy(task.comm, comm, sizeof(task.comm) - 1);
	found = actor_judge(rules, name, &actor) != NULL;
	judge(rules, &task, &access, &verdict);
	assert_int_equal(found, verdict.outcome == GUARD_DENIED || verdict.outcome == GUARD_PINNED);
	return found;
}

static void known_actors_are_judged_as_writes_are(void **state)
{
	struct ruleset rules = rules_of(some_rules);

	(void)state;
	assert_true(denied(&rules, "net/ipv4/conf/eth0/forwarding", "sh", 0));
	assert_false(denied(&rules, "net/ipv4/conf/eth0/forwarding", "router", 0));
	assert_true(denied(&rules, "net/ipv4/conf/eth0/forwarding", "router", 5));
	assert_false(denied(&rules, "net/ipv4/conf/eth0/forwarding", "NetworkManager", 5));
	assert_true(denied(&rules, "kernel/hostname", "sh", 0));
	assert_true(denied(&rules, "kernel/domainname", "sh", 1000));
	assert_false(denied(&rules, "kernel/domainname", "sh", 0));
	assert_false(denied(&rules, "kernel/printk", "sh", 0));
	assert_false(denied(&rules, "vm/swappiness", "sh", 0));
	ruleset_deinit(&rules);
}

static void of_nobody_known_every_condition_is_held_against_him(void **state)
{
	struct ruleset rules = rules_of(some_rules);

	(void)state;
	assert_non_null(actor_guarded(&rules, "net/ipv4/conf/eth0/forwarding"));
	assert_non_null(actor_guarded(&rules, "kernel/domainname"));
	assert_int_equal(actor_guarded(&rules, "kernel/hostname")->action, GUARD_PIN);
	assert_null(actor_guarded(&rules, "kernel/printk"));
	assert_null(actor_guarded(&rules, "vm/swappiness"));
	/* The alias of a guarded key is guarded where it is written, but its value is not watched. */
	assert_null(actor_guarded(&rules, "net/ipv4/ip_forward"));
	ruleset_deinit(&rules);
}

static void who_is_concerned_depends_on_door_and_actor(void **state)
{
	struct ruleset rules = rules_of(some_rules);
	struct actor actor = { .known = true, .comm = "NetworkManager" };

	(void)state;
	assert_null(actor_concerned(&rules, DOOR_NETLINK, &actor));
	assert_non_null(actor_concerned(&rules, DOOR_SYSCALL, &actor));
	strcpy(actor.comm, "sh");
	assert_non_null(actor_concerned(&rules, DOOR_NETLINK, &actor));
	ruleset_deinit(&rules);
}

static void pinned_values_end_where_they_end(void **state)
{
	static const char *const pins[] = { "pin net.ipv4.tcp_rmem \"4096 131072 6291456\"", NULL };
	struct ruleset rules = rules_of(pins);
	char value[GUARD_VALUE_BYTES + 1];

	(void)state;
	actor_pinned_value(&rules.rules[0], value);
	assert_string_equal(value, "4096 131072 6291456");
	ruleset_deinit(&rules);
}

static void everybody_is_in_the_root_cgroup(void **state)
{
	const struct actor actor = { .known = true };

	(void)state;
	assert_true(actor_is_in(&actor, "/"));
	assert_false(actor_is_in(&actor, "")); /* the cgroup is gone */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_actors_are_judged_as_writes_are),
		cmocka_unit_test(of_nobody_known_every_condition_is_held_against_him),
		cmocka_unit_test(who_is_concerned_depends_on_door_and_actor),
		cmocka_unit_test(pinned_values_end_where_they_end),
		cmocka_unit_test(everybody_is_in_the_root_cgroup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
