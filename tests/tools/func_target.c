/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * func-target WHAT N: a program whose calls are known, for tests of skep trace. Waits for a line on its
 * standard input, so that probes are in place (says "ready" before), does WHAT N times, writes what it did to standard output
 * (one line for each call, "name arguments = result"), and waits for the end of its input.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Begins with instructions the kernel single-steps, then a push: its probe is moved. */
uint64_t moved(uint64_t a, const char *b, int c, uint64_t d);
__asm__(".text\n.globl moved\n.type moved, @function\nmoved:\n"
	"mov %rdi, %rax\n"
	"xor %edi, %edi\n"
	"lea (%rax,%rcx,1), %r11\n"
	"push %rbx\n"
	"mov %r11, %rax\n"
	"pop %rbx\n"
	"ret\n"
	".size moved, . - moved\n");

/* Uses the frame pointer for something else, as code built without it may, and calls spin. */
void broken(uint64_t n);
__asm__(".text\n.globl broken\n.type broken, @function\nbroken:\n"
	"push %rbp\n"
	"push %rbx\n"
	"sub $0x108, %rsp\n"
	"lea broken+4(%rip), %rax\n"
	"mov %rax, 0x18(%rsp)\n"
	"movq $0, 0x10(%rsp)\n"
	"lea 0x10(%rsp), %rbp\n"
	"call spin\n"
	"add $0x108, %rsp\n"
	"pop %rbx\n"
	"pop %rbp\n"
	"ret\n"
	".size broken, . - broken\n");

__attribute__((noinline)) static uint64_t factorial(uint64_t n)
{
	uint64_t r = n < 2 ? 1 : n * factorial(n - 1);

	__asm__ volatile("" : "+r"(r));
	return r;
}

static jmp_buf jump;

__attribute__((noinline)) static int escapes(int n)
{
	if (n % 2)
		longjmp(jump, 1);
	return n;
}

void spin(uint64_t n);
__attribute__((noinline, used)) void spin(uint64_t n)
{
	for (volatile uint64_t i = 0; i < n; i++)
		;
}

__attribute__((noinline)) static void hot_caller(uint64_t n)
{
	spin(n);
	__asm__ volatile("");
}

static void do_once(const char *what, uint64_t i)
{
	static void *old;

	if (!strcmp(what, "malloc")) {
		void *volatile p = malloc(i % 5000 + 1);

		free(p);
	} else if (!strcmp(what, "reallocarray")) {
		uintptr_t before = (uintptr_t)old;

		old = reallocarray(old, i % 7 + 1, i % 13 + 1);
		printf("reallocarray 0x%" PRIxPTR " %" PRIu64 " %" PRIu64 " = 0x%" PRIxPTR "\n",
		       before, i % 7 + 1, i % 13 + 1, (uintptr_t)old);
	} else if (!strcmp(what, "moved")) {
		char text[32];

		snprintf(text, sizeof(text), "text \"%" PRIu64 "\"", i);
		printf("moved %" PRIu64 " %s %d %" PRIu64 " = %" PRIu64 "\n", i, text, -(int)i,
		       i * 3, moved(i, text, -(int)i, i * 3));
	} else if (!strcmp(what, "factorial")) {
		factorial(i % 10);
	} else if (!strcmp(what, "escapes")) {
		if (!setjmp(jump))
			escapes((int)i);
	} else if (!strcmp(what, "memcpy")) {
		static void *(*volatile copy)(void *, const void *, size_t) = memcpy;
		char to[64];

		copy(to, "0123456789abcdef", 16);
	} else if (!strcmp(what, "spin")) {
		hot_caller(1000000);
	} else if (!strcmp(what, "broken")) {
		broken(1000000);
	}
}

int main(int argc, char **argv)
{
	uint64_t n = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	char line[16];

	/* By write(2): what stdio allocates belongs to what is traced. */
	if (argc < 3 || write(STDOUT_FILENO, "ready\n", 6) != 6 ||
	    !fgets(line, sizeof(line), stdin))
		return 2;
	for (uint64_t i = 0; i < n; i++)
		do_once(argv[1], i);
	printf("done\n");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		;
	return 0;
}
