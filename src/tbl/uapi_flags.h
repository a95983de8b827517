/* SPDX-License-Identifier: BSD-2-Clause */
/* Flags: first those of commands, then those of helpers, each under the helpers that take them. */
#pragma once

#include <stdint.h>

/* clang-format off */

#define BPF_OBJ_NAME_LEN 16U
#define BPF_TAG_SIZE	8
#define BPF_BUILD_ID_SIZE 20
#define XDP_PACKET_HEADROOM 256

/* flags of map update, lookup and delete */
enum {
	BPF_ANY     = 0,
	BPF_NOEXIST = 1,
	BPF_EXIST   = 2,
	BPF_F_LOCK  = 4,
};

/* map_flags of BPF_MAP_CREATE; of other commands: BPF_F_LINK, BPF_F_PATH_FD, BPF_F_TOKEN_FD */
enum {
	BPF_F_NO_PREALLOC      = 1,
	BPF_F_NO_COMMON_LRU    = 2,
	BPF_F_NUMA_NODE        = 4,
	BPF_F_RDONLY           = 8,
	BPF_F_WRONLY           = 16,
	BPF_F_STACK_BUILD_ID   = 32,
	BPF_F_ZERO_SEED        = 64,
	BPF_F_RDONLY_PROG      = 0x80,
	BPF_F_WRONLY_PROG      = 0x100,
	BPF_F_CLONE            = 0x200,
	BPF_F_MMAPABLE         = 0x400,
	BPF_F_PRESERVE_ELEMS   = 0x800,
	BPF_F_INNER_MAP        = 0x1000,
	BPF_F_LINK             = 0x2000,
	BPF_F_PATH_FD          = 0x4000,
	BPF_F_VTYPE_BTF_OBJ_FD = 0x8000,
	BPF_F_TOKEN_FD         = 0x10000,
	BPF_F_SEGV_ON_FAULT    = 0x20000,
	BPF_F_NO_USER_CONV     = 0x40000,
};

/* attach_flags of BPF_PROG_ATTACH, flags of BPF_LINK_CREATE and BPF_LINK_UPDATE */
#define BPF_F_ALLOW_OVERRIDE	(1U << 0)
#define BPF_F_ALLOW_MULTI	(1U << 1)
#define BPF_F_REPLACE		(1U << 2)
#define BPF_F_BEFORE		(1U << 3)
#define BPF_F_AFTER		(1U << 4)
#define BPF_F_ID		(1U << 5)
#define BPF_F_PREORDER		(1U << 6)
#define BPF_F_LINK		BPF_F_LINK

/* prog_flags of BPF_PROG_LOAD */
#define BPF_F_STRICT_ALIGNMENT	(1U << 0)
#define BPF_F_ANY_ALIGNMENT	(1U << 1)
#define BPF_F_TEST_RND_HI32	(1U << 2)
#define BPF_F_TEST_STATE_FREQ	(1U << 3)
#define BPF_F_SLEEPABLE		(1U << 4)
#define BPF_F_XDP_HAS_FRAGS	(1U << 5)
#define BPF_F_XDP_DEV_BOUND_ONLY	(1U << 6)
#define BPF_F_TEST_REG_INVARIANTS	(1U << 7)

/* log_level of BPF_PROG_LOAD and BPF_BTF_LOAD (kernel: include/linux/bpf_verifier.h) */
#define BPF_LOG_LEVEL1	1
#define BPF_LOG_LEVEL2	2
#define BPF_LOG_STATS	4
#define BPF_LOG_FIXED	8
#define BPF_LOG_LEVEL	(BPF_LOG_LEVEL1 | BPF_LOG_LEVEL2)
#define BPF_LOG_MASK	(BPF_LOG_LEVEL | BPF_LOG_STATS | BPF_LOG_FIXED)

/* query_flags of BPF_PROG_QUERY */
#define BPF_F_QUERY_EFFECTIVE	(1U << 0)

/* flags of BPF_PROG_TEST_RUN */
#define BPF_F_TEST_RUN_ON_CPU	(1U << 0)
#define BPF_F_TEST_XDP_LIVE_FRAMES	(1U << 1)
#define BPF_F_TEST_SKB_CHECKSUM_COMPLETE	(1U << 2)

/* flags in link_create of multi and netfilter links */
enum {
	BPF_F_KPROBE_MULTI_RETURN = 1,
};

enum {
	BPF_F_UPROBE_MULTI_RETURN = 1,
};

#define BPF_F_NETFILTER_IP_DEFRAG (1U << 0)

/* bpf_skb_store_bytes */
enum {
	BPF_F_RECOMPUTE_CSUM  = 1,
	BPF_F_INVALIDATE_HASH = 2,
};

/* bpf_l3_csum_replace, bpf_l4_csum_replace: size of the header field */
enum {
	BPF_F_HDR_FIELD_MASK = 15,
};

