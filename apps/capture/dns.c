/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DNS messages (RFC 1035) in tcpdump's shorthand: "1+ A? name. (29)", "1 1/0/0 A 192.0.2.80 (45)".
 * Places in a message are offsets from its beginning; 0 stands for one that was cut off.
 */
#include "capture/layer.h"

enum {
	HEADER = 12,
	NAME_CHARS_MAX = 255,
	RECORD_BYTES = 10, /* behind its name, before its data */
	CLASS_IN = 1,
	TYPE_A = 1,
	TYPE_SOA = 6,
	TYPE_MX = 15,
	TYPE_TXT = 16,
	TYPE_AAAA = 28,
	TYPE_SRV = 33,
	TYPE_OPT = 41,
	TYPE_UNSPECIFIED = 104,
	TYPE_TSIG = 250,
	TYPE_URI = 256,
	LABEL_KIND = 0xc0,
	LABEL_POINTER = 0xc0,
	LABEL_EXTENDED = 0x40,
	MDNS_UNICAST = 0x8000, /* in a question's class; in a record's: cache flush */
	OPERATION_INVERSE = 1,
	FLAGS_STRANGE = 0x6cf, /* in a query */
};

/* A message and what was captured of it. */
struct message {
	const uint8_t *p;
	uint32_t bytes;
	bool multicast;
};

/* clang-format off */
static const struct layer_name type_names[] = {
	{ 1, "A" }, { 2, "NS" }, { 3, "MD" }, { 4, "MF" }, { 5, "CNAME" }, { 6, "SOA" }, { 7, "MB" }, { 8, "MG" },
	{ 9, "MR" }, { 10, "NULL" }, { 11, "WKS" }, { 12, "PTR" }, { 13, "HINFO" }, { 14, "MINFO" }, { 15, "MX" },
	{ 16, "TXT" }, { 17, "RP" }, { 18, "AFSDB" }, { 19, "X25" }, { 20, "ISDN" }, { 21, "RT" }, { 22, "NSAP" },
	{ 23, "NSAP_PTR" }, { 24, "SIG" }, { 25, "KEY" }, { 26, "PX" }, { 27, "GPOS" }, { 28, "AAAA" }, { 29, "LOC" },
	{ 30, "NXT" }, { 31, "EID" }, { 32, "NIMLOC" }, { 33, "SRV" }, { 34, "ATMA" }, { 35, "NAPTR" }, { 36, "KX" },
	{ 37, "CERT" }, { 38, "A6" }, { 39, "DNAME" }, { 40, "SINK" }, { 41, "OPT" }, { 42, "APL" }, { 43, "DS" },
	{ 44, "SSHFP" }, { 45, "IPSECKEY" }, { 46, "RRSIG" }, { 47, "NSEC" }, { 48, "DNSKEY" }, { 50, "NSEC3" },
	{ 51, "NSEC3PARAM" }, { 52, "TLSA" }, { 64, "SVCB" }, { 65, "HTTPS" }, { 99, "SPF" }, { 100, "UINFO" },
	{ 101, "UID" }, { 102, "GID" }, { 103, "UNSPEC" }, { 104, "UNSPECA" }, { 249, "TKEY" }, { 250, "TSIG" },
	{ 251, "IXFR" }, { 252, "AXFR" }, { 253, "MAILB" }, { 254, "MAILA" }, { 255, "ANY" }, { 256, "URI" },
	{ 257, "CAA" },
};
/* clang-format on */

static const char *const operations[16] = { "",		" inv_q",    " stat",	  " op3",
					    " notify",	" update",   " op6",	  " op7",
					    " op8",	" updateA",  " updateD",  " updateDA",
					    " updateM", " updateMA", " zoneInit", " zoneRef" };

static const char *const answers[] = {
	"",	     " FormErr", " ServFail", " NXDomain", " NotImp",  " Refused",
	" YXDomain", " YXRRSet", " NXRRSet",  " NotAuth",  " NotZone", " Resp11",
	" Resp12",   " Resp13",	 " Resp14",   " NoChange", " BadVers", "Resp17",
	" Resp18",   " Resp19",	 " Resp20",   "Resp21",	   " Resp22",  " BadCookie",
};

