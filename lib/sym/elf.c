/* SPDX-License-Identifier: BSD-2-Clause */
#include "sym/elf.h"

#include <errno.h>
#include <fnmatch.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "sym/elf_files.h"

#define NEAREST_NAME_MAX 64 /* longer names are not guessed */

/* What one symbol table of one file needs while it is read. */
struct table {
	Elf *elf;
	GElf_Shdr head;
	Elf_Data *data;
	Elf_Data *versions;    /* .gnu.version: one number for each symbol; NULL */
	Elf_Data *definitions; /* .gnu.version_d; NULL */
	size_t version_names;  /* its string section */
};

bool sym_elf_offset(const struct sym_elf *elf, uint64_t address, uint64_t *ret_offset)
{
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		const struct sym_segment *s = &elf->segments[i];

		if (address - s->address < s->file_bytes) {
			*ret_offset = s->offset + (address - s->address);
			return true;
		}
	}
	return false;
}

bool sym_elf_address(const struct sym_elf *elf, uint64_t offset, uint64_t *ret_address)
{
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		const struct sym_segment *s = &elf->segments[i];

		/* Segments share a page of the file where they meet: code is what is asked for. */
		if (s->executable && offset - s->offset < s->file_bytes) {
			*ret_address = s->address + (offset - s->offset);
			return true;
		}
	}
	return false;
}

size_t sym_elf_read(const struct sym_elf *elf, uint64_t address, void *data, size_t bytes)
{
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		const struct sym_segment *s = &elf->segments[i];
		uint64_t into = address - s->address;
		ssize_t n;

		if (into >= s->file_bytes)
			continue;
		if (bytes > s->file_bytes - into)
			bytes = s->file_bytes - into;
		n = pread(elf->files->file[0].fd, data, bytes, (off_t)(s->offset + into));
		return n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Ranges that wrap or lie where no file can reach are left out. */
static void read_segments(struct sym_elf *elf, Elf *file)
{
	size_t n;

	if (elf_getphdrnum(file, &n))
		return;
	for (size_t i = 0; i < n && elf->n_segments < SYM_SEGMENTS_MAX; i++) {
		GElf_Phdr head;

		if (!gelf_getphdr(file, (int)i, &head))
			return;
		if (head.p_type != PT_LOAD || !head.p_filesz ||
		    head.p_vaddr + head.p_filesz < head.p_vaddr ||
		    head.p_offset > INT64_MAX - head.p_filesz)
			continue;
		elf->segments[elf->n_segments++] = (struct sym_segment){
			.address = head.p_vaddr,
			.offset = head.p_offset,
			.file_bytes = head.p_filesz,
			.executable = head.p_flags & PF_X,
		};
	}
}

static void find_versions(struct table *t)
{
	Elf_Scn *definitions = elf_section(t->elf, ".gnu.version_d");
	Elf_Scn *versions = elf_section(t->elf, ".gnu.version");
	GElf_Shdr head;

	if (!definitions || !versions || !gelf_getshdr(definitions, &head))
		return;
	t->version_names = head.sh_link;
	t->definitions = elf_getdata(definitions, NULL);
	t->versions = elf_getdata(versions, NULL);
}

/* The name of version @number, defined in this file; NULL when it is not. */
static const char *version_name(const struct table *t, unsigned number)
{
	int at = 0;

	for (unsigned steps = 0; t->definitions && steps < 4096; steps++) {
		GElf_Verdef def;
		GElf_Verdaux name;

		if (!gelf_getverdef(t->definitions, at, &def))
			return NULL;
		if ((def.vd_ndx & 0x7fff) == number && def.vd_aux < INT32_MAX - at &&
		    gelf_getverdaux(t->definitions, at + (int)def.vd_aux, &name))
			return elf_strptr(t->elf, t->version_names, name.vda_name);
		if (!def.vd_next || def.vd_next >= (GElf_Word)(INT32_MAX - at))
			return NULL;
		at += (int)def.vd_next;
	}
	return NULL;
}

static void set_version(const struct table *t, size_t index, struct sym_symbol *symbol)
{
	GElf_Versym number;

	if (!t->versions || !gelf_getversym(t->versions, (int)index, &number))
		return;
	if ((number & 0x7fff) <= VER_NDX_GLOBAL)
		return;
	symbol->version = version_name(t, number & 0x7fff);
	symbol->old_version = number & 0x8000;
}

/* In .symtab the version is written behind the name: name@VERSION, name@@VERSION. */
static void cut_version(struct sym_elf_files *files, struct sym_symbol *symbol)
{
	const char *at = strchr(symbol->name, '@');
	char *copy;

	if (!at || at == symbol->name)
		return;
	copy = xstrdup(symbol->name);
	copy[at - symbol->name] = 0;
	symbol->old_version = at[1] != '@';
	symbol->version = copy + (at - symbol->name) + 1 + (at[1] == '@');
	symbol->name = copy;
	array_grow(files->names, files->n_names);
	files->names[files->n_names++] = copy;
}

static void add_symbol(struct sym_elf *elf, const struct table *t, size_t index)
{
	struct sym_symbol symbol = { 0 };
	unsigned type;
	GElf_Sym sym;

	if (!gelf_getsym(t->data, (int)index, &sym))
		return;
	type = GELF_ST_TYPE(sym.st_info);
	if ((type != STT_FUNC && type != STT_GNU_IFUNC) || sym.st_shndx == SHN_UNDEF ||
	    !sym.st_value)
		return;
	symbol.name = elf_strptr(t->elf, t->head.sh_link, sym.st_name);
	if (!symbol.name || !*symbol.name || strnlen(symbol.name, SYM_NAME_MAX) == SYM_NAME_MAX)
		return;
	symbol.address = sym.st_value;
	symbol.size = sym.st_size;
	symbol.kind = type == STT_FUNC ? SYM_FUNC : SYM_IFUNC;
	symbol.global = GELF_ST_BIND(sym.st_info) != STB_LOCAL;
	if (t->head.sh_type == SHT_DYNSYM)
		set_version(t, index, &symbol);
	else
		cut_version(elf->files, &symbol);
	array_grow(elf->symbols, elf->n_symbols);
	elf->symbols[elf->n_symbols++] = symbol;
}

/* Adds the functions of the section of this type; whether there is one. */
static bool read_table(struct sym_elf *elf, Elf *file, unsigned type)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(file, section))) {
		struct table t = { .elf = file };
		size_t n;

		if (!gelf_getshdr(section, &t.head) || t.head.sh_type != type || !t.head.sh_entsize)
			continue;
		t.data = elf_getdata(section, NULL);
		if (!t.data || !t.data->d_size)
			return false;
		if (type == SHT_DYNSYM)
			find_versions(&t);
		n = t.data->d_size / gelf_fsize(file, ELF_T_SYM, 1, EV_CURRENT);
		for (size_t i = 0; i < n && elf->n_symbols < SYM_SYMBOLS_MAX; i++)
			add_symbol(elf, &t, i);
		return true;
	}
	return false;
}

