/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* What capture.c and its program share. */
#pragma once

#include <linux/types.h>

#define CAPTURE_PATH_BYTES   1024 /* a longer path is looked up instead */
#define CAPTURE_RING_BYTES   (128 * 1024)
#define CAPTURE_WANTED_MAX   16
#define CAPTURE_WANTED_BYTES 128

/* A cgroup of the v2 hierarchy that was made, renamed, or is going. */
struct capture_record {
	__u64 id;
	__u64 is_going;
	char path[CAPTURE_PATH_BYTES]; /* as much as is used, with its NUL */
};

/* What a container is called by who follows it (who/follow.h). */
struct capture_wanted {
	char text[CAPTURE_WANTED_BYTES]; /* with a NUL; "": nothing */
	__u32 is_id;			 /* text may be the beginning of an id */
};
