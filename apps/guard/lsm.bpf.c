/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * Closes side doors where BPF LSM loads: what would change a key by another way is judged by the same
 * rules as a write of the key, and denied with EPERM. Messages of rtnetlink are read where the kernel
 * has copied them to, so that nobody changes them afterwards; what is malformed is left to the kernel,
 * and what is too long to be read whole is denied. Files opened before stay open: the watcher sees to
 * them.
 */
#include <linux/bpf.h>

#include <stdbool.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "guard/clauses.bpf.h"
#include "guard/guard-api.bpf.h"
#include "guard/log.bpf.h"
#include "guard/lsm-api.bpf.h"
#include "kernel.bpf.h"

#define EPERM	       1
#define PROTO_ROUTE    0 /* NETLINK_ROUTE */
#define MESSAGES_MAX   256
#define ATTRIBUTES_MAX 1024
#define DEVICES_MAX    256   /* of one row of the kernel's hash of devices */
#define MOUNTS_MAX     65536 /* steps through those in one mount */
#define DEVICE_BYTES   16
#define SLOTS	       64
#define SLOTS_TRIED    8
#define HEAD_BYTES     16 /* struct nlmsghdr, struct ifinfomsg */
#define NEIGH_BYTES    4  /* struct ndtmsg */
#define TYPE_MASK      0x3fff
#define REQUEST	       1
#define NEW_LINK       16 /* RTM_NEWLINK */
#define SET_LINK       19 /* RTM_SETLINK */
#define SET_NEIGHTBL   67 /* RTM_SETNEIGHTBL */
#define WRITABLE       2  /* FMODE_WRITE */
#define LINK_UPDATE    29 /* BPF_LINK_UPDATE */
#define LINK_DETACH    34 /* BPF_LINK_DETACH */

#define SYSLOG_CONSOLE_OFF   6 /* SYSLOG_ACTION_*: 6, 7 and 8 change the console's level */
#define SYSLOG_CONSOLE_LEVEL 8

/* Types of attributes. */
enum {
	IFNAME = 3,
	MTU = 4,
	AF_SPEC = 26,
	ALT_IFNAME = 53,
	FAMILY_INET = 2,
	FAMILY_INET6 = 10,
	INET_CONF = 1,
	ADDR_GEN_MODE = 8,
	NEIGH_NAME = 1,
	NEIGH_PARMS = 6,
	PARMS_IFINDEX = 1
};

/* Where an attribute stands. */
enum place {
	IN_LINK,
	IN_SPEC,
	IN_INET,
	IN_CONF,
	IN_INET6,
	IN_NEIGH,
	IN_PARMS
};

/* As enum door_kind (doors.h). */
enum {
	BY_NETLINK = 2,
	BY_SYSCALL = 3,
	BY_FILE = 4
};

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct sk_buff {
	unsigned int len;
	unsigned char *data;
} __attribute__((preserve_access_index));

struct hlist_node {
	struct hlist_node *next;
} __attribute__((preserve_access_index));

struct hlist_head {
	struct hlist_node *first;
} __attribute__((preserve_access_index));

struct net___devices {
	struct hlist_head *dev_index_head;
} __attribute__((preserve_access_index));

struct net_device {
	char name[DEVICE_BYTES];
	int ifindex;
	struct hlist_node index_hlist;
} __attribute__((preserve_access_index));

struct super_block {
	__u32 s_dev;
	atomic_t s_active; /* mounts of it, and who is about to make one */
} __attribute__((preserve_access_index));

struct inode {
	unsigned long i_ino;
	struct super_block *i_sb;
} __attribute__((preserve_access_index));

struct file {
	__u32 f_mode;
	struct inode *f_inode;
	void *private_data;
} __attribute__((preserve_access_index));

struct dentry {
	struct inode *d_inode;
} __attribute__((preserve_access_index));

struct list_head {
	struct list_head *next;
} __attribute__((preserve_access_index));

struct vfsmount {
	struct super_block *mnt_sb;
} __attribute__((preserve_access_index));

struct mount {
	struct vfsmount mnt;
	struct mount *mnt_parent;
	struct list_head mnt_mounts; /* those in it */
	struct list_head mnt_child;  /* its place among them */
} __attribute__((preserve_access_index));

struct mnt_namespace {
	struct ns_common ns;
} __attribute__((preserve_access_index));

struct nsproxy___mounts {
	struct mnt_namespace *mnt_ns;
} __attribute__((preserve_access_index));

