/* SPDX-License-Identifier: BSD-2-Clause */
/* DNS messages (RFC 1035) in tcpdump's shorthand: "1+ A? name. (29)", "1 1/0/0 A 192.0.2.80 (45)". */
#include "capture/layer.h"

enum {
	HEADER = 12,
	LABELS_MAX = 128, /* of one name, pointers followed */
	NAME_BYTES_MAX = 255,
	CLASS_IN = 1,
	TYPE_OPT = 41,
	MDNS_UNICAST = 0x8000, /* in a question's class; in a record's: cache flush */
};

/* A message and what was captured of it. */
struct message {
	const uint8_t *p;
	uint32_t bytes;
};

static const struct layer_name type_names[] = {
	{ 1, "A" },	   { 2, "NS" },	     { 5, "CNAME" },   { 6, "SOA" },	 { 12, "PTR" },
	{ 13, "HINFO" },   { 15, "MX" },     { 16, "TXT" },    { 28, "AAAA" },	 { 33, "SRV" },
	{ 35, "NAPTR" },   { 39, "DNAME" },  { TYPE_OPT, "OPT" }, { 43, "DS" },	 { 44, "SSHFP" },
	{ 46, "RRSIG" },   { 47, "NSEC" },   { 48, "DNSKEY" }, { 50, "NSEC3" },	 { 52, "TLSA" },
	{ 99, "SPF" },	   { 64, "SVCB" },	   { 65, "HTTPS" },  { 250, "TSIG" },  { 251, "IXFR" },	 { 252, "AXFR" },
	{ 255, "ANY" },	   { 256, "URI" },   { 257, "CAA" },   { 17, "RP" },	 { 29, "LOC" },
};

static const char *const operations[16] = { "",	      " inv_q", " stat", " op3",
					    " notify", " update", " op6",  " op7",
					    " op8",    " updateA", " updateD", " updateDA",
					    " updateM", " updateMA", " zoneInit", " zoneRef" };

static const char *const answers[] = { "",	    " FormErr", " ServFail", " NXDomain",
				       " NotImp",   " Refused", " YXDomain", " YXRRSet",
				       " NXRRSet",  " NotAuth", " NotZone" };

static void print_class(struct layer *l, uint16_t class)
{
	static const struct layer_name names[] = {
		{ 3, " CHAOS" }, { 4, " HS" }, { 254, " NONE" }, { 255, " ANY" }
	};
	const char *name = layer_name_of(names, sizeof(names) / sizeof(names[0]), class);

	if (class == CLASS_IN)
		return;
	if (name)
		buffer_text(l->out, name);
	else
		buffer_format(l->out, " Class%u", class);
}

static void print_type(struct layer *l, uint16_t type)
{
	const char *name =
		layer_name_of(type_names, sizeof(type_names) / sizeof(type_names[0]), type);

	if (name)
		buffer_format(l->out, " %s", name);
	else
		buffer_format(l->out, " Type%u", type);
}

/*
 * The name at @at, printed unless @l is NULL. Returns the offset behind it, 0 when it is cut off or
 * its pointers lead nowhere.
 */
static uint32_t walk_name(struct layer *l, const struct message *m, uint32_t at)
{
	uint32_t behind = 0, n = 0, bytes = 0;

	if (at < m->bytes && !m->p[at] && l)
		buffer_text(l->out, ".");
	while (at < m->bytes && n++ < LABELS_MAX) {
		uint8_t size = m->p[at];

		if (!size)
			return behind ? behind : at + 1;
		if (size >= 0xc0) {
			uint32_t to;

			if (at + 1 >= m->bytes)
				return 0;
			to = be16(m->p + at) & 0x3fff;
			behind = behind ? behind : at + 2;
			if (to >= at)
				return 0;
			at = to;
			continue;
		}
		bytes += 1u + size;
		if (size > 63 || at + 1 + size > m->bytes || bytes > NAME_BYTES_MAX)
			return 0;
		if (l) {
			layer_text(l, m->p + at + 1, size);
			buffer_text(l->out, ".");
		}
		at += 1u + size;
	}
	return 0;
}

