/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Special fields: members of a map value (or of an object a program allocates) that the engine,
 * not the program, owns: bpf_spin_lock, bpf_timer, bpf_wq, kptrs, list and tree nodes, bpf_refcount.
 *
 * All of them are found and checked as the kernel does; a caller that does not support a kind
 * looks at field_mask and rejects.
 */
#pragma once

#include <stdint.h>

#include "btf/btf.h"

/* The most fields one record may hold; more is -E2BIG. */
#define BTF_FIELDS_MAX 11

/* Names and bits of Linux 6.18 (include/linux/bpf.h). */
enum btf_field_type {
	BPF_SPIN_LOCK = 1u << 0,
	BPF_TIMER = 1u << 1,
	BPF_KPTR_UNREF = 1u << 2,
	BPF_KPTR_REF = 1u << 3,
	BPF_KPTR_PERCPU = 1u << 4,
	BPF_KPTR = BPF_KPTR_UNREF | BPF_KPTR_REF | BPF_KPTR_PERCPU,
	BPF_LIST_HEAD = 1u << 5,
	BPF_LIST_NODE = 1u << 6,
	BPF_RB_ROOT = 1u << 7,
	BPF_RB_NODE = 1u << 8,
	BPF_GRAPH_NODE = BPF_RB_NODE | BPF_LIST_NODE,
	BPF_GRAPH_ROOT = BPF_RB_ROOT | BPF_LIST_HEAD,
	BPF_REFCOUNT = 1u << 9,
	BPF_WORKQUEUE = 1u << 10,
	BPF_UPTR = 1u << 11,
	BPF_RES_SPIN_LOCK = 1u << 12,
	BPF_TASK_WORK = 1u << 13,
};

/* What map_check_btf() looks for in a map value. */
#define BTF_MAP_VALUE_FIELDS                                                                       \
	(BPF_SPIN_LOCK | BPF_RES_SPIN_LOCK | BPF_TIMER | BPF_KPTR | BPF_LIST_HEAD | BPF_RB_ROOT |  \
	 BPF_REFCOUNT | BPF_WORKQUEUE | BPF_UPTR | BPF_TASK_WORK)

struct btf_field {
	uint32_t offset; /* bytes from the start of the value */
	uint32_t size;	 /* bytes */
	enum btf_field_type type;
	const struct btf *btf;		    /* kptr, graph root: where type_id lives */
	uint32_t type_id;		    /* kptr: the pointee; graph root: the element struct */
	uint32_t node_offset;		    /* graph root: bytes of the node in the element */
	const struct btf_record *value_rec; /* graph root: the element's record */
};

/* Fields by rising offset. A *_off is -EINVAL where there is none. */
struct btf_record {
	uint32_t cnt;
	uint32_t field_mask;
	int32_t spin_lock_off;
	int32_t res_spin_lock_off;
	int32_t timer_off;
	int32_t wq_off;
	int32_t refcount_off;
	int32_t task_work_off;
	struct btf_field fields[];
};

/*
 * Find the fields of field_mask in struct or datasec type_id (no modifier) of value_size bytes.
 * 0 with *out NULL when there is none. -EINVAL (also when the type is neither), -E2BIG (two where
 * one is allowed, too many, too deep), -EEXIST (overlap), -ENOENT, -ENOMEM.
 * base (may be NULL): where kptr pointees live. map_check_btf() does not refuse a map for any of
 * these errors; the map merely has no record then, and programs cannot use the fields.
 */
int btf_parse_fields(const struct btf *btf, const struct btf *base, uint32_t type_id,
		     uint32_t field_mask, uint32_t value_size, struct btf_record **out);

/* Tie graph roots of rec (may be NULL) to the records of what they hold, and look at user pointers.
 * 0, -EFAULT, -ELOOP (a list of lists), -EINVAL or -E2BIG (user pointer). */
int btf_fixup_fields(const struct btf *btf, struct btf_record *rec);

/* May a map of map_type (BPF_MAP_TYPE_*) hold values with these fields? 0, or -EOPNOTSUPP where the
 * kernel says no; what the engine itself cannot do is the caller's to refuse. rec NULL: 0. */
int btf_record_check_map(const struct btf_record *rec, uint32_t map_type);

/* Free; NULL is fine. Returns NULL. */
struct btf_record *btf_record_free(struct btf_record *rec);

/* The record of struct or union id as found by btf_parse(), or NULL. */
const struct btf_record *btf_struct_record(const struct btf *btf, uint32_t id);

/* "bpf_spin_lock", "kptr", …; type is one bit. */
const char *btf_field_type_name(enum btf_field_type type);
