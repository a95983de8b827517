/* SPDX-License-Identifier: BSD-2-Clause */
/* RIPng (RFC 2080) and HSRP (RFC 2281) whole; of RIP (RFC 2453) and RADIUS (RFC 2865) the first line. */
#include "capture/layer.h"

enum {
	REQUEST = 1,
	RESPONSE = 2,
	ROUTE_BYTES = 20,
	HEAD_BYTES = 4,
	INFINITE = 16,
	RADIUS_BYTES = 20,
};

static void print_route(struct layer *l, const uint8_t *p, bool has_metric)
{
	char text[INET6_ADDRSTRLEN];

	buffer_text(l->out, l->options->verbose > 1 ? "\n\t" : " ");
	layer_need(l, p, 19);
	buffer_format(l->out, "%s/%u", layer_address(p, true, text), p[18]);
	if (be16(p + 16))
		buffer_format(l->out, " [%u]", be16(p + 16));
	if (get8(l, p + 19) && has_metric)
		buffer_format(l->out, " (%u)", p[19]);
}

static void print_routes(struct layer *l, uint8_t command, const uint8_t *p, uint32_t length)
{
	static const uint8_t anywhere[16];
	uint32_t left = length - HEAD_BYTES, n = left / ROUTE_BYTES;

	if (command == REQUEST && n == 1 && get8(l, p + 23) == INFINITE &&
	    memcmp(p + HEAD_BYTES, anywhere, sizeof(anywhere)) == 0) {
		buffer_text(l->out, " ripng-req dump");
		return;
	}
	buffer_format(l->out, " ripng-%s %u", command == REQUEST ? "req" : "resp", n);
	if (left % ROUTE_BYTES)
		buffer_format(l->out, "[%u]", length);
	buffer_text(l->out, ":");
	for (p += HEAD_BYTES; left >= ROUTE_BYTES; left -= ROUTE_BYTES, p += ROUTE_BYTES)
		print_route(l, p, command == RESPONSE);
	if (left)
		layer_invalid(l);
}

void print_ripng(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	uint8_t version = get8(l, p + 1), command;

	(void)ip;
	if (version != 1) {
		buffer_format(l->out, " [vers %u]", version);
		layer_invalid(l);
		return;
	}
	command = get8(l, p);
	if (command != REQUEST && command != RESPONSE) {
		buffer_format(l->out, " ripng-%u ?? %u", command, length);
		layer_invalid(l);
	} else if (length < HEAD_BYTES) {
		layer_invalid(l);
	} else {
		print_routes(l, command, p, length);
	}
}

void print_hsrp(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	static const char *const ops[] = { "hello", "coup", "resign" };
	static const struct layer_name states[] = { { 0, "initial" }, { 1, "learn" },
						    { 2, "listen" },  { 4, "speak" },
						    { 8, "standby" }, { 16, "active" } };
	uint8_t version = get8(l, p);
	const char *state;

	(void)ip;
	buffer_format(l->out, "HSRPv%u", version);
	if (version)
		return;
	buffer_text(l->out, "-");
	if (get8(l, p + 1) < 3)
		buffer_format(l->out, "%s ", ops[p[1]]);
	else
		buffer_format(l->out, "unknown (%u) ", p[1]);
	buffer_format(l->out, "%u: ", length);
	state = LAYER_NAME_OF(states, get8(l, p + 2));
	if (state)
		buffer_format(l->out, "state=%s ", state);
	else
		buffer_format(l->out, "state=Unknown (%u) ", p[2]);
	buffer_format(l->out, "group=%u ", get8(l, p + 6));
	if (get8(l, p + 7))
		buffer_format(l->out, "[reserved=%u!] ", p[7]);
	layer_label(l, "addr=", p + 16);
	if (!l->options->verbose)
		return;
	buffer_text(l->out, " hellotime=");
	layer_seconds(l, p[3]);
	buffer_text(l->out, " holdtime=");
	layer_seconds(l, p[4]);
	buffer_format(l->out, " priority=%u auth=\"", p[5]);
	layer_padded(l, p + 8, 8);
	buffer_text(l->out, "\"");
}

void print_rip(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	static const struct layer_name names[] = { { 1, "Request" },  { 2, "Response" },
						   { 3, "Trace on" }, { 4, "Trace off" },
						   { 5, "Poll" },     { 6, "Poll Entry" } };
	const char *name;

	(void)ip;
	if (length < HEAD_BYTES || !layer_has(l, p, HEAD_BYTES))
		layer_short(l);
	buffer_format(l->out, "%sRIPv%u", l->options->verbose ? "\n\t" : "", p[1]);
	if (!p[1]) {
		layer_hex_indented(l, p, layer_captured(l, p, length), "\n\t");
		return;
	}
	name = LAYER_NAME_OF(names, p[0]);
	if (name)
		buffer_format(l->out, ", %s", name);
	else
		buffer_format(l->out, ", unknown command (%u)", p[0]);
	buffer_format(l->out, ", length: %u", length);
}

void print_radius(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	static const struct layer_name names[] = {
		{ 1, "Access-Request" },
		{ 2, "Access-Accept" },
		{ 3, "Access-Reject" },
		{ 4, "Accounting-Request" },
		{ 5, "Accounting-Response" },
		{ 11, "Access-Challenge" },
		{ 12, "Status-Server" },
		{ 13, "Status-Client" },
		{ 40, "Disconnect-Request" },
		{ 41, "Disconnect-ACK" },
		{ 42, "Disconnect-NAK" },
		{ 43, "CoA-Request" },
		{ 44, "CoA-ACK" },
		{ 45, "CoA-NAK" },
		{ 255, "Reserved" },
	};
	const char *name;
	uint32_t bytes;

	(void)ip;
	if (!layer_has(l, p, RADIUS_BYTES))
		layer_short(l);
	bytes = be16(p + 2);
	if (bytes < RADIUS_BYTES)
		layer_short(l);
	bytes = bytes < length ? bytes : length;
	name = LAYER_NAME_OF(names, p[0]);
	name = name ? name : "Unknown Command";
	if (!l->options->verbose) {
		buffer_format(l->out, "RADIUS, %s (%u), id: 0x%02x length: %u", name, p[0], p[1],
			      bytes);
		return;
	}
	buffer_format(l->out, "RADIUS, length: %u\n\t%s (%u), id: 0x%02x, Authenticator: ", bytes,
		      name, p[0], p[1]);
	for (uint32_t i = 4; i < RADIUS_BYTES; i++)
		buffer_format(l->out, "%02x", p[i]);
}
