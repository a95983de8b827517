/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP segments. */
#include "capture/layer.h"

enum {
	FIN = 0x01,
	SYN = 0x02,
	RST = 0x04,
	ACK = 0x10,
	URG = 0x20,
	CUT_WITHIN = -2,    /* an option: not its head */
	FAST_OPEN = 0xf989, /* an experiment's number */
};

static void print_flags(struct layer *l, uint8_t flags)
{
	static const char letters[] = "FSRP.UEW";

	buffer_text(l->out, "Flags [");
	for (uint32_t i = 0; i < 8; i++)
		if (flags & 1u << i)
			buffer_format(l->out, "%c", letters[i]);
	buffer_text(l->out, flags ? "]" : "none]");
}

static void print_checksum(struct layer *l, const struct layer_ip *ip, const uint8_t *p,
			   uint32_t length)
{
	uint16_t stands = be16(p + 16), sum;

	if (l->options->no_checksum || !layer_has(l, p, length) || ip->is_fragment)
		return;
	sum = layer_checksum(p, length, layer_pseudo_header(ip, length));
	buffer_format(l->out, ", cksum 0x%04x", stands);
	if (sum)
		buffer_format(l->out, " (incorrect -> 0x%04x)",
			      layer_checksum_expected(stands, sum));
	else
		buffer_text(l->out, " (correct)");
}

static void print_hex_bytes(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		buffer_format(l->out, "%02x", p[i]);
}

static void print_fast_open(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	if (!bytes) {
		buffer_text(l->out, " cookiereq");
	} else if (bytes % 2 || bytes < 4 || bytes > 16) {
		layer_invalid(l);
	} else {
		buffer_text(l->out, " cookie ");
		print_hex_bytes(l, p, bytes);
	}
}

/* RFC 5925. */
static void print_authentication(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	if (bytes < 2) {
		layer_invalid(l);
		return;
	}
	buffer_format(l->out, " keyid %u rnextkeyid %u", p[0], p[1]);
	if (bytes > 2)
		buffer_text(l->out, " mac 0x");
	print_hex_bytes(l, p + 2, bytes - 2);
}

/* RFC 6994, what the number stands for; false: it has none. */
static bool print_experiment(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	if (bytes < 2)
		return false;
	buffer_text(l->out, "-");
	if (be16(p) == FAST_OPEN) {
		buffer_text(l->out, "tfo");
		print_fast_open(l, p + 2, bytes - 2);
	} else {
		buffer_format(l->out, "%04x", be16(p));
	}
	return true;
}

/*
 * What stands behind an option's name: the bytes it takes by its kind, -1 when that is more than the
 * @left bytes of the header or than was captured. @bytes is what its length says.
 */
static int print_option_data(struct layer *l, uint8_t kind, const uint8_t *p, uint32_t bytes,
			     uint32_t left)
{
	static const uint8_t sizes[] = { [2] = 2,  [3] = 1,  [6] = 4,	[7] = 4,  [8] = 8, [11] = 4,
					 [12] = 4, [13] = 4, [19] = 16, [20] = 2, [28] = 2 };
	uint32_t size = kind == 4 || (kind < sizeof(sizes) && sizes[kind]) ? sizes[kind] : bytes;

	if (size > left || !layer_has(l, p, size))
		return -1;
	switch (kind) {
	case 2:
		buffer_format(l->out, " %u", be16(p));
		break;
	case 3:
		buffer_format(l->out, " %u", p[0]);
		break;
	case 4:
		break;
	case 6:
	case 7:
	case 11:
	case 12:
	case 13:
		buffer_format(l->out, " %u", be32(p));
		break;
	case 8:
		buffer_format(l->out, " val %u ecr %u", be32(p), be32(p + 4));
		break;
	case 19:
		buffer_text(l->out, " shared secret not supplied with -M, can't check - ");
		print_hex_bytes(l, p, size);
		break;
	case 20:
		buffer_format(l->out, " cap %02x id %u", p[0], p[1]);
		break;
	case 28:
		buffer_format(l->out, " 0x%x %u", be16(p),
			      (be16(p) >> 1) * (be16(p) & 1 ? 60u : 1u));
		break;
	case 29:
		print_authentication(l, p, size);
		break;
	case 34:
		buffer_text(l->out, " ");
		print_fast_open(l, p, size);
		break;
	default:
		buffer_text(l->out, size ? " 0x" : "");
		print_hex_bytes(l, p, size);
	}
	return (int)size;
}

