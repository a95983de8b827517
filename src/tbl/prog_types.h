/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every program type of Linux 6.18. Define PROG_TYPE and include:
 *
 *   #define PROG_TYPE(num, name, print, test, hook, status, ctx) ...
 *   #include "tbl/prog_types.h"
 *
 *   num     prog_type of BPF_PROG_LOAD; the rows stand in its order, without gaps
 *   name    without BPF_PROG_TYPE_
 *   print   as libbpf and bpftool print it
 *   test    what BPF_PROG_TEST_RUN of Linux takes as data_in, and where the program's data begin:
 *           none no test run | ctx only ctx_in | l2 frame, at its Ethernet header | l3 frame,
 *           behind its Ethernet header | fixed the kernel's own call, input ignored
 *           Where this is none and hook is ctx, the engine's test run takes ctx_in all the same;
 *           not of CGROUP_SYSCTL, whose accesses skep_sysctl_access() tells of
 *   hook    what the real hook gives it: none | ctx | l2 | l3 | l4 packet from its transport header
 *           | data of a stream
 *   status  done: a struct prog_type_ops exists | refused: never | later: not yet; to load one of
 *           the last two is EINVAL, the kernel's answer to a type it was not built with
 *   ctx     type of the context as a program sees it; void: none by name
 *
 * test and hook differ: a socket filter on a packet socket sees the Ethernet header, in a test run
 * it does not. BPF_PROG_TEST_RUN frames as test says, `skep run` as hook says.
 */

/* clang-format off */

/*        num name                print               test   hook  status   ctx */
PROG_TYPE(0,  UNSPEC,             "unspec",           none,  none, refused, void)
PROG_TYPE(1,  SOCKET_FILTER,      "socket_filter",    l3,    l2,   done,    __sk_buff)
PROG_TYPE(2,  KPROBE,             "kprobe",           none,  ctx,  done,    bpf_user_pt_regs_t)
PROG_TYPE(3,  SCHED_CLS,          "sched_cls",        l2,    l2,   done,    __sk_buff)
PROG_TYPE(4,  SCHED_ACT,          "sched_act",        l2,    l2,   done,    __sk_buff)
PROG_TYPE(5,  TRACEPOINT,         "tracepoint",       none,  ctx,  done,    u64)
PROG_TYPE(6,  XDP,                "xdp",              l2,    l2,   done,    xdp_md)
PROG_TYPE(7,  PERF_EVENT,         "perf_event",       none,  ctx,  done,    bpf_perf_event_data)
PROG_TYPE(8,  CGROUP_SKB,         "cgroup_skb",       l3,    l3,   done,    __sk_buff)
PROG_TYPE(9,  CGROUP_SOCK,        "cgroup_sock",      none,  ctx,  later,   bpf_sock)
PROG_TYPE(10, LWT_IN,             "lwt_in",           l3,    l3,   later,   __sk_buff)
PROG_TYPE(11, LWT_OUT,            "lwt_out",          l3,    l3,   later,   __sk_buff)
PROG_TYPE(12, LWT_XMIT,           "lwt_xmit",         l3,    l3,   later,   __sk_buff)
PROG_TYPE(13, SOCK_OPS,           "sock_ops",         none,  ctx,  later,   bpf_sock_ops)
PROG_TYPE(14, SK_SKB,             "sk_skb",           none,  data, later,   __sk_buff)
PROG_TYPE(15, CGROUP_DEVICE,      "cgroup_device",    none,  ctx,  later,   bpf_cgroup_dev_ctx)
PROG_TYPE(16, SK_MSG,             "sk_msg",           none,  data, later,   sk_msg_md)
PROG_TYPE(17, RAW_TRACEPOINT,     "raw_tracepoint",   ctx,   ctx,  done,    bpf_raw_tracepoint_args)
PROG_TYPE(18, CGROUP_SOCK_ADDR,   "cgroup_sock_addr", none,  ctx,  later,   bpf_sock_addr)
PROG_TYPE(19, LWT_SEG6LOCAL,      "lwt_seg6local",    none,  l3,   later,   __sk_buff)
PROG_TYPE(20, LIRC_MODE2,         "lirc_mode2",       none,  ctx,  later,   u32)
PROG_TYPE(21, SK_REUSEPORT,       "sk_reuseport",     none,  l4,   later,   sk_reuseport_md)
PROG_TYPE(22, FLOW_DISSECTOR,     "flow_dissector",   l2,    l2,   later,   __sk_buff)
PROG_TYPE(23, CGROUP_SYSCTL,      "cgroup_sysctl",    none,  ctx,  done,    bpf_sysctl)
PROG_TYPE(24, RAW_TRACEPOINT_WRITABLE, "raw_tracepoint_writable", ctx,   ctx,  later,   bpf_raw_tracepoint_args)
PROG_TYPE(25, CGROUP_SOCKOPT,     "cgroup_sockopt",   none,  ctx,  later,   bpf_sockopt)
PROG_TYPE(26, TRACING,            "tracing",          fixed, ctx,  later,   void)
PROG_TYPE(27, STRUCT_OPS,         "struct_ops",       fixed, ctx,  later,   void)
PROG_TYPE(28, EXT,                "ext",              none,  none, later,   void)
PROG_TYPE(29, LSM,                "lsm",              none,  ctx,  later,   void)
PROG_TYPE(30, SK_LOOKUP,          "sk_lookup",        ctx,   ctx,  later,   bpf_sk_lookup)
PROG_TYPE(31, SYSCALL,            "syscall",          ctx,   ctx,  done,    void)
PROG_TYPE(32, NETFILTER,          "netfilter",        l3,    l3,   later,   bpf_nf_ctx)

#undef PROG_TYPE
