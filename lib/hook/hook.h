/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program where the kernel calls it. Whatever attaches one returns a handle; hook_detach() undoes it.
 * Everything is held by file descriptors, so that it goes with the process however that ends; the one
 * exception, a tc filter, is watched over by a process of its own (tc.h).
 *
 * Not thread safe: one thread attaches and detaches. Errors are one sentence and -errno.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

#define HOOK_WHAT_BYTES 192

struct bpf_link;
struct hook_tc;

struct hook {
	char what[HOOK_WHAT_BYTES]; /* "tcx, ingress of veth0" */
	int link_fd;		    /* a BPF link; -1: held otherwise */
	int *fds;		    /* perf events or sockets that hold the program; owned */
	uint32_t n_fds;
	struct bpf_link *link; /* made by libbpf; NULL: none */
	struct hook_tc *tc;    /* a tc filter; NULL: none */
	uint32_t ifindex;      /* of the device it is on; 0: none */
};

/* An empty handle, which says it is at @fmt; nothing attached yet. */
struct hook *hook_new(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* One more descriptor that hook_detach() closes. */
void hook_keep_fd(struct hook *h, int fd);
/* Undoes it and frees the handle; NULL is fine. */
void hook_detach(struct hook *h);

/* Whether what it was attached to has vanished: the device, the cgroup. A system call or two. */
bool hook_is_gone(const struct hook *h);
