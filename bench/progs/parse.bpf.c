/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * parse: 8 frames of Ethernet, up to two VLAN tags, IPv4 or IPv6, TCP or UDP, in an order that differs
 * at each run; each fills a flow key, which is hashed. The bench writes the frames into the packet.
 */
#include "bench.h"

#define FRAMES 8
#define FRAME_BYTES 128
#define VLANS_MAX 2

struct flow {
	__u32 source[4];
	__u32 target[4];
	__u16 source_port;
	__u16 target_port;
	__u16 vlan;
	__u8 protocol;
	__u8 flags;
};

struct cursor {
	const __u8 *at;
	const __u8 *end;
};

static __always_inline __u16 load_be16(const __u8 *p)
{
	return (__u16)(p[0] << 8 | p[1]);
}

static __always_inline int parse_ports(struct cursor c, struct flow *flow)
{
	if (flow->protocol != 6 && flow->protocol != 17)
		return 0;
	if (c.at + 14 > c.end)
		return -1;
	flow->source_port = load_be16(c.at);
	flow->target_port = load_be16(c.at + 2);
	if (flow->protocol == 6)
		flow->flags = c.at[13];
	return 0;
}

static __always_inline int parse_ip4(struct cursor c, struct flow *flow)
{
	__u32 header;

	if (c.at + 20 > c.end)
		return -1;
	header = (c.at[0] & 15) * 4;
	if (header < 20)
		return -1;
	flow->protocol = c.at[9];
	flow->source[0] = load32(c.at + 12);
	flow->target[0] = load32(c.at + 16);
	c.at += header;
	return parse_ports(c, flow);
}

static __always_inline int parse_ip6(struct cursor c, struct flow *flow)
{
	if (c.at + 40 > c.end)
		return -1;
	flow->protocol = c.at[6];
	for (int i = 0; i < 4; i++) {
		flow->source[i] = load32(c.at + 8 + i * 4);
		flow->target[i] = load32(c.at + 24 + i * 4);
	}
	c.at += 40;
	return parse_ports(c, flow);
}

static __noinline int parse_frame(const __u8 *frame, const __u8 *end, struct flow *flow)
{
	struct cursor c = { frame, end };
	__u16 type;

	if (c.at + 14 > c.end)
		return -1;
	type = load_be16(c.at + 12);
	c.at += 14;
	for (int i = 0; i < VLANS_MAX && (type == 0x8100 || type == 0x88a8); i++) {
		if (c.at + 4 > c.end)
			return -1;
		flow->vlan = load_be16(c.at) & 0xfff;
		type = load_be16(c.at + 2);
		c.at += 4;
	}
	if (type == 0x0800)
		return parse_ip4(c, flow);
	if (type == 0x86dd)
		return parse_ip6(c, flow);
	return 0;
}

static __always_inline __u64 flow_hash(const struct flow *flow)
{
	const __u32 *words = (const __u32 *)flow;
	__u64 hash = 0;

	for (unsigned int i = 0; i < sizeof(*flow) / 4; i++)
		hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15ull;
	return hash;
}

BENCH(parse)
{
	__u64 sum = 0;

	for (int i = 0; i < FRAMES; i++) {
		const __u8 *frame = data + ((i + seed) & (FRAMES - 1)) * FRAME_BYTES;
		struct flow flow = { 0 };

		sum = sum * 3 + parse_frame(frame, end, &flow);
		sum ^= flow_hash(&flow);
	}
	return sum;
}
