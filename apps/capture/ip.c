/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv4, and IPv6 with its extension headers. */
#include "capture/layer.h"

enum {
	PROTO_HOP = 0,
	PROTO_ICMP = 1,
	PROTO_IGMP = 2,
	PROTO_IP4 = 4,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_IP6 = 41,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_GRE = 47,
	PROTO_ESP = 50,
	PROTO_AH = 51,
	PROTO_ICMP6 = 58,
	PROTO_NONE = 59,
	PROTO_DSTOPT = 60,
	PROTO_OSPF = 89,
	PROTO_VRRP = 112,
	PROTO_SCTP = 132,
};

/* The names in headers, which -n does not turn into numbers. */
static const struct layer_name protocol_names[] = {
	{ PROTO_HOP, "Options" },
	{ PROTO_ICMP, "ICMP" },
	{ PROTO_IGMP, "IGMP" },
	{ PROTO_IP4, "IPIP" },
	{ PROTO_TCP, "TCP" },
	{ 9, "IGRP" },
	{ PROTO_UDP, "UDP" },
	{ 33, "DCCP" },
	{ PROTO_IP6, "IPv6" },
	{ PROTO_ROUTING, "Routing" },
	{ PROTO_FRAGMENT, "Fragment" },
	{ 46, "RSVP" },
	{ PROTO_GRE, "GRE" },
	{ PROTO_ESP, "ESP" },
	{ PROTO_AH, "AH" },
	{ 55, "Mobile IP" },
	{ PROTO_ICMP6, "ICMPv6" },
	{ PROTO_NONE, "no-next-header" },
	{ PROTO_DSTOPT, "Options" },
	{ 88, "EIGRP" },
	{ PROTO_OSPF, "OSPF" },
	{ 103, "PIM" },
	{ 108, "Compressed IP" },
	{ PROTO_VRRP, "VRRP" },
	{ 113, "PGM" },
	{ PROTO_SCTP, "SCTP" },
	{ 135, "Mobility" },
};

static const char *protocol_name(uint8_t protocol)
{
	const char *name = layer_name_of(
		protocol_names, sizeof(protocol_names) / sizeof(protocol_names[0]), protocol);

	return name ? name : "unknown";
}

/* Its printer says the addresses, with its ports. */
static bool has_ports(uint8_t protocol)
{
	return protocol == PROTO_TCP || protocol == PROTO_UDP || protocol == PROTO_SCTP;
}

static void print_hosts(struct layer *l, const struct layer_ip *ip)
{
	layer_host(l, ip->source, ip->v6);
	buffer_text(l->out, " > ");
	layer_host(l, ip->target, ip->v6);
}

static void print_numbered(struct layer *l, uint8_t protocol)
{
	const char *name = layer_protocol_name(l, protocol);

	if (name)
		buffer_format(l->out, " %s", name);
	else
		buffer_format(l->out, " ip-proto-%u", protocol);
}

void print_esp(struct layer *l, const uint8_t *p, uint32_t length)
{
	if (!layer_has(l, p, 9)) { /* a head alone is none */
		layer_truncated(l, "esp");
		return;
	}
	buffer_format(l->out, "ESP(spi=0x%08x,seq=0x%x), length %u", be32(p), be32(p + 4), length);
}

void layer_inner(struct layer *l, const uint8_t *p, uint32_t length, bool v6)
{
	if (l->depth == LAYER_DEPTH_MAX) {
		buffer_text(l->out, " [more packets within packets]");
		return;
	}
	l->depth++;
	if (v6)
		print_ip6(l, p, length);
	else
		print_ip4(l, p, length);
	l->depth--;
}

/* An authentication header at @p: its size, 0 when it was cut off. */
static uint32_t print_ah(struct layer *l, const uint8_t *p, uint32_t length)
{
	uint32_t size;

	if (!layer_has(l, p, 12) || length < 12) {
		layer_truncated(l, "ah");
		return 0;
	}
	size = (p[1] + 2u) * 4;
	if (size < 12 || size > length || !layer_has(l, p, size)) {
		layer_truncated(l, "ah");
		return 0;
	}
	buffer_text(l->out, "AH(");
	if (l->options->verbose)
		buffer_format(l->out, "length=%u(%u-bytes),", p[1], size);
	if (be16(p + 2))
		buffer_format(l->out, "reserved=0x%04x[MustBeZero],", be16(p + 2));
	buffer_format(l->out, "spi=0x%08x,", be32(p + 4));
	buffer_format(l->out, "seq=0x%x,icv=0x", be32(p + 8));
	for (uint32_t i = 12; i < size; i++)
		buffer_format(l->out, "%02x", p[i]);
	buffer_text(l->out, "): ");
	return size;
}

