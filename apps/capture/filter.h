/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An expression as a verified program, run on packets of a file by the engine in this process: what
 * libpcap's interpreter says. That one judges the packets no program is given, here as in the kernel:
 * those shorter than a link-level header or longer than 64 KiB.
 */
#pragma once

#include <stdint.h>

#include "capture/expression.h"
#include "error.h"

struct filter_prog {
	int prog_fd; /* -1: every packet passes */
	struct classic classic;
};

/* Compiles and loads; the engine is entered. 0, or -errno with a sentence. */
int filter_load(const char *packet, const struct classic_setup *setup, struct filter_prog *f,
		struct error *err);
/* How many bytes of the packet to keep: 0: it does not pass. -errno when it could not be run. */
int64_t filter_run(const struct filter_prog *f, const uint8_t *data, uint32_t bytes,
		   uint32_t wire_bytes);
void filter_unload(struct filter_prog *f);
