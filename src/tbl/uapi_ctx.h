/* SPDX-License-Identifier: BSD-2-Clause */
/* Contexts, by program type, as programs see them, and the verdicts programs return. */
#pragma once

#include <stdint.h>

/* clang-format off */

struct bpf_flow_keys;
struct bpf_sock;

/* verdicts of XDP programs */
enum xdp_action {
	XDP_ABORTED  = 0,
	XDP_DROP     = 1,
	XDP_PASS     = 2,
	XDP_TX       = 3,
	XDP_REDIRECT = 4,
};

/* verdicts of sk_skb, sk_msg, sk_reuseport and sk_lookup programs */
enum sk_action {
	SK_DROP = 0,
	SK_PASS = 1,
};

/* verdicts of tc programs (kernel: uapi linux/pkt_cls.h) */
#define TC_ACT_UNSPEC	(-1)
#define TC_ACT_OK		0
#define TC_ACT_RECLASSIFY	1
#define TC_ACT_SHOT		2
#define TC_ACT_PIPE		3
#define TC_ACT_STOLEN		4
#define TC_ACT_QUEUED		5
#define TC_ACT_REPEAT		6
#define TC_ACT_REDIRECT		7
#define TC_ACT_TRAP		8
#define TC_ACT_VALUE_MAX	TC_ACT_TRAP

/* verdicts of lwt and flow_dissector programs */
enum bpf_ret_code {
	BPF_OK                      = 0,
	BPF_DROP                    = 2,
	BPF_REDIRECT                = 7,
	BPF_LWT_REROUTE             = 0x80,
	BPF_FLOW_DISSECTOR_CONTINUE = 129,
};

/* verdicts of tcx programs */
enum tcx_action_base {
	TCX_NEXT     = -1,
	TCX_PASS     = 0,
	TCX_DROP     = 2,
	TCX_REDIRECT = 7,
};

/* context of socket, tc, cgroup_skb, lwt and sk_skb programs */
struct __sk_buff {
	uint32_t len;
	uint32_t pkt_type;
	uint32_t mark;
	uint32_t queue_mapping;
	uint32_t protocol;
	uint32_t vlan_present;
	uint32_t vlan_tci;
	uint32_t vlan_proto;
	uint32_t priority;
	uint32_t ingress_ifindex;
	uint32_t ifindex;
	uint32_t tc_index;
	uint32_t cb[5];
	uint32_t hash;
	uint32_t tc_classid;
	uint32_t data;
	uint32_t data_end;
	uint32_t napi_id;
	uint32_t family;
	uint32_t remote_ip4;
	uint32_t local_ip4;
	uint32_t remote_ip6[4];
	uint32_t local_ip6[4];
	uint32_t remote_port;
	uint32_t local_port;
	uint32_t data_meta;
	union {
		struct bpf_flow_keys *flow_keys;
	};
	uint64_t tstamp;
	uint32_t wire_len;
	uint32_t gso_segs;
	union {
		struct bpf_sock *sk;
	};
	uint32_t gso_size;
	uint8_t tstamp_type;
	uint64_t hwtstamp;
};

/* context of XDP programs */
struct xdp_md {
	uint32_t data;
	uint32_t data_end;
	uint32_t data_meta;
	uint32_t ingress_ifindex;
	uint32_t rx_queue_index;
	uint32_t egress_ifindex;
};

/*
 * Context of kprobe, uprobe and perf_event programs on x86-64. The kernel calls it struct pt_regs;
 * renamed so that <asm/ptrace.h> may be included beside.
 */
struct bpf_user_pt_regs {
	unsigned long r15;
	unsigned long r14;
	unsigned long r13;
	unsigned long r12;
	unsigned long bp;
	unsigned long bx;
	unsigned long r11;
	unsigned long r10;
	unsigned long r9;
	unsigned long r8;
	unsigned long ax;
	unsigned long cx;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long orig_ax;
	unsigned long ip;
	unsigned long cs;
	unsigned long flags;
	unsigned long sp;
	unsigned long ss;
};

typedef struct bpf_user_pt_regs bpf_user_pt_regs_t;

struct bpf_perf_event_data {
	bpf_user_pt_regs_t regs;
	uint64_t sample_period;
	uint64_t addr;
};

/* context of raw tracepoint programs: the arguments of the event */
struct bpf_raw_tracepoint_args {
	uint64_t args[0];
};

