/* SPDX-License-Identifier: BSD-2-Clause */
/* See savefile.h. All numbers are written in this machine's byte order; the head says which. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "capture/savefile.h"

#define NS_PER_S 1000000000ull

enum {
	GATHER_BYTES = 256 * 1024,
	COMMENT_BYTES_MAX = 1024,
	INTERFACES_MAX = 4096,
};

enum block_type {
	BLOCK_INTERFACE = 1,
	BLOCK_STATISTICS = 5,
	BLOCK_PACKET = 6,
	BLOCK_SECTION = 0x0a0d0d0a
};

enum option_code {
	OPTION_END = 0,
	OPTION_COMMENT = 1,
	OPTION_IF_NAME = 2,
	OPTION_IF_TSRESOL = 9,
	OPTION_IF_FILTER = 11,
	OPTION_EPB_FLAGS = 2,
	OPTION_SHB_USERAPPL = 4,
	OPTION_ISB_IFRECV = 4,
	OPTION_ISB_FILTERACCEPT = 6,
	OPTION_ISB_OSDROP = 7,
};

struct savefile {
	struct savefile_setup setup;
	char *path;
	char *filter;
	int fd;
	bool can_cut;	     /* a regular file */
	uint64_t written;    /* bytes in the file */
	uint32_t interfaces; /* named so far */
	size_t block;	     /* where the block begins that is being gathered */
	struct buffer gathered;
};

static void add_u16(struct savefile *f, uint16_t value)
{
	buffer_add(&f->gathered, &value, sizeof(value));
}

static void add_u32(struct savefile *f, uint32_t value)
{
	buffer_add(&f->gathered, &value, sizeof(value));
}

static void add_u64(struct savefile *f, uint64_t value)
{
	buffer_add(&f->gathered, &value, sizeof(value));
}

static void add_padded(struct savefile *f, const void *data, size_t bytes)
{
	static const uint8_t zeros[4];

	buffer_add(&f->gathered, data, bytes);
	buffer_add(&f->gathered, zeros, -bytes & 3);
}

static void block_begin(struct savefile *f, uint32_t type)
{
	f->block = f->gathered.bytes;
	add_u32(f, type);
	add_u32(f, 0); /* its length, by block_end() */
}

static void block_end(struct savefile *f)
{
	uint32_t bytes = (uint32_t)(f->gathered.bytes - f->block) + sizeof(bytes);

	add_u32(f, bytes);
	memcpy(f->gathered.data + f->block + 4, &bytes, sizeof(bytes));
}

static void add_option(struct savefile *f, uint16_t code, const void *data, size_t bytes)
{
	add_u16(f, code);
	add_u16(f, (uint16_t)bytes);
	add_padded(f, data, bytes);
}

static void add_text(struct savefile *f, uint16_t code, const char *text)
{
	size_t bytes = strlen(text);

	add_option(f, code, text, bytes < COMMENT_BYTES_MAX ? bytes : COMMENT_BYTES_MAX);
}

static void add_section(struct savefile *f)
{
	block_begin(f, BLOCK_SECTION);
	add_u32(f, 0x1a2b3c4d);
	add_u16(f, 1); /* version 1.0 */
	add_u16(f, 0);
	add_u64(f, UINT64_MAX); /* length not known beforehand */
	add_text(f, OPTION_SHB_USERAPPL, "skep capture");
	add_option(f, OPTION_END, NULL, 0);
	block_end(f);
}

static void add_pcap_head(struct savefile *f)
{
	add_u32(f, f->setup.micro ? 0xa1b2c3d4 : 0xa1b23c4d);
	add_u16(f, 2); /* version 2.4 */
	add_u16(f, 4);
	add_u32(f, 0);
	add_u32(f, 0);
	add_u32(f, f->setup.snap);
	add_u32(f, f->setup.link_type);
}

static int open_path(const char *path, bool overwrite_refused)
{
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (overwrite_refused ? O_EXCL : O_TRUNC);

	if (strcmp(path, "-") == 0)
		return dup(STDOUT_FILENO);
	return open(path, flags, 0644);
}

int savefile_open(const char *path, const struct savefile_setup *setup, struct savefile **out,
		  struct error *err)
{
	struct savefile *f = xcalloc(1, sizeof(*f));

	f->setup = *setup;
	f->path = xstrdup(strcmp(path, "-") == 0 ? "standard output" : path);
	f->filter = setup->filter && *setup->filter ? xstrdup(setup->filter) : NULL;
	f->fd = open_path(path, setup->overwrite_refused);
	if (f->fd < 0) {
		int rc = error_set(err, -errno, "cannot write to %s: %s", f->path, strerror(errno));

		free(f->path);
		free(f->filter);
		free(f);
		return rc;
	}
	f->can_cut = strcmp(path, "-") != 0 && lseek(f->fd, 0, SEEK_CUR) == 0;
	if (setup->format == SAVEFILE_PCAP)
		add_pcap_head(f);
	else
		add_section(f);
	*out = f;
	return 0;
}

