/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hooks, asked for without attaching to anything of the machine's: a program is loaded for the hook,
 * and where that says too little, attached to what cannot be there, whose errno tells "no such thing"
 * from "no such hook".
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel_fs.h"
#include "machine.h"
#include "probes.h"
#include "types.h"

#define NOTHING	       "skep_no_such_thing"
#define NO_SUCH_DEVICE 0x7ffffffe
#define PMU_FOLDER     "/sys/bus/event_source/devices/"

static uint64_t address_of(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* --- parts of programs ------------------------------------------------------------------------ */

void probe_helper(struct ability_answer *a, uint32_t helper_of)
{
	uint32_t type = helper_of >> 16, id = helper_of & 0xffff;
	int fd = types_load(type);

	if (!probe_close(fd))
		answer_no(a, fd, "loading a program of type %s: %s", ability_prog_type_name(type),
			  strerror(-fd));
	else if (ability_helper(type, id))
		answer_yes(a, "%s", "");
	else
		answer_no(a, -EINVAL, "programs of type %s may not call bpf_%s here",
			  ability_prog_type_name(type), ability_helper_name(id));
}

void probe_map_type(struct ability_answer *a, uint32_t type)
{
	types_ask_map(type, a);
}

void probe_test_run(struct ability_answer *a, uint32_t unused)
{
	struct probe_prog prog = { .type = BPF_PROG_TYPE_SOCKET_FILTER };
	uint8_t packet[64] = { 0 };
	union bpf_attr attr = { 0 };
	int rc;

	rc = probe_load(&prog);
	if (rc >= 0) {
		attr.test.prog_fd = rc;
		attr.test.data_in = address_of(packet);
		attr.test.data_size_in = sizeof(packet);
		rc = probe_bpf(BPF_PROG_TEST_RUN, &attr);
		probe_close(attr.test.prog_fd);
	}
	if (rc < 0)
		answer_no(a, rc, "a socket filter on 64 bytes: %s", strerror(-rc));
	else
		answer_yes(a, "%s", "");
}

void probe_prog_for(struct ability_answer *a, uint32_t prog_for)
{
	struct probe_prog prog = { .type = prog_for >> 16, .attach = prog_for & 0xffff };

	answer_fd(a, probe_load(&prog), "loading a program");
}

void probe_prog_type_of(struct ability_answer *a, uint32_t type)
{
	types_ask_prog(type, a);
}

/* --- tracing ------------------------------------------------------------------------------------ */

void probe_raw_tp(struct ability_answer *a, uint32_t unused)
{
	struct probe_prog prog = { .type = BPF_PROG_TYPE_RAW_TRACEPOINT };
	union bpf_attr attr = { .raw_tracepoint.name = address_of(NOTHING) };
	int fd = probe_load(&prog), rc;

	if (fd < 0) {
		answer_fd(a, fd, "loading a program");
		return;
	}
	attr.raw_tracepoint.prog_fd = fd;
	rc = probe_bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
	probe_close(fd);
	if (rc == -ENOENT)
		answer_yes(a, "%s", "");
	else
		answer_no(a, rc, "attaching to a name that is none: %s", strerror(-rc));
}

void probe_tracepoint(struct ability_answer *a, uint32_t unused)
{
	struct probe_prog prog = { .type = BPF_PROG_TYPE_TRACEPOINT };
	int dir = kernel_fs_root(KERNEL_FS_TRACE, NULL), fd = probe_load(&prog);

	if (!probe_close(fd))
		answer_no(a, fd, "loading a program: %s", strerror(-fd));
	else if (dir < 0)
		answer_no(a, dir, "their numbers are in tracefs, which is not to be had: %s",
			  strerror(-dir));
	else if (faccessat(dir, "events/sched/sched_process_exec/id", R_OK, 0))
		answer_no(a, -errno, "tracefs: events/sched/sched_process_exec/id: %s",
			  strerror(errno));
	else
		answer_yes(a, "%s", "");
}

/* A kind of probe the kernel makes through perf_event_open(2), since 4.17; before, through tracefs. */
static void ask_probe(struct ability_answer *a, const char *kind, const char *config)
{
	struct probe_prog prog = { .type = BPF_PROG_TYPE_KPROBE };
	char path[96];
	int fd = probe_load(&prog);

	snprintf(path, sizeof(path), PMU_FOLDER "%s/type", kind);
	if (!probe_close(fd))
		answer_no(a, fd, "loading a program: %s", strerror(-fd));
	else if (access(path, R_OK))
		answer_no(a, -ENOENT, "programs load, but the kernel has no %ss (%s)", kind,
			  config);
	else
		answer_yes(a, "%s", "");
}

void probe_kprobe(struct ability_answer *a, uint32_t unused)
{
	ask_probe(a, "kprobe", "built without CONFIG_KPROBE_EVENTS");
}

void probe_uprobe(struct ability_answer *a, uint32_t unused)
{
	ask_probe(a, "uprobe", "built without CONFIG_UPROBE_EVENTS");
}

/* Loads a program for the link and asks for it; *linked is the link's errno. */
static int ask_link(uint32_t type, uint32_t attach, union bpf_attr *attr, int *linked)
{
	struct probe_prog prog = { .type = type, .attach = attach };
	int fd = probe_load(&prog);

	if (fd < 0)
		return fd;
	attr->link_create.prog_fd = fd;
	attr->link_create.attach_type = attach;
	*linked = probe_bpf(BPF_LINK_CREATE, attr);
	probe_close(*linked);
	probe_close(fd);
	return 0;
}

static void answer_link(struct ability_answer *a, int loaded, int linked, bool exists)
{
	if (loaded < 0)
		answer_no(a, loaded, "loading a program: %s", strerror(-loaded));
	else if (exists)
		answer_yes(a, "%s", "");
	else
		answer_no(a, linked, "programs load, but making the link: %s", strerror(-linked));
}

void probe_kprobe_multi(struct ability_answer *a, uint32_t unused)
{
	const char *names[] = { NOTHING };
	union bpf_attr attr = { .link_create.kprobe_multi = { .cnt = 1,
							      .syms = address_of(names) } };
	int linked = 0;
	int loaded = ask_link(BPF_PROG_TYPE_KPROBE, BPF_TRACE_KPROBE_MULTI, &attr, &linked);

	answer_link(a, loaded, linked, linked == -ESRCH || linked == -ENOENT);
}

void probe_uprobe_multi(struct ability_answer *a, uint32_t unused)
{
	uint64_t offset = 0;
	union bpf_attr attr = { .link_create.uprobe_multi = { .path = address_of("/"),
							      .offsets = address_of(&offset),
							      .cnt = 1 } };
	int linked = 0;
	int loaded = ask_link(BPF_PROG_TYPE_KPROBE, BPF_TRACE_UPROBE_MULTI, &attr, &linked);

	/* Only a kernel that has it looks at the path, which is no regular file. */
	answer_link(a, loaded, linked, linked == -EBADF);
}

/* What each attach type of typed programs is tried on. */
static const struct {
	uint32_t attach;
	const char *name;
	uint32_t kind;
} typed[] = {
	{ BPF_TRACE_RAW_TP, "btf_trace_sys_enter", BTF_KIND_TYPEDEF },
	{ BPF_TRACE_RAW_TP, "btf_trace_sched_switch", BTF_KIND_TYPEDEF },
	{ BPF_TRACE_ITER, "bpf_iter_task", BTF_KIND_FUNC },
	{ BPF_TRACE_FENTRY, PROBE_FUNCTION, BTF_KIND_FUNC },
	{ BPF_TRACE_FEXIT, PROBE_FUNCTION, BTF_KIND_FUNC },
	{ BPF_MODIFY_RETURN, PROBE_FUNCTION, BTF_KIND_FUNC },
	{ BPF_LSM_MAC, PROBE_LSM_HOOK, BTF_KIND_FUNC },
	{ BPF_LSM_CGROUP, PROBE_LSM_HOOK, BTF_KIND_FUNC },
};

#define N_TYPED (sizeof(typed) / sizeof(typed[0]))

static void ask_typed(struct ability_answer *a, uint32_t type, uint32_t attach)
{
	char log[PROBE_LOG_BYTES];
	int rc = -ENOENT;

	for (uint32_t i = 0; i < N_TYPED; i++) {
		struct probe_prog prog = { .type = type, .attach = attach, .log = log };
		int id = typed[i].attach == attach ? probe_btf_id(typed[i].name, typed[i].kind)
						   : -ENOENT;

		if (id < 0) {
			rc = typed[i].attach == attach ? id : rc;
			continue;
		}
		prog.btf_id = id;
		rc = probe_load(&prog);
		if (probe_close(rc)) {
			answer_yes(a, "%s", "");
			return;
		}
		if (rc == -EPERM && !*log)
			answer_no(a, rc, "loading a program for %s: %s, without a word in the log",
				  typed[i].name, strerror(-rc));
		else
			answer_no(a, rc, "loading a program for %s: %s%s%.*s", typed[i].name,
				  strerror(-rc), *log ? ": " : "", (int)strcspn(log, "\n"), log);
		return;
	}
	if (rc == -ENOENT)
		answer_no(a, rc, "the kernel's types do not name what it would attach to");
	else
		answer_no(a, rc, "the kernel's types cannot be read: %s", strerror(-rc));
}

void probe_tracing(struct ability_answer *a, uint32_t attach)
{
	ask_typed(a, BPF_PROG_TYPE_TRACING, attach);
}

/* Without bpf among the modules in use, a program attaches without error and never runs. */
void probe_lsm(struct ability_answer *a, uint32_t attach)
{
	struct buffer names = { 0 };
	int rc;

	ask_typed(a, BPF_PROG_TYPE_LSM, attach);
	if (!a->has)
		return;
	rc = machine_lsm_list(&names);
	if (!rc && !strstr(buffer_string(&names), "bpf")) {
		answer_no(a, 0, "programs load, but would never run: the modules in use are %s",
			  buffer_string(&names));
		a->remedy = "boot with bpf in lsm=";
	}
	buffer_deinit(&names);
}

void probe_perf(struct ability_answer *a, uint32_t perf_type)
{
	struct perf_event_attr attr = {
		.type = perf_type,
		.size = PERF_ATTR_SIZE_VER5,
		.config = perf_type == PERF_TYPE_SOFTWARE ? PERF_COUNT_SW_CPU_CLOCK
							  : PERF_COUNT_HW_CPU_CYCLES,
		.sample_freq = 1,
		.freq = 1,
		.disabled = 1,
	};
	struct probe_prog prog = { .type = BPF_PROG_TYPE_PERF_EVENT };
	int fd = probe_load(&prog);

	if (!probe_close(fd)) {
		answer_no(a, fd, "loading a program: %s", strerror(-fd));
		return;
	}
	fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	fd = fd < 0 ? -errno : fd;
	if (fd == -ENOENT)
		answer_no(a, fd, "there is no such counter (a virtual machine seldom has one)");
	else
		answer_fd(a, fd, "perf_event_open");
}

/* --- devices -------------------------------------------------------------------------------------- */

void probe_device_link(struct ability_answer *a, uint32_t prog_for)
{
	union bpf_attr attr = { .link_create.target_ifindex = NO_SUCH_DEVICE };
	int linked = 0;
	int loaded = ask_link(prog_for >> 16, prog_for & 0xffff, &attr, &linked);

	answer_link(a, loaded, linked, linked == -ENODEV);
}
