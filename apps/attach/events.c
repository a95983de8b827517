/* SPDX-License-Identifier: BSD-2-Clause */
#include "attach/events.h"

#include <assert.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "buffer.h"
#include "json.h"
#include "printk/format.h"
#include "printk/redirect.h"
#include "records.h"
#include "tracepipe.h"
#include "value.h"

#define PERF_PAGES	 64
#define FLUSH_BYTES	 65536
#define MANY_RECORDS	 64 /* in one go: then there is a pause before the next */
#define PAUSE_NS	 1000000
#define PAUSE_RING_BYTES (1u << 20) /* smaller rings fill too fast for a pause */
#define LOOK_EVERY	 256	    /* records between two looks at the clock and for signals */
#define NUMBER_WIDTH_MIN 8
#define TEXT_WIDTH_MIN	 12
#define CELL_BYTES_MAX	 256

/* One map that records come from. */
struct source {
	struct events *owner;
	const char *map;
	struct perf_buffer *perf; /* NULL: a ring */
	uint32_t type;		  /* of the records its columns are of */
	size_t last_bytes;	  /* of a record, and what it was found to be */
	uint32_t last_type;
	uint64_t n_shown;
	struct field *fields; /* columns and CSV, made for the first record */
	uint32_t n_fields;
	struct output_spec spec;
	struct output output;
};

/* CSV of an object that has nothing but lines to say. */
enum {
	LINE_TS,
	LINE_CPU,
	LINE_TEXT,
	N_LINE_FIELDS
};

static const struct field line_fields[N_LINE_FIELDS] = {
	[LINE_TS] = { "ts", "ts", FIELD_TIME_NS, 0 },
	[LINE_CPU] = { "cpu", "cpu", FIELD_U64, 0 },
	[LINE_TEXT] = { "printk", "printk", FIELD_STRING, 0 },
};

static const struct output_spec line_spec = { .fields = line_fields, .n_fields = N_LINE_FIELDS };

struct events {
	struct events_setup setup;
	struct output lines; /* CSV */
	const struct btf *btf;
	struct source **sources;
	uint32_t n_sources;
	struct source *last; /* whose record was written last */
	struct buffer text;
	struct tracepipe *pipe;
	int lost_fd; /* map of lines lost; -1: none */
	uint64_t lines_shown, lines_hidden, lines_wrong, records_shown, records_lost;
	uint32_t n_since_look;
	uint64_t n_at_pause; /* of records and lines, at the last look for a pause */
	uint32_t ring_bytes_min;
	bool draining;
	int error; /* of the stream */
};

/* --- writing ------------------------------------------------------------------------------------------- */

int events_flush(struct events *e)
{
	size_t bytes = e->text.bytes;

	if (bytes && fwrite(e->text.data, 1, bytes, e->setup.stream) != bytes)
		e->error = -errno;
	if (fflush(e->setup.stream))
		e->error = -errno;
	buffer_reset(&e->text);
	if (e->error)
		loop_stop(e->setup.loop);
	return e->error;
}

static void flush_if_much(struct events *e)
{
	if (e->text.bytes >= FLUSH_BYTES)
		events_flush(e);
}

void events_text(struct events *e, const char *text, size_t bytes)
{
	buffer_add(&e->text, text, bytes);
	flush_if_much(e);
}

/* Between records: whether to go on. A ring that fills as fast as it is read would never end. */
static int look(struct events *e)
{
	const struct loop *loop = e->setup.loop;

	if (++e->n_since_look < LOOK_EVERY || e->draining)
		return e->error;
	e->n_since_look = 0;
	if (loop_interrupted(loop) || (loop->end_ns && loop_now_ns() >= loop->end_ns))
		return -EINTR;
	return e->error;
}

/* --- lines of bpf_printk ----------------------------------------------------------------------------------- */

static void put_line_json(struct events *e, const struct printk_line *line, const char *text)
{
	struct json j = { .flat = true };
	char time[OUTPUT_TIME_BYTES];
	uint64_t ts = line ? loop_realtime_ns(line->ktime_ns) : 0;

	json_object_begin(&j, NULL);
	if (line) {
		json_uint(&j, "ts", ts);
		json_string(&j, "time", output_time(ts, time));
		json_uint(&j, "cpu", line->cpu);
	}
	json_string(&j, "printk", text);
	json_object_end(&j);
	buffer_text(&e->text, buffer_string(&j.out));
	buffer_text(&e->text, "\n");
	buffer_deinit(&j.out);
}

