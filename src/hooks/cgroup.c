/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attaching to cgroups. Each cgroup has a list of what is attached to it, changed under the hooks lock.
 * A cgroup with a list that is not empty has an array of all that runs for a task in it, made anew
 * for it and those below it on every change; a task in a cgroup without meets the nearest one above.
 * A change that runs out of memory changes nothing; one that takes a program off cannot fail.
 */
#include "hooks/cgroup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/macros.h"
#include "hooks/state.h"

/* One thing attached: a program, or a link, which has one. */
struct attached {
	struct prog *prog; /* holds a reference; NULL: a link */
	struct bpf_link *link;
	uint32_t flags; /* with BPF_F_PREORDER, which is each one's own */
};

struct cgroup_progs {
	uint32_t flags; /* BPF_F_ALLOW_OVERRIDE or BPF_F_ALLOW_MULTI: the same for all */
	uint32_t n;
	struct attached items[HOOK_CGROUP_PROGS_MAX];
};

struct cgroup_link {
	struct bpf_link link;  /* first */
	struct cgroup *cgroup; /* NULL: detached */
	struct cgroup *made_in;
	uint64_t made_at; /* its changes, with this one */
};

enum cgroup_hook hook_cgroup_of(uint32_t attach_type)
{
	return attach_type == BPF_CGROUP_SYSCTL ? CGROUP_HOOK_SYSCTL : CGROUP_HOOK_MAX;
}

static struct cgroup_link *cgroup_link_of(const struct bpf_link *link)
{
	return container_of(link, struct cgroup_link, link);
}

static struct prog *prog_in(const struct attached *item)
{
	return item->link ? atomic_load(&item->link->prog) : item->prog;
}

static uint32_t count(const struct cgroup *cgroup, enum cgroup_hook hook)
{
	return cgroup->at[hook].progs ? cgroup->at[hook].progs->n : 0;
}

static uint32_t flags_of(const struct cgroup *cgroup, enum cgroup_hook hook)
{
	return count(cgroup, hook) ? cgroup->at[hook].progs->flags : 0;
}

static bool is_beneath(const struct cgroup *cgroup, const struct cgroup *top)
{
	while (cgroup && cgroup != top)
		cgroup = cgroup->parent;
	return cgroup == top;
}

/* The next cgroup after @after with a list of its own, at or beneath @top; NULL begins, and is the end. */
static struct cgroup *next_beneath(struct cgroup *top, enum cgroup_hook hook, struct cgroup *after)
{
	struct cgroup *cgroup = after;

	while ((cgroup = cgroup_next(top->engine, cgroup)))
		if (cgroup->at[hook].progs && is_beneath(cgroup, top))
			break;
	return cgroup;
}

/* --- what runs for a task ----------------------------------------------------------------------- */

/* The items of @cgroup's own list with (or without) BPF_F_PREORDER behind those in @array. */
static void append(struct run_array *array, const struct cgroup *cgroup, enum cgroup_hook hook,
		   bool preorder)
{
	const struct cgroup_progs *progs = cgroup->at[hook].progs;

	for (uint32_t i = 0; i < progs->n; i++)
		if (!!(progs->items[i].flags & BPF_F_PREORDER) == preorder)
			array->items[array->n++] = (struct run_array_item){
				.prog = prog_in(&progs->items[i]),
				.link = progs->items[i].link,
				.cookie = cgroup->id,
			};
}

/*
 * @cgroup's own programs, then its ancestors' as far as they allow several; those with BPF_F_PREORDER
 * before all others, and the uppermost cgroup's first. Its list is not empty. NULL: no memory.
 */
static struct run_array *effective_of(const struct cgroup *cgroup, enum cgroup_hook hook)
{
	const struct cgroup *levels[CGROUP_LEVELS_MAX];
	uint32_t n_levels = 0, total = 0;
	struct run_array *array;

