/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For programs linked with -Wl,--wrap=syscall and its companions: the linker sends their calls, and
 * those of a static libbpf, here. Without an installed engine everything goes to the kernel.
 */
#include <stdarg.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/vfs.h>

#include "seam/engines.h"
#include "seam/interpose.h"
#include "skep/export.h"

long __real_syscall(long nr, ...);
int __real_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int __real_ioctl(int fd, unsigned long cmd, ...);
int __real_statfs(const char *path, struct statfs *buf);
int __real_statfs64(const char *path, struct statfs64 *buf);
int __real_setrlimit(int resource, const struct rlimit *limit);
int __real_setrlimit64(int resource, const struct rlimit64 *limit);

SKEP_API long __wrap_syscall(long nr, ...);
SKEP_API int __wrap_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
SKEP_API int __wrap_ioctl(int fd, unsigned long cmd, ...);
SKEP_API int __wrap_statfs(const char *path, struct statfs *buf);
SKEP_API int __wrap_statfs64(const char *path, struct statfs64 *buf);
SKEP_API int __wrap_setrlimit(int resource, const struct rlimit *limit);
SKEP_API int __wrap_setrlimit64(int resource, const struct rlimit64 *limit);

long __wrap_syscall(long nr, ...)
{
	struct engine *engine = engines_installed();
	long arg[6], ret;
	va_list ap;

	va_start(ap, nr);
	interpose_take_args(ap, arg);
	va_end(ap);
	if (engine && interpose_syscall(engine, nr, arg, &ret))
		return ret;
	return __real_syscall(nr, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

int __wrap_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	struct engine *engine = engines_installed();
	struct epoll_event copy;

	if (engine) {
		if (event)
			copy = *event;
		interpose_epoll_ctl(engine, op, &fd, event ? &copy : NULL);
		event = event ? &copy : NULL;
	}
	return __real_epoll_ctl(epfd, op, fd, event);
}

int __wrap_ioctl(int fd, unsigned long cmd, ...)
{
	struct engine *engine = engines_installed();
	void *arg;
	va_list ap;
	int ret;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (engine && interpose_ioctl(engine, fd, cmd, arg, &ret))
		return ret;
	return __real_ioctl(fd, cmd, arg);
}

int __wrap_statfs(const char *path, struct statfs *buf)
{
	struct engine *engine = engines_installed();
	int ret = __real_statfs(path, buf);

	if (!ret && engine && interpose_is_bpffs(engine, path))
		buf->f_type = INTERPOSE_BPF_FS_MAGIC;
	return ret;
}

int __wrap_statfs64(const char *path, struct statfs64 *buf)
{
	struct engine *engine = engines_installed();
	int ret = __real_statfs64(path, buf);

	if (!ret && engine && interpose_is_bpffs(engine, path))
		buf->f_type = INTERPOSE_BPF_FS_MAGIC;
	return ret;
}

int __wrap_setrlimit(int resource, const struct rlimit *limit)
{
	struct engine *engine = engines_installed();

	if (engine && interpose_setrlimit(engine, resource))
		return 0;
	return __real_setrlimit(resource, limit);
}

int __wrap_setrlimit64(int resource, const struct rlimit64 *limit)
{
	struct engine *engine = engines_installed();

	if (engine && interpose_setrlimit(engine, resource))
		return 0;
	return __real_setrlimit64(resource, limit);
}
