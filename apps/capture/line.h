/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A packet as the line tcpdump 4.99 prints for it, byte for byte, for the usual protocols: Ethernet,
 * VLAN, LLC, STP, LLDP, MPLS, PPPoE, ARP, IPv4, IPv6 and its extension headers, GRE, AH, ESP, ICMP,
 * ICMPv6, IGMP, TCP, UDP, SCTP, OSPF, VRRP, DNS, HTTP; outlines of NTP, DHCP, PPP's control protocols,
 * OSPF's advertisements and OSPFv3. What is none of these is named by number, with its bytes where
 * tcpdump shows them.
 *
 * Packets are strangers' bytes: nothing is read beyond what was captured, and a header that is cut
 * off ends the line with "[|name]". Bytes of packets reach the terminal only when printable.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"

enum line_time {
	LINE_TIME_CLOCK,       /* 12:34:56.123456, local time */
	LINE_TIME_NONE,	       /* -t */
	LINE_TIME_EPOCH,       /* -tt: seconds since 1970 */
	LINE_TIME_SINCE_LAST,  /* -ttt */
	LINE_TIME_DATE,	       /* -tttt */
	LINE_TIME_SINCE_FIRST, /* -ttttt */
	LINE_TIME_MAX
};

enum line_bytes {
	LINE_BYTES_NONE,
	LINE_BYTES_HEX,	       /* -x */
	LINE_BYTES_HEX_LINK,   /* -xx: with the link-level header */
	LINE_BYTES_ASCII,      /* -X */
	LINE_BYTES_ASCII_LINK, /* -XX */
	LINE_BYTES_TEXT,       /* -A */
	LINE_BYTES_TEXT_LINK   /* -AA */
};

/* What a packet begins with. */
enum line_link {
	LINE_LINK_ETHERNET,
	LINE_LINK_RAW_IP,
	LINE_LINK_SLL,	/* Linux cooked */
	LINE_LINK_SLL2, /* the same, version 2 */
	LINE_LINK_NULL	/* a loopback's 4 bytes of address family */
};

struct line_options {
	enum line_time time;
	bool nano;	  /* nine digits of a second, not six */
	bool link;	  /* -e */
	bool numeric;	  /* -n: neither host names nor names of ports */
	bool quiet;	  /* -q */
	bool absolute;	  /* -S: TCP sequence numbers as they are */
	bool no_checksum; /* -K */
	bool number;	  /* -#: count packets */
	uint32_t verbose; /* -v, -vv, -vvv: 1, 2, 3 */
	enum line_bytes bytes;
};

struct line_packet {
	const uint8_t *data;
	uint32_t bytes;	     /* captured */
	uint32_t wire_bytes; /* as it was on the wire, at least @bytes */
	uint64_t time_ns;    /* since 1970 */
	enum line_link link;
};

/* Remembers names, the beginnings of TCP conversations and the time of the first and last packet. */
struct line;

struct line *line_create(const struct line_options *options);
/* Appends the packet's line, or lines, each ended by a newline. */
void line_print(struct line *line, const struct line_packet *packet, struct buffer *out);
/* Appends a stranger's text, all but printable ASCII escaped as tcpdump does (^M, M-x). */
void line_text(struct buffer *out, const char *text, size_t bytes);
void line_destroy(struct line *line);
