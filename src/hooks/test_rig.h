/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of this room share: an engine, programs from text, devices that keep what they send. */
#pragma once

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fault.h"
#include "base/macros.h"
#include "hooks/dev.h"
#include "hooks/link.h"
#include "object/engine.h"
#include "object/fd.h"
#include "object/link.h"
#include "object/pkt.h"
#include "object/prog.h"
#include "skep/skep.h"
#include "syscall/test_text.h"
#include "tbl/uapi.h"

#define RIG_FRAMES_MAX 40

struct sent {
	uint32_t n;
	uint32_t bytes[RIG_FRAMES_MAX];
	uint8_t frame[RIG_FRAMES_MAX][128];
};

static struct skep_engine *rig;

static inline struct engine *rig_engine(void)
{
	return (struct engine *)rig;
}

static inline int rig_setup(void **state)
{
	struct skep_opts opts = { .size = sizeof(opts), .n_cpus = 4 };

	return fault_handlers_restore() ? -1 : skep_engine_new(&opts, &rig);
}

static inline int rig_teardown(void **state)
{
	skep_engine_free(rig);
	return 0;
}

/* An fd of the program, or -errno of loading it. */
static inline int rig_load(uint32_t type, const char *text)
{
	static char log[65536];
	union bpf_attr attr;
	int fd;

	text_attr(&attr, type, text, log, sizeof(log));
	fd = skep_bpf(rig, BPF_PROG_LOAD, &attr, sizeof(attr));
	text_attr_free(&attr);
	if (fd < 0)
		print_message("%d: %s", fd, log);
	return fd;
}

/* The program behind an fd of rig_load(), with a reference. */
static inline struct prog *rig_prog(uint32_t type, const char *text)
{
	int fd = rig_load(type, text);
	struct object *obj;

	assert_true(fd >= 0);
	assert_int_equal(object_fd_lookup(rig_engine(), fd, &obj, NULL), 0);
	close(fd);
	return prog_of(obj);
}

static inline void rig_put(struct prog *prog)
{
	object_put(&prog->obj);
}

static inline void rig_keep(struct netdev *dev, const uint8_t *frame, uint32_t bytes, void *arg)
{
	struct sent *sent = arg;
	uint32_t i = sent->n++;

	if (i >= RIG_FRAMES_MAX)
		return;
	sent->bytes[i] = bytes;
	memcpy(sent->frame[i], frame, MIN(bytes, sizeof(sent->frame[i])));
}

static inline struct netdev *rig_dev(const char *name, uint32_t ifindex, struct sent *sent)
{
	struct netdev *dev;

	memset(sent, 0, sizeof(*sent));
	assert_int_equal(hook_dev_add(rig_engine(), name, ifindex, rig_keep, sent, &dev), 0);
	return dev;
}
