/* SPDX-License-Identifier: BSD-2-Clause */
#include "hook/probe.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "hook/hook.h"
#include "hook/link.h"
#include "hook/symbols.h"
#include "hook/uapi.h"
#include "nearest.h"
#include "object.h"

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

struct search {
	const char *pattern;
	bool is_glob;
	uint64_t *offsets; /* sorted and made unique later */
	uint32_t n;
	struct nearest best;
	char *near; /* best.name, ours */
};

static int take_symbol(void *arg, const char *name, uint64_t offset)
{
	struct search *s = arg;
	const char *before = s->best.name;

	if (s->is_glob ? fnmatch(s->pattern, name, 0) == 0 : strcmp(s->pattern, name) == 0) {
		if (s->n >= OFFSETS_MAX)
			return -E2BIG;
		array_grow(s->offsets, s->n);
		s->offsets[s->n++] = offset;
		return 0;
	}
	/* The walk's names go with the file. */
	nearest_add(&s->best, name);
	if (s->best.name != before) {
		free(s->near);
		s->near = xstrdup(name);
		s->best.name = s->near;
	}
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

	qsort(s->offsets, s->n, sizeof(s->offsets[0]), compare_offsets);
	for (uint32_t i = 0; i < s->n; i++)
		if (!i || s->offsets[i] != s->offsets[i - 1])
			s->offsets[n++] = s->offsets[i];
	s->n = n;
}

/* The file offsets of the functions meant; a number is itself one. */
static int find_functions(const struct place *p, struct search *s, struct error *err)
{
	char *end;
	uint64_t number = strtoull(p->function, &end, 0);
	int rc;

	*s = (struct search){ .pattern = p->function, .is_glob = strpbrk(p->function, "*?[") };
	if (!*end) {
		array_grow(s->offsets, s->n);
		s->offsets[s->n++] = number;
		return access(p->path, R_OK)
			       ? error_set(err, -errno, "%s: %s", p->path, strerror(errno))
			       : 0;
	}
	nearest_begin(&s->best, p->function);
	rc = symbols_walk(p->path, take_symbol, s, err);
	if (rc)
		return rc == -E2BIG ? error_set(err, rc, "%s:%s: that is more than %u functions",
						p->path, p->function, OFFSETS_MAX)
				    : rc;
	sort_offsets(s);
	if (!s->n)
		return error_set(err, -ENOENT, "%s has no function %s%s%s%s", p->path, p->function,
				 s->near ? "; did you mean " : "", s->near ? s->near : "",
				 s->near ? "?" : "");
	for (uint32_t i = 0; i < s->n; i++)
		s->offsets[i] += p->plus;
	return 0;
}

static void search_deinit(struct search *s)
{
	free(s->offsets);
	free(s->near);
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

static int attach_kernel(struct bpf_program *prog, const char *section, const char *place,
			 struct hook **out, struct error *err)
{
	bool is_return = begins(section, "kret");
	LIBBPF_OPTS(bpf_kprobe_multi_opts, multi, .retprobe = is_return);
	char *what = xformat("%.*s %s", (int)strcspn(section, "/"), section, place);
	struct bpf_link *link;
	int rc;

	if (begins(section, "ksyscall") || begins(section, "kretsyscall"))
		link = bpf_program__attach_ksyscall(prog, place, NULL);
	else if (strstr(section, "probe.multi"))
		link = bpf_program__attach_kprobe_multi_opts(prog, place, &multi);
	else
		link = bpf_program__attach_kprobe(prog, is_return, place);
	rc = keep_link(link, what, "CAP_PERFMON and a kernel with kprobes (CONFIG_KPROBES)", out,
		       err);
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
