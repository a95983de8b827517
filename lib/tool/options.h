/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The options every tool takes, and a tool's own rows beside them; usage text comes from the same
 * tables. A tool's letter hides a common one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "engine.h"
#include "error.h"
#include "tool/filter.h"
#include "tool/output.h"

#define TOOL_OPTIONS_MAX     64
#define TOOL_SECONDS_MAX     (365ull * 86400)
#define TOOL_NS_PER_SECOND   1000000000ull

struct tool_options {
	struct filter filter;
	enum output_format format;
	const char *listen;   /* ADDR:PORT; NULL: nowhere */
	uint64_t duration_ns; /* 0: until Ctrl-C */
	uint64_t interval_ns; /* 0: once, at the end */
	uint64_t count;	      /* of intervals; 0: no bound */
	bool timestamps;
	bool containers; /* columns of container and pod */
	bool verbose;
	bool no_header;
	enum engine_kind engine;
	char **operands; /* what is left, of a tool that takes operands of its own */
	uint32_t n_operands;
	char **command; /* what stands behind "--", NULL-terminated, of a tool that runs a command */
};

enum option_kind {
	OPTION_FLAG,	/* bool */
	OPTION_NUMBER,	/* uint64_t, min to max */
	OPTION_SECONDS, /* uint64_t of ns, from a decimal number of seconds */
	OPTION_TEXT,	/* const char *, points into argv */
	OPTION_CALL,	/* take(self, text, err): 0, or -errno with what is wrong with the text */
};

struct tool_option {
	char letter;	      /* 0: none */
	const char *name;     /* of the long option, never NULL */
	const char *argument; /* "MS", in the usage; NULL: takes none */
	const char *help;     /* one line */
	enum option_kind kind;
	size_t offset; /* of the member in the tool's struct: all kinds but OPTION_CALL */
	uint64_t min, max;
	int (*take)(void *self, const char *text, struct error *err);
};

enum tool_flag {
	TOOL_INTERVAL = 1u << 0, /* operands are [INTERVAL [COUNT]] */
	TOOL_OPERANDS = 1u << 1, /* operands are the tool's own; the interval is -i */
	TOOL_COMMAND = 1u << 2,	 /* takes -- COMMAND [ARGUMENT...] */
	TOOL_STATIC = 1u << 3,	 /* shows what is, waits for nothing: of the common options it takes
				    only those of the output and -v */
};

struct ability_tool;

struct tool_spec {
	const char *command;  /* "trace syscalls" */
	const char *operands; /* "SYMBOL...", in the usage; NULL with TOOL_INTERVAL or none */
	const char *behind;   /* what stands behind "--", with TOOL_COMMAND; NULL: a command */
	const char *summary;  /* one line, lower case, no full stop */
	const char *about;    /* paragraphs of the help; NULL: none */
	uint32_t flags;
	const struct tool_option *options;
	uint32_t n_options;
	const char *examples; /* lines of the help; NULL: none */
	const struct ability_tool *ability; /* what it needs, to say what is missing; NULL: not told */
};

/* Seconds with a fraction, more than 0 and at most TOOL_SECONDS_MAX. 0, or -EINVAL. */
int options_seconds_parse(const char *text, uint64_t *ns);

/*
 * Reads the command line into @options (all of it is overwritten) and the tool's own members of
 * @self. 0; 1: help was asked for; or -EINVAL with a sentence.
 */
int options_parse(const struct tool_spec *spec, void *self, int argc, char **argv,
		  struct tool_options *options, struct error *err);
void options_usage(const struct tool_spec *spec, struct buffer *out);
