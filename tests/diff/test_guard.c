/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: the guard's program (apps/guard/guard.bpf.c) decides and logs the same on the engine as in the
 * kernel, and both what the rules say in plain C (guard/judge.h). Method: random sets of rules, handed over
 * as the guard does; each of a table of accesses is done by a child in a cgroup of our own, in network and
 * UTS namespaces of our own, and told the engine; what becomes of it, every event logged and the rules'
 * counts of hits must be the same. Where the kernel's bpf(2), namespaces or cgroups are not to be had, the
 * engine is compared with judge() alone.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "guard/judge.h"
#include "guard/rule.h"
#include "hooks/test_access.h"
#include "hooks/test_cgroups.h"
#include "skep/cgroup.h"
#include "skep/sysctl.h"

#include "guard.skel.h"

#define SETS 60
#define RULES_MAX 12
#define SEED 7

enum side { ENGINE, KERNEL, SIDES };

struct guard {
	struct guard_bpf *bpf;
	struct guard_state *state;
	struct guard_event *events;
	int rules, link;
	uint64_t seen; /* events compared so far */
};

static struct skep_engine *engine;
static struct guard guards[SIDES];
static bool with_kernel;
static int top_fd, leaf_fd;
static struct skep_task task; /* whom the engine takes for the current one */
static struct judge_task judged;
static uint64_t seed = SEED;

static uint32_t pick(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % n;
}

static int sides(void)
{
	return with_kernel ? SIDES : 1;
}

/* bpf(2) of libbpf goes to this side from now on. */
static void use(int side)
{
	assert_int_equal(skep_engine_install(side == ENGINE ? engine : NULL), 0);
}

/* --- accesses ---------------------------------------------------------------------------------- */

static const struct access accesses[] = {
	{ .name = "net/ipv4/ip_default_ttl", .read_bytes = 100 },
	{ .name = "net/ipv4/ip_default_ttl", .read_bytes = 100, .pos = 1 },
	{ .name = "net/ipv4/ip_default_ttl", .write = true, .value = "1\n" },
	{ .name = "net/ipv4/ip_default_ttl", .write = true, .value = "1", .pos = 2 },
	{ .name = "net/ipv4/ip_default_ttl", .write = true, .value = "" },
	{ .name = "net/ipv4/ip_default_ttl", .write = true, .value = "00000000000000000001\n" },
	{ .name = "net/ipv4/tcp_rmem", .read_bytes = 200 },
	{ .name = "net/ipv4/tcp_rmem", .write = true, .value = "4096 8192 16384\n" },
	{ .name = "net/core/somaxconn", .write = true, .value = "77\n" },
	{ .name = "net/ipv4/conf/default/arp_announce", .write = true, .value = "1\n" },
	{ .name = "net/ipv4/conf/default/arp_announce", .read_bytes = 20 },
	{ .name = "kernel/hostname", .read_bytes = 64 },
	{ .name = "kernel/hostname", .write = true, .value = "another-name\n" },
	{ .name = "kernel/hostname", .write = true, .value_bytes = 256 },
	{ .name = "kernel/hostname", .write = true, .value_bytes = 257 },
};

/* --- rules ------------------------------------------------------------------------------------- */

static const char *const keys[] = {
	/* of which the program knows many a key without its whole name: */
	"net.ipv4.ip_default_ttl", "net.*.tcp_rmem", "net.ipv4.conf.*.arp_announce",
	"net.ipv4.conf.default.arp_announce", "net.core.somaxconn", "kernel.hostname",
	"net.ipv4.ip_forward", "net.core.ip_default_ttl",
	/* of which it does not: */
	"net.ipv4.ip_?efault_ttl", "kernel.host*", "*.ipv4.*ttl",
	/* all below a folder, which cannot be pinned: */
	"net.ipv4.*", "net.*", "kernel.*", "net.ipv?.*", "*",
};

#define KEYS_WHOLE 8
#define KEYS_PINNED 11

static const char *const values[] = { "0", "1", "100", "\"4096 8192 16384\"", "guarded" };

