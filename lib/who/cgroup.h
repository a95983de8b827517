/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cgroups of the v2 hierarchy: where it is mounted (also on hybrid machines, where v1 has the usual
 * place), and from id to path and back. The id is what bpf_get_current_cgroup_id() returns.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define CGROUP_PATH_BYTES 4096

/* The first cgroup2 mount of this mount namespace. 0, or -ENOENT with a sentence. */
int cgroup_mount(char path[CGROUP_PATH_BYTES], struct error *err);
/* Reads the same from text in the form of /proc/self/mountinfo: 0, or -ENOENT. */
int cgroup_mount_parse(const char *mountinfo, char path[CGROUP_PATH_BYTES]);

/*
 * A path below the mount ("/system.slice/x.service", with or without the slash) or a whole one, to
 * its id and its depth (0: the root). 0, or -errno with a sentence.
 */
int cgroup_id_of(const char *path, uint64_t *id, uint32_t *level, struct error *err);
/* Id to path below the mount ("/" is the root). 0; -ESTALE: no such cgroup any more; -errno. */
int cgroup_path_of(uint64_t id, char path[CGROUP_PATH_BYTES]);
/* The v2 line of /proc/PID/cgroup's text ("0::/x"), the path of it. 0, or -ENOENT. */
int cgroup_line_parse(const char *text, char path[CGROUP_PATH_BYTES]);

/* Calls @fn with every cgroup below the mount, until it returns other than 0, which is returned. */
int cgroup_walk(int (*fn)(void *arg, const char *path, uint64_t id, uint32_t level), void *arg);
