/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MAP_CREATE: random types, sizes, counts and flags; the result on both sides, and what the map says
 * of itself. Left out: types that are not done here, tokens, and sizes the machine's memory decides.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/macros.h"
#include "twin.h"

/* clang-format off */
#define KIND_done true
#define KIND_refused false
#define KIND_later false
#define MAPTYPE(num, name, print, status, note) [num] = { print, KIND_##status },
static const struct {
	const char *name;
	bool done;
} kinds[] = {
#include "tbl/map_types.h"
};
/* clang-format on */

/* How often the kernel took a type: each must have been taken. */
static uint32_t taken[ARRAY_SIZE(kinds)];

static uint32_t pick(struct rng *rng, const uint32_t *from, uint32_t n)
{
	return from[rng_below(rng, n)];
}
#define PICK(rng, ...)                                                                             \
	pick(rng, (const uint32_t[]){ __VA_ARGS__ },                                               \
	     sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

/* The sizes and flags a type wants, so that enough attrs are accepted. */
static void make_plausible(struct rng *rng, union bpf_attr *attr)
{
	attr->key_size = 4;
	attr->map_flags = 0;
	switch (attr->map_type) {
	case BPF_MAP_TYPE_LPM_TRIE:
		attr->key_size = PICK(rng, 5, 8, 20);
		attr->map_flags = BPF_F_NO_PREALLOC;
		break;
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_USER_RINGBUF:
		attr->key_size = attr->value_size = 0;
		attr->max_entries = PICK(rng, 4096, 8192, 65536);
		break;
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
	case BPF_MAP_TYPE_BLOOM_FILTER:
		attr->key_size = 0;
		break;
	case BPF_MAP_TYPE_STACK_TRACE:
		attr->value_size = PICK(rng, 8, 16, 80, 127 * 8, 128 * 8);
		break;
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
		attr->key_size = PICK(rng, 1, 4, 8, 13, 40);
		break;
	default:
		attr->value_size = PICK(rng, 4, 4, 8);
		break;
	}
}

static void make_attr(struct rng *rng, union bpf_attr *attr)
{
	*attr = (union bpf_attr){
		.map_type = rng_below(rng, ARRAY_SIZE(kinds) + 1),
		.key_size = PICK(rng, 0, 1, 3, 4, 5, 8, 16, 40, 256, 512, 513),
		.value_size = PICK(rng, 0, 1, 3, 4, 5, 8, 12, 16, 24, 40, 512, 32768, 32769),
		.max_entries = PICK(rng, 0, 1, 2, 3, 16, 100, 4096, 8192),
		.map_flags = rng_below(rng, 3) ? 0 : 1u << rng_below(rng, 20),
	};
	if (!rng_below(rng, 4))
		attr->map_flags |= 1u << rng_below(rng, 20);
	if (rng_below(rng, 3))
		make_plausible(rng, attr);
	if (!rng_below(rng, 8))
		attr->map_flags |= 1u << rng_below(rng, 20);
	if (!rng_below(rng, 12))
		attr->map_extra = PICK(rng, 1, 3, 15, 16);
	if (!rng_below(rng, 16))
		attr->map_ifindex = INT32_MAX; /* no such device */
	if (!rng_below(rng, 16))
		attr->numa_node = PICK(rng, 1, 1u << 20, UINT32_MAX);
	if (!rng_below(rng, 16))
		attr->btf_key_type_id = 1;
	if (!rng_below(rng, 16))
		attr->btf_vmlinux_value_type_id = 1;
}

static bool comparable(const union bpf_attr *attr)
{
	/* Arenas lie in a client's address space, tokens and BTF of modules in the kernel's. */
	if (attr->map_flags & (BPF_F_TOKEN_FD | BPF_F_VTYPE_BTF_OBJ_FD))
		return false;
	if (attr->map_type == BPF_MAP_TYPE_CPUMAP && attr->max_entries > 16)
		return false; /* the limit is how many CPUs a kernel is built for */
	return attr->map_type < ARRAY_SIZE(kinds) ? kinds[attr->map_type].done : true;
}

static int info_of(enum side side, int fd, struct bpf_map_info *info)
{
	union bpf_attr attr = { .info = { .bpf_fd = (uint32_t)fd, .info_len = sizeof(*info),
					  .info = (uintptr_t)info } };

	*info = (struct bpf_map_info){ 0 };
	return twin_bpf(side, BPF_OBJ_GET_INFO_BY_FD, &attr);
}

static bool same_info(const int fd[SIDES])
{
	struct bpf_map_info e, k;

	return !info_of(ENGINE, fd[ENGINE], &e) && !info_of(KERNEL, fd[KERNEL], &k) &&
	       e.type == k.type && e.key_size == k.key_size && e.value_size == k.value_size &&
	       e.max_entries == k.max_entries && e.map_flags == k.map_flags &&
	       e.map_extra == k.map_extra;
}

static void compare_one(const union bpf_attr *attr, const int inner[SIDES], struct score *score)
{
	int fd[SIDES];
	bool same;

	for (int side = 0; side < SIDES; side++) {
		union bpf_attr copy = *attr;

		if (attr->map_type == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
		    attr->map_type == BPF_MAP_TYPE_HASH_OF_MAPS)
			copy.inner_map_fd = (uint32_t)inner[side];
		fd[side] = twin_bpf(side, BPF_MAP_CREATE, &copy);
	}
	score->calls++;
	same = fd[ENGINE] < 0 || fd[KERNEL] < 0 ? fd[ENGINE] == fd[KERNEL] : same_info(fd);
	if (!same) {
		score->differences++;
		printf("create %s key %u value %u max %u flags %#x extra %llu ifindex %u node %u: "
		       "engine %d, kernel %d\n", attr->map_type < ARRAY_SIZE(kinds) ?
		       kinds[attr->map_type].name : "?", attr->key_size, attr->value_size,
		       attr->max_entries, attr->map_flags, (unsigned long long)attr->map_extra,
		       attr->map_ifindex, attr->numa_node, fd[ENGINE], fd[KERNEL]);
	}
	for (int side = 0; side < SIDES; side++) {
		if (fd[side] >= 0)
			close(fd[side]);
	}
	if (fd[KERNEL] >= 0) {
		score->good++;
		taken[attr->map_type]++;
	}
}

void compare_creation(struct rng *rng, uint32_t n, struct score *score)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4,
				.max_entries = 1 };
	int inner[SIDES];

	for (int side = 0; side < SIDES; side++)
		inner[side] = twin_bpf(side, BPF_MAP_CREATE, &attr);
	for (uint32_t i = 0; i < n && score->differences < 20; i++) {
		make_attr(rng, &attr);
		if (comparable(&attr))
			compare_one(&attr, inner, score);
	}
	for (int side = 0; side < SIDES; side++)
		close(inner[side]);
	for (size_t type = 0; type < ARRAY_SIZE(kinds); type++) {
		if (kinds[type].done && !taken[type] && n > 5000) {
			score->differences++;
			printf("create: no %s was accepted\n", kinds[type].name);
		}
	}
}
