/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside sym/elf: the libelf handles behind a struct sym_elf. Names of symbols point into them, so they
 * live as long as it does.
 */
#pragma once

#include <libelf.h>

#include "sym/elf.h"

#define ELF_FILES_MAX 3 /* the file, its .gnu_debugdata, its separate debug file */

struct sym_elf_files {
	struct {
		Elf *elf;
		int fd;	      /* -1: none */
		void *memory; /* unpacked, or NULL */
	} file[ELF_FILES_MAX];
	uint32_t n;
	char **names; /* copies of names that had to be cut */
	uint32_t n_names;
};

/* Opens @path, or @bytes of @memory (then its owner), as the next file. The handle, or NULL. */
Elf *elf_files_open(struct sym_elf_files *files, const char *path, int *ret_error);
Elf *elf_files_adopt(struct sym_elf_files *files, void *memory, size_t bytes);
/* Takes back the last one. */
void elf_files_drop(struct sym_elf_files *files);
void elf_files_free(struct sym_elf_files *files);

/* The section of this name; NULL when there is none. Its data (at least one byte), or NULL. */
Elf_Scn *elf_section(Elf *elf, const char *name);
Elf_Data *elf_section_data(Elf_Scn *section);

/* The build id of @elf into @id: its length, 0 when it has none. */
uint32_t elf_build_id(Elf *elf, uint8_t id[SYM_BUILD_ID_MAX]);

/*
 * The other places symbols of @main may stand in: unpacked .gnu_debugdata; the separate debug file, by
 * build id, then by .gnu_debuglink, checked to belong to it. NULL when there is none.
 */
Elf *elf_debugdata(struct sym_elf_files *files, Elf *main);
Elf *elf_debugfile(struct sym_elf_files *files, Elf *main, const char *path, const char *root);
