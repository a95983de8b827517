/* SPDX-License-Identifier: BSD-2-Clause */
/* skep trace func: user functions by symbol: how often, with what, how long, from where. */
#include "trace/func.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "ability/ability.h"
#include "hook/uapi.h"
#include "tool/fields.h"
#include "trace/feed.h"
#include "trace/func-api.bpf.h"
#include "trace/trace.h"

#include "func.skel.h" /* last: its .rodata has types of the headers above */

#define RING_KIB	  4096
#define NOTICE_RING_BYTES (256u << 10)
#define SLOW_NAMED_MAX	  50 /* with -v */

/* clang-format off */
static const struct tool_option options[] = {
	{ 'a', "args", NULL, "show each call with its arguments (DWARF, or a prototype given)", OPTION_FLAG,
	  offsetof(struct func, arguments) },
	{ 'L', "latency", NULL, "show how long calls take, as a histogram for each function", OPTION_FLAG,
	  offsetof(struct func, latency) },
	{ 's', "stacks", NULL, "show the user stacks that calls come from", OPTION_FLAG,
	  offsetof(struct func, stacks) },
	{ 'l', "list", NULL, "list what would be probed, and where; needs no privilege", OPTION_FLAG,
	  offsetof(struct func, list) },
	{ 0, "at-entry", NULL, "never move a probe behind the function's entry", OPTION_FLAG,
	  offsetof(struct func, at_entry) },
	{ 0, "hook", "HOOK", "uprobe_multi or uprobe (one perf event each); default: what the kernel has",
	  OPTION_TEXT, offsetof(struct func, hook_name) },
	FEED_RING_OPTION(struct func, ring_kib),
};

const struct ability_tool trace_func_ability = {
	.name = "trace func",
	.does = "count, time and show calls of user functions",
	.needs = { ABILITY_BPF_SYSCALL, ABILITY_CAP_BPF, ABILITY_CAP_PERFMON },
	.hooks = {
		[FUNC_HOOK_MULTI] = { "uprobe_multi", { ABILITY_UPROBE_MULTI } },
		[FUNC_HOOK_PERF] = { "uprobe (a perf event for each probe)", { ABILITY_UPROBE },
				     "time: detaching takes up to 0.1 s for each probe" },
	},
};

const struct tool_spec trace_func_spec = {
	.command = "trace func",
	.operands = "[BINARY|LIB:]FUNCTION[+ret]...",
	.summary = "count, time and show calls of user functions",
	.about = "FUNCTION is a name, a glob ('libc:mem*'), or a C prototype, which tells the arguments:\n"
		 "'libc:malloc(size_t size)'. +ret shows what it returned and how long it took. BINARY is a\n"
		 "path, or a name looked for among the process's files (-p), the libraries, and PATH; with -p\n"
		 "it may be left out: the process's program.\n",
	.flags = TOOL_OPERANDS,
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.ability = &trace_func_ability,
	.examples = "  skep trace func libc:malloc libc:free -d 5\n"
		    "  skep trace func 'libc:void *reallocarray(void *p, size_t n, size_t size)+ret' -p 4711\n"
		    "  skep trace func -L 'libc:pthread_mutex_*'\n"
		    "  skep trace func -s bash:readline\n",
};

static const struct field fields[FUNC_FIELDS_MAX] = {
	FIELDS_COMMON,
	[FUNC_FIELD_FUNCTION] = { "function", "FUNCTION", FIELD_STRING, -28, FIELD_LABEL, .help = "name of the function" },
	[FUNC_FIELD_MODULE] = { "module", "MODULE", FIELD_STRING, -16, FIELD_LABEL, .help = "file it is in" },
	[FUNC_FIELD_COUNT] = { "count", "COUNT", FIELD_U64, 12, FIELD_COUNTER, "skep_function_calls_total", "calls" },
	[FUNC_FIELD_LATENCY] = { "latency_ns", "latency, ns", FIELD_HIST, 0, FIELD_HISTOGRAM, "skep_function_seconds",
				 "time from call to return", 1 },
	[FUNC_FIELD_DURATION] = { "duration_ns", "NS", FIELD_DURATION_NS, 10, .help = "time from call to return" },
	[FUNC_FIELD_RESULT] = { "result", NULL, FIELD_STRING, -18, .help = "what it returned" },
	[FUNC_FIELD_CALL] = { "call", "CALL", FIELD_STRING, 0, .help = "the call as C has it" },
	[FUNC_FIELD_STACK] = { "stack", "STACK", FIELD_STRING, 0, .help = "frames from outermost to innermost, folded" },
};
/* clang-format on */

