/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire.h"

#define CHUNK_BYTES 65536

#include <errno.h>
#include <string.h>
#include <unistd.h>

void wire_reset(struct wire_message *m)
{
	m->head = (struct wire_head){ 0 };
	for (int i = 0; i < 4; i++)
		buffer_reset(&m->parts[i]);
}

void wire_deinit(struct wire_message *m)
{
	for (int i = 0; i < 4; i++)
		buffer_deinit(&m->parts[i]);
}

static int send_all(int fd, const void *data, size_t bytes)
{
	const char *at = data;

	while (bytes) {
		ssize_t n = write(fd, at, bytes);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			at += n;
			bytes -= n;
		}
	}
	return 0;
}

int wire_send(struct wire_end *end, struct wire_message *m)
{
	int rc;

	for (int i = 0; i < 4; i++)
		m->head.part_bytes[i] = m->parts[i].bytes;
	buffer_add(&end->pending, &m->head, sizeof(m->head));
	for (int i = 0; i < 4; i++)
		buffer_add(&end->pending, m->parts[i].data, m->parts[i].bytes);
	if (m->head.kind == WIRE_STEP && end->pending.bytes < CHUNK_BYTES)
		return 0;
	rc = send_all(end->fd, end->pending.data, end->pending.bytes);
	buffer_reset(&end->pending);
	return rc;
}

void wire_end_deinit(struct wire_end *end)
{
	if (end->fd >= 0)
		close(end->fd);
	buffer_deinit(&end->pending);
	*end = (struct wire_end){ .fd = -1 };
}

static int refill(struct wire_end *end)
{
	char chunk[CHUNK_BYTES];
	ssize_t n;

	do
		n = read(end->fd, chunk, sizeof(chunk));
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return -EPIPE;
	buffer_reset(&end->pending);
	buffer_add(&end->pending, chunk, n);
	end->taken = 0;
	return 0;
}

static int receive_all(struct wire_end *end, void *data, size_t bytes)
{
	char *at = data;

	while (bytes) {
		size_t n = end->pending.bytes - end->taken;

		if (n == 0 && refill(end))
			return -EPIPE;
		n = end->pending.bytes - end->taken;
		n = n < bytes ? n : bytes;
		memcpy(at, end->pending.data + end->taken, n);
		end->taken += n;
		at += n;
		bytes -= n;
	}
	return 0;
}

static int receive_part(struct wire_end *end, struct buffer *part, uint32_t bytes)
{
	if (bytes > WIRE_PART_BYTES_MAX)
		return -EBADMSG;
	if (bytes + (size_t)1 > part->room) {
		part->room = bytes + (size_t)1;
		part->data = xrealloc(part->data, part->room);
	}
	part->bytes = bytes;
	part->data[bytes] = '\0';
	return receive_all(end, part->data, bytes);
}

int wire_receive(struct wire_end *end, struct wire_message *m)
{
	int rc = receive_all(end, &m->head, sizeof(m->head));

	for (int i = 0; !rc && i < 4; i++)
		rc = receive_part(end, &m->parts[i], m->head.part_bytes[i]);
	return rc;
}

void wire_put_news(struct wire_message *m, const struct outcome *o, uint32_t from_record,
		   uint32_t from_line)
{
	for (uint32_t i = from_record; i < o->n_records; i++) {
		const struct outcome_record *r = &o->records[i];
		uint32_t head[2] = { r->map, r->bytes };

		buffer_add(&m->parts[WIRE_RECORDS], head, sizeof(head));
		buffer_add(&m->parts[WIRE_RECORDS], r->data, r->bytes);
	}
	for (uint32_t i = from_line; i < o->n_lines; i++)
		buffer_add(&m->parts[WIRE_LINES], o->lines[i].text, strlen(o->lines[i].text) + 1);
}

void wire_take_news(const struct wire_message *m, struct outcome *o)
{
	const struct buffer *records = &m->parts[WIRE_RECORDS];
	const struct buffer *lines = &m->parts[WIRE_LINES];
	uint32_t head[2];

	for (size_t at = 0; records->bytes - at >= sizeof(head); at += head[1]) {
		memcpy(head, records->data + at, sizeof(head));
		at += sizeof(head);
		if (records->bytes - at < head[1] || head[0] >= o->n_maps)
			break;
		outcome_add_record(o, head[0], records->data + at, head[1]);
	}
	for (size_t at = 0; at < lines->bytes; at += strlen(lines->data + at) + 1)
		outcome_add_line(o, lines->data + at);
}

void wire_put_maps(struct wire_message *m, const struct outcome *o)
{
	m->head.flags |= WIRE_MAPS;
	for (uint32_t i = 0; i < o->n_maps; i++)
		mapshot_pack(&o->maps[i], &m->parts[WIRE_CONTENTS]);
}

int wire_take_maps(const struct wire_message *m, struct outcome *o)
{
	const struct buffer *contents = &m->parts[WIRE_CONTENTS];
	size_t at = 0;

	for (uint32_t i = 0; i < o->n_maps; i++) {
		size_t used =
			mapshot_unpack(&o->maps[i], contents->data + at, contents->bytes - at);

		if (!used)
			return -EBADMSG;
		at += used;
	}
	return 0;
}
