/* SPDX-License-Identifier: BSD-2-Clause */
/* See interpose.h. */
#include "seam/interpose.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "base/macros.h"
#include "object/engine.h"
#include "object/fd.h"
#include "object/map.h"
#include "object/pin.h"
#include "seam/caller.h"
#include "seam/copy.h"
#include "syscall/bpf.h"

/* As a system call: errno is as it was (@saved) where the call succeeds. */
static long answer(int ret, int saved)
{
	errno = ret >= 0 ? saved : -ret;
	return ret >= 0 ? ret : -1;
}

static int call_perf_event_open(struct engine *engine, const long arg[6])
{
	struct seam_caller sc;
	int ret;

	seam_caller_init(&sc, engine);
	ret = syscall_perf_event_open(&sc.caller, (uint64_t)arg[0], (int)arg[1], (int)arg[2]);
	seam_caller_deinit(&sc);
	return ret;
}

bool interpose_syscall(struct engine *engine, long nr, const long arg[6], long *ret)
{
	int saved = errno;

	if (nr == SYS_bpf)
		*ret = answer(seam_bpf(engine, (int)arg[0], (uint64_t)arg[1], (uint32_t)arg[2]),
			      saved);
	else if (nr == SYS_perf_event_open)
		*ret = answer(call_perf_event_open(engine, arg), saved);
	else
		return false;
	return true;
}

/* The object behind @fd with a reference, or NULL. errno is left alone. */
static struct object *object_of(struct engine *engine, int fd)
{
	int saved = errno;
	struct object *obj;
	int err = object_fd_lookup(engine, fd, &obj, NULL);

	errno = saved;
	return err ? NULL : obj;
}

bool interpose_ioctl(struct engine *engine, int fd, unsigned long cmd, void *arg, int *ret)
{
	int saved = errno;
	struct seam_caller sc;
	struct object *obj;
	bool ours;

	if (((cmd >> 8) & 0xff) != '$')
		return false;
	obj = object_of(engine, fd);
	ours = obj && obj->kind == OBJECT_PERF_EVENT;
	if (ours) {
		seam_caller_init(&sc, engine);
		*ret = (int)answer(syscall_perf_event_ioctl(&sc.caller, obj, cmd,
							    (int)(intptr_t)arg),
				   saved);
		seam_caller_deinit(&sc);
	}
	object_put(obj);
	return ours;
}

void interpose_epoll_ctl(struct engine *engine, int op, int *fd, struct epoll_event *ev)
{
	struct object *obj = object_of(engine, *fd);
	int event_fd = -1;

	if (obj)
		event_fd = syscall_event_fd(obj);
	object_put(obj);
	if (event_fd < 0)
		return;
	*fd = event_fd;
	if (op == EPOLL_CTL_DEL || !ev)
		return;
	/* Nobody reads the eventfd back to zero: only edges tell. Room to write is an edge too. */
	if (ev->events & (EPOLLIN | EPOLLOUT))
		ev->events |= EPOLLIN;
	ev->events &= ~(uint32_t)EPOLLOUT;
	ev->events |= EPOLLET;
}

bool interpose_is_bpffs(struct engine *engine, const char *path)
{
	int saved = errno;
	bool is = pin_dir_has(engine, AT_FDCWD, path);

	errno = saved;
	return is;
}

bool interpose_setrlimit(struct engine *engine, int resource)
{
	return resource == RLIMIT_MEMLOCK;
}
