/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: lines of sysctl.d mean what systemd-sysctl makes of them, files are read in its order, and the
 * last assignment counts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "guard/sysctld.h"

static char *const keys[] = {
	(char *)"net/ipv4/conf/all/rp_filter",
	(char *)"net/ipv4/conf/default/rp_filter",
	(char *)"net/ipv4/conf/eth0.1/rp_filter",
	(char *)"net/ipv4/conf/lo/rp_filter",
	(char *)"vm/swappiness",
};

static void append(void *arg, const struct sysctld_setting *setting, const char *name)
{
	buffer_format(arg, "%s%s=%s@%u ", setting->ignores_failure ? "-" : "", name, setting->value,
		      setting->line);
}

/* What is written, in order. */
static void expect(struct sysctld *s, const char *wanted)
{
	struct buffer got = { 0 };

	sysctld_each(s, keys, sizeof(keys) / sizeof(keys[0]), append, &got);
	assert_string_equal(buffer_string(&got), wanted);
	buffer_deinit(&got);
}

static void lines_mean_what_systemd_makes_of_them(void **state)
{
	static const struct {
		const char *text, *wanted, *complaint;
	} rows[] = {
		{ "", "", "" },
		{ "# a=b\n ; a=b\n\n", "", "" },
		{ "vm.swappiness=1", "vm/swappiness=1@1 ", "" },
		{ " \tvm.swappiness \t=  1 2 \r\n", "vm/swappiness=1 2@1 ", "" },
		{ "vm/swappiness=a=b", "vm/swappiness=a=b@1 ", "" },
		{ "vm.swappiness=", "vm/swappiness=@1 ", "" },
		{ "-vm.swappiness=1", "-vm/swappiness=1@1 ", "" },
		{ "- vm.swappiness = 1", "-vm/swappiness=1@1 ", "" },
		{ "net.ipv4.conf.eth0/1.rp_filter=1", "net/ipv4/conf/eth0.1/rp_filter=1@1 ", "" },
		{ "net/ipv4/conf/eth0.1/rp_filter=1", "net/ipv4/conf/eth0.1/rp_filter=1@1 ", "" },
		{ "/vm//swappiness/=1", "vm/swappiness=1@1 ", "" },
		{ "vm.a = 1 # no comment", "vm/a=1 # no comment@1 ", "" },
		{ "junk\nvm.a=1", "vm/a=1@2 ", "f:1: 'junk' is no assignment, and is skipped\n" },
		{ "=1", "", "f:1: there is no key in front of '=', and the line is skipped\n" },
		/* the last counts, and is applied where it stands; the same again changes nothing */
		{ "vm.a=1\nvm.b=1\nvm.a=2", "vm/b=1@2 vm/a=2@3 ", "" },
		{ "vm.a=1\nvm.b=1\n-vm/a=1", "-vm/a=1@1 vm/b=1@2 ", "" },
		/* patterns: what is set by its own name, or kept away, they leave alone */
		{ "net.ipv4.conf.*.rp_filter=2\nnet.ipv4.conf.lo.rp_filter=0\n-net.ipv4.conf.all.rp_filter",
		  "net/ipv4/conf/default/rp_filter=2@1 net/ipv4/conf/eth0.1/rp_filter=2@1 "
		  "net/ipv4/conf/lo/rp_filter=0@2 ",
		  "" },
		{ "net.ipv4.conf.[dl]*.rp_filter=2",
		  "net/ipv4/conf/default/rp_filter=2@1 net/ipv4/conf/lo/rp_filter=2@1 ", "" },
		{ "vm.swap?iness=1", "vm/swappiness=1@1 ", "" },
		{ "net.ipv4.*.rp_filter=2", "", "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sysctld s = { 0 };

		sysctld_read_text(&s, "f", rows[i].text);
		expect(&s, rows[i].wanted);
		assert_string_equal(buffer_string(&s.complaints), rows[i].complaint);
		sysctld_deinit(&s);
	}
}

/* --- files, below a folder of its own */

static char root[sizeof(((struct temp_folder *)0)->path)];

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static int make_root(void **state)
{
	static const char *const folders[] = { "",
					       "/etc",
					       "/etc/sysctl.d",
					       "/run",
					       "/run/sysctl.d",
					       "/usr",
					       "/usr/lib",
					       "/usr/lib/sysctl.d",
					       "/usr/local",
					       "/usr/local/lib",
					       "/usr/local/lib/sysctl.d" };
	struct temp_folder tmp;
	struct error err;

	if (temp_folder_make(&tmp, &err))
		return -1;
	snprintf(root, sizeof(root), "%s", tmp.path);
	for (size_t i = 1; i < sizeof(folders) / sizeof(folders[0]); i++) {
		char *path = xformat("%s%s", root, folders[i]);

		if (mkdir(path, 0700))
			return -1;
		free(path);
	}
	return 0;
}

static int remove_root(void **state)
{
	return nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void put(const char *name, const char *text)
{
	char *path = xformat("%s%s", root, name);

	assert_int_equal(file_write_atomic(path, text, strlen(text)), 0);
	free(path);
}

static void link_to(const char *target, const char *name)
{
	char *path = xformat("%s%s", root, name);

	assert_int_equal(symlink(target, path), 0);
	free(path);
}

static void take_away(const char *name)
{
	char *path = xformat("%s%s", root, name);

	assert_int_equal(unlink(path), 0);
	free(path);
}

static void put_files(void)
{
	put("/usr/lib/sysctl.d/50-a.conf", "vm.a=usr-lib");
	put("/usr/local/lib/sysctl.d/40-b.conf", "vm.b=local");
	put("/usr/lib/sysctl.d/40-b.conf", "vm.hidden=1");
	put("/run/sysctl.d/60-c.conf", "vm.a=run");
	put("/usr/lib/sysctl.d/70-d.conf", "vm.masked=1");
	link_to("/dev/null", "/etc/sysctl.d/70-d.conf");
	put("/usr/lib/sysctl.d/80-e.conf", "vm.emptied=1");
	put("/run/sysctl.d/80-e.conf", "");
	put("/etc/sysctl.d/90-f.conf", "vm.f=etc");
	put("/etc/sysctl.d/README", "vm.readme=1");
	put("/etc/sysctl.d/.hidden.conf", "vm.dot=1");
	put("/etc/sysctl.conf", "vm.last=1");
}

static void one_file_stands_for_all_of_its_name(void **state)
{
	struct sysctld s;
	struct error err;

	put_files();
	assert_int_equal(sysctld_read(&s, root, &err), 0);
	expect(&s, "vm/b=local@1 vm/a=run@1 vm/f=etc@1 vm/last=1@1 ");
	sysctld_deinit(&s);
}

static void sysctl_conf_is_read_once(void **state)
{
	struct sysctld s;
	struct error err;

	put("/etc/sysctl.conf", "vm.a=1");
	put("/etc/sysctl.d/99-z.conf", "vm.a=2");
	link_to("../sysctl.conf", "/etc/sysctl.d/10-sysctl.conf");
	assert_int_equal(sysctld_read(&s, root, &err), 0);
	expect(&s, "vm/a=2@1 ");
	assert_int_equal(s.n_paths, 2);
	sysctld_deinit(&s);
}

/* The files as systemd itself lists them, where it is here. */
static void the_order_is_systemds(void **state)
{
	char *command = xformat(
		"systemd-analyze cat-config --root=%s sysctl.d --no-pager 2>/dev/null", root);
	struct buffer got = { 0 }, wanted = { 0 };
	struct sysctld s;
	struct error err;
	char line[512];
	FILE *systemd;

	put_files();
	take_away("/etc/sysctl.conf");	      /* is not systemd's */
	take_away("/etc/sysctl.d/70-d.conf"); /* which it lists, and finds nothing in */
	systemd = popen(command, "r");
	free(command);
	assert_non_null(systemd);
	while (fgets(line, sizeof(line), systemd))
		if (strncmp(line, "# /", 3) == 0)
			buffer_text(&wanted, line + 2);
	if (pclose(systemd) || !wanted.bytes) {
		print_message("SKIP: systemd-analyze cannot be asked here\n");
		skip();
	}
	assert_int_equal(sysctld_read(&s, root, &err), 0);
	for (uint32_t i = 0; i < s.n_paths; i++)
		buffer_format(&got, "%s\n", s.paths[i]);
	assert_string_equal(got.data, wanted.data);
	sysctld_deinit(&s);
	buffer_deinit(&got);
	buffer_deinit(&wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_mean_what_systemd_makes_of_them),
		cmocka_unit_test_setup_teardown(one_file_stands_for_all_of_its_name, make_root,
						remove_root),
		cmocka_unit_test_setup_teardown(sysctl_conf_is_read_once, make_root, remove_root),
		cmocka_unit_test_setup_teardown(the_order_is_systemds, make_root, remove_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
