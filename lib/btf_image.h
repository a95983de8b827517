/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bytes of a kernel's BTF, read in place: types by name, and a small BTF of some of them. One walk
 * over 126,000 types takes a millisecond, where libbpf takes twenty and as many megabytes to read,
 * check and sort them all.
 *
 * Nothing in the bytes is trusted: whatever is read lies within them. Only what is taken is checked; a
 * type that nobody asks for may be nonsense.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

struct btf_type;

struct btf_image {
	const char *types, *strings; /* into the bytes given */
	uint32_t strings_bytes;
	uint32_t *offsets; /* in types, by id */
	uint32_t n;	   /* ids are from 1 to n - 1 */
};

struct btf_wanted {
	const char *name;
	uint32_t kinds; /* bits: 1 << BTF_KIND_X */
};

struct btf_match {
	uint32_t which; /* of those wanted */
	uint32_t id;
};

/* @bytes, aligned to 4, stay the caller's and must outlive the image. 0, or -EINVAL: damaged, or of a
 * kind that is not known here. */
int btf_image_open(struct btf_image *image, const void *bytes, size_t n_bytes);
void btf_image_close(struct btf_image *image);

/* Every type of one of the names, in the order of ids: @matches is the caller's to free(). */
uint32_t btf_image_find(const struct btf_image *image, const struct btf_wanted *wanted,
			uint32_t n_wanted, struct btf_match **matches);

/* The first type of this name and of one of the @kinds (as in struct btf_wanted), or -ENOENT. */
int btf_image_id(const struct btf_image *image, const char *name, uint32_t kinds);
/* @id is one of the image's; what lies behind the type's head (its members, say) lies within the bytes. */
const struct btf_type *btf_image_type(const struct btf_image *image, uint32_t id);
/* A name by its offset; "" for an offset that is none. */
const char *btf_image_name(const struct btf_image *image, uint32_t offset);

/*
 * Appends to @out a BTF of these types and of all they are made of. A pointer is kept as one to void:
 * sizes and offsets stay, and task_struct does not bring the whole kernel. 0, or -EINVAL: damaged.
 */
int btf_image_extract(const struct btf_image *image, const struct btf_match *roots,
		      uint32_t n_roots, struct buffer *out);