static void print_payload(struct layer *l, const struct layer_ip *ip, const uint8_t *p,
			  uint32_t length);

/* What an authentication header vouches for; the addresses stand on the line already. */
static void print_authenticated(struct layer *l, const struct layer_ip *ip, const uint8_t *p,
				uint32_t length)
{
	struct layer_ip inner = *ip;
	uint32_t size;

	if (l->depth == LAYER_DEPTH_MAX) {
		buffer_text(l->out, "[more headers within headers]");
		return;
	}
	size = print_ah(l, p, length);
	if (!size)
		return;
	inner.protocol = p[0];
	inner.hosts_said = true;
	l->depth++;
	print_payload(l, &inner, p + size, length - size);
	l->depth--;
}

/* What an IPv4 or IPv6 packet carries. */
static void print_payload(struct layer *l, const struct layer_ip *ip, const uint8_t *p,
			  uint32_t length)
{
	switch (ip->protocol) {
	case PROTO_TCP:
		print_tcp(l, ip, p, length);
		return;
	case PROTO_UDP:
		print_udp(l, ip, p, length);
		return;
	case PROTO_ICMP:
		print_icmp4(l, ip, p, length);
		return;
	case PROTO_ICMP6:
		print_icmp6(l, ip, p, length);
		return;
	case PROTO_IGMP:
		layer_guard(l, "igmp", print_igmp, ip, p, length);
		return;
	case PROTO_OSPF:
		layer_guard(l, ip->v6 ? "ospf3" : "ospf2", print_ospf, ip, p, length);
		return;
	case PROTO_VRRP:
		layer_guard(l, "vrrp", print_vrrp, ip, p, length);
		return;
	case PROTO_SCTP:
		layer_guard(l, "sctp", print_sctp, ip, p, length);
		return;
	case PROTO_AH:
		print_authenticated(l, ip, p, length);
		return;
	case PROTO_ESP:
		print_esp(l, p, length);
		return;
	case PROTO_GRE:
		layer_guard(l, "gre", print_gre, ip, p, length);
		return;
	case PROTO_IP4:
		layer_inner(l, p, length, false);
		return;
	case PROTO_IP6:
		layer_inner(l, p, length, true);
		return;
	}
	print_numbered(l, ip->protocol);
	buffer_format(l->out, " %u", length);
}

static void print_ip4_options(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	static const struct layer_name names[] = { { 0, "EOL" },	{ 1, "NOP" },
						   { 7, "RR" },		{ 68, "timestamp" },
						   { 130, "security" }, { 131, "LSRR" },
						   { 137, "SSRR" },	{ 148, "RA" } };
	const char *comma = "";
	uint32_t at = 0, size;

	while (at < bytes) {
		const char *name = layer_name_of(names, sizeof(names) / sizeof(names[0]), p[at]);

		size = p[at] <= 1 ? 1 : at + 1 < bytes ? p[at + 1] : 0;
		if (name)
			buffer_format(l->out, "%s%s", comma, name);
		else
			buffer_format(l->out, "%sunknown %u", comma, p[at]);
		if (size == 0 || size > bytes - at || (p[at] > 1 && size < 2)) {
			buffer_format(l->out, " [bad length %u]", size);
			return;
		}
		if (p[at] == 0)
			return;
		comma = ",";
		at += size;
	}
}

static void print_ip4_verbose(struct layer *l, const uint8_t *p, uint32_t header, uint32_t length)
{
	static const char *const ecn[] = { "", ",ECT(1)", ",ECT(0)", ",CE" };
	uint16_t offset = be16(p + 6), sum;
	const char *comma = "";

	buffer_format(l->out, "(tos 0x%x%s", p[1], ecn[p[1] & 3]);
	if (p[8] >= 1)
		buffer_format(l->out, ", ttl %u", p[8]);
	buffer_format(l->out, ", id %u, offset %u, flags [", be16(p + 4), (offset & 0x1fff) * 8);
	if (!(offset & 0xe000))
		buffer_text(l->out, "none");
	for (uint32_t i = 0; i < 3; i++) {
		static const struct layer_name flags[] = { { 0x2000, "+" },
							   { 0x4000, "DF" },
							   { 0x8000, "rsvd" } };
		if (!(offset & flags[i].value))
			continue;
		buffer_format(l->out, "%s%s", comma, flags[i].text);
		comma = ", ";
	}
	buffer_format(l->out, "], proto %s (%u)", protocol_name(p[9]), p[9]);
	buffer_format(l->out, ", length %u", length);
	if (header > 20 && layer_has(l, p, header)) {
		buffer_text(l->out, ", options (");
		print_ip4_options(l, p + 20, header - 20);
		buffer_text(l->out, ")");
	}
	if (!l->options->no_checksum && layer_has(l, p, header)) {
		sum = layer_checksum(p, header, 0);
		if (sum)
			buffer_format(l->out, ", bad cksum %x (->%x)!", be16(p + 10),
				      layer_checksum_expected(be16(p + 10), sum));
	}
	buffer_text(l->out, ")\n    ");
}