static void random_condition(char *text, size_t bytes)
{
	switch (pick(with_kernel ? 8 : 6)) {
	case 0: snprintf(text, bytes, "comm=" COMM); break;
	case 1: snprintf(text, bytes, "comm=sysctl-*"); break;
	case 2: snprintf(text, bytes, "comm=*sh?ld and uid=%u", getuid()); break;
	case 3: snprintf(text, bytes, "uid=%u", getuid()); break;
	case 4: snprintf(text, bytes, "uid=4711"); break;
	case 5: snprintf(text, bytes, "pid=1"); break;
	case 6: snprintf(text, bytes, "cgroup=%s/a", strstr(cgroups_top, "/skep-test")); break;
	default: snprintf(text, bytes, "cgroup=%s/c", strstr(cgroups_top, "/skep-test")); break;
	}
}

/* Of the first @n_keys keys. */
static void random_rule(char *text, size_t bytes, uint32_t n_keys)
{
	static const char *const actions[] = { "allow", "deny", "audit", "pin" };
	static const char *const kinds[] = { "read", "write", "read,write", "" };
	const char *action = actions[pick(4)];
	char condition[200];
	size_t n;

	if (!strcmp(action, "pin"))
		n = (size_t)snprintf(text, bytes, "pin %s %s", keys[pick(n_keys < KEYS_PINNED ? n_keys : KEYS_PINNED)],
				     values[pick(ARRAY_SIZE(values))]);
	else
		n = (size_t)snprintf(text, bytes, "%s %s %s", action, keys[pick(n_keys)],
				     kinds[pick(4)]);
	for (uint32_t i = pick(3) ? 0 : 1 + pick(2); i--;) {
		random_condition(condition, sizeof(condition));
		n += (size_t)snprintf(text + n, bytes - n, " %s %s", pick(2) ? "if" : "except",
				      condition);
		assert_true(n < bytes);
	}
}

static void make_set(struct ruleset *set)
{
	uint32_t n_keys = pick(2) ? KEYS_WHOLE : ARRAY_SIZE(keys);
	char text[1000];
	struct error err;

	ruleset_init(set);
	for (uint32_t n = 1 + pick(RULES_MAX); n--;) {
		random_rule(text, sizeof(text), n_keys);
		assert_int_equal(ruleset_add_text(set, text, &err), 0);
	}
	if (ruleset_finish(set, &err))
		fail_msg("%s\n%.*s", err.text, (int)set->mistakes.bytes, set->mistakes.data);
}

/* As enforce.c does. */
static void hand_over(int side, const struct ruleset *set)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_INNER_MAP);
	union {
		struct guard_rules_head head;
		struct guard_rule rule;
	} first = { .rule = { { 0 } } };
	struct guard *g = &guards[side];
	uint32_t zero = 0;
	int fd;

	use(side);
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "rules", 4, sizeof(struct guard_rule),
			    set->n_rules + 1, &options);
	assert_true(fd >= 0);
	ruleset_head(set, ++g->state->generation, &first.head);
	for (uint32_t i = 0; i < set->n_rules; i++)
		assert_int_equal(bpf_map_update_elem(fd, &(uint32_t){ i + 1 }, &set->rules[i], 0), 0);
	assert_int_equal(bpf_map_update_elem(fd, &zero, &first, 0), 0);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(g->bpf->maps.rules), &zero, &fd, 0), 0);
	if (g->rules >= 0)
		close(g->rules);
	g->rules = fd;
}

static uint64_t hits(int side, uint32_t i)
{
	struct guard_rule rule;

	use(side);
	assert_int_equal(bpf_map_lookup_elem(guards[side].rules, &(uint32_t){ i + 1 }, &rule), 0);
	return rule.hits;
}

/* --- what came of it ----------------------------------------------------------------------------- */

/* The one event since the last time, or all 0. */
static struct guard_event new_event(int side)
{
	struct guard *g = &guards[side];
	struct guard_event event = { 0 };

	assert_true(g->state->log_next - g->seen <= 1);
	if (g->seen < g->state->log_next)
		event = g->events[g->seen++ % GUARD_LOG_ENTRIES];
	return event;
}

