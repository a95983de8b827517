/* SPDX-License-Identifier: BSD-2-Clause */
#include "sym/elf_files.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "buffer.h"

#define XZ_MEMORY_MAX (128u << 20)
#define LINK_FILE_MAX (1u << 30)

Elf *elf_files_open(struct sym_elf_files *files, const char *path, int *ret_error)
{
	struct stat st;
	Elf *elf;
	int fd;

	if (files->n == ELF_FILES_MAX || elf_version(EV_CURRENT) == EV_NONE) {
		*ret_error = -E2BIG;
		return NULL;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		*ret_error = -errno;
		return NULL;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || !(elf = elf_begin(fd, ELF_C_READ, NULL))) {
		*ret_error = S_ISDIR(st.st_mode) ? -EISDIR : -ENOEXEC;
		close(fd);
		return NULL;
	}
	files->file[files->n].elf = elf;
	files->file[files->n].fd = fd;
	files->n++;
	return elf;
}

Elf *elf_files_adopt(struct sym_elf_files *files, void *memory, size_t bytes)
{
	Elf *elf = files->n < ELF_FILES_MAX ? elf_memory(memory, bytes) : NULL;

	if (!elf) {
		free(memory);
		return NULL;
	}
	files->file[files->n].elf = elf;
	files->file[files->n].fd = -1;
	files->file[files->n].memory = memory;
	files->n++;
	return elf;
}

void elf_files_drop(struct sym_elf_files *files)
{
	files->n--;
	elf_end(files->file[files->n].elf);
	if (files->file[files->n].fd >= 0)
		close(files->file[files->n].fd);
	free(files->file[files->n].memory);
	files->file[files->n].memory = NULL;
}

void elf_files_free(struct sym_elf_files *files)
{
	if (!files)
		return;
	while (files->n)
		elf_files_drop(files);
	for (uint32_t i = 0; i < files->n_names; i++)
		free(files->names[i]);
	free(files->names);
	free(files);
}

Elf_Scn *elf_section(Elf *elf, const char *name)
{
	Elf_Scn *section = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return NULL;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr head;
		const char *its;

		if (!gelf_getshdr(section, &head))
			continue;
		its = elf_strptr(elf, names, head.sh_name);
		if (its && strcmp(its, name) == 0)
			return section;
	}
	return NULL;
}

Elf_Data *elf_section_data(Elf_Scn *section)
{
	Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;

	return data && data->d_buf && data->d_size ? data : NULL;
}

uint32_t elf_build_id(Elf *elf, uint8_t id[SYM_BUILD_ID_MAX])
{
	Elf_Scn *section = elf_section(elf, ".note.gnu.build-id");
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	size_t name, desc;
	GElf_Nhdr note;

	if (!data || !data->d_buf || gelf_getnote(data, 0, &note, &name, &desc) == 0)
		return 0;
	if (note.n_type != NT_GNU_BUILD_ID || !note.n_descsz || note.n_descsz > SYM_BUILD_ID_MAX ||
	    desc > data->d_size || note.n_descsz > data->d_size - desc)
		return 0;
	memcpy(id, (const char *)data->d_buf + desc, note.n_descsz);
	return note.n_descsz;
}

/* Unpacks one xz stream, bounded in memory and in size; NULL when it is damaged or too large. */
static void *unpack_xz(const void *data, size_t bytes, size_t *ret_bytes)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	size_t room = bytes * 4 + 4096;
	uint8_t *out = NULL;
	lzma_ret rc;

	if (lzma_stream_decoder(&stream, XZ_MEMORY_MAX, 0) != LZMA_OK)
		return NULL;
	stream.next_in = data;
	stream.avail_in = bytes;
	do {
		if (stream.total_out > SYM_DEBUGDATA_MAX)
			break;
		room = stream.total_out >= room || !out ? room * 2 : room;
		out = xrealloc(out, room);
		stream.next_out = out + stream.total_out;
		stream.avail_out = room - stream.total_out;
		rc = lzma_code(&stream, LZMA_FINISH);
	} while (rc == LZMA_OK);
	*ret_bytes = stream.total_out;
	lzma_end(&stream);
	if (stream.total_out > SYM_DEBUGDATA_MAX || rc != LZMA_STREAM_END) {
		free(out);
		return NULL;
	}
	return out;
}

