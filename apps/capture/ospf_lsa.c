/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What OSPF advertises, version 2: RFC 2328 A.4, opaque kinds of RFC 3623 (grace), RFC 3630, 4124 and 4203
 * (traffic engineering), and RFC 4970 (router information).
 */
#include "capture/ospf.h"

enum {
	TLV_BYTES = 4,
	LINK_BYTES = 12,
	METRIC_BYTES = 12, /* of an external route */
	LINK_VIRTUAL = 4,
	METRIC_MASK = 0xffffff,
};

static const struct layer_name types[] = {
	{ OSPF_ROUTER, "Router" },
	{ OSPF_NETWORK, "Network" },
	{ OSPF_SUMMARY, "Summary" },
	{ OSPF_SUMMARY_ROUTER, "ASBR Summary" },
	{ OSPF_EXTERNAL, "External" },
	{ OSPF_GROUP, "Multicast Group" },
	{ OSPF_NSSA, "NSSA" },
	{ OSPF_OPAQUE_LINK, "Link Local Opaque" },
	{ OSPF_OPAQUE_AREA, "Area Local Opaque" },
	{ OSPF_OPAQUE_DOMAIN, "Domain Wide Opaque" },
};

static const struct layer_name opaques[] = { { OSPF_TE, "Traffic Engineering" },
					     { OSPF_GRACE, "Graceful restart" },
					     { OSPF_RI, "Router Information" } };

static const struct layer_name topologies[] = { { 0, "default" },
						{ 1, "multicast" },
						{ 2, "management" } };

static const struct layer_name router_flags[] = { { 1, "ABR" },	    { 2, "ASBR" },
						  { 4, "Virtual" }, { 8, "Wildcard" },
						  { 16, "Nt" },	    { 128, "Host" } };

static const char *or_unknown(const char *name, const char *unknown)
{
	return name ? name : unknown;
}

void ospf_lsa_name(struct layer *l, uint32_t type, const uint8_t *id, const char *colon)
{
	const char *name = or_unknown(LAYER_NAME_OF(types, type), "unknown");
	bool is_opaque = type >= OSPF_OPAQUE_LINK && type <= OSPF_OPAQUE_DOMAIN;

	buffer_format(l->out, "%s LSA (%u), ", name, type);
	if (!is_opaque) {
		layer_label(l, "LSA-ID: ", id);
		return;
	}
	layer_need(l, id, 4);
	name = or_unknown(LAYER_NAME_OF(opaques, id[0]), "unknown");
	buffer_format(l->out, "Opaque-Type%s %s LSA (%u), Opaque-ID%s %u", colon, name, id[0],
		      colon, be32(id) & METRIC_MASK);
}

/* --- kinds of TLVs -------------------------------------------------------------------------------- */

/* Unknown bytes, unless -vv shows the whole. */
static void print_unknown(struct layer *l, const uint8_t *p, uint32_t bytes, const char *indent)
{
	if (l->options->verbose <= 1)
		layer_hex_indented(l, p, layer_captured(l, p, bytes), indent);
}

/* A TLV's type and length in bytes; @p and @left go on to its value. */
static bool take_tlv_head(struct layer *l, const uint8_t **p, uint32_t *left, uint32_t *type,
			  uint32_t *bytes)
{
	if (!layer_has(l, *p, TLV_BYTES))
		return false;
	if (*left < TLV_BYTES) {
		buffer_format(l->out, "\n\t    Remaining LS length %u < 4", *left);
		return false;
	}
	*type = be16(*p);
	*bytes = be16(*p + 2);
	*p += TLV_BYTES;
	*left -= TLV_BYTES;
	return true;
}