/* The question at @at: the offset behind it, 0: cut off. */
static uint32_t print_question(struct layer *l, const struct message *m, uint32_t at,
			       bool multicast)
{
	uint32_t behind = walk_name(NULL, m, at);
	uint16_t class;

	if (!behind || behind + 4 > m->bytes)
		return 0;
	print_type(l, be16(m->p + behind));
	class = be16(m->p + behind + 2);
	if (multicast)
		buffer_text(l->out, class & MDNS_UNICAST ? " (QU)" : " (QM)");
	print_class(l, multicast ? class & (uint16_t)~MDNS_UNICAST : class);
	buffer_text(l->out, "? ");
	walk_name(l, m, at);
	return behind + 4;
}

static void print_strings(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	for (uint32_t at = 0; at < bytes && p[at] <= bytes - at - 1; at += 1u + p[at]) {
		buffer_text(l->out, " \"");
		layer_text(l, p + at + 1, p[at]);
		buffer_text(l->out, "\"");
	}
}

static void print_data(struct layer *l, const struct message *m, uint16_t type, uint32_t at,
		       uint32_t bytes)
{
	const uint8_t *p = m->p + at;
	char text[INET6_ADDRSTRLEN];

	switch (type) {
	case 1:
	case 28:
		if (bytes == (type == 1 ? 4 : 16))
			buffer_format(l->out, " %s", layer_address(p, type == 28, text));
		break;
	case 2:
	case 5:
	case 12:
	case 39:
		buffer_text(l->out, " ");
		walk_name(l, m, at);
		break;
	case 6:
		if (l->options->verbose) {
			buffer_text(l->out, " ");
			walk_name(l, m, at);
		}
		break;
	case 15:
		if (bytes < 3)
			break;
		buffer_text(l->out, " ");
		walk_name(l, m, at + 2);
		buffer_format(l->out, " %u", be16(p));
		break;
	case 16:
		print_strings(l, p, bytes);
		break;
	case 33:
		if (bytes < 7)
			break;
		buffer_text(l->out, " ");
		walk_name(l, m, at + 6);
		buffer_format(l->out, ":%u %u %u", be16(p + 4), be16(p), be16(p + 2));
		break;
	case TYPE_OPT:
		break;
	}
}

/* The record at @at: the offset behind it, 0: cut off. */
static uint32_t print_record(struct layer *l, const struct message *m, uint32_t at,
			     bool multicast)
{
	uint32_t behind = walk_name(NULL, m, at), bytes;
	uint16_t type, class;

	if (!behind || behind + 10 > m->bytes)
		return 0;
	if (l->options->verbose) {
		buffer_text(l->out, " ");
		walk_name(l, m, at);
	}
	type = be16(m->p + behind);
	class = be16(m->p + behind + 2);
	if (type != TYPE_OPT) {
		if (multicast && (class & MDNS_UNICAST))
			buffer_text(l->out, " (Cache flush)");
		print_class(l, multicast ? class & (uint16_t)~MDNS_UNICAST : class);
		if (l->options->verbose > 2) {
			uint32_t ttl = be32(m->p + behind + 4);

			buffer_format(l->out, " [");
			if (ttl >= 86400)
				buffer_format(l->out, "%ud", ttl / 86400);
			if (ttl % 86400 >= 3600)
				buffer_format(l->out, "%uh", ttl % 86400 / 3600);
			if (ttl % 3600 >= 60)
				buffer_format(l->out, "%um", ttl % 3600 / 60);
			if (ttl % 60 || !ttl)
				buffer_format(l->out, "%us", ttl % 60);
			buffer_text(l->out, "]");
		}
	}
	print_type(l, type);
	if (type == TYPE_OPT)
		buffer_format(l->out, " UDPsize=%u%s", class,
			      be16(m->p + behind + 6) & 0x8000 ? " DO" : "");
	bytes = be16(m->p + behind + 8);
	if (bytes > m->bytes - behind - 10)
		return 0;
	print_data(l, m, type, behind + 10, bytes);
	return behind + 10 + bytes;
}

