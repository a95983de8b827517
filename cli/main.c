/* SPDX-License-Identifier: BSD-2-Clause */
/* skep: one tool, a table of commands. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "buffer.h"
#include "options.h"
#include "capture/capture.h"
#include "guard/guard.h"
#include "trace/trace.h"

static const struct command commands[] = {
	{ "run", "run a program on every packet of a capture, or at its hook", run_usage, run_main, true },
	{ "check", "verify every program of an object", check_usage, check_main },
	{ "dump", "show a program's instructions", dump_usage, dump_main },
	{ "doctor", "what this kernel and this user allow", doctor_usage, doctor_main },
	{ "capture", "capture packets, and say who sent them", capture_usage, capture_main },
	{ "trace", "look at what the running kernel and its processes do", trace_usage, trace_main, true },
	{ "guard", "keep sysctls from being tampered with", guard_usage, guard_main, true },
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int unknown_command(const char *name)
{
	const char *names[N_COMMANDS + 1];
	const char *meant;

	for (size_t i = 0; i < N_COMMANDS; i++)
		names[i] = commands[i].name;
	names[N_COMMANDS] = "help";
	meant = nearest(name, names, N_COMMANDS + 1);
	if (meant)
		complain("", "there is no command '%s'; did you mean '%s'?", name, meant);
	else
		complain("", "there is no command '%s'", name);
	return complain_usage("");
}

static void overview(struct buffer *out)
{
	buffer_text(out,
		    "Usage: skep COMMAND [ARGUMENT...]\n\n"
		    "eBPF in user space: check, run and measure programs without privilege; and tools\n"
		    "on the kernel's own.\n\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		buffer_format(out, "  skep %-8s %s\n", commands[i].name, commands[i].summary);
	buffer_format(out, "  skep %-8s %s\n", "help", "this, or `skep help COMMAND`");
	buffer_text(out, "\nExit codes: 0 done; 1 a difference or a rejection; 2 usage or input; "
			 "130 interrupted.\n");
}

/* `skep help trace x` is `skep trace x --help`. */
static int own_help(const struct command *command, char *what)
{
	char help_option[] = "--help", name[] = "";
	char *argv[] = { name, help_option, NULL, NULL };

	if (what) {
		argv[1] = what;
		argv[2] = help_option;
	}
	return command->main(what ? 3 : 2, argv);
}

static int help(int argc, char **argv)
{
	struct buffer out = { 0 };
	const struct command *command;
	int rc;

	if (argc > 1 && strcmp(argv[1], "help") != 0) {
		command = find_command(argv[1]);
		if (!command)
			return unknown_command(argv[1]);
		if (command->has_own_help)
			return own_help(command, argc > 2 ? argv[2] : NULL);
		return print_out("help", command->usage);
	}
	overview(&out);
	rc = print_out("help", out.data);
	buffer_deinit(&out);
	return rc;
}

int main(int argc, char **argv)
{
	const struct command *command;
	struct buffer out = { 0 };

	if (argc < 2) {
		overview(&out);
		fputs(out.data, stderr);
		buffer_deinit(&out);
		return EXIT_INPUT;
	}
	if (strcmp(argv[1], "--version") == 0)
		return print_out("", "skep " SKEP_VERSION "\n");
	if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
	    strcmp(argv[1], "-h") == 0)
		return help(argc - 1, argv + 1);
	command = find_command(argv[1]);
	if (!command)
		return unknown_command(argv[1]);
	if (!command->has_own_help && option_help(argc - 1, argv + 1))
		return print_out(command->name, command->usage);
	return command->main(argc - 1, argv + 1);
}
