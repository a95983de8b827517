/* SPDX-License-Identifier: BSD-2-Clause */
/* Goal: reference counts, user references, ids and quotas do what object.h says. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "object/engine.h"
#include "object/map.h"
#include "object/object.h"

struct thing {
	struct object obj;
	int *freed, *released;
};

static void thing_free(struct object *obj)
{
	struct thing *t = container_of(obj, struct thing, obj);

	++*t->freed;
	free(t);
}

static void thing_release(struct object *obj)
{
	++*container_of(obj, struct thing, obj)->released;
}

static const struct object_ops thing_ops = {
	.fd_name = "thing",
	.release_uref = thing_release,
	.free = thing_free,
};

static void map_free(struct object *obj)
{
	free(container_of(obj, struct map, obj));
}

static const struct object_ops map_ops = { .fd_name = "bpf-map", .free = map_free };

static int freed, released;

static struct thing *thing_new(struct engine *engine)
{
	struct thing *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->freed = &freed;
	t->released = &released;
	object_init(&t->obj, engine, OBJECT_MAP, &thing_ops);
	return t;
}

static int setup(void **state)
{
	struct engine *engine = calloc(1, sizeof(*engine));

	freed = released = 0;
	*state = engine;
	return engine_init(engine);
}

static int teardown(void **state)
{
	engine_deinit(*state);
	free(*state);
	return 0;
}

static void last_put_frees_and_takes_the_id_away(void **state)
{
	struct engine *engine = *state;
	struct thing *t = thing_new(engine);
	uint32_t id;

	assert_int_equal(object_publish(&t->obj), 0);
	id = t->obj.id;
	assert_ptr_equal(object_by_id(engine, OBJECT_MAP, id), &t->obj);
	assert_null(object_by_id(engine, OBJECT_PROG, id));
	object_put(&t->obj);
	assert_int_equal(freed, 0);
	object_put(&t->obj);
	assert_int_equal(freed, 1);
	assert_null(object_by_id(engine, OBJECT_MAP, id));
	assert_int_equal(atomic_load(&engine->objects_used), 0);
}

static void last_user_put_releases_while_references_remain(void **state)
{
	struct thing *t = thing_new(*state);

	object_get_user(&t->obj);
	object_get_user(&t->obj);
	object_put_user(&t->obj);
	assert_int_equal(released, 0);
	object_put_user(&t->obj);
	assert_int_equal(released, 1);
	assert_int_equal(freed, 0);
	object_put(&t->obj);
	assert_int_equal(freed, 1);
}

static void ids_grow_and_are_walked_in_order(void **state)
{
	struct engine *engine = *state;
	struct thing *t[3];

	for (int i = 0; i < 3; i++) {
		t[i] = thing_new(engine);
		assert_int_equal(object_publish(&t[i]->obj), 0);
	}
	assert_true(t[1]->obj.id > t[0]->obj.id);
	assert_int_equal(object_next_id(engine, OBJECT_MAP, 0), t[0]->obj.id);
	assert_int_equal(object_next_id(engine, OBJECT_MAP, t[0]->obj.id), t[1]->obj.id);
	assert_int_equal(object_next_id(engine, OBJECT_MAP, t[2]->obj.id), 0);
	assert_int_equal(object_next_id(engine, OBJECT_BTF, 0), 0);
	for (int i = 0; i < 3; i++)
		object_put(&t[i]->obj);
}

static void object_quota_returns_enomem(void **state)
{
	struct engine *engine = *state;
	struct thing *a = thing_new(engine), *b = thing_new(engine);

	engine->quota.objects_max = 1;
	assert_int_equal(object_publish(&b->obj), -ENOMEM);
	object_put(&b->obj);
	assert_int_equal(object_publish(&a->obj), 0);
	object_put(&a->obj);
}

static void byte_quota_returns_enomem_and_is_given_back(void **state)
{
	struct engine *engine = *state;
	struct map map = { .obj.engine = engine };
	void *mem = NULL, *more = NULL;

	engine->quota.bytes_max = 8192;
	assert_int_equal(engine_charge(engine, UINT64_MAX), -ENOMEM);
	assert_int_equal(map_mem_alloc(&map, 5000, MAP_MEM_ENGINE, &mem), 0);
	assert_int_equal(atomic_load(&engine->bytes_used), 8192);
	assert_int_equal(((char *)mem)[4999], 0);
	assert_int_equal(map_mem_alloc(&map, 1, MAP_MEM_ENGINE, &more), -ENOMEM);
	map_mem_free(&map, mem, 5000);
	assert_int_equal(atomic_load(&engine->bytes_used), 0);
}

static void client_memory_is_the_memfd(void **state)
{
	struct engine *engine = *state;
	struct map *map = calloc(1, sizeof(*map));
	void *mem = NULL;

	object_init(&map->obj, engine, OBJECT_MAP, &map_ops);
	assert_int_equal(map_mem_alloc(map, 4096, MAP_MEM_CLIENT, &mem), 0);
	assert_ptr_equal(map->client_mem, mem);
	assert_non_null(map->obj.fd);
	map_mem_free(map, mem, 4096);
	assert_null(map->client_mem);
	object_put(&map->obj);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(last_put_frees_and_takes_the_id_away, setup, teardown),
		cmocka_unit_test_setup_teardown(last_user_put_releases_while_references_remain, setup,
						teardown),
		cmocka_unit_test_setup_teardown(ids_grow_and_are_walked_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(object_quota_returns_enomem, setup, teardown),
		cmocka_unit_test_setup_teardown(byte_quota_returns_enomem_and_is_given_back, setup,
						teardown),
		cmocka_unit_test_setup_teardown(client_memory_is_the_memfd, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
