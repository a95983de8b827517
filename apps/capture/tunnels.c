/* SPDX-License-Identifier: BSD-2-Clause */
/* What carries packets in UDP: VXLAN (RFC 7348) and its kin, Geneve (RFC 8926), ESP and IKE (RFC 3948). */
#include "capture/ike.h"
#include "capture/layer.h"

enum {
	VXLAN_BYTES = 8,
	TYPE_ETHERNET = 0x6558,
	INSIDE_IP4 = 1,
	INSIDE_IP6 = 2,
	INSIDE_ETHERNET = 3,
	IKE_BYTES = 28,
	IKE_EXCHANGE = 18,
	IKE_FLAGS = 19,
	IKE_ENCRYPTED = 1, /* version 1 */
	IKE_COMMIT = 2,
	IKE2_INITIATOR = 0x08,
	IKE2_HIGHER = 0x10,
	IKE2_RESPONSE = 0x20,
};

static void print_frame(struct layer *l, const uint8_t *p, uint32_t length)
{
	if (l->depth == LAYER_DEPTH_MAX) {
		buffer_text(l->out, "[more packets within packets]");
		return;
	}
	l->depth++;
	print_ethernet(l, p, length);
	l->depth--;
}

/* The texts of the bits that are set, or @none. */
static void print_letters(struct layer *l, const char *const *names, uint8_t bits, const char *none)
{
	for (uint32_t i = 0; i < 8; i++)
		if (bits & 0x80u >> i)
			buffer_text(l->out, names[i]);
	if (!bits)
		buffer_text(l->out, none);
}

void print_vxlan(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	uint8_t flags;

	(void)ip;
	buffer_text(l->out, "VXLAN");
	if (length < VXLAN_BYTES) {
		layer_invalid(l);
		return;
	}
	flags = get8(l, p);
	buffer_format(l->out, ", flags [%s] (0x%02x), ", flags & 8 ? "I" : "invalid", flags);
	layer_need(l, p, 7);
	buffer_format(l->out, "vni %u\n", be32(p + 3) & 0xffffff);
	layer_need(l, p, VXLAN_BYTES);
	print_frame(l, p + VXLAN_BYTES, length - VXLAN_BYTES);
}

void print_otv(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	(void)ip;
	buffer_text(l->out, "OTV, ");
	if (length < VXLAN_BYTES) {
		buffer_format(l->out, "[length %u < %u]", length, VXLAN_BYTES);
		layer_invalid(l);
		layer_need(l, p, length);
		return;
	}
	buffer_format(l->out, "flags [%s] (0x%02x), ", get8(l, p) & 8 ? "I" : ".", p[0]);
	layer_need(l, p, 4);
	buffer_format(l->out, "overlay %u, ", be32(p) & 0xffffff);
	layer_need(l, p, 7);
	buffer_format(l->out, "instance %u\n", be32(p + 3) & 0xffffff);
	layer_need(l, p, VXLAN_BYTES);
	print_frame(l, p + VXLAN_BYTES, length - VXLAN_BYTES);
}

void print_vxlan_gpe(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	static const char *const names[] = { "", "", "", "", "I", "P", "B", "O" };

	(void)ip;
	buffer_text(l->out, "VXLAN-GPE, ");
	if (length < VXLAN_BYTES) {
		buffer_format(l->out, " (len %u < %u)", length, VXLAN_BYTES);
		layer_invalid(l);
		return;
	}
	layer_need(l, p, 1);
	buffer_text(l->out, "flags [");
	print_letters(l, names, p[0] & 15, "none");
	buffer_text(l->out, "], ");
	layer_need(l, p, VXLAN_BYTES);
	buffer_format(l->out, "vni %u%s", be32(p + 3) & 0xffffff,
		      l->options->verbose ? "\n    " : ": ");
	length -= VXLAN_BYTES;
	if (p[3] == INSIDE_IP4) {
		layer_inner(l, p + VXLAN_BYTES, length, false);
	} else if (p[3] == INSIDE_IP6) {
		layer_inner(l, p + VXLAN_BYTES, length, true);
	} else if (p[3] == INSIDE_ETHERNET) {
		print_frame(l, p + VXLAN_BYTES, length);
	} else {
		buffer_text(l->out, "ERROR: unknown-next-protocol");
		layer_invalid(l);
	}
}

static const char *option_class(uint16_t class)
{
	static const struct layer_name names[] = { { 0x100, "Linux" },
						   { 0x101, "Open vSwitch" },
						   { 0x102, "Open Virtual Networking (OVN)" },
						   { 0x103, "In-band Network Telemetry (INT)" },
						   { 0x104, "VMware" } };
	const char *name = LAYER_NAME_OF(names, class);

	if (name)
		return name;
	return class <= 0xff ? "Standard" : class >= 0xfff0 ? "Experimental" : "Unknown";
}

static void print_geneve_options(struct layer *l, const uint8_t *p, uint32_t left)
{
	for (const char *comma = ""; left; comma = ", ") {
		uint32_t bytes = 4 + (p[3] & 31) * 4u;

		buffer_format(l->out, "%sclass %s (0x%x) type 0x%x%s len %u", comma,
			      option_class(be16(p)), be16(p), p[2], p[2] & 0x80 ? "(C)" : "",
			      bytes);
		if (bytes > left) {
			buffer_text(l->out, " [bad length]");
			return;
		}
		if (l->options->verbose > 1 && bytes > 4)
			buffer_text(l->out, " data");
		for (uint32_t at = 4; l->options->verbose > 1 && at < bytes; at += 4)
			buffer_format(l->out, " %08x", be32(p + at));
		p += bytes;
		left -= bytes;
	}
}

