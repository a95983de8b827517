/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/tool.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "ability/ability.h"
#include "tool/fields.h"
#include "tool/kernel_types.h"
#include "vmlinux.h"
#include "who/cgroup.h"

#ifndef CAP_PERFMON
#error "linux/capability.h is older than Linux 5.8"
#endif

#define LIVE_NS 1000000000 /* so old metrics may be that are asked for at any time */

static void vnote(struct tool *tool, const char *fmt, va_list args)
{
	fprintf(tool->notes, "skep %s: ", tool->spec->command);
	vfprintf(tool->notes, fmt, args);
	fputc('\n', tool->notes);
}

void tool_note(struct tool *tool, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vnote(tool, fmt, args);
	va_end(args);
}

void tool_say(struct tool *tool, const char *fmt, ...)
{
	va_list args;

	if (!tool->options.verbose)
		return;
	va_start(args, fmt);
	vnote(tool, fmt, args);
	va_end(args);
}

int tool_fail(struct tool *tool, const struct error *err)
{
	output_flush(&tool->output);
	tool_note(tool, "%s", err->text);
	tool->code = TOOL_FAILED;
	return TOOL_FAILED;
}

static uint64_t capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &head, data))
		return 0;
	return (uint64_t)data[1].effective << 32 | data[0].effective;
}

static bool has(uint64_t capabilities_held, uint32_t capability)
{
	return capabilities_held >> capability & 1;
}

/* What loading and attaching a tracing program asks for (bpf_prog_load, perf_event_open). */
static int check_privilege(struct error *err)
{
	uint64_t held = capabilities();
	bool bpf = has(held, CAP_BPF) || has(held, CAP_SYS_ADMIN);
	bool perfmon = has(held, CAP_PERFMON) || has(held, CAP_SYS_ADMIN);

	if (bpf && perfmon)
		return 0;
	return error_set(err, -EPERM,
			 "it needs the capabilit%s %s%s%s, which this process does not have: run it "
			 "as root, or give it CAP_BPF and CAP_PERFMON",
			 bpf || perfmon ? "y" : "ies", bpf ? "" : "CAP_BPF",
			 bpf || perfmon ? "" : " and ", perfmon ? "" : "CAP_PERFMON");
}

static void serve(void *arg)
{
	metrics_serve(arg);
}

static void flush(void *arg)
{
	struct tool *tool = arg;
	struct error err;
	int rc = output_flush(&tool->output);

	if (!rc || tool->code)
		return;
	error_set(&err, rc, "cannot write to standard output: %s", strerror(-rc));
	tool_fail(tool, &err);
	loop_stop(&tool->loop);
}

/* Common columns that were not asked for, of a tool whose table begins with them (tool/fields.h). */
static void hide_common(struct tool *tool)
{
	const struct output_spec *spec = tool->output.spec;

	if (spec->n_fields < FIELD_OWN || strcmp(spec->fields[FIELD_TS].key, "ts"))
		return;
	if (tool->options.format != OUTPUT_COLUMNS)
		return;
	if (!tool->options.timestamps)
		output_hide(&tool->output, FIELD_TS);
	if (!tool->options.containers) {
		output_hide(&tool->output, FIELD_CONTAINER);
		output_hide(&tool->output, FIELD_POD);
	}
}

static int open_output(struct tool *tool, const struct output_spec *fields, struct error *err)
{
	int rc;

	output_init(&tool->output, fields, tool->options.format, stdout);
	tool->output.no_header = tool->options.no_header;
	hide_common(tool);
	if (tool->options.format == OUTPUT_PROM || tool->options.listen)
		tool->metrics = metrics_new();
	tool->output.metrics = tool->metrics;
	if (!tool->options.listen)
		return 0;
	rc = metrics_listen(tool->metrics, tool->options.listen, err);
	if (rc)
		return rc;
	return loop_add_fd(&tool->loop, metrics_fd(tool->metrics), serve, tool->metrics, err);
}

/* From here on the container's cgroups are known to a map, now and when they come. */
static int follow_container(struct tool *tool, struct error *err)
{
	const char *name = tool->options.filter.container;
	struct error later;
	int rc = who_follow(tool->who, &tool->loop, &name, 1, &later, err);

	if (rc)
		return rc;
	if (*later.text && !who_followed(tool->who)->found)
		return error_set(err, -ENOENT,
				 "--container '%s': no container of this name or id is running, and "
				 "it cannot be waited for: %s",
				 name, later.text);
	if (*later.text)
		tool_say(tool, "containers that start later are not seen: %s", later.text);
	else if (!who_followed(tool->who)->found)
		tool_note(tool, "no container '%s' yet: waiting for it", name);
	return 0;
}

