/* SPDX-License-Identifier: BSD-2-Clause */
#include "noise.h"

#include <linux/bpf.h>

/* clang-format off */
static const struct {
	uint32_t id;
	const char *name;
} noisy[] = {
	{ BPF_FUNC_ktime_get_ns, "bpf_ktime_get_ns" },
	{ BPF_FUNC_ktime_get_boot_ns, "bpf_ktime_get_boot_ns" },
	{ BPF_FUNC_ktime_get_coarse_ns, "bpf_ktime_get_coarse_ns" },
	{ 208, "bpf_ktime_get_tai_ns" },
	{ BPF_FUNC_jiffies64, "bpf_jiffies64" },
	{ BPF_FUNC_get_prandom_u32, "bpf_get_prandom_u32" },
	{ BPF_FUNC_get_smp_processor_id, "bpf_get_smp_processor_id" },
	{ BPF_FUNC_get_numa_node_id, "bpf_get_numa_node_id" },
	{ BPF_FUNC_get_hash_recalc, "bpf_get_hash_recalc" },
	{ BPF_FUNC_set_hash_invalid, "bpf_set_hash_invalid" },
	{ BPF_FUNC_get_socket_cookie, "bpf_get_socket_cookie" },
	{ BPF_FUNC_get_current_pid_tgid, "bpf_get_current_pid_tgid" },
	{ BPF_FUNC_get_current_comm, "bpf_get_current_comm" },
	{ BPF_FUNC_get_current_task, "bpf_get_current_task" },
	{ BPF_FUNC_get_current_task_btf, "bpf_get_current_task_btf" },
	{ BPF_FUNC_get_current_cgroup_id, "bpf_get_current_cgroup_id" },
	{ BPF_FUNC_get_current_ancestor_cgroup_id, "bpf_get_current_ancestor_cgroup_id" },
	{ BPF_FUNC_perf_event_read, "bpf_perf_event_read" },
	{ BPF_FUNC_perf_event_read_value, "bpf_perf_event_read_value" },
	{ BPF_FUNC_get_stackid, "bpf_get_stackid" },
	{ BPF_FUNC_get_stack, "bpf_get_stack" },
	{ BPF_FUNC_get_func_ip, "bpf_get_func_ip" },
	{ BPF_FUNC_timer_start, "bpf_timer_start" },
};
/* clang-format on */

void noise_helpers(const uint64_t *called, uint32_t n_words, struct buffer *out)
{
	for (uint32_t i = 0; i < sizeof(noisy) / sizeof(noisy[0]); i++)
		if (noisy[i].id / 64 < n_words && called[noisy[i].id / 64] >> noisy[i].id % 64 & 1)
			buffer_format(out, "%s%s", out->bytes ? ", " : "", noisy[i].name);
}
