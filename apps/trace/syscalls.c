/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * skep trace syscalls: counts system calls over a period, by call, process, cgroup and container, with
 * their time if asked for. Every call that passes the filter is counted: there is no ring to overflow.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "tool/fields.h"
#include "tool/tool.h"
#include "trace/syscall_names.h"
#include "trace/syscalls_gather.h"
#include "trace/trace.h"

#include "syscalls.skel.h" /* last: its .rodata has types of the headers above */

#define NAME_BYTES   48
#define TURN_SECONDS 1 /* at most so long, a hash of keys is counted in */

struct syscalls {
	struct tool tool;
	struct syscalls_bpf *bpf;
	struct syscalls_table table;
	struct syscalls_settings settings;
	bool latency, hist, failed, by_process;
	const char *by, *only;
	uint64_t top; /* 0: all */
	bool by_syscall, by_container;
	int timer;
};

#define MEMBER(name) offsetof(struct syscalls, name)

/* clang-format off */
static const struct tool_option options[] = {
	{ 'L', "latency", NULL, "time as well; calls are counted as they return", OPTION_FLAG, MEMBER(latency) },
	{ 'H', "histogram", NULL, "-L, and a histogram of each call's time", OPTION_FLAG, MEMBER(hist) },
	{ 'x', "failed", NULL, "only calls that return an error", OPTION_FLAG, MEMBER(failed) },
	{ 'P', "process", NULL, "by process: --by process", OPTION_FLAG, MEMBER(by_process) },
	{ 0, "by", "KEYS", "syscall (default), process, cgroup, container, or several: process,syscall",
	  OPTION_TEXT, MEMBER(by) },
	{ 's', "syscall", "NAME", "only this call", OPTION_TEXT, MEMBER(only) },
	{ 'n', "top", "NUMBER", "show only so many rows, the greatest", OPTION_NUMBER, MEMBER(top), 1, UINT32_MAX },
};
/* clang-format on */

const struct ability_tool trace_syscalls_ability = {
	.name = "trace syscalls",
	.does = "count system calls by call, process and container",
	.needs = { ABILITY_BPF_SYSCALL, ABILITY_CAP_BPF, ABILITY_CAP_PERFMON, ABILITY_RAW_TP },
	.hooks = {
		{ "tp_btf", { ABILITY_TP_BTF, ABILITY_BTF } },
		{ "raw_tp", { ABILITY_NONE }, "telling 32-bit calls apart, and times (-L)" },
	},
};

const struct tool_spec trace_syscalls_spec = {
	.ability = &trace_syscalls_ability,
	.command = "trace syscalls",
	.summary = "count system calls by call, process and container",
	.about = "Calls are counted as they are entered, with -L and -x as they return. Calls of 32-bit\n"
		 "programs are shown as NAME/32, numbers that name no call of this kernel (those of x32\n"
		 "among them) as (other). This tool's own calls are left out.\n",
	.flags = TOOL_INTERVAL,
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.examples = "  skep trace syscalls -p 1234 -d 10\n"
		    "  skep trace syscalls -L -c nginx 1\n"
		    "  skep trace syscalls --by container,syscall -n 20 -o json 5\n",
};

enum {
	FIELD_SYSCALL = FIELD_OWN,
	FIELD_COUNT,
	FIELD_ERRORS,
	FIELD_TOTAL,
	FIELD_MEAN,
	FIELD_P50,
	FIELD_P99,
	FIELD_MAX,
	FIELD_LATENCY,
	N_FIELDS
};