	for (const struct cgroup *c = cgroup; c; c = c->parent) {
		if (c != cgroup && !(flags_of(c, hook) & BPF_F_ALLOW_MULTI))
			continue;
		levels[n_levels++] = c;
		total += count(c, hook);
	}
	array = run_array_new(total);
	if (!array)
		return NULL;
	array->n = 0;
	for (uint32_t i = n_levels; i--;)
		append(array, levels[i], hook, true);
	for (uint32_t i = 0; i < n_levels; i++)
		append(array, levels[i], hook, false);
	return array;
}

/* Makes the arrays anew that @top's list is part of: 0, or -ENOMEM and all is as it was. */
static int refresh(struct cgroup *top, enum cgroup_hook hook)
{
	struct cgroup *c = NULL;
	bool failed = false;

	while (!failed && (c = next_beneath(top, hook, c))) {
		c->at[hook].staged = count(c, hook) ? effective_of(c, hook) : NULL;
		failed = count(c, hook) && !c->at[hook].staged;
	}
	for (c = NULL; (c = next_beneath(top, hook, c)); c->at[hook].staged = NULL) {
		if (failed)
			free(c->at[hook].staged);
		else
			run_array_free_deferred(c->engine,
						atomic_exchange(&c->at[hook].effective,
								c->at[hook].staged));
	}
	return failed ? -ENOMEM : 0;
}

/* In all arrays, in place: the program of what is attached to @top becomes @prog (NULL: skipped). */
static void overwrite(struct cgroup *top, enum cgroup_hook hook, const struct attached *what,
		      struct prog *prog)
{
	struct prog *now = prog_in(what);
	struct cgroup *c = NULL;

	while ((c = next_beneath(top, hook, c))) {
		struct run_array *array = atomic_load(&c->at[hook].effective);

		for (uint32_t i = 0; array && i < array->n; i++)
			if (array->items[i].cookie == top->id && array->items[i].prog == now &&
			    array->items[i].link == what->link)
				__atomic_store_n(&array->items[i].prog, prog, __ATOMIC_RELAXED);
		if (array && !count(c, hook))
			run_array_free_deferred(c->engine, atomic_exchange(
								   &c->at[hook].effective, NULL));
	}
}

/* The nearest cgroup with programs, @cgroup or above it, says what runs. */
static const struct run_array *array_for(const struct cgroup *cgroup, enum cgroup_hook hook)
{
	const struct run_array *array = NULL;

	for (; cgroup && !array; cgroup = cgroup->parent)
		array = atomic_load_explicit(&cgroup->at[hook].effective, memory_order_acquire);
	return array;
}

static bool is_errno(int32_t value)
{
	return value < 0 && value >= -4095; /* MAX_ERRNO */
}

uint32_t hook_cgroup_run(const struct cgroup *cgroup, enum cgroup_hook hook, void *ctx,
			 struct run_ctx *rc)
{
	const struct run_array *array = array_for(cgroup, hook);
	uint32_t n = 0;

	for (uint32_t i = 0; array && i < array->n; i++) {
		const struct prog *prog = run_array_prog(array, i);

		if (!prog)
			continue;
		rc->tail_calls = 0;
		if (!(uint32_t)run_prog(prog, ctx, rc) && !is_errno(rc->retval))
			rc->retval = -EPERM;
		n++;
	}
	return n;
}

/* --- where in the list -------------------------------------------------------------------------- */

/* May programs be attached beneath the nearest ancestor that has some? */
static bool hierarchy_allows(const struct cgroup *cgroup, enum cgroup_hook hook)
{
	for (const struct cgroup *c = cgroup->parent; c; c = c->parent) {
		if (flags_of(c, hook) & BPF_F_ALLOW_MULTI)
			return true;
		if (count(c, hook))
			return flags_of(c, hook) & BPF_F_ALLOW_OVERRIDE;
	}
	return true;
}

static int find_relative(const struct cgroup_progs *progs, const struct hook_cgroup *at)
{
	const struct object *obj = at->relative;

	for (uint32_t i = 0; i < progs->n; i++) {
		const struct attached *item = &progs->items[i];

		if (item->link ? &item->link->obj != obj : &item->prog->obj != obj)
			continue;
		if ((item->flags ^ at->flags) & BPF_F_PREORDER)
			return -EINVAL;
		return (int)i;
	}
	return -ENOENT;
}

