/* SPDX-License-Identifier: BSD-2-Clause */
/* Typed values as rows of a table: a column per scalar of their structs. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "table.h"

struct btf;

/* One group of columns: "key", "value", "record". */
struct column_group {
	const struct btf *btf;
	uint32_t type;	   /* 0: bytes without a type */
	const char *title; /* of a value that is one scalar */
};

/* How many columns the values of @group take; 1 when its struct would take more than @max. */
uint32_t column_group_width(const struct column_group *group, const void *sample, size_t bytes,
			    uint32_t max);
/* Adds the titles, then per row the cells; @width is what column_group_width() said. */
void column_group_titles(const struct column_group *group, const void *sample, size_t bytes,
			 uint32_t width, struct table *t);
void column_group_cells(const struct column_group *group, const void *data, size_t bytes,
			uint32_t width, struct table *t);
