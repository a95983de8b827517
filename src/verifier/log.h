/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log: the verifier's log as bpf(2) hands it to the caller.
 *
 * The caller's buffer is a window on an endless text: rolling (the last bytes win) unless
 * BPF_LOG_FIXED (the first win). Positions are 64-bit offsets in that text. The text is kept in a
 * buffer of ours; the command copies it out (vlog_finish gives the bytes), so no client memory is
 * touched here. Semantics: kernel/bpf/log.c of Linux 6.4 and later.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

#ifndef BPF_LOG_LEVEL1
#define BPF_LOG_LEVEL1 1u
#define BPF_LOG_LEVEL2 2u
#define BPF_LOG_STATS 4u
#define BPF_LOG_FIXED 8u
#define BPF_LOG_LEVEL (BPF_LOG_LEVEL1 | BPF_LOG_LEVEL2)
#define BPF_LOG_MASK (BPF_LOG_LEVEL | BPF_LOG_STATS | BPF_LOG_FIXED)
#endif

#define VLOG_LINE_MAX 1024 /* one formatted message; longer is cut (BPF_VERIFIER_TMP_LOG_SIZE) */

struct vlog {
	uint32_t level;
	uint32_t len_total; /* size of the caller's buffer, 0: none */
	char *buf;	    /* ring of len_total bytes (grown on demand while nothing wrapped) */
	uint32_t buf_cap;
	uint64_t start_pos, end_pos;
	uint32_t len_max;
	bool failed; /* out of memory */
	char line[VLOG_LINE_MAX];
};

/* 0, or -EINVAL where the kernel finds level, buffer and size not to fit together.
 * has_buf: the caller gave a pointer. */
int vlog_init(struct vlog *log, uint32_t level, bool has_buf, uint32_t size);
void vlog_deinit(struct vlog *log);

static inline bool vlog_needed(const struct vlog *log)
{
	return log && log->level;
}

void vlog_vprintf(struct vlog *log, const char *fmt, va_list args) __printf_like(2, 0);
void vlog_printf(struct vlog *log, const char *fmt, ...) __printf_like(2, 3);

/* Forget everything after `pos` (a former end_pos). */
void vlog_reset(struct vlog *log, uint64_t pos);

/*
 * Straightens the text. *text, *bytes: what to copy to the start of the caller's buffer, closing
 * zero included (0 bytes: nothing to copy). *actual: log_true_size. Returns 0, -ENOSPC when text
 * was cut off (copy it all the same), -ENOMEM.
 */
int vlog_finish(struct vlog *log, const char **text, uint32_t *bytes, uint32_t *actual);
