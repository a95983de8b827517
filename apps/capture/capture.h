/* SPDX-License-Identifier: BSD-2-Clause */
/* skep capture: packets with tcpdump's expressions, flags and lines, and who sent them. */
#pragma once

#include "ability/ability.h"
#include "capture/expression.h"
#include "capture/options.h"

int capture_main(int argc, char **argv);
extern const char capture_usage[];
extern const struct ability_tool capture_ability;

/* Packets of a file. 0, or -errno with a sentence. */
int capture_read(const struct capture_options *options, const struct expression *e,
		 struct error *err);
/* Packets of devices, until Ctrl-C or as many as were asked for: by tc, or by a packet socket. */
int capture_live(const struct capture_options *options, const struct expression *e,
		 struct error *err);
int capture_socket(const struct capture_options *options, const struct expression *e,
		   struct error *err);
/* -Z: becomes its user, once all that wants privileges is open. Without -Z nothing. */
int capture_become(const struct capture_options *o, struct error *err);
