/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-256 (FIPS 180-4): program tags and map hashes. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32

struct sha256 {
	uint32_t h[8];
	uint64_t bytes; /* hashed so far */
	uint8_t block[64];
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t bytes);
void sha256_finish(struct sha256 *s, uint8_t digest[SHA256_BYTES]);
