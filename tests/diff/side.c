/* SPDX-License-Identifier: BSD-2-Clause */
#include "side.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/macros.h"
#include "btf/build.h"
#include "isa/insn.h"
#include "skep/skep.h"

enum { KEY_BYTES = 4, VALUE_BYTES = 8, SLOTS_MAX = 1024 };

static const struct {
	uint32_t type, entries, value_bytes;
} kinds[GEN_MAPS] = {
	[GEN_MAP_OUT] = { BPF_MAP_TYPE_ARRAY, 1, 8 * GEN_OUT_WORDS },
	[GEN_MAP_ARRAY] = { BPF_MAP_TYPE_ARRAY, 5, VALUE_BYTES },
	[GEN_MAP_HASH] = { BPF_MAP_TYPE_HASH, 5, VALUE_BYTES },
	[GEN_MAP_PERCPU_ARRAY] = { BPF_MAP_TYPE_PERCPU_ARRAY, 5, VALUE_BYTES },
	[GEN_MAP_PERCPU_HASH] = { BPF_MAP_TYPE_PERCPU_HASH, 5, VALUE_BYTES },
	[GEN_MAP_LRU] = { BPF_MAP_TYPE_LRU_HASH, 100, VALUE_BYTES },
	[GEN_MAP_PROGS] = { BPF_MAP_TYPE_PROG_ARRAY, 2, 4 },
};

static long kernel_bpf(struct side *side, int cmd, union bpf_attr *attr, size_t attr_bytes)
{
	long ret = syscall(SYS_bpf, cmd, attr, attr_bytes);

	return ret < 0 ? -errno : ret;
}

static long user_bpf(struct side *side, int cmd, union bpf_attr *attr, size_t attr_bytes)
{
	return skep_bpf(side->engine, cmd, attr, (unsigned int)attr_bytes);
}

static long side_bpf(struct side *side, int cmd, union bpf_attr *attr)
{
	return side->bpf(side, cmd, attr, sizeof(*attr));
}

static long map_create(struct side *side, enum gen_map map)
{
	union bpf_attr attr = {
		.map_type = kinds[map].type,
		.key_size = KEY_BYTES,
		.value_size = kinds[map].value_bytes,
		.max_entries = kinds[map].entries,
	};

	return side_bpf(side, BPF_MAP_CREATE, &attr);
}

static long map_elem(struct side *side, int cmd, enum gen_map map, uint32_t key, void *value)
{
	union bpf_attr attr = { .map_fd = (uint32_t)side->maps[map], .key = (uintptr_t)&key };

	/* DELETE has no value: it refuses any. */
	if (cmd != BPF_MAP_DELETE_ELEM)
		attr.value = (uintptr_t)value;
	return side_bpf(side, cmd, &attr);
}

/* A callback's address may be taken only where BTF says that it is a static function. */
static int btf_load(struct side *side)
{
	struct btf_build *b = btf_build_new();
	union bpf_attr attr = { 0 };
	uint32_t proto, bytes;
	void *blob;
	long ret;

	proto = btf_build_proto(b, btf_build_int(b, "int", 4, BTF_INT_SIGNED));
	side->func_type = btf_build_func(b, "f0", BTF_FUNC_STATIC, proto);
	for (int i = 1; i < GEN_FUNCS_MAX; i++)
		btf_build_func(b, (char[]){ 'f', (char)('0' + i), 0 }, BTF_FUNC_STATIC, proto);
	ret = btf_build_finish(b, &blob, &bytes);
	btf_build_free(b);
	if (ret)
		return (int)ret;
	attr.btf = (uintptr_t)blob;
	attr.btf_size = bytes;
	ret = side_bpf(side, BPF_BTF_LOAD, &attr);
	free(blob);
	if (ret < 0)
		return (int)ret;
	side->btf = (int)ret;
	return 0;
}

uint32_t side_func_info(const struct side *side, const struct gen_prog *prog,
			struct bpf_func_info info[GEN_FUNCS_MAX])
{
	for (uint32_t i = 0; i < prog->n_funcs; i++)
		info[i] = (struct bpf_func_info){ prog->starts[i], side->func_type + i };
	return prog->n_funcs;
}

long side_load(struct side *side, const struct gen_prog *prog)
{
	struct bpf_func_info info[GEN_FUNCS_MAX];
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_XDP,
		.insns = (uintptr_t)prog->insns,
		.insn_cnt = prog->n,
		.license = (uintptr_t) "GPL",
		.prog_btf_fd = (uint32_t)side->btf,
		.func_info = (uintptr_t)info,
		.func_info_cnt = side_func_info(side, prog, info),
		.func_info_rec_size = sizeof(info[0]),
	};
	long fd = side_bpf(side, BPF_PROG_LOAD, &attr);

	if (fd >= 0)
		return fd;
	/* Once more for the log, of which the end is kept; the verdict is the first one's. */
	memset(side->log, 0, sizeof(side->log));
	attr.log_buf = (uintptr_t)side->log;
	attr.log_size = sizeof(side->log);
	attr.log_level = 1;
	side_bpf(side, BPF_PROG_LOAD, &attr);
	return fd;
}

/* What the program array's slot 1 holds: out[0] = 77, return 99. */
static long tail_prog_load(struct side *side)
{
	static struct gen_prog prog;
	const struct bpf_insn insns[] = {
		BPF_LD_MAP_VALUE(BPF_REG_1, side->maps[GEN_MAP_OUT], 0),
		BPF_ST_MEM(BPF_DW, BPF_REG_1, 0, 77),
		BPF_MOV64_IMM(BPF_REG_0, 99),
		BPF_EXIT_INSN(),
	};

	memcpy(prog.insns, insns, sizeof(insns));
	prog.n = ARRAY_SIZE(insns);
	prog.n_funcs = 1;
	return side_load(side, &prog);
}

