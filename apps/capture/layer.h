/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the printers of protocols share. Each takes where its header begins and the length that is
 * left by the headers before it; what was captured ends at layer.end, which may come sooner.
 */
#pragma once

#include <arpa/inet.h>
#include <setjmp.h>
#include <string.h>

#include "capture/line.h"
#include "capture/talks.h"

struct layer {
	const struct line_options *options;
	struct line *line;
	struct buffer *out;
	const uint8_t *end; /* of what was captured */
	const uint8_t *frame; /* the Ethernet frame around what is printed */
	uint32_t link_bytes; /* of the link-level header, tags included */
	uint32_t depth;	    /* of packets within packets */
	bool is_quoted;	    /* within an ICMP message: a conversation is not to be learnt from it */
	bool is_cut;	    /* a guarded printer ended early */
	jmp_buf *cut;	    /* where a guarded printer ends when what it reads was not captured */
};

enum {
	LAYER_DEPTH_MAX = 8,
	LAYER_CUT = 1, /* to layer.cut: what was to be read was not captured */
	LAYER_SHORT = 2, /* it is shorter than it says */
};

/* The IP header around a TCP, UDP or ICMP message. */
struct layer_ip {
	bool v6;
	uint8_t protocol;
	uint8_t ttl;
	const uint8_t *source; /* 4 or 16 bytes */
	const uint8_t *target;
	bool hosts_said;  /* its addresses stand on the line already */
	bool is_fragment; /* its checksum cannot be judged */
};

static inline uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t be32(const uint8_t *p)
{
	return (uint32_t)be16(p) << 16 | be16(p + 2);
}

/* How many of @bytes at @p were captured. */
static inline uint32_t layer_captured(const struct layer *l, const uint8_t *p, uint32_t bytes)
{
	if (p >= l->end)
		return 0;
	return l->end - p < bytes ? (uint32_t)(l->end - p) : bytes;
}

static inline bool layer_has(const struct layer *l, const uint8_t *p, uint32_t bytes)
{
	return layer_captured(l, p, bytes) == bytes;
}

/* The text @names[i].text of @value, or NULL. */
struct layer_name {
	uint32_t value;
	const char *text;
};
const char *layer_name_of(const struct layer_name *names, uint32_t n, uint32_t value);
#define LAYER_NAME_OF(names, value) layer_name_of(names, sizeof(names) / sizeof((names)[0]), value)

/* " [|name]": cut off; lost: so that tcpdump does not know where the link-level header ended. */
void layer_truncated(struct layer *l, const char *name);
void layer_lost(struct layer *l, const char *name);

/*
 * Runs a printer of many small fields, which reads by get8() and its like: it ends at the first that was
 * not captured, with " [|name]" behind what it has printed. It owns nothing, therefore.
 */
typedef void layer_printer(struct layer *l, const struct layer_ip *ip, const uint8_t *p,
			   uint32_t length);
void layer_guard(struct layer *l, const char *name, layer_printer *printer,
		 const struct layer_ip *ip, const uint8_t *p, uint32_t length);

/* Only for guarded printers: @bytes at @p were captured, or the printer ends here. */
static inline void layer_need(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	if (!layer_has(l, p, bytes))
		longjmp(*l->cut, LAYER_CUT);
}

/* Only for guarded printers: what is printed ends before it is whole. */
static inline _Noreturn void layer_short(struct layer *l)
{
	longjmp(*l->cut, LAYER_SHORT);
}

static inline uint8_t get8(struct layer *l, const uint8_t *p)
{
	layer_need(l, p, 1);
	return p[0];
}

static inline uint16_t get16(struct layer *l, const uint8_t *p)
{
	layer_need(l, p, 2);
	return be16(p);
}

static inline uint32_t get32(struct layer *l, const uint8_t *p)
{
	layer_need(l, p, 4);
	return be32(p);
}

/* Four bytes as an address or what looks like one (a router's or an area's id), in figures. */
void layer_dotted(struct layer *l, const uint8_t *p);
/* The same behind @label, which is not printed either when they were not captured. */
void layer_label(struct layer *l, const char *label, const uint8_t *p);
/* Six bytes as a MAC address. */
void layer_mac(struct layer *l, const uint8_t *p);
/* The texts of the bits that are set, parted by ", ", or @none. */
void layer_bits(struct layer *l, const struct layer_name *names, uint32_t n, uint32_t bits,
		const char *none);
