/* SPDX-License-Identifier: BSD-2-Clause */
/* BOOTP and DHCP (RFC 951, RFC 2131, options of RFC 2132 and later). */
#include "capture/layer.h"

enum {
	FILE_AT = 108,
	FILE_BYTES = 128,
	NAME_AT = 44,
	NAME_BYTES = 64,
	VENDOR_AT = 236,
	COOKIE = 0x63825363,
	COOKIE_CMU = 0x434d5500,
	TAG_PAD = 0,
	TAG_NODE = 46,
	TAG_OVERLOAD = 52,
	TAG_MESSAGE = 53,
	TAG_WISHES = 55,
	TAG_CLIENT = 61,
	TAG_USER_CLASS = 77,
	TAG_FQDN = 81,
	TAG_AGENT = 82,
	TAG_ROUTES = 121,
	TAG_ROUTES_MICROSOFT = 249,
	TAG_END = 255,
};

/*
 * How an option's bytes are shown: i addresses, p pairs of them, l and L numbers of four bytes, s of two, b
 * of one, B yes or no, a text, $ its own way.
 */
static const struct {
	uint8_t tag;
	char form;
	const char *name;
} tags[] = {
	/* clang-format off */
	{ 0, ' ', "PAD" }, { 1, 'i', "Subnet-Mask" }, { 2, 'L', "Time-Zone" }, { 3, 'i', "Default-Gateway" },
	{ 4, 'i', "Time-Server" }, { 5, 'i', "IEN-Name-Server" }, { 6, 'i', "Domain-Name-Server" },
	{ 7, 'i', "LOG" }, { 8, 'i', "CS" }, { 9, 'i', "LPR-Server" }, { 10, 'i', "IM" }, { 11, 'i', "RL" },
	{ 12, 'a', "Hostname" }, { 13, 's', "BS" }, { 14, 'a', "DP" }, { 15, 'a', "Domain-Name" },
	{ 16, 'i', "SS" }, { 17, 'a', "RP" }, { 18, 'a', "EP" }, { 19, 'B', "IPF" }, { 20, 'B', "SRT" },
	{ 21, 'p', "PF" }, { 22, 's', "RSZ" }, { 23, 'b', "TTL" }, { 24, 'l', "MTU-Timeout" },
	{ 25, 's', "MTU-Table" }, { 26, 's', "MTU" }, { 27, 'B', "LSN" }, { 28, 'i', "BR" },
	{ 29, 'B', "MD" }, { 30, 'B', "MS" }, { 31, 'B', "Router-Discovery" }, { 32, 'i', "RSA" },
	{ 33, 'p', "Static-Route" }, { 34, 'B', "UT" }, { 35, 'l', "AT" }, { 36, 'B', "IE" },
	{ 37, 'b', "TT" }, { 38, 'l', "KI" }, { 39, 'B', "KG" }, { 40, 'a', "YD" }, { 41, 'i', "YS" },
	{ 42, 'i', "NTP" }, { 43, 'b', "Vendor-Option" }, { 44, 'i', "Netbios-Name-Server" },
	{ 45, 'i', "WDD" }, { TAG_NODE, '$', "Netbios-Node" }, { 47, 'a', "Netbios-Scope" },
	{ 48, 'i', "XFS" }, { 49, 'i', "XDM" }, { 50, 'i', "Requested-IP" }, { 51, 'l', "Lease-Time" },
	{ TAG_OVERLOAD, '$', "OO" }, { TAG_MESSAGE, ' ', "DHCP-Message" }, { 54, 'i', "Server-ID" },
	{ TAG_WISHES, 'b', "Parameter-Request" }, { 56, 'a', "MSG" }, { 57, 's', "MSZ" }, { 58, 'l', "RN" },
	{ 59, 'l', "RB" }, { 60, 'a', "Vendor-Class" }, { TAG_CLIENT, '$', "Client-ID" }, { 64, 's', "N+D" },
	{ 65, 'i', "N+S" }, { 66, 'a', "TFTP" }, { 67, 'a', "BF" }, { 68, 'i', "MH" }, { 69, 'i', "SMTP" },
	{ 70, 'i', "POP3" }, { 71, 'i', "NNTP" }, { 72, 'i', "WWW" }, { 73, 'i', "FG" }, { 74, 'i', "IRC" },
	{ 75, 'i', "STS" }, { 76, 'i', "STDA" }, { TAG_USER_CLASS, '$', "User-Class" }, { 78, 'b', "SLP-DA" },
	{ 79, 'b', "SLP-SCOPE" }, { 80, 'a', "SLP-NA" }, { TAG_FQDN, '$', "FQDN" },
	{ TAG_AGENT, '$', "Agent-Information" }, { 83, 'b', "ARMT" }, { 88, 'a', "TZSTR" },
	{ 89, 'b', "FQDNS" }, { 90, 'b', "AUTH" }, { 91, 'L', "Last-Transaction-Time" },
	{ 92, 'i', "Associated-IP" }, { 93, 's', "ARCH" }, { 94, 'b', "NDI" }, { 95, 'a', "LDAP" },
	{ 97, 'b', "GUID" }, { 98, 'a', "UAP" }, { 100, 'a', "POSIX-TZ" }, { 101, 'a', "TZ-Name" },
	{ 112, 'i', "NI" }, { 113, 'a', "NITAG" }, { 114, 'a', "URL" }, { 116, 'B', "NOAUTO" },
	{ 117, 's', "NSSEARCH" }, { 118, 'i', "SUBNET" }, { TAG_ROUTES, '$', "Classless-Static-Route" },
	{ 150, 'i', "TFTP-Server-Address" }, { 161, 'a', "MUD-URL" },
	{ TAG_ROUTES_MICROSOFT, '$', "Classless-Static-Route-Microsoft" }, { TAG_END, ' ', "END" },
	/* clang-format on */
};

