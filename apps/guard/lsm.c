/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard/lsm.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "ability/ability.h"
#include "buffer.h"
#include "guard/guard.h"
#include "guard/lsm-api.bpf.h"
#include "who/cgroup.h"

#include "lsm.skel.h" /* last: its .rodata has types of the headers above */

const struct ability_tool guard_lsm_ability = {
	.name = "guard: side doors closed",
	.does = "other ways to a guarded key are denied; else changes are set back",
	.optional = true,
	.needs = { ABILITY_BPF_SYSCALL, ABILITY_CAP_BPF, ABILITY_CAP_PERFMON, ABILITY_BTF },
	.hooks = { { "lsm", { ABILITY_LSM } } },
};

struct lsm {
	struct enforce *enforce;
	struct lsm_bpf *bpf;
	bool denies[DOOR_KINDS];
};

/* --- attributes ------------------------------------------------------------------------------ */

/* What each attribute of IFLA_INET_CONF is called in /proc/sys (net/ipv4/devinet.c). */
static const char *const confs[] = {
	[IPV4_DEVCONF_FORWARDING] = "forwarding",
	[IPV4_DEVCONF_MC_FORWARDING] = "mc_forwarding",
	[IPV4_DEVCONF_PROXY_ARP] = "proxy_arp",
	[IPV4_DEVCONF_ACCEPT_REDIRECTS] = "accept_redirects",
	[IPV4_DEVCONF_SECURE_REDIRECTS] = "secure_redirects",
	[IPV4_DEVCONF_SEND_REDIRECTS] = "send_redirects",
	[IPV4_DEVCONF_SHARED_MEDIA] = "shared_media",
	[IPV4_DEVCONF_RP_FILTER] = "rp_filter",
	[IPV4_DEVCONF_ACCEPT_SOURCE_ROUTE] = "accept_source_route",
	[IPV4_DEVCONF_BOOTP_RELAY] = "bootp_relay",
	[IPV4_DEVCONF_LOG_MARTIANS] = "log_martians",
	[IPV4_DEVCONF_TAG] = "tag",
	[IPV4_DEVCONF_ARPFILTER] = "arp_filter",
	[IPV4_DEVCONF_MEDIUM_ID] = "medium_id",
	[IPV4_DEVCONF_NOXFRM] = "disable_xfrm",
	[IPV4_DEVCONF_NOPOLICY] = "disable_policy",
	[IPV4_DEVCONF_FORCE_IGMP_VERSION] = "force_igmp_version",
	[IPV4_DEVCONF_ARP_ANNOUNCE] = "arp_announce",
	[IPV4_DEVCONF_ARP_IGNORE] = "arp_ignore",
	[IPV4_DEVCONF_PROMOTE_SECONDARIES] = "promote_secondaries",
	[IPV4_DEVCONF_ARP_ACCEPT] = "arp_accept",
	[IPV4_DEVCONF_ARP_NOTIFY] = "arp_notify",
	[IPV4_DEVCONF_ACCEPT_LOCAL] = "accept_local",
	[IPV4_DEVCONF_SRC_VMARK] = "src_valid_mark",
	[IPV4_DEVCONF_PROXY_ARP_PVLAN] = "proxy_arp_pvlan",
	[IPV4_DEVCONF_ROUTE_LOCALNET] = "route_localnet",
	[IPV4_DEVCONF_IGMPV2_UNSOLICITED_REPORT_INTERVAL] = "igmpv2_unsolicited_report_interval",
	[IPV4_DEVCONF_IGMPV3_UNSOLICITED_REPORT_INTERVAL] = "igmpv3_unsolicited_report_interval",
	[IPV4_DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN] = "ignore_routes_with_linkdown",
	[IPV4_DEVCONF_DROP_UNICAST_IN_L2_MULTICAST] = "drop_unicast_in_l2_multicast",
	[IPV4_DEVCONF_DROP_GRATUITOUS_ARP] = "drop_gratuitous_arp",
	[IPV4_DEVCONF_BC_FORWARDING] = "bc_forwarding",
	[IPV4_DEVCONF_ARP_EVICT_NOCARRIER] = "arp_evict_nocarrier",
};

