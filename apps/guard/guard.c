/* SPDX-License-Identifier: BSD-2-Clause */
/* skep guard: one command, a table of subcommands. */
#include "guard/guard.h"

#include <stdio.h>

#include "nearest.h"
#include "subcommands.h"
#include "tool/tool.h"

static const struct subcommand rows[] = {
#define ROW(name) { &guard_##name##_spec, guard_##name##_main },
	GUARD_SUBCOMMANDS(ROW)
#undef ROW
};

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

static int unknown(const char *word);

static const struct subcommands table = {
	.command = "guard",
	.usage = guard_usage,
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.width = 8,
	.unknown = unknown,
};

static int unknown(const char *word)
{
	struct nearest best;

	nearest_begin(&best, word);
	for (uint32_t i = 0; i < table.n_rows; i++)
		nearest_add(&best, subcommand_name(&table, i));
	fprintf(stderr, "skep guard: there is no '%s'%s%s%s\nTry `skep guard --help`.\n", word,
		best.name ? "; did you mean '" : "", best.name ? best.name : "",
		best.name ? "'?" : "");
	return TOOL_FAILED;
}

int guard_main(int argc, char **argv)
{
	return subcommands_main(&table, argc, argv);
}