/* clang-format off */
static const struct field fields[N_FIELDS] = {
	FIELDS_COMMON,
	[FIELD_SYSCALL] = { "syscall", "SYSCALL", FIELD_STRING, -22, FIELD_LABEL, .help = "name of the call" },
	[FIELD_COUNT] = { "count", "COUNT", FIELD_U64, 10, FIELD_COUNTER, "skep_syscalls_total",
			  "system calls" },
	[FIELD_ERRORS] = { "errors", "ERRORS", FIELD_U64, 8, FIELD_COUNTER, "skep_syscall_errors_total",
			   "system calls that returned an error" },
	[FIELD_TOTAL] = { "total_ns", "TIME(us)", FIELD_DURATION_NS, 14, FIELD_COUNTER,
			  "skep_syscall_seconds_total", "time spent in system calls", 1000 },
	[FIELD_MEAN] = { "mean_ns", "MEAN(us)", FIELD_DURATION_NS, 10, .help = "mean time", .unit_ns = 1000 },
	[FIELD_P50] = { "p50_ns", "P50(us)", FIELD_DURATION_NS, 10,
			.help = "half of the calls took less (to a factor of two)", .unit_ns = 1000 },
	[FIELD_P99] = { "p99_ns", "P99(us)", FIELD_DURATION_NS, 10,
			.help = "99% of the calls took less (to a factor of two)", .unit_ns = 1000 },
	[FIELD_MAX] = { "max_ns", "MAX(us)", FIELD_DURATION_NS, 10, .help = "longest time since the start",
			.unit_ns = 1000 },
	[FIELD_LATENCY] = { "latency_ns", NULL, FIELD_HIST, 0, FIELD_HISTOGRAM, "skep_syscall_seconds",
			    "time of system calls" },
};
/* clang-format on */

static const struct output_spec output_spec = { .fields = fields, .n_fields = N_FIELDS };

static const char *name_of(uint32_t row, char buf[NAME_BYTES])
{
	bool compat = row >= SYSCALLS_COMPAT;
	uint32_t number = row - (compat ? SYSCALLS_COMPAT : 0);
	const char *name = syscall_name(number, compat);

	if (row == SYSCALLS_OTHER)
		return "(other)";
	if (name && !compat)
		return name;
	if (name)
		snprintf(buf, NAME_BYTES, "%s/32", name);
	else
		snprintf(buf, NAME_BYTES, "syscall_%u%s", number, compat ? "/32" : "");
	return buf;
}

static int row_by_name(const char *wanted, uint32_t *row, struct error *err)
{
	char buf[NAME_BYTES];

	for (*row = 0; *row < SYSCALLS_ROWS; (*row)++)
		if (strcmp(name_of(*row, buf), wanted) == 0)
			return 0;
	return error_set(err, -EINVAL, "--syscall '%s': there is no such call", wanted);
}

/* One word of --by. */
static bool take_key(struct syscalls *s, const char *word, size_t n)
{
	static const char *const words[] = { "syscall", "process", "cgroup", "container" };
	uint32_t i = 0;

	while (i < 4 && (strlen(words[i]) != n || strncmp(words[i], word, n)))
		i++;
	s->by_syscall |= i == 0;
	s->settings.by_process |= i == 1;
	s->settings.by_cgroup |= i == 2 || i == 3;
	s->by_container |= i == 3;
	return i < 4;
}

static int take_keys(struct syscalls *s, struct error *err)
{
	const char *by = s->by ? s->by : s->by_process ? "process" : "syscall";
	size_t n;

	for (; *by; by += n + (by[n] == ',')) {
		n = strcspn(by, ",");
		if (!take_key(s, by, n))
			return error_set(err, -EINVAL,
					 "--by '%.*s': it is syscall, process, cgroup or container",
					 (int)n, by);
	}
	s->settings.by_row = s->by_syscall;
	s->settings.keys = s->settings.by_process || s->settings.by_cgroup;
	if (s->settings.keys && s->hist)
		return error_set(err, -EINVAL, "-H is for --by syscall only");
	return 0;
}

static int settle(struct syscalls *s, struct error *err)
{
	int rc = take_keys(s, err);

	if (!rc)
		rc = tool_answer_live(&s->tool, err);
	if (rc)
		return rc;
	s->settings.latency = s->latency || s->hist || s->failed;
	s->settings.failed_only = s->failed;
	s->settings.hist = (s->latency || s->hist) && !s->settings.keys;
	s->settings.compat = 1;
	s->settings.only_row = SYSCALLS_ROWS;
	return s->only ? row_by_name(s->only, &s->settings.only_row, err) : 0;
}

static void hide(struct syscalls *s, uint32_t field, bool hidden)
{
	if (hidden)
		output_hide(&s->tool.output, field);
}

