/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doors used in other namespaces than this process's. Their values are remembered from the start, or
 * from when they are first seen; what is done before that is told as GUARD_DOOR_USED, whatever it was.
 * There only what processes of the guarded cgroup do is the guard's business.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "guard/keys.h"
#include "guard/rule.h"
#include "guard/watch_parts.h"

#define COOKIE_OPTION 71 /* SO_NETNS_COOKIE, Linux 5.14 */
#define AT_START_MAX  64 /* namespaces looked at in the beginning */

uint64_t watch_net_cookie(void)
{
	uint64_t cookie = 0;
	socklen_t bytes = sizeof(cookie);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, COOKIE_OPTION, &cookie, &bytes))
		cookie = 0;
	if (fd >= 0)
		close(fd);
	return cookie;
}

/* Enters a process's namespace: whether that could be done. leave() is to follow. */
static bool enter(uint32_t tgid, const char *kind, int type)
{
	char path[64];
	bool entered;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/ns/%s", tgid, kind);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	entered = fd >= 0 && setns(fd, type) == 0;
	if (fd >= 0)
		close(fd);
	return entered;
}

static void leave(int own, int type)
{
	/* Its own namespace is always there; without it every value read would be another's. */
	if (setns(own, type))
		abort();
}

/* --- network --------------------------------------------------------------------------------- */

static struct guarded *find_space(struct watch *w, uint64_t cookie)
{
	for (uint32_t i = 0; i < w->n_others; i++)
		if (w->others[i].cookie == cookie)
			return &w->others[i];
	return NULL;
}

/* The one unused for longest makes room. */
static struct guarded *add_space(struct watch *w, uint64_t cookie, uint64_t now_ns)
{
	struct guarded *space = NULL;

	if (w->n_others < WATCH_SPACES_MAX) {
		array_grow(w->others, w->n_others);
		space = &w->others[w->n_others++];
	} else {
		for (uint32_t i = 0; i < w->n_others; i++)
			if (!space || w->others[i].used_ns < space->used_ns)
				space = &w->others[i];
		guarded_deinit(space);
	}
	guarded_init(space, cookie, false);
	space->used_ns = now_ns;
	return space;
}

/* Within the namespace. Nothing is set there: whoever runs it may have reasons of his own. */
static void learn_space(struct watch *w, struct guarded *space, uint64_t now_ns)
{
	guarded_find(space, &w->rules);
	space->found_ns = now_ns;
}

static void tell_used(struct watch *w, enum door_kind door, const struct actor *actor,
		      const struct guard_rule *rule, const char *where)
{
	char name[GUARD_NAME_BYTES];

	rule_key_print(rule->pattern, name);
	watch_log(w, rule, rule->pattern, "", "", door, actor, GUARD_DOOR_USED);
	watch_alert(w,
		    "%.*s (process %u, user %u) used a door to %s in another %s namespace: what it "
		    "changed is not known",
		    GUARD_COMM_BYTES, actor->comm, actor->tgid, actor->uid, name, where);
}

void watch_other_net(struct watch *w, const struct watch_record *r, const struct actor *actor)
{
	const struct guard_rule *rule = actor_concerned(&w->rules, (enum door_kind)r->door, actor);
	struct guarded *space = find_space(w, r->net_cookie);
	uint64_t now_ns = loop_now_ns();
	bool entered;

	if (!actor_is_in(actor, enforce_cgroup(w->setup.enforce)))
		return;
	entered = enter(r->tgid, "net", CLONE_NEWNET);

	/* The sender may have gone elsewhere since: a socket stays where it was made. */
	if (entered && watch_net_cookie() != r->net_cookie) {
		leave(w->net, CLONE_NEWNET);
		entered = false;
	}
	if (entered && space) {
		space->used_ns = now_ns;
		watch_judge_space(w, space, (enum door_kind)r->door, actor);
		if (space->found_ns + WATCH_FIND_NS < now_ns)
			learn_space(w, space, now_ns);
	} else if (entered) {
		learn_space(w, add_space(w, r->net_cookie, now_ns), now_ns);
	}
	if (entered)
		leave(w->net, CLONE_NEWNET);
	if (rule && !(entered && space))
		tell_used(w, (enum door_kind)r->door, actor, rule, "network");
}

void watch_remember_spaces(struct watch *w)
{
	uint64_t now_ns = loop_now_ns();
	struct dirent *entry;
	ino_t seen[AT_START_MAX];
	uint32_t n_seen = 0, i;
	DIR *dir = opendir("/proc");
	struct stat st;
	char path[64];

	if (fstat(w->net, &st) == 0)
		seen[n_seen++] = st.st_ino;
	while (dir && (entry = readdir(dir)) && n_seen < AT_START_MAX) {
		uint32_t tgid = (uint32_t)strtoul(entry->d_name, NULL, 10);

		snprintf(path, sizeof(path), "/proc/%u/ns/net", tgid);
		if (!tgid || stat(path, &st))
			continue;
		for (i = 0; i < n_seen && seen[i] != st.st_ino; i++)
			;
		if (i < n_seen || !enter(tgid, "net", CLONE_NEWNET))
			continue;
		seen[n_seen++] = st.st_ino;
		learn_space(w, add_space(w, watch_net_cookie(), now_ns), now_ns);
		leave(w->net, CLONE_NEWNET);
	}
	if (dir)
		closedir(dir);
}

void watch_forget_spaces(struct watch *w)
{
	for (uint32_t i = 0; i < w->n_others; i++)
		guarded_deinit(&w->others[i]);
	free(w->others);
	w->others = NULL;
	w->n_others = 0;
}

/* --- UTS ------------------------------------------------------------------------------------- */

static void judge_uts_name(struct watch *w, const char *name, const struct actor *actor)
{
	const struct guard_rule *rule = actor_judge(&w->rules, name, actor);
	char now[KEYS_VALUE_BYTES], pinned[GUARD_VALUE_BYTES + 1];

	if (!rule || key_read(name, now))
		return;
	if (rule->action != GUARD_PIN) {
		tell_used(w, DOOR_SYSCALL, actor, rule, "UTS");
		return;
	}
	actor_pinned_value(rule, pinned);
	if (strcmp(now, pinned) == 0)
		tell_used(w, DOOR_SYSCALL, actor, rule, "UTS");
	else
		watch_log(w, rule, name, pinned, now, DOOR_SYSCALL, actor,
			  key_write(name, pinned) ? GUARD_NOT_REVERTED : GUARD_REVERTED);
}

void watch_other_uts(struct watch *w, const struct actor *actor)
{
	const struct guard_rule *rule = actor_concerned(&w->rules, DOOR_SYSCALL, actor);

	if (!rule || !actor_is_in(actor, enforce_cgroup(w->setup.enforce)))
		return;
	if (!enter(actor->tgid, "uts", CLONE_NEWUTS)) {
		tell_used(w, DOOR_SYSCALL, actor, rule, "UTS");
		return;
	}
	judge_uts_name(w, "kernel/hostname", actor);
	judge_uts_name(w, "kernel/domainname", actor);
	leave(w->uts, CLONE_NEWUTS);
}
