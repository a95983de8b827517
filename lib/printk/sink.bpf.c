/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * Where calls of bpf_trace_printk and bpf_trace_vprintk go once redirect.c has turned them into calls
 * of these functions: the format and its arguments into a ring buffer, text made of them later, by the
 * reader. A line that finds the ring full is counted, so that read + lost = printed.
 *
 * There is one function for each number of arguments the caller has set, since the verifier lets a
 * program read no register that was not, and for lines without and with strings. The size of a record
 * must be a constant the verifier sees: the size of the format is one at every call clang makes.
 *
 * Linked into the object of a user: no licence section, no names that do not begin with skep_printk.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "sink-api.bpf.h"

#define ENOSPC 28
#define EINVAL 22

#define FUNCTION static __attribute__((noinline, used)) long

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} skep_printk SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} skep_printk_lost SEC(".maps");

static __always_inline long lose(void)
{
	__u32 zero = 0;
	__u64 *lost = bpf_map_lookup_elem(&skep_printk_lost, &zero);

	if (lost)
		__sync_fetch_and_add(lost, 1);
	return -ENOSPC;
}

static __always_inline struct printk_record *begin(const char *format, __u32 bytes, __u32 n_args,
						   __u32 n_texts, __u32 slot)
{
	__u32 texts = n_texts * (sizeof(struct printk_text) + slot);
	struct printk_record *r;

	r = bpf_ringbuf_reserve(&skep_printk, sizeof(*r) + n_args * 8 + texts + bytes, 0);
	if (!r)
		return 0;
	r->ktime_ns = bpf_ktime_get_ns();
	r->cpu = bpf_get_smp_processor_id();
	r->format_bytes = bytes;
	r->slot_bytes = slot;
	r->n_args = n_args;
	r->n_texts = n_texts;
	r->is_array = 0;
	bpf_probe_read_kernel((char *)(r + 1) + n_args * 8 + texts, bytes, format);
	return r;
}

static __always_inline __u64 *args_of(struct printk_record *r)
{
	return (__u64 *)(r + 1);
}

static __always_inline long commit(struct printk_record *r, __u32 bytes)
{
	bpf_ringbuf_submit(r, 0);
	return (long)bytes - 1;
}

/* Copies what one argument points to. Whether the string did not fit. */
static __always_inline int copy_text(struct printk_text *t, __u32 slot, __u64 pointer)
{
	const void *at = (const void *)pointer;

	t->raw = (int)bpf_probe_read_kernel(t->data, sizeof(t->data), at);
	if (t->raw)
		t->raw = (int)bpf_probe_read_kernel(t->data, 4, at);
	t->bytes = (int)bpf_probe_read_kernel_str(t + 1, slot, at);
	if (t->bytes < 0)
		t->bytes = (int)bpf_probe_read_user_str(t + 1, slot, at);
	return t->bytes == (int)slot;
}

/* The texts of a record whose arguments are there. Whether one did not fit. */
static __always_inline int copy_texts(struct printk_record *r, __u32 n, __u32 slot)
{
	char *at = (char *)(r + 1) + n * 8;
	int cut = 0;

	for (__u32 i = 0; i < n; i++, at += sizeof(struct printk_text) + slot)
		cut |= copy_text((struct printk_text *)at, slot, args_of(r)[i]);
	return cut;
}

/* --- bpf_trace_printk --------------------------------------------------------------------------------- */

static __always_inline struct printk_record *put_args(struct printk_record *r, __u32 n, __u64 a,
						      __u64 b, __u64 c)
{
	if (!r)
		return 0;
	if (n > 0)
		args_of(r)[0] = a;
	if (n > 1)
		args_of(r)[1] = b;
	if (n > 2)
		args_of(r)[2] = c;
	return r;
}

static __always_inline long plain(const char *format, __u32 bytes, __u32 n, __u64 a, __u64 b,
				  __u64 c)
{
	struct printk_record *r;

	if (bytes > PRINTK_FORMAT_MAX)
		return -EINVAL;
	r = put_args(begin(format, bytes, n, 0, 0), n, a, b, c);
	return r ? commit(r, bytes) : lose();
}

