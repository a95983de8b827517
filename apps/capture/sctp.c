/* SPDX-License-Identifier: BSD-2-Clause */
/* SCTP (RFC 9260): its chunks by name, the fields of those that carry data or acknowledge it. */
#include "capture/layer.h"

enum {
	HEAD_BYTES = 12,
	CHUNK_BYTES = 4,
	DATA_BYTES = 16,
	CHUNK_DATA = 0,
	CHUNK_INIT = 1,
	CHUNK_INIT_ACK = 2,
	CHUNK_SACK = 3,
};

static const struct layer_name chunks[] = {
	{ CHUNK_DATA, "DATA" }, { CHUNK_INIT, "INIT" }, { CHUNK_INIT_ACK, "INIT ACK" },
	{ CHUNK_SACK, "SACK" }, { 4, "HB REQ" },	{ 5, "HB ACK" },
	{ 6, "ABORT" },		{ 7, "SHUTDOWN" },	{ 8, "SHUTDOWN ACK" },
	{ 9, "OP ERR" },	{ 10, "COOKIE ECHO" },	{ 11, "COOKIE ACK" },
	{ 12, "ECN ECHO" },	{ 13, "CWR" },		{ 14, "SHUTDOWN COMPLETE" },
	{ 0xa2, "REL REQ" },	{ 0xa3, "REL ACK" },	{ 192, "FOR CUM TSN" },
};

static void print_data(struct layer *l, const uint8_t *p, uint32_t length)
{
	static const struct layer_name marks[] = { { 4, "(U)" }, { 2, "(B)" }, { 1, "(E)" } };
	uint8_t flags = p[1];

	for (uint32_t i = 0; i < 3; i++)
		if (flags & marks[i].value)
			buffer_text(l->out, marks[i].text);
	if (flags & 7)
		buffer_text(l->out, " ");
	buffer_format(l->out, "[TSN: %u] ", get32(l, p + 4));
	buffer_format(l->out, "[SID: %u] ", get16(l, p + 8));
	buffer_format(l->out, "[SSEQ %u] ", get16(l, p + 10));
	buffer_format(l->out, "[PPID 0x%x] ", get32(l, p + 12));
	if (l->options->verbose < 2 || length <= DATA_BYTES)
		return;
	buffer_text(l->out, "[Payload");
	if (layer_shows_rest(l)) {
		buffer_text(l->out, ":");
		layer_rest(l, p + DATA_BYTES, length - DATA_BYTES);
	}
	buffer_text(l->out, "]");
}

static void print_init(struct layer *l, const uint8_t *p)
{
	buffer_format(l->out, "[init tag: %u] ", get32(l, p + 4));
	buffer_format(l->out, "[rwnd: %u] ", get32(l, p + 8));
	buffer_format(l->out, "[OS: %u] ", get16(l, p + 12));
	buffer_format(l->out, "[MIS: %u] ", get16(l, p + 14));
	buffer_format(l->out, "[init TSN: %u] ", get32(l, p + 16));
}

static void print_sack(struct layer *l, const uint8_t *p, uint32_t length)
{
	uint32_t acked = get32(l, p + 4), n_gaps, n_dups, at = 16;

	buffer_format(l->out, "[cum ack %u] ", acked);
	buffer_format(l->out, "[a_rwnd %u] ", get32(l, p + 8));
	n_gaps = get16(l, p + 12);
	buffer_format(l->out, "[#gap acks %u] ", n_gaps);
	n_dups = get16(l, p + 14);
	buffer_format(l->out, "[#dup tsns %u] ", n_dups);
	for (uint32_t i = 0; i < n_gaps && at + 4 <= length; i++, at += 4)
		buffer_format(l->out, "\n\t\t[gap ack block #%u: start = %u, end = %u] ", i + 1,
			      acked + get16(l, p + at), acked + get16(l, p + at + 2));
	for (uint32_t i = 0; i < n_dups && at + 4 <= length; i++, at += 4)
		buffer_format(l->out, "\n\t\t[dup TSN #%u: %u] ", i + 1, get32(l, p + at));
}

static void print_chunk(struct layer *l, const uint8_t *p, uint32_t length)
{
	const char *name = LAYER_NAME_OF(chunks, p[0]);

	if (name)
		buffer_format(l->out, "[%s] ", name);
	else
		buffer_format(l->out, "[Unknown chunk type: 0x%x] ", p[0]);
	if (p[0] == CHUNK_DATA)
		print_data(l, p, length);
	else if (p[0] == CHUNK_INIT || p[0] == CHUNK_INIT_ACK)
		print_init(l, p);
	else if (p[0] == CHUNK_SACK)
		print_sack(l, p, length);
}

void print_sctp(struct layer *l, const struct layer_ip *ip, const uint8_t *p, uint32_t length)
{
	uint32_t bytes;

	if (length < HEAD_BYTES) {
		buffer_format(l->out, "truncated-sctp - %u bytes missing!", HEAD_BYTES - length);
		return;
	}
	layer_need(l, p, HEAD_BYTES);
	layer_ends(l, ip, p, "sctp");
	buffer_text(l->out, "sctp");
	p += HEAD_BYTES;
	length -= HEAD_BYTES;
	for (uint32_t number = 1; length; number++) {
		if (length < CHUNK_BYTES) {
			buffer_format(l->out, "[chunk truncated, %u bytes remaining]", length);
			return;
		}
		bytes = get16(l, p + 2);
		layer_need(l, p, bytes);
		if (l->options->verbose > 1)
			buffer_format(l->out, "\n\t%u) ", number);
		else
			buffer_format(l->out, "%s(%u) ", number > 1 ? ", " : " ", number);
		if (bytes < CHUNK_BYTES || bytes > length) {
			buffer_format(l->out, "[Bad chunk length %u, %s %u]", bytes,
				      bytes < CHUNK_BYTES ? "<" : ">",
				      bytes < CHUNK_BYTES ? CHUNK_BYTES : length);
			return;
		}
		print_chunk(l, p, bytes);
		bytes = (bytes + 3) & ~3u;
		layer_need(l, p, bytes < length ? bytes : length);
		p += bytes;
		length = length > bytes ? length - bytes : 0;
	}
}
