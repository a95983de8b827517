/* SPDX-License-Identifier: BSD-2-Clause */
#include "attach/args.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "hook/perf_event.h"
#include "nearest.h"
#include "tool/options.h"

#define HZ_DEFAULT     49
#define RING_BYTES_MIN 4096
#define RING_BYTES_MAX (1u << 30)
#define OPTIONS_MAX    (ATTACH_SETTINGS_MAX + 40)

const char attach_usage[] =
	"Usage: skep run --attach PROG [PROGRAM-NAME...] [OPTION...]\n"
	"\n"
	"Compiles PROG when it is C (x.bpf.c), loads it into the kernel, and attaches each of its programs\n"
	"(or those named) to the hook its section names, until Ctrl-C. bpf_printk lines and ring-buffer\n"
	"records are shown as they come, maps at the end.\n"
	"\n"
	"      --dev IFACE        the network device, for xdp, tc and socket programs\n"
	"      --ingress          what comes in there\n"
	"      --egress           what goes out\n"
	"      --cgroup PATH      the folder of a cgroup (v2), for cgroup/... and sockops programs\n"
	"      --at TARGET        the target, where the section names none or another:\n"
	"                         GROUP/NAME of a tracepoint, PATH:FUNCTION of a uprobe, ...\n"
	"  -p, --pid PID          only this process, for uprobe, perf_event and iter/task programs\n"
	"      --hz N             how often a perf_event program runs (default 49 a second)\n"
	"      --map NAME         the object's map of sockets, for sk_skb and sk_msg programs\n"
	"      --netns PATH|PID   in this network namespace\n"
	"      --xdp MODE         native, generic, or any (default: native where the device can)\n"
	"      --tc               a tc filter, also where the kernel has tcx\n"
	"\n"
	"      --NAME VALUE, --set NAME=VALUE\n"
	"                         set a `const volatile` global before loading\n"
	"  -d, --duration SEC     end after this time\n"
	"  -i, --interval SEC     show maps (and read iterators) so often\n"
	"  -o, --output FORMAT    columns (default), json (one object a line), csv, or prom (numbers in\n"
	"                         maps and counts of records, at the end, for Prometheus)\n"
	"      --listen ADDR:PORT answer with those metrics over HTTP\n"
	"      --ring BYTES       of the ring that bpf_printk goes through (default 8 MiB)\n"
	"      --trace-pipe       bpf_printk by the kernel's trace pipe instead\n"
	"      --no-maps          do not show maps\n"
	"      --rows N           rows shown of each map in columns (default 40; 0: all)\n"
	"      --no-header        no line of titles\n"
	"  -v, --verbose          the whole log of a rejection, and what is attached where\n"
	"  -h, --help             this; with PROG its programs and globals as well\n"
	"\n"
	"Needs the capabilities CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN (as root). Nothing stays attached\n"
	"when the tool ends, however it ends (but see tc in the manual page).\n"
	"\n"
	"Exit codes: 0 done; 1 the verifier rejects it, or what it was attached to has vanished;\n"
	"2 usage or input; 130 interrupted twice.\n"
	"\n"
	"  skep run --attach examples/ttl.bpf.c --dev eth0 --ingress\n"
	"  skep run --attach examples/ttl.bpf.c --help\n";

enum {
	OPTION_ATTACH = 256,
	OPTION_DEV,
	OPTION_INGRESS,
	OPTION_EGRESS,
	OPTION_CGROUP,
	OPTION_AT,
	OPTION_HZ,
	OPTION_MAP,
	OPTION_NETNS,
	OPTION_XDP,
	OPTION_TC,
	OPTION_SET,
	OPTION_RING,
	OPTION_TRACE_PIPE,
	OPTION_NO_MAPS,
	OPTION_ROWS,
	OPTION_NO_HEADER,
	OPTION_ENGINE,
	OPTION_LISTEN,
	OPTION_GLOBAL /* and the globals behind it */
};

#define LETTERS "p:d:i:o:vh"

