/* SPDX-License-Identifier: BSD-2-Clause */
/* PPPoE (RFC 2516): discovery with its tags, IP in sessions, and the control protocols' first line. */
#include "capture/layer.h"

enum {
	HEAD_BYTES = 6,
	CODE_SESSION = 0,
	TAG_BYTES = 4,
	TAG_HEX_MAX = 16,
	TAG_JUDGED_MAX = 80, /* bytes by which it is told whether a tag is text */
	PPP_ADDRESS_CONTROL = 0xff03,
	PPP_IP = 0x0021,
	PPP_IP6 = 0x0057,
	PPP_MPLS = 0x0281,
	PPP_CONTROL = 0x8000,
	PPP_PAP = 0xc023,
};

static const struct layer_name codes[] = {
	{ CODE_SESSION, "" }, { 0x09, "PADI" }, { 0x07, "PADO" },
	{ 0x19, "PADR" },     { 0x65, "PADS" }, { 0xa7, "PADT" }
};

static const struct layer_name tags[] = {
	{ 0x0000, "EOL" },
	{ 0x0101, "Service-Name" },
	{ 0x0102, "AC-Name" },
	{ 0x0103, "Host-Uniq" },
	{ 0x0104, "AC-Cookie" },
	{ 0x0105, "Vendor-Specific" },
	{ 0x0110, "Relay-Session-ID" },
	{ 0x0120, "PPP-Max-Payload" },
	{ 0x0201, "Service-Name-Error" },
	{ 0x0202, "AC-System-Error" },
	{ 0x0203, "Generic-Error" },
};

static const struct layer_name protocols[] = { { PPP_IP, "IP" },     { PPP_IP6, "IP6" },
					       { PPP_MPLS, "MPLS" }, { 0x8021, "IPCP" },
					       { 0x8057, "IP6CP" },  { 0xc021, "LCP" },
					       { PPP_PAP, "PAP" },   { 0xc223, "CHAP" } };

static const struct layer_name control_codes[] = {
	{ 0, "Vendor-Extension" }, { 1, "Conf-Request" }, { 2, "Conf-Ack" },
	{ 3, "Conf-Nack" },	   { 4, "Conf-Reject" },  { 5, "Term-Request" },
	{ 6, "Term-Ack" },	   { 7, "Code-Reject" },  { 8, "Prot-Reject" },
	{ 9, "Echo-Request" },	   { 10, "Echo-Reply" },  { 11, "Disc-Req" },
};

static void print_control(struct layer *l, const char *name, const uint8_t *p, uint32_t length)
{
	const char *code;

	buffer_format(l->out, "%s, ", name);
	if (!layer_has(l, p, 4)) {
		buffer_format(l->out, "[|%s]", name);
		return;
	}
	code = LAYER_NAME_OF(control_codes, p[0]);
	if (code)
		buffer_text(l->out, code);
	else
		buffer_text(l->out, "Unknown Opcode");
	buffer_format(l->out, " (0x%02x), id %u, length %u", p[0], p[1], length + 2);
}

static void print_unknown(struct layer *l, const char *name, uint16_t protocol, const uint8_t *p,
			  uint32_t length)
{
	buffer_format(l->out, "%s PPP protocol (0x%04x) ", name ? name : "unknown", protocol);
	layer_hex_indented(l, p, layer_captured(l, p, length), "\n\t");
}

void print_ppp(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	uint32_t all = length;
	uint16_t protocol;
	const char *name;

	(void)ip;
	if (length >= 2 && get16(l, p) == PPP_ADDRESS_CONTROL) {
		p += 2;
		length -= 2;
	}
	if (length < 2) {
		layer_truncated(l, "ppp");
		return;
	}
	protocol = get16(l, p);
	name = LAYER_NAME_OF(protocols, protocol);
	if (l->options->link)
		buffer_format(l->out, "%s (0x%04x), length %u%s", name ? name : "unknown", protocol,
			      all, name ? ": " : "");
	if (l->options->link && !name)
		return;
	p += 2;
	length -= 2;
	l->depth++;
	if (l->depth > LAYER_DEPTH_MAX)
		buffer_text(l->out, "[more packets within packets]");
	else if (protocol == PPP_IP)
		print_ip4(l, p, length);
	else if (protocol == PPP_IP6)
		print_ip6(l, p, length);
	else if (protocol == PPP_MPLS)
		layer_guard(l, "mpls", print_mpls, NULL, p, length);
	else if (name && (protocol & PPP_CONTROL) && protocol != PPP_PAP)
		print_control(l, name, p, length);
	else
		print_unknown(l, name, protocol, p, length);
	l->depth--;
}

static bool is_text(const uint8_t *p, uint32_t bytes)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < bytes; i++)
		n += p[i] >= 32 && p[i] < 127;
	return n > bytes - n;
}

static void print_tag(struct layer *l, const uint8_t *p, uint32_t type, uint32_t bytes)
{
	const char *name = LAYER_NAME_OF(tags, type);

	layer_need(l, p, bytes);
	if (name)
		buffer_format(l->out, " [%s", name);
	else
		buffer_format(l->out, " [TAG-0x%x", type);
	if (bytes && is_text(p, bytes < TAG_JUDGED_MAX ? bytes : TAG_JUDGED_MAX)) {
		buffer_text(l->out, " \"");
		layer_text(l, p, bytes);
		buffer_text(l->out, "\"");
	} else if (bytes) {
		buffer_text(l->out, " 0x");
		for (uint32_t i = 0; i < bytes && i < TAG_HEX_MAX; i++)
			buffer_format(l->out, "%02X", p[i]);
		buffer_text(l->out, bytes > TAG_HEX_MAX ? "..." : "");
	}
	buffer_text(l->out, "]");
}

static void print_tags(struct layer *l, const uint8_t *p, uint32_t length)
{
	while (length >= TAG_BYTES) {
		uint32_t type = get16(l, p), bytes = get16(l, p + 2);

		p += TAG_BYTES;
		length -= TAG_BYTES;
		if (bytes > length) {
			layer_truncated(l, "pppoe");
			return;
		}
		print_tag(l, p, type, bytes);
		p += bytes;
		length -= bytes;
	}
}

void print_pppoe(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	uint32_t bytes;
	const char *name;

	if (length < HEAD_BYTES) {
		layer_truncated(l, "pppoe");
		return;
	}
	layer_need(l, p, HEAD_BYTES);
	length -= HEAD_BYTES;
	if (p[0] >> 4 != 1)
		buffer_format(l->out, " [ver %u]", p[0] >> 4);
	if ((p[0] & 15) != 1)
		buffer_format(l->out, " [type %u]", p[0] & 15);
	name = LAYER_NAME_OF(codes, p[1]);
	if (name)
		buffer_format(l->out, "PPPoE %s", name);
	else
		buffer_format(l->out, "PPPoE PAD-%X", p[1]);
	if (be16(p + 2))
		buffer_format(l->out, " [ses 0x%x]", be16(p + 2));
	bytes = be16(p + 4);
	if (!bytes)
		return;
	if (bytes > length) {
		buffer_format(l->out, " [length %u!]", length);
		bytes = length;
	}
	if (p[1] != CODE_SESSION) {
		print_tags(l, p + HEAD_BYTES, bytes);
		return;
	}
	buffer_text(l->out, " ");
	layer_guard(l, "ppp", print_ppp, ip, p + HEAD_BYTES, bytes);
}
