/* SPDX-License-Identifier: BSD-2-Clause */
#include "printk/format.h"

#include <errno.h>
#include <linux/types.h>
#include <skep/format.h>
#include <string.h>

#include "printk/sink-api.bpf.h"

#define LINE_BYTES 1024 /* MAX_BPRINTF_BUF of the kernel */

bool printk_format_points(const char *format, uint32_t bytes)
{
	const char *end = memchr(format, '\0', bytes);

	for (const char *s = format; end && s < end; s++) {
		if (*s != '%')
			continue;
		for (s++; strchr("0123456789+- ", *s) && s < end; s++)
			;
		if (*s == 's')
			return true;
		if (*s == 'p' && s[1] && strchr("kuiI", s[1]))
			return true;
	}
	return false;
}

/* A record taken apart. */
struct parts {
	struct printk_record head;
	uint64_t args[PRINTK_ARGS_MAX];
	const char *texts;
	const char *format;
};

static int take_apart(const void *record, size_t bytes, struct parts *p)
{
	const char *at = record;
	size_t texts;

	if (bytes < sizeof(p->head))
		return -EBADMSG;
	memcpy(&p->head, at, sizeof(p->head));
	at += sizeof(p->head);
	bytes -= sizeof(p->head);
	texts = (size_t)p->head.n_texts * (sizeof(struct printk_text) + p->head.slot_bytes);
	if (p->head.n_args > PRINTK_ARGS_MAX || p->head.n_texts > p->head.n_args ||
	    bytes < p->head.n_args * sizeof(uint64_t) + texts + p->head.format_bytes)
		return -EBADMSG;
	memset(p->args, 0, sizeof(p->args));
	memcpy(p->args, at, p->head.n_args * sizeof(uint64_t));
	p->texts = at + p->head.n_args * sizeof(uint64_t);
	p->format = p->texts + texts;
	return 0;
}

/* Copies from what was found behind argument @i, if @addr lies there: 0 or -EFAULT. */
static int read_text(const struct parts *p, uint32_t i, void *dst, uint64_t addr, size_t bytes)
{
	uint64_t offset = addr - p->args[i];
	struct printk_text text;
	const char *at = p->texts + i * (sizeof(text) + p->head.slot_bytes);

	memcpy(&text, at, sizeof(text));
	if (bytes > 1) {
		if (offset || text.raw || bytes > sizeof(text.data))
			return -EFAULT;
		memcpy(dst, text.data, bytes);
		return 0;
	}
	if (text.bytes <= 0 || offset >= (uint64_t)text.bytes || offset >= p->head.slot_bytes)
		return -EFAULT;
	memcpy(dst, at + sizeof(text) + offset, 1);
	return 0;
}

static int read_behind(void *arg, void *dst, uint64_t addr, size_t bytes)
{
	const struct parts *p = arg;

	for (uint32_t i = 0; i < p->head.n_texts; i++)
		if (read_text(p, i, dst, addr, bytes) == 0)
			return 0;
	return -EFAULT;
}

int printk_format(const void *record, size_t bytes, struct buffer *out, struct printk_line *line)
{
	char text[LINE_BYTES];
	struct parts p;
	int n = take_apart(record, bytes, &p);

	if (n)
		return n;
	/* bpf_trace_printk always has three arguments, set or not. */
	n = skep_format(text, sizeof(text), p.format, p.head.format_bytes, p.args,
			p.head.is_array ? p.head.n_args : 3, read_behind, &p);
	if (n < 0)
		return n;
	if (n > LINE_BYTES - 1)
		n = LINE_BYTES - 1;
	if (n && text[n - 1] == '\n')
		n--;
	buffer_add(out, text, (size_t)n);
	line->ktime_ns = p.head.ktime_ns;
	line->cpu = p.head.cpu;
	return 0;
}
