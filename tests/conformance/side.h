/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct side: a place where a test can be loaded and run by bpf(2): the running kernel, or an engine.
 *
 * Each test gets maps of its own, made for it and closed after it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "table.h"
#include "tbl/uapi.h"

struct btf;
struct skep_engine;

enum { SIDE_LOG_BYTES = (1 << 24) - 1 };

struct side {
	const char *name;
	/* bpf(2) here: result or -errno. */
	long (*bpf)(struct side *side, int cmd, union bpf_attr *attr);
	struct skep_engine *engine; /* NULL: the kernel */
	const struct btf *vmlinux;  /* where kfuncs and attach targets are looked up; may be NULL */
	const struct table_btf *map_btf;
	uint32_t log_level;         /* besides 4, which is always on */
	uint32_t prog_flags_known;  /* of BPF_F_TEST_*: an older kernel knows fewer */
	char *log;                  /* of the last load, SIDE_LOG_BYTES */
	char failure[160];          /* what went wrong before the load, or "" */
};

/* 0, or -errno: -EPERM where bpf(2) is not allowed, -ENOSYS, … */
int side_open_kernel(struct side *side);
int side_open_engine(struct side *side, uint32_t caps, bool interpret);

/* The kernel's side of this process keeps CAP_BPF and CAP_NET_ADMIN only: no CAP_PERFMON, so pointers
 * must not leak and speculation is looked at. 0 or -errno. */
int side_drop_caps(void);
void side_close(struct side *side);

struct side_maps {
	int fds[TABLE_MAPS];
};

/*
 * Makes the maps, patches a copy of the instructions and loads them: the program's fd or -errno. With
 * failure[0] set it was not the program that was refused. maps is to be closed in any case.
 */
int side_load(struct side *side, const struct table_test *test, struct side_maps *maps);
void side_maps_close(struct side_maps *maps);

/* One BPF_PROG_TEST_RUN on TABLE_DATA_BYTES bytes of data. 0 or -errno. */
int side_run(struct side *side, int prog_fd, const void *data, uint32_t *retval);
