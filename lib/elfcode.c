/* SPDX-License-Identifier: BSD-2-Clause */
#include "elfcode.h"

#include <elf.h>
#include <errno.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES_MIN 16 /* struct bpf_line_info */

/* Bytes of the file, or of a part of it. */
struct span {
	const char *data;
	size_t bytes;
};

struct elf {
	struct span file;
	const Elf64_Shdr *sections;
	uint32_t n_sections;
	struct span section_names;
	struct span symbols;
	struct span symbol_names;
	struct span btf;
	struct span btf_strings;
	struct span btf_ext;
};

/* The part of @whole at @offset, empty when it is not within it. */
static struct span part(struct span whole, uint64_t offset, uint64_t bytes)
{
	if (offset > whole.bytes || bytes > whole.bytes - offset)
		return (struct span){ 0 };
	return (struct span){ whole.data + offset, bytes };
}

/* A string of a string table; "" when it is not within it. */
static const char *string_at(struct span strings, uint32_t offset)
{
	struct span rest = offset < strings.bytes ? part(strings, offset, strings.bytes - offset)
						  : (struct span){ 0 };

	return rest.bytes && memchr(rest.data, 0, rest.bytes) ? rest.data : "";
}

static struct span section_at(const struct elf *elf, uint32_t index)
{
	if (index >= elf->n_sections || elf->sections[index].sh_type == SHT_NOBITS)
		return (struct span){ 0 };
	return part(elf->file, elf->sections[index].sh_offset, elf->sections[index].sh_size);
}

static const char *section_name(const struct elf *elf, uint32_t index)
{
	return string_at(elf->section_names, elf->sections[index].sh_name);
}

static struct span btf_strings_of(struct span btf)
{
	const struct btf_header *head = (const void *)btf.data;

	if (btf.bytes < sizeof(*head))
		return (struct span){ 0 };
	return part(btf, (uint64_t)head->hdr_len + head->str_off, head->str_len);
}

static int open_elf(struct elf *elf, const char *path, const struct buffer *image,
		    struct error *err)
{
	const Elf64_Ehdr *head = (const void *)image->data;
	struct span table;

	if (image->bytes < sizeof(*head))
		return error_set(err, -EINVAL, "%s is cut off within its ELF header", path);
	elf->file = (struct span){ image->data, image->bytes };
	table = part(elf->file, head->e_shoff, (uint64_t)head->e_shnum * sizeof(Elf64_Shdr));
	if (head->e_shentsize != sizeof(Elf64_Shdr) || !table.bytes || head->e_shoff % 8)
		return error_set(err, -EINVAL, "%s has no usable section table", path);
	elf->sections = (const void *)table.data;
	elf->n_sections = head->e_shnum;
	elf->section_names = section_at(elf, head->e_shstrndx);
	for (uint32_t i = 1; i < elf->n_sections; i++) {
		if (elf->sections[i].sh_type == SHT_SYMTAB) {
			elf->symbols = section_at(elf, i);
			elf->symbol_names = section_at(elf, elf->sections[i].sh_link);
		} else if (strcmp(section_name(elf, i), ".BTF") == 0) {
			elf->btf = section_at(elf, i);
			elf->btf_strings = btf_strings_of(elf->btf);
		} else if (strcmp(section_name(elf, i), ".BTF.ext") == 0) {
			elf->btf_ext = section_at(elf, i);
		}
	}
	return 0;
}

static const Elf64_Sym *symbol_at(const struct elf *elf, uint64_t index)
{
	struct span at = index < UINT32_MAX
				 ? part(elf->symbols, index * sizeof(Elf64_Sym), sizeof(Elf64_Sym))
				 : (struct span){ 0 };

	return (const void *)at.data;
}

static void add_functions(struct elfcode *code, const struct elf *elf, uint32_t section)
{
	struct span bytes = section_at(elf, section);
	const Elf64_Sym *symbol;

	for (uint64_t i = 0; (symbol = symbol_at(elf, i)); i++) {
		struct span insns;

		if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || symbol->st_shndx != section)
			continue;
		insns = part(bytes, symbol->st_value, symbol->st_size);
		if (!insns.bytes || (uintptr_t)insns.data % 8 || insns.bytes % 8)
			continue;
		array_grow(code->functions, code->n_functions);
		code->functions[code->n_functions++] = (struct code_function){
			.name = string_at(elf->symbol_names, symbol->st_name),
			.section = section_name(elf, section),
			.insns = (const void *)insns.data,
			.n_insns = insns.bytes / 8,
			.section_index = section,
			.section_insn = symbol->st_value / 8,
		};
	}
}

static int by_position(const void *a, const void *b)
{
	const struct code_function *x = a, *y = b;

	if (x->section_index != y->section_index)
		return x->section_index < y->section_index ? -1 : 1;
	return x->section_insn < y->section_insn ? -1 : x->section_insn > y->section_insn;
}

static struct code_function *function_at(struct elfcode *code, uint32_t section, uint64_t insn)
{
	for (uint32_t i = 0; i < code->n_functions; i++) {
		struct code_function *f = &code->functions[i];

		if (f->section_index == section && insn >= f->section_insn &&
		    insn - f->section_insn < f->n_insns)
			return f;
	}
	return NULL;
}

/* --- what instructions refer to --------------------------------------------------------------------- */

