/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which processes a tool looks at: as the command line says it (struct filter), and as its programs
 * read it (struct filter_settings, filter-api.bpf.h). The kernel filters; nothing is thrown away here.
 *
 * A container is known by a map that follows it (who_follow()), since it may start after the tool did; a
 * cgroup that is made again in its place by who_follow_path().
 *
 * What it does not do: follow children, or wait for a cgroup that never was there.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "tool/filter-api.bpf.h"

struct filter {
	uint32_t pid; /* 0: any */
	uint32_t tid; /* 0: any */
	bool has_uid;
	uint32_t uid;
	const char *comm;      /* NULL: any; at most 15 bytes, as the kernel keeps them */
	const char *cgroup;    /* a path below the cgroup v2 mount, or a whole one; NULL: any */
	const char *container; /* beginning of an id, a name, or a pod's uid; NULL: any */
	const char *netns;     /* "PATH" of a namespace file, or the pid of a process in it; NULL: any */
};

/* A user's name or number. 0, or -ENOENT with a sentence. */
int filter_user_parse(const char *text, uint32_t *uid, struct error *err);

/*
 * Resolves names to the numbers programs compare; a container only to settings->follows, for who asks
 * then fills filter_containers. 0, or -errno with a sentence: no such cgroup, namespace file or process; no kernel BTF (only with netns).
 */
int filter_settings_make(const struct filter *filter, struct filter_settings *settings,
			 struct error *err);
/* To be called when a tool has changed its settings: brings settings->any up to date. */
void filter_settings_seal(struct filter_settings *settings);
