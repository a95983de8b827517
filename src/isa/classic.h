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
 * -ENOMEM as above, or -ENOTSUP for a load that cannot be expressed, with *why and *bad.
 */
int isa_classic_convert(const struct sock_filter *filter, size_t n, struct bpf_insn **insns,
			size_t *n_insns, const char **why, size_t *bad);