/* context of cgroup_sock programs; what socket lookups return */
struct bpf_sock {
	uint32_t bound_dev_if;
	uint32_t family;
	uint32_t type;
	uint32_t protocol;
	uint32_t mark;
	uint32_t priority;
	uint32_t src_ip4;
	uint32_t src_ip6[4];
	uint32_t src_port;
	uint16_t dst_port;
	uint32_t dst_ip4;
	uint32_t dst_ip6[4];
	uint32_t state;
	int32_t rx_queue_mapping;
};

/* what bpf_tcp_sock returns */
struct bpf_tcp_sock {
	uint32_t snd_cwnd;
	uint32_t srtt_us;
	uint32_t rtt_min;
	uint32_t snd_ssthresh;
	uint32_t rcv_nxt;
	uint32_t snd_nxt;
	uint32_t snd_una;
	uint32_t mss_cache;
	uint32_t ecn_flags;
	uint32_t rate_delivered;
	uint32_t rate_interval_us;
	uint32_t packets_out;
	uint32_t retrans_out;
	uint32_t total_retrans;
	uint32_t segs_in;
	uint32_t data_segs_in;
	uint32_t segs_out;
	uint32_t data_segs_out;
	uint32_t lost_out;
	uint32_t sacked_out;
	uint64_t bytes_received;
	uint64_t bytes_acked;
	uint32_t dsack_dups;
	uint32_t delivered;
	uint32_t delivered_ce;
	uint32_t icsk_retransmits;
};

/* context of cgroup_sock_addr programs */
struct bpf_sock_addr {
	uint32_t user_family;
	uint32_t user_ip4;
	uint32_t user_ip6[4];
	uint32_t user_port;
	uint32_t family;
	uint32_t type;
	uint32_t protocol;
	uint32_t msg_src_ip4;
	uint32_t msg_src_ip6[4];
	union {
		struct bpf_sock *sk;
	};
};

/* context of sock_ops programs */
struct bpf_sock_ops {
	uint32_t op;
	union {
		uint32_t args[4];
		uint32_t reply;
		uint32_t replylong[4];
	};
	uint32_t family;
	uint32_t remote_ip4;
	uint32_t local_ip4;
	uint32_t remote_ip6[4];
	uint32_t local_ip6[4];
	uint32_t remote_port;
	uint32_t local_port;
	uint32_t is_fullsock;
	uint32_t snd_cwnd;
	uint32_t srtt_us;
	uint32_t bpf_sock_ops_cb_flags;
	uint32_t state;
	uint32_t rtt_min;
	uint32_t snd_ssthresh;
	uint32_t rcv_nxt;
	uint32_t snd_nxt;
	uint32_t snd_una;
	uint32_t mss_cache;
	uint32_t ecn_flags;
	uint32_t rate_delivered;
	uint32_t rate_interval_us;
	uint32_t packets_out;
	uint32_t retrans_out;
	uint32_t total_retrans;
	uint32_t segs_in;
	uint32_t data_segs_in;
	uint32_t segs_out;
	uint32_t data_segs_out;
	uint32_t lost_out;
	uint32_t sacked_out;
	uint32_t sk_txhash;
	uint64_t bytes_received;
	uint64_t bytes_acked;
	union {
		struct bpf_sock *sk;
	};
	union {
		void *skb_data;
	};
	union {
		void *skb_data_end;
	};
	uint32_t skb_len;
	uint32_t skb_tcp_flags;
	uint64_t skb_hwtstamp;
};

/* bpf_sock_ops_cb_flags: which callbacks a socket asks for */
enum {
	BPF_SOCK_OPS_RTO_CB_FLAG                   = 1,
	BPF_SOCK_OPS_RETRANS_CB_FLAG               = 2,
	BPF_SOCK_OPS_STATE_CB_FLAG                 = 4,
	BPF_SOCK_OPS_RTT_CB_FLAG                   = 8,
	BPF_SOCK_OPS_PARSE_ALL_HDR_OPT_CB_FLAG     = 16,
	BPF_SOCK_OPS_PARSE_UNKNOWN_HDR_OPT_CB_FLAG = 32,
	BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG         = 64,
	BPF_SOCK_OPS_ALL_CB_FLAGS                  = 127,
};

