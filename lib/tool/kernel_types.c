/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/kernel_types.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/btf.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "buffer.h"
#include "vmlinux.h"

#define SECTION "tp_btf/"
#define TYPEDEF                                                                                    \
	"btf_trace_"	 /* of a tracepoint: the typedef that such a program names as its target */
#define FLAVOR	   "___" /* struct sock___old is struct sock to libbpf */
#define PATH_BYTES 32

struct tracepoint {
	const char *name; /* the object's */
	uint32_t id;
};

struct kernel_types {
	int small; /* memfd of the small BTF */
	char path[PATH_BYTES];
	struct bpf_object_open_opts options;
	int handler; /* of libbpf's, for the section */
	struct tracepoint *tracepoints;
	uint32_t n_tracepoints;
};

/* --- what libbpf asks when it loads and attaches a program ----------------------------------------------- */

static int prepare(struct bpf_program *prog, struct bpf_prog_load_opts *opts, long cookie)
{
	const struct kernel_types *types = (const void *)cookie;
	const char *name = bpf_program__section_name(prog) + strlen(SECTION);

	for (uint32_t i = 0; i < types->n_tracepoints; i++) {
		if (strcmp(types->tracepoints[i].name, name))
			continue;
		opts->attach_btf_id = types->tracepoints[i].id;
		return bpf_program__set_type(prog, BPF_PROG_TYPE_TRACING);
	}
	return -ESRCH;
}

static int attach(const struct bpf_program *prog, long cookie, struct bpf_link **link)
{
	(void)cookie;
	*link = bpf_program__attach_trace(prog);
	return *link ? 0 : -errno;
}

/*
 * libbpf frees its table of handlers with the last of them, and the next one to register is written into
 * what was freed (libbpf 1.1): one that is for no program stays in it.
 */
static int keep_handlers(void)
{
	static int kept;

	if (kept <= 0)
		kept = libbpf_register_prog_handler("skep.none/", BPF_PROG_TYPE_UNSPEC, 0, NULL);
	return kept < 0 ? kept : 0;
}

/* Until it is loaded, such a program is said to be one that has no need of the kernel's BTF. */
static int handle_section(struct kernel_types *types)
{
	LIBBPF_OPTS(libbpf_prog_handler_opts, opts, .cookie = (long)types,
		    .prog_prepare_load_fn = prepare, .prog_attach_fn = attach);

	types->handler = libbpf_register_prog_handler(SECTION, BPF_PROG_TYPE_RAW_TRACEPOINT,
						      BPF_TRACE_RAW_TP, &opts);
	return types->handler < 0 ? types->handler : 0;
}

struct kernel_types *kernel_types_new(void)
{
	struct kernel_types *types;

	if (access(VMLINUX_BTF_PATH, R_OK))
		return NULL;
	types = xcalloc(1, sizeof(*types));
	types->small = memfd_create("skep-types", MFD_CLOEXEC);
	if (types->small < 0 || keep_handlers() || handle_section(types))
		return kernel_types_free(types);
	snprintf(types->path, sizeof(types->path), "/proc/self/fd/%d", types->small);
	types->options.sz = sizeof(types->options);
	types->options.btf_custom_path = types->path;
	return types;
}

struct kernel_types *kernel_types_free(struct kernel_types *types)
{
	if (!types)
		return NULL;
	if (types->handler > 0)
		libbpf_unregister_prog_handler(types->handler);
	if (types->small >= 0)
		close(types->small);
	free(types->tracepoints);
	free(types);
	return NULL;
}

const struct bpf_object_open_opts *kernel_types_options(const struct kernel_types *types)
{
	return types ? &types->options : NULL;
}

/* --- what an object needs ------------------------------------------------------------------------------ */

struct needs {
	struct btf_wanted *wanted; /* names are to be freed */
	uint32_t n;
	uint32_t n_tracepoints; /* the first of them */
};

