/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard/doors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard/rule.h"

#define PARTS_MAX (GUARD_NAME_BYTES / 2)

#define ALIAS(key, other)                                                                          \
	{                                                                                          \
		key, DOOR_ALIAS, other                                                             \
	}
#define BOTH(key, other) ALIAS(key, other), ALIAS(other, key)
#define LINK(key)                                                                                  \
	{ key, DOOR_NETLINK, "RTM_NEWLINK" },                                                      \
	{                                                                                          \
		key, DOOR_NETLINK, "RTM_SETLINK"                                                   \
	}
#define CALL(key, call)                                                                            \
	{                                                                                          \
		key, DOOR_SYSCALL, call                                                            \
	}
#define FILE_OF(key, path)                                                                         \
	{                                                                                          \
		key, DOOR_FILE, path                                                               \
	}

#define MODULE(folder, module, name) FILE_OF(folder name, "/sys/module/" module "/parameters/" name)
/* Those of the size Linux takes on x86-64 when it is told none. */
#define HUGE "/sys/kernel/mm/hugepages/hugepages-2048kB"
#define HUGEPAGES(key)                                                                             \
	FILE_OF(key, HUGE "/nr_hugepages"), FILE_OF(key, HUGE "/nr_hugepages_mempolicy"),          \
		FILE_OF(key,                                                                       \
			"/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages")

/* A device takes the default's value as long as it has none of its own. */
#define CONF(name)	   LINK("net/ipv4/conf/*/" name)
#define CONF_DEFAULT(name) CONF(name), ALIAS("net/ipv4/conf/*/" name, "net/ipv4/conf/default/" name)
#define CONF6_ALL(name)	   ALIAS("net/ipv6/conf/*/" name, "net/ipv6/conf/all/" name)
/* As with conf; the first namespace alone has the default's. */
#define NEIGH_OF(ip, name)                                                                         \
	{ "net/" ip "/neigh/*/" name, DOOR_NETLINK, "RTM_SETNEIGHTBL" },                           \
		ALIAS("net/" ip "/neigh/*/" name, "net/" ip "/neigh/default/" name)
#define NEIGH(name) NEIGH_OF("ipv4", name), NEIGH_OF("ipv6", name)
#define NEIGH_BOTH_OF(ip, name, other)                                                             \
	BOTH("net/" ip "/neigh/*/" name, "net/" ip "/neigh/*/" other),                             \
		ALIAS("net/" ip "/neigh/*/" name, "net/" ip "/neigh/default/" other),              \
		ALIAS("net/" ip "/neigh/*/" other, "net/" ip "/neigh/default/" name)
#define NEIGH_TABLE(name)                                                                          \
	{ "net/ipv4/neigh/default/" name, DOOR_NETLINK, "RTM_SETNEIGHTBL" },                       \
	{                                                                                          \
		"net/ipv6/neigh/default/" name, DOOR_NETLINK, "RTM_SETNEIGHTBL"                    \
	}
#define NEIGH_BOTH(name, other)                                                                    \
	NEIGH_BOTH_OF("ipv4", name, other), NEIGH_BOTH_OF("ipv6", name, other)