static bool print_grace(struct layer *l, uint32_t type, const uint8_t *p, uint32_t bytes)
{
	static const struct layer_name reasons[] = { { 0, "Unknown" },
						     { 1, "Software Restart" },
						     { 2, "Software Reload/Upgrade" },
						     { 3, "Control Processor Switch" } };
	uint32_t wanted = type == 2 ? 1 : 4;

	if (type < 1 || type > 3) {
		print_unknown(l, p, bytes, "\n\t      ");
		return true;
	}
	if (bytes != wanted) {
		buffer_format(l->out, "\n\t    Bogus length %u != %u", bytes, wanted);
		return false;
	}
	if (type == 1)
		buffer_format(l->out, "%us", get32(l, p));
	else if (type == 2)
		buffer_format(l->out, "%s (%u)",
			      or_unknown(LAYER_NAME_OF(reasons, get8(l, p)), "Unknown"), p[0]);
	else
		layer_dotted(l, p);
	return true;
}

bool ospf_grace(struct layer *l, const uint8_t *p, uint32_t left)
{
	static const struct layer_name names[] = { { 1, "Grace Period" },
						   { 2, "Graceful restart Reason" },
						   { 3, "IPv4 interface address" } };

	while (left) {
		uint32_t type, bytes;

		if (!take_tlv_head(l, &p, &left, &type, &bytes))
			return false;
		buffer_format(l->out, "\n\t    %s TLV (%u), length %u, value: ",
			      or_unknown(LAYER_NAME_OF(names, type), "unknown"), type, bytes);
		if (bytes > left) {
			buffer_format(l->out, "\n\t    Bogus length %u > %u", bytes, left);
			return false;
		}
		if (!type || !bytes)
			return false;
		if (!layer_has(l, p, bytes))
			return false;
		if (!print_grace(l, type, p, bytes))
			return false;
		bytes = (bytes + 3) & ~3u;
		left = bytes < left ? left - bytes : 0;
		p += bytes;
	}
	return true;
}

static void print_megabits(struct layer *l, const uint8_t *p)
{
	uint32_t bits = get32(l, p);
	float rate;

	memcpy(&rate, &bits, sizeof(rate));
	buffer_format(l->out, "%.3f Mbps", (double)(rate * 8 / 1000000));
}

static const struct layer_name link_parts[] = {
	{ 1, "Link Type" },
	{ 2, "Link ID" },
	{ 3, "Local Interface IP address" },
	{ 4, "Remote Interface IP address" },
	{ 5, "Traffic Engineering Metric" },
	{ 6, "Maximum Bandwidth" },
	{ 7, "Maximum Reservable Bandwidth" },
	{ 8, "Unreserved Bandwidth" },
	{ 9, "Administrative Group" },
	{ 11, "Link Local/Remote Identifier" },
	{ 14, "Link Protection Type" },
	{ 15, "Interface Switching Capability" },
	{ 16, "Shared Risk Link Group" },
	{ 17, "Bandwidth Constraints" },
};

static void print_identifiers(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	for (uint32_t at = 0; at < bytes; at += 4) {
		layer_label(l, ", ", p + at);
		buffer_format(l->out, " (0x%08x)", be32(p + at));
	}
}

/* The maximal bandwidth of each priority of a way of switching (RFC 4203). */
static bool print_switching(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	static const struct layer_name ways[] = {
		{ 1, "Packet-Switch Capable-1" }, { 2, "Packet-Switch Capable-2" },
		{ 3, "Packet-Switch Capable-3" }, { 4, "Packet-Switch Capable-4" },
		{ 51, "Layer-2 Switch Capable" }, { 100, "Time-Division-Multiplex" },
		{ 150, "Lambda-Switch Capable" }, { 200, "Fiber-Switch Capable" },
	};
	static const struct layer_name encodings[] = {
		{ 1, "Packet" },
		{ 2, "Ethernet V2/DIX" },
		{ 3, "ANSI/ETSI PDH" },
		{ 4, "Reserved" },
		{ 5, "SDH ITU-T G.707/SONET ANSI T1.105" },
		{ 6, "Reserved" },
		{ 7, "Digital Wrapper" },
		{ 8, "Lambda (photonic)" },
		{ 9, "Fiber" },
		{ 10, "Reserved" },
		{ 11, "FiberChannel" },
	};

	if (bytes < 36) {
		buffer_text(l->out, " < 36");
		return false;
	}
	buffer_format(l->out, "\n\t\tInterface Switching Capability: %s\n\t\tLSP Encoding: %s",
		      or_unknown(LAYER_NAME_OF(ways, p[0]), "Unknown"),
		      or_unknown(LAYER_NAME_OF(encodings, p[1]), "Unknown"));
	buffer_text(l->out, "\n\t\tMax LSP Bandwidth:");
	for (uint32_t i = 0; i < 8; i++) {
		buffer_format(l->out, "\n\t\t  priority level %u: ", i);
		print_megabits(l, p + 4 + 4 * i);
	}
	return true;
}