static bool has(const struct message *m, uint32_t at, uint32_t bytes)
{
	return at <= m->bytes && m->bytes - at >= bytes;
}

static void print_class(struct layer *l, uint16_t class)
{
	static const struct layer_name names[] = { { 3, "CHAOS" }, { 4, "HS" }, { 255, "ANY" } };
	const char *name = LAYER_NAME_OF(names, class);

	if (class == CLASS_IN)
		return;
	if (name)
		buffer_format(l->out, " %s", name);
	else
		buffer_format(l->out, " (Class %u)", class);
}

static void print_type(struct layer *l, uint16_t type)
{
	const char *name = LAYER_NAME_OF(type_names, type);

	if (name)
		buffer_format(l->out, " %s", name);
	else
		buffer_format(l->out, " Type%u", type);
}

/* --- names ---------------------------------------------------------------------------------------- */

/* Behind the name at @at, whose pointer is not followed. */
static uint32_t skip_name(const struct message *m, uint32_t at)
{
	while (has(m, at, 1)) {
		uint8_t size = m->p[at++];

		if (!size)
			return at;
		if ((size & LABEL_KIND) == LABEL_POINTER)
			return at + 1;
		if ((size & LABEL_KIND) == LABEL_EXTENDED)
			return 0;
		at += size;
	}
	return 0;
}

/* A label of which @printed characters of the name stand before; false: it is cut off. */
static bool print_label(struct layer *l, const struct message *m, uint32_t at, uint32_t size,
			uint32_t printed)
{
	uint32_t room = printed < NAME_CHARS_MAX ? NAME_CHARS_MAX - printed : 0;
	uint32_t shown = size < room ? size : room, there = m->bytes - at;

	layer_text(l, m->p + at, shown < there ? shown : there);
	return shown <= there;
}

/* Where the pointer behind @size at @at leads; @most: it must lead before that. */
static uint32_t follow(struct layer *l, const struct message *m, uint8_t size, uint32_t at,
		       uint32_t most)
{
	uint32_t to = ((uint32_t)size << 8 | m->p[at]) & 0x3fff;

	if (to >= most) {
		buffer_text(l->out, "<BAD PTR>");
		return 0;
	}
	return to;
}

/* A label of a kind that is none, which is said, or that nobody uses. */
static bool is_bad(struct layer *l, uint8_t size)
{
	uint8_t kind = size & LABEL_KIND;

	if (kind && kind != LABEL_POINTER && kind != LABEL_EXTENDED)
		buffer_text(l->out, "<BAD LABEL TYPE>");
	return kind && kind != LABEL_POINTER;
}

/* Prints the name at @at; behind it. */
static uint32_t print_name(struct layer *l, const struct message *m, uint32_t at)
{
	uint32_t behind = 0, most = at, printed = 0;
	uint8_t size;

	if (!has(m, at, 1))
		return 0;
	size = m->p[at++];
	if ((size & LABEL_KIND) == LABEL_POINTER && !has(m, at, 1))
		return 0;
	if (!size)
		buffer_text(l->out, ".");
	if (is_bad(l, size))
		return 0;
	while (size && at < m->bytes) {
		uint8_t kind = size & LABEL_KIND;

		if (kind == LABEL_POINTER) {
			behind = behind ? behind : at + 1;
			most = follow(l, m, size, at, most);
			if (!most)
				return 0;
			at = most;
			size = m->p[at++];
			continue;
		}
		if (is_bad(l, size))
			return 0;
		if (!print_label(l, m, at, size, printed))
			return 0;
		printed += size;
		at += size;
		if (printed <= NAME_CHARS_MAX)
			buffer_text(l->out, ".");
		printed++;
		if (!has(m, at, 1))
			return 0;
		size = m->p[at++];
	}
	if (printed > NAME_CHARS_MAX)
		buffer_text(l->out, "<DOMAIN NAME TOO LONG>");
	return behind ? behind : at;
}

/* --- data of records: false: it was cut off ------------------------------------------------------- */

