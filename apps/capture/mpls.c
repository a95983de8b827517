/* SPDX-License-Identifier: BSD-2-Clause */
/* MPLS (RFC 3032): its labels, and the packet behind them. */
#include "capture/layer.h"

enum {
	LABEL_BYTES = 4,
	LABEL_IP4 = 0,
	LABEL_IP6 = 2,
	LABEL_IMPLICIT = 3,
	BOTTOM = 0x100,
};

static const struct layer_name labels[] = { { LABEL_IP4, "IPv4 explicit NULL" },
					    { 1, "router alert" },
					    { LABEL_IP6, "IPv6 explicit NULL" },
					    { LABEL_IMPLICIT, "implicit NULL" } };

static void print_entry(struct layer *l, uint32_t entry, bool first)
{
	const char *name = LAYER_NAME_OF(labels, entry >> 12);

	buffer_format(l->out, "%s(label %u", !first && l->options->verbose ? "\n\t" : " ",
		      entry >> 12);
	if (l->options->verbose && entry >> 12 < 16)
		buffer_format(l->out, " (%s)", name ? name : "rsvd");
	buffer_format(l->out, ", tc %u%s, ttl %u)", entry >> 9 & 7, entry & BOTTOM ? ", [S]" : "",
		      entry & 0xff);
}

/* 4 or 6; 0: neither. */
static uint32_t version_of(struct layer *l, uint32_t label, const uint8_t *p)
{
	if (label == LABEL_IP4 || label == LABEL_IMPLICIT)
		return 4;
	if (label == LABEL_IP6)
		return 6;
	if (get8(l, p) >= 0x45 && p[0] <= 0x4f)
		return 4;
	return p[0] >> 4 == 6 ? 6 : 0;
}

void print_mpls(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	uint32_t entry = 0, version;
	bool first = true;

	(void)ip;
	buffer_text(l->out, "MPLS");
	while (!(entry & BOTTOM)) {
		if (length < LABEL_BYTES) {
			layer_truncated(l, "mpls");
			return;
		}
		entry = get32(l, p);
		print_entry(l, entry, first);
		first = false;
		p += LABEL_BYTES;
		length -= LABEL_BYTES;
	}
	version = version_of(l, entry >> 12, p);
	if (!version || l->depth == LAYER_DEPTH_MAX) {
		layer_rest(l, p, length);
		layer_need(l, p, length);
		return;
	}
	buffer_text(l->out, l->options->verbose ? "\n\t" : " ");
	l->depth++;
	if (version == 4)
		print_ip4(l, p, length);
	else
		print_ip6(l, p, length);
	l->depth--;
}
