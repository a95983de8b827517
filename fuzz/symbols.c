/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF files of traced programs: symbols, versions, debug data, DWARF, and where their probes would go.
 * libelf and libdw read them; what they let through is ours to survive.
 */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "sym/dwarf.h"
#include "sym/elf.h"
#include "sym/place_elf.h"

#define SYMBOLS_USED 64 /* of one file: the rest is the same code again */

static void use(const struct sym_elf *elf)
{
	const struct place_options options = { .arguments = 6, .used_only = true };
	struct sym_dwarf *dwarf = sym_dwarf_open(elf, "/nowhere");
	struct place_elf *place = place_elf_new(elf);
	struct sym_symbol candidates[8];
	struct sym_prototype prototype;

	for (uint32_t i = 0; i < elf->n_symbols && i < SYMBOLS_USED; i++) {
		const struct sym_symbol *symbol = &elf->symbols[i];
		uint64_t offset;

		sym_elf_offset(elf, symbol->address, &offset);
		sym_elf_lookup(elf, symbol->address + 1);
		if (dwarf)
			sym_dwarf_prototype(dwarf, symbol, &prototype);
		if (!place)
			continue;
		place_elf_function(place, symbol, &options);
		place_elf_candidates(place, symbol, candidates, 8);
	}
	sym_elf_nearest(elf, "function");
	place_elf_free(place);
	sym_dwarf_close(dwarf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sym_elf *elf = NULL;
	struct error err;
	char path[32];
	int fd = memfd_create("symbols", MFD_CLOEXEC);

	FUZZ_CHECK(fd >= 0);
	FUZZ_CHECK(write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (sym_elf_open(path, "/nowhere", &elf, &err) == 0)
		use(elf);
	fuzz_count(elf != NULL);
	sym_elf_close(elf);
	close(fd);
	return 0;
}
