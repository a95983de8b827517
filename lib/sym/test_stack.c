/* SPDX-License-Identifier: BSD-2-Clause */
/* Naming the test's own stack and kernel symbols from a file; calls before return addresses; maps. */
#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "buffer.h"
#include "sym/kallsyms.h"
#include "sym/maps.h"
#include "sym/stack.h"

static uint64_t returns_to[2];

__attribute__((noinline, used)) static int inner_function(void)
{
	returns_to[0] = (uintptr_t)__builtin_return_address(0);
	return (int)returns_to[0];
}

__attribute__((noinline, used)) static int outer_function(void)
{
	returns_to[1] = (uintptr_t)__builtin_return_address(0);
	return inner_function() + 1;
}

static void own_frames_have_names_and_are_reliable(void **state)
{
	struct sym_stacks *s = sym_stacks_new();
	struct sym_frame frames[3];
	uint64_t stack[3];
	uint32_t snapshot;

	assert_int_not_equal(outer_function(), 0);
	stack[0] = (uintptr_t)inner_function;
	stack[1] = returns_to[0];
	stack[2] = returns_to[1];
	snapshot = sym_stacks_see(s, getpid(), stack, 3);
	assert_int_not_equal(snapshot, SYM_NO_SNAPSHOT);
	sym_stacks_user(s, snapshot, stack, 3, frames);
	assert_string_equal(frames[0].name, "inner_function");
	assert_string_equal(frames[1].name, "outer_function");
	assert_string_equal(frames[2].name, "own_frames_have_names_and_are_reliable");
	assert_string_equal(frames[1].module, "test-sym-stack");
	assert_int_equal(frames[1].offset, stack[1] - (uintptr_t)outer_function);
	assert_false(frames[1].unreliable);
	assert_false(frames[2].unreliable);
	sym_stacks_free(s);
}

static void what_is_past_a_broken_link_is_unreliable(void **state)
{
	struct sym_stacks *s = sym_stacks_new();
	struct sym_frame frames[4];
	uint64_t stack[4];
	uint32_t snapshot;

	assert_int_not_equal(outer_function(), 0);
	stack[0] = (uintptr_t)inner_function;
	stack[1] = returns_to[0];
	stack[2] = (uintptr_t)outer_function; /* no call stands before a function */
	stack[3] = returns_to[1];
	snapshot = sym_stacks_see(s, getpid(), stack, 4);
	sym_stacks_user(s, snapshot, stack, 4, frames);
	assert_false(frames[0].unreliable);
	assert_false(frames[1].unreliable);
	assert_true(frames[2].unreliable);
	assert_true(frames[3].unreliable);
	stack[2] = 16; /* mapped nowhere */
	sym_stacks_user(s, snapshot, stack, 4, frames);
	assert_true(frames[2].unreliable);
	assert_null(frames[2].name);
	sym_stacks_free(s);
}

static void process_is_named_after_it_is_gone(void **state)
{
	struct sym_stacks *s = sym_stacks_new();
	uint64_t address = (uintptr_t)inner_function;
	struct sym_frame frame;
	uint32_t snapshot;

	assert_int_equal(sym_stacks_see(s, 0x3ffffff, &address, 1), SYM_NO_SNAPSHOT);
	snapshot = sym_stacks_see(s, getpid(), &address, 1);
	assert_int_equal(sym_stacks_see(s, getpid(), &address, 1), snapshot);
	sym_stacks_user(s, snapshot, &address, 1, &frame);
	assert_string_equal(frame.name, "inner_function");
	sym_stacks_user(s, SYM_NO_SNAPSHOT, &address, 1, &frame);
	assert_null(frame.name);
	sym_stacks_free(s);
}

