/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * Tells the watcher who went through a side door: messages of rtnetlink that were worked through, and
 * system calls that are done and did not fail. Only those programs are loaded whose doors the rules need, and of each
 * only the cheapest kind this kernel takes. What the ring has no room for is counted: the watcher
 * then looks at everything.
 */
#include <linux/bpf.h>

#include <stdbool.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "guard/watch-api.bpf.h"
#include "kernel.bpf.h"

#define FAMILY_NETLINK	     16 /* AF_NETLINK */
#define PROTO_ROUTE	     0	/* NETLINK_ROUTE */
#define STATUS_COMPAT	     2	/* TS_COMPAT: a system call of a 32-bit program */
#define SYSLOG_CONSOLE_OFF   6	/* SYSLOG_ACTION_*: 6, 7 and 8 change the console's level */
#define SYSLOG_CONSOLE_LEVEL 8
#define IOCTL_SET_MTU	     0x8922 /* SIOCSIFMTU */

/* Offsets in struct pt_regs of x86-64. */
enum {
	REGS_BX = 40,
	REGS_CX = 88,
	REGS_DX = 96,
	REGS_SI = 104,
	REGS_DI = 112,
	REGS_CALL = 120
};

struct socket {
	struct sock *sk;
} __attribute__((preserve_access_index));

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* System calls that are doors, by their numbers; -1: none. */
const volatile __s64 calls[WATCH_CALLS_MAX] = { -1, -1, -1, -1 };
const volatile __s64 compat_calls[WATCH_CALLS_MAX] = { -1, -1, -1, -1 };

/* The watcher itself. */
const volatile __u32 own_tgid = 0;

__u64 n_lost = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, WATCH_RING_BYTES);
} records SEC(".maps");

/* To be filled up and submitted; NULL: there is nothing to tell, or no room for it. */
static __always_inline struct watch_record *begin(__u32 door, __u32 call, struct net *net)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 id = bpf_get_current_pid_tgid();
	struct watch_record *r;

	if (id >> 32 == own_tgid)
		return NULL;
	r = bpf_ringbuf_reserve(&records, sizeof(*r), 0);
	if (!r) {
		__sync_fetch_and_add(&n_lost, 1);
		return NULL;
	}
	if (!net)
		net = BPF_CORE_READ(task, nsproxy, net_ns);
	r->ns = bpf_ktime_get_ns();
	r->cgroup = bpf_get_current_cgroup_id();
	r->net_cookie = BPF_CORE_READ(net, net_cookie);
	r->uts = BPF_CORE_READ(task, nsproxy, uts_ns, ns.inum);
	r->tgid = id >> 32;
	r->pid = (__u32)id;
	r->uid = (__u32)bpf_get_current_uid_gid();
	r->door = door;
	r->call = call;
	r->device[0] = '\0';
	bpf_get_current_comm(r->comm, sizeof(r->comm));
	return r;
}

static __always_inline void tell(__u32 door, __u32 call, struct net *net)
{
	struct watch_record *r = begin(door, call, net);

	if (r)
		bpf_ringbuf_submit(r, 0);
}

/* --- netlink --------------------------------------------------------------------------------- */

static __always_inline void sent(struct sock *sk)
{
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == FAMILY_NETLINK &&
	    BPF_CORE_READ(sk, sk_protocol) == PROTO_ROUTE)
		tell(WATCH_NETLINK, 0, BPF_CORE_READ(sk, __sk_common.skc_net.net));
}

SEC("fexit/netlink_sendmsg")
int BPF_PROG(watch_netlink_fexit, struct socket *sock)
{
	sent(BPF_CORE_READ(sock, sk));
	return 0;
}

/* Of every socket. */
SEC("tp_btf/sock_send_length")
int BPF_PROG(watch_netlink_tp, struct sock *sk)
{
	if (sk->__sk_common.skc_family == FAMILY_NETLINK)
		sent(sk);
	return 0;
}

/* --- system calls ---------------------------------------------------------------------------- */

