/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The small base BTF, written from a table of structs in shorthand. A member is
 *
 *	name[:type][[n]][/bits]
 *
 * where type is a size in bytes of an unsigned integer (4 when left out), s and a size for a signed
 * one, l and ul for long and unsigned long, @struct for a struct above it in the table, *struct for
 * a pointer in a union of its own (the kernel's __bpf_md_ptr). ( and ) enclose an anonymous union,
 * { and } an anonymous struct; name( and name{ the same with a name. Offsets follow x86-64 and
 * arm64 rules; the unit test holds them against the running kernel's BTF.
 *
 * Built once per engine; a few kilobytes.
 */
#include "btf/small.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "btf/btf.h"
#include "btf/build.h"

#define MEMBERS_MAX 64
#define NAME_BYTES  40

/* clang-format off */
static const struct {
	const char *name;
	const char *members;
} structs[] = {
	{ "bpf_flow_keys",
	  "nhoff:2 thoff:2 addr_proto:2 is_frag:1 is_first_frag:1 is_encap:1 ip_proto:1 n_proto:2 "
	  "sport:2 dport:2 ( { ipv4_src ipv4_dst } { ipv6_src[4] ipv6_dst[4] } ) flags flow_label" },
	{ "bpf_sock",
	  "bound_dev_if family type protocol mark priority src_ip4 src_ip6[4] src_port dst_port:2 "
	  "dst_ip4 dst_ip6[4] state rx_queue_mapping:s4" },
	{ "__sk_buff",
	  "len pkt_type mark queue_mapping protocol vlan_present vlan_tci vlan_proto priority "
	  "ingress_ifindex ifindex tc_index cb[5] hash tc_classid data data_end napi_id family "
	  "remote_ip4 local_ip4 remote_ip6[4] local_ip6[4] remote_port local_port data_meta "
	  "flow_keys:*bpf_flow_keys tstamp:8 wire_len gso_segs sk:*bpf_sock gso_size tstamp_type:1 "
	  "hwtstamp:8" },
	{ "xdp_md", "data data_end data_meta ingress_ifindex rx_queue_index egress_ifindex" },
	{ "pt_regs",
	  "r15:ul r14:ul r13:ul r12:ul bp:ul bx:ul r11:ul r10:ul r9:ul r8:ul ax:ul cx:ul dx:ul si:ul "
	  "di:ul orig_ax:ul ip:ul ( cs:2 csx:8 ) flags:ul sp:ul ( ss:2 ssx:8 )" },
	{ "bpf_perf_event_data", "regs:@pt_regs sample_period:8 addr:8" },
	{ "bpf_raw_tracepoint_args", "args:8[0]" },
	{ "bpf_sock_addr",
	  "user_family user_ip4 user_ip6[4] user_port family type protocol msg_src_ip4 "
	  "msg_src_ip6[4] sk:*bpf_sock" },
	{ "bpf_sock_ops",
	  "op ( args[4] reply replylong[4] ) family remote_ip4 local_ip4 remote_ip6[4] local_ip6[4] "
	  "remote_port local_port is_fullsock snd_cwnd srtt_us bpf_sock_ops_cb_flags state rtt_min "
	  "snd_ssthresh rcv_nxt snd_nxt snd_una mss_cache ecn_flags rate_delivered "
	  "rate_interval_us packets_out retrans_out total_retrans segs_in data_segs_in segs_out "
	  "data_segs_out lost_out sacked_out sk_txhash bytes_received:8 bytes_acked:8 sk:*bpf_sock "
	  "skb_data:* skb_data_end:* skb_len skb_tcp_flags skb_hwtstamp:8" },
	{ "sk_msg_md",
	  "data:* data_end:* family remote_ip4 local_ip4 remote_ip6[4] local_ip6[4] remote_port "
	  "local_port size sk:*bpf_sock" },
	{ "sk_reuseport_md",
	  "data:* data_end:* len eth_protocol ip_protocol bind_inany hash sk:*bpf_sock "
	  "migrating_sk:*bpf_sock" },
	{ "bpf_sk_lookup",
	  "( sk:*bpf_sock cookie:8 ) family protocol remote_ip4 remote_ip6[4] remote_port:2 "
	  "local_ip4 local_ip6[4] local_port ingress_ifindex" },
	{ "bpf_sockopt", "sk:*bpf_sock optval:* optval_end:* level:s4 optname:s4 optlen:s4 retval:s4" },
	{ "bpf_sysctl", "write file_pos" },
	{ "bpf_cgroup_dev_ctx", "access_type major minor" },
	{ "trace_entry", "type:2 flags:1 preempt_count:1 pid:s4" },
	{ "trace_event_raw_sys_enter", "ent:@trace_entry id:l args:ul[6] __data:c[0]" },
	{ "trace_event_raw_sys_exit", "ent:@trace_entry id:l ret:l __data:c[0]" },
	{ "bpf_spin_lock", "val" },
	{ "bpf_timer", "__opaque:8[2]" },
	{ "bpf_dynptr", "__opaque:8[2]" },
	/* what packets begin with: programs against vmlinux.h read them */
	{ "ethhdr", "h_dest:1[6] h_source:1[6] h_proto:2" },
	{ "vlan_hdr", "h_vlan_TCI:2 h_vlan_encapsulated_proto:2" },
	{ "iphdr",
	  "ihl:1/4 version:1/4 tos:1 tot_len:2 id:2 frag_off:2 ttl:1 protocol:1 check:2 "
	  "( { saddr daddr } addrs{ saddr daddr } )" },
	{ "in6_addr", "in6_u( u6_addr8:1[16] u6_addr16:2[8] u6_addr32[4] )" },
	{ "ipv6hdr",
	  "priority:1/4 version:1/4 flow_lbl:1[3] payload_len:2 nexthdr:1 hop_limit:1 "
	  "( { saddr:@in6_addr daddr:@in6_addr } addrs{ saddr:@in6_addr daddr:@in6_addr } )" },
	{ "tcphdr",
	  "source:2 dest:2 seq ack_seq ae:2/1 res1:2/3 doff:2/4 fin:2/1 syn:2/1 rst:2/1 psh:2/1 "
	  "ack:2/1 urg:2/1 ece:2/1 cwr:2/1 window:2 check:2 urg_ptr:2" },
	{ "udphdr", "source:2 dest:2 len:2 check:2" },
	{ "icmphdr",
	  "type:1 code:1 checksum:2 un( echo{ id:2 sequence:2 } gateway frag{ __unused:2 mtu:2 } "
	  "reserved:1[4] )" },
};

/* code: how the shorthand names it */
static const struct {
	const char *code;
	const char *name;
	const char *alias; /* typedef that members use; NULL: the integer itself */
	uint8_t size;
	uint8_t encoding;
} ints[] = {
	{ "1",  "unsigned char",      "__u8",  1, 0 },
	{ "2",  "unsigned short",     "__u16", 2, 0 },
	{ "4",  "unsigned int",       "__u32", 4, 0 },
	{ "8",  "unsigned long long", "__u64", 8, 0 },
	{ "s4", "int",                "__s32", 4, BTF_INT_SIGNED },
	{ "s8", "long long",          "__s64", 8, BTF_INT_SIGNED },
	{ "l",  "long",               NULL,    8, BTF_INT_SIGNED },
	{ "ul", "unsigned long",      NULL,    8, 0 },
	{ "c",  "char",               NULL,    1, BTF_INT_SIGNED },
	{ "",   "_Bool",              "bool",  1, BTF_INT_BOOL },
};
/* clang-format on */

struct type {
	uint32_t id;
	uint32_t size;	/* bytes */
	uint32_t align; /* bytes */
};

struct small {
	struct btf_build *b;
	struct type ints[ARRAY_SIZE(ints)];
	struct type structs[ARRAY_SIZE(structs)];
};

/* One member list while it is read. bits: where the next member may begin. */
struct list {
	struct {
		char name[NAME_BYTES];
		uint32_t type;
		uint32_t bit_off;
		uint32_t bits;
	} members[MEMBERS_MAX];
	uint32_t n;
	bool is_union;
	uint32_t bits;
	uint32_t size_bits;
	uint32_t align;
};

static struct type build_list(struct small *s, const char *name, bool is_union, const char **p);

static struct type find_int(const struct small *s, const char *code)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ints); i++)
		if (!strcmp(ints[i].code, code))
			return s->ints[i];
	assert(!"no such integer");
	return s->ints[0];
}

