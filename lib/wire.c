/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire.h"

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

int wire_send(int fd, struct wire_message *m)
{
	struct buffer all = { 0 };
	int rc;

	for (int i = 0; i < 4; i++)
		m->head.part_bytes[i] = m->parts[i].bytes;
	buffer_add(&all, &m->head, sizeof(m->head));
	for (int i = 0; i < 4; i++)
		buffer_add(&all, m->parts[i].data, m->parts[i].bytes);
	rc = send_all(fd, all.data, all.bytes);
	buffer_deinit(&all);
	return rc;
}

static int receive_all(int fd, void *data, size_t bytes)
{
	char *at = data;

	while (bytes) {
		ssize_t n = read(fd, at, bytes);

		if (n == 0 || (n < 0 && errno != EINTR))
			return -EPIPE;
		if (n > 0) {
			at += n;
			bytes -= n;
		}
	}
	return 0;
}

static int receive_part(int fd, struct buffer *part, uint32_t bytes)
{
	if (bytes > WIRE_PART_BYTES_MAX)
		return -EBADMSG;
	part->data = xrealloc(part->data, (size_t)bytes + 1);
	part->room = (size_t)bytes + 1;
	part->bytes = bytes;
	part->data[bytes] = '\0';
	return receive_all(fd, part->data, bytes);
}

int wire_receive(int fd, struct wire_message *m)
{
	int rc = receive_all(fd, &m->head, sizeof(m->head));

	for (int i = 0; !rc && i < 4; i++)
		rc = receive_part(fd, &m->parts[i], m->head.part_bytes[i]);
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