/* Of classes of traffic (RFC 4124). */
static bool print_constraints(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	static const struct layer_name models[] = { { 0, "Russian dolls" },
						    { 1, "Maximum allocation" },
						    { 2,
						      "Maximum allocation with E-LSP support" } };

	if (bytes < 4) {
		buffer_text(l->out, " < 4");
		return false;
	}
	buffer_format(l->out, "\n\t\tBandwidth Constraints Model ID: %s (%u)",
		      or_unknown(LAYER_NAME_OF(models, p[0]), "unknown"), p[0]);
	if (bytes % 4 || bytes > 36) {
		buffer_format(l->out,
			      bytes % 4 ? "\n\t\tlength %u != N x 4" : "\n\t\tlength %u > 36",
			      bytes);
		return false;
	}
	for (uint32_t i = 0; i < bytes / 4 - 1; i++) {
		buffer_format(l->out, "\n\t\t  Bandwidth constraint CT%u: ", i);
		print_megabits(l, p + 4 + 4 * i);
	}
	return true;
}

/* Four bytes of which the first says how a link is protected. */
static void print_protection(struct layer *l, const uint8_t *p)
{
	static const struct layer_name ways[] = {
		{ 0x01, "Extra Traffic" }, { 0x02, "Unprotected" },   { 0x04, "Shared" },
		{ 0x08, "Dedicated 1:1" }, { 0x10, "Dedicated 1+1" }, { 0x20, "Enhanced" },
		{ 0x40, "Reserved" },	   { 0x80, "Reserved" },
	};

	buffer_text(l->out, ", ");
	layer_bits(l, ways, sizeof(ways) / sizeof(ways[0]), p[0], "none");
}

static bool print_risks(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	if (bytes % 4) {
		buffer_text(l->out, " != N x 4");
		return false;
	}
	buffer_text(l->out, "\n\t\t  Shared risk group: ");
	for (uint32_t at = 0; at < bytes; at += 4)
		buffer_format(l->out, "%s%u", at ? ", " : "", be32(p + at));
	return true;
}

/* False: its length is not the one of its kind, which is said. */
static bool print_link_part(struct layer *l, uint32_t type, const uint8_t *p, uint32_t bytes)
{
	static const uint8_t sizes[] = {
		[1] = 1, [3] = 4, [4] = 4, [5] = 4, [6] = 4, [7] = 4, [8] = 32, [9] = 4, [14] = 4
	};
	static const struct layer_name kinds[] = { { 1, "Point-to-point" }, { 2, "Multi-Access" } };

	if (type < sizeof(sizes) && sizes[type] && bytes != sizes[type]) {
		buffer_format(l->out, " != %u", sizes[type]);
		return false;
	}
	if ((type == 2 || type == 11) && bytes != 4 && bytes != 8) {
		buffer_text(l->out, " != 4 && != 8");
		return false;
	}
	if (type == 1) {
		buffer_format(l->out, ", %s (%u)",
			      or_unknown(LAYER_NAME_OF(kinds, p[0]), "unknown"), p[0]);
	} else if (type == 2 || type == 11) {
		print_identifiers(l, p, bytes);
	} else if (type == 3 || type == 4) {
		layer_label(l, ", ", p);
	} else if (type == 5) {
		buffer_format(l->out, ", Metric %u", be32(p));
	} else if (type == 6 || type == 7) {
		buffer_text(l->out, ", ");
		print_megabits(l, p);
	} else if (type == 8) {
		for (uint32_t i = 0; i < 8; i++) {
			buffer_format(l->out, "\n\t\tTE-Class %u: ", i);
			print_megabits(l, p + 4 * i);
		}
	} else if (type == 9) {
		buffer_format(l->out, ", 0x%08x", be32(p));
	} else if (type == 14) {
		print_protection(l, p);
	} else if (type >= 15 && type <= 17) {
		return type == 15   ? print_switching(l, p, bytes)
		       : type == 16 ? print_risks(l, p, bytes)
				    : print_constraints(l, p, bytes);
	} else {
		print_unknown(l, p, bytes, "\n\t\t");
	}
	return true;
}

