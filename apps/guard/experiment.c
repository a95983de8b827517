/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard/experiment.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buffer.h"
#include "guard/attempt.h"
#include "guard/keys.h"
#include "guard/rule.h"

#define IDEAS_MAX  24 /* other values tried for one key */
#define IDLE_LOOKS 3  /* with nothing done, to know the keys that change by themselves */
#define KEYS_MAX   16384
#define IDLE_US	   4000
#define FAR_IDEA   2 /* those before it are values beside the present one */

struct key {
	char *name;
	char *value; /* at the last look; NULL: cannot be read */
	int fd;
	bool writable;
	bool restless; /* changes by itself */
	uint8_t hits;  /* bit i: changed in cycle i of this attempt */
};

struct run {
	struct key *keys;
	uint32_t n_keys, n_attempts;
	bool whole_machine;
	const char *pattern; /* keys that are looked at */
	FILE *out;	     /* findings, to the process that asked */
};

/* --- looking --------------------------------------------------------------------------------- */

static int add_key(void *arg, const char *name, unsigned int mode)
{
	struct run *run = arg;
	struct key *key;

	if (!(mode & 0444) || strlen(name) >= GUARD_NAME_BYTES)
		return 0;
	array_grow(run->keys, run->n_keys);
	key = &run->keys[run->n_keys++];
	*key = (struct key){ .name = xstrdup(name), .writable = (mode & 0222) != 0 };
	key->fd =
		key->writable && !key_is_restless(name) && rule_pattern_matches(run->pattern, name)
			? key_open(name, false)
			: -1;
	return key->fd == -EMFILE ? -EMFILE : 0;
}

/* What a change since the last look means. */
enum meaning {
	CYCLE_0 = 1, /* noted in hits */
	CYCLE_1 = 2,
	NOTHING, /* just looking */
	RESTLESS /* nothing was done: it changes by itself */
};

static void look(struct run *run, enum meaning meaning, const struct key *own)
{
	char value[KEYS_VALUE_BYTES];

	for (uint32_t i = 0; i < run->n_keys; i++) {
		struct key *key = &run->keys[i];

		if (key->fd < 0 || key->restless || key_read_fd(key->fd, value))
			continue;
		if (key->value && strcmp(key->value, value) == 0)
			continue;
		if (key->value && key != own && meaning < NOTHING)
			key->hits |= (uint8_t)meaning;
		key->restless = key->value && meaning == RESTLESS;
		free(key->value);
		key->value = xstrdup(value);
	}
}

/* --- findings -------------------------------------------------------------------------------- */

/* Whether a part of a name is a device's: behind net/ipv4/conf, .../neigh or /sys/class/net. */
static bool is_device(const char *before, size_t before_bytes, const char *part, size_t bytes)
{
	static const char *const folders[] = { "/conf/", "/neigh/", "/class/net/" };

	if ((bytes == 3 && memcmp(part, "all", 3) == 0) ||
	    (bytes == 7 && memcmp(part, "default", 7) == 0))
		return false;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		size_t n = strlen(folders[i]);

		if (before_bytes >= n && memcmp(before + before_bytes - n, folders[i], n) == 0)
			return true;
	}
	return false;
}

/* A name as a pattern: a device becomes '*'. */
static void generalise(const char *name, char *out, size_t bytes)
{
	const char *whole = name;
	size_t used = 0;

	while (*name && used + 1 < bytes) {
		size_t part = strcspn(name, "/");
		bool device = is_device(whole, (size_t)(name - whole), name, part);

		used += (size_t)snprintf(out + used, bytes - used, "%.*s%s", device ? 1 : (int)part,
					 device ? "*" : name, name[part] ? "/" : "");
		name += part + (name[part] == '/');
	}
}

static void tell_finding(struct run *run, const char *key, enum door_kind kind, const char *way)
{
	char pattern[GUARD_NAME_BYTES] = "", way_pattern[EXPERIMENT_WAY_BYTES] = "";

	generalise(key, pattern, sizeof(pattern));
	if (kind == DOOR_ALIAS || kind == DOOR_FILE)
		generalise(way, way_pattern, sizeof(way_pattern));
	else
		snprintf(way_pattern, sizeof(way_pattern), "%s", way);
	fprintf(run->out, "%d %s %s\n", kind, pattern, way_pattern);
}

/*
 * Whether only this scratch namespace is touched by a write. Keys below net/ that are writable in a
 * namespace that is not the first are its own (Linux makes the others read-only there:
 * net/sysctl_net.c).
 */
