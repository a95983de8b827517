/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard/enforce.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <skep/skep.h>

#include "ability/ability.h"
#include "guard/enforce_parts.h"
#include "guard/guard.h"
#include "hook/link.h"
#include "hook/uapi.h"
#include "tool/loop.h"
#include "tool/member.h"
#include "tool/options.h"
#include "who/process.h"

#include "guard.skel.h"

#define AGAIN_NS     1000000 /* between two attempts of the kernel's at one write */
#define STATE_BYTES  sizeof(struct guard_state)
#define EVENTS_BYTES (GUARD_LOG_ENTRIES * sizeof(struct guard_event))

_Static_assert(sizeof(struct guard_rules_head) <= sizeof(struct guard_rule), "it stands for one");
_Static_assert(sizeof(struct guard_event) % 8 == 0, "an array's values lie as ours do");

/* --- loading -------------------------------------------------------------------------------- */

static void find_cgroups(struct btf *btf, struct guard_kernel *kernel)
{
	struct guard_kernel found = *kernel;

	found.by_container = 1;
	if (member_offset(btf, "task_struct", "cgroups", &found.task_cgroups) == 0 &&
	    member_offset(btf, "css_set", "dfl_cgrp", &found.css_set_cgroup) == 0 &&
	    member_offset(btf, "cgroup", "kn", &found.cgroup_kn) == 0 &&
	    member_offset(btf, "cgroup", "level", &found.cgroup_level) == 0 &&
	    member_offset(btf, "cgroup", "ancestors", &found.cgroup_ancestors) == 0 &&
	    member_offset(btf, "kernfs_node", "name", &found.kernfs_name) == 0)
		*kernel = found;
}

static void find_start(struct btf *btf, struct guard_kernel *kernel)
{
	kernel->by_start =
		member_offset(btf, "task_struct", "group_leader", &kernel->task_leader) == 0 &&
		member_offset(btf, "task_struct", "start_boottime", &kernel->task_start) == 0;
}

void enforce_kernel(struct guard_kernel *kernel)
{
	struct btf *btf;

	memset(kernel, 0, sizeof(*kernel));
	if (skep_engine_installed())
		return; /* our engine: no kernel's memory is there to be read */
	btf = btf__load_vmlinux_btf();
	if (!btf)
		return;
	find_cgroups(btf, kernel);
	find_start(btf, kernel);
	btf__free(btf);
}

struct enforce *enforce_new(void)
{
	struct enforce *e = xcalloc(1, sizeof(*e));

	for (int i = 0; i < N_PINS; i++)
		e->fds[i] = -1;
	e->rules_fd = e->bell = e->pause = -1;
	return e;
}

/* A mapping of a map's first @bytes. NULL with a sentence. */
static void *map_memory(int fd, size_t bytes, struct error *err)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory != MAP_FAILED)
		return memory;
	error_set(err, -errno, "cannot map what the guard keeps: %s", strerror(errno));
	return NULL;
}

int enforce_map(struct enforce *e, struct error *err)
{
	e->state = map_memory(e->fds[PIN_STATE], STATE_BYTES, err);
	if (e->state)
		e->events = map_memory(e->fds[PIN_EVENTS], EVENTS_BYTES, err);
	return e->events ? 0 : -ENOMEM;
}

static int load_refused(int rc, struct error *err)
{
	struct error missing;

	if (ability_choose(&guard_ability, NULL, &missing) < 0)
		return error_set(err, rc, "%s", missing.text);
	if (rc == -ENOMEM)
		return error_set(err, rc,
				 "there is not enough memory for the guard's program and log");
	return error_set(err, rc, "the kernel refuses the guard's program (%s): -v shows why",
			 strerror(-rc));
}

