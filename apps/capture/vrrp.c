/* SPDX-License-Identifier: BSD-2-Clause */
/* VRRP, versions 2 (RFC 3768) and 3 (RFC 5798). */
#include "capture/layer.h"

enum {
	ADVERTISEMENT = 1,
	AUTH_SIMPLE = 1,
	HEAD_BYTES = 8,
	AUTH_BYTES = 8,
	TTL_WANTED = 255,
};

static const struct layer_name auths[] = { { 0, "none" }, { AUTH_SIMPLE, "simple" }, { 2, "ah" } };

static void print_auth_kind(struct layer *l, uint8_t kind)
{
	const char *name = LAYER_NAME_OF(auths, kind);

	if (name)
		buffer_format(l->out, ", authtype %s", name);
	else
		buffer_format(l->out, ", authtype #%u", kind);
}

static void print_checksum(struct layer *l, const struct layer_ip *ip, const uint8_t *p,
			   uint32_t length, uint8_t version)
{
	uint32_t start = version == 2 ? 0 : layer_pseudo_header(ip, length);

	if (length >= HEAD_BYTES && layer_has(l, p, length) && layer_checksum(p, length, start))
		buffer_format(l->out, ", (bad vrrp cksum %x)", be16(p + 6));
}

static void print_addresses(struct layer *l, const struct layer_ip *ip, const uint8_t *p,
			    uint32_t n)
{
	uint32_t bytes = ip->v6 ? 16 : 4;

	buffer_text(l->out, ", addrs");
	if (n != 1)
		buffer_format(l->out, "(%u)", n);
	buffer_text(l->out, ":");
	for (uint32_t i = 0; i < n; i++) {
		layer_need(l, p + i * bytes, bytes);
		buffer_text(l->out, i ? "," : " ");
		layer_host(l, p + i * bytes, ip->v6);
	}
}

void print_vrrp(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	uint8_t version, type;

	buffer_text(l->out, "VRRP");
	version = get8(l, p) >> 4;
	type = p[0] & 15;
	buffer_format(l->out, "v%u, ", version);
	if (type != ADVERTISEMENT)
		buffer_format(l->out, "unknown type (%u)", type);
	else
		buffer_text(l->out, "Advertisement");
	if (ip->ttl != TTL_WANTED)
		buffer_format(l->out, ", (ttl %u)", ip->ttl);
	if (type != ADVERTISEMENT)
		return;
	layer_need(l, p, 3);
	buffer_format(l->out, ", vrid %u, prio %u", p[1], p[2]);
	if (version == 2) {
		print_auth_kind(l, get8(l, p + 4));
		buffer_format(l->out, ", intvl %us, length %u", get8(l, p + 5), length);
	} else {
		buffer_format(l->out, ", intvl %ucs, length %u", get16(l, p + 4) & 0x0fff, length);
	}
	if (!l->options->verbose)
		return;
	print_checksum(l, ip, p, length, version);
	print_addresses(l, ip, p + HEAD_BYTES, get8(l, p + 3));
	if (version == 2 && p[4] == AUTH_SIMPLE) {
		buffer_text(l->out, " auth \"");
		layer_padded(l, p + HEAD_BYTES + p[3] * 4, AUTH_BYTES);
		buffer_text(l->out, "\"");
	}
}
