/* SPDX-License-Identifier: BSD-2-Clause */
/* OSPF, version 3 (RFC 5340), with -v; advertisements, as with tcpdump, with -vv. */
#include "capture/ospf.h"

enum {
	HEAD_BYTES = 16,
	TYPE_MASK = 0x1fff,
	SCOPE_MASK = 0x6000,
	SCOPE_AREA = 0x2000,
	SCOPE_AS = 0x4000,
	METRIC_MASK = 0xffffff,
	HAS_FORWARD = 0x02000000,
	HAS_TAG = 0x01000000,
	HAS_SIGNALS = 0x0200,
	SIGNALS_BYTES = 4,
	TRAILER_BYTES = 16,
	PREFIX_BYTES = 4,
	LINK_BYTES = 16,
	PREFIXES_INTER_AREA = 3,
	LINK_LSA = 8,
	PREFIXES_INTRA_AREA = 9,
	ENGINEERING = 10,
	RESTART = 11,
};

static const struct layer_name options[] = {
	{ 0x001, "V6" },	  { 0x002, "External" }, { 0x004, "Deprecated" },
	{ 0x008, "NSSA" },	  { 0x010, "Router" },	 { 0x020, "Demand Circuit" },
	{ 0x100, "AFs Support" }, { 0x200, "LLS" },	 { 0x400, "Authentication Trailer" },
};

static const struct layer_name types[] = {
	{ 1, "Router" },
	{ 2, "Network" },
	{ 3, "Inter-Area Prefix" },
	{ 4, "Inter-Area Router" },
	{ 5, "External" },
	{ 6, "Deprecated" },
	{ 7, "NSSA" },
	{ 8, "Link" },
	{ 9, "Intra-Area Prefix" },
	{ 10, "Intra-Area TE" },
	{ 11, "Grace" },
	{ 12, "Router Information" },
	{ 13, "Inter-AS-TE" },
	{ 14, "Layer 1 VPN" },
};

static const struct layer_name scopes[] = { { 0, "Link Local" },
					    { SCOPE_AREA, "Area Local" },
					    { SCOPE_AS, "Domain Wide" } };

#define BITS(l, names, bits) layer_bits(l, names, sizeof(names) / sizeof((names)[0]), bits, "none")

/* Behind @indent. */
static void print_options(struct layer *l, const uint8_t *p, const char *indent)
{
	uint32_t set = get32(l, p);

	buffer_format(l->out, "%sOptions [", indent);
	BITS(l, options, set);
	buffer_text(l->out, "]");
}

/* An advertisement's kind, and its id at @id. */
static void print_type(struct layer *l, uint32_t type, const uint8_t *id)
{
	const char *name = LAYER_NAME_OF(types, type & TYPE_MASK);
	const char *scope = LAYER_NAME_OF(scopes, type & SCOPE_MASK);

	layer_need(l, id, 4);
	buffer_format(l->out, "\n\t    %s LSA (%u), %s Scope%s, LSA-ID ", name ? name : "Unknown",
		      type & TYPE_MASK, scope ? scope : "Unknown",
		      type & 0x8000 ? ", transitive" : "");
	layer_dotted(l, id);
}

/* False: the head of an advertisement does not end before @end. */
static bool print_head(struct layer *l, const uint8_t *p, const uint8_t *end)
{
	if (p + OSPF_LSA_BYTES > end)
		return false;
	layer_need(l, p, OSPF_LSA_BYTES);
	layer_label(l, "\n\t  Advertising Router ", p + 8);
	buffer_format(l->out, ", seq 0x%08x, age %us, length %llu", get32(l, p + 12), get16(l, p),
		      (unsigned long long)get16(l, p + 18) - OSPF_LSA_BYTES);
	print_type(l, get16(l, p + 2), p + 4);
	return true;
}

static bool print_heads(struct layer *l, const uint8_t *p, const uint8_t *end)
{
	for (; p < end; p += OSPF_LSA_BYTES)
		if (!print_head(l, p, end))
			return false;
	return true;
}

