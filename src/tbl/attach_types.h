/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every attach type of Linux 6.18. Define ATTACH_TYPE and include:
 *
 *   #define ATTACH_TYPE(num, name, print, prog, status) ...
 *   #include "tbl/attach_types.h"
 *
 *   num     attach_type and expected_attach_type; the rows stand in its order, without gaps
 *   name    without BPF_
 *   print   as libbpf and bpftool print it
 *   prog    the program type it is for, without BPF_PROG_TYPE_; PERF_EVENT also takes KPROBE and
 *           TRACEPOINT
 *   status  of attaching by BPF_LINK_CREATE: done | refused: never | later: not yet. A program may
 *           be loaded for an attach type (expected_attach_type) that is later here.
 */

/* clang-format off */

/*          num name                        print                       prog              status */
ATTACH_TYPE(0,  CGROUP_INET_INGRESS,        "cgroup_inet_ingress",      CGROUP_SKB,       later)
ATTACH_TYPE(1,  CGROUP_INET_EGRESS,         "cgroup_inet_egress",       CGROUP_SKB,       later)
ATTACH_TYPE(2,  CGROUP_INET_SOCK_CREATE,    "cgroup_inet_sock_create",  CGROUP_SOCK,      later)
ATTACH_TYPE(3,  CGROUP_SOCK_OPS,            "cgroup_sock_ops",          SOCK_OPS,         later)
ATTACH_TYPE(4,  SK_SKB_STREAM_PARSER,       "sk_skb_stream_parser",     SK_SKB,           later)
ATTACH_TYPE(5,  SK_SKB_STREAM_VERDICT,      "sk_skb_stream_verdict",    SK_SKB,           later)
ATTACH_TYPE(6,  CGROUP_DEVICE,              "cgroup_device",            CGROUP_DEVICE,    later)
ATTACH_TYPE(7,  SK_MSG_VERDICT,             "sk_msg_verdict",           SK_MSG,           later)
ATTACH_TYPE(8,  CGROUP_INET4_BIND,          "cgroup_inet4_bind",        CGROUP_SOCK_ADDR, later)
ATTACH_TYPE(9,  CGROUP_INET6_BIND,          "cgroup_inet6_bind",        CGROUP_SOCK_ADDR, later)
ATTACH_TYPE(10, CGROUP_INET4_CONNECT,       "cgroup_inet4_connect",     CGROUP_SOCK_ADDR, later)
ATTACH_TYPE(11, CGROUP_INET6_CONNECT,       "cgroup_inet6_connect",     CGROUP_SOCK_ADDR, later)
ATTACH_TYPE(12, CGROUP_INET4_POST_BIND,     "cgroup_inet4_post_bind",   CGROUP_SOCK,      later)
ATTACH_TYPE(13, CGROUP_INET6_POST_BIND,     "cgroup_inet6_post_bind",   CGROUP_SOCK,      later)
ATTACH_TYPE(14, CGROUP_UDP4_SENDMSG,        "cgroup_udp4_sendmsg",      CGROUP_SOCK_ADDR, later)
ATTACH_TYPE(15, CGROUP_UDP6_SENDMSG,        "cgroup_udp6_sendmsg",      CGROUP_SOCK_ADDR, later)
ATTACH_TYPE(16, LIRC_MODE2,                 "lirc_mode2",               LIRC_MODE2,       later)
ATTACH_TYPE(17, FLOW_DISSECTOR,             "flow_dissector",           FLOW_DISSECTOR,   later)
ATTACH_TYPE(18, CGROUP_SYSCTL,              "cgroup_sysctl",            CGROUP_SYSCTL,    done)
ATTACH_TYPE(19, CGROUP_UDP4_RECVMSG,        "cgroup_udp4_recvmsg",      CGROUP_SOCK_ADDR, later)
ATTACH_TYPE(20, CGROUP_UDP6_RECVMSG,        "cgroup_udp6_recvmsg",      CGROUP_SOCK_ADDR, later)
ATTACH_TYPE(21, CGROUP_GETSOCKOPT,          "cgroup_getsockopt",        CGROUP_SOCKOPT,   later)
ATTACH_TYPE(22, CGROUP_SETSOCKOPT,          "cgroup_setsockopt",        CGROUP_SOCKOPT,   later)
ATTACH_TYPE(23, TRACE_RAW_TP,               "trace_raw_tp",             TRACING,          later)
ATTACH_TYPE(24, TRACE_FENTRY,               "trace_fentry",             TRACING,          later)
ATTACH_TYPE(25, TRACE_FEXIT,                "trace_fexit",              TRACING,          later)
ATTACH_TYPE(26, MODIFY_RETURN,              "modify_return",            TRACING,          later)
ATTACH_TYPE(27, LSM_MAC,                    "lsm_mac",                  LSM,              later)
ATTACH_TYPE(28, TRACE_ITER,                 "trace_iter",               TRACING,          later)
ATTACH_TYPE(29, CGROUP_INET4_GETPEERNAME,   "cgroup_inet4_getpeername", CGROUP_SOCK_ADDR, later)
ATTACH_TYPE(30, CGROUP_INET6_GETPEERNAME,   "cgroup_inet6_getpeername", CGROUP_SOCK_ADDR, later)
ATTACH_TYPE(31, CGROUP_INET4_GETSOCKNAME,   "cgroup_inet4_getsockname", CGROUP_SOCK_ADDR, later)
ATTACH_TYPE(32, CGROUP_INET6_GETSOCKNAME,   "cgroup_inet6_getsockname", CGROUP_SOCK_ADDR, later)
ATTACH_TYPE(33, XDP_DEVMAP,                 "xdp_devmap",               XDP,              refused)
ATTACH_TYPE(34, CGROUP_INET_SOCK_RELEASE,   "cgroup_inet_sock_release", CGROUP_SOCK,      later)
ATTACH_TYPE(35, XDP_CPUMAP,                 "xdp_cpumap",               XDP,              refused)
ATTACH_TYPE(36, SK_LOOKUP,                  "sk_lookup",                SK_LOOKUP,        later)
ATTACH_TYPE(37, XDP,                        "xdp",                      XDP,              done)
ATTACH_TYPE(38, SK_SKB_VERDICT,             "sk_skb_verdict",           SK_SKB,           later)
ATTACH_TYPE(39, SK_REUSEPORT_SELECT,        "sk_reuseport_select",      SK_REUSEPORT,     later)
ATTACH_TYPE(40, SK_REUSEPORT_SELECT_OR_MIGRATE, "sk_reuseport_select_or_migrate", SK_REUSEPORT,     later)
ATTACH_TYPE(41, PERF_EVENT,                 "perf_event",               PERF_EVENT,       done)
ATTACH_TYPE(42, TRACE_KPROBE_MULTI,         "trace_kprobe_multi",       KPROBE,           later)
ATTACH_TYPE(43, LSM_CGROUP,                 "lsm_cgroup",               LSM,              later)
ATTACH_TYPE(44, STRUCT_OPS,                 "struct_ops",               STRUCT_OPS,       later)
ATTACH_TYPE(45, NETFILTER,                  "netfilter",                NETFILTER,        later)
ATTACH_TYPE(46, TCX_INGRESS,                "tcx_ingress",              SCHED_CLS,        done)
ATTACH_TYPE(47, TCX_EGRESS,                 "tcx_egress",               SCHED_CLS,        done)
ATTACH_TYPE(48, TRACE_UPROBE_MULTI,         "trace_uprobe_multi",       KPROBE,           later)
ATTACH_TYPE(49, CGROUP_UNIX_CONNECT,        "cgroup_unix_connect",      CGROUP_SOCK_ADDR, later)
ATTACH_TYPE(50, CGROUP_UNIX_SENDMSG,        "cgroup_unix_sendmsg",      CGROUP_SOCK_ADDR, later)
ATTACH_TYPE(51, CGROUP_UNIX_RECVMSG,        "cgroup_unix_recvmsg",      CGROUP_SOCK_ADDR, later)
ATTACH_TYPE(52, CGROUP_UNIX_GETPEERNAME,    "cgroup_unix_getpeername",  CGROUP_SOCK_ADDR, later)
ATTACH_TYPE(53, CGROUP_UNIX_GETSOCKNAME,    "cgroup_unix_getsockname",  CGROUP_SOCK_ADDR, later)
ATTACH_TYPE(54, NETKIT_PRIMARY,             "netkit_primary",           SCHED_CLS,        later)
ATTACH_TYPE(55, NETKIT_PEER,                "netkit_peer",              SCHED_CLS,        later)
ATTACH_TYPE(56, TRACE_KPROBE_SESSION,       "trace_kprobe_session",     KPROBE,           later)
ATTACH_TYPE(57, TRACE_UPROBE_SESSION,       "trace_uprobe_session",     KPROBE,           later)

#undef ATTACH_TYPE
