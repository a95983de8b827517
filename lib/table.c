/* SPDX-License-Identifier: BSD-2-Clause */
#include "table.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define GAP 2

void table_column(struct table *t, const char *title, enum table_align align)
{
	assert(t->n_columns < TABLE_COLUMNS_MAX);
	assert(t->n_rows == 0);
	t->column[t->n_columns].title = xstrdup(title);
	t->column[t->n_columns].align = align;
	t->n_columns++;
}

void table_row(struct table *t)
{
	size_t row = (size_t)t->n_columns * sizeof(*t->cells);

	if ((t->n_rows & (t->n_rows - 1)) == 0)
		t->cells = xrealloc(t->cells, (t->n_rows ? t->n_rows * 2 : 1) * row);
	memset(t->cells + (size_t)t->n_rows * t->n_columns, 0, row);
	t->n_rows++;
	t->next = 0;
}

void table_cell(struct table *t, const char *fmt, ...)
{
	struct buffer text = { 0 };
	va_list args;

	assert(t->n_rows > 0);
	assert(t->next < t->n_columns);
	va_start(args, fmt);
	buffer_vformat(&text, fmt, args);
	va_end(args);
	t->cells[(size_t)(t->n_rows - 1) * t->n_columns + t->next++] = buffer_take(&text);
}

/* Columns on a terminal: UTF-8 continuation bytes take none. */
static uint32_t width_of(const char *text)
{
	uint32_t width = 0;

	for (; text && *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static void pad(struct buffer *out, uint32_t spaces)
{
	while (spaces--)
		buffer_text(out, " ");
}

static void put_line(const struct table *t, struct buffer *out, const char *indent,
		     char *const *cells, const uint32_t *widths)
{
	uint32_t gap = 0;

	buffer_text(out, indent);
	for (uint32_t c = 0; c < t->n_columns; c++) {
		const char *text = cells ? cells[c] : t->column[c].title;
		uint32_t fill = widths[c] - width_of(text);

		if (t->column[c].align == TABLE_RIGHT)
			pad(out, gap + fill);
		else if (text && *text)
			pad(out, gap);
		if (text)
			buffer_text(out, text);
		/* Nothing is written behind the last word of a line. */
		if (t->column[c].align == TABLE_LEFT)
			gap = (text && *text ? 0 : gap) + fill;
		else
			gap = 0;
		gap += GAP;
	}
	buffer_text(out, "\n");
}

void table_print(const struct table *t, struct buffer *out, const char *indent)
{
	uint32_t widths[TABLE_COLUMNS_MAX];
	bool titled = false;

	for (uint32_t c = 0; c < t->n_columns; c++) {
		widths[c] = width_of(t->column[c].title);
		titled = titled || widths[c];
		for (uint32_t r = 0; r < t->n_rows; r++) {
			uint32_t width = width_of(t->cells[(size_t)r * t->n_columns + c]);

			if (width > widths[c])
				widths[c] = width;
		}
	}
	if (titled)
		put_line(t, out, indent, NULL, widths);
	for (uint32_t r = 0; r < t->n_rows; r++)
		put_line(t, out, indent, t->cells + (size_t)r * t->n_columns, widths);
}

void table_deinit(struct table *t)
{
	for (size_t i = 0; i < (size_t)t->n_rows * t->n_columns; i++)
		free(t->cells[i]);
	for (uint32_t c = 0; c < t->n_columns; c++)
		free(t->column[c].title);
	free(t->cells);
	memset(t, 0, sizeof(*t));
}
