/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/syscalls_gather.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "buffer.h"
#include "tool/filter-api.bpf.h"

#include "syscalls.skel.h" /* last: its .rodata has types of the headers above */

#define SLOTS_MIN 1024u
#define NO_ROW	  UINT32_MAX

void syscalls_init(struct syscalls_table *table, struct syscalls_bpf *bpf,
		   const struct syscalls_settings *settings, int n_cpus)
{
	memset(table, 0, sizeof(*table));
	table->bpf = bpf;
	table->settings = *settings;
	table->n_cpus = n_cpus;
	table->keyed = settings->keys ? dup(bpf_map__fd(bpf->maps.keyed)) : -1;
	table->before = xcalloc(SYSCALLS_ROWS, sizeof(*table->before));
	if (!settings->hist)
		return;
	table->hists = xcalloc(SYSCALLS_ROWS, sizeof(*table->hists));
	table->hists_before = xcalloc(SYSCALLS_ROWS, sizeof(*table->hists_before));
}

void syscalls_deinit(struct syscalls_table *table)
{
	if (table->bpf && table->keyed >= 0)
		close(table->keyed);
	free(table->rows);
	free(table->slots);
	free(table->before);
	free(table->hists);
	free(table->hists_before);
}

void syscalls_clear(struct syscalls_table *table)
{
	table->n_rows = 0;
	if (table->slots)
		memset(table->slots, 0xff, table->n_slots * sizeof(*table->slots));
	if (table->hists)
		memset(table->hists, 0, SYSCALLS_ROWS * sizeof(*table->hists));
}

static uint32_t hash_of(const struct syscalls_key *key)
{
	uint64_t hash = key->cgroup_id * 0x9e3779b97f4a7c15ull;

	hash = (hash ^ ((uint64_t)key->pid << 32 | key->row)) * 0xc2b2ae3d27d4eb4full;
	return (uint32_t)(hash >> 32);
}

static void grow(struct syscalls_table *table)
{
	uint32_t n = table->n_slots ? table->n_slots * 2 : SLOTS_MIN, at;

	table->slots = xrealloc(table->slots, n * sizeof(*table->slots));
	memset(table->slots, 0xff, n * sizeof(*table->slots));
	table->n_slots = n;
	for (uint32_t i = 0; i < table->n_rows; i++) {
		at = hash_of(&table->rows[i].key) & (n - 1);
		while (table->slots[at] != NO_ROW)
			at = (at + 1) & (n - 1);
		table->slots[at] = i;
	}
}

/* The row of a key, made when it is new; NULL when there are too many. */
static struct syscalls_row *row_of(struct syscalls_table *table, const struct syscalls_key *key)
{
	uint32_t at;

	if (2 * (table->n_rows + 1) > table->n_slots)
		grow(table);
	at = hash_of(key) & (table->n_slots - 1);
	for (; table->slots[at] != NO_ROW; at = (at + 1) & (table->n_slots - 1))
		if (!memcmp(&table->rows[table->slots[at]].key, key, sizeof(*key)))
			return &table->rows[table->slots[at]];
	if (table->n_rows == SYSCALLS_TABLE_MAX)
		return NULL;
	array_grow(table->rows, table->n_rows);
	table->slots[at] = table->n_rows;
	table->rows[table->n_rows] = (struct syscalls_row){ .key = *key };
	return &table->rows[table->n_rows++];
}

void syscalls_add(struct syscalls_counts *sum, const struct syscalls_counts *more)
{
	sum->count += more->count;
	sum->errors += more->errors;
	sum->total_ns += more->total_ns;
	if (more->max_ns > sum->max_ns)
		sum->max_ns = more->max_ns;
}

static struct syscalls_counts sum_of(const struct syscalls_counts *counts, int n_cpus)
{
	struct syscalls_counts sum = { 0 };

	for (int cpu = 0; cpu < n_cpus; cpu++)
		syscalls_add(&sum, &counts[cpu]);
	return sum;
}

static int gather_hist(struct syscalls_table *table, uint32_t row, struct syscalls_row *to,
		       const struct syscalls_counts *sum)
{
	uint64_t(*counts)[SYSCALLS_SLOTS] = xcalloc((size_t)table->n_cpus, sizeof(*counts));
	uint64_t *before = table->hists_before[row];
	struct hist *hist = &table->hists[row];
	int rc = 0;

	if (bpf_map_lookup_elem(bpf_map__fd(table->bpf->maps.hists), &row, counts))
		rc = -errno;
	for (uint32_t slot = 0; slot < SYSCALLS_SLOTS && !rc; slot++) {
		uint64_t n = 0;

		for (int cpu = 0; cpu < table->n_cpus; cpu++)
			n += counts[cpu][slot];
		hist->slots[slot] += n - before[slot];
		before[slot] = n;
	}
	hist->sum = to->counts.total_ns;
	hist->max = sum->max_ns;
	to->hist = hist;
	free(counts);
	return rc;
}

