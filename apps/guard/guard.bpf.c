/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * Judges accesses to /proc/sys by rules. The rules are one inner map, which is replaced whole, and the
 * kernel waits for programs that still use the old one. Which of them are about a key is found once by
 * matching every pattern, and kept by the key's name with the generation of the rules it was found in:
 * the usual access costs one lookup. A program may be interrupted by another run of itself, so nothing
 * is kept by CPU but what does not matter (scratch).
 */
#include <linux/bpf.h>

#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#include "guard/clauses.bpf.h"
#include "guard/guard-api.bpf.h"
#include "guard/log.bpf.h"

#define NAME_WORDS (GUARD_NAME_BYTES / 8)
#define FOUND_MAX                                                                                  \
	16 /* rules about one key that are kept; when it has more, all are matched again */
#define FOUND_TOO_MANY	(FOUND_MAX + 1)
#define CACHE_ENTRIES	8192
#define PASSED_BYTES	(256 * 1024)
#define ALLOWED_ENTRIES 4096
#define RECENT_ENTRIES	1024
#define AGAIN_MAX_NS	100000000ull /* then it is logged again */
#define HASH_MULTIPLIER 0x9e3779b97f4a7c15ull

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile __u64 hash_seed = 0;
const volatile __u64 again_ns =
	0; /* at most between two attempts of one write; 0: none is an attempt */

/*
 * The rules about a key. An element may be given to another key while it is read: its first and last
 * words tell.
 */
struct found {
	__u64 first; /* hash of the name */
	__u64 generation;
	struct guard_name name;
	__u64 n;
	__u16 index[FOUND_MAX];
	__u64 last; /* as first */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, CACHE_ENTRIES);
	__type(key, __u64);
	__type(value, struct found);
} cache SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, PASSED_BYTES);
} passed SEC(".maps");

/*
 * The last write that went through and was logged, by thread. The kernel makes a write again from its start
 * as long as a lock it needs is held (restart_syscall: keys that take RTNL), a thousand times if need be: that
 * is one write. What was there is the same then: a write that changes something is not taken for another.
 */
struct recent {
	__u64 write; /* hash of its key and value, what was there, who, rule and outcome */
	__u64 logged_ns, last_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RECENT_ENTRIES);
	__type(key, __u32);
	__type(value, struct recent);
} recent SEC(".maps");

/* Where the last read by a thread that is in the log, or went on from it, began. */
struct reading {
	__u64 key; /* hash of its name */
	__u64 pos;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RECENT_ENTRIES);
	__type(key, __u32);
	__type(value, struct reading);
} readings SEC(".maps");

/*
 * When a write of a key was let through last although a rule to deny or pin is about it. Elements stay: one is
 * written where it stands.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, ALLOWED_ENTRIES);
	__type(key, struct guard_name);
	__type(value, __u64);
} allowed SEC(".maps");

/* What is written or read, of which only the length is used: another run may write over it. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, char[GUARD_VALUE_BYTES + 8]);
} scratch SEC(".maps");

/* One access. */
struct access {
	struct found found;
	void *rules;   /* the map */
	__u64 kind;    /* enum guard_access */
	__u64 decided; /* index of the rule that decides; 0: none */
	__u64 audited; /* of the first that logs */
	__u64 guarded; /* a rule to deny or pin is about the key, and did not decide */
};

static __always_inline __u64 hash_of(const __u64 *name)
{
	__u64 a = hash_seed, b = ~hash_seed;

	for (int i = 0; i < NAME_WORDS; i += 2) {
		a = (a ^ name[i]) * HASH_MULTIPLIER;
		b = (b ^ name[i + 1]) * HASH_MULTIPLIER;
		a ^= a >> 32;
		b ^= b >> 29;
	}
	return a ^ b * HASH_MULTIPLIER;
}

static __always_inline struct guard_rule *rule_at(void *map, __u32 index)
{
	return bpf_map_lookup_elem(map, &index);
}

static __always_inline bool name_matches(const struct guard_rule *rule,
					 const struct guard_name *name)
{
	char first = *(const char *)name, wanted = rule->pattern[0];

	/* Most rules need not be asked. */
	return (first == wanted || wanted == '*' || wanted == '?') && rule_matches_name(rule, name);
}

/* --- which rules ---------------------------------------------------------------------------- */

static __always_inline bool found_is(const volatile struct found *kept, const struct found *f)
{
	__u64 differs = kept->first ^ f->first;

	differs |= kept->last ^ f->first;
	differs |= kept->generation ^ f->generation;
	for (int i = 0; i < NAME_WORDS; i++)
		differs |= kept->name.words[i] ^ f->name.words[i];
	return !differs;
}

