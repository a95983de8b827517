/* SPDX-License-Identifier: BSD-2-Clause */
/* A packet's line: number, time, the printers, the bytes; and what is remembered between packets. */
#include <netdb.h>
#include <stdlib.h>
#include <time.h>

#include "capture/hash.h"
#include "capture/ike.h"
#include "capture/layer.h"

#define NS_PER_S 1000000000ull

enum {
	NAMES_MAX = 4096, /* the table is emptied when full */
	NAME_BUCKET_BITS = 12,
	NAME_BUCKETS = 1 << NAME_BUCKET_BITS
};

struct name {
	struct name *next;
	uint8_t address[16];
	bool v6;
	char *text;
};

struct line {
	struct line_options options;
	uint64_t n_packets;
	uint64_t first_ns, last_ns;
	struct talks *talks;
	struct ike ike;
	struct hash_key key;
	struct name *names[NAME_BUCKETS];
	uint32_t n_names;
};

struct line *line_create(const struct line_options *options)
{
	struct line *line = xcalloc(1, sizeof(*line));

	line->options = *options;
	line->talks = talks_new();
	hash_key_init(&line->key);
	return line;
}

static void drop_names(struct line *line)
{
	for (uint32_t i = 0; i < NAME_BUCKETS; i++)
		while (line->names[i]) {
			struct name *name = line->names[i];

			line->names[i] = name->next;
			free(name->text);
			free(name);
		}
	line->n_names = 0;
}

void line_destroy(struct line *line)
{
	if (!line)
		return;
	talks_free(line->talks);
	drop_names(line);
	free(line);
}

struct conversation *line_conversation(struct line *line, const struct layer_ip *ip,
				       uint16_t source, uint16_t target, bool *is_new,
				       bool *is_reverse)
{
	return talks_find(line->talks, ip, source, target, is_new, is_reverse);
}

struct ike *line_ike(struct line *line)
{
	return &line->ike;
}

const char *layer_address(const uint8_t *address, bool v6, char *text)
{
	if (!inet_ntop(v6 ? AF_INET6 : AF_INET, address, text, INET6_ADDRSTRLEN))
		text[0] = '\0';
	return text;
}

/* What the resolver calls the address, or its figures. */
static char *resolve(const uint8_t *address, bool v6)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	const struct sockaddr *sa = v6 ? (void *)&in6 : (void *)&in4;
	char text[NI_MAXHOST];

	memcpy(v6 ? (void *)&in6.sin6_addr : (void *)&in4.sin_addr, address, v6 ? 16 : 4);
	if (getnameinfo(sa, v6 ? sizeof(in6) : sizeof(in4), text, sizeof(text), NULL, 0,
			NI_NAMEREQD))
		layer_address(address, v6, text);
	return xstrdup(text);
}

void layer_host(struct layer *l, const uint8_t *address, bool v6)
{
	struct line *line = l->line;
	char text[INET6_ADDRSTRLEN];
	struct name *name;
	uint32_t hash;

	if (l->options->numeric) {
		buffer_text(l->out, layer_address(address, v6, text));
		return;
	}
	hash = hash_of(&line->key, address, v6 ? 16 : 4, NAME_BUCKET_BITS);
	for (name = line->names[hash]; name; name = name->next)
		if (name->v6 == v6 && memcmp(name->address, address, v6 ? 16 : 4) == 0)
			break;
	if (!name) {
		if (line->n_names == NAMES_MAX)
			drop_names(line);
		name = xcalloc(1, sizeof(*name));
		name->v6 = v6;
		memcpy(name->address, address, v6 ? 16 : 4);
		name->text = resolve(address, v6);
		name->next = line->names[hash];
		line->names[hash] = name;
		line->n_names++;
	}
	layer_text(l, (const uint8_t *)name->text, (uint32_t)strlen(name->text));
}

void layer_port(struct layer *l, uint16_t port, const char *protocol)
{
	struct servent entry, *found = NULL;
	char room[1024];

	if (!l->options->numeric)
		getservbyport_r(htons(port), protocol, &entry, room, sizeof(room), &found);
	if (found)
		buffer_text(l->out, found->s_name);
	else
		buffer_format(l->out, "%u", port);
}

static void print_end(struct layer *l, const struct layer_ip *ip, const uint8_t *address,
		      const uint8_t *port, const char *protocol)
{
	bool with_host = !ip->hosts_said || !port;

	if (with_host)
		layer_host(l, address, ip->v6);
	if (with_host && port)
		buffer_text(l->out, ".");
	if (port)
		layer_port(l, be16(port), protocol);
}

