/* SPDX-License-Identifier: BSD-2-Clause */
#include "object.h"

#include <elf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "btfcheck.h"
#include "compile.h"
#include "engine.h"
#include "file.h"
#include "vmlinux.h"

#define WARNINGS_BYTES_MAX 4096
#define NO_KERNEL_BTF	   "failed to find valid kernel BTF" /* libbpf's words */

/* libbpf has one print function per process. */
static struct {
	struct buffer warnings;
	bool verbose;
} said;

static int keep_warning(enum libbpf_print_level level, const char *fmt, va_list args)
{
	va_list again;

	if (said.verbose) {
		va_copy(again, args);
		vfprintf(stderr, fmt, again);
		va_end(again);
	}
	if (level == LIBBPF_WARN && said.warnings.bytes < WARNINGS_BYTES_MAX)
		buffer_vformat(&said.warnings, fmt, args);
	return 0;
}

void object_verbose(bool verbose)
{
	said.verbose = verbose;
}

/* Of what it then does another way: no reason for anything. */
static bool is_retried(const char *line, size_t bytes)
{
	static const char tail[] = "Retrying without BTF.";
	size_t n = sizeof(tail) - 1;

	return bytes >= n && strncmp(line + bytes - n, tail, n) == 0;
}

/* libbpf's first warning since the last call, without its prefix: the others follow from it. */
static char *first_warning(void)
{
	const char *line = buffer_string(&said.warnings);
	size_t bytes = strcspn(line, "\n");

	while (line[bytes] && line[bytes + 1] && is_retried(line, bytes)) {
		line += bytes + 1;
		bytes = strcspn(line, "\n");
	}
	while (strncmp(line, "libbpf: ", 8) == 0) {
		line += 8;
		bytes -= 8;
	}
	return xstrndup(line, bytes);
}

char *object_take_warning(void)
{
	return first_warning();
}

void object_forget_warnings(void)
{
	buffer_reset(&said.warnings);
}

static int check_btf(const char *path, const struct buffer *image, struct error *err)
{
	const char *wrong = btfcheck_object(image);

	return wrong ? error_set(err, -EINVAL, "the BTF of %s is damaged: %s; compile it again", path,
				 wrong)
		     : 0;
}

static int check_elf(const char *path, const struct buffer *image, struct error *err)
{
	const Elf64_Ehdr *head = (const void *)image->data;

	if (image->bytes == 0)
		return error_set(err, -EINVAL, "%s is empty", path);
	if (image->bytes < SELFMAG || memcmp(image->data, ELFMAG, SELFMAG) != 0)
		return error_set(err, -EINVAL,
				 "%s is not an object: it does not begin as ELF files do; "
				 "C sources are known by the ending .c",
				 path);
	if (image->bytes < sizeof(*head))
		return error_set(err, -EINVAL, "%s is cut off within its ELF header", path);
	if (head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_machine != EM_BPF)
		return error_set(err, -EINVAL,
				 "%s is an ELF file, but not of BPF (machine %u): compile "
				 "it with clang -target bpf",
				 path, head->e_machine);
	if (head->e_ident[EI_DATA] != ELFDATA2LSB)
		return error_set(err, -EINVAL,
				 "%s is of big-endian BPF; only little-endian is run here", path);
	if (head->e_shoff > image->bytes ||
	    image->bytes - head->e_shoff < (size_t)head->e_shnum * head->e_shentsize)
		return error_set(err, -EINVAL,
				 "%s is cut off: its section table ends at byte %llu, the "
				 "file at %zu",
				 path,
				 (unsigned long long)head->e_shoff +
					 (unsigned long long)head->e_shnum * head->e_shentsize,
				 image->bytes);
	return 0;
}

int object_read(const char *path, struct buffer *image, struct error *err)
{
	int rc = compile_is_source(path) ? compile_program(path, image, err)
					 : file_read(path, image, err);

	if (!rc)
		rc = check_elf(path, image, err);
	return rc ? rc : check_btf(path, image, err);
}

