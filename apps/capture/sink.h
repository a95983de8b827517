/* SPDX-License-Identifier: BSD-2-Clause */
/* Where captured packets go: lines or JSON on standard output, files that follow one another. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "capture/fate.h"
#include "capture/options.h"
#include "error.h"

/* A packet and what is known of it. */
struct captured {
	struct line_packet packet;
	const char *interface; /* NULL: not known */
	enum savefile_way way;
	uint32_t pid; /* 0: not known */
	const char *comm;
	const char *container;
	const char *pod;
	const char *cgroup;
	struct fate fate;
	const char *comment; /* of a file's packet, in place of all these; NULL: none */
};

struct sink;

/* @link_type: LINKTYPE_* of the files. 0, or -errno with a sentence. */
int sink_open(const struct capture_options *options, uint16_t link_type, uint32_t snap,
	      struct sink **out, struct error *err);
/* 0; 1: that was the last one (-c, -W); -errno with a sentence. */
int sink_packet(struct sink *sink, const struct captured *c, struct error *err);
/* Writes out what was gathered for a terminal or a pipe. */
int sink_flush(struct sink *sink, struct error *err);
/* Writes out what was gathered for the file, too. */
int sink_write_out(struct sink *sink, struct error *err);
uint64_t sink_packets(const struct sink *sink);
/* "5 packets": of --count. */
void sink_print_count(const struct sink *sink);
/* Numbers for the ends of files (pcapng). */
void sink_counts(struct sink *sink, const struct savefile_counts *counts);
int sink_close(struct sink *sink, struct error *err);
