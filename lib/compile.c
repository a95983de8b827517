/* SPDX-License-Identifier: BSD-2-Clause */
#include "compile.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "vmlinux_header.h"

#define ARGS_MAX   32
#define NO_VMLINUX "'vmlinux.h' file not found"

extern char **environ;

/* Newest first; each is tried until one exists. */
static const char *const compilers[] = { "clang-19", "clang",	 "clang-18", "clang-17",
					 "clang-16", "clang-15", "clang-14" };

bool compile_is_source(const char *path)
{
	size_t length = strlen(path);

	return length > 2 && strcmp(path + length - 2, ".c") == 0;
}

static bool is_program(const char *folder, size_t length, const char *name)
{
	char *path = xformat("%.*s/%s", (int)length, folder, name);
	bool is = access(path, X_OK) == 0;

	free(path);
	return is;
}

static bool on_path(const char *name)
{
	const char *path = getenv("PATH");

	for (path = path ? path : "/usr/local/bin:/usr/bin:/bin"; *path;) {
		size_t length = strcspn(path, ":");

		if (length && is_program(path, length, name))
			return true;
		path += length + (path[length] == ':');
	}
	return false;
}

static const char *find_compiler(void)
{
	for (size_t i = 0; i < sizeof(compilers) / sizeof(compilers[0]); i++)
		if (on_path(compilers[i]))
			return compilers[i];
	return NULL;
}

/* Headers for BPF C that come with the tool: beside its binary in a build, under share/ installed. */
static char *header_folder(void)
{
	static const char *const places[] = { "../../bpf", "../share/skep/bpf" };
	char self[4096];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	struct stat st;

	while (length > 0 && self[length - 1] != '/')
		length--;
	for (size_t i = 0; length > 0 && i < sizeof(places) / sizeof(places[0]); i++) {
		char *folder = xformat("%.*s%s", (int)length, self, places[i]);

		if (stat(folder, &st) == 0 && S_ISDIR(st.st_mode))
			return folder;
		free(folder);
	}
	return NULL;
}

struct compile {
	const char *source;
	const char *object;
	char *headers;	     /* NULL: none found */
	const char *vmlinux; /* folder of vmlinux.h, NULL: not needed so far */
	struct buffer said;  /* clang's standard error */
};

static uint32_t make_args(const struct compile *c, const char *compiler, const char **args)
{
	uint32_t n = 0;

	args[n++] = compiler;
	args[n++] = "-target";
	args[n++] = "bpf";
	args[n++] = "-mcpu=v3";
	args[n++] = "-g";
	args[n++] = "-O2";
	args[n++] = "-Wall";
	if (isatty(STDERR_FILENO))
		args[n++] = "-fcolor-diagnostics";
	if (c->vmlinux) {
		args[n++] = "-I";
		args[n++] = c->vmlinux;
	}
	if (c->headers) {
		args[n++] = "-I";
		args[n++] = c->headers;
	}
	/* Debian keeps asm/ where clang does not look for this target. */
	args[n++] = "-idirafter";
	args[n++] = SKEP_MULTIARCH_INCLUDE;
	args[n++] = "-c";
	args[n++] = c->source;
	args[n++] = "-o";
	args[n++] = c->object;
	args[n] = NULL;
	return n;
}

static void read_pipe(int fd, struct buffer *out)
{
	char chunk[4096];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno != EINTR)
			return;
		if (n > 0)
			buffer_add(out, chunk, n);
	}
}

/* Runs clang once; its exit status (0 is success), or -errno. */
static int run_compiler(struct compile *c, const char *compiler)
{
	const char *args[ARGS_MAX];
	posix_spawn_file_actions_t actions;
	int said[2], status, rc;
	pid_t pid;

	make_args(c, compiler, args);
	if (pipe2(said, O_CLOEXEC))
		return -errno;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, said[1], STDERR_FILENO);
	rc = -posix_spawnp(&pid, compiler, &actions, NULL, (char *const *)args, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(said[1]);
	buffer_reset(&c->said);
	if (!rc) {
		read_pipe(said[0], &c->said);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		rc = WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
	}
	close(said[0]);
	return rc;
}

/* Finds or makes vmlinux.h; the folder's name is *cached (to free) or that of @tmp. */
static int provide_vmlinux(struct compile *c, struct temp_folder *tmp, char **cached,
			   struct error *err)
{
	struct buffer text = { 0 };
	int rc;

	err->text[0] = '\0';
	*cached = vmlinux_cached_folder(err);
	c->vmlinux = *cached ? *cached : tmp->path;
	if (*cached)
		return 0;
	if (err->text[0])
		return -ENOENT;
	rc = vmlinux_header(&text, err);
	if (!rc)
		rc = file_write_atomic(temp_folder_file(tmp, "vmlinux.h"), text.data, text.bytes);
	buffer_deinit(&text);
	return rc;
}

static int compile_in(struct temp_folder *tmp, const char *source, struct buffer *object,
		      struct error *err)
{
	struct compile c = { .source = source, .headers = header_folder() };
	const char *compiler = find_compiler();
	char *cached = NULL;
	int rc;

	if (!compiler) {
		free(c.headers);
		return error_set(err, -ENOENT,
				 "%s: no clang on PATH to compile it: install clang, or "
				 "give a compiled object (.bpf.o)",
				 source);
	}
	c.object = temp_folder_file(tmp, "program.bpf.o");
	rc = run_compiler(&c, compiler);
	if (rc > 0 && strstr(buffer_string(&c.said), NO_VMLINUX)) {
		rc = provide_vmlinux(&c, tmp, &cached, err);
		if (!rc)
			rc = run_compiler(&c, compiler);
		else
			buffer_reset(&c.said);
	}
	fputs(buffer_string(&c.said), stderr);
	if (rc > 0)
		rc = error_set(err, -EBADMSG, "%s: %s cannot compile it, for the reason above",
			       source, compiler);
	else if (rc < 0 && !err->text[0])
		error_set(err, rc, "%s: cannot run %s: %s", source, compiler, strerror(-rc));
	else if (!rc)
		rc = file_read(c.object, object, err);
	buffer_deinit(&c.said);
	free(c.headers);
	free(cached);
	return rc;
}

int compile_program(const char *path, struct buffer *object, struct error *err)
{
	struct temp_folder tmp;
	int rc;

	if (access(path, R_OK))
		return error_set(err, -errno, "cannot open %s: %s", path, strerror(errno));
	rc = temp_folder_make(&tmp, err);
	if (rc)
		return rc;
	err->text[0] = '\0';
	rc = compile_in(&tmp, path, object, err);
	temp_folder_remove(&tmp);
	return rc;
}