static int by_address(const void *a, const void *b)
{
	const struct sym_symbol *x = a, *y = b;
	int names;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	if (x->global != y->global)
		return x->global ? -1 : 1;
	names = strcmp(x->name, y->name);
	if ((*x->name == '_') != (*y->name == '_'))
		return *x->name == '_' ? 1 : -1;
	if (names)
		return names;
	if (x->old_version != y->old_version)
		return x->old_version ? 1 : -1;
	return !x->version - !y->version; /* the one that has a version first */
}

static bool is_same(const struct sym_symbol *a, const struct sym_symbol *b)
{
	return a->address == b->address && strcmp(a->name, b->name) == 0;
}

static void sort_symbols(struct sym_elf *elf)
{
	uint32_t n = 0;

	if (elf->n_symbols)
		qsort(elf->symbols, elf->n_symbols, sizeof(*elf->symbols), by_address);
	for (uint32_t i = 0; i < elf->n_symbols; i++)
		if (!n || !is_same(&elf->symbols[n - 1], &elf->symbols[i]))
			elf->symbols[n++] = elf->symbols[i];
	elf->n_symbols = n;
}

static void read_symbols(struct sym_elf *elf, Elf *main, const char *root)
{
	struct buffer source = { 0 };
	bool full = read_table(elf, main, SHT_SYMTAB);
	Elf *other;

	if (full)
		buffer_text(&source, ".symtab");
	if (read_table(elf, main, SHT_DYNSYM))
		buffer_format(&source, "%s.dynsym", source.bytes ? ", " : "");
	if (!full && (other = elf_debugfile(elf->files, main, elf->path, root)) &&
	    (full = read_table(elf, other, SHT_SYMTAB)))
		buffer_format(&source, "%sits debug file", source.bytes ? ", " : "");
	if (!full && (other = elf_debugdata(elf->files, main)) &&
	    read_table(elf, other, SHT_SYMTAB))
		buffer_format(&source, "%s.gnu_debugdata", source.bytes ? ", " : "");
	elf->symbol_source = buffer_take(&source);
	sort_symbols(elf);
}

