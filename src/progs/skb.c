/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The __sk_buff table. Widths of the real loads are those of the kernel's struct sk_buff, as a load
 * narrower than its field depends on them. Source: net/core/filter.c bpf_skb_is_valid_access,
 * sk_filter_*, tc_cls_act_*, cg_skb_is_valid_access, bpf_convert_ctx_access.
 *
 * There are no sockets: sk reads NULL; the addresses cgroup_skb sees come from skb.sock.
 */
#include "progs/skb.h"

#include "isa/insn.h"
#include "object/caller.h"
#include "object/helper_protos.h"
#include "progs/ctx.h"

#define SKB_ALL (SKB_SOCKET_FILTER | SKB_TC | SKB_CGROUP)
#define SKB_NOT_SF (SKB_TC | SKB_CGROUP)

/* clang-format off */
#define FIELD(name, ...)                                                                           \
	{ .off = offsetof(struct __sk_buff, name),                                                 \
	  .bytes = sizeof(((struct __sk_buff *)0)->name), .unit = 4, __VA_ARGS__ }
#define REAL(member, width) .real_off = offsetof(struct skb, member), .real_bytes = (width)
#define SOCK(member, width) REAL(sock.member, width), .kind = CTX_WHOLE, .readers = SKB_CGROUP
#define PACKET(member, type, who)                                                                  \
	REAL(member, 8), .kind = CTX_POINTER, .reg_type = (type), .readers = (who)

static const struct ctx_field fields[] = {
	FIELD(len,             REAL(len, 4),             .readers = SKB_ALL),
	FIELD(pkt_type,        REAL(pkt_type, 1),        .readers = SKB_ALL, .path = CTX_PKT_TYPE),
	FIELD(mark,            REAL(mark, 4),            .readers = SKB_ALL, .writers = SKB_NOT_SF),
	FIELD(queue_mapping,   REAL(queue_mapping, 2),   .readers = SKB_ALL, .writers = SKB_TC,
	      .path = CTX_QUEUE_MAPPING),
	FIELD(protocol,        REAL(protocol, 2),        .readers = SKB_ALL),
	FIELD(vlan_present,    REAL(vlan_present, 1),    .readers = SKB_ALL, .path = CTX_FLAG),
	FIELD(vlan_tci,        REAL(vlan_tci, 2),        .readers = SKB_ALL),
	FIELD(vlan_proto,      REAL(vlan_proto, 2),      .readers = SKB_ALL),
	FIELD(priority,        REAL(priority, 4),        .readers = SKB_ALL, .writers = SKB_NOT_SF),
	FIELD(ingress_ifindex, REAL(ingress_ifindex, 4), .readers = SKB_ALL),
	FIELD(ifindex, .real_off = offsetof(struct netdev, ifindex), .real_bytes = 4,
	      .via_off = offsetof(struct skb, dev), .path = CTX_VIA_OR_NULL, .readers = SKB_ALL),
	FIELD(tc_index,        REAL(tc_index, 2),        .readers = SKB_ALL, .writers = SKB_TC),
	FIELD(cb,              REAL(cb, 4),              .readers = SKB_ALL, .writers = SKB_ALL,
	      .kind = CTX_BYTES),
	FIELD(hash,            REAL(hash, 4),            .readers = SKB_ALL),
	FIELD(tc_classid,      REAL(tc_classid, 2),      .readers = SKB_TC, .writers = SKB_TC),
	FIELD(data,            PACKET(data, PTR_TO_PACKET, SKB_NOT_SF)),
	FIELD(data_end,        PACKET(data_end, PTR_TO_PACKET_END, SKB_NOT_SF)),
	FIELD(napi_id,         REAL(napi_id, 4),         .readers = SKB_ALL),
	FIELD(family,          REAL(sock.family, 2),     .readers = SKB_CGROUP),
	FIELD(remote_ip4,      SOCK(daddr, 4)),
	FIELD(local_ip4,       SOCK(rcv_saddr, 4)),
	FIELD(remote_ip6,      SOCK(v6_daddr, 4)),
	FIELD(local_ip6,       SOCK(v6_rcv_saddr, 4)),
	FIELD(remote_port,     REAL(sock.dport, 2),      .readers = SKB_CGROUP, .path = CTX_PORT),
	FIELD(local_port,      REAL(sock.num, 2),        .readers = SKB_CGROUP),
	FIELD(data_meta,       PACKET(data_meta, PTR_TO_PACKET_META, SKB_TC)),
	/* tstamp, sk and hwtstamp are 8 bytes wide; flow_keys is nobody's here. */
	{ .off = offsetof(struct __sk_buff, tstamp), .bytes = 8, .unit = 8, .kind = CTX_WHOLE,
	  REAL(tstamp, 8), .readers = SKB_NOT_SF, .writers = SKB_NOT_SF },
	FIELD(wire_len,        REAL(wire_len, 4),        .readers = SKB_TC),
	FIELD(gso_segs,        REAL(gso_segs, 2),        .readers = SKB_ALL),
	{ .off = offsetof(struct __sk_buff, sk), .bytes = 8, .unit = 8, .kind = CTX_POINTER,
	  .reg_type = PTR_TO_SOCK_COMMON | PTR_MAYBE_NULL, .path = CTX_ZERO, .real_bytes = 8,
	  .readers = SKB_ALL },
	FIELD(gso_size,        REAL(gso_size, 2),        .readers = SKB_ALL),
	{ .off = offsetof(struct __sk_buff, tstamp_type), .bytes = 1, .unit = 1,
	  .kind = CTX_WHOLE, REAL(tstamp_type, 1), .readers = SKB_TC },
	{ .off = offsetof(struct __sk_buff, hwtstamp), .bytes = 8, .unit = 8, .kind = CTX_WHOLE,
	  REAL(hwtstamp, 8), .readers = SKB_NOT_SF },
};
/* clang-format on */