static bool print_link(struct layer *l, const uint8_t *p, uint32_t left)
{
	while (left) {
		uint32_t type, bytes;

		if (left < TLV_BYTES) {
			buffer_format(l->out, "\n\t    Remaining TLV length %u < 4", left);
			return false;
		}
		type = get16(l, p);
		bytes = get16(l, p + 2);
		p += TLV_BYTES;
		left -= TLV_BYTES;
		if (!type || !bytes) {
			layer_invalid(l);
			return false;
		}
		buffer_format(l->out, "\n\t      %s subTLV (%u), length: %u",
			      or_unknown(LAYER_NAME_OF(link_parts, type), "unknown"), type, bytes);
		if (left < bytes) {
			buffer_format(l->out, "\n\t    Remaining TLV length %u < %u", left + 4,
				      bytes + 4);
			return false;
		}
		if (!layer_has(l, p, bytes))
			return false;
		if (!print_link_part(l, type, p, bytes)) {
			layer_invalid(l);
			return false;
		}
		bytes = (bytes + 3) & ~3u;
		if (left < bytes) {
			buffer_format(l->out, "\n\t    Remaining TLV length %u < %u", left + 4,
				      bytes + 4);
			return false;
		}
		left -= bytes;
		p += bytes;
	}
	return true;
}

static bool print_te(struct layer *l, uint32_t type, const uint8_t *p, uint32_t bytes,
		     uint32_t left)
{
	/* tcpdump takes a link for the last part: the bytes of the whole are not shown again with -vv. */
	if (type == 2)
		return print_link(l, p, bytes) && bytes < left;
	if (type == 1 && bytes < 4) {
		buffer_format(l->out, "\n\t    TLV length %u < 4", bytes);
		return false;
	}
	if (type == 1) {
		layer_label(l, ", ", p);
	} else {
		print_unknown(l, p, bytes, "\n\t      ");
	}
	return true;
}

bool ospf_te(struct layer *l, const uint8_t *p, uint32_t left)
{
	static const struct layer_name names[] = { { 1, "Router Address" }, { 2, "Link" } };

	while (left) {
		uint32_t type, bytes;

		if (!take_tlv_head(l, &p, &left, &type, &bytes))
			return false;
		buffer_format(l->out, "\n\t    %s TLV (%u), length: %u",
			      or_unknown(LAYER_NAME_OF(names, type), "unknown"), type, bytes);
		if (bytes > left) {
			buffer_format(l->out, "\n\t    Bogus length %u > %u", bytes, left);
			return false;
		}
		if (!type || !bytes || !print_te(l, type, p, bytes, left))
			return false;
		bytes = (bytes + 3) & ~3u;
		if (bytes > left) {
			buffer_format(l->out, "\n\t    Bogus padded length %u > %u", bytes, left);
			return false;
		}
		left -= bytes;
		p += bytes;
	}
	return true;
}

