/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * place-dump FILE: one line for each function of an ELF file, for check-placement to judge:
 * entry, size, place (hex), stack delta, result, the register of each of six arguments, name.
 */
#include <inttypes.h>
#include <stdio.h>

#include "sym/elf.h"
#include "sym/place_elf.h"

static void print_placement(const struct sym_symbol *symbol, const struct placement *to)
{
	static const char *const names[] = {
		"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
		"r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"
	};

	printf("%" PRIx64 " %" PRIx64 " %" PRIx64 " %d %s", symbol->address, symbol->size,
	       to->address, to->sp_delta, place_result_key(to->result));
	for (uint32_t n = 0; n < PLACE_ARGUMENTS_MAX; n++)
		printf(" %s", to->arguments[n] == PLACE_NOWHERE ? "-" : names[to->arguments[n]]);
	printf(" %s\n", symbol->name);
}

int main(int argc, char **argv)
{
	const struct place_options options = { .arguments = PLACE_ARGUMENTS_MAX,
					       .used_only = true,
					       .nops_emulated = true };
	struct place_elf *place;
	struct sym_elf *elf;
	struct error err;

	if (argc != 2) {
		fputs("usage: place-dump FILE\n", stderr);
		return 2;
	}
	if (sym_elf_open(argv[1], "", &elf, &err)) {
		fprintf(stderr, "place-dump: %s\n", err.text);
		return 2;
	}
	place = place_elf_new(elf);
	for (uint32_t i = 0; place && i < elf->n_symbols; i++) {
		const struct sym_symbol *symbol = &elf->symbols[i];
		struct placement to;

		if (symbol->kind != SYM_FUNC || (i && symbol[-1].address == symbol->address))
			continue;
		to = place_elf_function(place, symbol, &options);
		print_placement(symbol, &to);
	}
	place_elf_free(place);
	sym_elf_close(elf);
	return 0;
}