static const struct layer_name messages[] = {
	{ 1, "Discover" },	   { 2, "Offer" },	   { 3, "Request" },
	{ 4, "Decline" },	   { 5, "ACK" },	   { 6, "NACK" },
	{ 7, "Release" },	   { 8, "Inform" },	   { 10, "LeaseQuery" },
	{ 11, "LeaseUnassigned" }, { 12, "LeaseUnknown" }, { 13, "LeaseActive" },
};

static const char *tag_name(uint8_t tag, char *form)
{
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (tags[i].tag == tag) {
			*form = tags[i].form;
			return tags[i].name;
		}
	*form = '?';
	return "Unknown";
}

/* The value's name, or @format of the value. */
static void print_name(struct layer *l, const char *name, const char *format, uint32_t value)
{
	if (name)
		buffer_text(l->out, name);
	else
		buffer_format(l->out, format, value);
}

static void print_quoted(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	buffer_text(l->out, "\"");
	layer_text(l, p, bytes);
	buffer_text(l->out, "\"");
}

/* Values of the same size; what is left over. */
static uint32_t print_values(struct layer *l, char form, const uint8_t *p, uint32_t bytes)
{
	static const uint8_t sizes[] = { ['i'] = 4, ['l'] = 4, ['L'] = 4, ['p'] = 8, ['s'] = 2 };
	uint32_t size =
		(uint8_t)form < sizeof(sizes) && sizes[(uint8_t)form] ? sizes[(uint8_t)form] : 1;
	const char *comma = "";

	for (; bytes >= size; p += size, bytes -= size) {
		buffer_text(l->out, comma);
		comma = form == 'b' || form == ' ' ? "." : ",";
		if (form == 'i') {
			layer_dotted(l, p);
		} else if (form == 'L') {
			buffer_format(l->out, "%d", (int32_t)be32(p));
		} else if (form == 'l') {
			buffer_format(l->out, "%u", be32(p));
		} else if (form == 'p') {
			layer_label(l, "(", p);
			layer_label(l, ":", p + 4);
			buffer_text(l->out, ")");
		} else if (form == 's') {
			buffer_format(l->out, "%u", be16(p));
		} else if (form == 'B' && p[0] < 2) {
			buffer_text(l->out, p[0] ? "Y" : "N");
		} else {
			buffer_format(l->out, form == 'B' ? "%u?" : "%u", p[0]);
		}
	}
	return bytes;
}

