/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the printk sink (sink.bpf.c) puts into its ring buffer, one record per line:
 *
 *	struct printk_record, u64 args[n_args],
 *	struct printk_text and slot_bytes of characters for each of n_texts, the format
 *
 * The texts are what the first n_texts arguments point to, if they point to anything.
 */
#pragma once

#define PRINTK_ARGS_MAX	  12 /* of bpf_trace_vprintk */
#define PRINTK_SLOT_SMALL 64
#define PRINTK_SLOT_LARGE 512 /* the kernel keeps no more of one string */
#define PRINTK_FORMAT_MAX 1024
#define PRINTK_RAW_BYTES  16 /* of an IPv6 address */

struct printk_record {
	__u64 ktime_ns;
	__u32 cpu;
	__u16 format_bytes;
	__u16 slot_bytes;
	__u8 n_args;
	__u8 n_texts;
	__u8 is_array; /* of bpf_trace_vprintk */
	__u8 reserved[5];
};

struct printk_text {
	__s32 bytes; /* of the string with its NUL, or negative: it could not be read */
	__s32 raw;   /* 0: what it points to was read */
	__u8 data[PRINTK_RAW_BYTES];
};