/* What is kept of the key, into @f: whether it is there and good. */
static __always_inline bool found_recall(struct found *f)
{
	const volatile struct found *kept = bpf_map_lookup_elem(&cache, &f->first);
	volatile __u64 *to = (volatile __u64 *)f->index;
	const volatile __u64 *from;

	if (!kept || !found_is(kept, f))
		return false;
	f->n = kept->n;
	from = (const volatile __u64 *)kept->index;
	if (f->n)
		for (int i = 0; i < FOUND_MAX / 4; i++)
			to[i] = from[i];
	return kept->first == f->first && kept->last == f->first;
}

static long find_step(__u32 i, struct access *a)
{
	struct guard_rule *rule = rule_at(a->rules, i + 1);
	__u64 n = a->found.n;

	if (!rule)
		return 1;
	if (!name_matches(rule, &a->found.name))
		return 0;
	if (n >= FOUND_MAX) {
		a->found.n = FOUND_TOO_MANY;
		return 1;
	}
	a->found.index[n] = i + 1;
	a->found.n = n + 1;
	return 0;
}

/* Matches every pattern, and keeps what was found. */
static __always_inline void find(struct access *a, __u32 n_rules)
{
	bpf_loop(n_rules, find_step, a, 0);
	a->found.last = a->found.first;
	bpf_map_update_elem(&cache, &a->found.first, &a->found, BPF_ANY);
}

/* --- the decision --------------------------------------------------------------------------- */

/* A rule that is about the key. 1: no more need be asked. */
static __always_inline long judge(struct access *a, struct guard_rule *rule, __u32 index)
{
	bool holds = rule->action == GUARD_DENY || rule->action == GUARD_PIN;

	if (!(rule->access & a->kind))
		return 0;
	if (a->decided || !rule_is_about_task(rule)) {
		/* Behind one that allows, it is only told that the key is guarded. */
		a->guarded |= holds;
		return a->decided && holds;
	}
	if (rule->action == GUARD_AUDIT) {
		if (!a->audited)
			a->audited = index;
		__sync_fetch_and_add(&rule->hits, 1);
		return 0;
	}
	a->decided = index;
	__sync_fetch_and_add(&rule->hits, 1);
	return rule->action != GUARD_ALLOW || a->kind != GUARD_WRITE;
}

static long judge_found_step(__u32 i, struct access *a)
{
	struct guard_rule *rule;
	__u32 index;

	if (i >= FOUND_MAX)
		return 1;
	index = a->found.index[i];
	rule = rule_at(a->rules, index);
	return rule ? judge(a, rule, index) : 1;
}

static long judge_any_step(__u32 i, struct access *a)
{
	struct guard_rule *rule = rule_at(a->rules, i + 1);

	if (!rule)
		return 1;
	if (!name_matches(rule, &a->found.name))
		return 0;
	return judge(a, rule, i + 1);
}

/* --- the log -------------------------------------------------------------------------------- */

/* The newline at the end of a value of @bytes goes. */
static __always_inline void trim(char *value, long bytes)
{
	if (bytes > 0 && bytes <= GUARD_SHOWN_BYTES && value[bytes - 1] == '\n')
		value[bytes - 1] = '\0';
}

static __always_inline void event_fill(struct guard_event *e, struct bpf_sysctl *ctx,
				       const struct access *a)
{
	event_task(e);
	e->generation = a->found.generation;
	e->access = a->kind;
	e->door = 0;
	__builtin_memcpy(e->name, &a->found.name, sizeof(e->name));
	trim(e->old_value, bpf_sysctl_get_current_value(ctx, e->old_value, sizeof(e->old_value)));
	trim(e->new_value, bpf_sysctl_get_new_value(ctx, e->new_value, sizeof(e->new_value)));
}

static __always_inline __u64 hash_more(__u64 hash, const __u64 *words, int n)
{
#pragma clang loop unroll(disable)
	for (int i = 0; i < n; i++)
		hash = (hash ^ hash >> 29 ^ words[i]) * HASH_MULTIPLIER;
	return hash;
}

/*
 * The kernel makes the same write again: it is in the log. The value has not changed since, as it would have by
 * a write that was done: what is taken for the same without being it has changed nothing.
 */