static bool print_authority(struct layer *l, const struct message *m, uint32_t at)
{
	if (!l->options->verbose)
		return true;
	for (uint32_t i = 0; i < 2; i++) {
		buffer_text(l->out, " ");
		at = print_name(l, m, at);
		if (!at)
			return false;
	}
	if (!has(m, at, 20))
		return false;
	for (uint32_t i = 0; i < 5; i++)
		buffer_format(l->out, " %u", be32(m->p + at + 4 * i));
	return true;
}

static bool print_strings(struct layer *l, const struct message *m, uint32_t at, uint32_t end)
{
	while (at < end) {
		uint32_t size = m->p[at], there = m->bytes - at - 1;

		buffer_text(l->out, " \"");
		layer_text(l, m->p + at + 1, size < there ? size : there);
		if (size > there)
			return false;
		buffer_text(l->out, "\"");
		at += 1 + size;
	}
	return true;
}

static bool print_signature(struct layer *l, const struct message *m, uint32_t at)
{
	static const char *const names[] = { "fudge", "maclen", "origid", "error", "otherlen" };

	if (!l->options->verbose)
		return true;
	buffer_text(l->out, " ");
	at = print_name(l, m, at);
	if (!at)
		return false;
	at += 6;
	for (uint32_t i = 0; i < 5; i++) {
		uint16_t value;

		if (!has(m, at, 2))
			return false;
		value = be16(m->p + at);
		buffer_format(l->out, " %s=%u", names[i], value);
		at += 2u + (i == 1 ? value : 0);
	}
	return true;
}

/* --- options of the message itself (RFC 6891) ----------------------------------------------------- */

static void print_subnet(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	uint8_t address[16] = { 0 };
	char text[INET6_ADDRSTRLEN];
	uint32_t bits;

	if (bytes < 4 || !be16(p) || be16(p) > 2) {
		layer_invalid(l);
		return;
	}
	bits = be16(p) == 1 ? 32 : 128;
	if (p[2] > bits || p[3] > bits || (p[2] + 7u) / 8 != bytes - 4) {
		layer_invalid(l);
		return;
	}
	memcpy(address, p + 4, bytes - 4);
	buffer_format(l->out, "%s/%u/%u", layer_address(address, bits == 128, text), p[2], p[3]);
}

static void print_algorithms(struct layer *l, uint16_t option, const uint8_t *p, uint32_t bytes)
{
	static const struct layer_name keys[] = {
		{ 0, "DELETE" },
		{ 1, "RSAMD5" },
		{ 2, "DH" },
		{ 3, "DS" },
		{ 5, "RSASHA1" },
		{ 6, "DSA-NSEC3-SHA1" },
		{ 7, "RSASHA1-NSEC3-SHA1" },
		{ 8, "RSASHA256" },
		{ 10, "RSASHA512" },
		{ 12, "ECC-GOST" },
		{ 13, "ECDSAP256SHA256" },
		{ 14, "ECDSAP384SHA384" },
		{ 15, "ED25519" },
		{ 16, "ED448" },
		{ 252, "INDIRECT" },
		{ 253, "PRIVATEDNS" },
		{ 254, "PRIVATEOID" },
	};
	static const struct layer_name hashes[] = {
		{ 1, "SHA-1" }, { 2, "SHA-256" }, { 3, "GOST_R_34.11-94" }, { 4, "SHA-384" }
	};

	for (uint32_t i = 0; i < bytes; i++) {
		const char *name = option == 5		      ? LAYER_NAME_OF(keys, p[i])
				   : option == 6 || p[i] == 1 ? LAYER_NAME_OF(hashes, p[i])
							      : NULL;

		buffer_text(l->out, i ? " " : "");
		if (name)
			buffer_text(l->out, name);
		else
			buffer_format(l->out, "Alg_%u", p[i]);
	}
}

static void print_cookie(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	if (bytes < 8 || (bytes > 8 && bytes < 16) || bytes > 40) {
		layer_invalid(l);
		return;
	}
	for (uint32_t i = 0; i < bytes; i++)
		buffer_format(l->out, i == 8 ? " %02x" : "%02x", p[i]);
}

static void print_key_tags(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	if (bytes % 2)
		layer_invalid(l);
	for (uint32_t i = 0; i + 1 < bytes && bytes % 2 == 0; i += 2)
		buffer_format(l->out, i ? " %u" : "%u", be16(p + i));
}

