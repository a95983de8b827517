/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* siphash: SipHash-2-4 over 512 bytes of the packet, keyed by the seed. */
#include "bench.h"

#define BYTES 512

struct sip {
	__u64 v0, v1, v2, v3;
};

static __always_inline void sip_round(struct sip *s)
{
	s->v0 += s->v1; s->v1 = rol64(s->v1, 13); s->v1 ^= s->v0; s->v0 = rol64(s->v0, 32);
	s->v2 += s->v3; s->v3 = rol64(s->v3, 16); s->v3 ^= s->v2;
	s->v0 += s->v3; s->v3 = rol64(s->v3, 21); s->v3 ^= s->v0;
	s->v2 += s->v1; s->v1 = rol64(s->v1, 17); s->v1 ^= s->v2; s->v2 = rol64(s->v2, 32);
}

BENCH(siphash)
{
	struct sip s = {
		0x736f6d6570736575ull ^ seed, 0x646f72616e646f6dull ^ ~seed,
		0x6c7967656e657261ull ^ seed, 0x7465646279746573ull ^ ~seed,
	};

	for (int i = 0; i < BYTES; i += 8) {
		__u64 word = load64(data + i);

		s.v3 ^= word;
		sip_round(&s);
		sip_round(&s);
		s.v0 ^= word;
	}
	s.v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
