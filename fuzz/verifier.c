/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verifies any bytes as the instructions of a socket filter, with and without privilege. What is
 * accepted is well formed (jumps, calls, subprograms, immediates) and then run by the interpreter:
 * the context and the map's values have no byte to spare, so an access too far is seen by ASan.
 *
 * Input: a byte of options, then 8 bytes an instruction. Map fd 1 is an array of 4 values of 48 bytes.
 */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "fuzz.h"
#include "interp/interp.h"
#include "isa/insn.h"
#include "object/helper.h"
#include "object/map.h"
#include "object/prog.h"
#include "verifier/verify.h"

#define INSNS_MAX 512
#define VALUE_BYTES 48
#define ENTRIES 4
#define STATES_BYTES_MAX (64u << 20)
#define NS_MAX 2000000000ull

enum { OPT_UNPRIVILEGED = 1, OPT_LOG = 2, OPT_STRICT = 4, OPT_TEST_STATES = 8 };

static uint8_t *values[ENTRIES];

static uint64_t map_lookup(uint64_t map, uint64_t key, uint64_t c, uint64_t d, uint64_t e)
{
	uint32_t index;

	memcpy(&index, (const void *)(uintptr_t)key, sizeof(index));
	return index < ENTRIES ? (uintptr_t)values[index] : 0;
}

static uint64_t random_u32(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)x;
}

static const struct helper_proto lookup_proto = {
	.func = map_lookup, .id = BPF_FUNC_map_lookup_elem, .name = "bpf_map_lookup_elem",
	.pkt_access = true, .ret_type = RET_PTR_TO_MAP_VALUE | PTR_MAYBE_NULL,
	.arg_type = { ARG_CONST_MAP_PTR, ARG_PTR_TO_MAP_KEY },
};

static const struct helper_proto random_proto = {
	.func = random_u32, .id = BPF_FUNC_get_prandom_u32, .name = "bpf_get_prandom_u32",
	.ret_type = RET_INTEGER,
};

static const struct helper_proto *get_proto(uint32_t id, const struct prog *prog)
{
	if (id == BPF_FUNC_map_lookup_elem)
		return &lookup_proto;
	return id == BPF_FUNC_get_prandom_u32 ? &random_proto : NULL;
}

/* The first 64 bytes, aligned; the first 8 may be written. */
static bool valid_access(int off, int size, enum bpf_access_type type, const struct prog *prog,
			 struct insn_access *info)
{
	info->reg_type = SCALAR_VALUE;
	return off >= 0 && off + size <= (type == BPF_WRITE ? 8 : 64) && off % size == 0;
}

static struct ret_range any_return(const struct prog *prog)
{
	return (struct ret_range){ 0 };
}

static const struct prog_type_ops ops = {
	.type = BPF_PROG_TYPE_SOCKET_FILTER, .get_func_proto = get_proto,
	.is_valid_access = valid_access, .ret_range = any_return, .ctx_struct = "__sk_buff",
	.ctx_bytes = sizeof(struct __sk_buff),
};

static void map_free_nothing(struct object *obj)
{
}

static const struct object_ops map_object_ops = { .free = map_free_nothing };
static const struct map_ops array_ops = { .alloc_bytes = sizeof(struct map) };
static struct map map = {
	.obj = { .ops = &map_object_ops, .kind = OBJECT_MAP, .refs = 1 },
	.ops = &array_ops, .type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
	.value_size = VALUE_BYTES, .max_entries = ENTRIES, .name = "numbers",
};

static int the_map(void *arg, int fd, struct map **out)
{
	if (fd != 1)
		return -EBADF;
	object_get(&map.obj);
	*out = &map;
	return 0;
}

static void check_insn(const struct prog *prog, uint32_t pc)
{
	const struct bpf_insn *insn = &prog->insns[pc];
	int64_t to = -1;

	FUZZ_CHECK(prog->facts[pc].orig_pc < prog->n_loaded);
	if (isa_is_helper_call(insn))
		FUZZ_CHECK((uint32_t)insn->imm < prog->n_calls && prog->calls[insn->imm].fn);
	if (isa_is_jump(insn))
		to = isa_jump_target(insn, pc);
	else if (isa_is_pseudo_call(insn))
		to = isa_call_target(insn, pc);
	else
		return;
	FUZZ_CHECK(to >= 0 && to < prog->n_insns);
}

static void check_prog(const struct prog *prog)
{
	uint32_t at = 0;

	FUZZ_CHECK(prog->n_subprogs > 0);
	for (uint32_t i = 0; i < prog->n_subprogs; i++) {
		FUZZ_CHECK(prog->subprogs[i].start == at && prog->subprogs[i].end > at);
		at = prog->subprogs[i].end;
	}
	FUZZ_CHECK(at == prog->n_insns);
	for (uint32_t pc = 0; pc < prog->n_insns; pc++) {
		check_insn(prog, pc);
		pc += isa_is_ld_imm64(&prog->insns[pc]);
	}
}

static void run(struct prog *prog)
{
	void *ctx = mem_zalloc(64);

	for (unsigned i = 0; i < ENTRIES; i++)
		values[i] = mem_zalloc(VALUE_BYTES);
	FUZZ_CHECK(ctx && !interp_prepare(prog));
	for (unsigned i = 0; i < 3; i++)
		prog->run(ctx, prog);
	interp_free(prog);
	for (unsigned i = 0; i < ENTRIES; i++)
		free(values[i]);
	free(ctx);
}

static int verify(struct prog *prog, uint8_t options)
{
	struct verify_opts opts = { .prog = prog, .fd_to_map = the_map,
				    .bytes_max = STATES_BYTES_MAX, .ns_max = NS_MAX };
	int err;

	if (options & OPT_LOG) {
		opts.log_level = 2;
		opts.log_has_buf = true;
		opts.log_size = 1 << 16;
	}
	prog->ops = &ops;
	prog->type = ops.type;
	prog->gpl_compatible = true;
	prog->caps = options & OPT_UNPRIVILEGED ? 0 : UINT32_MAX;
	prog->load_flags = (options & OPT_STRICT ? BPF_F_STRICT_ALIGNMENT : 0) |
			   (options & OPT_TEST_STATES ? BPF_F_TEST_STATE_FREQ : 0);
	err = verify_prog(&opts);
	free(opts.log_text);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bpf_insn insns[INSNS_MAX];
	struct prog *prog;
	bool accepted;

	if (size < 1 + sizeof(insns[0]) || size > 1 + sizeof(insns))
		return 0;
	prog = mem_zalloc(sizeof(*prog));
	FUZZ_CHECK(prog);
	prog->n_loaded = (uint32_t)((size - 1) / sizeof(insns[0]));
	memcpy(insns, data + 1, prog->n_loaded * sizeof(insns[0]));
	prog->loaded = insns;
	accepted = !verify(prog, data[0]);
	fuzz_count(accepted);
	if (accepted) {
		check_prog(prog);
		run(prog);
	} else {
		FUZZ_CHECK(!prog->insns && !prog->facts && !prog->used_maps);
	}
	free(prog->insns);
	free(prog->facts);
	free(prog->subprogs);
	free(prog->calls);
	free(prog->used_maps);
	free(prog);
	FUZZ_CHECK(map.obj.refs >= 1);
	map.obj.refs = 1;
	return 0;
}