static const char *symbol_text(const struct elf *elf, const Elf64_Sym *symbol)
{
	if (ELF64_ST_TYPE(symbol->st_info) == STT_SECTION && symbol->st_shndx < elf->n_sections)
		return section_name(elf, symbol->st_shndx);
	return string_at(elf->symbol_names, symbol->st_name);
}

static void add_references(struct elfcode *code, const struct elf *elf, uint32_t section)
{
	struct span bytes = section_at(elf, section);

	for (size_t i = 0; i + sizeof(Elf64_Rel) <= bytes.bytes; i += sizeof(Elf64_Rel)) {
		Elf64_Rel rel;
		const Elf64_Sym *symbol;
		struct code_function *f;

		memcpy(&rel, bytes.data + i, sizeof(rel));
		symbol = symbol_at(elf, ELF64_R_SYM(rel.r_info));
		f = function_at(code, elf->sections[section].sh_info, rel.r_offset / 8);
		if (!symbol || !f)
			continue;
		array_grow(f->references, f->n_references);
		f->references[f->n_references++] = (struct code_reference){
			.insn = rel.r_offset / 8 - f->section_insn,
			.symbol = symbol_text(elf, symbol),
			.section_index = symbol->st_shndx < elf->n_sections ? symbol->st_shndx : 0,
			.value = symbol->st_value,
		};
	}
}

/* --- C lines ------------------------------------------------------------------------------------------ */

static uint32_t section_by_name(const struct elf *elf, const char *name)
{
	for (uint32_t i = 1; i < elf->n_sections; i++)
		if (strcmp(section_name(elf, i), name) == 0)
			return i;
	return 0;
}

static void add_line(struct elfcode *code, const struct elf *elf, uint32_t section,
		     const char *record)
{
	struct bpf_line_info info;
	struct code_function *f;

	memcpy(&info, record, sizeof(info));
	f = function_at(code, section, info.insn_off / 8);
	if (!f)
		return;
	array_grow(f->lines, f->n_lines);
	f->lines[f->n_lines++] = (struct code_line){
		.insn = info.insn_off / 8 - f->section_insn,
		.line = BPF_LINE_INFO_LINE_NUM(info.line_col),
		.file = string_at(elf->btf_strings, info.file_name_off),
		.text = string_at(elf->btf_strings, info.line_off),
	};
}

/* The header of .BTF.ext as far as it is needed here (include/uapi has none; tools/lib/bpf's btf.h). */
struct ext_header {
	uint16_t magic;
	uint8_t version;
	uint8_t flags;
	uint32_t header_bytes;
	uint32_t func_info_off, func_info_bytes;
	uint32_t line_info_off, line_info_bytes;
};

static void add_lines(struct elfcode *code, const struct elf *elf)
{
	struct ext_header head;
	struct span lines;
	uint32_t record, section[2];

	if (elf->btf_ext.bytes < sizeof(head))
		return;
	memcpy(&head, elf->btf_ext.data, sizeof(head));
	lines = part(elf->btf_ext, (uint64_t)head.header_bytes + head.line_info_off,
		     head.line_info_bytes);
	if (lines.bytes < sizeof(record))
		return;
	memcpy(&record, lines.data, sizeof(record));
	if (record < LINE_BYTES_MIN)
		return;
	for (size_t at = sizeof(record); lines.bytes - at >= sizeof(section);) {
		uint32_t index;

		memcpy(section, lines.data + at, sizeof(section));
		at += sizeof(section);
		index = section_by_name(elf, string_at(elf->btf_strings, section[0]));
		for (uint32_t i = 0; i < section[1]; i++, at += record) {
			if (lines.bytes - at < record)
				return;
			add_line(code, elf, index, lines.data + at);
		}
	}
}

int elfcode_open(struct elfcode *code, const char *path, const struct buffer *image,
		 struct error *err)
{
	struct elf elf = { 0 };
	int rc = open_elf(&elf, path, image, err);

	*code = (struct elfcode){ 0 };
	if (rc)
		return rc;
	for (uint32_t i = 1; i < elf.n_sections; i++)
		if (elf.sections[i].sh_flags & SHF_EXECINSTR)
			add_functions(code, &elf, i);
	if (code->n_functions)
		qsort(code->functions, code->n_functions, sizeof(code->functions[0]), by_position);
	for (uint32_t i = 1; i < elf.n_sections; i++)
		if (elf.sections[i].sh_type == SHT_REL)
			add_references(code, &elf, i);
	add_lines(code, &elf);
	return 0;
}

void elfcode_close(struct elfcode *code)
{
	for (uint32_t i = 0; i < code->n_functions; i++) {
		free(code->functions[i].lines);
		free(code->functions[i].references);
	}
	free(code->functions);
	*code = (struct elfcode){ 0 };
}

const void *elfcode_section(const struct buffer *image, uint32_t index, size_t *bytes)
{
	struct error unused;
	struct elf elf = { 0 };
	struct span span = { 0 };

	if (open_elf(&elf, "", image, &unused) == 0)
		span = section_at(&elf, index);
	*bytes = span.bytes;
	return span.bytes ? span.data : NULL;
}

const void *elfcode_btf(const struct buffer *image, size_t *bytes)
{
	struct error unused;
	struct elf elf = { 0 };

	open_elf(&elf, "", image, &unused);
	*bytes = elf.btf.bytes;
	return elf.btf.bytes ? elf.btf.data : NULL;
}
