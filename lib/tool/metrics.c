/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/metrics.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "tool/http.h"

#define HASH_SLOTS   16384 /* a power of two above METRICS_SERIES_MAX */
#define NO_SERIES    UINT32_MAX
#define NAME_DROPPED "skep_series_dropped_total"

struct series {
	uint32_t family;
	uint32_t next; /* of the same hash; NO_SERIES: the last */
	char *labels;  /* `a="x",b="y"`, escaped; "" when none */
	double value;
	struct hist *hist; /* of histograms */
	double divisor;
};

struct family {
	const char *name, *help;
	enum metrics_type type;
};

struct metrics {
	struct family *families;
	uint32_t n_families;
	struct series *series;
	uint32_t n_series;
	uint32_t heads[HASH_SLOTS];
	uint64_t n_dropped;
	struct http *http;
};

struct metrics *metrics_new(void)
{
	struct metrics *m = xcalloc(1, sizeof(*m));

	memset(m->heads, 0xff, sizeof(m->heads));
	return m;
}

void metrics_clear(struct metrics *m)
{
	for (uint32_t i = 0; i < m->n_series; i++) {
		free(m->series[i].labels);
		free(m->series[i].hist);
	}
	m->n_series = 0;
	m->n_dropped = 0;
	memset(m->heads, 0xff, sizeof(m->heads));
}

struct metrics *metrics_free(struct metrics *m)
{
	if (!m)
		return NULL;
	http_free(m->http);
	metrics_clear(m);
	free(m->series);
	free(m->families);
	free(m);
	return NULL;
}

static uint32_t family_of(struct metrics *m, const struct metrics_series *wanted)
{
	for (uint32_t f = 0; f < m->n_families; f++) {
		if (strcmp(m->families[f].name, wanted->name))
			continue;
		assert(m->families[f].type == wanted->type);
		return f;
	}
	array_grow(m->families, m->n_families);
	m->families[m->n_families] =
		(struct family){ .name = wanted->name, .help = wanted->help, .type = wanted->type };
	return m->n_families++;
}

/*
 * Backslash, quote and line break are escaped, as the format asks. It asks for UTF-8, too, and a page with
 * one byte that is none is refused as a whole: such a byte becomes U+00XX, as in JSON.
 */