static const struct output_spec output_spec = { .fields = fields, .n_fields = FUNC_FIELDS_MAX };

/* Linux 6.18 emulates nops of any length. */
static bool nops_are_emulated(void)
{
	struct utsname name;
	int major, minor;

	if (uname(&name) || sscanf(name.release, "%d.%d", &major, &minor) != 2)
		return false;
	return major > 6 || (major == 6 && minor >= 18);
}

/* --- what is to be probed -------------------------------------------------------------------- */

static bool is_shown_by_call(const struct func *f, const struct tool_options *o)
{
	if (f->arguments)
		return true;
	for (uint32_t i = 0; i < o->n_operands && !f->latency && !f->stacks; i++)
		if (strchr(o->operands[i], '(') || strstr(o->operands[i], "+ret"))
			return true;
	return false;
}

static int resolve(struct func *f, const struct tool_options *o, struct error *err)
{
	struct func_wish wish = { .pid = (pid_t)o->filter.pid,
				  .returns = f->latency,
				  .at_entry = f->at_entry,
				  .nops_emulated = nops_are_emulated() };

	if (!o->n_operands)
		return error_set(err, -EINVAL, "no function is given (libc:malloc)");
	if (f->arguments + f->latency + f->stacks > 1)
		return error_set(err, -EINVAL, "-a, -L and -s show different things: choose one");
	f->mode = f->latency ? FUNC_LATENCY : f->stacks ? FUNC_STACKS : FUNC_COUNT;
	if (is_shown_by_call(f, o))
		f->mode = FUNC_CALLS;
	wish.arguments = f->mode == FUNC_CALLS;
	for (uint32_t i = 0; i < o->n_operands; i++) {
		int rc = func_targets_add(&f->targets, o->operands[i], &wish, err);

		if (rc)
			return rc;
	}
	if (!f->targets.n_places)
		return error_set(err, -ENOENT, "there is nothing to probe: no code is known for %s",
				 o->operands[0]);
	return 0;
}

static int list(const struct func *f, struct error *err)
{
	printf("%-28s %-16s %-10s %-10s %-6s %s\n", "FUNCTION", "MODULE", "OFFSET", "PROBE", "COST",
	       "WHY");
	for (uint32_t i = 0; i < f->targets.n_places; i++) {
		const struct func_place *place = &f->targets.places[i];
		uint64_t entry = 0;

		sym_elf_offset(f->targets.files[f->targets.functions[place->function].file].elf,
			       place->entry, &entry);
		printf("%-28s %-16s 0x%-8" PRIx64 " 0x%-8" PRIx64 " %-6s %s\n",
		       func_name(&f->targets, i), func_module(&f->targets, i), entry, place->offset,
		       func_place_is_slow(place) ? "slow" : "cheap",
		       place_result_text(place->placement.result));
	}
	return fflush(stdout) ? error_set(err, -errno, "cannot write to standard output: %s",
					  strerror(errno))
			      : 0;
}

/* --- programs -------------------------------------------------------------------------------- */

