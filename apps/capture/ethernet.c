/* SPDX-License-Identifier: BSD-2-Clause */
/* Ethernet frames, VLAN tags, LLC by name, ARP. */
#include "capture/layer.h"

enum {
	TYPE_8021Q = 0x8100,
	TYPE_8021AD = 0x88a8,
	TYPE_9100 = 0x9100,
	TYPE_9200 = 0x9200,
	TYPE_IP4 = 0x0800,
	TYPE_ARP = 0x0806,
	TYPE_RARP = 0x8035,
	TYPE_IP6 = 0x86dd,
	TYPE_LLDP = 0x88cc,
	TYPE_MPLS = 0x8847,
	TYPE_MPLS_MULTICAST = 0x8848,
	TYPE_PPPOE_D = 0x8863,
	TYPE_PPPOE_S = 0x8864,
	LENGTH_MAX = 1500, /* above it stands a type, not a length */
};

static const struct layer_name type_names[] = {
	{ TYPE_IP4, "IPv4" },
	{ TYPE_8021Q, "802.1Q" },
	{ TYPE_8021AD, "802.1Q-QinQ" },
	{ TYPE_9100, "802.1Q-9100" },
	{ TYPE_9200, "802.1Q-9200" },
	{ TYPE_IP6, "IPv6" },
	{ TYPE_ARP, "ARP" },
	{ TYPE_RARP, "Reverse ARP" },
	{ 0x6558, "TEB" },
	{ TYPE_MPLS, "MPLS unicast" },
	{ TYPE_MPLS_MULTICAST, "MPLS multicast" },
	{ TYPE_PPPOE_D, "PPPoE D" },
	{ TYPE_PPPOE_S, "PPPoE S" },
	{ 0x880b, "PPP" },
	{ 0x888e, "EAPOL" },
	{ TYPE_LLDP, "LLDP" },
	{ 0x88f7, "PTP" },
	{ 0x8808, "MPCP" },
	{ 0x8809, "Slow Protocols" },
	{ 0x9000, "Loopback" },
	{ 0x88e5, "802.1AE MACsec" },
};

const char *layer_ethertype_name(uint16_t type)
{
	return LAYER_NAME_OF(type_names, type);
}

static const char *type_name(uint16_t type)
{
	const char *name = layer_ethertype_name(type);

	return name ? name : "Unknown";
}

static void print_mac(struct layer *l, const uint8_t *p)
{
	static const uint8_t broadcast[6] = { 255, 255, 255, 255, 255, 255 };

	if (memcmp(p, broadcast, 6) == 0 && !l->options->numeric)
		buffer_text(l->out, "Broadcast");
	else
		layer_mac(l, p);
}

static bool is_vlan(uint16_t type)
{
	return type == TYPE_8021Q || type == TYPE_8021AD || type == TYPE_9100 || type == TYPE_9200;
}

static void print_header(struct layer *l, const uint8_t *p, uint16_t type, uint32_t length)
{
	print_mac(l, p + 6);
	buffer_text(l->out, " > ");
	print_mac(l, p);
	if (type <= LENGTH_MAX)
		buffer_text(l->out, ", 802.3");
	else if (l->options->quiet && layer_ethertype_name(type))
		buffer_format(l->out, ", %s", type_name(type));
	else if (l->options->quiet)
		buffer_format(l->out, ", Unknown Ethertype (0x%04x)", type);
	else
		buffer_format(l->out, ", ethertype %s (0x%04x)", type_name(type), type);
	buffer_format(l->out, ", length %u: ", length);
}

/* The tag at @p and the type behind it. */
static void print_tag(struct layer *l, const uint8_t *p)
{
	uint16_t tci = be16(p), type = be16(p + 2);

	buffer_format(l->out, "vlan %u, p %u%s, ", tci & 0xfff, tci >> 13,
		      tci & 0x1000 ? ", DEI" : "");
	if (type > LENGTH_MAX)
		buffer_format(l->out, "ethertype %s (0x%04x), ", type_name(type), type);
	else
		buffer_text(l->out, "802.3");
}

bool print_ethertype(struct layer *l, uint16_t type, const uint8_t *p, uint32_t length)
{
	switch (type) {
	case TYPE_IP4:
		print_ip4(l, p, length);
		return true;
	case TYPE_IP6:
		print_ip6(l, p, length);
		return true;
	case TYPE_ARP:
	case TYPE_RARP:
		print_arp(l, p, length);
		return true;
	case TYPE_LLDP:
		layer_guard(l, "lldp", print_lldp, NULL, p, length);
		return true;
	case TYPE_MPLS:
	case TYPE_MPLS_MULTICAST:
		layer_guard(l, "mpls", print_mpls, NULL, p, length);
		return true;
	case TYPE_PPPOE_D:
	case TYPE_PPPOE_S:
		layer_guard(l, "pppoe", print_pppoe, NULL, p, length);
		return true;
	}
	return false;
}

static void print_unknown(struct layer *l, uint16_t type, const uint8_t *frame, const uint8_t *p,
			  uint32_t length)
{
	if (!l->options->link)
		print_header(l, frame, type, length + (uint32_t)(p - frame));
	layer_rest(l, p, length);
}