static int load(struct enforce *e, struct error *err)
{
	int rc;

	e->bpf = guard_bpf__open();
	if (!e->bpf)
		return load_refused(-errno, err);
	enforce_kernel((struct guard_kernel *)&e->bpf->rodata->kernel);
	if (getrandom((void *)&e->bpf->rodata->hash_seed, sizeof(e->bpf->rodata->hash_seed), 0) < 0)
		return error_set(err, -errno, "cannot choose a random number: %s", strerror(errno));
	/* Only the kernel makes a write again. */
	e->bpf->rodata->again_ns = skep_engine_installed() ? 0 : AGAIN_NS;
	rc = guard_bpf__load(e->bpf);
	if (rc)
		return load_refused(rc, err);
	e->fds[PIN_PROGRAM] = bpf_program__fd(e->bpf->progs.guard_sysctl);
	e->fds[PIN_RULES] = bpf_map__fd(e->bpf->maps.rules);
	e->fds[PIN_EVENTS] = bpf_map__fd(e->bpf->maps.events);
	e->fds[PIN_STATE] = bpf_map__fd(e->bpf->maps.state);
	e->fds[PIN_BELL] = bpf_map__fd(e->bpf->maps.bell);
	e->fds[PIN_PASSED] = bpf_map__fd(e->bpf->maps.passed);
	e->fds[PIN_ALLOWED] = bpf_map__fd(e->bpf->maps.allowed);
	rc = enforce_map(e, err);
	if (!rc)
		e->state->by_container = e->bpf->rodata->kernel.by_container;
	return rc;
}

int enforce_load(struct enforce **out, struct error *err)
{
	struct enforce *e = enforce_new();
	int rc = load(e, err);

	if (rc)
		enforce_close(e);
	else
		*out = e;
	return rc;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void enforce_close(struct enforce *e)
{
	if (!e)
		return;
	if (e->exempt)
		enforce_exempt(e, 0);
	ring_buffer__free(e->passed_ring);
	enforce_bell_close(e);
	if (e->state)
		munmap(e->state, STATE_BYTES);
	if (e->events)
		munmap(e->events, EVENTS_BYTES);
	close_fd(e->rules_fd);
	for (int i = 0; i < N_PINS; i++)
		if (!e->bpf || i == PIN_LINK)
			close_fd(e->fds[i]);
	guard_bpf__destroy(e->bpf);
	free((void *)e->pinned);
	free(e);
}

/* --- rules ---------------------------------------------------------------------------------- */

static int rule_check(const struct enforce *e, const struct guard_rule *rule, struct error *err)
{
	for (uint32_t i = 0; i < rule->n_clauses && i < GUARD_CLAUSES_MAX; i++)
		if (rule->clauses[i].by & GUARD_BY_CONTAINER && !e->state->by_container)
			return error_set(
				err, -EOPNOTSUPP,
				"%s: container= needs the types of the running kernel "
				"(/sys/kernel/btf/vmlinux), which it does not have: select by "
				"cgroup= instead",
				rule->where);
	return 0;
}

static int fill_rules(int fd, const struct ruleset *set, uint64_t generation)
{
	union {
		struct guard_rules_head head;
		struct guard_rule rule;
	} first = { .rule = { { 0 } } };
	int rc;

	ruleset_head(set, generation, &first.head);
	for (uint32_t i = 0; i < set->n_rules; i++) {
		uint32_t index = i + 1;
		struct guard_rule rule = set->rules[i];

		rule.hits = 0;
		rc = bpf_map_update_elem(fd, &index, &rule, BPF_ANY);
		if (rc)
			return rc;
	}
	return bpf_map_update_elem(fd, &(uint32_t){ 0 }, &first, BPF_ANY);
}

/* A map of the set: its fd, or -errno. */
static int make_rules(struct enforce *e, const struct ruleset *set)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_INNER_MAP);
	uint64_t generation = __atomic_add_fetch(&e->state->generation, 1, __ATOMIC_SEQ_CST);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "guard_rules", sizeof(uint32_t),
				sizeof(struct guard_rule), set->n_rules + 1, &options);
	int rc;

	if (fd < 0)
		return -errno;
	rc = fill_rules(fd, set, generation);
	if (!rc)
		return fd;
	close(fd);
	return rc;
}

static uint32_t map_id(int fd)
{
	struct bpf_map_info info = { 0 };
	__u32 bytes = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &bytes) ? 0 : info.id;
}

