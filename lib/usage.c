/* SPDX-License-Identifier: BSD-2-Clause */
#include "usage.h"

#include <linux/bpf.h>
#include <string.h>

#include "elfcode.h"

static bool is_loaded(const struct object *obj, const struct code_function *f)
{
	const struct bpf_program *prog = bpf_object__find_program_by_name(obj->bpf, f->name);

	return strcmp(f->section, ".text") == 0 || (prog && bpf_program__autoload(prog));
}

/* A helper's number is in the immediate of a call whose src_reg is 0. */
static void helpers_of(const struct code_function *f, uint64_t called[USAGE_HELPER_WORDS])
{
	for (uint32_t i = 0; i < f->n_insns; i++) {
		const struct bpf_insn *insn = &f->insns[i];

		if (insn->code == (BPF_LD | BPF_IMM | BPF_DW)) {
			i++;
			continue;
		}
		if (insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == 0 && insn->imm >= 0 &&
		    insn->imm < USAGE_HELPER_WORDS * 64)
			called[insn->imm / 64] |= 1ull << insn->imm % 64;
	}
}

void usage_helpers(const struct object *obj, uint64_t called[USAGE_HELPER_WORDS])
{
	struct elfcode code;
	struct error unused;

	memset(called, 0, USAGE_HELPER_WORDS * sizeof(called[0]));
	if (elfcode_open(&code, obj->path, obj->image, &unused))
		return;
	for (uint32_t i = 0; i < code.n_functions; i++)
		if (is_loaded(obj, &code.functions[i]))
			helpers_of(&code.functions[i], called);
	elfcode_close(&code);
}

bool usage_prints(const struct object *obj)
{
	uint64_t called[USAGE_HELPER_WORDS];

	usage_helpers(obj, called);
	return called[BPF_FUNC_trace_printk / 64] >> BPF_FUNC_trace_printk % 64 & 1 ||
	       called[BPF_FUNC_trace_vprintk / 64] >> BPF_FUNC_trace_vprintk % 64 & 1;
}

static bool refers(const struct code_function *f, const char *symbol)
{
	for (uint32_t i = 0; i < f->n_references; i++)
		if (strcmp(f->references[i].symbol, symbol) == 0)
			return true;
	return false;
}

bool usage_refers(const struct object *obj, const char *symbol)
{
	struct elfcode code;
	struct error unused;
	bool found = false;

	if (elfcode_open(&code, obj->path, obj->image, &unused))
		return true;
	for (uint32_t i = 0; !found && i < code.n_functions; i++)
		found = is_loaded(obj, &code.functions[i]) && refers(&code.functions[i], symbol);
	elfcode_close(&code);
	return found;
}