static uint32_t print_section(struct layer *l, const struct message *m, uint32_t at,
			      uint32_t count, const char *mark, bool multicast)
{
	for (uint32_t i = 0; i < count && at; i++) {
		buffer_text(l->out, i ? "," : mark);
		at = print_record(l, m, at, multicast);
	}
	return at;
}

static void print_answer(struct layer *l, const struct message *m, uint32_t length,
			 bool multicast)
{
	const uint8_t *p = m->p;
	uint16_t flags = be16(p + 2), questions = be16(p + 4);
	uint32_t at = HEADER;

	buffer_format(l->out, "%u%s", be16(p), operations[flags >> 11 & 15]);
	if ((flags & 15) < sizeof(answers) / sizeof(answers[0]))
		buffer_text(l->out, answers[flags & 15]);
	else
		buffer_format(l->out, " Resp%u", flags & 15);
	buffer_format(l->out, "%s%s%s%s", flags & 0x0400 ? "*" : "", flags & 0x0080 ? "" : "-",
		      flags & 0x0200 ? "|" : "", flags & 0x0020 ? "$" : "");
	if (questions != 1)
		buffer_format(l->out, " [%uq]", questions);
	for (uint32_t i = 0; i < questions && at; i++) {
		if (l->options->verbose > 1) {
			buffer_text(l->out, i ? "," : " q:");
			at = print_question(l, m, at, multicast);
		} else {
			at = walk_name(NULL, m, at);
			at = at && at + 4 <= m->bytes ? at + 4 : 0;
		}
	}
	buffer_format(l->out, " %u/%u/%u", be16(p + 6), be16(p + 8), be16(p + 10));
	at = at ? print_section(l, m, at, be16(p + 6), "", multicast) : 0;
	if (at && l->options->verbose > 1) {
		at = print_section(l, m, at, be16(p + 8), " ns:", multicast);
		at = at ? print_section(l, m, at, be16(p + 10), " ar:", multicast) : 0;
	}
	if (at)
		buffer_format(l->out, " (%u)", length);
	else
		layer_truncated(l, "domain");
}

static void print_query(struct layer *l, const struct message *m, uint32_t length,
			bool multicast)
{
	const uint8_t *p = m->p;
	uint16_t flags = be16(p + 2), questions = be16(p + 4);
	bool is_inverse = (flags >> 11 & 15) == 1;
	uint32_t at = HEADER;

	buffer_format(l->out, "%u%s%s%s", be16(p), operations[flags >> 11 & 15],
		      flags & 0x0100 ? "+" : "", flags & 0x0010 ? "%" : "");
	for (uint32_t i = 0; i < 4; i++) {
		static const char *const marks[] = { "q", "a", "n", "au" };
		uint16_t n = be16(p + 4 + 2 * i);

		/* An inverse query has an answer where others have their question. */
		if (n != (i == 0 && !is_inverse) || (is_inverse && i < 2))
			buffer_format(l->out, " [%u%s]", n, marks[i]);
	}
	for (uint32_t i = 0; i < questions && at; i++)
		at = print_question(l, m, at, multicast);
	if (at && l->options->verbose)
		at = print_section(l, m, at, be16(p + 6), " ar:", multicast);
	if (at && l->options->verbose)
		at = print_section(l, m, at, be16(p + 8), " ns:", multicast);
	if (at && l->options->verbose)
		at = print_section(l, m, at, be16(p + 10), " ar:", multicast);
	if (at)
		buffer_format(l->out, " (%u)", length);
	else
		layer_truncated(l, "domain");
}

void print_dns(struct layer *l, const uint8_t *p, uint32_t length, bool multicast)
{
	struct message m = { .p = p, .bytes = layer_captured(l, p, length) };

	if (length < HEADER) {
		buffer_format(l->out, "domain [length %u < %u] (invalid)", length, HEADER);
		return;
	}
	if (m.bytes < HEADER) {
		layer_truncated(l, "domain");
		return;
	}
	if (be16(p + 2) & 0x8000)
		print_answer(l, &m, length, multicast);
	else
		print_query(l, &m, length, multicast);
}
