/* SPDX-License-Identifier: BSD-2-Clause */
/* UDP datagrams. */
#include "capture/layer.h"

enum port_side {
	EITHER,
	TO,
};

static void print_udp_dns(struct layer *l, const struct layer_ip *ip, const uint8_t *p,
			  uint32_t length)
{
	(void)ip;
	print_dns(l, p, length, false);
}

static void print_mdns(struct layer *l, const struct layer_ip *ip, const uint8_t *p,
		       uint32_t length)
{
	(void)ip;
	print_dns(l, p, length, true);
}

static void print_sip(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	(void)ip;
	print_text(l, TEXT_SIP, "", p, length);
}

/* Whose printer it is, by ports; the first that fits. */
static const struct {
	uint16_t port;
	enum port_side side;
	const char *name;
	layer_printer *printer;
} protocols[] = {
	{ 53, EITHER, "domain", print_udp_dns },
	{ 5353, EITHER, "domain", print_mdns },
	{ 69, EITHER, "tftp", print_tftp },
	{ 67, EITHER, "bootp", print_dhcp },
	{ 68, EITHER, "bootp", print_dhcp },
	{ 520, EITHER, "rip", print_rip },
	{ 500, EITHER, "isakmp", print_ike },
	{ 4500, EITHER, "isakmp_rfc3948", print_natt },
	{ 7500, EITHER, "isakmp", print_ike },
	{ 8500, EITHER, "isakmp", print_ike },
	{ 123, EITHER, "ntp", print_ntp },
	{ 521, EITHER, "ripng", print_ripng },
	{ 546, EITHER, "dhcp6", print_dhcp6 },
	{ 547, EITHER, "dhcp6", print_dhcp6 },
	{ 1645, EITHER, "radius", print_radius },
	{ 1812, EITHER, "radius", print_radius },
	{ 1646, EITHER, "radius", print_radius },
	{ 1813, EITHER, "radius", print_radius },
	{ 1700, EITHER, "radius", print_radius },
	{ 3799, EITHER, "radius", print_radius },
	{ 1985, TO, "hsrp", print_hsrp },
	{ 5060, EITHER, "sip", print_sip },
	{ 514, EITHER, "syslog", print_syslog },
	{ 8472, EITHER, "otv", print_otv },
	{ 4789, EITHER, "vxlan", print_vxlan },
	{ 6081, EITHER, "geneve", print_geneve },
	{ 4790, EITHER, "vxlan_gpe", print_vxlan_gpe },
	{ 6635, EITHER, "mpls", print_mpls },
};

static void print_checksum(struct layer *l, const struct layer_ip *ip, const uint8_t *p,
			   uint32_t length)
{
	uint16_t stands = be16(p + 6), sum;

	if (l->options->no_checksum || ip->is_fragment || (!ip->v6 && l->options->verbose < 2))
		return;
	if (!stands && !ip->v6) {
		buffer_text(l->out, "[no cksum] ");
		return;
	}
	if (!layer_has(l, p, length))
		return;
	sum = layer_checksum(p, length, layer_pseudo_header(ip, length));
	if (sum)
		buffer_format(l->out, "[bad udp cksum 0x%04x -> 0x%04x!] ", stands,
			      layer_checksum_expected(stands, sum));
	else
		buffer_text(l->out, "[udp sum ok] ");
}

/* False: none has a printer. */
static bool print_protocol(struct layer *l, const struct layer_ip *ip, const uint8_t *p,
			   uint32_t length)
{
	uint16_t from = be16(p), to = be16(p + 2);

	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		uint16_t port = protocols[i].port;

		if (to != port && (from != port || protocols[i].side == TO))
			continue;
		layer_guard(l, protocols[i].name, protocols[i].printer, ip, p + 8, length - 8);
		return true;
	}
	return false;
}

void print_udp(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	uint32_t total;

	layer_ends(l, ip, layer_has(l, p, 4) ? p : NULL, "udp");
	if (!layer_has(l, p, 8)) {
		layer_truncated(l, "udp");
		return;
	}
	if (length < 8) {
		buffer_format(l->out, "truncated-udp %u", length);
		return;
	}
	total = be16(p + 4);
	if (total < 8 && ip->v6 && !total)
		total = length; /* a jumbogram */
	if (total < 8) {
		buffer_format(l->out, "truncated-udplength %u", total);
		return;
	}
	length = total < length ? total : length;
	if (l->options->quiet) {
		buffer_format(l->out, "UDP, length %u", total - 8);
		return;
	}
	if (l->options->verbose)
		print_checksum(l, ip, p, length);
	if (print_protocol(l, ip, p, length))
		return;
	if (total > length && !ip->is_fragment)
		buffer_format(l->out, "UDP, bad length %u > %u", total - 8, length - 8);
	else
		buffer_format(l->out, "UDP, length %u", total - 8);
}