/* A cgroup that is removed and made again, as a service's is when it restarts, is looked at all the same. */
static void follow_path(struct tool *tool)
{
	char path[CGROUP_PATH_BYTES];
	struct error err;
	int rc = cgroup_path_of(tool->settings.cgroup_id, path);

	if (rc) {
		tool_say(tool, "if the cgroup is made again, that one is not seen: %s", strerror(-rc));
		return;
	}
	if (!tool->settings.cgroup_level) /* the root is never removed */
		return;
	tool->cgroup_path = xstrdup(path);
	if (who_follow_path(tool->who, &tool->loop, tool->cgroup_path, &err))
		tool_say(tool, "if the cgroup is made again, that one is not seen: %s", err.text);
}

static int open_all(struct tool *tool, const struct output_spec *fields, struct error *err)
{
	struct loop_setup setup = {
		.duration_ns = tool->options.duration_ns,
		.interval_ns = tool->options.interval_ns,
		.count = tool->options.count,
	};
	int rc = check_privilege(err);

	if (!rc)
		rc = filter_settings_make(&tool->options.filter, &tool->settings, err);
	if (!rc)
		rc = loop_init(&tool->loop, &setup, err);
	if (!rc)
		rc = open_output(tool, fields, err);
	if (!rc && tool->settings.follows)
		rc = follow_container(tool, err);
	if (!rc && tool->settings.has_cgroup)
		follow_path(tool);
	tool->loop.idle = flush;
	tool->loop.idle_arg = tool;
	return rc;
}

/* What libbpf says is for -v: the tool's own sentence says what matters. */
static int say_nothing(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level;
	(void)fmt;
	(void)args;
	return 0;
}

static int say_warnings(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, fmt, args) : 0;
}

static void close_all(struct tool *tool)
{
	tool->who = who_free(tool->who);
	free(tool->cgroup_path);
	tool->types = kernel_types_free(tool->types);
	cost_deinit(&tool->cost);
	tool->metrics = metrics_free(tool->metrics);
	output_deinit(&tool->output);
	loop_deinit(&tool->loop);
}

static int say_usage(const struct tool_spec *spec)
{
	struct buffer usage = { 0 };

	options_usage(spec, &usage);
	fputs(usage.data, stdout);
	buffer_deinit(&usage);
	return TOOL_DONE;
}

bool tool_begin(struct tool *tool, const struct tool_spec *spec, const struct output_spec *fields,
		void *self, int argc, char **argv, int *code)
{
	struct error err;
	int rc;

	memset(tool, 0, sizeof(*tool));
	tool->spec = spec;
	tool->notes = stderr;
	cost_init(&tool->cost);
	libbpf_set_print(say_nothing);
	rc = options_parse(spec, self, argc, argv, &tool->options, &err);
	if (rc > 0) {
		*code = say_usage(spec);
		return false;
	}
	if (rc) {
		*code = tool_fail(tool, &err);
		fprintf(tool->notes, "Try `skep %s --help`.\n", spec->command);
		return false;
	}
	if (tool->options.verbose)
		libbpf_set_print(say_warnings);
	tool->who = who_new();
	rc = open_all(tool, fields, &err);
	if (!rc)
		return true;
	*code = tool_fail(tool, &err);
	close_all(tool);
	return false;
}

int tool_answer_live(struct tool *tool, struct error *err)
{
	if (!tool->options.listen || tool->options.interval_ns)
		return 0;
	if (tool->options.format != OUTPUT_PROM)
		return error_set(err, -EINVAL,
				 "--listen needs an interval to show, or -o prom to show nothing until "
				 "the end");
	tool->options.interval_ns = LIVE_NS;
	tool->loop.setup.interval_ns = LIVE_NS;
	return 0;
}

void tool_want_names(struct tool *tool, bool always)
{
	char mount[CGROUP_PATH_BYTES];
	struct error err;

	if (!always && tool->options.format == OUTPUT_COLUMNS && !tool->options.containers &&
	    !tool->metrics)
		return;
	if (cgroup_mount(mount, &err))
		tool_say(tool, "cgroups and containers have no names: %s", err.text);
	else if (who_capture(tool->who, &tool->loop, &err))
		tool_say(tool, "short-lived cgroups may have no name: %s", err.text);
}

const struct bpf_object_open_opts *tool_open_options(struct tool *tool)
{
	if (!tool->types)
		tool->types = kernel_types_new();
	return kernel_types_options(tool->types);
}