static void choose_fields(struct syscalls *s)
{
	bool timed = s->latency || s->hist;

	hide(s, FIELD_TID, true);
	hide(s, FIELD_UID, true);
	hide(s, FIELD_PID, !s->settings.by_process);
	hide(s, FIELD_COMM, !s->settings.by_process);
	hide(s, FIELD_CGROUP, !s->settings.by_cgroup || s->by_container);
	hide(s, FIELD_SYSCALL, !s->by_syscall);
	hide(s, FIELD_ERRORS, !timed);
	for (uint32_t i = FIELD_TOTAL; i <= FIELD_MAX; i++)
		hide(s, i, !timed);
	hide(s, FIELD_P50, s->settings.keys);
	hide(s, FIELD_P99, s->settings.keys);
	hide(s, FIELD_LATENCY, !s->settings.hist || (s->tool.options.format == OUTPUT_COLUMNS && !s->hist));
	if (s->settings.by_cgroup)
		s->tool.output.hidden &= ~(1ull << FIELD_CONTAINER | 1ull << FIELD_POD);
	else
		s->tool.output.hidden |= 1ull << FIELD_CONTAINER | 1ull << FIELD_POD;
}

static int by_size(const void *a, const void *b)
{
	const struct syscalls_row *x = a, *y = b;

	if (x->counts.total_ns != y->counts.total_ns)
		return x->counts.total_ns < y->counts.total_ns ? 1 : -1;
	if (x->counts.count != y->counts.count)
		return x->counts.count < y->counts.count ? 1 : -1;
	return memcmp(&x->key, &y->key, sizeof(x->key));
}

static void latency_cells(const struct syscalls_row *row, struct cell *cells)
{
	cells[FIELD_ERRORS] = cell_u64(row->counts.errors);
	cells[FIELD_TOTAL] = cell_u64(row->counts.total_ns);
	cells[FIELD_MEAN] = cell_u64(row->counts.total_ns / row->counts.count);
	cells[FIELD_MAX] = cell_u64(row->counts.max_ns);
	if (!row->hist)
		return;
	cells[FIELD_P50] = cell_u64(hist_percentile_whole(row->hist, 50));
	cells[FIELD_P99] = cell_u64(hist_percentile_whole(row->hist, 99));
	cells[FIELD_LATENCY] = cell_hist(row->hist);
}

static void show_row(struct syscalls *s, const struct syscalls_row *row, uint64_t now)
{
	struct cell cells[N_FIELDS] = { 0 };
	const struct who_cgroup *cgroup;
	char name[NAME_BYTES];

	cells[FIELD_TS] = cell_u64(now);
	if (s->settings.by_process) {
		cells[FIELD_PID] = cell_u64(row->key.pid);
		cells[FIELD_COMM] = cell_text(row->comm[0] ? row->comm : NULL);
	}
	if (s->settings.by_cgroup) {
		cgroup = who_cgroup(s->tool.who, row->key.cgroup_id);
		cells[FIELD_CGROUP] = cell_text(*cgroup->path ? cgroup->path : NULL);
		cells[FIELD_CONTAINER] = cell_text(*cgroup->container.name ? cgroup->container.name : NULL);
		cells[FIELD_POD] = cell_text(*cgroup->container.pod ? cgroup->container.pod : NULL);
	}
	if (s->by_syscall)
		cells[FIELD_SYSCALL] = cell_text(name_of(row->key.row, name));
	cells[FIELD_COUNT] = cell_u64(row->counts.count);
	if (s->settings.latency)
		latency_cells(row, cells);
	output_row(&s->tool.output, cells);
}

struct seen_container {
	struct container container;
	uint64_t cgroup_id;
};

/* The first cgroup met of the container this one is in; 0: it is in none. */
static uint64_t first_of_container(struct syscalls *s, uint64_t cgroup_id, struct seen_container **seen,
				   uint32_t *n)
{
	const struct container *c = &who_cgroup(s->tool.who, cgroup_id)->container;

	if (!c->name[0] && !c->pod[0])
		return 0;
	for (uint32_t i = 0; i < *n; i++)
		if (memcmp(&(*seen)[i].container, c, sizeof(*c)) == 0)
			return (*seen)[i].cgroup_id;
	array_grow(*seen, *n);
	(*seen)[(*n)++] = (struct seen_container){ .container = *c, .cgroup_id = cgroup_id };
	return cgroup_id;
}