static void print_option(struct layer *l, uint16_t option, const uint8_t *p, uint32_t bytes)
{
	struct message inside = { .p = p, .bytes = bytes };

	switch (option) {
	case 5:
	case 6:
	case 7:
		print_algorithms(l, option, p, bytes);
		break;
	case 8:
		print_subnet(l, p, bytes);
		break;
	case 9:
		if (bytes == 4)
			buffer_format(l->out, "%u sec", be32(p));
		else
			layer_invalid(l);
		break;
	case 10:
		print_cookie(l, p, bytes);
		break;
	case 11:
		if (bytes == 2)
			buffer_format(l->out, "%0.1f sec", be16(p) / 10.0);
		else
			layer_invalid(l);
		break;
	case 12:
		buffer_format(l->out, "(%u)", bytes);
		break;
	case 13:
		print_name(l, &inside, 0);
		break;
	case 14:
		print_key_tags(l, p, bytes);
		break;
	default:
		for (uint32_t i = 0; i < bytes; i++)
			buffer_format(l->out, "%02x", p[i]);
	}
}

static bool print_options(struct layer *l, const struct message *m, uint32_t at, uint32_t end)
{
	static const struct layer_name names[] = {
		{ 1, "LLQ" },	   { 2, "UL" },		 { 3, "NSID" },	       { 5, "DAU" },
		{ 6, "DHU" },	   { 7, "N3U" },	 { 8, "ECS" },	       { 9, "EXPIRE" },
		{ 10, "COOKIE" },  { 11, "KEEPALIVE" },	 { 12, "PADDING" },    { 13, "CHAIN" },
		{ 14, "KEY-TAG" }, { 16, "CLIENT-TAG" }, { 17, "SERVER-TAG" },
	};

	if (at == end)
		return true;
	for (const char *comma = " ["; at < end; comma = ",") {
		uint16_t option, bytes;
		const char *name;

		buffer_text(l->out, comma);
		if (!has(m, at, 2))
			return false;
		option = be16(m->p + at);
		name = LAYER_NAME_OF(names, option);
		if (name)
			buffer_text(l->out, name);
		else
			buffer_format(l->out, "Opt%u", option);
		if (!has(m, at, 4))
			return false;
		bytes = be16(m->p + at + 2);
		at += 4;
		if (!has(m, at, bytes))
			return false;
		buffer_text(l->out, bytes ? " " : "");
		if (bytes)
			print_option(l, option, m->p + at, bytes);
		at += bytes;
	}
	buffer_text(l->out, "]");
	return true;
}

/* --- questions and records ------------------------------------------------------------------------ */

/* The question at @at; behind it. */
static uint32_t print_question(struct layer *l, const struct message *m, uint32_t at)
{
	uint32_t behind = skip_name(m, at);
	uint16_t class;

	if (!behind || !has(m, behind, 4))
		return 0;
	print_type(l, be16(m->p + behind));
	class = be16(m->p + behind + 2);
	print_class(l, m->multicast ? class & (uint16_t)~MDNS_UNICAST : class);
	if (m->multicast)
		buffer_text(l->out, class & MDNS_UNICAST ? " (QU)" : " (QM)");
	buffer_text(l->out, "? ");
	at = print_name(l, m, at);
	return at ? at + 4 : 0;
}

static bool print_prefixed_name(struct layer *l, const struct message *m, uint32_t at,
				uint32_t head)
{
	buffer_text(l->out, " ");
	return has(m, at, head) && print_name(l, m, at + head);
}

