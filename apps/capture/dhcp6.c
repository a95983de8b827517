/* SPDX-License-Identifier: BSD-2-Clause */
/* DHCP for IPv6 (RFC 8415, and options of others). */
#include "capture/layer.h"

enum {
	OPTION_BYTES = 4,
	RELAY_BYTES = 34,
	HEX_MAX = 10, /* bytes of what may be encoded in any way */
	RELAY_FORWARD = 12,
	RELAY_REPLY = 13,
	RENEW = 5,
	INFORM = 11,
	AUTH_DELAYED = 2,
	AUTH_RECONFIGURE = 3,
};

/* How an option's bytes are shown. */
enum form {
	BARE, /* not at all */
	IDENTIFIER,
	ADDRESS,    /* one with its times, and options */
	ASSOCIATED, /* three numbers, and options */
	TEMPORARY,  /* one number, and options */
	PREFIX,
	CODES, /* of options */
	NUMBER8,
	NUMBER16,
	NUMBER32,
	PACKET,
	AUTH,
	STATUS,
	HEX,
	RECONFIGURE,
	ADDRESSES,
	NAMES,
	REMOTE,
	QUERY,
	OPTIONS,
	RELAYED,
	TIME_SERVERS,
	NAME,
	TEXT,
};

/* clang-format off */
static const struct {
	uint16_t code;
	uint16_t least; /* bytes; fewer are no such option */
	enum form form;
	const char *name;
} options[] = {
	{ 1, 2, IDENTIFIER, "client-ID" }, { 2, 2, IDENTIFIER, "server-ID" }, { 3, 12, ASSOCIATED, "IA_NA" },
	{ 4, 4, TEMPORARY, "IA_TA" }, { 5, 24, ADDRESS, "IA_ADDR" }, { 6, 0, CODES, "option-request" },
	{ 7, 1, NUMBER8, "preference" }, { 8, 2, NUMBER16, "elapsed-time" }, { 9, 0, PACKET, "relay-message" },
	{ 11, 11, AUTH, "authentication" }, { 12, 0, BARE, "server-unicast" }, { 13, 2, STATUS, "status-code" },
	{ 14, 0, BARE, "rapid-commit" }, { 15, 0, BARE, "user-class" }, { 16, 0, BARE, "vendor-class" },
	{ 17, 0, BARE, "vendor-specific-info" }, { 18, 0, HEX, "interface-ID" },
	{ 19, 1, RECONFIGURE, "reconfigure-message" }, { 20, 0, BARE, "reconfigure-accept" },
	{ 21, 0, NAMES, "SIP-servers-domain" }, { 22, 0, ADDRESSES, "SIP-servers-address" },
	{ 23, 0, ADDRESSES, "DNS-server" }, { 24, 0, NAMES, "DNS-search-list" }, { 25, 12, ASSOCIATED, "IA_PD" },
	{ 26, 25, PREFIX, "IA_PD-prefix" }, { 27, 0, ADDRESSES, "NIS-server" }, { 28, 0, ADDRESSES, "NIS+-server" },
	{ 29, 0, BARE, "NIS-domain-name" }, { 30, 0, BARE, "NIS+-domain-name" }, { 31, 0, ADDRESSES, "SNTP-servers" },
	{ 32, 4, NUMBER32, "lifetime" }, { 33, 0, BARE, "BCMCS-domain-name" }, { 34, 0, ADDRESSES, "BCMCS-server" },
	{ 36, 0, BARE, "Geoconf-Civic" }, { 37, 4, REMOTE, "Remote-ID" }, { 38, 0, HEX, "Subscriber-ID" },
	{ 39, 0, BARE, "Client-FQDN" }, { 40, 0, ADDRESSES, "PANA-agent" }, { 41, 5, TEXT, "POSIX-timezone" },
	{ 42, 5, TEXT, "POSIX-tz-database" }, { 43, 0, CODES, "Echo-request-option" }, { 44, 17, QUERY, "Lease-query" },
	{ 45, 0, OPTIONS, "LQ-client-data" }, { 46, 4, NUMBER32, "Clt-time" }, { 47, 16, RELAYED, "LQ-relay-data" },
	{ 48, 0, ADDRESSES, "LQ-client-link" }, { 56, 4, TIME_SERVERS, "NTP-server" }, { 64, 3, NAME, "AFTR-Name" },
	{ 112, 5, TEXT, "MUD-URL" },
};
/* clang-format on */