uint32_t savefile_interface(struct savefile *f, const char *name)
{
	uint8_t nanoseconds = 9;

	if (f->setup.format == SAVEFILE_PCAP || f->interfaces == INTERFACES_MAX)
		return 0;
	block_begin(f, BLOCK_INTERFACE);
	add_u16(f, f->setup.link_type);
	add_u16(f, 0);
	add_u32(f, f->setup.snap);
	add_text(f, OPTION_IF_NAME, name);
	add_option(f, OPTION_IF_TSRESOL, &nanoseconds, 1);
	if (f->filter) {
		char *text = xformat("%c%s", 0, f->filter);
		size_t bytes = strlen(f->filter) + 1;

		add_option(f, OPTION_IF_FILTER, text,
			   bytes < COMMENT_BYTES_MAX ? bytes : COMMENT_BYTES_MAX);
		free(text);
	}
	add_option(f, OPTION_END, NULL, 0);
	block_end(f);
	return f->interfaces++;
}

static void add_pcap_packet(struct savefile *f, const struct savefile_packet *packet,
			    uint32_t bytes)
{
	uint64_t fraction = packet->time_ns % NS_PER_S;

	add_u32(f, (uint32_t)(packet->time_ns / NS_PER_S));
	add_u32(f, (uint32_t)(f->setup.micro ? fraction / 1000 : fraction));
	add_u32(f, bytes);
	add_u32(f, packet->wire_bytes);
	buffer_add(&f->gathered, packet->data, bytes);
}

static void add_pcapng_packet(struct savefile *f, const struct savefile_packet *packet,
			      uint32_t bytes)
{
	uint32_t way = packet->way == SAVEFILE_WAY_IN ? 1 : packet->way == SAVEFILE_WAY_OUT ? 2 : 0;

	block_begin(f, BLOCK_PACKET);
	add_u32(f, packet->interface);
	add_u32(f, (uint32_t)(packet->time_ns >> 32));
	add_u32(f, (uint32_t)packet->time_ns);
	add_u32(f, bytes);
	add_u32(f, packet->wire_bytes);
	add_padded(f, packet->data, bytes);
	if (packet->comment && *packet->comment)
		add_text(f, OPTION_COMMENT, packet->comment);
	if (way)
		add_option(f, OPTION_EPB_FLAGS, &way, sizeof(way));
	add_option(f, OPTION_END, NULL, 0);
	block_end(f);
}

int savefile_packet(struct savefile *f, const struct savefile_packet *packet, struct error *err)
{
	uint32_t bytes = packet->bytes < f->setup.snap ? packet->bytes : f->setup.snap;
	int rc;

	/* What is gathered ends with a whole packet: a full disk is cut back to here. */
	if (f->gathered.bytes >= GATHER_BYTES) {
		rc = savefile_flush(f, err);
		if (rc)
			return rc;
	}
	if (f->setup.format == SAVEFILE_PCAP)
		add_pcap_packet(f, packet, bytes);
	else
		add_pcapng_packet(f, packet, bytes);
	return f->setup.flush_each ? savefile_flush(f, err) : 0;
}

void savefile_counts(struct savefile *f, uint32_t interface, uint64_t time_ns,
		     const struct savefile_counts *counts)
{
	if (f->setup.format == SAVEFILE_PCAP)
		return;
	block_begin(f, BLOCK_STATISTICS);
	add_u32(f, interface);
	add_u32(f, (uint32_t)(time_ns >> 32));
	add_u32(f, (uint32_t)time_ns);
	add_option(f, OPTION_ISB_IFRECV, &counts->received, sizeof(counts->received));
	add_option(f, OPTION_ISB_FILTERACCEPT, &counts->accepted, sizeof(counts->accepted));
	add_option(f, OPTION_ISB_OSDROP, &counts->dropped, sizeof(counts->dropped));
	add_option(f, OPTION_END, NULL, 0);
	block_end(f);
}

uint64_t savefile_bytes(const struct savefile *f)
{
	return f->written + f->gathered.bytes;
}

/* How long the blocks or records of @data are together that end within @bytes. */
static size_t whole(const struct savefile *f, const char *data, size_t bytes)
{
	bool ng = f->setup.format == SAVEFILE_PCAPNG;
	size_t at = !ng && f->written == 0 ? 24 : 0;
	uint32_t size;

	if (at > bytes)
		return 0;
	while (bytes - at >= (ng ? 12 : 16)) {
		memcpy(&size, data + at + (ng ? 4 : 8), sizeof(size));
		size += ng ? 0 : 16;
		if (size > bytes - at)
			break;
		at += size;
	}
	return at;
}

static int fail(struct savefile *f, size_t done, int why, struct error *err)
{
	size_t keep = whole(f, f->gathered.data, done);

	if (f->can_cut && ftruncate(f->fd, (off_t)(f->written + keep)) == 0)
		f->written += keep;
	else
		f->written += done;
	buffer_reset(&f->gathered);
	return error_set(err, -why, "cannot write to %s: %s%s", f->path, strerror(why),
			 f->can_cut ? "; it ends with the last whole packet" : "");
}

int savefile_flush(struct savefile *f, struct error *err)
{
	size_t done = 0;

	while (done < f->gathered.bytes) {
		ssize_t n = write(f->fd, f->gathered.data + done, f->gathered.bytes - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail(f, done, n ? errno : ENOSPC, err);
		done += (size_t)n;
	}
	f->written += done;
	buffer_reset(&f->gathered);
	return 0;
}

int savefile_close(struct savefile *f, struct error *err)
{
	int rc = savefile_flush(f, err);

	if (close(f->fd) && !rc)
		rc = error_set(err, -errno, "cannot write to %s: %s", f->path, strerror(errno));
	buffer_deinit(&f->gathered);
	free(f->path);
	free(f->filter);
	free(f);
	return rc;
}
