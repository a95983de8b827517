/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libskep-preload.so: LD_PRELOAD=libskep-preload.so COMMAND answers the command's bpf(2) from an
 * engine of its process, made at its first call. The environment says how:
 *
 *   SKEP_PIN_DIR   directories (':' between them) that are bpffs: pins may be made beneath them
 *   SKEP_BTF       file with the BTF to be called "vmlinux"
 *   SKEP_CAPS      "none": the rules for unprivileged users
 *   SKEP_INTERPRET set: never compile
 *
 * State is the process's: what one command loads the next one does not see. It does not reach
 * statically linked programs, those that make the system call themselves, or setuid ones.
 *
 * The symbols here stand in front of the C library's; they make their system calls themselves, so
 * that they work before anything else of the process does.
 */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "seam/engines.h"
#include "seam/interpose.h"
#include "skep/skep.h"

_Static_assert(sizeof(struct statfs) == sizeof(struct statfs64), "one layout on 64-bit hosts");

/* By their names for the linker: the headers have declared the functions otherwise. */
SKEP_API long preload_syscall(long nr, ...) __asm__("syscall");
SKEP_API int preload_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
	__asm__("epoll_ctl");
SKEP_API int preload_ioctl(int fd, unsigned long cmd, ...) __asm__("ioctl");
SKEP_API int preload_statfs(const char *path, struct statfs *buf) __asm__("statfs");
SKEP_API int preload_statfs64(const char *path, struct statfs64 *buf) __asm__("statfs64");
SKEP_API int preload_setrlimit(int resource, const struct rlimit *limit) __asm__("setrlimit");
SKEP_API int preload_setrlimit64(int resource, const struct rlimit64 *limit)
	__asm__("setrlimit64");

static pthread_once_t once = PTHREAD_ONCE_INIT;
static __thread int starting __attribute__((tls_model("initial-exec")));

static void start(void)
{
	struct skep_opts opts = { .size = sizeof(opts), .base_btf = getenv("SKEP_BTF") };
	const char *dirs = getenv("SKEP_PIN_DIR"), *caps = getenv("SKEP_CAPS");
	char *copy = dirs ? strdup(dirs) : NULL, *save = NULL;
	struct skep_engine *engine;
	int err;

	if (caps && !strcmp(caps, "none"))
		opts.flags |= SKEP_UNPRIVILEGED;
	if (getenv("SKEP_INTERPRET"))
		opts.flags |= SKEP_INTERPRET;
	starting = 1;
	err = skep_engine_new(&opts, &engine);
	for (char *dir = copy ? strtok_r(copy, ":", &save) : NULL; dir && !err;
	     dir = strtok_r(NULL, ":", &save))
		err = skep_pin_dir_add(engine, dir);
	if (!err)
		err = skep_engine_install(engine);
	starting = 0;
	free(copy);
	if (!err)
		return;
	/* Going on with the kernel in its place is not what was asked for. */
	fprintf(stderr, "libskep-preload: cannot start the engine: %s\n", strerror(-err));
	exit(125);
}

static struct engine *engine_now(void)
{
	int saved = errno;

	if (starting)
		return NULL;
	pthread_once(&once, start);
	errno = saved;
	return engines_installed();
}

static long raw(long nr, const long arg[6])
{
	register long r10 __asm__("r10") = arg[3];
	register long r8 __asm__("r8") = arg[4];
	register long r9 __asm__("r9") = arg[5];
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(arg[0]), "S"(arg[1]), "d"(arg[2]), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	if (ret < 0 && ret > -4096) {
		errno = (int)-ret;
		return -1;
	}
	return ret;
}

long preload_syscall(long nr, ...)
{
	struct engine *engine;
	long arg[6], ret;
	va_list ap;

	va_start(ap, nr);
	interpose_take_args(ap, arg);
	va_end(ap);
	engine = nr == SYS_bpf || nr == SYS_perf_event_open ? engine_now() : NULL;
	if (engine && interpose_syscall(engine, nr, arg, &ret))
		return ret;
	return raw(nr, arg);
}

int preload_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	struct engine *engine = engines_installed();
	struct epoll_event copy;

	if (engine && event) {
		copy = *event;
		event = &copy;
	}
	if (engine)
		interpose_epoll_ctl(engine, op, &fd, event);
	return (int)raw(SYS_epoll_ctl, (long[6]){ epfd, op, fd, (long)event });
}

int preload_ioctl(int fd, unsigned long cmd, ...)
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
	return (int)raw(SYS_ioctl, (long[6]){ fd, (long)cmd, (long)arg });
}

static int statfs_any(const char *path, struct statfs *buf)
{
	int ret = (int)raw(SYS_statfs, (long[6]){ (long)path, (long)buf });
	struct engine *engine;

	if (ret)
		return ret;
	engine = getenv("SKEP_PIN_DIR") ? engine_now() : NULL;
	if (engine && interpose_is_bpffs(engine, path))
		buf->f_type = INTERPOSE_BPF_FS_MAGIC;
	return 0;
}

int preload_statfs(const char *path, struct statfs *buf)
{
	return statfs_any(path, buf);
}

int preload_statfs64(const char *path, struct statfs64 *buf)
{
	return statfs_any(path, (struct statfs *)buf);
}

static int setrlimit_any(int resource, const void *limit)
{
	if (interpose_setrlimit(NULL, resource))
		return 0;
	return (int)raw(SYS_prlimit64, (long[6]){ 0, resource, (long)limit });
}

int preload_setrlimit(int resource, const struct rlimit *limit)
{
	return setrlimit_any(resource, limit);
}

int preload_setrlimit64(int resource, const struct rlimit64 *limit)
{
	return setrlimit_any(resource, limit);
}
