/* SPDX-License-Identifier: BSD-2-Clause */
/* What helpers take and give, and the special fields of map values. */
#pragma once

#include <stdint.h>

#include "tbl/uapi_flags.h"

/* clang-format off */

struct bpf_spin_lock {
	uint32_t val;
};

struct bpf_timer {
	uint64_t __opaque[2];
};

struct bpf_wq {
	uint64_t __opaque[2];
};

struct bpf_dynptr {
	uint64_t __opaque[2];
};

struct bpf_list_head {
	uint64_t __opaque[2];
};

struct bpf_list_node {
	uint64_t __opaque[3];
};

struct bpf_rb_root {
	uint64_t __opaque[2];
};

struct bpf_rb_node {
	uint64_t __opaque[4];
};

struct bpf_refcount {
	uint32_t __opaque[1];
};

struct bpf_res_spin_lock {
	uint32_t val;
};

struct bpf_task_work {
	uint64_t __opaque;
};

struct bpf_iter_num {
	uint64_t __opaque[1];
};

/* keys and values of map types that name their layout */

struct bpf_lpm_trie_key_hdr {
	uint32_t prefixlen;
};

struct bpf_lpm_trie_key_u8 {
	union {
		struct bpf_lpm_trie_key_hdr hdr;
		uint32_t prefixlen;
	};
	uint8_t data[0];
};

struct bpf_cgroup_storage_key {
	uint64_t cgroup_inode_id;
	uint32_t attach_type;
};

struct bpf_devmap_val {
	uint32_t ifindex;
	union {
		int fd;
		uint32_t id;
	} bpf_prog;
};

struct bpf_cpumap_val {
	uint32_t qsize;
	union {
		int fd;
		uint32_t id;
	} bpf_prog;
};

enum bpf_stack_build_id_status {
	BPF_STACK_BUILD_ID_EMPTY = 0,
	BPF_STACK_BUILD_ID_VALID = 1,
	BPF_STACK_BUILD_ID_IP    = 2,
};

struct bpf_stack_build_id {
	int32_t status;
	unsigned char build_id[BPF_BUILD_ID_SIZE];
	union {
		uint64_t offset;
		uint64_t ip;
	};
};

struct bpf_tunnel_key {
	uint32_t tunnel_id;
	union {
		uint32_t remote_ipv4;
		uint32_t remote_ipv6[4];
	};
	uint8_t tunnel_tos;
	uint8_t tunnel_ttl;
	union {
		uint16_t tunnel_ext;
		uint16_t tunnel_flags;
	};
	uint32_t tunnel_label;
	union {
		uint32_t local_ipv4;
		uint32_t local_ipv6[4];
	};
};

struct bpf_xfrm_state {
	uint32_t reqid;
	uint32_t spi;
	uint16_t family;
	uint16_t ext;
	union {
		uint32_t remote_ipv4;
		uint32_t remote_ipv6[4];
	};
};

struct bpf_sock_tuple {
	union {
		struct {
			uint32_t saddr;
			uint32_t daddr;
			uint16_t sport;
			uint16_t dport;
		} ipv4;
		struct {
			uint32_t saddr[4];
			uint32_t daddr[4];
			uint16_t sport;
			uint16_t dport;
		} ipv6;
	};
};

struct bpf_xdp_sock {
	uint32_t queue_id;
};

struct bpf_fib_lookup {
	uint8_t family;
	uint8_t l4_protocol;
	uint16_t sport;
	uint16_t dport;
	union {
		uint16_t tot_len;
		uint16_t mtu_result;
	};
	uint32_t ifindex;
	union {
		uint8_t tos;
		uint32_t flowinfo;
		uint32_t rt_metric;
	};
	union {
		uint32_t ipv4_src;
		uint32_t ipv6_src[4];
	};
	union {
		uint32_t ipv4_dst;
		uint32_t ipv6_dst[4];
	};
	union {
		struct {
			uint16_t h_vlan_proto;
			uint16_t h_vlan_TCI;
		};
		uint32_t tbid;
	};
	union {
		struct {
			uint32_t mark;
		};
		struct {
			uint8_t smac[6];
			uint8_t dmac[6];
		};
	};
};

struct bpf_redir_neigh {
	uint32_t nh_family;
	union {
		uint32_t ipv4_nh;
		uint32_t ipv6_nh[4];
	};
};

struct bpf_pidns_info {
	uint32_t pid;
	uint32_t tgid;
};

struct btf_ptr {
	void *ptr;
	uint32_t type_id;
	uint32_t flags;
};
