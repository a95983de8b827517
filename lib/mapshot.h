/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a map held at one moment, read through bpf(2) and sorted by key, so that two engines' maps of
 * the same contents are equal byte by byte. Cost: two system calls per element.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

struct bpf_map;
struct btf;

struct mapshot {
	char *name;
	uint32_t type;
	uint32_t key_bytes;
	uint32_t value_bytes;
	uint32_t max_entries;
	uint32_t key_type; /* BTF ids in the object's BTF; 0: none */
	uint32_t value_type;
	uint32_t n_cpus; /* 0: one value per key; else one for each CPU */
	bool is_unused;	 /* no loaded program refers to it */
	bool is_global;	 /* global variables: one element, value_type is a DATASEC */
	bool is_readonly;
	bool is_readable;  /* false: a ring, a queue: it has no keys */
	bool is_unordered; /* eviction: which keys are left depends on more than the packets */
	int error;	   /* -errno of reading; what was read before is there */
	uint32_t n_entries;
	uint8_t *keys;	 /* n_entries * key_bytes */
	uint8_t *values; /* n_entries * mapshot_stride() */
};

size_t mapshot_stride(const struct mapshot *shot);
const uint8_t *mapshot_key(const struct mapshot *shot, uint32_t entry);
/* The value of @entry on @cpu (0 when it is not per CPU). */
const uint8_t *mapshot_value(const struct mapshot *shot, uint32_t entry, uint32_t cpu);
/* Less than, equal to or greater than zero, in the order entries have; of two shots of one map. */
int mapshot_compare_keys(const struct mapshot *a, uint32_t entry_a, const struct mapshot *b,
			 uint32_t entry_b);
bool mapshot_entry_is_zero(const struct mapshot *shot, uint32_t entry);
/* Elements of arrays are always there: of those, all but the zero ones count as entries. */
bool mapshot_is_array(const struct mapshot *shot);

/* A global variable, of a map that is_global. */
struct mapshot_variable {
	const char *name;
	uint32_t type;		/* BTF id */
	uint32_t offset, bytes; /* in the one value */
};

/*
 * The variable at *@i, from 0, or the next one behind it that lies within the value; *@i goes behind
 * it. False: there is no more (or @btf is NULL, or says nothing of the map's variables).
 */
bool mapshot_next_variable(const struct mapshot *shot, const struct btf *btf, uint32_t *i,
			   struct mapshot_variable *out);

/* What is known of the map before it is created; then its contents, any number of times. */
void mapshot_init(struct mapshot *shot, const struct bpf_map *map);
void mapshot_read(struct mapshot *shot, int fd);
void mapshot_deinit(struct mapshot *shot);

/*
 * The contents as bytes, and back into a shot of the same map. Values per CPU are sorted: on which CPU
 * a program ran is not its doing. Values that are ids of other objects are left out.
 */
void mapshot_pack(const struct mapshot *shot, struct buffer *out);
/* Returns the bytes used, 0 when they are not a packed shot. */
size_t mapshot_unpack(struct mapshot *shot, const char *data, size_t bytes);