/* A prefix of at most @left bytes: how many it takes, 0: it does not end in time. */
static uint32_t print_prefix(struct layer *l, const uint8_t *p, uint32_t left)
{
	static const struct layer_name flags[] = {
		{ 0x01, "No Unicast" }, { 0x02, "Local address" }, { 0x04, "Deprecated" },
		{ 0x08, "Propagate" },	{ 0x10, "Down" },	   { 0x20, "N-bit" }
	};
	char text[INET6_ADDRSTRLEN];
	uint8_t address[16] = { 0 };
	uint32_t bytes;

	if (left < PREFIX_BYTES || !layer_has(l, p, PREFIX_BYTES))
		return 0;
	bytes = (p[0] + 31u) / 32 * 4;
	if (bytes > sizeof(address)) {
		buffer_format(l->out, " bogus prefixlen /%u", p[0]);
		return 0;
	}
	if (left - PREFIX_BYTES < bytes)
		return 0;
	layer_need(l, p + PREFIX_BYTES, bytes);
	memcpy(address, p + PREFIX_BYTES, bytes);
	buffer_format(l->out, "\n\t\t%s/%u", layer_address(address, true, text), p[0]);
	if (p[1]) {
		buffer_text(l->out, ", Options [");
		BITS(l, flags, p[1]);
		buffer_text(l->out, "]");
	}
	buffer_format(l->out, ", metric %u", be16(p + 2));
	return PREFIX_BYTES + bytes;
}

/* @n of them; UINT32_MAX: as many as there are. */
static bool print_prefixes(struct layer *l, const uint8_t *p, uint32_t left, uint32_t n)
{
	for (uint32_t i = 0; i < n && (left || n != UINT32_MAX); i++) {
		uint32_t bytes = print_prefix(l, p, left);

		if (!bytes)
			return false;
		p += bytes;
		left -= bytes;
	}
	return true;
}

static bool print_router(struct layer *l, const uint8_t *p, uint32_t left)
{
	static const struct layer_name flags[] = { { 0x01, "ABR" },
						   { 0x02, "External" },
						   { 0x04, "Virtual-Link Endpoint" },
						   { 0x08, "Deprecated" },
						   { 0x10, "NSSA Translator" } };
	static const struct layer_name kinds[] = { { 1, "Neighbor Router-ID" },
						   { 2, "Neighbor Network-ID" },
						   { 4, "Virtual Link: Neighbor Router-ID" } };

	if (left < 4)
		return false;
	print_options(l, p, "\n\t      ");
	buffer_text(l->out, ", RLA-Flags [");
	BITS(l, flags, p[0]);
	buffer_text(l->out, "]");
	for (p += 4, left -= 4; left; p += LINK_BYTES, left -= LINK_BYTES) {
		const char *name;

		if (left < LINK_BYTES || !layer_has(l, p, LINK_BYTES))
			return false;
		name = LAYER_NAME_OF(kinds, p[0]);
		if (!name) {
			buffer_format(l->out, "\n\t      Unknown Router Links Type 0x%02x", p[0]);
			return true;
		}
		buffer_format(l->out, "\n\t      %s ", name);
		layer_dotted(l, p + 12);
		layer_label(l, "\n\t      Neighbor Interface-ID ", p + 8);
		layer_label(l, ", Interface ", p + 4);
		buffer_format(l->out, ", metric %u", be16(p + 2));
	}
	return true;
}

static bool print_network(struct layer *l, const uint8_t *p, uint32_t left)
{
	if (left < 4)
		return false;
	print_options(l, p, "\n\t      ");
	buffer_text(l->out, "\n\t      Connected Routers:");
	for (p += 4, left -= 4; left; p += 4, left -= 4) {
		if (left < 4)
			return false;
		layer_label(l, "\n\t\t", p);
	}
	return true;
}

static bool print_external(struct layer *l, const uint8_t *p, uint32_t left)
{
	static const struct layer_name names[] = { { 0x80000000, "External Type 2" },
						   { HAS_FORWARD, "Forwarding" },
						   { HAS_TAG, "Tag" } };
	const uint8_t *prefix = p + 4;
	char text[INET6_ADDRSTRLEN];
	uint32_t flags, bytes;

	if (left < 4)
		return false;
	flags = get32(l, p);
	buffer_text(l->out, "\n\t     Flags [");
	BITS(l, names, flags);
	buffer_format(l->out, "] metric %u", flags & METRIC_MASK);
	bytes = print_prefix(l, prefix, left - 4);
	if (!bytes)
		return false;
	p = prefix + bytes;
	left -= 4 + bytes;
	if (flags & HAS_FORWARD) {
		if (left < 16)
			return false;
		layer_need(l, p, 16);
		buffer_format(l->out, " forward %s", layer_address(p, true, text));
		p += 16;
		left -= 16;
	}
	for (uint32_t i = 0; i < 2; i++) {
		if (i ? !get8(l, prefix + 2) : !(flags & HAS_TAG))
			continue;
		if (left < 4)
			return false;
		layer_label(l, i ? " RefLSID: " : " tag ", p);
		p += 4;
		left -= 4;
	}
	return true;
}