static const struct ctx_table table = {
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
	.bytes = sizeof(struct __sk_buff),
};

/* What CAP_BPF is needed for in cgroup_skb programs, which anybody may load. */
static bool cgroup_may(int off, enum bpf_access_type type, const struct prog *prog)
{
	bool data = off >= (int)offsetof(struct __sk_buff, data) &&
		    off < (int)offsetof(struct __sk_buff, napi_id);
	bool tstamp = off == offsetof(struct __sk_buff, tstamp) && type == BPF_WRITE;

	return !(data || tstamp) || caps_have(prog->caps, CAPABLE_BPF);
}

bool skb_is_valid_access(enum skb_who who, int off, int size, enum bpf_access_type type,
			 const struct prog *prog, struct insn_access *info)
{
	if (who == SKB_CGROUP && !cgroup_may(off, type, prog))
		return false;
	return ctx_is_valid_access(&table, who, off, size, type, info);
}

uint32_t skb_convert_ctx_access(enum bpf_access_type type, const struct bpf_insn *si,
				struct bpf_insn *out, const struct prog *prog,
				uint32_t *target_size)
{
	return ctx_convert_access(&table, type, si, out, target_size);
}

static uint32_t load_helper(uint8_t code)
{
	switch (BPF_SIZE(code)) {
	case BPF_B:
		return HELPER_SKB_LOAD_8;
	case BPF_H:
		return HELPER_SKB_LOAD_16;
	default:
		return HELPER_SKB_LOAD_32;
	}
}

/* R6 holds the context; a load that fails ends the program with 0. Source: bpf_gen_ld_abs. */
int skb_gen_ld_abs(const struct bpf_insn *orig, struct bpf_insn *out)
{
	int n = 0;

	if (BPF_MODE(orig->code) == BPF_ABS) {
		out[n++] = BPF_MOV64_IMM(BPF_REG_2, orig->imm);
	} else {
		out[n++] = BPF_MOV64_REG(BPF_REG_2, orig->src_reg);
		if (orig->imm)
			out[n++] = BPF_ALU64_IMM(BPF_ADD, BPF_REG_2, orig->imm);
	}
	out[n++] = BPF_MOV64_REG(BPF_REG_1, BPF_REG_6);
	out[n++] = BPF_CALL_HELPER((int)load_helper(orig->code));
	out[n++] = BPF_JMP_IMM(BPF_JSGE, BPF_REG_0, 0, 2);
	out[n++] = BPF_ALU32_REG(BPF_XOR, BPF_REG_0, BPF_REG_0);
	out[n++] = BPF_EXIT_INSN();
	return n;
}