void layer_ends(struct layer *l, const struct layer_ip *ip, const uint8_t *p, const char *protocol)
{
	print_end(l, ip, ip->source, p, protocol);
	buffer_text(l->out, " > ");
	print_end(l, ip, ip->target, p ? p + 2 : NULL, protocol);
	buffer_text(l->out, ": ");
}

const char *layer_protocol_name(struct layer *l, uint8_t protocol)
{
	struct protoent *entry = l->options->numeric ? NULL : getprotobynumber(protocol);

	return entry ? entry->p_name : NULL;
}

void layer_truncated(struct layer *l, const char *name)
{
	buffer_format(l->out, " [|%s]", name);
}

void layer_guard(struct layer *l, const char *name, layer_printer *printer,
		 const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	jmp_buf here, *outer = l->cut;
	const uint8_t *end = l->end;
	uint32_t depth = l->depth;

	l->cut = &here;
	switch (setjmp(here)) {
	case 0:
		printer(l, ip, p, length);
		break;
	case LAYER_CUT:
		l->is_cut = true;
		/* fall through */
	default:
		layer_truncated(l, name);
	}
	l->cut = outer;
	l->end = end;
	l->depth = depth;
}

void layer_dotted(struct layer *l, const uint8_t *p)
{
	char text[INET6_ADDRSTRLEN];

	layer_need(l, p, 4);
	buffer_text(l->out, layer_address(p, false, text));
}

void layer_seconds(struct layer *l, uint32_t seconds)
{
	static const struct layer_name units[] = { { 31536000, "y" }, { 604800, "w" },
						   { 86400, "d" },    { 3600, "h" },
						   { 60, "m" },	      { 1, "s" } };

	if (!seconds)
		buffer_text(l->out, "0s");
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (seconds >= units[i].value)
			buffer_format(l->out, "%u%s", seconds / units[i].value, units[i].text);
		seconds %= units[i].value;
	}
}

const uint8_t *layer_labels(struct layer *l, const uint8_t *p, const uint8_t *end)
{
	if (get8(l, p) == 0)
		buffer_text(l->out, ".");
	while (*p) {
		uint32_t bytes = *p++;

		if (bytes > 63 || bytes >= (uint32_t)(end - p))
			layer_short(l);
		layer_text(l, p, bytes);
		buffer_text(l->out, ".");
		p += bytes;
	}
	return p + 1;
}

void layer_lost(struct layer *l, const char *name)
{
	layer_truncated(l, name);
	l->is_cut = true;
}

void layer_label(struct layer *l, const char *label, const uint8_t *p)
{
	layer_need(l, p, 4);
	buffer_text(l->out, label);
	layer_dotted(l, p);
}

void layer_mac(struct layer *l, const uint8_t *p)
{
	layer_need(l, p, 6);
	buffer_format(l->out, "%02x:%02x:%02x:%02x:%02x:%02x", p[0], p[1], p[2], p[3], p[4], p[5]);
}

void layer_bits(struct layer *l, const struct layer_name *names, uint32_t n, uint32_t bits,
		const char *none)
{
	const char *comma = "";

	for (uint32_t i = 0; i < n; i++) {
		if ((bits & names[i].value) != names[i].value)
			continue;
		buffer_format(l->out, "%s%s", comma, names[i].text);
		comma = ", ";
	}
	if (!*comma)
		buffer_text(l->out, none);
}

void layer_invalid(struct layer *l)
{
	buffer_text(l->out, " (invalid)");
}

const char *layer_name_of(const struct layer_name *names, uint32_t n, uint32_t value)
{
	for (uint32_t i = 0; i < n; i++)
		if (names[i].value == value)
			return names[i].text;
	return NULL;
}

void line_text(struct buffer *out, const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		uint8_t c = (uint8_t)text[i];

		if (c >= 128) {
			buffer_text(out, "M-");
			c &= 127;
		}
		if (c < 32 || c == 127)
			buffer_format(out, "^%c", c ^ 64);
		else
			buffer_format(out, "%c", c);
	}
}

void layer_text(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	line_text(l->out, (const char *)p, bytes);
}

void layer_padded(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes && get8(l, p + i); i++)
		layer_text(l, p + i, 1);
}

