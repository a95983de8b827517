/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct caller: who makes a bpf(2) call, and the only way to their memory and file descriptors.
 * The seam room fills it in (in-process, preload, later a supervisor); unit tests supply callers
 * whose copies fail. Addresses are the client's, as 64-bit numbers from union bpf_attr.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct caller;
struct cgroup;
struct engine;
struct object;

/* Capabilities the engine consults (a set per engine and per caller). */
enum skep_cap {
	CAPABLE_BPF = 1u << 0,       /* CAP_BPF */
	CAPABLE_PERFMON = 1u << 1,   /* CAP_PERFMON: pointer leaks, no speculation guards, probe_read */
	CAPABLE_NET_ADMIN = 1u << 2, /* CAP_NET_ADMIN: networking program types */
	CAPABLE_SYS_ADMIN = 1u << 3, /* CAP_SYS_ADMIN: ids, implies the others */
	CAPABLE_ALL = 0xf,
};

struct caller_ops {
	/* Client memory to ours / ours to the client: 0 or -EFAULT, never a signal. */
	int (*copy_in)(struct caller *caller, void *dst, uint64_t src, size_t bytes);
	int (*copy_out)(struct caller *caller, uint64_t dst, const void *src, size_t bytes);
	/* A NUL-terminated string of less than @max bytes: its length, -EFAULT, or -ENAMETOOLONG. */
	ssize_t (*copy_str)(struct caller *caller, char *dst, uint64_t src, size_t max);
	/*
	 * The object behind a client's fd, with one reference taken. @accmode (may be NULL) gets
	 * O_RDWR, O_RDONLY or O_WRONLY as the fd was opened.
	 * -EBADF: not open. -EINVAL: open, but not an object of this engine, as the kernel says
	 * of any other file.
	 */
	int (*fd_to_object)(struct caller *caller, int fd, struct object **obj, int *accmode);
	/* The cgroup a client's fd is the directory of (object/cgroup.h): 0, -EBADF: none, … */
	int (*fd_to_cgroup)(struct caller *caller, int fd, struct cgroup **cgroup);
	/*
	 * Opens a new client fd on @obj (taking its own user reference): the fd, or -errno.
	 * @open_flags: O_RDWR, O_RDONLY or O_WRONLY, always close-on-exec.
	 */
	int (*install_fd)(struct caller *caller, struct object *obj, int open_flags);
	/* Pins @obj at a path / finds what is pinned there (one reference taken). 0 or -errno. */
	int (*pin)(struct caller *caller, int dirfd, uint64_t path, struct object *obj);
	int (*pinned)(struct caller *caller, int dirfd, uint64_t path, struct object **obj);
	/* A signal is pending for the caller: long work stops with -EINTR. */
	bool (*interrupted)(struct caller *caller);
};

struct caller {
	const struct caller_ops *ops;
	struct engine *engine;
	uid_t uid;
	uint32_t caps; /* enum skep_cap, already masked by the engine's own set */
};

static inline int copy_in(struct caller *c, void *dst, uint64_t src, size_t bytes)
{
	return bytes ? c->ops->copy_in(c, dst, src, bytes) : 0;
}

static inline int copy_out(struct caller *c, uint64_t dst, const void *src, size_t bytes)
{
	return bytes ? c->ops->copy_out(c, dst, src, bytes) : 0;
}

/* CAP_SYS_ADMIN stands for any other, as in the kernel's bpf_capable() and friends. */
static inline bool caps_have(uint32_t caps, enum skep_cap cap)
{
	return (caps & (uint32_t)(cap | CAPABLE_SYS_ADMIN)) != 0;
}
