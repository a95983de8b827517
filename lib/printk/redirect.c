/* SPDX-License-Identifier: BSD-2-Clause */
#include "printk/redirect.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "btfcheck.h"
#include "elfcode.h"
#include "file.h"
#include "printk/calls.h"
#include "printk/format.h"
#include "printk/sink.h"

#define SINK_PREFIX	 "skep_printk_"
#define LINK_SECONDS_MAX 20

bool printk_is_called(const struct buffer *image)
{
	struct elfcode code;
	struct error unused;
	bool is = false;

	if (elfcode_open(&code, "", image, &unused))
		return false;
	for (uint32_t i = 0; i < code.n_functions && !is; i++)
		for (uint32_t k = 0; k < code.functions[i].n_insns && !is; k++) {
			const struct bpf_insn *insn = &code.functions[i].insns[k];

			is = insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == 0 &&
			     (insn->imm == PRINTK_HELPER_TRACE ||
			      insn->imm == PRINTK_HELPER_VTRACE);
		}
	elfcode_close(&code);
	return is;
}

/* --- linking ------------------------------------------------------------------------------------------- */

static int link_files(const char *user, const char *sink, const char *linked)
{
	struct bpf_linker *linker = bpf_linker__new(linked, NULL);
	int rc = linker ? 0 : -errno;

	if (!rc)
		rc = bpf_linker__add_file(linker, user, NULL);
	if (!rc)
		rc = bpf_linker__add_file(linker, sink, NULL);
	if (!rc)
		rc = bpf_linker__finalize(linker);
	bpf_linker__free(linker);
	return rc;
}

/* libbpf 1.1's linker believes what an object says of itself, and falls over damaged ones: so it works in
 * a process of its own, for a bounded time. */
static int link_apart(const char *user, const char *sink, const char *linked, struct error *err)
{
	static const int deadly[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL };
	const struct rlimit no_core = { 0 };
	pid_t pid = fork();
	int status = 0;

	if (pid < 0)
		return error_set(err, -errno, "no process to link its object in (%s)",
				 strerror(errno));
	if (pid == 0) {
		/* Its end is its own affair: no handler of this process, no core. */
		for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
			signal(deadly[i], SIG_DFL);
		setrlimit(RLIMIT_CORE, &no_core);
		alarm(LINK_SECONDS_MAX);
		_exit(link_files(user, sink, linked) ? 1 : 0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		return error_set(err, -EBADMSG,
				 "its object is damaged: linking it to another ended by "
				 "signal %d",
				 WTERMSIG(status));
	return WEXITSTATUS(status)
		       ? error_set(err, -EBADMSG, "its object cannot be linked to another")
		       : 0;
}

static int link_sink(const struct buffer *image, struct buffer *out, struct error *err)
{
	struct temp_folder tmp;
	const char *user, *sink, *linked;
	int rc = temp_folder_make(&tmp, err);

	if (rc)
		return rc;
	user = temp_folder_file(&tmp, "user.o");
	sink = temp_folder_file(&tmp, "sink.o");
	linked = temp_folder_file(&tmp, "linked.o");
	rc = file_write_atomic(user, image->data, image->bytes);
	if (!rc)
		rc = file_write_atomic(sink, printk_sink, printk_sink_bytes);
	if (rc)
		error_set(err, rc, "a temporary file cannot be written (%s)", strerror(-rc));
	else
		rc = link_apart(user, sink, linked, err);
	if (!rc)
		rc = file_read(linked, out, err);
	temp_folder_remove(&tmp);
	return rc;
}

/* --- calls ----------------------------------------------------------------------------------------------- */

struct patch {
	struct buffer *image;
	struct elfcode code;
	struct btf *btf; /* NULL: the object has none */
};

static const struct code_function *find_function(const struct elfcode *code, const char *name)
{
	for (uint32_t i = 0; i < code->n_functions; i++)
		if (strcmp(code->functions[i].name, name) == 0)
			return &code->functions[i];
	return NULL;
}

/* How many registers a function is entered with: a program with its context. -1: not known. */
static int params_of(const struct patch *p, const struct code_function *f)
{
	const struct btf_type *t;
	int id;

	if (strcmp(f->section, ".text") != 0)
		return 1;
	id = p->btf ? btf__find_by_name_kind(p->btf, f->name, BTF_KIND_FUNC) : -1;
	t = id > 0 ? btf__type_by_id(p->btf, (uint32_t)id) : NULL;
	t = t ? btf__type_by_id(p->btf, t->type) : NULL;
	return t && btf_is_func_proto(t) ? btf_vlen(t) : -1;
}

static char *sink_function(const struct printk_call *call)
{
	bool text = !call->format || printk_format_points(call->format, call->format_bytes);

	if (call->helper == PRINTK_HELPER_VTRACE)
		return xstrdup(text ? SINK_PREFIX "array_text" : SINK_PREFIX "array");
	return xformat(SINK_PREFIX "%s_%u", text && call->n_args ? "text" : "plain", call->n_args);
}

/* libbpf takes a call without a relocation as one into .text, counted from the calling section's start
 * (libbpf.c, bpf_object__reloc_code). */
static int patch_call(struct patch *p, const struct code_function *f,
		      const struct printk_call *call, struct error *err)
{
	char *name = sink_function(call);
	const struct code_function *to = find_function(&p->code, name);
	size_t at = (size_t)((const char *)&f->insns[call->insn] - p->image->data);
	struct bpf_insn insn = f->insns[call->insn];

	free(name);
	if (!to)
		return error_set(err, -ENOENT, "the linked object lacks the sink");
	insn.src_reg = BPF_PSEUDO_CALL;
	insn.imm = (int32_t)(to->section_insn - (f->section_insn + call->insn) - 1);
	memcpy(p->image->data + at, &insn, sizeof(insn));
	return 0;
}

static int patch_function(struct patch *p, const struct code_function *f, struct error *err)
{
	struct printk_calls calls = { 0 };
	int n_params = params_of(p, f), rc;

	rc = printk_calls_find(f, p->image, n_params < 0 ? 0 : (uint32_t)n_params, &calls, err);
	if (!rc && calls.n && n_params < 0)
		rc = error_set(err, -EINVAL, "the parameters of function %s are not known",
			       f->name);
	for (uint32_t i = 0; i < calls.n && !rc; i++)
		rc = patch_call(p, f, &calls.calls[i], err);
	printk_calls_deinit(&calls);
	return rc;
}

static int patch_all(struct buffer *image, struct error *err)
{
	struct patch p = { .image = image };
	const void *btf;
	size_t bytes;
	int rc;

	if (btfcheck_object(image))
		return error_set(err, -EINVAL, "its types cannot be linked");
	rc = elfcode_open(&p.code, "the linked object", image, err);
	if (rc)
		return rc;
	btf = elfcode_btf(image, &bytes);
	p.btf = btf ? btf__new(btf, (uint32_t)bytes) : NULL;
	for (uint32_t i = 0; i < p.code.n_functions && !rc; i++)
		if (strncmp(p.code.functions[i].name, SINK_PREFIX, strlen(SINK_PREFIX)) != 0)
			rc = patch_function(&p, &p.code.functions[i], err);
	btf__free(p.btf);
	elfcode_close(&p.code);
	return rc;
}

int printk_redirect(const struct buffer *image, struct buffer *out, struct error *err)
{
	int rc = link_sink(image, out, err);

	if (!rc)
		rc = patch_all(out, err);
	if (rc)
		buffer_reset(out);
	return rc;
}
