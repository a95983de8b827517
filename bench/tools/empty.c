/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * empty TRACEPOINT...: an empty program at each of these raw tracepoints, until it is interrupted. What
 * beside it is added to an event is the kernel's own part, which no tool gets below.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/bpf.h>

static long bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int load(void)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = 2;
	attr.license = (uintptr_t) "GPL";
	return (int)bpf(BPF_PROG_LOAD, &attr);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		union bpf_attr attr;

		memset(&attr, 0, sizeof(attr));
		attr.raw_tracepoint.name = (uintptr_t)argv[i];
		attr.raw_tracepoint.prog_fd = (uint32_t)load();
		if (bpf(BPF_RAW_TRACEPOINT_OPEN, &attr) < 0) {
			perror(argv[i]);
			return 1;
		}
	}
	pause();
	return 0;
}
