/* SPDX-License-Identifier: BSD-2-Clause */
/* Spanning tree: 802.1D and 802.1w (rapid); later kinds by name only. */
#include "capture/layer.h"

enum {
	HEAD_BYTES = 4,
	CONFIG_BYTES = 35,
	VERSION_PLAIN = 0,
	VERSION_RAPID = 2,
	TYPE_CONFIG = 0,
	TYPE_RAPID = 2,
	TYPE_CHANGE = 0x80,
};

static const struct layer_name versions[] = {
	{ VERSION_PLAIN, "802.1d" }, { VERSION_RAPID, "802.1w" }, { 3, "802.1s" }, { 4, "802.1aq" }
};

static const struct layer_name types[] = { { TYPE_CONFIG, "Config" },
					   { TYPE_RAPID, "Rapid STP" },
					   { TYPE_CHANGE, "Topology Change" } };

static const struct layer_name flags[] = {
	{ 0x01, "Topology change" }, { 0x02, "Proposal" },  { 0x10, "Learn" },
	{ 0x20, "Forward" },	     { 0x40, "Agreement" }, { 0x80, "Topology change ACK" },
};

/* A bridge's priority and address. */
static void print_bridge(struct layer *l, const uint8_t *p)
{
	buffer_format(l->out, "%04x.", get16(l, p));
	layer_mac(l, p + 2);
}

/* In units of 1/256 second. */
static double seconds(struct layer *l, const uint8_t *p)
{
	return get16(l, p) / 256.0;
}

static void print_config(struct layer *l, const uint8_t *p, uint32_t length)
{
	static const char *const roles[] = { "Unknown", "Alternate", "Root", "Designated" };

	uint8_t set = get8(l, p + 4);

	buffer_text(l->out, ", Flags [");
	layer_bits(l, flags, sizeof(flags) / sizeof(flags[0]), set, "none");
	buffer_text(l->out, "]");
	layer_need(l, p + 17, 10);
	buffer_text(l->out, ", bridge-id ");
	print_bridge(l, p + 17);
	buffer_format(l->out, ".%04x, length %u", be16(p + 25), length);
	if (!l->options->verbose)
		return;
	layer_need(l, p, CONFIG_BYTES);
	buffer_format(l->out, "\n\tmessage-age %.2fs, max-age %.2fs, hello-time %.2fs, ",
		      seconds(l, p + 27), seconds(l, p + 29), seconds(l, p + 31));
	buffer_format(l->out, "forwarding-delay %.2fs\n\troot-id ", seconds(l, p + 33));
	print_bridge(l, p + 5);
	buffer_format(l->out, ", root-pathcost %u", get32(l, p + 13));
	if (p[3] == TYPE_RAPID)
		buffer_format(l->out, ", port-role %s", roles[p[4] >> 2 & 3]);
}

void print_stp(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	const char *name;

	(void)ip;
	if (length < HEAD_BYTES) {
		layer_invalid(l);
		return;
	}
	if (get16(l, p)) {
		buffer_format(l->out, "unknown STP version, length %u", length);
		return;
	}
	name = LAYER_NAME_OF(versions, get8(l, p + 2));
	if (!name) {
		buffer_format(l->out, "STP Unknown STP protocol (0x%02x)", p[2]);
		return;
	}
	buffer_format(l->out, "STP %s", name);
	name = LAYER_NAME_OF(types, get8(l, p + 3));
	if (!name) {
		buffer_format(l->out, ", Unknown BPDU Type (0x%02x)", p[3]);
		return;
	}
	buffer_format(l->out, ", %s", name);
	if (p[3] == TYPE_CHANGE || p[2] > VERSION_RAPID)
		return;
	if (length < CONFIG_BYTES + (p[3] == TYPE_RAPID))
		layer_invalid(l);
	else
		print_config(l, p, length);
}
