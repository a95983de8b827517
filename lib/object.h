/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A BPF object between its file and its loaded programs, by libbpf. Reading and opening need no
 * engine; loading makes bpf(2) calls and goes to whichever engine answers them (lib/engine.h).
 * libbpf's own warnings are kept, not printed, and quoted where they are the reason.
 */
#pragma once

#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"

#define OBJECT_LOG_BYTES (64u << 20) /* of a verifier log; touched only as far as it is written */

struct object {
	struct bpf_object *bpf;
	const char *path;	    /* as the user gave it; borrowed */
	const struct buffer *image; /* the ELF file; borrowed */
	char *log;		    /* verifier log of the program loaded with one */
	struct bpf_program *logged;
};

/* Reads an object, compiling it first when @path is C. 0, or -errno with a sentence. */
int object_read(const char *path, struct buffer *image, struct error *err);

/* Opens what object_read() gave; @path and @image must outlive it. 0 or -errno with a sentence. */
int object_open(struct object *obj, const char *path, const struct buffer *image,
		struct error *err);
void object_close(struct object *obj);

/* The program of this name, or the only one when @name is NULL; else NULL and a sentence that lists
 * all of them with their types. */
struct bpf_program *object_choose(struct object *obj, const char *name, struct error *err);

/* Sets a `const volatile` global before loading, from "NAME=VALUE". 0 or -errno with a sentence. */
int object_set(struct object *obj, const char *setting, struct error *err);

/* Selects what object_load() will load: @prog, and what it may tail-call. */
void object_select(struct object *obj, const struct bpf_program *prog);

/*
 * Loads @prog alone, with what it tail-calls, and all maps; its verifier log, at @log_level (0: only
 * when it is rejected), is in obj->log after. 0; -EBADMSG: the verifier rejected it, obj->log says
 * why; else -errno with a sentence.
 */
int object_load(struct object *obj, struct bpf_program *prog, uint32_t log_level,
		struct error *err);

/*
 * Loads all programs that are set to be loaded, and all maps. 0; -EBADMSG: the verifier rejected one,
 * obj->log says why; else -errno with a sentence.
 */
int object_load_selected(struct object *obj, struct error *err);

/*
 * One `const volatile` global: its name, type, and value before loading, as text; and what it is for, if its
 * declaration says so (__attribute__((btf_decl_tag("...")))), else "".
 */
typedef void object_setting_fn(void *arg, const char *name, const char *type, const char *value,
			       const char *help);
void object_list_settings(const struct object *obj, object_setting_fn *fn, void *arg);

/* The error that libbpf returned: @err's sentence says what was being done. */
const char *object_type_name(uint32_t prog_type);
const char *object_map_type_name(uint32_t map_type);

/* libbpf's first warning since the last load or object_forget_warnings(), for a sentence: the caller's
 * to free(), "" when there was none. */
char *object_take_warning(void);
void object_forget_warnings(void);

/* Whether libbpf prints all it has to say to standard error. */
void object_verbose(bool verbose);