static struct type find_struct(const struct small *s, const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(structs); i++)
		if (!strcmp(structs[i].name, name))
			break;
	assert(i < ARRAY_SIZE(structs) && s->structs[i].id);
	return s->structs[i];
}

/* A pointer to struct name ("": void) in an anonymous union; the member itself has no name. */
static struct type build_md_ptr(struct small *s, const char *member, const char *name)
{
	uint32_t ptr = btf_build_ptr(s->b, *name ? find_struct(s, name).id : 0);
	struct type t = { btf_build_union(s->b, NULL, 8), 8, 8 };

	btf_build_member(s->b, member, ptr, 0, 0);
	return t;
}

static uint32_t round_up(uint32_t x, uint32_t to)
{
	return (x + to - 1) / to * to;
}

/* Place a member of type t and bits (0: no bitfield) in l. */
static void place(struct list *l, const char *name, struct type t, uint32_t bits)
{
	uint32_t off = bits ? l->bits : round_up(l->bits, t.align * 8);

	assert(l->n < MEMBERS_MAX && strlen(name) < NAME_BYTES);
	if (l->is_union)
		off = 0;
	strcpy(l->members[l->n].name, name);
	l->members[l->n].type = t.id;
	l->members[l->n].bit_off = off;
	l->members[l->n++].bits = bits;
	l->bits = off + (bits ? bits : t.size * 8);
	l->size_bits = MAX(l->size_bits, l->bits);
	l->align = MAX(l->align, t.align);
}

