/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard/watch_hooks.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ability/ability.h"
#include "buffer.h"
#include "guard/guard.h"
#include "tool/kernel_types.h"

#include "watch.skel.h" /* last: its .rodata has types of the headers above */

enum {
	HOOK_FEXIT,
	HOOK_TRACEPOINTS
};

const struct ability_tool guard_watch_ability = {
	.name = "guard: side doors seen",
	.does = "who changed a guarded key by another way; it is set back",
	.optional = true,
	.needs = { ABILITY_BPF_SYSCALL, ABILITY_CAP_BPF, ABILITY_CAP_PERFMON, ABILITY_BTF,
		   ABILITY_RINGBUF },
	.hooks = {
		[HOOK_FEXIT] = { "fexit", { ABILITY_FEXIT } },
		[HOOK_TRACEPOINTS] = { "tp_btf and raw_tp", { ABILITY_TP_BTF, ABILITY_RAW_TP } },
	},
};

/* libbpf goes on for as long as records come: for ever, where they come faster than they are read. */
#define TAKEN_MAX 16384

struct watch_hooks {
	struct kernel_types *types;
	struct watch_bpf *bpf;
	struct ring_buffer *ring;
	const char *netlink, *calls;
	uint64_t n_lost;
	uint32_t n_taken;
	watch_record_fn *fn; /* while records are taken */
	bool is_cut;
	void *arg;
};

/* A system call, bit i of enum watch_call, by its numbers and by the functions at whose end it is done. */
static const struct {
	uint32_t call;
	int64_t number, compat;
	const char *progs[2];
} calls[WATCH_CALLS_MAX] = {
	{ WATCH_SETHOSTNAME, SYS_sethostname, 74, { "watch_sethostname", "watch_sethostname_32" } },
	{ WATCH_SETDOMAINNAME,
	  SYS_setdomainname,
	  121,
	  { "watch_setdomainname", "watch_setdomainname_32" } },
	{ WATCH_SYSLOG, SYS_syslog, 103, { "watch_syslog" } },
	{ WATCH_IOCTL, SYS_ioctl, 54, { "watch_ioctl" } },
};

/* --- loading --------------------------------------------------------------------------------- */

static void want(struct watch_hooks *h, const char *name)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(h->bpf->obj, name);

	if (prog)
		bpf_program__set_autoload(prog, true);
}

static void choose_netlink(struct watch_hooks *h, bool fexit)
{
	h->netlink = fexit ? "fexit" : "tp_btf";
	want(h, fexit ? "watch_netlink_fexit" : "watch_netlink_tp");
}

static void choose_calls(struct watch_hooks *h, uint32_t wanted, bool fexit)
{
	h->calls = fexit ? "fexit" : "raw_tp";
	if (!fexit)
		want(h, "watch_calls");
	for (size_t i = 0; i < WATCH_CALLS_MAX; i++) {
		if (!(wanted & calls[i].call))
			continue;
		h->bpf->rodata->calls[i] = calls[i].number;
		h->bpf->rodata->compat_calls[i] = calls[i].compat;
		for (size_t p = 0; p < 2 && fexit && calls[i].progs[p]; p++)
			want(h, calls[i].progs[p]);
	}
}

static int load(struct watch_hooks *h, bool netlink, uint32_t wanted, bool fexit, struct error *err)
{
	struct bpf_program *prog;
	int rc;

	h->bpf = watch_bpf__open_opts(fexit ? NULL : kernel_types_options(h->types));
	if (!h->bpf)
		return error_set(err, -errno, "cannot open the watcher's programs: %s",
				 strerror(errno));
	bpf_object__for_each_program(prog, h->bpf->obj) bpf_program__set_autoload(prog, false);
	h->bpf->rodata->own_tgid = (uint32_t)getpid();
	if (netlink)
		choose_netlink(h, fexit);
	if (wanted)
		choose_calls(h, wanted, fexit);
	rc = fexit || !h->types ? 0 : kernel_types_find(h->types, h->bpf->obj, err);
	if (rc)
		return rc;
	rc = watch_bpf__load(h->bpf);
	if (!rc)
		rc = watch_bpf__attach(h->bpf);
	return rc ? error_set(err, rc, "cannot load the watcher's programs: %s", strerror(-rc)) : 0;
}

static void unload(struct watch_hooks *h)
{
	watch_bpf__destroy(h->bpf);
	h->bpf = NULL;
	h->netlink = h->calls = NULL;
}

static int on_record(void *arg, void *data, size_t bytes)
{
	struct watch_hooks *h = arg;

	if (bytes < sizeof(struct watch_record) || !h->fn)
		return 0;
	h->is_cut = !h->fn(h->arg, data) || ++h->n_taken == TAKEN_MAX;
	return h->is_cut ? -EAGAIN : 0;
}

int watch_hooks_start(bool netlink, uint32_t wanted, struct watch_hooks **out, struct error *err)
{
	struct watch_hooks *h = xcalloc(1, sizeof(*h));
	int rc = ability_choose(&guard_watch_ability, NULL, err);
	bool fexit = rc == HOOK_FEXIT;

	if (rc < 0) {
		free(h);
		return rc;
	}
	h->types = kernel_types_new();
	rc = load(h, netlink, wanted, fexit, err);
	/* A function this kernel does not have by name fails them all: then the other kind. */
	if (rc && fexit) {
		unload(h);
		rc = load(h, netlink, wanted, false, err);
	}
	if (!rc) {
		h->ring = ring_buffer__new(bpf_map__fd(h->bpf->maps.records), on_record, h, NULL);
		rc = h->ring ? 0
			     : error_set(err, -errno, "no ring for the watcher's records: %s",
					 strerror(errno));
	}
	if (rc) {
		watch_hooks_stop(h);
		return rc;
	}
	*out = h;
	return 0;
}

void watch_hooks_stop(struct watch_hooks *h)
{
	if (!h)
		return;
	ring_buffer__free(h->ring);
	watch_bpf__destroy(h->bpf);
	kernel_types_free(h->types);
	free(h);
}

/* --- records --------------------------------------------------------------------------------- */

int watch_hooks_fd(const struct watch_hooks *h)
{
	return h ? ring_buffer__epoll_fd(h->ring) : -1;
}

bool watch_hooks_take(struct watch_hooks *h, watch_record_fn *fn, void *arg)
{
	if (!h)
		return false;
	h->fn = fn;
	h->arg = arg;
	h->n_taken = 0;
	h->is_cut = false;
	ring_buffer__consume(h->ring);
	h->fn = NULL;
	return h->is_cut;
}

uint64_t watch_hooks_lost(struct watch_hooks *h)
{
	uint64_t total = h ? __atomic_load_n(&h->bpf->bss->n_lost, __ATOMIC_RELAXED) : 0;
	uint64_t lost = h ? total - h->n_lost : 0;

	if (h)
		h->n_lost = total;
	return lost;
}

const char *watch_hooks_netlink(const struct watch_hooks *h)
{
	return h ? h->netlink : NULL;
}

const char *watch_hooks_calls(const struct watch_hooks *h)
{
	return h ? h->calls : NULL;
}

uint32_t watch_hooks_programs(const struct watch_hooks *h, int *fds, uint32_t max)
{
	struct bpf_program *prog;
	uint32_t n = 0;

	if (!h)
		return 0;
	bpf_object__for_each_program(prog, h->bpf->obj) if (n < max && bpf_program__fd(prog) >= 0)
		fds[n++] = bpf_program__fd(prog);
	return n;
}
