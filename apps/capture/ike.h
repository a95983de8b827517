/* SPDX-License-Identifier: BSD-2-Clause */
/* Who began the last few key exchanges (IKE version 1): told by their first messages. */
#pragma once

#include "capture/layer.h"

enum {
	IKE_EXCHANGES = 20, /* the oldest is forgotten first */
	IKE_COOKIE_BYTES = 8,
};

struct ike {
	struct {
		uint8_t cookie[IKE_COOKIE_BYTES];
		uint8_t source[16], target[16];
		bool v6;
	} exchanges[IKE_EXCHANGES];
	uint32_t next;
};

/* Who sent the message with the initiator's @cookie: 'I', the responder 'R', or '?'. */
char ike_side(struct ike *ike, const struct layer_ip *ip, const uint8_t *cookie, bool is_first);
