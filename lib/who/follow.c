/* SPDX-License-Identifier: BSD-2-Clause */
#include "who/follow.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "who/cgroup.h"
#include "who/container.h"

int follow_init(struct follow *follow, const char *const *names, uint32_t n, struct error *err)
{
	assert(n <= FOLLOW_NAMES_MAX);
	*follow = (struct follow){ .n_names = n, .again_fd = -1 };
	memcpy(follow->names, names, n * sizeof(*names));
	follow->map_fd = bpf_map_create(BPF_MAP_TYPE_HASH, "followed", sizeof(uint64_t),
					sizeof(uint32_t), FOLLOW_CGROUPS_MAX, NULL);
	if (follow->map_fd < 0)
		return error_set(err, -errno, "cannot make a map of cgroups: %s", strerror(errno));
	return 0;
}

int follow_init_path(struct follow *follow, const char *path, struct error *err)
{
	*follow = (struct follow){ .map_fd = -1, .path = path };
	follow->again_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "made_again", sizeof(uint32_t),
					  sizeof(uint64_t), 1, NULL);
	if (follow->again_fd < 0)
		return error_set(err, -errno, "cannot make a map of a cgroup: %s", strerror(errno));
	return 0;
}

void follow_deinit(struct follow *follow)
{
	if (follow->map_fd >= 0)
		close(follow->map_fd);
	if (follow->again_fd >= 0)
		close(follow->again_fd);
	follow->map_fd = follow->again_fd = -1;
}

static uint32_t bits_of(const struct follow *follow, const char *path)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < follow->n_names; i++)
		if (follow->names[i] && container_above(path, follow->names[i]))
			bits |= 1u << i;
	return bits;
}

void follow_cgroup(struct follow *follow, uint64_t id, const char *path)
{
	uint32_t bits = bits_of(follow, path);

	if (!bits) {
		follow_forget(follow, id);
		return;
	}
	bpf_map_update_elem(follow->map_fd, &id, &bits, BPF_ANY);
	follow->found |= bits;
}

void follow_forget(struct follow *follow, uint64_t id)
{
	bpf_map_delete_elem(follow->map_fd, &id);
}

static int take_cgroup(void *arg, const char *path, uint64_t id, uint32_t level)
{
	struct follow *follow = arg;
	uint32_t bits = bits_of(follow, path);

	(void)level;
	if (!bits)
		return 0;
	follow->found |= bits;
	return bpf_map_update_elem(follow->map_fd, &id, &bits, BPF_ANY) ? -errno : 0;
}

int follow_walk(struct follow *follow, struct error *err)
{
	int rc = cgroup_walk(take_cgroup, follow);

	if (rc == -E2BIG)
		return error_set(err, rc,
				 "the containers asked for have more than %d cgroups: give more of "
				 "a name",
				 FOLLOW_CGROUPS_MAX);
	if (rc)
		return error_set(err, rc, "cannot look through cgroups: %s", strerror(-rc));
	return 0;
}
