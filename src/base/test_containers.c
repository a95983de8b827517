/* SPDX-License-Identifier: BSD-2-Clause */
/* Goal: list, vec and u64map hold what they should. Method: by hand; for the table, a naive twin
 * under random insertions and deletions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/list.h"
#include "base/macros.h"
#include "base/u64map.h"
#include "base/vec.h"

struct item {
	int value;
	struct list node;
};

static void expect_items(struct list *head, const char *want)
{
	struct item *it;
	char got[16] = "";
	size_t n = 0;

	list_for_each_entry (it, head, node)
		got[n++] = (char)('0' + it->value);
	assert_string_equal(got, want);
}

static void a_list_keeps_its_order(void **state)
{
	struct item items[5], *it, *tmp;
	struct list head = LIST_INIT(head);

	assert_true(list_empty(&head));
	assert_null(list_first_entry(&head, struct item, node));
	for (int i = 0; i < 5; i++) {
		items[i].value = i;
		list_add_tail(&head, &items[i].node);
	}
	expect_items(&head, "01234");
	list_move(&head, &items[3].node);
	list_move_tail(&head, &items[0].node);
	expect_items(&head, "31240");
	assert_ptr_equal(list_first_entry(&head, struct item, node), &items[3]);
	assert_ptr_equal(list_last_entry(&head, struct item, node), &items[0]);
	list_del(&items[1].node);
	list_del(&items[1].node);
	assert_false(list_is_linked(&items[1].node));
	assert_true(list_is_linked(&items[2].node));
	expect_items(&head, "3240");
	list_for_each_entry_safe (it, tmp, &head, node) {
		list_del(&it->node);
		it->value = -1;
	}
	assert_true(list_empty(&head));
}

static void a_vector_grows_and_survives_failure(void **state)
{
	VEC(uint32_t) v = { 0 };
	uint32_t *p, sum = 0;

	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(vec_push(&v, i), 0);
	vec_for_each (p, &v)
		sum += *p;
	assert_int_equal(sum, 499500);
	assert_int_equal(vec_pop(&v), 999);
	assert_int_equal(vec_last(&v), 998);
	*vec_push_zero(&v) = 5;
	assert_int_equal(v.n, 1000);
	while (v.n < v.cap)
		assert_non_null(vec_push_zero(&v));
	mem_fail_at = 1;
	assert_int_equal(vec_push(&v, 1), -12);
	assert_int_equal(v.n, v.cap);
	assert_int_equal(v.data[998], 998);
	mem_fail_at = 1;
	assert_null(vec_push_zero(&v));
	assert_int_equal(vec_reserve_raw((void **)&v.data, &v.cap, SIZE_MAX / 2, 4), -12);
	vec_deinit(&v);
	assert_null(v.data);
}

enum { KEYS = 64 };

static void the_table_agrees_with_an_array(void **state)
{
	static int values[KEYS];
	int *twin[KEYS] = { 0 };
	struct u64map m = U64MAP_INIT;
	uint64_t x = 88172645463325252u;
	size_t live = 0;

	for (int step = 0; step < 100000; step++) {
		uint64_t k;

		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		k = x % KEYS;
		if (x >> 32 & 1) {
			live += !twin[k];
			twin[k] = &values[x >> 40 & (KEYS - 1)];
			assert_int_equal(u64map_put(&m, k << 40, twin[k]), 0);
		} else {
			live -= !!twin[k];
			assert_ptr_equal(u64map_del(&m, k << 40), twin[k]);
			twin[k] = NULL;
		}
		assert_int_equal(m.n, live);
		k = x >> 20 & (KEYS - 1);
		assert_ptr_equal(u64map_get(&m, k << 40), twin[k]);
	}
	for (uint64_t k = 0; k < KEYS; k++)
		assert_ptr_equal(u64map_get(&m, k << 40), twin[k]);
	u64map_deinit(&m);
}

static void stepping_meets_every_entry_once(void **state)
{
	struct u64map m = U64MAP_INIT;
	struct u64map_slot *slot;
	uint8_t seen[500] = { 0 };
	size_t pos = 0, n = 0;

	assert_null(u64map_next(&m, &pos));
	assert_null(u64map_get(&m, 1));
	assert_null(u64map_del(&m, 1));
	for (uint64_t k = 0; k < ARRAY_SIZE(seen); k++)
		assert_int_equal(u64map_put(&m, k, &seen[k]), 0);
	while ((slot = u64map_next(&m, &pos))) {
		assert_ptr_equal(slot->value, &seen[slot->key]);
		assert_int_equal(seen[slot->key]++, 0);
		n++;
	}
	assert_int_equal(n, ARRAY_SIZE(seen));
	u64map_deinit(&m);
	mem_fail_at = 1;
	assert_int_equal(u64map_put(&m, 1, &m), -12);
	assert_int_equal(m.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_keeps_its_order),
		cmocka_unit_test(a_vector_grows_and_survives_failure),
		cmocka_unit_test(the_table_agrees_with_an_array),
		cmocka_unit_test(stepping_meets_every_entry_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
