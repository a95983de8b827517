/* SPDX-License-Identifier: BSD-2-Clause */
/* skep guard: one command, a table of subcommands. */
#include "guard/guard.h"

#include <stdio.h>
#include <string.h>

#include "nearest.h"
#include "tool/tool.h"

static const struct {
	const struct tool_spec *spec; /* its command is "guard NAME" */
	int (*main)(int argc, char **argv);
} subcommands[] = {
#define ROW(name) { &guard_##name##_spec, guard_##name##_main },
	GUARD_SUBCOMMANDS(ROW)
#undef ROW
};

#define N_SUBCOMMANDS (sizeof(subcommands) / sizeof(subcommands[0]))

const char guard_usage[] =
	"Usage: skep guard WHAT [OPTION...] [RULE...]\n\n"
	"Keep sysctls from being tampered with, by rules of one line:\n\n"
	"  deny net.ipv4.ip_forward write except comm=NetworkManager\n"
	"  pin vm.swappiness 10\n"
	"  audit kernel.*\n"
	"  allow net.ipv4.conf.docker0.* if container=web and uid=0\n\n"
	"The first allow, deny or pin that applies decides; audit logs and goes on. Rules come from\n"
	"/etc/skep/guard.d/*.conf, from -f FILE, or from the command line. `skep guard WHAT --help`\n"
	"says more.\n";

const struct ability_tool guard_ability = {
	.name = "guard",
	.does = "keep sysctls from being tampered with",
	.needs = { ABILITY_BPF_SYSCALL, ABILITY_CAP_BPF, ABILITY_CAP_NET_ADMIN, ABILITY_CGROUP2 },
	.hooks = { { "cgroup/sysctl", { ABILITY_CGROUP_SYSCTL, ABILITY_RINGBUF } } },
};

static const char *name_of(size_t i)
{
	return subcommands[i].spec->command + strlen("guard ");
}

static void overview(FILE *stream)
{
	fputs(guard_usage, stream);
	fputs("\n", stream);
	for (size_t i = 0; i < N_SUBCOMMANDS; i++)
		fprintf(stream, "  skep guard %-8s %s\n", name_of(i), subcommands[i].spec->summary);
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int unknown(const char *word)
{
	struct nearest best;

	nearest_begin(&best, word);
	for (size_t i = 0; i < N_SUBCOMMANDS; i++)
		nearest_add(&best, name_of(i));
	fprintf(stderr, "skep guard: there is no '%s'%s%s%s\nTry `skep guard --help`.\n", word,
		best.name ? "; did you mean '" : "", best.name ? best.name : "",
		best.name ? "'?" : "");
	return TOOL_FAILED;
}

int guard_main(int argc, char **argv)
{
	if (argc < 2) {
		overview(stderr);
		return TOOL_FAILED;
	}
	if (is_help(argv[1])) {
		overview(stdout);
		return TOOL_DONE;
	}
	for (size_t i = 0; i < N_SUBCOMMANDS; i++)
		if (strcmp(name_of(i), argv[1]) == 0)
			return subcommands[i].main(argc - 1, argv + 1);
	return unknown(argv[1]);
}
