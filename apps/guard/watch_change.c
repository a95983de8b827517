/* SPDX-License-Identifier: BSD-2-Clause */
/* Values that changed: who did it, whether that was allowed, and setting them back. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guard/keys.h"
#include "guard/rule.h"
#include "guard/watch_parts.h"

static const struct actor nobody = { .known = false };

/* --- telling --------------------------------------------------------------------------------- */

void watch_log(struct watch *w, const struct guard_rule *rule, const char *name,
	       const char *old_value, const char *new_value, enum door_kind door,
	       const struct actor *actor, uint32_t outcome)
{
	struct guard_event event = { .tgid = actor->tgid,
				     .pid = actor->pid,
				     .uid = actor->uid,
				     .cgroup = actor->cgroup,
				     .rule = rule ? rule->number : GUARD_NO_RULE,
				     .access = GUARD_WRITE,
				     .outcome = outcome,
				     .door = door };

	memcpy(event.comm, actor->comm, sizeof(event.comm));
	snprintf(event.name, sizeof(event.name), "%s", name);
	snprintf(event.old_value, sizeof(event.old_value), "%.*s", GUARD_SHOWN_BYTES - 1,
		 old_value);
	snprintf(event.new_value, sizeof(event.new_value), "%.*s", GUARD_SHOWN_BYTES - 1,
		 new_value);
	enforce_log_add(w->setup.enforce, &event);
}

static const char *way_of(const char *name, enum door_kind kind)
{
	const struct door *door = doors_next(name, kind, NULL);

	if (kind == DOOR_NETLINK)
		return "rtnetlink";
	return door ? door->way : "a way nobody knows";
}

static void tell_who(const struct actor *actor, char *out, size_t bytes)
{
	if (actor->known)
		snprintf(out, bytes, "by %.*s (process %u, user %u)", GUARD_COMM_BYTES, actor->comm,
			 actor->tgid, actor->uid);
	else
		snprintf(out, bytes, "by nobody that was seen");
}

/* @rc: of setting it back. */
static void tell_change(struct watch *w, const struct watch_undone *u, enum door_kind door,
			const struct guard_rule *rule, const struct actor *actor)
{
	char name[GUARD_NAME_BYTES], who[96];

	watch_log(w, rule, u->name, u->old_value, u->new_value, door, actor,
		  u->rc ? GUARD_NOT_REVERTED : GUARD_REVERTED);
	rule_key_print(u->name, name);
	tell_who(actor, who, sizeof(who));
	watch_alert(w, "%s was changed from '%s' to '%s' through %s %s: %s%s", name, u->old_value,
		    u->new_value, way_of(u->name, door), who,
		    u->rc ? "it could not be set back: " : "set back",
		    u->rc ? strerror(-u->rc) : "");
}

/* --- setting back ---------------------------------------------------------------------------- */

/* A device's MTU for IPv6 is not above its own, which the door has changed as well. */
static int set_device_mtu(const char *name, const char *value)
{
	static const char folder[] = "net/ipv6/conf/";
	struct ifreq request = { .ifr_mtu = atoi(value) };
	const char *device = name + sizeof(folder) - 1;
	size_t bytes;
	int fd, rc;

	if (strncmp(name, folder, sizeof(folder) - 1) != 0)
		return -EINVAL;
	bytes = strcspn(device, "/");
	if (strcmp(device + bytes, "/mtu") != 0 || bytes >= sizeof(request.ifr_name))
		return -EINVAL;
	memcpy(request.ifr_name, device, bytes);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	rc = fd < 0 || ioctl(fd, SIOCSIFMTU, &request) ? -errno : 0;
	if (fd >= 0)
		close(fd);
	return rc;
}

#define BLANKS	       " \t\n"
#define DIGITS_AT_MOST 18 /* what a long long holds */

/* Blanks, and how a number is written, aside. */
static bool same_value(const char *a, const char *b)
{
	for (;;) {
		size_t n, m;
		char *end_a, *end_b;
		bool same;

		a += strspn(a, BLANKS);
		b += strspn(b, BLANKS);
		if (!*a || !*b)
			return *a == *b;
		n = strcspn(a, BLANKS);
		m = strcspn(b, BLANKS);
		same = n == m && memcmp(a, b, n) == 0;
		if (!same && n <= DIGITS_AT_MOST && m <= DIGITS_AT_MOST)
			same = strtoll(a, &end_a, 0) == strtoll(b, &end_b, 0) && end_a == a + n &&
			       end_b == b + m;
		if (!same)
			return false;
		a += n;
		b += m;
	}
}

/*
 * Whether what is read behind setting back is what was set, and not the next change. A pinned value that
 * the kernel writes otherwise is known from when it was set; or, where somebody was let through since, is
 * taken for it when it is not what was just undone.
 */
