/* SPDX-License-Identifier: BSD-2-Clause */
#include "machine.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES_PER_LINE 16

extern char **environ;

/* Runs objdump on the code in a memory file; its output, or NULL. */
static char *run_objdump(const void *code, size_t bytes)
{
	char path[64];
	char *argv[] = { (char *)"objdump",
			 (char *)"-D",
			 (char *)"-b",
			 (char *)"binary",
			 (char *)"-m",
			 (char *)"i386:x86-64",
			 (char *)"--no-show-raw-insn",
			 path,
			 NULL };
	int file = memfd_create("code", 0);
	posix_spawn_file_actions_t actions;
	struct buffer out = { 0 };
	int fds[2], status = -1;
	char chunk[4096];
	ssize_t n;
	pid_t pid;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	if (file < 0 || write(file, code, bytes) != (ssize_t)bytes || pipe2(fds, O_CLOEXEC)) {
		if (file >= 0)
			close(file);
		return NULL;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ))
		pid = -1;
	posix_spawn_file_actions_destroy(&actions);
	close(fds[1]);
	while (pid > 0 &&
	       ((n = read(fds[0], chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR)))
		if (n > 0)
			buffer_add(&out, chunk, n);
	close(fds[0]);
	close(file);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return buffer_take(&out);
}

static void add_insn(struct machine_code *m, uint64_t offset, const char *text)
{
	array_grow(m->insns, m->n_insns);
	m->insns[m->n_insns++] = (struct machine_insn){ offset, text };
}

/* "   12:\tmov    %rsp,%rbp" */
static void take_lines(struct machine_code *m)
{
	char *line, *rest = m->output;

	while ((line = strsep(&rest, "\n"))) {
		char *text = strstr(line, ":\t");
		size_t indent = strspn(line, " ");

		if (!text || !indent || !isxdigit((unsigned char)line[indent]))
			continue;
		add_insn(m, strtoull(line, NULL, 16), text + 2);
	}
}

static void take_bytes(struct machine_code *m, const uint8_t *code, size_t bytes)
{
	size_t lines = (bytes + BYTES_PER_LINE - 1) / BYTES_PER_LINE;
	char *at;

	free(m->output);
	at = m->output = xcalloc(lines, BYTES_PER_LINE * 3 + 1);
	for (size_t i = 0; i < bytes; i += BYTES_PER_LINE) {
		add_insn(m, i, at);
		for (size_t j = i; j < i + BYTES_PER_LINE && j < bytes; j++)
			at += sprintf(at, "%02x ", code[j]);
		at++;
	}
}

void machine_disassemble(struct machine_code *m, const void *code, size_t bytes)
{
	*m = (struct machine_code){ .output = run_objdump(code, bytes) };
	if (m->output)
		take_lines(m);
	if (!m->n_insns)
		take_bytes(m, code, bytes);
}

void machine_free(struct machine_code *m)
{
	free(m->output);
	free(m->insns);
	*m = (struct machine_code){ 0 };
}
