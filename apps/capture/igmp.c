/* SPDX-License-Identifier: BSD-2-Clause */
/* IGMP, versions 1 to 3 (RFC 3376). */
#include "capture/layer.h"

enum {
	QUERY = 0x11,
	REPORT_1 = 0x12,
	REPORT_2 = 0x16,
	LEAVE = 0x17,
	REPORT_3 = 0x22,
	QUERY_1_RESPONSE = 100, /* tenths of a second: version 2's own */
	FLOATING = 128,		/* from here on a time has an exponent */
	RECORD_BYTES = 8,
};

/* Seconds in the largest units: 5m7s. */
static void print_seconds(struct layer *l, uint32_t seconds)
{
	if (seconds >= 3600)
		buffer_format(l->out, "%uh", seconds / 3600);
	if (seconds % 3600 >= 60)
		buffer_format(l->out, "%um", seconds / 60 % 60);
	if (seconds % 60 || !seconds)
		buffer_format(l->out, "%us", seconds % 60);
}

static void print_response_time(struct layer *l, uint8_t code)
{
	uint32_t tenths = code;

	if (code >= FLOATING)
		tenths = ((code & 15u) | 16u) << ((code >> 4 & 7) + 3);
	if (tenths == QUERY_1_RESPONSE)
		return;
	buffer_text(l->out, " [max resp time ");
	if (tenths < 600)
		buffer_format(l->out, "%.1fs", tenths / 10.0);
	else
		print_seconds(l, tenths / 10);
	buffer_text(l->out, "]");
}

static void print_query_3(struct layer *l, const uint8_t *p, uint32_t length)
{
	uint32_t n;

	buffer_text(l->out, " v3");
	if (length < 12) {
		layer_invalid(l);
		return;
	}
	print_response_time(l, get8(l, p + 1));
	if (!get32(l, p + 4))
		return;
	buffer_text(l->out, " [gaddr ");
	layer_host(l, p + 4, false);
	n = get16(l, p + 10);
	if (!n) {
		buffer_text(l->out, "]");
		return;
	}
	if (l->options->verbose < 2) {
		buffer_format(l->out, ", %u source(s)]", n);
		return;
	}
	buffer_text(l->out, " {");
	for (uint32_t i = 0; i < n && 12 + 4 * (i + 1) <= length; i++) {
		layer_need(l, p + 12 + 4 * i, 4);
		buffer_text(l->out, " ");
		layer_host(l, p + 12 + 4 * i, false);
	}
	buffer_text(l->out, " }]");
}

static void print_query(struct layer *l, const uint8_t *p, uint32_t length)
{
	buffer_text(l->out, "igmp query");
	if (length >= 12) {
		print_query_3(l, p, length);
		return;
	}
	if (!get8(l, p + 1)) {
		buffer_text(l->out, " v1");
	} else {
		buffer_text(l->out, " v2");
		if (p[1] != QUERY_1_RESPONSE)
			buffer_format(l->out, " [max resp time %u]", p[1]);
	}
	if (get32(l, p + 4)) {
		buffer_text(l->out, " [gaddr ");
		layer_host(l, p + 4, false);
		buffer_text(l->out, "]");
	}
}

/* False: the message is shorter than it says. */
static bool print_record(struct layer *l, const uint8_t *p, uint32_t *bytes)
{
	static const char *const kinds[] = { "is_in", "is_ex", "to_in", "to_ex", "allow", "block" };
	uint32_t n;

	if (*bytes < RECORD_BYTES)
		return false;
	n = get16(l, p + 2);
	if (*bytes < RECORD_BYTES + 4 * n)
		return false;
	layer_need(l, p, RECORD_BYTES);
	*bytes = RECORD_BYTES + 4 * n;
	buffer_text(l->out, " [gaddr ");
	layer_host(l, p + 4, false);
	if (p[0] >= 1 && p[0] <= 6)
		buffer_format(l->out, " %s", kinds[p[0] - 1]);
	else
		buffer_format(l->out, "  [v3-report-#%u]", p[0]);
	if (l->options->verbose < 2) {
		buffer_format(l->out, ", %u source(s)]", n);
		return true;
	}
	buffer_text(l->out, " {");
	for (uint32_t i = 0; i < n; i++) {
		layer_need(l, p + RECORD_BYTES + 4 * i, 4);
		buffer_text(l->out, " ");
		layer_host(l, p + RECORD_BYTES + 4 * i, false);
	}
	buffer_text(l->out, " }]");
	return true;
}

static void print_report_3(struct layer *l, const uint8_t *p, uint32_t length)
{
	uint32_t n, at = RECORD_BYTES;

	buffer_text(l->out, "igmp v3 report");
	if (length < 16) {
		buffer_format(l->out, " [invalid len %u]", length);
		return;
	}
	n = get16(l, p + 6);
	buffer_format(l->out, ", %u group record(s)", n);
	for (uint32_t i = 0; l->options->verbose && i < n; i++) {
		uint32_t bytes = length - at;

		if (!bytes || !print_record(l, p + at, &bytes)) {
			buffer_text(l->out, " [invalid number of groups]");
			return;
		}
		at += bytes;
	}
}

static void print_group(struct layer *l, const char *what, const uint8_t *p)
{
	layer_need(l, p + 4, 4);
	buffer_text(l->out, what);
	layer_host(l, p + 4, false);
}

void print_igmp(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	(void)ip;
	if (l->options->quiet) {
		buffer_text(l->out, "igmp");
		return;
	}
	switch (get8(l, p)) {
	case QUERY:
		print_query(l, p, length);
		break;
	case REPORT_1:
		print_group(l, "igmp v1 report ", p);
		break;
	case REPORT_2:
		print_group(l, "igmp v2 report ", p);
		break;
	case LEAVE:
		print_group(l, "igmp leave ", p);
		break;
	case REPORT_3:
		print_report_3(l, p, length);
		break;
	default:
		buffer_format(l->out, "igmp-%u", p[0]);
	}
	if (l->options->verbose && !l->options->no_checksum && layer_has(l, p, length) &&
	    layer_checksum(p, length, 0))
		buffer_format(l->out, " bad igmp cksum %x!", get16(l, p + 2));
}