/* bpf_l4_csum_replace */
enum {
	BPF_F_PSEUDO_HDR     = 16,
	BPF_F_MARK_MANGLED_0 = 32,
	BPF_F_MARK_ENFORCE   = 64,
	BPF_F_IPV6           = 0x80,
};

/* bpf_clone_redirect, bpf_redirect, bpf_redirect_map, bpf_msg_redirect_* */
enum {
	BPF_F_INGRESS         = 1,
	BPF_F_BROADCAST       = 8,
	BPF_F_EXCLUDE_INGRESS = 16,
};

#define BPF_F_REDIRECT_FLAGS (BPF_F_INGRESS | BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS)

/* what the redirect helpers leave in the run context; not for programs */
enum {
	BPF_F_NEIGH   = 0x10000,
	BPF_F_PEER    = 0x20000,
	BPF_F_NEXTHOP = 0x40000,
};

/* bpf_skb_set_tunnel_key, bpf_skb_get_tunnel_key */
enum {
	BPF_F_TUNINFO_IPV6 = 1,
};

/* bpf_get_stackid, bpf_get_stack */
enum {
	BPF_F_SKIP_FIELD_MASK = 255,
	BPF_F_USER_STACK      = 0x100,
	BPF_F_FAST_STACK_CMP  = 0x200,
	BPF_F_REUSE_STACKID   = 0x400,
	BPF_F_USER_BUILD_ID   = 0x800,
};

/* bpf_skb_set_tunnel_key */
enum {
	BPF_F_ZERO_CSUM_TX  = 2,
	BPF_F_DONT_FRAGMENT = 4,
	BPF_F_SEQ_NUMBER    = 8,
	BPF_F_NO_TUNNEL_KEY = 16,
};

/* bpf_skb_get_tunnel_key */
enum {
	BPF_F_TUNINFO_FLAGS = 16,
};

/* bpf_perf_event_output, bpf_perf_event_read, bpf_perf_event_read_value */
enum {
	BPF_F_INDEX_MASK  = 0xffffffffULL,
	BPF_F_CURRENT_CPU = 0xffffffffULL,
	BPF_F_CTXLEN_MASK = 0xfffff00000000ULL,
};

/* bpf_sk_lookup_tcp, bpf_sk_lookup_udp */
enum {
	BPF_F_CURRENT_NETNS = -1,
};

/* bpf_csum_level */
enum {
	BPF_CSUM_LEVEL_QUERY = 0,
	BPF_CSUM_LEVEL_INC   = 1,
	BPF_CSUM_LEVEL_DEC   = 2,
	BPF_CSUM_LEVEL_RESET = 3,
};

/* bpf_skb_adjust_room */
enum {
	BPF_F_ADJ_ROOM_FIXED_GSO     = 1,
	BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 = 2,
	BPF_F_ADJ_ROOM_ENCAP_L3_IPV6 = 4,
	BPF_F_ADJ_ROOM_ENCAP_L4_GRE  = 8,
	BPF_F_ADJ_ROOM_ENCAP_L4_UDP  = 16,
	BPF_F_ADJ_ROOM_NO_CSUM_RESET = 32,
	BPF_F_ADJ_ROOM_ENCAP_L2_ETH  = 64,
	BPF_F_ADJ_ROOM_DECAP_L3_IPV4 = 0x80,
	BPF_F_ADJ_ROOM_DECAP_L3_IPV6 = 0x100,
};

enum {
	BPF_ADJ_ROOM_ENCAP_L2_MASK  = 255,
	BPF_ADJ_ROOM_ENCAP_L2_SHIFT = 56,
};

#define BPF_F_ADJ_ROOM_ENCAP_L2(len)	(((uint64_t)(len) & \
					  BPF_ADJ_ROOM_ENCAP_L2_MASK) \
					 << BPF_ADJ_ROOM_ENCAP_L2_SHIFT)

/* bpf_sysctl_get_name */
enum {
	BPF_F_SYSCTL_BASE_NAME = 1,
};

/* bpf_*_storage_get */
enum {
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1,
	BPF_SK_STORAGE_GET_F_CREATE    = 1,
};

/* bpf_read_branch_records */
enum {
	BPF_F_GET_BRANCH_RECORDS_SIZE = 1,
};

/* bpf_ringbuf_output, bpf_ringbuf_submit, bpf_ringbuf_discard */
enum {
	BPF_RB_NO_WAKEUP    = 1,
	BPF_RB_FORCE_WAKEUP = 2,
};

/* bpf_ringbuf_query */
enum {
	BPF_RB_AVAIL_DATA = 0,
	BPF_RB_RING_SIZE  = 1,
	BPF_RB_CONS_POS   = 2,
	BPF_RB_PROD_POS   = 3,
};