static const struct option own[] = {
	{ "attach", no_argument, NULL, OPTION_ATTACH },
	{ "dev", required_argument, NULL, OPTION_DEV },
	{ "ingress", no_argument, NULL, OPTION_INGRESS },
	{ "egress", no_argument, NULL, OPTION_EGRESS },
	{ "cgroup", required_argument, NULL, OPTION_CGROUP },
	{ "at", required_argument, NULL, OPTION_AT },
	{ "pid", required_argument, NULL, 'p' },
	{ "hz", required_argument, NULL, OPTION_HZ },
	{ "map", required_argument, NULL, OPTION_MAP },
	{ "netns", required_argument, NULL, OPTION_NETNS },
	{ "xdp", required_argument, NULL, OPTION_XDP },
	{ "tc", no_argument, NULL, OPTION_TC },
	{ "set", required_argument, NULL, OPTION_SET },
	{ "duration", required_argument, NULL, 'd' },
	{ "interval", required_argument, NULL, 'i' },
	{ "output", required_argument, NULL, 'o' },
	{ "listen", required_argument, NULL, OPTION_LISTEN },
	{ "ring", required_argument, NULL, OPTION_RING },
	{ "trace-pipe", no_argument, NULL, OPTION_TRACE_PIPE },
	{ "no-maps", no_argument, NULL, OPTION_NO_MAPS },
	{ "rows", required_argument, NULL, OPTION_ROWS },
	{ "no-header", no_argument, NULL, OPTION_NO_HEADER },
	{ "engine", required_argument, NULL, OPTION_ENGINE },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
};

#define N_OWN (sizeof(own) / sizeof(own[0]))

/* --- finding the program ------------------------------------------------------------------------------ */

static bool names_program(const char *word)
{
	size_t length = strlen(word);

	return length > 2 && word[length - 2] == '.' && strchr("co", word[length - 1]);
}

static const struct option *find_own(const char *name, size_t length)
{
	for (size_t i = 0; i < N_OWN; i++)
		if (strlen(own[i].name) == length && strncmp(own[i].name, name, length) == 0)
			return &own[i];
	return NULL;
}

/* How many arguments an option takes up, itself among them. */
static int option_width(const char *word, const char *next)
{
	const struct option *option;
	size_t length;

	if (word[1] != '-') {
		const char *letter = strchr(LETTERS, word[1]);

		return letter && letter[1] == ':' && !word[2] ? 2 : 1;
	}
	length = strcspn(word + 2, "=");
	option = find_own(word + 2, length);
	if (word[2 + length] == '=' || (option && !option->has_arg))
		return 1;
	/* A global that is true or false may stand alone. */
	return option || (next && !names_program(next) && next[0] != '-') ? 2 : 1;
}

const char *attach_args_path(int argc, char **argv)
{
	for (int i = 1; i < argc;) {
		if (argv[i][0] != '-' || !argv[i][1])
			return argv[i];
		i += option_width(argv[i], i + 1 < argc ? argv[i + 1] : NULL);
	}
	return NULL;
}

bool attach_args_have(int argc, char **argv, const char *option)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], option) == 0)
			return true;
	return false;
}

/* --- the program's globals as options ------------------------------------------------------------------- */

struct table {
	struct option options[OPTIONS_MAX];
	uint32_t n;
	char *names[ATTACH_SETTINGS_MAX]; /* of globals */
	uint32_t n_names;
};

static void add_global(void *arg, const char *name, const char *type, const char *value,
		       const char *help)
{
	struct table *t = arg;
	bool is_flag = strcmp(type, "_Bool") == 0 || strcmp(type, "bool") == 0;

	if (t->n_names == ATTACH_SETTINGS_MAX || find_own(name, strlen(name)))
		return;
	t->names[t->n_names] = xstrdup(name);
	t->options[t->n++] = (struct option){
		.name = t->names[t->n_names],
		.has_arg = is_flag ? optional_argument : required_argument,
		.val = OPTION_GLOBAL + (int)t->n_names,
	};
	t->n_names++;
}