static void print_hex_line(struct layer *l, const uint8_t *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		buffer_format(l->out, i % 2 ? "%02x" : " %02x", p[i]);
}

void layer_hex_indented(struct layer *l, const uint8_t *p, uint32_t bytes, const char *indent)
{
	for (uint32_t at = 0; at < bytes; at += 16) {
		buffer_format(l->out, "%s0x%04x: ", indent, at);
		print_hex_line(l, p + at, bytes - at < 16 ? bytes - at : 16);
	}
}

void layer_hex(struct layer *l, const uint8_t *p, uint32_t bytes, bool ascii)
{
	if (!ascii) {
		layer_hex_indented(l, p, bytes, "\n\t");
		return;
	}
	for (uint32_t at = 0; at < bytes; at += 16) {
		uint32_t n = bytes - at < 16 ? bytes - at : 16;

		buffer_format(l->out, "\n\t0x%04x: ", at);
		print_hex_line(l, p + at, n);
		buffer_format(l->out, "%*s  ", (int)(40 - (n / 2 * 5 + n % 2 * 3)), "");
		for (uint32_t i = 0; i < n; i++)
			buffer_format(l->out, "%c",
				      p[at + i] > 32 && p[at + i] < 127 ? p[at + i] : '.');
	}
}

bool layer_shows_rest(const struct layer *l)
{
	return !l->options->quiet &&
	       (l->options->bytes == LINE_BYTES_NONE || l->options->bytes >= LINE_BYTES_TEXT);
}

void layer_rest(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	if (layer_shows_rest(l))
		layer_hex(l, p, layer_captured(l, p, bytes), true);
}

