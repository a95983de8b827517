/* SPDX-License-Identifier: BSD-2-Clause */
/* Perf events and their rings. Writers take a lock; the client reads without one. */
#include "object/perf_event.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/check.h"
#include "object/engine.h"
#include "object/fd.h"
#include "object/link.h"

#define PAGE_DATA_HEAD 1024 /* offsets in struct perf_event_mmap_page */
#define PAGE_DATA_TAIL 1032
#define PAGE_DATA_OFFSET 1040
#define PAGE_DATA_SIZE 1048
#define RECORD_LOST 2   /* PERF_RECORD_LOST */
#define RECORD_SAMPLE 9 /* PERF_RECORD_SAMPLE */

struct record_header {
	uint32_t type;
	uint16_t misc;
	uint16_t size;
};

/* The client closed it: its program stops. */
static void release_uref(struct object *obj)
{
	struct perf_event *event = perf_event_of(obj);
	struct object *attachment = event->attachment;

	event->attachment = NULL;
	if (attachment)
		link_of(attachment)->ops->detach(link_of(attachment));
	object_put(attachment);
}

static void event_free(struct object *obj)
{
	struct perf_event *event = perf_event_of(obj);

	release_uref(obj);
	if (event->event_fd >= 0)
		close(event->event_fd);
	pthread_mutex_destroy(&event->lock);
	mem_free_late(event);
}

static const struct object_ops event_ops = {
	.fd_name = "[perf_event]",
	.release_uref = release_uref,
	.free = event_free,
};

int perf_event_new(struct engine *engine, enum perf_kind kind, struct perf_event **out)
{
	struct perf_event *event = mem_zalloc(sizeof(*event));

	if (!event)
		return -ENOMEM;
	event->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event->event_fd < 0) {
		free(event);
		return -errno;
	}
	event->event_fd = fd_move_high(event->event_fd);
	event->kind = kind;
	event->cpu = -1;
	pthread_mutex_init(&event->lock, NULL);
	object_init(&event->obj, engine, OBJECT_PERF_EVENT, &event_ops);
	*out = event;
	return 0;
}

static uint64_t *page_word(struct perf_event *event, size_t offset)
{
	return (uint64_t *)(event->page + offset);
}

static void ring_set(struct perf_event *event, uint64_t bytes)
{
	pthread_mutex_lock(&event->lock);
	if (is_pow2(bytes) && bytes <= (uint64_t)PERF_RING_PAGES_MAX * PERF_PAGE_BYTES) {
		event->ring_bytes = (uint32_t)bytes;
		*page_word(event, PAGE_DATA_OFFSET) = PERF_PAGE_BYTES;
		*page_word(event, PAGE_DATA_SIZE) = bytes;
	}
	pthread_mutex_unlock(&event->lock);
}

/* The longest mapping of inode @ino that is not at @own, in bytes. 0, or why it cannot be told. */
static int mapped_bytes(ino_t ino, const void *own, uint64_t *longest)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long start, end, inode;
	char line[512];

	*longest = 0;
	if (!maps)
		return errno == ENOENT ? 0 : -errno; /* no /proc: nobody can tell */
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %*s %*s %*s %lu", &start, &end, &inode) == 3 &&
		    inode == ino && start != (unsigned long)own && end - start > *longest)
			*longest = end - start;
	fclose(maps);
	return 0;
}

int perf_event_map_ring(struct perf_event *event)
{
	ino_t ino = object_fd_inode(&event->obj);
	uint64_t bytes;
	int err;

	if (!event->page || !ino)
		return 0;
	err = mapped_bytes(ino, event->page, &bytes);
	if (!err && bytes > PERF_PAGE_BYTES)
		ring_set(event, bytes - PERF_PAGE_BYTES);
	return err;
}

static void ring_copy(struct perf_event *event, uint64_t at, const void *src, uint32_t bytes)
{
	uint8_t *ring = event->page + PERF_PAGE_BYTES;
	uint32_t off = (uint32_t)(at & (event->ring_bytes - 1));
	uint32_t first = MIN(bytes, event->ring_bytes - off);

	if (!bytes)
		return;
	memcpy(ring + off, src, first);
	memcpy(ring, (const uint8_t *)src + first, bytes - first);
}

static uint32_t ring_room(struct perf_event *event)
{
	uint64_t tail = __atomic_load_n(page_word(event, PAGE_DATA_TAIL), __ATOMIC_ACQUIRE);
	uint64_t used = event->head - tail;

	return used > event->ring_bytes ? 0 : (uint32_t)(event->ring_bytes - used);
}

struct lost_record {
	struct record_header header;
	uint64_t id, lost;
};

static void ring_put_lost(struct perf_event *event)
{
	struct lost_record record = { { RECORD_LOST, 0, sizeof(record) }, 0, event->lost };

	ring_copy(event, event->head, &record, sizeof(record));
	event->head += sizeof(record);
	event->lost = 0;
}

static int ring_put(struct perf_event *event, const void *a, uint32_t a_bytes, const void *b,
		    uint32_t b_bytes)
{
	uint32_t raw = (uint32_t)round_up_u64(sizeof(uint32_t) + a_bytes + b_bytes, 8);
	struct record_header header = { RECORD_SAMPLE, 0, (uint16_t)(sizeof(header) + raw) };
	uint32_t raw_size = raw - (uint32_t)sizeof(raw_size), pad = raw_size - a_bytes - b_bytes;
	static const uint8_t zeros[8];
	uint64_t at;

	if (!event->ring_bytes)
		return -ENOSPC;
	if (ring_room(event) < header.size + (event->lost ? sizeof(struct lost_record) : 0)) {
		event->lost++;
		return -ENOSPC;
	}
	if (event->lost)
		ring_put_lost(event);
	at = event->head;
	ring_copy(event, at, &header, sizeof(header));
	ring_copy(event, at += sizeof(header), &raw_size, sizeof(raw_size));
	ring_copy(event, at += sizeof(raw_size), a, a_bytes);
	ring_copy(event, at += a_bytes, b, b_bytes);
	ring_copy(event, at + b_bytes, zeros, pad);
	event->head += header.size;
	__atomic_store_n(page_word(event, PAGE_DATA_HEAD), event->head, __ATOMIC_RELEASE);
	return 0;
}

int perf_event_write(struct perf_event *event, const void *a, uint32_t a_bytes, const void *b,
		     uint32_t b_bytes)
{
	uint64_t one = 1, sum = (uint64_t)a_bytes + b_bytes;
	int err;

	if (sum > PERF_RECORD_BYTES_MAX - sizeof(struct record_header) - sizeof(uint32_t))
		return -E2BIG;
	pthread_mutex_lock(&event->lock);
	err = ring_put(event, a, a_bytes, b, b_bytes);
	pthread_mutex_unlock(&event->lock);
	if (!err && write(event->event_fd, &one, sizeof(one)) < 0)
		return 0; /* the counter is full: it is readable */
	return err;
}
