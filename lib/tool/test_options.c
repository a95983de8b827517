/* SPDX-License-Identifier: BSD-2-Clause */
/* The common options and a tool's own, good and bad; and what the filter makes of them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tool/filter.h"
#include "tool/options.h"
#include "tool/tracepoint.h"

struct self {
	bool latency;
	uint64_t top, least_ns;
	const char *by;
};

static const struct tool_option own[] = {
	{ 'L', "latency", NULL, "time as well", OPTION_FLAG, offsetof(struct self, latency) },
	{ 'n', "top", "NUMBER", "rows", OPTION_NUMBER, offsetof(struct self, top), 1, 100 },
	{ 'u', "under", "SECONDS", "hides -u", OPTION_SECONDS, offsetof(struct self, least_ns) },
	{ 0, "by", "KEYS", "keys", OPTION_TEXT, offsetof(struct self, by) },
};

static struct tool_spec spec = {
	.command = "trace x", .summary = "look at x", .flags = TOOL_INTERVAL, .options = own, .n_options = 4,
};

#define ARGC_MAX 32

static int parse(const char *line, struct self *self, struct tool_options *options, struct error *err)
{
	/* What was read points into them. */
	static char text[256], name[] = "x", *argv[ARGC_MAX];
	int argc = 1;
	char *save;

	memset(argv, 0, sizeof(argv));
	argv[0] = name;
	snprintf(text, sizeof(text), "%s", line);
	for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	memset(self, 0, sizeof(*self));
	return options_parse(&spec, self, argc, argv, options, err);
}

static void common_and_own_options_are_read(void **state)
{
	struct tool_options options;
	struct error err;
	struct self self;

	(void)state;
	assert_int_equal(parse("-p 12 --tid 13 -c nginx -d 1.5 -o json -T -v -L --top 5 --by a,b -u 0.001 2 3",
			       &self, &options, &err),
			 0);
	assert_int_equal(options.filter.pid, 12);
	assert_int_equal(options.filter.tid, 13);
	assert_string_equal(options.filter.comm, "nginx");
	assert_false(options.filter.has_uid);
	assert_true(options.duration_ns == 1500000000);
	assert_true(options.interval_ns == 2000000000 && options.count == 3);
	assert_int_equal(options.format, OUTPUT_JSON);
	assert_true(options.timestamps && options.verbose && self.latency);
	assert_true(self.top == 5 && self.least_ns == 1000000);
	assert_string_equal(self.by, "a,b");
	assert_int_equal(parse("--uid 7", &self, &options, &err), 0);
	assert_true(options.filter.has_uid && options.filter.uid == 7);
	assert_int_equal(parse("-h", &self, &options, &err), 1);
	assert_int_equal(parse("--no-h -C", &self, &options, &err), 0); /* an abbreviation */
	assert_true(options.no_header && options.containers);
}

static void bad_options_get_a_sentence(void **state)
{
	static const char *const lines[][2] = {
		{ "-p", "-p needs PID" },	   { "--pid", "--pid needs PID" },
		{ "-p 0", "'0'" },		   { "-p -4", "'-4'" },
		{ "-p 99999999999", "'99999999999'" }, { "--top 101", "'101'" },
		{ "-d 0", "'0'" },		   { "-d x", "'x'" },
		{ "-d 1e99", "'1e99'" },	   { "-d nan", "'nan'" },
		{ "--latency=3", "takes no argument" }, { "--bogus", "no option --bogus" },
		{ "-Z", "no option -Z" },	   { "1 2 3", "'3'" },
		{ "x", "'x'" },			   { "1 x", "'x'" },
		{ "-o xml", "'xml'" },		   { "--engine both", "'both'" },
		{ "--engine user", "kernel" },	   { "-c 1234567890123456", "longer" },
		{ "--count 3", "interval" },	   { "-- ls", "no command" },
		{ "-u 0", "'0'" },
	};
	struct tool_options options;
	struct error err;
	struct self self;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (parse(lines[i][0], &self, &options, &err) >= 0)
			fail_msg("'%s' is taken", lines[i][0]);
		if (!strstr(err.text, lines[i][1]))
			fail_msg("'%s': %s", lines[i][0], err.text);
	}
}

static void operands_and_commands_are_left_to_the_tool(void **state)
{
	struct tool_options options;
	struct error err;
	struct self self;

	(void)state;
	spec.flags = TOOL_OPERANDS | TOOL_COMMAND;
	assert_int_equal(parse("libc:malloc -i 2 libc:free -- ls -l", &self, &options, &err), 0);
	assert_int_equal(options.n_operands, 2);
	assert_string_equal(options.operands[0], "libc:malloc");
	assert_string_equal(options.operands[1], "libc:free");
	assert_true(options.interval_ns == 2000000000);
	assert_string_equal(options.command[0], "ls");
	assert_string_equal(options.command[1], "-l");
	assert_true(parse("--", &self, &options, &err) < 0);
	spec.flags = 0;
	assert_true(parse("1", &self, &options, &err) < 0);
	spec.flags = TOOL_INTERVAL;
}

