/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A BPF ring buffer map read in place, record by record: one that is looked at stays until it is passed,
 * so that what is too young can be left for later. Who leaves records in it is not woken for each that
 * follows. One reader. Costs no system call.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct ring {
	const uint8_t *data; /* mapped twice in a row: no record is broken at the end */
	uint64_t size;	     /* bytes; a power of two */
	uint64_t *consumer;
	const uint64_t *producer;
	uint64_t at;	   /* of the record that is looked at */
	uint64_t known;	   /* the producer as last looked up */
	uint64_t released; /* the consumer as the kernel knows it */
};

/* @bytes: max_entries of the map. 0, or -errno with a sentence. */
int ring_open(int map_fd, uint64_t bytes, struct ring *ring, struct error *err);
/* An empty one is fine. */
void ring_close(struct ring *ring);
/* The first record not passed yet, valid until ring_release(); NULL: there is none yet. */
const void *ring_look(struct ring *ring, uint32_t *bytes);
/* Goes on to the next one; only after ring_look() found one. */
void ring_pass(struct ring *ring);
/* Gives the room of all that were passed back to the kernel. */
void ring_release(struct ring *ring);
/* Whether it is more than half full. */
bool ring_is_pressed(const struct ring *ring);
