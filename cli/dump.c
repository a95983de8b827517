/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * skep dump: instructions of an object as its file has them, after the verifier's rewriting, and as
 * machine code, with the C lines they came from.
 */
#include <errno.h>
#include <getopt.h>
#include <skep/asm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elfcode.h"
#include "engine.h"
#include "json.h"
#include "machine.h"
#include "object.h"
#include "options.h"
#include "proginfo.h"
#include "rejection.h"

#define NAME "dump"

const char dump_usage[] =
	"Usage: skep dump OBJ [PROGRAM-NAME] [OPTION...]\n"
	"\n"
	"Shows the instructions of an object's programs (of all, or of the one named).\n"
	"\n"
	"      --insns            as the object has them (the default)\n"
	"      --xlated           after the verifier has rewritten them\n"
	"      --jited            the machine code (by objdump where it is installed)\n"
	"      --source           the C lines between them (the default without other options)\n"
	"      --engine ENGINE    which one loads them for --xlated and --jited: user (default)\n"
	"                         or kernel\n"
	"      --set NAME=VALUE   set a `const volatile` global first; may be repeated\n"
	"      --json             one JSON document\n"
	"\n"
	"Exit codes: 0 done; 1 a program was rejected; 2 usage or input.\n";

enum {
	OPTION_SOURCE = OPTION_OWN,
	OPTION_INSNS,
	OPTION_XLATED,
	OPTION_JITED,
};

static const struct option long_options[] = {
	OPTIONS_COMMON,
	{ "source", no_argument, NULL, OPTION_SOURCE },
	{ "insns", no_argument, NULL, OPTION_INSNS },
	{ "xlated", no_argument, NULL, OPTION_XLATED },
	{ "jited", no_argument, NULL, OPTION_JITED },
	{ 0 },
};

struct dump_args {
	struct common_args common;
	bool source, insns, xlated, jited;
	const char *path;
	const char *program; /* NULL: all */
	struct buffer image;
};

/* Where lines of output go: text, or arrays of objects in JSON. */
struct sink {
	struct buffer text;
	struct json json;
	bool is_json;
};

static void begin_listing(struct sink *s, const char *kind, const char *section, const char *name)
{
	if (!s->is_json) {
		buffer_format(&s->text, "%s%s%s%s: %s\n", s->text.bytes ? "\n" : "", section,
			      *section ? " " : "", *name ? name : "(no name)", kind);
		return;
	}
	json_object_begin(&s->json, NULL);
	json_string(&s->json, "function", name);
	json_string(&s->json, "kind", kind);
	if (*section)
		json_string(&s->json, "section", section);
	json_array_begin(&s->json, "code");
}

static void end_listing(struct sink *s)
{
	if (!s->is_json)
		return;
	json_array_end(&s->json);
	json_object_end(&s->json);
}

/* A line that goes on after others is not repeated: @previous is the one shown last, or NULL. */
static void put_source(struct sink *s, const struct code_line *line,
		       const struct code_line **previous)
{
	const char *text = line->text + strspn(line->text, " \t");
	const char *file = strrchr(line->file, '/');

	file = file ? file + 1 : line->file;
	if (!*text || (*previous && (*previous)->line == line->line &&
		       strcmp((*previous)->text, line->text) == 0))
		return;
	*previous = line;
	if (s->is_json) {
		json_object_begin(&s->json, NULL);
		json_string(&s->json, "source", text);
		json_string(&s->json, "file", file);
		json_uint(&s->json, "line", line->line);
		json_object_end(&s->json);
	} else {
		buffer_format(&s->text, "; %s  @ %s:%u\n", text, file, line->line);
	}
}

/* Offsets of machine code are hexadecimal, as its jumps name them; of instructions, slots. */
static void put_code(struct sink *s, bool is_machine, uint64_t offset, const char *text,
		     const char *reference)
{
	if (s->is_json) {
		json_object_begin(&s->json, NULL);
		json_uint(&s->json, "offset", offset);
		json_string(&s->json, "text", text);
		if (reference)
			json_string(&s->json, "symbol", reference);
		json_object_end(&s->json);
		return;
	}
	buffer_format(&s->text, is_machine ? "%6llx: %s" : "%6llu: %s", (unsigned long long)offset,
		      text);
	buffer_format(&s->text, reference ? "  ; %s\n" : "\n", reference);
}

static const char *reference_of(const struct code_function *f, uint32_t insn)
{
	for (uint32_t i = 0; i < f->n_references; i++)
		if (f->references[i].insn == insn)
			return f->references[i].symbol;
	return NULL;
}