static bool print_information(struct layer *l, const uint8_t *p, uint32_t left)
{
	static const struct layer_name abilities[] = {
		{ 1, "Reserved" },
		{ 2, "Reserved" },
		{ 4, "Reserved" },
		{ 8, "Reserved" },
		{ 16, "graceful restart capable" },
		{ 32, "graceful restart helper" },
		{ 64, "Stub router support" },
		{ 128, "Traffic engineering" },
		{ 256, "p2p over LAN" },
		{ 512, "path computation server" },
	};

	while (left) {
		uint32_t type, bytes;

		layer_need(l, p, TLV_BYTES);
		if (left < TLV_BYTES) {
			buffer_format(l->out, "\n\t    Remaining LS length %u < 4", left);
			return false;
		}
		type = be16(p);
		bytes = be16(p + 2);
		p += TLV_BYTES;
		left -= TLV_BYTES;
		buffer_format(l->out, "\n\t    %s TLV (%u), length: %u, value: ",
			      type == 1 ? "Router Capabilities" : "unknown", type, bytes);
		if (bytes > left) {
			buffer_format(l->out, "\n\t    Bogus length %u > remaining LS length %u",
				      bytes, left);
			return false;
		}
		layer_need(l, p, bytes);
		if (type == 1 && bytes != 4) {
			buffer_format(l->out, "\n\t    Bogus length %u != 4", bytes);
			return false;
		}
		if (type == 1) {
			buffer_text(l->out, "Capabilities: ");
			layer_bits(l, abilities, sizeof(abilities) / sizeof(abilities[0]),
				   get32(l, p), "Unknown");
		} else {
			print_unknown(l, p, bytes, "\n\t      ");
		}
		left -= bytes;
		p += bytes;
	}
	return true;
}

/* --- kinds of advertisements ---------------------------------------------------------------------- */

static void print_topology(struct layer *l, uint32_t topology)
{
	buffer_format(l->out, "\n\t\ttopology %s (%u)",
		      or_unknown(LAYER_NAME_OF(topologies, topology), "Unknown"), topology);
}

/* A link and its metrics; the count of these, or -1: its kind is not known. */
static int print_router_link(struct layer *l, const uint8_t *p)
{
	static const struct layer_name kinds[] = { { 1, "Neighbor Router-ID" },
						   { 2, "Neighbor Network-ID" },
						   { 3, "Stub Network" },
						   { LINK_VIRTUAL,
						     "Virtual Link: Neighbor Router-ID" } };
	const char *name;
	uint32_t metrics;

	layer_need(l, p, LINK_BYTES);
	name = LAYER_NAME_OF(kinds, p[8]);
	if (!name) {
		buffer_format(l->out, "\n\t      Unknown Router Link Type (%u)", p[8]);
		return -1;
	}
	buffer_format(l->out, "\n\t      %s: ", name);
	layer_dotted(l, p);
	layer_label(l, p[8] == 3 ? ", Mask: " : ", Interface Address: ", p + 4);
	metrics = p[9] + 1u;
	for (uint32_t i = 0; i < metrics; i++) {
		layer_need(l, p + 8 + 4 * i, 4);
		print_topology(l, i ? p[8 + 4 * i] : 0);
		buffer_format(l->out, ", metric %u", be16(p + 10 + 4 * i));
	}
	return (int)metrics;
}

static bool print_router(struct layer *l, const uint8_t *p)
{
	uint32_t n;

	layer_need(l, p, 1);
	buffer_text(l->out, "\n\t    Router LSA Options: [");
	layer_bits(l, router_flags, sizeof(router_flags) / sizeof(router_flags[0]), p[0], "none");
	buffer_text(l->out, "]");
	n = get16(l, p + 2);
	layer_need(l, p + 4, LINK_BYTES);
	p += 4;
	for (uint32_t i = 0; i < n; i++) {
		int metrics = print_router_link(l, p);

		if (metrics < 0)
			return false;
		p += LINK_BYTES + 4 * (size_t)(metrics - 1);
	}
	return true;
}