#define FEXIT_CALL(name, function, call)                                                           \
	SEC("fexit/" function)                                                                     \
	int BPF_PROG(name, const void *regs, long ret)                                             \
	{                                                                                          \
		if (ret >= 0)                                                                      \
			tell(WATCH_SYSCALL, call, NULL);                                           \
		return 0;                                                                          \
	}

FEXIT_CALL(watch_sethostname, "__x64_sys_sethostname", WATCH_SETHOSTNAME)
FEXIT_CALL(watch_sethostname_32, "__ia32_sys_sethostname", WATCH_SETHOSTNAME)
FEXIT_CALL(watch_setdomainname, "__x64_sys_setdomainname", WATCH_SETDOMAINNAME)
FEXIT_CALL(watch_setdomainname_32, "__ia32_sys_setdomainname", WATCH_SETDOMAINNAME)

static __always_inline bool sets_level(__u32 action)
{
	return action >= SYSLOG_CONSOLE_OFF && action <= SYSLOG_CONSOLE_LEVEL;
}

SEC("fexit/do_syslog")
int BPF_PROG(watch_syslog, int action, char *text, int bytes, int source, int ret)
{
	if (sets_level((__u32)action) && ret >= 0)
		tell(WATCH_SYSCALL, WATCH_SYSLOG, NULL);
	return 0;
}

SEC("fexit/dev_ioctl")
int BPF_PROG(watch_ioctl, struct net *net, unsigned int command, void *request, void *data,
	     bool *need_copyout, int ret)
{
	struct watch_record *r;

	if (command != IOCTL_SET_MTU || ret < 0)
		return 0;
	r = begin(WATCH_SYSCALL, WATCH_IOCTL, net);
	if (!r)
		return 0;
	bpf_probe_read_kernel_str(r->device, sizeof(r->device), request);
	bpf_ringbuf_submit(r, 0);
	return 0;
}

static __always_inline __u64 register_at(const struct bpf_raw_tracepoint_args *ctx, __u32 offset)
{
	__u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), (void *)(ctx->args[0] + offset));
	return value;
}

/* The arguments of a call are still in its registers. */
static __always_inline bool is_door(const struct bpf_raw_tracepoint_args *ctx, __u32 call,
				    bool compat)
{
	if (call == WATCH_IOCTL)
		return (__u32)register_at(ctx, compat ? REGS_CX : REGS_SI) == IOCTL_SET_MTU;
	if (call == WATCH_SYSLOG)
		return sets_level((__u32)register_at(ctx, compat ? REGS_BX : REGS_DI));
	return true;
}

static __always_inline void tell_call(const struct bpf_raw_tracepoint_args *ctx, __u32 call)
{
	struct watch_record *r = begin(WATCH_SYSCALL, call, NULL);

	if (!r)
		return;
	if (call == WATCH_IOCTL)
		bpf_probe_read_user_str(r->device, sizeof(r->device),
					(void *)register_at(ctx, REGS_DX));
	bpf_ringbuf_submit(r, 0);
}

/* Of every system call. */
SEC("raw_tp/sys_exit")
int watch_calls(struct bpf_raw_tracepoint_args *ctx)
{
	__s64 call = (__s64)register_at(ctx, REGS_CALL);
	struct task_struct *task;
	bool compat, found = false;

	for (int i = 0; i < WATCH_CALLS_MAX; i++)
		found |= call == calls[i] || call == compat_calls[i];
	if (!found || call < 0 || (__s64)ctx->args[1] < 0) /* -1: back from a signal */
		return 0;
	task = (struct task_struct *)bpf_get_current_task();
	compat = BPF_CORE_READ(task, thread_info.status) & STATUS_COMPAT;
	for (int i = 0; i < WATCH_CALLS_MAX; i++) {
		if (call != (compat ? compat_calls[i] : calls[i]))
			continue;
		if (is_door(ctx, 1u << i, compat))
			tell_call(ctx, 1u << i);
		break;
	}
	return 0;
}
