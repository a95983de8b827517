/* SPDX-License-Identifier: BSD-2-Clause */
#include "proginfo.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"

/* Arrays the kernel fills in, sized by a first call. */
struct raw {
	struct bpf_func_info *funcs;
	struct bpf_line_info *lines;
	uint64_t *addresses;
	uint32_t *lengths;
};

static void ask_for_all(struct bpf_prog_info *ask, const struct bpf_prog_info *sizes,
			struct proginfo *info, struct raw *raw)
{
	*ask = (struct bpf_prog_info){ 0 };
	info->insns = xcalloc(1, sizes->xlated_prog_len);
	ask->xlated_prog_insns = (uintptr_t)info->insns;
	ask->xlated_prog_len = sizes->xlated_prog_len;
	info->jited = xcalloc(1, sizes->jited_prog_len);
	ask->jited_prog_insns = (uintptr_t)info->jited;
	ask->jited_prog_len = sizes->jited_prog_len;
	raw->funcs = xcalloc(sizes->nr_func_info, sizeof(*raw->funcs));
	ask->func_info = (uintptr_t)raw->funcs;
	ask->nr_func_info = sizes->nr_func_info;
	ask->func_info_rec_size = sizeof(*raw->funcs);
	raw->lines = xcalloc(sizes->nr_line_info, sizeof(*raw->lines));
	ask->line_info = (uintptr_t)raw->lines;
	ask->nr_line_info = sizes->nr_line_info;
	ask->line_info_rec_size = sizeof(*raw->lines);
	info->line_addresses = xcalloc(sizes->nr_jited_line_info, sizeof(uint64_t));
	ask->jited_line_info = (uintptr_t)info->line_addresses;
	ask->nr_jited_line_info = sizes->nr_jited_line_info;
	ask->jited_line_info_rec_size = sizeof(uint64_t);
	raw->addresses = xcalloc(sizes->nr_jited_ksyms, sizeof(*raw->addresses));
	ask->jited_ksyms = (uintptr_t)raw->addresses;
	ask->nr_jited_ksyms = sizes->nr_jited_ksyms;
	raw->lengths = xcalloc(sizes->nr_jited_func_lens, sizeof(*raw->lengths));
	ask->jited_func_lens = (uintptr_t)raw->lengths;
	ask->nr_jited_func_lens = sizes->nr_jited_func_lens;
}

static const char *function_name(const struct btf *btf, uint32_t type)
{
	const struct btf_type *t = btf ? btf__type_by_id(btf, type) : NULL;

	return t ? btf__name_by_offset(btf, t->name_off) : "";
}

static void take_functions(struct proginfo *info, const struct bpf_prog_info *got,
			   const struct raw *raw, const struct btf *btf)
{
	info->n_functions = got->nr_func_info ? got->nr_func_info : 1;
	info->functions = xcalloc(info->n_functions, sizeof(*info->functions));
	for (uint32_t i = 0; i < info->n_functions; i++) {
		struct proginfo_function *f = &info->functions[i];

		f->name = i < got->nr_func_info ? function_name(btf, raw->funcs[i].type_id) : "";
		f->insn = i < got->nr_func_info ? raw->funcs[i].insn_off : 0;
		f->address = i < got->nr_jited_ksyms ? raw->addresses[i] : 0;
		f->jited_bytes = i < got->nr_jited_func_lens ? raw->lengths[i] : 0;
	}
	if (info->n_functions == 1 && !info->functions[0].jited_bytes)
		info->functions[0].jited_bytes = info->jited_bytes;
}

static void take_lines(struct proginfo *info, const struct bpf_prog_info *got,
		       const struct raw *raw, const struct btf *btf)
{
	info->n_lines = btf ? got->nr_line_info : 0;
	info->lines = xcalloc(info->n_lines, sizeof(*info->lines));
	for (uint32_t i = 0; i < info->n_lines; i++) {
		info->lines[i].insn = raw->lines[i].insn_off;
		info->lines[i].line = BPF_LINE_INFO_LINE_NUM(raw->lines[i].line_col);
		info->lines[i].file = btf__name_by_offset(btf, raw->lines[i].file_name_off) ?: "";
		info->lines[i].text = btf__name_by_offset(btf, raw->lines[i].line_off) ?: "";
	}
	if (got->nr_jited_line_info != got->nr_line_info) {
		free(info->line_addresses);
		info->line_addresses = NULL;
	}
}

int proginfo_read(struct proginfo *info, int prog_fd, const struct btf *btf, struct error *err)
{
	struct bpf_prog_info sizes = { 0 }, got;
	uint32_t bytes = sizeof(sizes);
	struct raw raw = { 0 };
	int rc = 0;

	*info = (struct proginfo){ 0 };
	if (bpf_obj_get_info_by_fd(prog_fd, &sizes, &bytes))
		return error_set(err, -errno, "the engine does not tell about the program: %s",
				 strerror(errno));
	ask_for_all(&got, &sizes, info, &raw);
	bytes = sizeof(got);
	if (bpf_obj_get_info_by_fd(prog_fd, &got, &bytes))
		rc = error_set(err, -errno, "the engine does not tell the program's code: %s",
			       strerror(errno));
	if (!rc) {
		info->n_insns =
			got.xlated_prog_insns ? got.xlated_prog_len / sizeof(struct bpf_insn) : 0;
		info->jited_bytes = got.jited_prog_insns ? got.jited_prog_len : 0;
		take_functions(info, &got, &raw, btf);
		take_lines(info, &got, &raw, btf);
	}
	free(raw.funcs);
	free(raw.lines);
	free(raw.addresses);
	free(raw.lengths);
	if (rc)
		proginfo_free(info);
	return rc;
}

void proginfo_free(struct proginfo *info)
{
	free(info->insns);
	free(info->jited);
	free(info->functions);
	free(info->lines);
	free(info->line_addresses);
	*info = (struct proginfo){ 0 };
}
