/* SPDX-License-Identifier: BSD-2-Clause */
#include "tracepipe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "kernel_fs.h"

#define CHUNK_BYTES	65536
#define TAKE_CHUNKS_MAX 64 /* in one go: reading may itself cause lines */
#define MARK		"bpf_trace_printk: "

struct tracepipe {
	int fd;
	pid_t pid; /* 0: of all processes */
	uint64_t lost;
	tracepipe_fn *fn; /* NULL: drop what is there */
	void *arg;
	struct buffer partial; /* a line not yet complete */
};

static int open_pipe(void)
{
	int folder = kernel_fs_root(KERNEL_FS_TRACE, NULL), fd;

	if (folder < 0)
		return folder;
	fd = openat(folder, "trace_pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* "  skep-1234  [000] d..31  12.345678: bpf_trace_printk: TEXT": ours when the pid is. */
static void take_line(struct tracepipe *pipe, const char *line)
{
	const char *text = strstr(line, MARK);
	const char *cpu = strstr(line, " [");
	const char *pid = cpu;
	unsigned long long lost;

	/* "CPU:1 [LOST 4242 EVENTS]" */
	if (strncmp(line, "CPU:", 4) == 0 && sscanf(line, "CPU:%*u [LOST %llu EVENTS]", &lost) == 1)
		pipe->lost += pipe->fn ? lost : 0;
	if (!text || !cpu || cpu > text || !pipe->fn)
		return;
	while (pid > line && pid[-1] == ' ')
		pid--;
	while (pid > line && pid[-1] != '-')
		pid--;
	if (!pipe->pid || atol(pid) == pipe->pid)
		pipe->fn(pipe->arg, text + strlen(MARK));
}

static void take_lines(struct tracepipe *pipe)
{
	char *line = pipe->partial.data;
	char *end;

	while (line && (end = strchr(line, '\n'))) {
		*end = '\0';
		take_line(pipe, line);
		line = end + 1;
	}
	if (line && line != pipe->partial.data) {
		pipe->partial.bytes -= line - pipe->partial.data;
		memmove(pipe->partial.data, line, pipe->partial.bytes + 1);
	}
}

void tracepipe_take(struct tracepipe *pipe)
{
	char chunk[CHUNK_BYTES];
	ssize_t n;

	if (!pipe)
		return;
	for (uint32_t i = 0; i < TAKE_CHUNKS_MAX; i++) {
		n = read(pipe->fd, chunk, sizeof(chunk));
		if (n <= 0)
			return;
		buffer_add(&pipe->partial, chunk, n);
		take_lines(pipe);
	}
}

int tracepipe_fd(const struct tracepipe *pipe)
{
	return pipe->fd;
}

uint64_t tracepipe_lost(const struct tracepipe *pipe)
{
	return pipe->lost;
}

int tracepipe_open(enum tracepipe_whose whose, tracepipe_fn *fn, void *arg, struct tracepipe **out,
		   struct error *err)
{
	struct tracepipe *pipe;
	int fd = open_pipe();

	if (fd < 0)
		return error_set(err, fd,
				 "bpf_printk lines go to the kernel's trace pipe, and tracefs "
				 "is neither mounted nor may be opened");
	pipe = xcalloc(1, sizeof(*pipe));
	pipe->fd = fd;
	pipe->pid = whose == TRACEPIPE_OWN ? getpid() : 0;
	pipe->arg = arg;
	tracepipe_take(pipe);
	pipe->fn = fn;
	*out = pipe;
	return 0;
}

void tracepipe_close(struct tracepipe *pipe)
{
	if (!pipe)
		return;
	close(pipe->fd);
	buffer_deinit(&pipe->partial);
	free(pipe);
}
