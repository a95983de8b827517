/* SPDX-License-Identifier: BSD-2-Clause */
/* UDP datagrams; outlines of NTP and DHCP. */
#include "capture/layer.h"

enum {
	PORT_DNS = 53,
	PORT_DHCP_SERVER = 67,
	PORT_DHCP_CLIENT = 68,
	PORT_NTP = 123,
	PORT_MDNS = 5353
};

static bool is_either(const uint8_t *p, uint16_t port)
{
	return be16(p) == port || be16(p + 2) == port;
}

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

static void print_ntp(struct layer *l, const uint8_t *p, uint32_t length)
{
	static const char *const modes[] = { "unspecified", "symmetric active",
					     "symmetric passive", "Client", "Server",
					     "Broadcast", "Reserved", "Private" };

	if (!layer_has(l, p, 1)) {
		layer_truncated(l, "ntp");
		return;
	}
	buffer_format(l->out, "NTPv%u, %s, length %u", p[0] >> 3 & 7, modes[p[0] & 7], length);
}

static void print_dhcp(struct layer *l, const uint8_t *p, uint32_t length)
{
	buffer_text(l->out, "BOOTP/DHCP, ");
	if (!layer_has(l, p, 34)) {
		layer_truncated(l, "bootp");
		return;
	}
	if (p[0] == 1 && p[1] == 1 && p[2] == 6)
		buffer_format(l->out, "Request from %02x:%02x:%02x:%02x:%02x:%02x", p[28], p[29],
			      p[30], p[31], p[32], p[33]);
	else
		buffer_text(l->out, p[0] == 1 ? "Request" : p[0] == 2 ? "Reply" : "unknown");
	buffer_format(l->out, ", length %u", length);
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
	if (!layer_has(l, p, 9) && total > 8 && !layer_captured(l, p + 8, 1)) {
		buffer_format(l->out, "UDP, length %u", total - 8);
		return;
	}
	if (is_either(p, PORT_DNS))
		print_dns(l, p + 8, length - 8, false);
	else if (is_either(p, PORT_MDNS))
		print_dns(l, p + 8, length - 8, true);
	else if (is_either(p, PORT_NTP))
		print_ntp(l, p + 8, length - 8);
	else if (is_either(p, PORT_DHCP_SERVER) || is_either(p, PORT_DHCP_CLIENT))
		print_dhcp(l, p + 8, length - 8);
	else if (total > length && !ip->is_fragment)
		buffer_format(l->out, "UDP, bad length %u > %u", total - 8, length - 8);
	else
		buffer_format(l->out, "UDP, length %u", total - 8);
}
