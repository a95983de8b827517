/* SPDX-License-Identifier: BSD-2-Clause */
/* OSPF's advertisements, for its printers. All are guarded ones (layer.h). */
#pragma once

#include "capture/layer.h"

#define OSPF_LSA_BYTES 20

enum ospf_lsa_type {
	OSPF_ROUTER = 1,
	OSPF_NETWORK,
	OSPF_SUMMARY,
	OSPF_SUMMARY_ROUTER,
	OSPF_EXTERNAL,
	OSPF_GROUP,
	OSPF_NSSA,
	OSPF_OPAQUE_LINK = 9,
	OSPF_OPAQUE_AREA,
	OSPF_OPAQUE_DOMAIN,
};

enum ospf_opaque {
	OSPF_TE = 1,
	OSPF_GRACE = 3,
	OSPF_RI = 4,
};

/* "Router LSA (1), LSA-ID: 10.0.0.1", @id being four bytes; @colon stands behind an opaque one's words. */
void ospf_lsa_name(struct layer *l, uint32_t type, const uint8_t *id, const char *colon);
/* What stands behind the head of the advertisement at @lsa, of @bytes with it. False: it ends too early. */
bool ospf_lsa_body(struct layer *l, const uint8_t *lsa, uint32_t bytes);
/* The parts of a restarting router's and of traffic engineering's. False: they end too early. */
bool ospf_grace(struct layer *l, const uint8_t *p, uint32_t left);
bool ospf_te(struct layer *l, const uint8_t *p, uint32_t left);
/* Version 3, behind its first line. */
void ospf_print3(struct layer *l, const uint8_t *p, uint32_t length);
