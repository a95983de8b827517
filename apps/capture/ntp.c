/* SPDX-License-Identifier: BSD-2-Clause */
/* NTP (RFC 5905), and the heads of its control messages (RFC 1305 B). */
#include <stdlib.h>
#include <time.h>

#include "capture/layer.h"

#define SECONDS_TO_1970 2208988800ll
#define FRACTIONS	4294967296.0

enum {
	TIME_BYTES = 48,
	CONTROL_BYTES = 12,
	MODE_CONTROL = 6,
	STRATUM_PRIMARY = 1,
	STRATUM_SECONDARY_MAX = 15,
	STRATUM_QUERY = 62,
	STRATUM_REPLY = 63,
};

static void print_fraction(struct layer *l, const char *sign, uint32_t seconds, uint32_t fraction)
{
	buffer_format(l->out, "%s%u.%09u", sign, seconds,
		      (uint32_t)(fraction / FRACTIONS * 1000000000.0));
}

static void print_timestamp(struct layer *l, const uint8_t *p)
{
	uint32_t seconds = be32(p);
	time_t since = (time_t)(seconds - SECONDS_TO_1970);
	char text[64];
	struct tm tm;

	print_fraction(l, "", seconds, be32(p + 4));
	if (seconds && gmtime_r(&since, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		buffer_format(l->out, " (%s)", text);
}

/* How long after the time at @from that at @to is. */
static void print_difference(struct layer *l, const uint8_t *from, const uint8_t *to)
{
	uint64_t a = (uint64_t)be32(from) << 32 | be32(from + 4);
	uint64_t b = (uint64_t)be32(to) << 32 | be32(to + 4);
	uint64_t difference = b > a ? b - a : a - b;

	if (!a)
		print_timestamp(l, to);
	else
		print_fraction(l, b > a ? "+" : "-", (uint32_t)(difference >> 32),
			       (uint32_t)difference);
}

static void print_short(struct layer *l, const char *label, const uint8_t *p)
{
	layer_need(l, p, 4);
	buffer_format(l->out, "%s%u.%06d", label, be16(p),
		      (int)(be16(p + 2) / 65536.0 * 1000000.0));
}

static void print_times(struct layer *l, const uint8_t *p)
{
	static const char *const names[] = { "Reference Timestamp:  ", "Originator Timestamp: ",
					     "Receive Timestamp:    ", "Transmit Timestamp:   " };

	for (uint32_t i = 0; i < 4; i++) {
		layer_need(l, p + 16 + 8 * i, 8);
		buffer_format(l->out, "\n\t  %s", names[i]);
		print_timestamp(l, p + 16 + 8 * i);
	}
	buffer_text(l->out, "\n\t    Originator - Receive Timestamp:  ");
	print_difference(l, p + 24, p + 32);
	buffer_text(l->out, "\n\t    Originator - Transmit Timestamp: ");
	print_difference(l, p + 24, p + 40);
}

/* What follows the times: a key's number, and what it vouches with. */
static void print_key(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	if (!bytes)
		return;
	if (bytes != 4 && bytes != 20 && bytes != 24) {
		buffer_format(l->out, "\n\t(%u more bytes after the header)", bytes);
		return;
	}
	buffer_format(l->out, "\n\tKey id: %u", get32(l, p));
	if (bytes == 4)
		return;
	layer_need(l, p, bytes);
	buffer_text(l->out, "\n\tAuthentication: ");
	for (uint32_t at = 4; at < bytes; at += 4)
		buffer_format(l->out, "%08x", be32(p + at));
}

/* Whom the sender's time is from; false: nothing follows. */
static bool print_reference(struct layer *l, uint8_t stratum, const uint8_t *p)
{
	layer_need(l, p, 4);
	buffer_text(l->out, ", Reference-ID: ");
	if (!stratum) {
		buffer_text(l->out, "(unspec)");
	} else if (stratum == STRATUM_PRIMARY) {
		layer_text(l, p, 4);
	} else if (stratum == STRATUM_QUERY || stratum == STRATUM_REPLY) {
		layer_host(l, p, false);
		buffer_text(l->out, stratum == STRATUM_QUERY ? " INFO_QUERY" : " INFO_REPLY");
		return false;
	} else {
		buffer_format(l->out, "0x%08x", be32(p));
	}
	return true;
}

static void print_time(struct layer *l, const uint8_t *p, uint32_t length)
{
	uint8_t stratum;
	int8_t poll;

	if (length < TIME_BYTES) {
		layer_invalid(l);
		layer_need(l, p, length);
		return;
	}
	stratum = get8(l, p + 1);
	buffer_format(l->out, ", Stratum %u (%s)", stratum,
		      !stratum				 ? "unspecified"
		      : stratum == STRATUM_PRIMARY	 ? "primary reference"
		      : stratum <= STRATUM_SECONDARY_MAX ? "secondary reference"
							 : "reserved");
	poll = (int8_t)get8(l, p + 2);
	buffer_format(l->out, ", poll %d", poll);
	if (poll > -32 && poll < 32)
		buffer_format(l->out, poll < 0 ? " (1/%us)" : " (%us)", 1u << abs(poll));
	buffer_format(l->out, ", precision %d", (int8_t)get8(l, p + 3));
	print_short(l, "\n\tRoot Delay: ", p + 4);
	print_short(l, ", Root dispersion: ", p + 8);
	if (!print_reference(l, stratum, p + 12))
		return;
	print_times(l, p);
	print_key(l, p + TIME_BYTES, length - TIME_BYTES);
}

static void print_control(struct layer *l, const uint8_t *p, uint32_t length)
{
	static const char *const names[] = { "\tSequence=", ", Status=", ", Assoc.=", ", Offset=",
					     ", Count=" };
	uint32_t count;
	uint8_t control;

	if (length < CONTROL_BYTES) {
		layer_invalid(l);
		layer_need(l, p, length);
		return;
	}
	control = get8(l, p + 1);
	buffer_format(l->out, ", %s, %s, %s, OpCode=%u\n", control & 0x80 ? "Response" : "Request",
		      control & 0x40 ? "Error" : "OK", control & 0x20 ? "More" : "Last",
		      control & 0x1f);
	for (uint32_t i = 0; i < 5; i++) {
		uint16_t value = get16(l, p + 2 + 2 * i);

		buffer_format(l->out, i == 1 ? "%s%#x" : "%s%u", names[i], value);
	}
	count = be16(p + 10);
	if (CONTROL_BYTES + count > length) {
		layer_invalid(l);
		layer_need(l, p, length);
		return;
	}
	layer_need(l, p + CONTROL_BYTES, count);
	if (count)
		buffer_text(l->out, "\n\tTO-BE-DONE: data not interpreted");
}

void print_ntp(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	static const char *const modes[] = {
		"unspecified", "symmetric active", "symmetric passive", "Client",
		"Server",      "Broadcast",	   "Control Message",	"Reserved"
	};
	static const char *const leaps[] = { "", "+1s", "-1s", "clock unsynchronized" };
	uint8_t status = get8(l, p), mode = status & 7;

	(void)ip;
	buffer_format(l->out, "NTPv%u, %s, length %u", status >> 3 & 7, modes[mode], length);
	if (!l->options->verbose)
		return;
	buffer_format(l->out, "\n\tLeap indicator: %s (%u)", leaps[status >> 6], status & 0xc0);
	if (mode < MODE_CONTROL)
		print_time(l, p, length);
	else if (mode == MODE_CONTROL)
		print_control(l, p, length);
}
