/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Series gathered from rows, and the page of them in Prometheus' text format 0.0.4: on standard output
 * (-o prom) or answered over HTTP (--listen). There are at most METRICS_SERIES_MAX series; what would
 * be one more is counted in skep_series_dropped_total.
 *
 * The HTTP server is libmicrohttpd, loaded when --listen is given: its libraries cost every other run
 * several megabytes and milliseconds. It runs inside the tool's loop; there is no thread.
 */
#pragma once

#include <stdint.h>

#include "buffer.h"
#include "error.h"
#include "tool/hist.h"

#define METRICS_SERIES_MAX 10000
#define METRICS_LABELS_MAX 16

struct metrics;

enum metrics_type {
	METRICS_COUNTER,
	METRICS_GAUGE,
	METRICS_HISTOGRAM
};

struct metrics_label {
	const char *key;
	const char *value; /* copied */
};

/* @name and @help must be string constants. */
struct metrics_series {
	const char *name;
	const char *help;
	enum metrics_type type;
	const struct metrics_label *labels;
	uint32_t n_labels;
};

struct metrics *metrics_new(void);
/* NULL is fine; returns NULL. */
struct metrics *metrics_free(struct metrics *m);

/* Counters add @value, gauges take it. */
void metrics_value(struct metrics *m, const struct metrics_series *series, double value);
/* Adds the counts of @h; bounds and sum are divided by @divisor (1e9: ns shown as seconds). */
void metrics_hist(struct metrics *m, const struct metrics_series *series, const struct hist *h,
		  double divisor);
/* Forgets all series: those of things that are gone must not stay. Listening goes on. */
void metrics_clear(struct metrics *m);
void metrics_page(const struct metrics *m, struct buffer *out);

/* Starts answering at "ADDR:PORT", "[V6]:PORT" or ":PORT" (loopback). 0, or -errno with a sentence. */
int metrics_listen(struct metrics *m, const char *where, struct error *err);
/* Becomes readable when there is a request; then metrics_serve(). Valid after metrics_listen(). */
int metrics_fd(const struct metrics *m);
void metrics_serve(struct metrics *m);
