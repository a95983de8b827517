/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A growing array of any type: VEC(struct foo) v = {0}; vec_push(&v, foo). Growth doubles, so a
 * push is O(1) amortised; pointers into data die at the next push. n elements are live, cap
 * allocated. It never shrinks and keeps no invariant a caller may not rely on: read data and n
 * freely.
 */
#pragma once

#include <stddef.h>

#define VEC(type)                                                                                  \
	struct {                                                                                   \
		type *data;                                                                        \
		size_t n;                                                                          \
		size_t cap;                                                                        \
	}

/* Makes room for need elements in all. 0 or -ENOMEM; then nothing has changed. */
int vec_reserve_raw(void **data, size_t *cap, size_t need, size_t elem_bytes);

#define vec_reserve(v, need)                                                                       \
	((need) <= (v)->cap ?                                                                      \
		 0 :                                                                               \
		 vec_reserve_raw((void **)&(v)->data, &(v)->cap, (need), sizeof(*(v)->data)))

/* 0 or -ENOMEM. */
#define vec_push(v, ...)                                                                           \
	({                                                                                         \
		int _vec_err = vec_reserve(v, (v)->n + 1);                                         \
		if (!_vec_err)                                                                     \
			(v)->data[(v)->n++] = (__VA_ARGS__);                                       \
		_vec_err;                                                                          \
	})

/* Appends a zeroed element: its address, or NULL when out of memory. */
#define vec_push_zero(v)                                                                           \
	({                                                                                         \
		__typeof__((v)->data) _vec_new = NULL;                                             \
		if (!vec_reserve(v, (v)->n + 1)) {                                                 \
			_vec_new = &(v)->data[(v)->n++];                                           \
			__builtin_memset(_vec_new, 0, sizeof(*_vec_new));                          \
		}                                                                                  \
		_vec_new;                                                                          \
	})

/* The last element, removed; the vector is not empty. */
#define vec_pop(v) ((v)->data[--(v)->n])
#define vec_last(v) ((v)->data[(v)->n - 1])
#define vec_for_each(p, v) for (p = (v)->data; p < (v)->data + (v)->n; p++)

#define vec_clear(v) ((void)((v)->n = 0))

#define vec_deinit(v)                                                                              \
	do {                                                                                       \
		__builtin_free((v)->data);                                                         \
		(v)->data = NULL;                                                                  \
		(v)->n = (v)->cap = 0;                                                             \
	} while (0)
