/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ownership that can be checked in one function: an owning local carries one of these attributes,
 * and what leaves the function goes through take_ptr() or take_fd().
 *
 *	_cleanup_free_ char *s = mem_strdup(name);
 *	...
 *	return take_ptr(s);
 */
#pragma once

#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free_p(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close_p(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define _cleanup_(fn) __attribute__((cleanup(fn)))
#define _cleanup_free_ _cleanup_(cleanup_free_p)
#define _cleanup_close_ _cleanup_(cleanup_close_p)

/* Defines fn##_p(T **), for use as _cleanup_(fn##_p), calling fn when the pointer is not NULL. */
#define CLEANUP_DEFINE(type, fn)                                                                   \
	static inline void fn##_p(type **p)                                                        \
	{                                                                                          \
		if (*p)                                                                            \
			fn(*p);                                                                    \
	}

/* Yields the value and leaves NULL (-1) behind: the caller owns it now. */
#define take_ptr(p)                                                                                \
	({                                                                                         \
		__typeof__(p) *_take_pp = &(p);                                                    \
		__typeof__(p) _take_p = *_take_pp;                                                 \
		*_take_pp = NULL;                                                                  \
		_take_p;                                                                           \
	})

#define take_fd(fd)                                                                                \
	({                                                                                         \
		int *_take_fdp = &(fd);                                                            \
		int _take_fd = *_take_fdp;                                                         \
		*_take_fdp = -1;                                                                   \
		_take_fd;                                                                          \
	})
