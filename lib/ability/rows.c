/* SPDX-License-Identifier: BSD-2-Clause */
/* How each ability is found out, and what to do where it is missing: the rows of abilities.h. */
#include <linux/capability.h>
#include <linux/perf_event.h>

#include "probes.h"

#define REMEDY_ROOT    "run it as root, or with this capability"
#define REMEDY_BUILD   "another kernel: this one was built without it"
#define REMEDY_PROGRAM "a newer kernel, or one not locked down"

/* clang-format off */
const struct ability_row ability_rows[ABILITY_MAX] = {
	[ABILITY_BPF_SYSCALL]	   = { probe_syscall, .remedy = "run it as root, or with CAP_BPF" },
	[ABILITY_CAP_BPF]	   = { probe_capability, CAP_BPF, .remedy = REMEDY_ROOT },
	[ABILITY_CAP_PERFMON]	   = { probe_capability, CAP_PERFMON, .remedy = REMEDY_ROOT },
	[ABILITY_CAP_NET_ADMIN]	   = { probe_capability, CAP_NET_ADMIN, .remedy = REMEDY_ROOT },
	[ABILITY_CAP_SYS_ADMIN]	   = { probe_capability, CAP_SYS_ADMIN, .remedy = REMEDY_ROOT },
	[ABILITY_CAP_SYS_RESOURCE] = { probe_capability, CAP_SYS_RESOURCE, .remedy = REMEDY_ROOT },
	[ABILITY_UNPRIVILEGED_BPF] = { probe_unprivileged,
		.remedy = "leave it so: programs of strangers are a risk to the machine" },
	[ABILITY_MEMLOCK]	   = { probe_memlock, .remedy = "raise it: ulimit -l unlimited" },

	[ABILITY_BTF]		   = { probe_btf_file, .remedy = "a kernel with CONFIG_DEBUG_INFO_BTF" },
	[ABILITY_BTF_MODULES]	   = { probe_btf_modules, .remedy = "a kernel with CONFIG_DEBUG_INFO_BTF_MODULES" },
	[ABILITY_JIT]		   = { probe_jit, .remedy = "sysctl net.core.bpf_jit_enable=1" },
	[ABILITY_JIT_OPEN]	   = { probe_jit_open, .remedy = "sysctl net.core.bpf_jit_harden=1, if speed matters more" },
	[ABILITY_KALLSYMS]	   = { probe_kallsyms, .remedy = "run it as root, with kernel.kptr_restrict below 2" },
	[ABILITY_TRACEFS]	   = { probe_tracefs, .remedy = "mount -t tracefs tracefs /sys/kernel/tracing" },
	[ABILITY_BPFFS]		   = { probe_bpffs, .remedy = "mount -t bpf bpf /sys/fs/bpf" },
	[ABILITY_CGROUP2]	   = { probe_cgroup2, .remedy = "mount -t cgroup2 none DIRECTORY" },
	[ABILITY_STATS]		   = { probe_stats, .remedy = "run it as root" },

	[ABILITY_PROBE_READ]	   = { probe_helper, HELPER_OF(BPF_PROG_TYPE_KPROBE, BPF_FUNC_probe_read_kernel),
		.remedy = REMEDY_PROGRAM },
	[ABILITY_PROBE_WRITE_USER] = { probe_helper, HELPER_OF(BPF_PROG_TYPE_KPROBE, BPF_FUNC_probe_write_user),
		.remedy = "a kernel that is not locked down (lockdown=integrity forbids it)" },
	[ABILITY_OVERRIDE_RETURN]  = { probe_helper, HELPER_OF(BPF_PROG_TYPE_KPROBE, BPF_FUNC_override_return),
		.remedy = "a kernel with CONFIG_BPF_KPROBE_OVERRIDE, for tests" },
	[ABILITY_SEND_SIGNAL]	   = { probe_helper, HELPER_OF(BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_FUNC_send_signal),
		.remedy = "Linux 5.3 or later" },
	[ABILITY_RINGBUF]	   = { probe_map_type, BPF_MAP_TYPE_RINGBUF, .remedy = "Linux 5.8 or later" },
	[ABILITY_BPF_LOOP]	   = { probe_helper, HELPER_OF(BPF_PROG_TYPE_SOCKET_FILTER, BPF_FUNC_loop),
		.remedy = "Linux 5.17 or later" },
	[ABILITY_CURRENT_CGROUP]   = { probe_helper, HELPER_OF(BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_FUNC_get_current_cgroup_id),
		.remedy = "Linux 4.18 or later, with CONFIG_CGROUPS" },
	[ABILITY_GET_FUNC_IP]	   = { probe_helper, HELPER_OF(BPF_PROG_TYPE_KPROBE, BPF_FUNC_get_func_ip),
		.remedy = "Linux 5.15 or later" },
	[ABILITY_TEST_RUN]	   = { probe_test_run, .remedy = "Linux 4.12 or later" },

	[ABILITY_RAW_TP]	   = { probe_raw_tp, .remedy = "a kernel with CONFIG_TRACEPOINTS" },
	[ABILITY_TP_BTF]	   = { probe_tracing, BPF_TRACE_RAW_TP, .remedy = "Linux 5.5 or later, with BTF" },
	[ABILITY_TRACEPOINT]	   = { probe_tracepoint, .remedy = "a kernel with CONFIG_EVENT_TRACING, and tracefs" },
	[ABILITY_KPROBE]	   = { probe_kprobe, .remedy = REMEDY_BUILD },
	[ABILITY_KPROBE_MULTI]	   = { probe_kprobe_multi, .remedy = "a kernel with CONFIG_FPROBE (5.18 or later)" },
	[ABILITY_FENTRY]	   = { probe_tracing, BPF_TRACE_FENTRY, .remedy = "a kernel that lets programs attach to functions" },
	[ABILITY_FEXIT]		   = { probe_tracing, BPF_TRACE_FEXIT, .remedy = "a kernel that lets programs attach to functions" },
	[ABILITY_FMOD_RET]	   = { probe_tracing, BPF_MODIFY_RETURN, .remedy = "a kernel that lets programs attach to functions" },
	[ABILITY_LSM]		   = { probe_lsm, BPF_LSM_MAC, .remedy = "a kernel with CONFIG_BPF_LSM that lets programs attach to functions" },
	[ABILITY_LSM_CGROUP]	   = { probe_lsm, BPF_LSM_CGROUP, .remedy = "Linux 6.0 or later, and BPF LSM" },
	[ABILITY_UPROBE]	   = { probe_uprobe, .remedy = REMEDY_BUILD },
	[ABILITY_UPROBE_MULTI]	   = { probe_uprobe_multi, .remedy = "Linux 6.6 or later" },
	[ABILITY_PERF_CLOCK]	   = { probe_perf, PERF_TYPE_SOFTWARE, .remedy = "a kernel with CONFIG_PERF_EVENTS" },
	[ABILITY_PERF_CYCLES]	   = { probe_perf, PERF_TYPE_HARDWARE, .remedy = "a machine with performance counters" },
	[ABILITY_ITER]		   = { probe_tracing, BPF_TRACE_ITER, .remedy = "Linux 5.8 or later, with BTF" },

	[ABILITY_SOCKET_FILTER]	   = { probe_prog_type_of, BPF_PROG_TYPE_SOCKET_FILTER },
	[ABILITY_XDP]		   = { probe_prog_type_of, BPF_PROG_TYPE_XDP, .remedy = REMEDY_BUILD },
	[ABILITY_TC]		   = { probe_prog_type_of, BPF_PROG_TYPE_SCHED_CLS, .remedy = REMEDY_BUILD },
	[ABILITY_TCX]		   = { probe_device_link, PROG_FOR(BPF_PROG_TYPE_SCHED_CLS, BPF_TCX_INGRESS), .remedy = "Linux 6.6 or later; tc filters do the same" },
	[ABILITY_NETKIT]	   = { probe_device_link, PROG_FOR(BPF_PROG_TYPE_SCHED_CLS, BPF_NETKIT_PRIMARY), .remedy = "Linux 6.7 or later, with CONFIG_NETKIT" },
	[ABILITY_NETFILTER]	   = { probe_prog_type_of, BPF_PROG_TYPE_NETFILTER, .remedy = "Linux 6.4 or later" },
	[ABILITY_SK_LOOKUP]	   = { probe_prog_type_of, BPF_PROG_TYPE_SK_LOOKUP, .remedy = "Linux 5.9 or later" },
	[ABILITY_SOCK_OPS]	   = { probe_prog_for, PROG_FOR(BPF_PROG_TYPE_SOCK_OPS, BPF_CGROUP_SOCK_OPS), .remedy = REMEDY_BUILD },
	[ABILITY_SK_MSG]	   = { probe_prog_for, PROG_FOR(BPF_PROG_TYPE_SK_MSG, BPF_SK_MSG_VERDICT), .remedy = "a kernel with CONFIG_BPF_STREAM_PARSER" },
	[ABILITY_FLOW_DISSECTOR]   = { probe_prog_for, PROG_FOR(BPF_PROG_TYPE_FLOW_DISSECTOR, BPF_FLOW_DISSECTOR), .remedy = REMEDY_BUILD },
	[ABILITY_STRUCT_OPS]	   = { probe_prog_type_of, BPF_PROG_TYPE_STRUCT_OPS, .remedy = "Linux 5.6 or later, with BTF" },

	[ABILITY_CGROUP_SKB]	   = { probe_prog_for, PROG_FOR(BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS), .remedy = REMEDY_BUILD },
	[ABILITY_CGROUP_SOCK]	   = { probe_prog_for, PROG_FOR(BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_CREATE), .remedy = REMEDY_BUILD },
	[ABILITY_CGROUP_SOCK_ADDR] = { probe_prog_for, PROG_FOR(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT), .remedy = REMEDY_BUILD },
	[ABILITY_CGROUP_SOCKOPT]   = { probe_prog_for, PROG_FOR(BPF_PROG_TYPE_CGROUP_SOCKOPT, BPF_CGROUP_GETSOCKOPT), .remedy = "Linux 5.3 or later" },
	[ABILITY_CGROUP_SYSCTL]	   = { probe_prog_for, PROG_FOR(BPF_PROG_TYPE_CGROUP_SYSCTL, BPF_CGROUP_SYSCTL), .remedy = "Linux 5.2 or later" },
	[ABILITY_CGROUP_DEVICE]	   = { probe_prog_for, PROG_FOR(BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE), .remedy = REMEDY_BUILD },
};
/* clang-format on */