static int by_key(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct syscalls_key));
}

/* Cgroups of one container become one row, and so do those in none. */
static void merge_containers(struct syscalls *s)
{
	struct syscalls_table *table = &s->table;
	struct seen_container *seen = NULL;
	uint32_t n_seen = 0, kept = 0;

	for (uint32_t i = 0; i < table->n_rows; i++)
		table->rows[i].key.cgroup_id = first_of_container(s, table->rows[i].key.cgroup_id,
								  &seen, &n_seen);
	free(seen);
	if (table->n_rows)
		qsort(table->rows, table->n_rows, sizeof(*table->rows), by_key);
	for (uint32_t i = 0; i < table->n_rows; i++) {
		struct syscalls_row *row = &table->rows[i];

		if (kept && by_key(&table->rows[kept - 1], row) == 0)
			syscalls_add(&table->rows[kept - 1].counts, &row->counts);
		else
			table->rows[kept++] = *row;
	}
	table->n_rows = kept;
}

static void show(struct syscalls *s)
{
	struct syscalls_table *table = &s->table;
	uint64_t now = loop_realtime_ns(loop_now_ns());
	uint32_t n;

	if (s->by_container)
		merge_containers(s);
	n = table->n_rows;
	if (n)
		qsort(table->rows, n, sizeof(*table->rows), by_size);
	if (s->top && n > s->top)
		n = (uint32_t)s->top;
	for (uint32_t i = 0; i < n; i++)
		show_row(s, &table->rows[i], now);
	if (s->tool.options.interval_ns)
		output_line(&s->tool.output, "");
	syscalls_clear(table);
}

static int gather(struct syscalls *s)
{
	struct error err;
	int rc = syscalls_gather(&s->table, &err);

	if (rc) {
		tool_fail(&s->tool, &err);
		loop_stop(&s->tool.loop);
	}
	return rc;
}

static void take_turn(void *arg)
{
	struct syscalls *s = arg;
	uint64_t times;

	if (read(s->timer, &times, sizeof(times)) == sizeof(times))
		gather(s);
}

/* A hash of keys holds what one second brings, not what a day does. */
static int start_turns(struct syscalls *s, struct error *err)
{
	struct itimerspec every = { .it_interval.tv_sec = TURN_SECONDS, .it_value.tv_sec = TURN_SECONDS };

	if (!s->settings.keys)
		return 0;
	s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (s->timer < 0 || timerfd_settime(s->timer, 0, &every, NULL))
		return error_set(err, -errno, "cannot make a timer: %s", strerror(errno));
	return loop_add_fd(&s->tool.loop, s->timer, take_turn, s, err);
}

static void choose_programs(struct syscalls *s)
{
	struct syscalls_bpf *bpf = s->bpf;
	bool latency = s->settings.latency;

	bpf_program__set_autoload(bpf->progs.count_enter, !latency && s->settings.compat);
	bpf_program__set_autoload(bpf->progs.count_enter_untyped, !latency && !s->settings.compat);
	bpf_program__set_autoload(bpf->progs.time_enter, latency);
	bpf_program__set_autoload(bpf->progs.time_exit, latency);
	bpf_program__set_autoload(bpf->progs.rename_process, s->settings.by_process);
	bpf_program__set_autoattach(bpf->progs.know_own_thread, false);
	/* What is made and not used costs milliseconds: programs that would use it are not loaded, or the
	 * verifier sees by their settings that they do not. */
	bpf_map__set_autocreate(bpf->maps.calls, latency);
	bpf_map__set_autocreate(bpf->maps.hists, s->settings.hist);
	bpf_map__set_autocreate(bpf->maps.by_row, !s->settings.keys);
	/* Counts alone are a quarter of the memory, and a shift instead of a product away. */
	if (!latency)
		bpf_map__set_value_size(bpf->maps.by_row, sizeof(__u64));
	bpf_map__set_autocreate(bpf->maps.keyed, s->settings.keys);
	bpf_map__set_autocreate(bpf->maps.turn, s->settings.keys);
	bpf_map__set_autocreate(bpf->maps.names, s->settings.by_process);
}