void print_ethernet(struct layer *l, const uint8_t *p, uint32_t length)
{
	const uint8_t *frame = p;
	uint16_t type;

	if (!layer_has(l, p, 14)) {
		layer_truncated(l, "ether");
		return;
	}
	type = be16(p + 12);
	l->frame = frame;
	if (l->options->link)
		print_header(l, p, type, type <= LENGTH_MAX ? type : length);
	p += 14;
	length -= 14;
	while (is_vlan(type)) {
		if (!layer_has(l, p, 4)) {
			layer_truncated(l, "vlan");
			return;
		}
		if (l->options->link)
			print_tag(l, p);
		type = be16(p + 2);
		p += 4;
		length -= 4;
	}
	if (!l->depth) /* a frame within a packet is not its link-level header */
		l->link_bytes = (uint32_t)(p - frame);
	if (type <= LENGTH_MAX)
		layer_guard(l, "llc", print_llc, NULL, p, type < length ? type : length);
	else if (!print_ethertype(l, type, p, length))
		print_unknown(l, type, frame, p, length);
}

void print_cooked(struct layer *l, const uint8_t *p, uint32_t length, bool v2)
{
	static const char *const ways[] = { "In", "B", "M", "P", "Out" };
	uint32_t header = v2 ? 20 : 16;
	uint16_t type, way, mac_bytes;
	const uint8_t *mac;

	if (!layer_has(l, p, header) || length < header) {
		layer_truncated(l, v2 ? "sll2" : "sll");
		return;
	}
	type = be16(p + (v2 ? 0 : 14));
	way = v2 ? p[10] : be16(p);
	mac_bytes = v2 ? p[11] : be16(p + 4);
	mac = p + (v2 ? 12 : 6);
	l->link_bytes = header;
	if (l->options->link || v2)
		buffer_format(l->out, v2 ? "%-3s " : "%3s ", way < 5 ? ways[way] : "?");
	if (l->options->link) {
		if (mac_bytes == 6)
			print_mac(l, mac);
		buffer_format(l->out, "%sethertype %s (0x%04x), length %u: ",
			      mac_bytes == 6 ? " " : "", type_name(type), type, length);
	}
	if (!print_ethertype(l, type, p + header, length - header))
		layer_rest(l, p + header, length - header);
}

static const struct layer_name arp_operations[] = {
	{ 1, "Request" },	  { 2, "Reply" },	  { 3, "Reverse Request" },
	{ 4, "Reverse Reply" },	  { 8, "Inverse Request" }, { 9, "Inverse Reply" },
	{ 10, "NACK Reply" },
};

/* False: the operation has no text. */
static bool print_arp_body(struct layer *l, uint16_t op, const uint8_t *p)
{
	static const uint8_t nobody[6];

	switch (op) {
	case 1:
		buffer_text(l->out, "who-has ");
		layer_host(l, p + 16, false);
		if (memcmp(p + 10, nobody, 6) != 0) {
			buffer_text(l->out, " (");
			print_mac(l, p + 10);
			buffer_text(l->out, ")");
		}
		buffer_text(l->out, " tell ");
		layer_host(l, p + 6, false);
		break;
	case 2:
		layer_host(l, p + 6, false);
		buffer_text(l->out, " is-at ");
		print_mac(l, p);
		break;
	case 3:
	case 8:
		buffer_text(l->out, "who-is ");
		print_mac(l, p + 10);
		buffer_text(l->out, " tell ");
		print_mac(l, p);
		break;
	case 4:
		print_mac(l, p + 10);
		buffer_text(l->out, " at ");
		layer_host(l, p + 16, false);
		break;
	case 9:
		print_mac(l, p);
		buffer_text(l->out, " at ");
		layer_host(l, p + 6, false);
		break;
	default:
		return false;
	}
	return true;
}

void print_arp(struct layer *l, const uint8_t *p, uint32_t length)
{
	const char *name;
	uint16_t op;

	if (!layer_has(l, p, 8) || (p[4] == 6 && p[5] == 4 && !layer_has(l, p, 28))) {
		layer_truncated(l, "arp");
		return;
	}
	if (!l->options->link)
		buffer_text(l->out, "ARP, ");
	op = be16(p + 6);
	if (be16(p) != 1 || p[4] != 6 || be16(p + 2) != TYPE_IP4 || p[5] != 4) {
		buffer_format(l->out, "htype %u, ptype 0x%04x, hlen %u, plen %u, op %u, length %u",
			      be16(p), be16(p + 2), p[4], p[5], op, length);
		return;
	}
	if (l->options->verbose)
		buffer_text(l->out, "Ethernet (len 6), IPv4 (len 4), ");
	name = layer_name_of(arp_operations, sizeof(arp_operations) / sizeof(arp_operations[0]),
			     op);
	if (name)
		buffer_format(l->out, "%s ", name);
	else
		buffer_format(l->out, "Unknown (%u) ", op);
	if (print_arp_body(l, op, p + 8))
		buffer_format(l->out, ", length %u", length);
	else
		layer_hex(l, p, layer_captured(l, p, length), true);
}
