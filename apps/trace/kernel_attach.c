/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/kernel_attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"

#define CODE_LD_IMM64 (BPF_LD | BPF_IMM | BPF_DW)

static void keep_link(struct kernel_links *l, struct bpf_link *link)
{
	array_grow(l->links, l->n_links);
	l->links[l->n_links++] = link;
}

void kernel_detach(struct kernel_links *l)
{
	for (uint32_t i = 0; i < l->n_links; i++)
		bpf_link__destroy(l->links[i]);
	for (uint32_t i = 0; i < l->n_fds; i++)
		close(l->fds[i]);
	for (uint32_t i = 0; i < l->n_progs; i++)
		close(l->progs[i]);
	free(l->links);
	free(l->progs);
	free(l->fds);
	*l = (struct kernel_links){ 0 };
}

uint64_t kernel_missed(const struct kernel_links *l)
{
	uint64_t missed = 0;

	for (uint32_t i = 0; i < l->n_progs; i++) {
		struct bpf_prog_info info = { 0 };
		uint32_t bytes = sizeof(info);

		if (!bpf_obj_get_info_by_fd(l->progs[i], &info, &bytes))
			missed += info.recursion_misses;
	}
	return missed;
}

/* --- copies of a program, with numbers in their code ------------------------------------------ */

static uint32_t number_of(const struct kernel_function *f, uint32_t index, uint32_t mark)
{
	switch (mark) {
	case KERNEL_MARK_INDEX:
		return index;
	case KERNEL_MARK_COUNT:
		return f->n_words;
	case KERNEL_MARK_STRINGS:
		return f->strings;
	default:
		return f->has_result && f->n_words <= KERNEL_ARGUMENTS;
	}
}

static void write_numbers(struct bpf_insn *insns, size_t n, const struct kernel_function *f,
			  uint32_t index)
{
	for (size_t i = 0; i + 1 < n; i++) {
		uint32_t mark = (uint32_t)insns[i + 1].imm;

		if (insns[i].code == CODE_LD_IMM64 && !insns[i].src_reg &&
		    mark >= KERNEL_MARK_INDEX && mark <= KERNEL_MARK_RESULT) {
			insns[i].imm = (int32_t)number_of(f, index, mark);
			insns[i + 1].imm = 0;
		}
	}
}

/* The fd of a copy for this function, or -errno. */
static int load_copy(const struct bpf_program *prog, const struct kernel_function *f,
		     uint32_t index)
{
	size_t n = bpf_program__insn_cnt(prog);
	struct bpf_insn *insns = xcalloc(n, sizeof(*insns));
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .attach_btf_id = f->btf_id,
		    .expected_attach_type = bpf_program__expected_attach_type(prog));
	int fd = f->module && f->btf_id ? kernel_module_fd(f->module) : 0;

	if (fd < 0) {
		free(insns);
		return fd;
	}
	opts.attach_btf_obj_fd = (__u32)fd;
	memcpy(insns, bpf_program__insns(prog), n * sizeof(*insns));
	write_numbers(insns, n, f, index);
	fd = bpf_prog_load(bpf_program__type(prog), bpf_program__name(prog), "Dual BSD/GPL", insns,
			   n, &opts);
	free(insns);
	return fd < 0 ? -errno : fd;
}

static int attach_copy(struct kernel_links *l, const struct bpf_program *prog,
		       const struct kernel_function *f, uint32_t index)
{
	int prog_fd = load_copy(prog, f, index), link;

	if (prog_fd < 0)
		return prog_fd;
	array_grow(l->progs, l->n_progs);
	l->progs[l->n_progs++] = prog_fd;
	link = bpf_raw_tracepoint_open(f->is_tracepoint ? f->symbol : NULL, prog_fd);
	if (link < 0)
		return -errno;
	array_grow(l->fds, l->n_fds);
	l->fds[l->n_fds++] = link;
	return 0;
}

/* --- kprobes -------------------------------------------------------------------------------------- */

static int attach_kprobe(struct kernel_links *l, const struct bpf_program *prog,
			 const struct kernel_function *f, uint32_t index, bool is_return)
{
	LIBBPF_OPTS(bpf_kprobe_opts, opts, .bpf_cookie = index, .retprobe = is_return);
	struct bpf_link *link = bpf_program__attach_kprobe_opts(prog, f->symbol, &opts);

	if (!link)
		return -errno;
	keep_link(l, link);
	return 0;
}

/* One link for all of them; where one name stops it, one link for each. */
static void attach_multi(struct kernel_links *l, const struct bpf_program *prog,
			 struct kernel_targets *t, bool is_return)
{
	const char **names = xcalloc(t->n, sizeof(*names));
	__u64 *cookies = xcalloc(t->n, sizeof(*cookies));
	LIBBPF_OPTS(bpf_kprobe_multi_opts, opts, .syms = names, .cookies = cookies,
		    .retprobe = is_return);
	struct bpf_link *link;

	for (uint32_t i = 0; i < t->n; i++) {
		if (t->functions[i].is_tracepoint || t->functions[i].refused)
			continue;
		names[opts.cnt] = t->functions[i].symbol;
		cookies[opts.cnt++] = i;
	}
	link = opts.cnt ? bpf_program__attach_kprobe_multi_opts(prog, NULL, &opts) : NULL;
	for (uint32_t i = 0; !link && i < opts.cnt; i++) {
		LIBBPF_OPTS(bpf_kprobe_multi_opts, one, .syms = &names[i], .cookies = &cookies[i],
			    .cnt = 1, .retprobe = is_return);
		struct bpf_link *single = bpf_program__attach_kprobe_multi_opts(prog, NULL, &one);

		if (single)
			keep_link(l, single);
		else
			t->functions[cookies[i]].refused = -errno;
	}
	if (link)
		keep_link(l, link);
	free(names);
	free(cookies);
}

void kernel_attach(struct kernel_links *l, enum kernel_hook hook, const struct bpf_program *prog,
		   struct kernel_targets *t, bool is_return)
{
	if (hook == KERNEL_HOOK_KPROBE_MULTI) {
		attach_multi(l, prog, t, is_return);
		return;
	}
	for (uint32_t i = 0; i < t->n; i++) {
		struct kernel_function *f = &t->functions[i];
		int rc;

		if (f->refused || f->is_tracepoint != (hook == KERNEL_HOOK_TRACEPOINT))
			continue;
		rc = hook == KERNEL_HOOK_KPROBE ? attach_kprobe(l, prog, f, i, is_return)
						: attach_copy(l, prog, f, i);
		if (rc)
			f->refused = rc;
	}
}