static bool is_of_namespace(const char *name)
{
	static const char *const names[] = {
		"kernel/hostname",	  "kernel/domainname", "kernel/msgmax",
		"kernel/msgmnb",	  "kernel/msgmni",     "kernel/sem",
		"kernel/shmall",	  "kernel/shmmax",     "kernel/shmmni",
		"kernel/shm_rmid_forced",
	};

	if (strncmp(name, "net/", 4) == 0)
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* --- attempts -------------------------------------------------------------------------------- */

static bool was_hit(const struct run *run, const struct key *key)
{
	return key->hits == (CYCLE_0 | CYCLE_1) && !key->restless &&
	       (run->whole_machine || is_of_namespace(key->name));
}

static void tell_findings(struct run *run, enum door_kind kind, const char *way,
			  const struct key *own)
{
	bool hit = false;

	for (uint32_t i = 0; i < run->n_keys; i++)
		hit = hit || was_hit(run, &run->keys[i]);
	if (!hit)
		return;
	usleep(IDLE_US);
	look(run, RESTLESS, own);
	for (uint32_t i = 0; i < run->n_keys; i++)
		if (was_hit(run, &run->keys[i]))
			tell_finding(run, run->keys[i].name, kind, way);
}

static void attempt(struct run *run, enum door_kind kind, const char *way, attempt_fn *fn,
		    void *arg, const struct key *own)
{
	for (uint32_t i = 0; i < run->n_keys; i++)
		run->keys[i].hits = 0;
	look(run, NOTHING, own);
	for (enum meaning cycle = CYCLE_0; cycle <= CYCLE_1; cycle++) {
		int rc = fn(arg, false);

		look(run, cycle, own);
		rc |= fn(arg, true);
		look(run, cycle, own);
		if (rc && cycle == CYCLE_0)
			return;
	}
	run->n_attempts++;
	tell_findings(run, kind, way, own);
}

static void try_way(void *experiment, enum door_kind kind, const char *way, attempt_fn *fn,
		    void *arg)
{
	attempt(experiment, kind, way, fn, arg, NULL);
}

struct key_write {
	const char *name;
	char other[KEYS_VALUE_BYTES], original[KEYS_VALUE_BYTES];
};

static int write_key(void *arg, bool again)
{
	const struct key_write *write = arg;

	return key_write(write->name, again ? write->original : write->other);
}

/* Finds a value the key takes: what it then reads differs. */
static bool find_other(struct key_write *write, uint32_t from)
{
	char now[KEYS_VALUE_BYTES];

	for (uint32_t i = from; i < IDEAS_MAX; i++) {
		if (!attempt_other_value(write->original, i, write->other))
			return false;
		if (key_write(write->name, write->other) || key_read(write->name, now) ||
		    strcmp(now, write->original) == 0)
			continue;
		return key_write(write->name, write->original) == 0;
	}
	return false;
}

/* Keys that must not be written even on a machine that is thrown away: no way back, or its end. */
static bool is_fatal(const char *name)
{
	static const char *const names[] = {
		"kernel/modules_disabled",
		"kernel/kexec_load_disabled",
		"kernel/sysrq",
		"kernel/unprivileged_bpf_disabled",
		"kernel/yama/ptrace_scope",
		"vm/drop_caches",
		"vm/compact_memory",
		"vm/overcommit_memory",
		"kernel/threads-max",
		"kernel/pid_max",
		"fs/file-max",
		"kernel/io_uring_disabled",
		"net/core/bpf_jit_enable",
		"vm/min_free_kbytes",
		"vm/lowmem_reserve_ratio",
		"kernel/printk_devkmsg",
		"kernel/ns_last_pid",
		"vm/stat_refresh",
		"kernel/panic_on_warn",
		"kernel/panic_on_oops",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static void attempt_key(struct run *run, const struct key *key)
{
	struct key_write *write;

	if (!key->writable ||
	    (run->whole_machine ? is_fatal(key->name) : !is_of_namespace(key->name)))
		return;
	write = xcalloc(1, sizeof(*write));
	write->name = key->name;
	/* Near and far: in another unit a small change may be none. */
	for (uint32_t from = 0; from <= FAR_IDEA; from += FAR_IDEA)
		if (key_read(key->name, write->original) == 0 && find_other(write, from))
			attempt(run, DOOR_ALIAS, key->name, write_key, write, key);
	free(write);
}

/* Those for all devices first: afterwards a device has values of its own, which they leave alone. */
static void attempt_keys(struct run *run)
{
	for (int pass = 0; pass < 3; pass++) {
		for (uint32_t i = 0; i < run->n_keys; i++) {
			const char *name = run->keys[i].name;
			bool one = strstr(name, "/" ATTEMPT_DEVICE "/") != NULL;
			bool other = strstr(name, "/" ATTEMPT_PEER "/") || strstr(name, "/lo/");
			bool base = strstr(name, "/default/") != NULL;

			if (!other && pass == (base ? 0 : one ? 2 : 1))
				attempt_key(run, &run->keys[i]);
		}
	}
}

/* --- the process ----------------------------------------------------------------------------- */

static int enter_scratch(struct error *err)
{
	int rc;

	if (unshare(CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNS))
		return error_set(err, -errno, "cannot make scratch namespaces: %s",
				 strerror(errno));
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return error_set(err, -errno, "cannot keep mounts to itself: %s", strerror(errno));
	mount("sysfs", "/sys", "sysfs", 0, NULL); /* that of the new network namespace */
	rc = attempt_make_devices();
	if (rc)
		return error_set(err, rc, "cannot make a veth device in a scratch namespace: %s",
				 strerror(-rc));
	return 0;
}

/*
 * On the whole machine the keys of its own namespaces are tried, since some are there only: the
 * devices are then made in them.
 */
static int prepare(struct run *run, struct error *err)
{
	int rc = 0;

	if (!run->whole_machine)
		return enter_scratch(err);
	rc = attempt_make_devices();
	return rc && rc != -EEXIST && rc != -EOPNOTSUPP
		       ? error_set(err, rc, "cannot make a veth device: %s", strerror(-rc))
		       : 0;
}

static void experiment_in(struct run *run)
{
	struct error err;
	int rc = prepare(run, &err);

	if (rc) {
		fprintf(run->out, "failed %d %s\n", rc, err.text);
		return;
	}
	rc = keys_walk(add_key, run);
	if (rc) {
		fprintf(run->out, "failed %d cannot look at all keys: %s\n", rc, strerror(-rc));
		return;
	}
	look(run, NOTHING, NULL);
	for (int i = 0; i < IDLE_LOOKS; i++) {
		usleep(IDLE_US);
		look(run, RESTLESS, NULL);
	}
	attempt_keys(run);
	attempt_each_netlink(try_way, run);
	attempt_each_call(run->whole_machine, try_way, run);
	attempt_each_file(run->whole_machine, try_way, run);
	fprintf(run->out, "done %u %u\n", run->n_attempts, run->n_keys);
}

static void child(bool whole_machine, const char *pattern, int fd)
{
	struct run run = { .whole_machine = whole_machine,
			   .pattern = pattern,
			   .out = fdopen(fd, "w") };
	const struct rlimit files = { KEYS_MAX, KEYS_MAX };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_NOFILE, &files); /* each key stays open */
	if (!run.out)
		_exit(1);
	experiment_in(&run);
	_exit(fclose(run.out) ? 1 : 0);
}

/* --- what it told ---------------------------------------------------------------------------- */

static int take_line(struct experiment *x, const char *line, bool *done, struct error *err)
{
	struct experiment_finding f = { 0 };
	int kind, rc, at;

	if (sscanf(line, "failed %d %n", &rc, &at) == 1)
		return error_set(err, rc, "%s", line + at);
	if (sscanf(line, "done %u %u", &x->n_attempts, &x->n_keys) == 2) {
		*done = true;
		return 0;
	}
	if (sscanf(line, "%d %127s %159[^\n]", &kind, f.key, f.way) != 3)
		return 0;
	f.kind = (enum door_kind)kind;
	array_grow(x->findings, x->n_findings);
	x->findings[x->n_findings++] = f;
	return 0;
}

static int compare_findings(const void *left, const void *right)
{
	const struct experiment_finding *a = left, *b = right;
	int by_key = strcmp(a->key, b->key);

	if (by_key)
		return by_key;
	return a->kind != b->kind ? (int)a->kind - (int)b->kind : strcmp(a->way, b->way);
}

/* Sorted, each once; what is said of all devices is not said of "all" and "default" again. */
static void tidy(struct experiment *x)
{
	uint32_t n = 0;

	if (x->n_findings)
		qsort(x->findings, x->n_findings, sizeof(*x->findings), compare_findings);
	for (uint32_t i = 0; i < x->n_findings; i++) {
		const struct experiment_finding *f = &x->findings[i];
		/* An alias by its own general form: conf/x/y by conf/x/y. */
		bool own = f->kind == DOOR_ALIAS && strcmp(f->key, f->way) == 0;

		if (!own && (n == 0 || compare_findings(f, &x->findings[n - 1]) != 0))
			x->findings[n++] = *f;
	}
	x->n_findings = n;
}

static int take_all(struct experiment *x, int fd, struct error *err)
{
	FILE *in = fdopen(fd, "r");
	char line[512];
	bool done = false;
	int rc = 0;

	if (!in) {
		close(fd);
		return error_set(err, -ENOMEM, "no memory for an experiment");
	}
	while (!rc && fgets(line, sizeof(line), in))
		rc = take_line(x, line, &done, err);
	fclose(in);
	if (!rc && !done)
		rc = error_set(err, -EIO, "the experiment did not come to its end");
	return rc;
}

int experiment_run(bool whole_machine, const char *pattern, struct experiment *out,
		   struct error *err)
{
	struct experiment x = { 0 };
	int fds[2], rc;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return error_set(err, -errno, "cannot make a pipe: %s", strerror(errno));
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		child(whole_machine, pattern, fds[1]);
	}
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return error_set(err, -errno, "cannot make a process: %s", strerror(errno));
	}
	rc = take_all(&x, fds[0], err);
	waitpid(pid, NULL, 0);
	if (rc) {
		experiment_deinit(&x);
		return rc;
	}
	tidy(&x);
	*out = x;
	return 0;
}

void experiment_deinit(struct experiment *x)
{
	free(x->findings);
	x->findings = NULL;
	x->n_findings = 0;
}