/* Two tables do not go into one CSV: where there are records, lines are left out and counted so. */
static void put_line_csv(struct events *e, const struct printk_line *line, const char *text)
{
	struct cell cells[N_LINE_FIELDS] = { [LINE_TEXT] = cell_text(text) };

	if (e->n_sources) {
		e->lines_shown--;
		e->lines_hidden++;
		return;
	}
	if (line) {
		cells[LINE_TS] = cell_u64(loop_realtime_ns(line->ktime_ns));
		cells[LINE_CPU] = cell_u64(line->cpu);
	}
	output_row(&e->lines, cells);
	buffer_add(&e->text, e->lines.text.data, e->lines.text.bytes);
	buffer_reset(&e->lines.text);
}

/* @line NULL: when and where is not known. */
static void put_line(struct events *e, const struct printk_line *line, const char *text)
{
	e->lines_shown++;
	e->last = NULL;
	switch (e->setup.format) {
	case OUTPUT_JSON:
		put_line_json(e, line, text);
		break;
	case OUTPUT_COLUMNS:
		buffer_text(&e->text, text);
		buffer_text(&e->text, "\n");
		break;
	case OUTPUT_PROM:
		break;
	default:
		put_line_csv(e, line, text);
		break;
	}
	flush_if_much(e);
}

static int take_line_record(void *arg, void *data, size_t bytes)
{
	struct events *e = arg;
	struct printk_line line;
	struct buffer text = { 0 };
	int rc;

	/* The usual case is text that goes straight behind what is there. */
	if (e->setup.format == OUTPUT_COLUMNS) {
		rc = printk_format(data, bytes, &e->text, &line);
		if (!rc) {
			e->lines_shown++;
			e->last = NULL;
			buffer_add(&e->text, "\n", 1);
			flush_if_much(e);
		}
	} else {
		rc = printk_format(data, bytes, &text, &line);
		if (!rc)
			put_line(e, &line, buffer_string(&text));
		buffer_deinit(&text);
	}
	e->lines_wrong += rc != 0;
	return look(e);
}

static void take_pipe_line(void *arg, const char *text)
{
	put_line(arg, NULL, text);
}

static void pipe_ready(void *arg)
{
	struct events *e = arg;

	tracepipe_take(e->pipe);
}

/* --- records -------------------------------------------------------------------------------------------------- */

static void put_record_json(struct source *s, uint32_t type, const void *data, size_t bytes)
{
	struct json j = { .flat = true };

	json_object_begin(&j, NULL);
	json_string(&j, "map", s->map);
	if (type)
		value_json(s->owner->btf, type, data, bytes, &j, "value");
	else
		json_hex(&j, "hex", data, bytes);
	json_object_end(&j);
	buffer_text(&s->owner->text, buffer_string(&j.out));
	buffer_text(&s->owner->text, "\n");
	buffer_deinit(&j.out);
}

/* The cells of one record, as text. */
struct cells {
	char *path[OUTPUT_FIELDS_MAX];
	char *text[OUTPUT_FIELDS_MAX];
	bool is_number[OUTPUT_FIELDS_MAX];
	uint32_t n;
	bool bare; /* strings without their quotes: CSV has its own */
};

static void add_cell(void *arg, const char *path, const char *text, bool is_number)
{
	struct cells *c = arg;
	size_t n = strlen(text);

	if (c->n == OUTPUT_FIELDS_MAX)
		return;
	if (c->bare && n > 1 && text[0] == '"' && text[n - 1] == '"') {
		text++;
		n -= 2;
	}
	c->path[c->n] = xstrdup(path);
	c->text[c->n] = xstrndup(text, n < CELL_BYTES_MAX ? n : CELL_BYTES_MAX);
	c->is_number[c->n++] = is_number;
}

static void cells_deinit(struct cells *c)
{
	for (uint32_t i = 0; i < c->n; i++) {
		free(c->path[i]);
		free(c->text[i]);
	}
}

