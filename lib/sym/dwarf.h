/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The arguments of functions as DWARF describes them: in the file itself or in its separate debug file.
 * libdw does the reading (it checks the file; what it refuses is taken for absent); nobody else includes
 * it. Opening costs a few ms, a function 10 us; the first that .debug_aranges does not
 * tell of costs a pass over all (100 ms for libc).
 */
#pragma once

#include <stdbool.h>

#include "sym/elf.h"
#include "sym/prototype.h"

struct sym_dwarf;

/* NULL when the file has no DWARF, and nor has its debug file. @elf is borrowed. */
struct sym_dwarf *sym_dwarf_open(const struct sym_elf *elf, const char *root);
struct sym_dwarf *sym_dwarf_close(struct sym_dwarf *dwarf);

/* The prototype of the function at this symbol: whether there is one. */
bool sym_dwarf_prototype(struct sym_dwarf *dwarf, const struct sym_symbol *symbol,
			 struct sym_prototype *ret_prototype);
