/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What becomes of captured packets: dropped, with the kernel's reason, or not. Programs at the kernel's
 * tracepoints for freed packets (fate.bpf.c) note the drops of packets that were captured; who reads a
 * packet's record some time after it was made finds them. What cannot be told is said to be unknown,
 * and counted by its cause.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

enum fate_kind {
	FATE_NONE, /* not watched */
	FATE_PASSED,
	FATE_DROPPED,
	FATE_UNKNOWN
};

struct fate {
	enum fate_kind kind;
	const char *reason; /* of a drop, as the kernel calls it: "NO_SOCKET"; NULL: see code */
	uint32_t code;	    /* of a drop */
};

struct fate_counts {
	uint64_t early; /* looked for before their time */
	uint64_t lost;	/* the place where it would stand was another's */
};

struct fates;

/* How many entries the map of fates needs for each CPU that may be: a power of two. */
uint32_t fates_of_cpu(void);
/* ... and all of them. 0: that cannot be said. */
uint32_t fates_of_all(void);
/* Watches: from now on drops are noted in the maps (live.bpf.c). 0, or -errno with a sentence. */
int fates_open(int skbs_fd, int fates_fd, struct fates **out, struct error *err);
/* Of the packet whose record says @index and @serial; @early: it may still be on its way. */
struct fate fates_find(struct fates *f, uint32_t index, uint64_t serial, bool early);
struct fate_counts fates_counts(const struct fates *f);
/* NULL is fine. */
void fates_close(struct fates *f);
