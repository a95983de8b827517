/* SPDX-License-Identifier: BSD-2-Clause */
/* See jit/fixup.h. */
#include <ucontext.h>

#include "jit/fixup.h"

void jit_fixup_load(void *ucontext, uint8_t reg, uintptr_t resume)
{
	/* By machine number: rax rcx rdx rbx rsp rbp rsi rdi r8 to r15. */
	static const uint8_t greg[16] = {
		REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
		REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
	};
	ucontext_t *uc = ucontext;

	uc->uc_mcontext.gregs[greg[reg]] = 0;
	uc->uc_mcontext.gregs[REG_RIP] = (greg_t)resume;
}