/* What is listed: instructions [from, to) of insns, and what is known about them. */
struct listing {
	const struct bpf_insn *insns;
	uint32_t from, to;
	const struct code_line *lines; /* C lines to show between, by instruction */
	uint32_t n_lines;
	const struct code_function
		*function; /* whose references to name; NULL: they are resolved */
};

static void put_insns(struct sink *s, const struct listing *l)
{
	unsigned int flags = l->function ? 0 : SKEP_DISASM_SOURCE;
	const struct code_line *previous = NULL;
	uint32_t line = 0;
	int slots;

	for (uint32_t pc = l->from; pc<l->to; pc += slots> 0 ? slots : 1) {
		char text[SKEP_DISASM_BYTES];

		for (; line < l->n_lines && l->lines[line].insn <= pc; line++)
			if (l->lines[line].insn == pc)
				put_source(s, &l->lines[line], &previous);
		slots = skep_disasm_insn(l->insns, l->to, pc, flags, text, sizeof(text));
		put_code(s, false, pc, slots > 0 ? text : "(cannot be shown)",
			 l->function ? reference_of(l->function, pc) : NULL);
	}
}

/* --- as the object has them -------------------------------------------------------------------------- */

static int dump_object(const struct dump_args *args, struct sink *s)
{
	struct elfcode code;
	bool found = false;
	struct error err;

	if (elfcode_open(&code, args->path, &args->image, &err))
		return complain(NAME, "%s", err.text);
	for (uint32_t i = 0; i < code.n_functions; i++) {
		const struct code_function *f = &code.functions[i];

		if (args->program && strcmp(args->program, f->name) != 0)
			continue;
		found = true;
		begin_listing(s, "instructions", f->section, f->name);
		put_insns(s, &(struct listing){ .insns = f->insns,
						.to = f->n_insns,
						.lines = f->lines,
						.n_lines = args->source ? f->n_lines : 0,
						.function = f });
		end_listing(s);
	}
	elfcode_close(&code);
	if (found)
		return EXIT_DONE;
	if (args->program)
		return complain(NAME, "%s has no function '%s'", args->path, args->program);
	return complain(NAME, "%s has no code", args->path);
}

/* --- as the engine has them --------------------------------------------------------------------------- */

static void put_xlated(const struct dump_args *args, struct sink *s, const struct proginfo *info)
{
	for (uint32_t i = 0; i < info->n_functions; i++) {
		const struct proginfo_function *f = &info->functions[i];
		uint32_t end =
			i + 1 < info->n_functions ? info->functions[i + 1].insn : info->n_insns;

		begin_listing(s, "rewritten", "", f->name);
		put_insns(s, &(struct listing){ .insns = info->insns,
						.from = f->insn,
						.to = end,
						.lines = info->lines,
						.n_lines = args->source ? info->n_lines : 0 });
		end_listing(s);
	}
}

static void put_machine(const struct dump_args *args, struct sink *s, const struct proginfo *info,
			const struct proginfo_function *f, const uint8_t *code)
{
	uint32_t n_lines = args->source && info->line_addresses ? info->n_lines : 0;
	const struct code_line *previous = NULL;
	struct machine_code m;
	uint32_t line = 0;

	machine_disassemble(&m, code, f->jited_bytes);
	begin_listing(s, "machine code", "", f->name);
	for (uint32_t i = 0; i < m.n_insns; i++) {
		for (uint32_t l = line; l < n_lines; l++) {
			if (info->line_addresses[l] - f->address != m.insns[i].offset)
				continue;
			put_source(s, &info->lines[l], &previous);
			line = l + 1;
		}
		put_code(s, true, m.insns[i].offset, m.insns[i].text, NULL);
	}
	end_listing(s);
	machine_free(&m);
}

static int put_jited(const struct dump_args *args, struct sink *s, const struct proginfo *info)
{
	uint32_t at = 0;

	if (!info->jited_bytes)
		return complain(NAME,
				"%s: the engine shows no machine code: it interprets, or does not "
				"tell this user",
				args->path);
	for (uint32_t i = 0; i < info->n_functions; i++) {
		const struct proginfo_function *f = &info->functions[i];

		if (f->jited_bytes > info->jited_bytes - at)
			break;
		put_machine(args, s, info, f, info->jited + at);
		at += f->jited_bytes;
	}
	return EXIT_DONE;
}

