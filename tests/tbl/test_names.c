/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: the print columns of the tables are the names libbpf, and so bpftool, print.
 *
 * Method: libbpf is asked for the name of every row; it may be older and not know one.
 */
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>

struct row {
	const char *table;
	int num;
	const char *print;
	const char *libbpf;
};

static int compare(const struct row *row, int *known)
{
	if (!row->libbpf)
		return 0;
	++*known;
	if (strcmp(row->print, row->libbpf) == 0)
		return 0;
	printf("%s %d: ours is %s, libbpf's %s\n", row->table, row->num, row->print, row->libbpf);
	return 1;
}

#define ROW(table, kind, num, print)                                                               \
	failed += compare(&(struct row){ table, num, print, libbpf_bpf_##kind##_str(num) }, &known);
#define MAPTYPE(num, name, print, ...)	   ROW("map_types.h", map_type, num, print)
#define PROG_TYPE(num, name, print, ...)   ROW("prog_types.h", prog_type, num, print)
#define ATTACH_TYPE(num, name, print, ...) ROW("attach_types.h", attach_type, num, print)
#define LINK_TYPE(num, name, print, ...)   ROW("link_types.h", link_type, num, print)

int main(void)
{
	int failed = 0;
	int known = 0;

#include "tbl/attach_types.h"
#include "tbl/link_types.h"
#include "tbl/map_types.h"
#include "tbl/prog_types.h"

	printf("%d names known to libbpf %s\n", known, libbpf_version_string());
	/* libbpf 1.1 knows this many. */
	return failed != 0 || known < 100;
}
