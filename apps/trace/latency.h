/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the histograms of latency.bpf.h, interval by interval. */
#pragma once

#include <stdint.h>

#include "tool/hist.h"
#include "trace/latency-api.bpf.h"

struct latency_row {
	struct latency_key key;
	struct hist hist; /* of this interval */
	uint64_t count;
};

/* What was shown before, so that an interval shows its own. */
struct latency_table {
	struct latency_row *before; /* totals */
	uint32_t n_before;
	struct latency_row *rows; /* what came since; those of most values first */
	uint32_t n_rows;
};

/* Fills table->rows from the map "latencies". */
void latency_gather(struct latency_table *table, int map_fd);
void latency_table_deinit(struct latency_table *table);
