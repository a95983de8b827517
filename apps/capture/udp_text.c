/* SPDX-License-Identifier: BSD-2-Clause */
/* TFTP (RFC 1350, RFC 2347) and syslog (RFC 3164, RFC 5424). */
#include "capture/layer.h"

enum {
	READ = 1,
	WRITE,
	DATA,
	ACKNOWLEDGE,
	ERROR,
	OPTIONS,
	DIGITS_MAX = 3,
};

/* Text up to a zero: its bytes with that, 0: it does not end within @bytes or what was captured. */
static uint32_t print_ended(struct layer *l, const uint8_t *p, uint32_t bytes)
{
	uint32_t captured = layer_captured(l, p, bytes), n = 0;

	while (n < captured && p[n])
		n++;
	layer_text(l, p, n);
	return n < captured ? n + 1 : 0;
}

static void print_tftp_options(struct layer *l, const uint8_t *p, uint32_t left)
{
	while (left) {
		uint32_t bytes;

		buffer_text(l->out, get8(l, p) ? " " : "");
		bytes = print_ended(l, p, left);
		if (!bytes)
			layer_short(l);
		p += bytes;
		left -= bytes;
	}
}

/* A file's name, the mode and options. */
static void print_request(struct layer *l, const uint8_t *p, uint32_t left)
{
	uint32_t bytes;

	if (!left)
		layer_short(l);
	buffer_text(l->out, " \"");
	bytes = print_ended(l, p, left);
	buffer_text(l->out, "\"");
	if (!bytes || bytes == left)
		layer_short(l);
	p += bytes;
	left -= bytes;
	buffer_text(l->out, " ");
	bytes = print_ended(l, p, left);
	if (!bytes)
		layer_short(l);
	print_tftp_options(l, p + bytes, left - bytes);
}

static void print_error(struct layer *l, const uint8_t *p, uint32_t left)
{
	static const struct layer_name names[] = { { 0, "EUNDEF" },  { 1, "ENOTFOUND" },
						   { 2, "EACCESS" }, { 3, "ENOSPACE" },
						   { 4, "EBADOP" },  { 5, "EBADID" },
						   { 6, "EEXISTS" }, { 7, "ENOUSER" } };
	uint16_t code = get16(l, p);
	const char *name = LAYER_NAME_OF(names, code);
	uint32_t bytes;

	if (name)
		buffer_format(l->out, " %s", name);
	else
		buffer_format(l->out, " tftp-err-#%u \"", code);
	if (left == 2)
		layer_short(l);
	buffer_text(l->out, " \"");
	bytes = print_ended(l, p + 2, left - 2);
	buffer_text(l->out, "\"");
	if (!bytes)
		layer_short(l);
}

void print_tftp(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	static const struct layer_name names[] = { { READ, "RRQ" },    { WRITE, "WRQ" },
						   { DATA, "DATA" },   { ACKNOWLEDGE, "ACK" },
						   { ERROR, "ERROR" }, { OPTIONS, "OACK" } };
	const char *name;
	uint16_t op;

	(void)ip;
	buffer_format(l->out, "TFTP, length %u", length);
	if (length < 2)
		layer_short(l);
	op = get16(l, p);
	name = LAYER_NAME_OF(names, op);
	if (!name) {
		buffer_format(l->out, ", tftp-#%u", op);
		return;
	}
	buffer_format(l->out, ", %s", name);
	p += 2;
	length -= 2;
	if (op == READ || op == WRITE) {
		print_request(l, p, length);
		return;
	}
	if (op == OPTIONS) {
		print_tftp_options(l, p, length);
		return;
	}
	if (length < 2)
		layer_short(l);
	if (op == ERROR)
		print_error(l, p, length);
	else
		buffer_format(l->out, " block %u", get16(l, p));
}

static void print_syslog_name(struct layer *l, const struct layer_name *names, uint32_t n,
			      uint32_t value)
{
	const char *name = layer_name_of(names, n, value);

	if (name)
		buffer_text(l->out, name);
	else
		buffer_format(l->out, "unknown (%u)", value);
}

static void print_priority(struct layer *l, uint32_t priority)
{
	static const struct layer_name facilities[] = {
		{ 0, "kernel" },  { 1, "user" },      { 2, "mail" },	  { 3, "daemon" },
		{ 4, "auth" },	  { 5, "syslog" },    { 6, "lpr" },	  { 7, "news" },
		{ 8, "uucp" },	  { 9, "cron" },      { 10, "authpriv" }, { 11, "ftp" },
		{ 12, "ntp" },	  { 13, "security" }, { 14, "console" },  { 15, "cron" },
		{ 16, "local0" }, { 17, "local1" },   { 18, "local2" },	  { 19, "local3" },
		{ 20, "local4" }, { 21, "local5" },   { 22, "local6" },	  { 23, "local7" },
	};
	static const struct layer_name severities[] = { { 0, "emergency" }, { 1, "alert" },
							{ 2, "critical" },  { 3, "error" },
							{ 4, "warning" },   { 5, "notice" },
							{ 6, "info" },	    { 7, "debug" } };
	bool more = l->options->verbose;
	uint32_t facility = priority >> 3 & 127;

	buffer_text(l->out, more ? "\n\tFacility " : "");
	print_syslog_name(l, facilities, sizeof(facilities) / sizeof(facilities[0]), facility);
	if (more)
		buffer_format(l->out, " (%u), Severity ", facility);
	else
		buffer_text(l->out, ".");
	print_syslog_name(l, severities, sizeof(severities) / sizeof(severities[0]), priority & 7);
	if (more)
		buffer_format(l->out, " (%u)", priority & 7);
}

void print_syslog(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	uint32_t at = 1, priority = 0;

	(void)ip;
	if (get8(l, p) != '<') {
		layer_invalid(l);
		return;
	}
	for (; at <= DIGITS_MAX && get8(l, p + at) >= '0' && p[at] <= '9'; at++)
		priority = priority * 10 + (p[at] - '0');
	if (get8(l, p + at) != '>') {
		layer_invalid(l);
		return;
	}
	at++;
	buffer_text(l->out, "SYSLOG");
	if (!l->options->verbose) {
		buffer_text(l->out, " ");
		print_priority(l, priority);
		buffer_format(l->out, ", length: %u", length);
		return;
	}
	buffer_format(l->out, ", length: %u", length);
	print_priority(l, priority);
	buffer_text(l->out, "\n\tMsg: ");
	for (uint32_t i = at; i < length; i++) {
		get8(l, p + i);
		layer_text(l, p + i, 1);
	}
	if (l->options->verbose > 1)
		layer_hex_indented(l, p, layer_captured(l, p, length), "\n\t");
}