static void need(struct needs *needs, char *name, uint32_t kinds)
{
	array_grow(needs->wanted, needs->n);
	needs->wanted[needs->n++] = (struct btf_wanted){ .name = name, .kinds = kinds };
}

static void need_tracepoints(struct needs *needs, struct kernel_types *types,
			     const struct bpf_object *obj)
{
	struct bpf_program *prog;

	types->n_tracepoints = 0;
	bpf_object__for_each_program(prog, obj)
	{
		const char *name = bpf_program__section_name(prog);

		if (!bpf_program__autoload(prog) || strncmp(name, SECTION, strlen(SECTION)))
			continue;
		name += strlen(SECTION);
		array_grow(types->tracepoints, types->n_tracepoints);
		types->tracepoints[types->n_tracepoints++] = (struct tracepoint){ .name = name };
		need(needs, xformat(TYPEDEF "%s", name), 1u << BTF_KIND_TYPEDEF);
	}
	needs->n_tracepoints = needs->n;
}

/* The structs an object declares: those it relocates against are among them. */
static void need_structs(struct needs *needs, const struct btf *btf)
{
	for (uint32_t id = 1; btf && id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		const char *name = btf__name_by_offset(btf, type->name_off), *flavor;
		uint32_t kind = btf_is_struct(type)  ? 1u << BTF_KIND_STRUCT
				: btf_is_union(type) ? 1u << BTF_KIND_UNION
				: btf_is_any_enum(type)
					? 1u << BTF_KIND_ENUM | 1u << BTF_KIND_ENUM64
					: 0;

		if (!kind || !name || !*name)
			continue;
		flavor = strstr(name, FLAVOR);
		need(needs, xstrndup(name, flavor ? (size_t)(flavor - name) : strlen(name)), kind);
	}
}

static void needs_deinit(struct needs *needs)
{
	for (uint32_t i = 0; i < needs->n; i++)
		free((char *)needs->wanted[i].name);
	free(needs->wanted);
}

static int write_small(const struct kernel_types *types, const struct buffer *small)
{
	if (ftruncate(types->small, 0) || lseek(types->small, 0, SEEK_SET))
		return -errno;
	if (write(types->small, small->data, small->bytes) != (ssize_t)small->bytes)
		return errno ? -errno : -EIO;
	return 0;
}

static int take_matches(struct kernel_types *types, const struct btf_image *image,
			const struct needs *needs)
{
	struct btf_match *matches;
	uint32_t n = btf_image_find(image, needs->wanted, needs->n, &matches), n_structs = 0;
	struct buffer small = { 0 };
	int rc;

	for (uint32_t i = 0; i < n; i++) {
		if (matches[i].which < needs->n_tracepoints)
			types->tracepoints[matches[i].which].id = matches[i].id;
		else
			matches[n_structs++] = matches[i];
	}
	rc = btf_image_extract(image, matches, n_structs, &small);
	if (!rc)
		rc = write_small(types, &small);
	buffer_deinit(&small);
	free(matches);
	return rc;
}

int kernel_types_find(struct kernel_types *types, const struct bpf_object *obj, struct error *err)
{
	const struct btf_image *image;
	struct needs needs = { 0 };
	int rc;

	if (!types)
		return 0;
	need_tracepoints(&needs, types, obj);
	need_structs(&needs, bpf_object__btf(obj));
	rc = vmlinux_types(&image);
	if (!rc)
		rc = take_matches(types, image, &needs);
	vmlinux_forget(); /* a tool may run for days */
	needs_deinit(&needs);
	if (rc)
		return error_set(err, rc,
				 "the types of the running kernel (" VMLINUX_BTF_PATH
				 ") cannot be read: %s",
				 strerror(-rc));
	for (uint32_t i = 0; i < types->n_tracepoints; i++)
		if (!types->tracepoints[i].id)
			return error_set(err, -ESRCH, "this kernel has no tracepoint '%s'",
					 types->tracepoints[i].name);
	return 0;
}