/* And each of a table of neighbours (net/core/neighbour.c). */
static const char *const parms[][2] = {
	[NDTPA_BASE_REACHABLE_TIME] = { "base_reachable_time", "base_reachable_time_ms" },
	[NDTPA_RETRANS_TIME] = { "retrans_time", "retrans_time_ms" },
	[NDTPA_GC_STALETIME] = { "gc_stale_time" },
	[NDTPA_DELAY_PROBE_TIME] = { "delay_first_probe_time" },
	[NDTPA_QUEUE_LEN] = { "unres_qlen", "unres_qlen_bytes" },
	[NDTPA_APP_PROBES] = { "app_solicit" },
	[NDTPA_UCAST_PROBES] = { "ucast_solicit" },
	[NDTPA_MCAST_PROBES] = { "mcast_solicit" },
	[NDTPA_ANYCAST_DELAY] = { "anycast_delay" },
	[NDTPA_PROXY_DELAY] = { "proxy_delay" },
	[NDTPA_PROXY_QLEN] = { "proxy_qlen" },
	[NDTPA_LOCKTIME] = { "locktime" },
	[NDTPA_QUEUE_LENBYTES] = { "unres_qlen", "unres_qlen_bytes" },
	[NDTPA_MCAST_REPROBES] = { "mcast_resolicit" },
	[NDTPA_INTERVAL_PROBE_TIME_MS] = { "interval_probe_time_ms" },
};

static const char *const of_tables[] = {
	[NDTA_THRESH1] = "gc_thresh1",
	[NDTA_THRESH2] = "gc_thresh2",
	[NDTA_THRESH3] = "gc_thresh3",
	[NDTA_GC_INTERVAL] = "gc_interval",
};

#define N(array) (sizeof(array) / sizeof((array)[0]))

_Static_assert(N(confs) <= LSM_PARMS && N(parms) <= LSM_PARMS_6 - LSM_PARMS &&
		       N(of_tables) <= LSM_TABLE_6 - LSM_TABLE,
	       "each group has room in the table");

uint32_t lsm_conf(const char *key)
{
	for (uint32_t i = 1; i < N(confs); i++)
		if (confs[i] && strcmp(confs[i], key) == 0)
			return i;
	return 0;
}

static int put_leaf(struct lsm *lsm, uint32_t place, const char *before, const char *first,
		    const char *second)
{
	struct lsm_leaf leaf = { 0 };

	if (!first)
		return 0;
	snprintf(leaf.before, sizeof(leaf.before), "%s", before);
	snprintf(leaf.first, sizeof(leaf.first), "%s", first);
	snprintf(leaf.second, sizeof(leaf.second), "%s", second ? second : "");
	return bpf_map_update_elem(bpf_map__fd(lsm->bpf->maps.leaves), &place, &leaf, BPF_ANY)
		       ? -errno
		       : 0;
}

static int put_leaves(struct lsm *lsm)
{
	int rc = put_leaf(lsm, LSM_MTU, "net/ipv6/conf/", "mtu", NULL);

	if (!rc)
		rc = put_leaf(lsm, LSM_ADDR_GEN_MODE, "net/ipv6/conf/", "addr_gen_mode", NULL);
	for (uint32_t i = 0; i < N(confs) && !rc; i++)
		rc = put_leaf(lsm, LSM_CONF + i, "net/ipv4/conf/", confs[i], NULL);
	for (uint32_t i = 0; i < N(parms) && !rc; i++) {
		rc = put_leaf(lsm, LSM_PARMS + i, "net/ipv4/neigh/", parms[i][0], parms[i][1]);
		if (!rc)
			rc = put_leaf(lsm, LSM_PARMS_6 + i, "net/ipv6/neigh/", parms[i][0],
				      parms[i][1]);
	}
	for (uint32_t i = 0; i < N(of_tables) && !rc; i++) {
		rc = put_leaf(lsm, LSM_TABLE + i, "net/ipv4/neigh/", of_tables[i], NULL);
		if (!rc)
			rc = put_leaf(lsm, LSM_TABLE_6 + i, "net/ipv6/neigh/", of_tables[i], NULL);
	}
	return rc;
}