/* clang-format off */
const struct door doors[] = {
	CALL("kernel/hostname", "sethostname"),
	CALL("kernel/domainname", "setdomainname"),
	CALL("kernel/printk", "syslog"),
	FILE_OF("kernel/printk", "/proc/sysrq-trigger"),
	BOTH("fs/fanotify/max_user_groups", "user/max_fanotify_groups"),
	BOTH("fs/fanotify/max_user_marks", "user/max_fanotify_marks"),
	BOTH("fs/inotify/max_user_instances", "user/max_inotify_instances"),
	BOTH("fs/inotify/max_user_watches", "user/max_inotify_watches"),

	FILE_OF("kernel/panic", "/sys/module/kernel/parameters/panic"),
	FILE_OF("kernel/panic_on_warn", "/sys/module/kernel/parameters/panic_on_warn"),
	FILE_OF("kernel/panic_print", "/sys/module/kernel/parameters/panic_print"),

	BOTH("vm/dirty_bytes", "vm/dirty_ratio"),
	BOTH("vm/dirty_background_bytes", "vm/dirty_background_ratio"),
	BOTH("vm/overcommit_kbytes", "vm/overcommit_ratio"),
	BOTH("vm/nr_hugepages", "vm/nr_hugepages_mempolicy"),
	HUGEPAGES("vm/nr_hugepages"),
	HUGEPAGES("vm/nr_hugepages_mempolicy"),
	FILE_OF("vm/nr_overcommit_hugepages", HUGE "/nr_overcommit_hugepages"),

	MODULE("fs/nfs/", "lockd", "nlm_grace_period"),
	MODULE("fs/nfs/", "lockd", "nlm_tcpport"),
	MODULE("fs/nfs/", "lockd", "nlm_timeout"),
	MODULE("fs/nfs/", "lockd", "nlm_udpport"),
	MODULE("fs/nfs/", "lockd", "nsm_use_hostnames"),
	MODULE("sunrpc/", "sunrpc", "max_resvport"),
	MODULE("sunrpc/", "sunrpc", "min_resvport"),
	MODULE("sunrpc/", "sunrpc", "tcp_max_slot_table_entries"),
	MODULE("sunrpc/", "sunrpc", "tcp_slot_table_entries"),
	MODULE("sunrpc/", "sunrpc", "udp_slot_table_entries"),
	FILE_OF("net/netfilter/nf_conntrack_buckets", "/sys/module/nf_conntrack/parameters/hashsize"),

	BOTH("net/ipv4/ip_forward", "net/ipv4/conf/all/forwarding"),
	ALIAS("net/ipv4/conf/*/forwarding", "net/ipv4/conf/all/forwarding"),
	ALIAS("net/ipv4/conf/*/forwarding", "net/ipv4/ip_forward"),
	ALIAS("net/ipv4/conf/all/accept_redirects", "net/ipv4/conf/all/forwarding"),
	ALIAS("net/ipv4/conf/all/accept_redirects", "net/ipv4/ip_forward"),
	CONF("disable_policy"),
	CONF("disable_xfrm"),
	CONF("drop_unicast_in_l2_multicast"),
	CONF("forwarding"),
	CONF("mc_forwarding"),
	CONF("promote_secondaries"),
	CONF("route_localnet"),
	CONF_DEFAULT("accept_local"),
	CONF_DEFAULT("accept_redirects"),
	CONF_DEFAULT("accept_source_route"),
	CONF_DEFAULT("arp_accept"),
	CONF_DEFAULT("arp_announce"),
	CONF_DEFAULT("arp_evict_nocarrier"),
	CONF_DEFAULT("arp_filter"),
	CONF_DEFAULT("arp_ignore"),
	CONF_DEFAULT("arp_notify"),
	CONF_DEFAULT("bc_forwarding"),
	CONF_DEFAULT("bootp_relay"),
	CONF_DEFAULT("drop_gratuitous_arp"),
	CONF_DEFAULT("force_igmp_version"),
	CONF_DEFAULT("igmpv2_unsolicited_report_interval"),
	CONF_DEFAULT("igmpv3_unsolicited_report_interval"),
	CONF_DEFAULT("ignore_routes_with_linkdown"),
	CONF_DEFAULT("log_martians"),
	CONF_DEFAULT("medium_id"),
	CONF_DEFAULT("proxy_arp"),
	CONF_DEFAULT("proxy_arp_pvlan"),
	CONF_DEFAULT("rp_filter"),
	CONF_DEFAULT("secure_redirects"),
	CONF_DEFAULT("send_redirects"),
	CONF_DEFAULT("shared_media"),
	CONF_DEFAULT("src_valid_mark"),
	CONF_DEFAULT("tag"),

	NEIGH("anycast_delay"),
	NEIGH("app_solicit"),
	NEIGH("base_reachable_time"),
	NEIGH("base_reachable_time_ms"),
	NEIGH("delay_first_probe_time"),
	NEIGH("gc_stale_time"),
	NEIGH("interval_probe_time_ms"),
	NEIGH("locktime"),
	NEIGH("mcast_resolicit"),
	NEIGH("mcast_solicit"),
	NEIGH("proxy_delay"),
	NEIGH("proxy_qlen"),
	NEIGH("retrans_time"),
	NEIGH("retrans_time_ms"),
	NEIGH("ucast_solicit"),
	NEIGH("unres_qlen"),
	NEIGH("unres_qlen_bytes"),
	NEIGH_BOTH("base_reachable_time", "base_reachable_time_ms"),
	NEIGH_BOTH("retrans_time", "retrans_time_ms"),
	NEIGH_BOTH("unres_qlen", "unres_qlen_bytes"),
	NEIGH_TABLE("gc_interval"),
	NEIGH_TABLE("gc_thresh1"),
	NEIGH_TABLE("gc_thresh2"),
	NEIGH_TABLE("gc_thresh3"),

	CONF6_ALL("addr_gen_mode"),
	CONF6_ALL("disable_ipv6"),
	CONF6_ALL("force_forwarding"),
	CONF6_ALL("forwarding"),
	CONF6_ALL("ignore_routes_with_linkdown"),
	LINK("net/ipv6/conf/*/addr_gen_mode"),
	LINK("net/ipv6/conf/*/mtu"),
	CALL("net/ipv6/conf/*/mtu", "ioctl"),
	FILE_OF("net/ipv6/conf/*/mtu", "/sys/class/net/*/mtu"),
	BOTH("net/ipv4/route/gc_min_interval", "net/ipv4/route/gc_min_interval_ms"),
	BOTH("net/ipv6/route/gc_min_interval", "net/ipv6/route/gc_min_interval_ms"),
	BOTH("net/netfilter/nf_conntrack_max", "net/nf_conntrack_max"),
	BOTH("net/mptcp/path_manager", "net/mptcp/pm_type"),

	{ NULL, DOOR_NONE, NULL },
};
/* clang-format on */

