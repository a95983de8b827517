/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine in this process, as a host of it: its clock, random numbers and printk lines. */
#pragma once

#include <skep/skep.h>

#include "engine.h"

struct skep_sysctl;

int engine_user_enter(const struct engine_setup *setup, struct error *err);
void engine_user_set_time(uint64_t ns);
void engine_user_end_time(struct engine_timers *timers);
/* skep_prog_run() on the engine entered. */
int engine_user_run(int prog_fd, struct skep_run *run);
/* Attaches a program that judges accesses to sysctls to the one cgroup there is: a link's fd, or -errno. */
int engine_user_attach_sysctl(int prog_fd);
/* skep_sysctl_access() of the engine entered: this process does it, in that cgroup. */
int engine_user_sysctl(struct skep_sysctl *access);
/* engine_take_lack() of the engine entered. */
const char *engine_user_take_lack(void);
void engine_user_leave(void);