static char *object_name(const char *path)
{
	const char *base = strrchr(path, '/');

	base = base ? base + 1 : path;
	return xstrndup(base, strcspn(base, "."));
}

/* Maps that ask to be pinned by name are not: what is run here leaves nothing behind, and shares
 * nothing with what others have pinned. */
static void forget_pins(struct object *obj)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj->bpf) bpf_map__set_pin_path(map, NULL);
}

int object_open(struct object *obj, const char *path, const struct buffer *image, struct error *err)
{
	char *name = object_name(path);
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = name);
	char *why;
	int rc = 0;

	*obj = (struct object){ .path = path, .image = image };
	libbpf_set_print(keep_warning);
	buffer_reset(&said.warnings);
	obj->bpf = bpf_object__open_mem(image->data, image->bytes, &opts);
	if (!obj->bpf) {
		rc = errno ? -errno : -EINVAL;
		why = first_warning();
		error_set(err, rc, "%s cannot be opened: %s", path, *why ? why : strerror(-rc));
		free(why);
	} else {
		forget_pins(obj);
	}
	free(name);
	return rc;
}

void object_close(struct object *obj)
{
	bpf_object__close(obj->bpf);
	if (obj->log)
		munmap(obj->log, OBJECT_LOG_BYTES);
	*obj = (struct object){ 0 };
}

const char *object_type_name(uint32_t prog_type)
{
	const char *name = libbpf_bpf_prog_type_str(prog_type);

	return name ? name : "unknown";
}

const char *object_map_type_name(uint32_t map_type)
{
	const char *name = libbpf_bpf_map_type_str(map_type);

	return name ? name : "unknown";
}

static void list_programs(const struct object *obj, struct buffer *out)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, obj->bpf)
		buffer_format(out, "%s%s (%s)", out->bytes ? ", " : "", bpf_program__name(prog),
			      object_type_name(bpf_program__type(prog)));
}

struct bpf_program *object_choose(struct object *obj, const char *name, struct error *err)
{
	struct bpf_program *prog = bpf_object__next_program(obj->bpf, NULL);
	struct buffer list = { 0 };

	if (!prog) {
		error_set(err, -ENOENT,
			  "%s has no program: a function in a section such as "
			  "SEC(\"xdp\") is one",
			  obj->path);
		return NULL;
	}
	if (!name && !bpf_object__next_program(obj->bpf, prog))
		return prog;
	if (name) {
		prog = bpf_object__find_program_by_name(obj->bpf, name);
		if (prog)
			return prog;
	}
	list_programs(obj, &list);
	if (name)
		error_set(err, -ENOENT, "%s has no program '%s'; it has %s", obj->path, name,
			  buffer_string(&list));
	else
		error_set(err, -EINVAL, "%s has several programs, name one: %s", obj->path,
			  buffer_string(&list));
	buffer_deinit(&list);
	return NULL;
}

static bool has_tail_calls(const struct object *obj)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj->bpf) if (bpf_map__type(map) ==
						    BPF_MAP_TYPE_PROG_ARRAY) return true;
	return false;
}

void object_select(struct object *obj, const struct bpf_program *chosen)
{
	bool tail_calls = has_tail_calls(obj);
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, obj->bpf) bpf_program__set_autoload(
		prog, prog == chosen ||
			      (tail_calls && bpf_program__type(prog) == bpf_program__type(chosen)));
}

