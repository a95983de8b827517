/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine in this process, as a host of it: its clock, random numbers and printk lines. */
#pragma once

#include <skep/skep.h>

#include "engine.h"

int engine_user_enter(const struct engine_setup *setup, struct error *err);
void engine_user_set_time(uint64_t ns);
void engine_user_end_time(struct engine_timers *timers);
/* skep_prog_run() on the engine entered. */
int engine_user_run(int prog_fd, struct skep_run *run);
/* engine_take_lack() of the engine entered. */
const char *engine_user_take_lack(void);
void engine_user_leave(void);
