/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which cgroups belong to containers somebody named, as a map that programs read: from a cgroup's id to
 * bits (bit i: the i-th name). What is there at the beginning is found by a walk; what comes later is
 * put in by the program that reports cgroups (capture.bpf.c) before anything runs in it, and judged
 * here when the report is read. A cgroup below a container's belongs to it.
 */
#pragma once

#include <stdint.h>

#include "error.h"

#define FOLLOW_NAMES_MAX   16
#define FOLLOW_CGROUPS_MAX 16384

struct follow {
	const char *names[FOLLOW_NAMES_MAX]; /* NULL: this bit is nobody's */
	uint32_t n_names;
	uint32_t found; /* bits of those of which a cgroup was seen */
	int map_fd;	/* -1: nobody is followed */
};

/* Makes the map; names stay the caller's. 0, or -errno with a sentence. */
int follow_init(struct follow *follow, const char *const *names, uint32_t n, struct error *err);
void follow_deinit(struct follow *follow);
/* Puts in what is there now. 0, or -errno with a sentence. */
int follow_walk(struct follow *follow, struct error *err);
/* A cgroup that was made or renamed, and one that went. */
void follow_cgroup(struct follow *follow, uint64_t id, const char *path);
void follow_forget(struct follow *follow, uint64_t id);