int enforce_replace_rules(struct enforce *e, const struct ruleset *set, struct error *err)
{
	uint32_t zero = 0;
	int fd, rc = 0;

	if (set->n_rules > GUARD_RULES_MAX)
		return error_set(err, -E2BIG, "%u rules are more than %u", set->n_rules,
				 GUARD_RULES_MAX);
	for (uint32_t i = 0; i < set->n_rules && !rc; i++)
		rc = rule_check(e, &set->rules[i], err);
	if (rc)
		return rc;
	fd = make_rules(e, set);
	/* The kernel waits here for programs that still use the old rules. */
	rc = fd < 0 ? fd : bpf_map_update_elem(e->fds[PIN_RULES], &zero, &fd, BPF_ANY);
	if (rc) {
		close_fd(fd);
		return error_set(err, rc,
				 "the rules cannot be handed to the kernel (%s): the old ones stay",
				 strerror(-rc));
	}
	close_fd(e->rules_fd);
	e->rules_fd = fd;
	e->rules_id = map_id(fd);
	return 0;
}

/* The set in force may be another process's: e->rules_fd becomes it. 0 or -errno. */
static int find_rules(struct enforce *e)
{
	uint32_t zero = 0, id = 0;
	int fd;

	if (bpf_map_lookup_elem(e->fds[PIN_RULES], &zero, &id))
		return -errno;
	if (id == e->rules_id && e->rules_fd >= 0)
		return 0;
	fd = bpf_map_get_fd_by_id(id);
	if (fd < 0)
		return -errno;
	close_fd(e->rules_fd);
	e->rules_fd = fd;
	e->rules_id = id;
	return 0;
}

/* Entry 0 of the set in force. */
static struct guard_rules_head rules_head(struct enforce *e)
{
	union {
		struct guard_rules_head head;
		struct guard_rule rule;
	} first = { .rule = { { 0 } } };
	uint32_t zero = 0;

	if (find_rules(e) || bpf_map_lookup_elem(e->rules_fd, &zero, &first))
		return (struct guard_rules_head){ 0 };
	return first.head;
}

int enforce_rule(struct enforce *e, uint32_t i, struct guard_rule *out)
{
	uint32_t index = i + 1;

	if (i >= GUARD_RULES_MAX || find_rules(e) || bpf_map_lookup_elem(e->rules_fd, &index, out))
		return -ENOENT;
	return 0;
}

uint64_t enforce_generation(struct enforce *e)
{
	return rules_head(e).generation;
}

/* --- where it is ---------------------------------------------------------------------------- */

