/* SPDX-License-Identifier: BSD-2-Clause */
#include "sym/dwarf.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "sym/elf_files.h"

#define TYPE_DEPTH_MAX 64 /* of typedefs of typedefs; a circle ends here */

#define SPANS_MAX 8

struct entry {
	uint64_t address;
	Dwarf_Off die;
};

struct sym_dwarf {
	struct sym_elf_files *files;
	Dwarf *dwarf;
	/* Where names may stand, as libdw has it in memory: it does not look for their ends. */
	struct {
		const char *begin;
		size_t bytes;
	} spans[SPANS_MAX];
	uint32_t n_spans;
	struct entry *entries; /* by address, once it was needed */
	uint32_t n_entries;
	bool is_indexed;
};

static Dwarf *open_in(Elf *elf)
{
	Dwarf *dwarf = elf ? dwarf_begin_elf(elf, DWARF_C_READ, NULL) : NULL;
	Dwarf_Off next;
	size_t head;

	/* A file that has only line tables or frames has no units. */
	if (dwarf && dwarf_nextcu(dwarf, 0, &next, &head, NULL, NULL, NULL) != 0) {
		dwarf_end(dwarf);
		return NULL;
	}
	return dwarf;
}

static void find_spans(struct sym_dwarf *d)
{
	static const char *const names[] = { ".debug_str", ".debug_line_str", ".debug_info",
					     ".zdebug_str", ".zdebug_info" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		Elf_Scn *section = elf_section(dwarf_getelf(d->dwarf), names[i]);
		Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;

		if (!data || !data->d_buf)
			continue;
		d->spans[d->n_spans].begin = data->d_buf;
		d->spans[d->n_spans++].bytes = data->d_size;
	}
}

struct sym_dwarf *sym_dwarf_open(const struct sym_elf *elf, const char *root)
{
	struct sym_dwarf *d = xcalloc(1, sizeof(*d));
	int error;
	Elf *main;

	d->files = xcalloc(1, sizeof(*d->files));
	main = elf_files_open(d->files, elf->path, &error);
	d->dwarf = open_in(main);
	if (main && !d->dwarf)
		d->dwarf = open_in(elf_debugfile(d->files, main, elf->path, root));
	if (!d->dwarf)
		return sym_dwarf_close(d);
	find_spans(d);
	return d;
}

struct sym_dwarf *sym_dwarf_close(struct sym_dwarf *d)
{
	if (!d)
		return NULL;
	dwarf_end(d->dwarf);
	elf_files_free(d->files);
	free(d->entries);
	free(d);
	return NULL;
}

/* The type behind typedefs and qualifiers; false: none, which in C is void. */
static bool type_of(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attribute;
	Dwarf_Die at = *die;

	for (uint32_t i = 0; i < TYPE_DEPTH_MAX; i++) {
		if (!dwarf_attr_integrate(&at, DW_AT_type, &attribute) ||
		    !dwarf_formref_die(&attribute, type))
			return false;
		switch (dwarf_tag(type)) {
		case DW_TAG_typedef:
		case DW_TAG_const_type:
		case DW_TAG_volatile_type:
		case DW_TAG_restrict_type:
		case DW_TAG_atomic_type:
			at = *type;
			break;
		default:
			return true;
		}
	}
	return false;
}

static enum sym_type base_type(Dwarf_Die *type)
{
	Dwarf_Attribute attribute;
	Dwarf_Word encoding = 0;

	if (dwarf_attr(type, DW_AT_encoding, &attribute))
		dwarf_formudata(&attribute, &encoding);
	switch (encoding) {
	case DW_ATE_boolean:
		return SYM_BOOL;
	case DW_ATE_signed:
		return SYM_SIGNED;
	case DW_ATE_signed_char:
		return SYM_CHAR;
	case DW_ATE_unsigned:
	case DW_ATE_unsigned_char:
	case DW_ATE_UTF:
		return SYM_UNSIGNED;
	case DW_ATE_float:
	case DW_ATE_complex_float:
		return SYM_FLOATING;
	default:
		return SYM_UNKNOWN;
	}
}

static enum sym_type pointer_type(Dwarf_Die *type)
{
	Dwarf_Die to;

	if (type_of(type, &to) && dwarf_tag(&to) == DW_TAG_base_type && dwarf_bytesize(&to) == 1 &&
	    base_type(&to) == SYM_CHAR)
		return SYM_STRING;
	return SYM_POINTER;
}

