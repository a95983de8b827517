/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The things an experiment does that are no writes of keys: messages of rtnetlink, system calls,
 * writes of other files. Each can be done in two ways that leave different values behind.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "guard/doors.h"
#include "guard/experiment.h"

/* @again: false the first way, true the second. 0: it was done; -errno: it cannot be done here. */
typedef int attempt_fn(void *arg, bool again);

/* Does one and sees what came of it. */
typedef void attempt_try_fn(void *experiment, enum door_kind kind, const char *way, attempt_fn *fn,
			    void *arg);

/* The devices of the scratch namespace: made, or -errno. */
#define ATTEMPT_DEVICE "skepdoor0"
#define ATTEMPT_PEER   "skepdoor1"
int attempt_make_devices(void);

/* Hands all to @try. */
void attempt_each_netlink(attempt_try_fn *try, void *experiment);
void attempt_each_call(bool whole_machine, attempt_try_fn *try, void *experiment);
void attempt_each_file(bool whole_machine, attempt_try_fn *try, void *experiment);

/*
 * Another value for a text of blank-separated numbers or a word, the @i-th idea; false: there are
 * no more. @out has KEYS_VALUE_BYTES.
 */
bool attempt_other_value(const char *value, uint32_t i, char *out);