static void check_event(const struct access *a, const struct ruleset *set,
			const struct guard_event *event, uint32_t value_bytes)
{
	struct judge_access access = { a->name, a->write ? GUARD_WRITE : GUARD_READ, value_bytes,
				       (uint64_t)a->pos };
	struct judgement said;

	judge(set, &judged, &access, &said);
	if (event->outcome == said.outcome &&
	    (!said.outcome || event->rule == set->rules[said.rule].number))
		return;
	for (uint32_t i = 0; i < set->n_rules; i++)
		print_message("%u: %s%s\n", set->rules[i].number, set->rules[i].text,
			      set->rules[i].is_alias ? " (alias)" : "");
	fail_msg("%s of %s at %lld: %u by rule %u, the rules say %u by rule %u",
			 a->write ? "write" : "read", a->name, (long long)a->pos, event->outcome,
			 event->rule, said.outcome,
			 said.outcome ? set->rules[said.rule].number : 0);
}

static void compare_events(const struct access *a, struct guard_event ours, struct guard_event its)
{
	ours.ns = its.ns = 0;
	if (!memcmp(&ours, &its, sizeof(ours)))
		return;
	fail_msg("%s of %s: event %llu, rule %u, outcome %u, pid %u, \"%s\", \"%s\", \"%s\" to \"%s\"; the kernel's %llu, rule %u, outcome %u, pid %u, \"%s\", \"%s\", \"%s\" to \"%s\"",
		 a->write ? "write" : "read", a->name, (unsigned long long)ours.seq, ours.rule,
		 ours.outcome, ours.pid, ours.comm, ours.name, ours.old_value, ours.new_value,
		 (unsigned long long)its.seq, its.rule, its.outcome, its.pid, its.comm, its.name,
		 its.old_value, its.new_value);
}

/* What the engine says becomes of the access, done outside: the child's result and what it left. */
static void compare_results(const struct access *a, const struct skep_sysctl *said)
{
	static struct report real;

	real = *report;
	if (said->retval) {
		assert_int_equal(real.ret, said->retval);
		assert_string_equal(real.after, real.current);
		return;
	}
	in_child(a, said->file_pos, said->replaced ? said->value_out : said->value,
		 said->replaced ? said->value_out_bytes : (uint32_t)said->value_bytes, -1);
	assert_int_equal(real.ret, report->ret);
	assert_string_equal(real.after, report->after);
	assert_memory_equal(real.read, report->read, VALUE_BYTES);
}

static void one_access(const struct access *a, const struct ruleset *set)
{
	static char value_out[VALUE_BYTES];
	uint32_t n;
	const char *value = bytes_of(a, &n);
	struct skep_sysctl said = { .size = sizeof(said), .name = a->name, .write = a->write,
				    .value = value, .value_bytes = n, .file_pos = a->pos,
				    .current = "0\n", .current_bytes = 2, .value_out = value_out,
				    .value_out_room = sizeof(value_out) };
	struct guard_event event;

	task.pid++; /* as each child's: a read by itself, and not the rest of another */
	if (with_kernel) {
		in_child(a, a->pos, value, n, leaf_fd);
		task.pid = task.tgid = (uint32_t)report->pid;
		said.current = report->current;
		said.current_bytes = report->current_bytes;
	}
	assert_int_equal(skep_sysctl_access(engine, &said), 0);
	assert_int_equal(said.n_programs, 1);
	event = new_event(ENGINE);
	check_event(a, set, &event, n);
	assert_int_equal(said.replaced, event.outcome == GUARD_PINNED);
	assert_int_equal(said.retval, event.outcome == GUARD_DENIED ||
						      event.outcome == GUARD_PIN_REFUSED ?
					      -EPERM :
					      0);
	if (!with_kernel)
		return;
	compare_events(a, event, new_event(KERNEL));
	compare_results(a, &said);
}

/* --- both ------------------------------------------------------------------------------------------ */

static void *map_memory(int fd, size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	assert_true(memory != MAP_FAILED);
	return memory;
}

static void load(int side)
{
	LIBBPF_OPTS(bpf_link_create_opts, options);
	struct guard *g = &guards[side];

	use(side);
	g->bpf = guard_bpf__open();
	assert_non_null(g->bpf);
	g->bpf->rodata->hash_seed = 42; /* the same on both, and no containers */
	assert_int_equal(guard_bpf__load(g->bpf), 0);
	g->state = map_memory(bpf_map__fd(g->bpf->maps.state), sizeof(*g->state));
	g->events = map_memory(bpf_map__fd(g->bpf->maps.events),
			       GUARD_LOG_ENTRIES * sizeof(*g->events));
	g->rules = -1;
	g->link = bpf_link_create(bpf_program__fd(g->bpf->progs.guard_sysctl), top_fd,
				  BPF_CGROUP_SYSCTL, &options);
	assert_true(g->link >= 0);
}

