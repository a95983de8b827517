/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a tool shows: one table of fields, and rows of cells, written as columns, JSON Lines, CSV, or
 * gathered as Prometheus metrics. Keys are stable: they are JSON keys, CSV heads and metric labels.
 * Rows are gathered and written by output_flush(), so that an event costs no system call.
 *
 * Columns: header once, widths kept, a cell too wide pushes the rest of its line. Times are ns since
 * the epoch; JSON has "ts" also as "time", by RFC 3339. Durations are ns in JSON
 * and CSV, and seconds in metrics.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "buffer.h"
#include "tool/hist.h"

#define OUTPUT_FIELDS_MAX 64

enum output_format {
	OUTPUT_COLUMNS,
	OUTPUT_JSON,
	OUTPUT_CSV,
	OUTPUT_PROM,
	_OUTPUT_FORMAT_MAX
};

enum field_kind {
	FIELD_U64,
	FIELD_I64,
	FIELD_STRING,	   /* bytes that are no UTF-8 or no text are escaped */
	FIELD_BYTES,	   /* a size */
	FIELD_DURATION_NS, /* columns: in `unit_ns` units */
	FIELD_TIME_NS,	   /* since the epoch */
	FIELD_IP,
	FIELD_HIST, /* columns: drawn below a line that names the row */
};

enum field_metric {
	FIELD_NO_METRIC,
	FIELD_LABEL,   /* tells series apart: only what takes few values */
	FIELD_COUNTER, /* added up over rows */
	FIELD_GAUGE,   /* the last row's */
	FIELD_HISTOGRAM,
};

struct field {
	const char *key;   /* "latency_ns"; a duration's ends in _ns, a size's in _bytes */
	const char *title; /* of its column; NULL: not among the columns */
	enum field_kind kind;
	int width; /* of its column; negative: words, to the left. The last may be 0 */
	enum field_metric metric;
	const char *metric_name; /* "skep_syscall_seconds_total"; counters, gauges, histograms */
	const char *help;	 /* one line: metrics and man page */
	uint32_t unit_ns;	 /* columns show a duration divided by this (1, 1000, 1000000); 0: 1 */
};

struct ip {
	uint8_t version; /* 4 or 6 */
	uint8_t bytes[16];
};

/* A cell that is all zero is absent: "-" or nothing in columns, no key in JSON, empty in CSV. */
struct cell {
	bool present;
	union {
		uint64_t u;	  /* U64, BYTES, DURATION_NS, TIME_NS */
		int64_t i;	  /* I64 */
		const char *text; /* STRING: the caller's until output_row() returns */
		struct ip ip;
		const struct hist *hist;
	};
};

struct output_spec {
	const struct field *fields;
	uint32_t n_fields;
	const char *rows_metric; /* counter of rows per label set; NULL: none */
	const char *rows_help;
};

struct metrics;

struct output {
	const struct output_spec *spec;
	enum output_format format;
	FILE *stream;		 /* borrowed */
	bool no_header;		 /* columns and CSV */
	uint64_t hidden;	 /* bit i: field i is not shown at all */
	struct metrics *metrics; /* rows are also gathered there; NULL: nowhere. Borrowed */
	uint64_t n_rows;
	bool headed;
	struct buffer text;
	int error; /* the first of the stream, -errno; 0: none */
};

static inline struct cell cell_u64(uint64_t u)
{
	return (struct cell){ .present = true, .u = u };
}

static inline struct cell cell_i64(int64_t i)
{
	return (struct cell){ .present = true, .i = i };
}

/* NULL is an absent cell. */
static inline struct cell cell_text(const char *text)
{
	return (struct cell){ .present = text != NULL, .text = text };
}

static inline struct cell cell_ip(struct ip ip)
{
	return (struct cell){ .present = true, .ip = ip };
}

static inline struct cell cell_hist(const struct hist *hist)
{
	return (struct cell){ .present = true, .hist = hist };
}

/* "columns", "json", "csv", "prom": 0, or -EINVAL. */
int output_format_parse(const char *text, enum output_format *format);

/* @spec and @stream must outlive it. */
void output_init(struct output *out, const struct output_spec *spec, enum output_format format,
		 FILE *stream);
void output_hide(struct output *out, uint32_t field);
/* One row: spec->n_fields cells, each of its field's kind. */
void output_row(struct output *out, const struct cell *cells);
/* A line between rows ("12:00:01", ""): in columns only. */
void output_line(struct output *out, const char *line);
/* Writes what was gathered: 0, or -errno of the stream, now or before: who looks last knows it. */
int output_flush(struct output *out);
void output_deinit(struct output *out);

#define OUTPUT_TIME_BYTES 40
/* "2026-01-02T03:04:05.123456789Z" into @buf, which is returned. */
const char *output_time(uint64_t realtime_ns, char buf[OUTPUT_TIME_BYTES]);
