/* SPDX-License-Identifier: BSD-2-Clause */
/* struct btf_object: a loaded BTF behind an fd and an id. The graph itself is btf/btf.h's. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "object/object.h"

struct btf;

struct btf_object {
	struct object obj; /* kind OBJECT_BTF; first */
	struct btf *btf;   /* owned; parsed and checked */
	const void *data;  /* the blob as loaded, owned by btf */
	uint32_t data_bytes;
	bool kernel;       /* the base BTF: name "vmlinux" */
	char name[64];
};

static inline struct btf_object *btf_object_of(struct object *obj)
{
	return container_of(obj, struct btf_object, obj);
}
