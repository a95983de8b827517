/* SPDX-License-Identifier: BSD-2-Clause */
/* 802.2 logical link control: what is in it, or its own fields. The frame's addresses are before it. */
#include "capture/layer.h"

enum {
	SAP_IP = 0x06,
	SAP_STP = 0x42,
	SAP_SNAP = 0xaa,
	CONTROL_UI = 0x03,
	CONTROL_POLL = 0x10,
	UNNUMBERED = 0x03,
	SUPERVISORY = 0x01,
	GROUP = 0x01, /* of a SSAP: a response */
};

static const struct layer_name saps[] = { { 0x00, "Null" },	{ 0x04, "SNA" },
					  { SAP_IP, "IP" },	{ SAP_STP, "STP" },
					  { SAP_SNAP, "SNAP" }, { 0xe0, "IPX" },
					  { 0xf0, "NetBeui" },	{ 0xfe, "OSI" },
					  { 0xff, "Global" } };

static const struct layer_name commands[] = { { 0x03, "ui" },	 { 0xe3, "test" }, { 0xaf, "xid" },
					      { 0x63, "ua" },	 { 0x43, "disc" }, { 0x0f, "dm" },
					      { 0x6f, "sabme" }, { 0x87, "frmr" } };

static const struct layer_name ouis[] = { { 0x000000, "Ethernet" },
					  { 0x00000c, "Cisco" },
					  { 0x0080c2, "Ethernet bridged" } };

struct llc {
	uint8_t dsap, ssap; /* without their lowest bit */
	bool group, response;
	bool unnumbered;
	uint16_t control;
	uint32_t bytes; /* of this header */
};

static const char *sap_name(uint8_t sap)
{
	const char *name = LAYER_NAME_OF(saps, sap);

	return name ? name : "Unknown";
}

static void print_head(struct layer *l, const struct llc *h)
{
	buffer_format(l->out, "LLC, dsap %s (0x%02x) %s, ssap %s (0x%02x) %s", sap_name(h->dsap),
		      h->dsap, h->group ? "Group" : "Individual", sap_name(h->ssap), h->ssap,
		      h->response ? "Response" : "Command");
	buffer_format(l->out, h->unnumbered ? ", ctrl 0x%02x: " : ", ctrl 0x%04x: ", h->control);
}

/* Which ends they are, where no link-level header was printed. */
static void print_ends(struct layer *l, const uint8_t *frame, const struct llc *h)
{
	layer_mac(l, frame + 6);
	if (h->ssap == h->dsap) {
		buffer_text(l->out, " > ");
		layer_mac(l, frame);
		buffer_format(l->out, " %s ", sap_name(h->dsap));
		return;
	}
	buffer_format(l->out, " %s > ", sap_name(h->ssap));
	layer_mac(l, frame);
	buffer_format(l->out, " %s ", sap_name(h->dsap));
}

static const char *flag_name(bool response, bool poll)
{
	if (poll)
		return response ? "Final" : "Poll";
	return response ? "Response" : "Command";
}

/* True: the bytes are to be shown. */
static bool print_fields(struct layer *l, const struct llc *h, uint32_t length)
{
	static const char *const kinds[] = { "Receiver Ready", "Receiver not Ready", "Reject",
					     "?" };
	uint8_t command = h->control & ~CONTROL_POLL & 0xff;
	const char *name = LAYER_NAME_OF(commands, command);

	if (h->unnumbered) {
		if (name)
			buffer_format(l->out, "Unnumbered, %s", name);
		else
			buffer_format(l->out, "Unnumbered, %02x", command);
		buffer_format(l->out, ", Flags [%s], length %u",
			      flag_name(h->response, h->control & CONTROL_POLL), length);
		return true;
	}
	if ((h->control & 3) == SUPERVISORY)
		buffer_format(l->out, "Supervisory, %s", kinds[h->control >> 2 & 3]);
	else
		buffer_format(l->out, "Information, send seq %u", h->control >> 1 & 0x7f);
	buffer_format(l->out, ", rcv seq %u, Flags [%s], length %u", h->control >> 9,
		      flag_name(h->response, h->control & 0x100), length);
	return false;
}

/* True: what it holds was printed. */
static bool print_snap(struct layer *l, const uint8_t *p, uint32_t length)
{
	uint32_t oui;
	uint16_t type;
	const char *name, *type_name;

	layer_need(l, p, 5);
	if (length < 5)
		return false;
	oui = be32(p) >> 8;
	type = be16(p + 3);
	name = LAYER_NAME_OF(ouis, oui);
	type_name = oui ? NULL : layer_ethertype_name(type);
	if (l->options->link)
		buffer_format(l->out, "oui %s (0x%06x), %s %s (0x%04x), length %u: ",
			      name ? name : "Unknown", oui, oui ? "pid" : "ethertype",
			      type_name ? type_name : "Unknown", type, length - 5);
	if (!l->depth)
		l->link_bytes += 5;
	return !oui && print_ethertype(l, type, p + 5, length - 5);
}

static void read_head(struct layer *l, const uint8_t *p, struct llc *h)
{
	*h = (struct llc){
		.dsap = get8(l, p) & ~1u,
		.group = p[0] & 1,
		.ssap = get8(l, p + 1) & ~1u,
		.response = p[1] & GROUP,
		.control = get8(l, p + 2),
		.bytes = 3,
	};
	if (p[0] == 0xff)
		h->dsap = 0xff;
	h->unnumbered = (h->control & 3) == UNNUMBERED;
	if (h->unnumbered)
		return;
	h->control |= (uint16_t)(get8(l, p + 3) << 8);
	h->bytes = 4;
}

void print_llc(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	struct llc h;

	if (length < 3) {
		layer_truncated(l, "llc");
		return;
	}
	if (!layer_has(l, p, 3)) {
		layer_truncated(l, "llc");
		layer_rest(l, p, length);
		return;
	}
	read_head(l, p, &h);
	if (length < h.bytes) {
		layer_truncated(l, "llc");
		return;
	}
	if (!l->depth)
		l->link_bytes += h.bytes;
	if (l->options->link)
		print_head(l, &h);
	if (h.control == CONTROL_UI && h.dsap == h.ssap && !h.group) {
		if (h.dsap == SAP_SNAP && print_snap(l, p + 3, length - 3))
			return;
		if (h.dsap == SAP_STP) {
			layer_guard(l, "stp", print_stp, ip, p + 3, length - 3);
			return;
		}
		if (h.dsap == SAP_IP) {
			print_ip4(l, p + 3, length - 3);
			return;
		}
	}
	if (!l->options->link)
		print_ends(l, l->frame, &h);
	if (print_fields(l, &h, length))
		layer_rest(l, p, length);
}