static void print_wishes(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	char form;

	for (uint32_t i = 0; i < bytes; i++)
		buffer_format(l->out, "%s%s (%u)", i % 4 ? ", " : "\n\t      ",
			      tag_name(p[i], &form), p[i]);
}

static void print_fqdn(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	static const char letters[] = "SOEN";

	if (bytes < 3) {
		buffer_text(l->out, "[ERROR: length < 3 bytes]");
		return;
	}
	if (p[0] >> 4)
		buffer_format(l->out, "[ERROR: MBZ nibble 0x%x != 0] ", p[0] >> 4);
	if (p[0] & 15) {
		buffer_text(l->out, "[");
		for (uint32_t i = 0; i < 4; i++)
			if (p[0] & 1u << i)
				buffer_format(l->out, "%c", letters[i]);
		buffer_text(l->out, "] ");
	}
	if (p[1] || p[2])
		buffer_format(l->out, "%u/%u ", p[1], p[2]);
	print_quoted(l, p + 3, bytes - 3);
}

static void print_client(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	static const struct layer_name kinds[] = { { 1, "ether" },  { 6, "ieee802" },
						   { 7, "arcnet" }, { 15, "frelay" },
						   { 23, "strip" }, { 24, "ieee1394" } };

	if (!bytes) {
		buffer_text(l->out, "[ERROR: length < 1 bytes]");
		return;
	}
	if (!p[0]) {
		print_quoted(l, p + 1, bytes - 1);
		return;
	}
	print_name(l, LAYER_NAME_OF(kinds, p[0]), "hardware-type %u,", p[0]);
	buffer_text(l->out, " ");
	for (uint32_t i = 1; i < bytes; i++)
		buffer_format(l->out, i > 1 ? ":%02x" : "%02x", p[i]);
}

/* What a relay adds (RFC 3046); what is left over. */
static uint32_t print_agent(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	static const struct layer_name parts[] = { { 1, "Circuit-ID" },
						   { 2, "Remote-ID" },
						   { 6, "Subscriber-ID" } };

	while (bytes >= 2) {
		const char *name = LAYER_NAME_OF(parts, p[0]);
		uint8_t size = p[1];

		buffer_format(l->out,
			      "\n\t      %s SubOption %u, length %u: ", name ? name : "Unknown",
			      p[0], size);
		p += 2;
		bytes -= 2;
		if (size > bytes) {
			buffer_text(l->out, "length goes past end of option");
			return 0;
		}
		if (name)
			layer_text(l, p, size);
		else
			layer_hex_indented(l, p, size, "\n\t\t");
		p += size;
		bytes -= size;
	}
	return bytes;
}

/* RFC 3442: "(10.1.0.0/16:10.0.0.1)". */
static void print_routes(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	const char *comma = "";

	if (bytes < 5) {
		buffer_text(l->out, "[ERROR: length < 5 bytes]");
		return;
	}
	while (bytes) {
		uint32_t width = p[0], octets = (width + 7) / 8;

		buffer_text(l->out, comma);
		comma = ",";
		p++;
		bytes--;
		if (width > 32) {
			buffer_format(l->out, "[ERROR: Mask width (%u) > 32]", width);
			return;
		}
		if (bytes < octets + 4) {
			buffer_format(l->out, "[ERROR: Remaining length (%u) < %u bytes]", bytes,
				      octets + 4);
			return;
		}
		buffer_text(l->out, width ? "(" : "(default");
		for (uint32_t i = 0; width && i < 4; i++)
			buffer_format(l->out, i ? ".%u" : "%u", i < octets ? p[i] : 0);
		if (width)
			buffer_format(l->out, "/%u", width);
		layer_label(l, ":", p + octets);
		buffer_text(l->out, ")");
		p += octets + 4;
		bytes -= octets + 4;
	}
}

