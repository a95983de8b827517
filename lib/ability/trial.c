/* SPDX-License-Identifier: BSD-2-Clause */
#include "trial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine.h"

#define TRIAL_MS     5000
#define PATH_BYTES   512
#define TEXT_BYTES   512
#define COMM_BYTES   16
#define SECRET_CHARS 7 /* of the name's second half, before its NUL */

/* --- for the trials ------------------------------------------------------------------------------ */

int trial_fail(struct trial *t, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(t->why, sizeof(t->why), fmt, args);
	va_end(args);
	return err;
}

static int load_text(struct trial *t, uint32_t type, uint32_t attach, int btf_id, const char *text)
{
	struct probe_prog prog = { .type = type, .attach = attach, .btf_id = btf_id, .text = text };
	int fd;

	if (btf_id < 0)
		return trial_fail(t, btf_id, "the kernel's types do not name its target");
	fd = probe_load(&prog);
	if (fd < 0)
		return trial_fail(t, fd, "loading a program that counts: %s", strerror(-fd));
	return fd;
}

int trial_load(struct trial *t, uint32_t type, uint32_t attach, int btf_id, int result)
{
	char text[TEXT_BYTES];

	snprintf(text, sizeof(text),
		 "r1 = map[fd:%d][0]+0\nr2 = 1\nlock *(u64 *)(r1 +0) += r2\nr0 = %d\nexit\n",
		 t->counter, result);
	return load_text(t, type, attach, btf_id, text);
}

int trial_load_denying(struct trial *t, uint32_t type, uint32_t attach, int btf_id)
{
	char text[TEXT_BYTES];

	snprintf(text, sizeof(text),
		 "r1 = r10\nr1 += -%d\nr2 = %d\ncall bpf_get_current_comm\n"
		 "r1 = *(u64 *)(r10 -8)\nr2 = 0x%llx ll\nr0 = 0\nif r1 != r2 goto out\n"
		 "r1 = map[fd:%d][0]+0\nr2 = 1\nlock *(u64 *)(r1 +0) += r2\nr0 = %d\n"
		 "out:\nexit\n",
		 COMM_BYTES, COMM_BYTES, (unsigned long long)t->secret, t->counter, -EPERM);
	return load_text(t, type, attach, btf_id, text);
}

int trial_link(struct trial *t, int prog, uint32_t attach, union bpf_attr *attr)
{
	int rc;

	attr->link_create.prog_fd = prog;
	attr->link_create.attach_type = attach;
	rc = probe_bpf(BPF_LINK_CREATE, attr);
	return rc < 0 ? trial_fail(t, rc, "programs load, but making a link: %s", strerror(-rc))
		      : rc;
}

int trial_ran(struct trial *t)
{
	uint32_t key = 0;
	uint64_t count = 0;
	union bpf_attr attr = { .map_fd = t->counter,
				.key = (uint64_t)(uintptr_t)&key,
				.value = (uint64_t)(uintptr_t)&count };

	if (probe_bpf(BPF_MAP_LOOKUP_ELEM, &attr) < 0 || !count)
		return trial_fail(t, -ENOENT, "a program attached without error, but did not run");
	return 0;
}

void trial_send_datagram(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t bytes = sizeof(to);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (fd >= 0 && !bind(fd, (struct sockaddr *)&to, sizeof(to)) &&
	    !getsockname(fd, (struct sockaddr *)&to, &bytes) &&
	    sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1)
		poll(&p, 1, 100);
	probe_close(fd);
}

int trial_connect(int ends[2])
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t bytes = sizeof(to);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc = 0;

	ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ends[1] = -1;
	if (bind(listener, (struct sockaddr *)&to, sizeof(to)) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&to, &bytes) ||
	    connect(ends[0], (struct sockaddr *)&to, sizeof(to)))
		rc = -errno;
	else if ((ends[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) < 0)
		rc = -errno;
	probe_close(listener);
	return rc;
}

/* --- the child ------------------------------------------------------------------------------------- */

static int up_loopback(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc = ioctl(fd, SIOCSIFFLAGS, &lo) ? -errno : 0;

	probe_close(fd);
	return rc;
}

/* A name no other task has: "skeptry" and a random word, the second half of comm with its NUL. */
static void take_name(struct trial *t)
{
	static const char digits[] = "0123456789abcdef";
	char name[COMM_BYTES] = "skep-try";
	uint8_t random[SECRET_CHARS] = { 0 };

	if (getrandom(random, sizeof(random), 0) < 0)
		random[0] = getpid();
	for (uint32_t i = 0; i < SECRET_CHARS; i++)
		name[COMM_BYTES / 2 + i] = digits[random[i] & 15];
	name[COMM_BYTES - 1] = '\0';
	prctl(PR_SET_NAME, name);
	memcpy(&t->secret, name + COMM_BYTES / 2, sizeof(t->secret));
}

