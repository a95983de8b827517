/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text in columns as wide as their widest cell. Cells are copied; a row is begun, then filled from
 * the left. Numbers stand to the right, words to the left.
 */
#pragma once

#include <stdint.h>

#include "buffer.h"

#define TABLE_COLUMNS_MAX 32

enum table_align {
	TABLE_LEFT,
	TABLE_RIGHT
};

struct table {
	struct {
		char *title;
		enum table_align align;
	} column[TABLE_COLUMNS_MAX];
	uint32_t n_columns;
	char **cells; /* rows of n_columns; NULL: empty */
	uint32_t n_rows;
	uint32_t next; /* column of the next cell in the last row */
};

void table_column(struct table *t, const char *title, enum table_align align);
void table_row(struct table *t);
void table_cell(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Appends the table, each line begun with @indent; no title line when all titles are empty. */
void table_print(const struct table *t, struct buffer *out, const char *indent);
void table_deinit(struct table *t);
