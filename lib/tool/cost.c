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

static void measure_programs(const struct cost *cost, struct cost_measured *m)
{
	for (uint32_t i = 0; i < cost->n_progs; i++) {
		struct bpf_prog_info info = { 0 };
		__u32 bytes = sizeof(info);

		if (bpf_obj_get_info_by_fd(cost->progs[i], &info, &bytes))
			continue;
		m->runs += info.run_cnt;
		m->run_ns += info.run_time_ns;
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

void cost_text(const struct cost_measured *m, struct buffer *out)
{
	if (m->runs >= COST_RUNS_MIN)
		buffer_format(out, "%.0f ns a run of its programs (a sample of %llu runs), ",
			      (double)m->run_ns / (double)m->runs, (unsigned long long)m->runs);
	else if (m->refused)
		buffer_text(out, "its programs' time was not measured (not permitted), ");
	else if (m->has_programs)
		buffer_format(
			out,
			"its programs ran too seldom to be measured (%llu run%s in the sample), ",
			(unsigned long long)m->runs, m->runs == 1 ? "" : "s");
	buffer_format(out, "%.2f%% of a CPU in the tool itself", m->own_share * 100);
}

void cost_line(struct cost *cost, struct buffer *out)
{
	double wall = (double)(loop_now_ns() - cost->start_ns) / 1e9;
	struct cost_measured m = {
		.has_programs = cost->n_progs > 0,
		.refused = cost->refused,
		.own_share = wall > 0 ? own_seconds() / wall : 0,
	};

	measure_programs(cost, &m);
	cost_text(&m, out);
}

void cost_deinit(struct cost *cost)
{
	window_close(cost);
	for (uint32_t i = 0; i < cost->n_progs; i++)
		close(cost->progs[i]);
	cost->n_progs = 0;
}