static void table_make(struct table *t, const struct object *obj)
{
	memset(t, 0, sizeof(*t));
	memcpy(t->options, own, sizeof(own));
	t->n = N_OWN;
	object_list_settings(obj, add_global, t);
}

static void table_deinit(struct table *t)
{
	for (uint32_t i = 0; i < t->n_names; i++)
		free(t->names[i]);
}

/* --- reading ----------------------------------------------------------------------------------------------- */

static void add_setting(struct attach_args *args, char *setting)
{
	array_grow(args->settings, args->n_settings);
	args->settings[args->n_settings++] = setting;
}

/* A flag may have its value behind it, as other globals do: "--only_tcp false". */
static char *flag_value(int argc, char **argv)
{
	if (!optarg && optind < argc &&
	    (strcmp(argv[optind], "true") == 0 || strcmp(argv[optind], "false") == 0))
		return argv[optind++];
	return optarg ? optarg : (char *)"true";
}

static int take_number(const char *option, const char *text, uint64_t min, uint64_t max,
		       uint64_t *value, struct error *err)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	if (*text < '0' || *text > '9' || *end || errno || *value < min || *value > max)
		return error_set(err, -EINVAL, "%s '%s': it is a number from %llu to %llu", option,
				 text, (unsigned long long)min, (unsigned long long)max);
	return 0;
}

static int take_seconds(const char *option, const char *text, uint64_t *ns, struct error *err)
{
	return options_seconds_parse(text, ns)
		       ? error_set(err, -EINVAL, "%s '%s': it is a number of seconds, more than 0",
				   option, text)
		       : 0;
}

static int take_xdp(struct attach_args *args, const char *text, struct error *err)
{
	if (strcmp(text, "any") == 0)
		args->target.xdp = HOOK_XDP_ANY;
	else if (strcmp(text, "native") == 0)
		args->target.xdp = HOOK_XDP_NATIVE;
	else if (strcmp(text, "generic") == 0)
		args->target.xdp = HOOK_XDP_GENERIC;
	else
		return error_set(err, -EINVAL, "--xdp '%s': it is native, generic or any", text);
	return 0;
}

static int take_format(struct attach_args *args, const char *text, struct error *err)
{
	return output_format_parse(text, &args->format)
		       ? error_set(err, -EINVAL, "-o '%s': it is columns, json, csv or prom", text)
		       : 0;
}

static int take_direction(struct attach_args *args, enum hook_direction direction,
			  struct error *err)
{
	if (args->target.direction != HOOK_DIRECTION_NONE && args->target.direction != direction)
		return error_set(err, -EINVAL,
				 "--ingress and --egress: attach it twice, in two "
				 "instances");
	args->target.direction = direction;
	return 0;
}

static int take_target(struct attach_args *args, int option, char *text, struct error *err)
{
	uint64_t number;
	int rc;

	switch (option) {
	case OPTION_DEV:
		args->target.device = text;
		return 0;
	case OPTION_CGROUP:
		args->target.cgroup = text;
		return 0;
	case OPTION_AT:
		args->target.at = text;
		return 0;
	case OPTION_MAP:
		args->target.map = text;
		return 0;
	case OPTION_NETNS:
		args->netns = text;
		return 0;
	case OPTION_XDP:
		return take_xdp(args, text, err);
	case 'p':
		rc = take_number("--pid", text, 1, INT32_MAX, &number, err);
		args->target.pid = (pid_t)number;
		return rc;
	default:
		rc = take_number("--hz", text, 1, HOOK_HZ_MAX, &number, err);
		args->target.hz = (uint32_t)number;
		return rc;
	}
}

static int take_flag(struct attach_args *args, int option, struct error *err)
{
	switch (option) {
	case OPTION_INGRESS:
		return take_direction(args, HOOK_INGRESS, err);
	case OPTION_EGRESS:
		return take_direction(args, HOOK_EGRESS, err);
	case OPTION_TC:
		args->target.classic_tc = true;
		break;
	case OPTION_TRACE_PIPE:
		args->trace_pipe = true;
		break;
	case OPTION_NO_MAPS:
		args->no_maps = true;
		break;
	case OPTION_NO_HEADER:
		args->no_header = true;
		break;
	case 'v':
		args->verbose = true;
		break;
	case 'h':
		args->help = true;
		break;
	}
	return 0;
}

