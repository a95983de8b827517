/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine_user.h"
#include "tracepipe.h"

static struct {
	enum engine_kind kind;
	struct tracepipe
		*pipe; /* kernel: where printk lines come from; NULL: they cannot be read */
} entered;

const char *engine_name(enum engine_kind kind)
{
	return kind == ENGINE_KERNEL ? "kernel" : "user";
}

static bool has_capability(uint32_t capability)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &head, data))
		return false;
	return data[capability / 32].effective >> capability % 32 & 1;
}

bool engine_is_privileged(void)
{
	return has_capability(CAP_SYS_ADMIN) ||
	       (has_capability(CAP_BPF) && has_capability(CAP_PERFMON));
}

/* @instead: what else may be done, as the end of a sentence. */
static int refuse_kernel(int rc, const char *instead, struct error *err)
{
	if (rc == -ENOSYS)
		return error_set(err, rc, "this kernel has no bpf(2)%s", instead);
	if (has_capability(CAP_BPF) || has_capability(CAP_SYS_ADMIN))
		return error_set(err, rc,
				 "the kernel refuses bpf(2) although this process has CAP_BPF "
				 "(a seccomp filter, a security module, or a user namespace)%s",
				 instead);
	return error_set(err, rc,
			 "the kernel engine needs the capability CAP_BPF, which this process "
			 "does not have: run it as root (or with CAP_BPF, CAP_NET_ADMIN and "
			 "CAP_PERFMON)%s",
			 instead);
}

static int enter_kernel(const struct engine_setup *setup, struct error *err)
{
	const char *instead = setup->only_kernel ? "" : ", or use --engine user";
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "skep_probe", 4, 4, 1, NULL);
	struct error unread;

	/* Arrays may be made without privilege where programs may be loaded without it. */
	if (fd < 0)
		return refuse_kernel(-errno, instead, err);
	close(fd);
	if (!has_capability(CAP_NET_ADMIN) && !has_capability(CAP_SYS_ADMIN))
		return error_set(err, -EPERM,
				 "the kernel engine needs the capability CAP_NET_ADMIN to "
				 "load programs for packets: run it as root%s",
				 instead);
	if (setup->printk &&
	    tracepipe_open(TRACEPIPE_OWN, setup->printk, setup->printk_arg, &entered.pipe, &unread))
		entered.pipe = NULL;
	return 0;
}

int engine_enter(const struct engine_setup *setup, struct error *err)
{
	entered.kind = setup->kind;
	return setup->kind == ENGINE_KERNEL ? enter_kernel(setup, err)
					    : engine_user_enter(setup, err);
}

void engine_set_time(uint64_t ns)
{
	if (entered.kind == ENGINE_USER)
		engine_user_set_time(ns);
}

void engine_end_time(struct engine_timers *timers)
{
	*timers = (struct engine_timers){ 0 };
	if (entered.kind == ENGINE_USER)
		engine_user_end_time(timers);
}

void engine_take_printk(void)
{
	tracepipe_take(entered.pipe);
}

bool engine_lines_are_read(void)
{
	return entered.kind == ENGINE_USER || entered.pipe;
}

const char *engine_take_lack(void)
{
	return entered.kind == ENGINE_USER ? engine_user_take_lack() : "";
}

void engine_leave(void)
{
	tracepipe_close(entered.pipe);
	entered.pipe = NULL;
	if (entered.kind == ENGINE_USER)
		engine_user_leave();
}