static void print_later_fragment(struct layer *l, const struct layer_ip *ip)
{
	print_hosts(l, ip);
	buffer_text(l->out, ":");
	print_numbered(l, ip->protocol);
}

void print_ip4(struct layer *l, const uint8_t *p, uint32_t length)
{
	struct layer_ip ip = { 0 };
	const uint8_t *end = l->end;
	uint32_t header, total;

	if (!layer_has(l, p, 1)) {
		layer_lost(l, "ip");
		return;
	}
	if (p[0] >> 4 != 4) {
		buffer_format(l->out, "IP%u%s", p[0] >> 4,
			      p[0] >> 4 == 6 ? ", wrong link-layer encapsulation" : "");
		layer_invalid(l);
		return;
	}
	if (!l->options->link)
		buffer_text(l->out, "IP ");
	if (!layer_has(l, p, 20)) {
		layer_truncated(l, "ip");
		return;
	}
	if (length < 20) {
		buffer_format(l->out, "truncated-ip %u", length);
		return;
	}
	header = (p[0] & 15) * 4;
	if (header < 20) {
		buffer_format(l->out, "bad-hlen %u", header);
		return;
	}
	total = be16(p + 2);
	if (length < total)
		buffer_format(l->out, "truncated-ip - %u bytes missing! ", total - length);
	if (total < header) {
		buffer_format(l->out, "bad-len %u", total);
		return;
	}
	ip = (struct layer_ip){
		.protocol = p[9],
		.ttl = p[8],
		.source = p + 12,
		.target = p + 16,
		.is_fragment = be16(p + 6) & 0x3fff,
	};
	if (p + total < l->end)
		l->end = p + total; /* what follows is padding */
	if (l->options->verbose)
		print_ip4_verbose(l, p, header, total);
	if (be16(p + 6) & 0x1fff) {
		print_later_fragment(l, &ip);
	} else {
		if (!has_ports(ip.protocol)) {
			print_hosts(l, &ip);
			buffer_text(l->out, ": ");
		}
		print_payload(l, &ip, p + header, total - header);
	}
	l->end = end;
}

static void print_ip6_verbose(struct layer *l, const uint8_t *p, uint32_t payload)
{
	uint32_t flow = be32(p);

	buffer_text(l->out, "(");
	if (flow & 0x0ff00000)
		buffer_format(l->out, "class 0x%02x, ", flow >> 20 & 0xff);
	if (flow & 0x000fffff)
		buffer_format(l->out, "flowlabel 0x%05x, ", flow & 0xfffff);
	buffer_format(l->out, "hlim %u, next-header %s (%u)", p[7], protocol_name(p[6]), p[6]);
	buffer_format(l->out, " payload length: %u) ", payload);
}

/* The options of a hop-by-hop or destination header, with -v. */
static void print_ip6_options(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	uint32_t at = 0, size;

	while (at < bytes) {
		size = p[at] == 0 ? 1 : at + 1 < bytes ? p[at + 1] + 2u : 0;
		if (!size || size > bytes - at) {
			buffer_text(l->out, "(invalid option)");
			return;
		}
		if (p[at] == 0)
			buffer_text(l->out, "(pad1)");
		else if (p[at] == 1)
			buffer_text(l->out, "(padn)");
		else if (p[at] == 5 && size == 4)
			buffer_format(l->out, "(rtalert: 0x%04x)", be16(p + at + 2));
		else if (p[at] == 0xc2 && size == 6)
			buffer_format(l->out, "(jumbo: %u)", be32(p + at + 2));
		else
			buffer_format(l->out, "(opt_type 0x%02x: len=%u)", p[at], size - 2);
		buffer_text(l->out, " ");
		at += size;
	}
}

/* True: what follows is the middle of something. */
static bool print_fragment(struct layer *l, const uint8_t *p, uint32_t length)
{
	uint16_t offset = be16(p + 2);

	buffer_text(l->out, "frag (");
	if (l->options->verbose)
		buffer_format(l->out, "0x%08x:", be32(p + 4));
	buffer_format(l->out, "%u|%u)", offset & ~7, length - 8);
	if (offset & ~7)
		return true;
	buffer_text(l->out, " ");
	return false;
}