/* The data of @bytes at @at, which were captured. */
static bool print_data(struct layer *l, const struct message *m, uint16_t type, uint32_t at,
		       uint32_t bytes)
{
	const uint8_t *p = m->p + at;
	char text[INET6_ADDRSTRLEN];

	switch (type) {
	case TYPE_A:
	case TYPE_AAAA:
		if (!has(m, at, type == TYPE_A ? 4 : 16))
			return false;
		buffer_format(l->out, " %s", layer_address(p, type == TYPE_AAAA, text));
		return true;
	case 2:
	case 5:
	case 12:
	case 39:
		return print_prefixed_name(l, m, at, 0);
	case TYPE_SOA:
		return print_authority(l, m, at);
	case TYPE_MX:
		if (!print_prefixed_name(l, m, at, 2))
			return false;
		buffer_format(l->out, " %u", be16(p));
		return true;
	case TYPE_TXT:
		return print_strings(l, m, at, at + bytes);
	case TYPE_SRV:
		if (!print_prefixed_name(l, m, at, 6))
			return false;
		buffer_format(l->out, ":%u %u %u", be16(p + 4), be16(p), be16(p + 2));
		return true;
	case TYPE_URI:
		if (bytes < 4)
			return false;
		buffer_format(l->out, " %u %u ", be16(p), be16(p + 2));
		layer_text(l, p + 4, bytes - 4);
		return true;
	case TYPE_UNSPECIFIED:
		layer_text(l, p, bytes);
		return true;
	case TYPE_TSIG:
		return print_signature(l, m, at);
	}
	return true;
}

static void print_record_class(struct layer *l, const struct message *m, uint16_t type,
			       uint16_t class)
{
	if (type != TYPE_OPT)
		print_class(l, m->multicast ? class & (uint16_t)~MDNS_UNICAST : class);
	if (m->multicast && (class & MDNS_UNICAST))
		buffer_text(l->out, " (Cache flush)");
}

/* The record at @at; behind it. What is cut off before its data is taken for the end of the message. */
static uint32_t print_record(struct layer *l, const struct message *m, uint32_t at)
{
	uint16_t type, class, bytes;
	const uint8_t *p;
	bool whole;

	buffer_text(l->out, l->options->verbose ? " " : "");
	at = l->options->verbose ? print_name(l, m, at) : skip_name(m, at);
	if (!at && l->options->verbose)
		return 0;
	if (!at || !has(m, at, RECORD_BYTES))
		return m->bytes;
	p = m->p + at;
	type = be16(p);
	class = be16(p + 2);
	bytes = be16(p + 8);
	print_record_class(l, m, type, class);
	if (type != TYPE_OPT && l->options->verbose > 2) {
		buffer_text(l->out, " [");
		layer_seconds(l, be32(p + 4));
		buffer_text(l->out, "]");
	}
	print_type(l, type);
	at += RECORD_BYTES;
	if (!has(m, at, bytes))
		return 0;
	if (type == TYPE_OPT) {
		buffer_format(l->out, " UDPsize=%u%s",
			      m->multicast ? class & (uint16_t)~MDNS_UNICAST : class,
			      be16(p + 6) & 0x8000 ? " DO" : "");
		whole = print_options(l, m, at, at + bytes);
	} else {
		whole = print_data(l, m, type, at, bytes);
	}
	return whole ? at + bytes : 0;
}

/* @n records behind @mark. @at is behind them after; false: they were cut off. */
static bool print_section(struct layer *l, const struct message *m, uint32_t *at, uint32_t n,
			  const char *mark)
{
	for (uint32_t i = 0; i < n; i++) {
		if ((i || *mark) && *at >= m->bytes)
			return false;
		buffer_text(l->out, i ? "," : mark);
		*at = print_record(l, m, *at);
		if (!*at)
			return false;
	}
	return true;
}

/* --- messages ------------------------------------------------------------------------------------- */

/* What the message says of its answer: four bits of its head, and more in its options. */
static uint32_t answer_code(const struct message *m)
{
	uint32_t code = be16(m->p + 2) & 15, at = HEADER;
	uint32_t records = be16(m->p + 6) + (uint32_t)be16(m->p + 8), more = be16(m->p + 10);

	for (uint32_t i = 0; i < be16(m->p + 4); i++) {
		at = skip_name(m, at);
		if (!at || !has(m, at, 5))
			return code;
		at += 4;
	}
	for (uint32_t i = 0; i < records + more; i++) {
		at = skip_name(m, at);
		if (!at || !has(m, at, 5))
			return code;
		if (i >= records && be16(m->p + at) == TYPE_OPT)
			return code | (uint32_t)m->p[at + 4] << 4;
		if (!has(m, at, RECORD_BYTES))
			return code;
		at += RECORD_BYTES + be16(m->p + at + 8);
		if (at >= m->bytes)
			return code;
	}
	return code;
}

