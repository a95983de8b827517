/* SPDX-License-Identifier: BSD-2-Clause */
/* See prog_object.h. */
#include "syscall/prog_object.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/sha256.h"
#include "interp/interp.h"
#include "jit/jit.h"
#include "object/btf_object.h"
#include "object/engine.h"
#include "object/map.h"

static void prog_object_free(struct object *obj)
{
	struct prog *prog = prog_of(obj);

	if (prog->jited)
		jit_free(prog);
	else
		interp_free(prog);
	for (uint32_t i = 0; i < prog->n_used_maps; i++)
		object_put(&prog->used_maps[i]->obj);
	if (prog->btf)
		object_put(&prog->btf->obj);
	engine_uncharge(obj->engine, prog->n_loaded * sizeof(struct bpf_insn));
	mem_free_late(prog->used_maps);
	mem_free_late(prog->calls);
	mem_free_late(prog->subprogs);
	mem_free_late(prog->facts);
	mem_free_late(prog->insns);
	free(prog->func_info);
	free(prog->line_info);
	mem_free_late(prog->loaded);
	mem_free_late(prog);
}

static const struct object_ops prog_object_ops = {
	.fd_name = "bpf-prog",
	.free = prog_object_free,
};

struct prog *prog_object_new(struct engine *engine)
{
	struct prog *prog = mem_zalloc(sizeof(*prog));

	if (prog)
		object_init(&prog->obj, engine, OBJECT_PROG, &prog_object_ops);
	return prog;
}

static bool is_map_ldimm64(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LD | BPF_IMM | BPF_DW) &&
	       (insn->src_reg == BPF_PSEUDO_MAP_FD || insn->src_reg == BPF_PSEUDO_MAP_VALUE);
}

void prog_tag(const struct bpf_insn *insns, uint32_t n, uint8_t tag[PROG_TAG_BYTES])
{
	uint8_t digest[SHA256_BYTES];
	bool second_half = false;
	struct sha256 sha;

	sha256_init(&sha);
	for (uint32_t i = 0; i < n; i++) {
		struct bpf_insn insn = insns[i];

		if (!second_half && is_map_ldimm64(&insn)) {
			second_half = true;
			insn.imm = 0;
		} else {
			if (second_half && !insn.code && !insn.dst_reg && !insn.src_reg &&
			    !insn.off)
				insn.imm = 0;
			second_half = false;
		}
		sha256_add(&sha, &insn, sizeof(insn));
	}
	sha256_finish(&sha, digest);
	memcpy(tag, digest, PROG_TAG_BYTES);
}

int prog_bind(struct prog *prog, struct map *map)
{
	struct engine *engine = prog->obj.engine;
	struct map **maps;
	int err = 0;

	pthread_mutex_lock(&engine->lock);
	for (uint32_t i = 0; i < prog->n_used_maps; i++)
		if (prog->used_maps[i] == map)
			goto out;
	maps = mem_realloc(prog->used_maps, prog->n_used_maps + 1, sizeof(*maps));
	if (!maps) {
		err = -ENOMEM;
		goto out;
	}
	object_get(&map->obj);
	maps[prog->n_used_maps] = map;
	prog->used_maps = maps;
	prog->n_used_maps++;
out:
	pthread_mutex_unlock(&engine->lock);
	return err;
}
