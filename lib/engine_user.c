/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine_user.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <skep/cgroup.h>
#include <skep/sysctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buffer.h"

#define NS_PER_S 1000000000ull
#define PROC_FDS "/proc/self/fd"
#define LACK_BYTES 160
#define ROUNDS_MAX 1000000 /* of timers between two packets */
#define LAST_ROUNDS_MAX 100 /* of those that callbacks arm for at once, when time has ended */
#define CALLBACK_NS 1000   /* simulated time that passes where a timer asks for none */

/* The one engine of this process, and what its host remembers. */
static struct {
	struct skep_engine *engine;
	struct engine_setup setup;
	uint64_t now_ns;
	uint64_t random;
	struct engine_timers timers;
	char lack[LACK_BYTES];
} user;

static uint64_t real_ns(enum skep_clock clock)
{
	clockid_t id = clock == SKEP_CLOCK_BOOTTIME ? CLOCK_BOOTTIME
		       : clock == SKEP_CLOCK_TAI    ? CLOCK_TAI
		       : clock == SKEP_CLOCK_COARSE ? CLOCK_MONOTONIC_COARSE
		       : clock == SKEP_CLOCK_REALTIME ? CLOCK_REALTIME
						      : CLOCK_MONOTONIC;
	struct timespec now;

	clock_gettime(id, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static uint64_t host_clock(void *arg, enum skep_clock clock)
{
	return user.setup.clock == ENGINE_CLOCK_REAL ? real_ns(clock) : user.now_ns;
}

/* splitmix64: any seed will do, and the same seed gives the same numbers everywhere. */
static uint32_t host_random(void *arg)
{
	uint64_t z = user.random += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return (uint32_t)(z ^ (z >> 31));
}

static void host_printk(void *arg, const char *line, size_t bytes)
{
	char *text;

	if (!user.setup.printk)
		return;
	text = xstrndup(line, bytes);
	user.setup.printk(user.setup.printk_arg, text);
	free(text);
}

/* libbpf probes for commands: only types and limits say why an object cannot be loaded. */
static void host_refused(void *arg, int err, const char *why)
{
	if (strncmp(why, "map type ", 9) == 0 || strncmp(why, "program type ", 13) == 0 ||
	    strncmp(why, "limit reached", 13) == 0)
		snprintf(user.lack, sizeof(user.lack), "%s", why);
}

static const struct skep_host host = {
	.size = sizeof(host),
	.clock_ns = host_clock,
	.random = host_random,
	.printk = host_printk,
};

int engine_user_enter(const struct engine_setup *setup, struct error *err)
{
	struct skep_opts opts = {
		.size = sizeof(opts),
		.flags = setup->no_jit ? SKEP_INTERPRET : 0,
		.host = &host,
		.refused = host_refused,
	};
	int rc;

	if (access(PROC_FDS, F_OK))
		return error_set(err, -ENOENT, "the user engine needs " PROC_FDS ": mount /proc");
	user.setup = *setup;
	user.now_ns = setup->clock == ENGINE_CLOCK_FIXED ? setup->fixed_ns : 0;
	user.random = setup->seed;
	user.timers = (struct engine_timers){ 0 };
	rc = skep_engine_new(&opts, &user.engine);
	if (!rc)
		rc = skep_engine_install(user.engine);
	if (rc)
		return error_set(err, rc, "the user engine cannot start: %s", strerror(-rc));
	return 0;
}

/* Fires what is due now; false: nothing was. */
static bool fire(void)
{
	int n = skep_timers_run(user.engine);

	user.timers.n_fired += n > 0 ? (uint64_t)n : 0;
	return n > 0;
}

/* In simulated time every timer fires at its own time, on the way from now to @ns. */
static void fire_until(uint64_t ns)
{
	uint64_t next, last = UINT64_MAX;
	uint32_t rounds = 0;

	while (!skep_timers_next(user.engine, &next) && next <= ns) {
		if (++rounds > ROUNDS_MAX) {
			user.timers.behind = true;
			return;
		}
		if (user.now_ns < next)
			user.now_ns = next;
		if (user.now_ns == last)
			user.now_ns += CALLBACK_NS;
		if (user.now_ns > ns || !fire())
			return;
		last = user.now_ns;
	}
}

void engine_user_set_time(uint64_t ns)
{
	if (user.setup.clock != ENGINE_CLOCK_PCAP) {
		fire();
		return;
	}
	fire_until(ns);
	user.now_ns = ns;
}

void engine_user_end_time(struct engine_timers *timers)
{
	uint64_t next, now;

	engine_user_set_time(user.now_ns);
	for (int i = 0; i < LAST_ROUNDS_MAX && fire(); i++)
		;
	*timers = user.timers;
	if (skep_timers_next(user.engine, &next))
		return;
	now = host_clock(NULL, SKEP_CLOCK_MONOTONIC);
	timers->is_armed = true;
	timers->next_ns = next > now ? next - now : 0;
}

int engine_user_run(int prog_fd, struct skep_run *run)
{
	return skep_prog_run(user.engine, prog_fd, run);
}

int engine_user_attach_sysctl(int prog_fd)
{
	int folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (folder < 0)
		return -errno;
	rc = skep_cgroup_add(user.engine, folder, 1, 0);
	if (!rc)
		rc = bpf_link_create(prog_fd, folder, BPF_CGROUP_SYSCTL, NULL);
	close(folder);
	return rc;
}

int engine_user_sysctl(struct skep_sysctl *access)
{
	return skep_sysctl_access(user.engine, access);
}

const char *engine_user_take_lack(void)
{
	static char taken[LACK_BYTES];

	memcpy(taken, user.lack, sizeof(taken));
	user.lack[0] = '\0';
	return taken;
}

void engine_user_leave(void)
{
	if (!user.engine)
		return;
	skep_engine_install(NULL);
	skep_engine_free(user.engine);
	user.engine = NULL;
}
