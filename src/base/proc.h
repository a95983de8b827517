/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a thread or process, of which a number was left in shared memory, still exists. Zombies do
 * not: they wait for a parent that may be waiting for what they held. A number that was given out
 * again counts as alive. Cost: a system call; a file of /proc is read when that finds somebody.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

bool proc_thread_is_dead(pid_t tid);

/* All its threads are gone: a process lives on when only its first thread has ended. */
bool proc_is_dead(pid_t pid);
