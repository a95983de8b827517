/* SPDX-License-Identifier: BSD-2-Clause */
#include "hook/probe.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "hook/hook.h"
#include "hook/kernel_name.h"
#include "hook/link.h"
#include "object.h"
#include "sym/elf.h"

#define OFFSETS_MAX HOOK_UPROBES_MAX

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static int keep_link(struct bpf_link *link, const char *what, const char *needs, struct hook **out,
		     struct error *err)
{
	int rc = -errno;
	char *said;

	if (link) {
		*out = hook_new("%s", what);
		(*out)->link = link;
		return 0;
	}
	said = object_take_warning();
	error_set(err, rc, "%s: %s (it needs %s)", what, *said ? said : strerror(-rc), needs);
	free(said);
	return rc;
}

/* --- a place in a binary ------------------------------------------------------------------------------ */

struct place {
	char *path;
	char *function; /* or "provider:name" */
	uint64_t plus;
};

static void place_deinit(struct place *p)
{
	free(p->path);
	free(p->function);
}

/* A library or program without a folder, where the loader and shells look. */
static char *find_binary(const char *name)
{
	static const char *const folders[] = { "/usr/lib/x86_64-linux-gnu",
					       "/lib/x86_64-linux-gnu",
					       "/usr/lib64",
					       "/lib64",
					       "/usr/lib",
					       "/lib",
					       "/usr/local/bin",
					       "/usr/bin",
					       "/bin",
					       "/usr/sbin",
					       "/sbin" };

	for (size_t i = 0; !strchr(name, '/') && i < sizeof(folders) / sizeof(folders[0]); i++) {
		char *path = xformat("%s/%s", folders[i], name);

		if (access(path, R_OK) == 0)
			return path;
		free(path);
	}
	return xstrdup(name);
}

static int place_parse(struct place *p, const char *text, struct error *err)
{
	const char *colon = strchr(text, ':');
	char *plus, *end, *name;

	*p = (struct place){ 0 };
	if (!colon || colon == text || !colon[1])
		return error_set(err, -EINVAL,
				 "probe '%s': write PATH:FUNCTION, such as "
				 "/usr/bin/bash:readline",
				 text);
	name = xstrndup(text, colon - text);
	p->path = find_binary(name);
	free(name);
	p->function = xstrdup(colon + 1);
	plus = strchr(p->function, '+');
	if (plus) {
		*plus++ = '\0';
		p->plus = strtoull(plus, &end, 0);
		if (*end || end == plus) {
			place_deinit(p);
			return error_set(err, -EINVAL, "probe '%s': behind the + stands a number",
					 text);
		}
	}
	return 0;
}

/* File offsets of the functions meant. */
struct search {
	uint64_t *offsets;
	uint32_t n;
};

static int add_offset(struct search *s, uint64_t offset)
{
	if (s->n >= OFFSETS_MAX)
		return -E2BIG;
	array_grow(s->offsets, s->n);
	s->offsets[s->n++] = offset;
	return 0;
}

