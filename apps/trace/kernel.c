/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * skep trace kernel: functions of the kernel by name: how often, how long, and each call with its
 * arguments as the kernel's own types show them; by the best hook this kernel allows.
 */
#include "trace/kernel.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ability/ability.h"
#include "trace/feed.h"
#include "trace/trace.h"

#include "kernel.skel.h" /* last: its .rodata has types of the headers above */

/* Loaded for, before it is copied to what was asked for: every kernel with LSM hooks has it. */
#define TEMPLATE_FUNCTION "security_task_getsid"
#define RING_KIB	  1024

/* clang-format off */
static const struct tool_option options[] = {
	{ 'a', "args", NULL, "show each call with its arguments", OPTION_FLAG, offsetof(struct kernel, arguments) },
	{ 'L', "latency", NULL, "show how long calls take, as a histogram for each function", OPTION_FLAG,
	  offsetof(struct kernel, latency) },
	{ 0, "hook", "HOOK", "fentry, kprobe.multi, kprobe or tracepoint; default: the first this kernel allows",
	  OPTION_TEXT, offsetof(struct kernel, hook_name) },
	FEED_RING_OPTION(struct kernel, ring_kib),
};

const struct ability_tool trace_kernel_ability = {
	.name = "trace kernel",
	.does = "count, time and show calls of kernel functions",
	.needs = { ABILITY_BPF_SYSCALL, ABILITY_CAP_BPF, ABILITY_CAP_PERFMON, ABILITY_BTF, ABILITY_RINGBUF },
	.hooks = {
		[KERNEL_HOOK_FENTRY] = { "fentry", { ABILITY_FENTRY, ABILITY_FEXIT } },
		[KERNEL_HOOK_KPROBE_MULTI] = { "kprobe.multi", { ABILITY_KPROBE_MULTI },
					       "arguments beyond the sixth" },
		[KERNEL_HOOK_KPROBE] = { "kprobe", { ABILITY_KPROBE }, "arguments beyond the sixth" },
		[KERNEL_HOOK_TRACEPOINT] = { "tracepoint", { ABILITY_RAW_TP },
					     "functions in which no tracepoint stands, and what they return" },
	},
};

const struct tool_spec trace_kernel_spec = {
	.ability = &trace_kernel_ability,
	.command = "trace kernel",
	.operands = "FUNCTION[+ret]|tp:TRACEPOINT...",
	.summary = "count, time and show calls of kernel functions",
	.about = "FUNCTION is a name or a glob ('vfs_*'). +ret shows what it returned and how long it took.\n"
		 "MODULE:FUNCTION is one of a module; a name the kernel has not is looked for in all of them.\n"
		 "tp:TRACEPOINT is a tracepoint of any kernel ('tp:sched_*'). Arguments are those of the\n"
		 "kernel's types (BTF), strings are read, pointers are addresses. Where no function can be\n"
		 "attached to, a tracepoint in the function takes its place, if there is one.\n",
	.flags = TOOL_OPERANDS,
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.examples = "  skep trace kernel 'vfs_*' -d 5\n"
		    "  skep trace kernel -a do_sys_openat2+ret -c bash\n"
		    "  skep trace kernel -L vfs_read vfs_write -p 4711\n"
		    "  skep trace kernel -a tp:sched_switch\n",
};

static const struct field fields[KERNEL_FIELDS_MAX] = {
	FIELDS_COMMON,
	[KERNEL_FIELD_FUNCTION] = { "function", "FUNCTION", FIELD_STRING, -28, FIELD_LABEL, .help = "name of the function" },
	[KERNEL_FIELD_COUNT] = { "count", "COUNT", FIELD_U64, 12, FIELD_COUNTER, "skep_kernel_calls_total", "calls" },
	[KERNEL_FIELD_LATENCY] = { "latency_ns", "latency, ns", FIELD_HIST, 0, FIELD_HISTOGRAM, "skep_kernel_call_seconds",
				   "time from call to return", 1 },
	[KERNEL_FIELD_DURATION] = { "duration_ns", "NS", FIELD_DURATION_NS, 10, .help = "time from call to return" },
	[KERNEL_FIELD_RESULT] = { "result", "RESULT", FIELD_STRING, -18, .help = "what it returned" },
	[KERNEL_FIELD_CALL] = { "call", "CALL", FIELD_STRING, 0, .help = "the call as C has it" },
};

