/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * skep doctor: what this kernel and this user allow, why not where they do not, and what it means for
 * each tool.
 */
#include "doctor.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "engine.h"
#include "options.h"
#include "tools.h"

#define NAME	   "doctor"
#define WORD_BYTES 128

const char doctor_usage[] =
	"Usage: skep doctor [TOOL] [OPTION...]\n"
	"\n"
	"Shows what this kernel allows this user: each ability is tried, not looked up by version.\n"
	"With TOOL (`skep doctor run`), shows the ways that tool has of doing its work, and which\n"
	"one it takes here.\n"
	"\n"
	"  -o, --output FORMAT    columns (default) or json\n"
	"  -v, --verbose          every type of program and map, and the helpers of each type\n"
	"      --quick            attach nothing: load only\n"
	"      --engine ENGINE    whose abilities: kernel (default) or user\n"
	"\n"
	"What is attached is attached in a network namespace or cgroup made for it, or to this\n"
	"process's own system calls, for some milliseconds.\n"
	"\n"
	"Exit codes: 0 every tool (or TOOL) has a way of working here; 1 one has none (what `run\n"
	"--attach` can attach is told and not counted, unless TOOL names it); 2 usage.\n";

enum {
	OPTION_QUICK = OPTION_OWN,
	OPTION_ATTACH,
};

static const struct option long_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "attach", no_argument, NULL, OPTION_ATTACH }, /* a word of tools' names */
	{ "quick", no_argument, NULL, OPTION_QUICK },
	{ "engine", required_argument, NULL, OPTION_ENGINE },
	{ 0 },
};

struct arguments {
	struct doctor doctor;
	bool json, attach;
	char chosen[WORD_BYTES];
};

const struct ability_answer *doctor_ask(const struct doctor *d, enum ability a)
{
	return d->quick ? ability_ask(a) : ability_try(a);
}

/* What hangs on the machine's own files says nothing about the engine in this process. */
bool doctor_shows(const struct doctor *d, enum ability a)
{
	static const enum ability engines[] = { ABILITY_BPF_SYSCALL, ABILITY_JIT, ABILITY_STATS };
	static const enum ability machines[] = { ABILITY_TRACEPOINT, ABILITY_KPROBE, ABILITY_UPROBE,
						 ABILITY_PERF_CLOCK, ABILITY_PERF_CYCLES };

	if (!d->user_engine)
		return true;
	for (uint32_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		if (a == engines[i])
			return true;
	for (uint32_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (a == machines[i])
			return false;
	return ability_group_of(a) >= ABILITY_GROUP_PROGRAM;
}

/* "trace" means every "trace ...", but "run" not "run --attach". */
bool doctor_shows_tool(const struct doctor *d, const struct ability_tool *tool)
{
	size_t n = d->chosen ? strlen(d->chosen) : 0;

	return !n || (strncmp(tool->name, d->chosen, n) == 0 &&
		      (!tool->name[n] || (tool->name[n] == ' ' && tool->name[n + 1] != '-')));
}

static bool read_option(struct arguments *args, int option)
{
	enum engine_choice choice;

	switch (option) {
	case 'o':
		args->json = strcmp(optarg, "json") == 0;
		if (args->json || strcmp(optarg, "columns") == 0)
			return true;
		complain(NAME, "--output '%s': it is columns or json", optarg);
		return false;
	case 'v':
		args->doctor.verbose = true;
		return true;
	case OPTION_ATTACH:
		args->attach = true;
		return true;
	case OPTION_QUICK:
		args->doctor.quick = true;
		return true;
	case OPTION_ENGINE:
		if (!option_engine(NAME, optarg, false, &choice))
			return false;
		args->doctor.user_engine = choice == CHOICE_USER;
		return true;
	default:
		complain_usage(NAME);
		return false;
	}
}

/* One more word of a tool's name: false when there is no room. */
static bool add_word(struct arguments *args, const char *word)
{
	size_t used = strlen(args->chosen);
	int n = snprintf(args->chosen + used, sizeof(args->chosen) - used, "%s%s", used ? " " : "",
			 word);

	return n < (int)(sizeof(args->chosen) - used);
}

/* The words of a tool's name are arguments of their own; "run --attach xdp" is one, too. */
static bool read_tool(struct arguments *args, char **words)
{
	const char *names[64];
	const char *meant;
	uint32_t n = 0;
	bool fits = true;

	for (; *words && fits; words++) {
		fits = add_word(args, *words);
		if (fits && args->attach && strcmp(args->chosen, "run") == 0)
			fits = add_word(args, "--attach");
	}
	if (!fits) {
		complain(NAME, "there is no tool of so long a name");
		return false;
	}
	if (!*args->chosen)
		return true;
	args->doctor.chosen = args->chosen;
	for (; tools[n] && n < sizeof(names) / sizeof(names[0]); n++) {
		if (doctor_shows_tool(&args->doctor, tools[n]))
			return true;
		names[n] = tools[n]->name;
	}
	meant = nearest(args->chosen, names, n);
	complain(NAME, "there is no tool '%s'%s%s%s", args->chosen,
		 meant ? "; did you mean '" : "; `skep doctor` lists them all", meant ? meant : "",
		 meant ? "'?" : "");
	return false;
}

static bool read_arguments(struct arguments *args, int argc, char **argv)
{
	int option;

	optind = 1;
	argv[0] = (char *)"skep doctor"; /* getopt begins its sentences with it */
	while ((option = getopt_long(argc, argv, "o:v", long_options, NULL)) != -1)
		if (!read_option(args, option))
			return false;
	return read_tool(args, argv + optind);
}

/* One of the things a tool can do counts when it was asked about. */
static bool counts(const struct doctor *d, const struct ability_tool *tool)
{
	return !tool->optional || (d->chosen && strcmp(tool->name, d->chosen) == 0);
}

/* Each tool tries its ways: exit code. */
static int judge(const struct doctor *d)
{
	struct error err;
	int code = EXIT_DONE;

	for (uint32_t i = 0; !d->user_engine && tools[i]; i++)
		if (doctor_shows_tool(d, tools[i]) && counts(d, tools[i]) &&
		    ability_choose(tools[i], NULL, &err) < 0)
			code = EXIT_DIFFERENCE;
	return code;
}

static int tell(const struct arguments *args)
{
	const struct doctor *d = &args->doctor;
	struct buffer out = { 0 };
	int code;

	if (args->json)
		doctor_json(d, &out);
	else if (!d->chosen)
		doctor_table(d, &out);
	for (uint32_t i = 0; !args->json && d->chosen && tools[i]; i++)
		if (doctor_shows_tool(d, tools[i]))
			doctor_explain(d, tools[i], &out);
	code = print_out(NAME, buffer_string(&out));
	buffer_deinit(&out);
	return code == EXIT_DONE ? judge(d) : code;
}

int doctor_main(int argc, char **argv)
{
	struct arguments args = { 0 };
	struct engine_setup setup = { .kind = ENGINE_USER, .clock = ENGINE_CLOCK_REAL };
	struct error err;
	int code;

	if (!read_arguments(&args, argc, argv))
		return EXIT_INPUT;
	if (args.doctor.user_engine && args.doctor.chosen)
		return complain(NAME,
				"--engine user: tools use the kernel's hooks; leave TOOL out");
	if (args.doctor.user_engine && engine_enter(&setup, &err))
		return complain(NAME, "%s", err.text);
	code = tell(&args);
	if (args.doctor.user_engine)
		engine_leave();
	return code;
}