/* op of struct bpf_sock_ops */
enum {
	BPF_SOCK_OPS_VOID                   = 0,
	BPF_SOCK_OPS_TIMEOUT_INIT           = 1,
	BPF_SOCK_OPS_RWND_INIT              = 2,
	BPF_SOCK_OPS_TCP_CONNECT_CB         = 3,
	BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB  = 4,
	BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB = 5,
	BPF_SOCK_OPS_NEEDS_ECN              = 6,
	BPF_SOCK_OPS_BASE_RTT               = 7,
	BPF_SOCK_OPS_RTO_CB                 = 8,
	BPF_SOCK_OPS_RETRANS_CB             = 9,
	BPF_SOCK_OPS_STATE_CB               = 10,
	BPF_SOCK_OPS_TCP_LISTEN_CB          = 11,
	BPF_SOCK_OPS_RTT_CB                 = 12,
	BPF_SOCK_OPS_PARSE_HDR_OPT_CB       = 13,
	BPF_SOCK_OPS_HDR_OPT_LEN_CB         = 14,
	BPF_SOCK_OPS_WRITE_HDR_OPT_CB       = 15,
	BPF_SOCK_OPS_TSTAMP_SCHED_CB        = 16,
	BPF_SOCK_OPS_TSTAMP_SND_SW_CB       = 17,
	BPF_SOCK_OPS_TSTAMP_SND_HW_CB       = 18,
	BPF_SOCK_OPS_TSTAMP_ACK_CB          = 19,
	BPF_SOCK_OPS_TSTAMP_SENDMSG_CB      = 20,
};

/* state of struct bpf_sock and bpf_sock_ops */
enum {
	BPF_TCP_ESTABLISHED    = 1,
	BPF_TCP_SYN_SENT       = 2,
	BPF_TCP_SYN_RECV       = 3,
	BPF_TCP_FIN_WAIT1      = 4,
	BPF_TCP_FIN_WAIT2      = 5,
	BPF_TCP_TIME_WAIT      = 6,
	BPF_TCP_CLOSE          = 7,
	BPF_TCP_CLOSE_WAIT     = 8,
	BPF_TCP_LAST_ACK       = 9,
	BPF_TCP_LISTEN         = 10,
	BPF_TCP_CLOSING        = 11,
	BPF_TCP_NEW_SYN_RECV   = 12,
	BPF_TCP_BOUND_INACTIVE = 13,
	BPF_TCP_MAX_STATES     = 14,
};

/* context of sk_msg programs */
struct sk_msg_md {
	union {
		void *data;
	};
	union {
		void *data_end;
	};
	uint32_t family;
	uint32_t remote_ip4;
	uint32_t local_ip4;
	uint32_t remote_ip6[4];
	uint32_t local_ip6[4];
	uint32_t remote_port;
	uint32_t local_port;
	uint32_t size;
	union {
		struct bpf_sock *sk;
	};
};

/* context of sk_reuseport programs */
struct sk_reuseport_md {
	union {
		void *data;
	};
	union {
		void *data_end;
	};
	uint32_t len;
	uint32_t eth_protocol;
	uint32_t ip_protocol;
	uint32_t bind_inany;
	uint32_t hash;
	union {
		struct bpf_sock *sk;
	};
	union {
		struct bpf_sock *migrating_sk;
	};
};

/* context of sk_lookup programs */
struct bpf_sk_lookup {
	union {
		union {
			struct bpf_sock *sk;
		};
		uint64_t cookie;
	};
	uint32_t family;
	uint32_t protocol;
	uint32_t remote_ip4;
	uint32_t remote_ip6[4];
	uint16_t remote_port;
	uint32_t local_ip4;
	uint32_t local_ip6[4];
	uint32_t local_port;
	uint32_t ingress_ifindex;
};

/* context of cgroup_sockopt programs */
struct bpf_sockopt {
	union {
		struct bpf_sock *sk;
	};
	union {
		void *optval;
	};
	union {
		void *optval_end;
	};
	int32_t level;
	int32_t optname;
	int32_t optlen;
	int32_t retval;
};

/* context of cgroup_sysctl programs */
struct bpf_sysctl {
	uint32_t write;
	uint32_t file_pos;
};

/* context of cgroup_device programs */
struct bpf_cgroup_dev_ctx {
	uint32_t access_type;
	uint32_t major;
	uint32_t minor;
};

/* what a flow_dissector program fills in */
struct bpf_flow_keys {
	uint16_t nhoff;
	uint16_t thoff;
	uint16_t addr_proto;
	uint8_t is_frag;
	uint8_t is_first_frag;
	uint8_t is_encap;
	uint8_t ip_proto;
	uint16_t n_proto;
	uint16_t sport;
	uint16_t dport;
	union {
		struct {
			uint32_t ipv4_src;
			uint32_t ipv4_dst;
		};
		struct {
			uint32_t ipv6_src[4];
			uint32_t ipv6_dst[4];
		};
	};
	uint32_t flags;
	uint32_t flow_label;
};

/* what bpf_perf_event_read_value and bpf_perf_prog_read_value fill in */
struct bpf_perf_event_value {
	uint64_t counter;
	uint64_t enabled;
	uint64_t running;
};
