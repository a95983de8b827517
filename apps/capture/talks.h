/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP conversations by their ends, and where the sequence numbers of each began. A full table is
 * emptied: numbers are then absolute again. Strangers' packets fill it: its hash has a key of its own.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TALKS_MAX 16384

struct layer_ip;

/* Where a conversation began; made when there is none. */
struct conversation {
	uint32_t seq, ack; /* of the side with the lower (port, address) */
};

struct talks;

struct talks *talks_new(void);
void talks_free(struct talks *talks);
/* Of a segment from @ip's source to its target; *is_reverse: from the higher side to the lower one. */
struct conversation *talks_find(struct talks *talks, const struct layer_ip *ip, uint16_t source,
				uint16_t target, bool *is_new, bool *is_reverse);
/* The most conversations in one bucket: what looking one up may cost. */
uint32_t talks_longest(const struct talks *talks);
