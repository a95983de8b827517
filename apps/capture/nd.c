/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of neighbour discovery (RFC 4861, 4191, 6275, 8106), and what routers advertise. */
#include "capture/layer.h"

enum {
	ADVERTISEMENT_BYTES = 16,
	SOURCE = 1,
	TARGET,
	PREFIX,
	REDIRECTED,
	MTU,
	INTERVAL = 7,
	HOME_AGENT,
	ROUTE = 24,
	SERVERS,
	DOMAINS = 31,
};

static const struct layer_name names[] = {
	{ SOURCE, "source link-address" },
	{ TARGET, "destination link-address" },
	{ PREFIX, "prefix info" },
	{ REDIRECTED, "redirected header" },
	{ MTU, "mtu" },
	{ INTERVAL, "advertisement interval" },
	{ HOME_AGENT, "homeagent information" },
	{ ROUTE, "route info" },
	{ SERVERS, "rdnss" },
	{ DOMAINS, "dnssl" },
};

static const char *preference(uint8_t flags)
{
	static const char *const texts[] = { "medium", "high", "rsv", "low" };

	return texts[flags >> 3 & 3];
}

static void print_lifetime(struct layer *l, const char *label, const uint8_t *p)
{
	if (be32(p) == UINT32_MAX)
		buffer_format(l->out, "%sinfinity", label);
	else
		buffer_format(l->out, "%s%us", label, be32(p));
}

static void print_prefix(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	static const struct layer_name flags[] = { { 0x80, "onlink" },
						   { 0x40, "auto" },
						   { 0x20, "router" } };
	char text[INET6_ADDRSTRLEN];

	layer_need(l, p, 32);
	buffer_format(l->out, "%s/%u%s, Flags [", layer_address(p + 16, true, text), p[2],
		      bytes == 32 ? "" : "badlen");
	layer_bits(l, flags, sizeof(flags) / sizeof(flags[0]), p[3], "none");
	print_lifetime(l, "], valid time ", p + 4);
	print_lifetime(l, ", pref. time ", p + 8);
}

static void print_route(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	uint8_t address[16] = { 0 };
	char text[INET6_ADDRSTRLEN];

	if (bytes > 24)
		layer_short(l);
	memcpy(address, p + 8, bytes - 8);
	buffer_format(l->out, " %s/%u, pref=%s", layer_address(address, true, text), p[2],
		      preference(p[3]));
	print_lifetime(l, ", lifetime=", p + 4);
}

static void print_servers(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	char text[INET6_ADDRSTRLEN];

	buffer_format(l->out, " lifetime %us,", be32(p + 4));
	for (uint32_t at = 8; at + 16 <= bytes; at += 16)
		buffer_format(l->out, " addr: %s", layer_address(p + at, true, text));
}

static void print_domains(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	const uint8_t *end = p + bytes;

	buffer_format(l->out, " lifetime %us, domain(s):", be32(p + 4));
	for (p += 8; p < end && *p;) {
		buffer_text(l->out, " ");
		p = layer_labels(l, p, end);
	}
}

/* The option of @bytes at @p, at least 8; @first is the message's first. False: the line ends with it. */
static bool print_option(struct layer *l, const uint8_t *p, uint32_t bytes, const uint8_t *first)
{
	switch (p[0]) {
	case SOURCE:
	case TARGET:
		for (uint32_t i = 2; i < bytes; i++)
			buffer_format(l->out, i == 2 ? "%02x" : ":%02x", p[i]);
		break;
	case PREFIX:
		print_prefix(l, p, bytes);
		break;
	case REDIRECTED:
		layer_hex_indented(l, first, layer_captured(l, first, bytes), "\n\t    ");
		break;
	case MTU:
		buffer_format(l->out, " %u%s", be32(p + 4), bytes == 8 ? "" : "bad option length");
		break;
	case INTERVAL:
		buffer_format(l->out, " %ums", be32(p + 4));
		break;
	case HOME_AGENT:
		buffer_format(l->out, " preference %u, lifetime %u", be16(p + 4), be16(p + 6));
		break;
	case ROUTE:
		print_route(l, p, bytes);
		break;
	case SERVERS:
		print_servers(l, p, bytes);
		break;
	case DOMAINS:
		print_domains(l, p, bytes);
		break;
	default:
		if (l->options->verbose > 1)
			break;
		layer_hex_indented(l, p + 2, bytes - 2, "\n\t  ");
		return false;
	}
	return true;
}

void layer_nd_options(struct layer *l, const uint8_t *p, uint32_t left)
{
	const uint8_t *first = p;

	while (layer_has(l, p, 1)) {
		const char *name;
		uint32_t bytes;

		if (!layer_has(l, p, 2))
			layer_short(l);
		if (!left || left > INT32_MAX)
			return;
		bytes = p[1] * 8u;
		if (!bytes || !layer_has(l, p, bytes))
			layer_short(l);
		name = LAYER_NAME_OF(names, p[0]);
		buffer_format(l->out,
			      "\n\t  %s option (%u), length %u (%u): ", name ? name : "unknown",
			      p[0], bytes, p[1]);
		if (!print_option(l, p, bytes, first))
			return;
		if (l->options->verbose > 1)
			layer_hex_indented(l, p + 2, bytes - 2, "\n\t    ");
		p += bytes;
		left = bytes < left ? left - bytes : 0;
	}
}

void layer_router_advertised(struct layer *l, const uint8_t *p, uint32_t length)
{
	static const struct layer_name flags[] = { { 0x80, "managed" },
						   { 0x40, "other stateful" },
						   { 0x20, "home agent" },
						   { 0x02, "ipv6 only" } };

	if (!l->options->verbose)
		return;
	layer_need(l, p, ADVERTISEMENT_BYTES);
	buffer_format(l->out, "\n\thop limit %u, Flags [", p[4]);
	layer_bits(l, flags, sizeof(flags) / sizeof(flags[0]), p[5], "none");
	buffer_format(l->out,
		      "], pref %s, router lifetime %us, reachable time %ums, retrans timer %ums",
		      preference(p[5]), be16(p + 6), be32(p + 8), be32(p + 12));
	layer_nd_options(l, p + ADVERTISEMENT_BYTES, length - ADVERTISEMENT_BYTES);
}
