/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* jhash: Bob Jenkins' lookup3 over 504 bytes of the packet, 12 at a time. */
#include "bench.h"

#define BYTES 504

BENCH(jhash)
{
	__u32 a = 0xdeadbeef + BYTES + (__u32)seed, b = a, c = a;

	for (int i = 0; i < BYTES; i += 12) {
		a += load32(data + i);
		b += load32(data + i + 4);
		c += load32(data + i + 8);
		a -= c; a ^= rol32(c, 4); c += b;
		b -= a; b ^= rol32(a, 6); a += c;
		c -= b; c ^= rol32(b, 8); b += a;
		a -= c; a ^= rol32(c, 16); c += b;
		b -= a; b ^= rol32(a, 19); a += c;
		c -= b; c ^= rol32(b, 4); b += a;
	}
	c ^= b; c -= rol32(b, 14);
	a ^= c; a -= rol32(c, 11);
	b ^= a; b -= rol32(a, 25);
	c ^= b; c -= rol32(b, 16);
	return c;
}