/* Its name; "" when it has none, or one that does not end within its section. */
static const char *name_of(const struct sym_dwarf *d, Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *name = NULL;

	if (dwarf_attr_integrate(die, DW_AT_name, &attribute))
		name = dwarf_formstring(&attribute);
	for (uint32_t i = 0; name && i < d->n_spans; i++) {
		size_t into = (size_t)(name - d->spans[i].begin);

		if (name >= d->spans[i].begin && into < d->spans[i].bytes)
			return memchr(name, 0, d->spans[i].bytes - into) ? name : "";
	}
	return "";
}

/* Whether it is passed in one register; structures and the like are not. */
static bool describe(const struct sym_dwarf *d, Dwarf_Die *die, struct sym_argument *a)
{
	Dwarf_Die type;
	int bytes;

	*a = (struct sym_argument){ .type = SYM_VOID };
	snprintf(a->name, sizeof(a->name), "%s", name_of(d, die));
	if (!type_of(die, &type))
		return true;
	bytes = dwarf_bytesize(&type);
	a->bytes = bytes == 1 || bytes == 2 || bytes == 4 ? (uint8_t)bytes : 8;
	switch (dwarf_tag(&type)) {
	case DW_TAG_base_type:
		a->type = base_type(&type);
		return bytes <= 8;
	case DW_TAG_enumeration_type:
		a->type = SYM_SIGNED;
		return true;
	case DW_TAG_pointer_type:
	case DW_TAG_reference_type:
	case DW_TAG_rvalue_reference_type:
		a->type = pointer_type(&type);
		return true;
	default:
		a->type = SYM_UNKNOWN;
		return false;
	}
}

static void read_prototype(const struct sym_dwarf *d, Dwarf_Die *function, struct sym_prototype *p)
{
	struct sym_argument a;
	Dwarf_Die child;

	*p = (struct sym_prototype){ 0 };
	if (!describe(d, function, &p->result))
		p->result.type = SYM_UNKNOWN;
	p->result.name[0] = 0;
	if (dwarf_child(function, &child) != 0)
		return;
	do {
		if (dwarf_tag(&child) == DW_TAG_unspecified_parameters)
			p->more = true;
		if (dwarf_tag(&child) != DW_TAG_formal_parameter)
			continue;
		if (p->more || !describe(d, &child, &a)) {
			p->more = true; /* where those behind it lie is not known */
			return;
		}
		sym_prototype_add(p, &a);
	} while (dwarf_siblingof(&child, &child) == 0);
}

/* What dwarf_getfuncs is looking for. */
struct search {
	Dwarf_Addr address;
	Dwarf_Die *found;
	bool is_found;
};

static int is_it(Dwarf_Die *function, void *arg)
{
	struct search *s = arg;
	Dwarf_Addr low;

	if (dwarf_lowpc(function, &low) || low != s->address)
		return DWARF_CB_OK;
	*s->found = *function;
	s->is_found = true;
	return DWARF_CB_ABORT;
}

static int add_entry(Dwarf_Die *function, void *arg)
{
	struct sym_dwarf *d = arg;
	Dwarf_Addr low;

	if (dwarf_lowpc(function, &low))
		return DWARF_CB_OK;
	array_grow(d->entries, d->n_entries);
	d->entries[d->n_entries++] = (struct entry){ low, dwarf_dieoffset(function) };
	return d->n_entries < SYM_SYMBOLS_MAX ? DWARF_CB_OK : DWARF_CB_ABORT;
}

static int by_address(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

/* Every function of every unit: once, when the file's own index does not have one. */
static void build_index(struct sym_dwarf *d)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die unit;

	d->is_indexed = true;
	while (dwarf_get_units(d->dwarf, cu, &cu, NULL, NULL, &unit, NULL) == 0)
		dwarf_getfuncs(&unit, add_entry, d, 0);
	if (d->n_entries)
		qsort(d->entries, d->n_entries, sizeof(*d->entries), by_address);
}

static bool find_function(struct sym_dwarf *d, uint64_t address, Dwarf_Die *function)
{
	struct search s = { .address = address, .found = function };
	const struct entry key = { .address = address }, *entry;
	Dwarf_Die unit;

	if (dwarf_addrdie(d->dwarf, address, &unit) && dwarf_getfuncs(&unit, is_it, &s, 0) >= 0 &&
	    s.is_found)
		return true;
	if (!d->is_indexed)
		build_index(d);
	entry = d->n_entries ? bsearch(&key, d->entries, d->n_entries, sizeof(key), by_address)
			     : NULL;
	return entry && dwarf_offdie(d->dwarf, entry->die, function);
}

bool sym_dwarf_prototype(struct sym_dwarf *d, const struct sym_symbol *symbol,
			 struct sym_prototype *ret_prototype)
{
	Dwarf_Die function;

	if (!find_function(d, symbol->address, &function))
		return false;
	read_prototype(d, &function, ret_prototype);
	return true;
}
