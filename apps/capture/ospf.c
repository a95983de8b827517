/* SPDX-License-Identifier: BSD-2-Clause */
/* OSPF: its line, and with -v the whole of version 2 (RFC 2328); advertisements by ospf_lsa.c. */
#include "capture/ospf.h"

enum {
	HEAD_BYTES = 24,
	HELLO = 1,
	DESCRIPTION = 2,
	REQUEST = 3,
	UPDATE = 4,
	ACKNOWLEDGE = 5,
	AUTH_NONE = 0,
	AUTH_SIMPLE = 1,
	AUTH_MD5 = 2,
	MD5_BYTES = 16,
};

static const struct layer_name types[] = { { HELLO, "Hello" },
					   { DESCRIPTION, "Database Description" },
					   { REQUEST, "LS-Request" },
					   { UPDATE, "LS-Update" },
					   { ACKNOWLEDGE, "LS-Ack" } };

static const struct layer_name auths[] = { { AUTH_NONE, "none" },
					   { AUTH_SIMPLE, "simple" },
					   { AUTH_MD5, "MD5" } };

static const struct layer_name options[] = {
	{ 0x01, "MultiTopology" }, { 0x02, "External" }, { 0x04, "Multicast" },
	{ 0x08, "NSSA" },	   { 0x10, "LLS" },	 { 0x20, "Demand Circuit" },
	{ 0x40, "Opaque" },	   { 0x80, "Up/Down" },
};

static const struct layer_name description_flags[] = {
	{ 0x04, "Init" }, { 0x02, "More" }, { 0x01, "Master" }, { 0x08, "OOBResync" }
};

static void print_hello(struct layer *l, const uint8_t *p, const uint8_t *end)
{
	static const uint8_t none[4];

	layer_need(l, p, 7);
	buffer_text(l->out, "\n\tOptions [");
	layer_bits(l, options, sizeof(options) / sizeof(options[0]), p[6], "none");
	buffer_text(l->out, "]");
	layer_need(l, p, 12);
	buffer_format(l->out, "\n\t  Hello Timer %us, Dead Timer %us, Mask ", be16(p + 4),
		      be32(p + 8));
	layer_dotted(l, p);
	buffer_format(l->out, ", Priority %u", p[7]);
	layer_need(l, p + 12, 4);
	if (memcmp(p + 12, none, 4) != 0) {
		layer_label(l, "\n\t  Designated Router ", p + 12);
	}
	layer_need(l, p + 16, 4);
	if (memcmp(p + 16, none, 4) != 0) {
		layer_label(l, ", Backup Designated Router ", p + 16);
	}
	p += 20;
	if (p < end)
		buffer_text(l->out, "\n\t  Neighbor List:");
	for (; p < end; p += 4) {
		layer_label(l, "\n\t    ", p);
	}
}

/* The head of an advertisement: how long it is; 0: shorter than its head, which is said. */
static uint32_t print_lsa(struct layer *l, const uint8_t *p)
{
	uint32_t bytes = get16(l, p + 18);

	if (bytes < OSPF_LSA_BYTES) {
		buffer_format(l->out, "\n\t    Bogus length %u < header (%u)", bytes,
			      OSPF_LSA_BYTES);
		return 0;
	}
	layer_label(l, "\n\t  Advertising Router ", p + 8);
	buffer_format(l->out, ", seq 0x%08x, age %us, length %u", get32(l, p + 12), get16(l, p),
		      bytes - OSPF_LSA_BYTES);
	buffer_text(l->out, "\n\t    ");
	ospf_lsa_name(l, get8(l, p + 3), p + 4, "");
	buffer_text(l->out, "\n\t    Options: [");
	layer_bits(l, options, sizeof(options) / sizeof(options[0]), get8(l, p + 2), "none");
	buffer_text(l->out, "]");
	return bytes;
}

/* @end: NULL: that of what was captured, where the line ends as if cut off. */
static void print_heads(struct layer *l, const uint8_t *p, const uint8_t *end)
{
	for (; (!end || p < end) && print_lsa(l, p); p += OSPF_LSA_BYTES)
		;
}

static void print_description(struct layer *l, const uint8_t *p, const uint8_t *end)
{
	layer_need(l, p, 3);
	buffer_text(l->out, "\n\tOptions [");
	layer_bits(l, options, sizeof(options) / sizeof(options[0]), p[2], "none");
	buffer_text(l->out, "]");
	layer_need(l, p, 4);
	buffer_text(l->out, ", DD Flags [");
	layer_bits(l, description_flags, sizeof(description_flags) / sizeof(description_flags[0]),
		   get8(l, p + 3), "none");
	buffer_text(l->out, "]");
	if (get16(l, p))
		buffer_format(l->out, ", MTU: %u", be16(p));
	buffer_format(l->out, ", Sequence: 0x%08x", get32(l, p + 4));
	print_heads(l, p + 8, end);
}

static void print_requests(struct layer *l, const uint8_t *p, const uint8_t *end)
{
	for (; p < end; p += 12) {
		layer_need(l, p, 12);
		layer_label(l, "\n\t  Advertising Router: ", p + 8);
		buffer_text(l->out, ", ");
		ospf_lsa_name(l, be32(p), p + 4, ":");
	}
}

static void print_updates(struct layer *l, const uint8_t *p)
{
	uint32_t n = get32(l, p), bytes;

	buffer_format(l->out, ", %u LSA%s", n, n == 1 ? "" : "s");
	p += 4;
	for (uint32_t i = 0; i < n; i++, p += bytes) {
		buffer_format(l->out, "\n\t  LSA #%u", i + 1);
		bytes = print_lsa(l, p);
		if (!bytes)
			longjmp(*l->cut, LAYER_CUT);
		ospf_lsa_body(l, p, bytes);
	}
}

