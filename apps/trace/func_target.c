/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/func_target.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "sym/library.h"
#include "trace/func-api.bpf.h"

/* An operand taken apart; the strings are the caller's to free. */
struct operand {
	char *binary; /* "": the process's program */
	char *pattern;
	bool is_returning;
	bool has_prototype;
	struct sym_prototype prototype;
};

static void operand_deinit(struct operand *o)
{
	free(o->binary);
	free(o->pattern);
}

/* The colon between binary and symbol: not one of a C++ name, nor one behind a parenthesis. */
static const char *find_colon(const char *text)
{
	for (; *text && *text != '('; text++) {
		if (*text != ':')
			continue;
		if (text[1] != ':')
			return text;
		text++;
	}
	return NULL;
}

static int operand_parse(const char *text, pid_t pid, struct operand *o, struct error *err)
{
	const char *colon = find_colon(text);
	size_t bytes = strlen(text);
	char *symbol;
	int rc;

	*o = (struct operand){ 0 };
	if (!colon && !pid)
		return error_set(
			err, -EINVAL,
			"'%s' does not say where: write BINARY:FUNCTION (libc:malloc), or give "
			"a process with -p",
			text);
	o->is_returning = bytes > 4 && strcmp(text + bytes - 4, "+ret") == 0;
	if (o->is_returning)
		bytes -= 4;
	symbol = colon ? xstrndup(colon + 1, bytes - (size_t)(colon + 1 - text))
		       : xstrndup(text, bytes);
	o->binary = colon ? xstrndup(text, (size_t)(colon - text)) : xstrdup("");
	rc = sym_prototype_parse(symbol, &o->pattern, &o->prototype, err);
	o->has_prototype = rc == 0;
	free(symbol);
	if (rc >= 0 && !*o->pattern)
		rc = error_set(err, -EINVAL, "'%s' names no function", text);
	if (rc < 0)
		operand_deinit(o);
	return rc < 0 ? rc : 0;
}

/* The name a file goes by; of "/proc/PID/exe" that of the program it stands for. */
static char *module_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char program[PATH_MAX];
	ssize_t n = -1;

	if (slash && strcmp(slash, "/exe") == 0 && strncmp(path, "/proc/", 6) == 0)
		n = readlink(path, program, sizeof(program) - 1);
	if (n > 0) {
		program[n] = 0;
		path = program;
		slash = strrchr(path, '/');
	}
	return xstrdup(slash ? slash + 1 : path);
}

static int open_file(struct func_targets *t, const char *binary, const struct func_wish *wish,
		     uint32_t *ret_file, struct error *err)
{
	struct func_file file = { 0 };
	int rc = sym_library_find(binary, wish->pid, &file.path, err);

	if (rc)
		return rc;
	for (uint32_t i = 0; i < t->n_files; i++)
		if (strcmp(t->files[i].path, file.path) == 0) {
			free(file.path);
			*ret_file = i;
			return 0;
		}
	file.root = wish->pid ? sym_process_root(wish->pid) : xstrdup("");
	rc = sym_elf_open(file.path, file.root, &file.elf, err);
	if (rc) {
		free(file.path);
		free(file.root);
		return rc;
	}
	file.module = module_of(file.path);
	file.place = place_elf_new(file.elf);
	array_grow(t->files, t->n_files);
	t->files[t->n_files] = file;
	*ret_file = t->n_files++;
	return 0;
}

static void find_prototype(struct func_file *file, struct func_function *f)
{
	if (!file->dwarf_tried) {
		file->dwarf_tried = true;
		file->dwarf = sym_dwarf_open(file->elf, file->root);
	}
	if (file->dwarf)
		f->has_prototype = sym_dwarf_prototype(file->dwarf, f->symbol, &f->prototype);
}

static struct place_options options_for(const struct func_function *f, const struct func_wish *wish)
{
	struct place_options options = { .keep_sp = f->is_returning,
					 .nops_emulated = wish->nops_emulated };

	if (!wish->arguments || !f->has_prototype)
		return options;
	options.arguments = (uint8_t)sym_prototype_registers(&f->prototype);
	for (uint32_t i = 0; i < f->prototype.n_arguments; i++)
		options.keep_memory |= f->prototype.arguments[i].type == SYM_STRING;
	return options;
}

/* Without placement: at the entry, of which nothing is known. */
static struct placement entry_of(const struct sym_symbol *symbol)
{
	struct placement at = { .result = PLACE_SLOW_NO_CODE, .address = symbol->address };

	for (uint32_t n = 0; n < PLACE_ARGUMENTS_MAX; n++)
		at.arguments[n] = place_argument_register(n);
	return at;
}

static struct placement place_probe(const struct func_file *file, const struct func_function *f,
				    const struct sym_symbol *code, const struct func_wish *wish)
{
	struct place_options options = options_for(f, wish);
	struct placement at;

	if (!file->place)
		return entry_of(code);
	at = place_elf_function(file->place, code, &options);
	if (!wish->at_entry || at.result != PLACE_MOVED)
		return at;
	at = entry_of(code);
	at.result = PLACE_SLOW_ASKED;
	return at;
}

