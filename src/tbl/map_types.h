/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every map type of Linux 6.18. Define MAPTYPE (<sys/mman.h> has a MAP_TYPE) and include:
 *
 *   #define MAPTYPE(num, name, print, status, note) ...
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

/*      num name                   print                    status   note */
MAPTYPE(0,  UNSPEC,                "unspec",                refused, "not a map type")
MAPTYPE(1,  HASH,                  "hash",                  done,    "")
MAPTYPE(2,  ARRAY,                 "array",                 done,    "")
MAPTYPE(3,  PROG_ARRAY,            "prog_array",            done,    "")
MAPTYPE(4,  PERF_EVENT_ARRAY,      "perf_event_array",      done,    "")
MAPTYPE(5,  PERCPU_HASH,           "percpu_hash",           done,    "")
MAPTYPE(6,  PERCPU_ARRAY,          "percpu_array",          done,    "")
MAPTYPE(7,  STACK_TRACE,           "stack_trace",           done,    "build ids are never looked up: frames are addresses")
MAPTYPE(8,  CGROUP_ARRAY,          "cgroup_array",          later,   "")
MAPTYPE(9,  LRU_HASH,              "lru_hash",              done,    "")
MAPTYPE(10, LRU_PERCPU_HASH,       "lru_percpu_hash",       done,    "")
MAPTYPE(11, LPM_TRIE,              "lpm_trie",              done,    "")
MAPTYPE(12, ARRAY_OF_MAPS,         "array_of_maps",         done,    "")
MAPTYPE(13, HASH_OF_MAPS,          "hash_of_maps",          done,    "")
MAPTYPE(14, DEVMAP,                "devmap",                done,    "devices of the engine")
MAPTYPE(15, SOCKMAP,               "sockmap",               later,   "")
MAPTYPE(16, CPUMAP,                "cpumap",                done,    "the thread that ran the program takes the frame on")
MAPTYPE(17, XSKMAP,                "xskmap",                done,    "there are no AF_XDP sockets: slots stay empty, updates are refused")
MAPTYPE(18, SOCKHASH,              "sockhash",              later,   "")
MAPTYPE(19, CGROUP_STORAGE,        "cgroup_storage",        later,   "")
MAPTYPE(20, REUSEPORT_SOCKARRAY,   "reuseport_sockarray",   later,   "")
MAPTYPE(21, PERCPU_CGROUP_STORAGE, "percpu_cgroup_storage", later,   "")
MAPTYPE(22, QUEUE,                 "queue",                 done,    "")
MAPTYPE(23, STACK,                 "stack",                 done,    "")
MAPTYPE(24, SK_STORAGE,            "sk_storage",            later,   "")
MAPTYPE(25, DEVMAP_HASH,           "devmap_hash",           done,    "devices of the engine")
MAPTYPE(26, STRUCT_OPS,            "struct_ops",            later,   "")
MAPTYPE(27, RINGBUF,               "ringbuf",               done,    "")
MAPTYPE(28, INODE_STORAGE,         "inode_storage",         later,   "")
MAPTYPE(29, TASK_STORAGE,          "task_storage",          later,   "")
MAPTYPE(30, BLOOM_FILTER,          "bloom_filter",          done,    "")
MAPTYPE(31, USER_RINGBUF,          "user_ringbuf",          done,    "")
MAPTYPE(32, CGRP_STORAGE,          "cgrp_storage",          later,   "")
MAPTYPE(33, ARENA,                 "arena",                 later,   "")

#undef MAPTYPE
