// SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause)
/*
 * Bytes and messages of each socket's flow, as processes send and receive them: also those that never
 * become packets. Runs once for each send and receive, not for packets.
 *
 * A message is counted in a slot of its CPU, found by its socket's ports: a few loads and comparisons.
 * Only when the slot is another flow's, that one's counts go to the hash of flows first. What a flow has
 * is the sum of both. Nothing here is interrupted by itself: sockets are used by tasks alone, and
 * tracepoints keep a task on its CPU.
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

#define AF_INET	 2
#define AF_INET6 10
#define MSG_PEEK 2

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, FLOWS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct flow_key);
	__type(value, struct flow_counts);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FLOWS_SLOTS); /* times the number of CPUs: flows.c */
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct flow_slot);
} slots SEC(".maps");

static __always_inline bool is_same6(const struct flow_key *key, const struct sock *sk)
{
	for (int i = 0; i < 4; i++)
		if (key->local[i] != sk->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32[i] ||
		    key->remote[i] != sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[i])
			return false;
	return true;
}

/* A connection that has ended gave its port back, and may still be read from. */
static __always_inline __u16 local_port_of(const struct sock *sk)
{
	__u16 port = sk->__sk_common.skc_num;

	return port ? port : bpf_ntohs(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
}

static __always_inline bool is_flow_of(const struct flow_key *key, const struct sock *sk, __u32 pid)
{
	if (key->pid != pid || key->family != sk->__sk_common.skc_family ||
	    key->remote_port != sk->__sk_common.skc_dport ||
	    key->local_port != local_port_of(sk) || key->protocol != sk->sk_protocol)
		return false;
	if (key->family == AF_INET6)
		return is_same6(key, sk);
	return key->local[0] == sk->__sk_common.skc_rcv_saddr &&
	       key->remote[0] == sk->__sk_common.skc_daddr;
}

static __always_inline void fill_key(struct flow_key *key, const struct sock *sk, __u32 pid)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->pid = pid;
	key->family = sk->__sk_common.skc_family;
	key->protocol = sk->sk_protocol;
	key->local_port = local_port_of(sk);
	key->remote_port = sk->__sk_common.skc_dport;
	if (key->family == AF_INET) {
		key->local[0] = sk->__sk_common.skc_rcv_saddr;
		key->remote[0] = sk->__sk_common.skc_daddr;
		return;
	}
	for (int i = 0; i < 4; i++) {
		key->local[i] = sk->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32[i];
		key->remote[i] = sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[i];
	}
}

/* Adds what a slot counted to the hash; what finds no room there is lost, and counted as that. */
static __always_inline void settle(struct flow_slot *slot)
{
	struct flow_counts *counts = bpf_map_lookup_elem(&flows, &slot->key);

	if (counts && counts->cgroup_id) {
		counts->sent_bytes += slot->counts.sent_bytes;
		counts->received_bytes += slot->counts.received_bytes;
		counts->sends += slot->counts.sends;
		counts->receives += slot->counts.receives;
	} else if (counts) { /* made by another CPU */
		*counts = slot->counts;
	} else if (bpf_map_update_elem(&flows, &slot->key, &slot->counts, BPF_ANY)) {
		account_lose(slot->counts.sends + slot->counts.receives);
	}
}

/* By CPU and ports: Fibonacci hashing, of which the upper bits are the good ones. */
static __always_inline __u32 slot_of(const struct sock *sk)
{
	__u32 ports = (__u32)sk->__sk_common.skc_num << 16 | sk->__sk_common.skc_dport;

	return bpf_get_smp_processor_id() * FLOWS_SLOTS +
	       (ports * 0x9e3779b1 >> (32 - FLOWS_SLOTS_BITS));
}

static __always_inline void give(struct flow_slot *slot, const struct sock *sk, __u32 pid)
{
	slot->given++;
	barrier();
	if (slot->counts.cgroup_id)
		settle(slot);
	fill_key(&slot->key, sk, pid);
	__builtin_memset(&slot->counts, 0, sizeof(slot->counts));
	slot->counts.cgroup_id = bpf_get_current_cgroup_id();
	bpf_get_current_comm(slot->counts.comm, sizeof(slot->counts.comm));
	barrier();
	slot->given++;
}

static __always_inline struct flow_counts *counts_of(const struct sock *sk)
{
	__u16 family = sk->__sk_common.skc_family;
	__u64 ids = filter_pid_tgid();
	__u32 at = slot_of(sk);
	struct flow_slot *slot;

	if ((family != AF_INET && family != AF_INET6) || !filter_allows_known(ids))
		return NULL;
	slot = bpf_map_lookup_elem(&slots, &at);
	if (!slot)
		return NULL;
	if (!is_flow_of(&slot->key, sk, ids >> 32))
		give(slot, sk, ids >> 32);
	return &slot->counts;
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