static int add_place(struct func_targets *t, const struct sym_symbol *code,
		     const struct func_wish *wish, struct error *err)
{
	const struct func_function *f = &t->functions[t->n_functions - 1];
	const struct func_file *file = &t->files[f->file];
	struct func_place place = { .function = t->n_functions - 1, .entry = code->address };
	uint32_t max = t->n_places_max ? t->n_places_max : FUNC_PROBES_MAX;

	if (t->n_places == max)
		return error_set(err, -E2BIG, "more than %u functions: name fewer", max);
	place.placement = place_probe(file, f, code, wish);
	if (!sym_elf_offset(file->elf, place.placement.address, &place.offset))
		return 0; /* code the file does not hold: a damaged symbol */
	array_grow(t->places, t->n_places);
	t->places[t->n_places++] = place;
	return 0;
}

static bool is_known(const struct func_targets *t, uint32_t file, uint64_t address)
{
	for (uint32_t i = t->n_functions; i--;)
		if (t->functions[i].file == file && t->functions[i].symbol->address == address)
			return true;
	return false;
}

static int add_function(struct func_targets *t, uint32_t file, const struct sym_symbol *symbol,
			const struct operand *o, const struct func_wish *wish, struct error *err)
{
	struct sym_symbol candidates[FUNC_CANDIDATES_MAX];
	struct func_function f = { .symbol = symbol, .file = file };
	uint32_t n = 0;
	int rc = 0;

	f.is_returning = o->is_returning || wish->returns;
	f.has_prototype = o->has_prototype;
	f.prototype = o->prototype;
	if (wish->arguments && !f.has_prototype)
		find_prototype(&t->files[file], &f);
	array_grow(t->functions, t->n_functions);
	t->functions[t->n_functions++] = f;
	if (symbol->kind == SYM_IFUNC && t->files[file].place)
		n = place_elf_candidates(t->files[file].place, symbol, candidates,
					 FUNC_CANDIDATES_MAX);
	if (symbol->kind == SYM_FUNC)
		return add_place(t, symbol, wish, err);
	for (uint32_t i = 0; i < n && !rc; i++)
		rc = add_place(t, &candidates[i], wish, err);
	return rc;
}

static int no_such_function(const struct func_file *file, const char *pattern, struct error *err)
{
	const char *nearest = sym_elf_nearest(file->elf, pattern);

	if (!file->elf->n_symbols)
		return error_set(
			err, -ENOENT,
			"%s is stripped: it names no functions (%s); install its debug symbols",
			file->path,
			*file->elf->symbol_source ? file->elf->symbol_source : "no symbol table");
	if (nearest)
		return error_set(err, -ENOENT, "%s has no function '%s'; did you mean '%s'?",
				 file->path, pattern, nearest);
	return error_set(err, -ENOENT, "%s has no function '%s' (looked in %s)", file->path,
			 pattern, file->elf->symbol_source);
}

static int add_matching(struct func_targets *t, uint32_t file, const struct operand *o,
			const struct func_wish *wish, struct error *err)
{
	const struct sym_elf *elf = t->files[file].elf;
	bool is_new_file = true, found = false;
	int rc = 0;

	for (uint32_t i = 0; i < t->n_functions && is_new_file; i++)
		is_new_file = t->functions[i].file != file;
	for (uint32_t i = 0; i < elf->n_symbols && !rc; i++) {
		const struct sym_symbol *symbol = &elf->symbols[i];

		if (!sym_symbol_matches(symbol, o->pattern))
			continue;
		found = true;
		/* Symbols come by address: of aliases only the first is taken. */
		if (t->n_functions && t->functions[t->n_functions - 1].file == file &&
		    t->functions[t->n_functions - 1].symbol->address == symbol->address)
			continue;
		if (!is_new_file && is_known(t, file, symbol->address))
			continue;
		rc = add_function(t, file, symbol, o, wish, err);
	}
	return rc || found ? rc : no_such_function(&t->files[file], o->pattern, err);
}

int func_targets_add(struct func_targets *t, const char *text, const struct func_wish *wish,
		     struct error *err)
{
	struct operand o;
	uint32_t file;
	int rc = operand_parse(text, wish->pid, &o, err);

	if (rc)
		return rc;
	rc = open_file(t, o.binary, wish, &file, err);
	if (!rc)
		rc = add_matching(t, file, &o, wish, err);
	operand_deinit(&o);
	return rc;
}

void func_targets_deinit(struct func_targets *t)
{
	for (uint32_t i = 0; i < t->n_files; i++) {
		sym_dwarf_close(t->files[i].dwarf);
		place_elf_free(t->files[i].place);
		sym_elf_close(t->files[i].elf);
		free(t->files[i].path);
		free(t->files[i].root);
		free(t->files[i].module);
	}
	free(t->files);
	free(t->functions);
	free(t->places);
	*t = (struct func_targets){ 0 };
}

const char *func_name(const struct func_targets *t, uint32_t place)
{
	return t->functions[t->places[place].function].symbol->name;
}

const char *func_module(const struct func_targets *t, uint32_t place)
{
	return t->files[t->functions[t->places[place].function].file].module;
}

bool func_place_is_slow(const struct func_place *place)
{
	return place->placement.result > PLACE_MOVED;
}
