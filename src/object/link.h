/* SPDX-License-Identifier: BSD-2-Clause */
/* struct bpf_link: a program attached to something, behind an fd. Kinds live in hooks/. */
#pragma once

#include <stdint.h>

#include "base/macros.h"
#include "object/object.h"
#include "tbl/uapi.h"

struct prog;
struct bpf_link;

struct bpf_link_ops {
	/* Takes the program off its hook; called once, by DETACH or with the last reference. */
	void (*detach)(struct bpf_link *link);
	/* Replaces the program (BPF_LINK_UPDATE); @old NULL or what must be there: 0 or -errno. */
	int (*update)(struct bpf_link *link, struct prog *prog, struct prog *old);
	void (*fill_info)(const struct bpf_link *link, struct bpf_link_info *info);
	void (*free)(struct bpf_link *link);
};

struct bpf_link {
	struct object obj; /* kind OBJECT_LINK; first */
	const struct bpf_link_ops *ops;
	uint32_t type;        /* enum bpf_link_type */
	uint32_t attach_type; /* enum bpf_attach_type */
	struct prog *_Atomic prog; /* holds a reference; NULL after detach */
	uint64_t cookie;
};

static inline struct bpf_link *link_of(struct object *obj)
{
	return container_of(obj, struct bpf_link, obj);
}
