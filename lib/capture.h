/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Captures, read and written by libpcap: every format and byte order it knows, with nanoseconds.
 * A capture cut off in its last packet is read up to there; the reader then says so. Raw IP and
 * Linux cooked packets are given an Ethernet header, since that is what programs expect.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

#define CAPTURE_ETHERNET_BYTES	 14
#define CAPTURE_PACKET_BYTES_MAX (256 * 1024) /* as in libpcap */

struct capture;
struct capture_writer;

struct packet {
	const uint8_t *data;
	uint32_t bytes;	     /* captured */
	uint32_t wire_bytes; /* as it was on the wire */
	uint64_t time_ns;    /* since 1970 */
};

/* 0, or -errno with a sentence. "-" reads standard input. */
int capture_open(const char *path, struct capture **out, struct error *err);
void capture_close(struct capture *cap);
/* 1: *packet is valid until the next call; 0: end; -errno with a sentence: cut off or corrupt. */
int capture_next(struct capture *cap, struct packet *packet, struct error *err);
/* Name of the link type ("EN10MB"); whether packets were given an Ethernet header. */
const char *capture_link_name(const struct capture *cap);
bool capture_is_framed(const struct capture *cap);
/* How far reading has come, 0 to 1; negative when it cannot be known (a pipe). */
double capture_progress(const struct capture *cap);

/* A new capture of @cap's link type, nanosecond time stamps. 0 or -errno with a sentence. */
int capture_writer_open(const char *path, const struct capture *cap, struct capture_writer **out,
			struct error *err);
/* @packet as a program left it: the Ethernet header that capture_next() made is taken off again. */
void capture_write(struct capture_writer *w, const struct packet *packet);
/* 0, or -errno with a sentence: the file is then not complete. */
int capture_writer_close(struct capture_writer *w, struct error *err);
