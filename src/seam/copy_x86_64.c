/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See copy.h. Everything between the first and the last label may fault on a client's address; the
 * fixup then goes on at skep_copy_fault, which returns -1. Nothing is on the stack there but the
 * return address. Short copies go by words, long ones by rep movsb.
 */
#include <errno.h>
#include <pthread.h>
#include <ucontext.h>

#include "base/fault.h"
#include "seam/copy.h"

__asm__(".text\n"
	".p2align 4\n"
	".hidden skep_copy_start\n.hidden skep_copy_end\n.hidden skep_copy_fault\n"
	".hidden skep_copy_bytes\n.hidden skep_copy_string\n"
	".globl skep_copy_start\n.globl skep_copy_end\n.globl skep_copy_fault\n"
	".globl skep_copy_bytes\n.globl skep_copy_string\n"
	".type skep_copy_bytes, @function\n"
	".type skep_copy_string, @function\n"
	"skep_copy_start:\n"
	"skep_copy_bytes:\n" /* rdi dst, rsi src, rdx bytes -> rax 0 */
	"	cmp $256, %rdx\n"
	"	jae 3f\n"
	"1:	cmp $8, %rdx\n"
	"	jb 2f\n"
	"	mov (%rsi), %rax\n"
	"	mov %rax, (%rdi)\n"
	"	add $8, %rsi\n"
	"	add $8, %rdi\n"
	"	sub $8, %rdx\n"
	"	jmp 1b\n"
	"2:	test %rdx, %rdx\n"
	"	jz 4f\n"
	"	movzbl (%rsi), %eax\n"
	"	mov %al, (%rdi)\n"
	"	inc %rsi\n"
	"	inc %rdi\n"
	"	dec %rdx\n"
	"	jmp 2b\n"
	"3:	mov %rdx, %rcx\n"
	"	rep movsb\n"
	"4:	xor %eax, %eax\n"
	"	ret\n"
	"skep_copy_string:\n" /* rdi dst, rsi src, rdx max -> rax length */
	"	xor %eax, %eax\n"
	"5:	cmp %rdx, %rax\n"
	"	jae 6f\n"
	"	movzbl (%rsi,%rax), %ecx\n"
	"	mov %cl, (%rdi,%rax)\n"
	"	test %cl, %cl\n"
	"	jz 6f\n"
	"	inc %rax\n"
	"	jmp 5b\n"
	"6:	ret\n"
	"skep_copy_end:\n"
	"skep_copy_fault:\n"
	"	mov $-1, %rax\n"
	"	ret\n");

extern const char skep_copy_start[], skep_copy_end[], skep_copy_fault[];
long skep_copy_bytes(void *dst, const void *src, size_t bytes);
long skep_copy_string(char *dst, const char *src, size_t max);

static bool fixup(struct fault_range *range, uintptr_t pc, void *ucontext)
{
	ucontext_t *uc = ucontext;

	uc->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)skep_copy_fault;
	return true;
}

static struct fault_range range = { .fixup = fixup };
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int init_err;

static void init(void)
{
	range.start = (uintptr_t)skep_copy_start;
	range.end = (uintptr_t)skep_copy_end;
	init_err = fault_range_add(&range);
}

int seam_copy_init(void)
{
	pthread_once(&once, init);
	return init_err;
}

int seam_copy(void *dst, const void *src, size_t bytes)
{
	return skep_copy_bytes(dst, src, bytes) ? -EFAULT : 0;
}

long seam_copy_str(char *dst, const char *src, size_t max)
{
	long n = skep_copy_string(dst, src, max);

	return n < 0 ? -EFAULT : n;
}
