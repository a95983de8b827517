/* SPDX-License-Identifier: BSD-2-Clause */
/* See ring.h. Layout and flags: linux/bpf.h (BPF_RINGBUF_*), libbpf's ringbuf.c. */
#include "capture/ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Room is given back in pieces of this: each costs the kernel's side a cache line. */
#define RELEASE_BYTES (64 * 1024)

int ring_open(int map_fd, uint64_t bytes, struct ring *ring, struct error *err)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *consumer, *producer;

	*ring = (struct ring){ .size = bytes };
	consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	if (consumer == MAP_FAILED)
		return error_set(err, -errno, "cannot map the ring buffer: %s", strerror(errno));
	producer = mmap(NULL, page + 2 * bytes, PROT_READ, MAP_SHARED, map_fd, (off_t)page);
	if (producer == MAP_FAILED) {
		int rc = error_set(err, -errno, "cannot map the ring buffer: %s", strerror(errno));

		munmap(consumer, page);
		return rc;
	}
	ring->consumer = consumer;
	ring->producer = producer;
	ring->data = (const uint8_t *)producer + page;
	return 0;
}

void ring_close(struct ring *ring)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (!ring->consumer)
		return;
	munmap(ring->consumer, page);
	munmap((void *)ring->producer, page + 2 * ring->size);
	*ring = (struct ring){ 0 };
}

static uint32_t head_of(const struct ring *ring)
{
	const uint8_t *head = ring->data + (ring->at & (ring->size - 1));

	return __atomic_load_n((const uint32_t *)(const void *)head, __ATOMIC_ACQUIRE);
}

const void *ring_look(struct ring *ring, uint32_t *bytes)
{
	for (;;) {
		uint32_t head;

		if (ring->at == ring->known) {
			ring->known = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
			if (ring->at == ring->known)
				return NULL;
		}
		head = head_of(ring);
		if (head & BPF_RINGBUF_BUSY_BIT)
			return NULL;
		*bytes = head & ~BPF_RINGBUF_DISCARD_BIT;
		if (!(head & BPF_RINGBUF_DISCARD_BIT))
			return ring->data + (ring->at & (ring->size - 1)) + BPF_RINGBUF_HDR_SZ;
		ring_pass(ring);
	}
}

void ring_pass(struct ring *ring)
{
	uint64_t bytes = head_of(ring) & ~BPF_RINGBUF_DISCARD_BIT;

	ring->at += (bytes + BPF_RINGBUF_HDR_SZ + 7) & ~7ull;
	if (ring->at - ring->released >= RELEASE_BYTES)
		ring_release(ring);
}

void ring_release(struct ring *ring)
{
	if (ring->released == ring->at)
		return;
	ring->released = ring->at;
	__atomic_store_n(ring->consumer, ring->at, __ATOMIC_RELEASE);
}

bool ring_is_pressed(const struct ring *ring)
{
	return ring->known - ring->at > ring->size / 2;
}