/* The index the new item gets, or -errno. */
static int position(const struct cgroup_progs *progs, const struct hook_cgroup *at, bool is_link)
{
	bool before = at->flags & BPF_F_BEFORE, after = at->flags & BPF_F_AFTER;
	int found;

	if (!at->is_relative) {
		if (progs->n && before && after)
			return -EINVAL;
		return before ? 0 : (int)progs->n;
	}
	if (before == after || !!(at->flags & BPF_F_LINK) != is_link)
		return -EINVAL;
	if (!at->relative)
		return at->relative_err;
	found = find_relative(progs, at);
	return found < 0 || before ? found : found + 1;
}

/* The index of the item a new program takes the place of; progs->n: of none; -EINVAL, -ENOENT. */
static int find_place(const struct cgroup_progs *progs, const struct prog *prog,
		      const struct hook_cgroup *at)
{
	uint32_t found = progs->n;

	if (!(at->flags & BPF_F_ALLOW_MULTI))
		return 0;
	for (uint32_t i = 0; i < progs->n; i++) {
		if (prog && progs->items[i].prog == prog && prog != at->replace)
			return -EINVAL;
		if (at->replace && progs->items[i].prog == at->replace)
			found = i;
	}
	return at->replace && found == progs->n ? -ENOENT : (int)found;
}

/* --- attaching and detaching -------------------------------------------------------------------- */

static int check_flags(const struct hook_cgroup *at, enum cgroup_hook hook)
{
	const uint32_t both = BPF_F_ALLOW_OVERRIDE | BPF_F_ALLOW_MULTI, flags = at->flags;
	const struct cgroup *cgroup = at->cgroup;

	if ((flags & both) == both || ((flags & BPF_F_REPLACE) && !(flags & BPF_F_ALLOW_MULTI)))
		return -EINVAL;
	if ((flags & BPF_F_REPLACE) && (flags & (BPF_F_BEFORE | BPF_F_AFTER)))
		return -EINVAL;
	if (at->expected_revision && at->expected_revision != cgroup->at[hook].changes + 1)
		return -ESTALE;
	if (!hierarchy_allows(cgroup, hook))
		return -EPERM;
	if (count(cgroup, hook) && flags_of(cgroup, hook) != (flags & both))
		return -EPERM;
	return count(cgroup, hook) >= HOOK_CGROUP_PROGS_MAX ? -E2BIG : 0;
}

/* Puts @new into the list where the request wants it; *old: what it is instead of. */
static int put(struct cgroup_progs *progs, const struct hook_cgroup *at, struct attached new,
	       struct attached *old)
{
	int pos = find_place(progs, new.prog, at);

	if (pos < 0)
		return pos;
	if ((uint32_t)pos < progs->n) {
		*old = progs->items[pos];
	} else {
		pos = position(progs, at, new.link != NULL);
		if (pos < 0)
			return pos;
		memmove(progs->items + pos + 1, progs->items + pos,
			(progs->n++ - (uint32_t)pos) * sizeof(new));
	}
	progs->items[pos] = new;
	progs->flags = at->flags & (BPF_F_ALLOW_OVERRIDE | BPF_F_ALLOW_MULTI);
	return 0;
}

/* hooks lock held. */
static int attach(const struct hook_cgroup *at, struct attached new, struct attached *old)
{
	enum cgroup_hook hook = hook_cgroup_of(at->attach_type);
	struct cgroup_progs **progs = &at->cgroup->at[hook].progs, saved;
	int err = check_flags(at, hook);

	if (err)
		return err;
	if (!*progs)
		*progs = mem_zalloc(sizeof(**progs));
	if (!*progs)
		return -ENOMEM;
	saved = **progs;
	err = put(*progs, at, new, old);
	if (!err)
		err = refresh(at->cgroup, hook);
	if (err)
		**progs = saved;
	else
		at->cgroup->at[hook].changes++;
	return err;
}

