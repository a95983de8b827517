/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The programs that tell who went through a door (watch.bpf.c): of each door the cheapest kind this
 * kernel takes, and only of the doors that are asked for.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "guard/watch-api.bpf.h"

struct watch_hooks;

/*
 * @calls: enum watch_call, or-ed. What cannot be had is left out, watch_hooks_netlink() and
 * _calls() say so; -errno with a sentence only when all was refused.
 */
int watch_hooks_start(bool netlink, uint32_t calls, struct watch_hooks **out, struct error *err);
/* NULL is fine, for all. */
void watch_hooks_stop(struct watch_hooks *h);
/* For epoll: records are there. */
int watch_hooks_fd(const struct watch_hooks *h);
/* One record; false: no more for now. */
typedef bool watch_record_fn(void *arg, const struct watch_record *r);

/* Hands over the records that are there. true: there may be more, which @fn did not want or which come too fast. */
bool watch_hooks_take(struct watch_hooks *h, watch_record_fn *fn, void *arg);
/* Records the ring had no room for, since it was last asked. */
uint64_t watch_hooks_lost(struct watch_hooks *h);
/* "fexit", "tp_btf", "raw_tp"; NULL: not told by a program. */
const char *watch_hooks_netlink(const struct watch_hooks *h);
const char *watch_hooks_calls(const struct watch_hooks *h);
/* Programs, for the cost; returns how many. */
uint32_t watch_hooks_programs(const struct watch_hooks *h, int *fds, uint32_t max);
