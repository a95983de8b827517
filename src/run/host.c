/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What helpers ask of the world, from the embedder's skep_host or, where it is silent, from the
 * default host: the machine's clocks, xoshiro256++ seeded by the kernel, this thread as the task,
 * no printk, no memory to probe.
 *
 * Random state is per slot and only its owner touches it; outside a run the kernel is asked.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/macros.h"
#include "object/cgroup.h"
#include "run/run.h"
#include "run/state.h"

#define CGROUP2_MAGIC 0x63677270 /* linux/magic.h */

static const struct skep_host default_host = { .size = sizeof(struct skep_host) };

/* A member of the host's struct, unless the host is older than the member or left it NULL. */
#define host_has(host, member)                                                                     \
	((host)->size >= offsetof(struct skep_host, member) + sizeof((host)->member) &&            \
	 (host)->member)

static void seed(uint64_t state[4])
{
	if (getrandom(state, 4 * sizeof(state[0]), GRND_NONBLOCK) == 4 * (ssize_t)sizeof(state[0]))
		return;
	for (uint64_t i = 0; i < 4; i++)
		state[i] = hash_u64((uint64_t)time(NULL) * 4 + i + (uint64_t)(uintptr_t)state) | 1;
}

void run_host_init(struct engine *engine, const struct skep_host *host, void *arg)
{
	engine->host = host ? host : &default_host;
	engine->host_arg = arg;
	for (uint32_t i = 0; i < engine->run->n_slots; i++)
		seed(engine->run->private[i].random);
}

bool run_host_has_clock(const struct engine *engine)
{
	return host_has(engine->host, clock_ns);
}

uint64_t run_clock_ns(struct engine *engine, enum run_clock clock)
{
	static const clockid_t ids[] = {
		[RUN_CLOCK_MONOTONIC] = CLOCK_MONOTONIC,
		[RUN_CLOCK_BOOTTIME] = CLOCK_BOOTTIME,
		[RUN_CLOCK_COARSE] = CLOCK_MONOTONIC_COARSE,
		[RUN_CLOCK_TAI] = CLOCK_TAI,
		[RUN_CLOCK_REALTIME] = CLOCK_REALTIME,
	};
	struct timespec ts;

	if (host_has(engine->host, clock_ns))
		return engine->host->clock_ns(engine->host_arg, (enum skep_clock)clock);
	clock_gettime(ids[clock], &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static uint64_t rotl(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

/* xoshiro256++ 1.0 by Blackman and Vigna (public domain). */
static uint64_t random_next(uint64_t s[4])
{
	uint64_t result = rotl(s[0] + s[3], 23) + s[0];
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

uint32_t run_random(struct engine *engine)
{
	const struct run_ctx *rc = run_current();
	uint64_t once[4];

	if (host_has(engine->host, random))
		return engine->host->random(engine->host_arg);
	if (rc && rc->engine == engine)
		return (uint32_t)(random_next(engine->run->private[rc->slot].random) >> 32);
	seed(once);
	return (uint32_t)(random_next(once) >> 32);
}

/* The id (inode) of the cgroup at @path, of which the engine hears so; 0: there is none. */
static uint64_t learn_cgroup(struct engine *engine, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct cgroup *cgroup;
	struct statfs fs;
	struct stat st;
	uint64_t id = 0;

	if (fd < 0)
		return 0;
	if (!fstatfs(fd, &fs) && fs.f_type == CGROUP2_MAGIC && !fstat(fd, &st))
		id = st.st_ino;
	if (id)
		cgroup_of_fd(engine, fd, &cgroup); /* not where the host has some of its own */
	close(fd);
	return id;
}

/* The id of this process's cgroup in the unified hierarchy; 0: there is none. */
static uint64_t own_cgroup_id(struct engine *engine)
{
	static const char *const mounts[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	char line[512], path[600];
	uint64_t id = atomic_load_explicit(&engine->run->cgroup_id, memory_order_relaxed);
	FILE *file;

	if (id)
		return id;
	file = fopen("/proc/self/cgroup", "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, "0::", 3) != 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		for (size_t i = 0; !id && i < ARRAY_SIZE(mounts); i++) {
			snprintf(path, sizeof(path), "%s%s", mounts[i], line + 3);
			id = learn_cgroup(engine, path);
		}
	}
	fclose(file);
	atomic_store_explicit(&engine->run->cgroup_id, id, memory_order_relaxed);
	return id;
}

void run_task(struct engine *engine, struct skep_task *task)
{
	if (host_has(engine->host, task)) {
		engine->host->task(engine->host_arg, task);
		return;
	}
	memset(task, 0, sizeof(*task));
	task->pid = (uint32_t)syscall(SYS_gettid);
	task->tgid = (uint32_t)getpid();
	task->uid = getuid();
	task->gid = getgid();
	task->cgroup_id = own_cgroup_id(engine);
	prctl(PR_GET_NAME, task->comm);
}

void run_printk(struct engine *engine, const char *line, size_t bytes)
{
	if (host_has(engine->host, printk))
		engine->host->printk(engine->host_arg, line, bytes);
}

int run_probe_read(struct engine *engine, void *dst, uint64_t addr, size_t bytes)
{
	if (!host_has(engine->host, probe_read))
		return -EFAULT;
	return engine->host->probe_read(engine->host_arg, dst, addr, bytes);
}