int hook_cgroup_attach(struct prog *prog, const struct hook_cgroup *at)
{
	struct attached new = { .prog = prog, .flags = at->flags }, old = { NULL };
	int err;

	hooks_lock(prog->obj.engine);
	err = attach(at, new, &old);
	if (!err)
		object_get(&prog->obj);
	hooks_unlock(prog->obj.engine);
	if (!err && old.prog)
		object_put(&old.prog->obj);
	return err;
}

/* hooks lock held. Without memory for shorter arrays the longer ones skip it. */
static void take_off(struct cgroup *cgroup, enum cgroup_hook hook, uint32_t i)
{
	struct cgroup_progs *progs = cgroup->at[hook].progs;
	struct attached item = progs->items[i];

	progs->n--;
	memmove(progs->items + i, progs->items + i + 1, (progs->n - i) * sizeof(item));
	if (refresh(cgroup, hook))
		overwrite(cgroup, hook, &item, NULL);
	cgroup->at[hook].changes++;
}

/* The index of what is to go, or -errno. */
static int find_attached(const struct cgroup *cgroup, enum cgroup_hook hook, const struct prog *prog)
{
	const struct cgroup_progs *progs = cgroup->at[hook].progs;

	if (!(flags_of(cgroup, hook) & BPF_F_ALLOW_MULTI))
		return count(cgroup, hook) ? 0 : -ENOENT;
	if (!prog)
		return -EINVAL;
	for (uint32_t i = 0; i < progs->n; i++)
		if (progs->items[i].prog == prog)
			return (int)i;
	return -ENOENT;
}

int hook_cgroup_detach(struct cgroup *cgroup, uint32_t attach_type, struct prog *prog,
		       uint64_t expected_revision)
{
	enum cgroup_hook hook = hook_cgroup_of(attach_type);
	struct prog *old = NULL;
	int at;

	if (hook == CGROUP_HOOK_MAX)
		return expected_revision > 1 ? -ESTALE : -ENOENT;
	hooks_lock(cgroup->engine);
	if (expected_revision && expected_revision != cgroup->at[hook].changes + 1)
		at = -ESTALE;
	else
		at = find_attached(cgroup, hook, prog);
	if (at >= 0) {
		old = cgroup->at[hook].progs->items[at].prog;
		take_off(cgroup, hook, (uint32_t)at);
	}
	hooks_unlock(cgroup->engine);
	if (old)
		object_put(&old->obj);
	return at < 0 ? at : 0;
}

void hook_cgroup_query(const struct cgroup *cgroup, uint32_t attach_type, bool effective,
		       struct hook_cgroup_list *list)
{
	enum cgroup_hook hook = hook_cgroup_of(attach_type);
	const struct run_array *array;

	list->revision = 1;
	list->flags = list->n = 0;
	if (hook == CGROUP_HOOK_MAX)
		return;
	hooks_lock(cgroup->engine);
	array = effective ? array_for(cgroup, hook) : NULL;
	for (uint32_t i = 0; array && i < array->n; i++)
		if (run_array_prog(array, i))
			list->prog_ids[list->n++] = array->items[i].prog->obj.id;
	for (uint32_t i = 0; !effective && i < count(cgroup, hook); i++)
		list->prog_ids[list->n++] = prog_in(&cgroup->at[hook].progs->items[i])->obj.id;
	list->flags = flags_of(cgroup, hook);
	list->revision = cgroup->at[hook].changes + 1;
	hooks_unlock(cgroup->engine);
}

/* --- links -------------------------------------------------------------------------------------- */

/* hooks lock held. The link's place in its cgroup's list. */
static uint32_t index_of(const struct bpf_link *link, enum cgroup_hook hook)
{
	const struct cgroup_progs *progs = cgroup_link_of(link)->cgroup->at[hook].progs;
	uint32_t i = 0;

	while (progs->items[i].link != link)
		i++;
	return i;
}

static void detach(struct bpf_link *link)
{
	enum cgroup_hook hook = hook_cgroup_of(link->attach_type);
	struct cgroup_link *self = cgroup_link_of(link);

	hooks_lock(link->obj.engine);
	if (self->cgroup)
		take_off(self->cgroup, hook, index_of(link, hook));
	self->cgroup = NULL;
	hooks_unlock(link->obj.engine);
}

