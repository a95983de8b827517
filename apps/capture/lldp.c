/* SPDX-License-Identifier: BSD-2-Clause */
/* LLDP (802.1AB): the system's name, and with -v its fields; those of organizations by name. */
#include "capture/layer.h"

enum {
	TLV_END = 0,
	TLV_CHASSIS = 1,
	TLV_PORT = 2,
	TLV_LIFETIME = 3,
	TLV_PORT_TEXT = 4,
	TLV_SYSTEM_NAME = 5,
	TLV_SYSTEM_TEXT = 6,
	TLV_CAPABILITIES = 7,
	TLV_ADDRESS = 8,
	TLV_PRIVATE = 127,
	OUI_BYTES = 3,
	OUI_BRIDGED = 0x0080c2,
	OUI_ETHERNET = 0x00120f,
};

enum id_form {
	ID_TEXT,
	ID_MAC,
	ID_ADDRESS
};

static const struct layer_name tlvs[] = {
	{ TLV_END, "End" },
	{ TLV_CHASSIS, "Chassis ID" },
	{ TLV_PORT, "Port ID" },
	{ TLV_LIFETIME, "Time to Live" },
	{ TLV_PORT_TEXT, "Port Description" },
	{ TLV_SYSTEM_NAME, "System Name" },
	{ TLV_SYSTEM_TEXT, "System Description" },
	{ TLV_CAPABILITIES, "System Capabilities" },
	{ TLV_ADDRESS, "Management Address" },
	{ TLV_PRIVATE, "Organization specific" },
};

static const struct layer_name chassis_kinds[] = {
	{ 1, "Chassis component" },
	{ 2, "Interface alias" },
	{ 3, "Port component" },
	{ 4, "MAC address" },
	{ 5, "Network address" },
	{ 6, "Interface name" },
	{ 7, "Local" },
};

static const struct layer_name port_kinds[] = {
	{ 1, "Interface alias" }, { 2, "Port component" }, { 3, "MAC address" },
	{ 4, "Network Address" }, { 5, "Interface Name" }, { 6, "Agent circuit ID" },
	{ 7, "Local" },
};

static const struct layer_name capabilities[] = {
	{ 0x01, "Other" },  { 0x02, "Repeater" },  { 0x04, "Bridge" }, { 0x08, "WLAN AP" },
	{ 0x10, "Router" }, { 0x20, "Telephone" }, { 0x40, "Docsis" }, { 0x80, "Station Only" },
};

static const struct layer_name numberings[] = { { 1, "Unknown" },
						{ 2, "Interface Index" },
						{ 3, "System Port Number" } };

static const struct layer_name ouis[] = {
	{ OUI_BRIDGED, "Ethernet bridged" },
	{ OUI_ETHERNET, "IEEE 802.3 Private" },
	{ 0x0012bb, "ANSI/TIA" },
	{ 0x000ecf, "Profibus" },
};

static void print_address(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	char text[INET6_ADDRSTRLEN];

	if (!bytes)
		return;
	layer_need(l, p, bytes);
	if (p[0] == 1 && bytes >= 5)
		buffer_format(l->out, "AFI IPv4 (1): %s", layer_address(p + 1, false, text));
	else if (p[0] == 2 && bytes >= 17)
		buffer_format(l->out, "AFI IPv6 (2): %s", layer_address(p + 1, true, text));
	else
		buffer_format(l->out, "AFI %u, no AF printer !", p[0]);
}

/* Who or where: a kind of id, and it. */
static void print_id(struct layer *l, bool chassis, const uint8_t *p, uint32_t bytes)
{
	uint8_t kind = get8(l, p);
	const char *name =
		chassis ? LAYER_NAME_OF(chassis_kinds, kind) : LAYER_NAME_OF(port_kinds, kind);
	enum id_form form = kind == (chassis ? 4 : 3)	? ID_MAC
			    : kind == (chassis ? 5 : 4) ? ID_ADDRESS
							: ID_TEXT;

	buffer_format(l->out, "\n\t  Subtype %s (%u): ", name ? name : "Unknown", kind);
	if (form == ID_MAC && bytes >= 7)
		layer_mac(l, p + 1);
	else if (form == ID_ADDRESS)
		print_address(l, p + 1, bytes - 1);
	else if (name) {
		layer_need(l, p, bytes);
		layer_text(l, p + 1, bytes - 1);
	}
}

