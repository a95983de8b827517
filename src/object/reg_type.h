/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a register holds, what a helper takes and what it returns, as the verifier, the program
 * types and the helpers speak of it. The words are the field's (kernel include/linux/bpf.h,
 * bpf_reg_type, bpf_arg_type, bpf_return_type, bpf_type_flag); the numbers are our own.
 *
 * A type is a base in the low byte and flags above it.
 */
#pragma once

#include <stdint.h>

#define TYPE_BASE_BITS 8
#define TYPE_BASE_MASK ((1u << TYPE_BASE_BITS) - 1)

enum bpf_type_flag {
	PTR_MAYBE_NULL = 1u << 8,    /* NULL until a program has compared it with 0 */
	MEM_RDONLY = 1u << 9,        /* loads only */
	MEM_RINGBUF = 1u << 10,      /* a record reserved in a ring buffer */
	MEM_USER = 1u << 11,
	MEM_PERCPU = 1u << 12,
	OBJ_RELEASE = 1u << 13,      /* argument: the helper gives the reference back */
	PTR_UNTRUSTED = 1u << 14,
	MEM_UNINIT = 1u << 15,       /* argument: written by the helper, need not be initialised */
	DYNPTR_TYPE_LOCAL = 1u << 16,
	DYNPTR_TYPE_RINGBUF = 1u << 17,
	MEM_FIXED_SIZE = 1u << 18,   /* argument: size is helper_proto.arg_size[i] */
	MEM_ALLOC = 1u << 19,
	PTR_TRUSTED = 1u << 20,
	MEM_RCU = 1u << 21,
	NON_OWN_REF = 1u << 22,
	DYNPTR_TYPE_SKB = 1u << 23,
	DYNPTR_TYPE_XDP = 1u << 24,
	MEM_ALIGNED = 1u << 25,      /* argument: must be aligned to its size */
	MEM_WRITE = 1u << 26,        /* argument: the helper writes the memory */
};

static inline uint32_t type_base(uint32_t type)
{
	return type & TYPE_BASE_MASK;
}

static inline uint32_t type_flags(uint32_t type)
{
	return type & ~TYPE_BASE_MASK;
}

/* What a register holds. */
enum bpf_reg_type {
	NOT_INIT,            /* never written: reading it is an error */
	SCALAR_VALUE,        /* a number */
	PTR_TO_CTX,          /* the program's context */
	CONST_PTR_TO_MAP,    /* a struct map */
	PTR_TO_MAP_VALUE,    /* inside one element of a map */
	PTR_TO_MAP_KEY,      /* the key handed to a for_each callback */
	PTR_TO_STACK,        /* r10 + offset */
	PTR_TO_PACKET_META,  /* skb or xdp data_meta */
	PTR_TO_PACKET,       /* skb->data, xdp->data */
	PTR_TO_PACKET_END,   /* skb->data_end */
	PTR_TO_FLOW_KEYS,
	PTR_TO_SOCKET,       /* struct bpf_sock, full socket */
	PTR_TO_SOCK_COMMON,
	PTR_TO_TCP_SOCK,
	PTR_TO_TP_BUFFER,    /* writable raw tracepoint buffer */
	PTR_TO_XDP_SOCK,
	PTR_TO_BTF_ID,       /* a kernel object described by BTF */
	PTR_TO_MEM,          /* a region of known size */
	PTR_TO_BUF,          /* read-only or read-write buffer of a context */
	PTR_TO_FUNC,         /* a subprogram of this program */
	CONST_PTR_TO_DYNPTR,
	PTR_TO_ARENA,
	__BPF_REG_TYPE_MAX,
};

#define PTR_TO_MAP_VALUE_OR_NULL (PTR_MAYBE_NULL | PTR_TO_MAP_VALUE)

/* What a helper's argument must be. */
enum bpf_arg_type {
	ARG_DONTCARE,
	ARG_CONST_MAP_PTR,
	ARG_PTR_TO_MAP_KEY,           /* key_size readable bytes */
	ARG_PTR_TO_MAP_VALUE,         /* value_size readable bytes (writable with MEM_UNINIT) */
	ARG_PTR_TO_MEM,               /* the next argument is its size, unless MEM_FIXED_SIZE */
	ARG_CONST_SIZE,               /* bytes, > 0 */
	ARG_CONST_SIZE_OR_ZERO,
	ARG_PTR_TO_CTX,
	ARG_ANYTHING,                 /* any initialised value */
	ARG_PTR_TO_SPIN_LOCK,
	ARG_PTR_TO_SOCK_COMMON,
	ARG_PTR_TO_SOCKET,
	ARG_PTR_TO_BTF_ID,
	ARG_PTR_TO_RINGBUF_MEM,       /* what bpf_ringbuf_reserve returned */
	ARG_CONST_ALLOC_SIZE_OR_ZERO, /* size of the memory returned, a known constant */
	ARG_PTR_TO_BTF_ID_SOCK_COMMON,
	ARG_PTR_TO_PERCPU_BTF_ID,
	ARG_PTR_TO_FUNC,              /* a callback */
	ARG_PTR_TO_STACK,             /* any stack pointer or NULL: a callback's context */
	ARG_PTR_TO_CONST_STR,         /* NUL-terminated string in a frozen read-only map */
	ARG_PTR_TO_TIMER,
	ARG_KPTR_XCHG_DEST,
	ARG_PTR_TO_DYNPTR,
	__BPF_ARG_TYPE_MAX,
};

/* What a helper returns. */
enum bpf_return_type {
	RET_INTEGER,
	RET_VOID,
	RET_PTR_TO_MAP_VALUE,
	RET_PTR_TO_SOCKET,
	RET_PTR_TO_TCP_SOCK,
	RET_PTR_TO_SOCK_COMMON,
	RET_PTR_TO_MEM,               /* size: the ARG_CONST_ALLOC_SIZE_OR_ZERO argument */
	RET_PTR_TO_MEM_OR_BTF_ID,
	RET_PTR_TO_BTF_ID,
	__BPF_RET_TYPE_MAX,
};

enum bpf_access_type { BPF_READ = 1, BPF_WRITE = 2 };
