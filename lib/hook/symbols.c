/* SPDX-License-Identifier: BSD-2-Clause */
#include "hook/symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

/* A virtual address as a place in the file, by the segment that holds it; 0: in none. */
static uint64_t file_offset(Elf *elf, uint64_t address)
{
	size_t n = 0;
	GElf_Phdr ph;

	elf_getphdrnum(elf, &n);
	for (size_t i = 0; i < n; i++)
		if (gelf_getphdr(elf, (int)i, &ph) && ph.p_type == PT_LOAD && ph.p_flags & PF_X &&
		    address >= ph.p_vaddr && address - ph.p_vaddr < ph.p_filesz)
			return address - ph.p_vaddr + ph.p_offset;
	return 0;
}

static int walk_table(Elf *elf, Elf_Scn *scn, const GElf_Shdr *sh, symbols_fn *fn, void *arg)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	size_t n = data && sh->sh_entsize ? data->d_size / sh->sh_entsize : 0;
	GElf_Sym sym;
	int rc = 0;

	for (size_t i = 0; i < n && !rc; i++) {
		const char *name;
		uint64_t offset;

		if (!gelf_getsym(data, (int)i, &sym) || GELF_ST_TYPE(sym.st_info) != STT_FUNC ||
		    sym.st_shndx == SHN_UNDEF)
			continue;
		name = elf_strptr(elf, sh->sh_link, sym.st_name);
		offset = file_offset(elf, sym.st_value);
		if (name && *name && offset)
			rc = fn(arg, name, offset);
	}
	return rc;
}

static int walk(Elf *elf, symbols_fn *fn, void *arg)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;
	int rc = 0;

	while (!rc && (scn = elf_nextscn(elf, scn)))
		if (gelf_getshdr(scn, &sh) &&
		    (sh.sh_type == SHT_SYMTAB || sh.sh_type == SHT_DYNSYM))
			rc = walk_table(elf, scn, &sh, fn, arg);
	return rc;
}

int symbols_walk(const char *path, symbols_fn *fn, void *arg, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;
	Elf *elf;

	if (fd < 0)
		return error_set(err, -errno, "%s: %s", path, strerror(errno));
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF)
		rc = error_set(err, -EINVAL, "%s is no ELF file", path);
	else
		rc = walk(elf, fn, arg);
	elf_end(elf);
	close(fd);
	return rc;
}
