/* SPDX-License-Identifier: BSD-2-Clause */
/* See ike.h. */
#include "capture/ike.h"

static void remember(struct ike *ike, const struct layer_ip *ip, const uint8_t *cookie)
{
	uint32_t i = ike->next, size = ip->v6 ? 16 : 4;

	memcpy(ike->exchanges[i].cookie, cookie, IKE_COOKIE_BYTES);
	memcpy(ike->exchanges[i].source, ip->source, size);
	memcpy(ike->exchanges[i].target, ip->target, size);
	ike->exchanges[i].v6 = ip->v6;
	ike->next = (i + 1) % IKE_EXCHANGES;
}

char ike_side(struct ike *ike, const struct layer_ip *ip, const uint8_t *cookie, bool is_first)
{
	uint32_t size = ip->v6 ? 16 : 4;

	for (uint32_t i = 0; i < IKE_EXCHANGES; i++) {
		const uint8_t *source = ike->exchanges[i].source,
			      *target = ike->exchanges[i].target;

		if (memcmp(ike->exchanges[i].cookie, cookie, IKE_COOKIE_BYTES) != 0)
			continue;
		if (ike->exchanges[i].v6 != ip->v6)
			return '?';
		if (memcmp(source, ip->source, size) == 0 && memcmp(target, ip->target, size) == 0)
			return 'I';
		return memcmp(source, ip->target, size) == 0 &&
				       memcmp(target, ip->source, size) == 0
			       ? 'R'
			       : '?';
	}
	if (!is_first)
		return '?';
	remember(ike, ip, cookie);
	return 'I';
}
