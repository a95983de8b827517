/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The comments of a pcapng file's packets, which libpcap passes over: the file is read a second time,
 * packet by packet as libpcap hands them out. The file is a stranger's: nothing in it is trusted, and
 * where it cannot be made out there are no more comments.
 */
#pragma once

struct comments;

/* NULL: not a regular file, or not pcapng. */
struct comments *comments_open(const char *path);
/* Of the next packet: its first one, until the next call; NULL: it has none. */
const char *comments_next(struct comments *c);
/* NULL is fine. */
void comments_close(struct comments *c);