static void print_routing(struct layer *l, const uint8_t *p, uint32_t size)
{
	char text[INET6_ADDRSTRLEN];

	buffer_format(l->out, "RT6 (len=%u, type=%u%s, segleft=%u", p[1], p[2],
		      p[2] ? "" : " [Deprecated]", p[3]);
	if (p[2] == 4)
		buffer_format(l->out, ", last-entry=%u, tag=%x", p[4], be16(p + 6));
	if (p[2] == 0 || p[2] == 4)
		for (uint32_t i = 0; 8 + 16 * (i + 1) <= size; i++)
			buffer_format(l->out, ", [%u]%s", i,
				      layer_address(p + 8 + 16 * i, true, text));
	buffer_text(l->out, ") ");
}

static const char *extension_key(uint8_t kind)
{
	static const struct layer_name keys[] = { { PROTO_HOP, "hbhopt" },
						  { PROTO_FRAGMENT, "frag6" },
						  { PROTO_ROUTING, "rt6" },
						  { PROTO_DSTOPT, "dstopt" } };
	const char *key = LAYER_NAME_OF(keys, kind);

	return key ? key : "ip6";
}

/* One extension header at @p: its size, 0 when the line ends with it. */
static uint32_t print_extension(struct layer *l, struct layer_ip *ip, const uint8_t *p,
				uint32_t length)
{
	uint8_t kind = ip->protocol;
	uint32_t size;

	if (length < 8 || !layer_has(l, p, 8)) {
		layer_truncated(l, extension_key(kind));
		return 0;
	}
	ip->protocol = p[0];
	size = kind == PROTO_FRAGMENT ? 8 : (p[1] + 1u) * 8;
	if (size > length || !layer_has(l, p, size)) {
		layer_truncated(l, "ip6");
		return 0;
	}
	if (kind == PROTO_FRAGMENT) {
		ip->is_fragment = true;
		return print_fragment(l, p, length) ? 0 : size;
	}
	if (kind == PROTO_ROUTING) {
		print_routing(l, p, size);
		return size;
	}
	buffer_text(l->out, kind == PROTO_HOP ? "HBH " : "DSTOPT ");
	if (l->options->verbose)
		print_ip6_options(l, p + 2, size - 2);
	return size;
}

static bool is_extension(uint8_t protocol)
{
	return protocol == PROTO_HOP || protocol == PROTO_DSTOPT || protocol == PROTO_ROUTING ||
	       protocol == PROTO_FRAGMENT;
}

static void print_ip6_payload(struct layer *l, struct layer_ip *ip, const uint8_t *p,
			      uint32_t length)
{
	if (!has_ports(ip->protocol)) {
		print_hosts(l, ip);
		buffer_text(l->out, ": ");
		ip->hosts_said = true;
	}
	while (is_extension(ip->protocol)) {
		uint32_t size = print_extension(l, ip, p, length);

		if (!size)
			return;
		p += size;
		length -= size;
	}
	if (ip->protocol == PROTO_NONE)
		buffer_text(l->out, "no next header");
	else
		print_payload(l, ip, p, length);
}

void print_ip6(struct layer *l, const uint8_t *p, uint32_t length)
{
	struct layer_ip ip = { 0 };
	const uint8_t *end = l->end;
	uint32_t payload;

	if (!layer_has(l, p, 40)) {
		layer_truncated(l, "ip6");
		return;
	}
	if (!l->options->link)
		buffer_text(l->out, "IP6 ");
	if (p[0] >> 4 != 6) {
		buffer_format(l->out, "version error: %u != 6", p[0] >> 4);
		return;
	}
	if (length < 40) {
		buffer_format(l->out, "truncated-ip6 %u", length);
		return;
	}
	payload = be16(p + 4);
	if (length < payload + 40)
		buffer_format(l->out, "truncated-ip6 - %u bytes missing!", payload + 40 - length);
	else if (payload)
		length = payload + 40;
	if (p + length < l->end)
		l->end = p + length;
	if (l->options->verbose)
		print_ip6_verbose(l, p, payload);
	ip = (struct layer_ip){
		.v6 = true, .protocol = p[6], .ttl = p[7], .source = p + 8, .target = p + 24
	};
	print_ip6_payload(l, &ip, p + 40, payload ? payload : length - 40);
	l->end = end;
}

void print_ip(struct layer *l, const uint8_t *p, uint32_t length)
{
	if (!layer_has(l, p, 1))
		layer_truncated(l, "ip");
	else if (p[0] >> 4 == 6)
		print_ip6(l, p, length);
	else
		print_ip4(l, p, length);
}