static bool is_back(const struct guarded_key *key, const char *pinned, const char *changed,
		    const char *now)
{
	if (strcmp(now, key->value) == 0 || (pinned && same_value(now, pinned)))
		return true;
	return pinned && key->passed_ns && strcmp(now, changed) != 0;
}

static int set_back(const struct guarded_key *key, const struct guard_rule *rule,
		    const char *changed, char *now)
{
	char pinned[GUARD_VALUE_BYTES + 1];
	const char *value = key->value;
	int rc;

	if (rule->action == GUARD_PIN) {
		actor_pinned_value(rule, pinned);
		value = pinned;
	}
	rc = key_write(key->name, value);
	if (rc == -EINVAL && set_device_mtu(key->name, value) == 0)
		rc = key_write(key->name, value);
	if (!rc)
		rc = guarded_read(key, now);
	if (!rc && !is_back(key, rule->action == GUARD_PIN ? pinned : NULL, changed, now))
		rc = -EBUSY;
	return rc;
}

/* Sets a key back, as @rule wants it. */
static struct watch_undone undo(struct guarded_key *key, const struct guard_rule *rule,
				const char *changed)
{
	struct watch_undone u = { .doors = key->doors, .changed_ns = key->changed_ns };
	char now[KEYS_VALUE_BYTES];

	snprintf(u.name, sizeof(u.name), "%s", key->name);
	snprintf(u.old_value, sizeof(u.old_value), "%.*s", GUARD_SHOWN_BYTES - 1, key->value);
	snprintf(u.new_value, sizeof(u.new_value), "%.*s", GUARD_SHOWN_BYTES - 1, changed);
	key->undone = (int32_t)strtol(changed, NULL, 10);
	key->undone_ns = loop_now_ns();
	key->passing_ns = 0;
	u.rc = set_back(key, rule, changed, now);
	/* What cannot be set back is not tried for ever; EBUSY: somebody was faster, again. */
	if (u.rc && u.rc != -EBUSY)
		guarded_remember(key, changed);
	else if (!u.rc && rule->action == GUARD_PIN)
		guarded_remember(key, now);
	key->changed_ns = u.rc == -EBUSY ? key->changed_ns : 0;
	return u;
}

/* --- judging --------------------------------------------------------------------------------- */

/*
 * Who went through one of the key's doors about when it changed: he whom a rule forbids it, if any,
 * else one who may. NULL: nobody.
 */
static const struct watch_recent *find_recent(const struct watch *w, const char *name,
					      uint32_t kinds, uint64_t changed_ns,
					      const struct guard_rule **rule)
{
	uint32_t n = w->n_recent < WATCH_RECENT_MAX ? w->n_recent : WATCH_RECENT_MAX;
	const struct watch_recent *allowed = NULL;

	for (uint32_t i = 1; i <= n; i++) {
		const struct watch_recent *r = &w->recent[(w->n_recent - i) % WATCH_RECENT_MAX];

		if (!(kinds & 1u << r->door) || r->taken_ns + WATCH_RECENT_NS < changed_ns)
			continue;
		*rule = actor_judge(&w->rules, name, &r->actor);
		if (*rule)
			return r;
		allowed = allowed ? allowed : r;
	}
	*rule = NULL;
	return allowed;
}

static bool was_passed(const struct guarded_key *key, uint64_t now_ns)
{
	return key->passed_ns && now_ns < key->passed_ns + WATCH_PASSED_NS;
}

static void take_value(struct guarded_key *key, const char *now)
{
	guarded_remember(key, now);
	key->explained_ns = key->passed_ns;
	key->changed_ns = 0;
}

/*
 * A write was let through of which the watcher was not told, or too long ago, since it was held up: that is
 * what has changed the key, once.
 */
static bool was_passed_meanwhile(struct watch *w, struct guarded_key *key)
{
	uint64_t last_ns = enforce_passed_ns(w->setup.enforce, key->name);

	if (last_ns > key->passed_ns)
		key->passed_ns = last_ns;
	return key->passed_ns > key->explained_ns;
}

/* Nobody was seen doing it. */
static void undo_unknown(struct watch *w, struct guarded_key *key, const char *now)
{
	const struct guard_rule *rule = actor_guarded(&w->rules, key->name);
	struct watch_undone u;

	if (was_passed_meanwhile(w, key)) {
		take_value(key, now);
		return;
	}
	if (!rule) {
		take_value(key, now);
		return;
	}
	u = undo(key, rule, now);
	if (w->n_undone == WATCH_UNDONE_MAX || !(u.doors & w->told))
		tell_change(w, &u, DOOR_UNKNOWN, rule, &nobody);
	else
		w->undone[w->n_undone++] = u;
}