static void print_sack(struct layer *l, const uint8_t *p, uint32_t bytes, uint32_t start)
{
	buffer_format(l->out, " %u ", bytes / 8);
	for (uint32_t at = 0; at + 8 <= bytes; at += 8)
		buffer_format(l->out, "{%u:%u}", be32(p + at) - start, be32(p + at + 4) - start);
}

static const struct layer_name option_names[] = {
	{ 0, "eol" },	  { 1, "nop" },	   { 2, "mss" },       { 3, "wscale" }, { 4, "sackOK" },
	{ 5, "sack" },	  { 6, "echo" },   { 7, "echoreply" }, { 8, "TS" },	{ 11, "cc" },
	{ 12, "ccnew" },  { 13, "" },	   { 19, "md5" },      { 20, "scps" },	{ 28, "uto" },
	{ 29, "tcp-ao" }, { 30, "mptcp" }, { 34, "tfo" },      { 254, "exp" },
};

/* The option at @p of @left bytes: how many it takes; 0: it is bad, < 0: it was not captured. */
static int print_option(struct layer *l, const uint8_t *tcp, const uint8_t *p, uint32_t left,
			uint32_t sack_start)
{
	uint8_t kind = p[0];
	const char *name;
	uint32_t size;
	int taken;

	name = layer_name_of(option_names, sizeof(option_names) / sizeof(option_names[0]), kind);
	if (kind > 1 && !layer_has(l, p, 2))
		return -1;
	size = kind > 1 ? p[1] : 1;
	if (size > left || (kind > 1 && size < 2))
		return 0;
	if (name)
		buffer_text(l->out, name);
	else
		buffer_format(l->out, "unknown-%u", kind);
	if (kind <= 1)
		return 1;
	if (kind == 5) {
		if ((size - 2) % 8 || !(tcp[13] & ACK))
			buffer_text(l->out, " invalid sack");
		else if (!layer_has(l, p, size))
			return -1;
		else
			print_sack(l, p + 2, size - 2, sack_start);
		return (int)size;
	}
	if ((kind == 30 || kind == 254) && !layer_has(l, p, size))
		return CUT_WITHIN;
	if (kind == 30)
		return print_mptcp(l, p, size, tcp[13]) ? (int)size : 0;
	if (kind == 254)
		return print_experiment(l, p + 2, size - 2) ? (int)size : 0;
	taken = print_option_data(l, kind, p + 2, size - 2, left - 2);
	if (taken < 0)
		return layer_has(l, p, size) ? 0 : CUT_WITHIN;
	if ((uint32_t)taken + 2 != size)
		buffer_format(l->out, "[len %u]", size);
	return taken + 2;
}

/* False: the line ends with them. */
static bool print_options(struct layer *l, const uint8_t *tcp, uint32_t bytes, uint32_t sack_start)
{
	const char *cut_name = "tcp";
	const uint8_t *p = tcp + 20;
	uint32_t at = 0;

	buffer_text(l->out, ", options [");
	while (at < bytes) {
		int taken = -1;

		buffer_text(l->out, at ? "," : "");
		if (layer_has(l, p, at + 1))
			taken = print_option(l, tcp, p + at, bytes - at, sack_start);
		if (taken > 0 && p[at] == 30)
			cut_name = "mptcp"; /* tcpdump's idea of where it is */
		if (taken < 0) {
			layer_truncated(l, cut_name);
			l->is_cut |= taken != CUT_WITHIN;
			buffer_text(l->out, taken == CUT_WITHIN && at ? ">" : "");
			return false;
		}
		if (!taken) {
			buffer_text(l->out, at ? "[bad opt]]" : "[bad opt]");
			return false;
		}
		if (!p[at])
			break;
		at += (uint32_t)taken;
	}
	buffer_text(l->out, "]");
	return true;
}