/* clang-format on */

static const struct output_spec output_spec = { .fields = fields, .n_fields = KERNEL_FIELDS_MAX };

static const char *hook_text(enum kernel_hook hook)
{
	return trace_kernel_ability.hooks[hook].name;
}

/* --- what is asked for ------------------------------------------------------------------------- */

static int resolve(struct kernel *k, struct error *err)
{
	const struct tool_options *o = &k->tool.options;
	bool returning = false;
	int rc;

	if (!o->n_operands)
		return error_set(err, -EINVAL, "no function is given (vfs_read, tp:sched_switch)");
	if (k->arguments && k->latency)
		return error_set(err, -EINVAL, "-a and -L show different things: choose one");
	rc = kernel_targets_open(&k->targets, err);
	for (uint32_t i = 0; !rc && i < o->n_operands; i++)
		rc = kernel_targets_add(&k->targets, o->operands[i], err);
	if (rc)
		return rc;
	for (uint32_t i = 0; i < k->targets.n; i++) {
		returning |= k->targets.functions[i].returning;
		if (k->latency && k->targets.functions[i].is_tracepoint)
			return error_set(err, -EINVAL, "tp:%s takes no time: -L is for functions",
					 k->targets.functions[i].name);
	}
	k->mode = k->latency	 ? KERNEL_LATENCY
		  : returning	 ? KERNEL_CALLS_RETURNING
		  : k->arguments ? KERNEL_CALLS
				 : KERNEL_COUNT;
	return 0;
}

/* Asked for by name, a hook is not passed over: what of it this kernel lacks, and the way out. */
static int check_hook(enum kernel_hook hook, struct error *err)
{
	const struct ability_hook *way = &trace_kernel_ability.hooks[hook];

	for (uint32_t i = 0; i < ABILITY_NEEDS_MAX && way->needs[i]; i++) {
		const struct ability_answer *answer = ability_ask(way->needs[i]);

		if (!answer->has)
			return error_set(err, -EOPNOTSUPP, "--hook %s is not to be had: %s%s%s",
					 way->name, answer->why, *answer->remedy ? "; " : "",
					 answer->remedy);
	}
	return 0;
}

static int hook_by_name(const char *name, enum kernel_hook *hook, struct error *err)
{
	for (*hook = 0; *hook < _KERNEL_HOOK_MAX; (*hook)++)
		if (strcmp(hook_text(*hook), name) == 0)
			return check_hook(*hook, err);
	return error_set(err, -EINVAL,
			 "--hook '%s': it is fentry, kprobe.multi, kprobe or tracepoint", name);
}

/* Every function becomes a tracepoint; @why the other hooks were passed over. */
static int take_tracepoints(struct kernel *k, const char *why, struct error *err)
{
	for (uint32_t i = 0; i < k->targets.n; i++) {
		struct kernel_function *f = &k->targets.functions[i];
		bool was_function = !f->is_tracepoint;

		if (k->latency || !kernel_function_to_tracepoint(&k->targets, f))
			return error_set(err, -EOPNOTSUPP,
					 "%s%s cannot be traced here: no tracepoint has %s%s%s; the "
					 "way out: %s, or a tracepoint near it (tp:NAME)",
					 f->name, f->returning ? "+ret" : "",
					 k->latency || f->returning ? "when a function returns"
								    : "the same",
					 *why ? "; " : "", why,
					 ability_ask(ABILITY_FENTRY)->has ?
						 "another --hook" :
						 ability_ask(ABILITY_FENTRY)->remedy);
		if (was_function)
			tool_note(&k->tool, "%s: shown by the tracepoint %s%s", f->name, f->symbol,
				  k->tool.options.verbose ? "" : " (-v says why)");
	}
	return 0;
}

