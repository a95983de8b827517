/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RINGBUF. The client's memfd, which it maps and reads (and could write: it is hostile):
 *
 *   | consumer page | producer page | data (max_entries bytes) | as much again |
 *
 * In the kernel the second data area is the first mapped twice; here it is memory of its own. A
 * record is written in one piece from its start, over the end of the first area into the second,
 * where libbpf reads it; on commit what lies in the second area is copied to the start of the
 * first, where readers that wrap every position look for it.
 *
 * What the engine relies on it keeps to itself, in shared memory: both positions and, per 8 bytes
 * of ring, the length of the record that starts there and whether it is still being written. From
 * the client it takes the consumer position only, and any number there merely makes the ring look
 * full or empty. The map fd cannot be polled; an eventfd stands in (seam: epoll_ctl).
 *
 * A process killed between reserve and submit would hold up the ring for ever: who finds the oldest
 * record still being written looks from time to time, and always when there is no room, whether its
 * writer lives, and discards it for the dead.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/errno.h"
#include "base/hostile.h"
#include "base/proc.h"
#include "base/shlock.h"
#include "maps/common.h"
#include "maps/map_in_map.h"
#include "maps/types.h"
#include "object/engine.h"
#include "object/fd.h"
#include "object/ringbuf.h"
#include "run/epoch.h"

#define RING_HEADER_BYTES 8 /* BPF_RINGBUF_HDR_SZ */
#define RING_BUSY BPF_RINGBUF_BUSY_BIT
#define RING_FLAGS ((uint64_t)BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP)

#define RING_LOOKS_EVERY TUNE_RING_LOOKS /* reservations that find the same record unfinished */

struct ring_record {
	uint32_t bytes; /* | RING_BUSY; written last when it is committed */
	uint32_t owner; /* thread that reserved it */
};

/* The engine's own, in shared memory. */
struct ring_state {
	_Alignas(CACHE_LINE_BYTES) struct shlock lock;
	uint32_t n_held_up;    /* reservations since pending_pos last moved */
	uint64_t producer_pos; /* bytes ever reserved */
	uint64_t pending_pos;  /* start of the oldest record still being written */
	struct ring_record records[]; /* [position / 8]: of the record that starts there */
};

struct ring {
	struct map map;
	char *client; /* the memfd, mapped */
	size_t client_bytes;
	char *data;
	uint32_t page_shift;
	uint64_t mask; /* bytes of one data area - 1 */
	struct ring_state *state;
	size_t state_bytes;
	int event_fd;
	bool listed; /* in the engine's directory */
};

/*
 * Which ring a record lies in: all rings of an engine by address. To add one the directory is replaced
 * as a whole; one that goes only empties its place, so that freeing a map never wants memory.
 */
struct ring_dir {
	struct epoch_node node;
	uint32_t n;
	struct {
		const char *data;
		struct ring *_Atomic ring; /* NULL: gone */
	} places[]; /* by rising data */
};

static struct ring *ring_of(const struct map *map)
{
	return container_of(map, struct ring, map);
}

/* --- the directory ---------------------------------------------------------------------------------- */

static void dir_free(struct epoch_node *node)
{
	mem_free_late(container_of(node, struct ring_dir, node));
}

static void dir_append(struct ring_dir *dir, struct ring *ring)
{
	dir->places[dir->n].data = ring->data;
	atomic_store_explicit(&dir->places[dir->n++].ring, ring, memory_order_relaxed);
}

/* A copy of what is left of @old with @add put in at its place. Engine lock held. */
static struct ring_dir *dir_copy(const struct ring_dir *old, struct ring *add)
{
	uint32_t n = old ? old->n : 0;
	struct ring_dir *dir = mem_calloc(1, sizeof(*dir) + (n + 1) * sizeof(dir->places[0]));

