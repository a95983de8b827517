/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who an event was about: from the cgroup id in its record to path, container and pod, remembered so
 * that it is right for what no longer exists. A program reports every cgroup as it is made and as it
 * goes, with its path, so that one which lives for a millisecond has its name; cgroups that were there
 * before are looked up when first met. At most WHO_CGROUPS_MAX are remembered, the oldest forgotten.
 */
#pragma once

#include <stdint.h>

#include "error.h"
#include "who/container.h"
#include "who/follow.h"

#define WHO_CGROUPS_MAX 16384

struct who;
struct loop;

struct who_cgroup {
	const char *path; /* below the mount; never NULL: "" when it is not known */
	struct container container;
};

struct who *who_new(void);
/* NULL is fine; returns NULL. */
struct who *who_free(struct who *who);
/*
 * Starts reporting, records arriving through a ring of @loop. 0, or -errno with a sentence: then names
 * are looked up when first met only, and short-lived cgroups may be missed.
 */
int who_capture(struct who *who, struct loop *loop, struct error *err);
/*
 * The same, and keeps a map of the cgroups of @n containers by name, id or pod (struct follow), which
 * who_followed() then has; NULL names are passed over. @later becomes "", or why containers that start
 * later are not seen. Before who_capture(), which it stands for. 0, or -errno with a sentence: there is no
 * cgroup v2.
 */
int who_follow(struct who *who, struct loop *loop, const char *const *names, uint32_t n,
	       struct error *later, struct error *err);
/*
 * The same for one cgroup by its path below the mount, which stays the caller's: made again, it is known by
 * its new id. 0, or -errno with a sentence: then it will not be seen.
 */
int who_follow_path(struct who *who, struct loop *loop, const char *path, struct error *err);
/* NULL: nobody is followed. */
const struct follow *who_followed(const struct who *who);
/* Valid until the next call; never NULL. */
const struct who_cgroup *who_cgroup(struct who *who, uint64_t cgroup_id);
/* Remembers a cgroup by hand: what the program reports, and tests. */
void who_learn(struct who *who, uint64_t cgroup_id, const char *path);
