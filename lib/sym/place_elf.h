/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Placement in an ELF file: its executable segments read whole, and the addresses its data holds given
 * to the proof as possible targets of jumps. Built in about 10 ms for libc; holds a copy of the code.
 */
#pragma once

#include "sym/elf.h"
#include "sym/place.h"

struct place_elf;

/* NULL when the machine is not x86-64 or there is no code. @elf is borrowed. */
struct place_elf *place_elf_new(const struct sym_elf *elf);
struct place_elf *place_elf_free(struct place_elf *p);

struct placement place_elf_function(const struct place_elf *p, const struct sym_symbol *symbol,
				    const struct place_options *options);

/*
 * The functions an IFUNC may choose, found as the addresses its resolver takes: up to @max of them. Each
 * is a symbol of its own with the name of @symbol and its size to the next entry known. 0 when the
 * resolver cannot be read.
 */
uint32_t place_elf_candidates(const struct place_elf *p, const struct sym_symbol *symbol,
			      struct sym_symbol *candidates, uint32_t max);
