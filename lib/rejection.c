/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log's lines are interface (kernel/bpf/log.c, verifier.c): "; source @ file:line" before the
 * instructions of that line, "PC: (CODE) text ; state" per instruction walked, then the reason, then
 * "processed N insns ..." and, at level 4, "verification time N usec".
 */
#include "rejection.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool starts(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

/* "12: (61) ...", and not "12: R1=..." which only shows registers. */
static bool is_insn(const char *line)
{
	const char *p = line;

	while (isdigit((unsigned char)*p))
		p++;
	return p > line && starts(p, ": (") && isxdigit((unsigned char)p[3]);
}

static bool is_noise(const char *line)
{
	const char *p = line;

	while (isdigit((unsigned char)*p))
		p++;
	if (p > line && starts(p, ": R"))
		return true;
	return !*line || starts(line, "processed ") || starts(line, "verification time") ||
	       starts(line, "stack depth") || starts(line, "from ") ||
	       starts(line, "mark_precise") || starts(line, "-- BEGIN") || starts(line, "-- END") ||
	       starts(line, "func#") || starts(line, "live regs") || starts(line, "Live regs") ||
	       starts(line, "caller:") || starts(line, "callee:") || starts(line, "Validating ") ||
	       starts(line, "insns processed");
}

void verifier_stats_parse(const char *log, struct verifier_stats *stats)
{
	const char *line = strstr(log, "processed ");
	unsigned long long insns = 0, per_insn = 0, total = 0, peak = 0, us;
	const char *next;

	*stats = (struct verifier_stats){ .time_us = UINT64_MAX };
	while (line && (next = strstr(line + 1, "\nprocessed ")))
		line = next + 1;
	if (line && sscanf(line,
			   "processed %llu insns (limit %*u) max_states_per_insn %llu "
			   "total_states %llu peak_states %llu",
			   &insns, &per_insn, &total, &peak) == 4) {
		stats->insns_processed = insns;
		stats->max_states_per_insn = per_insn;
		stats->total_states = total;
		stats->peak_states = peak;
	}
	line = strstr(log, "verification time ");
	if (line && sscanf(line, "verification time %llu usec", &us) == 1)
		stats->time_us = us;
}

/* "12: (61) r1 = ...     ; R1_w=..." without the state behind it. */
static char *insn_text(const char *line, size_t length)
{
	const char *state = memmem(line, length, " ; ", 3);

	if (state)
		length = state - line;
	while (length && isspace((unsigned char)line[length - 1]))
		length--;
	return xstrndup(line, length);
}

static void replace(char **old, char *now)
{
	free(*old);
	*old = now;
}

void rejection_parse(const char *log, struct rejection *r)
{
	struct buffer reason = { 0 };
	const char *end;

	r->source = xstrdup("");
	r->insn = xstrdup("");
	for (const char *line = log; *line; line = *end ? end + 1 : end) {
		char *text;

		end = line + strcspn(line, "\n");
		text = xstrndup(line, end - line);
		if (starts(text, "; ")) {
			replace(&r->source, xstrdup(text + 2));
		} else if (is_insn(text)) {
			replace(&r->insn, insn_text(text, end - line));
			buffer_reset(&reason);
		} else if (!is_noise(text)) {
			buffer_format(&reason, "%s%s", reason.bytes ? "\n" : "", text);
		}
		free(text);
	}
	r->reason = buffer_take(&reason);
}

void rejection_deinit(struct rejection *r)
{
	free(r->source);
	free(r->insn);
	free(r->reason);
	*r = (struct rejection){ 0 };
}

void rejection_print(const struct rejection *r, struct buffer *out, const char *indent)
{
	if (*r->source)
		buffer_format(out, "%ssource       %s\n", indent, r->source);
	if (*r->insn)
		buffer_format(out, "%sinstruction  %s\n", indent, r->insn);
	buffer_format(out, "%sreason       ", indent);
	for (const char *p = *r->reason ? r->reason : "(the log gives none)"; *p; p++) {
		buffer_add(out, p, 1);
		if (*p == '\n')
			buffer_format(out, "%s             ", indent);
	}
	buffer_text(out, "\n");
}