static int refused(const struct object *obj, int rc, const struct error *err)
{
	struct rejection r;
	struct buffer out = { 0 };

	complain(NAME, "%s", err->text);
	if (rc != -EBADMSG)
		return EXIT_INPUT;
	rejection_parse(obj->log, &r);
	rejection_print(&r, &out, "  ");
	fputs(buffer_string(&out), stderr);
	buffer_deinit(&out);
	rejection_deinit(&r);
	return EXIT_DIFFERENCE;
}

static int dump_loaded(const struct dump_args *args, const char *name, struct sink *s)
{
	struct proginfo info;
	struct object obj;
	struct error err;
	struct bpf_program *prog;
	int rc = object_open(&obj, args->path, &args->image, &err), done = EXIT_DONE;

	for (uint32_t i = 0; !rc && i < args->common.n_settings; i++)
		rc = object_set(&obj, args->common.settings[i], &err);
	prog = rc ? NULL : object_choose(&obj, name, &err);
	if (!rc)
		rc = prog ? object_load(&obj, prog, 0, &err) : -ENOENT;
	if (!rc)
		rc = proginfo_read(&info, bpf_program__fd(prog), bpf_object__btf(obj.bpf), &err);
	if (rc) {
		done = refused(&obj, rc, &err);
		object_close(&obj);
		return done;
	}
	if (args->xlated)
		put_xlated(args, s, &info);
	if (args->jited)
		done = put_jited(args, s, &info);
	proginfo_free(&info);
	object_close(&obj);
	return done;
}

/* Names of all programs, each to be loaded on its own. */
static int dump_programs(const struct dump_args *args, struct sink *s)
{
	struct bpf_program *prog;
	struct object obj;
	struct error err;
	int rc, done = EXIT_DONE;

	if (args->program)
		return dump_loaded(args, args->program, s);
	if (object_open(&obj, args->path, &args->image, &err))
		return complain(NAME, "%s", err.text);
	bpf_object__for_each_program(prog, obj.bpf)
	{
		rc = dump_loaded(args, bpf_program__name(prog), s);
		if (rc > done)
			done = rc;
	}
	object_close(&obj);
	return done;
}

/* --- the command ----------------------------------------------------------------------------------------- */

static bool take_option(struct dump_args *args, int option, const char *text)
{
	switch (option) {
	case OPTION_SOURCE:
		return args->source = true;
	case OPTION_INSNS:
		return args->insns = true;
	case OPTION_XLATED:
		return args->xlated = true;
	case OPTION_JITED:
		return args->jited = true;
	default:
		return option_common(NAME, option, text, false, &args->common);
	}
}

static bool parse(int argc, char **argv, struct dump_args *args)
{
	int option;

	argv[0] = (char *)"skep dump";
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (!take_option(args, option, optarg))
			return false;
	if (optind == argc || optind + 2 < argc) {
		complain(NAME, "give one object, and the name of a program or none");
		complain_usage(NAME);
		return false;
	}
	args->path = argv[optind];
	args->program = optind + 1 < argc ? argv[optind + 1] : NULL;
	if (!args->insns && !args->xlated && !args->jited) {
		args->source = args->source || !args->common.json;
		args->insns = true;
	}
	return true;
}

static int dump(struct dump_args *args, struct sink *s)
{
	struct engine_setup setup = {
		.kind = args->common.engine == CHOICE_KERNEL ? ENGINE_KERNEL : ENGINE_USER,
	};
	int rc = EXIT_DONE, loaded = EXIT_DONE;
	struct error err;

	if (object_read(args->path, &args->image, &err))
		return complain(NAME, "%s", err.text);
	if (args->insns)
		rc = dump_object(args, s);
	if (rc == EXIT_DONE && (args->xlated || args->jited)) {
		if (engine_enter(&setup, &err))
			return complain(NAME, "%s", err.text);
		loaded = dump_programs(args, s);
		engine_leave();
	}
	return rc > loaded ? rc : loaded;
}

int dump_main(int argc, char **argv)
{
	struct dump_args args = { 0 };
	struct sink s = { 0 };
	int rc = EXIT_INPUT, written;

	if (parse(argc, argv, &args)) {
		s.is_json = args.common.json;
		if (s.is_json)
			json_array_begin(&s.json, NULL);
		rc = dump(&args, &s);
		if (s.is_json) {
			json_array_end(&s.json);
			buffer_text(&s.json.out, "\n");
		}
		written = print_out(NAME, buffer_string(s.is_json ? &s.json.out : &s.text));
		rc = rc > written ? rc : written;
	}
	buffer_deinit(&s.text);
	buffer_deinit(&s.json.out);
	buffer_deinit(&args.image);
	free(args.common.settings);
	return rc;
}