/* The maps that the program which reports cgroups fills. */
static int share_followed(const struct follow *follow, const struct bpf_object *obj)
{
	struct bpf_map *map = bpf_object__find_map_by_name(
		obj, follow && follow->path ? "filter_cgroup" : "filter_containers");

	if (!follow || !map)
		return 0;
	return bpf_map__reuse_fd(map, follow->path ? follow->again_fd : follow->map_fd);
}

int tool_load(struct tool *tool, struct bpf_object *obj, struct error *err)
{
	struct error missing;
	int rc = share_followed(who_followed(tool->who), obj), found = 0;

	if (!rc)
		rc = found = kernel_types_find(tool->types, obj, err);
	if (!rc)
		rc = bpf_object__load(obj);
	if (!rc)
		return 0;
	if (tool->spec->ability && ability_choose(tool->spec->ability, NULL, &missing) < 0)
		return error_set(err, rc, "%s", missing.text);
	if (found)
		return found;
	if (rc == -ESRCH) /* libbpf's: it looked for the kernel's types */
		return vmlinux_missing("its program", err);
	return error_set(err, rc, "the kernel refuses its programs (%s): -v shows why",
			 strerror(-rc));
}

int tool_watch(struct tool *tool, const struct bpf_object *obj)
{
	struct bpf_program *prog;
	int rc = 0;

	bpf_object__for_each_program(prog, obj)
		if (!rc && bpf_program__fd(prog) >= 0)
			rc = cost_add(&tool->cost, bpf_program__fd(prog));
	tool->loop.chore = cost_chore;
	tool->loop.chore_arg = &tool->cost;
	return rc;
}

void tool_cells(struct tool *tool, const struct event_head *head, struct cell *cells)
{
	const struct who_cgroup *cgroup = who_cgroup(tool->who, head->cgroup_id);

	cells[FIELD_TS] = cell_u64(loop_realtime_ns(head->ktime_ns));
	cells[FIELD_PID] = cell_u64(head->pid);
	cells[FIELD_TID] = cell_u64(head->tid);
	cells[FIELD_COMM] = cell_text(head->comm);
	cells[FIELD_UID] = cell_u64(head->uid);
	cells[FIELD_CGROUP] = cell_text(*cgroup->path ? cgroup->path : NULL);
	cells[FIELD_CONTAINER] =
		cell_text(*cgroup->container.name ? cgroup->container.name : NULL);
	cells[FIELD_POD] = cell_text(*cgroup->container.pod ? cgroup->container.pod : NULL);
}

static void say_missed(struct tool *tool)
{
	uint64_t missed = cost_missed(&tool->cost);

	if (missed)
		tool_note(tool, "%llu more were not looked at: its program was already at work on that CPU",
			  (unsigned long long)missed);
}

void tool_count_losses(struct tool *tool, const struct account *account)
{
	struct metrics_series events = { .name = "skep_events_total",
					 .help = "events that passed the filter",
					 .type = METRICS_COUNTER };
	struct metrics_series dropped = { .name = "skep_events_dropped_total",
					  .help = "events that were lost because the ring was full",
					  .type = METRICS_COUNTER };

	if (!tool->metrics)
		return;
	metrics_value(tool->metrics, &events, (double)(account->occurred - tool->counted.occurred));
	metrics_value(tool->metrics, &dropped, (double)(account->dropped - tool->counted.dropped));
	tool->counted = *account;
}

int tool_account(struct tool *tool, int account_fd, uint64_t shown)
{
	struct account account;
	struct error err;
	int rc = account_read(account_fd, &account, &err);

	if (rc) {
		tool_fail(tool, &err);
		return rc;
	}
	tool_count_losses(tool, &account);
	if (account.dropped || tool->options.verbose || shown + account.dropped != account.occurred)
		tool_note(tool, "%llu events: %llu shown, %llu dropped%s",
			  (unsigned long long)account.occurred, (unsigned long long)shown,
			  (unsigned long long)account.dropped,
			  account.dropped ? " (the ring was full)" : "");
	say_missed(tool);
	return 0;
}

int tool_end(struct tool *tool)
{
	struct buffer text = { 0 };

	if (tool->options.format == OUTPUT_PROM && !tool->code)
		metrics_page(tool->metrics, &tool->output.text);
	flush(tool);
	if (!tool->code && !tool->no_cost) {
		cost_line(&tool->cost, &text);
		tool_note(tool, "cost: %s", buffer_string(&text));
		buffer_deinit(&text);
	}
	close_all(tool);
	return tool->code;
}
