/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/cost.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "tool/loop.h"
#include "unit.h"

#define US_PER_SECOND 1000000ull

void cost_init(struct cost *cost)
{
	memset(cost, 0, sizeof(*cost));
	cost->stats = -1;
	cost->start_ns = loop_now_ns();
}

int cost_add(struct cost *cost, int prog_fd)
{
	int fd;

	if (cost->n_progs == COST_PROGRAMS_MAX)
		return 0;
	fd = fcntl(prog_fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return -errno;
	cost->progs[cost->n_progs++] = fd;
	return 0;
}

static void window_close(struct cost *cost)
{
	if (cost->stats >= 0)
		close(cost->stats);
	cost->stats = -1;
}

uint64_t cost_chore(void *arg, uint64_t now_ns)
{
	struct cost *cost = arg;

	if (cost->stats >= 0) {
		window_close(cost);
		return now_ns + COST_PERIOD_NS - COST_WINDOW_NS;
	}
	cost->stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (cost->stats < 0) {
		cost->refused = true;
		return 0;
	}
	return now_ns + COST_WINDOW_NS;
}

/* Runs measured and the time they took, over all programs. */
static void measured(const struct cost *cost, uint64_t *runs, uint64_t *ns)
{
	*runs = *ns = 0;
	for (uint32_t i = 0; i < cost->n_progs; i++) {
		struct bpf_prog_info info = { 0 };
		__u32 bytes = sizeof(info);

		if (bpf_obj_get_info_by_fd(cost->progs[i], &info, &bytes))
			continue;
		*runs += info.run_cnt;
		*ns += info.run_time_ns;
	}
}

uint64_t cost_missed(const struct cost *cost)
{
	uint64_t missed = 0;

	for (uint32_t i = 0; i < cost->n_progs; i++) {
		struct bpf_prog_info info = { 0 };
		__u32 bytes = sizeof(info);

		if (bpf_obj_get_info_by_fd(cost->progs[i], &info, &bytes) == 0)
			missed += info.recursion_misses;
	}
	return missed;
}

static double own_seconds(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
	       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / US_PER_SECOND;
}

void cost_line(struct cost *cost, struct buffer *out)
{
	double wall = (double)(loop_now_ns() - cost->start_ns) / 1e9;
	uint64_t runs, ns;

	measured(cost, &runs, &ns);
	if (runs)
		buffer_format(out, "%.0f ns a run of its programs (a sample of %llu runs), ",
			      (double)ns / (double)runs, (unsigned long long)runs);
	else if (cost->refused)
		buffer_text(out, "its programs' time was not measured (not permitted), ");
	else if (cost->n_progs)
		buffer_text(out, "no run of its programs was measured, ");
	buffer_format(out, "%.2f%% of a CPU in the tool itself",
		      wall > 0 ? own_seconds() / wall * 100 : 0);
}

void cost_deinit(struct cost *cost)
{
	window_close(cost);
	for (uint32_t i = 0; i < cost->n_progs; i++)
		close(cost->progs[i]);
	cost->n_progs = 0;
}
