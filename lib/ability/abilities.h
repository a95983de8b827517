/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every ability the tools ask for. Define ABILITY and include:
 *
 *   #define ABILITY(name, key, group, title) ...
 *   #include "ability/abilities.h"
 *
 *   name   ABILITY_<name> (ability.h)
 *   key    what JSON and `skep doctor` call it; never changes its meaning
 *   group  ABILITY_GROUP_<group>: which part of the report it stands in
 *   title  in a few words, for the report
 *
 * How each is found out is in probes.c, in the same order.
 */

/* clang-format off */

/*      name               key                   group      title */
ABILITY(BPF_SYSCALL,       "bpf-syscall",        PRIVILEGE, "bpf(2)")
ABILITY(CAP_BPF,           "cap-bpf",            PRIVILEGE, "CAP_BPF: maps, programs, BTF")
ABILITY(CAP_PERFMON,       "cap-perfmon",        PRIVILEGE, "CAP_PERFMON: programs that read kernel memory")
ABILITY(CAP_NET_ADMIN,     "cap-net-admin",      PRIVILEGE, "CAP_NET_ADMIN: programs in the network and in cgroups")
ABILITY(CAP_SYS_ADMIN,     "cap-sys-admin",      PRIVILEGE, "CAP_SYS_ADMIN: ids, statistics, namespaces")
ABILITY(CAP_SYS_RESOURCE,  "cap-sys-resource",   PRIVILEGE, "CAP_SYS_RESOURCE: limits of this process may be raised")
ABILITY(UNPRIVILEGED_BPF,  "unprivileged-bpf",   PRIVILEGE, "bpf(2) without privilege")
ABILITY(MEMLOCK,           "memlock",            PRIVILEGE, "enough memory for maps")

ABILITY(BTF,               "btf",                KERNEL,    "types of the kernel (/sys/kernel/btf/vmlinux)")
ABILITY(BTF_MODULES,       "btf-modules",        KERNEL,    "types of kernel modules")
ABILITY(JIT,               "jit",                KERNEL,    "programs are compiled")
ABILITY(JIT_OPEN,          "jit-open",           KERNEL,    "compiled without hardening of constants")
ABILITY(NO_LOCKDOWN,       "no-lockdown",        KERNEL,    "the kernel is not locked down")
ABILITY(KALLSYMS,          "kallsyms",           KERNEL,    "addresses of kernel functions")
ABILITY(TRACEFS,           "tracefs",            KERNEL,    "tracefs")
ABILITY(BPFFS,             "bpffs",              KERNEL,    "a bpf file system, for pins")
ABILITY(CGROUP2,           "cgroup2",            KERNEL,    "cgroup v2")
ABILITY(STATS,             "stats",              KERNEL,    "run time of programs is counted on request")

ABILITY(PROBE_READ,        "probe-read",         PROGRAM,   "programs may read kernel memory")
ABILITY(PROBE_WRITE_USER,  "probe-write-user",   PROGRAM,   "programs may write user memory")
ABILITY(OVERRIDE_RETURN,   "override-return",    PROGRAM,   "programs may replace a function's result")
ABILITY(SEND_SIGNAL,       "send-signal",        PROGRAM,   "programs may signal a process")
ABILITY(RINGBUF,           "ringbuf",            PROGRAM,   "ring buffers")
ABILITY(BPF_LOOP,          "bpf-loop",           PROGRAM,   "bpf_loop()")
ABILITY(CURRENT_CGROUP,    "current-cgroup",     PROGRAM,   "the current process's cgroup")
ABILITY(GET_FUNC_IP,       "get-func-ip",        PROGRAM,   "bpf_get_func_ip(): one program for many functions")
ABILITY(TEST_RUN,          "test-run",           PROGRAM,   "trying a program on a packet (BPF_PROG_TEST_RUN)")

ABILITY(RAW_TP,            "raw-tp",             TRACE,     "raw tracepoints")
ABILITY(TP_BTF,            "tp-btf",             TRACE,     "tracepoints with typed arguments (tp_btf)")
ABILITY(TRACEPOINT,        "tracepoint",         TRACE,     "tracepoints")
ABILITY(KPROBE,            "kprobe",             TRACE,     "kprobe and kretprobe")
ABILITY(KPROBE_MULTI,      "kprobe-multi",       TRACE,     "many kprobes by one link")
ABILITY(FENTRY,            "fentry",             TRACE,     "entry of kernel functions with typed arguments")
ABILITY(FEXIT,             "fexit",              TRACE,     "exit of kernel functions with arguments and result")
ABILITY(FMOD_RET,          "fmod-ret",           TRACE,     "changing the result of a kernel function")
ABILITY(LSM,               "lsm",                TRACE,     "BPF LSM: denying by program")
ABILITY(LSM_CGROUP,        "lsm-cgroup",         TRACE,     "BPF LSM for one cgroup")
ABILITY(UPROBE,            "uprobe",             TRACE,     "uprobe and uretprobe")
ABILITY(UPROBE_MULTI,      "uprobe-multi",       TRACE,     "many uprobes by one link")
ABILITY(PERF_CLOCK,        "perf-clock",         TRACE,     "sampling by a timer")
ABILITY(PERF_CYCLES,       "perf-cycles",        TRACE,     "sampling by the processor's cycles")
ABILITY(ITER,              "iter",               TRACE,     "iterators over kernel objects")

ABILITY(SOCKET_FILTER,     "socket-filter",      NETWORK,   "socket filters")
ABILITY(XDP,               "xdp",                NETWORK,   "XDP (generic)")
ABILITY(TC,                "tc",                 NETWORK,   "tc filters (clsact)")
ABILITY(TCX,               "tcx",                NETWORK,   "tcx links")
ABILITY(NETKIT,            "netkit",             NETWORK,   "netkit devices")
ABILITY(NETFILTER,         "netfilter",          NETWORK,   "netfilter programs")
ABILITY(SK_LOOKUP,         "sk-lookup",          NETWORK,   "choosing a socket for a packet")
ABILITY(SOCK_OPS,          "sock-ops",           NETWORK,   "events of TCP connections (sockops)")
ABILITY(SK_MSG,            "sk-msg",             NETWORK,   "redirecting between sockets (sk_msg)")
ABILITY(FLOW_DISSECTOR,    "flow-dissector",     NETWORK,   "a namespace's flow dissector")
ABILITY(STRUCT_OPS,        "struct-ops",         NETWORK,   "kernel operations by programs (struct_ops)")

ABILITY(CGROUP_SKB,        "cgroup-skb",         CGROUP,    "packets of a cgroup")
ABILITY(CGROUP_SOCK,       "cgroup-sock",        CGROUP,    "sockets made in a cgroup")
ABILITY(CGROUP_SOCK_ADDR,  "cgroup-sock-addr",   CGROUP,    "bind, connect, sendmsg in a cgroup")
ABILITY(CGROUP_SOCKOPT,    "cgroup-sockopt",     CGROUP,    "getsockopt and setsockopt in a cgroup")
ABILITY(CGROUP_SYSCTL,     "cgroup-sysctl",      CGROUP,    "sysctl accesses of a cgroup")
ABILITY(CGROUP_DEVICE,     "cgroup-device",      CGROUP,    "device accesses of a cgroup")

#undef ABILITY
