/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What becomes of the calls libbpf makes when they are answered here. Each function returns true
 * when it has answered: *@ret is then what the call returns, errno set. False: the call is not for
 * us and goes to the kernel, with what @ev or the arguments may have been changed to.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/vfs.h>

struct engine;

/*
 * The six arguments of syscall(2) behind its number, however many were given, as the C library takes
 * them: what is too much lies on the caller's stack, and AddressSanitizer would object to reading it.
 */
__attribute__((no_sanitize("address"))) static inline void interpose_take_args(va_list ap,
									       long arg[6])
{
	for (int i = 0; i < 6; i++)
		arg[i] = va_arg(ap, long);
}

/* syscall(2): bpf, perf_event_open. */
bool interpose_syscall(struct engine *engine, long nr, const long arg[6], long *ret);

/* ioctl(2) on a stand-in for a perf event. */
bool interpose_ioctl(struct engine *engine, int fd, unsigned long cmd, void *arg, int *ret);

/*
 * epoll_ctl(2): memfds cannot be polled. Where @fd is a map or event that wakes up, *@fd becomes
 * its eventfd and *@ev (a copy, when there is one) the edge-triggered wait for it.
 */
void interpose_epoll_ctl(struct engine *engine, int op, int *fd, struct epoll_event *ev);

/* statfs(2) of @path succeeded: is it a declared pin directory, to be called a bpffs? */
bool interpose_is_bpffs(struct engine *engine, const char *path);

#define INTERPOSE_BPF_FS_MAGIC 0xcafe4a11

/* setrlimit(2): memory of maps is not locked memory here. */
bool interpose_setrlimit(struct engine *engine, int resource);