struct task_struct___mounts {
	struct nsproxy___mounts *nsproxy;
} __attribute__((preserve_access_index));

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
} __attribute__((preserve_access_index));

struct files_struct {
	struct fdtable *fdt;
} __attribute__((preserve_access_index));

struct task_struct___files {
	struct files_struct *files;
} __attribute__((preserve_access_index));

struct bpf_link {
	__u32 id;
} __attribute__((preserve_access_index));

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LSM_LEAVES);
	__type(key, __u32);
	__type(value, struct lsm_leaf);
} leaves SEC(".maps");

/* To the names of keys. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LSM_FILES_MAX);
	__type(key, struct lsm_file);
	__type(value, char[GUARD_NAME_BYTES]);
} files SEC(".maps");

/*
 * What one run needs beyond a stack, which is too small for it: taken by setting busy, so that no two
 * share it. A message is read twice: first to know its device, then key by key.
 */
struct slot {
	__u32 busy;
	__u32 v6;	 /* the table of neighbours named is that of IPv6 */
	__u32 no_device; /* it is named in a way that is not read */
	__u32 by_name;	 /* the device is not told by its number */
	__u64 data, net;
	__u64 message_off, message_end;
	__u64 off, end, place;
	__u64 outer_end[3], outer_place[3]; /* what it is in, the nearest first */
	__u64 depth;
	__u64 judging;
	__u64 denied;
	char device[DEVICE_BYTES];
	struct guard_name name; /* of a key */
};

/* What bpf_loop() hands on: it takes what lies on a stack. */
struct run {
	struct slot *slot;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, __u32);
	__type(value, struct slot);
} slots SEC(".maps");

/* The guard's link, which is not to be detached, its pins; and its cgroup: others are not its business. */
__u32 link_id = 0;
struct lsm_pins pins = { 0 };
__u64 cgroup_id = 0;
__u32 cgroup_level = 0;

/* --- the decision --------------------------------------------------------------------------- */

struct decision {
	void *rules;
	const struct guard_name *name;
	__u64 index; /* of the rule that decides; 0: none */
	__u64 denies;
};

static long decide_step(__u32 i, struct decision *d)
{
	__u32 index = i + 1;
	struct guard_rule *rule = bpf_map_lookup_elem(d->rules, &index);

	if (!rule)
		return 1;
	if (!(rule->access & GUARD_WRITE) || rule->action == GUARD_AUDIT ||
	    !rule_matches_name(rule, d->name) || !rule_is_about_task(rule))
		return 0;
	d->index = index;
	d->denies = rule->action != GUARD_ALLOW;
	__sync_fetch_and_add(&rule->hits, 1);
	return 1;
}

/* The watcher. */
static __always_inline bool is_own(void)
{
	__u32 zero = 0;
	const struct guard_state *s = bpf_map_lookup_elem(&state, &zero);

	return s && is_watcher(s);
}

static __always_inline void event_fill(struct guard_event *e, const struct guard_name *name,
				       __u32 door, __u32 outcome)
{
	event_task(e);
	e->access = GUARD_WRITE;
	e->outcome = outcome;
	e->door = door;
	e->old_value[0] = e->new_value[0] = '\0';
	if (name)
		__builtin_memcpy(e->name, name, sizeof(e->name));
	else
		e->name[0] = '\0';
}

static __always_inline bool is_exempt(void)
{
	return is_own() ||
	       (cgroup_level && bpf_get_current_ancestor_cgroup_id((int)cgroup_level) != cgroup_id);
}

#define TRIED_BYTES 16

/* A door that was denied, or (@tried) how somebody tried to take the guard away. */
static __noinline int record(const struct guard_name *name, __u32 rule, __u32 door, const char *tried)
{
	__u32 zero = 0;
	struct guard_state *s = bpf_map_lookup_elem(&state, &zero);
	struct guard_event *e;
	__u64 number;

	if (!s)
		return 0;
	e = log_begin(s, &number);
	if (!e)
		return 0;
	e->rule = rule;
	e->generation = s->generation;
	event_fill(e, name, door, tried ? GUARD_KEPT : GUARD_DENIED);
	if (tried)
		bpf_probe_read_kernel_str(e->new_value, TRIED_BYTES, tried);
	log_end(s, e, number);
	return 0;
}

static __always_inline void record_kept(const char *tried)
{
	record(NULL, GUARD_NO_RULE, 0, tried);
}