static int column_width(const struct cells *c, uint32_t i)
{
	size_t width = strlen(c->path[i]), text = strlen(c->text[i]);
	size_t least = c->is_number[i] ? NUMBER_WIDTH_MIN : TEXT_WIDTH_MIN;

	width = width > text ? width : text;
	width = width > least ? width : least;
	return c->is_number[i] ? (int)width : -(int)width;
}

static void free_fields(struct source *s)
{
	for (uint32_t i = 0; i < s->n_fields; i++)
		free((char *)s->fields[i].key);
	free(s->fields);
	s->fields = NULL;
	s->n_fields = 0;
}

/* Columns as wide as the first record's words. */
static void make_fields(struct source *s, const struct cells *c)
{
	output_deinit(&s->output);
	free_fields(s);
	s->fields = xcalloc(c->n ? c->n : 1, sizeof(s->fields[0]));
	s->n_fields = c->n;
	for (uint32_t i = 0; i < c->n; i++) {
		char *key = xstrdup(*c->path[i] ? c->path[i] : "record");

		s->fields[i] = (struct field){
			.key = key,
			.title = key,
			.kind = FIELD_STRING,
			.width = column_width(c, i),
		};
	}
	s->spec = (struct output_spec){ .fields = s->fields, .n_fields = s->n_fields };
	output_init(&s->output, &s->spec, s->owner->setup.format, s->owner->setup.stream);
	s->output.no_header = s->owner->setup.no_header;
}

static void put_record_columns(struct source *s, uint32_t type, const void *data, size_t bytes)
{
	struct events *e = s->owner;
	struct cell cells[OUTPUT_FIELDS_MAX] = { 0 };
	struct cells c = { .bare = e->setup.format == OUTPUT_CSV };

	value_leaves(e->btf, type, data, bytes, add_cell, &c);
	if (!s->fields || type != s->type || c.n != s->n_fields)
		make_fields(s, &c);
	else if (e->last != s && e->setup.format == OUTPUT_COLUMNS)
		s->output.headed = false;
	s->type = type;
	for (uint32_t i = 0; i < c.n; i++)
		cells[i] = cell_text(c.text[i]);
	output_row(&s->output, cells);
	buffer_add(&e->text, s->output.text.data, s->output.text.bytes);
	buffer_reset(&s->output.text);
	cells_deinit(&c);
}

static uint32_t type_of(struct source *s, size_t bytes)
{
	if (bytes != s->last_bytes) {
		s->last_type = records_type(s->owner->btf, s->map, bytes);
		s->last_bytes = bytes;
	}
	return s->last_type;
}

static int take_record(void *arg, void *data, size_t bytes)
{
	struct source *s = arg;
	struct events *e = s->owner;
	uint32_t type = type_of(s, bytes);

	if (e->setup.format == OUTPUT_JSON)
		put_record_json(s, type, data, bytes);
	else if (e->setup.format != OUTPUT_PROM)
		put_record_columns(s, type, data, bytes);
	e->last = s;
	e->records_shown++;
	flush_if_much(e);
	return look(e);
}

static void take_perf_record(void *arg, int cpu, void *data, uint32_t bytes)
{
	take_record(arg, data, bytes);
}

static void count_perf_loss(void *arg, int cpu, __u64 n)
{
	struct source *s = arg;

	s->owner->records_lost += n;
}

static void perf_ready(void *arg)
{
	struct source *s = arg;

	perf_buffer__consume(s->perf);
}

/* --- opening ----------------------------------------------------------------------------------------------------- */

static struct source *add_source(struct events *e, const struct bpf_map *map)
{
	struct source *s = xcalloc(1, sizeof(*s));

	s->owner = e;
	s->map = bpf_map__name(map);
	array_grow(e->sources, e->n_sources);
	e->sources[e->n_sources++] = s;
	return s;
}

static int open_perf(struct events *e, const struct bpf_map *map, struct error *err)
{
	struct source *s = add_source(e, map);

	s->perf = perf_buffer__new(bpf_map__fd(map), PERF_PAGES, take_perf_record, count_perf_loss,
				   s, NULL);
	if (!s->perf)
		return error_set(err, -errno, "perf buffer %s: %s", s->map, strerror(errno));
	return loop_add_fd(e->setup.loop, perf_buffer__epoll_fd(s->perf), perf_ready, s, err);
}