/* The characters up to one of stop or the end. */
static void take(const char **p, const char *stop, char *to)
{
	size_t n = strcspn(*p, stop);

	assert(n < NAME_BYTES);
	memcpy(to, *p, n);
	to[n] = '\0';
	*p += n;
}

/* :type[n]/bits after a name */
static void read_member(struct small *s, struct list *l, const char *name, const char **p)
{
	char code[NAME_BYTES] = "4";
	uint32_t n, bits = 0;
	struct type t;

	if (**p == ':') {
		++*p;
		take(p, "[/ ", code);
	}
	if (code[0] == '*') {
		place(l, "", build_md_ptr(s, name, code + 1), 0);
		return;
	}
	t = code[0] == '@' ? find_struct(s, code + 1) : find_int(s, code);
	if (**p == '[') {
		n = (uint32_t)strtoul(*p + 1, (char **)p, 10);
		++*p;
		t.id = btf_build_array(s->b, t.id, find_int(s, "s4").id, n);
		t.size *= n;
	}
	if (**p == '/')
		bits = (uint32_t)strtoul(*p + 1, (char **)p, 10);
	place(l, name, t, bits);
}

/* Members up to the closing bracket or the end. */
static void read_list(struct small *s, struct list *l, const char **p)
{
	char name[NAME_BYTES];

	while (**p && **p != ')' && **p != '}') {
		take(p, ":[/( {)}", name);
		if (**p == '(' || **p == '{') {
			bool is_union = *(*p)++ == '(';
			struct type t = build_list(s, NULL, is_union, p);

			place(l, name, t, 0);
			++*p;
		} else if (name[0]) {
			read_member(s, l, name, p);
		}
		while (**p == ' ')
			++*p;
	}
}

static struct type build_list(struct small *s, const char *name, bool is_union, const char **p)
{
	struct list l = { .is_union = is_union, .align = 1 };
	struct type t;
	uint32_t i;

	while (**p == ' ')
		++*p;
	read_list(s, &l, p);
	t.align = l.align;
	t.size = round_up(l.size_bits, l.align * 8) / 8;
	t.id = is_union ? btf_build_union(s->b, name, t.size)
			: btf_build_struct(s->b, name, t.size);
	for (i = 0; i < l.n; i++)
		btf_build_member(s->b, l.members[i].name, l.members[i].type, l.members[i].bit_off,
				 l.members[i].bits);
	return t;
}

static void build_ints(struct small *s)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ints); i++) {
		uint32_t id = btf_build_int(s->b, ints[i].name, ints[i].size, ints[i].encoding);

		if (ints[i].alias)
			id = btf_build_ref(s->b, BTF_KIND_TYPEDEF, ints[i].alias, id);
		s->ints[i] = (struct type){ id, ints[i].size, ints[i].size };
		/* The kernel has __u32 and u32. */
		if (ints[i].alias && ints[i].alias[0] == '_')
			btf_build_ref(s->b, BTF_KIND_TYPEDEF, ints[i].alias + 2, id);
	}
}

int btf_small_blob(void **blob, uint32_t *size)
{
	struct small s = { .b = btf_build_new() };
	size_t i;
	int err;

	if (!s.b)
		return -ENOMEM;
	build_ints(&s);
	for (i = 0; i < ARRAY_SIZE(structs); i++) {
		const char *p = structs[i].members;

		s.structs[i] = build_list(&s, structs[i].name, false, &p);
		/* After an allocation failed ids are 0, which finds nothing. */
		if (!s.structs[i].id)
			break;
		if (!strcmp(structs[i].name, "pt_regs"))
			btf_build_ref(s.b, BTF_KIND_TYPEDEF, "bpf_user_pt_regs_t", s.structs[i].id);
	}
	err = btf_build_finish(s.b, blob, size);
	btf_build_free(s.b);
	return err;
}

int btf_small_new(struct btf **out)
{
	uint32_t size;
	void *blob;
	int err = btf_small_blob(&blob, &size);

	if (err)
		return err;
	err = btf_parse_base(blob, size, NULL, out);
	free(blob);
	return err;
}
