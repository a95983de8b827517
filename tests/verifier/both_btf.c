/* SPDX-License-Identifier: BSD-2-Clause */
/* See both_btf_make() in both.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "both.h"
#include "btf/btf.h"
#include "btf/build.h"
#include "isa/insn.h"
#include "object/btf_object.h"

#define FUNCS_MAX 16

static void die(const char *what, int err)
{
	fprintf(stderr, "%s: %s\n", what, strerror(-err));
	abort();
}

/* Keeps them sorted, each once. */
static void add_func(struct both_btf *btf, uint32_t pc)
{
	uint32_t at = 0;

	while (at < btf->n_funcs && btf->funcs[at].insn_off < pc)
		at++;
	if (at < btf->n_funcs && btf->funcs[at].insn_off == pc)
		return;
	if (btf->n_funcs == FUNCS_MAX)
		die("functions of a test program", -E2BIG);
	memmove(&btf->funcs[at + 1], &btf->funcs[at],
		(btf->n_funcs++ - at) * sizeof(btf->funcs[0]));
	btf->funcs[at].insn_off = pc;
}

static void find_funcs(struct both_btf *btf, const struct bpf_insn *insns, uint32_t n)
{
	add_func(btf, 0);
	for (uint32_t pc = 0; pc < n; pc++) {
		const struct bpf_insn *insn = &insns[pc];
		bool addr = insn->code == (BPF_LD | BPF_IMM | BPF_DW) &&
			    insn->src_reg == BPF_PSEUDO_FUNC;

		if (addr || isa_is_pseudo_call(insn))
			add_func(btf, pc + 1 + (uint32_t)insn->imm);
	}
}

static void *build(struct both_btf *btf, const char *sigs, uint32_t *bytes)
{
	struct btf_build *b = btf_build_new();
	uint32_t t_int = btf_build_int(b, "int", 4, BTF_INT_SIGNED);
	uint32_t t_void = btf_build_ptr(b, 0);
	uint32_t t_dynptr = btf_build_struct(b, "bpf_dynptr", 16);
	uint32_t t_const = btf_build_ref(b, BTF_KIND_CONST, NULL, t_dynptr);
	uint32_t t_dynptr_ptr = btf_build_ptr(b, t_const);
	void *blob;
	int err;

	for (uint32_t i = 0; i < btf->n_funcs; i++) {
		bool global = i == 0 || *sigs == 'G';
		uint32_t proto = btf_build_proto(b, t_int);
		char name[16];

		for (sigs += i && global; i && *sigs && *sigs != ' '; sigs++)
			btf_build_param(b, "x",
					*sigs == 'i' ? t_int : *sigs == 'd' ? t_dynptr_ptr : t_void);
		sigs += i && *sigs == ' ';
		snprintf(name, sizeof(name), "f%u", i);
		btf->funcs[i].type_id = btf_build_func(b, name, global, proto);
	}
	err = btf_build_finish(b, &blob, bytes);
	if (err)
		die("BTF of a test program", err);
	btf_build_free(b);
	return blob;
}

void both_btf_make(struct both_btf *btf, const struct bpf_insn *insns, uint32_t n,
		   const char *sigs)
{
	const struct btf_log log = { 0 };
	union bpf_attr attr = { 0 };
	uint32_t bytes;
	void *blob;
	int err;

	btf->n_funcs = 0;
	btf->funcs = calloc(FUNCS_MAX, sizeof(*btf->funcs));
	btf->btf = calloc(1, sizeof(*btf->btf));
	if (!btf->funcs || !btf->btf)
		die("memory", -ENOMEM);
	find_funcs(btf, insns, n);
	blob = build(btf, sigs, &bytes);
	err = btf_parse(blob, bytes, NULL, &log, &btf->btf->btf);
	if (err)
		die("BTF here", err);
	attr.btf = (uintptr_t)blob;
	attr.btf_size = bytes;
	btf->fd = (int)syscall(__NR_bpf, BPF_BTF_LOAD, &attr, sizeof(attr));
	if (btf->fd < 0)
		die("BTF in the kernel", -errno);
	free(blob);
}

void both_btf_free(struct both_btf *btf)
{
	close(btf->fd);
	btf_free(btf->btf->btf);
	free(btf->btf);
	free(btf->funcs);
}
