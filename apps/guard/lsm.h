/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Side doors closed by BPF LSM (lsm.bpf.c), where it loads: messages of rtnetlink, syslog(2), files,
 * and taking the guard's link off its cgroup or its pins away. The rules are those of the guard's own map, so that new
 * ones hold for both at once. Only the programs whose doors the rules need are attached.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "guard/doors.h"
#include "guard/enforce.h"
#include "guard/ruleset.h"

struct lsm;

/* 0; -EOPNOTSUPP: there is no BPF LSM here; or -errno. With a sentence. */
int lsm_start(struct enforce *e, const struct ruleset *rules, struct lsm **out, struct error *err);
/* Takes its programs away, unless they are pinned. NULL is fine. */
void lsm_stop(struct lsm *lsm);
/* The guard was attached or pinned anew. NULL is fine. */
void lsm_hold_guard(struct lsm *lsm);
/*
 * Pins its programs' links into the installed guard's folder, in the place of those there: they stay
 * without a process. 0, or -errno with a sentence. lsm_unpin(): takes them away; none is fine.
 */
int lsm_pin(struct lsm *lsm, const char *pins, struct error *err);
void lsm_unpin(const char *pins);
bool lsm_is_pinned(const char *pins);
/* IPV4_DEVCONF_* (linux/ip.h) of what /proc/sys calls so; 0: none. */
uint32_t lsm_conf(const char *key);
/* Whether doors of this kind are denied. False for NULL. */
bool lsm_denies(const struct lsm *lsm, enum door_kind kind);
