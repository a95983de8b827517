/* SPDX-License-Identifier: BSD-2-Clause */
#include "report_table.h"

#include "value.h"

struct fill {
	struct table *table;
	const char *title;
	uint32_t n;
};

static void count_leaf(void *arg, const char *path, const char *text, bool is_number)
{
	struct fill *fill = arg;

	fill->n++;
}

static void title_leaf(void *arg, const char *path, const char *text, bool is_number)
{
	struct fill *fill = arg;

	table_column(fill->table, *path ? path : fill->title, is_number ? TABLE_RIGHT : TABLE_LEFT);
}

static void cell_leaf(void *arg, const char *path, const char *text, bool is_number)
{
	struct fill *fill = arg;

	table_cell(fill->table, "%s", text);
}

uint32_t column_group_width(const struct column_group *group, const void *sample, size_t bytes,
			    uint32_t max)
{
	struct fill fill = { 0 };

	value_leaves(group->btf, group->type, sample, bytes, count_leaf, &fill);
	return fill.n == 0 || fill.n > max ? 1 : fill.n;
}

/* Whether the value is written into one cell although it is a struct. */
static bool is_whole(const struct column_group *group, const void *data, size_t bytes,
		     uint32_t width)
{
	struct fill fill = { 0 };

	value_leaves(group->btf, group->type, data, bytes, count_leaf, &fill);
	return fill.n != width;
}

void column_group_titles(const struct column_group *group, const void *sample, size_t bytes,
			 uint32_t width, struct table *t)
{
	struct fill fill = { .table = t, .title = group->title };

	if (is_whole(group, sample, bytes, width))
		table_column(t, group->title, TABLE_LEFT);
	else
		value_leaves(group->btf, group->type, sample, bytes, title_leaf, &fill);
}

void column_group_cells(const struct column_group *group, const void *data, size_t bytes,
			uint32_t width, struct table *t)
{
	struct fill fill = { .table = t };
	struct buffer text = { 0 };

	if (!is_whole(group, data, bytes, width)) {
		value_leaves(group->btf, group->type, data, bytes, cell_leaf, &fill);
		return;
	}
	value_text(group->btf, group->type, data, bytes, &text);
	table_cell(t, "%s", buffer_string(&text));
	buffer_deinit(&text);
}
