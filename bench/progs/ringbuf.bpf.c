/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* m_ringbuf: 16 records of 24 bytes reserved, filled and submitted; the reader comes between batches. */
#include "bench.h"

#define OPS 16

struct record {
	__u64 seed;
	__u64 number;
	__u32 word;
	__u32 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
	NATIVE_STATE
} records SEC(".maps");

BENCH(m_ringbuf)
{
	__u64 sum = 0;

	for (int i = 0; i < OPS; i++) {
		struct record *record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);

		if (!record)
			continue;
		record->seed = seed;
		record->number = i;
		record->word = load32(data + i * 4);
		record->bytes = sizeof(*record);
		bpf_ringbuf_submit(record, 0);
		sum += i + 1;
	}
	return sum;
}
