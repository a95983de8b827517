/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard/guarded.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "guard/actor.h"
#include "guard/keys.h"

void guarded_init(struct guarded *g, uint64_t cookie, bool own)
{
	*g = (struct guarded){ .cookie = cookie, .own = own };
}

static void keys_free(struct guarded_key *keys, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		free(keys[i].value);
		if (keys[i].fd >= 0)
			close(keys[i].fd);
	}
	free(keys);
}

void guarded_deinit(struct guarded *g)
{
	keys_free(g->keys, g->n_keys);
	memset(g, 0, sizeof(*g));
}

void guarded_remember(struct guarded_key *key, const char *value)
{
	char *copy = value ? xstrdup(value) : NULL;

	free(key->value);
	key->value = copy;
}

int guarded_read(const struct guarded_key *key, char *value)
{
	/* One of a device that went, and came again, is another file now. */
	if (key->fd >= 0 && key_read_fd(key->fd, value) == 0)
		return 0;
	return key_read(key->name, value);
}

/* --- keys ------------------------------------------------------------------------------------ */

static int compare_names(const void *left, const void *right)
{
	const struct guarded_key *a = left, *b = right;

	return strcmp(a->name, b->name);
}

struct finding {
	const struct ruleset *rules;
	bool own;
	struct guarded_key *keys;
	uint32_t n_keys;
};

static int find_key(void *arg, const char *name, unsigned int mode)
{
	struct finding *f = arg;
	struct guarded_key *key;

	if (!(mode & 0222) || !(mode & 0444) || strlen(name) >= GUARD_NAME_BYTES ||
	    (!f->own && strncmp(name, "net/", 4) != 0) || !actor_guarded(f->rules, name) ||
	    key_is_restless(name))
		return 0;
	array_grow(f->keys, f->n_keys);
	key = &f->keys[f->n_keys++];
	memset(key, 0, sizeof(*key));
	key->fd = -1;
	strcpy(key->name, name);
	for (enum door_kind kind = DOOR_ALIAS; kind < DOOR_UNKNOWN; kind++)
		key->doors |= doors_has(name, kind) ? 1u << kind : 0;
	return 0;
}

/* What is known of a key stays; of a new one its value now is. */
static void fill_key(struct guarded *g, struct guarded_key *key, uint32_t place)
{
	struct guarded_key *old =
		g->n_keys ? bsearch(key, g->keys, g->n_keys, sizeof(*g->keys), compare_names)
			  : NULL;
	char value[KEYS_VALUE_BYTES];

	if (old) {
		*key = *old;
		old->value = NULL;
		old->fd = -1;
	}
	if (key->fd < 0 && g->own && place < GUARDED_FDS_MAX)
		key->fd = key_open(key->name, false);
	if (!key->value && key_read(key->name, value) == 0)
		guarded_remember(key, value);
}

void guarded_find(struct guarded *g, const struct ruleset *rules)
{
	struct finding f = { .rules = rules, .own = g->own };

	keys_walk(find_key, &f);
	if (f.n_keys)
		qsort(f.keys, f.n_keys, sizeof(*f.keys), compare_names);
	for (uint32_t i = 0; i < f.n_keys; i++)
		fill_key(g, &f.keys[i], i);
	keys_free(g->keys, g->n_keys);
	g->keys = f.keys;
	g->n_keys = f.n_keys;
}
