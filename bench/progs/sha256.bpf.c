/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* sha256: one block of the packet, its message schedule in 16 words of the stack. */
#include "bench.h"

static const __u32 k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

struct sha {
	__u32 a, b, c, d, e, f, g, h;
};

static __always_inline __u32 ror32(__u32 x, int by)
{
	return x >> by | x << (32 - by);
}

static __always_inline void sha_round(struct sha *s, __u32 word)
{
	__u32 t1 = s->h + (ror32(s->e, 6) ^ ror32(s->e, 11) ^ ror32(s->e, 25)) +
		   ((s->e & s->f) ^ (~s->e & s->g)) + word;
	__u32 t2 = (ror32(s->a, 2) ^ ror32(s->a, 13) ^ ror32(s->a, 22)) +
		   ((s->a & s->b) ^ (s->a & s->c) ^ (s->b & s->c));

	s->h = s->g; s->g = s->f; s->f = s->e;
	s->e = s->d + t1;
	s->d = s->c; s->c = s->b; s->b = s->a;
	s->a = t1 + t2;
}

static __always_inline __u32 schedule(const __u32 w[16], int i)
{
	__u32 w2 = w[(i + 14) & 15], w15 = w[(i + 1) & 15];

	return w[i & 15] + (ror32(w15, 7) ^ ror32(w15, 18) ^ w15 >> 3) + w[(i + 9) & 15] +
	       (ror32(w2, 17) ^ ror32(w2, 19) ^ w2 >> 10);
}

BENCH(sha256)
{
	struct sha s = {
		0x6a09e667 ^ (__u32)seed, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
	};
	__u32 w[16];

	for (int i = 0; i < 16; i++) {
		w[i] = __builtin_bswap32(load32(data + i * 4));
		sha_round(&s, k[i] + w[i]);
	}
	for (int i = 16; i < 64; i++) {
		w[i & 15] = schedule(w, i);
		sha_round(&s, k[i] + w[i & 15]);
	}
	return (__u64)(s.a ^ s.c ^ s.e ^ s.g) << 32 | (s.b ^ s.d ^ s.f ^ s.h);
}
