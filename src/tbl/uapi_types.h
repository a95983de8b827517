/* SPDX-License-Identifier: BSD-2-Clause */
/* What kinds of things there are: commands, maps, programs, attach points, links. */
#pragma once

/* clang-format off */

enum bpf_cmd {
#define COMMAND(num, name, ...) BPF_##name = num,
#include "tbl/commands.h"
	__MAX_BPF_CMD,
	BPF_PROG_RUN = BPF_PROG_TEST_RUN,
};

enum bpf_map_type {
#define MAPTYPE(num, name, ...) BPF_MAP_TYPE_##name = num,
#include "tbl/map_types.h"
	__MAX_BPF_MAP_TYPE,
	BPF_MAP_TYPE_CGROUP_STORAGE_DEPRECATED        = BPF_MAP_TYPE_CGROUP_STORAGE,
	BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE_DEPRECATED = BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE,
};

enum bpf_prog_type {
#define PROG_TYPE(num, name, ...) BPF_PROG_TYPE_##name = num,
#include "tbl/prog_types.h"
	__MAX_BPF_PROG_TYPE,
};

enum bpf_attach_type {
#define ATTACH_TYPE(num, name, ...) BPF_##name = num,
#include "tbl/attach_types.h"
	__MAX_BPF_ATTACH_TYPE,
};

#define MAX_BPF_ATTACH_TYPE __MAX_BPF_ATTACH_TYPE

enum bpf_link_type {
#define LINK_TYPE(num, name, ...) BPF_LINK_TYPE_##name = num,
#include "tbl/link_types.h"
	__MAX_BPF_LINK_TYPE,
};

#define MAX_BPF_LINK_TYPE __MAX_BPF_LINK_TYPE

/* perf_event.type of struct bpf_link_info */
enum bpf_perf_event_type {
	BPF_PERF_EVENT_UNSPEC     = 0,
	BPF_PERF_EVENT_UPROBE     = 1,
	BPF_PERF_EVENT_URETPROBE  = 2,
	BPF_PERF_EVENT_KPROBE     = 3,
	BPF_PERF_EVENT_KRETPROBE  = 4,
	BPF_PERF_EVENT_TRACEPOINT = 5,
	BPF_PERF_EVENT_EVENT      = 6,
};

/* fd_type of BPF_TASK_FD_QUERY */
enum bpf_task_fd_type {
	BPF_FD_TYPE_RAW_TRACEPOINT = 0,
	BPF_FD_TYPE_TRACEPOINT     = 1,
	BPF_FD_TYPE_KPROBE         = 2,
	BPF_FD_TYPE_KRETPROBE      = 3,
	BPF_FD_TYPE_UPROBE         = 4,
	BPF_FD_TYPE_URETPROBE      = 5,
};

/* type of BPF_ENABLE_STATS */
enum bpf_stats_type {
	BPF_STATS_RUN_TIME = 0,
};

/* order of iterators over cgroups */
enum bpf_cgroup_iter_order {
	BPF_CGROUP_ITER_ORDER_UNSPEC     = 0,
	BPF_CGROUP_ITER_SELF_ONLY        = 1,
	BPF_CGROUP_ITER_DESCENDANTS_PRE  = 2,
	BPF_CGROUP_ITER_DESCENDANTS_POST = 3,
	BPF_CGROUP_ITER_ANCESTORS_UP     = 4,
};

/* stream_id of BPF_PROG_STREAM_READ_BY_FD */
enum bpf_stream_id {
	BPF_STDOUT = 1,
	BPF_STDERR = 2,
};

/* kind of struct bpf_core_relo */
enum bpf_core_relo_kind {
	BPF_CORE_FIELD_BYTE_OFFSET = 0,
	BPF_CORE_FIELD_BYTE_SIZE   = 1,
	BPF_CORE_FIELD_EXISTS      = 2,
	BPF_CORE_FIELD_SIGNED      = 3,
	BPF_CORE_FIELD_LSHIFT_U64  = 4,
	BPF_CORE_FIELD_RSHIFT_U64  = 5,
	BPF_CORE_TYPE_ID_LOCAL     = 6,
	BPF_CORE_TYPE_ID_TARGET    = 7,
	BPF_CORE_TYPE_EXISTS       = 8,
	BPF_CORE_TYPE_SIZE         = 9,
	BPF_CORE_ENUMVAL_EXISTS    = 10,
	BPF_CORE_ENUMVAL_VALUE     = 11,
	BPF_CORE_TYPE_MATCHES      = 12,
};
