/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * Slots of a log2 histogram, as bpftrace's hist() has them: slot 0 counts 0, slot 1 counts 1, slot n
 * counts [2^(n-1), 2^n), the last everything from 2^63.
 */
#pragma once

#include <linux/types.h>

#define HIST_SLOTS 65
