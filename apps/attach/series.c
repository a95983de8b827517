/* SPDX-License-Identifier: BSD-2-Clause */
#include "attach/series.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "value.h"

#define NUMBERS_MAX 64 /* of one value */

/* The numbers of one value, by their place in it; over all CPUs. */
struct numbers {
	char *path[NUMBERS_MAX]; /* "" when the whole is one */
	double sum[NUMBERS_MAX];
	uint32_t n, at;
};

static void add_number(void *arg, const char *path, const char *text, bool is_number)
{
	struct numbers *numbers = arg;
	char *end;
	double value;

	if (!is_number)
		return;
	value = strtod(text, &end);
	if (end == text || *end || numbers->at == NUMBERS_MAX)
		return;
	if (numbers->at == numbers->n) {
		numbers->path[numbers->n] = xstrdup(path);
		numbers->sum[numbers->n++] = 0;
	}
	numbers->sum[numbers->at++] += value;
}

/* @key NULL: the map has none. @name: of a variable, put before the field; NULL: none. */
static void put_numbers(struct metrics *m, const char *map, const char *key, const char *name,
			struct numbers *numbers)
{
	struct metrics_label labels[3] = { { "map", map } };
	struct metrics_series series = {
		.name = "skep_map_value",
		.help = "A number in a map of the program.",
		.type = METRICS_GAUGE,
		.labels = labels,
	};

	for (uint32_t i = 0; i < numbers->n; i++) {
		const char *path = numbers->path[i];
		char *field = xformat("%s%s%s", name ? name : "", name && *path ? "." : "", path);

		series.n_labels = 1;
		if (key)
			labels[series.n_labels++] = (struct metrics_label){ "key", key };
		if (*field)
			labels[series.n_labels++] = (struct metrics_label){ "field", field };
		metrics_value(m, &series, numbers->sum[i]);
		free(field);
		free(numbers->path[i]);
	}
	numbers->n = 0;
}

static void add_globals(struct metrics *m, const struct btf *btf, const struct mapshot *map)
{
	struct numbers numbers = { 0 };
	struct mapshot_variable var;

	for (uint32_t i = 0; map->n_entries && mapshot_next_variable(map, btf, &i, &var);) {
		numbers.at = 0;
		value_leaves(btf, var.type, mapshot_value(map, 0, 0) + var.offset, var.bytes,
			     add_number, &numbers);
		put_numbers(m, map->name, NULL, var.name, &numbers);
	}
}

static void add_entry(struct metrics *m, const struct btf *btf, const struct mapshot *map,
		      uint32_t entry)
{
	uint32_t n = map->n_cpus ? map->n_cpus : 1;
	struct numbers numbers = { 0 };
	struct buffer key = { 0 };

	for (uint32_t cpu = 0; cpu < n; cpu++) {
		numbers.at = 0;
		value_leaves(btf, map->value_type, mapshot_value(map, entry, cpu), map->value_bytes,
			     add_number, &numbers);
	}
	value_text(btf, map->key_type, mapshot_key(map, entry), map->key_bytes, &key);
	put_numbers(m, map->name, buffer_string(&key), NULL, &numbers);
	buffer_deinit(&key);
}

void series_add_map(struct metrics *m, const struct btf *btf, const struct mapshot *map)
{
	if (map->is_global) {
		add_globals(m, btf, map);
		return;
	}
	for (uint32_t i = 0; i < map->n_entries; i++)
		if (!mapshot_is_array(map) || !mapshot_entry_is_zero(map, i))
			add_entry(m, btf, map, i);
}

void series_add_counts(struct metrics *m, const struct events_count *count)
{
	const struct {
		const char *name, *help;
		uint64_t value;
	} rows[] = {
		{ "skep_lines_total", "Lines of bpf_printk that were taken.",
		  count->lines_shown + count->lines_hidden },
		{ "skep_lines_dropped_total", "Lines of bpf_printk that were lost.",
		  count->lines_lost },
		{ "skep_records_total", "Records of ring and perf buffers that were taken.",
		  count->records_shown },
		{ "skep_records_dropped_total", "Records of perf buffers that were lost.",
		  count->records_lost },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct metrics_series series = {
			.name = rows[i].name,
			.help = rows[i].help,
			.type = METRICS_COUNTER,
		};

		metrics_value(m, &series, (double)rows[i].value);
	}
}