static void print_options(struct layer *l, const uint8_t *p, uint32_t left);

static int find_option(uint16_t code)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].code == code)
			return (int)i;
	return -1;
}

static void print_code(struct layer *l, uint16_t code)
{
	int i = find_option(code);

	if (i < 0)
		buffer_format(l->out, "opt_%u", code);
	else
		buffer_text(l->out, options[i].name);
}

static void print_bytes(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		buffer_format(l->out, "%02x", p[i]);
}

static void print_address(struct layer *l, const char *label, const uint8_t *p)
{
	layer_need(l, p, 16);
	buffer_text(l->out, label);
	layer_host(l, p, true);
}

static bool print_identifier(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	static const uint8_t least[] = { [1] = 8, [2] = 10, [3] = 4 };
	uint16_t type = be16(p);

	if (!type || type > 3) {
		buffer_format(l->out, " type %u", type);
		return true;
	}
	if (bytes < least[type])
		return false;
	if (type == 1)
		buffer_format(l->out, " hwaddr/time type %u time %u ", be16(p + 2), be32(p + 4));
	else if (type == 3)
		buffer_format(l->out, " hwaddr type %u ", be16(p + 2));
	else
		buffer_text(l->out, " vid ");
	if (type == 2)
		print_bytes(l, p + 2, 8);
	else
		print_bytes(l, p + least[type], bytes - least[type]);
	return true;
}

static void print_delayed(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	if (!bytes)
		return;
	if (bytes < 20) {
		buffer_text(l->out, " ??");
		return;
	}
	if (bytes > 20)
		buffer_text(l->out, ", realm: ");
	print_bytes(l, p, bytes - 20);
	p += bytes - 20;
	buffer_format(l->out, ", key ID: %08x, HMAC-MD5: %08x %08x %08x %08x", be32(p), be32(p + 4),
		      be32(p + 8), be32(p + 12), be32(p + 16));
}

static void print_auth(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	if (p[0] == AUTH_DELAYED)
		buffer_text(l->out, " proto: delayed");
	else if (p[0] == AUTH_RECONFIGURE)
		buffer_text(l->out, " proto: reconfigure");
	else
		buffer_format(l->out, " proto: %u", p[0]);
	buffer_format(l->out, p[1] == 1 ? ", alg: HMAC-MD5" : ", alg: %u", p[1]);
	buffer_format(l->out, p[2] ? ", RDM: %u" : ", RDM: mono", p[2]);
	buffer_format(l->out, ", RD: %04x %04x %04x %04x", be16(p + 3), be16(p + 5), be16(p + 7),
		      be16(p + 9));
	bytes -= 11;
	if (p[0] == AUTH_DELAYED) {
		print_delayed(l, p + 11, bytes);
	} else if (p[0] == AUTH_RECONFIGURE && bytes == 17) {
		p += 11;
		buffer_text(l->out, p[0] == 1	? " reconfig-key"
				    : p[0] == 2 ? " type: HMAC-MD5"
						: " type: ??");
		buffer_format(l->out, " value: %08x %08x %08x %08x", be32(p + 1), be32(p + 5),
			      be32(p + 9), be32(p + 13));
	} else {
		buffer_text(l->out, " ??");
	}
}

static void print_status(struct layer *l, uint16_t code)
{
	static const struct layer_name names[] = {
		{ 0, "Success" },	{ 1, "UnspecFail" },	   { 2, "NoAddrsAvail" },
		{ 3, "NoBinding" },	{ 4, "NotOnLink" },	   { 5, "UseMulticast" },
		{ 6, "NoPrefixAvail" }, { 7, "UnknownQueryType" }, { 8, "MalformedQuery" },
		{ 9, "NotConfigured" }, { 10, "NotAllowed" },
	};
	const char *name = LAYER_NAME_OF(names, code);

	if (code > 255)
		buffer_text(l->out, " INVALID code");
	else if (name)
		buffer_format(l->out, " %s", name);
	else
		buffer_format(l->out, " code%u", code);
}

