/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_BTF_LOAD, and the engine's base BTF. Source: kernel/bpf/btf.c, btf_new_fd() and
 * btf_parse(). The log: syscall/log.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "btf/btf.h"
#include "btf/small.h"
#include "object/btf_object.h"
#include "syscall/bpf.h"
#include "syscall/call.h"
#include "syscall/log.h"
#include "syscall/refuse.h"

#define BTF_BYTES_MAX (16u << 20) /* BTF_MAX_SIZE */

static void btf_object_free(struct object *obj)
{
	struct btf_object *btf = btf_object_of(obj);

	engine_uncharge(obj->engine, btf->data_bytes);
	btf_free(btf->btf);
	mem_free_late(btf);
}

static const struct object_ops btf_object_ops = { .fd_name = "btf", .free = btf_object_free };

/* Wraps @graph (owned in any case). */
static int btf_object_new(struct engine *engine, struct btf *graph, struct btf_object **out)
{
	struct btf_object *btf = mem_zalloc(sizeof(*btf));

	if (!btf || engine_charge(engine, graph->data_size)) {
		free(btf);
		btf_free(graph);
		return -ENOMEM;
	}
	object_init(&btf->obj, engine, OBJECT_BTF, &btf_object_ops);
	btf->btf = graph;
	btf->data = graph->data;
	btf->data_bytes = graph->data_size;
	*out = btf;
	return 0;
}

static int parse(struct bpf_call *call, struct call_log *log, struct btf_object **out)
{
	const union bpf_attr *attr = &call->attr;
	struct btf_log sink = { attr->btf_log_level, call_log_vwrite, log };
	_cleanup_free_ void *data = NULL;
	struct btf_object *base;
	struct btf *graph;
	int err = engine_base_btf_load(call->engine, &base);

	if (err)
		return err;
	data = mem_alloc(attr->btf_size);
	if (!data)
		return -ENOMEM;
	if (copy_in(call->caller, data, attr->btf, attr->btf_size))
		return -EFAULT;
	err = btf_parse(data, attr->btf_size, base ? base->btf : NULL, &sink, &graph);
	return err ? err : btf_object_new(call->engine, graph, out);
}

int cmd_btf_load(struct bpf_call *call)
{
	const union bpf_attr *attr = &call->attr;
	struct btf_object *btf = NULL;
	struct call_log log;
	int err, log_err;

	if (attr->btf_flags & ~(uint32_t)BPF_F_TOKEN_FD)
		return -EINVAL;
	if (attr->btf_flags & BPF_F_TOKEN_FD)
		return refuse(call->engine, -EINVAL, "there are no BPF tokens");
	if (!call_capable(call, CAPABLE_BPF))
		return -EPERM;
	if (attr->btf_size > BTF_BYTES_MAX)
		return -E2BIG;
	err = call_log_init(&log, call, attr->btf_log_level, attr->btf_log_buf,
			    attr->btf_log_size);
	if (err)
		return err;
	err = parse(call, &log, &btf);
	log_err = call_log_finish(&log);
	if (log_err)
		err = log_err;
	if (call->size >= offsetof(union bpf_attr, btf_log_true_size) + sizeof(uint32_t) &&
	    call_write_back(call, btf_log_true_size, log.true_bytes))
		err = -EFAULT;
	call_log_deinit(&log);
	if (err) {
		if (btf)
			object_put(&btf->obj);
		return err;
	}
	return call_publish(call, &btf->obj, O_RDWR);
}

/* --- the base BTF ----------------------------------------------------------------------------- */

/* Want of memory or descriptors: it may be otherwise next time. */
static bool is_passing(int err)
{
	return err == -ENOMEM || err == -EMFILE || err == -ENFILE;
}

/* Ours is for a machine that has none: a passing want does not make it one. */
static int base_graph(struct engine *engine, struct btf **graph)
{
	int err = btf_load_base(engine->base_btf_path, graph);

	return err && !engine->base_btf_path && !is_passing(err) ? btf_small_new(graph) : err;
}

static int base_new(struct engine *engine)
{
	struct btf_object *btf;
	struct btf *graph;
	int err = base_graph(engine, &graph);

	if (!err)
		err = btf_object_new(engine, graph, &btf);
	if (err)
		return err;
	btf->kernel = true;
	strcpy(btf->name, "vmlinux");
	err = object_publish(&btf->obj);
	if (err)
		object_put(&btf->obj);
	else
		engine->base_btf = btf;
	return err;
}

int engine_base_btf_load(struct engine *engine, struct btf_object **base)
{
	int err;

	pthread_mutex_lock(&engine->base_btf_lock);
	err = engine->base_btf ? 0 : base_new(engine);
	*base = engine->base_btf;
	pthread_mutex_unlock(&engine->base_btf_lock);
	return is_passing(err) ? err : 0;
}

struct btf_object *engine_base_btf(struct engine *engine)
{
	struct btf_object *base;

	engine_base_btf_load(engine, &base);
	return base;
}
