/* SPDX-License-Identifier: BSD-2-Clause */
/* See both.h. */
#include "both.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/macros.h"
#include "object/map.h"
#include "verifier/verify.h"

#define LOG_BYTES (16u << 20)

static char kernel_log[LOG_BYTES];

static void map_free_nothing(struct object *obj)
{
}

static const struct object_ops map_object_ops = { .free = map_free_nothing };
static const struct map_ops map_ops = { .alloc_bytes = sizeof(struct map) };

#define MAP(map_type, ...)                                                                         \
	{ .obj = { .ops = &map_object_ops, .kind = OBJECT_MAP, .refs = 1 }, .ops = &map_ops,       \
	  .type = BPF_MAP_TYPE_##map_type, __VA_ARGS__ }

static struct map maps[] = {
	MAP(ARRAY, .key_size = 4, .value_size = BOTH_VALUE_BYTES, .max_entries = BOTH_ENTRIES,
	    .name = "numbers"),
	MAP(RINGBUF, .max_entries = BOTH_RING_BYTES, .name = "ring"),
	MAP(USER_RINGBUF, .max_entries = BOTH_RING_BYTES, .name = "user_ring"),
};

/* --- the kernel ------------------------------------------------------------------------------- */

static long sys_bpf(int cmd, union bpf_attr *attr)
{
	return syscall(__NR_bpf, cmd, attr, sizeof(*attr));
}

static int kernel_map(const struct map *map, int fd)
{
	union bpf_attr attr = { .map_type = map->type, .key_size = map->key_size,
				.value_size = map->value_size, .max_entries = map->max_entries };
	int made;

	memcpy(attr.map_name, map->name, sizeof(attr.map_name));
	made = (int)sys_bpf(BPF_MAP_CREATE, &attr);
	if (made < 0 || dup2(made, fd) < 0)
		return -errno;
	close(made);
	return 0;
}

int both_init(void)
{
	for (int fd = BOTH_ARRAY; fd < BOTH_FDS_END; fd++) {
		int err = kernel_map(&maps[fd - BOTH_ARRAY], fd);

		if (err)
			return err;
	}
	return BOTH_ARRAY;
}

static int kernel_load(const struct both *b)
{
	union bpf_attr attr = { .prog_type = b->type, .prog_flags = b->flags,
				.expected_attach_type = b->attach_type,
				.insns = (uintptr_t)b->insns, .insn_cnt = b->n,
				.license = (uintptr_t) "Dual BSD/GPL", .log_level = 2,
				.log_buf = (uintptr_t)kernel_log, .log_size = LOG_BYTES };
	int fd;

	if (b->btf) {
		attr.prog_btf_fd = (uint32_t)b->btf->fd;
		attr.func_info_rec_size = sizeof(struct bpf_func_info);
		attr.func_info = (uintptr_t)b->btf->funcs;
		attr.func_info_cnt = b->btf->n_funcs;
	}
	kernel_log[0] = '\0';
	fd = (int)sys_bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* --- the engine --------------------------------------------------------------------------------- */

static int find_map(void *arg, int fd, struct map **out)
{
	if (fd < BOTH_ARRAY || fd >= BOTH_FDS_END)
		return -EBADF;
	*out = &maps[fd - BOTH_ARRAY];
	object_get(&(*out)->obj);
	return 0;
}

static int read_funcs(void *cookie, uint64_t off, void *dst, size_t n)
{
	const struct both_btf *btf = cookie;

	if (off + n > btf->n_funcs * sizeof(*btf->funcs))
		return -EFAULT;
	memcpy(dst, (const char *)btf->funcs + off, n);
	return 0;
}

static int engine_load(const struct both *b, enum verify_prune prune, bool log,
		       struct verify_opts *opts)
{
	struct prog *prog = calloc(1, sizeof(*prog));
	int err;

	*opts = (struct verify_opts){ .prog = prog, .fd_to_map = find_map, .prune = prune,
				      .log_level = log ? 2 : 0, .log_has_buf = log,
				      .log_size = log ? LOG_BYTES : 0 };
	prog->ops = b->ops ? b->ops : prog_ops_by_type(b->type);
	prog->type = b->type;
	prog->attach_type = b->attach_type;
	prog->load_flags = b->flags;
	prog->sleepable = b->flags & BPF_F_SLEEPABLE;
	prog->gpl_compatible = true;
	prog->caps = UINT32_MAX;
	prog->loaded = (struct bpf_insn *)b->insns;
	prog->n_loaded = b->n;
	if (b->btf) {
		prog->btf = b->btf->btf;
		opts->func_info = (struct btf_records){ .cnt = b->btf->n_funcs,
							.rec_size = sizeof(*b->btf->funcs),
							.read = read_funcs,
							.cookie = (void *)b->btf };
	}
	err = verify_prog(opts);
	free(prog->insns);
	free(prog->facts);
	free(prog->subprogs);
	free(prog->calls);
	free(prog->used_maps);
	free(prog->func_info);
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

static bool fetches(const struct both *b)
{
	for (uint32_t i = 0; i < b->n; i++)
		if (BPF_CLASS(b->insns[i].code) == BPF_STX &&
		    BPF_MODE(b->insns[i].code) == BPF_ATOMIC && b->insns[i].imm & BPF_FETCH)
			return true;
	return false;
}

static void hide_peak(char *log)
{
	char *last = strstr(log, " peak_states ");

	if (last)
		*last = '\0';
}

/* Prints the first line in which they differ; true if they do. */
static bool logs_differ(const char *what, const char *linux_log, const char *ours)
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
	printf("%s, line %u\n  linux: %.*s\n  here:  %.*s\n", what, line,
	       (int)strcspn(linux_log + start, "\n"), linux_log + start,
	       (int)strcspn(ours + start, "\n"), ours + start);
	return true;
}

/*
 * Bytes that were never written on one path, or are not needed any more, stand for a dynptr on another
 * when states are compared: whether a program comes to read or overwrite it hangs on pruning; so does
 * whether what is left of a slice is come upon (verifier/dynptr.c, dynptr_release).
 */
static bool left_to_order(const char *log)
{
	return strstr(log, "invalid read from stack") || strstr(log, "potential write to dynptr") ||
	       strstr(log, "misconfigured ref_obj_id");
}

/* What the one who refuses says. Both may, each of another path. */
static bool refusal_left_to_order(const struct both *b, enum verify_prune how, int err)
{
	struct verify_opts opts;
	bool left;

	if (!b->dynptrs || b->verdict)
		return b->dynptrs && (err || left_to_order(kernel_log));
	engine_load(b, how, true, &opts);
	left = opts.log_text && left_to_order(opts.log_text);
	free(opts.log_text);
	return left;
}

/* The verdict must not hang on where states are stored and compared, unless a limit is hit. */
static bool verdict_hangs_on_pruning(const struct both *b)
{
	static const enum verify_prune ways[] = { VERIFY_PRUNE_LATE, VERIFY_PRUNE_EVERYWHERE };
	bool bad = false;

	for (unsigned i = 0; i < ARRAY_SIZE(ways); i++) {
		struct verify_opts opts;
		int err = engine_load(b, ways[i], false, &opts);

		free(opts.log_text);
		if (err == b->verdict || err == -E2BIG ||
		    refusal_left_to_order(b, ways[i], err))
			continue;
		printf("%s: linux says %d, here with pruning %d: %d\n", b->what, b->verdict,
		       ways[i], err);
		bad = true;
	}
	return bad;
}

bool both_differ(struct both *b)
{
	struct verify_opts opts;
	bool bad;
	int err;

	b->verdict = kernel_load(b);
	err = engine_load(b, VERIFY_PRUNE_LINUX, true, &opts);
	if (!opts.log_text) {
		printf("%s: no log, %d\n", b->what, err);
		return true;
	}
	hide_addresses(kernel_log);
	hide_addresses(opts.log_text);
	b->verdict_only = fetches(b) && strcmp(kernel_log, opts.log_text);
	if (b->callbacks) {
		hide_peak(kernel_log);
		hide_peak(opts.log_text);
	}
	bad = !b->verdict_only && !b->any_log && logs_differ(b->what, kernel_log, opts.log_text);
	if (err != b->verdict) {
		printf("%s: linux says %d, here %d\n", b->what, b->verdict, err);
		bad = true;
	}
	/* with a log too long for its buffer that is the verdict */
	bad |= b->verdict != -ENOSPC && verdict_hangs_on_pruning(b);
	if (b->keep_logs) {
		keep("/tmp/verifier-linux.log", kernel_log);
		keep("/tmp/verifier-here.log", opts.log_text);
	}
	free(opts.log_text);
	return bad;
}
