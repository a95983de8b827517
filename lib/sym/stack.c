/* SPDX-License-Identifier: BSD-2-Clause */
#include "sym/stack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "buffer.h"
#include "sym/elf.h"
#include "sym/kallsyms.h"
#include "sym/library.h"
#include "sym/maps.h"

#define PROCESS_BUCKETS 4096
#define CALL_BYTES_MAX	7
#define FILE_NONE	UINT32_MAX

/* A mapped file. Which one is told by device and inode: paths mean other files in containers. */
struct file {
	uint64_t device;
	uint64_t inode;
	char *path;  /* as mapped */
	char *opens; /* where we can open it */
	const char *module;
	struct sym_elf *elf; /* NULL: not opened yet, or not to be had */
	bool tried;
};

struct snapshot {
	pid_t pid;
	uint32_t next; /* older one of the same bucket; SYM_NO_SNAPSHOT: none */
	uint64_t read_ns;
	struct maps maps;
	uint32_t *files; /* of each mapping; FILE_NONE: no file */
};

struct sym_stacks {
	struct snapshot **snapshots;
	uint32_t n_snapshots;
	uint32_t buckets[PROCESS_BUCKETS]; /* newest snapshot of a pid first */
	struct file *files;
	uint32_t n_files;
	struct sym_kallsyms *kernel;
	int kernel_error;
};

struct sym_stacks *sym_stacks_new(void)
{
	struct sym_stacks *s = xcalloc(1, sizeof(*s));

	memset(s->buckets, 0xff, sizeof(s->buckets));
	return s;
}

struct sym_stacks *sym_stacks_free(struct sym_stacks *s)
{
	if (!s)
		return NULL;
	for (uint32_t i = 0; i < s->n_snapshots; i++) {
		maps_deinit(&s->snapshots[i]->maps);
		free(s->snapshots[i]->files);
		free(s->snapshots[i]);
	}
	for (uint32_t i = 0; i < s->n_files; i++) {
		sym_elf_close(s->files[i].elf);
		free(s->files[i].path);
		free(s->files[i].opens);
	}
	sym_kallsyms_close(s->kernel);
	free(s->snapshots);
	free(s->files);
	free(s);
	return NULL;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static bool is_same_file(const char *path, const struct mapping *m)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_ino == m->inode && S_ISREG(st.st_mode);
}

static void open_file(struct file *f)
{
	struct error err;

	if (f->tried)
		return;
	f->tried = true;
	if (sym_elf_open(f->opens, "", &f->elf, &err))
		f->elf = NULL;
}

/* The file of a mapping; opened at once when it can only be reached through the process. */
static uint32_t file_of(struct sym_stacks *s, pid_t pid, const struct maps *maps,
			const struct mapping *m)
{
	const char *path = maps_path(maps, m), *slash = strrchr(path, '/');
	struct file *f;

	if (!m->inode || *path != '/')
		return FILE_NONE;
	for (uint32_t i = 0; i < s->n_files; i++)
		if (s->files[i].inode == m->inode && s->files[i].device == m->device &&
		    strcmp(s->files[i].path, path) == 0)
			return i;
	if (s->n_files == SYM_FILES_MAX)
		return FILE_NONE;
	array_grow(s->files, s->n_files);
	f = &s->files[s->n_files];
	*f = (struct file){ .device = m->device, .inode = m->inode, .path = xstrdup(path) };
	f->module = strrchr(f->path, '/') + (slash != NULL);
	if (is_same_file(path, m)) {
		f->opens = xstrdup(path);
	} else {
		f->opens = xformat("/proc/%d/root%s", (int)pid, path);
		if (!is_same_file(f->opens, m)) {
			/* Deleted, or on a file system of its own: the kernel keeps a way in. */
			free(f->opens);
			f->opens =
				xformat("/proc/%d/map_files/%llx-%llx", (int)pid,
					(unsigned long long)m->begin, (unsigned long long)m->end);
		}
		open_file(f);
	}
	return s->n_files++;
}

static uint32_t look(struct sym_stacks *s, pid_t pid, uint32_t older)
{
	struct snapshot *snap;
	struct maps maps;

	if (s->n_snapshots == SYM_SNAPSHOTS_MAX || !maps_read(pid, &maps))
		return older;
	snap = xcalloc(1, sizeof(*snap));
	snap->pid = pid;
	snap->maps = maps;
	snap->read_ns = now_ns();
	snap->files = xcalloc(maps.n, sizeof(*snap->files));
	for (uint32_t i = 0; i < maps.n; i++)
		snap->files[i] = file_of(s, pid, &maps, &maps.mappings[i]);
	snap->next = s->buckets[(uint32_t)pid % PROCESS_BUCKETS];
	s->buckets[(uint32_t)pid % PROCESS_BUCKETS] = s->n_snapshots;
	array_grow(s->snapshots, s->n_snapshots);
	s->snapshots[s->n_snapshots] = snap;
	return s->n_snapshots++;
}

static bool covers(const struct snapshot *snap, const uint64_t *addresses, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (!maps_find(&snap->maps, addresses[i]))
			return false;
	return true;
}

