/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of skep capture: tcpdump's letters (tcpdump(1)), and a few words of our own. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "capture/line.h"
#include "capture/savefile.h"

#define CAPTURE_SNAP_DEFAULT 262144
#define CAPTURE_DEVICES_MAX  16

enum capture_action {
	CAPTURE_RUN,
	CAPTURE_SHOW_FILTER,  /* -d, -dd, -ddd */
	CAPTURE_LIST_DEVICES, /* -D */
	CAPTURE_LIST_LINKS,   /* -L */
	CAPTURE_SHOW_VERSION, /* --version */
};

enum capture_by {
	CAPTURE_BY_ANY,	   /* tc where the kernel and the device allow it, else a packet socket */
	CAPTURE_BY_TC,	   /* --by tc */
	CAPTURE_BY_SOCKET, /* --by socket */
};

struct capture_options {
	enum capture_action action;
	uint32_t show_form;		    /* of -d: 1, 2, 3; 4: eBPF (--ebpf) */
	char *devices[CAPTURE_DEVICES_MAX]; /* -i, also several times or "a,b"; owned */
	uint32_t n_devices;
	const char *read;      /* -r */
	const char *write;     /* -w */
	char *expression;      /* operands joined by blanks, or -F's text; owned */
	uint64_t count;	       /* -c; 0: no bound */
	uint32_t snap;	       /* -s */
	uint64_t file_bytes;   /* -C; 0: no bound */
	uint64_t file_seconds; /* -G; 0: no bound */
	uint64_t file_count;   /* -W; 0: no bound */
	const char *file_done; /* -z: command run on each finished file */
	enum savefile_format format;
	enum savefile_way way; /* -Q */
	enum capture_by by;
	bool micro;	      /* --micro, the default; --nano */
	bool flush_each;      /* -U */
	bool line_buffered;   /* -l */
	bool unoptimized;     /* -O */
	bool print;	      /* --print: lines as well as -w */
	bool count_only;      /* --count */
	bool json;	      /* -o json */
	bool owners;	      /* who sent it: with --owner, terms about processes, pcapng */
	bool immediate;	      /* --immediate-mode: each packet at once, also by a packet socket */
	bool no_verdict;      /* do not find out what became of packets */
	uint32_t buffer_kib;  /* -B; of the ring between kernel and tool */
	uint64_t duration_ns; /* --duration; 0: no end */
	const char *user;     /* -Z */
	struct line_options line;
};

/* 0; 1: help was asked for; -EINVAL with a sentence. */
int capture_options_parse(int argc, char **argv, struct capture_options *o, struct error *err);
void capture_options_deinit(struct capture_options *o);
