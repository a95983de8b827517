/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trials: a program attached for real, its event caused, and its run seen, in a forked child that
 * takes everything with it when it ends. Private to this room.
 */
#pragma once

#include "probe.h"

/* Runs the row's trial and makes @answer a no, with the reason, where it fails. */
void trial_run(const struct ability_row *row, struct ability_answer *answer);