static int choose(struct kernel *k, struct error *err)
{
	struct buffer passed = { 0 };
	bool any_function = false;
	int rc;

	for (uint32_t i = 0; i < k->targets.n; i++)
		any_function |= !k->targets.functions[i].is_tracepoint;
	if (k->hook_name) {
		rc = hook_by_name(k->hook_name, &k->hook, err);
	} else {
		rc = ability_choose(&trace_kernel_ability, &passed, err);
		k->hook = rc < 0 ? 0 : (enum kernel_hook)rc;
		rc = rc < 0 ? rc : 0;
	}
	if (!rc && !any_function)
		k->hook = KERNEL_HOOK_TRACEPOINT;
	if (!rc && k->hook == KERNEL_HOOK_TRACEPOINT)
		rc = take_tracepoints(k, any_function ? buffer_string(&passed) : "", err);
	if (!rc && passed.data && any_function)
		tool_say(&k->tool, "%s", passed.data);
	buffer_deinit(&passed);
	k->any_function = k->any_tracepoint = false;
	for (uint32_t i = 0; i < k->targets.n; i++) {
		k->any_function |= !k->targets.functions[i].is_tracepoint;
		k->any_tracepoint |= k->targets.functions[i].is_tracepoint;
	}
	return rc;
}

/* --- programs -------------------------------------------------------------------------------------- */

static bool sees_return(const struct kernel *k)
{
	return k->mode == KERNEL_LATENCY || k->mode == KERNEL_CALLS_RETURNING;
}

static bool is_kprobe(const struct kernel *k)
{
	return k->hook == KERNEL_HOOK_KPROBE || k->hook == KERNEL_HOOK_KPROBE_MULTI;
}

static struct bpf_program *entry_program(const struct kernel *k)
{
	return is_kprobe(k) ? k->bpf->progs.kernel_kprobe : k->bpf->progs.kernel_fentry;
}

static struct bpf_program *return_program(const struct kernel *k)
{
	return is_kprobe(k) ? k->bpf->progs.kernel_kretprobe : k->bpf->progs.kernel_fexit;
}

static void set_sizes(struct kernel *k)
{
	struct kernel_bpf *b = k->bpf;

	bpf_map__set_max_entries(b->maps.functions, k->targets.n);
	bpf_map__set_max_entries(b->maps.counts, k->targets.n);
	bpf_map__set_max_entries(b->maps.latencies, k->targets.n);
	bpf_map__set_max_entries(b->maps.ring, feed_ring_bytes(k->ring_kib));
	if (k->mode != KERNEL_COUNT)
		bpf_map__set_max_entries(b->maps.calls, KERNEL_STARTS_MAX);
}

/* A typed program must have a target to be loaded at all; its copies have their own. */
static int set_target(struct bpf_program *prog, struct error *err)
{
	int rc = bpf_program__set_attach_target(prog, 0, TEMPLATE_FUNCTION);

	if (!rc)
		return 0;
	return error_set(err, rc, "%s, which its program is loaded for, is not in the kernel's BTF",
			 TEMPLATE_FUNCTION);
}

static int choose_programs(struct kernel *k, struct error *err)
{
	struct bpf_program *prog, *entry = entry_program(k), *leave = return_program(k);
	bool functions = k->any_function;
	int rc = 0;

	bpf_object__for_each_program(prog, k->bpf->obj)
	{
		bool used = (functions && prog == entry) ||
			    (functions && sees_return(k) && prog == leave) ||
			    (k->any_tracepoint && prog == k->bpf->progs.kernel_raw_tp);

		bpf_program__set_autoload(prog, used);
		if (used && k->hook == KERNEL_HOOK_KPROBE_MULTI &&
		    prog != k->bpf->progs.kernel_raw_tp)
			bpf_program__set_expected_attach_type(prog, BPF_TRACE_KPROBE_MULTI);
		if (used && !rc && k->hook == KERNEL_HOOK_FENTRY &&
		    prog != k->bpf->progs.kernel_raw_tp)
			rc = set_target(prog, err);
	}
	return rc;
}