static bool print_link(struct layer *l, const uint8_t *p, uint32_t left)
{
	char text[INET6_ADDRSTRLEN];
	uint32_t n;

	if (left < 4 || !layer_has(l, p, 4))
		return false;
	print_options(l, p, "\n\t      ");
	if (left < 24)
		return false;
	n = get32(l, p + 20);
	layer_need(l, p, 24);
	buffer_format(l->out, "\n\t      Priority %u, Link-local address %s, Prefixes %u:", p[0],
		      layer_address(p + 4, true, text), n);
	return print_prefixes(l, p + 24, left - 24, n);
}

static bool print_intra_area(struct layer *l, const uint8_t *p, uint32_t left)
{
	uint32_t n;

	/* What is left is reckoned as tcpdump does: two fields of its four are taken off. */
	if (left < 4 || !layer_has(l, p + 8, 4))
		return false;
	print_type(l, get16(l, p + 2), p + 4);
	if (left < 6)
		return false;
	n = get16(l, p);
	buffer_format(l->out, "\n\t      Prefixes %u:", n);
	return print_prefixes(l, p + 12, left - 6, n);
}

static bool print_body(struct layer *l, uint32_t type, const uint8_t *p, uint32_t left)
{
	switch (type) {
	case OSPF_ROUTER | SCOPE_AREA:
		return print_router(l, p, left);
	case OSPF_NETWORK | SCOPE_AREA:
		return print_network(l, p, left);
	case PREFIXES_INTER_AREA | SCOPE_AREA:
		if (left < 4)
			return false;
		buffer_format(l->out, ", metric %u", get32(l, p) & METRIC_MASK);
		return print_prefixes(l, p + 4, left - 4, UINT32_MAX);
	case OSPF_EXTERNAL | SCOPE_AS:
		return print_external(l, p, left);
	case LINK_LSA:
		return print_link(l, p, left);
	case PREFIXES_INTRA_AREA | SCOPE_AREA:
		return print_intra_area(l, p, left);
	case RESTART:
		return ospf_grace(l, p, left);
	case ENGINEERING:
		return ospf_te(l, p, left);
	}
	layer_hex_indented(l, p, layer_captured(l, p, left), "\n\t      ");
	return true;
}

static bool print_updates(struct layer *l, const uint8_t *p, const uint8_t *end)
{
	uint32_t n = get32(l, p), bytes;

	for (p += 4; p < end && n; n--, p += bytes) {
		if (!print_head(l, p, end))
			return false;
		bytes = be16(p + 18);
		if (bytes < OSPF_LSA_BYTES || bytes > (uint32_t)(end - p))
			return false;
		if (!print_body(l, be16(p + 2), p + OSPF_LSA_BYTES, bytes - OSPF_LSA_BYTES))
			return false;
	}
	return true;
}

static void print_hello(struct layer *l, const uint8_t *p, const uint8_t *end)
{
	print_options(l, p + 4, "\n\t");
	layer_need(l, p, 12);
	buffer_format(l->out, "\n\t  Hello Timer %us", get16(l, p + 8));
	buffer_format(l->out, ", Dead Timer %us, Interface-ID ", get16(l, p + 10));
	layer_dotted(l, p);
	buffer_format(l->out, ", Priority %u", p[4]);
	if (get32(l, p + 12)) {
		layer_label(l, "\n\t  Designated Router ", p + 12);
	}
	if (get32(l, p + 16)) {
		layer_label(l, ", Backup Designated Router ", p + 16);
	}
	if (l->options->verbose <= 1)
		return;
	buffer_text(l->out, "\n\t  Neighbor List:");
	for (p += 20; p < end; p += 4) {
		layer_label(l, "\n\t    ", p);
	}
}

