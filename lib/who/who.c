/* SPDX-License-Identifier: BSD-2-Clause */
#include "who/who.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "who/capture.h"
#include "who/cgroup.h"

#define HASH_SLOTS (2 * WHO_CGROUPS_MAX)
#define EMPTY	   UINT32_MAX

struct entry {
	uint64_t id;
	struct who_cgroup cgroup;
	uint32_t next;
};

struct who {
	struct entry *entries; /* grows to WHO_CGROUPS_MAX, then the oldest is overwritten */
	uint32_t n_entries, oldest;
	uint32_t *heads; /* HASH_SLOTS */
	struct who_capture *capture;
	struct follow follow; /* its descriptors are -1: nobody is followed */
};

struct who *who_new(void)
{
	struct who *who = xcalloc(1, sizeof(*who));

	who->follow.map_fd = who->follow.again_fd = -1;
	return who;
}

struct who *who_free(struct who *who)
{
	if (!who)
		return NULL;
	who_capture_free(who->capture);
	follow_deinit(&who->follow);
	for (uint32_t i = 0; i < who->n_entries; i++)
		free((char *)who->entries[i].cgroup.path);
	free(who->entries);
	free(who->heads);
	free(who);
	return NULL;
}

static uint32_t *head_of(struct who *who, uint64_t id)
{
	return &who->heads[(id * 0x9e3779b97f4a7c15ull >> 32) & (HASH_SLOTS - 1)];
}

static struct entry *find(struct who *who, uint64_t id)
{
	if (!who->heads)
		return NULL;
	for (uint32_t i = *head_of(who, id); i != EMPTY; i = who->entries[i].next)
		if (who->entries[i].id == id)
			return &who->entries[i];
	return NULL;
}

static void unlink_entry(struct who *who, uint32_t index)
{
	uint32_t *link = head_of(who, who->entries[index].id);

	while (*link != index)
		link = &who->entries[*link].next;
	*link = who->entries[index].next;
	free((char *)who->entries[index].cgroup.path);
}

static uint32_t take_entry(struct who *who)
{
	uint32_t index = who->n_entries;

	if (!who->heads) {
		who->heads = xrealloc(NULL, HASH_SLOTS * sizeof(*who->heads));
		memset(who->heads, 0xff, HASH_SLOTS * sizeof(*who->heads));
	}
	if (index == WHO_CGROUPS_MAX) {
		index = who->oldest;
		who->oldest = (who->oldest + 1) % WHO_CGROUPS_MAX;
		unlink_entry(who, index);
		return index;
	}
	array_grow(who->entries, who->n_entries);
	who->n_entries++;
	return index;
}

static struct entry *learn(struct who *who, uint64_t id, const char *path)
{
	struct entry *entry = find(who, id);
	uint32_t index;

	if (entry) { /* it was renamed, or its end is reported */
		free((char *)entry->cgroup.path);
	} else {
		index = take_entry(who);
		entry = &who->entries[index];
		entry->id = id;
		entry->next = *head_of(who, id);
		*head_of(who, id) = index;
	}
	entry->cgroup.path = xstrdup(path);
	container_of_path(path, &entry->cgroup.container);
	return entry;
}

void who_learn(struct who *who, uint64_t cgroup_id, const char *path)
{
	learn(who, cgroup_id, path);
}

const struct who_cgroup *who_cgroup(struct who *who, uint64_t cgroup_id)
{
	struct entry *entry = find(who, cgroup_id);
	char path[CGROUP_PATH_BYTES];

	if (entry)
		return &entry->cgroup;
	/* What has gone may have been reported, only not read yet. */
	if (cgroup_path_of(cgroup_id, path)) {
		who_capture_poll(who->capture);
		entry = find(who, cgroup_id);
		if (entry)
			return &entry->cgroup;
		path[0] = '\0'; /* it will not come back: nobody looks again */
	}
	return &learn(who, cgroup_id, path)->cgroup;
}

int who_capture(struct who *who, struct loop *loop, struct error *err)
{
	return who->capture ? 0 : who_capture_new(who, loop, NULL, &who->capture, err);
}

int who_follow(struct who *who, struct loop *loop, const char *const *names, uint32_t n,
	       struct error *later, struct error *err)
{
	char mount[CGROUP_PATH_BYTES];
	int rc = cgroup_mount(mount, err);

	if (!rc)
		rc = follow_init(&who->follow, names, n, err);
	if (rc)
		return rc;
	/* First, so that none comes between the walk and its beginning. */
	later->text[0] = '\0';
	who_capture_new(who, loop, &who->follow, &who->capture, later);
	return follow_walk(&who->follow, err);
}

int who_follow_path(struct who *who, struct loop *loop, const char *path, struct error *err)
{
	int rc = follow_init_path(&who->follow, path, err);

	return rc ? rc : who_capture_new(who, loop, &who->follow, &who->capture, err);
}

const struct follow *who_followed(const struct who *who)
{
	return who->follow.map_fd >= 0 || who->follow.again_fd >= 0 ? &who->follow : NULL;
}
