/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows in every format, to the byte; hostile text stays on its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tool/metrics.h"
#include "tool/output.h"

enum {
	F_TS,
	F_PID,
	F_COMM,
	F_RET,
	F_ADDRESS,
	F_TOOK,
	F_BYTES,
	N_FIELDS
};

static const struct field fields[N_FIELDS] = {
	[F_TS] = { "ts", "TIME", FIELD_TIME_NS, -8 },
	[F_PID] = { "pid", "PID", FIELD_U64, 6 },
	[F_COMM] = { "comm", "COMM", FIELD_STRING, -8, FIELD_LABEL },
	[F_RET] = { "ret", "RET", FIELD_I64, 4 },
	[F_ADDRESS] = { "address", "ADDRESS", FIELD_IP, -15 },
	[F_TOOK] = { "took_ns", "MS", FIELD_DURATION_NS, 8, FIELD_COUNTER, "test_seconds_total",
		     "time", 1000000 },
	[F_BYTES] = { "sent_bytes", NULL, FIELD_BYTES, 0, FIELD_GAUGE, "test_bytes", "size" },
};

static const struct output_spec spec = { .fields = fields, .n_fields = N_FIELDS,
					 .rows_metric = "test_rows_total", .rows_help = "rows" };

struct sink {
	char *text;
	size_t bytes;
	FILE *stream;
	struct output out;
};

static void sink_open(struct sink *sink, const struct output_spec *s, enum output_format format)
{
	sink->stream = open_memstream(&sink->text, &sink->bytes);
	assert_non_null(sink->stream);
	output_init(&sink->out, s, format, sink->stream);
}

static void sink_close(struct sink *sink)
{
	output_deinit(&sink->out);
	fclose(sink->stream);
	free(sink->text);
}

static const char *written(struct sink *sink)
{
	assert_int_equal(output_flush(&sink->out), 0);
	return sink->text;
}

static void fill(struct cell cells[N_FIELDS], const char *comm)
{
	memset(cells, 0, N_FIELDS * sizeof(*cells));
	cells[F_TS] = cell_u64(1767323045123456789ull);
	cells[F_PID] = cell_u64(42);
	cells[F_COMM] = cell_text(comm);
	cells[F_RET] = cell_i64(-2);
	cells[F_ADDRESS] = cell_ip((struct ip){ .version = 4, .bytes = { 10, 0, 0, 1 } });
	cells[F_TOOK] = cell_u64(1500000);
	cells[F_BYTES] = cell_u64(7);
}

static void columns_have_titles_once(void **state)
{
	struct cell cells[N_FIELDS];
	struct sink sink;

	(void)state;
	setenv("TZ", "UTC", 1);
	sink_open(&sink, &spec, OUTPUT_COLUMNS);
	fill(cells, "nginx");
	output_row(&sink.out, cells);
	cells[F_COMM] = cell_text(NULL);
	cells[F_ADDRESS] = cell_ip((struct ip){ .version = 6, .bytes = { [15] = 1 } });
	output_row(&sink.out, cells);
	output_line(&sink.out, "");
	cells[F_COMM] = cell_text("longer-than-8");
	output_row(&sink.out, cells);
	assert_string_equal(written(&sink),
			    "TIME        PID COMM      RET ADDRESS               MS\n"
			    "03:04:05     42 nginx      -2 10.0.0.1           1.500\n"
			    "03:04:05     42 -          -2 ::1                1.500\n"
			    "\n"
			    "03:04:05     42 longer-than-8   -2 ::1                1.500\n");
	assert_int_equal(sink.out.n_rows, 3);
	sink_close(&sink);
}

static void hidden_fields_are_nowhere(void **state)
{
	struct cell cells[N_FIELDS];
	struct sink sink;

	(void)state;
	sink_open(&sink, &spec, OUTPUT_COLUMNS);
	sink.out.no_header = true;
	for (uint32_t i = 0; i < N_FIELDS; i++)
		if (i != F_PID && i != F_COMM)
			output_hide(&sink.out, i);
	fill(cells, "nginx");
	output_row(&sink.out, cells);
	assert_string_equal(written(&sink), "    42 nginx\n");
	sink_close(&sink);
}