static int load(struct kernel *k, struct error *err)
{
	int rc;

	k->bpf = kernel_bpf__open();
	if (!k->bpf)
		return error_set(err, -errno, "cannot open its programs: %s", strerror(errno));
	memcpy((void *)&k->bpf->rodata->filter, &k->tool.settings, sizeof(k->tool.settings));
	k->bpf->rodata->mode = k->mode;
	set_sizes(k);
	rc = choose_programs(k, err);
	if (!rc)
		rc = tool_load(&k->tool, k->bpf->obj, err);
	for (uint32_t i = 0; !rc && i < k->targets.n; i++)
		bpf_map__update_elem(k->bpf->maps.functions, &i, sizeof(i),
				     &k->targets.functions[i].strings, sizeof(uint32_t), BPF_ANY);
	return rc;
}

/* --- attaching ---------------------------------------------------------------------------------------- */

static const char *refusal(int error)
{
	if (error == -ENOENT || error == -ESRCH)
		return "the kernel has no such function to attach to";
	if (error == -EBUSY || error == -EOPNOTSUPP || error == -524)
		return "the kernel does not let programs attach to it";
	return strerror(-error);
}

static uint32_t say_refused(struct kernel *k)
{
	uint32_t attached = 0;

	for (uint32_t i = 0; i < k->targets.n; i++) {
		const struct kernel_function *f = &k->targets.functions[i];

		attached += !f->refused;
		if (f->refused)
			tool_note(&k->tool, "%s is left out: %s", f->name, refusal(f->refused));
	}
	return attached;
}

static int attach(struct kernel *k, struct error *err)
{
	uint64_t begin = loop_now_ns();
	uint32_t attached;

	/* Returns first: no call is seen that would be missed when it returns. */
	if (k->any_function && sees_return(k))
		kernel_attach(&k->links, k->hook, return_program(k), &k->targets, true);
	if (k->any_function)
		kernel_attach(&k->links, k->hook, entry_program(k), &k->targets, false);
	if (k->any_tracepoint)
		kernel_attach(&k->links, KERNEL_HOOK_TRACEPOINT, k->bpf->progs.kernel_raw_tp,
			      &k->targets, false);
	attached = say_refused(k);
	if (!attached)
		return error_set(err, -EOPNOTSUPP,
				 "nothing of what was asked for can be attached to");
	tool_say(&k->tool, "hook: %s; %u of %u attached in %.1f ms", hook_text(k->hook), attached,
		 k->targets.n, (double)(loop_now_ns() - begin) / 1e6);
	return 0;
}

static int start(struct kernel *k, struct error *err)
{
	int rc = resolve(k, err);

	if (!rc && (k->mode == KERNEL_COUNT || k->mode == KERNEL_LATENCY))
		rc = tool_answer_live(&k->tool, err);
	if (!rc)
		rc = choose(k, err);
	k->targets.words_max = is_kprobe(k) ? KERNEL_REGISTERS : KERNEL_ARGUMENTS;
	if (!rc)
		rc = load(k, err);
	if (!rc)
		rc = kernel_show_begin(k, err);
	if (!rc)
		rc = attach(k, err);
	if (!rc)
		rc = tool_watch(&k->tool, k->bpf->obj);
	for (uint32_t i = 0; !rc && i < k->links.n_progs; i++)
		rc = cost_add(&k->tool.cost, k->links.progs[i]);
	return rc;
}

static void run(struct kernel *k)
{
	bool more;

	do {
		more = loop_wait(&k->tool.loop);
		if (!more) {
			k->n_missed = kernel_missed(&k->links);
			kernel_detach(&k->links);
		}
		kernel_show(k, !more);
	} while (more);
}

int trace_kernel_main(int argc, char **argv)
{
	struct kernel *k = xcalloc(1, sizeof(*k));
	struct error err;
	int code;

	k->ring_kib = RING_KIB;
	if (!tool_begin(&k->tool, &trace_kernel_spec, &output_spec, k, argc, argv, &code)) {
		free(k);
		return code;
	}
	if (start(k, &err))
		tool_fail(&k->tool, &err);
	else
		run(k);
	code = tool_end(&k->tool);
	kernel_detach(&k->links);
	kernel_bpf__destroy(k->bpf);
	kernel_show_end(k);
	kernel_targets_close(&k->targets);
	free(k);
	return code;
}