/* Whether the rules forbid the running task to write the key; then it is in the log. */
static __noinline int is_denied(const struct guard_name *name, __u32 door)
{
	__u32 zero = 0, index;
	struct decision d = { .name = name };
	const struct guard_rules_head *head;
	struct guard_rule *rule;

	d.rules = bpf_map_lookup_elem(&rules, &zero);
	if (!d.rules)
		return 0;
	head = bpf_map_lookup_elem(d.rules, &zero);
	if (!head)
		return 0;
	bpf_loop(head->n_rules, decide_step, &d, 0);
	if (!d.denies)
		return 0;
	index = (__u32)d.index;
	rule = bpf_map_lookup_elem(d.rules, &index);
	record(name, rule ? rule->number : GUARD_NO_RULE, door, NULL);
	return 1;
}

/* A verifier must see that it is one of two values. */
static __always_inline int verdict(bool denied)
{
	int ret = 0;

	if (denied)
		asm volatile("%0 = -1" : "=r"(ret)); /* -EPERM */
	return ret;
}

/* --- a slot ---------------------------------------------------------------------------------- */

static __always_inline struct slot *take_slot(void)
{
	__u32 first = bpf_get_smp_processor_id() * SLOTS_TRIED;
	struct slot *s;

	for (__u32 i = 0; i < SLOTS_TRIED; i++) {
		__u32 place = (first + i) % SLOTS;

		s = bpf_map_lookup_elem(&slots, &place);
		if (s && !__sync_lock_test_and_set(&s->busy, 1))
			return s;
	}
	return NULL;
}

static __always_inline void give_slot(struct slot *s)
{
	__sync_lock_test_and_set(&s->busy, 0);
}

/* --- devices --------------------------------------------------------------------------------- */

struct device_search {
	struct hlist_node *node;
	__u64 ifindex;
	struct slot *slot;
};

static long device_step(__u32 i, struct device_search *d)
{
	struct hlist_node *node = d->node;
	struct net_device *dev;

	if (!node)
		return 1;
	dev = (void *)node - bpf_core_field_offset(struct net_device, index_hlist);
	if (BPF_CORE_READ(dev, ifindex) == (int)d->ifindex) {
		bpf_probe_read_kernel(d->slot->device, sizeof(d->slot->device), &dev->name);
		d->slot->no_device = 0;
		return 1;
	}
	d->node = BPF_CORE_READ(node, next);
	return 0;
}

/* The name of the device of this number, in the socket's namespace. */
static __always_inline void find_device(struct slot *slot, __u64 net, __u32 ifindex)
{
	struct net___devices *devices = (void *)net;
	struct device_search d = { .ifindex = ifindex, .slot = slot };
	struct hlist_head *row = BPF_CORE_READ(devices, dev_index_head);

	slot->no_device = 1;
	d.node = BPF_CORE_READ(&row[ifindex & (DEVICES_MAX - 1)], first);
	bpf_loop(DEVICES_MAX, device_step, &d, 0);
}

/* --- rtnetlink ------------------------------------------------------------------------------- */

static __always_inline int inner_place(__u64 place, __u32 type)
{
	if (place == IN_LINK && type == AF_SPEC)
		return IN_SPEC;
	if (place == IN_SPEC && type == FAMILY_INET)
		return IN_INET;
	if (place == IN_SPEC && type == FAMILY_INET6)
		return IN_INET6;
	if (place == IN_INET && type == INET_CONF)
		return IN_CONF;
	if (place == IN_NEIGH && type == NEIGH_PARMS)
		return IN_PARMS;
	return -1;
}

/* The place in the table of keys; -1: no key. */
static __always_inline int leaf_index(const struct slot *w, __u32 type)
{
	if (w->place == IN_LINK && type == MTU)
		return LSM_MTU;
	if (w->place == IN_INET6 && type == ADDR_GEN_MODE)
		return LSM_ADDR_GEN_MODE;
	if (w->place == IN_CONF && type < LSM_PARMS)
		return LSM_CONF + type;
	if (w->place == IN_PARMS && type < LSM_PARMS_6 - LSM_PARMS)
		return (w->v6 ? LSM_PARMS_6 : LSM_PARMS) + type;
	if (w->place == IN_NEIGH && type < LSM_TABLE_6 - LSM_TABLE)
		return (w->v6 ? LSM_TABLE_6 : LSM_TABLE) + type;
	return -1;
}