static void json_is_one_object_a_line(void **state)
{
	struct cell cells[N_FIELDS];
	struct sink sink;

	(void)state;
	sink_open(&sink, &spec, OUTPUT_JSON);
	fill(cells, "a\"b\n");
	output_row(&sink.out, cells);
	cells[F_COMM] = cell_text(NULL);
	output_hide(&sink.out, F_TS);
	output_line(&sink.out, "not in JSON");
	output_row(&sink.out, cells);
	assert_string_equal(written(&sink),
			    "{\"ts\": 1767323045123456789, \"time\": \"2026-01-02T03:04:05.123456789Z\", "
			    "\"pid\": 42, \"comm\": \"a\\\"b\\n\", \"ret\": -2, \"address\": \"10.0.0.1\", "
			    "\"took_ns\": 1500000, \"sent_bytes\": 7}\n"
			    "{\"pid\": 42, \"ret\": -2, \"address\": \"10.0.0.1\", \"took_ns\": 1500000, "
			    "\"sent_bytes\": 7}\n");
	sink_close(&sink);
}

static void csv_quotes_what_needs_it(void **state)
{
	struct cell cells[N_FIELDS];
	struct sink sink;

	(void)state;
	sink_open(&sink, &spec, OUTPUT_CSV);
	fill(cells, "a,\"b\"");
	output_row(&sink.out, cells);
	cells[F_COMM] = cell_text(NULL);
	output_row(&sink.out, cells);
	assert_string_equal(written(&sink),
			    "ts,pid,comm,ret,address,took_ns,sent_bytes\n"
			    "1767323045123456789,42,\"a,\"\"b\"\"\",-2,10.0.0.1,1500000,7\n"
			    "1767323045123456789,42,,-2,10.0.0.1,1500000,7\n");
	sink_close(&sink);
}

static void hostile_text_does_not_reach_a_terminal(void **state)
{
	struct cell cells[N_FIELDS];
	struct sink sink;
	const char *text;

	(void)state;
	sink_open(&sink, &spec, OUTPUT_COLUMNS);
	fill(cells, "\x1b[2J\r\n\x7f\xc2\x9b" "1m \xc3\xa9 \xc2");
	output_row(&sink.out, cells);
	text = written(&sink);
	assert_non_null(strstr(text, "\\x1b[2J\\x0d\\x0a\\x7f\\xc2\\x9b1m \xc3\xa9 \\xc2"));
	for (; *text; text++)
		assert_true(*text == '\n' || (unsigned char)*text >= 0x20);
	sink_close(&sink);
}

static void rows_become_metrics(void **state)
{
	struct metrics *metrics = metrics_new();
	struct cell cells[N_FIELDS];
	struct buffer page = { 0 };
	struct sink sink;

	(void)state;
	sink_open(&sink, &spec, OUTPUT_PROM);
	sink.out.metrics = metrics;
	fill(cells, "a\\b\"c");
	output_row(&sink.out, cells);
	cells[F_BYTES] = cell_u64(9);
	output_row(&sink.out, cells);
	assert_string_equal(buffer_string(&sink.out.text), "");
	metrics_page(metrics, &page);
	assert_string_equal(page.data,
			    "# HELP test_seconds_total time\n"
			    "# TYPE test_seconds_total counter\n"
			    "test_seconds_total{comm=\"a\\\\b\\\"c\"} 0.0030000000000000001\n"
			    "# HELP test_bytes size\n"
			    "# TYPE test_bytes gauge\n"
			    "test_bytes{comm=\"a\\\\b\\\"c\"} 9\n"
			    "# HELP test_rows_total rows\n"
			    "# TYPE test_rows_total counter\n"
			    "test_rows_total{comm=\"a\\\\b\\\"c\"} 2\n"
			    "# HELP skep_series_dropped_total rows whose series would be one too many\n"
			    "# TYPE skep_series_dropped_total counter\n"
			    "skep_series_dropped_total 0\n");
	buffer_deinit(&page);
	sink_close(&sink);
	metrics_free(metrics);
}

/* A name the kernel cut within a character: one such byte, and the whole page would be refused. */
static void a_page_of_metrics_is_utf8(void **state)
{
	struct metrics *metrics = metrics_new();
	struct metrics_label label = { .key = "n", .value = "caf\xc3\xa9 \xff\xe2\x82 \\ \" \n" };
	struct metrics_series series = { .name = "x_total", .help = "x", .labels = &label, .n_labels = 1 };
	struct buffer page = { 0 };

	(void)state;
	metrics_value(metrics, &series, 1);
	metrics_page(metrics, &page);
	assert_non_null(strstr(page.data, "x_total{n=\"caf\xc3\xa9 \xc3\xbf\xc3\xa2\xc2\x82 \\\\ \\\" \\n\"} 1\n"));
	buffer_deinit(&page);
	metrics_free(metrics);
}

