/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMP (RFC 792) and ICMPv6 (RFC 4443), neighbour discovery (RFC 4861) and listeners (RFC 3810). */
#include "capture/layer.h"

static void print_host_of(struct layer *l, const char *before, const uint8_t *address,
			  const char *after)
{
	buffer_text(l->out, before);
	layer_host(l, address, false);
	buffer_text(l->out, after);
}

/* The packet a message quotes, on a line of its own. */
static void print_quoted(struct layer *l, const uint8_t *p, uint32_t length)
{
	bool outer = l->is_quoted;

	if (!l->options->verbose || !layer_captured(l, p, 1) || l->depth == LAYER_DEPTH_MAX)
		return;
	buffer_text(l->out, "\n\t");
	l->is_quoted = true;
	l->depth++;
	print_ip4(l, p, length);
	l->depth--;
	l->is_quoted = outer;
}

static void print_port_unreachable(struct layer *l, const uint8_t *quoted)
{
	uint32_t header;

	header = (quoted[0] & 15) * 4;
	print_host_of(l, "", quoted + 16, "");
	if (quoted[9] != 6 && quoted[9] != 17) {
		buffer_format(l->out, " protocol %u port %u unreachable", quoted[9],
			      be16(quoted + header + 2));
		return;
	}
	buffer_format(l->out, " %s port ", quoted[9] == 6 ? "tcp" : "udp");
	layer_port(l, be16(quoted + header + 2), quoted[9] == 6 ? "tcp" : "udp");
	buffer_text(l->out, " unreachable");
}

static void print_unreachable(struct layer *l, const uint8_t *p)
{
	static const char *const plain[] = {
		[0] = "net %s unreachable",
		[1] = "host %s unreachable",
		[4] = NULL,
		[5] = "%s unreachable - source route failed",
		[6] = "net %s unreachable - unknown",
		[7] = "host %s unreachable - unknown",
		[8] = "%s unreachable - source host isolated",
		[9] = "net %s unreachable - admin prohibited",
		[10] = "host %s unreachable - admin prohibited",
		[11] = "net %s unreachable - tos prohibited",
		[12] = "host %s unreachable - tos prohibited",
		[13] = "host %s unreachable - admin prohibited filter",
		[14] = "host %s unreachable - host precedence violation",
		[15] = "host %s unreachable - precedence cutoff",
	};
	const uint8_t *quoted = p + 8;
	const char *form, *mark;

	if (p[1] == 3) {
		print_port_unreachable(l, quoted);
		return;
	}
	if (p[1] == 2) {
		print_host_of(l, "", quoted + 16, "");
		buffer_format(l->out, " protocol %u unreachable", quoted[9]);
		return;
	}
	if (p[1] == 4) {
		print_host_of(l, "", quoted + 16, " unreachable - need to frag");
		if (be16(p + 6))
			buffer_format(l->out, " (mtu %u)", be16(p + 6));
		return;
	}
	form = p[1] < sizeof(plain) / sizeof(plain[0]) ? plain[p[1]] : NULL;
	if (!form) {
		print_host_of(l, "", quoted + 16, "");
		buffer_format(l->out, " unreachable - #%u", p[1]);
		return;
	}
	mark = strstr(form, "%s");
	buffer_add(l->out, form, (size_t)(mark - form));
	print_host_of(l, "", quoted + 16, mark + 2);
}

static void print_redirect(struct layer *l, const uint8_t *p)
{
	static const char *const kinds[] = { "", "", "-tos ", "-tos " };
	static const char *const what[] = { "net ", "host ", "net ", "host " };

	if (p[1] > 3)
		buffer_format(l->out, "redirect-#%u ", p[1]);
	else
		buffer_format(l->out, p[1] < 2 ? "redirect " : "redirect%s", kinds[p[1]]);
	print_host_of(l, "", p + 24, " to ");
	buffer_text(l->out, p[1] > 3 ? "" : what[p[1]]);
	print_host_of(l, "", p + 4, "");
}

/* Milliseconds since midnight, UT. */
static void print_time_of_day(struct layer *l, const char *before, const uint8_t *p)
{
	uint32_t ms = be32(p);

	buffer_format(l->out, "%s%02u:%02u:%02u.%03u", before, ms / 3600000, ms / 60000 % 60,
		      ms / 1000 % 60, ms % 1000);
}

