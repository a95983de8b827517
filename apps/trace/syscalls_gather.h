/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the maps of syscalls.bpf.c to rows since the last time they were asked for. Counts by number are
 * compared with those before; the hash of keys is exchanged for a fresh one, which waits for programs
 * that are in it: nothing is counted twice or missed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "tool/hist.h"
#include "trace/syscalls-api.bpf.h"

#define SYSCALLS_TABLE_MAX (1u << 20) /* rows kept between two times they are shown */

struct syscalls_bpf;

struct syscalls_row {
	struct syscalls_key key;
	struct syscalls_counts counts;
	char comm[SYSCALLS_COMM_BYTES]; /* "" when it is not by process, or not known */
	struct hist *hist;		/* NULL, or borrowed from the table */
};

struct syscalls_table {
	struct syscalls_bpf *bpf;
	struct syscalls_settings settings;
	int n_cpus;
	int keyed; /* the hash programs count in; -1: none */
	struct syscalls_row *rows;
	uint32_t n_rows;
	uint32_t *slots; /* open addressing over rows by key; n_slots is a power of two */
	uint32_t n_slots;
	uint64_t n_lost; /* calls of rows that were one too many */
	struct syscalls_counts *before; /* by row: what was shown */
	struct hist *hists;		/* by row, of this time */
	uint64_t (*hists_before)[SYSCALLS_SLOTS];
};

void syscalls_init(struct syscalls_table *table, struct syscalls_bpf *bpf,
		const struct syscalls_settings *settings, int n_cpus);
void syscalls_deinit(struct syscalls_table *table);
/* Adds what was counted since the last call. 0, or -errno with a sentence. */
int syscalls_gather(struct syscalls_table *table, struct error *err);
/* Forgets the rows, not what was shown. */
void syscalls_clear(struct syscalls_table *table);
void syscalls_add(struct syscalls_counts *sum, const struct syscalls_counts *more);
