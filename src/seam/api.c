/* SPDX-License-Identifier: BSD-2-Clause */
/* include/skep/skep.h: a struct skep_engine is a struct engine. */
#include <errno.h>
#include <string.h>

#include "object/engine.h"
#include "object/fd.h"
#include "object/map.h"
#include "object/pin.h"
#include "seam/caller.h"
#include "seam/copy.h"
#include "seam/engines.h"
#include "skep/skep.h"
#include "syscall/bpf.h"
#include "syscall/refuse.h"

_Static_assert((int)SKEP_CAP_ALL == (int)CAPABLE_ALL && (int)SKEP_CAP_BPF == (int)CAPABLE_BPF &&
		       (int)SKEP_CAP_PERFMON == (int)CAPABLE_PERFMON &&
		       (int)SKEP_CAP_NET_ADMIN == (int)CAPABLE_NET_ADMIN &&
		       (int)SKEP_CAP_SYS_ADMIN == (int)CAPABLE_SYS_ADMIN,
	       "the public capabilities are the engine's");

static struct engine *engine_of(struct skep_engine *engine)
{
	return (struct engine *)engine;
}

/* Copies what the caller's version of an options struct has; the rest stays 0. */
static int take_opts(void *ours, size_t our_bytes, const void *theirs, size_t their_bytes)
{
	if (their_bytes < sizeof(size_t))
		return -EINVAL;
	memset(ours, 0, our_bytes);
	memcpy(ours, theirs, their_bytes < our_bytes ? their_bytes : our_bytes);
	/* A newer caller may only leave unset what we do not know. */
	for (size_t i = our_bytes; i < their_bytes; i++)
		if (((const char *)theirs)[i])
			return -E2BIG;
	return 0;
}

int skep_engine_new(const struct skep_opts *opts, struct skep_engine **engine)
{
	struct skep_opts o = { .size = sizeof(o) };
	struct engine_opts eo;
	struct engine *new;
	int err = opts ? take_opts(&o, sizeof(o), opts, opts->size) : 0;

	if (!err && (o.flags & ~(uint32_t)(SKEP_INTERPRET | SKEP_UNPRIVILEGED | SKEP_COPY_BY_KERNEL)))
		err = -EINVAL;
	if (!err && !(o.flags & SKEP_COPY_BY_KERNEL))
		err = seam_copy_init();
	if (err)
		return err;
	eo = (struct engine_opts){
		.caps = o.caps,
		.caps_given = o.caps || (o.flags & SKEP_UNPRIVILEGED),
		.interpret = (o.flags & SKEP_INTERPRET) != 0,
		.kernel_copies = (o.flags & SKEP_COPY_BY_KERNEL) != 0,
		.n_slots = o.n_cpus,
		.bytes_max = o.bytes_max,
		.objects_max = o.objects_max,
		.base_btf = o.base_btf,
		.host = o.host,
		.host_arg = o.host_arg,
		.refused = o.refused,
	};
	err = engine_new(&eo, &new);
	if (err)
		return err;
	err = engines_add(new);
	if (err)
		engine_free(new);
	else
		*engine = (struct skep_engine *)new;
	return err;
}

void skep_engine_free(struct skep_engine *engine)
{
	if (!engine)
		return;
	engines_del(engine_of(engine));
	engine_free(engine_of(engine));
}

int skep_bpf(struct skep_engine *engine, int cmd, void *attr, unsigned int size)
{
	return seam_bpf(engine_of(engine), cmd, (uint64_t)(uintptr_t)attr, size);
}

const char *skep_engine_error(const struct skep_engine *engine)
{
	return refusal_text((const struct engine *)engine);
}

int skep_engine_install(struct skep_engine *engine)
{
	return engines_install(engine_of(engine));
}

struct skep_engine *skep_engine_installed(void)
{
	return (struct skep_engine *)engines_installed();
}

int skep_engine_fd(const struct skep_engine *engine)
{
	return fd_table_poll_fd((const struct engine *)engine);
}

void skep_engine_poll(struct skep_engine *engine)
{
	engine_poll(engine_of(engine));
}

int skep_pin_dir_add(struct skep_engine *engine, const char *path)
{
	return pin_dir_add(engine_of(engine), path);
}

int skep_map_event_fd(struct skep_engine *engine, int map_fd)
{
	struct object *obj;
	struct map *map;
	int fd = -1, err = object_fd_lookup(engine_of(engine), map_fd, &obj, NULL);

	if (err)
		return err;
	map = obj->kind == OBJECT_MAP ? map_of(obj) : NULL;
	if (map && map->ops->epoll_fd)
		fd = map->ops->epoll_fd(map);
	object_put(obj);
	return fd < 0 ? -EINVAL : fd;
}

int skep_prog_run(struct skep_engine *engine, int prog_fd, struct skep_run *run)
{
	struct seam_caller sc;
	struct skep_run r;
	int err = take_opts(&r, sizeof(r), run, run->size);

	if (err)
		return err;
	seam_caller_init(&sc, engine_of(engine));
	err = syscall_prog_run(&sc.caller, prog_fd, &r);
	seam_caller_deinit(&sc);
	if (!err)
		memcpy(run, &r, run->size < sizeof(r) ? run->size : sizeof(r));
	return err;
}
