/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verifier against the running kernel's: random programs (random_prog.h) are loaded into both;
 * verdict, errno and the whole level 2 log must be the same. Fails if fewer than
 * half of the programs, or more than nine of ten, are accepted.
 *
 *	test-verifier-kernel [first seed [count]]
 *
 * prints the first differing line and, in /tmp, leaves both logs, when a seed is given.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "isa/disasm.h"
#include "isa/insn.h"
#include "object/helper.h"
#include "object/map.h"
#include "object/prog.h"
#include "random_prog.h"
#include "verifier/verify.h"

#define LOG_BYTES (16u << 20)
#define COUNT 400
#define DIFFERENCES_MAX 5
#define SKIPPED 77

static char kernel_log[LOG_BYTES];

/* --- the kernel ------------------------------------------------------------------------------- */

static long sys_bpf(int cmd, union bpf_attr *attr)
{
	return syscall(__NR_bpf, cmd, attr, sizeof(*attr));
}

static int kernel_map(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
				.value_size = RANDOM_PROG_VALUE_BYTES,
				.max_entries = RANDOM_PROG_ENTRIES };

	memcpy(attr.map_name, "numbers", 8);
	return (int)sys_bpf(BPF_MAP_CREATE, &attr);
}

static int kernel_load(const struct random_prog *p)
{
	union bpf_attr attr = { .prog_type = p->type, .prog_flags = p->flags,
				.insns = (uintptr_t)p->insns, .insn_cnt = p->n,
				.license = (uintptr_t) "Dual BSD/GPL", .log_level = 2,
				.log_buf = (uintptr_t)kernel_log, .log_size = LOG_BYTES };
	int fd;

	kernel_log[0] = '\0';
	fd = (int)sys_bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* --- the engine's side ------------------------------------------------------------------------ */

static uint64_t nothing(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	return 0;
}

static const struct helper_proto lookup_proto = {
	.func = nothing, .id = BPF_FUNC_map_lookup_elem, .name = "bpf_map_lookup_elem",
	.pkt_access = true, .ret_type = RET_PTR_TO_MAP_VALUE | PTR_MAYBE_NULL,
	.arg_type = { ARG_CONST_MAP_PTR, ARG_PTR_TO_MAP_KEY },
};

static const struct helper_proto random_proto = {
	.func = nothing, .id = BPF_FUNC_get_prandom_u32, .name = "bpf_get_prandom_u32",
	.ret_type = RET_INTEGER,
};

static const struct helper_proto update_proto = {
	.func = nothing, .id = BPF_FUNC_map_update_elem, .name = "bpf_map_update_elem",
	.pkt_access = true, .ret_type = RET_INTEGER,
	.arg_type = { ARG_CONST_MAP_PTR, ARG_PTR_TO_MAP_KEY, ARG_PTR_TO_MAP_VALUE, ARG_ANYTHING },
};

static const struct helper_proto load_bytes_proto = {
	.func = nothing, .id = BPF_FUNC_skb_load_bytes, .name = "bpf_skb_load_bytes",
	.ret_type = RET_INTEGER,
	.arg_type = { ARG_PTR_TO_CTX, ARG_ANYTHING, ARG_PTR_TO_MEM | MEM_UNINIT | MEM_WRITE,
		      ARG_CONST_SIZE },
};

static const struct helper_proto *get_proto(uint32_t id, const struct prog *prog)
{
	switch (id) {
	case BPF_FUNC_map_lookup_elem: return &lookup_proto;
	case BPF_FUNC_map_update_elem: return &update_proto;
	case BPF_FUNC_get_prandom_u32: return &random_proto;
	case BPF_FUNC_skb_load_bytes:
		return prog->type == BPF_PROG_TYPE_SOCKET_FILTER ? &load_bytes_proto : NULL;
	default: return NULL;
	}
}

/* Only __sk_buff.len. */
static bool skb_valid_access(int off, int size, enum bpf_access_type type, const struct prog *prog,
			     struct insn_access *info)
{
	info->reg_type = SCALAR_VALUE;
	return off == 0 && size == 4 && type == BPF_READ;
}

/* xdp_md: data, data_end, rx_queue_index. */
static bool xdp_valid_access(int off, int size, enum bpf_access_type type, const struct prog *prog,
			     struct insn_access *info)
{
	info->reg_type = off == 0 ? PTR_TO_PACKET : off == 4 ? PTR_TO_PACKET_END : SCALAR_VALUE;
	return (off == 0 || off == 4 || off == 16) && size == 4 && type == BPF_READ;
}

static int gen_nothing(const struct bpf_insn *orig, struct bpf_insn *out)
{
	out[0] = BPF_MOV64_IMM(BPF_REG_0, 0);
	return 1;
}

static struct ret_range any_return(const struct prog *prog)
{
	return (struct ret_range){ 0 };
}

static const struct prog_type_ops skb_ops = {
	.type = BPF_PROG_TYPE_SOCKET_FILTER, .get_func_proto = get_proto,
	.is_valid_access = skb_valid_access, .ret_range = any_return, .gen_ld_abs = gen_nothing,
	.ctx_struct = "__sk_buff", .ctx_bytes = sizeof(struct __sk_buff),
};

static const struct prog_type_ops xdp_ops = {
	.type = BPF_PROG_TYPE_XDP, .get_func_proto = get_proto,
	.is_valid_access = xdp_valid_access, .ret_range = any_return, .pkt_access = true,
	.pkt_write = true, .ctx_struct = "xdp_md", .ctx_bytes = sizeof(struct xdp_md),
};

static void map_free_nothing(struct object *obj)
{
}

static const struct object_ops map_object_ops = { .free = map_free_nothing };
static const struct map_ops array_ops = { .alloc_bytes = sizeof(struct map) };
static struct map map = {
	.obj = { .ops = &map_object_ops, .kind = OBJECT_MAP, .refs = 1 },
	.ops = &array_ops, .type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
	.value_size = RANDOM_PROG_VALUE_BYTES, .max_entries = RANDOM_PROG_ENTRIES,
	.name = "numbers",
};

static int the_map(void *arg, int fd, struct map **out)
{
	if (fd != *(int *)arg)
		return -EBADF;
	object_get(&map.obj);
	*out = &map;
	return 0;
}

static int engine_load(const struct random_prog *p, struct verify_opts *opts)
{
	static int map_fd;
	struct prog *prog = calloc(1, sizeof(*prog));
	int err;

	map_fd = p->map_fd;
	*opts = (struct verify_opts){ .prog = prog, .arg = &map_fd, .fd_to_map = the_map,
				      .log_level = 2, .log_has_buf = true, .log_size = LOG_BYTES };
	prog->ops = p->type == BPF_PROG_TYPE_XDP ? &xdp_ops : &skb_ops;
	prog->type = p->type;
	prog->load_flags = p->flags;
	prog->gpl_compatible = true;
	prog->caps = UINT32_MAX;
	prog->loaded = (struct bpf_insn *)p->insns;
	prog->n_loaded = p->n;
	err = verify_prog(opts);
	free(prog->insns);
	free(prog->facts);
	free(prog->subprogs);
	free(prog->calls);
	free(prog->used_maps);
	free(prog);
	return err;
}

/* --- comparing ---------------------------------------------------------------------------------- */

static void keep(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	if (!f)
		return;
	fputs(text, f);
	fclose(f);
}

/* An address of a map is the kernel's business: "(18) r1 = 0xffff…" becomes "(18) r1 = 0x0". */
static void hide_addresses(char *log)
{
	char *to = log;

	for (char *from = log; *from;) {
		bool wide = !strncmp(from, "(18) r1 = 0x", 12);

		*to++ = *from++;
		if (!wide)
			continue;
		memcpy(to, "18) r1 = 0x0", 12);
		to += 12;
		from += 11 + strspn(from + 11, "0123456789abcdef");
		from += strspn(from, " "); /* up to the state, whose column hangs on it */
	}
	*to = '\0';
}

/* Prints the first line in which they differ; true if they do. */
static bool logs_differ(uint64_t seed, const char *linux_log, const char *ours)
{
	unsigned line = 1;
	size_t start = 0, i = 0;

	for (; linux_log[i] && linux_log[i] == ours[i]; i++) {
		if (linux_log[i] == '\n') {
			line++;
			start = i + 1;
		}
	}
	if (!linux_log[i] && !ours[i])
		return false;
	printf("seed %" PRIu64 ", line %u\n  linux: %.*s\n  here:  %.*s\n", seed, line,
	       (int)strcspn(linux_log + start, "\n"), linux_log + start,
	       (int)strcspn(ours + start, "\n"), ours + start);
	return true;
}

static bool differ(uint64_t seed, int map_fd, bool keep_logs, int *verdict)
{
	static struct random_prog p;
	struct verify_opts opts;
	char *ours;
	bool bad;
	int err;

	random_prog_make(&p, seed, map_fd);
	*verdict = kernel_load(&p);
	err = engine_load(&p, &opts);
	ours = opts.log_text;
	if (!ours) {
		printf("no log\n");
		return true;
	}
	hide_addresses(kernel_log);
	hide_addresses(ours);
	bad = logs_differ(seed, kernel_log, ours);
	if (err != *verdict) {
		printf("seed %" PRIu64 ": linux says %d, here %d\n", seed, *verdict, err);
		bad = true;
	}
	if (keep_logs) {
		keep("/tmp/verifier-linux.log", kernel_log);
		keep("/tmp/verifier-here.log", ours);
	}
	free(opts.log_text);
	return bad;
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	unsigned count = argc > 2 ? (unsigned)atoi(argv[2]) : argc > 1 ? 1 : COUNT;
	unsigned accepted = 0, differing = 0, done;
	int map_fd = kernel_map();

	if (map_fd < 0) {
		printf("the kernel's bpf(2) answers %s\n", strerror(errno));
		return SKIPPED;
	}
	for (done = 0; done < count && differing < DIFFERENCES_MAX; done++) {
		int verdict;

		differing += differ(seed + done, map_fd, count == 1, &verdict);
		accepted += !verdict;
	}
	printf("%u programs, %u accepted, %u differ\n", done, accepted, differing);
	if (differing)
		return 1;
	if (count >= COUNT && (accepted * 2 < done || accepted * 10 > done * 9)) {
		printf("the mix of programs is wrong\n");
		return 1;
	}
	return 0;
}
