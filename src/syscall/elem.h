/* SPDX-License-Identifier: BSD-2-Clause */
/* One element of a map on its way through a command: what the commands on elements share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"

struct bpf_call;
struct map;

enum access { ACCESS_READ = 1, ACCESS_WRITE = 2 };

/* A map of a command, with what the command works on. */
struct elem {
	struct map *map;
	void *key;   /* NULL: the client gave none */
	void *value; /* map_user_value_bytes() */
	uint32_t value_bytes;
	bool is_writer; /* counted in map->writers until elem_deinit() */
};

void elem_deinit(struct elem *elem);

#define _cleanup_elem_ _cleanup_(elem_deinit)

/* elem->map from the client's @fd: 0, -EBADF, -EINVAL, or -EPERM: not for this @access. */
int elem_get_map(struct bpf_call *call, uint32_t fd, uint32_t access, struct elem *elem);
/* BPF_F_LOCK needs a lock in the value: 0 or -EINVAL. */
int elem_check_lock(const struct elem *elem, uint64_t flags);
/* Makes elem->value, zeroed: 0 or -ENOMEM. */
int elem_new_value(struct elem *elem);

/* The commands themselves, between copying in and copying out; each is a run of its own. */
int elem_lookup(const struct elem *elem, uint64_t flags);
int elem_next_key(const struct elem *elem, const void *key, void *next);
int elem_update(struct bpf_call *call, const struct elem *elem, uint64_t flags);
int elem_delete(const struct elem *elem);