static void print_geneve_inner(struct layer *l, uint16_t type, const uint8_t *p, uint32_t length)
{
	if (type == TYPE_ETHERNET) {
		print_frame(l, p, length);
		return;
	}
	if (l->depth == LAYER_DEPTH_MAX) {
		buffer_text(l->out, "[more packets within packets]");
		return;
	}
	l->depth++;
	if (!print_ethertype(l, type, p, length))
		buffer_format(l->out, "geneve-proto-0x%x", type);
	l->depth--;
}

void print_geneve(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	static const char *const names[] = { "O", "C", "R1", "R2", "R3", "R4", "R5", "R6" };
	const char *name;
	uint32_t options;

	(void)ip;
	buffer_text(l->out, "Geneve");
	if (length < 8) {
		buffer_format(l->out, " [length %u < 8]", length);
		layer_invalid(l);
		return;
	}
	layer_need(l, p, 8);
	if (p[0] >> 6) {
		buffer_format(l->out, " ERROR: unknown-version %u", p[0] >> 6);
		return;
	}
	buffer_text(l->out, ", Flags [");
	print_letters(l, names, p[1], "none");
	buffer_format(l->out, "], vni 0x%x", be32(p + 4) >> 8);
	if (p[7])
		buffer_format(l->out, ", rsvd 0x%x", p[7]);
	name = layer_ethertype_name(be16(p + 2));
	if (l->options->link)
		buffer_format(l->out, ", proto %s (0x%04x)", name ? name : "unknown", be16(p + 2));
	options = (p[0] & 63) * 4u;
	length -= 8;
	if (length < options) {
		buffer_format(l->out, " truncated-geneve - %u bytes missing", options - length);
		return;
	}
	layer_need(l, p + 8, options);
	if (options) {
		buffer_text(l->out, ", options [");
		if (l->options->verbose)
			print_geneve_options(l, p + 8, options);
		else
			buffer_format(l->out, "%u bytes", options);
		buffer_text(l->out, "]");
	}
	buffer_text(l->out, l->options->verbose ? "\n\t" : ": ");
	print_geneve_inner(l, be16(p + 2), p + 8 + options, length - options);
}

/* --- IKE: whose message of which exchange it is, without what it holds ---------------------------- */

static void print_exchange(struct layer *l, uint8_t type)
{
	static const struct layer_name names[] = {
		{ 0, "none" },		{ 1, "base" },
		{ 2, "ident" },		{ 3, "auth" },
		{ 4, "agg" },		{ 5, "inf" },
		{ 32, "oakley-quick" }, { 33, "oakley-newgroup" },
		{ 34, "ikev2_init" },	{ 35, "ikev2_auth" },
		{ 36, "child_sa" },	{ 37, "inf2" },
	};
	const char *name = LAYER_NAME_OF(names, type);

	if (name)
		buffer_format(l->out, " %s", name);
	else
		buffer_format(l->out, " #%u", type);
}

static void print_ike1(struct layer *l, const struct layer_ip *ip, const uint8_t *p)
{
	static const uint8_t nobody[8];
	uint8_t flags = p[IKE_FLAGS];

	buffer_text(l->out, be32(p + 20) ? " phase 2/others " : " phase 1 ");
	buffer_format(l->out, "%c",
		      ike_side(line_ike(l->line), ip, p, memcmp(p + 8, nobody, 8) == 0));
	print_exchange(l, p[IKE_EXCHANGE]);
	if (flags)
		buffer_format(l->out, "[%s%s]", flags & IKE_ENCRYPTED ? "E" : "",
			      flags & IKE_COMMIT ? "C" : "");
}

static void print_ike2(struct layer *l, const uint8_t *p)
{
	uint8_t flags = p[IKE_FLAGS];

	buffer_text(l->out, be32(p + 20) ? " child_sa " : " parent_sa");
	print_exchange(l, p[IKE_EXCHANGE]);
	if (flags)
		buffer_format(l->out, "[%s%s%s]", flags & IKE2_INITIATOR ? "I" : "",
			      flags & IKE2_HIGHER ? "V" : "", flags & IKE2_RESPONSE ? "R" : "");
}

void print_ike(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	layer_need(l, p, IKE_BYTES);
	buffer_text(l->out, "isakmp");
	if (l->options->verbose)
		buffer_format(l->out, " %u.%u msgid %08x", p[17] >> 4, p[17] & 15, be32(p + 20));
	if (l->options->verbose > 1)
		buffer_format(l->out, " cookie %08x%08x->%08x%08x", be32(p), be32(p + 4),
			      be32(p + 8), be32(p + 12));
	buffer_text(l->out, ":");
	if (p[17] >> 4 == 1)
		print_ike1(l, ip, p);
	else if (p[17] >> 4 == 2)
		print_ike2(l, p);
	else
		return;
	if (!l->options->verbose)
		return;
	buffer_text(l->out, ":");
	if (be32(p + 24) != length)
		buffer_format(l->out, " (len mismatch: isakmp %u/ip %u)", be32(p + 24), length);
}

void print_natt(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	if (length == 1 && get8(l, p) == 0xff) {
		buffer_text(l->out, "isakmp-nat-keep-alive");
		return;
	}
	if (length < 4) {
		layer_truncated(l, "isakmp_rfc3948");
		return;
	}
	if (get32(l, p)) {
		buffer_text(l->out, "UDP-encap: ");
		print_esp(l, p, length);
		return;
	}
	buffer_text(l->out, "NONESP-encap: ");
	layer_guard(l, "isakmp", print_ike, ip, p + 4, length - 4);
}
