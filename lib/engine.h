/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who answers this process's bpf(2) calls: the kernel, or the engine in this process. Chosen once,
 * before the first call of libbpf, which remembers what it learnt about its bpf(2).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

enum engine_kind {
	ENGINE_USER,
	ENGINE_KERNEL
};

/* What programs read as the time. */
enum engine_clock {
	ENGINE_CLOCK_PCAP,
	ENGINE_CLOCK_REAL,
	ENGINE_CLOCK_FIXED
};

typedef void engine_printk_fn(void *arg, const char *line);

struct engine_setup {
	enum engine_kind kind;
	bool no_jit;
	enum engine_clock clock;
	uint64_t fixed_ns; /* ENGINE_CLOCK_FIXED */
	uint64_t seed;	   /* of bpf_get_prandom_u32 */
	engine_printk_fn *printk;
	void *printk_arg;
	bool only_kernel; /* what is to be done only the kernel can do: no word of the other engine */
};

/* What became of the timers of programs (bpf_timer_start). */
struct engine_timers {
	uint64_t n_fired;
	bool behind;      /* some fired late: too many in too little simulated time */
	bool is_armed;    /* one never fired */
	uint64_t next_ns; /* how long after the end it would have */
};

/* 0, or -errno with a sentence: for the kernel, which capability is missing. */
int engine_enter(const struct engine_setup *setup, struct error *err);
/* Whether this process has the capabilities that loading programs takes. */
bool engine_is_privileged(void);
/* The time programs see from now on, where the clock is the capture's; fires the user engine's timers
 * that are due until then. */
void engine_set_time(uint64_t ns);
/* Time ends: fires what is due now. */
void engine_end_time(struct engine_timers *timers);
/* Hands over printk lines that come some other way than by call: those of the kernel. */
void engine_take_printk(void);
/* Whether lines come at all: those of the kernel may be another's to read. */
bool engine_lines_are_read(void);
/* The map or program type the engine lacks and was asked for since the last call; "": none. */
const char *engine_take_lack(void);
void engine_leave(void);

const char *engine_name(enum engine_kind kind);
