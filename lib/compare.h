/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One job on two engines, each in a process of its own (libbpf remembers what it learnt about its
 * bpf(2), so the two are forked before it makes a call), compared by this process packet by packet:
 * verdict, bytes, records, printk lines; the maps' contents after each of the first packets while they
 * are small, then every COMPARE_MAPS_EVERY packets, and at the end. When maps differ at such a distance, the
 * packets between are run again with the maps compared after each.
 *
 * What may rightly differ (a program that reads the time, random numbers, the CPU or the task; which
 * keys an LRU map has evicted) is counted and named, and is no difference.
 */
#pragma once

#include <stdint.h>

#include "buffer.h"
#include "error.h"
#include "job.h"
#include "outcome.h"

#define COMPARE_MAPS_EVERY     1000
#define COMPARE_SMALL_ELEMENTS 64 /* maps of no more elements are compared after each packet ... */
#define COMPARE_FIRST_PACKETS  5000 /* ... of so many */

/* What was found out, beside the outcome of the user engine. */
struct comparison {
	struct outcome outcome;
	double other_ns;	  /* per run of the kernel; negative: it made none */
	uint64_t n_compared;	  /* packets */
	char *difference;	  /* several lines; NULL: there is none */
	uint64_t first_differing; /* packet; 0: at the end */
	char *not_comparable;	  /* why and what, several lines; NULL: everything was compared */
	char *rejection_log;	  /* both engines reject the program: the user engine's log */
	bool lines_unread;	  /* printk lines of the kernel could not be read */
};

/*
 * Runs and compares. @job is open, not loaded, and keeps the object's BTF for showing. 0; -EBADMSG:
 * both reject the program; -errno with a sentence: one could not do the job at all. A difference is
 * not an error.
 */
int compare_run(struct job *job, struct comparison *c, struct error *err);
void comparison_deinit(struct comparison *c);
