/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * USER_RINGBUF: records go from the client to the program. The client's memfd:
 *
 *   | consumer page | producer page | data (max_entries bytes) | as much again |
 *
 * Producer position, record headers and data are the client's, and hostile: each is read once, and a
 * record is only taken where it lies in the two data areas. The consumer position is the engine's
 * own, in shared memory; the client is shown a copy.
 *
 * In the kernel the second data area is the first mapped twice; here it is memory of its own. A
 * record that runs over the end of the first area is read on into the second, where libbpf writes it.
 *
 * One program drains a ring at a time, in any process: the others get -EBUSY.
 */
#include <assert.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/errno.h"
#include "base/shlock.h"
#include "maps/common.h"
#include "maps/map_in_map.h"
#include "maps/types.h"
#include "object/dynptr.h"
#include "object/ringbuf.h"
#include "run/run.h"

#define SAMPLES_MAX (128 * 1024) /* of one drain (BPF_MAX_USER_RINGBUF_SAMPLES) */
#define DRAIN_FLAGS ((uint64_t)BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP)

/* The engine's own, in shared memory. */
struct user_ring_state {
	struct shlock busy; /* tried only: who drains holds it while callbacks run */
	uint64_t consumer_pos;
};

struct user_ring {
	struct map map;
	char *client; /* the memfd, mapped */
	size_t client_bytes;
	char *data;
	uint64_t *shown_consumer_pos, *producer_pos;
	uint64_t mask; /* bytes of one data area - 1 */
	struct user_ring_state *state;
	int event_fd;
};

static struct user_ring *ring_of(const struct map *map)
{
	return container_of(map, struct user_ring, map);
}

/* --- making and freeing -------------------------------------------------------------------------------- */

static int ring_alloc(struct map *map, const union bpf_attr *attr)
{
	struct user_ring *r = ring_of(map);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int err;

	r->event_fd = -1;
	r->mask = map->max_entries - 1;
	r->client_bytes = 2 * page + 2 * (size_t)map->max_entries;
	err = map_mem_alloc(map, r->client_bytes, MAP_MEM_CLIENT, (void **)&r->client);
	if (err)
		return err;
	r->shown_consumer_pos = (uint64_t *)r->client;
	r->producer_pos = (uint64_t *)(r->client + page);
	r->data = r->client + 2 * page;
	err = map_mem_alloc(map, sizeof(*r->state), MAP_MEM_ENGINE, (void **)&r->state);
	if (err)
		return err;
	r->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return r->event_fd < 0 ? -errno : 0;
}

static void ring_free(struct map *map)
{
	struct user_ring *r = ring_of(map);

	if (r->state)
		map_mem_free(map, r->state, sizeof(*r->state));
	if (r->client)
		map_mem_free(map, r->client, r->client_bytes);
	if (r->event_fd > 0)
		close(r->event_fd);
	r->client = NULL;
	r->state = NULL;
	r->event_fd = -1;
}

/* --- draining ------------------------------------------------------------------------------------------- */

static void consume(struct user_ring *r, uint64_t pos)
{
	r->state->consumer_pos = pos;
	__atomic_store_n(r->shown_consumer_pos, pos, __ATOMIC_RELEASE);
}

static uint64_t record_span(uint32_t bytes)
{
	return round_up_u64((uint64_t)bytes + BPF_RINGBUF_HDR_SZ, 8);
}

/*
 * The oldest record: 0 and it in *sample; -ENODATA: none, or still being written; -EAGAIN: discarded,
 * and taken; -EINVAL, -E2BIG: what the client wrote there cannot be.
 */
static int peek(struct user_ring *r, struct dynptr *sample)
{
	uint64_t produced = __atomic_load_n(r->producer_pos, __ATOMIC_ACQUIRE);
	uint64_t consumed = r->state->consumer_pos;
	char *header = r->data + (consumed & r->mask);
	/* where a client goes on that wraps what comes after a header: behind the last one, to the start */
	char *data = r->data + ((consumed + BPF_RINGBUF_HDR_SZ) & r->mask);
	uint32_t word, bytes;

	if (produced % 8)
		return -EINVAL;
	if (consumed >= produced)
		return -ENODATA;
	word = __atomic_load_n((uint32_t *)header, __ATOMIC_ACQUIRE);
	bytes = word & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
	if (record_span(bytes) > produced - consumed)
		return -EINVAL;
	if (record_span(bytes) > r->mask + 1 || bytes > DYNPTR_BYTES_MAX)
		return -E2BIG;
	if (word & BPF_RINGBUF_DISCARD_BIT) {
		consume(r, consumed + record_span(bytes));
		return -EAGAIN;
	}
	if (word & BPF_RINGBUF_BUSY_BIT)
		return -ENODATA;
	*sample = (struct dynptr){ (uint8_t *)data, bytes };
	return 0;
}

/* Tells who waits for room. */
static void wake(const struct user_ring *r)
{
	uint64_t one = 1;

	/* A full counter is as good as one more: somebody is already told. */
	if (write(r->event_fd, &one, sizeof(one)) < 0)
		assert(errno == EAGAIN);
}

struct drained {
	uint32_t seen, discarded;
};

static int drain(struct user_ring *r, const struct map_each *each, struct drained *d)
{
	struct dynptr sample;
	bool stop = false;
	int err;

	for (; d->seen < SAMPLES_MAX && !stop; d->seen++) {
		uint64_t args[5] = { (uintptr_t)&sample, each->arg };

		err = peek(r, &sample);
		if (err == -EAGAIN) {
			d->discarded++;
			continue;
		}
		if (err)
			return err == -ENODATA ? 0 : err;
		stop = run_callback(each->prog, each->callback, args);
		consume(r, r->state->consumer_pos + record_span((uint32_t)sample.bytes));
	}
	return 0;
}

int64_t user_ringbuf_drain(struct map *map, const struct map_each *each, uint64_t flags)
{
	struct user_ring *r = ring_of(map);
	struct drained d = { 0 };
	int err;

	if (flags & ~DRAIN_FLAGS)
		return -EINVAL;
	if (!shlock_try(&r->state->busy))
		return -EBUSY;
	consume(r, r->state->consumer_pos); /* who was killed before may not have told the client */
	err = drain(r, each, &d);
	shlock_unlock(&r->state->busy);
	if (flags & BPF_RB_FORCE_WAKEUP || (!(flags & BPF_RB_NO_WAKEUP) && d.seen))
		wake(r);
	return err ? err : (int64_t)d.seen - d.discarded;
}

static int ring_epoll_fd(struct map *map)
{
	return ring_of(map)->event_fd;
}

static uint64_t ring_mem_usage(const struct map *map)
{
	const struct user_ring *r = ring_of(map);

	return sizeof(*r) + r->client_bytes + sizeof(*r->state);
}

const struct map_ops user_ringbuf_map_ops = {
	.alloc_bytes = sizeof(struct user_ring),
	.alloc_check = ringbuf_alloc_check,
	.alloc = ring_alloc,
	.free = ring_free,
	.meta_equal = map_meta_equal,
	.mem_usage = ring_mem_usage,
	.epoll_fd = ring_epoll_fd,
};
