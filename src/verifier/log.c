/* SPDX-License-Identifier: BSD-2-Clause */
#include "verifier/log.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hostile.h"

#define VLOG_CAP_MIN (64u * TUNE_CAP_MIN)

int vlog_init(struct vlog *log, uint32_t level, bool has_buf, uint32_t size)
{
	log->level = level;
	log->len_total = size;
	log->buf = NULL;
	log->buf_cap = 0;
	log->start_pos = log->end_pos = 0;
	log->len_max = 0;
	log->failed = false;
	if (has_buf != (size != 0))
		return -EINVAL;
	if (has_buf && !level)
		return -EINVAL;
	if (level & ~BPF_LOG_MASK)
		return -EINVAL;
	if (size > UINT32_MAX >> 2)
		return -EINVAL;
	return 0;
}

void vlog_deinit(struct vlog *log)
{
	free(log->buf);
	log->buf = NULL;
	log->buf_cap = 0;
}

/* The ring has to hold index `need - 1`; it is exactly len_total once that is asked for. */
static bool ring_reserve(struct vlog *log, uint64_t need)
{
	uint64_t cap = log->buf_cap ? log->buf_cap : VLOG_CAP_MIN;
	char *p;

	if (need > log->len_total)
		need = log->len_total;
	if (need <= log->buf_cap)
		return true;
	while (cap < need)
		cap *= 2;
	if (cap > log->len_total)
		cap = log->len_total;
	p = mem_realloc(log->buf, cap, 1);
	if (!p) {
		log->failed = true;
		return false;
	}
	memset(p + log->buf_cap, 0, cap - log->buf_cap);
	log->buf = p;
	log->buf_cap = cap;
	return true;
}

static void write_fixed(struct vlog *log, uint32_t n)
{
	uint64_t pos = log->end_pos;
	uint32_t fit = 0;

	if (pos < log->len_total) {
		fit = MIN(log->len_total - pos, n);
		log->line[fit - 1] = '\0';
	}
	log->end_pos += n - 1;
	if (fit && ring_reserve(log, pos + fit))
		memcpy(log->buf + pos, log->line, fit);
}

static void write_rolling(struct vlog *log, uint32_t n)
{
	uint64_t new_end = log->end_pos + n, pos;
	uint32_t keep, at, head;

	if (new_end - log->start_pos >= log->len_total)
		log->start_pos = new_end - log->len_total;
	log->end_pos = new_end - 1;
	if (!log->len_total)
		return;
	if (!ring_reserve(log, new_end))
		return;
	keep = MIN(n, log->len_total);
	pos = new_end - keep;
	at = pos % log->len_total;
	head = MIN(keep, log->len_total - at);
	memcpy(log->buf + at, log->line + n - keep, head);
	memcpy(log->buf, log->line + n - keep + head, keep - head);
}

void vlog_vprintf(struct vlog *log, const char *fmt, va_list args)
{
	uint64_t len;
	int got;
	uint32_t n;

	if (!vlog_needed(log) || log->failed)
		return;
	got = vsnprintf(log->line, sizeof(log->line), fmt, args);
	assert(got >= 0);
	n = MIN((uint32_t)got, (uint32_t)sizeof(log->line) - 1) + 1; /* the closing zero too */
	len = log->end_pos + n;
	if (len > log->len_max)
		log->len_max = MIN(len, (uint64_t)UINT32_MAX);
	if (log->level & BPF_LOG_FIXED)
		write_fixed(log, n);
	else
		write_rolling(log, n);
}

void vlog_printf(struct vlog *log, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vlog_vprintf(log, fmt, args);
	va_end(args);
}

void vlog_reset(struct vlog *log, uint64_t pos)
{
	uint64_t at;

	if (!vlog_needed(log) || log->failed) /* then nothing moves any more */
		return;
	assert(pos <= log->end_pos);
	log->end_pos = pos;
	if (log->end_pos < log->start_pos)
		log->start_pos = log->end_pos;
	if (!log->len_total)
		return;
	at = log->level & BPF_LOG_FIXED ? pos + 1 : pos % log->len_total;
	if (at < log->buf_cap)
		log->buf[at] = '\0';
}

static bool ring_straighten(struct vlog *log)
{
	uint32_t cut = log->start_pos % log->len_total;
	char *p = mem_alloc(log->len_total);

	if (!p)
		return false;
	memcpy(p, log->buf + cut, log->len_total - cut);
	memcpy(p + log->len_total - cut, log->buf, cut);
	free(log->buf);
	log->buf = p;
	log->start_pos = 0;
	return true;
}

int vlog_finish(struct vlog *log, const char **text, uint32_t *bytes, uint32_t *actual)
{
	*text = NULL;
	*bytes = 0;
	*actual = 0;
	if (!log->level)
		return 0;
	*actual = log->len_max;
	if (log->failed)
		return -ENOMEM;
	if (!log->len_total)
		return 0;
	if (log->start_pos && !ring_straighten(log))
		return -ENOMEM;
	*text = log->buf;
	*bytes = MIN(log->len_max, log->buf_cap);
	return log->len_max > log->len_total ? -ENOSPC : 0;
}