static __always_inline bool is_leaf_denied(struct slot *slot, const struct lsm_leaf *leaf,
					   const char *key)
{
	if (!key[0])
		return false;
	/* The device is not known: whatever it is, "*" is matched by patterns that mean it all. */
	BPF_SNPRINTF((char *)&slot->name, sizeof(slot->name), "%s%s/%s", leaf->before,
		     slot->no_device ? (const char *)"*" : (const char *)slot->device, key);
	return is_denied(&slot->name, BY_NETLINK);
}

static __always_inline void judge_attribute(struct slot *w, __u32 type)
{
	int place = leaf_index(w, type);
	const struct lsm_leaf *leaf;
	__u32 index = (__u32)place;

	if (place < 0)
		return;
	leaf = bpf_map_lookup_elem(&leaves, &index);
	if (leaf && (is_leaf_denied(w, leaf, leaf->first) || is_leaf_denied(w, leaf, leaf->second)))
		w->denied = 1;
}

/* What tells the device or the table. */
static __always_inline void learn_attribute(struct slot *w, __u32 type, __u64 at, __u32 bytes)
{
	__u32 ifindex = 0;
	char first = 0;

	if (w->place == IN_LINK && w->by_name && type == IFNAME && bytes) {
		bpf_probe_read_kernel_str(w->device, sizeof(w->device), (void *)(w->data + at));
		w->no_device = 0;
	}
	if (w->place == IN_LINK && w->by_name && type == ALT_IFNAME)
		w->no_device = 1;
	if (w->place == IN_NEIGH && type == NEIGH_NAME) {
		bpf_probe_read_kernel(&first, 1, (void *)(w->data + at));
		w->v6 = first == 'n'; /* "ndisc_cache", "arp_cache" */
	}
	if (w->place == IN_PARMS && type == PARMS_IFINDEX && bytes >= sizeof(ifindex)) {
		bpf_probe_read_kernel(&ifindex, sizeof(ifindex), (void *)(w->data + at));
		if (ifindex)
			find_device(w, w->net, ifindex);
	}
}

static __always_inline long leave_place(struct slot *w)
{
	if (!w->depth)
		return 1;
	w->depth--;
	w->off = (w->end + 3) & ~3ull;
	w->end = w->outer_end[0];
	w->place = w->outer_place[0];
	w->outer_end[0] = w->outer_end[1];
	w->outer_place[0] = w->outer_place[1];
	w->outer_end[1] = w->outer_end[2];
	w->outer_place[1] = w->outer_place[2];
	return 0;
}

static __always_inline void enter_place(struct slot *w, int place, __u64 off, __u64 end)
{
	w->outer_end[2] = w->outer_end[1];
	w->outer_place[2] = w->outer_place[1];
	w->outer_end[1] = w->outer_end[0];
	w->outer_place[1] = w->outer_place[0];
	w->outer_end[0] = w->end;
	w->outer_place[0] = w->place;
	w->depth++;
	w->off = off;
	w->end = end;
	w->place = (__u64)place;
}

static long attribute_step(__u32 i, struct run *run)
{
	struct slot *w = run->slot;
	struct {
		__u16 bytes, type;
	} head = { 0 };
	__u64 off = w->off;
	__u32 type;
	int inner;

	if (w->denied)
		return 1;
	if (off + sizeof(head) > w->end)
		return leave_place(w);
	bpf_probe_read_kernel(&head, sizeof(head), (void *)(w->data + off));
	if (head.bytes < sizeof(head) || off + head.bytes > w->end)
		return leave_place(w);
	type = head.type & TYPE_MASK;
	inner = inner_place(w->place, type);
	if (inner >= 0) {
		enter_place(w, inner, off + sizeof(head), off + head.bytes);
		return 0;
	}
	if (w->judging)
		judge_attribute(w, type);
	else
		learn_attribute(w, type, off + sizeof(head), head.bytes - sizeof(head));
	w->off = off + ((head.bytes + 3u) & ~3u);
	return 0;
}

/* One pass over a message's attributes: whether it came to their end. */
static __always_inline bool walk_once(struct run *run, __u64 off, __u64 end, __u64 place,
				      __u64 judging)
{
	struct slot *w = run->slot;

	w->off = off;
	w->end = end;
	w->place = place;
	w->depth = 0;
	w->judging = judging;
	return bpf_loop(ATTRIBUTES_MAX, attribute_step, run, 0) < ATTRIBUTES_MAX;
}

