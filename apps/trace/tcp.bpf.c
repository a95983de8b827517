/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * Follows TCP connections by the changes of their sockets' state: who opened them, how long they took
 * to be established, what they carried. Nothing runs for a packet.
 *
 * Who owns a connection is learnt where a process is at work: in connect, in listen (for those that
 * come in at its port), or in close. The tracepoint is in softirq otherwise, where the current task is
 * anybody.
 */
#include <linux/bpf.h>

#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "kernel.bpf.h"
#include "tool/account.bpf.h"
#include "tool/event.bpf.h"
#include "trace/tcp-api.bpf.h"

#define AF_INET	    2
#define AF_INET6    10
#define IPPROTO_TCP 6

/* include/net/tcp_states.h */
enum {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT,
	TCP_SYN_RECV,
	TCP_FIN_WAIT1,
	TCP_FIN_WAIT2,
	TCP_TIME_WAIT,
	TCP_CLOSE,
	TCP_CLOSE_WAIT,
	TCP_LAST_ACK,
	TCP_LISTEN,
	TCP_CLOSING,
};

#define SOCK_DONE (1u << 1) /* enum sock_flags of include/net/sock.h: the other side's FIN has come */

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile bool all_events = false; /* else only ends and failures */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* tcp.c chooses */
} ring SEC(".maps");

struct connection {
	struct tcp_owner owner;
	__u64 start_ns;	      /* of the handshake; 0: not seen */
	__u64 established_ns; /* 0: not seen */
	__u32 direction;
	__u32 connect_ns; /* saturates at 4 s and more, which is shown as such */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TCP_SOCKETS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64); /* address of the socket */
	__type(value, struct connection);
} connections SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TCP_LISTENERS_MAX);
	__type(key, struct tcp_listener);
	__type(value, struct tcp_owner);
} listeners SEC(".maps");

/* Whether the user looks at everything: then a connection nobody is known to own is shown, too. */
static __always_inline bool all_are_wanted(void)
{
	return !filter.tgid && !filter.tid && !filter.has_uid && !filter.comm[0] &&
	       !filter_has_cgroup() && !filter.netns_inode;
}

/* One too many: its end will be shown without an owner, or, where only some are wanted, not at all. */
static __always_inline void remember(__u64 key, const struct connection *c)
{
	if (bpf_map_update_elem(&connections, &key, c, BPF_ANY) && !all_are_wanted() &&
	    c->owner.allowed)
		account_lost();
}

static __always_inline void owner_is_current(struct tcp_owner *owner)
{
	event_head_fill(&owner->head);
	owner->allowed = filter_allows();
	owner->known = 1;
}

static __always_inline struct tcp_listener listener_of(struct sock *sk)
{
	struct tcp_listener key = {};

	key.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	key.port = BPF_CORE_READ(sk, __sk_common.skc_num);
	return key;
}

