/* SPDX-License-Identifier: BSD-2-Clause */
/* The probes, by what they look at; each answers one row of rows.c. Private to this room. */
#pragma once

#include "probe.h"

/* --- facts.c: this process and this machine -------------------------------------------------- */

void probe_syscall(struct ability_answer *a, uint32_t unused);
void probe_capability(struct ability_answer *a, uint32_t capability);
void probe_unprivileged(struct ability_answer *a, uint32_t unused);
void probe_memlock(struct ability_answer *a, uint32_t unused);
void probe_btf_file(struct ability_answer *a, uint32_t unused);
void probe_btf_modules(struct ability_answer *a, uint32_t unused);
void probe_jit(struct ability_answer *a, uint32_t unused);
void probe_jit_open(struct ability_answer *a, uint32_t unused);
void probe_no_lockdown(struct ability_answer *a, uint32_t unused);
void probe_kallsyms(struct ability_answer *a, uint32_t unused);
void probe_tracefs(struct ability_answer *a, uint32_t unused);
void probe_bpffs(struct ability_answer *a, uint32_t unused);
void probe_cgroup2(struct ability_answer *a, uint32_t unused);
void probe_stats(struct ability_answer *a, uint32_t unused);

/* --- hooks.c: programs ------------------------------------------------------------------------ */

/* Helper and program type in one number. */
#define HELPER_OF(type, id) ((type) << 16 | (id))
void probe_helper(struct ability_answer *a, uint32_t helper_of);
/* Map type, program type with an attach type. */
void probe_map_type(struct ability_answer *a, uint32_t type);
void probe_test_run(struct ability_answer *a, uint32_t unused);
#define PROG_FOR(type, attach) ((type) << 16 | (attach))
void probe_prog_for(struct ability_answer *a, uint32_t prog_for);
void probe_prog_type_of(struct ability_answer *a, uint32_t type);

void probe_raw_tp(struct ability_answer *a, uint32_t unused);
void probe_tracepoint(struct ability_answer *a, uint32_t unused);
void probe_kprobe(struct ability_answer *a, uint32_t unused);
void probe_kprobe_multi(struct ability_answer *a, uint32_t unused);
void probe_uprobe(struct ability_answer *a, uint32_t unused);
void probe_uprobe_multi(struct ability_answer *a, uint32_t unused);
/* Typed hooks: attach type of TRACING or LSM. */
void probe_tracing(struct ability_answer *a, uint32_t attach);
void probe_lsm(struct ability_answer *a, uint32_t attach);
void probe_perf(struct ability_answer *a, uint32_t perf_type);
/* A link to a device that does not exist, of this attach type. */
void probe_device_link(struct ability_answer *a, uint32_t prog_for);
