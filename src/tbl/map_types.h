/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every map type of Linux 6.18. Define MAP_TYPE and include:
 *
 *   #define MAP_TYPE(num, name, print, status, note) ...
 *   #include "tbl/map_types.h"
 *
 *   num     map_type of BPF_MAP_CREATE; the rows stand in its order, without gaps
 *   name    without BPF_MAP_TYPE_
 *   print   as libbpf and bpftool print it
 *   status  done: a struct map_ops exists | refused: never, note says why | later: not yet; to
 *           create one of the last two is EINVAL, as the kernel answers to a type it lacks
 *   note    "" | reason for refused | what a reader of the reference page must know
 */

/* clang-format off */

/*       num name                   print                    status   note */
MAP_TYPE(0,  UNSPEC,                "unspec",                refused, "not a map type")
MAP_TYPE(1,  HASH,                  "hash",                  done,    "")
MAP_TYPE(2,  ARRAY,                 "array",                 done,    "")
MAP_TYPE(3,  PROG_ARRAY,            "prog_array",            done,    "")
MAP_TYPE(4,  PERF_EVENT_ARRAY,      "perf_event_array",      done,    "")
MAP_TYPE(5,  PERCPU_HASH,           "percpu_hash",           done,    "")
MAP_TYPE(6,  PERCPU_ARRAY,          "percpu_array",          done,    "")
MAP_TYPE(7,  STACK_TRACE,           "stack_trace",           later,   "")
MAP_TYPE(8,  CGROUP_ARRAY,          "cgroup_array",          later,   "")
MAP_TYPE(9,  LRU_HASH,              "lru_hash",              done,    "")
MAP_TYPE(10, LRU_PERCPU_HASH,       "lru_percpu_hash",       later,   "")
MAP_TYPE(11, LPM_TRIE,              "lpm_trie",              done,    "")
MAP_TYPE(12, ARRAY_OF_MAPS,         "array_of_maps",         done,    "")
MAP_TYPE(13, HASH_OF_MAPS,          "hash_of_maps",          done,    "")
MAP_TYPE(14, DEVMAP,                "devmap",                later,   "")
MAP_TYPE(15, SOCKMAP,               "sockmap",               later,   "")
MAP_TYPE(16, CPUMAP,                "cpumap",                later,   "")
MAP_TYPE(17, XSKMAP,                "xskmap",                later,   "")
MAP_TYPE(18, SOCKHASH,              "sockhash",              later,   "")
MAP_TYPE(19, CGROUP_STORAGE,        "cgroup_storage",        later,   "")
MAP_TYPE(20, REUSEPORT_SOCKARRAY,   "reuseport_sockarray",   later,   "")
MAP_TYPE(21, PERCPU_CGROUP_STORAGE, "percpu_cgroup_storage", later,   "")
MAP_TYPE(22, QUEUE,                 "queue",                 later,   "")
MAP_TYPE(23, STACK,                 "stack",                 later,   "")
MAP_TYPE(24, SK_STORAGE,            "sk_storage",            later,   "")
MAP_TYPE(25, DEVMAP_HASH,           "devmap_hash",           later,   "")
MAP_TYPE(26, STRUCT_OPS,            "struct_ops",            later,   "")
MAP_TYPE(27, RINGBUF,               "ringbuf",               done,    "")
MAP_TYPE(28, INODE_STORAGE,         "inode_storage",         later,   "")
MAP_TYPE(29, TASK_STORAGE,          "task_storage",          later,   "")
MAP_TYPE(30, BLOOM_FILTER,          "bloom_filter",          later,   "")
MAP_TYPE(31, USER_RINGBUF,          "user_ringbuf",          later,   "")
MAP_TYPE(32, CGRP_STORAGE,          "cgrp_storage",          later,   "")
MAP_TYPE(33, ARENA,                 "arena",                 later,   "")

#undef MAP_TYPE