static __noinline int is_again(struct bpf_sysctl *ctx, const struct access *a, __u32 rule,
			       __u32 outcome)
{
	__u64 value[GUARD_SHOWN_BYTES / 8] = { 0 };
	struct recent new = { .last_ns = bpf_ktime_get_ns() }, *old;
	__u32 thread = (__u32)bpf_get_current_pid_tgid();
	long bytes = bpf_sysctl_get_new_value(ctx, (char *)value, sizeof(value));

	new.write = a->found.first ^ bytes ^ (__u64)rule << 32 ^ outcome;
	new.write = hash_more(new.write, value, GUARD_SHOWN_BYTES / 8);
	bpf_sysctl_get_current_value(ctx, (char *)value, sizeof(value));
	new.write = hash_more(new.write, value, GUARD_SHOWN_BYTES / 8);
	bpf_get_current_comm(value, GUARD_COMM_BYTES);
	new.write = hash_more(new.write, value, GUARD_COMM_BYTES / 8);
	new.logged_ns = new.last_ns;
	old = bpf_map_lookup_elem(&recent, &thread);
	if (!old) {
		bpf_map_update_elem(&recent, &thread, &new, BPF_ANY);
		return 0;
	}
	if (old->write == new.write &&new.last_ns - old->last_ns <=
				  again_ns &&new.last_ns - old->logged_ns <= AGAIN_MAX_NS) {
		old->last_ns = new.last_ns;
		return 1;
	}
	/* Where it stands: another thread that is given the element finds a write that is not its own. */
	*old = new;
	return 0;
}

/* Keys whose writing takes RTNL: net/ipv4/ip_forward, and those of devices. */
static __always_inline bool takes_rtnl(const struct guard_name *name)
{
	const char *c = (const char *)name;

	if (c[0] != 'n' || c[4] != 'i' || c[5] != 'p' || c[6] != 'v')
		return false;
	return (c[9] == 'c' && c[10] == 'o' && c[11] == 'n' && c[12] == 'f') ||
	       (c[9] == 'i' && c[10] == 'p' && c[11] == '_' && c[12] == 'f' && c[13] == 'o');
}

static __noinline int record(struct guard_state *s, struct bpf_sysctl *ctx, const struct access *a,
			     __u32 rule, __u32 outcome)
{
	__u64 number;
	struct guard_event *e = log_begin(s, &number);

	if (!e)
		return 0;
	e->rule = rule;
	e->outcome = outcome;
	event_fill(e, ctx, a);
	log_end(s, e, number);
	return 0;
}

/* What goes through, unless it is a write that is in the log: that did not happen yet. */
static __always_inline void record_write(struct guard_state *s, struct bpf_sysctl *ctx,
					 const struct access *a, struct guard_rule *rule,
					 __u32 outcome)
{
	if (again_ns && a->kind == GUARD_WRITE && takes_rtnl(&a->found.name) &&
	    outcome != GUARD_PIN_REFUSED && is_again(ctx, a, rule->number, outcome))
		__sync_fetch_and_add(&rule->hits, -1);
	else
		record(s, ctx, a, rule->number, outcome);
}

/* --- what follows --------------------------------------------------------------------------- */

/* Bytes of a write in whose place the rule's value can be written; 0: it cannot. */
static __always_inline long pin_bytes(struct bpf_sysctl *ctx, const struct guard_rule *rule)
{
	__u32 zero = 0;
	char *written = bpf_map_lookup_elem(&scratch, &zero);
	long bytes;

	if (!written || ctx->file_pos)
		return 0;
	bytes = bpf_sysctl_get_new_value(ctx, written, GUARD_VALUE_BYTES + 8);
	return bytes > 0 && bytes <= GUARD_VALUE_BYTES && bytes >= rule->value_bytes ? bytes : 0;
}

static __always_inline void note_allowed(const struct access *a)
{
	__u64 now = bpf_ktime_get_ns(), *last = bpf_map_lookup_elem(&allowed, &a->found.name);

	if (last)
		*last = now;
	else
		bpf_map_update_elem(&allowed, &a->found.name, &now, BPF_ANY);
}

static __always_inline void tell_passed(const struct access *a)
{
	struct guard_passed *p = bpf_ringbuf_reserve(&passed, sizeof(*p), 0);
	__u64 task = bpf_get_current_pid_tgid();

	if (!p)
		return;
	p->ns = bpf_ktime_get_ns();
	p->tgid = task >> 32;
	p->pid = (__u32)task;
	__builtin_memcpy(p->name, &a->found.name, sizeof(p->name));
	bpf_ringbuf_submit(p, 0);
}

/* Nothing is left to be read there. */
static __always_inline bool is_behind_value(struct bpf_sysctl *ctx)
{
	__u32 zero = 0;
	char *value = bpf_map_lookup_elem(&scratch, &zero);
	long bytes = value ? bpf_sysctl_get_current_value(ctx, value, GUARD_VALUE_BYTES + 8) : -1;

	return bytes >= 0 && ctx->file_pos >= bytes;
}

