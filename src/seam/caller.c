/* SPDX-License-Identifier: BSD-2-Clause */
/* See caller.h. */
#include "seam/caller.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "base/macros.h"
#include "object/cgroup.h"
#include "object/engine.h"
#include "object/fd.h"
#include "object/pin.h"
#include "seam/copy.h"
#include "syscall/bpf.h"
#include "tbl/uapi.h"

static struct seam_caller *seam_caller_of(struct caller *caller)
{
	return container_of(caller, struct seam_caller, caller);
}

static int in_copy_in(struct caller *caller, void *dst, uint64_t src, size_t bytes)
{
	return seam_copy(dst, (const void *)(uintptr_t)src, bytes);
}

static int in_copy_out(struct caller *caller, uint64_t dst, const void *src, size_t bytes)
{
	return seam_copy((void *)(uintptr_t)dst, src, bytes);
}

static ssize_t in_copy_str(struct caller *caller, char *dst, uint64_t src, size_t max)
{
	long n = seam_copy_str(dst, (const char *)(uintptr_t)src, max);

	return n == (long)max ? -ENAMETOOLONG : n;
}

static int in_kernel_copy_in(struct caller *caller, void *dst, uint64_t src, size_t bytes)
{
	return seam_kernel_copy(dst, (const void *)(uintptr_t)src, bytes);
}

static int in_kernel_copy_out(struct caller *caller, uint64_t dst, const void *src, size_t bytes)
{
	return seam_kernel_copy((void *)(uintptr_t)dst, src, bytes);
}

static ssize_t in_kernel_copy_str(struct caller *caller, char *dst, uint64_t src, size_t max)
{
	long n = seam_kernel_copy_str(dst, (const char *)(uintptr_t)src, max);

	return n == (long)max ? -ENAMETOOLONG : n;
}

static int in_fd_to_object(struct caller *caller, int fd, struct object **obj, int *accmode)
{
	return object_fd_lookup(caller->engine, fd, obj, accmode);
}

static int in_fd_to_cgroup(struct caller *caller, int fd, struct cgroup **cgroup)
{
	return cgroup_of_fd(caller->engine, fd, cgroup);
}

static int in_install_fd(struct caller *caller, struct object *obj, int open_flags)
{
	return object_fd_open(obj, open_flags);
}

static int in_pin(struct caller *caller, int dirfd, uint64_t path, struct object *obj)
{
	char buf[PATH_MAX];
	ssize_t n = caller->ops->copy_str(caller, buf, path, sizeof(buf));

	return n < 0 ? (int)n : pin_add(caller->engine, dirfd, buf, obj);
}

static int in_pinned(struct caller *caller, int dirfd, uint64_t path, struct object **obj)
{
	char buf[PATH_MAX];
	ssize_t n = caller->ops->copy_str(caller, buf, path, sizeof(buf));

	return n < 0 ? (int)n : pin_get(caller->engine, dirfd, buf, obj);
}

/* All but those a fault in this thread raises. */
static void block_signals(struct seam_caller *sc)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS };
	sigset_t set;

	sigfillset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		sigdelset(&set, faults[i]);
	sc->masked = !pthread_sigmask(SIG_BLOCK, &set, &sc->old_mask);
}

/* Would it have been delivered, had we not blocked it? */
static bool would_act(int sig, const sigset_t *old_mask)
{
	struct sigaction sa;

	if (sigismember(old_mask, sig) || sigaction(sig, NULL, &sa))
		return false;
	if (sa.sa_flags & SA_SIGINFO || (sa.sa_handler != SIG_IGN && sa.sa_handler != SIG_DFL))
		return true;
	return sa.sa_handler == SIG_DFL && sig != SIGCHLD && sig != SIGCONT && sig != SIGURG &&
	       sig != SIGWINCH;
}

static bool in_interrupted(struct caller *caller)
{
	struct seam_caller *sc = seam_caller_of(caller);
	sigset_t pending;

	if (!sc->masked)
		block_signals(sc);
	if (sigpending(&pending) || sigisemptyset(&pending))
		return false;
	for (int sig = 1; sig <= SIGRTMAX; sig++)
		if (sigismember(&pending, sig) && would_act(sig, &sc->old_mask))
			return true;
	return false;
}

static const struct caller_ops in_process_ops = {
	.copy_in = in_copy_in,
	.copy_out = in_copy_out,
	.copy_str = in_copy_str,
	.fd_to_object = in_fd_to_object,
	.fd_to_cgroup = in_fd_to_cgroup,
	.install_fd = in_install_fd,
	.pin = in_pin,
	.pinned = in_pinned,
	.interrupted = in_interrupted,
};

static const struct caller_ops kernel_copy_ops = {
	.copy_in = in_kernel_copy_in,
	.copy_out = in_kernel_copy_out,
	.copy_str = in_kernel_copy_str,
	.fd_to_object = in_fd_to_object,
	.fd_to_cgroup = in_fd_to_cgroup,
	.install_fd = in_install_fd,
	.pin = in_pin,
	.pinned = in_pinned,
	.interrupted = in_interrupted,
};

void seam_caller_init(struct seam_caller *sc, struct engine *engine)
{
	sc->caller = (struct caller){
		.ops = engine->kernel_copies ? &kernel_copy_ops : &in_process_ops,
		.engine = engine,
		.caps = engine->caps,
	};
	sc->masked = false;
}

int seam_bpf(struct engine *engine, int cmd, uint64_t attr, uint32_t size)
{
	struct seam_caller sc;
	int ret;

	seam_caller_init(&sc, engine);
	/* Programs say who loaded them; one that is run may load others. */
	if (cmd == BPF_PROG_LOAD || cmd == BPF_PROG_TEST_RUN)
		sc.caller.uid = getuid();
	ret = syscall_bpf(&sc.caller, cmd, attr, size);
	seam_caller_deinit(&sc);
	return ret;
}

void seam_caller_deinit(struct seam_caller *sc)
{
	if (sc->masked)
		pthread_sigmask(SIG_SETMASK, &sc->old_mask, NULL);
}
