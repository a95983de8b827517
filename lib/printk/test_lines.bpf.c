/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* Lines of every kind, for test_printk.c: each must read the same, printed by helper or through the ring. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

char word[] = "words";
char empty[] = "";
char sixty_three[64] = "012345678901234567890123456789012345678901234567890123456789012";
char two_hundred[201] = "0123456789012345678901234567890123456789012345678901234567890123456789"
			"0123456789012345678901234567890123456789012345678901234567890123456789"
			"012345678901234567890123456789012345678901234567890123456789";
char six_hundred[601] = "x";
__u8 address[4] = { 192, 0, 2, 7 };
__u8 address6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
__u64 number = 18446744073709551557ull;
__s32 minus = -5;

static __attribute__((noinline)) int deeper(int a, int b, int c)
{
	/* c is in r3 when this begins, and stays there. */
	bpf_printk("deeper %d", c);
	return a + b;
}

static __always_inline void numbers(void)
{
	bpf_printk("nothing");
	bpf_printk("one %d", minus);
	bpf_printk("two %u %x", minus, number);
	bpf_printk("three %lld %llx %lu", number, number, number);
	bpf_printk("%5d|%-5d|%05d", minus, minus, minus);
	bpf_printk("percent %% and %c", 'c');
	bpf_printk("newline %d\n", 1);
	bpf_printk("%px", number);
}

static __always_inline void strings(void)
{
	bpf_printk("%s", word);
	bpf_printk("%s-%s", word, empty);
	bpf_printk("%10s|%-10s|%s", word, word, word);
	bpf_printk("%s", sixty_three);
	bpf_printk("%s", two_hundred);
	bpf_printk("%d %s %d", 1, two_hundred, 2);
	bpf_printk("%s", six_hundred);
	bpf_printk("null %s", 0);
	bpf_printk("%pks %pus", word, word);
	bpf_printk("%pI4 %pi4", address, address);
	bpf_printk("%pI6 %pI4", address6, address);
}

static __always_inline void many(void)
{
	bpf_printk("%d %d %d %d", 1, 2, 3, 4);
	bpf_printk("%s %d %s %d %s", word, 1, sixty_three, 2, empty);
	bpf_printk("%s %s %s %s", two_hundred, word, word, word);
	bpf_printk("%d %d %d %d %d %d %d %d %d %d %d %d", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
	bpf_printk("%pI4 %d %d %pI6", address, 1, 2, address6);
}

/* Formats that are built on the stack, as programs did before they could have constants. */
static __always_inline void stacked(void)
{
	char fmt[] = "stack %d %s\n";
	char three[] = "stack %s %s %d";

	bpf_trace_printk(fmt, sizeof(fmt), 7, word);
	bpf_trace_printk(three, sizeof(three), word, two_hundred, 3);
}

static __always_inline void wrong(void)
{
	static const char bad[] = "bad %y";
	static const char open[] = "no end";
	static const char many_wanted[] = "%d %d %d %d";

	bpf_trace_printk(bad, sizeof(bad), 1);
	bpf_trace_printk(open, sizeof(open) - 1);
	bpf_trace_printk(many_wanted, sizeof(many_wanted), 1, 2, 3);
}

SEC("raw_tp")
int lines(void *ctx __attribute__((unused)))
{
	for (int i = 0; i < 600; i++)
		*(volatile char *)&six_hundred[i] = 'x';
	numbers();
	strings();
	many();
	stacked();
	wrong();
	return deeper(minus, minus, minus);
}

SEC("raw_tp")
int branches(void *ctx __attribute__((unused)))
{
	const char *which = minus < 0 ? word : empty;

	if (number & 1)
		bpf_printk("odd %s", which);
	else
		bpf_printk("even %s %d", which, minus);
	for (int i = 0; i < 3; i++)
		bpf_printk("round %d", i);
	return 0;
}
