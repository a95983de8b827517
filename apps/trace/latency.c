/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/latency.h"

#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "buffer.h"

static int by_key(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct latency_key));
}

static int by_count(const void *a, const void *b)
{
	const struct latency_row *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return by_key(x, y);
}

/* The sum over all CPUs. */
static struct latency_row total_of(const struct latency_key *key, const struct latency_hist *cpus,
				   int n_cpus)
{
	struct latency_row row = { .key = *key };

	for (int cpu = 0; cpu < n_cpus; cpu++) {
		const uint64_t *slots = (const uint64_t *)cpus[cpu].slots;

		hist_add_slots(&row.hist, slots, HIST_SLOTS);
		row.hist.sum += cpus[cpu].total_ns;
		if (cpus[cpu].max_ns > row.hist.max)
			row.hist.max = cpus[cpu].max_ns;
	}
	row.count = hist_count(&row.hist);
	return row;
}

/* What came since; the greatest value is that since the start. */
static struct latency_row since(const struct latency_row *total, const struct latency_row *before)
{
	struct latency_row row = *total;

	for (uint32_t i = 0; before && i < HIST_SLOTS; i++)
		row.hist.slots[i] -= before->hist.slots[i];
	row.hist.sum -= before ? before->hist.sum : 0;
	row.count -= before ? before->count : 0;
	return row;
}

void latency_gather(struct latency_table *t, int map_fd)
{
	int n_cpus = libbpf_num_possible_cpus();
	struct latency_hist *cpus = xcalloc((size_t)n_cpus, sizeof(*cpus));
	struct latency_key key, *last = NULL;
	struct latency_row *totals = NULL;
	uint32_t n = 0;

	while (bpf_map_get_next_key(map_fd, last, &key) == 0) {
		if (bpf_map_lookup_elem(map_fd, &key, cpus) == 0) {
			array_grow(totals, n);
			totals[n++] = total_of(&key, cpus, n_cpus);
		}
		last = &key;
	}
	free(cpus);
	if (n)
		qsort(totals, n, sizeof(*totals), by_key);
	free(t->rows);
	t->rows = xcalloc(n ? n : 1, sizeof(*t->rows));
	t->n_rows = 0;
	for (uint32_t i = 0; i < n; i++) {
		struct latency_row row = since(&totals[i], t->n_before ? bsearch(&totals[i], t->before,
										 t->n_before,
										 sizeof(*totals), by_key)
								       : NULL);

		if (row.count)
			t->rows[t->n_rows++] = row;
	}
	if (t->n_rows)
		qsort(t->rows, t->n_rows, sizeof(*t->rows), by_count);
	free(t->before);
	t->before = totals;
	t->n_before = n;
}

void latency_table_deinit(struct latency_table *t)
{
	free(t->before);
	free(t->rows);
}