/* How much of a message must be there for its text. */
static uint32_t needed4(const struct layer *l, const uint8_t *p)
{
	uint32_t header;

	switch (p[0]) {
	case 3:
		if (p[1] != 3 || !layer_has(l, p, 28))
			return 28;
		header = (p[8] & 15) * 4;
		return 8 + header + 4;
	case 5:
		return 28;
	case 14:
		return 20;
	case 18:
		return 12;
	}
	return 8;
}

static bool is_error4(uint8_t type)
{
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

static void print_icmp4_type(struct layer *l, const uint8_t *p)
{
	switch (p[0]) {
	case 0:
	case 8:
		buffer_format(l->out, "echo %s, id %u, seq %u", p[0] ? "request" : "reply",
			      be16(p + 4), be16(p + 6));
		return;
	case 3:
		print_unreachable(l, p);
		return;
	case 4:
		buffer_text(l->out, "source quench");
		return;
	case 5:
		print_redirect(l, p);
		return;
	case 9:
		buffer_format(l->out, "router advertisement lifetime %u %u:", be16(p + 6), p[4]);
		if (p[5] != 2)
			buffer_format(l->out, " [size %u]", p[5]);
		for (uint32_t i = 0; p[5] == 2 && i < p[4] && layer_has(l, p, 16 + 8 * i); i++) {
			print_host_of(l, " {", p + 8 + 8 * i, "");
			buffer_format(l->out, " %u}", be32(p + 12 + 8 * i));
		}
		return;
	case 10:
		buffer_text(l->out, "router solicitation");
		return;
	case 11:
		if (p[1] > 1)
			buffer_format(l->out, "time exceeded-#%u", p[1]);
		else
			buffer_text(l->out, p[1] ? "ip reassembly time exceeded"
						 : "time exceeded in-transit");
		return;
	case 12:
		if (p[1])
			buffer_format(l->out, "parameter problem - code %u", p[1]);
		else
			buffer_format(l->out, "parameter problem - octet %u", p[4]);
		return;
	case 13:
		buffer_format(l->out, "time stamp query id %u seq %u", be16(p + 4), be16(p + 6));
		return;
	case 14:
		buffer_format(l->out, "time stamp reply id %u seq %u: ", be16(p + 4), be16(p + 6));
		print_time_of_day(l, "org ", p + 8);
		print_time_of_day(l, ", recv ", p + 12);
		print_time_of_day(l, ", xmit ", p + 16);
		return;
	case 15:
	case 16:
		buffer_format(l->out, "information %s", p[0] == 15 ? "request" : "reply");
		return;
	case 17:
		buffer_text(l->out, "address mask request");
		return;
	case 18:
		buffer_format(l->out, "address mask is 0x%08x", be32(p + 8));
		return;
	}
	buffer_format(l->out, "type-#%u", p[0]);
}

void print_icmp4(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	uint16_t sum;

	if (!layer_has(l, p, 8) || !layer_has(l, p, needed4(l, p))) {
		layer_truncated(l, "icmp");
		return;
	}
	buffer_text(l->out, "ICMP ");
	print_icmp4_type(l, p);
	buffer_format(l->out, ", length %u", length);
	if (l->options->verbose && !l->options->no_checksum && !ip->is_fragment &&
	    layer_has(l, p, length)) {
		sum = layer_checksum(p, length, 0);
		if (sum)
			buffer_format(l->out, " (wrong icmp cksum %x (->%x)!)", be16(p + 2),
				      layer_checksum_expected(be16(p + 2), sum));
	}
	if (is_error4(p[0]) && length > 8)
		print_quoted(l, p + 8, length - 8);
}

static const struct layer_name icmp6_names[] = {
	{ 1, "destination unreachable" },
	{ 2, "packet too big" },
	{ 3, "time exceeded in-transit" },
	{ 4, "parameter problem" },
	{ 128, "echo request" },
	{ 129, "echo reply" },
	{ 130, "multicast listener query" },
	{ 131, "multicast listener report" },
	{ 132, "multicast listener done" },
	{ 133, "router solicitation" },
	{ 134, "router advertisement" },
	{ 135, "neighbor solicitation" },
	{ 136, "neighbor advertisement" },
	{ 137, "redirect" },
	{ 143, "multicast listener report v2" },
};

static void print_unreachable6(struct layer *l, const uint8_t *p)
{
	static const char *const why[] = { "unreachable route ", " unreachable prohibited ",
					   "beyond scope ", "unreachable address " };
	const uint8_t *quoted = p + 8;

	layer_need(l, quoted, 40);
	if (p[1] == 4) {
		buffer_text(l->out, "unreachable port, ");
		layer_host(l, quoted + 24, true);
		if (layer_has(l, quoted, 44) && (quoted[6] == 6 || quoted[6] == 17)) {
			const char *name = quoted[6] == 6 ? "tcp" : "udp";

			buffer_format(l->out, " %s port ", name);
			layer_port(l, be16(quoted + 42), name);
		} else {
			buffer_format(l->out, " protocol %u port", quoted[6]);
		}
		return;
	}
	if (p[1] > 3) {
		buffer_format(l->out, "unknown unreach code (%u)", p[1]);
		return;
	}
	buffer_text(l->out, why[p[1]]);
	layer_host(l, quoted + 24, true);
	if (p[1] == 2) {
		buffer_text(l->out, ", source address ");
		layer_host(l, quoted + 8, true);
	}
}

static void print_problem6(struct layer *l, const uint8_t *p)
{
	static const char *const what[] = { "errorneous", "next header", "option" };

	if (p[1] < 3)
		buffer_format(l->out, ", %s - octet %u", what[p[1]], be32(p + 4));
	else
		buffer_format(l->out, ", code-#%u", p[1]);
}

static void print_advertised_flags(struct layer *l, const uint8_t *p)
{
	static const char *const names[] = { "router", "solicited", "override" };
	const char *comma = "";

	buffer_text(l->out, ", Flags [");
	if (!(p[4] & 0xe0))
		buffer_text(l->out, "none");
	for (uint32_t i = 0; i < 3; i++) {
		if (!(p[4] & 0x80 >> i))
			continue;
		buffer_format(l->out, "%s%s", comma, names[i]);
		comma = ", ";
	}
	buffer_text(l->out, "]");
}

static void print_neighbour(struct layer *l, const uint8_t *p, uint32_t length)
{
	bool is_advertised = p[0] == 136;

	layer_need(l, p, 24);
	buffer_text(l->out, is_advertised ? ", tgt is " : ", who has ");
	layer_host(l, p + 8, true);
	if (!l->options->verbose)
		return;
	if (is_advertised)
		print_advertised_flags(l, p);
	if (length > 24)
		layer_nd_options(l, p + 24, length - 24);
}

static void print_listener(struct layer *l, const uint8_t *p, uint32_t length)
{
	static const uint8_t all[16];

	layer_need(l, p, 24);
	if (p[0] != 130 || length < 28) {
		buffer_format(l->out, "max resp delay: %u addr: ", be16(p + 4));
		layer_host(l, p + 8, true);
		return;
	}
	buffer_text(l->out, " v2");
	if (l->options->verbose)
		buffer_format(l->out, " [max resp delay=%u]", be16(p + 4));
	if (memcmp(p + 8, all, 16) != 0) {
		buffer_text(l->out, " [gaddr ");
		layer_host(l, p + 8, true);
		buffer_text(l->out, "]");
	}
}

static void print_redirect6(struct layer *l, const uint8_t *p, uint32_t length)
{
	layer_need(l, p, 40);
	buffer_text(l->out, ", ");
	layer_host(l, p + 24, true);
	buffer_text(l->out, " to ");
	layer_host(l, p + 8, true);
	if (l->options->verbose && length > 40)
		layer_nd_options(l, p + 40, length - 40);
}

static void print_sources(struct layer *l, const uint8_t *p, uint32_t n)
{
	buffer_text(l->out, " {");
	for (uint32_t i = 0; i < n && layer_has(l, p + 16 * i, 16); i++) {
		buffer_text(l->out, " ");
		layer_host(l, p + 16 * i, true);
	}
	buffer_text(l->out, " }");
}

static void print_listener_report(struct layer *l, const uint8_t *p, uint32_t length)
{
	static const char *const kinds[] = { "",      "is_in", "is_ex", "to_in",
					     "to_ex", "allow", "block" };
	uint32_t groups = be16(p + 6), at = 8;

	buffer_format(l->out, ", %u group record(s)", groups);
	for (uint32_t i = 0; i < groups && l->options->verbose; i++) {
		uint32_t sources;

		if (!layer_has(l, p, at + 20) || at + 20 > length) {
			layer_truncated(l, "icmp6");
			return;
		}
		sources = be16(p + at + 2);
		buffer_text(l->out, " [gaddr ");
		layer_host(l, p + at + 4, true);
		if (p[at] < sizeof(kinds) / sizeof(kinds[0]) && p[at])
			buffer_format(l->out, " %s", kinds[p[at]]);
		else
			buffer_format(l->out, " [v2-report-#%u]", p[at]);
		if (l->options->verbose == 1)
			buffer_format(l->out, ", %u source(s)", sources);
		else
			print_sources(l, p + at + 20, sources);
		buffer_text(l->out, "]");
		at += 20 + sources * 16;
	}
}

/* What follows the message's name. */
static void print_icmp6_body(struct layer *l, const uint8_t *p, uint32_t length)
{
	switch (p[0]) {
	case 1:
		buffer_text(l->out, ", ");
		print_unreachable6(l, p);
		return;
	case 2:
		buffer_format(l->out, ", mtu %u", be32(p + 4));
		return;
	case 3:
		if (p[1] == 1)
			buffer_text(l->out, " (reassembly)");
		else if (p[1])
			buffer_format(l->out, ", unknown code (%u)", p[1]);
		return;
	case 4:
		print_problem6(l, p);
		return;
	case 130:
	case 131:
	case 132:
		print_listener(l, p, length);
		return;
	case 137:
		print_redirect6(l, p, length);
		return;
	case 128:
	case 129:
		buffer_format(l->out, ", id %u, seq %u", be16(p + 4), be16(p + 6));
		return;
	case 135:
	case 136:
		print_neighbour(l, p, length);
		return;
	case 143:
		print_listener_report(l, p, length);
		return;
	case 134:
		layer_router_advertised(l, p, length);
		return;
	case 133:
		if (l->options->verbose && length > 8)
			layer_nd_options(l, p + 8, length - 8);
		return;
	}
}

static void print_icmp6_checksum(struct layer *l, const struct layer_ip *ip, const uint8_t *p,
				 uint32_t length)
{
	uint16_t sum;

	if (!l->options->verbose || l->options->no_checksum || ip->is_fragment || length < 4 ||
	    !layer_has(l, p, length))
		return;
	sum = layer_checksum(p, length, layer_pseudo_header(ip, length));
	if (sum)
		buffer_format(l->out, "[bad icmp6 cksum 0x%04x -> 0x%04x!] ", be16(p + 2),
			      layer_checksum_expected(be16(p + 2), sum));
	else
		buffer_text(l->out, "[icmp6 sum ok] ");
}

static void print_icmp6_message(struct layer *l, const struct layer_ip *ip, const uint8_t *p,
				uint32_t length)
{
	const char *name;

	if (!length) {
		buffer_text(l->out, "ICMP6, length 0");
		layer_invalid(l);
		return;
	}
	print_icmp6_checksum(l, ip, p, length);
	name = LAYER_NAME_OF(icmp6_names, get8(l, p));
	buffer_text(l->out, "ICMP6, ");
	if (name)
		buffer_text(l->out, name);
	else
		buffer_format(l->out, "unknown icmp6 type (%u)", p[0]);
	if (l->options->verbose && p[0] >= 133 && p[0] <= 137)
		buffer_format(l->out, ", length %u", length);
	get8(l, p + 1);
	if (name && p[0] != 133 && (p[0] != 134 || l->options->verbose))
		layer_need(l, p, 8);
	print_icmp6_body(l, p, length);
	if (!l->options->verbose)
		buffer_format(l->out, ", length %u", length);
}

void print_icmp6(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	layer_guard(l, "icmp6", print_icmp6_message, ip, p, length);
}
