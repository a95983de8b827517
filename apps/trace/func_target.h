/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What skep trace func is to look at: operands of the command line resolved to functions, and each
 * function to the places of its probes. A function has one place, an IFUNC as many as its resolver may
 * choose.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "sym/dwarf.h"
#include "sym/elf.h"
#include "sym/place_elf.h"
#include "sym/prototype.h"

#define FUNC_CANDIDATES_MAX 64 /* implementations of one IFUNC */

struct func_file {
	char *path;
	char *module; /* base name of the path */
	char *root;	    /* of the process it was found in, "" for ours */
	struct sym_elf *elf;
	struct place_elf *place; /* NULL: probes stay at entries */
	struct sym_dwarf *dwarf;
	bool dwarf_tried;
};

struct func_function {
	const struct sym_symbol *symbol;
	uint32_t file;
	bool is_returning; /* its return is to be seen */
	bool has_prototype;
	struct sym_prototype prototype;
};

struct func_place {
	uint32_t function;
	uint64_t entry;	 /* linked address */
	uint64_t offset; /* of the probe, in the file */
	struct placement placement;
	int refused; /* 0, or why the kernel did not take it (-errno) */
};

/* How operands are to be understood. */
struct func_wish {
	pid_t pid;	    /* 0: any */
	bool arguments;	    /* calls are shown: look for prototypes, keep arguments readable */
	bool returns;	    /* of all functions, not only those with +ret */
	bool at_entry;	    /* never move a probe */
	bool nops_emulated; /* of this kernel */
};

struct func_targets {
	struct func_file *files;
	uint32_t n_files;
	struct func_function *functions;
	uint32_t n_functions;
	struct func_place *places;
	uint32_t n_places;
	uint32_t n_places_max; /* FUNC_PROBES_MAX, less in tests */
};

/*
 * Adds what "[BINARY|LIB:]SYMBOL[+ret]" means, SYMBOL being a name, a glob or a C prototype. 0, or
 * -errno with a sentence: no such file or function (with the nearest name), too many.
 */
int func_targets_add(struct func_targets *t, const char *operand, const struct func_wish *wish,
		     struct error *err);
void func_targets_deinit(struct func_targets *t);

const char *func_name(const struct func_targets *t, uint32_t place);
const char *func_module(const struct func_targets *t, uint32_t place);
/* Whether the kernel single-steps there. */
bool func_place_is_slow(const struct func_place *place);