const char *door_kind_name(enum door_kind kind)
{
	static const char *const names[] = { "none",	"alias", "netlink",
					     "syscall", "file",	 "unknown" };

	_Static_assert(sizeof(names) / sizeof(names[0]) == DOOR_KINDS, "a name for each");
	return (unsigned)kind < DOOR_KINDS ? names[kind] : "?";
}

/* --- patterns that meet ---------------------------------------------------------------------- */

/* The next part of a pattern, copied; false: there is none. */
static bool next_part(const char **pattern, char part[GUARD_NAME_BYTES])
{
	size_t bytes = strcspn(*pattern, "/");

	if (!**pattern || bytes >= GUARD_NAME_BYTES)
		return false;
	memcpy(part, *pattern, bytes);
	part[bytes] = '\0';
	*pattern += bytes + ((*pattern)[bytes] == '/');
	return true;
}

/*
 * Whether some key is matched by both: by what somebody wrote, and by a door's, in which '*' is a
 * whole part. @star: what of @pattern stands where the door's '*' does.
 */
static bool patterns_meet(const char *pattern, const char *of_door, char star[GUARD_NAME_BYTES])
{
	char wanted[GUARD_NAME_BYTES], part[GUARD_NAME_BYTES];
	bool all = false;

	strcpy(star, "*");
	while (next_part(&of_door, part)) {
		if (!all && !next_part(&pattern, wanted))
			return false;
		all = all || (strcmp(wanted, "*") == 0 && !*pattern);
		if (strcmp(part, "*") == 0)
			strcpy(star, all ? "*" : wanted);
		else if (!all && !rule_pattern_matches(wanted, part))
			return false;
	}
	return all || !*pattern;
}

/* @way with its '*' replaced. False: too long for a key. */
static bool replace_star(const char *way, const char *star, char out[GUARD_NAME_BYTES])
{
	const char *at = strchr(way, '*');
	int n = at ? snprintf(out, GUARD_NAME_BYTES, "%.*s%s%s", (int)(at - way), way, star, at + 1)
		   : snprintf(out, GUARD_NAME_BYTES, "%s", way);

	return n < GUARD_NAME_BYTES;
}

/* Whether all that @inner matches is matched by @pattern: stars are tried as characters of no key. */
static bool pattern_covers(const char *pattern, const char *inner)
{
	char name[2 * GUARD_NAME_BYTES];
	size_t n = 0;

	for (; *inner && n < sizeof(name) - 3; inner++) {
		if (*inner == '*')
			name[n++] = '\1';
		name[n++] = strchr("*?", *inner) ? '\1' : *inner;
	}
	name[n] = '\0';
	return rule_pattern_matches(pattern, name);
}

static bool alias_of(const struct door *door, const char *pattern, char alias[GUARD_NAME_BYTES])
{
	char star[GUARD_NAME_BYTES];

	return door->kind == DOOR_ALIAS && patterns_meet(pattern, door->key, star) &&
	       replace_star(door->way, star, alias) && !pattern_covers(pattern, alias);
}

int doors_each_alias(const char *pattern, int (*fn)(void *arg, const char *alias), void *arg)
{
	char alias[GUARD_NAME_BYTES], earlier[GUARD_NAME_BYTES];
	int rc = 0;

	for (const struct door *door = doors; door->key && !rc; door++) {
		bool seen = false;

		if (!alias_of(door, pattern, alias))
			continue;
		for (const struct door *d = doors; d < door && !seen; d++)
			seen = alias_of(d, pattern, earlier) && pattern_covers(earlier, alias);
		if (!seen)
			rc = fn(arg, alias);
	}
	return rc;
}

bool doors_has(const char *pattern, enum door_kind kind)
{
	return doors_next(pattern, kind, NULL) != NULL;
}

const struct door *doors_next(const char *pattern, enum door_kind kind, const struct door *after)
{
	const struct door *door = after ? after + 1 : doors;
	char star[GUARD_NAME_BYTES];

	for (; door->key; door++)
		if (door->kind == kind && patterns_meet(pattern, door->key, star))
			return door;
	return NULL;
}

bool doors_knows(const char *key, enum door_kind kind, const char *way)
{
	char star[GUARD_NAME_BYTES], as_row[GUARD_NAME_BYTES];

	for (const struct door *door = doors; door->key; door++) {
		if (door->kind != kind || !patterns_meet(key, door->key, star) ||
		    !pattern_covers(door->key, key))
			continue;
		if (strcmp(door->way, way) == 0 ||
		    (replace_star(door->way, star, as_row) && strcmp(as_row, way) == 0))
			return true;
	}
	return false;
}