static void print_classes(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	if (bytes < 2) {
		buffer_text(l->out, "[ERROR: length < 2 bytes]");
		return;
	}
	for (uint32_t number = 1; bytes; number++) {
		uint32_t size = p[0];

		p++;
		bytes--;
		buffer_format(l->out, "\n\t      instance#%u: ", number);
		if (!size || size > bytes) {
			buffer_text(l->out, size ? "[ERROR: invalid option]"
						 : "[ERROR: suboption length must be non-zero]");
			return;
		}
		print_quoted(l, p, size);
		buffer_format(l->out, ", length %u", size);
		p += size;
		bytes -= size;
	}
}

/* Options with a way of their own; what is left over. */
static uint32_t print_special(struct layer *l, uint8_t tag, const uint8_t *p, uint32_t bytes)
{
	static const struct layer_name nodes[] = {
		{ 1, "b-node" }, { 2, "p-node" }, { 4, "m-node" }, { 8, "h-node" }
	};
	static const struct layer_name fields[] = { { 1, "file" },
						    { 2, "sname" },
						    { 3, "file+sname" } };

	switch (tag) {
	case TAG_NODE:
	case TAG_OVERLOAD:
		if (!bytes) {
			buffer_text(l->out, "[ERROR: length < 1 bytes]");
			return 0;
		}
		print_name(l,
			   tag == TAG_NODE ? LAYER_NAME_OF(nodes, p[0])
					   : LAYER_NAME_OF(fields, p[0]),
			   "#%u", p[0]);
		return bytes - 1;
	case TAG_CLIENT:
		print_client(l, p, bytes);
		return 0;
	case TAG_USER_CLASS:
		print_classes(l, p, bytes);
		return 0;
	case TAG_FQDN:
		print_fqdn(l, p, bytes);
		return 0;
	case TAG_AGENT:
		return print_agent(l, p, bytes);
	default:
		print_routes(l, p, bytes);
		return 0;
	}
}

static void print_option(struct layer *l, uint8_t tag, char form, const uint8_t *p, uint32_t bytes)
{
	uint32_t left = 0;

	if (tag == TAG_MESSAGE && bytes == 1) {
		print_name(l, LAYER_NAME_OF(messages, p[0]), "Unknown (%u)", p[0]);
		return;
	}
	if (tag == TAG_WISHES) {
		print_wishes(l, p, bytes);
		return;
	}
	if (form == '?')
		form = bytes & 1 ? 'b' : bytes & 2 ? 's' : 'l';
	if (form == 'a')
		print_quoted(l, p, bytes);
	else if (form == '$')
		left = print_special(l, tag, p, bytes);
	else
		left = print_values(l, form, p, bytes);
	if (left)
		buffer_format(l->out, "\n\t  trailing data length %u", left);
}

static void print_options(struct layer *l, const uint8_t *p)
{
	bool all = l->options->verbose > 2;

	buffer_text(l->out, "\n\t  Vendor-rfc1048 Extensions");
	buffer_format(l->out, "\n\t    Magic Cookie 0x%08x", get32(l, p));
	p += 4;
	while (layer_has(l, p, 1)) {
		uint8_t tag = *p++;
		bool is_bare = tag == TAG_PAD || tag == TAG_END;
		uint32_t bytes = 0, n = 1;
		char form;
		const char *name = tag_name(tag, &form);

		if (tag == TAG_PAD && !all)
			continue;
		if (tag == TAG_END && !all)
			return;
		if (!is_bare)
			bytes = get8(l, p++);
		buffer_format(l->out, "\n\t    %s (%u), length %u%s", name, tag, bytes,
			      bytes ? ": " : "");
		for (; tag == TAG_PAD && layer_has(l, p, 1) && *p == TAG_PAD; p++)
			n++;
		if (n > 1)
			buffer_format(l->out, ", occurs %u", n);
		layer_need(l, p, bytes);
		if (!is_bare)
			print_option(l, tag, form, p, bytes);
		p += bytes;
	}
}

