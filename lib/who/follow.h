/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which cgroups belong to containers somebody named, as a map that programs read: from a cgroup's id to
 * bits (bit i: the i-th name). What is there at the beginning is found by a walk; what comes later is
 * put in by the program that reports cgroups (capture.bpf.c) before anything runs in it, and judged
 * here when the report is read. A cgroup below a container's belongs to it.
 *
 * Or one cgroup is followed by its path: removed and made again, it is another to the kernel. A map of one
 * value has the id of the one made last, put in by the same program.
 */
#pragma once

#include <stdint.h>

#include "error.h"

#define FOLLOW_NAMES_MAX   16
#define FOLLOW_CGROUPS_MAX 16384

struct follow {
	const char *names[FOLLOW_NAMES_MAX]; /* NULL: this bit is nobody's */
	uint32_t n_names;
	uint32_t found;	  /* bits of those of which a cgroup was seen */
	int map_fd;	  /* -1: no container is followed */
	const char *path; /* of the cgroup that is followed, below the mount; NULL: none */
	int again_fd;	  /* the map of its new id, which is 0 until then; -1: none */
};

/* Makes the map; names stay the caller's. 0, or -errno with a sentence. */
int follow_init(struct follow *follow, const char *const *names, uint32_t n, struct error *err);
/* The same for one cgroup by its path, which stays the caller's. */
int follow_init_path(struct follow *follow, const char *path, struct error *err);
void follow_deinit(struct follow *follow);
/* Puts in what is there now. 0, or -errno with a sentence. */
int follow_walk(struct follow *follow, struct error *err);
/* A cgroup that was made or renamed, and one that went. */
void follow_cgroup(struct follow *follow, uint64_t id, const char *path);
void follow_forget(struct follow *follow, uint64_t id);
