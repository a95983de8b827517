/* SPDX-License-Identifier: BSD-2-Clause */
/* Goal: a pin is an ordinary file: made beneath declared directories, ended by rm, moved by mv. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "object/engine.h"
#include "object/fd.h"
#include "object/object.h"
#include "object/pin.h"

static int freed;

static void thing_free(struct object *obj)
{
	freed++;
	free(obj);
}

static const struct object_ops thing_ops = { .fd_name = "bpf-map", .free = thing_free };

static struct engine engine;
static char dir[64], a[128], b[128], outside[128];
static struct object *thing;

static int setup(void **state)
{
	freed = 0;
	memset(&engine, 0, sizeof(engine));
	strcpy(dir, "/tmp/skep-pin-XXXXXX");
	if (engine_init(&engine) || !mkdtemp(dir))
		return -1;
	snprintf(a, sizeof(a), "%s/in", dir);
	mkdir(a, 0700);
	if (pin_dir_add(&engine, a))
		return -1;
	snprintf(a, sizeof(a), "%s/in/a", dir);
	snprintf(b, sizeof(b), "%s/in/b", dir);
	snprintf(outside, sizeof(outside), "%s/outside", dir);
	thing = calloc(1, sizeof(*thing));
	object_init(thing, &engine, OBJECT_MAP, &thing_ops);
	return 0;
}

static int teardown(void **state)
{
	engine_drop_users(&engine);
	engine_deinit(&engine);
	unlink(a);
	unlink(b);
	unlink(outside);
	snprintf(a, sizeof(a), "%s/in", dir);
	rmdir(a);
	return rmdir(dir) || freed != 1;
}

static void pin_holds_until_the_file_is_removed(void **state)
{
	struct object *obj = NULL;

	assert_int_equal(pin_add(&engine, AT_FDCWD, a, thing), 0);
	object_put(thing);
	assert_int_equal(pin_get(&engine, AT_FDCWD, a, &obj), 0);
	assert_ptr_equal(obj, thing);
	object_put(obj);
	fd_table_poll(&engine);
	assert_int_equal(freed, 0);
	assert_int_equal(unlink(a), 0);
	fd_table_poll(&engine);
	assert_int_equal(freed, 1);
	assert_int_equal(pin_get(&engine, AT_FDCWD, a, &obj), -ENOENT);
}

static void moved_pin_is_found_at_its_new_name(void **state)
{
	struct object *obj = NULL;

	assert_int_equal(pin_add(&engine, AT_FDCWD, a, thing), 0);
	object_put(thing);
	assert_int_equal(rename(a, b), 0);
	fd_table_poll(&engine);
	assert_int_equal(pin_get(&engine, AT_FDCWD, b, &obj), 0);
	object_put(obj);
	assert_int_equal(pin_get(&engine, AT_FDCWD, a, &obj), -ENOENT);
}

static void hard_link_keeps_the_pin(void **state)
{
	struct object *obj = NULL;

	assert_int_equal(pin_add(&engine, AT_FDCWD, a, thing), 0);
	object_put(thing);
	assert_int_equal(link(a, b), 0);
	unlink(a);
	fd_table_poll(&engine);
	assert_int_equal(pin_get(&engine, AT_FDCWD, b, &obj), 0);
	object_put(obj);
}

static void wrong_paths_get_the_kernels_errno(void **state)
{
	struct object *obj = NULL;
	char deep[160];

	assert_int_equal(pin_add(&engine, AT_FDCWD, outside, thing), -EPERM);
	assert_int_equal(pin_add(&engine, AT_FDCWD, a, thing), 0);
	assert_int_equal(pin_add(&engine, AT_FDCWD, a, thing), -EEXIST);
	snprintf(deep, sizeof(deep), "%s/in/none/x", dir);
	assert_int_equal(pin_add(&engine, AT_FDCWD, deep, thing), -ENOENT);
	snprintf(deep, sizeof(deep), "%s/in/x.y", dir);
	assert_int_equal(pin_add(&engine, AT_FDCWD, deep, thing), -EPERM);
	close(open(outside, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(pin_get(&engine, AT_FDCWD, outside, &obj), -EACCES);
	object_put(thing);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(pin_holds_until_the_file_is_removed),
		TEST(moved_pin_is_found_at_its_new_name),
		TEST(hard_link_keeps_the_pin),
		TEST(wrong_paths_get_the_kernels_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