	if (!dir)
		return NULL;
	for (uint32_t i = 0; i < n; i++) {
		struct ring *ring = atomic_load_explicit(&old->places[i].ring, memory_order_relaxed);

		if (!ring)
			continue;
		if (add && add->data < ring->data) {
			dir_append(dir, add);
			add = NULL;
		}
		dir_append(dir, ring);
	}
	if (add)
		dir_append(dir, add);
	return dir;
}

/* Publishes @dir (NULL: none) and frees the one before. Engine lock held. */
static void dir_publish(struct engine *engine, struct ring_dir *dir)
{
	struct ring_dir *old = atomic_load(&engine->rings);

	atomic_store_explicit(&engine->rings, dir, memory_order_release);
	if (old)
		epoch_defer(engine, &old->node, dir_free);
}

static int dir_add(struct engine *engine, struct ring *ring)
{
	struct ring_dir *dir;

	pthread_mutex_lock(&engine->lock);
	dir = dir_copy(atomic_load(&engine->rings), ring);
	if (dir)
		dir_publish(engine, dir);
	pthread_mutex_unlock(&engine->lock);
	return dir ? 0 : -ENOMEM;
}

/* None left is no directory: nobody frees the last one when the engine ends. */
static void dir_del(struct engine *engine, const struct ring *ring)
{
	struct ring_dir *dir;
	uint32_t left = 0;

	pthread_mutex_lock(&engine->lock);
	dir = atomic_load(&engine->rings);
	for (uint32_t i = 0; dir && i < dir->n; i++) {
		if (atomic_load_explicit(&dir->places[i].ring, memory_order_relaxed) == ring)
			atomic_store_explicit(&dir->places[i].ring, NULL, memory_order_relaxed);
		left += atomic_load_explicit(&dir->places[i].ring, memory_order_relaxed) != NULL;
	}
	if (!left)
		dir_publish(engine, NULL);
	pthread_mutex_unlock(&engine->lock);
}

static struct ring *dir_find(struct engine *engine, const char *addr)
{
	struct ring_dir *dir = atomic_load_explicit(&engine->rings, memory_order_acquire);
	uint32_t low = 0, high = dir ? dir->n : 0;

	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;

		if (dir->places[mid].data <= addr)
			low = mid;
		else
			high = mid;
	}
	return low < high ? atomic_load_explicit(&dir->places[low].ring, memory_order_relaxed) : NULL;
}

/* --- making and freeing -------------------------------------------------------------------------------- */

int ringbuf_alloc_check(const union bpf_attr *attr)
{
	if (attr->map_flags & ~(uint32_t)BPF_F_NUMA_NODE || attr->key_size || attr->value_size ||
	    !is_pow2(attr->max_entries) ||
	    !is_aligned(attr->max_entries, (uint64_t)sysconf(_SC_PAGESIZE)))
		return -EINVAL;
	return 0;
}

static int ring_alloc(struct map *map, const union bpf_attr *attr)
{
	struct ring *r = ring_of(map);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t data_bytes = map->max_entries;
	int err;

	r->event_fd = -1;
	r->page_shift = (uint32_t)__builtin_ctzl(page);
	r->mask = data_bytes - 1;
	r->client_bytes = 2 * page + 2 * data_bytes;
	r->state_bytes = sizeof(struct ring_state) + data_bytes / 8 * sizeof(struct ring_record);
	err = map_mem_alloc(map, r->client_bytes, MAP_MEM_CLIENT, (void **)&r->client);
	if (err)
		return err;
	r->data = r->client + 2 * page;
	err = map_mem_alloc(map, r->state_bytes, MAP_MEM_ENGINE, (void **)&r->state);
	if (err)
		return err;
	r->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->event_fd < 0)
		return -errno;
	r->event_fd = fd_move_high(r->event_fd);
	err = dir_add(map->obj.engine, r);
	r->listed = !err;
	return err;
}

static void ring_free(struct map *map)
{
	struct ring *r = ring_of(map);

	if (r->listed)
		dir_del(map->obj.engine, r);
	if (r->state && r->event_fd >= 0)
		close(r->event_fd);
	if (r->state)
		map_mem_free(map, r->state, r->state_bytes);
	if (r->client)
		map_mem_free(map, r->client, r->client_bytes);
	r->client = NULL;
	r->state = NULL;
	r->event_fd = -1;
	r->listed = false;
}