static void print_time_servers(struct layer *l, const uint8_t *p, const uint8_t *end)
{
	while (p < end - 4) {
		uint16_t kind = be16(p), bytes = be16(p + 2);

		p += 4;
		if (bytes > end - p)
			layer_short(l);
		buffer_format(l->out, " subopt:%u", kind);
		if ((kind == 1 || kind == 2) && bytes == 16) {
			print_address(l, " ", p);
		} else if (kind == 3) {
			buffer_text(l->out, " ");
			layer_labels(l, p, end);
		} else {
			buffer_text(l->out, " ?");
		}
		p += bytes;
	}
}

static void print_name(struct layer *l, const uint8_t *p, uint32_t left)
{
	buffer_text(l->out, " ");
	while (left && get8(l, p)) {
		uint32_t bytes = *p++;

		if (bytes >= left - 1) {
			buffer_text(l->out, " ?");
			return;
		}
		layer_padded(l, p, bytes);
		p += bytes;
		left -= bytes + 1;
		if (get8(l, p))
			buffer_text(l->out, ".");
	}
}

static void print_inside(struct layer *l, const uint8_t *p, uint32_t bytes, uint32_t head)
{
	if (bytes > head)
		print_options(l, p + head, bytes - head);
}

static void print_some_hex(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	print_bytes(l, p, bytes < HEX_MAX ? bytes : HEX_MAX);
	buffer_text(l->out, "...");
}

static void print_packet(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	const uint8_t *end = l->end;

	if (l->depth == LAYER_DEPTH_MAX)
		layer_short(l);
	l->depth++;
	l->end = p + bytes;
	buffer_text(l->out, " (");
	print_dhcp6(l, NULL, p, bytes);
	l->end = end;
	l->depth--;
}

static void print_leases(struct layer *l, enum form form, const uint8_t *p, uint32_t bytes)
{
	switch (form) {
	case ADDRESS:
		print_address(l, " ", p);
		buffer_format(l->out, " pltime:%u vltime:%u", be32(p + 16), be32(p + 20));
		print_inside(l, p, bytes, 24);
		break;
	case ASSOCIATED:
		buffer_format(l->out, " IAID:%u T1:%u T2:%u", be32(p), be32(p + 4), be32(p + 8));
		print_inside(l, p, bytes, 12);
		break;
	case TEMPORARY:
		buffer_format(l->out, " IAID:%u", be32(p));
		print_inside(l, p, bytes, 4);
		break;
	case PREFIX:
		print_address(l, " ", p + 9);
		buffer_format(l->out, "/%u pltime:%u vltime:%u", p[8], be32(p), be32(p + 4));
		print_inside(l, p, bytes, 25);
		break;
	default: /* QUERY */
		if (p[0] == 1 || p[0] == 2)
			buffer_text(l->out, p[0] == 1 ? " by-address" : " by-clientID");
		else
			buffer_format(l->out, " type_%u", p[0]);
		print_address(l, " ", p + 1);
		print_inside(l, p, bytes, 17);
	}
}

static void print_reconfigure(struct layer *l, uint8_t kind)
{
	if (kind == RENEW)
		buffer_text(l->out, " for renew");
	else if (kind == INFORM)
		buffer_text(l->out, " for inf-req");
	else
		buffer_format(l->out, " for ?\?\?(%02x)", kind);
}

/* False: it is not as it should be. */
static bool print_values(struct layer *l, enum form form, const uint8_t *p, uint32_t bytes)
{
	uint32_t size = form == CODES ? 2 : 16;

	if ((form == CODES || form == ADDRESSES) && bytes % size)
		return false;
	for (uint32_t at = 0; form == CODES && at < bytes; at += size) {
		buffer_text(l->out, " ");
		print_code(l, be16(p + at));
	}
	for (uint32_t at = 0; form == ADDRESSES && at < bytes; at += size)
		print_address(l, " ", p + at);
	for (const uint8_t *end = p + bytes; form == NAMES && p < end;) {
		buffer_text(l->out, " ");
		p = layer_labels(l, p, end);
	}
	return true;
}