/* Carnegie Mellon's, before there were options. */
static void print_cmu(struct layer *l, const uint8_t *p)
{
	static const char *const names[] = {
		"DG", "SM", "NS1", "NS2", "IEN1", "IEN2", "TS1", "TS2"
	};
	static const uint8_t order[] = { 1, 0, 2, 3, 4, 5, 6, 7 };
	uint8_t flags;

	buffer_text(l->out, " vend-cmu");
	layer_need(l, p + 4, 4);
	flags = p[4];
	if (flags & ~1)
		buffer_format(l->out, " F:0x%x", flags);
	for (uint32_t i = 0; i < 8; i++) {
		const uint8_t *address = p + 8 + 4 * order[i];

		if (!get32(l, address))
			continue;
		buffer_format(l->out, " %s%s:", names[i], i == 1 && !(flags & 1) ? "*" : "");
		layer_dotted(l, address);
	}
}

/* The field's text, when it has one; false: it does not end. */
static bool print_field(struct layer *l, const char *name, const uint8_t *p, uint32_t bytes)
{
	uint32_t captured, n = 0;

	if (!get8(l, p))
		return true;
	captured = layer_captured(l, p, bytes);
	while (n < captured && p[n])
		n++;
	buffer_format(l->out, "\n\t  %s ", name);
	print_quoted(l, p, n);
	return n < captured;
}

static void print_addresses(struct layer *l, const uint8_t *p)
{
	static const char *const names[] = { "Client", "Your", "Server", "Gateway" };

	for (uint32_t i = 0; i < 4; i++) {
		const uint8_t *address = p + 12 + 4 * i;

		if (!get32(l, address))
			continue;
		buffer_format(l->out, "\n\t  %s-IP ", names[i]);
		layer_dotted(l, address);
	}
	if (p[1] == 1 && p[2] == 6) {
		layer_need(l, p + 28, 6);
		buffer_text(l->out, "\n\t  Client-Ethernet-Address ");
		layer_mac(l, p + 28);
	}
}

void print_dhcp(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	static const struct layer_name ops[] = { { 1, "Request" }, { 2, "Reply" } };
	uint8_t op = get8(l, p);

	(void)ip;
	buffer_text(l->out, "BOOTP/DHCP, ");
	print_name(l, LAYER_NAME_OF(ops, op), "unknown (0x%02x)", op);
	layer_need(l, p, 3);
	if (p[1] == 1 && p[2] == 6 && op == 1) {
		layer_need(l, p + 28, 6);
		buffer_text(l->out, " from ");
		layer_mac(l, p + 28);
	}
	buffer_format(l->out, ", length %u", length);
	if (!l->options->verbose)
		return;
	layer_need(l, p, 10);
	if (p[1] != 1)
		buffer_format(l->out, ", htype %u", p[1]);
	if (p[1] != 1 || p[2] != 6)
		buffer_format(l->out, ", hlen %u", p[2]);
	if (p[3])
		buffer_format(l->out, ", hops %u", p[3]);
	if (be32(p + 4))
		buffer_format(l->out, ", xid 0x%x", be32(p + 4));
	if (be16(p + 8))
		buffer_format(l->out, ", secs %u", be16(p + 8));
	buffer_format(l->out, ", Flags [%s]", get16(l, p + 10) & 0x8000 ? "Broadcast" : "none");
	if (l->options->verbose > 1)
		buffer_format(l->out, " (0x%04x)", be16(p + 10));
	print_addresses(l, p);
	if (!print_field(l, "sname", p + NAME_AT, NAME_BYTES) ||
	    !print_field(l, "file", p + FILE_AT, FILE_BYTES))
		layer_short(l);
	p += VENDOR_AT;
	if (get32(l, p) == COOKIE)
		print_options(l, p);
	else if (be32(p) == COOKIE_CMU)
		print_cmu(l, p);
	else if (be32(p))
		buffer_format(l->out, "\n\t  Vendor-#0x%x", be32(p));
}