/* --- files ----------------------------------------------------------------------------------- */

static uint64_t kernel_device(dev_t device)
{
	return (uint64_t)major(device) << 20 | minor(device);
}

/* A file the rules have for a door. Those with a device in their path are the watcher's alone: devices
 * come and go. */
static int put_file(struct lsm *lsm, const struct door *door)
{
	char name[GUARD_NAME_BYTES] = "";
	struct lsm_file file = { 0 };
	struct stat st;

	if (strchr(door->way, '*') || stat(door->way, &st))
		return 0;
	file.inode = st.st_ino;
	file.device = kernel_device(st.st_dev);
	snprintf(name, sizeof(name), "%s", door->key);
	return bpf_map_update_elem(bpf_map__fd(lsm->bpf->maps.files), &file, name, BPF_ANY) ? -errno
											    : 0;
}

typedef int door_fn(struct lsm *lsm, const struct door *door);

/* The doors of a kind that the rules need closed: calls @fn, unless NULL, and returns how many, or -errno. */
static int each_door(struct lsm *lsm, const struct ruleset *rules, enum door_kind kind, door_fn *fn)
{
	int n = 0, rc;

	for (uint32_t i = 0; i < rules->n_rules; i++) {
		const struct guard_rule *rule = &rules->rules[i];
		const struct door *door = NULL;

		if (!(rule->access & GUARD_WRITE) ||
		    (rule->action != GUARD_DENY && rule->action != GUARD_PIN))
			continue;
		while ((door = doors_next(rule->pattern, kind, door))) {
			rc = fn ? fn(lsm, door) : 0;
			if (rc)
				return rc;
			n++;
		}
	}
	return n;
}

/* --- life ------------------------------------------------------------------------------------ */

static int reuse(struct lsm *lsm, struct bpf_map *map)
{
	return bpf_map__reuse_fd(map, enforce_map_fd(lsm->enforce, bpf_map__name(map)));
}

static bool is_syslog_wanted(const struct ruleset *rules)
{
	for (uint32_t i = 0; i < rules->n_rules; i++)
		if (rules->rules[i].action != GUARD_AUDIT &&
		    rules->rules[i].action != GUARD_ALLOW &&
		    doors_has(rules->rules[i].pattern, DOOR_SYSCALL))
			return true;
	return false;
}

/* bpf_program__set_autoload() of each. */
static void choose(struct lsm *lsm, const struct ruleset *rules)
{
	bool netlink = each_door(lsm, rules, DOOR_NETLINK, NULL) > 0;
	bool file = each_door(lsm, rules, DOOR_FILE, NULL) > 0;

	lsm->denies[DOOR_NETLINK] = netlink;
	lsm->denies[DOOR_FILE] = file;
	lsm->denies[DOOR_SYSCALL] = is_syslog_wanted(rules);
	bpf_program__set_autoload(lsm->bpf->progs.deny_netlink, netlink);
	bpf_program__set_autoload(lsm->bpf->progs.deny_file, file);
	bpf_program__set_autoload(lsm->bpf->progs.deny_syslog, lsm->denies[DOOR_SYSCALL]);
	bpf_program__set_autoload(lsm->bpf->progs.deny_unlink, enforce_pins(lsm->enforce));
	bpf_program__set_autoload(lsm->bpf->progs.deny_rename, enforce_pins(lsm->enforce));
	bpf_program__set_autoload(lsm->bpf->progs.deny_umount, enforce_pins(lsm->enforce));
}

static int load(struct lsm *lsm, const struct ruleset *rules)
{
	struct guard_kernel kernel;
	int rc;

	enforce_kernel(&kernel);
	memcpy((void *)&lsm->bpf->rodata->kernel, &kernel, sizeof(kernel));
	choose(lsm, rules);
	rc = reuse(lsm, lsm->bpf->maps.rules);
	rc = rc ? rc : reuse(lsm, lsm->bpf->maps.events);
	rc = rc ? rc : reuse(lsm, lsm->bpf->maps.state);
	rc = rc ? rc : reuse(lsm, lsm->bpf->maps.bell);
	rc = rc ? rc : lsm_bpf__load(lsm->bpf);
	rc = rc ? rc : put_leaves(lsm);
	return rc ? rc : each_door(lsm, rules, DOOR_FILE, put_file);
}