/* False: it is not as it should be. */
static bool print_body(struct layer *l, enum form form, const uint8_t *p, uint32_t bytes)
{
	switch (form) {
	case BARE:
		return true;
	case IDENTIFIER:
		return print_identifier(l, p, bytes);
	case CODES:
	case ADDRESSES:
	case NAMES:
		return print_values(l, form, p, bytes);
	case NUMBER8:
	case NUMBER16:
	case NUMBER32:
	case RECONFIGURE:
		if (bytes != (form == NUMBER32 ? 4u : form == NUMBER16 ? 2u : 1u))
			return false;
		if (form == RECONFIGURE)
			print_reconfigure(l, p[0]);
		else
			buffer_format(l->out, " %u",
				      bytes == 4   ? be32(p)
				      : bytes == 2 ? be16(p)
						   : p[0]);
		return true;
	case PACKET:
		print_packet(l, p, bytes);
		return true;
	case AUTH:
		print_auth(l, p, bytes);
		return true;
	case STATUS:
		print_status(l, be16(p));
		return true;
	case HEX:
		buffer_text(l->out, " ");
		print_some_hex(l, p, bytes);
		return true;
	case REMOTE:
		buffer_format(l->out, " %u ", be32(p));
		print_some_hex(l, p + 4, bytes - 4);
		return true;
	case RELAYED:
		print_address(l, " ", p);
		buffer_text(l->out, " ");
		print_some_hex(l, p + 16, bytes - 16);
		return true;
	case OPTIONS:
		print_options(l, p, bytes);
		return true;
	case TIME_SERVERS:
		print_time_servers(l, p, p + bytes);
		return true;
	case NAME:
		print_name(l, p, bytes);
		return true;
	case TEXT:
		buffer_text(l->out, " ");
		layer_padded(l, p, bytes);
		return true;
	default:
		print_leases(l, form, p, bytes);
		return true;
	}
}

static void print_options(struct layer *l, const uint8_t *p, uint32_t left)
{
	if (l->depth >= 2 * LAYER_DEPTH_MAX)
		layer_short(l);
	l->depth++;
	while (left) {
		uint32_t bytes = left < OPTION_BYTES || !layer_has(l, p, OPTION_BYTES)
					 ? UINT32_MAX
					 : be16(p + 2);
		bool is_whole = bytes != UINT32_MAX && bytes <= left - OPTION_BYTES;
		int i;

		if (is_whole) {
			buffer_text(l->out, " (");
			print_code(l, be16(p));
		}
		if (!is_whole || !layer_has(l, p + OPTION_BYTES, bytes)) {
			layer_truncated(l, "dhcp6");
			break;
		}
		i = find_option(be16(p));
		if (i >= 0 && (bytes < options[i].least ||
			       !print_body(l, options[i].form, p + OPTION_BYTES, bytes)))
			buffer_text(l->out, " ?");
		buffer_text(l->out, ")");
		p += OPTION_BYTES + bytes;
		left -= OPTION_BYTES + bytes;
	}
	l->depth--;
}

void print_dhcp6(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	static const char *const names[] = {
		NULL,	     "solicit",	    "advertise",   "request",
		"confirm",   "renew",	    "rebind",	   "reply",
		"release",   "decline",	    "reconfigure", "inf-req",
		"relay-fwd", "relay-reply", "leasequery",  "leasequery-reply",
	};
	uint32_t captured = layer_captured(l, p, length), head;
	uint8_t type;

	(void)ip;
	buffer_text(l->out, "dhcp6");
	if (!layer_has(l, p, 4))
		layer_short(l);
	type = p[0];
	if (type && type < sizeof(names) / sizeof(names[0]))
		buffer_format(l->out, " %s", names[type]);
	else
		buffer_format(l->out, " msgtype-%u", type);
	if (!l->options->verbose)
		return;
	buffer_text(l->out, " (");
	if (type == RELAY_FORWARD || type == RELAY_REPLY) {
		print_address(l, "linkaddr=", p + 2);
		print_address(l, " peeraddr=", p + 18);
		head = RELAY_BYTES;
	} else {
		buffer_format(l->out, "xid=%x", be32(p) & 0xffffff);
		head = 4;
	}
	if (captured > head)
		print_options(l, p + head, captured - head);
	buffer_text(l->out, ")");
}
