/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of grants, measured on Linux 6.18 (every type, every id, with and without CAP_PERFMON).
 * Where an id stands twice the first row whose types match is the one. Source: bpf_base_func_proto,
 * *_func_proto of net/core/filter.c and kernel/trace/bpf_trace.c.
 */
#include "progs/protos.h"

#include "base/macros.h"
#include "object/caller.h"
#include "object/helper_protos.h"

#define TYPE(name) (UINT64_C(1) << BPF_PROG_TYPE_##name)

#define ALL UINT64_MAX
#define SF TYPE(SOCKET_FILTER)
#define TC (TYPE(SCHED_CLS) | TYPE(SCHED_ACT))
#define XDP TYPE(XDP)
#define CG TYPE(CGROUP_SKB)
#define CTL TYPE(CGROUP_SYSCTL)
#define SYS TYPE(SYSCALL)
#define SKB (SF | TC | CG)
#define NET (SKB | XDP)
#define TRACE (TYPE(KPROBE) | TYPE(TRACEPOINT) | TYPE(PERF_EVENT) | TYPE(RAW_TRACEPOINT))

struct grant {
	uint32_t id;
	uint32_t cap; /* enum skep_cap; 0: none */
	uint64_t types;
	const struct helper_proto *proto;
};

#define GRANT_AS(name, variant, types, cap)                                                        \
	{ BPF_FUNC_##name, cap, types, &helper_proto_##variant },
#define GRANT(name, types, cap) GRANT_AS(name, name, types, cap)

/* clang-format off */
static const struct grant grants[] = {
	/*    name                     types         capability */
	GRANT(map_lookup_elem,         ALL,          0)
	GRANT(map_update_elem,         ALL,          0)
	GRANT(map_delete_elem,         ALL,          0)
	GRANT(map_push_elem,           ALL,          0)
	GRANT(map_pop_elem,            ALL,          0)
	GRANT(map_peek_elem,           ALL,          0)
	GRANT(map_lookup_percpu_elem,  ALL,          0)
	GRANT(get_prandom_u32,         ALL,          0)
	GRANT(get_smp_processor_id,    ALL,          0)
	GRANT(get_numa_node_id,        ALL,          0)
	GRANT(tail_call,               ALL,          0)
	GRANT(ktime_get_ns,            ALL,          0)
	GRANT(ktime_get_boot_ns,       ALL,          0)
	GRANT(ktime_get_tai_ns,        ALL,          0)
	GRANT(ktime_get_coarse_ns,     NET | CTL,    0)
	GRANT(ringbuf_output,          ALL,          0)
	GRANT(ringbuf_reserve,         ALL,          0)
	GRANT(ringbuf_submit,          ALL,          0)
	GRANT(ringbuf_discard,         ALL,          0)
	GRANT(ringbuf_query,           ALL,          0)
	GRANT(strncmp,                 ALL,          0)
	GRANT(strtol,                  ALL,          0)
	GRANT(strtoul,                 ALL,          0)
	GRANT(get_current_pid_tgid,    ALL,          0)
	GRANT(get_current_uid_gid,     ALL,          0)

	GRANT(spin_lock,               ALL,          CAPABLE_BPF)
	GRANT(spin_unlock,             ALL,          CAPABLE_BPF)
	GRANT(jiffies64,               ALL,          CAPABLE_BPF)
	GRANT(loop,                    ALL,          CAPABLE_BPF)
	GRANT(for_each_map_elem,       ALL,          CAPABLE_BPF)
	GRANT(timer_init,              ALL,          CAPABLE_BPF)
	GRANT(timer_set_callback,      ALL,          CAPABLE_BPF)
	GRANT(timer_start,             ALL,          CAPABLE_BPF)
	GRANT(timer_cancel,            ALL,          CAPABLE_BPF)
	GRANT(dynptr_from_mem,         ALL,          CAPABLE_BPF)
	GRANT(ringbuf_reserve_dynptr,  ALL,          CAPABLE_BPF)
	GRANT(ringbuf_submit_dynptr,   ALL,          CAPABLE_BPF)
	GRANT(ringbuf_discard_dynptr,  ALL,          CAPABLE_BPF)
	GRANT(dynptr_read,             ALL,          CAPABLE_BPF)
	GRANT(dynptr_write,            ALL,          CAPABLE_BPF)
	GRANT(dynptr_data,             ALL,          CAPABLE_BPF)
	GRANT(user_ringbuf_drain,      ALL,          CAPABLE_BPF)
	GRANT(get_current_cgroup_id,   ALL,          CAPABLE_BPF)
	GRANT(get_current_ancestor_cgroup_id, ALL,   CAPABLE_BPF)
	GRANT_AS(get_cgroup_classid, get_cgroup_classid_skb, TC, 0)
	GRANT(get_cgroup_classid,      ALL,          CAPABLE_BPF)

	GRANT(get_current_comm,        ALL,          CAPABLE_PERFMON)
	GRANT(trace_printk,            ALL,          CAPABLE_PERFMON)
	GRANT(trace_vprintk,           ALL,          CAPABLE_PERFMON)
	GRANT(snprintf,                ALL,          CAPABLE_PERFMON)
	GRANT(probe_read_user,         ALL,          CAPABLE_PERFMON)
	GRANT(probe_read_kernel,       ALL,          CAPABLE_PERFMON)
	GRANT(probe_read_user_str,     ALL,          CAPABLE_PERFMON)
	GRANT(probe_read_kernel_str,   ALL,          CAPABLE_PERFMON)
	GRANT(copy_from_user,          ALL,          CAPABLE_PERFMON)
	GRANT(probe_read,              TRACE | SYS,  0)
	GRANT(probe_read_str,          TRACE | SYS,  0)
	GRANT(get_func_ip,             TRACE | SYS,  0)
	GRANT(get_attach_cookie,       TRACE,        0)

	GRANT_AS(perf_event_output, perf_event_output_skb, SKB, 0)
	GRANT_AS(perf_event_output, perf_event_output_xdp, XDP, 0)
	GRANT(perf_event_output,       TRACE | SYS | CTL, 0)

	GRANT_AS(get_stackid, get_stackid_pe, TYPE(PERF_EVENT), 0)
	GRANT(get_stackid,             TRACE | SYS,  0)
	GRANT(get_stack,               TRACE | SYS,  0)

	GRANT(skb_load_bytes,          SKB,          0)
	GRANT(skb_load_bytes_relative, SKB,          0)
	GRANT(skb_store_bytes,         TC,           0)
	GRANT(skb_pull_data,           TC,           0)
	GRANT(l3_csum_replace,         TC,           0)
	GRANT(l4_csum_replace,         TC,           0)
	GRANT(csum_diff,               TC | XDP,     0)
	GRANT(csum_update,             TC,           0)
	GRANT(csum_level,              TC,           0)
	GRANT(clone_redirect,          TC,           0)
	GRANT(skb_vlan_push,           TC,           0)
	GRANT(skb_vlan_pop,            TC,           0)
	GRANT(skb_change_proto,        TC,           0)
	GRANT(skb_change_type,         TC,           0)
	GRANT(skb_change_tail,         TC,           0)
	GRANT(skb_change_head,         TC,           0)
	GRANT(skb_adjust_room,         TC,           0)
	GRANT(get_hash_recalc,         TC,           0)
	GRANT(set_hash_invalid,        TC,           0)
	GRANT(set_hash,                TC,           0)
	GRANT(skb_ecn_set_ce,          TC | CG,      0)
	GRANT(redirect,                TC,           0)
	GRANT_AS(redirect, redirect_xdp, XDP, 0)
	GRANT(redirect_peer,           TC,           0)
	GRANT(redirect_map,            XDP,          0)
	GRANT(check_mtu,               TC,           0)
	GRANT_AS(check_mtu, check_mtu_xdp, XDP, 0)
	GRANT(xdp_adjust_head,         XDP,          0)
	GRANT(xdp_adjust_meta,         XDP,          0)
	GRANT(xdp_adjust_tail,         XDP,          0)
	GRANT(xdp_get_buff_len,        XDP,          0)
	GRANT(xdp_load_bytes,          XDP,          0)
	GRANT(xdp_store_bytes,         XDP,          0)

	GRANT(sysctl_get_name,         CTL,          0)
	GRANT(sysctl_get_current_value, CTL,         0)
	GRANT(sysctl_get_new_value,    CTL,          0)
	GRANT(sysctl_set_new_value,    CTL,          0)
	GRANT(get_retval,              CTL,          0)
	GRANT(set_retval,              CTL,          0)

	GRANT(sys_bpf,                 SYS,          CAPABLE_PERFMON)
	GRANT(btf_find_by_name_kind,   SYS,          0)
	GRANT(sys_close,               SYS,          0)

	{ HELPER_SKB_LOAD_8,  0, SF | TC, &helper_proto_internal_skb_load_8 },
	{ HELPER_SKB_LOAD_16, 0, SF | TC, &helper_proto_internal_skb_load_16 },
	{ HELPER_SKB_LOAD_32, 0, SF | TC, &helper_proto_internal_skb_load_32 },
};
/* clang-format on */

const struct helper_proto *prog_func_proto(uint32_t id, const struct prog *prog)
{
	for (size_t i = 0; i < ARRAY_SIZE(grants); i++) {
		const struct grant *grant = &grants[i];

		if (grant->id != id || !(grant->types >> prog->type & 1))
			continue;
		return !grant->cap || caps_have(prog->caps, grant->cap) ? grant->proto : NULL;
	}
	return NULL;
}
