/* SPDX-License-Identifier: BSD-2-Clause */
/* See talks.h. */
#include "capture/talks.h"

#include <stdlib.h>

#include "capture/hash.h"
#include "capture/layer.h"

enum {
	BUCKET_BITS = 12,
	BUCKETS = 1 << BUCKET_BITS
};

struct ends {
	uint8_t address[2][16];
	uint16_t port[2];
	uint32_t v6;
};

struct talk {
	struct talk *next;
	struct ends ends;
	struct conversation start;
};

struct talks {
	struct hash_key key;
	struct talk *buckets[BUCKETS];
	uint32_t n;
};

struct talks *talks_new(void)
{
	struct talks *talks = xcalloc(1, sizeof(*talks));

	_Static_assert(sizeof(struct ends) <= HASH_BYTES_MAX, "the ends are hashed whole");
	hash_key_init(&talks->key);
	return talks;
}

static void drop_all(struct talks *talks)
{
	for (uint32_t i = 0; i < BUCKETS; i++)
		while (talks->buckets[i]) {
			struct talk *talk = talks->buckets[i];

			talks->buckets[i] = talk->next;
			free(talk);
		}
	talks->n = 0;
}

void talks_free(struct talks *talks)
{
	if (!talks)
		return;
	drop_all(talks);
	free(talks);
}

struct conversation *talks_find(struct talks *talks, const struct layer_ip *ip, uint16_t source,
				uint16_t target, bool *is_new, bool *is_reverse)
{
	size_t bytes = ip->v6 ? 16 : 4;
	struct ends ends = { .v6 = ip->v6 };
	bool reverse =
		source > target || (source == target && memcmp(ip->source, ip->target, bytes) > 0);
	struct talk **bucket, *talk;

	memcpy(ends.address[reverse], ip->source, bytes);
	memcpy(ends.address[!reverse], ip->target, bytes);
	ends.port[reverse] = source;
	ends.port[!reverse] = target;
	*is_reverse = reverse;
	*is_new = false;
	bucket = &talks->buckets[hash_of(&talks->key, &ends, sizeof(ends), BUCKET_BITS)];
	for (talk = *bucket; talk; talk = talk->next)
		if (memcmp(&talk->ends, &ends, sizeof(ends)) == 0)
			return &talk->start;
	if (talks->n == TALKS_MAX)
		drop_all(talks);
	talk = xcalloc(1, sizeof(*talk));
	talk->ends = ends;
	talk->next = *bucket;
	*bucket = talk;
	talks->n++;
	*is_new = true;
	return &talk->start;
}

uint32_t talks_longest(const struct talks *talks)
{
	uint32_t longest = 0;

	for (uint32_t i = 0; i < BUCKETS; i++) {
		uint32_t n = 0;

		for (const struct talk *talk = talks->buckets[i]; talk; talk = talk->next)
			n++;
		longest = n > longest ? n : longest;
	}
	return longest;
}