static __always_inline void judge_message(struct run *run, __u32 type, __u64 off, __u64 end)
{
	__u64 place = type == SET_NEIGHTBL ? IN_NEIGH : IN_LINK;
	__u64 body = place == IN_NEIGH ? NEIGH_BYTES : HEAD_BYTES;
	struct slot *w = run->slot;
	__u32 ifindex = 0;

	if (off + body > end)
		return;
	w->v6 = 0;
	w->no_device = place == IN_LINK;
	__builtin_memcpy(w->device, "default\0\0\0\0\0\0\0\0", DEVICE_BYTES);
	if (place == IN_LINK) {
		bpf_probe_read_kernel(&ifindex, sizeof(ifindex), (void *)(w->data + off + 4));
		w->by_name = !ifindex;
		if (ifindex)
			find_device(w, w->net, ifindex);
	}
	if (!walk_once(run, off + body, end, place, 0) ||
	    !walk_once(run, off + body, end, place, 1))
		w->denied = 1;
}

static long message_step(__u32 i, struct run *run)
{
	struct {
		__u32 bytes;
		__u16 type, flags;
	} head = { 0 };
	struct slot *w = run->slot;
	__u64 off = w->message_off;

	if (off + HEAD_BYTES > w->message_end)
		return 1;
	bpf_probe_read_kernel(&head, sizeof(head), (void *)(w->data + off));
	if (head.bytes < HEAD_BYTES || off + head.bytes > w->message_end)
		return 1;
	w->message_off = off + ((head.bytes + 3ull) & ~3ull);
	if (head.flags & REQUEST &&
	    (head.type == NEW_LINK || head.type == SET_LINK || head.type == SET_NEIGHTBL))
		judge_message(run, head.type, off + HEAD_BYTES, off + head.bytes);
	return w->denied != 0;
}

SEC("lsm/netlink_send")
int BPF_PROG(deny_netlink, struct sock *sk, struct sk_buff *skb)
{
	struct run run = { 0 };
	bool denied;
	long n;

	if (BPF_CORE_READ(sk, sk_protocol) != PROTO_ROUTE || is_exempt())
		return 0;
	run.slot = take_slot();
	if (!run.slot)
		return -EPERM;
	run.slot->data = (__u64)BPF_CORE_READ(skb, data);
	run.slot->message_end = BPF_CORE_READ(skb, len);
	run.slot->message_off = 0;
	run.slot->net = (__u64)BPF_CORE_READ(sk, __sk_common.skc_net.net);
	run.slot->denied = 0;
	n = bpf_loop(MESSAGES_MAX, message_step, &run, 0);
	denied = run.slot->denied || n >= MESSAGES_MAX;
	give_slot(run.slot);
	return verdict(denied);
}

/* --- other doors ----------------------------------------------------------------------------- */

static __always_inline int deny_key(const char *key, __u32 door)
{
	struct slot *slot;
	int denied;

	if (is_exempt())
		return 0;
	slot = take_slot();
	if (!slot)
		return -EPERM;
	bpf_probe_read_kernel_str(&slot->name, sizeof(slot->name), key);
	denied = is_denied(&slot->name, door);
	give_slot(slot);
	return verdict(denied);
}

static const char printk_key[] = "kernel/printk";

SEC("lsm/syslog")
int BPF_PROG(deny_syslog, int type)
{
	if (type < SYSLOG_CONSOLE_OFF || type > SYSLOG_CONSOLE_LEVEL)
		return 0;
	return deny_key(printk_key, BY_SYSCALL);
}

SEC("lsm/file_open")
int BPF_PROG(deny_file, struct file *file)
{
	struct lsm_file id = { 0 };
	const char *key;

	if (!(file->f_mode & WRITABLE))
		return 0;
	id.inode = BPF_CORE_READ(file, f_inode, i_ino);
	id.device = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
	key = bpf_map_lookup_elem(&files, &id);
	return key ? deny_key(key, BY_FILE) : 0;
}

static const char tried_detach[TRIED_BYTES] = "detach its link";

SEC("lsm/bpf")
int BPF_PROG(deny_bpf, int command, union bpf_attr *attr)
{
	struct task_struct___files *task = (void *)bpf_get_current_task();
	struct fdtable *table;
	struct bpf_link *link;
	struct file *file = NULL, **fds;
	__u32 fd = 0;

	if (!link_id || (command != LINK_DETACH && command != LINK_UPDATE) || is_own())
		return 0;
	bpf_probe_read_kernel(&fd, sizeof(fd), attr); /* link_fd of both */
	table = BPF_CORE_READ(task, files, fdt);
	if (fd >= BPF_CORE_READ(table, max_fds))
		return 0;
	fds = BPF_CORE_READ(table, fd);
	bpf_probe_read_kernel(&file, sizeof(file), &fds[fd]);
	link = (struct bpf_link *)BPF_CORE_READ(file, private_data);
	if (!link || BPF_CORE_READ(link, id) != link_id)
		return 0;
	record_kept(tried_detach);
	return -EPERM;
}

