/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * perf_event_open(2) and its ioctls, as far as loaders of BPF programs use them. The events are
 * those a host registered (hooks/); all others do not exist.
 * Source: kernel/events/core.c, perf_copy_attr() for sizes.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <string.h>

#include "base/macros.h"
#include "hooks/link.h"
#include "object/map.h"
#include "object/prog.h"
#include "syscall/bpf.h"
#include "syscall/call.h"

#define ATTR_BYTES_MAX 4096 /* PAGE_SIZE */

static int take_attr(struct caller *caller, uint64_t uattr, struct perf_event_attr *attr)
{
	uint32_t bytes;
	int err;

	memset(attr, 0, sizeof(*attr));
	if (copy_in(caller, &bytes, uattr + offsetof(struct perf_event_attr, size), sizeof(bytes)))
		return -EFAULT;
	if (!bytes)
		bytes = PERF_ATTR_SIZE_VER0;
	if (bytes < PERF_ATTR_SIZE_VER0 || bytes > ATTR_BYTES_MAX)
		return -E2BIG;
	err = call_check_tail(caller, uattr, sizeof(*attr), bytes);
	if (err)
		return err;
	return copy_in(caller, attr, uattr, MIN(bytes, (uint32_t)sizeof(*attr)));
}

int syscall_perf_event_open(struct caller *caller, uint64_t uattr, int pid, int cpu)
{
	struct perf_event_attr attr;
	struct object *event;
	int ret = take_attr(caller, uattr, &attr);

	if (ret)
		return ret;
	engine_poll(caller->engine);
	ret = hook_perf_event_open(caller->engine, &attr, sizeof(attr), pid, cpu, &event);
	if (ret)
		return ret;
	ret = object_admit(event);
	if (!ret)
		ret = caller->ops->install_fd(caller, event, O_RDWR);
	object_put(event);
	return ret;
}

int syscall_perf_event_ioctl(struct caller *caller, struct object *event, unsigned long cmd,
			     int arg)
{
	struct object *prog;
	int err;

	if (cmd != PERF_EVENT_IOC_SET_BPF)
		return hook_perf_event_ioctl(event, cmd, NULL);
	err = caller->ops->fd_to_object(caller, arg, &prog, NULL);
	if (err)
		return err;
	err = prog->kind == OBJECT_PROG ? hook_perf_event_ioctl(event, cmd, prog_of(prog)) :
					  -EINVAL;
	object_put(prog);
	return err;
}

int syscall_event_fd(struct object *obj)
{
	struct map *map;

	if (obj->kind == OBJECT_PERF_EVENT)
		return hook_perf_event_fd(obj);
	if (obj->kind != OBJECT_MAP)
		return -1;
	map = map_of(obj);
	return map->ops->epoll_fd ? map->ops->epoll_fd(map) : -1;
}
