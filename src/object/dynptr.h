/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a struct bpf_dynptr of a program's stack really is: bytes somewhere and their number. Only
 * helpers read and write it (the verifier sees to that); the memory it points to is live as long as
 * it is. A null one, as a failed helper leaves it, has no data. Source: struct bpf_dynptr_kern.
 */
#pragma once

#include <stdint.h>

#include "tbl/uapi.h"

#define DYNPTR_BYTES_MAX ((1u << 24) - 1) /* DYNPTR_MAX_SIZE */

struct dynptr {
	uint8_t *data;
	uint64_t bytes;
};
_Static_assert(sizeof(struct dynptr) == sizeof(struct bpf_dynptr), "what programs reserve for it");