/* --- the guard's own pins --------------------------------------------------------------------- */

static const char tried_unlink[TRIED_BYTES] = "unlink a pin";
static const char tried_rename[TRIED_BYTES] = "rename a pin";
static const char tried_umount[TRIED_BYTES] = "umount the pins";

/* The watcher, `skep guard install` and `remove`; and what it has removed anybody may. */
static __always_inline bool may_change_pins(void)
{
	__u32 zero = 0;
	const struct guard_state *s = bpf_map_lookup_elem(&state, &zero);

	return !s || s->removed || is_watcher(s) || is_changer(s);
}

static __always_inline bool is_folder(struct inode *inode, __u64 number)
{
	return number && inode && BPF_CORE_READ(inode, i_ino) == number &&
	       BPF_CORE_READ(inode, i_sb, s_dev) == pins.device;
}

SEC("lsm/inode_unlink")
int BPF_PROG(deny_unlink, struct inode *folder)
{
	if (!is_folder(folder, pins.folder) || may_change_pins())
		return 0;
	record_kept(tried_unlink);
	return -EPERM;
}

SEC("lsm/inode_rename")
int BPF_PROG(deny_rename, struct inode *from, struct dentry *what, struct inode *to)
{
	struct inode *moved = BPF_CORE_READ(what, d_inode);

	if ((!is_folder(from, pins.folder) && !is_folder(to, pins.folder) &&
	     !is_folder(moved, pins.folder) && !is_folder(moved, pins.above)) ||
	    may_change_pins())
		return 0;
	record_kept(tried_rename);
	return -EPERM;
}

static __always_inline struct vfsmount *mount_of(struct mount *mount)
{
	return (void *)mount + bpf_core_field_offset(struct mount, mnt);
}

/* The head of its list of those in it. */
static __always_inline struct list_head *mounts_in(struct mount *mount)
{
	return (void *)mount + bpf_core_field_offset(struct mount, mnt_mounts);
}

/* A mount of the pins' file system that is not to go: of where they were made, or the last one. */
static __always_inline bool holds_pins(struct vfsmount *mount)
{
	struct task_struct___mounts *task = (void *)bpf_get_current_task();
	struct super_block *fs = BPF_CORE_READ(mount, mnt_sb);

	if (!pins.folder || BPF_CORE_READ(fs, s_dev) != pins.device)
		return false;
	return BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum) == pins.mount_inode ||
	       BPF_CORE_READ(fs, s_active.counter) <= 1;
}

/* A walk through all mounts in one: down where there is something, else on, else up and on. */
struct mounts {
	struct mount *top, *at;
	__u64 up, found;
};

static long mount_step(__u32 i, struct mounts *in)
{
	struct mount *at = in->at, *parent = BPF_CORE_READ(at, mnt_parent);
	struct list_head *next = BPF_CORE_READ(at, mnt_mounts.next);
	bool down = !in->up && next != mounts_in(at);

	if (!in->up && holds_pins(mount_of(at))) {
		in->found = 1;
		return 1;
	}
	if (!down) {
		if (at == in->top)
			return 1;
		next = BPF_CORE_READ(at, mnt_child.next);
		in->up = next == mounts_in(parent);
	}
	in->at = in->up && !down ? parent
				 : (void *)next - bpf_core_field_offset(struct mount, mnt_child);
	return 0;
}

/* It is one, or one of those in it is, which go with it: /sys of /sys/fs/bpf. */
static __always_inline bool has_pins_in_it(struct vfsmount *mount)
{
	struct mounts in = { .top = (void *)mount - bpf_core_field_offset(struct mount, mnt) };

	in.at = in.top;
	in.up = in.found = nought;
	bpf_loop(MOUNTS_MAX, mount_step, &in, 0);
	return in.found;
}

SEC("lsm/sb_umount")
int BPF_PROG(deny_umount, struct vfsmount *mount)
{
	if (!pins.folder || !has_pins_in_it(mount) || may_change_pins())
		return 0;
	record_kept(tried_umount);
	return -EPERM;
}
