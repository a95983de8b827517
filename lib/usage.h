/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the programs selected for loading (object_select()) call and refer to, read from the object's
 * code. Subprograms count as used: which program calls which is not looked at.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "object.h"

#define USAGE_HELPER_WORDS 4 /* helpers 0 to 255 */

/* Bit i % 64 of word i / 64 is set when helper i is called. */
void usage_helpers(const struct object *obj, uint64_t called[USAGE_HELPER_WORDS]);
/* Whether bpf_printk is called. */
bool usage_prints(const struct object *obj);
/* Whether a map or variable of this name is referred to. */
bool usage_refers(const struct object *obj, const char *symbol);
