/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What this room calls in rooms that are still being built, as weak definitions that refuse: the
 * real ones replace them at link time. The file goes when the last of them is there.
 */
#include <errno.h>

#include "hooks/link.h"
#include "object/prog.h"
#include "verifier/verify.h"

#define weak __attribute__((weak))

weak const struct prog_type_ops *prog_ops_by_type(uint32_t type)
{
	return NULL;
}

weak int verify_prog(struct verify_opts *opts)
{
	return -EINVAL;
}

weak int hooks_init(struct engine *engine)
{
	return 0;
}

weak void hooks_deinit(struct engine *engine)
{
}

weak int hook_link_xdp(struct prog *prog, uint32_t ifindex, uint32_t flags, struct bpf_link **link)
{
	return -EINVAL;
}

weak int hook_link_tcx(struct prog *prog, const struct hook_tcx *at, struct bpf_link **link)
{
	return -ENODEV;
}

weak int hook_link_raw_tracepoint(struct prog *prog, const char *name, uint64_t cookie,
				  struct bpf_link **link)
{
	return -ENOENT;
}

weak int hook_link_perf_event(struct prog *prog, struct object *event, uint64_t cookie,
			      struct bpf_link **link)
{
	return -EINVAL;
}

weak int hook_perf_event_open(struct engine *engine, const void *attr, uint32_t bytes, int pid,
			      int cpu, struct object **event)
{
	return -ENOENT;
}

weak int hook_perf_event_ioctl(struct object *event, unsigned long cmd, struct prog *prog)
{
	return -ENOTTY;
}

weak int hook_perf_event_fd(struct object *event)
{
	return -1;
}
