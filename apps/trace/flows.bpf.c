// SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause)
/*
 * Bytes and messages of each socket's flow, as processes send and receive them: also those that never
 * become packets. Runs once for each send and receive, not for packets.
 */
#include <linux/bpf.h>

#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "kernel.bpf.h"
#include "tool/account.bpf.h"
#include "tool/filter.bpf.h"
#include "trace/flows-api.bpf.h"

#define AF_INET	  2
#define AF_INET6  10
#define MSG_PEEK  2

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, FLOWS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct flow_key);
	__type(value, struct flow_counts);
} flows SEC(".maps");

static __always_inline bool fill_key(struct flow_key *key, struct sock *sk)
{
	key->family = sk->__sk_common.skc_family;
	if (key->family == AF_INET) {
		__builtin_memcpy(key->local, &sk->__sk_common.skc_rcv_saddr, 4);
		__builtin_memcpy(key->remote, &sk->__sk_common.skc_daddr, 4);
	} else if (key->family == AF_INET6) {
		bpf_core_read(key->local, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		bpf_core_read(key->remote, 16, &sk->__sk_common.skc_v6_daddr);
	} else {
		return false;
	}
	key->local_port = sk->__sk_common.skc_num;
	key->remote_port = bpf_ntohs(sk->__sk_common.skc_dport);
	key->protocol = sk->sk_protocol;
	key->pid = filter_pid_tgid() >> 32;
	return true;
}

static __always_inline struct flow_counts *counts_of(struct sock *sk)
{
	struct flow_counts *counts, fresh = {};
	struct flow_key key = {};

	if (!filter_allows() || !fill_key(&key, sk))
		return NULL;
	counts = bpf_map_lookup_elem(&flows, &key);
	if (counts)
		return counts;
	fresh.cgroup_id = bpf_get_current_cgroup_id();
	bpf_get_current_comm(fresh.comm, sizeof(fresh.comm));
	bpf_map_update_elem(&flows, &key, &fresh, BPF_NOEXIST);
	counts = bpf_map_lookup_elem(&flows, &key);
	if (!counts) {
		account_lost();
		return NULL;
	}
	/* Another CPU may have made it. (A name may be empty, a cgroup's id is not 0.) */
	if (!counts->cgroup_id)
		*counts = fresh;
	return counts;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(sent, struct sock *sk, int bytes)
{
	struct flow_counts *counts = bytes >= 0 ? counts_of(sk) : NULL;

	if (counts) {
		counts->sends++;
		counts->sent_bytes += bytes;
	}
	return 0;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(received, struct sock *sk, int bytes, int flags)
{
	struct flow_counts *counts = bytes > 0 && !(flags & MSG_PEEK) ? counts_of(sk) : NULL;

	if (counts) {
		counts->receives++;
		counts->received_bytes += bytes;
	}
	return 0;
}