/* " (invalid)" */
void layer_invalid(struct layer *l);
/* line_text() of bytes. */
void layer_text(struct layer *l, const uint8_t *p, uint32_t bytes);
/* The same of @bytes at most, up to a zero; only for guarded printers. */
void layer_padded(struct layer *l, const uint8_t *p, uint32_t bytes);
/* "\n\t0x0000:  4500 003c ... E..<" */
void layer_hex(struct layer *l, const uint8_t *p, uint32_t bytes, bool ascii);
/* The same of what no printer knows, unless -q is given, or -x or -X show it anyway. */
bool layer_shows_rest(const struct layer *l);
void layer_rest(struct layer *l, const uint8_t *p, uint32_t bytes);
/* The same without ASCII, each line begun with @indent. */
void layer_hex_indented(struct layer *l, const uint8_t *p, uint32_t bytes, const char *indent);

/* Names, or numbers with -n. */
void layer_host(struct layer *l, const uint8_t *address, bool v6);
/* The address in figures, into @text of INET6_ADDRSTRLEN. */
const char *layer_address(const uint8_t *address, bool v6, char *text);
void layer_port(struct layer *l, uint16_t port, const char *protocol);
/* "a.1 > b.2: " of a TCP or UDP header at @p; without its ports when they were not captured. */
void layer_ends(struct layer *l, const struct layer_ip *ip, const uint8_t *p, const char *protocol);
const char *layer_protocol_name(struct layer *l, uint8_t protocol);

/* Internet checksum with the pseudo header of @ip: 0 when it is right. */
uint16_t layer_checksum(const uint8_t *p, uint32_t bytes, uint32_t start);
uint32_t layer_pseudo_header(const struct layer_ip *ip, uint32_t bytes);
/* The checksum that would be right, given what stands in it and the sum over all. */
uint16_t layer_checksum_expected(uint16_t stands, uint16_t sum);

/* An EtherType's name, or NULL. */
const char *layer_ethertype_name(uint16_t type);
void print_ethernet(struct layer *l, const uint8_t *p, uint32_t length);
/* Linux cooked captures, either version. */
void print_cooked(struct layer *l, const uint8_t *p, uint32_t length, bool v2);
/* False: no printer knows the EtherType. */
bool print_ethertype(struct layer *l, uint16_t type, const uint8_t *p, uint32_t length);
void print_arp(struct layer *l, const uint8_t *p, uint32_t length);
void print_ip4(struct layer *l, const uint8_t *p, uint32_t length);
void print_ip6(struct layer *l, const uint8_t *p, uint32_t length);
/* Either, by the version in its first byte. */
void print_ip(struct layer *l, const uint8_t *p, uint32_t length);
void print_icmp4(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length);
void print_icmp6(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length);
void print_tcp(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length);
layer_printer print_dhcp, print_dhcp6, print_dns_stream, print_geneve, print_gre, print_igmp, print_ike, print_lldp, print_llc, print_mpls, print_ospf, print_natt, print_ntp, print_otv, print_ppp,
	print_pppoe, print_radius, print_rip, print_ripng, print_hsrp, print_sctp, print_stp, print_syslog, print_tftp, print_vrrp, print_vxlan, print_vxlan_gpe;
/* Multipath TCP's option at @p, kind and length with it, all captured. False: it is bad. */
bool print_mptcp(struct layer *l, const uint8_t *p, uint32_t bytes, uint8_t flags);
void print_esp(struct layer *l, const uint8_t *p, uint32_t length);
/* "1w2d3h4m5s", without what is zero. */
void layer_seconds(struct layer *l, uint32_t seconds);
/* A domain name's labels at @p, which end before @end: behind them. Without pointers; for guarded printers. */
const uint8_t *layer_labels(struct layer *l, const uint8_t *p, const uint8_t *end);
/* Options of neighbour discovery, @left bytes by the headers before, and a router's words; for guarded ones. */
void layer_nd_options(struct layer *l, const uint8_t *p, uint32_t left);
void layer_router_advertised(struct layer *l, const uint8_t *p, uint32_t length);
/* A packet within another. */
void layer_inner(struct layer *l, const uint8_t *p, uint32_t length, bool v6);
void print_udp(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length);
void print_dns(struct layer *l, const uint8_t *p, uint32_t length, bool multicast);
/* "HTTP: GET / HTTP/1.1" behind @before; of SSH its greeting only. */
enum text_protocol {
	TEXT_FTP,
	TEXT_HTTP,
	TEXT_RTSP,
	TEXT_SIP,
	TEXT_SMTP,
	TEXT_SSH,
	TEXT_WHOIS,
};
void print_text(struct layer *l, enum text_protocol protocol, const char *before, const uint8_t *p,
		uint32_t length);

/* Who began which key exchange (ike.h). */
struct ike *line_ike(struct line *line);
/* The TCP conversation a segment belongs to (talks.h). */
struct conversation *line_conversation(struct line *line, const struct layer_ip *ip,
				       uint16_t source, uint16_t target, bool *is_new,
				       bool *is_reverse);
