/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file packets are written to: pcapng (draft-ietf-opsawg-pcapng), which has room for who sent a
 * packet and for what was lost, or pcap for what reads nothing else. libpcap writes no pcapng.
 *
 * Blocks are gathered and written whole: when the disk is full, the file is cut back to its last
 * whole packet and stays valid.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

enum savefile_format {
	SAVEFILE_PCAPNG,
	SAVEFILE_PCAP
};

enum savefile_way {
	SAVEFILE_WAY_UNKNOWN,
	SAVEFILE_WAY_IN,
	SAVEFILE_WAY_OUT
};

struct savefile_setup {
	enum savefile_format format;
	uint16_t link_type;	/* LINKTYPE_*; of all interfaces */
	uint32_t snap;		/* bytes kept of a packet at most */
	bool micro;		/* pcap: microseconds, as all readers know; else nanoseconds */
	const char *filter;	/* the expression; NULL or "": none */
	bool flush_each;	/* -U */
	bool overwrite_refused; /* fail where the file exists */
};

struct savefile_packet {
	const uint8_t *data;
	uint32_t bytes;
	uint32_t wire_bytes;
	uint64_t time_ns; /* since 1970 */
	uint32_t interface;
	enum savefile_way way;
	const char *comment; /* NULL: none */
};

struct savefile_counts {
	uint64_t received;
	uint64_t accepted; /* by the filter */
	uint64_t dropped;  /* for want of room */
};

struct savefile;

/* "-" is standard output. 0, or -errno with a sentence. */
int savefile_open(const char *path, const struct savefile_setup *setup, struct savefile **out,
		  struct error *err);
/* Names an interface; its number, from 0. pcap has none of that: always 0. */
uint32_t savefile_interface(struct savefile *f, const char *name);
/* 0, or -errno with a sentence: nothing of the packet is in the file. */
int savefile_packet(struct savefile *f, const struct savefile_packet *packet, struct error *err);
/* What an interface's numbers are at the end (pcapng; pcap has no place for them). */
void savefile_counts(struct savefile *f, uint32_t interface, uint64_t time_ns,
		     const struct savefile_counts *counts);
/* Bytes in the file and gathered for it. */
uint64_t savefile_bytes(const struct savefile *f);
/* 0, or -errno with a sentence: the file ends with the last packet there was room for. */
int savefile_flush(struct savefile *f, struct error *err);
int savefile_close(struct savefile *f, struct error *err);