/*
 * What is longer than a buffer, or of several numbers, is read in several calls: those that go on behind what
 * the same thread has read of the key, or find its end again, are one read.
 */
static __always_inline bool reads_on(struct bpf_sysctl *ctx, const struct access *a)
{
	struct reading read = { .key = a->found.first, .pos = ctx->file_pos }, *last;
	__u32 thread = (__u32)bpf_get_current_pid_tgid();
	bool on;

	last = bpf_map_lookup_elem(&readings, &thread);
	if (!last) {
		bpf_map_update_elem(&readings, &thread, &read, BPF_ANY);
		return false;
	}
	on = last->key == read.key && read.pos && (read.pos > last->pos || is_behind_value(ctx));
	*last = read;
	return on;
}

/* 1: it goes on, 0: EPERM. */
static __always_inline int conclude(struct guard_state *s, struct bpf_sysctl *ctx,
				    const struct access *a)
{
	struct guard_rule *rule = a->decided ? rule_at(a->rules, a->decided) : NULL;
	long bytes;

	if (rule && rule->action == GUARD_PIN) {
		bytes = pin_bytes(ctx, rule);
		/* First the log, which shows what the caller wrote. */
		record_write(s, ctx, a, rule, bytes ? GUARD_PINNED : GUARD_PIN_REFUSED);
		/* Compared again where it is used, or verifiers do not see the bound. */
		barrier_var(bytes);
		if (bytes <= 0 || bytes > GUARD_VALUE_BYTES)
			return 0;
		return bpf_sysctl_set_new_value(ctx, rule->value, bytes) == 0;
	}
	if (rule && rule->action == GUARD_DENY) {
		record(s, ctx, a, rule->number, GUARD_DENIED);
		return 0;
	}
	if (a->audited && (a->kind == GUARD_WRITE || !reads_on(ctx, a))) {
		rule = rule_at(a->rules, a->audited);
		if (rule)
			record_write(s, ctx, a, rule, GUARD_AUDITED);
	}
	if (a->guarded && a->kind == GUARD_WRITE) {
		note_allowed(a);
		if (is_watched(s))
			tell_passed(a);
	}
	return 1;
}

/*
 * Whether a rule can be about the key, by its last part alone: to put its whole name together costs more than all
 * that is ours.
 */
static __always_inline bool may_be_ruled(struct bpf_sysctl *ctx,
					 const struct guard_rules_head *head)
{
	__u64 last[GUARD_LAST_BYTES / 8] = { 0 };
	__u32 bit;

	if (!head->by_last)
		return true;
	bpf_sysctl_get_name(ctx, (char *)last, sizeof(last), BPF_F_SYSCTL_BASE_NAME);
	bit = guard_last_bit(last);
	return head->lasts[bit / 64] >> bit % 64 & 1;
}

static __always_inline int decide(struct guard_state *s, struct bpf_sysctl *ctx, void *map,
				  const struct guard_rules_head *head)
{
	struct access a = { .rules = map, .kind = ctx->write ? GUARD_WRITE : GUARD_READ };

	bpf_sysctl_get_name(ctx, (char *)&a.found.name, GUARD_NAME_BYTES, 0);
	a.found.first = hash_of(a.found.name.words);
	a.found.generation = head->generation;
	if (!found_recall(&a.found)) {
		a.found.n = nought;
		find(&a, head->n_rules);
	}
	if (!a.found.n)
		return 1;
	a.decided = a.audited = a.guarded = nought;
	if (a.found.n <= FOUND_MAX)
		bpf_loop(a.found.n, judge_found_step, &a, 0);
	else
		bpf_loop(head->n_rules, judge_any_step, &a, 0);
	return a.decided || a.audited || a.guarded ? conclude(s, ctx, &a) : 1;
}

SEC("cgroup/sysctl")
int guard_sysctl(struct bpf_sysctl *ctx)
{
	__u32 zero = 0;
	struct guard_state *s = bpf_map_lookup_elem(&state, &zero);
	const struct guard_rules_head *head;
	void *map;

	if (!s)
		return 1;
	if (is_watcher(s))
		return 1;
	map = bpf_map_lookup_elem(&rules, &zero);
	if (!map)
		return 1;
	head = bpf_map_lookup_elem(map, &zero);
	if (!head || !head->n_rules || !may_be_ruled(ctx, head))
		return 1;
	return decide(s, ctx, map, head);
}