static int prepare_log(struct object *obj, struct bpf_program *prog, uint32_t log_level)
{
	if (!obj->log) {
		obj->log = mmap(NULL, OBJECT_LOG_BYTES, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (obj->log == MAP_FAILED) {
			obj->log = NULL;
			return -ENOMEM;
		}
	}
	obj->logged = prog;
	bpf_program__set_log_buf(prog, obj->log, OBJECT_LOG_BYTES);
	return bpf_program__set_log_level(prog, log_level);
}

/* What no error code says: that a capability is wanted, or that the engine lacks a type. */
static int refuse_load(const struct object *obj, const char *why, int rc, struct error *err)
{
	const char *lack = engine_take_lack();

	if (strcmp(why, NO_KERNEL_BTF) == 0)
		return vmlinux_missing(obj->path, err);
	if (!*why)
		why = strerror(-rc);
	if (rc == -EPERM && engine_is_privileged())
		return error_set(err, rc, "%s cannot be loaded: %s (not for want of a capability: "
				 "this kernel refuses such programs; `skep doctor` says which)",
				 obj->path, why);
	if (rc == -EPERM)
		return error_set(err, rc, "%s cannot be loaded: %s (the engine refused for lack of "
				 "privilege)", obj->path, why);
	/* Probes leave a lack behind as well: only a limit explains a want of memory. */
	if (*lack && (rc != -ENOMEM || strncmp(lack, "limit", 5) == 0) && rc != -EMFILE &&
	    rc != -ENFILE)
		return error_set(err, rc, "%s cannot be loaded: %s (the user engine: %s)", obj->path,
				 why, lack);
	return error_set(err, rc, "%s cannot be loaded: %s", obj->path, why);
}

int object_load(struct object *obj, struct bpf_program *prog, uint32_t log_level, struct error *err)
{
	bool wanting;
	char *why;
	int rc;

	if (bpf_program__type(prog) == BPF_PROG_TYPE_UNSPEC)
		return error_set(
			err, -EINVAL,
			"%s: section '%s' of program '%s' names no program type; "
			"write SEC(\"xdp\"), SEC(\"tc\"), SEC(\"socket\") or another that libbpf "
			"knows",
			obj->path, bpf_program__section_name(prog), bpf_program__name(prog));
	object_select(obj, prog);
	rc = prepare_log(obj, prog, log_level);
	if (rc)
		return error_set(err, rc, "no memory for the verifier's log");
	buffer_reset(&said.warnings);
	engine_take_lack();
	rc = bpf_object__load(obj->bpf);
	if (!rc)
		return 0;
	why = first_warning();
	/* A log is no verdict where room for the program was wanting after it. */
	wanting = rc == -ENOMEM || rc == -EMFILE || rc == -ENFILE;
	if ((strstr(obj->log, "processed ") && !wanting) ||
	    (obj->log[0] && !wanting && bpf_program__fd(prog) < 0 && strncmp(why, "prog '", 6) == 0))
		rc = error_set(err, -EBADMSG, "%s: the verifier rejects program '%s' (%s)",
			       obj->path, bpf_program__name(prog),
			       /* bpf(2) then says so instead of why it rejects. */
			       rc == -ENOSPC ? "the beginning of its log did not fit" :
					       strerror(-rc));
	else
		refuse_load(obj, why, rc, err);
	free(why);
	return rc;
}

/* The name libbpf's warning has of the program it could not load. */
static char *failed_program(const char *why)
{
	const char *name = strncmp(why, "prog '", 6) == 0 ? why + 6 : "";

	return xstrndup(name, strcspn(name, "'"));
}

int object_load_selected(struct object *obj, struct error *err)
{
	struct bpf_program *prog;
	char *why, *name;
	int rc = 0;

	/* They load one after the other: the log is that of the one that failed. */
	bpf_object__for_each_program(prog, obj->bpf)
		if (!rc && bpf_program__autoload(prog))
			rc = prepare_log(obj, prog, 0);
	if (rc)
		return error_set(err, rc, "no memory for the verifier's log");
	buffer_reset(&said.warnings);
	rc = bpf_object__load(obj->bpf);
	if (!rc)
		return 0;
	why = first_warning();
	name = failed_program(why);
	if (obj->log && obj->log[0] && *name)
		rc = error_set(err, -EBADMSG, "%s: the verifier rejects program '%s' (%s)",
			       obj->path, name, strerror(-rc));
	else
		refuse_load(obj, why, rc, err);
	free(name);
	free(why);
	return rc;
}