/* Makes *seq and *ack count from the conversation's start; returns what its SACK blocks count from. */
static uint32_t make_relative(struct layer *l, const struct layer_ip *ip, const uint8_t *p,
			      uint32_t *seq, uint32_t *ack)
{
	struct conversation *start;
	bool is_new, is_reverse;

	if (l->options->absolute || !(p[13] & ACK) || l->is_quoted)
		return 0;
	start = line_conversation(l->line, ip, be16(p), be16(p + 2), &is_new, &is_reverse);
	if (is_new || (p[13] & SYN)) {
		start->seq = is_reverse ? *ack - 1 : *seq;
		start->ack = is_reverse ? *seq : *ack - 1;
	} else {
		*seq -= is_reverse ? start->ack : start->seq;
		*ack -= is_reverse ? start->seq : start->ack;
	}
	return is_reverse ? start->seq : start->ack;
}

static bool is_either(const uint8_t *p, uint16_t port)
{
	return be16(p) == port || be16(p + 2) == port;
}

static void print_reset_reason(struct layer *l, const uint8_t *p, uint32_t length)
{
	buffer_text(l->out, layer_has(l, p, length) ? " [RST" : " [!RST");
	buffer_text(l->out, length > 30 ? "+" : "");
	buffer_text(l->out, " ");
	length = layer_captured(l, p, length > 30 ? 30 : length);
	layer_text(l, p, length);
	buffer_text(l->out, "]");
}

static void print_application(struct layer *l, const uint8_t *tcp, const uint8_t *p,
			      uint32_t length)
{
	static const struct {
		uint16_t port;
		enum text_protocol protocol;
	} texts[] = { { 25, TEXT_SMTP },  { 43, TEXT_WHOIS }, { 22, TEXT_SSH },
		      { 21, TEXT_FTP },	  { 80, TEXT_HTTP },  { 8080, TEXT_HTTP },
		      { 554, TEXT_RTSP }, { 8554, TEXT_RTSP } };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (is_either(tcp, texts[i].port)) {
			print_text(l, texts[i].protocol, ": ", p, length);
			return;
		}
	if (is_either(tcp, 179) && !l->options->verbose)
		buffer_text(l->out, ": BGP");
	else if (is_either(tcp, 53))
		layer_guard(l, "domain", print_dns_stream, NULL, p, length);
}

static void print_numbers(struct layer *l, uint8_t flags, uint32_t seq, uint32_t ack,
			  uint32_t payload)
{
	if (payload || (flags & (SYN | FIN | RST)) || l->options->verbose > 1) {
		buffer_format(l->out, ", seq %u", seq);
		if (payload)
			buffer_format(l->out, ":%u", seq + payload);
	}
	if (flags & ACK)
		buffer_format(l->out, ", ack %u", ack);
}

void print_tcp(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	uint32_t header, payload, seq, ack, sack_start;

	if (!layer_has(l, p, 4)) {
		layer_ends(l, ip, NULL, "tcp");
		l->out->bytes--; /* the blank before what is not there */
		layer_lost(l, "tcp");
		return;
	}
	layer_ends(l, ip, p, "tcp");
	if (!layer_has(l, p, 20)) {
		layer_lost(l, "tcp");
		return;
	}
	header = (p[12] >> 4) * 4;
	if (header < 20) {
		buffer_format(l->out, " tcp %d [bad hdr length %u - too short, < 20]",
			      (int)(length - header), header);
		return;
	}
	payload = length > header ? length - header : 0;
	if (l->options->quiet) {
		buffer_format(l->out, "tcp %d", (int)(length - header));
		if (header > length)
			buffer_format(l->out, " [bad hdr length %u - too long, > %u]", header,
				      length);
		return;
	}
	seq = be32(p + 4);
	ack = be32(p + 8);
	sack_start = make_relative(l, ip, p, &seq, &ack);
	print_flags(l, p[13]);
	if (header > length) {
		buffer_format(l->out, " [bad hdr length %u - too long, > %u]", header, length);
		return;
	}
	if (l->options->verbose)
		print_checksum(l, ip, p, length);
	print_numbers(l, p[13], seq, ack, payload);
	buffer_format(l->out, ", win %u", be16(p + 14));
	if (p[13] & URG)
		buffer_format(l->out, ", urg %u", be16(p + 18));
	if (header > 20 && !print_options(l, p, header - 20, sack_start))
		return;
	buffer_format(l->out, ", length %u", payload);
	if (!payload)
		return;
	if ((p[13] & RST) && l->options->verbose)
		print_reset_reason(l, p + header, payload);
	else
		print_application(l, p, p + header, payload);
}