/*
 * A door was used, and the key has the value it had: it may have been changed, and changed back before anybody
 * looked. Returns when to ask again, 0: it is told.
 */
static uint64_t decide_used(struct watch *w, struct guarded_key *key, uint64_t now_ns)
{
	const struct guard_rule *rule = actor_judge(&w->rules, key->name, &key->used);
	char name[GUARD_NAME_BYTES], who[96];

	if (key->told_ns && now_ns < key->told_ns + WATCH_USED_NS)
		return key->told_ns + WATCH_USED_NS;
	key->used_ns = 0;
	if (!rule || !key->value)
		return 0;
	key->told_ns = now_ns;
	watch_log(w, rule, key->name, key->value, key->used_value, key->used_door, &key->used,
		  GUARD_DOOR_USED);
	rule_key_print(key->name, name);
	tell_who(&key->used, who, sizeof(who));
	watch_alert(w, "%s has its value, and %s changed and changed back through %s %s", name,
		    *key->used_value ? "was" : "may have been", way_of(key->name, key->used_door),
		    who);
	return 0;
}

/* The kernel told of another value than there is. Returns when to ask again, 0: it is decided. */
static uint64_t decide_passing(struct watch *w, struct guarded_key *key, uint64_t now_ns)
{
	const struct guard_rule *rule;
	const struct watch_recent *r;
	char value[GUARDED_NUMBER_BYTES];

	snprintf(value, sizeof(value), "%d", key->passing);
	r = find_recent(w, key->name, 1u << DOOR_NETLINK, key->passing_ns, &rule);
	if (!r && now_ns < key->passing_ns + WATCH_TOLD_NS)
		return key->passing_ns + WATCH_TOLD_NS;
	key->passing_ns = 0;
	/* It is what is there now, by who may; or nobody was seen who could have done it. */
	if (!r || !rule || !key->value || strcmp(value, key->value) == 0)
		return 0;
	key->used = r->actor;
	key->used_ns = now_ns;
	key->used_door = DOOR_NETLINK;
	memcpy(key->used_value, value, sizeof(value));
	return 0;
}

void watch_passing(struct watch *w, const struct watch_link *link, uint64_t now_ns)
{
	int32_t value;

	for (uint32_t i = 0; i < w->own.n_keys; i++) {
		struct guarded_key *key = &w->own.keys[i];

		if (!key->value || !watch_link_value(link, key->name, &value) ||
		    (int32_t)strtol(key->value, NULL, 10) == value)
			continue;
		/* That is told already: the message had to wait. */
		if (key->undone == value && now_ns < key->undone_ns + WATCH_USED_NS)
			continue;
		key->passing = value;
		key->passing_ns = now_ns;
		watch_decide_at(w, now_ns + WATCH_SETTLE_NS);
	}
}

void watch_used(struct watch *w, const char *name, const struct actor *actor, uint64_t now_ns)
{
	for (uint32_t i = 0; i < w->own.n_keys; i++) {
		struct guarded_key *key = &w->own.keys[i];

		if (strcmp(key->name, name) != 0 || !actor_judge(&w->rules, name, actor))
			continue;
		key->used = *actor;
		key->used_ns = now_ns;
		key->used_door = DOOR_SYSCALL;
		key->used_value[0] = '\0';
		watch_decide_at(w, now_ns + WATCH_SETTLE_NS);
	}
}

/* A key that was seen changed. Returns when to ask again, 0: it is decided. */
static uint64_t decide_key(struct watch *w, struct guarded_key *key, uint64_t now_ns)
{
	uint64_t until_ns =
		key->changed_ns + (key->doors & w->told ? WATCH_TOLD_NS : WATCH_UNKNOWN_NS);
	const struct guard_rule *rule;
	const struct watch_recent *r;
	char now[KEYS_VALUE_BYTES];
	struct watch_undone u;

	if (guarded_read(key, now) || !key->value || strcmp(now, key->value) == 0) {
		/* A write that was let through may still be on its way. */
		if (was_passed(key, now_ns))
			return now_ns + WATCH_UNKNOWN_NS;
		key->explained_ns = key->passed_ns;
		key->changed_ns = 0;
		return 0;
	}
	r = find_recent(w, key->name, key->doors, key->changed_ns, &rule);
	if (r && rule && (!was_passed(key, now_ns) || r->ns > key->passed_ns)) {
		u = undo(key, rule, now);
		tell_change(w, &u, r->door, rule, &r->actor);
		key->used_ns = 0;
	} else if (r || was_passed(key, now_ns)) {
		take_value(key, now);
	} else if (now_ns < until_ns) {
		return until_ns;
	} else {
		undo_unknown(w, key, now);
	}
	return key->changed_ns ? now_ns + WATCH_UNKNOWN_NS : 0;
}

