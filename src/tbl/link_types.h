/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every link type of Linux 6.18. Define LINK_TYPE and include:
 *
 *   #define LINK_TYPE(num, name, print, status) ...
 *   #include "tbl/link_types.h"
 *
 *   num     type in struct bpf_link_info; the rows stand in its order, without gaps
 *   name    without BPF_LINK_TYPE_
 *   print   as libbpf and bpftool print it
 *   status  done: the engine makes links of this type | refused: never | later: not yet
 */

/* clang-format off */

/*        num name            print             status */
LINK_TYPE(0,  UNSPEC,         "unspec",         refused)
LINK_TYPE(1,  RAW_TRACEPOINT, "raw_tracepoint", done)
LINK_TYPE(2,  TRACING,        "tracing",        later)
LINK_TYPE(3,  CGROUP,         "cgroup",         done)
LINK_TYPE(4,  ITER,           "iter",           later)
LINK_TYPE(5,  NETNS,          "netns",          later)
LINK_TYPE(6,  XDP,            "xdp",            done)
LINK_TYPE(7,  PERF_EVENT,     "perf_event",     done)
LINK_TYPE(8,  KPROBE_MULTI,   "kprobe_multi",   later)
LINK_TYPE(9,  STRUCT_OPS,     "struct_ops",     later)
LINK_TYPE(10, NETFILTER,      "netfilter",      later)
LINK_TYPE(11, TCX,            "tcx",            done)
LINK_TYPE(12, UPROBE_MULTI,   "uprobe_multi",   later)
LINK_TYPE(13, NETKIT,         "netkit",         later)
LINK_TYPE(14, SOCKMAP,        "sockmap",        later)

#undef LINK_TYPE