static int open_map(struct events *e, const struct bpf_map *map, struct error *err)
{
	const char *name = bpf_map__name(map);

	if (bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF &&
	    bpf_map__max_entries(map) < e->ring_bytes_min)
		e->ring_bytes_min = bpf_map__max_entries(map);
	if (strcmp(name, PRINTK_LOST_MAP) == 0)
		e->lost_fd = bpf_map__fd(map);
	if (strcmp(name, PRINTK_RING_MAP) == 0)
		return loop_add_ring(e->setup.loop, bpf_map__fd(map), take_line_record, e, err);
	if (bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF)
		return loop_add_ring(e->setup.loop, bpf_map__fd(map), take_record,
				     add_source(e, map), err);
	if (bpf_map__type(map) == BPF_MAP_TYPE_PERF_EVENT_ARRAY)
		return open_perf(e, map, err);
	return 0;
}

/*
 * A program that finds its reader waiting wakes it, which costs more than all the rest of a record. So
 * when much comes the reader lets it gather for a while.
 */
static void pause_if_many(struct events *e)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	uint64_t n = e->lines_shown + e->records_shown;

	if (n - e->n_at_pause >= MANY_RECORDS && !e->draining &&
	    e->ring_bytes_min >= PAUSE_RING_BYTES && !loop_interrupted(e->setup.loop))
		nanosleep(&pause, NULL);
	e->n_at_pause = n;
}

static void idle(void *arg)
{
	struct events *e = arg;

	if (e->text.bytes)
		events_flush(e);
	pause_if_many(e);
}

int events_open(const struct events_setup *setup, struct events **out, struct error *err)
{
	struct events *e = xcalloc(1, sizeof(*e));
	struct bpf_map *map;
	int rc = 0;

	e->setup = *setup;
	e->btf = bpf_object__btf(setup->bpf);
	e->lost_fd = -1;
	e->ring_bytes_min = UINT32_MAX;
	output_init(&e->lines, &line_spec, OUTPUT_CSV, setup->stream);
	e->lines.no_header = setup->no_header;
	setup->loop->idle = idle;
	setup->loop->idle_arg = e;
	bpf_object__for_each_map(map, setup->bpf) if (!rc) rc = open_map(e, map, err);
	if (!rc && setup->trace_pipe)
		rc = tracepipe_open(TRACEPIPE_ALL, take_pipe_line, e, &e->pipe, err);
	if (!rc && e->pipe)
		rc = loop_add_fd(setup->loop, tracepipe_fd(e->pipe), pipe_ready, e, err);
	if (rc) {
		events_close(e);
		return rc;
	}
	*out = e;
	return 0;
}

void events_drain(struct events *e)
{
	e->draining = true;
	loop_drain(e->setup.loop);
	for (uint32_t i = 0; i < e->n_sources; i++)
		if (e->sources[i]->perf)
			perf_buffer__consume(e->sources[i]->perf);
	tracepipe_take(e->pipe);
}

void events_close(struct events *e)
{
	if (!e)
		return;
	e->setup.loop->idle = NULL;
	for (uint32_t i = 0; i < e->n_sources; i++) {
		struct source *s = e->sources[i];

		perf_buffer__free(s->perf);
		output_deinit(&s->output);
		free_fields(s);
		free(s);
	}
	free(e->sources);
	tracepipe_close(e->pipe);
	output_deinit(&e->lines);
	buffer_deinit(&e->text);
	free(e);
}

struct events_count events_count(const struct events *e)
{
	struct events_count c = {
		.prints = e->pipe || e->lost_fd >= 0,
		.lost_is_exact = !e->pipe,
		.lines_shown = e->lines_shown,
		.lines_hidden = e->lines_hidden,
		.lines_wrong = e->lines_wrong,
		.records_shown = e->records_shown,
		.records_lost = e->records_lost,
	};
	uint32_t zero = 0;

	if (e->pipe)
		c.lines_lost = tracepipe_lost(e->pipe);
	else if (e->lost_fd >= 0)
		bpf_map_lookup_elem(e->lost_fd, &zero, &c.lines_lost);
	return c;
}
