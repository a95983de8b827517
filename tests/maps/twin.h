/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine and the running kernel, given the same bpf(2) calls; and a source of random numbers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tbl/uapi.h"

enum side { ENGINE, KERNEL, SIDES };

/* 0, or -errno: -EPERM where the kernel's bpf(2) is not allowed. */
int twin_open(void);
void twin_close(void);
/* The system call on one side: >= 0 or -errno. */
int twin_bpf(enum side side, int cmd, union bpf_attr *attr);
/* BTF of a key (type 1: 4 bytes) and of a value with a bpf_spin_lock (type 4: 16 bytes): an fd. */
int twin_lock_btf(enum side side);
/* CPUs: values a per-CPU map has, on both sides. */
uint32_t twin_cpus(void);
/* The id behind a map's fd; 0: it cannot be asked. */
uint32_t twin_map_id(enum side side, int fd);

struct rng {
	uint64_t state;
};

uint32_t rng_next(struct rng *rng);

/* 0 to @n - 1. */
static inline uint32_t rng_below(struct rng *rng, uint32_t n)
{
	return rng_next(rng) % n;
}

/* Counts of what was compared; differences are printed where they are found. */
struct score {
	uint64_t calls, good, differences;
};

/* Random MAP_CREATE attrs. */
void compare_creation(struct rng *rng, uint32_t n, struct score *score);
/* @steps random commands on a map of each kind. */
void compare_elements(struct rng *rng, uint32_t steps, struct score *score);
