/* SPDX-License-Identifier: BSD-2-Clause */
/* Trials of the hooks in the kernel's and other programs' code: all on this child's own system calls. */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "kernel_fs.h"
#include "machine.h"
#include "trial.h"
#include "types.h"

#define PMU_FOLDER "/sys/bus/event_source/devices/"
#define SAMPLE_HZ  2000
#define SPIN_NS	   300000000ll

static uint64_t address_of(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* The call PROBE_FUNCTION and PROBE_LSM_HOOK are in. */
static int call_getsid(void)
{
	return syscall(SYS_getsid, getpid()) < 0 ? -errno : 0;
}

/* Attaches a raw or typed program, or one for LSM; @name NULL: the one it was loaded for. */
static int open_raw(struct trial *t, int prog, const char *name)
{
	union bpf_attr attr = { .raw_tracepoint.name = address_of(name),
				.raw_tracepoint.prog_fd = prog };
	int rc = probe_bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);

	return rc < 0 ? trial_fail(t, rc, "programs load, but attaching one: %s", strerror(-rc))
		      : rc;
}

int trial_raw_tp(struct trial *t, uint32_t unused)
{
	int prog = trial_load(t, BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0, 0);
	int rc = prog < 0 ? prog : open_raw(t, prog, "sys_enter");

	if (rc >= 0)
		call_getsid();
	return rc < 0 ? rc : 0;
}

/* Reads an iterator to its end. */
static int read_iterator(struct trial *t, int prog)
{
	union bpf_attr attr = { 0 };
	char bytes[256];
	int link = trial_link(t, prog, BPF_TRACE_ITER, &attr), fd;

	if (link < 0)
		return link;
	memset(&attr, 0, sizeof(attr));
	attr.iter_create.link_fd = link;
	fd = probe_bpf(BPF_ITER_CREATE, &attr);
	if (fd < 0)
		return trial_fail(t, fd, "opening an iterator: %s", strerror(-fd));
	while (read(fd, bytes, sizeof(bytes)) > 0)
		;
	return 0;
}

int trial_tracing(struct trial *t, uint32_t attach)
{
	uint32_t type = BPF_PROG_TYPE_TRACING;
	int id, prog, rc;

	if (attach == BPF_TRACE_ITER) {
		id = probe_btf_id("bpf_iter_task", BTF_KIND_FUNC);
		prog = trial_load(t, type, attach, id, 0);
		return prog < 0 ? prog : read_iterator(t, prog);
	}
	if (attach == BPF_MODIFY_RETURN)
		return trial_lsm(t, attach);
	id = attach == BPF_TRACE_RAW_TP ? probe_btf_id("btf_trace_sys_enter", BTF_KIND_TYPEDEF)
					: probe_btf_id(PROBE_FUNCTION, BTF_KIND_FUNC);
	prog = trial_load(t, type, attach, id, 0);
	rc = prog < 0 ? prog : open_raw(t, prog, NULL);
	if (rc >= 0)
		call_getsid();
	return rc < 0 ? rc : 0;
}

static int attach_to_cgroup(struct trial *t, int prog)
{
	union bpf_attr attr = { .link_create.target_fd = t->cgroup };

	return trial_link(t, prog, BPF_LSM_CGROUP, &attr);
}

/* Denies getsid(2) of this child alone: seen by the call as well as by the count. */
int trial_lsm(struct trial *t, uint32_t attach)
{
	bool modifies = attach == BPF_MODIFY_RETURN;
	uint32_t type = modifies ? BPF_PROG_TYPE_TRACING : BPF_PROG_TYPE_LSM;
	int id = probe_btf_id(modifies ? PROBE_FUNCTION : PROBE_LSM_HOOK, BTF_KIND_FUNC);
	bool grouped = attach == BPF_LSM_CGROUP;
	int prog = grouped ? trial_load(t, type, attach, id, 0)
			   : trial_load_denying(t, type, attach, id);
	int rc;

	if (prog < 0)
		return prog;
	rc = grouped ? attach_to_cgroup(t, prog) : open_raw(t, prog, NULL);
	if (rc < 0)
		return rc;
	rc = call_getsid();
	if (rc == -EPERM)
		return 0;
	return trial_fail(t, -ENOENT, "a program attached without error, but denied nothing");
}

/* --- by perf_event_open(2) ------------------------------------------------------------------------ */

static int attach_event(struct trial *t, struct perf_event_attr *attr, int prog)
{
	int fd;

	attr->size = PERF_ATTR_SIZE_VER5;
	attr->disabled = 1;
	fd = syscall(SYS_perf_event_open, attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return trial_fail(t, -errno, "programs load, but perf_event_open: %s",
				  strerror(errno));
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog) || ioctl(fd, PERF_EVENT_IOC_ENABLE, 0))
		return trial_fail(t, -errno, "programs load, but attaching one: %s",
				  strerror(errno));
	return 0;
}

