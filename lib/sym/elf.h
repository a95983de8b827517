/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The functions of an ELF file: from .symtab and .dynsym (with versions, IFUNCs told apart), from
 * .gnu_debugdata, and from a separate debug file found by build id or .gnu_debuglink; where each lies in
 * the file (by PT_LOAD, which is what a uprobe wants); and the bytes of its code.
 *
 * The file is somebody else's: it may be damaged on purpose. Everything read from it is checked, limits
 * are named, and a part that makes no sense is left out; a file that is no ELF is refused. It is read,
 * never mapped, so that nobody can pull it from under us.
 *
 * Costs: about 5 ms for libc. Only function symbols are kept. Of a file with a .symtab no debug file is
 * looked for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

#define SYM_SYMBOLS_MAX	  (4u << 20) /* of one file */
#define SYM_SEGMENTS_MAX  256
#define SYM_NAME_MAX	  4096
#define SYM_DEBUGDATA_MAX (256u << 20) /* bytes of .gnu_debugdata, unpacked */
#define SYM_BUILD_ID_MAX  20

enum sym_kind {
	SYM_FUNC,
	SYM_IFUNC, /* its address is that of the resolver that picks the function at run time */
};

struct sym_symbol {
	const char *name;    /* without version */
	const char *version; /* "GLIBC_2.14"; NULL when none */
	uint64_t address;    /* as the file is linked */
	uint64_t size;	     /* 0: the file does not say */
	enum sym_kind kind;
	bool global;
	bool old_version; /* kept for programs linked long ago: `name@VERSION`, not `name@@VERSION` */
};

struct sym_segment {
	uint64_t address;
	uint64_t offset;
	uint64_t file_bytes;
	bool executable;
};

struct sym_elf {
	char *path;
	uint16_t machine; /* EM_X86_64... */
	uint8_t build_id[SYM_BUILD_ID_MAX];
	uint32_t build_id_bytes; /* 0: none */
	struct sym_segment segments[SYM_SEGMENTS_MAX];
	uint32_t n_segments;
	struct sym_symbol *symbols; /* by address, then the better name first; no two alike */
	uint32_t n_symbols;
	char *symbol_source; /* ".symtab", ".dynsym, .gnu_debugdata", ... */
	struct sym_elf_files *files;
};

/*
 * Reads @path. @root is put before the paths of separate debug files ("" or "/proc/PID/root"). 0, or
 * -errno with a sentence: -ENOENT, -EACCES..., -ENOEXEC when it is no ELF file we understand.
 */
int sym_elf_open(const char *path, const char *root, struct sym_elf **ret_elf, struct error *err);
struct sym_elf *sym_elf_close(struct sym_elf *elf);

/* Linked address to place in the file and back, where a segment covers it. */
bool sym_elf_offset(const struct sym_elf *elf, uint64_t address, uint64_t *ret_offset);
bool sym_elf_address(const struct sym_elf *elf, uint64_t offset, uint64_t *ret_address);

/* The function that covers @address, else NULL: what symbolising needs. O(log n). */
const struct sym_symbol *sym_elf_lookup(const struct sym_elf *elf, uint64_t address);

/* Copies what the file has at @address, up to @bytes; returns how many. */
size_t sym_elf_read(const struct sym_elf *elf, uint64_t address, void *data, size_t bytes);

/*
 * Whether @symbol is meant by @pattern: a name, a glob, either with @VERSION behind it. A name without
 * version means the present one, not those kept for old programs.
 */
bool sym_symbol_matches(const struct sym_symbol *symbol, const char *pattern);
/* The existing name closest to @name, or NULL. */
const char *sym_elf_nearest(const struct sym_elf *elf, const char *name);
