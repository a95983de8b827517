/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/output.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json.h"
#include "tool/metrics.h"

#define NS_PER_SECOND 1000000000ull
#define LABEL_BYTES   256

static const char *const format_names[] = {
	[OUTPUT_COLUMNS] = "columns",
	[OUTPUT_JSON] = "json",
	[OUTPUT_CSV] = "csv",
	[OUTPUT_PROM] = "prom",
};
_Static_assert(sizeof(format_names) / sizeof(format_names[0]) == _OUTPUT_FORMAT_MAX, "a name each");

int output_format_parse(const char *text, enum output_format *format)
{
	for (int i = 0; i < _OUTPUT_FORMAT_MAX; i++) {
		if (strcmp(format_names[i], text) == 0) {
			*format = (enum output_format)i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *output_time(uint64_t realtime_ns, char buf[OUTPUT_TIME_BYTES])
{
	time_t seconds = (time_t)(realtime_ns / NS_PER_SECOND);
	struct tm utc;
	size_t at;

	gmtime_r(&seconds, &utc);
	at = strftime(buf, OUTPUT_TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(buf + at, OUTPUT_TIME_BYTES - at, ".%09lluZ",
		 (unsigned long long)(realtime_ns % NS_PER_SECOND));
	return buf;
}

void output_init(struct output *out, const struct output_spec *spec, enum output_format format,
		 FILE *stream)
{
	assert(spec->n_fields <= OUTPUT_FIELDS_MAX);
	*out = (struct output){ .spec = spec, .format = format, .stream = stream };
}

void output_hide(struct output *out, uint32_t field)
{
	assert(field < out->spec->n_fields);
	out->hidden |= 1ull << field;
}

static bool is_hidden(const struct output *out, uint32_t field)
{
	return out->hidden >> field & 1;
}

static const char *ip_text(const struct ip *ip, char buf[INET6_ADDRSTRLEN])
{
	if (!inet_ntop(ip->version == 4 ? AF_INET : AF_INET6, ip->bytes, buf, INET6_ADDRSTRLEN))
		buf[0] = '\0';
	return buf;
}

/* Whether the character is a control: one of ASCII's, or of C1 in UTF-8 (U+0080-9F). */
static bool is_control(const char *text)
{
	unsigned char c = (unsigned char)text[0];

	return c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)text[1] < 0xa0);
}

/*
 * Text of other people's making, on one line of a terminal, in a file or a label: no control characters,
 * no line breaks, and nothing that is not UTF-8.
 */
static void put_safe(struct buffer *b, const char *text)
{
	size_t left = strlen(text), n;

	for (; left; text += n, left -= n) {
		n = json_utf8_bytes(text, left);
		if (n && !is_control(text)) {
			buffer_add(b, text, n);
			continue;
		}
		n = n ? n : 1;
		for (size_t i = 0; i < n; i++)
			buffer_format(b, "\\x%02x", (unsigned char)text[i]);
	}
}

static void put_clock(struct buffer *b, uint64_t realtime_ns)
{
	time_t seconds = (time_t)(realtime_ns / NS_PER_SECOND);
	char text[OUTPUT_TIME_BYTES];
	struct tm local;

	localtime_r(&seconds, &local);
	strftime(text, sizeof(text), "%H:%M:%S", &local);
	buffer_text(b, text);
}

static void put_duration(struct buffer *b, uint64_t ns, uint32_t unit_ns)
{
	if (unit_ns <= 1)
		buffer_format(b, "%llu", (unsigned long long)ns);
	else
		buffer_format(b, "%.*f", unit_ns >= 1000000 ? 3 : 1, (double)ns / unit_ns);
}

/* A cell as a person or a CSV reader sees it, without padding or quoting. */
static void put_plain(struct buffer *b, const struct field *field, const struct cell *cell,
		      bool for_people)
{
	char address[INET6_ADDRSTRLEN];

	switch (field->kind) {
	case FIELD_U64:
	case FIELD_BYTES:
		buffer_format(b, "%llu", (unsigned long long)cell->u);
		break;
	case FIELD_I64:
		buffer_format(b, "%lld", (long long)cell->i);
		break;
	case FIELD_DURATION_NS:
		put_duration(b, cell->u, for_people ? field->unit_ns : 1);
		break;
	case FIELD_TIME_NS:
		if (for_people)
			put_clock(b, cell->u);
		else
			buffer_format(b, "%llu", (unsigned long long)cell->u);
		break;
	case FIELD_IP:
		buffer_text(b, ip_text(&cell->ip, address));
		break;
	case FIELD_STRING:
		put_safe(b, cell->text);
		break;
	case FIELD_HIST:
		break;
	}
}

/* Columns on a terminal: UTF-8 continuation bytes take none. */
static int width_of(const char *text)
{
	int width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static void put_padded(struct buffer *b, const char *text, int width, bool last)
{
	int missing = abs(width) - width_of(text);

	for (int i = 0; i < missing && width > 0; i++)
		buffer_text(b, " ");
	buffer_text(b, text);
	for (int i = 0; i < missing && width < 0 && !last; i++)
		buffer_text(b, " ");
}

static bool is_column(const struct output *out, uint32_t field)
{
	return !is_hidden(out, field) && out->spec->fields[field].title &&
	       out->spec->fields[field].kind != FIELD_HIST;
}

static uint32_t last_column(const struct output *out)
{
	uint32_t last = 0;

	for (uint32_t i = 0; i < out->spec->n_fields; i++)
		if (is_column(out, i))
			last = i;
	return last;
}

/* @cells NULL: the line of titles. */
static void put_columns(struct output *out, const struct cell *cells)
{
	uint32_t last = last_column(out);
	struct buffer word = { 0 };
	const char *gap = "";

	for (uint32_t i = 0; i <= last; i++) {
		const struct field *field = &out->spec->fields[i];

		if (!is_column(out, i))
			continue;
		buffer_reset(&word);
		if (!cells)
			buffer_text(&word, field->title);
		else if (cells[i].present)
			put_plain(&word, field, &cells[i], true);
		else
			buffer_text(&word, "-");
		buffer_text(&out->text, gap);
		put_padded(&out->text, buffer_string(&word), field->width, i == last);
		gap = " ";
	}
	buffer_text(&out->text, "\n");
	buffer_deinit(&word);
}

/* Whether a field says which row it is, rather than what was measured. */
static bool is_name(const struct field *field)
{
	return field->kind == FIELD_STRING || field->kind == FIELD_IP ||
	       (field->kind == FIELD_U64 && field->metric == FIELD_NO_METRIC);
}

/* "comm = nginx, pid = 12": which row a histogram belongs to. */
static void put_hist_title(struct output *out, const struct cell *cells)
{
	const char *gap = "";

	for (uint32_t i = 0; i < out->spec->n_fields; i++) {
		const struct field *field = &out->spec->fields[i];

		if (!is_column(out, i) || !is_name(field) || !cells[i].present)
			continue;
		buffer_format(&out->text, "%s%s = ", gap, field->key);
		put_plain(&out->text, field, &cells[i], true);
		gap = ", ";
	}
	buffer_text(&out->text, *gap ? "\n" : "");
}

static bool has_hist(const struct output *out)
{
	for (uint32_t i = 0; i < out->spec->n_fields; i++)
		if (!is_hidden(out, i) && out->spec->fields[i].kind == FIELD_HIST)
			return true;
	return false;
}

static const char *hist_unit(const struct field *field)
{
	size_t n = strlen(field->key);

	if (n > 3 && strcmp(field->key + n - 3, "_ns") == 0)
		return "ns";
	if (n > 3 && strcmp(field->key + n - 3, "_us") == 0)
		return "us";
	return n > 6 && strcmp(field->key + n - 6, "_bytes") == 0 ? "bytes" : "";
}

static void row_columns(struct output *out, const struct cell *cells)
{
	if (!has_hist(out)) {
		if (!out->headed && !out->no_header)
			put_columns(out, NULL);
		out->headed = true;
		put_columns(out, cells);
		return;
	}
	put_hist_title(out, cells);
	for (uint32_t i = 0; i < out->spec->n_fields; i++) {
		const struct field *field = &out->spec->fields[i];

		if (is_hidden(out, i) || field->kind != FIELD_HIST || !cells[i].present)
			continue;
		if (field->title)
			buffer_format(&out->text, "@%s:\n", field->title);
		hist_draw(cells[i].hist, &out->text);
		hist_draw_percentiles(cells[i].hist, hist_unit(field), &out->text);
		buffer_text(&out->text, "\n");
	}
}

static void json_hist(struct json *j, const char *name, const struct hist *h)
{
	uint64_t from, to;

	json_object_begin(j, name);
	json_uint(j, "count", hist_count(h));
	if (h->sum)
		json_uint(j, "sum", h->sum);
	json_uint(j, "p50", hist_percentile_whole(h, 50));
	json_uint(j, "p90", hist_percentile_whole(h, 90));
	json_uint(j, "p99", hist_percentile_whole(h, 99));
	if (h->max)
		json_uint(j, "max", h->max);
	json_array_begin(j, "buckets");
	for (uint32_t i = 0; i < HIST_SLOTS; i++) {
		if (!h->slots[i])
			continue;
		hist_slot_bounds(i, &from, &to);
		json_object_begin(j, NULL);
		json_uint(j, "min", from);
		json_uint(j, "max", to);
		json_uint(j, "count", h->slots[i]);
		json_object_end(j);
	}
	json_array_end(j);
	json_object_end(j);
}

static void json_cell(struct json *j, const struct field *field, const struct cell *cell)
{
	char text[OUTPUT_TIME_BYTES > INET6_ADDRSTRLEN ? OUTPUT_TIME_BYTES : INET6_ADDRSTRLEN];

	switch (field->kind) {
	case FIELD_U64:
	case FIELD_BYTES:
	case FIELD_DURATION_NS:
		json_uint(j, field->key, cell->u);
		break;
	case FIELD_I64:
		json_int(j, field->key, cell->i);
		break;
	case FIELD_TIME_NS:
		json_uint(j, field->key, cell->u);
		if (strcmp(field->key, "ts") == 0)
			json_string(j, "time", output_time(cell->u, text));
		break;
	case FIELD_IP:
		json_string(j, field->key, ip_text(&cell->ip, text));
		break;
	case FIELD_STRING:
		json_string(j, field->key, cell->text);
		break;
	case FIELD_HIST:
		json_hist(j, field->key, cell->hist);
		break;
	}
}

static void row_json(struct output *out, const struct cell *cells)
{
	struct json j = { .flat = true };

	json_object_begin(&j, NULL);
	for (uint32_t i = 0; i < out->spec->n_fields; i++)
		if (!is_hidden(out, i) && cells[i].present)
			json_cell(&j, &out->spec->fields[i], &cells[i]);
	json_object_end(&j);
	buffer_add(&out->text, j.out.data, j.out.bytes);
	if (out->text.data[out->text.bytes - 1] != '\n')
		buffer_text(&out->text, "\n");
	buffer_deinit(&j.out);
}

/* RFC 4180: quoted when it holds a comma, a quote or a line break. */
static void put_csv_word(struct buffer *b, const char *word)
{
	if (!strpbrk(word, ",\"\r\n")) {
		buffer_text(b, word);
		return;
	}
	buffer_text(b, "\"");
	for (; *word; word++) {
		if (*word == '"')
			buffer_text(b, "\"");
		buffer_add(b, word, 1);
	}
	buffer_text(b, "\"");
}

/* @cells NULL: the head. A histogram is three columns: count, p50, p99. */
static void put_csv(struct output *out, const struct cell *cells)
{
	struct buffer word = { 0 };
	const char *comma = "";

	for (uint32_t i = 0; i < out->spec->n_fields; i++) {
		const struct field *field = &out->spec->fields[i];
		const struct hist *h = cells ? cells[i].hist : NULL;

		if (is_hidden(out, i))
			continue;
		buffer_text(&out->text, comma);
		comma = ",";
		buffer_reset(&word);
		if (!cells && field->kind == FIELD_HIST)
			buffer_format(&word, "%s_count,%s_p50,%s_p99", field->key, field->key,
				      field->key);
		else if (!cells)
			buffer_text(&word, field->key);
		else if (field->kind == FIELD_HIST && cells[i].present)
			buffer_format(&word, "%llu,%llu,%llu", (unsigned long long)hist_count(h),
				      (unsigned long long)hist_percentile_whole(h, 50),
				      (unsigned long long)hist_percentile_whole(h, 99));
		else if (field->kind == FIELD_HIST)
			buffer_text(&word, ",,");
		else if (cells[i].present)
			put_plain(&word, field, &cells[i], false);
		if (field->kind == FIELD_HIST)
			buffer_text(&out->text, buffer_string(&word));
		else
			put_csv_word(&out->text, buffer_string(&word));
	}
	buffer_text(&out->text, "\n");
	buffer_deinit(&word);
}

static void row_csv(struct output *out, const struct cell *cells)
{
	if (!out->headed && !out->no_header)
		put_csv(out, NULL);
	out->headed = true;
	put_csv(out, cells);
}

static double metric_value(const struct field *field, const struct cell *cell)
{
	switch (field->kind) {
	case FIELD_I64:
		return (double)cell->i;
	case FIELD_DURATION_NS:
	case FIELD_TIME_NS:
		return (double)cell->u / 1e9;
	default:
		return (double)cell->u;
	}
}

static void gather_field(struct output *out, const struct field *field, const struct cell *cell,
			 struct metrics_series *series)
{
	series->name = field->metric_name;
	series->help = field->help;
	switch (field->metric) {
	case FIELD_COUNTER:
		series->type = METRICS_COUNTER;
		metrics_value(out->metrics, series, metric_value(field, cell));
		break;
	case FIELD_GAUGE:
		series->type = METRICS_GAUGE;
		metrics_value(out->metrics, series, metric_value(field, cell));
		break;
	case FIELD_HISTOGRAM:
		series->type = METRICS_HISTOGRAM;
		metrics_hist(out->metrics, series, cell->hist,
			     strcmp(hist_unit(field), "ns") == 0 ? 1e9 : 1);
		break;
	case FIELD_LABEL:
	case FIELD_NO_METRIC:
		break;
	}
}

static void gather_metrics(struct output *out, const struct cell *cells)
{
	struct metrics_label labels[METRICS_LABELS_MAX];
	struct metrics_series series = { .labels = labels };
	struct buffer words[METRICS_LABELS_MAX] = { 0 };

	for (uint32_t i = 0; i < out->spec->n_fields; i++) {
		const struct field *field = &out->spec->fields[i];
		uint32_t n = series.n_labels;

		if (field->metric != FIELD_LABEL || !cells[i].present)
			continue;
		assert(n < METRICS_LABELS_MAX);
		put_plain(&words[n], field, &cells[i], false);
		labels[n].key = field->key;
		labels[n].value = buffer_string(&words[n]);
		series.n_labels++;
	}
	for (uint32_t i = 0; i < out->spec->n_fields; i++)
		if (out->spec->fields[i].metric_name && cells[i].present)
			gather_field(out, &out->spec->fields[i], &cells[i], &series);
	if (out->spec->rows_metric) {
		series.name = out->spec->rows_metric;
		series.help = out->spec->rows_help;
		series.type = METRICS_COUNTER;
		metrics_value(out->metrics, &series, 1);
	}
	for (uint32_t i = 0; i < series.n_labels; i++)
		buffer_deinit(&words[i]);
}

void output_row(struct output *out, const struct cell *cells)
{
	out->n_rows++;
	if (out->metrics)
		gather_metrics(out, cells);
	switch (out->format) {
	case OUTPUT_COLUMNS:
		row_columns(out, cells);
		break;
	case OUTPUT_JSON:
		row_json(out, cells);
		break;
	case OUTPUT_CSV:
		row_csv(out, cells);
		break;
	case OUTPUT_PROM: /* the page is written at the end */
	case _OUTPUT_FORMAT_MAX:
		break;
	}
}

void output_line(struct output *out, const char *line)
{
	if (out->format == OUTPUT_COLUMNS)
		buffer_format(&out->text, "%s\n", line);
}

int output_flush(struct output *out)
{
	size_t bytes = out->text.bytes;

	if (!bytes)
		return out->error;
	bytes -= fwrite(out->text.data, 1, bytes, out->stream);
	buffer_reset(&out->text);
	if ((bytes || fflush(out->stream)) && !out->error)
		out->error = -errno;
	return out->error;
}

void output_deinit(struct output *out)
{
	buffer_deinit(&out->text);
}