/* --- records ---------------------------------------------------------------------------------------------- */

static uint64_t *consumer_pos(const struct ring *r)
{
	return (uint64_t *)r->client;
}

static uint64_t *shown_producer_pos(const struct ring *r)
{
	return (uint64_t *)(r->client + ((size_t)1 << r->page_shift));
}

static struct ring_record *record_at(const struct ring *r, uint64_t pos)
{
	return &r->state->records[(pos & r->mask) / 8];
}

static uint64_t record_span(uint32_t bytes)
{
	return round_up_u64((uint64_t)bytes + RING_HEADER_BYTES, 8);
}

static void wake(const struct ring *r)
{
	uint64_t one = 1;

	/* A full counter is as good as one more: somebody is already told. */
	if (write(r->event_fd, &one, sizeof(one)) < 0)
		assert(errno == EAGAIN);
}

static void header_write(char *header, uint32_t len)
{
	__atomic_store_n((uint32_t *)header, len, __ATOMIC_RELEASE);
}

/* Whatever its writer had come to: the client finds it discarded, unless it had been committed. */
static void discard_for_dead(struct ring *r, struct ring_record *record, uint32_t bytes)
{
	char *header = r->data + (r->state->pending_pos & r->mask);

	if (__atomic_load_n((uint32_t *)header, __ATOMIC_RELAXED) & RING_BUSY)
		header_write(header, bytes | BPF_RINGBUF_DISCARD_BIT);
	__atomic_store_n(&record->bytes, bytes, __ATOMIC_RELEASE);
	wake(r);
}

/* Moves pending_pos past what has been committed; @look: and past what never will be. Lock held. */
static void skip_committed(struct ring *r, bool look)
{
	struct ring_state *s = r->state;

	while (s->pending_pos < s->producer_pos) {
		struct ring_record *record = record_at(r, s->pending_pos);
		uint32_t bytes = __atomic_load_n(&record->bytes, __ATOMIC_ACQUIRE);

		if (bytes & RING_BUSY) {
			if (!look || !proc_thread_is_dead((pid_t)record->owner))
				break;
			bytes &= ~RING_BUSY;
			discard_for_dead(r, record, bytes);
		}
		s->pending_pos += record_span(bytes);
		s->n_held_up = 0;
	}
}

static bool has_room(const struct ring *r, uint64_t end, uint64_t consumed)
{
	return end - consumed <= r->mask && end - r->state->pending_pos <= r->mask;
}

static char *reserve_locked(struct ring *r, uint32_t bytes, uint64_t consumed)
{
	struct ring_state *s = r->state;
	uint64_t end = s->producer_pos + record_span(bytes);
	char *header = r->data + (s->producer_pos & r->mask);
	struct ring_record *record = record_at(r, s->producer_pos);

	skip_committed(r, ++s->n_held_up % RING_LOOKS_EVERY == 0);
	if (end - s->pending_pos > r->mask)
		skip_committed(r, true);
	if (!has_room(r, end, consumed))
		return NULL;
	record->owner = shlock_self();
	__atomic_store_n(&record->bytes, bytes | RING_BUSY, __ATOMIC_RELAXED);
	((uint32_t *)header)[1] = (uint32_t)((size_t)(header - r->client) >> r->page_shift);
	header_write(header, bytes | RING_BUSY);
	s->producer_pos = end;
	__atomic_store_n(shown_producer_pos(r), end, __ATOMIC_RELEASE);
	return header;
}

