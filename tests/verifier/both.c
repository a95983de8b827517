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
static int map_fd = -1;

/* --- the kernel ------------------------------------------------------------------------------- */

static long sys_bpf(int cmd, union bpf_attr *attr)
{
	return syscall(__NR_bpf, cmd, attr, sizeof(*attr));
}

int both_init(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
				.value_size = BOTH_VALUE_BYTES, .max_entries = BOTH_ENTRIES };

	memcpy(attr.map_name, "numbers", 8);
	map_fd = (int)sys_bpf(BPF_MAP_CREATE, &attr);
	return map_fd < 0 ? -errno : map_fd;
}

static int kernel_load(const struct both *b)
{
	union bpf_attr attr = { .prog_type = b->type, .prog_flags = b->flags,
				.expected_attach_type = b->attach_type,
				.insns = (uintptr_t)b->insns, .insn_cnt = b->n,
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

/* --- the engine --------------------------------------------------------------------------------- */

static void map_free_nothing(struct object *obj)
{
}

static const struct object_ops map_object_ops = { .free = map_free_nothing };
static const struct map_ops array_ops = { .alloc_bytes = sizeof(struct map) };
static struct map map = {
	.obj = { .ops = &map_object_ops, .kind = OBJECT_MAP, .refs = 1 },
	.ops = &array_ops, .type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
	.value_size = BOTH_VALUE_BYTES, .max_entries = BOTH_ENTRIES,
	.name = "numbers",
};

static int the_map(void *arg, int fd, struct map **out)
{
	if (fd != map_fd)
		return -EBADF;
	object_get(&map.obj);
	*out = &map;
	return 0;
}

static int engine_load(const struct both *b, enum verify_prune prune, bool log,
		       struct verify_opts *opts)
{
	struct prog *prog = calloc(1, sizeof(*prog));
	int err;

	*opts = (struct verify_opts){ .prog = prog, .fd_to_map = the_map, .prune = prune,
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

static bool fetches(const struct both *b)
{
	for (uint32_t i = 0; i < b->n; i++)
		if (BPF_CLASS(b->insns[i].code) == BPF_STX &&
		    BPF_MODE(b->insns[i].code) == BPF_ATOMIC && b->insns[i].imm & BPF_FETCH)
			return true;
	return false;
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

/* The verdict must not hang on where states are stored and compared, unless a limit is hit. */
static bool verdict_hangs_on_pruning(const struct both *b)
{
	static const enum verify_prune ways[] = { VERIFY_PRUNE_NEVER, VERIFY_PRUNE_EVERYWHERE };
	bool bad = false;

	for (unsigned i = 0; i < ARRAY_SIZE(ways); i++) {
		struct verify_opts opts;
		int err = engine_load(b, ways[i], false, &opts);

		free(opts.log_text);
		if (err == b->verdict || err == -E2BIG)
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
	bad = !b->verdict_only && logs_differ(b->what, kernel_log, opts.log_text);
	if (err != b->verdict) {
		printf("%s: linux says %d, here %d\n", b->what, b->verdict, err);
		bad = true;
	}
	bad |= verdict_hangs_on_pruning(b);
	if (b->keep_logs) {
		keep("/tmp/verifier-linux.log", kernel_log);
		keep("/tmp/verifier-here.log", opts.log_text);
	}
	free(opts.log_text);
	return bad;
}