static int take_option(struct attach_args *args, int option, char *text, struct error *err)
{
	uint64_t number = 0;
	int rc;

	switch (option) {
	case OPTION_SET:
		add_setting(args, xstrdup(text));
		return 0;
	case 'd':
		return take_seconds("--duration", text, &args->duration_ns, err);
	case 'i':
		return take_seconds("--interval", text, &args->interval_ns, err);
	case 'o':
		return take_format(args, text, err);
	case OPTION_LISTEN:
		args->listen = text;
		return 0;
	case OPTION_RING:
		rc = take_number("--ring", text, RING_BYTES_MIN, RING_BYTES_MAX, &args->ring_bytes,
				 err);
		return rc;
	case OPTION_ROWS:
		rc = take_number("--rows", text, 0, UINT32_MAX, &number, err);
		args->rows = (uint32_t)number;
		return rc;
	case OPTION_ENGINE:
		return strcmp(text, "kernel") == 0
			       ? 0
			       : error_set(err, -EINVAL, "--engine %s: hooks are the kernel's",
					   text);
	default:
		return text ? take_target(args, option, text, err) : take_flag(args, option, err);
	}
}

static int refuse(const struct table *t, const char *word, int option, struct error *err)
{
	struct nearest best;

	if (option == ':')
		return error_set(err, -EINVAL, "%s needs a value behind it", word);
	if (strncmp(word, "--", 2) != 0)
		return error_set(err, -EINVAL, "there is no option %s", word);
	nearest_begin(&best, word + 2);
	for (uint32_t i = 0; i < t->n; i++)
		nearest_add(&best, t->options[i].name);
	return error_set(err, -EINVAL,
			 "there is no option %s, and the program has no such global%s%s%s", word,
			 best.name ? "; did you mean --" : "", best.name ? best.name : "",
			 best.name ? "?" : "");
}

static int take_operands(struct attach_args *args, int argc, char **argv, struct error *err)
{
	args->path = argv[optind];
	for (int i = optind + 1; i < argc; i++) {
		if (args->n_programs == ATTACH_PROGRAMS_MAX)
			return error_set(err, -E2BIG, "more than %d programs are named",
					 ATTACH_PROGRAMS_MAX);
		args->programs[args->n_programs++] = argv[i];
	}
	return 0;
}

static int parse(struct attach_args *args, const struct table *t, int argc, char **argv,
		 struct error *err)
{
	int option, rc;

	optind = 0;
	while ((option = getopt_long(argc, argv, ":" LETTERS, t->options, NULL)) != -1) {
		if (option == '?' || option == ':')
			return refuse(t, argv[optind - 1], option, err);
		if (option >= OPTION_GLOBAL) {
			const char *name = t->names[option - OPTION_GLOBAL];

			add_setting(args, xformat("%s=%s", name, flag_value(argc, argv)));
			continue;
		}
		rc = take_option(args, option, optarg, err);
		if (rc)
			return rc;
	}
	return take_operands(args, argc, argv, err);
}

int attach_args_parse(struct attach_args *args, int argc, char **argv, const struct object *obj,
		      struct error *err)
{
	struct table table;
	int rc;

	*args = (struct attach_args){ .rows = ATTACH_ROWS,
				      .target = { .hz = HZ_DEFAULT, .bpf = obj->bpf } };
	table_make(&table, obj);
	rc = parse(args, &table, argc, argv, err);
	table_deinit(&table);
	return rc;
}

void attach_args_deinit(struct attach_args *args)
{
	for (uint32_t i = 0; i < args->n_settings; i++)
		free(args->settings[i]);
	free(args->settings);
	*args = (struct attach_args){ 0 };
}
