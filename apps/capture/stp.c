/* SPDX-License-Identifier: BSD-2-Clause */
/* Spanning tree: 802.1D, 802.1w (rapid), 802.1s (multiple) and 802.1aq (shortest path bridging). */
#include "capture/layer.h"

enum {
	HEAD_BYTES = 4,
	CONFIG_BYTES = 35,
	VERSION_PLAIN = 0,
	VERSION_RAPID = 2,
	VERSION_MULTIPLE = 3,
	VERSION_BRIDGING = 4,
	MULTIPLE_BYTES = 102, /* with no instance */
	MULTIPLE_CONFIG_BYTES = 64,
	INSTANCE_BYTES = 16,
	BRIDGING_BYTES = 87,
	TYPE_CONFIG = 0,
	TYPE_RAPID = 2,
	TYPE_CHANGE = 0x80,
};

static const struct layer_name versions[] = { { VERSION_PLAIN, "802.1d" },
					      { VERSION_RAPID, "802.1w" },
					      { VERSION_MULTIPLE, "802.1s" },
					      { VERSION_BRIDGING, "802.1aq" } };

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

static const char *const roles[] = { "Unknown", "Alternate", "Root", "Designated" };

static void print_config(struct layer *l, const uint8_t *p, uint32_t length)
{
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

/* "name, rev 1,\n\t\tdigest ...": which instances of which VLANs a region has. */
static void print_region(struct layer *l, const uint8_t *name, const char *revision)
{
	layer_padded(l, name, 32);
	layer_need(l, name + 32, 18);
	buffer_format(l->out, ", %s %u,\n\t\tdigest ", revision, be16(name + 32));
	for (uint32_t i = 0; i < 4; i++)
		buffer_format(l->out, "%08x", be32(name + 34 + 4 * i));
}

static void print_instance(struct layer *l, const uint8_t *p)
{
	buffer_format(l->out, "\n\tMSTI %u, Flags [", get16(l, p + 1) & 0xfff);
	layer_bits(l, flags, sizeof(flags) / sizeof(flags[0]), p[0], "none");
	buffer_format(l->out, "], port-role %s", roles[p[0] >> 2 & 3]);
	layer_need(l, p + 1, 12);
	buffer_text(l->out, "\n\t\tMSTI regional-root-id ");
	print_bridge(l, p + 1);
	buffer_format(l->out, ", pathcost %u", be32(p + 9));
	layer_need(l, p + 13, 3);
	buffer_format(l->out, "\n\t\tMSTI bridge-prio %u, port-prio %u, hops %u", p[13] >> 4,
		      p[14] >> 4, p[15]);
}

static void print_multiple(struct layer *l, const uint8_t *p, uint32_t length)
{
	uint32_t bytes;

	buffer_text(l->out, ", CIST Flags [");
	layer_bits(l, flags, sizeof(flags) / sizeof(flags[0]), get8(l, p + 4), "none");
	buffer_format(l->out, "], length %u", length);
	if (!l->options->verbose)
		return;
	buffer_format(l->out, "\n\tport-role %s, ", roles[p[4] >> 2 & 3]);
	layer_need(l, p + 5, 12);
	buffer_text(l->out, "CIST root-id ");
	print_bridge(l, p + 5);
	buffer_format(l->out, ", CIST ext-pathcost %u", be32(p + 13));
	layer_need(l, p + 17, 8);
	buffer_text(l->out, "\n\tCIST regional-root-id ");
	print_bridge(l, p + 17);
	buffer_text(l->out, ", ");
	buffer_format(l->out, "CIST port-id %04x,", get16(l, p + 25));
	layer_need(l, p + 27, 8);
	buffer_format(l->out, "\n\tmessage-age %.2fs, max-age %.2fs, hello-time %.2fs, ",
		      seconds(l, p + 27), seconds(l, p + 29), seconds(l, p + 31));
	buffer_format(l->out, "forwarding-delay %.2fs", seconds(l, p + 33));
	bytes = get16(l, p + 36);
	buffer_format(l->out, "\n\tv3len %u, ", bytes);
	buffer_text(l->out, "MCID Name ");
	print_region(l, p + 39, "rev");
	buffer_text(l->out, ", ");
	buffer_format(l->out, "CIST int-root-pathcost %u,", get32(l, p + 89));
	layer_need(l, p + 93, 8);
	buffer_text(l->out, "\n\tCIST bridge-id ");
	print_bridge(l, p + 93);
	buffer_text(l->out, ", ");
	buffer_format(l->out, "CIST remaining-hops %u", get8(l, p + 101));
	for (p += MULTIPLE_BYTES; bytes >= MULTIPLE_CONFIG_BYTES + INSTANCE_BYTES;
	     bytes -= INSTANCE_BYTES, p += INSTANCE_BYTES)
		print_instance(l, p);
}

/* Shortest path bridging, with -v. */
static void print_bridging(struct layer *l, const uint8_t *p)
{
	if (!l->options->verbose)
		return;
	buffer_format(l->out, "\n\tv4len %u, AUXMCID Name ", get16(l, p));
	print_region(l, p + 3, "Rev");
	p += 53;
	layer_need(l, p, 34);
	buffer_format(l->out,
		      "\n\tAgreement num %u, Discarded Agreement num %u, Agreement valid-flag %u,"
		      "\n\tRestricted role-flag: %u, Format id %u cap %u, Convention id %u cap %u,",
		      p[0] >> 6, p[0] >> 4 & 3, p[0] >> 3 & 1, p[0] >> 2 & 1, p[2] >> 4, p[2],
		      p[3] >> 4, p[3]);
	buffer_format(l->out, "\n\tEdge count %u, Agreement digest ", be16(p + 4));
	for (uint32_t i = 0; i < 5; i++)
		buffer_format(l->out, "%08x", be32(p + 14 + 4 * i));
}

/* What 802.1s and later have in place of a rapid tree's. */
static void print_later(struct layer *l, const uint8_t *p, uint32_t length)
{
	uint32_t multiple, bridging;

	if (length < MULTIPLE_BYTES || get8(l, p + 35)) {
		layer_invalid(l);
		return;
	}
	multiple = get16(l, p + 36) + 2u;
	if (length < CONFIG_BYTES + 1 + multiple) {
		layer_invalid(l);
		return;
	}
	print_multiple(l, p, length);
	if (p[2] != VERSION_BRIDGING)
		return;
	bridging = get16(l, p + 36 + multiple) + 2u;
	if (length < CONFIG_BYTES + 1 + multiple + bridging || bridging < BRIDGING_BYTES)
		layer_invalid(l);
	else
		print_bridging(l, p + CONFIG_BYTES + 1 + multiple);
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
	if (p[3] == TYPE_CHANGE || (p[3] == TYPE_RAPID && p[2] == VERSION_PLAIN))
		return;
	if (p[3] == TYPE_RAPID && p[2] > VERSION_RAPID)
		print_later(l, p, length);
	else if (length < CONFIG_BYTES + (p[3] == TYPE_RAPID))
		layer_invalid(l);
	else
		print_config(l, p, length);
}
