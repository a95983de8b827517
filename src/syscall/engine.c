/* SPDX-License-Identifier: BSD-2-Clause */
/* A whole engine: the rooms' parts set up in order, and taken down in reverse. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "hooks/link.h"
#include "hooks/state.h"
#include "object/btf_object.h"
#include "object/caller.h"
#include "object/cgroup.h"
#include "object/engine.h"
#include "object/fd.h"
#include "object/map.h"
#include "run/run.h"
#include "run/timer.h"
#include "syscall/bpf.h"

/* How many CPUs per-CPU values are made for: what libbpf reads from the same file. */
static uint32_t possible_cpus(void)
{
	long n = sysconf(_SC_NPROCESSORS_CONF);
	char line[256] = "";
	FILE *file = fopen("/sys/devices/system/cpu/possible", "re");
	const char *last;

	if (file) {
		if (!fgets(line, sizeof(line), file))
			line[0] = '\0';
		fclose(file);
	}
	/* "0-3,8-11": one more than the last number */
	last = line + strcspn(line, "\n");
	while (last > line && last[-1] >= '0' && last[-1] <= '9')
		last--;
	if (*last >= '0' && *last <= '9')
		n = strtol(last, NULL, 10) + 1;
	return n < 1 ? 1 : n > RUN_SLOTS_MAX ? RUN_SLOTS_MAX : (uint32_t)n;
}

static const struct engine_calls calls = {
	.bpf = syscall_bpf,
	.base_btf = engine_base_btf,
};

static void apply(const struct engine_opts *opts, struct engine *engine)
{
	if (opts->caps_given)
		engine->caps = opts->caps;
	if (opts->interpret)
		engine->jit = false;
	engine->kernel_copies = opts->kernel_copies;
	engine->refused = opts->refused;
	engine->host_arg = opts->host_arg;
	if (opts->bytes_max)
		engine->quota.bytes_max = opts->bytes_max;
	if (opts->objects_max)
		engine->quota.objects_max = opts->objects_max;
}

static int set_up(const struct engine_opts *opts, struct engine *engine)
{
	int err;

	if (opts->base_btf) {
		engine->base_btf_path = mem_strdup(opts->base_btf);
		if (!engine->base_btf_path)
			return -ENOMEM;
	}
	err = run_init(engine, opts->n_slots ? opts->n_slots : possible_cpus());
	if (err)
		return err;
	engine->calls = &calls;
	run_host_init(engine, opts->host, opts->host_arg);
	err = timers_init(engine);
	return err ? err : hooks_init(engine);
}

int engine_new(const struct engine_opts *opts, struct engine **engine)
{
	struct engine *new = mem_zalloc(sizeof(*new));
	int err;

	if (!new)
		return -ENOMEM;
	err = engine_init(new);
	if (err) {
		free(new);
		return err;
	}
	apply(opts, new);
	err = set_up(opts, new);
	if (err)
		engine_free(new);
	else
		*engine = new;
	return err;
}

static void for_each_map(struct engine *engine, void (*fn)(struct map *map))
{
	uint32_t id = 0;

	while ((id = object_next_id(engine, OBJECT_MAP, id))) {
		struct object *obj = object_by_id(engine, OBJECT_MAP, id);

		if (obj)
			fn(map_of(obj));
		object_put(obj);
	}
}

/* Programs and the maps they use may hold each other through DEVMAP and CPUMAP. */
static void drop_progs(struct map *map)
{
	if (map->ops->drop_progs)
		map->ops->drop_progs(map);
}

void engine_free(struct engine *engine)
{
	if (!engine)
		return;
	timers_stop(engine);
	if (engine->run)
		hooks_deinit(engine);
	engine_drop_users(engine);
	for_each_map(engine, drop_progs);
	if (engine->base_btf)
		object_put(&engine->base_btf->obj);
	run_deinit(engine);
	timers_deinit(engine);
	hooks_free(engine);
	engine_deinit(engine);
	free(engine);
}

void engine_poll(struct engine *engine)
{
	fd_table_poll(engine);
	epoch_poll(engine);
}

void engine_fork_prepare(struct engine *engine)
{
	pthread_mutex_lock(&engine->base_btf_lock);
	hooks_lock(engine);
	cgroup_table_fork_prepare(engine);
	pthread_mutex_lock(&engine->lock);
	timers_fork_prepare(engine);
	run_fork_prepare(engine);
}

static void unlock(struct engine *engine)
{
	pthread_mutex_unlock(&engine->lock);
	cgroup_table_fork_done(engine);
	hooks_unlock(engine);
	pthread_mutex_unlock(&engine->base_btf_lock);
}

void engine_fork_parent(struct engine *engine)
{
	run_fork_parent(engine);
	timers_fork_parent(engine);
	unlock(engine);
}

/* They were threads of the parent. */
static void forget_writers(struct map *map)
{
	atomic_store(&map->writers, 0);
}

void engine_fork_child(struct engine *engine)
{
	unlock(engine);
	engine_after_fork(engine);
	run_after_fork(engine);
	timers_fork_child(engine);
	for_each_map(engine, forget_writers);
}