uint16_t layer_checksum(const uint8_t *p, uint32_t bytes, uint32_t start)
{
	uint64_t sum = start;

	for (uint32_t i = 0; i + 1 < bytes; i += 2)
		sum += be16(p + i);
	if (bytes % 2)
		sum += (uint32_t)p[bytes - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint32_t layer_pseudo_header(const struct layer_ip *ip, uint32_t bytes)
{
	uint32_t sum = ip->protocol + (bytes >> 16) + (bytes & 0xffff);

	for (uint32_t i = 0; i < (ip->v6 ? 16 : 4); i += 2)
		sum += be16(ip->source + i) + (uint32_t)be16(ip->target + i);
	return sum;
}

uint16_t layer_checksum_expected(uint16_t stands, uint16_t sum)
{
	uint32_t expected = stands + (uint32_t)sum;

	expected = (expected & 0xffff) + (expected >> 16);
	return (uint16_t)expected;
}

static void print_digits(struct line *line, struct buffer *out, uint64_t ns)
{
	if (line->options.nano)
		buffer_format(out, ".%09llu ", (unsigned long long)(ns % NS_PER_S));
	else
		buffer_format(out, ".%06llu ", (unsigned long long)(ns % NS_PER_S / 1000));
}

static void print_clock(struct line *line, struct buffer *out, uint64_t ns, bool date)
{
	time_t seconds = (time_t)(ns / NS_PER_S);
	struct tm tm = { 0 };

	localtime_r(&seconds, &tm);
	if (date)
		buffer_format(out, "%04d-%02d-%02d ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
	buffer_format(out, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
	print_digits(line, out, ns);
}

static void print_since(struct line *line, struct buffer *out, uint64_t ns, uint64_t from)
{
	uint64_t since = ns >= from ? ns - from : from - ns;
	uint64_t seconds = since / NS_PER_S;

	if (ns < from)
		buffer_text(out, "-");
	else
		buffer_text(out, " ");
	buffer_format(out, "%02u:%02u:%02u", (unsigned int)(seconds / 3600),
		      (unsigned int)(seconds / 60 % 60), (unsigned int)(seconds % 60));
	print_digits(line, out, since);
}

static void print_time(struct line *line, struct buffer *out, uint64_t ns)
{
	uint64_t unit = line->options.nano ? 1 : 1000;

	ns -= ns % unit;
	if (!line->n_packets)
		line->first_ns = line->last_ns = ns;
	switch (line->options.time) {
	case LINE_TIME_NONE:
	case LINE_TIME_MAX:
		break;
	case LINE_TIME_CLOCK:
	case LINE_TIME_DATE:
		print_clock(line, out, ns, line->options.time == LINE_TIME_DATE);
		break;
	case LINE_TIME_EPOCH:
		buffer_format(out, "%llu", (unsigned long long)(ns / NS_PER_S));
		print_digits(line, out, ns);
		break;
	case LINE_TIME_SINCE_LAST:
		print_since(line, out, ns, line->last_ns);
		break;
	case LINE_TIME_SINCE_FIRST:
		print_since(line, out, ns, line->first_ns);
		break;
	}
	line->last_ns = ns;
}

/* -A: line feeds and tabs as they are, other bytes that do not print as points. */
static void print_text_bytes(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	buffer_text(l->out, "\n");
	for (uint32_t i = 0; i < bytes; i++) {
		/* As tcpdump has it, one that the last byte follows is at the end of its line. */
		if (p[i] == '\r' && (i + 2 >= bytes || p[i + 1] == '\n'))
			continue;
		if (p[i] == '\n' || p[i] == '\t' || (p[i] >= 32 && p[i] < 127))
			buffer_format(l->out, "%c", p[i]);
		else
			buffer_text(l->out, ".");
	}
}

static void print_bytes(struct layer *l, const struct line_packet *packet)
{
	enum line_bytes kind = l->options->bytes;
	bool with_link = kind == LINE_BYTES_HEX_LINK || kind == LINE_BYTES_ASCII_LINK ||
			 kind == LINE_BYTES_TEXT_LINK;
	/* tcpdump does not know where an Ethernet header ended when what follows was cut off. */
	bool is_lost = l->is_cut && packet->link == LINE_LINK_ETHERNET;
	uint32_t skip = with_link || is_lost ? 0 : l->link_bytes;

	if (kind == LINE_BYTES_NONE || packet->bytes < skip)
		return;
	if (kind >= LINE_BYTES_TEXT)
		print_text_bytes(l, packet->data + skip, packet->bytes - skip);
	else
		layer_hex(l, packet->data + skip, packet->bytes - skip, kind >= LINE_BYTES_ASCII);
}

static void print_family(struct layer *l, uint32_t family, uint32_t length)
{
	static const struct layer_name names[] = { { 2, "IPv4" },  { 6, "NS" },
						   { 7, "ISO" },   { 16, "Appletalk" },
						   { 23, "IPX" },  { 24, "IPv6" },
						   { 28, "IPv6" }, { 30, "IPv6" } };
	const char *name = LAYER_NAME_OF(names, family);

	if (!l->options->quiet)
		buffer_format(l->out, "AF %s (%u)", name ? name : "Unknown", family);
	else if (name)
		buffer_text(l->out, name);
	else
		buffer_format(l->out, "Unknown AF %u", family);
	buffer_format(l->out, ", length %u: ", length);
}

/* BSD's loopback: its address family, in some machine's byte order. */
static void print_null(struct layer *l, const struct layer_ip *ip, const uint8_t *p,
		       uint32_t length)
{
	uint32_t family = ntohl(get32(l, p));

	(void)ip;
	l->link_bytes = 4;
	if (family & 0xffff0000)
		family = be32(p);
	if (l->options->link)
		print_family(l, family, length);
	if (family == 2) {
		print_ip4(l, p + 4, length - 4);
	} else if (family == 24 || family == 28 || family == 30) {
		print_ip6(l, p + 4, length - 4);
	} else {
		if (!l->options->link)
			print_family(l, family, length);
		layer_rest(l, p + 4, length - 4);
	}
}

static void print_link(struct layer *l, const struct line_packet *packet)
{
	const uint8_t *p = packet->data;
	uint32_t length = packet->wire_bytes;

	switch (packet->link) {
	case LINE_LINK_ETHERNET:
		print_ethernet(l, p, length);
		break;
	case LINE_LINK_RAW_IP:
		print_ip(l, p, length);
		break;
	case LINE_LINK_SLL:
	case LINE_LINK_SLL2:
		print_cooked(l, p, length, packet->link == LINE_LINK_SLL2);
		break;
	case LINE_LINK_NULL:
		layer_guard(l, "null", print_null, NULL, p, length);
		break;
	}
}

void line_print(struct line *line, const struct line_packet *packet, struct buffer *out)
{
	struct layer l = {
		.options = &line->options,
		.line = line,
		.out = out,
		.end = packet->data + packet->bytes,
	};

	if (line->options.number)
		buffer_format(out, "%5llu  ", (unsigned long long)line->n_packets + 1);
	print_time(line, out, packet->time_ns);
	line->n_packets++;
	print_link(&l, packet);
	print_bytes(&l, packet);
	buffer_text(out, "\n");
}