/* Who did it is known now; that he used a door is told by that. */
static void tell_late(struct watch *w, const struct watch_undone *u, const struct watch_recent *r,
		      const struct guard_rule *rule)
{
	tell_change(w, u, r->door, rule, &r->actor);
	for (uint32_t i = 0; i < w->own.n_keys; i++)
		if (strcmp(w->own.keys[i].name, u->name) == 0)
			w->own.keys[i].used_ns = 0;
}

/* Names that came late. @now_ns: those that waited for too long are logged without. */
static void tell_undone(struct watch *w, uint64_t now_ns)
{
	const struct guard_rule *rule;
	const struct watch_recent *r;
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->n_undone; i++) {
		const struct watch_undone *u = &w->undone[i];

		r = find_recent(w, u->name, u->doors, u->changed_ns, &rule);
		if (r)
			tell_late(w, u, r, rule);
		else if (u->changed_ns + WATCH_LATE_NS <= now_ns)
			tell_change(w, u, DOOR_UNKNOWN, actor_guarded(&w->rules, u->name), &nobody);
		else
			w->undone[n++] = *u;
	}
	w->n_undone = n;
}

void watch_settle(struct watch *w)
{
	tell_undone(w, UINT64_MAX);
}

void watch_decide(struct watch *w, uint64_t now_ns)
{
	tell_undone(w, now_ns);
	for (uint32_t i = 0; i < w->own.n_keys; i++) {
		struct guarded_key *key = &w->own.keys[i];
		uint64_t again = 0;

		if (key->changed_ns)
			again = decide_key(w, key, now_ns);
		if (!key->changed_ns && key->passing_ns)
			again = decide_passing(w, key, now_ns);
		if (!key->changed_ns && key->used_ns)
			again = decide_used(w, key, now_ns);
		if (again)
			watch_decide_at(w, again);
	}
	if (w->n_undone)
		watch_decide_at(w, now_ns + WATCH_TOLD_NS);
}

void watch_look_at(struct watch *w, struct guarded_key *key, uint64_t now_ns)
{
	char now[KEYS_VALUE_BYTES];

	if (guarded_read(key, now))
		return;
	if (!key->value) {
		guarded_remember(key, now);
	} else if (strcmp(now, key->value) == 0) {
		key->changed_ns = 0;
	} else {
		if (!key->changed_ns)
			key->changed_ns = now_ns;
		watch_decide_at(w, now_ns + WATCH_SETTLE_NS);
	}
}

void watch_look(struct watch *w, uint32_t kinds, uint64_t now_ns)
{
	for (uint32_t i = 0; i < w->own.n_keys; i++)
		if (w->own.keys[i].doors & kinds)
			watch_look_at(w, &w->own.keys[i], now_ns);
}

/* --- a space at once ------------------------------------------------------------------------- */

void watch_judge_space(struct watch *w, struct guarded *g, enum door_kind door,
		       const struct actor *actor)
{
	char now[KEYS_VALUE_BYTES];
	struct watch_undone u;

	for (uint32_t i = 0; i < g->n_keys; i++) {
		struct guarded_key *key = &g->keys[i];
		const struct guard_rule *rule;

		if (!(key->doors & 1u << door) || guarded_read(key, now) || !key->value ||
		    strcmp(now, key->value) == 0)
			continue;
		rule = actor_judge(&w->rules, key->name, actor);
		if (rule) {
			u = undo(key, rule, now);
			tell_change(w, &u, door, rule, actor);
		} else {
			take_value(key, now);
		}
	}
}

void watch_set_pins(struct watch *w, struct guarded *g)
{
	char pinned[GUARD_VALUE_BYTES + 1], now[KEYS_VALUE_BYTES], name[GUARD_NAME_BYTES];

	for (uint32_t i = 0; i < g->n_keys; i++) {
		struct guarded_key *key = &g->keys[i];
		const struct guard_rule *rule = actor_guarded(&w->rules, key->name);
		int rc;

		if (!rule || rule->action != GUARD_PIN)
			continue;
		actor_pinned_value(rule, pinned);
		if (key->value && strcmp(key->value, pinned) == 0)
			continue;
		rc = key_write(key->name, pinned);
		if (rc) {
			rule_key_print(key->name, name);
			watch_alert(w, "%s cannot be set to '%s', which %s wants: %s", name, pinned,
				    rule->where, strerror(-rc));
		}
		if (guarded_read(key, now) == 0)
			guarded_remember(key, now);
	}
}
