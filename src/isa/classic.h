/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Classic BPF (socket filters, what libpcap compiles to) checked and turned into eBPF of type
 * SOCKET_FILTER, that means the same as what the kernel makes of it (bpf_convert_filter).
 * Registers: A is R0, X is R7, the context is R6, M[k] is *(u32 *)(r10 - 4 * (k + 1)); R8 is
 * scratch. Packet loads stay LD_ABS and LD_IND, so an access beyond the packet ends the program
 * with 0, as does division by an X of 0. Unlike the kernel's output, ours passes the verifier:
 * registers are set before they are read, reserved fields are 0, and instructions nothing reaches
 * are left out.
 *
 * Not here: seccomp filters, and the loads from SKF_AD_OFF that no field of __sk_buff and no
 * helper gives: HATYPE, PAY_OFFSET, NLATTR, NLATTR_NEST.
 */
#pragma once

#include <stddef.h>

struct bpf_insn;
struct sock_filter;

enum {
	ISA_CLASSIC_INSNS_MAX = 4096, /* BPF_MAXINSNS */
};

enum isa_classic_flags {
	/*
	 * Loads by direct packet access, and by bpf_skb_load_bytes where the bytes are not in the
	 * linear part, in place of LD_ABS and LD_IND: for programs of type SCHED_CLS and SCHED_ACT,
	 * whose end with 0 would mean TC_ACT_OK. Every way out is a BPF_EXIT that may be replaced.
	 * R8 and R9 are used as well, and 16 bytes of stack below M[]. An
	 * index that wraps is beyond the packet, as for libpcap (the kernel lets it wrap).
	 */
	ISA_CLASSIC_DIRECT = 1 << 0,
	/*
	 * With ISA_CLASSIC_DIRECT: for a packet whose outer VLAN tag stands in its metadata
	 * (__sk_buff.vlan_present); the filter sees it where it is on the wire, at offset 12, and
	 * a length 4 longer. An indexed load that turns out to touch it ends with 0, as one
	 * beyond the packet.
	 */
	ISA_CLASSIC_TAG_BESIDE = 1 << 1,
	/*
	 * With ISA_CLASSIC_DIRECT: the packet's length is __sk_buff.wire_len, what it was on the wire,
	 * tag and all, before a capture cut it. On a device's own packets that field is no such
	 * length.
	 */
	ISA_CLASSIC_WIRE_LEN = 1 << 2,
	ISA_CLASSIC_FLAGS = ISA_CLASSIC_DIRECT | ISA_CLASSIC_TAG_BESIDE | ISA_CLASSIC_WIRE_LEN,
};

/*
 * The kernel's rules for a classic filter (bpf_check_classic): known opcodes, constants in range,
 * jumps forward and inside, M[] stored before it is loaded on every path, a last instruction that
 * returns. 0, -EINVAL with the sentence in *why and the index in *bad, or -ENOMEM. why and bad
 * may be NULL.
 */
int isa_classic_check(const struct sock_filter *filter, size_t n, const char **why, size_t *bad);

/*
 * Checks and converts. 0: *insns (owned by the caller, free()) and *n_insns are set. Else -EINVAL
 * and
 * -ENOMEM as above, or -ENOTSUP for a load that cannot be expressed, with *why and *bad; -E2BIG
 * when jumps would be too far (with ISA_CLASSIC_DIRECT, from about 1500 loads).
 */
int isa_classic_convert(const struct sock_filter *filter, size_t n, unsigned int flags,
			struct bpf_insn **insns, size_t *n_insns, const char **why, size_t *bad);