static int update(struct bpf_link *link, struct prog *prog, struct prog *old)
{
	enum cgroup_hook hook = hook_cgroup_of(link->attach_type);
	struct cgroup *cgroup;
	int err = 0;

	hooks_lock(link->obj.engine);
	cgroup = cgroup_link_of(link)->cgroup;
	if (!cgroup)
		err = -ENOLINK;
	else if (old && atomic_load(&link->prog) != old)
		err = -EPERM;
	else if (atomic_load(&link->prog)->type != prog->type)
		err = -EINVAL;
	if (!err) {
		overwrite(cgroup, hook, &cgroup->at[hook].progs->items[index_of(link, hook)], prog);
		link_set_prog(link, prog);
		cgroup->at[hook].changes++;
	}
	hooks_unlock(link->obj.engine);
	return err;
}

static void fill_info(const struct bpf_link *link, struct bpf_link_info *info)
{
	hooks_lock(link->obj.engine);
	info->cgroup.cgroup_id = cgroup_link_of(link)->cgroup ? cgroup_link_of(link)->cgroup->id : 0;
	info->cgroup.attach_type = link->attach_type;
	hooks_unlock(link->obj.engine);
}

static const struct bpf_link_ops cgroup_link_ops = {
	.detach = detach,
	.update = update,
	.fill_info = fill_info,
};

int hook_link_cgroup(struct prog *prog, const struct hook_cgroup *request, struct bpf_link **out)
{
	struct hook_cgroup at = *request;
	struct attached new = { .flags = at.flags | BPF_F_ALLOW_MULTI }, none;
	struct bpf_link *link;
	int err;

	link = link_new(prog, BPF_LINK_TYPE_CGROUP, at.attach_type, &cgroup_link_ops,
			sizeof(struct cgroup_link));
	if (!link)
		return -ENOMEM;
	new.link = link;
	at.flags = new.flags;
	hooks_lock(link->obj.engine);
	err = attach(&at, new, &none);
	if (!err) {
		cgroup_link_of(link)->cgroup = cgroup_link_of(link)->made_in = at.cgroup;
		cgroup_link_of(link)->made_at = at.cgroup->at[hook_cgroup_of(at.attach_type)].changes;
	}
	hooks_unlock(link->obj.engine);
	if (err)
		object_put(&link->obj);
	else
		*out = link;
	return err;
}

void hook_link_cgroup_forget(struct bpf_link *link)
{
	const struct cgroup_link *self = cgroup_link_of(link);
	uint64_t *changes;

	if (link->ops != &cgroup_link_ops)
		return;
	changes = &self->made_in->at[hook_cgroup_of(link->attach_type)].changes;
	hooks_lock(link->obj.engine);
	if (*changes == self->made_at + 1)
		*changes -= 2;
	hooks_unlock(link->obj.engine);
}

/* --- the end ------------------------------------------------------------------------------------ */

static void take_all_off(struct cgroup *cgroup, enum cgroup_hook hook)
{
	struct cgroup_progs *progs = cgroup->at[hook].progs;

	while (progs && progs->n) {
		struct attached item = progs->items[0];

		if (item.link) {
			item.link->ops->detach(item.link);
			continue;
		}
		hooks_lock(cgroup->engine);
		take_off(cgroup, hook, 0);
		hooks_unlock(cgroup->engine);
		object_put(&item.prog->obj);
	}
}

void hook_cgroup_deinit(struct engine *engine)
{
	struct cgroup *cgroup = NULL;

	while ((cgroup = cgroup_next(engine, cgroup)))
		for (enum cgroup_hook hook = 0; hook < CGROUP_HOOK_MAX; hook++)
			take_all_off(cgroup, hook);
}

void hook_cgroup_free(struct engine *engine)
{
	struct cgroup *cgroup = NULL;

	while ((cgroup = cgroup_next(engine, cgroup)))
		for (enum cgroup_hook hook = 0; hook < CGROUP_HOOK_MAX; hook++) {
			free(cgroup->at[hook].progs);
			cgroup->at[hook].progs = NULL;
		}
}