static int enter_places(struct trial *t, uint32_t places, const char *cgroup)
{
	int rc, procs;

	if (places & TRIAL_NETNS) {
		if (unshare(CLONE_NEWNET))
			return trial_fail(t, -errno, "a network namespace to try it in: %s",
					  strerror(errno));
		rc = up_loopback();
		if (rc)
			return trial_fail(t, rc, "bringing its loopback up: %s", strerror(-rc));
	}
	if (!(places & TRIAL_CGROUP))
		return 0;
	t->cgroup = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	procs = openat(t->cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	rc = procs >= 0 && write(procs, "0", 1) == 1 ? 0 : -errno;
	probe_close(procs);
	return rc ? trial_fail(t, rc, "entering a cgroup to try it in: %s", strerror(-rc)) : 0;
}

struct report {
	int rc;
	char why[ABILITY_WHY_BYTES];
};

static void run_child(const struct ability_row *row, const char *cgroup, int out)
{
	struct trial t = { .cgroup = -1 };
	struct report report = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_IGN);
	take_name(&t);
	t.counter = probe_map(BPF_MAP_TYPE_ARRAY, 4, 8, 1);
	report.rc = t.counter < 0 ? trial_fail(&t, t.counter, "a map to count in: %s",
					       strerror(-t.counter))
				  : enter_places(&t, row->places, cgroup);
	if (!report.rc)
		report.rc = row->trial(&t, row->arg);
	if (!report.rc)
		report.rc = trial_ran(&t);
	memcpy(report.why, t.why, sizeof(report.why));
	if (write(out, &report, sizeof(report)) != sizeof(report))
		_exit(1);
	_exit(0);
}

/* --- the parent ------------------------------------------------------------------------------------- */

/* A cgroup beneath the one this process is in: 0 or -errno. */
static int make_cgroup(char *path, size_t bytes)
{
	char mount[PATH_BYTES / 2], line[PATH_BYTES / 2], *own = NULL;
	FILE *file = fopen("/proc/self/cgroup", "re");

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "0::/", 4) == 0) {
			line[strcspn(line, "\n")] = '\0';
			own = line + 3;
			break;
		}
	if (file)
		fclose(file);
	if (!own || !machine_mount_point("cgroup2", mount, sizeof(mount)))
		return -ENOENT;
	if (snprintf(path, bytes, "%s%s%sskep-try-%d", mount, own, own[1] ? "/" : "",
		     (int)getpid()) >= (int)bytes)
		return -ENAMETOOLONG;
	return mkdir(path, 0700) ? -errno : 0;
}

/* The cgroup is empty once its only process is gone, which may take a moment to be seen. */
static void remove_cgroup(const char *path)
{
	for (int i = 0; i < 100 && rmdir(path) && errno == EBUSY; i++)
		usleep(10000);
}

static void hear(int in, pid_t child, struct report *report)
{
	struct pollfd p = { .fd = in, .events = POLLIN };
	int rc;

	do
		rc = poll(&p, 1, TRIAL_MS);
	while (rc < 0 && errno == EINTR);
	if (rc == 0) {
		*report = (struct report){ -ETIMEDOUT, "trying it took too long" };
		kill(child, SIGKILL);
	} else if (read(in, report, sizeof(*report)) != sizeof(*report)) {
		*report = (struct report){ -ECHILD, "the process trying it died" };
	}
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

static void run_forked(const struct ability_row *row, const char *cgroup, struct report *report)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC)) {
		*report = (struct report){ -errno, "a pipe to a process that tries it" };
		return;
	}
	fflush(NULL);
	child = fork();
	if (child == 0)
		run_child(row, cgroup, ends[1]);
	close(ends[1]);
	if (child < 0)
		*report = (struct report){ -errno, "a process that tries it" };
	else
		hear(ends[0], child, report);
	close(ends[0]);
}

/* A trial ends by itself, soon, and clears up: what would end this process waits. */
static void hold_signals(sigset_t *before)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, before);
}

void trial_run(const struct ability_row *row, struct ability_answer *answer)
{
	struct report report = { 0 };
	char cgroup[PATH_BYTES] = "";
	sigset_t before;
	int rc;

	hold_signals(&before);
	rc = row->places & TRIAL_CGROUP ? make_cgroup(cgroup, sizeof(cgroup)) : 0;
	if (rc) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		answer_no(answer, rc, "programs load, but a cgroup to try it in: %s",
			  strerror(-rc));
		return;
	}
	run_forked(row, cgroup, &report);
	if (row->places & TRIAL_CGROUP)
		remove_cgroup(cgroup);
	sigprocmask(SIG_SETMASK, &before, NULL);
	report.why[sizeof(report.why) - 1] = '\0';
	if (report.rc)
		answer_no(answer, report.rc, "%s", report.why);
}
