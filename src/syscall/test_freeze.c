/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: a map is not frozen, nor are the constants of a frozen one believed, while a command of
 * another thread is writing to it. Method: a caller that stops in the middle of the command, where it
 * reads the client's key, until the test lets it go on.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fault.h"
#include "base/macros.h"
#include "object/engine.h"
#include "object/fd.h"
#include "object/map.h"
#include "seam/caller.h"
#include "seam/copy.h"
#include "skep/skep.h"
#include "syscall/bpf.h"
#include "syscall/test_text.h"

static struct skep_engine *engine;
static struct seam_caller slow;
static struct caller_ops slow_ops;
static const struct caller_ops *fast_ops;
static sem_t stopped, go_on;
static uint32_t key;

/* The key is read after the map was looked up and before anything is written. */
static int slow_in(struct caller *caller, void *dst, uint64_t src, size_t bytes)
{
	if (src == (uintptr_t)&key) {
		sem_post(&stopped);
		sem_wait(&go_on);
	}
	return fast_ops->copy_in(caller, dst, src, bytes);
}

static int setup(void **state)
{
	if (seam_copy_init() || skep_engine_new(NULL, &engine))
		return -1;
	sem_init(&stopped, 0, 0);
	sem_init(&go_on, 0, 0);
	return 0;
}

static int teardown(void **state)
{
	skep_engine_free(engine);
	sem_destroy(&stopped);
	sem_destroy(&go_on);
	return 0;
}

static int bpf(int cmd, union bpf_attr *attr)
{
	return skep_bpf(engine, cmd, attr, sizeof(*attr));
}

static int map_new(uint32_t type)
{
	union bpf_attr attr = { .map_type = type, .key_size = 4, .value_size = 8, .max_entries = 1,
				.map_flags = type == BPF_MAP_TYPE_ARRAY ? BPF_F_RDONLY_PROG : 0 };
	int fd = bpf(BPF_MAP_CREATE, &attr);

	assert_true(fd >= 0);
	return fd;
}

static int freeze(int map)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map;
	return bpf(BPF_MAP_FREEZE, &attr);
}

/* --- a command that takes its time ---------------------------------------------------------------- */

struct command {
	int cmd;
	union bpf_attr attr;
	int ret;
};

static void *give_command(void *arg)
{
	struct command *c = arg;

	c->ret = syscall_bpf(&slow.caller, c->cmd, (uintptr_t)&c->attr, sizeof(c->attr));
	return NULL;
}

static pthread_t begin(struct command *c, int cmd, int map, void *value)
{
	static uint32_t batch_key;
	pthread_t thread;

	memset(c, 0, sizeof(*c));
	c->cmd = cmd;
	if (cmd == BPF_MAP_UPDATE_BATCH || cmd == BPF_MAP_DELETE_BATCH) {
		c->attr.batch.map_fd = (uint32_t)map;
		c->attr.batch.keys = (uintptr_t)&key;
		c->attr.batch.values = (uintptr_t)value;
		c->attr.batch.count = 1;
	} else if (cmd == BPF_MAP_LOOKUP_AND_DELETE_BATCH) {
		c->attr.batch.map_fd = (uint32_t)map;
		c->attr.batch.in_batch = (uintptr_t)&key;
		c->attr.batch.out_batch = c->attr.batch.keys = (uintptr_t)&batch_key;
		c->attr.batch.values = (uintptr_t)value;
		c->attr.batch.count = 1;
	} else {
		c->attr.map_fd = (uint32_t)map;
		c->attr.key = (uintptr_t)&key;
		c->attr.value = cmd == BPF_MAP_DELETE_ELEM ? 0 : (uintptr_t)value;
	}
	seam_caller_init(&slow, (struct engine *)engine);
	fast_ops = slow.caller.ops;
	slow_ops = *fast_ops;
	slow_ops.copy_in = slow_in;
	slow.caller.ops = &slow_ops;
	assert_int_equal(pthread_create(&thread, NULL, give_command, c), 0);
	sem_wait(&stopped);
	return thread;
}

static int finish(pthread_t thread, const struct command *c)
{
	sem_post(&go_on);
	pthread_join(thread, NULL);
	seam_caller_deinit(&slow);
	return c->ret;
}