static void put_label_value(struct buffer *b, const char *text)
{
	size_t left = strlen(text), n;

	for (; left; text += n, left -= n) {
		unsigned char c = (unsigned char)*text;

		n = json_utf8_bytes(text, left);
		if (c == '\\' || c == '"')
			buffer_format(b, "\\%c", c);
		else if (c == '\n')
			buffer_text(b, "\\n");
		else if (n)
			buffer_add(b, text, n);
		else
			buffer_format(b, "%c%c", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
		n = n ? n : 1;
	}
}

static void put_labels(struct buffer *b, const struct metrics_series *wanted)
{
	for (uint32_t i = 0; i < wanted->n_labels; i++) {
		buffer_format(b, "%s%s=\"", i ? "," : "", wanted->labels[i].key);
		put_label_value(b, wanted->labels[i].value);
		buffer_text(b, "\"");
	}
}

/* FNV-1a. */
static uint32_t hash_of(uint32_t family, const char *text)
{
	uint32_t hash = 0x811c9dc5u ^ family;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x01000193u;
	return hash & (HASH_SLOTS - 1);
}

/* The series, made when it is new; NULL when there are too many. */
static struct series *series_of(struct metrics *m, const struct metrics_series *wanted)
{
	uint32_t family = family_of(m, wanted), hash;
	struct buffer labels = { 0 };
	struct series *series;

	put_labels(&labels, wanted);
	hash = hash_of(family, buffer_string(&labels));
	for (uint32_t i = m->heads[hash]; i != NO_SERIES; i = m->series[i].next) {
		series = &m->series[i];
		if (series->family != family || strcmp(series->labels, buffer_string(&labels)))
			continue;
		buffer_deinit(&labels);
		return series;
	}
	if (m->n_series == METRICS_SERIES_MAX) {
		buffer_deinit(&labels);
		m->n_dropped++;
		return NULL;
	}
	array_grow(m->series, m->n_series);
	series = &m->series[m->n_series];
	*series = (struct series){ .family = family,
				   .next = m->heads[hash],
				   .labels = buffer_take(&labels),
				   .divisor = 1 };
	m->heads[hash] = m->n_series++;
	return series;
}

void metrics_value(struct metrics *m, const struct metrics_series *wanted, double value)
{
	struct series *series = series_of(m, wanted);

	assert(wanted->type != METRICS_HISTOGRAM);
	if (!series)
		return;
	if (wanted->type == METRICS_COUNTER)
		series->value += value;
	else
		series->value = value;
}

void metrics_hist(struct metrics *m, const struct metrics_series *wanted, const struct hist *h,
		  double divisor)
{
	struct series *series = series_of(m, wanted);

	assert(wanted->type == METRICS_HISTOGRAM);
	if (!series)
		return;
	if (!series->hist)
		series->hist = xcalloc(1, sizeof(*series->hist));
	series->divisor = divisor;
	hist_merge(series->hist, h);
}

/* NAME_SUFFIX{labels,le="..."} VALUE */
static void put_sample(struct buffer *out, const char *name, const char *suffix, const char *labels,
		       const char *le, double value)
{
	buffer_format(out, "%s%s", name, suffix);
	if (*labels || le)
		buffer_format(out, "{%s%s", labels, *labels && le ? "," : "");
	if (le)
		buffer_format(out, "le=\"%s\"", le);
	buffer_format(out, "%s %.17g\n", *labels || le ? "}" : "", value);
}

static void put_hist(struct buffer *out, const char *name, const struct series *series)
{
	uint64_t from, to, below = 0, count = hist_count(series->hist);
	uint32_t last = 0;
	char le[64];

	for (uint32_t i = 0; i < HIST_SLOTS; i++)
		if (series->hist->slots[i])
			last = i;
	for (uint32_t i = 0; i <= last && i < HIST_SLOTS - 1; i++) {
		below += series->hist->slots[i];
		hist_slot_bounds(i, &from, &to);
		/* Values are whole numbers: below 2^n is at most 2^n - 1. */
		snprintf(le, sizeof(le), "%.12g", (double)to / series->divisor);
		put_sample(out, name, "_bucket", series->labels, le, (double)below);
	}
	put_sample(out, name, "_bucket", series->labels, "+Inf", (double)count);
	put_sample(out, name, "_sum", series->labels, NULL,
		   (double)series->hist->sum / series->divisor);
	put_sample(out, name, "_count", series->labels, NULL, (double)count);
}

static void put_head(struct buffer *out, const char *name, const char *help, const char *type)
{
	buffer_format(out, "# HELP %s ", name);
	for (; help && *help; help++) {
		if (*help == '\\' || *help == '\n')
			buffer_text(out, *help == '\n' ? "\\n" : "\\\\");
		else
			buffer_add(out, help, 1);
	}
	buffer_format(out, "\n# TYPE %s %s\n", name, type);
}

void metrics_page(const struct metrics *m, struct buffer *out)
{
	static const char *const types[] = {
		[METRICS_COUNTER] = "counter",
		[METRICS_GAUGE] = "gauge",
		[METRICS_HISTOGRAM] = "histogram",
	};

	for (uint32_t f = 0; f < m->n_families; f++) {
		const struct family *family = &m->families[f];

		put_head(out, family->name, family->help, types[family->type]);
		for (uint32_t i = 0; i < m->n_series; i++) {
			const struct series *series = &m->series[i];

			if (series->family != f)
				continue;
			if (series->hist)
				put_hist(out, family->name, series);
			else
				put_sample(out, family->name, "", series->labels, NULL,
					   series->value);
		}
	}
	put_head(out, NAME_DROPPED, "rows whose series would be one too many", "counter");
	put_sample(out, NAME_DROPPED, "", "", NULL, (double)m->n_dropped);
}

static void make_page(void *m, struct buffer *out)
{
	metrics_page(m, out);
}

int metrics_listen(struct metrics *m, const char *where, struct error *err)
{
	assert(!m->http);
	return http_new(where, make_page, m, &m->http, err);
}

int metrics_fd(const struct metrics *m)
{
	return http_fd(m->http);
}

void metrics_serve(struct metrics *m)
{
	http_serve(m->http);
}
