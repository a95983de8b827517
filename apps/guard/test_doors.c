/* SPDX-License-Identifier: BSD-2-Clause */
/* Doors by patterns. Method: keys and patterns by hand against the shipped table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "buffer.h"
#include "guard/doors.h"
#include "guard/rule.h"

static int gather(void *arg, const char *alias)
{
	buffer_format(arg, "%s ", alias);
	return 0;
}

static void aliases_are(const char *pattern, const char *expected)
{
	struct buffer found = { 0 };

	assert_int_equal(doors_each_alias(pattern, gather, &found), 0);
	assert_string_equal(buffer_string(&found), expected);
	buffer_deinit(&found);
}

static void aliases_of_one_key(void **state)
{
	(void)state;
	aliases_are("net/ipv4/ip_forward", "net/ipv4/conf/all/forwarding ");
	aliases_are("net/ipv4/conf/all/forwarding", "net/ipv4/ip_forward ");
	aliases_are("net/ipv4/neigh/eth0/retrans_time", "net/ipv4/neigh/default/retrans_time "
							"net/ipv4/neigh/eth0/retrans_time_ms "
							"net/ipv4/neigh/default/retrans_time_ms ");
	aliases_are("net/ipv4/conf/eth0/rp_filter", "net/ipv4/conf/default/rp_filter ");
	aliases_are("vm/swappiness", "");
}

static void aliases_of_patterns_keep_their_wildcards(void **state)
{
	(void)state;
	aliases_are("net/ipv4/neigh/eth?/app_solicit", "net/ipv4/neigh/default/app_solicit ");
	aliases_are("net/mptcp/p*", "");
	aliases_are("net/ipv4/conf/*/forwarding", "net/ipv4/ip_forward ");
	aliases_are("net/ipv6/conf/*/forwarding", "");
	aliases_are("net/ipv4/neigh/*/retrans*", "");
	aliases_are("net/ipv4/neigh/*/unres_qlen", "net/ipv4/neigh/*/unres_qlen_bytes ");
}

static void aliases_within_a_pattern_are_not_told(void **state)
{
	(void)state;
	aliases_are("net/ipv4/*", "");
	aliases_are("*", "");
	aliases_are("net/ipv4/conf/*", "net/ipv4/ip_forward ");
}

static int stop(void *arg, const char *alias)
{
	(void)alias;
	++*(int *)arg;
	return -5;
}

static void a_callback_ends_it(void **state)
{
	int calls = 0;

	(void)state;
	assert_int_equal(doors_each_alias("net/ipv4/conf/eth0/forwarding", stop, &calls), -5);
	assert_int_equal(calls, 1);
}

static void kinds_of_doors(void **state)
{
	(void)state;
	assert_true(doors_has("kernel/hostname", DOOR_SYSCALL));
	assert_true(doors_has("kernel/*", DOOR_SYSCALL));
	assert_true(doors_has("*", DOOR_SYSCALL));
	assert_true(doors_has("kernel/host*", DOOR_SYSCALL));
	assert_false(doors_has("kernel/hostname", DOOR_NETLINK));
	assert_false(doors_has("kernel/hostnam", DOOR_SYSCALL));
	assert_false(doors_has("kernel/hostname/x", DOOR_SYSCALL));
	assert_true(doors_has("net/ipv6/conf/eth0.100/addr_gen_mode", DOOR_NETLINK));
	assert_false(doors_has("net/ipv6/conf/eth0/addr_gen_mode/*", DOOR_NETLINK));
	assert_true(doors_has("net/ipv6/conf/*", DOOR_NETLINK));
}

static void the_table_knows_devices_and_all_of_them(void **state)
{
	(void)state;
	assert_true(doors_knows("net/ipv4/ip_forward", DOOR_ALIAS, "net/ipv4/conf/all/forwarding"));
	assert_true(doors_knows("net/ipv4/neigh/*/retrans_time", DOOR_ALIAS,
				"net/ipv4/neigh/*/retrans_time_ms"));
	assert_true(doors_knows("net/ipv4/neigh/default/retrans_time", DOOR_ALIAS,
				"net/ipv4/neigh/default/retrans_time_ms"));
	assert_false(doors_knows("net/ipv4/neigh/eth0/retrans_time", DOOR_ALIAS,
				 "net/ipv4/neigh/eth1/retrans_time_ms"));
	assert_false(doors_knows("net/*", DOOR_ALIAS, "net/ipv4/ip_forward"));
	assert_false(doors_knows("net/ipv4/ip_forward", DOOR_NETLINK, "RTM_SETLINK"));
}

static void a_door_leads_elsewhere(void **state)
{
	(void)state;
	for (const struct door *door = doors; door->key; door++) {
		assert_true(strlen(door->key) < GUARD_NAME_BYTES);
		assert_true(door->kind > DOOR_NONE && door->kind < DOOR_UNKNOWN);
		assert_string_not_equal(door->key, door->way);
		if (strchr(door->way, '*'))
			assert_non_null(strchr(door->key, '*'));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aliases_of_one_key),
		cmocka_unit_test(aliases_of_patterns_keep_their_wildcards),
		cmocka_unit_test(aliases_within_a_pattern_are_not_told),
		cmocka_unit_test(a_callback_ends_it),
		cmocka_unit_test(kinds_of_doors),
		cmocka_unit_test(the_table_knows_devices_and_all_of_them),
		cmocka_unit_test(a_door_leads_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
