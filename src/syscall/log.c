/* SPDX-License-Identifier: BSD-2-Clause */
/* See log.h. */
#include <errno.h>

#include "syscall/log.h"

int call_log_init(struct call_log *log, struct bpf_call *call, uint32_t level, uint64_t ubuf,
		  uint32_t bytes)
{
	log->call = call;
	log->ubuf = ubuf;
	log->true_bytes = 0;
	return vlog_init(&log->vlog, level, ubuf != 0, bytes);
}

void call_log_deinit(struct call_log *log)
{
	vlog_deinit(&log->vlog);
}

void call_log_vwrite(void *cookie, const char *fmt, va_list args)
{
	struct call_log *log = cookie;

	vlog_vprintf(&log->vlog, fmt, args);
}

int call_log_finish(struct call_log *log)
{
	const char *text;
	uint32_t bytes;
	int err = vlog_finish(&log->vlog, &text, &bytes, &log->true_bytes);

	if (copy_out(log->call->caller, log->ubuf, text, bytes))
		return -EFAULT;
	return err;
}
