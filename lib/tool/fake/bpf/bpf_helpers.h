/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the shared BPF headers use of <bpf/bpf_helpers.h>, as plain C, so that a unit test runs them
 * without a kernel (tool/test_bpf.c). The current task and the ring are what the test says.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <linux/bpf.h>

#define SEC(name)
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#define __uint(name, value) int (*name)[value]
#define __type(name, value) value *name

struct fake_task {
	uint64_t pid_tgid, uid_gid, ns_device, ns_inode, ns_pid_tgid;
	char comm[16];
	uint64_t cgroups[8]; /* by level; 0: none */
	const void *memory;  /* what bpf_get_current_task() points to */
};

extern struct fake_task fake_task;
extern void *fake_value;	  /* what every map lookup finds */
extern unsigned fake_ring_room; /* records the ring still takes */

static inline uint64_t bpf_get_current_pid_tgid(void)
{
	return fake_task.pid_tgid;
}

static inline uint64_t bpf_get_current_uid_gid(void)
{
	return fake_task.uid_gid;
}

static inline long bpf_get_ns_current_pid_tgid(uint64_t device, uint64_t inode,
					       struct bpf_pidns_info *ids, uint32_t bytes)
{
	if (device != fake_task.ns_device || inode != fake_task.ns_inode || bytes != sizeof(*ids))
		return -22;
	ids->tgid = (uint32_t)(fake_task.ns_pid_tgid >> 32);
	ids->pid = (uint32_t)fake_task.ns_pid_tgid;
	return 0;
}

static inline long bpf_get_current_comm(void *to, uint32_t bytes)
{
	memcpy(to, fake_task.comm, bytes);
	return 0;
}

static inline uint64_t bpf_get_current_cgroup_id(void)
{
	return fake_task.cgroups[2];
}

static inline uint64_t bpf_get_current_ancestor_cgroup_id(int level)
{
	return level >= 0 && level < 8 ? fake_task.cgroups[level] : 0;
}

static inline uint64_t bpf_get_current_task(void)
{
	return (uint64_t)fake_task.memory;
}

static inline long bpf_probe_read_kernel(void *to, uint32_t bytes, const void *from)
{
	memcpy(to, from, bytes);
	return 0;
}

static inline void *bpf_map_lookup_elem(void *map, const void *key)
{
	(void)map;
	(void)key;
	return fake_value;
}

static inline void *bpf_ringbuf_reserve(void *ring, uint64_t bytes, uint64_t flags)
{
	(void)ring;
	(void)bytes;
	(void)flags;
	return fake_ring_room ? fake_ring_room--, &fake_ring_room : NULL;
}

static inline long bpf_ringbuf_output(void *ring, void *data, uint64_t bytes, uint64_t flags)
{
	(void)data;
	return bpf_ringbuf_reserve(ring, bytes, flags) ? 0 : -11;
}