static void series_have_a_bound(void **state)
{
	struct metrics *metrics = metrics_new();
	struct metrics_label label = { .key = "n" };
	struct metrics_series series = { .name = "x_total", .help = "x", .labels = &label, .n_labels = 1 };
	struct buffer page = { 0 };
	char text[16];

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < METRICS_SERIES_MAX + 5; i++) {
			snprintf(text, sizeof(text), "%d", i);
			label.value = text;
			metrics_value(metrics, &series, 1);
		}
	}
	metrics_page(metrics, &page);
	assert_non_null(strstr(page.data, "x_total{n=\"0\"} 2\n"));
	assert_non_null(strstr(page.data, "x_total{n=\"9999\"} 2\n"));
	assert_null(strstr(page.data, "n=\"10000\""));
	assert_non_null(strstr(page.data, "\nskep_series_dropped_total 10\n"));
	buffer_deinit(&page);
	metrics_free(metrics);
}

static const struct field hist_fields[] = {
	{ "comm", "COMM", FIELD_STRING, -8, FIELD_LABEL },
	{ "latency_ns", "latency", FIELD_HIST, 0, FIELD_HISTOGRAM, "test_seconds", "time" },
};

static const struct output_spec hist_spec = { .fields = hist_fields, .n_fields = 2 };

static void histograms_in_every_format(void **state)
{
	struct metrics *metrics = metrics_new();
	struct cell cells[2] = { cell_text("x") };
	struct buffer page = { 0 };
	struct hist h = { 0 };
	struct sink sink;

	(void)state;
	hist_add(&h, 1000000000);
	hist_add(&h, 1);
	cells[1] = cell_hist(&h);
	sink_open(&sink, &hist_spec, OUTPUT_JSON);
	sink.out.metrics = metrics;
	output_row(&sink.out, cells);
	assert_string_equal(written(&sink),
			    "{\"comm\": \"x\", \"latency_ns\": {\"count\": 2, \"sum\": 1000000001, \"p50\": 1, "
			    "\"p90\": 907374182, \"p99\": 990737418, \"max\": 1000000000, \"buckets\": "
			    "[{\"min\": 1, \"max\": 1, \"count\": 1}, {\"min\": 536870912, \"max\": "
			    "1073741823, \"count\": 1}]}}\n");
	sink_close(&sink);
	metrics_page(metrics, &page);
	assert_non_null(strstr(page.data, "test_seconds_bucket{comm=\"x\",le=\"1e-09\"} 1\n"));
	assert_non_null(strstr(page.data, "test_seconds_bucket{comm=\"x\",le=\"1.073741823\"} 2\n"));
	assert_non_null(strstr(page.data, "test_seconds_bucket{comm=\"x\",le=\"+Inf\"} 2\n"));
	assert_non_null(strstr(page.data, "test_seconds_count{comm=\"x\"} 2\n"));
	sink_open(&sink, &hist_spec, OUTPUT_COLUMNS);
	output_row(&sink.out, cells);
	assert_memory_equal(written(&sink), "comm = x\n@latency:\n[1]  ", 22);
	sink_close(&sink);
	sink_open(&sink, &hist_spec, OUTPUT_CSV);
	output_row(&sink.out, cells);
	assert_string_equal(written(&sink), "comm,latency_ns_count,latency_ns_p50,latency_ns_p99\n"
					    "x,2,1,990737418\n");
	sink_close(&sink);
	buffer_deinit(&page);
	metrics_free(metrics);
}

static void a_full_disk_is_an_error(void **state)
{
	struct cell cells[N_FIELDS];
	FILE *full = fopen("/dev/full", "w");
	struct output out;

	(void)state;
	if (!full) {
		print_message("there is no /dev/full\n");
		skip();
	}
	output_init(&out, &spec, OUTPUT_JSON, full);
	fill(cells, "x");
	output_row(&out, cells);
	assert_int_equal(output_flush(&out), -28);
	assert_int_equal(output_flush(&out), -28); /* nothing more to write, and still it was not */
	output_deinit(&out);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_have_titles_once),
		cmocka_unit_test(hidden_fields_are_nowhere),
		cmocka_unit_test(json_is_one_object_a_line),
		cmocka_unit_test(csv_quotes_what_needs_it),
		cmocka_unit_test(hostile_text_does_not_reach_a_terminal),
		cmocka_unit_test(rows_become_metrics),
		cmocka_unit_test(a_page_of_metrics_is_utf8),
		cmocka_unit_test(series_have_a_bound),
		cmocka_unit_test(histograms_in_every_format),
		cmocka_unit_test(a_full_disk_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