static __always_inline void fill_addresses(struct tcp_record *record, struct sock *sk)
{
	record->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	record->local_port = bpf_ntohs(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
	record->remote_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (record->family == AF_INET) {
		BPF_CORE_READ_INTO((__u32 *)record->local, sk, __sk_common.skc_rcv_saddr);
		BPF_CORE_READ_INTO((__u32 *)record->remote, sk, __sk_common.skc_daddr);
	} else {
		BPF_CORE_READ_INTO((struct in6_addr *)record->local, sk,
				   __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO((struct in6_addr *)record->remote, sk,
				   __sk_common.skc_v6_daddr);
	}
}

static __always_inline bool has_sent_fin(int state)
{
	return state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2 || state == TCP_CLOSING ||
	       state == TCP_LAST_ACK;
}

/* The kernel counts a FIN as a byte either way, and the SYN of this side's connect. */
static __always_inline void fill_traffic(struct tcp_record *record, struct sock *sk, int before)
{
	struct tcp_sock *tcp = (struct tcp_sock *)sk;
	__u64 sent = BPF_CORE_READ(tcp, bytes_acked);
	__u64 received = BPF_CORE_READ(tcp, bytes_received);

	if (sent && record->direction == TCP_OUTBOUND)
		sent--;
	if (sent && has_sent_fin(before) &&
	    BPF_CORE_READ(tcp, snd_una) == BPF_CORE_READ(tcp, write_seq))
		sent--;
	if (received && BPF_CORE_READ(sk, __sk_common.skc_flags) & SOCK_DONE)
		received--;
	record->sent_bytes = sent;
	record->received_bytes = received;
	record->rtt_us = BPF_CORE_READ(tcp, srtt_us) >> 3;
}

static __always_inline void report(struct sock *sk, const struct connection *c, __u32 event,
				   int before)
{
	struct tcp_record *record;
	__u64 now = bpf_ktime_get_ns();

	if (!all_events && (event == TCP_EVENT_CONNECT || event == TCP_EVENT_ACCEPT))
		return;
	if (!all_are_wanted() && !c->owner.allowed)
		return;
	if (c->owner.known && !c->owner.allowed)
		return;
	record = account_reserve(&ring, sizeof(*record));
	if (!record)
		return;
	__builtin_memset(record, 0, sizeof(*record));
	record->head = c->owner.head;
	record->head.ktime_ns = now;
	record->event = event;
	record->direction = c->direction;
	record->owned = c->owner.known;
	record->connect_ns = c->connect_ns;
	if (event == TCP_EVENT_FAIL && c->start_ns)
		record->connect_ns = now - c->start_ns;
	if (c->established_ns && event == TCP_EVENT_CLOSE)
		record->duration_ns = now - c->established_ns;
	fill_addresses(record, sk);
	fill_traffic(record, sk, before);
	bpf_ringbuf_submit(record, 0);
}

/* connect(2): its caller is the owner. */
static __always_inline void on_connecting(struct sock *sk)
{
	struct connection c = { .direction = TCP_OUTBOUND };
	__u64 key = (__u64)sk;

	owner_is_current(&c.owner);
	c.start_ns = c.owner.head.ktime_ns;
	remember(key, &c);
}

static __always_inline void on_listening(struct sock *sk)
{
	struct tcp_listener key = listener_of(sk);
	struct tcp_owner owner = {};

	owner_is_current(&owner);
	bpf_map_update_elem(&listeners, &key, &owner, BPF_ANY);
}

static __always_inline void on_connected(struct sock *sk)
{
	__u64 key = (__u64)sk, took;
	struct connection *c = bpf_map_lookup_elem(&connections, &key);

	if (!c)
		return;
	c->established_ns = bpf_ktime_get_ns();
	took = c->established_ns - c->start_ns;
	c->connect_ns = took > 0xffffffff ? 0xffffffff : took;
	report(sk, c, TCP_EVENT_CONNECT, TCP_SYN_SENT);
}

static __always_inline void on_accepted(struct sock *sk)
{
	struct tcp_listener where = listener_of(sk);
	struct tcp_owner *owner = bpf_map_lookup_elem(&listeners, &where);
	struct connection c = { .direction = TCP_INBOUND };
	__u64 key = (__u64)sk;

	if (owner)
		c.owner = *owner;
	c.established_ns = bpf_ktime_get_ns();
	remember(key, &c);
	report(sk, &c, TCP_EVENT_ACCEPT, TCP_SYN_RECV);
}

/* close(2), shutdown(2) or the end of a process: the current one has the socket. */
static __always_inline void on_closing(struct sock *sk)
{
	struct connection fresh = {}, *c;
	__u64 key = (__u64)sk;

	c = bpf_map_lookup_elem(&connections, &key);
	if (!c) {
		owner_is_current(&fresh.owner);
		remember(key, &fresh);
	} else if (!c->owner.known) {
		owner_is_current(&c->owner);
	}
}

static __always_inline void on_closed(struct sock *sk, int before)
{
	struct connection unseen = {}, *c;
	__u64 key = (__u64)sk;

	c = bpf_map_lookup_elem(&connections, &key);
	if (before == TCP_SYN_SENT) {
		if (c)
			report(sk, c, TCP_EVENT_FAIL, before);
	} else if (before != TCP_LISTEN && before != TCP_CLOSE) {
		report(sk, c ? c : &unseen, TCP_EVENT_CLOSE, before);
	}
	bpf_map_delete_elem(&connections, &key);
}

SEC("raw_tp/inet_sock_set_state")
int tcp_state(struct bpf_raw_tracepoint_args *ctx)
{
	struct sock *sk = (struct sock *)ctx->args[0];
	int before = ctx->args[1], after = ctx->args[2];

	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	if (after == TCP_SYN_SENT)
		on_connecting(sk);
	else if (after == TCP_LISTEN)
		on_listening(sk);
	else if (after == TCP_ESTABLISHED && before == TCP_SYN_SENT)
		on_connected(sk);
	else if (after == TCP_ESTABLISHED && before == TCP_SYN_RECV)
		on_accepted(sk);
	else if (after == TCP_FIN_WAIT1 || after == TCP_LAST_ACK)
		on_closing(sk);
	else if (after == TCP_CLOSE)
		on_closed(sk, before);
	return 0;
}