static void print_auth(struct layer *l, const uint8_t *p)
{
	uint16_t kind = get16(l, p + 14);
	const char *name = LAYER_NAME_OF(auths, kind);

	layer_need(l, p + 16, 8);
	buffer_format(l->out, ", Authentication Type: %s (%u)", name ? name : "unknown", kind);
	if (kind == AUTH_SIMPLE) {
		buffer_text(l->out, "\n\tSimple text password: ");
		layer_padded(l, p + 16, 8);
	} else if (kind == AUTH_MD5) {
		buffer_format(l->out,
			      "\n\tKey-ID: %u, Auth-Length: %u, Crypto Sequence Number: "
			      "0x%08x",
			      p[18], p[19], be32(p + 20));
	}
}

/* Link-local signalling (RFC 5613), behind the packet: greetings' and descriptions' options tell of it. */
static void print_signals(struct layer *l, const uint8_t *p, uint32_t says, uint32_t length)
{
	static const struct layer_name names[] = { { 1, "Extended Options" },
						   { 2, "MD5 Authentication" } };
	static const struct layer_name flags[] = { { 1, "LSDB resync" }, { 2, "Restart" } };
	uint8_t set = p[1] == HELLO	    ? get8(l, p + HEAD_BYTES + 6)
		      : p[1] == DESCRIPTION ? get8(l, p + HEAD_BYTES + 2)
					    : 0;
	const uint8_t *end = p + length;

	if (!(set & 0x10))
		return;
	if (be16(p + 14) == AUTH_MD5)
		says += p[19];
	if (says >= length) {
		buffer_text(l->out, "\n\t[LLS truncated]");
		return;
	}
	p += says;
	buffer_format(l->out, "\n\t  LLS: checksum: 0x%04x", get16(l, p));
	buffer_format(l->out, ", length: %u", get16(l, p + 2));
	for (p += 4; p < end;) {
		uint32_t type = get16(l, p), bytes;
		const char *name = LAYER_NAME_OF(names, type);

		buffer_format(l->out, "\n\t    %s (%u)", name ? name : "Unknown TLV", type);
		bytes = get16(l, p + 2);
		buffer_format(l->out, ", length: %u", bytes);
		p += 4;
		if (type == 1 || type == 2) {
			uint32_t wanted = type == 1 ? 4 : 20;

			if (bytes != wanted)
				buffer_format(l->out, " [should be %u]", wanted);
			bytes = wanted;
			buffer_format(l->out,
				      type == 1 ? "\n\t      Options: 0x%08x ["
						: "\n\t      Sequence number: 0x%08x",
				      get32(l, p));
		}
		if (type == 1) {
			layer_bits(l, flags, sizeof(flags) / sizeof(flags[0]), be32(p), "?");
			buffer_text(l->out, "]");
		}
		p += bytes;
	}
}

/* @says: how long it is by its head; @length: by the headers before it. */
static void print_version2(struct layer *l, const uint8_t *p, uint32_t says, uint32_t length)
{
	static const uint8_t backbone[4];
	const uint8_t *end = p + (says < length ? says : length);

	layer_label(l, "\n\tRouter-ID ", p + 4);
	layer_need(l, p + 8, 4);
	if (memcmp(p + 8, backbone, 4) == 0) {
		buffer_text(l->out, ", Backbone Area");
	} else {
		layer_label(l, ", Area ", p + 8);
	}
	print_auth(l, p);
	if (be16(p + 14) > AUTH_MD5)
		return;
	if (p[0] != 2) {
		buffer_format(l->out, " ospf [version %u]", p[0]);
		return;
	}
	switch (p[1]) {
	case HELLO:
		print_hello(l, p + HEAD_BYTES, end);
		break;
	case DESCRIPTION:
		print_description(l, p + HEAD_BYTES, end);
		break;
	case REQUEST:
		print_requests(l, p + HEAD_BYTES, end);
		break;
	case UPDATE:
		print_updates(l, p + HEAD_BYTES);
		break;
	case ACKNOWLEDGE:
		print_heads(l, p + HEAD_BYTES, NULL);
		break;
	}
	if (length > says)
		print_signals(l, p, says, length);
}

void print_ospf(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	uint32_t says;
	uint8_t version, type;
	const char *name;

	layer_need(l, p, ip->v6 ? 2 : 16);
	layer_need(l, p, !ip->v6 && be16(p + 14) == AUTH_MD5 ? 18 : 2);
	version = p[0];
	type = p[1];
	name = LAYER_NAME_OF(types, type);

	buffer_format(l->out, "OSPFv%u, ", version);
	if (!name) {
		buffer_format(l->out,
			      ip->v6 ? "unknown packet type (%u), length %u"
				     : "unknown LS-type %u, length %u",
			      type, length);
		return;
	}
	/* What vouches for it stands behind it. */
	if (!ip->v6 && be16(p + 14) == AUTH_MD5 && length >= MD5_BYTES) {
		length -= MD5_BYTES;
		if (l->end - p >= MD5_BYTES)
			l->end -= MD5_BYTES;
	}
	buffer_format(l->out, "%s, length %u", name, length);
	if (!l->options->verbose)
		return;
	if (ip->v6) {
		ospf_print3(l, p, length);
		return;
	}
	says = be16(p + 2);
	if (says != length)
		buffer_format(l->out, " [len %u]", says);
	print_version2(l, p, says, length);
}
