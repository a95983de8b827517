/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who listens already when skep trace tcp starts: sockets are asked for once, of sock_diag (of
 * /proc/PID/net where a namespace may not be entered), in every network namespace some process is in;
 * whose they are is looked for in /proc. What the program learns by itself meanwhile is newer and stays.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tool/filter.h"
#include "trace/tcp-api.bpf.h"

#define TCP_LISTENERS_NETNS_MAX 256

struct tcp_listening {
	struct tcp_listener where;
	uint64_t socket; /* its inode */
};

/*
 * The listening sockets of a text in the form of /proc/net/tcp or tcp6, added to an array of @n that
 * grows (buffer.h). Lines that are none are passed over.
 */
void tcp_listeners_parse(const char *text, uint32_t netns, struct tcp_listening **listening,
			 uint32_t *n);
/*
 * Whether a process passes the filter, as far as /proc tells; @cgroup is the path of its cgroup,
 * @container the name asked for where settings->follows.
 */
bool tcp_listeners_allows(const struct filter_settings *settings, const char *container,
			  const struct event_head *head, uint32_t netns, const char *cgroup);
/* Fills the map: the number of listeners whose owner was found. */
uint32_t tcp_listeners_seed(int map_fd, const struct filter_settings *settings,
			    const char *container);
