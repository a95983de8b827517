/* SPDX-License-Identifier: BSD-2-Clause */
/* GRE, version 0 (RFC 2784, 2890) and PPTP's version 1 (RFC 2637), and the packet within. */
#include "capture/layer.h"

enum {
	HAS_CHECKSUM = 0x8000,
	HAS_ROUTING = 0x4000,
	HAS_KEY = 0x2000,
	HAS_SEQUENCE = 0x1000,
	HAS_ACK = 0x0080,
	VERSION = 7,
	TYPE_ETHERNET = 0x6558,
	TYPE_PPP = 0x880b,
};

static const struct layer_name flag_names[] = {
	{ HAS_CHECKSUM, "checksum present" }, { HAS_ROUTING, "routing present" },
	{ HAS_KEY, "key present" },	      { HAS_SEQUENCE, "sequence# present" },
	{ 0x0800, "source routing present" }, { HAS_ACK, "ack present" },
};

/* The fields behind the first word: where they end. */
static const uint8_t *print_fields(struct layer *l, uint16_t flags, const uint8_t *p)
{
	bool pptp = flags & VERSION;

	if (!pptp && (flags & (HAS_CHECKSUM | HAS_ROUTING))) {
		if (l->options->verbose)
			buffer_format(l->out, ", sum 0x%x", get16(l, p));
		buffer_format(l->out, ", off 0x%x", get16(l, p + 2));
		p += 4;
	}
	if (flags & HAS_KEY) {
		if (pptp)
			buffer_format(l->out, ", call %u", get32(l, p) & 0xffff);
		else
			buffer_format(l->out, ", key=0x%x", get32(l, p));
		p += 4;
	}
	if (flags & HAS_SEQUENCE) {
		buffer_format(l->out, ", seq %u", get32(l, p));
		p += 4;
	}
	if (pptp && (flags & HAS_ACK)) {
		buffer_format(l->out, ", ack %u", get32(l, p));
		p += 4;
	}
	return p;
}

static void print_inner(struct layer *l, bool pptp, uint16_t type, const uint8_t *p,
			uint32_t length)
{
	if (l->depth == LAYER_DEPTH_MAX)
		return;
	l->depth++;
	if (pptp && type == TYPE_PPP)
		layer_guard(l, "ppp", print_ppp, NULL, p, length);
	else if (pptp)
		buffer_format(l->out, "gre-proto-0x%x", type);
	else if (type == TYPE_ETHERNET)
		print_ethernet(l, p, length);
	else if (!print_ethertype(l, type, p, length))
		buffer_format(l->out, "gre-proto-0x%x", type);
	l->depth--;
}

void print_gre(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	const uint8_t *start = p;
	uint16_t flags = get16(l, p), type;
	bool pptp = (flags & VERSION) == 1;

	const char *name;

	(void)ip;
	buffer_format(l->out, "GREv%u", flags & VERSION);
	if ((flags & VERSION) > 1) {
		buffer_text(l->out, " ERROR: unknown-version");
		return;
	}
	if (l->options->verbose) {
		buffer_text(l->out, ", Flags [");
		layer_bits(l, flag_names, sizeof(flag_names) / sizeof(flag_names[0]), flags,
			   "none");
		buffer_text(l->out, "]");
	}
	type = get16(l, p + 2);
	p = print_fields(l, flags, p + 4);
	if (pptp && !(flags & HAS_SEQUENCE))
		return;
	name = layer_ethertype_name(type);
	if (l->options->link)
		buffer_format(l->out, ", proto %s (0x%04x)", name ? name : "unknown", type);
	buffer_format(l->out, ", length %u", length);
	buffer_text(l->out, l->options->verbose ? "\n\t" : ": ");
	if (length >= (uint32_t)(p - start))
		print_inner(l, pptp, type, p, length - (uint32_t)(p - start));
}
