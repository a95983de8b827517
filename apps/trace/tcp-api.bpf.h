/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* What skep trace tcp and its program share. */
#pragma once

#include "tool/event-api.bpf.h"

#define TCP_SOCKETS_MAX	 65536
#define TCP_LISTENERS_MAX 4096

enum tcp_event {
	TCP_EVENT_CONNECT, /* this side's call succeeded */
	TCP_EVENT_ACCEPT,  /* the other side's */
	TCP_EVENT_FAIL,	   /* this side's call did not succeed */
	TCP_EVENT_CLOSE,   /* the connection is over */
};

enum tcp_direction {
	TCP_UNKNOWN, /* it was there before the tool */
	TCP_OUTBOUND,
	TCP_INBOUND,
};

/* Who listens at a port: of connections that come in there. */
struct tcp_listener {
	__u32 netns;
	__u16 port;
	__u16 unused;
};

struct tcp_owner {
	struct event_head head;
	__u32 allowed; /* it passed the filter */
	__u32 known;
};

struct tcp_record {
	struct event_head head; /* of its owner, where it is known; the time is this event's */
	__u32 event;
	__u32 direction;
	__u32 owned; /* head says who; else only its cgroup is known, if that */
	__u16 family; /* AF_INET or AF_INET6 */
	__u16 local_port;
	__u16 remote_port;
	__u16 unused;
	__u32 rtt_us; /* smoothed; 0: none was measured */
	__u8 local[16];
	__u8 remote[16];
	__u64 sent_bytes; /* acknowledged by the other side */
	__u64 received_bytes;
	__u64 connect_ns;  /* from the first packet to the last of the handshake; 0: not known */
	__u64 duration_ns; /* since it was established; 0: not known */
};
