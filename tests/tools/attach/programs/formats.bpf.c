/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * Lines of every kind, each both printed and formatted by the kernel (bpf_snprintf) into a record: for
 * test_attach.py, which wants the two to read the same.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile __u32 only_tgid = 0;

char word[] = "words";
char empty[] = "";
char long_word[301];
__u8 address[4] = { 192, 0, 2, 7 };
__u8 address6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
__u64 number = 18446744073709551557ull;
__s32 minus = -5;

struct text {
	char text[400];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} texts SEC(".maps");

/* Keeps struct text in the object's BTF. */
const struct text *const text_type SEC(".rodata") = 0;

#define BOTH(format, args...)                                                                      \
	do {                                                                                       \
		struct text *t = bpf_ringbuf_reserve(&texts, sizeof(*t), 0);                       \
                                                                                                   \
		if (t) {                                                                           \
			__builtin_memset(t, 0, sizeof(*t));                                        \
			BPF_SNPRINTF(t->text, sizeof(t->text), format, args);                      \
			bpf_ringbuf_submit(t, 0);                                                  \
		}                                                                                  \
		bpf_printk(format, args);                                                          \
	} while (0)

static __always_inline void numbers(void)
{
	BOTH("%d|%i|%u|%x|%X", minus, minus, minus, minus, minus);
	BOTH("%ld|%lu|%lx", number, number, number);
	BOTH("%lld|%llu|%llX", number, number, number);
	BOTH("%5d|%-5d|%05d|%+d|% d", minus, minus, minus, -minus, -minus);
	BOTH("%10x|%-10x|%010x", 255, 255, 255);
	BOTH("%% and %c%c", 'c', 'd');
	BOTH("%px", number);
	BOTH("%d", 0);
}

static __always_inline void strings(void)
{
	BOTH("%s", word);
	BOTH("%s-%s-%s", word, empty, word);
	BOTH("%10s|%-10s|%2s", word, word, word);
	BOTH("%s", long_word);
	BOTH("%d %s %d", 1, long_word, 2);
	BOTH("%pks %pI4 %pi4", word, address, address);
	BOTH("%pI6 %pi6", address6, address6);
	BOTH("%s", (char *)8);
	BOTH("%s %d %s %d %s", word, 1, long_word, 2, empty);
	BOTH("%d %d %d %d %d %d %d %d %d %d %d %d", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
}

SEC("tracepoint/syscalls/sys_enter_getpgid")
int formats(void *ctx __attribute__((unused)))
{
	if (bpf_get_current_pid_tgid() >> 32 != only_tgid)
		return 0;
	for (int i = 0; i < 300; i++)
		long_word[i] = 'a' + i % 26;
	numbers();
	strings();
	return 0;
}