static int open_and_load(struct syscalls *s, struct error *err)
{
	syscalls_bpf__destroy(s->bpf);
	s->bpf = syscalls_bpf__open_opts(tool_open_options(&s->tool));
	if (!s->bpf)
		return error_set(err, -errno, "cannot open its program: %s", strerror(errno));
	s->tool.settings.own_tgid = 0; /* know_own_thread() */
	filter_settings_seal(&s->tool.settings);
	memcpy((void *)&s->bpf->rodata->filter, &s->tool.settings, sizeof(s->tool.settings));
	memcpy((void *)&s->bpf->rodata->settings, &s->settings, sizeof(s->settings));
	choose_programs(s);
	return tool_load(&s->tool, s->bpf->obj, err);
}

/* Runs the program that remembers its caller. */
static int know_own_thread(struct syscalls *s, struct error *err)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	if (bpf_prog_test_run_opts(bpf_program__fd(s->bpf->progs.know_own_thread), &opts))
		return error_set(err, -errno, "its program does not run: %s", strerror(errno));
	return 0;
}

static int start(struct syscalls *s, struct error *err)
{
	int rc = settle(s, err);

	if (rc)
		return rc;
	choose_fields(s);
	rc = open_and_load(s, err);
	if (rc && !s->settings.latency) {
		/* A kernel without BTF cannot tell 32-bit calls apart. */
		s->settings.compat = 0;
		rc = open_and_load(s, err);
		tool_say(&s->tool, "32-bit calls are not told apart: %s", err->text);
	}
	if (rc)
		return rc;
	rc = know_own_thread(s, err);
	if (rc)
		return rc;
	syscalls_init(&s->table, s->bpf, &s->settings, libbpf_num_possible_cpus());
	if (s->settings.by_cgroup)
		tool_want_names(&s->tool, true);
	rc = start_turns(s, err);
	if (rc)
		return rc;
	rc = syscalls_bpf__attach(s->bpf);
	if (rc)
		return error_set(err, rc, "cannot attach to sys_enter: %s", strerror(-rc));
	tool_say(&s->tool, "hook: %s:sys_enter%s", s->settings.compat ? "tp_btf" : "raw_tp",
		 s->settings.latency ? ", raw_tp:sys_exit" : "");
	return tool_watch(&s->tool, s->bpf->obj);
}

/* Calls that passed the filter and are in no row. */
static void say_lost(struct syscalls *s)
{
	struct account account;
	struct error err;

	if (account_read(bpf_map__fd(s->bpf->maps.account), &account, &err)) {
		tool_fail(&s->tool, &err);
		return;
	}
	if (account.dropped || s->tool.options.verbose)
		tool_note(&s->tool, "%llu calls were not counted: more than %u kinds of rows in a second",
			  (unsigned long long)account.dropped, SYSCALLS_KEYS_MAX);
	if (s->table.n_lost)
		tool_note(&s->tool, "%llu calls were counted and are not shown: more than %u rows",
			  (unsigned long long)s->table.n_lost, SYSCALLS_TABLE_MAX);
}

static void run(struct syscalls *s)
{
	bool more;

	do {
		more = loop_wait(&s->tool.loop);
		if (!more)
			syscalls_bpf__detach(s->bpf);
		if (gather(s))
			return;
		show(s);
		output_flush(&s->tool.output);
	} while (more);
	say_lost(s);
}

int trace_syscalls_main(int argc, char **argv)
{
	struct syscalls *s = xcalloc(1, sizeof(*s));
	struct error err;
	int code;

	s->timer = -1;
	if (!tool_begin(&s->tool, &trace_syscalls_spec, &output_spec, s, argc, argv, &code)) {
		free(s);
		return code;
	}
	if (start(s, &err))
		tool_fail(&s->tool, &err);
	else
		run(s);
	syscalls_bpf__destroy(s->bpf);
	syscalls_deinit(&s->table);
	if (s->timer >= 0)
		close(s->timer);
	code = tool_end(&s->tool);
	free(s);
	return code;
}