static int open_main(struct sym_elf *elf, Elf **ret_main, struct error *err)
{
	GElf_Ehdr head;
	int error = 0;
	Elf *main = elf_files_open(elf->files, elf->path, &error);

	if (!main && error != -ENOEXEC)
		return error_set(err, error, "%s: %s", elf->path, strerror(-error));
	if (!main || elf_kind(main) != ELF_K_ELF || !gelf_getehdr(main, &head) ||
	    (head.e_type != ET_EXEC && head.e_type != ET_DYN))
		return error_set(err, -ENOEXEC,
				 "%s is not a program or shared library (ELF) that can be traced",
				 elf->path);
	elf->machine = head.e_machine;
	*ret_main = main;
	return 0;
}

int sym_elf_open(const char *path, const char *root, struct sym_elf **ret_elf, struct error *err)
{
	struct sym_elf *elf = xcalloc(1, sizeof(*elf));
	Elf *main = NULL;
	int rc;

	elf->path = xstrdup(path);
	elf->files = xcalloc(1, sizeof(*elf->files));
	rc = open_main(elf, &main, err);
	if (rc) {
		sym_elf_close(elf);
		return rc;
	}
	read_segments(elf, main);
	elf->build_id_bytes = elf_build_id(main, elf->build_id);
	read_symbols(elf, main, root);
	*ret_elf = elf;
	return 0;
}

struct sym_elf *sym_elf_close(struct sym_elf *elf)
{
	if (!elf)
		return NULL;
	elf_files_free(elf->files);
	free(elf->symbols);
	free(elf->symbol_source);
	free(elf->path);
	free(elf);
	return NULL;
}

const struct sym_symbol *sym_elf_lookup(const struct sym_elf *elf, uint64_t address)
{
	uint32_t begin = 0, n = elf->n_symbols;
	const struct sym_symbol *found;

	while (n) {
		uint32_t half = n / 2;

		if (elf->symbols[begin + half].address > address) {
			n = half;
		} else {
			begin += half + 1;
			n -= half + 1;
		}
	}
	if (!begin)
		return NULL;
	found = &elf->symbols[begin - 1];
	while (found > elf->symbols && found[-1].address == found->address)
		found--;
	/* A symbol without a size reaches to the next one. */
	return !found->size || address - found->address < found->size ? found : NULL;
}

bool sym_symbol_matches(const struct sym_symbol *symbol, const char *pattern)
{
	const char *at = strchr(pattern, '@');
	char name[SYM_NAME_MAX];

	if (!at || at == pattern)
		return !symbol->old_version && fnmatch(pattern, symbol->name, 0) == 0;
	if ((size_t)(at - pattern) >= sizeof(name))
		return false;
	memcpy(name, pattern, (size_t)(at - pattern));
	name[at - pattern] = 0;
	at += at[1] == '@' ? 2 : 1;
	return fnmatch(name, symbol->name, 0) == 0 && symbol->version &&
	       fnmatch(at, symbol->version, 0) == 0;
}

/* The number of letters to change, add or drop, for names below NEAREST_NAME_MAX. */
static uint32_t distance(const char *a, const char *b, uint32_t enough)
{
	uint32_t row[NEAREST_NAME_MAX + 1], least;
	size_t n = strlen(a), m = strlen(b);

	if ((n > m ? n - m : m - n) >= enough)
		return enough;
	for (size_t j = 0; j <= m; j++)
		row[j] = (uint32_t)j;
	for (size_t i = 1; i <= n; i++) {
		uint32_t corner = row[0];

		row[0] = least = (uint32_t)i;
		for (size_t j = 1; j <= m; j++) {
			uint32_t best = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			best = row[j] + 1 < best ? row[j] + 1 : best;
			row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
			least = row[j] < least ? row[j] : least;
		}
		if (least >= enough)
			return enough;
	}
	return row[m];
}

const char *sym_elf_nearest(const struct sym_elf *elf, const char *name)
{
	uint32_t best = (uint32_t)strlen(name) / 3 + 2;
	const char *found = NULL;

	if (strlen(name) >= NEAREST_NAME_MAX)
		return NULL;
	for (uint32_t i = 0; i < elf->n_symbols && best; i++) {
		const char *its = elf->symbols[i].name;
		uint32_t d;

		if (strnlen(its, NEAREST_NAME_MAX) == NEAREST_NAME_MAX)
			continue;
		d = distance(name, its, best);
		if (d < best) {
			best = d;
			found = its;
		}
	}
	return found;
}
