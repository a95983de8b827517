/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Symbols of real files against what the dynamic linker says of them, and damaged files, which may
 * give anything but a crash (run under the sanitizers in `make ci`).
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "file.h"
#include "sym/elf.h"
#include "sym/place_elf.h"

#define DAMAGED_FILES 400

static struct sym_elf *open_elf(const char *path)
{
	struct sym_elf *elf = NULL;
	struct error err = { "" };

	if (sym_elf_open(path, "", &elf, &err))
		fail_msg("%s", err.text);
	return elf;
}

static const struct sym_symbol *find(const struct sym_elf *elf, const char *pattern)
{
	for (uint32_t i = 0; i < elf->n_symbols; i++)
		if (sym_symbol_matches(&elf->symbols[i], pattern))
			return &elf->symbols[i];
	return NULL;
}

__attribute__((noinline, used)) static int own_static_function(int x)
{
	return x + 1;
}

static void own_static_function_is_found_at_its_address(void **state)
{
	struct sym_elf *elf = open_elf("/proc/self/exe");
	const struct sym_symbol *symbol = find(elf, "own_static_function");
	uint64_t offset, back;
	uint8_t code[4];
	Dl_info info;

	assert_non_null(symbol);
	assert_true(dladdr((void *)(uintptr_t)own_static_function, &info));
	assert_int_equal(symbol->address,
			 (uintptr_t)own_static_function - (uintptr_t)info.dli_fbase);
	assert_true(sym_elf_offset(elf, symbol->address, &offset));
	assert_true(sym_elf_address(elf, offset, &back));
	assert_int_equal(back, symbol->address);
	assert_ptr_equal(sym_elf_lookup(elf, symbol->address + 1), symbol);
	assert_int_equal(sym_elf_read(elf, symbol->address, code, sizeof(code)), sizeof(code));
	assert_memory_equal(code, (const void *)(uintptr_t)own_static_function, sizeof(code));
	sym_elf_close(elf);
}

static void exported_functions_lie_where_the_linker_put_them(void **state)
{
	static const char *const names[] = { "malloc", "reallocarray", "fprintf", "qsort_r",
					     "read" };
	struct sym_elf *elf;
	Dl_info info;

	assert_true(dladdr(dlsym(RTLD_DEFAULT, "gnu_get_libc_version"), &info));
	elf = open_elf(info.dli_fname);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		void *at = dlsym(RTLD_DEFAULT, names[i]);
		const struct sym_symbol *symbol = find(elf, names[i]);
		Dl_info its;

		assert_non_null(symbol);
		assert_true(dladdr(at, &its));
		if (its.dli_fbase != info.dli_fbase) /* a sanitizer's own */
			continue;
		assert_int_equal(symbol->address, (uintptr_t)at - (uintptr_t)info.dli_fbase);
	}
	sym_elf_close(elf);
}

static void versions_tell_old_from_new(void **state)
{
	struct sym_elf *elf;
	Dl_info info;

	assert_true(dladdr(dlsym(RTLD_DEFAULT, "gnu_get_libc_version"), &info));
	elf = open_elf(info.dli_fname);
	assert_non_null(find(elf, "memcpy"));
	assert_int_equal(find(elf, "memcpy")->kind, SYM_IFUNC);
	assert_string_equal(find(elf, "memcpy")->version, "GLIBC_2.14");
	assert_non_null(find(elf, "memcpy@GLIBC_2.2.5"));
	assert_true(find(elf, "memcpy@GLIBC_2.2.5")->old_version);
	assert_null(find(elf, "memcpy@GLIBC_9"));
	sym_elf_close(elf);
}

static void candidates_of_an_ifunc_hold_the_one_in_use(void **state)
{
	struct sym_symbol candidates[64];
	uintptr_t in_use = (uintptr_t)dlsym(RTLD_DEFAULT, "strchr");
	const struct sym_symbol *symbol;
	struct place_elf *place;
	struct sym_elf *elf;
	bool found = false;
	Dl_info info;
	uint32_t n;

	assert_true(dladdr(dlsym(RTLD_DEFAULT, "gnu_get_libc_version"), &info));
	elf = open_elf(info.dli_fname);
	symbol = find(elf, "strchr");
	assert_non_null(symbol);
	assert_int_equal(symbol->kind, SYM_IFUNC);
	place = place_elf_new(elf);
	n = place_elf_candidates(place, symbol, candidates, 64);
	assert_true(n > 1);
	for (uint32_t i = 0; i < n; i++)
		found |= candidates[i].address == in_use - (uintptr_t)info.dli_fbase;
	if (dladdr((void *)in_use, &info) && strstr(info.dli_fname, "libc"))
		assert_true(found);
	place_elf_free(place);
	sym_elf_close(elf);
}