static int compare_offsets(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void sort_offsets(struct search *s)
{
	uint32_t n = 0;

	if (s->n)
		qsort(s->offsets, s->n, sizeof(s->offsets[0]), compare_offsets);
	for (uint32_t i = 0; i < s->n; i++)
		if (!i || s->offsets[i] != s->offsets[i - 1])
			s->offsets[n++] = s->offsets[i];
	s->n = n;
}

static int match_symbols(const struct sym_elf *elf, const struct place *p, struct search *s)
{
	uint64_t offset;
	int rc = 0;

	for (uint32_t i = 0; i < elf->n_symbols && !rc; i++)
		if (sym_symbol_matches(&elf->symbols[i], p->function) &&
		    sym_elf_offset(elf, elf->symbols[i].address, &offset))
			rc = add_offset(s, offset + p->plus);
	return rc;
}

static int no_function(const struct sym_elf *elf, const struct place *p, struct error *err)
{
	const char *near = sym_elf_nearest(elf, p->function);

	return error_set(err, -ENOENT, "%s has no function %s%s%s%s", p->path, p->function,
			 near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

/* A number is itself an offset. */
static int find_functions(const struct place *p, struct search *s, struct error *err)
{
	struct sym_elf *elf = NULL;
	char *end;
	uint64_t number = strtoull(p->function, &end, 0);
	int rc = sym_elf_open(p->path, "", &elf, err);

	if (rc)
		return rc;
	if (!*end)
		rc = add_offset(s, number);
	else
		rc = match_symbols(elf, p, s);
	if (rc)
		error_set(err, rc, "%s:%s: that is more than %u functions", p->path, p->function,
			  OFFSETS_MAX);
	else if (!s->n)
		rc = no_function(elf, p, err);
	sort_offsets(s);
	sym_elf_close(elf);
	return rc;
}

static void search_deinit(struct search *s)
{
	free(s->offsets);
}

static int attach_multi(struct bpf_program *prog, const struct place *p, const struct search *s,
			bool is_return, pid_t pid, struct hook **out, struct error *err)
{
	struct hook_uprobes probes = {
		.path = p->path,
		.offsets = s->offsets,
		.n = s->n,
		.is_return = is_return,
		.pid = pid,
	};

	return hook_attach_uprobes(bpf_program__fd(prog), &probes, out, err);
}

static int attach_single(struct bpf_program *prog, const struct place *p, const struct search *s,
			 bool is_return, pid_t pid, struct hook **out, struct error *err)
{
	char *what = xformat("%s %s:%s", is_return ? "uretprobe" : "uprobe", p->path, p->function);
	struct bpf_link *link;
	int rc;

	if (s->n > 1) {
		rc = error_set(err, -EINVAL,
			       "%s:%s is %u functions: write SEC(\"%s.multi/...\") for "
			       "several",
			       p->path, p->function, s->n, is_return ? "uretprobe" : "uprobe");
	} else {
		link = bpf_program__attach_uprobe(prog, is_return, pid > 0 ? pid : -1, p->path,
						  s->offsets[0]);
		rc = keep_link(link, what, "CAP_PERFMON and CONFIG_UPROBE_EVENTS", out, err);
	}
	free(what);
	return rc;
}

static int attach_user(struct bpf_program *prog, const char *section, const char *text, pid_t pid,
		       struct hook **out, struct error *err)
{
	bool is_return = begins(section, "uretprobe");
	bool is_multi = strstr(section, "probe.multi") != NULL;
	struct search s = { 0 };
	struct place p;
	int rc = place_parse(&p, text, err);

	if (rc)
		return rc;
	rc = find_functions(&p, &s, err);
	if (!rc)
		rc = is_multi ? attach_multi(prog, &p, &s, is_return, pid, out, err)
			      : attach_single(prog, &p, &s, is_return, pid, out, err);
	search_deinit(&s);
	place_deinit(&p);
	return rc;
}

/* --- USDT and the kernel's functions --------------------------------------------------------------------- */

static int attach_usdt(struct bpf_program *prog, const char *text, pid_t pid, struct hook **out,
		       struct error *err)
{
	struct place p;
	char *colon, *what;
	int rc = place_parse(&p, text, err);

	if (rc)
		return rc;
	colon = strchr(p.function, ':');
	if (!colon) {
		place_deinit(&p);
		return error_set(err, -EINVAL, "usdt '%s': write PATH:PROVIDER:NAME", text);
	}
	*colon++ = '\0';
	what = xformat("usdt %s:%s:%s", p.path, p.function, colon);
	rc = keep_link(
		bpf_program__attach_usdt(prog, pid > 0 ? pid : -1, p.path, p.function, colon, NULL),
		what, "CAP_PERFMON, and the probe in the binary", out, err);
	free(what);
	place_deinit(&p);
	return rc;
}

#define KPROBE_PMU "/sys/bus/event_source/devices/kprobe"

static int attach_kernel(struct bpf_program *prog, const char *section, const char *place,
			 struct hook **out, struct error *err)
{
	bool is_return = begins(section, "kret");
	LIBBPF_OPTS(bpf_kprobe_multi_opts, multi, .retprobe = is_return);
	char *what = xformat("%.*s %s", (int)strcspn(section, "/"), section, place);
	struct bpf_link *link = NULL;
	char *meant = NULL;
	int rc;

	if (access(KPROBE_PMU, F_OK)) {
		rc = error_set(
			err, -EOPNOTSUPP,
			"%s: this kernel has no kprobes (CONFIG_KPROBES); SEC(\"tracepoint/...\"), "
			"SEC(\"raw_tp/...\") and SEC(\"fentry/...\") need none",
			what);
		free(what);
		return rc;
	}
	if (begins(section, "ksyscall") || begins(section, "kretsyscall"))
		link = bpf_program__attach_ksyscall(prog, place, NULL);
	else if (strstr(section, "probe.multi"))
		link = bpf_program__attach_kprobe_multi_opts(prog, place, &multi);
	else
		link = bpf_program__attach_kprobe(prog, is_return, place);
	if (!link && !strchr(place, '*') && !kernel_name_exists(KERNEL_FUNCTION, place, &meant))
		rc = error_set(err, -ENOENT, "%s: this kernel has no such function%s%s%s", what,
			       meant ? "; did you mean " : "", meant ? meant : "",
			       meant ? "?" : "");
	else
		rc = keep_link(link, what, "CAP_PERFMON and a kernel with kprobes (CONFIG_KPROBES)",
			       out, err);
	free(meant);
	free(what);
	return rc;
}

int hook_attach_probe(struct bpf_program *prog, const char *section, const char *place, pid_t pid,
		      struct hook **out, struct error *err)
{
	object_forget_warnings();
	if (begins(section, "usdt"))
		return attach_usdt(prog, place, pid, out, err);
	if (begins(section, "u"))
		return attach_user(prog, section, place, pid, out, err);
	return attach_kernel(prog, section, place, out, err);
}