static void a_map_being_written_is_not_frozen(void **state)
{
	static const int cmds[] = { BPF_MAP_UPDATE_ELEM, BPF_MAP_DELETE_ELEM,
				    BPF_MAP_LOOKUP_AND_DELETE_ELEM, BPF_MAP_UPDATE_BATCH,
				    BPF_MAP_DELETE_BATCH, BPF_MAP_LOOKUP_AND_DELETE_BATCH };

	for (size_t i = 0; i < ARRAY_SIZE(cmds); i++) {
		int map = map_new(BPF_MAP_TYPE_HASH);
		uint64_t value = 5;
		struct command c;
		pthread_t thread = begin(&c, cmds[i], map, &value);

		assert_int_equal(freeze(map), -EBUSY);
		finish(thread, &c);
		assert_int_equal(freeze(map), 0);
		assert_int_equal(freeze(map), -EPERM);
		close(map);
	}
}

static void reading_does_not_hinder_freezing(void **state)
{
	int map = map_new(BPF_MAP_TYPE_HASH);
	uint64_t value = 0;
	struct command c;
	pthread_t thread = begin(&c, BPF_MAP_LOOKUP_ELEM, map, &value);

	assert_int_equal(freeze(map), 0);
	assert_int_equal(finish(thread, &c), -ENOENT);
	close(map);
}

/* Loads a value and uses it as an offset on the stack that only the constant -8 makes right. */
static int load_believer(int map)
{
	char text[512];
	union bpf_attr attr;
	int fd;

	snprintf(text, sizeof(text),
		 "r1 = map[fd:%d][0]+0\n"
		 "r2 = *(u64 *)(r1 +0)\n"
		 "r3 = r10\n"
		 "r3 += r2\n"
		 "*(u64 *)(r3 +0) = 0\n"
		 "r0 = 2\n"
		 "exit\n",
		 map);
	text_attr(&attr, BPF_PROG_TYPE_XDP, text, NULL, 0);
	fd = bpf(BPF_PROG_LOAD, &attr);
	text_attr_free(&attr);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static void constants_are_believed_when_nobody_writes(void **state)
{
	int map = map_new(BPF_MAP_TYPE_ARRAY);
	struct object *obj;
	uint64_t value = (uint64_t)-8;
	struct command c;
	pthread_t thread = begin(&c, BPF_MAP_UPDATE_ELEM, map, &value);

	/* A freeze that came between this command's look at the map and its first step. */
	assert_int_equal(object_fd_lookup((struct engine *)engine, map, &obj, NULL), 0);
	atomic_store(&map_of(obj)->frozen, true);
	assert_int_equal(load_believer(map), -EINVAL);
	assert_int_equal(finish(thread, &c), 0);
	assert_int_equal(load_believer(map), 0);
	object_put(obj);
	close(map);
}

static void what_fails_is_not_counted_for_ever(void **state)
{
	int map = map_new(BPF_MAP_TYPE_ARRAY);
	uint64_t value = 8;
	union bpf_attr attr;

	assert_int_equal(fault_handlers_restore(), 0);
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map;
	attr.key = 1;
	attr.value = (uintptr_t)&value;
	assert_int_equal(bpf(BPF_MAP_UPDATE_ELEM, &attr), -EFAULT);
	attr.key = (uintptr_t)&key;
	attr.flags = BPF_NOEXIST;
	assert_int_equal(bpf(BPF_MAP_UPDATE_ELEM, &attr), -EEXIST);
	attr.flags = BPF_F_LOCK;
	assert_int_equal(bpf(BPF_MAP_UPDATE_ELEM, &attr), -EINVAL);
	assert_int_equal(freeze(map), 0);
	attr.flags = 0;
	assert_int_equal(bpf(BPF_MAP_UPDATE_ELEM, &attr), -EPERM);
	close(map);
}

static void a_forked_child_has_no_writers(void **state)
{
	int map = map_new(BPF_MAP_TYPE_HASH), status;
	uint64_t value = 8;
	struct command c;
	pthread_t thread = begin(&c, BPF_MAP_UPDATE_ELEM, map, &value);
	pid_t pid = fork();

	if (!pid)
		_exit(freeze(map) != 0);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	finish(thread, &c);
	close(map);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_map_being_written_is_not_frozen),
		TEST(reading_does_not_hinder_freezing),
		TEST(constants_are_believed_when_nobody_writes),
		TEST(what_fails_is_not_counted_for_ever),
		TEST(a_forked_child_has_no_writers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
