/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a process that runs a job tells the process that compares: one message per packet, in the same
 * order from every engine. Both ends are one binary, so numbers are in this machine's format.
 */
#pragma once

#include <stdint.h>

#include "buffer.h"
#include "outcome.h"

#define WIRE_PART_BYTES_MAX (1u << 30)

enum wire_kind {
	WIRE_LOADED, /* the program was accepted */
	WIRE_STEP,   /* one packet */
	WIRE_END,    /* all were run; data: why the capture broke off */
	WIRE_FAILED, /* error: -errno; data: the sentence; lines: the verifier's log */
};

enum wire_flag {
	WIRE_INTERRUPTED = 1u << 0,
	WIRE_PRINTK_UNREAD = 1u << 1,
	WIRE_MAPS = 1u << 2, /* the maps' contents are in it */
};

struct wire_head {
	uint32_t kind;
	int32_t error;
	uint64_t packet;
	uint64_t ns;
	uint64_t runs;
	uint64_t n_written;
	uint64_t n_lost;
	uint32_t retval;
	uint32_t bytes_before; /* of the packet */
	uint32_t flags;
	uint32_t ctx_bytes;
	uint32_t part_bytes[4]; /* by enum wire_part */
};

enum wire_part {
	WIRE_DATA,    /* the packet after the program, then the context */
	WIRE_RECORDS, /* outcome records: map, bytes, data */
	WIRE_LINES,   /* texts, each with a NUL */
	WIRE_CONTENTS /* maps, packed one behind the other */
};

struct wire_message {
	struct wire_head head;
	struct buffer parts[4];
};

/* One end of the pipe, with bytes not yet sent or not yet looked at. */
struct wire_end {
	int fd;
	struct buffer pending;
	size_t taken; /* of pending, by the reader */
};

void wire_reset(struct wire_message *m);
void wire_deinit(struct wire_message *m);
void wire_end_deinit(struct wire_end *end);
/* 0 or -errno (-EPIPE: the reader has seen enough). Steps are sent some at a time; anything else is at
 * once, with what came before. */
int wire_send(struct wire_end *end, struct wire_message *m);
/* 0, -EPIPE: the sender is gone, -EBADMSG. */
int wire_receive(struct wire_end *end, struct wire_message *m);

/* What the outcome gained since @from_record and @from_line, into the message and back. */
void wire_put_news(struct wire_message *m, const struct outcome *o, uint32_t from_record,
		   uint32_t from_line);
void wire_take_news(const struct wire_message *m, struct outcome *o);
void wire_put_maps(struct wire_message *m, const struct outcome *o);
/* 0 or -EBADMSG. */
int wire_take_maps(const struct wire_message *m, struct outcome *o);
