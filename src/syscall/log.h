/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log of a BTF_LOAD: verifier/log.h's window on an endless text, with the client's buffer
 * behind it. (PROG_LOAD's log is kept by verify_prog() itself, the same way.)
 */
#pragma once

#include <stdarg.h>
#include <stdint.h>

#include "syscall/call.h"
#include "verifier/log.h"

struct call_log {
	struct bpf_call *call;
	uint64_t ubuf;
	uint32_t true_bytes; /* after call_log_finish(): what log_true_size says */
	struct vlog vlog;
};

/* 0, or -EINVAL: level, buffer and size do not fit together. */
int call_log_init(struct call_log *log, struct bpf_call *call, uint32_t level, uint64_t ubuf,
		  uint32_t bytes);
void call_log_deinit(struct call_log *log);

/* For struct btf_log; cookie is the call_log. */
void call_log_vwrite(void *cookie, const char *fmt, va_list args) __printf_like(2, 0);

/* Copies the text out: 0, -ENOSPC (it was cut), -EFAULT. */
int call_log_finish(struct call_log *log);
