/* SPDX-License-Identifier: BSD-2-Clause */
/* See comments.h. Blocks and options: draft-ietf-opsawg-pcapng. */
#include "capture/comments.h"

#include <byteswap.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "buffer.h"

#define BYTE_ORDER_MAGIC 0x1a2b3c4du

enum {
	BLOCK_OLD_PACKET = 2,
	BLOCK_SIMPLE_PACKET = 3,
	BLOCK_PACKET = 6,
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_BYTES_MAX = 16 << 20, /* libpcap's own bound */
	HEAD_BYTES = 8,		    /* type and length */
	TAIL_BYTES = 4,		    /* the length again */
	PACKET_FIXED_BYTES = 20,    /* before a packet's data */
	CAPTURED_AT = 12,	    /* where that says how many bytes these are */
	OPTION_HEAD_BYTES = 4,
	OPTION_COMMENT = 1,
};

struct comments {
	FILE *file;
	bool swapped;  /* the section's byte order is not ours */
	uint8_t *body; /* of the block, its length behind it included */
	uint32_t body_bytes;
	char *text;
};

static uint32_t u32(const struct comments *c, const uint8_t *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return c->swapped ? bswap_32(value) : value;
}

static uint16_t u16(const struct comments *c, const uint8_t *p)
{
	uint16_t value;

	memcpy(&value, p, sizeof(value));
	return c->swapped ? bswap_16(value) : value;
}

/* A section begins by saying its byte order, behind the length that needs it. */
static bool begin_section(struct comments *c)
{
	uint32_t magic;

	if (fread(&magic, sizeof(magic), 1, c->file) != 1 ||
	    fseek(c->file, -(long)sizeof(magic), SEEK_CUR))
		return false;
	c->swapped = magic == bswap_32(BYTE_ORDER_MAGIC);
	return c->swapped || magic == BYTE_ORDER_MAGIC;
}

/* The next block's type, 0: none can be read. */
static uint32_t read_block(struct comments *c)
{
	uint8_t head[HEAD_BYTES];
	uint32_t type, bytes;

	if (fread(head, sizeof(head), 1, c->file) != 1)
		return 0;
	type = u32(c, head);
	if (type == BLOCK_SECTION && !begin_section(c))
		return 0;
	bytes = u32(c, head + 4);
	if (bytes < HEAD_BYTES + TAIL_BYTES || bytes > BLOCK_BYTES_MAX || bytes % 4)
		return 0;
	bytes -= HEAD_BYTES;
	c->body = xrealloc(c->body, bytes);
	c->body_bytes = bytes - TAIL_BYTES;
	return fread(c->body, bytes, 1, c->file) == 1 ? type : 0;
}

static const char *find_comment(struct comments *c)
{
	uint32_t captured, at;

	if (c->body_bytes < PACKET_FIXED_BYTES)
		return NULL;
	captured = u32(c, c->body + CAPTURED_AT);
	if (captured > c->body_bytes - PACKET_FIXED_BYTES)
		return NULL;
	at = PACKET_FIXED_BYTES + ((captured + 3) & ~3u);
	while (at + OPTION_HEAD_BYTES <= c->body_bytes) {
		uint16_t code = u16(c, c->body + at), bytes = u16(c, c->body + at + 2);

		at += OPTION_HEAD_BYTES;
		if (!code || bytes > c->body_bytes - at)
			return NULL;
		if (code == OPTION_COMMENT) {
			free(c->text);
			c->text = xstrndup((const char *)c->body + at, bytes);
			return c->text;
		}
		at += (bytes + 3u) & ~3u;
	}
	return NULL;
}

struct comments *comments_open(const char *path)
{
	struct comments *c = xcalloc(1, sizeof(*c));
	struct stat st;

	/* Not for writing, and a pipe cannot be read twice. */
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
		c->file = fopen(path, "rbe");
	if (!c->file || read_block(c) != BLOCK_SECTION) {
		comments_close(c);
		return NULL;
	}
	return c;
}

const char *comments_next(struct comments *c)
{
	for (;;) {
		switch (read_block(c)) {
		case 0:
		case BLOCK_SIMPLE_PACKET:
			return NULL;
		case BLOCK_PACKET:
		case BLOCK_OLD_PACKET:
			return find_comment(c);
		}
	}
}

void comments_close(struct comments *c)
{
	if (!c)
		return;
	if (c->file)
		fclose(c->file);
	free(c->body);
	free(c->text);
	free(c);
}