uint32_t sym_stacks_see(struct sym_stacks *s, pid_t pid, const uint64_t *addresses, uint32_t n)
{
	uint32_t i = s->buckets[(uint32_t)pid % PROCESS_BUCKETS];

	while (i != SYM_NO_SNAPSHOT && s->snapshots[i]->pid != pid)
		i = s->snapshots[i]->next;
	if (i == SYM_NO_SNAPSHOT)
		return look(s, pid, i);
	if (covers(s->snapshots[i], addresses, n) ||
	    now_ns() - s->snapshots[i]->read_ns < SYM_LOOK_AGAIN_NS)
		return i;
	return look(s, pid, i);
}

/* `call rel32`; `call *r/m` (ff /2) in each of its lengths. */
bool sym_is_after_call(const uint8_t *before, uint32_t bytes)
{
	const uint8_t *end = before + bytes;

	if (bytes >= 5 && end[-5] == 0xe8)
		return true;
	for (uint32_t n = 2; n <= CALL_BYTES_MAX && n <= bytes; n++) {
		uint8_t modrm = end[1 - (int)n], mod = modrm >> 6, rm = modrm & 7;
		uint32_t length = 2 + (mod != 3 && rm == 4);

		if (end[-(int)n] != 0xff || (modrm >> 3 & 7) != 2)
			continue;
		if (mod == 1)
			length += 1;
		else if (mod == 2 || (mod == 0 && rm == 5))
			length += 4;
		if (length == n || (mod == 0 && rm == 4 && length + 4 == n))
			return true;
	}
	return false;
}

static bool is_return_address(const struct sym_elf *elf, uint64_t address)
{
	uint8_t code[CALL_BYTES_MAX];
	uint32_t n = address < CALL_BYTES_MAX ? 0 : CALL_BYTES_MAX;

	return n && sym_elf_read(elf, address - n, code, n) == n && sym_is_after_call(code, n);
}

/* Names one address; whether it can be a return address (when @returns). */
static bool name_user(struct sym_stacks *s, const struct snapshot *snap, uint64_t address,
		      bool returns, struct sym_frame *frame)
{
	const struct mapping *m = maps_find(&snap->maps, address - returns);
	const struct sym_symbol *symbol;
	struct file *f;
	uint32_t file;

	if (!m)
		return false;
	file = snap->files[m - snap->maps.mappings];
	frame->offset = address - m->begin;
	if (file == FILE_NONE) {
		const char *path = maps_path(&snap->maps, m);

		frame->module = *path ? path : "[anon]"; /* [vdso], compiled at run time */
		return true;
	}
	f = &s->files[file];
	open_file(f);
	frame->module = f->module;
	frame->offset += m->offset;
	if (!f->elf || !sym_elf_address(f->elf, frame->offset - returns, &address))
		return true;
	symbol = sym_elf_lookup(f->elf, address);
	if (symbol) {
		frame->name = symbol->name;
		frame->offset = address + returns - symbol->address;
	}
	return !returns || is_return_address(f->elf, address + returns);
}

void sym_stacks_user(struct sym_stacks *s, uint32_t snapshot, const uint64_t *addresses, uint32_t n,
		     struct sym_frame *frames)
{
	bool reliable = true;

	for (uint32_t i = 0; i < n; i++) {
		frames[i] = (struct sym_frame){ .address = addresses[i] };
		if (snapshot < s->n_snapshots)
			reliable &= name_user(s, s->snapshots[snapshot], addresses[i], i > 0,
					      &frames[i]);
		else
			reliable &= i == 0;
		frames[i].unreliable = !reliable;
	}
}

int sym_stacks_kernel_names(struct sym_stacks *s, struct error *err)
{
	if (!s->kernel && !s->kernel_error)
		s->kernel_error = sym_kallsyms_open(NULL, &s->kernel, err);
	return s->kernel_error;
}

void sym_stacks_kernel(struct sym_stacks *s, const uint64_t *addresses, uint32_t n,
		       struct sym_frame *frames)
{
	struct error err;

	sym_stacks_kernel_names(s, &err);
	for (uint32_t i = 0; i < n; i++) {
		struct sym_kernel_name name;

		frames[i] = (struct sym_frame){ .address = addresses[i], .kernel = true };
		if (!s->kernel || !sym_kallsyms_lookup(s->kernel, addresses[i] - (i > 0), &name))
			continue;
		frames[i].name = name.name;
		frames[i].module = name.module;
		frames[i].offset = name.offset + (i > 0);
	}
}

void sym_frame_print(const struct sym_frame *frame, struct buffer *out)
{
	size_t begin = out->bytes;

	if (frame->name)
		buffer_text(out, frame->name);
	else if (frame->module && *frame->module == '[')
		buffer_text(out,
			    frame->module); /* [vdso], [anon]: no file to look an offset up in */
	else if (frame->module)
		buffer_format(out, "[%s+0x%llx]", frame->module, (unsigned long long)frame->offset);
	else
		buffer_text(out, "[unknown]");
	for (; begin < out->bytes; begin++)
		if (out->data[begin] == ';' || (unsigned char)out->data[begin] <= ' ')
			out->data[begin] = '_';
	if (frame->kernel)
		buffer_text(out, "_[k]");
	else if (frame->unreliable)
		buffer_text(out, "_[?]");
}