static __always_inline long texts(const char *format, __u32 bytes, __u32 n, __u64 a, __u64 b,
				  __u64 c)
{
	struct printk_record *r;

	if (bytes > PRINTK_FORMAT_MAX)
		return -EINVAL;
	r = put_args(begin(format, bytes, n, n, PRINTK_SLOT_SMALL), n, a, b, c);
	if (!r)
		return lose();
	if (!copy_texts(r, n, PRINTK_SLOT_SMALL))
		return commit(r, bytes);
	bpf_ringbuf_discard(r, 0);
	r = put_args(begin(format, bytes, n, n, PRINTK_SLOT_LARGE), n, a, b, c);
	if (!r)
		return lose();
	copy_texts(r, n, PRINTK_SLOT_LARGE);
	return commit(r, bytes);
}

FUNCTION skep_printk_plain_0(const char *format, __u32 bytes)
{
	return plain(format, bytes, 0, 0, 0, 0);
}

FUNCTION skep_printk_plain_1(const char *format, __u32 bytes, __u64 a)
{
	return plain(format, bytes, 1, a, 0, 0);
}

FUNCTION skep_printk_plain_2(const char *format, __u32 bytes, __u64 a, __u64 b)
{
	return plain(format, bytes, 2, a, b, 0);
}

FUNCTION skep_printk_plain_3(const char *format, __u32 bytes, __u64 a, __u64 b, __u64 c)
{
	return plain(format, bytes, 3, a, b, c);
}

FUNCTION skep_printk_text_1(const char *format, __u32 bytes, __u64 a)
{
	return texts(format, bytes, 1, a, 0, 0);
}

FUNCTION skep_printk_text_2(const char *format, __u32 bytes, __u64 a, __u64 b)
{
	return texts(format, bytes, 2, a, b, 0);
}

FUNCTION skep_printk_text_3(const char *format, __u32 bytes, __u64 a, __u64 b, __u64 c)
{
	return texts(format, bytes, 3, a, b, c);
}

/* --- bpf_trace_vprintk -------------------------------------------------------------------------------- */

/* The arguments are an array of the caller's, of a size that is constant there as well. */
static __always_inline struct printk_record *put_array(struct printk_record *r, const __u64 *data,
						       __u32 data_bytes)
{
	if (!r)
		return 0;
	r->is_array = 1;
	bpf_probe_read_kernel(args_of(r), data_bytes, data);
	return r;
}

FUNCTION skep_printk_array(const char *format, __u32 bytes, const __u64 *data, __u32 data_bytes)
{
	struct printk_record *r;

	if (bytes > PRINTK_FORMAT_MAX || data_bytes > PRINTK_ARGS_MAX * 8 || data_bytes % 8)
		return -EINVAL;
	r = put_array(begin(format, bytes, data_bytes / 8, 0, 0), data, data_bytes);
	return r ? commit(r, bytes) : lose();
}

FUNCTION skep_printk_array_text(const char *format, __u32 bytes, const __u64 *data,
				__u32 data_bytes)
{
	__u32 n = data_bytes / 8;
	struct printk_record *r;

	if (bytes > PRINTK_FORMAT_MAX || data_bytes > PRINTK_ARGS_MAX * 8 || data_bytes % 8)
		return -EINVAL;
	r = put_array(begin(format, bytes, n, n, PRINTK_SLOT_SMALL), data, data_bytes);
	if (!r)
		return lose();
	if (!copy_texts(r, n, PRINTK_SLOT_SMALL))
		return commit(r, bytes);
	bpf_ringbuf_discard(r, 0);
	r = put_array(begin(format, bytes, n, n, PRINTK_SLOT_LARGE), data, data_bytes);
	if (!r)
		return lose();
	copy_texts(r, n, PRINTK_SLOT_LARGE);
	return commit(r, bytes);
}