static void print_network(struct layer *l, const uint8_t *p, const uint8_t *end)
{
	layer_label(l, "\n\t    Mask ", p);
	buffer_text(l->out, "\n\t    Connected Routers:");
	for (p += 4; p < end; p += 4) {
		layer_label(l, "\n\t      ", p);
	}
}

static void print_summary(struct layer *l, const uint8_t *p, const uint8_t *end, bool is_router)
{
	if (!is_router) {
		layer_need(l, p, 4);
		layer_label(l, "\n\t    Mask ", p);
	}
	/* A router's have their mask's place, too. */
	p += 4;
	layer_need(l, p, 4);
	for (; p < end; p += 4) {
		uint32_t metric = get32(l, p);

		print_topology(l, metric >> 24 & 0x7f);
		buffer_format(l->out, " metric %u", metric & METRIC_MASK);
	}
}

static void print_external(struct layer *l, const uint8_t *p, const uint8_t *end)
{
	layer_need(l, p, 4);
	layer_label(l, "\n\t    Mask ", p);
	p += 4;
	layer_need(l, p, 4);
	for (; p < end; p += METRIC_BYTES) {
		uint32_t metric = get32(l, p);

		print_topology(l, metric >> 24 & 0x7f);
		buffer_format(l->out, ", type %u, metric", metric >> 31 ? 2 : 1);
		if ((metric & METRIC_MASK) == METRIC_MASK)
			buffer_text(l->out, " infinite");
		else
			buffer_format(l->out, " %u", metric & METRIC_MASK);
		if (get32(l, p + 4)) {
			layer_label(l, ", forward ", p + 4);
		}
		if (get32(l, p + 8)) {
			layer_label(l, ", tag ", p + 8);
		}
	}
}

static void print_groups(struct layer *l, const uint8_t *p, const uint8_t *end)
{
	for (; p < end; p += 8) {
		uint32_t kind = get32(l, p);

		if (kind != 1 && kind != 2) {
			buffer_format(l->out, "\n\t    unknown VertexType (%u)", kind);
			continue;
		}
		layer_label(l,
			    kind == 1 ? "\n\t    Router Router-ID "
				      : "\n\t    Network Designated Router ",
			    p + 4);
	}
}

static bool print_opaque(struct layer *l, uint8_t kind, const uint8_t *p, uint32_t bytes)
{
	if (kind == OSPF_RI)
		return print_information(l, p, bytes);
	if (kind == OSPF_GRACE)
		return ospf_grace(l, p, bytes);
	if (kind == OSPF_TE)
		return ospf_te(l, p, bytes);
	print_unknown(l, p, bytes, "\n\t    ");
	return true;
}

bool ospf_lsa_body(struct layer *l, const uint8_t *lsa, uint32_t bytes)
{
	const uint8_t *p = lsa + OSPF_LSA_BYTES, *end = lsa + bytes;
	uint8_t type = get8(l, lsa + 3);
	bool whole = true;

	switch (type) {
	case OSPF_ROUTER:
		whole = print_router(l, p);
		break;
	case OSPF_NETWORK:
		print_network(l, p, end);
		break;
	case OSPF_SUMMARY:
	case OSPF_SUMMARY_ROUTER:
		print_summary(l, p, end, type == OSPF_SUMMARY_ROUTER);
		break;
	case OSPF_EXTERNAL:
	case OSPF_NSSA:
		print_external(l, p, end);
		break;
	case OSPF_GROUP:
		print_groups(l, p, end);
		break;
	case OSPF_OPAQUE_LINK:
	case OSPF_OPAQUE_AREA:
	case OSPF_OPAQUE_DOMAIN:
		whole = print_opaque(l, lsa[4], p, bytes - OSPF_LSA_BYTES);
		break;
	}
	if (whole && l->options->verbose > 1)
		layer_hex_indented(l, p, layer_captured(l, p, bytes - OSPF_LSA_BYTES), "\n\t    ");
	return whole;
}
