/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A keyed hash for tables of what strangers send: without the key, drawn anew by each process, nobody
 * can make keys that fall into one bucket. Multilinear (Dietzfelbinger 1996): the upper bits of the sum
 * of the key's words times the data's; two that differ meet with the chance of random ones.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#define HASH_BYTES_MAX 40

struct hash_key {
	uint64_t words[1 + HASH_BYTES_MAX / sizeof(uint32_t)];
};

/* A key that cannot be drawn is one of zeros: tables still work, slowly. */
static inline void hash_key_init(struct hash_key *key)
{
	if (getrandom(key->words, sizeof(key->words), 0) != (ssize_t)sizeof(key->words))
		memset(key->words, 0, sizeof(key->words));
}

/* @bytes: a multiple of 4, at most HASH_BYTES_MAX. @bits of hash, at most 32. */
static inline uint32_t hash_of(const struct hash_key *key, const void *data, size_t bytes,
			       unsigned int bits)
{
	uint64_t sum = key->words[0];
	uint32_t word;

	for (size_t i = 0; i < bytes / sizeof(word); i++) {
		memcpy(&word, (const uint8_t *)data + i * sizeof(word), sizeof(word));
		sum += key->words[1 + i] * word;
	}
	return (uint32_t)(sum >> (64 - bits));
}