static void fill_probes(struct func *f)
{
	int fd = bpf_map__fd(f->bpf->maps.probes);

	for (uint32_t i = 0; i < f->targets.n_places; i++) {
		const struct func_place *place = &f->targets.places[i];
		const struct func_function *function = &f->targets.functions[place->function];
		struct func_probe probe = { .sp_delta = place->placement.sp_delta };

		for (uint32_t n = 0; n < FUNC_ARGUMENTS; n++) {
			const struct sym_argument *a = &function->prototype.arguments[n];

			probe.registers[n] = FUNC_NOWHERE;
			if (n >= function->prototype.n_arguments || a->type == SYM_FLOATING)
				continue;
			probe.registers[n] = place->placement.arguments[a->number];
			if (a->type == SYM_STRING)
				probe.strings |= (uint8_t)(1u << n);
		}
		bpf_map_update_elem(fd, &i, &probe, BPF_ANY);
	}
}

static bool any_string(const struct func_targets *t)
{
	for (uint32_t i = 0; i < t->n_functions; i++)
		for (uint32_t n = 0; n < t->functions[i].prototype.n_arguments; n++)
			if (t->functions[i].prototype.arguments[n].type == SYM_STRING)
				return true;
	return false;
}

static bool any_return(const struct func_targets *t)
{
	for (uint32_t i = 0; i < t->n_functions; i++)
		if (t->functions[i].is_returning)
			return true;
	return false;
}

/* The programs of the mode: entry, and return where there is one. */
static void choose_programs(struct func *f)
{
	struct func_bpf *b = f->bpf;

	switch (f->mode) {
	case FUNC_COUNT:
		f->entry = b->progs.func_count;
		break;
	case FUNC_LATENCY:
		f->entry = b->progs.func_enter_timed;
		f->leave = b->progs.func_return_timed;
		break;
	case FUNC_CALLS:
		f->entry = b->progs.func_call;
		if (any_return(&f->targets)) {
			f->enter_returning = b->progs.func_enter_call;
			f->leave = b->progs.func_return_call;
		}
		break;
	case FUNC_STACKS:
		f->entry = b->progs.func_stack;
		break;
	}
}

static void set_sizes(struct func *f)
{
	uint32_t n = f->targets.n_places;
	struct func_bpf *b = f->bpf;

	bpf_map__set_max_entries(b->maps.probes, n);
	if (f->mode == FUNC_COUNT)
		bpf_map__set_max_entries(b->maps.counts, n);
	if (f->mode == FUNC_LATENCY) {
		bpf_map__set_max_entries(b->maps.latencies, n);
		bpf_map__set_max_entries(b->maps.starts, FUNC_STARTS_MAX);
	}
	if (f->mode == FUNC_CALLS) {
		bpf_map__set_max_entries(b->maps.ring, feed_ring_bytes(f->ring_kib));
		if (f->leave)
			bpf_map__set_max_entries(b->maps.calls, FUNC_STARTS_MAX / 4);
	}
	if (f->mode == FUNC_STACKS) {
		bpf_map__set_max_entries(b->maps.ring, NOTICE_RING_BYTES);
		bpf_map__set_max_entries(b->maps.stacks, FUNC_STACKS_MAX);
		bpf_map__set_max_entries(b->maps.stack_counts, 4 * FUNC_STACKS_MAX);
	}
}

static int load(struct func *f, struct error *err)
{
	struct bpf_program *prog;

	f->bpf = func_bpf__open();
	if (!f->bpf)
		return error_set(err, -errno, "cannot open its programs: %s", strerror(errno));
	memcpy((void *)&f->bpf->rodata->filter, &f->tool.settings, sizeof(f->tool.settings));
	f->with_strings = f->mode == FUNC_CALLS && any_string(&f->targets);
	f->bpf->rodata->with_strings = f->with_strings;
	choose_programs(f);
	set_sizes(f);
	bpf_object__for_each_program(prog, f->bpf->obj)
	{
		bpf_program__set_autoload(prog, prog == f->entry || prog == f->leave ||
							prog == f->enter_returning);
		if (f->hook == FUNC_HOOK_MULTI)
			bpf_program__set_expected_attach_type(
				prog, (enum bpf_attach_type)HOOK_UPROBE_MULTI);
	}
	return tool_load(&f->tool, f->bpf->obj, err);
}

