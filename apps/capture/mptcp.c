/* SPDX-License-Identifier: BSD-2-Clause */
/* The option of multipath TCP (RFC 6824, RFC 8684): captured as a whole before this is called. */
#include "capture/layer.h"

enum {
	SYN = 0x02,
	ACK = 0x10,
};

static uint64_t be64(const uint8_t *p)
{
	return (uint64_t)be32(p) << 32 | be32(p + 4);
}

static void print_hex64(struct layer *l, const char *label, const uint8_t *p)
{
	buffer_format(l->out, "%s0x%llx", label, (unsigned long long)be64(p));
}

static bool print_capable(struct layer *l, const uint8_t *p, uint32_t bytes, uint8_t flags)
{
	bool opens = (bytes == 12 || bytes == 4) && (flags & SYN);
	bool confirms = (bytes == 20 || bytes == 22) && (flags & (SYN | ACK)) == ACK;
	uint32_t version;

	if (!opens && !confirms)
		return false;
	version = p[2] & 15;
	if (version > 1) {
		buffer_format(l->out, " Unknown Version (%u)", version);
		return true;
	}
	buffer_format(l->out, " v%u%s", version, p[3] & 0x80 ? " csum" : "");
	if (bytes == 4)
		return true;
	print_hex64(l, " {", p + 4);
	if (bytes >= 20)
		print_hex64(l, ",", p + 12);
	buffer_text(l->out, "}");
	return true;
}

static bool print_join(struct layer *l, const uint8_t *p, uint32_t bytes, uint8_t flags)
{
	if (!(bytes == 12 && (flags & SYN)) && !(bytes == 24 && (flags & ACK)) &&
	    !(bytes == 16 && (flags & (SYN | ACK)) == (SYN | ACK)))
		return false;
	if (bytes != 24)
		buffer_format(l->out, "%s id %u", p[2] & 1 ? " backup" : "", p[3]);
	if (bytes == 12) {
		buffer_format(l->out, " token 0x%x nonce 0x%x", be32(p + 4), be32(p + 8));
	} else if (bytes == 16) {
		print_hex64(l, " hmac ", p + 4);
		buffer_format(l->out, " nonce 0x%x", be32(p + 12));
	} else {
		buffer_text(l->out, " hmac 0x");
		for (uint32_t i = 4; i < 24; i++)
			buffer_format(l->out, "%02x", p[i]);
	}
	return true;
}

/* A number of eight bytes, or of four, at *p of *left bytes. */
static bool print_number(struct layer *l, const uint8_t **p, uint32_t *left, bool is_wide)
{
	uint32_t size = is_wide ? 8 : 4;

	if (*left < size)
		return false;
	buffer_format(l->out, "%llu", (unsigned long long)(is_wide ? be64(*p) : be32(*p)));
	*p += size;
	*left -= size;
	return true;
}

/* Where the bytes of this segment are in the whole. */
static bool print_sequence(struct layer *l, const uint8_t *p, uint32_t bytes, uint8_t flags)
{
	uint32_t left = bytes - 4;
	uint8_t set;

	if (bytes < 4 || (flags & SYN))
		return false;
	set = p[3];
	p += 4;
	buffer_text(l->out, set & 0x10 ? " fin" : "");
	if (set & 0x01) {
		buffer_text(l->out, " ack ");
		if (!print_number(l, &p, &left, set & 0x02))
			return false;
	}
	if (set & 0x04) {
		buffer_text(l->out, " seq ");
		if (!print_number(l, &p, &left, set & 0x08) || left < 4)
			return false;
		buffer_format(l->out, " subseq %u", be32(p));
		if (left < 6)
			return false;
		buffer_format(l->out, " len %u", be16(p + 4));
		left -= 6;
		if (left >= 2) {
			buffer_format(l->out, " csum 0x%x", be16(p + 6));
			left -= 2;
		}
	}
	return !left;
}

static bool print_address(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	static const struct layer_name names[] = {
		{ 6, "v0-ip6" }, { 4, "v0-ip4" }, { 1, "v1-echo" }, { 0, "v1" }
	};
	bool v6 = bytes >= 20, has_hash = bytes >= (v6 ? 28 : 16), has_port;
	uint32_t base = v6 ? 20 : 8;
	char text[INET6_ADDRSTRLEN];
	const char *name;

	has_port = bytes == base + 2 || bytes == base + 10;
	if (bytes != base + 2 * has_port + 8 * has_hash)
		return false;
	name = LAYER_NAME_OF(names, p[2] & 15);
	buffer_format(l->out, " %s id %u %s", name ? name : "[bad version/echo]", p[3],
		      layer_address(p + 4, v6, text));
	if (has_port)
		buffer_format(l->out, ":%u", be16(p + base));
	if (has_hash)
		print_hex64(l, " hmac ", p + bytes - 8);
	return true;
}

bool print_mptcp(struct layer *l, const uint8_t *p, uint32_t bytes, uint8_t flags)
{
	static const char *const names[] = { "capable",	 "join",       "dss",
					     "add-addr", "rem-addr",   "prio",
					     "fail",	 "fast-close", "unknown" };
	uint32_t kind;

	if (bytes < 3)
		return false;
	kind = p[2] >> 4 < 8 ? p[2] >> 4 : 8;
	buffer_format(l->out, " %u %s", bytes, names[kind]);
	switch (kind) {
	case 0:
		return print_capable(l, p, bytes, flags);
	case 1:
		return print_join(l, p, bytes, flags);
	case 2:
		return print_sequence(l, p, bytes, flags);
	case 3:
		return print_address(l, p, bytes);
	case 4:
		if (bytes < 4)
			return false;
		buffer_text(l->out, " id");
		for (uint32_t i = 3; i < bytes; i++)
			buffer_format(l->out, " %u", p[i]);
		return true;
	case 5:
		if (bytes != 3 && bytes != 4)
			return false;
		buffer_text(l->out, p[2] & 1 ? " backup" : " non-backup");
		if (bytes == 4)
			buffer_format(l->out, " id %u", p[3]);
		return true;
	case 6:
	case 7:
		if (bytes != 12)
			return false;
		if (kind == 6)
			buffer_format(l->out, " seq %llu", (unsigned long long)be64(p + 4));
		else
			print_hex64(l, " key ", p + 4);
		return true;
	}
	return true;
}
