/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel itself tells of devices in this process's network namespace, each time rtnetlink has changed
 * something of one that is up: the values of its keys at that time, also of those that were changed back since.
 * MTUs and neighbour tables are not told of.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define WATCH_LINK_BYTES 16 /* of a device's name */

struct watch_links;

/* One such message: of a device. */
struct watch_link {
	char device[WATCH_LINK_BYTES];
	const int32_t
		*confs; /* by IPV4_DEVCONF_*, from the first (1) on; NULL: they are not told */
	uint32_t n_confs;
	int32_t addr_gen_mode; /* -1: it is not told */
};

/* -errno: it is not told here. */
int watch_links_open(struct watch_links **out);
void watch_links_close(struct watch_links *l);
int watch_links_fd(const struct watch_links *l);
/* What was told since, the oldest first; in a storm of messages not all. */
void watch_links_take(struct watch_links *l, void (*fn)(void *arg, const struct watch_link *link),
		      void *arg);
/* What it says of a key ("net/ipv4/conf/lo/rp_filter"): false when nothing. */
bool watch_link_value(const struct watch_link *link, const char *name, int32_t *value);
