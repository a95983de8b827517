/* SPDX-License-Identifier: BSD-2-Clause */
/* See engines.h. */
#include "seam/engines.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/vec.h"
#include "object/engine.h"
#include "syscall/bpf.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static VEC(struct engine *) engines;
static struct engine *_Atomic installed;
static bool watching_fork;

/* No engine's lock may be held by a thread the child does not have. */
static void before_fork(void)
{
	struct engine **e;

	pthread_mutex_lock(&lock);
	vec_for_each(e, &engines)
		engine_fork_prepare(*e);
}

static void after_fork_in_parent(void)
{
	struct engine **e;

	vec_for_each(e, &engines)
		engine_fork_parent(*e);
	pthread_mutex_unlock(&lock);
}

static void after_fork_in_child(void)
{
	struct engine **e;

	vec_for_each(e, &engines)
		engine_fork_child(*e);
	pthread_mutex_unlock(&lock);
}

int engines_add(struct engine *engine)
{
	int err;

	pthread_mutex_lock(&lock);
	if (!watching_fork)
		watching_fork = !pthread_atfork(before_fork, after_fork_in_parent,
						after_fork_in_child);
	err = watching_fork ? vec_push(&engines, engine) : -ENOMEM;
	pthread_mutex_unlock(&lock);
	return err;
}

void engines_del(struct engine *engine)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < engines.n; i++)
		if (engines.data[i] == engine)
			engines.data[i] = engines.data[--engines.n];
	if (atomic_load(&installed) == engine)
		atomic_store(&installed, NULL);
	if (!engines.n)
		vec_deinit(&engines);
	pthread_mutex_unlock(&lock);
}

int engines_install(struct engine *engine)
{
	struct engine *none = NULL;

	if (!engine) {
		atomic_store(&installed, NULL);
		return 0;
	}
	if (atomic_compare_exchange_strong(&installed, &none, engine) || none == engine)
		return 0;
	return -EBUSY;
}

struct engine *engines_installed(void)
{
	return atomic_load_explicit(&installed, memory_order_acquire);
}