static void print_capabilities(struct layer *l, const uint8_t *p)
{
	uint16_t has = get16(l, p), on = get16(l, p + 2);

	buffer_text(l->out, "\n\t  System  Capabilities [");
	layer_bits(l, capabilities, sizeof(capabilities) / sizeof(capabilities[0]), has, "none");
	buffer_format(l->out, "] (0x%04x)\n\t  Enabled Capabilities [", has);
	layer_bits(l, capabilities, sizeof(capabilities) / sizeof(capabilities[0]), on, "none");
	buffer_format(l->out, "] (0x%04x)", on);
}

static void print_management(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	uint32_t n = get8(l, p), oid;
	const char *name;

	if (n + 7 > bytes)
		return;
	buffer_format(l->out, "\n\t  Management Address length %u, ", n);
	print_address(l, p + 1, n);
	p += 1 + n;
	layer_need(l, p, 6);
	name = LAYER_NAME_OF(numberings, p[0]);
	buffer_format(l->out, "\n\t  %s Interface Numbering (%u): %u", name ? name : "Unknown",
		      p[0], be32(p + 1));
	oid = p[5];
	if (oid && n + 7 + oid <= bytes) {
		layer_need(l, p + 6, oid);
		buffer_format(l->out, "\n\t  OID length %u: ", oid);
		layer_text(l, p + 6, oid);
	}
}

/* True: its bytes are to be shown too. */
static bool print_private(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	const char *name;
	uint32_t oui;

	layer_need(l, p, bytes);
	if (bytes < OUI_BYTES + 1)
		return true;
	oui = (uint32_t)be16(p) << 8 | p[2];
	name = LAYER_NAME_OF(ouis, oui);
	buffer_format(l->out, ": OUI %s (0x%06x)", name ? name : "Unknown", oui);
	p += OUI_BYTES;
	if (oui == OUI_BRIDGED && p[0] == 1 && bytes == OUI_BYTES + 3)
		buffer_format(l->out,
			      "\n\t  Port VLAN Id Subtype (1)\n\t    port vlan id (PVID): %u",
			      be16(p + 1));
	else if (oui == OUI_ETHERNET && p[0] == 4 && bytes == OUI_BYTES + 3)
		buffer_format(l->out, "\n\t  Max frame size Subtype (4)\n\t    MTU size %u",
			      be16(p + 1));
	else
		return true;
	return false;
}

/* True: its bytes are to be shown too. */
static bool print_body(struct layer *l, uint32_t type, const uint8_t *p, uint32_t bytes)
{
	switch (type) {
	case TLV_CHASSIS:
	case TLV_PORT:
		if (bytes >= 2)
			print_id(l, type == TLV_CHASSIS, p, bytes);
		return false;
	case TLV_LIFETIME:
		buffer_format(l->out, ": TTL %us", get16(l, p));
		return false;
	case TLV_SYSTEM_TEXT:
		layer_need(l, p, bytes);
		buffer_text(l->out, "\n\t  ");
		layer_text(l, p, bytes);
		return false;
	case TLV_PORT_TEXT:
	case TLV_SYSTEM_NAME:
		layer_need(l, p, bytes);
		buffer_text(l->out, ": ");
		layer_text(l, p, bytes);
		return false;
	case TLV_CAPABILITIES:
		print_capabilities(l, p);
		return false;
	case TLV_ADDRESS:
		print_management(l, p, bytes);
		return false;
	case TLV_PRIVATE:
		return print_private(l, p, bytes);
	}
	return type != TLV_END;
}

/* Without -v only the system's name. */
static void print_tlv(struct layer *l, uint32_t type, const uint8_t *p, uint32_t bytes)
{
	const char *name = LAYER_NAME_OF(tlvs, type);
	bool show;

	if (!l->options->verbose) {
		layer_need(l, p, bytes);
		if (type == TLV_SYSTEM_NAME) {
			buffer_text(l->out, ": ");
			layer_text(l, p, bytes);
		}
		return;
	}
	buffer_format(l->out, "\n\t%s TLV (%u), length %u", name ? name : "Unknown", type, bytes);
	layer_need(l, p, bytes);
	show = print_body(l, type, p, bytes);
	if (bytes && (show || l->options->verbose > 1))
		layer_hex_indented(l, p, bytes, "\n\t  ");
}

void print_lldp(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	(void)ip;
	buffer_format(l->out, "LLDP, length %u", length);
	while (length >= 2) {
		uint32_t type = get16(l, p) >> 9, bytes = be16(p) & 0x1ff;

		p += 2;
		length -= 2;
		if (bytes > length) {
			layer_invalid(l);
			return;
		}
		print_tlv(l, type, p, bytes);
		if (type == TLV_END)
			return;
		p += bytes;
		length -= bytes;
	}
}