int enforce_link(struct enforce *e, const char *path, struct error *err)
{
	struct hook_link_attr attr = {
		.prog_fd = (uint32_t)e->fds[PIN_PROGRAM],
		.attach_type = BPF_CGROUP_SYSCTL,
	};
	char mount[CGROUP_PATH_BYTES], *whole;
	int rc = cgroup_mount(mount, err), fd;

	if (rc)
		return rc;
	whole = xformat("%s%s", mount, path);
	fd = open(whole, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = fd < 0 ? -errno : 0;
	free(whole);
	if (rc)
		return error_set(err, rc, "cgroup %s: %s", path, strerror(-rc));
	attr.target_fd = (uint32_t)fd;
	rc = hook_link_create(&attr);
	close(fd);
	if (rc == -EPERM)
		return error_set(
			err, rc,
			"cgroup %s: the kernel does not permit it: it needs CAP_NET_ADMIN, "
			"and no program above that forbids others",
			path);
	return rc < 0 ? error_set(err, rc, "cgroup %s: %s", path, strerror(-rc)) : rc;
}

int enforce_attach(struct enforce *e, const char *cgroup, struct error *err)
{
	char path[CGROUP_PATH_BYTES];
	uint32_t level;
	uint64_t id;
	int rc = cgroup_id_of(cgroup, &id, &level, err);

	if (rc)
		return rc;
	rc = cgroup_path_of(id, path);
	if (rc)
		return error_set(err, rc, "cgroup '%s': %s", cgroup, strerror(-rc));
	rc = enforce_link(e, path, err);
	if (rc < 0)
		return rc;
	e->fds[PIN_LINK] = rc;
	e->state->cgroup = id;
	return 0;
}

void enforce_detach(struct enforce *e)
{
	if (e->pinned)
		return;
	close_fd(e->fds[PIN_LINK]);
	e->fds[PIN_LINK] = -1;
}

/* What the link's descriptor stands for is on a cgroup, and ours. */
static bool link_holds(const struct enforce *e)
{
	struct bpf_prog_info prog = { 0 };
	struct hook_link_info link;
	__u32 bytes = sizeof(prog);

	return e->fds[PIN_LINK] >= 0 && hook_link_info(e->fds[PIN_LINK], &link) == 0 &&
	       link.cgroup_id && bpf_obj_get_info_by_fd(e->fds[PIN_PROGRAM], &prog, &bytes) == 0 &&
	       link.prog_id == prog.id;
}

bool enforce_is_attached(struct enforce *e)
{
	enforce_renew(e);
	/* Sockets that were made in a cgroup hold what is attached to it when it is gone. */
	if (!*enforce_cgroup(e))
		return false;
	if (link_holds(e))
		return true;
	/* Another process may have put it back. */
	return e->pinned && enforce_open_link(e) && link_holds(e);
}

int enforce_reattach(struct enforce *e, struct error *err)
{
	char path[CGROUP_PATH_BYTES];
	int rc = cgroup_path_of(e->state->cgroup, path);

	if (rc)
		return error_set(err, -ENOENT, "the cgroup that was guarded is gone");
	rc = enforce_link(e, path, err);
	if (rc < 0)
		return rc;
	close_fd(e->fds[PIN_LINK]);
	e->fds[PIN_LINK] = rc;
	return e->pinned ? enforce_pin_link(e, err) : 0;
}

const char *enforce_cgroup(struct enforce *e)
{
	if (cgroup_path_of(e->state->cgroup, e->cgroup))
		e->cgroup[0] = '\0';
	return e->cgroup;
}

/* --- the watcher ---------------------------------------------------------------------------- */

/* Not one that has its number since. */
uint32_t enforce_watcher(const struct enforce *e)
{
	uint32_t holder = __atomic_load_n(&e->state->exempt_tgid, __ATOMIC_SEQ_CST);
	uint64_t until = __atomic_load_n(&e->state->exempt_until_ns, __ATOMIC_SEQ_CST), start;

	if (!holder || until <= loop_now_ns() || process_start(holder, &start))
		return 0;
	return start == __atomic_load_n(&e->state->exempt_start, __ATOMIC_SEQ_CST) ? holder : 0;
}

int enforce_exempt(struct enforce *e, uint32_t tgid)
{
	uint64_t now = loop_now_ns(), until = now + ENFORCE_EXEMPT_SECONDS * TOOL_NS_PER_SECOND;
	uint32_t other = tgid ? enforce_watcher(e) : 0;
	uint64_t start = 0;
	int rc;

	/* Who was refused takes it from nobody. */
	if (!tgid && !e->exempt)
		return 0;
	if (other && other != tgid)
		return -EBUSY;
	rc = tgid ? process_start(tgid, &start) : 0;
	if (rc)
		return rc;
	e->exempt = tgid != 0;
	e->renewed_ns = now;
	/* The number last: together with another's start it lets nobody through. */
	__atomic_store_n(&e->state->exempt_tgid, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&e->state->exempt_start, start, __ATOMIC_SEQ_CST);
	__atomic_store_n(&e->state->exempt_until_ns, tgid ? until : 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&e->state->exempt_tgid, tgid, __ATOMIC_SEQ_CST);
	return 0;
}

void enforce_renew(struct enforce *e)
{
	uint64_t now = loop_now_ns();

	if (!e->exempt || now - e->renewed_ns < TOOL_NS_PER_SECOND)
		return;
	e->renewed_ns = now;
	__atomic_store_n(&e->state->exempt_until_ns,
			 now + ENFORCE_EXEMPT_SECONDS * TOOL_NS_PER_SECOND, __ATOMIC_SEQ_CST);
}

uint64_t enforce_passed_ns(struct enforce *e, const char *name)
{
	char key[GUARD_NAME_BYTES] = "";
	uint64_t ns = 0;

	snprintf(key, sizeof(key), "%s", name);
	return bpf_map_lookup_elem(e->fds[PIN_ALLOWED], key, &ns) ? 0 : ns;
}

int enforce_program_fd(struct enforce *e)
{
	return e->fds[PIN_PROGRAM];
}

uint32_t enforce_link_id(struct enforce *e)
{
	struct hook_link_info link;

	return e->fds[PIN_LINK] >= 0 && hook_link_info(e->fds[PIN_LINK], &link) == 0 ? link.id : 0;
}

int enforce_map_fd(struct enforce *e, const char *name)
{
	for (int i = PIN_FIRST_MAP; i <= PIN_LAST_MAP; i++)
		if (strcmp(enforce_pin_names[i], name) == 0)
			return e->fds[i];
	return -ENOENT;
}