static void usage_lists_every_option_once(void **state)
{
	struct buffer out = { 0 };

	(void)state;
	options_usage(&spec, &out);
	assert_non_null(strstr(out.data, "Usage: skep trace x [OPTION...] [INTERVAL [COUNT]]\n"));
	assert_non_null(strstr(out.data, "  -u, --under SECONDS"));
	assert_non_null(strstr(out.data, "      --uid USER"));
	assert_non_null(strstr(out.data, "  -p, --pid PID"));
	assert_non_null(strstr(out.data, "\nLook at x.\n"));
	buffer_deinit(&out);
}

static void settings_say_what_was_asked_for(void **state)
{
	struct filter filter = { .pid = (uint32_t)getpid(), .comm = "fifteen-letters" };
	struct filter_settings settings;
	struct error err;

	(void)state;
	assert_int_equal(filter_settings_make(&filter, &settings, &err), 0);
	assert_int_equal(settings.tgid, getpid());
	assert_memory_equal(settings.comm, "fifteen-letters\0", FILTER_COMM_BYTES);
	assert_int_equal(settings.has_cgroup, 0);
	assert_int_equal(settings.netns_inode, 0);
	filter = (struct filter){ 0 };
	assert_int_equal(filter_settings_make(&filter, &settings, &err), 0);
	assert_int_equal(settings.own_tgid, getpid());
	assert_int_equal(settings.any, 1);
	settings.own_tgid = 0;
	filter_settings_seal(&settings);
	assert_int_equal(settings.any, 0);
	/* Above PID_MAX_LIMIT. */
	filter = (struct filter){ .pid = 4194305 };
	assert_int_equal(filter_settings_make(&filter, &settings, &err), -ESRCH);
	filter = (struct filter){ .tid = 4194305 };
	assert_int_equal(filter_settings_make(&filter, &settings, &err), -ESRCH);
	filter = (struct filter){ .netns = "/proc/self/ns/mnt" };
	assert_true(filter_settings_make(&filter, &settings, &err) < 0);
	filter = (struct filter){ .netns = "/no/such" };
	assert_int_equal(filter_settings_make(&filter, &settings, &err), -ENOENT);
	filter = (struct filter){ .cgroup = "/", .container = "x" };
	assert_int_equal(filter_settings_make(&filter, &settings, &err), -EINVAL);
}

static void users_are_names_or_numbers(void **state)
{
	struct error err;
	uint32_t uid = 99;

	(void)state;
	assert_int_equal(filter_user_parse("root", &uid, &err), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(filter_user_parse("4294967294", &uid, &err), 0);
	assert_true(uid == 4294967294u);
	assert_true(filter_user_parse("4294967295", &uid, &err) < 0); /* (uid_t)-1 is no user */
	assert_true(filter_user_parse("", &uid, &err) < 0);
	assert_true(filter_user_parse("-1", &uid, &err) < 0);
	assert_true(filter_user_parse("no such user", &uid, &err) < 0);
}

static void formats_of_tracepoints_are_compared(void **state)
{
	static const char format[] = "name: x\nID: 7\nformat:\n"
				     "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
				     "\tfield:const char * filename;\toffset:24;\tsize:8;\tsigned:0;\n"
				     "\tfield:__u8 saddr_v6[16];\toffset:40;\tsize:16;\tsigned:0;\n"
				     "\tfield:__data_loc char[] path;\toffset:56;\tsize:4;\tsigned:0;\n";
	struct tracepoint_field good[] = { { "common_pid", 4, 4 }, { "filename", 24, 8 },
					   { "saddr_v6", 40, 16 }, { "path", 56, 4 } };
	struct tracepoint_field bad[] = { { "path", 56, 4 }, { "filename", 16, 8 } };
	struct tracepoint_field none[] = { { "name", 24, 8 } };
	uint32_t which = 9;

	(void)state;
	assert_int_equal(tracepoint_check_text(format, good, 4, &which), 0);
	assert_int_equal(tracepoint_check_text(format, bad, 2, &which), -ENOTSUP);
	assert_int_equal(which, 1);
	assert_int_equal(tracepoint_check_text(format, none, 1, &which), -ENOTSUP);
	assert_int_equal(tracepoint_check_text("", good, 1, &which), -ENOTSUP);
	assert_int_equal(tracepoint_check_text("field:;\nfield:]; offset", good, 1, &which), -ENOTSUP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(common_and_own_options_are_read),
		cmocka_unit_test(bad_options_get_a_sentence),
		cmocka_unit_test(operands_and_commands_are_left_to_the_tool),
		cmocka_unit_test(usage_lists_every_option_once),
		cmocka_unit_test(settings_say_what_was_asked_for),
		cmocka_unit_test(users_are_names_or_numbers),
		cmocka_unit_test(formats_of_tracepoints_are_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