static void hold_pins(struct lsm *lsm)
{
	const char *path = enforce_pins(lsm->enforce);
	struct stat folder, above, mounts;
	struct lsm_pins pins = { 0 };
	char path_above[PATH_MAX];

	if (!path)
		return;
	snprintf(path_above, sizeof(path_above), "%s/..", path);
	if (stat(path, &folder) || stat(path_above, &above) || stat("/proc/self/ns/mnt", &mounts))
		return;
	pins.folder = folder.st_ino;
	pins.above = above.st_dev == folder.st_dev ? above.st_ino : 0;
	pins.device = kernel_device(folder.st_dev);
	pins.mount_inode = mounts.st_ino;
	lsm->bpf->bss->pins = pins;
}

void lsm_hold_guard(struct lsm *lsm)
{
	struct error err;
	uint64_t id;
	uint32_t level;

	if (!lsm)
		return;
	lsm->bpf->bss->link_id = enforce_link_id(lsm->enforce);
	hold_pins(lsm);
	if (cgroup_id_of(enforce_cgroup(lsm->enforce), &id, &level, &err))
		return;
	lsm->bpf->bss->cgroup_id = id;
	lsm->bpf->bss->cgroup_level = level;
}

int lsm_start(struct enforce *e, const struct ruleset *rules, struct lsm **out, struct error *err)
{
	struct lsm *lsm;
	int rc = ability_choose(&guard_lsm_ability, NULL, err);

	if (rc < 0)
		return rc;
	lsm = xcalloc(1, sizeof(*lsm));
	lsm->enforce = e;
	lsm->bpf = lsm_bpf__open();
	rc = lsm->bpf ? load(lsm, rules) : -errno;
	if (rc >= 0) {
		lsm_hold_guard(lsm);
		rc = lsm_bpf__attach(lsm->bpf);
	}
	if (rc < 0) {
		lsm_stop(lsm);
		return error_set(err, rc, "cannot load what closes side doors (BPF LSM): %s",
				 strerror(-rc));
	}
	*out = lsm;
	return 0;
}

void lsm_stop(struct lsm *lsm)
{
	if (!lsm)
		return;
	lsm_bpf__destroy(lsm->bpf);
	free(lsm);
}

/* --- pins ------------------------------------------------------------------------------------ */

static const char *const pin_names[] = { "lsm-netlink", "lsm-syslog", "lsm-file",  "lsm-bpf",
					 "lsm-unlink",	"lsm-rename", "lsm-umount" };

void lsm_unpin(const char *pins)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < N(pin_names); i++) {
		snprintf(path, sizeof(path), "%s/%s", pins, pin_names[i]);
		unlink(path);
	}
}

bool lsm_is_pinned(const char *pins)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/lsm-bpf", pins);
	return access(path, F_OK) == 0;
}

int lsm_pin(struct lsm *lsm, const char *pins, struct error *err)
{
	struct bpf_link *const links[] = {
		lsm->bpf->links.deny_netlink, lsm->bpf->links.deny_syslog,
		lsm->bpf->links.deny_file,    lsm->bpf->links.deny_bpf,
		lsm->bpf->links.deny_unlink,  lsm->bpf->links.deny_rename,
		lsm->bpf->links.deny_umount
	};
	char path[PATH_MAX];
	int rc = 0;

	_Static_assert(N(links) == N(pin_names), "a name for each");
	lsm_unpin(pins);
	for (size_t i = 0; i < N(links) && !rc; i++) {
		snprintf(path, sizeof(path), "%s/%s", pins, pin_names[i]);
		if (links[i])
			rc = bpf_link__pin(links[i], path);
	}
	if (!rc)
		return 0;
	lsm_unpin(pins);
	return error_set(err, rc, "cannot pin what closes side doors to %s: %s", path,
			 strerror(-rc));
}

bool lsm_denies(const struct lsm *lsm, enum door_kind kind)
{
	return lsm && (unsigned)kind < DOOR_KINDS && lsm->denies[kind];
}