/* The hook asked for, or the best there is. */
static int choose_hook(struct func *f, struct error *err)
{
	struct buffer passed = { 0 };
	int hook;

	if (!f->hook_name) {
		hook = ability_choose(&trace_func_ability, &passed, err);
		if (passed.bytes)
			tool_say(&f->tool, "%s", passed.data);
		buffer_deinit(&passed);
	} else if (strcmp(f->hook_name, "uprobe_multi") == 0) {
		hook = FUNC_HOOK_MULTI;
	} else if (strcmp(f->hook_name, "uprobe") == 0) {
		hook = FUNC_HOOK_PERF;
	} else {
		hook = error_set(err, -EINVAL, "--hook is uprobe_multi or uprobe, not '%s'",
				 f->hook_name);
	}
	if (hook < 0)
		return hook;
	f->hook = (enum func_hook)hook;
	return 0;
}

/* --- attaching ------------------------------------------------------------------------------- */

/* Which places are for the programs with a return, and which for the one without. */
static bool *choose_places(const struct func *f, bool returning)
{
	bool *chosen = xcalloc(f->targets.n_places, sizeof(*chosen));

	for (uint32_t i = 0; i < f->targets.n_places; i++)
		chosen[i] = f->targets.functions[f->targets.places[i].function].is_returning ==
			    returning;
	return chosen;
}

static int attach_to(struct func *f, const struct bpf_program *prog, const bool *chosen,
		     bool is_return, struct error *err)
{
	return func_attach(&f->links, f->hook, bpf_program__fd(prog), &f->targets, chosen,
			   is_return, (pid_t)f->tool.options.filter.pid, err);
}

/* Return probes first: no call is seen that would be missed when it returns. */
static int attach(struct func *f, struct error *err)
{
	bool *returning = choose_places(f, true), *others = choose_places(f, false);
	int rc = 0;

	if (f->leave)
		rc = attach_to(f, f->leave, returning, true, err);
	if (!rc && f->enter_returning)
		rc = attach_to(f, f->enter_returning, returning, false, err);
	if (!rc)
		rc = attach_to(f, f->entry, f->enter_returning ? others : NULL, false, err);
	free(returning);
	free(others);
	return rc;
}

static const char *refusal(int error)
{
	return error == -524 || error == -EOPNOTSUPP ? "its instruction cannot be probed"
						     : strerror(-error);
}

/* What was refused is always said; what is slow in one line, by name with -v. */
static void say_places(struct func *f, double ms)
{
	uint32_t refused = 0, slow = 0, moved = 0, n = f->targets.n_places;

	for (uint32_t i = 0; i < n; i++) {
		const struct func_place *place = &f->targets.places[i];

		if (place->refused) {
			refused++;
			tool_note(&f->tool, "%s in %s is left out: %s", func_name(&f->targets, i),
				  func_module(&f->targets, i), refusal(place->refused));
			continue;
		}
		moved += place->placement.result == PLACE_MOVED;
		if (func_place_is_slow(place) && slow++ < SLOW_NAMED_MAX)
			tool_say(&f->tool, "%s is slow to probe: %s", func_name(&f->targets, i),
				 place_result_text(place->placement.result));
	}
	tool_say(&f->tool,
		 "hook: %s; %u probes attached in %.1f ms, %u of them moved behind the entry",
		 trace_func_ability.hooks[f->hook].name, n - refused, ms, moved);
	if (slow)
		tool_note(
			&f->tool,
			"%u of %u probes are single-stepped by the kernel, which costs some 9 us a "
			"call instead of 0.5%s",
			slow, n, f->tool.options.verbose ? "" : " (-v says which and why)");
	f->n_attached = n - refused;
}