static bool print_answer(struct layer *l, const struct message *m)
{
	const uint8_t *p = m->p;
	uint16_t flags = be16(p + 2), questions = be16(p + 4);
	uint32_t at = HEADER, code = answer_code(m);

	buffer_format(l->out, "%u%s", be16(p), operations[flags >> 11 & 15]);
	if (code < sizeof(answers) / sizeof(answers[0]))
		buffer_text(l->out, answers[code]);
	else
		buffer_format(l->out, " Resp%u", code);
	buffer_format(l->out, "%s%s%s%s", flags & 0x0400 ? "*" : "", flags & 0x0080 ? "" : "-",
		      flags & 0x0200 ? "|" : "", flags & 0x0020 ? "$" : "");
	if (questions != 1)
		buffer_format(l->out, " [%uq]", questions);
	for (uint32_t i = 0; i < questions; i++) {
		buffer_text(l->out, i ? "," : "");
		if (l->options->verbose > 1) {
			buffer_text(l->out, " q:");
			at = print_question(l, m, at);
		} else {
			at = skip_name(m, at);
			at = at ? at + 4 : 0;
		}
		if (!at)
			return false;
	}
	buffer_format(l->out, " %u/%u/%u", be16(p + 6), be16(p + 8), be16(p + 10));
	if (!print_section(l, m, &at, be16(p + 6), ""))
		return false;
	return l->options->verbose < 2 || (print_section(l, m, &at, be16(p + 8), " ns:") &&
					   print_section(l, m, &at, be16(p + 10), " ar:"));
}

/* Counts that are not as usual. */
static void print_counts(struct layer *l, const uint8_t *p, bool is_inverse)
{
	uint16_t questions = be16(p + 4), found = be16(p + 6);

	if (is_inverse && questions)
		buffer_format(l->out, " [%uq]", questions);
	if (found != is_inverse)
		buffer_format(l->out, " [%ua]", found);
	if (!is_inverse && questions != 1)
		buffer_format(l->out, " [%uq]", questions);
	if (be16(p + 8))
		buffer_format(l->out, " [%un]", be16(p + 8));
	if (be16(p + 10))
		buffer_format(l->out, " [%uau]", be16(p + 10));
}

static bool print_query(struct layer *l, const struct message *m)
{
	const uint8_t *p = m->p;
	uint16_t flags = be16(p + 2), questions = be16(p + 4);
	uint32_t at = HEADER;

	buffer_format(l->out, "%u%s%s%s", be16(p), operations[flags >> 11 & 15],
		      flags & 0x0100 ? "+" : "", flags & 0x0010 ? "%" : "");
	if (flags & FLAGS_STRANGE)
		buffer_format(l->out, " [b2&3=0x%x]", flags);
	print_counts(l, p, (flags >> 11 & 15) == OPERATION_INVERSE);
	for (uint32_t i = 0; i < questions; i++) {
		if (i && at >= m->bytes)
			return false;
		at = print_question(l, m, at);
		if (!at)
			return false;
	}
	return l->options->verbose < 2 || (print_section(l, m, &at, be16(p + 6), "") &&
					   print_section(l, m, &at, be16(p + 8), " ns:") &&
					   print_section(l, m, &at, be16(p + 10), " ar:"));
}

void print_dns(struct layer *l, const uint8_t *p, uint32_t length, bool multicast)
{
	struct message m = { .p = p,
			     .bytes = layer_captured(l, p, length),
			     .multicast = multicast };

	if (length < HEADER) {
		buffer_format(l->out, "domain [length %u < %u] (invalid)", length, HEADER);
		return;
	}
	if (m.bytes >= HEADER && (be16(p + 2) & 0x8000 ? print_answer(l, &m) : print_query(l, &m)))
		buffer_format(l->out, " (%u)", length);
	else
		layer_truncated(l, "domain");
}

void print_dns_stream(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	(void)ip;
	if (length < 2) {
		buffer_format(l->out, " [DNS over TCP: length %u < 2]", length);
		layer_invalid(l);
		return;
	}
	length -= 2;
	if (get16(l, p) != length) {
		buffer_format(l->out, " [prefix length(%u) != length(%u)]", be16(p), length);
		layer_invalid(l);
		return;
	}
	buffer_text(l->out, " ");
	print_dns(l, p + 2, length, false);
}
