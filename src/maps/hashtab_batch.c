/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bucket of a hash map whole, for the batch commands: elements are read, and deleted, in one
 * holding of its lock, so a batch never gives the same element twice nor loses one. Which bucket a
 * key is in and how many share it is the table's own (docs/differences.md).
 */
#include <errno.h>
#include <string.h>

#include "maps/hashtab.h"
#include "object/value.h"

static uint32_t count(const struct htab *t, const struct htab_bucket *b)
{
	uint32_t pos = 0, n = 0;

	while (htab_bucket_next(t, b, &pos))
		n++;
	return n;
}

static void clear(struct hashtab *h, uint32_t bucket, void (*drop)(struct hashtab *h, uint32_t elem))
{
	struct htab_bucket *b = &h->t.buckets[bucket];
	uint32_t pos = 0, elem;

	while ((elem = htab_bucket_next(&h->t, b, &pos))) {
		struct htab_pos at = htab_find_elem_locked(&h->t, elem, bucket);

		htab_unlink(&h->t, &at);
		if (drop)
			drop(h, elem);
		hashtab_give_back(h, elem);
		pos = 0;
	}
}

int hashtab_batch_bucket(struct hashtab *h, uint32_t bucket, struct map_bucket *out,
			 void (*give)(struct hashtab *h, uint32_t elem, void *value, uint64_t flags),
			 void (*drop)(struct hashtab *h, uint32_t elem))
{
	size_t value_bytes = map_user_value_bytes(&h->map), key_bytes = h->t.key_bytes;
	uint32_t pos = 0, elem;
	struct htab_bucket *b;

	if (bucket > h->t.mask)
		return -ENOENT;
	if (!out)
		return 0;
	b = htab_lock(&h->t, bucket);
	out->n = count(&h->t, b);
	if (out->n > out->room) {
		htab_unlock(b);
		return -ENOSPC;
	}
	for (uint32_t i = 0; (elem = htab_bucket_next(&h->t, b, &pos)); i++) {
		memcpy(out->keys + i * key_bytes, htab_at(&h->t, elem)->key, key_bytes);
		give(h, elem, out->values + i * value_bytes, out->flags);
	}
	if (out->delete)
		clear(h, bucket, drop);
	htab_unlock(b);
	return 0;
}