static void unload(int side)
{
	struct guard *g = &guards[side];

	use(side);
	close(g->link);
	if (g->rules >= 0)
		close(g->rules);
	munmap(g->state, sizeof(*g->state));
	munmap(g->events, GUARD_LOG_ENTRIES * sizeof(*g->events));
	guard_bpf__destroy(g->bpf);
}

static bool kernel_allows(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_NO_PREALLOC);
	int fd = bpf_map_create(BPF_MAP_TYPE_LPM_TRIE, "probe", 8, 4, 1, &options);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void host_task(void *arg, struct skep_task *out)
{
	*out = task;
}

static void judged_cgroup(void)
{
	char path[CGROUP_PATH_BYTES];
	struct error err;
	uint32_t level;
	uint64_t id;

	snprintf(judged.cgroup, sizeof(judged.cgroup), "%s%s", strstr(cgroups_top, "/skep-test"),
		 cgroups_made[2]);
	assert_int_equal(cgroup_id_of(judged.cgroup, &task.cgroup_id, &level, &err), 0);
	snprintf(path, sizeof(path), "%s", judged.cgroup);
	judged.n_cgroup_ids = level + 1;
	for (;;) {
		assert_int_equal(cgroup_id_of(*path ? path : "/", &id, &level, &err), 0);
		judged.cgroup_ids[level] = id;
		if (!level)
			break;
		*strrchr(path, '/') = '\0';
	}
}

static int setup(void **state)
{
	static const struct skep_host host = { .size = sizeof(host), .task = host_task };
	struct skep_opts opts = { .size = sizeof(opts), .host = &host };

	access_init();
	if (skep_engine_new(&opts, &engine))
		return -1;
	with_kernel = kernel_allows() && cgroups_make() && access_namespaces();
	task = (struct skep_task){ .pid = 99, .tgid = 99, .uid = getuid(), .gid = getgid(),
				   .cgroup_id = 1, .comm = COMM };
	snprintf(judged.comm, sizeof(judged.comm), COMM);
	judged.uid = getuid();
	judged.pid = 99;
	if (with_kernel) {
		judged_cgroup();
		top_fd = cgroups_open(0);
		leaf_fd = cgroups_open(2);
		return skep_cgroup_of(engine, leaf_fd, &task.cgroup_id);
	}
	print_message("no kernel, namespaces or cgroups to compare with: the rules alone\n");
	top_fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return skep_cgroup_add(engine, top_fd, 1, 0);
}

static int teardown(void **state)
{
	use(KERNEL);
	skep_engine_free(engine);
	access_deinit();
	close(top_fd);
	cgroups_remove();
	return 0;
}

static void guard_judges_alike(void **state)
{
	uint32_t outcomes[GUARD_PIN_REFUSED + 1] = { 0 };
	struct ruleset set;

	for (int side = 0; side < sides(); side++)
		load(side);
	for (uint32_t i = 0; i < SETS; i++) {
		make_set(&set);
		for (int side = 0; side < sides(); side++)
			hand_over(side, &set);
		for (size_t k = 0; k < ARRAY_SIZE(accesses); k++)
			one_access(&accesses[k], &set);
		for (uint32_t r = 0; with_kernel && r < set.n_rules; r++)
			assert_int_equal(hits(ENGINE, r), hits(KERNEL, r));
		ruleset_deinit(&set);
	}
	for (uint64_t i = 0; i < guards[ENGINE].seen; i++)
		outcomes[guards[ENGINE].events[i % GUARD_LOG_ENTRIES].outcome]++;
	print_message("%zu accesses: %u audited, %u denied, %u pinned, %u not to be pinned\n",
		      SETS * ARRAY_SIZE(accesses), outcomes[GUARD_AUDITED], outcomes[GUARD_DENIED],
		      outcomes[GUARD_PINNED], outcomes[GUARD_PIN_REFUSED]);
	for (uint32_t outcome = GUARD_AUDITED; outcome <= GUARD_PIN_REFUSED; outcome++)
		assert_true(outcomes[outcome] > 10);
	for (int side = 0; side < sides(); side++)
		unload(side);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(guard_judges_alike) };

	return cmocka_run_group_tests(tests, setup, teardown);
}
