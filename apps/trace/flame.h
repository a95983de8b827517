/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A flame graph of folded stacks, as one SVG file with nothing outside of it: frames as wide as they
 * were often, a click zooms, Ctrl-F or the word at the top right searches (a regular expression), and
 * marks what it finds with its share. Without JavaScript it is a picture with tooltips.
 *
 * Frames narrower than FLAME_WIDTH_MIN of the picture are left out, and counted in the title.
 */
#pragma once

#include <stdbool.h>

#include "buffer.h"
#include "trace/folded.h"

#define FLAME_WIDTH	1200 /* of the picture, px */
#define FLAME_WIDTH_MIN 0.1  /* of a frame, px */
#define FLAME_DEPTH_MAX 256  /* deeper frames are not drawn */

/* @folded must be sorted. @title and @unit ("samples") are text of ours. */
void flame_draw(const struct folded *folded, const char *title, const char *unit,
		struct buffer *out);