/* Bytes of one row as bpf(2) returns it: a value for each CPU. */
static size_t row_bytes(const struct syscalls_table *table)
{
	size_t value = table->settings.latency ? sizeof(struct syscalls_counts) : sizeof(uint64_t);

	return value * (size_t)table->n_cpus;
}

/* All rows at once, or, where the kernel cannot (before 5.13), one by one. 0 or -errno. */
static int read_rows(struct syscalls_table *table, char *values)
{
	int map = bpf_map__fd(table->bpf->maps.by_row), rc = 0;
	uint32_t *keys = xcalloc(SYSCALLS_ROWS, sizeof(*keys)), next, n = SYSCALLS_ROWS;

	rc = bpf_map_lookup_batch(map, NULL, &next, keys, values, &n, NULL) ? -errno : 0;
	if (rc == -ENOENT && n == SYSCALLS_ROWS) /* that was the last */
		rc = 0;
	free(keys);
	if (!rc && n == SYSCALLS_ROWS)
		return 0;
	for (uint32_t row = 0; row < SYSCALLS_ROWS; row++)
		if (bpf_map_lookup_elem(map, &row, values + row * row_bytes(table)))
			return -errno;
	return 0;
}

/* The sum of one row, whose values are counts alone when there is no latency. */
static struct syscalls_counts sum_of_row(const struct syscalls_table *table, const char *values,
					 uint32_t row)
{
	const void *at = values + row * row_bytes(table);
	const uint64_t *plain = at;
	struct syscalls_counts sum = { 0 };

	if (table->settings.latency)
		return sum_of(at, table->n_cpus);
	for (int cpu = 0; cpu < table->n_cpus; cpu++)
		sum.count += plain[cpu];
	return sum;
}

/* What one row of the array counted since. */
static int gather_row(struct syscalls_table *table, uint32_t row, const struct syscalls_counts *sum)
{
	struct syscalls_counts *before = &table->before[row], since;
	struct syscalls_key key = { .row = row };
	struct syscalls_row *to;

	if (sum->count == before->count)
		return 0;
	since = (struct syscalls_counts){ .count = sum->count - before->count,
					  .errors = sum->errors - before->errors,
					  .total_ns = sum->total_ns - before->total_ns,
					  .max_ns = sum->max_ns };
	*before = *sum;
	to = row_of(table, &key);
	syscalls_add(&to->counts, &since);
	return table->hists ? gather_hist(table, row, to, sum) : 0;
}

static int gather_rows(struct syscalls_table *table)
{
	char *values = xcalloc(SYSCALLS_ROWS, row_bytes(table));
	int rc = read_rows(table, values);

	for (uint32_t row = 0; row < SYSCALLS_ROWS && !rc; row++) {
		struct syscalls_counts sum = sum_of_row(table, values, row);

		rc = gather_row(table, row, &sum);
	}
	free(values);
	return rc;
}

static void gather_key(struct syscalls_table *table, const struct syscalls_key *key,
		       const struct syscalls_counts *sum)
{
	struct syscalls_row *row = row_of(table, key);

	if (!row) {
		table->n_lost += sum->count;
		return;
	}
	syscalls_add(&row->counts, sum);
	if (key->pid)
		bpf_map_lookup_elem(bpf_map__fd(table->bpf->maps.names), &key->pid, row->comm);
}

/* Puts an empty hash in place of the one programs count in: the old one's fd, or -errno. */
static int exchange(struct syscalls_table *table)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);
	int fresh = bpf_map_create(BPF_MAP_TYPE_PERCPU_HASH, "keyed", sizeof(struct syscalls_key),
				   sizeof(struct syscalls_counts), SYSCALLS_KEYS_MAX, &opts);
	int old = table->keyed, rc;
	__u32 zero = 0;

	if (fresh < 0)
		return -errno;
	/* The kernel returns when no program is in the old one any more. */
	if (bpf_map_update_elem(bpf_map__fd(table->bpf->maps.turn), &zero, &fresh, BPF_ANY)) {
		rc = -errno;
		close(fresh);
		return rc;
	}
	table->keyed = fresh;
	return old;
}

static int gather_keys(struct syscalls_table *table)
{
	struct syscalls_counts *counts = xcalloc((size_t)table->n_cpus, sizeof(*counts));
	struct syscalls_key key, next, *before = NULL;
	int map = exchange(table), rc = 0;

	if (map < 0) {
		free(counts);
		return map;
	}
	while (bpf_map_get_next_key(map, before, &next) == 0) {
		struct syscalls_counts sum;

		key = next;
		before = &key;
		if (bpf_map_lookup_elem(map, &key, counts)) {
			rc = -errno;
			break;
		}
		sum = sum_of(counts, table->n_cpus);
		gather_key(table, &key, &sum);
	}
	close(map);
	free(counts);
	return rc;
}

int syscalls_gather(struct syscalls_table *table, struct error *err)
{
	int rc = table->settings.keys ? gather_keys(table) : gather_rows(table);

	return rc ? error_set(err, rc, "cannot read the counts: %s", strerror(-rc)) : 0;
}
