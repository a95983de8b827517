/* SPDX-License-Identifier: BSD-2-Clause */
/* What `skep doctor` found out, and its two ways of telling it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ability/ability.h"
#include "buffer.h"

struct doctor {
	bool user_engine;
	bool quick;	    /* nothing is attached */
	bool verbose;	    /* every type and helper */
	const char *chosen; /* tools whose name begins so; NULL: all */
};

/* The answer as deep as was asked for. */
const struct ability_answer *doctor_ask(const struct doctor *d, enum ability a);
/* Whether the ability is the engine's business (and not the machine's under another engine). */
bool doctor_shows(const struct doctor *d, enum ability a);
bool doctor_shows_tool(const struct doctor *d, const struct ability_tool *tool);

void doctor_table(const struct doctor *d, struct buffer *out);
/* One tool's ways, need by need. */
void doctor_explain(const struct doctor *d, const struct ability_tool *tool, struct buffer *out);
void doctor_json(const struct doctor *d, struct buffer *out);
