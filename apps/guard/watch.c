/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When the watcher wakes: news of a door (a program's record, a poll of /proc/sys/kernel/hostname, a
 * watched file), or its timer. What changed is decided on a moment later, so that all news of that
 * moment have been read by then: who did it, and whether the guard's program let a write through.
 * News are read at most once in WATCH_BATCH_NS, however many there are.
 */
#include "guard/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "buffer.h"
#include "guard/keys.h"
#include "guard/watch_parts.h"
#include "who/process.h"

#define NEWS_MAX	8
#define NEWS_OTHERS_MAX 32
#define PAUSE_NS_MAX	(4 * WATCH_MS)
#define SENTENCE_BYTES	1024

/* --- sentences ------------------------------------------------------------------------------- */

static void say(struct watch *w, const char *fmt, va_list args)
{
	char sentence[SENTENCE_BYTES];

	vsnprintf(sentence, sizeof(sentence), fmt, args);
	if (w->setup.say)
		w->setup.say(w->setup.arg, sentence);
}

void watch_remark(struct watch *w, const char *fmt, ...)
{
	va_list args;

	if (!w->setup.verbose)
		return;
	va_start(args, fmt);
	say(w, fmt, args);
	va_end(args);
}

static void say_always(struct watch *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say_always(struct watch *w, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(w, fmt, args);
	va_end(args);
}

void watch_alert(struct watch *w, const char *fmt, ...)
{
	uint64_t now_ns = loop_now_ns();
	va_list args;

	if (w->alerts_ns + 1000 * WATCH_MS < now_ns) {
		if (w->n_alerts_left_out)
			say_always(w, "%u more alerts like these (the log has all)",
				   w->n_alerts_left_out);
		w->alerts_ns = now_ns;
		w->n_alerts = w->n_alerts_left_out = 0;
	}
	if (w->n_alerts++ >= WATCH_ALERTS_MAX) {
		w->n_alerts_left_out++;
		return;
	}
	va_start(args, fmt);
	say(w, fmt, args);
	va_end(args);
}

/* --- the timer ------------------------------------------------------------------------------- */

static void arm(struct watch *w)
{
	uint64_t at = w->sweep_ns;
	struct itimerspec when = { 0 };

	at = w->attached_ns < at ? w->attached_ns : at;
	at = w->find_ns < at ? w->find_ns : at;
	at = w->decide_ns && w->decide_ns < at ? w->decide_ns : at;
	if (at == w->timer_ns)
		return;
	w->timer_ns = at;
	when.it_value.tv_sec = (time_t)(at / (1000 * WATCH_MS));
	when.it_value.tv_nsec = (long)(at % (1000 * WATCH_MS));
	timerfd_settime(w->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

void watch_decide_at(struct watch *w, uint64_t ns)
{
	if (!w->decide_ns || ns < w->decide_ns)
		w->decide_ns = ns;
}

/* --- news ------------------------------------------------------------------------------------ */

static void add_recent(struct watch *w, const struct actor *actor, enum door_kind door, uint64_t ns)
{
	w->recent[w->n_recent++ % WATCH_RECENT_MAX] =
		(struct watch_recent){ *actor, door, ns, loop_now_ns() };
}

struct news {
	struct watch *w;
	uint32_t doors; /* gone through, bits */
	/* Of other namespaces: what each thread did last. */
	struct watch_record others[NEWS_OTHERS_MAX];
	uint32_t n_others;
};

/* The key a system call is a door to. */
static void key_of_call(const struct watch_record *r, char name[GUARD_NAME_BYTES])
{
	if (r->call == WATCH_IOCTL)
		snprintf(name, GUARD_NAME_BYTES, "net/ipv6/conf/%.*s/mtu", (int)sizeof(r->device),
			 r->device);
	else
		snprintf(name, GUARD_NAME_BYTES, "kernel/%s",
			 r->call == WATCH_SETHOSTNAME	  ? "hostname"
			 : r->call == WATCH_SETDOMAINNAME ? "domainname"
							  : "printk");
}

static struct actor actor_of(const struct watch_record *r)
{
	struct actor actor = {
		.known = true, .tgid = r->tgid, .pid = r->pid, .uid = r->uid, .cgroup = r->cgroup
	};

	memcpy(actor.comm, r->comm, sizeof(actor.comm));
	return actor;
}

static bool is_same_use(const struct watch_record *a, const struct watch_record *b)
{
	return a->net_cookie == b->net_cookie && a->uts == b->uts && a->pid == b->pid &&
	       a->uid == b->uid && a->cgroup == b->cgroup && a->door == b->door &&
	       a->call == b->call && memcmp(a->comm, b->comm, sizeof(a->comm)) == 0;
}

static bool is_of_net(const struct watch_record *r)
{
	return r->door == WATCH_NETLINK || r->call == WATCH_IOCTL;
}

static bool is_elsewhere(const struct watch *w, const struct watch_record *r)
{
	return is_of_net(r) ? r->net_cookie != w->net_cookie :
			      r->call & (WATCH_SETHOSTNAME | WATCH_SETDOMAINNAME) &&
				      r->uts != w->uts_inode;
}

static void look_elsewhere(struct news *news)
{
	for (uint32_t i = 0; i < news->n_others; i++) {
		const struct watch_record *r = &news->others[i];
		struct actor actor = actor_of(r);

		if (is_of_net(r))
			watch_other_net(news->w, r, &actor);
		else
			watch_other_uts(news->w, &actor);
	}
}

/* Going there to look takes a thousand times longer than reading a record: once for all that one does. */
static bool take_other(struct news *news, const struct watch_record *r)
{
	uint32_t i = 0;

	while (i < news->n_others && !is_same_use(&news->others[i], r))
		i++;
	news->others[i] = *r;
	news->n_others = i < news->n_others ? news->n_others : i + 1;
	return news->n_others < NEWS_OTHERS_MAX;
}

/* false: enough for now. */
static bool take_record(void *arg, const struct watch_record *r)
{
	struct news *news = arg;
	struct watch *w = news->w;
	struct actor actor = actor_of(r);
	char name[GUARD_NAME_BYTES];

	if (is_elsewhere(w, r))
		return take_other(news, r);
	add_recent(w, &actor, (enum door_kind)r->door, r->ns);
	news->doors |= 1u << r->door;
	if (r->door == WATCH_SYSCALL) {
		key_of_call(r, name);
		watch_used(w, name, &actor, loop_now_ns());
	}
	return true;
}

static void take_writer(void *arg, uint32_t tgid)
{
	struct news *news = arg;
	struct actor actor;

	news->doors |= 1u << DOOR_FILE;
	if (tgid == (uint32_t)getpid())
		return;
	if (tgid && actor_of_process(tgid, &actor))
		add_recent(news->w, &actor, DOOR_FILE, loop_now_ns());
}

static void take_link(void *arg, const struct watch_link *link)
{
	struct news *news = arg;

	watch_passing(news->w, link, loop_now_ns());
}

/* One that storms of messages do not keep busy: they are read together. */
static void pause_if_busy(const struct watch *w)
{
	uint64_t now_ns = loop_now_ns(), rest = 2 * w->batch_cost_ns;
	struct timespec ts = { 0 };

	rest = rest < WATCH_BATCH_NS ? WATCH_BATCH_NS : rest;
	rest = rest > PAUSE_NS_MAX ? PAUSE_NS_MAX : rest;
	if (w->is_behind || now_ns >= w->batch_ns + rest)
		return;
	ts.tv_nsec = (long)(w->batch_ns + rest - now_ns);
	nanosleep(&ts, NULL);
}

static void take_news(struct watch *w)
{
	struct news news = { .w = w };
	uint64_t start_ns;

	pause_if_busy(w);
	start_ns = loop_now_ns();
	w->is_behind = watch_hooks_take(w->hooks, take_record, &news);
	watch_files_take(w->files, take_writer, &news);
	watch_links_take(w->links, take_link, &news);
	if (watch_hooks_lost(w->hooks))
		news.doors = ~0u;
	if (news.doors)
		watch_look(w, news.doors, start_ns);
	look_elsewhere(&news);
	w->batch_ns = loop_now_ns();
	w->batch_cost_ns = w->batch_ns - start_ns;
}

static void look_at_name(struct watch *w, const char *name)
{
	for (uint32_t i = 0; i < w->own.n_keys; i++)
		if (strcmp(w->own.keys[i].name, name) == 0)
			watch_look_at(w, &w->own.keys[i], loop_now_ns());
}

/* --- what is done again and again ------------------------------------------------------------ */

static void sweep(struct watch *w, uint64_t now_ns)
{
	uint32_t n = w->own.n_keys < WATCH_SWEEP_KEYS ? w->own.n_keys : WATCH_SWEEP_KEYS;

	for (uint32_t i = 0; i < n; i++) {
		w->sweep_at = w->sweep_at + 1 < w->own.n_keys ? w->sweep_at + 1 : 0;
		watch_look_at(w, &w->own.keys[w->sweep_at], now_ns);
	}
}

static void check_attached(struct watch *w, uint64_t now_ns)
{
	const struct actor nobody = { .known = false };
	struct error err;
	int rc;

	if (enforce_is_attached(w->setup.enforce)) {
		w->is_detached = false;
		return;
	}
	rc = enforce_reattach(w->setup.enforce, &err);
	lsm_hold_guard(w->lsm);
	if (rc && w->is_detached)
		return;
	watch_log(w, NULL, "", "", "", DOOR_NONE, &nobody, GUARD_DETACHED);
	if (rc)
		watch_alert(
			w,
			"the guard's program was taken off its cgroup, and cannot be put back: %s",
			err.text);
	else
		watch_alert(w, "the guard's program was taken off its cgroup: put back");
	w->is_detached = rc != 0;
	/* What was written meanwhile is found now. */
	watch_look(w, ~0u, now_ns);
	sweep(w, now_ns);
}

static void on_timer(struct watch *w)
{
	uint64_t now_ns = loop_now_ns(), expired;

	if (read(w->timer, &expired, sizeof(expired)) < 0)
		return;
	w->timer_ns = 0;
	if (w->attached_ns <= now_ns) {
		check_attached(w, now_ns);
		w->attached_ns = now_ns + WATCH_ATTACHED_NS;
	}
	if (w->decide_ns && w->decide_ns <= now_ns) {
		w->decide_ns = 0;
		watch_decide(w, now_ns);
	}
	if (w->sweep_ns <= now_ns) {
		sweep(w, now_ns);
		w->sweep_ns = now_ns + WATCH_SWEEP_NS;
	}
	if (w->find_ns <= now_ns) {
		guarded_find(&w->own, &w->rules);
		w->find_ns = loop_now_ns() + WATCH_FIND_NS;
	}
}

static void on_ready(void *arg)
{
	struct epoll_event events[NEWS_MAX];
	struct watch *w = arg;
	bool timer = false, news = false;
	int n = epoll_wait(w->epoll, events, NEWS_MAX, 0);

	for (int i = 0; i < n; i++) {
		int fd = events[i].data.fd;

		timer |= fd == w->timer;
		news |= fd != w->timer && fd != w->hostname && fd != w->domainname;
		if (fd == w->hostname)
			look_at_name(w, "kernel/hostname");
		else if (fd == w->domainname)
			look_at_name(w, "kernel/domainname");
	}
	if (news)
		take_news(w);
	if (timer)
		on_timer(w);
	arm(w);
}

static void pass(struct watch *w, struct guarded_key *key, uint64_t ns)
{
	key->passed_ns = ns;
	if (!key->changed_ns)
		key->changed_ns = ns;
	watch_decide_at(w, ns + WATCH_SETTLE_NS);
}

/* A write of a guarded key that the program let through: its value changes in a moment. */
static void on_passed(void *arg, const struct guard_passed *passed)
{
	struct watch *w = arg;

	for (uint32_t i = 0; i < w->own.n_keys; i++) {
		struct guarded_key *key = &w->own.keys[i];

		if (strncmp(key->name, passed->name, GUARD_NAME_BYTES) == 0 ||
		    doors_knows(key->name, DOOR_ALIAS, passed->name))
			pass(w, key, passed->ns);
	}
	arm(w);
	/* In whose namespace it was is not told: what is known of the others is no more. */
	if (strncmp(passed->name, "net/", 4) == 0)
		watch_forget_spaces(w);
}

/* --- doors in use ---------------------------------------------------------------------------- */

static int add_fd(struct watch *w, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	return fd < 0 || !epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &event) ? 0 : -errno;
}

static bool has_door(const struct watch *w, enum door_kind kind, const char *way)
{
	for (uint32_t i = 0; i < w->rules.n_rules; i++) {
		const struct guard_rule *rule = &w->rules.rules[i];
		const struct door *door = NULL;

		if (rule->is_alias || !(rule->access & GUARD_WRITE) ||
		    (rule->action != GUARD_DENY && rule->action != GUARD_PIN))
			continue;
		while ((door = doors_next(rule->pattern, kind, door)))
			if (!way || strcmp(door->way, way) == 0)
				return true;
	}
	return false;
}

static uint32_t calls_wanted(const struct watch *w)
{
	return (has_door(w, DOOR_SYSCALL, "sethostname") ? WATCH_SETHOSTNAME : 0) |
	       (has_door(w, DOOR_SYSCALL, "setdomainname") ? WATCH_SETDOMAINNAME : 0) |
	       (has_door(w, DOOR_SYSCALL, "syslog") ? WATCH_SYSLOG : 0) |
	       (has_door(w, DOOR_SYSCALL, "ioctl") ? WATCH_IOCTL : 0);
}

static void use_hooks(struct watch *w)
{
	bool netlink = has_door(w, DOOR_NETLINK, NULL);
	uint32_t calls = calls_wanted(w);
	struct watch_hooks *old = w->hooks;
	struct error err;

	if (w->hooks && netlink == w->wants_netlink && calls == w->wants_calls)
		return;
	w->hooks = NULL;
	w->wants_netlink = netlink;
	w->wants_calls = calls;
	if ((netlink || calls) && watch_hooks_start(netlink, calls, &w->hooks, &err))
		watch_alert(
			w,
			"%s: what goes through side doors is found by looking only, within 0.1 s",
			err.text);
	else if (w->hooks)
		add_fd(w, watch_hooks_fd(w->hooks), EPOLLIN);
	watch_hooks_stop(old);
}

static void use_poll(struct watch *w, const char *name, bool wanted, int *fd)
{
	if (wanted && *fd < 0) {
		*fd = key_open(name, false);
		add_fd(w, *fd, EPOLLPRI | EPOLLERR);
	} else if (!wanted && *fd >= 0) {
		close(*fd);
		*fd = -1;
	}
}

static void use_links(struct watch *w)
{
	if (!w->wants_netlink) {
		watch_links_close(w->links);
		w->links = NULL;
	} else if (!w->links && watch_links_open(&w->links) == 0) {
		add_fd(w, watch_links_fd(w->links), EPOLLIN);
	}
}

static void add_file_of(struct watch *w, const struct guarded_key *key, const struct door *door)
{
	const char *star = strchr(door->key, '*'), *of_way = strchr(door->way, '*');
	char path[256];
	const char *part;

	if (!star || !of_way) {
		watch_files_add(w->files, door->way);
		return;
	}
	part = key->name + (star - door->key);
	snprintf(path, sizeof(path), "%.*s%.*s%s", (int)(of_way - door->way), door->way,
		 (int)strcspn(part, "/"), part, of_way + 1);
	watch_files_add(w->files, path);
}

static void use_files(struct watch *w)
{
	w->files = watch_files_free(w->files);
	for (uint32_t i = 0; i < w->own.n_keys; i++) {
		const struct guarded_key *key = &w->own.keys[i];
		const struct door *door = NULL;

		while ((door = doors_next(key->name, DOOR_FILE, door))) {
			if (!w->files) {
				w->files = watch_files_new();
				add_fd(w, watch_files_fd(w->files), EPOLLIN);
			}
			add_file_of(w, key, door);
		}
	}
}

/* Rules of any kind are held by the same programs, but which programs there are depends on them. */
static void use_lsm(struct watch *w)
{
	struct lsm *old = w->lsm;
	struct error err;

	w->lsm = NULL;
	if (!w->setup.no_lsm && lsm_start(w->setup.enforce, &w->rules, &w->lsm, &err))
		watch_remark(w, "%s", err.text);
	lsm_stop(old);
}

static void set_level(struct watch *w, enum door_kind kind, bool used, const char *by,
		      const char *how)
{
	if (used && lsm_denies(w->lsm, kind))
		snprintf(w->level[kind], WATCH_LEVEL_BYTES,
			 "denied by LSM, what it cannot is %s by %s", how, by ? by : "looking");
	else if (!used)
		snprintf(w->level[kind], WATCH_LEVEL_BYTES, "no rule needs it");
	else if (by)
		snprintf(w->level[kind], WATCH_LEVEL_BYTES, "%s by %s", how, by);
	else
		snprintf(w->level[kind], WATCH_LEVEL_BYTES,
			 "set back, found by looking each %llu ms", WATCH_SWEEP_NS / WATCH_MS);
}

static void use_doors(struct watch *w)
{
	use_lsm(w);
	use_hooks(w);
	use_poll(w, "kernel/hostname", w->wants_calls & WATCH_SETHOSTNAME, &w->hostname);
	use_poll(w, "kernel/domainname", w->wants_calls & WATCH_SETDOMAINNAME, &w->domainname);
	use_files(w);
	use_links(w);
	w->told = (watch_hooks_netlink(w->hooks) ? 1u << DOOR_NETLINK : 0) |
		  (watch_hooks_calls(w->hooks) ? 1u << DOOR_SYSCALL : 0);
	set_level(w, DOOR_ALIAS, true, "the guard's program", "denied");
	set_level(w, DOOR_NETLINK, w->wants_netlink, watch_hooks_netlink(w->hooks),
		  "set back, told");
	set_level(w, DOOR_SYSCALL, w->wants_calls, watch_hooks_calls(w->hooks), "set back, told");
	set_level(w, DOOR_FILE, w->files, watch_files_kind(w->files), "set back, told");
	set_level(w, DOOR_UNKNOWN, w->own.n_keys, NULL, "");
	for (enum door_kind kind = DOOR_ALIAS; kind < DOOR_KINDS; kind++)
		watch_remark(w, "doors of kind %s: %s", door_kind_name(kind), w->level[kind]);
	watch_remark(w, "%u keys are watched", w->own.n_keys);
}

/* --- life ------------------------------------------------------------------------------------ */

static void copy_rules(struct watch *w, const struct ruleset *rules)
{
	ruleset_deinit(&w->rules);
	w->rules.n_rules = rules->n_rules;
	w->rules.n_written = rules->n_written;
	w->rules.rules = xcalloc(rules->n_rules ? rules->n_rules : 1, sizeof(*rules->rules));
	if (rules->n_rules)
		memcpy(w->rules.rules, rules->rules, rules->n_rules * sizeof(*rules->rules));
}

int watch_set_rules(struct watch *w, const struct ruleset *rules, struct error *err)
{
	uint64_t now_ns;

	(void)err;
	watch_settle(w);
	copy_rules(w, rules);
	guarded_find(&w->own, &w->rules);
	watch_set_pins(w, &w->own);
	watch_forget_spaces(w);
	use_doors(w);
	if (w->wants_netlink)
		watch_remember_spaces(w);
	/* Between its value being read and its doors being watched a key may have changed. */
	now_ns = loop_now_ns();
	watch_look(w, ~0u, now_ns);
	w->sweep_ns = now_ns;
	w->find_ns = now_ns + WATCH_FIND_NS;
	w->attached_ns = now_ns + WATCH_ATTACHED_NS;
	arm(w);
	return 0;
}

static int open_all(struct watch *w, struct error *err)
{
	struct stat st = { 0 };

	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	w->net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	w->uts = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
	w->hostname = w->domainname = -1;
	if (w->epoll < 0 || w->timer < 0 || w->net < 0 || w->uts < 0 || fstat(w->uts, &st))
		return error_set(err, -errno, "cannot watch side doors: %s", strerror(errno));
	w->uts_inode = (uint32_t)st.st_ino;
	w->net_cookie = watch_net_cookie();
	return add_fd(w, w->timer, EPOLLIN);
}

/* Our own accesses are let through, known by our number and our start: which must be ours in the kernel, too. */
static int be_exempt(struct watch *w, struct error *err)
{
	int rc;

	if (!process_numbers_are_the_kernels())
		return error_set(err, -EXDEV,
				 "side doors are not watched: in a PID namespace of its own the "
				 "watcher is not known by its number");
	if (!process_times_are_the_kernels())
		return error_set(err, -EXDEV,
				 "side doors are not watched: in a time namespace of its own the "
				 "watcher is not known by when it began");
	rc = enforce_exempt(w->setup.enforce, (uint32_t)getpid());
	if (rc == -EBUSY)
		return error_set(err, rc,
				 "another `skep guard run` watches side doors for this guard");
	if (!rc)
		rc = enforce_on_passed(w->setup.enforce, on_passed, w);
	return rc ? error_set(err, rc, "the guard takes no watcher: %s", strerror(-rc)) : 0;
}

int watch_begin(const struct watch_setup *setup, struct watch **out, struct error *err)
{
	struct watch *w = xcalloc(1, sizeof(*w));
	int rc;

	w->setup = *setup;
	ruleset_init(&w->rules);
	rc = open_all(w, err);
	if (!rc)
		rc = be_exempt(w, err);
	if (!rc)
		rc = loop_add_fd(setup->loop, w->epoll, on_ready, w, err);
	guarded_init(&w->own, w->net_cookie, true);
	if (!rc)
		rc = watch_set_rules(w, setup->rules, err);
	if (rc) {
		watch_end(w);
		return rc;
	}
	*out = w;
	return 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void watch_end(struct watch *w)
{
	if (!w)
		return;
	watch_settle(w);
	enforce_on_passed(w->setup.enforce, NULL, NULL);
	enforce_exempt(w->setup.enforce, 0);
	lsm_stop(w->lsm);
	watch_hooks_stop(w->hooks);
	watch_files_free(w->files);
	watch_links_close(w->links);
	watch_forget_spaces(w);
	guarded_deinit(&w->own);
	ruleset_deinit(&w->rules);
	close_fd(w->hostname);
	close_fd(w->domainname);
	close_fd(w->timer);
	close_fd(w->net);
	close_fd(w->uts);
	close_fd(w->epoll);
	free(w);
}

int watch_pin_lsm(struct watch *w, const char *pins, struct error *err)
{
	int rc = w->lsm ? lsm_pin(w->lsm, pins, err) : 0;

	lsm_hold_guard(w->lsm);
	return rc;
}

const char *watch_level(const struct watch *w, enum door_kind kind)
{
	return (unsigned)kind < DOOR_KINDS ? w->level[kind] : "";
}

uint32_t watch_programs(const struct watch *w, int *fds, uint32_t max)
{
	return watch_hooks_programs(w->hooks, fds, max);
}