static void wrong_name_has_a_nearest_one(void **state)
{
	struct sym_elf *elf = open_elf("/proc/self/exe");

	assert_string_equal(sym_elf_nearest(elf, "own_static_funktion"), "own_static_function");
	assert_null(sym_elf_nearest(elf, "quite_another_thing_altogether_zzzz"));
	sym_elf_close(elf);
}

static void what_is_no_elf_is_refused_with_a_sentence(void **state)
{
	struct sym_elf *elf = NULL;
	struct error err;

	assert_int_equal(sym_elf_open("/proc/self/maps", "", &elf, &err), -ENOEXEC);
	assert_non_null(strstr(err.text, "not a program or shared library"));
	assert_int_equal(sym_elf_open("/nowhere/at/all", "", &elf, &err), -ENOENT);
	assert_int_equal(sym_elf_open("/", "", &elf, &err), -EISDIR);
	assert_null(elf);
}

/* xorshift: the damage is the same each time. */
static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void use_all(const struct sym_elf *elf)
{
	const struct place_options options = { .arguments = 6, .used_only = true };
	struct place_elf *place = place_elf_new(elf);
	struct sym_symbol candidates[8];
	uint64_t offset;

	for (uint32_t i = 0; i < elf->n_symbols; i++) {
		sym_elf_offset(elf, elf->symbols[i].address, &offset);
		sym_elf_lookup(elf, elf->symbols[i].address + 3);
		if (place) {
			place_elf_function(place, &elf->symbols[i], &options);
			place_elf_candidates(place, &elf->symbols[i], candidates, 8);
		}
	}
	place_elf_free(place);
}

static uint64_t section_table(const struct buffer *whole)
{
	ElfW(Ehdr) head;

	memcpy(&head, whole->data, sizeof(head));
	return head.e_shoff < whole->bytes ? head.e_shoff : 0;
}

/* Damages the headers mostly: that is where the numbers stand that others trust. */
static void damage(struct buffer *file, const struct buffer *whole, uint32_t *seed)
{
	uint64_t sections = section_table(whole);

	file->bytes = 0;
	buffer_add(file, whole->data, whole->bytes);
	for (uint32_t n = next_random(seed) % 8 + 1; n; n--) {
		uint32_t where = next_random(seed) % 4;
		uint64_t at = next_random(seed);

		if (where == 0)
			at %= 64 + 56 * 12;
		else if (where < 3)
			at = sections + at % (whole->bytes - sections);
		file->data[at % file->bytes] =
			(char)(next_random(seed) % 3 ? next_random(seed) : 255);
	}
	if (next_random(seed) % 8 == 0)
		file->bytes = next_random(seed) % file->bytes;
}

static void damaged_files_do_no_harm(void **state)
{
	char path[] = "/tmp/skep-damaged-XXXXXX";
	struct buffer whole = { 0 }, file = { 0 };
	uint32_t seed = 4711, opened = 0;
	int fd = mkstemp(path);
	struct error err;

	assert_true(fd >= 0);
	assert_int_equal(file_read("/proc/self/exe", &whole, &err), 0);
	for (uint32_t i = 0; i < DAMAGED_FILES; i++) {
		struct sym_elf *elf = NULL;

		damage(&file, &whole, &seed);
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, file.data, file.bytes, 0), (ssize_t)file.bytes);
		if (sym_elf_open(path, "", &elf, &err) == 0) {
			use_all(elf);
			opened++;
		}
		sym_elf_close(elf);
	}
	close(fd);
	unlink(path);
	buffer_deinit(&whole);
	buffer_deinit(&file);
	assert_true(opened > DAMAGED_FILES / 4);
	assert_true(opened < DAMAGED_FILES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_static_function_is_found_at_its_address),
		cmocka_unit_test(exported_functions_lie_where_the_linker_put_them),
		cmocka_unit_test(versions_tell_old_from_new),
		cmocka_unit_test(candidates_of_an_ifunc_hold_the_one_in_use),
		cmocka_unit_test(wrong_name_has_a_nearest_one),
		cmocka_unit_test(what_is_no_elf_is_refused_with_a_sentence),
		cmocka_unit_test(damaged_files_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