Elf *elf_debugdata(struct sym_elf_files *files, Elf *main)
{
	Elf_Data *data = elf_section_data(elf_section(main, ".gnu_debugdata"));
	size_t bytes = 0;
	void *memory;

	if (!data || data->d_size > SYM_DEBUGDATA_MAX)
		return NULL;
	memory = unpack_xz(data->d_buf, data->d_size, &bytes);
	return memory ? elf_files_adopt(files, memory, bytes) : NULL;
}

static Elf *open_same_build(struct sym_elf_files *files, const char *path, const uint8_t *id,
			    uint32_t id_bytes)
{
	uint8_t its[SYM_BUILD_ID_MAX];
	int error;
	Elf *elf = elf_files_open(files, path, &error);

	if (elf && (elf_build_id(elf, its) != id_bytes || memcmp(its, id, id_bytes) != 0)) {
		elf_files_drop(files);
		elf = NULL;
	}
	return elf;
}

static Elf *by_build_id(struct sym_elf_files *files, const uint8_t *id, uint32_t id_bytes,
			const char *root)
{
	struct buffer path = { 0 };
	Elf *elf;

	buffer_format(&path, "%s/usr/lib/debug/.build-id/%02x/", root, id[0]);
	for (uint32_t i = 1; i < id_bytes; i++)
		buffer_format(&path, "%02x", id[i]);
	buffer_text(&path, ".debug");
	elf = open_same_build(files, path.data, id, id_bytes);
	buffer_deinit(&path);
	return elf;
}

/* The CRC of a whole file as .gnu_debuglink has it (zlib's). */
static bool has_crc(const char *path, uint32_t wanted)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	uint8_t chunk[65536];
	uLong crc = crc32(0, NULL, 0);
	struct stat st;
	ssize_t n = -1;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= LINK_FILE_MAX)
		while ((n = read(fd, chunk, sizeof(chunk))) > 0)
			crc = crc32(crc, chunk, (uInt)n);
	if (fd >= 0)
		close(fd);
	return n == 0 && crc == wanted;
}

/* .gnu_debuglink: a file name, padded to four bytes, and the CRC of the file. */
static const char *debug_link(Elf *main, uint32_t *ret_crc)
{
	Elf_Data *data = elf_section_data(elf_section(main, ".gnu_debuglink"));
	const char *name = data ? data->d_buf : NULL;
	size_t bytes;

	if (!data || !memchr(name, 0, data->d_size))
		return NULL;
	bytes = (strlen(name) + 4) & ~(size_t)3;
	if (!*name || strchr(name, '/') || bytes > data->d_size || data->d_size - bytes < 4)
		return NULL;
	memcpy(ret_crc, name + bytes, 4);
	return name;
}

static Elf *by_debug_link(struct sym_elf_files *files, Elf *main, const char *path,
			  const char *root)
{
	static const char *const forms[] = { "%s%.*s/%s", "%s%.*s/.debug/%s",
					     "%s/usr/lib/debug%.*s/%s" };
	const char *slash = strrchr(path, '/');
	uint32_t crc;
	const char *name = debug_link(main, &crc);
	Elf *elf = NULL;
	int error;

	if (!name || !slash)
		return NULL;
	if (*root && strncmp(path, root, strlen(root)) == 0)
		path += strlen(root);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]) && !elf; i++) {
		char *at = xformat(forms[i], root, (int)(slash - path), path, name);

		if (has_crc(at, crc))
			elf = elf_files_open(files, at, &error);
		free(at);
	}
	return elf;
}

Elf *elf_debugfile(struct sym_elf_files *files, Elf *main, const char *path, const char *root)
{
	uint8_t id[SYM_BUILD_ID_MAX];
	uint32_t id_bytes = elf_build_id(main, id);
	Elf *elf = id_bytes ? by_build_id(files, id, id_bytes, root) : NULL;

	return elf ? elf : by_debug_link(files, main, path, root);
}