static int pmu_type(struct trial *t, const char *name, uint32_t *type)
{
	char path[96];
	int64_t value;
	int rc;

	snprintf(path, sizeof(path), PMU_FOLDER "%s/type", name);
	rc = machine_sysctl(path, &value);
	if (rc)
		return trial_fail(t, rc, "%s: %s", path, strerror(-rc));
	*type = value;
	return 0;
}

int trial_tracepoint(struct trial *t, uint32_t unused)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .sample_period = 1 };
	int prog = trial_load(t, BPF_PROG_TYPE_TRACEPOINT, 0, 0, 0);
	int dir = kernel_fs_root(KERNEL_FS_TRACE, NULL), fd, rc;
	char text[32] = "";

	if (prog < 0)
		return prog;
	fd = openat(dir, "events/raw_syscalls/sys_enter/id", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return trial_fail(t, -errno, "the number of raw_syscalls:sys_enter: %s",
				  strerror(errno));
	close(fd);
	attr.config = strtoull(text, NULL, 10);
	rc = attach_event(t, &attr, prog);
	if (!rc)
		call_getsid();
	return rc;
}

int trial_kprobe(struct trial *t, uint32_t unused)
{
	struct perf_event_attr attr = { .config1 = address_of(PROBE_FUNCTION) };
	int prog = trial_load(t, BPF_PROG_TYPE_KPROBE, 0, 0, 0);
	int rc = prog < 0 ? prog : pmu_type(t, "kprobe", &attr.type);

	if (!rc)
		rc = attach_event(t, &attr, prog);
	if (!rc)
		call_getsid();
	return rc;
}

int trial_kprobe_multi(struct trial *t, uint32_t unused)
{
	const char *names[] = { PROBE_FUNCTION };
	union bpf_attr attr = { .link_create.kprobe_multi = { .cnt = 1,
							      .syms = address_of(names) } };
	int prog = trial_load(t, BPF_PROG_TYPE_KPROBE, BPF_TRACE_KPROBE_MULTI, 0, 0);
	int rc = prog < 0 ? prog : trial_link(t, prog, BPF_TRACE_KPROBE_MULTI, &attr);

	if (rc >= 0)
		call_getsid();
	return rc < 0 ? rc : 0;
}

/* What uprobes are put on. */
static __attribute__((noinline, noclone)) void target(void)
{
	__asm__ volatile("nop; nop; nop; nop; nop");
}

/* Offset in this program's file of an address in it, or 0. */
static uint64_t file_offset(uint64_t address)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long long start, end, offset;
	uint64_t found = 0;

	while (maps && !found &&
	       fscanf(maps, "%llx-%llx %*s %llx%*[^\n]", &start, &end, &offset) == 3)
		if (address >= start && address < end)
			found = address - start + offset;
	if (maps)
		fclose(maps);
	return found;
}

int trial_uprobe(struct trial *t, uint32_t unused)
{
	struct perf_event_attr attr = { .config1 = address_of("/proc/self/exe"),
					.config2 = file_offset(address_of(target)) };
	int prog = trial_load(t, BPF_PROG_TYPE_KPROBE, 0, 0, 0);
	int rc = prog < 0 ? prog : pmu_type(t, "uprobe", &attr.type);

	if (!rc)
		rc = attach_event(t, &attr, prog);
	if (!rc)
		target();
	return rc;
}

int trial_uprobe_multi(struct trial *t, uint32_t unused)
{
	uint64_t offset = file_offset(address_of(target));
	union bpf_attr attr = { .link_create.uprobe_multi = { .path = address_of("/proc/self/exe"),
							      .offsets = address_of(&offset),
							      .cnt = 1,
							      .pid = getpid() } };
	int prog = trial_load(t, BPF_PROG_TYPE_KPROBE, BPF_TRACE_UPROBE_MULTI, 0, 0);
	int rc = prog < 0 ? prog : trial_link(t, prog, BPF_TRACE_UPROBE_MULTI, &attr);

	if (rc >= 0)
		target();
	return rc < 0 ? rc : 0;
}

static int64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

int trial_perf(struct trial *t, uint32_t perf_type)
{
	struct perf_event_attr attr = {
		.type = perf_type,
		.config = perf_type == PERF_TYPE_SOFTWARE ? PERF_COUNT_SW_CPU_CLOCK
							  : PERF_COUNT_HW_CPU_CYCLES,
		.sample_freq = SAMPLE_HZ,
		.freq = 1,
	};
	int prog = trial_load(t, BPF_PROG_TYPE_PERF_EVENT, 0, 0, 0);
	int rc = prog < 0 ? prog : attach_event(t, &attr, prog);

	for (int64_t begin = cpu_ns(); !rc && cpu_ns() - begin < SPIN_NS;)
		if (!trial_ran(t))
			break;
	return rc;
}
