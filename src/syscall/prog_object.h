/* SPDX-License-Identifier: BSD-2-Clause */
/* A program as an object: making and freeing it, and its tags. */
#pragma once

#include <stdint.h>

#include "object/prog.h"

struct engine;

/* An empty program with one reference, not published; NULL: out of memory. */
struct prog *prog_object_new(struct engine *engine);

/*
 * First eight bytes of the SHA-256 of @n instructions, map fds in ldimm64 taken as 0.
 * Source: bpf_prog_calc_tag of Linux 6.18 (SHA-1 before).
 */
void prog_tag(const struct bpf_insn *insns, uint32_t n, uint8_t tag[PROG_TAG_BYTES]);

/* The maps of a program change by PROG_BIND_MAP only: under engine->lock. */
int prog_bind(struct prog *prog, struct map *map);
