/* SPDX-License-Identifier: BSD-2-Clause */
/* An outcome as text for people, or as one JSON document for programs. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "json.h"
#include "outcome.h"

struct accesses;
struct btf;

struct report {
	const struct outcome *outcome;
	const struct btf *btf; /* of the object; NULL: it has none */
	const char *object;    /* path as given */
	const char *capture;   /* NULL: none */
	const char *output;    /* NULL: none */
	const struct accesses *accesses; /* to sysctls; NULL: none */
	const char *engine;    /* "user", "kernel" or "both" */
	const char *other;     /* both: whose time is other_ns */
	double other_ns;       /* both: per run of the other engine; else negative */
	uint32_t rows_max;     /* of each list in text; 0: all */
	bool bars;	       /* draw shares */
};

void report_text(const struct report *r, struct buffer *out);
/* Members of the object that is open in @j, so that a caller adds its own. */
void report_json(const struct report *r, struct json *j);

/* One map's contents, in the text form. */
void report_map(const struct report *r, uint32_t map, struct buffer *out);
/* The same as an object of the array that is open in @j. */
void report_json_map(const struct report *r, uint32_t map, struct json *j);