void *ringbuf_reserve(struct map *map, uint64_t bytes)
{
	struct ring *r = ring_of(map);
	uint64_t consumed;
	char *header;

	if (bytes > RINGBUF_RECORD_BYTES_MAX || record_span((uint32_t)bytes) > r->mask + 1)
		return NULL;
	consumed = __atomic_load_n(consumer_pos(r), __ATOMIC_ACQUIRE);
	shlock_lock(&r->state->lock);
	header = reserve_locked(r, (uint32_t)bytes, consumed);
	shlock_unlock(&r->state->lock);
	return header ? header + RING_HEADER_BYTES : NULL;
}

/* What ran over into the second data area also goes to the start of the first. */
static void copy_wrapped(struct ring *r, const char *header, uint32_t bytes)
{
	const char *area_end = r->data + r->mask + 1;
	const char *end = header + RING_HEADER_BYTES + bytes;

	if (end > area_end)
		memcpy(r->data, area_end, (size_t)(end - area_end));
}

/* The engine's own word comes last: until then the record counts as unfinished, and should this process
 * be killed others finish it, the client's wake-up included. */
static void commit(struct ring *r, char *header, uint64_t flags, bool discard)
{
	uint64_t pos = (uint64_t)(header - r->data);
	struct ring_record *record = record_at(r, pos);
	uint32_t bytes = __atomic_load_n(&record->bytes, __ATOMIC_RELAXED) & ~RING_BUSY;
	uint64_t consumed;

	copy_wrapped(r, header, bytes);
	/* The reader sets its position, then looks at the header; we the other way round: an exchange,
	 * as a store could come behind the load. */
	__atomic_exchange_n((uint32_t *)header, discard ? bytes | BPF_RINGBUF_DISCARD_BIT : bytes,
			    __ATOMIC_SEQ_CST);
	consumed = __atomic_load_n(consumer_pos(r), __ATOMIC_SEQ_CST) & r->mask;
	if (flags & BPF_RB_FORCE_WAKEUP || (consumed == pos && !(flags & BPF_RB_NO_WAKEUP)))
		wake(r);
	__atomic_store_n(&record->bytes, bytes, __ATOMIC_RELEASE);
}

void ringbuf_commit(struct engine *engine, void *record, uint64_t flags, bool discard)
{
	struct ring *r = dir_find(engine, record);

	assert(r && (char *)record < r->data + 2 * (r->mask + 1));
	commit(r, (char *)record - RING_HEADER_BYTES, flags, discard);
}

int ringbuf_output(struct map *map, const void *data, uint64_t bytes, uint64_t flags)
{
	char *record;

	if (flags & ~RING_FLAGS)
		return -EINVAL;
	record = ringbuf_reserve(map, bytes);
	if (!record)
		return -EAGAIN;
	memcpy(record, data, bytes);
	commit(ring_of(map), record - RING_HEADER_BYTES, flags, false);
	return 0;
}

uint64_t ringbuf_query(struct map *map, uint64_t what)
{
	struct ring *r = ring_of(map);
	uint64_t produced = __atomic_load_n(&r->state->producer_pos, __ATOMIC_ACQUIRE);
	uint64_t consumed = __atomic_load_n(consumer_pos(r), __ATOMIC_ACQUIRE);

	switch (what) {
	case BPF_RB_AVAIL_DATA:
		return produced - consumed;
	case BPF_RB_RING_SIZE:
		return r->mask + 1;
	case BPF_RB_CONS_POS:
		return consumed;
	case BPF_RB_PROD_POS:
		return produced;
	default:
		return 0;
	}
}

static int ring_epoll_fd(struct map *map)
{
	return ring_of(map)->event_fd;
}

static uint64_t ring_mem_usage(const struct map *map)
{
	const struct ring *r = ring_of(map);

	return sizeof(*r) + r->client_bytes + r->state_bytes;
}

const struct map_ops ringbuf_map_ops = {
	.alloc_bytes = sizeof(struct ring),
	.alloc_check = ringbuf_alloc_check,
	.alloc = ring_alloc,
	.free = ring_free,
	.check_btf = map_refuse_btf,
	.meta_equal = map_meta_equal,
	.mem_usage = ring_mem_usage,
	.epoll_fd = ring_epoll_fd,
};