static int side_make_maps(struct side *side)
{
	uint32_t fd;
	long ret;

	for (int map = 0; map < GEN_MAPS; map++)
		side->maps[map] = -1;
	side->tail_prog = side->btf = -1;
	for (enum gen_map map = 0; map < GEN_MAPS; map++) {
		ret = map_create(side, map);
		if (ret < 0)
			return (int)ret;
		side->maps[map] = (int)ret;
	}
	ret = btf_load(side);
	if (ret < 0)
		return (int)ret;
	ret = tail_prog_load(side);
	if (ret < 0)
		return (int)ret;
	side->tail_prog = (int)ret;
	fd = (uint32_t)ret;
	return (int)map_elem(side, BPF_MAP_UPDATE_ELEM, GEN_MAP_PROGS, 1, &fd);
}

/* As libbpf counts them: the last number of the list of possible CPUs, plus one. */
static uint32_t possible_cpus(void)
{
	FILE *file = fopen("/sys/devices/system/cpu/possible", "re");
	unsigned int last = 0, n;

	while (file && fscanf(file, "%*[-,]") >= 0 && fscanf(file, "%u", &n) == 1)
		last = n;
	if (file)
		fclose(file);
	return last + 1;
}

int side_open_kernel(struct side *side)
{
	*side = (struct side){ .name = "kernel", .bpf = kernel_bpf, .slots = possible_cpus() };
	return side_make_maps(side);
}

int side_open_user(struct side *side, bool jit)
{
	struct skep_opts opts = { .size = sizeof(opts), .flags = jit ? 0 : SKEP_INTERPRET };
	struct skep_engine *engine;
	int err;

	*side = (struct side){ .name = jit ? "jit" : "interpreter", .bpf = user_bpf,
			       .slots = possible_cpus() };
	err = skep_engine_new(&opts, &engine);
	if (err)
		return err;
	side->engine = engine;
	return side_make_maps(side);
}

void side_close(struct side *side)
{
	for (int map = 0; map < GEN_MAPS; map++) {
		if (side->maps[map] >= 0)
			close(side->maps[map]);
	}
	if (side->tail_prog >= 0)
		close(side->tail_prog);
	if (side->btf >= 0)
		close(side->btf);
	if (side->engine)
		skep_engine_free(side->engine);
}

/* --- one program ----------------------------------------------------------------------------------------- */

static bool is_array(enum gen_map map)
{
	return map == GEN_MAP_OUT || map == GEN_MAP_ARRAY || map == GEN_MAP_PERCPU_ARRAY;
}

static bool is_percpu(enum gen_map map)
{
	return map == GEN_MAP_PERCPU_ARRAY || map == GEN_MAP_PERCPU_HASH;
}

/* A reset that does not work would compare programs with different pasts. */
static void must(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "diff: cannot reset the maps: %s\n", what);
		exit(1);
	}
}

static void map_reset(struct side *side, enum gen_map map)
{
	int cmd = is_array(map) ? BPF_MAP_UPDATE_ELEM : BPF_MAP_DELETE_ELEM;
	uint64_t zero[SLOTS_MAX] = { 0 };

	for (uint32_t key = 0; key < GEN_KEYS; key++) {
		long err = map_elem(side, cmd, map, key, zero);

		must(!err || (is_array(map) ? key >= kinds[map].entries : err == -ENOENT),
		     side->name);
	}
	if (!is_array(map))
		must(!map_elem(side, BPF_MAP_UPDATE_ELEM, map, 1, zero), side->name);
}

void side_reset(struct side *side)
{
	for (enum gen_map map = GEN_MAP_OUT; map <= GEN_MAP_LRU; map++)
		map_reset(side, map);
}

static void maps_read(struct side *side, struct outcome *out)
{
	uint64_t value[SLOTS_MAX];

	map_elem(side, BPF_MAP_LOOKUP_ELEM, GEN_MAP_OUT, 0, out->out);
	for (enum gen_map map = GEN_MAP_ARRAY; map <= GEN_MAP_LRU; map++) {
		for (uint32_t key = 0; key < GEN_KEYS; key++) {
			uint32_t n = is_percpu(map) ? side->slots : 1;

			if (map_elem(side, BPF_MAP_LOOKUP_ELEM, map, key, value))
				continue;
			out->present[map][key] = 1;
			for (uint32_t slot = 0; slot < n; slot++)
				out->values[map][key] += value[slot];
		}
	}
}

static int run(struct side *side, int fd, const uint8_t *packet, struct outcome *out)
{
	union bpf_attr attr = { 0 };
	long err;

	attr.test.prog_fd = (uint32_t)fd;
	attr.test.data_in = (uintptr_t)packet;
	attr.test.data_size_in = GEN_PACKET_BYTES;
	attr.test.data_out = (uintptr_t)out->packet;
	attr.test.data_size_out = GEN_PACKET_BYTES;
	err = side_bpf(side, BPF_PROG_TEST_RUN, &attr);
	out->retval = attr.test.retval;
	return (int)err;
}

void side_run(struct side *side, const struct gen_prog *prog,
	      const uint8_t packet[GEN_PACKET_BYTES], struct outcome *out)
{
	long fd;

	memset(out, 0, sizeof(*out));
	side_reset(side);
	fd = side_load(side, prog);
	if (fd < 0) {
		out->load_err = (int)fd;
		return;
	}
	out->run_err = run(side, (int)fd, packet, out);
	close((int)fd);
	maps_read(side, out);
}