static void every_form_of_call_is_known(void **state)
{
	static const struct {
		uint8_t code[8];
		uint32_t bytes;
		bool is_call;
	} cases[] = {
		{ { 0xe8, 1, 2, 3, 4 }, 5, true },
		{ { 0xff, 0xd0 }, 2, true },			       /* call *%rax */
		{ { 0x41, 0xff, 0xd3 }, 3, true },		       /* call *%r11 */
		{ { 0xff, 0x10 }, 2, true },			       /* call *(%rax) */
		{ { 0xff, 0x50, 0x18 }, 3, true },		       /* call *0x18(%rax) */
		{ { 0xff, 0x90, 0, 1, 0, 0 }, 6, true },	       /* call *0x100(%rax) */
		{ { 0xff, 0x15, 0, 1, 0, 0 }, 6, true },	       /* call *x(%rip) */
		{ { 0xff, 0x14, 0xc2 }, 3, true },		       /* call *(%rdx,%rax,8) */
		{ { 0xff, 0x14, 0xc5, 0, 1, 0, 0 }, 7, true },	       /* call *x(,%rax,8) */
		{ { 0xff, 0x54, 0xc2, 8 }, 4, true },		       /* call *8(%rdx,%rax,8) */
		{ { 0xff, 0x94, 0xc2, 0, 1, 0, 0 }, 7, true },	       /* call *x(%rdx,%rax,8) */
		{ { 0xff, 0xe0 }, 2, false },			       /* jmp *%rax */
		{ { 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90 }, 7, false },
		{ { 0xff, 0x15, 0, 1, 0 }, 5, false },
		{ { 0 }, 0, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(sym_is_after_call(cases[i].code, cases[i].bytes),
				 cases[i].is_call);
}

static void assert_prints(struct sym_frame frame, const char *wanted)
{
	struct buffer out = { 0 };

	sym_frame_print(&frame, &out);
	assert_string_equal(buffer_string(&out), wanted);
	buffer_deinit(&out);
}

static void frames_are_printed_as_folded_stacks_have_them(void **state)
{
	assert_prints((struct sym_frame){ .name = "main" }, "main");
	assert_prints((struct sym_frame){ .name = "operator new;x" }, "operator_new_x");
	assert_prints((struct sym_frame){ .name = "vfs_read", .kernel = true }, "vfs_read_[k]");
	assert_prints((struct sym_frame){ .name = "f", .unreliable = true }, "f_[?]");
	assert_prints((struct sym_frame){ .module = "libc.so.6", .offset = 0x12 },
		      "[libc.so.6+0x12]");
	assert_prints((struct sym_frame){ .module = "[anon]", .offset = 0x12 }, "[anon]");
	assert_prints((struct sym_frame){ .unreliable = true }, "[unknown]_[?]");
}

static void maps_keep_code_and_survive_nonsense(void **state)
{
	static const char text[] = "1000-2000 r--p 00000000 08:01 7 /bin/a\n"
				   "2000-3000 r-xp 00001000 08:01 7                 /bin/a b\n"
				   "nonsense\n"
				   "5000-4000 r-xp 00000000 08:01 7 /bin/backwards\n"
				   "6000-7000 rwxp 00000000 00:00 0 \n"
				   "7000-8000 r-xp 00000000 00:00 0 [vdso]";
	struct maps maps;

	maps_parse(text, &maps);
	assert_int_equal(maps.n, 3);
	assert_null(maps_find(&maps, 0x1800));
	assert_null(maps_find(&maps, 0x3000));
	assert_string_equal(maps_path(&maps, maps_find(&maps, 0x2fff)), "/bin/a b");
	assert_int_equal(maps_find(&maps, 0x2000)->offset, 0x1000);
	assert_string_equal(maps_path(&maps, maps_find(&maps, 0x6000)), "");
	assert_string_equal(maps_path(&maps, maps_find(&maps, 0x7000)), "[vdso]");
	maps_deinit(&maps);
}

static void kernel_functions_are_found_by_address(void **state)
{
	char path[] = "/tmp/skep-kallsyms-XXXXXX";
	static const char text[] = "ffffffff81000100 T second\n"
				   "ffffffff81000000 t first\n"
				   "ffffffff81000080 D data\n"
				   "ffffffffa0000000 t in_module\t[ext4]\n"
				   "ffffffffa0000010 t also\t[ext4]\n"
				   "junk\n";
	struct sym_kernel_name name;
	struct sym_kallsyms *k;
	struct error err;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(sym_kallsyms_open(path, &k, &err), 0);
	assert_false(sym_kallsyms_lookup(k, 0x1000, &name));
	assert_true(sym_kallsyms_lookup(k, 0xffffffff81000084, &name));
	assert_string_equal(name.name, "first");
	assert_int_equal(name.offset, 0x84);
	assert_true(sym_kallsyms_lookup(k, 0xffffffffa0000011, &name));
	assert_string_equal(name.name, "also");
	assert_string_equal(name.module, "ext4");
	sym_kallsyms_close(k);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, "0000000000000000 T x\n", 21, 0), 21);
	assert_int_equal(sym_kallsyms_open(path, &k, &err), -EPERM);
	assert_non_null(strstr(err.text, "kptr_restrict"));
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_frames_have_names_and_are_reliable),
		cmocka_unit_test(what_is_past_a_broken_link_is_unreliable),
		cmocka_unit_test(process_is_named_after_it_is_gone),
		cmocka_unit_test(every_form_of_call_is_known),
		cmocka_unit_test(frames_are_printed_as_folded_stacks_have_them),
		cmocka_unit_test(maps_keep_code_and_survive_nonsense),
		cmocka_unit_test(kernel_functions_are_found_by_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
