/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The container and pod a cgroup belongs to, by its path alone: docker, containerd, CRI-O, podman,
 * Kubernetes (systemd and cgroupfs drivers), LXC, systemd-nspawn and libvirt machines. No runtime is
 * asked, so a name a runtime keeps to itself is not known: then the name is the first 12 digits of
 * the id.
 */
#pragma once

#include <stdbool.h>

#define CONTAINER_ID_BYTES   65 /* 64 digits and a NUL */
#define CONTAINER_NAME_BYTES 128
#define CONTAINER_POD_BYTES  37 /* a UUID and a NUL; dashes restored */

struct container {
	char runtime[16]; /* "docker", "containerd", "crio", "podman", "lxc", "nspawn", ... */
	char id[CONTAINER_ID_BYTES];	 /* 64 hexadecimal digits; "" when the path has none */
	char name[CONTAINER_NAME_BYTES]; /* from the path, or the first 12 digits of the id */
	char pod[CONTAINER_POD_BYTES];	 /* "" when it is in none */
};

/* Whether @path (below the cgroup mount) is in a container or a pod; fills @c (all "" if not). */
bool container_of_path(const char *path, struct container *c);
/* Whether what a user wrote means this: its whole name, its pod, or at least 3 digits its id begins
 * with. */
bool container_is(const struct container *c, const char *wanted);
/* Whether the cgroup of this path, or one it is below, is in a container or pod of that name. */
bool container_above(const char *path, const char *wanted);
