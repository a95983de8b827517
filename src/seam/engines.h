/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engines of this process: which one is installed behind bpf(2), and all of them for fork().
 * A child goes on with elements of inherited maps; close events, slots and deferred frees are its
 * own from the start.
 */
#pragma once

struct engine;

/* Makes fork() look after @engine: 0 or -ENOMEM. */
int engines_add(struct engine *engine);
void engines_del(struct engine *engine);

/* 0, or -EBUSY. NULL: the kernel's. */
int engines_install(struct engine *engine);
struct engine *engines_installed(void);