/* the length word before each record of a ring buffer */
enum {
	BPF_RINGBUF_BUSY_BIT    = 0x80000000u,
	BPF_RINGBUF_DISCARD_BIT = 0x40000000,
	BPF_RINGBUF_HDR_SZ      = 8,
};

/* bpf_sk_assign in sk_lookup programs */
enum {
	BPF_SK_LOOKUP_F_REPLACE      = 1,
	BPF_SK_LOOKUP_F_NO_REUSEPORT = 2,
};

/* bpf_bprm_opts_set */
enum {
	BPF_F_BPRM_SECUREEXEC = 1,
};

/* bpf_skb_set_tstamp and __sk_buff.tstamp_type */
enum {
	BPF_SKB_TSTAMP_UNSPEC        = 0,
	BPF_SKB_TSTAMP_DELIVERY_MONO = 1,
	BPF_SKB_CLOCK_REALTIME       = 0,
	BPF_SKB_CLOCK_MONOTONIC      = 1,
	BPF_SKB_CLOCK_TAI            = 2,
};

/* bpf_timer_start */
enum {
	BPF_F_TIMER_ABS     = 1,
	BPF_F_TIMER_CPU_PIN = 2,
};

/* bpf_snprintf_btf, bpf_seq_printf_btf */
enum {
	BTF_F_COMPACT = 1,
	BTF_F_NONAME  = 2,
	BTF_F_PTR_RAW = 4,
	BTF_F_ZERO    = 8,
};

/* bpf_fib_lookup: flags, and what it returns */
enum {
	BPF_FIB_LOOKUP_DIRECT     = 1,
	BPF_FIB_LOOKUP_OUTPUT     = 2,
	BPF_FIB_LOOKUP_SKIP_NEIGH = 4,
	BPF_FIB_LOOKUP_TBID       = 8,
	BPF_FIB_LOOKUP_SRC        = 16,
	BPF_FIB_LOOKUP_MARK       = 32,
};

enum {
	BPF_FIB_LKUP_RET_SUCCESS      = 0,
	BPF_FIB_LKUP_RET_BLACKHOLE    = 1,
	BPF_FIB_LKUP_RET_UNREACHABLE  = 2,
	BPF_FIB_LKUP_RET_PROHIBIT     = 3,
	BPF_FIB_LKUP_RET_NOT_FWDED    = 4,
	BPF_FIB_LKUP_RET_FWD_DISABLED = 5,
	BPF_FIB_LKUP_RET_UNSUPP_LWT   = 6,
	BPF_FIB_LKUP_RET_NO_NEIGH     = 7,
	BPF_FIB_LKUP_RET_FRAG_NEEDED  = 8,
	BPF_FIB_LKUP_RET_NO_SRC_ADDR  = 9,
};

/* bpf_load_hdr_opt */
enum {
	BPF_LOAD_HDR_OPT_TCP_SYN = 1,
};

/* bpf_sock_ops.args[0] of BPF_SOCK_OPS_HDR_OPT_LEN_CB, BPF_SOCK_OPS_WRITE_HDR_OPT_CB */
enum {
	BPF_WRITE_HDR_TCP_CURRENT_MSS   = 1,
	BPF_WRITE_HDR_TCP_SYNACK_COOKIE = 2,
};

/* bpf_flow_keys.flags */
enum {
	BPF_FLOW_DISSECTOR_F_PARSE_1ST_FRAG     = 1,
	BPF_FLOW_DISSECTOR_F_STOP_AT_FLOW_LABEL = 2,
	BPF_FLOW_DISSECTOR_F_STOP_AT_ENCAP      = 4,
};

/* bpf_skb_adjust_room */
enum bpf_adj_room_mode {
	BPF_ADJ_ROOM_NET = 0,
	BPF_ADJ_ROOM_MAC = 1,
};

/* bpf_skb_load_bytes_relative */
enum bpf_hdr_start_off {
	BPF_HDR_START_MAC = 0,
	BPF_HDR_START_NET = 1,
};

/* bpf_lwt_push_encap */
enum bpf_lwt_encap_mode {
	BPF_LWT_ENCAP_SEG6        = 0,
	BPF_LWT_ENCAP_SEG6_INLINE = 1,
	BPF_LWT_ENCAP_IP          = 2,
};

/* bpf_check_mtu: flags, and what it returns */
enum bpf_check_mtu_flags {
	BPF_MTU_CHK_SEGS = 1,
};

enum bpf_check_mtu_ret {
	BPF_MTU_CHK_RET_SUCCESS     = 0,
	BPF_MTU_CHK_RET_FRAG_NEEDED = 1,
	BPF_MTU_CHK_RET_SEGS_TOOBIG = 2,
};

/* kfunc bpf_copy_from_user_str */
enum bpf_kfunc_flags {
	BPF_F_PAD_ZEROS = 1,
};