static bool print_description(struct layer *l, const uint8_t *p, const uint8_t *end)
{
	static const struct layer_name flags[] = {
		{ 0x04, "Init" }, { 0x02, "More" }, { 0x01, "Master" }, { 0x10, "IPv6 MTU" }
	};

	print_options(l, p, "\n\t");
	layer_need(l, p, 8);
	buffer_text(l->out, ", DD Flags [");
	BITS(l, flags, p[7]);
	buffer_text(l->out, "]");
	layer_need(l, p, 12);
	buffer_format(l->out, ", MTU %u, DD-Sequence 0x%08x", be16(p + 4), be32(p + 8));
	return l->options->verbose <= 1 || print_heads(l, p + 12, end);
}

static void print_requests(struct layer *l, const uint8_t *p, const uint8_t *end)
{
	for (; p < end; p += 12) {
		layer_need(l, p, 12);
		layer_label(l, "\n\t  Advertising Router ", p + 8);
		print_type(l, be16(p + 2), p + 4);
	}
}

static bool print_packet(struct layer *l, uint8_t type, const uint8_t *p, const uint8_t *end)
{
	bool more = l->options->verbose > 1;

	switch (type) {
	case 1:
		print_hello(l, p, end);
		return true;
	case 2:
		return print_description(l, p, end);
	case 3:
		if (more)
			print_requests(l, p, end);
		return true;
	case 4:
		return !more || print_updates(l, p, end);
	default:
		return !more || print_heads(l, p, end);
	}
}

/* Link-local signals (RFC 5613) and authentication (RFC 7166), in @left bytes behind the packet at @head. */
static bool print_trailer(struct layer *l, const uint8_t *head, const uint8_t *p, uint32_t left)
{
	uint32_t set = head[1] == 1   ? get32(l, head + HEAD_BYTES + 4)
		       : head[1] == 2 ? get32(l, head + HEAD_BYTES)
				      : 0;
	uint32_t bytes;

	if (left && (set & HAS_SIGNALS)) {
		if (left < SIGNALS_BYTES)
			return false;
		buffer_format(l->out, "\n\tLLS Checksum 0x%04x", get16(l, p));
		bytes = get16(l, p + 2);
		buffer_format(l->out, ", Data Length %u", bytes);
		if (bytes < SIGNALS_BYTES || bytes > left || !layer_has(l, p, bytes))
			return false;
		p += bytes;
		left -= bytes;
	}
	if (!left)
		return true;
	if (left < TRAILER_BYTES)
		return false;
	if (get16(l, p) == 1)
		buffer_text(l->out, "\n\tAuthentication Type HMAC");
	else
		buffer_format(l->out, "\n\tAuthentication Type unknown (0x%04x)", be16(p));
	bytes = get16(l, p + 2);
	buffer_format(l->out, ", Length %u", bytes);
	if (bytes < TRAILER_BYTES || bytes > left)
		return false;
	buffer_format(l->out, ", SAID %u", get16(l, p + 6));
	buffer_format(l->out, ", CSN 0x%08x", get32(l, p + 8));
	buffer_format(l->out, ":%08x", get32(l, p + 12));
	if (!layer_has(l, p, bytes))
		return false;
	if (l->options->verbose > 1)
		layer_hex_indented(l, p + TRAILER_BYTES, bytes - TRAILER_BYTES,
				   "\n\tAuthentication Data ");
	return true;
}

void ospf_print3(struct layer *l, const uint8_t *p, uint32_t length)
{
	uint32_t says = get16(l, p + 2);
	const uint8_t *end = p + says;

	if (says > length) {
		buffer_format(l->out, " [len %u]", says);
		return;
	}
	layer_label(l, "\n\tRouter-ID ", p + 4);
	if (get32(l, p + 8)) {
		layer_label(l, ", Area ", p + 8);
	} else {
		buffer_text(l->out, ", Backbone Area");
	}
	if (get8(l, p + 14))
		buffer_format(l->out, ", Instance %u", p[14]);
	if (p[0] != 3)
		return;
	if (!print_packet(l, p[1], p + HEAD_BYTES, end) || !print_trailer(l, p, end, length - says))
		layer_short(l);
}