static void say_prototypes(struct func *f)
{
	for (uint32_t i = 0; i < f->targets.n_functions && f->mode == FUNC_CALLS; i++)
		if (!f->targets.functions[i].has_prototype)
			tool_say(&f->tool,
				 "the arguments of %s are not known: no DWARF; give a prototype",
				 f->targets.functions[i].symbol->name);
}

static void process_is_gone(void *arg)
{
	struct func *f = arg;

	if (!f->process_gone)
		tool_note(&f->tool, "process %u has ended", f->tool.options.filter.pid);
	f->process_gone = true;
	loop_stop(&f->tool.loop);
}

static int watch_process(struct func *f, struct error *err)
{
	if (!f->tool.options.filter.pid)
		return 0;
	f->pidfd = (int)syscall(SYS_pidfd_open, f->tool.options.filter.pid, 0);
	if (f->pidfd < 0)
		return error_set(err, -errno, "there is no process %u", f->tool.options.filter.pid);
	return loop_add_fd(&f->tool.loop, f->pidfd, process_is_gone, f, err);
}

static int start(struct func *f, struct error *err)
{
	uint64_t begin;
	int rc = f->mode == FUNC_CALLS ? 0 : tool_answer_live(&f->tool, err);

	if (!rc)
		rc = choose_hook(f, err);
	if (!rc)
		rc = load(f, err);
	if (rc)
		return rc;
	fill_probes(f);
	rc = func_show_begin(f, err);
	if (!rc)
		rc = watch_process(f, err);
	begin = loop_now_ns();
	if (!rc)
		rc = attach(f, err);
	if (rc)
		return rc;
	say_places(f, (double)(loop_now_ns() - begin) / 1e6);
	if (!f->n_attached)
		return error_set(err, -EOPNOTSUPP, "the kernel refuses every probe");
	say_prototypes(f);
	return tool_watch(&f->tool, f->bpf->obj);
}

static void stop(struct func *f)
{
	uint64_t begin = loop_now_ns();

	func_detach(&f->links);
	tool_say(&f->tool, "detached in %.1f ms", (double)(loop_now_ns() - begin) / 1e6);
}

static void run(struct func *f)
{
	struct error err;
	bool more;

	if (start(f, &err)) {
		func_detach(&f->links);
		tool_fail(&f->tool, &err);
		return;
	}
	do {
		more = loop_wait(&f->tool.loop);
		if (!more)
			stop(f);
		func_show(f, !more);
	} while (more);
}

/* --list: no privilege, no output table. */
static bool wants_list(struct func *f, int argc, char **argv, int *code)
{
	struct tool_options o;
	struct error err;
	int rc = 0;

	if (options_parse(&trace_func_spec, f, argc, argv, &o, &err) || !f->list)
		return false;
	*code = TOOL_DONE;
	if (o.format != OUTPUT_COLUMNS)
		rc = error_set(&err, -EINVAL, "--list has columns only: no -o");
	if (!rc)
		rc = resolve(f, &o, &err);
	if (!rc)
		rc = list(f, &err);
	if (rc) {
		fprintf(stderr, "skep trace func: %s\n", err.text);
		*code = TOOL_FAILED;
	}
	return true;
}

static void func_free(struct func *f)
{
	func_bpf__destroy(f->bpf);
	func_show_end(f);
	func_targets_deinit(&f->targets);
	if (f->pidfd >= 0)
		close(f->pidfd);
	free(f);
}

int trace_func_main(int argc, char **argv)
{
	struct func *f = xcalloc(1, sizeof(*f));
	struct error err;
	int code;

	f->pidfd = -1;
	f->ring_kib = RING_KIB;
	if (wants_list(f, argc, argv, &code) ||
	    !tool_begin(&f->tool, &trace_func_spec, &output_spec, f, argc, argv, &code)) {
		func_free(f);
		return code;
	}
	if (resolve(f, &f->tool.options, &err))
		tool_fail(&f->tool, &err);
	else
		run(f);
	code = tool_end(&f->tool);
	func_free(f);
	return code;
}
