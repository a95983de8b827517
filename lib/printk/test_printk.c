/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: a program whose bpf_printk goes through the ring buffer says what it would have said by the
 * helper, line by line, and every line that does not fit is counted. Method: test_lines.bpf.c on the
 * engine of this process, once as it is (lines come from the helper) and once redirected.
 * Argument: the compiled object.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "file.h"
#include "object.h"
#include "printk/format.h"
#include "printk/redirect.h"
#include "printk/sink-api.bpf.h"
#include "testrun.h"

#define LINES_MAX 256

static const char *object_path;

struct lines {
	char *text[LINES_MAX];
	uint32_t n;
	uint32_t n_wrong; /* records the kernel would print nothing for */
};

static struct lines by_helper;

static void take_line(void *arg, const char *line)
{
	assert_true(by_helper.n < LINES_MAX);
	by_helper.text[by_helper.n++] = xstrdup(line);
}

static int take_record(void *arg, void *data, size_t bytes)
{
	struct lines *lines = arg;
	struct buffer text = { 0 };
	struct printk_line line;
	int rc = printk_format(data, bytes, &text, &line);

	if (rc) {
		assert_int_not_equal(rc, -EBADMSG);
		lines->n_wrong++;
	} else {
		assert_true(lines->n < LINES_MAX);
		lines->text[lines->n++] = buffer_take(&text);
	}
	buffer_deinit(&text);
	return 0;
}

static void lines_deinit(struct lines *lines)
{
	for (uint32_t i = 0; i < lines->n; i++)
		free(lines->text[i]);
	memset(lines, 0, sizeof(*lines));
}

static void load(struct object *obj, const struct buffer *image, uint32_t ring_bytes)
{
	struct bpf_map *ring;
	struct error err;

	if (object_open(obj, object_path, image, &err))
		fail_msg("%s", err.text);
	ring = bpf_object__find_map_by_name(obj->bpf, PRINTK_RING_MAP);
	if (ring && ring_bytes)
		bpf_map__set_max_entries(ring, ring_bytes);
	if (bpf_object__load(obj->bpf))
		fail_msg("the object is not accepted: %s", object_take_warning());
}

static void run(struct object *obj, const char *program, uint32_t times)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(obj->bpf, program);
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	assert_non_null(prog);
	for (uint32_t i = 0; i < times; i++)
		assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(prog), &opts), 0);
}

static void read_object(struct buffer *image)
{
	struct error err;

	if (file_read(object_path, image, &err))
		fail_msg("%s", err.text);
}

static void redirect(const struct buffer *image, struct buffer *out)
{
	struct error err;

	assert_true(printk_is_called(image));
	if (printk_redirect(image, out, &err))
		fail_msg("%s", err.text);
	assert_false(printk_is_called(out));
}

static uint64_t read_lost(struct object *obj)
{
	uint32_t zero = 0;
	uint64_t lost = 0;
	int fd = bpf_object__find_map_fd_by_name(obj->bpf, PRINTK_LOST_MAP);

	assert_int_equal(bpf_map_lookup_elem(fd, &zero, &lost), 0);
	return lost;
}

static struct ring_buffer *open_ring(struct object *obj, struct lines *lines)
{
	int fd = bpf_object__find_map_fd_by_name(obj->bpf, PRINTK_RING_MAP);
	struct ring_buffer *ring = ring_buffer__new(fd, take_record, lines, NULL);

	assert_non_null(ring);
	return ring;
}

static void check_program(const char *program, uint32_t n_wrong)
{
	struct buffer image = { 0 }, redirected = { 0 };
	struct lines by_ring = { 0 };
	struct object plain, sunk;
	struct ring_buffer *ring;

	lines_deinit(&by_helper);
	read_object(&image);
	redirect(&image, &redirected);
	load(&plain, &image, 0);
	run(&plain, program, 1);
	load(&sunk, &redirected, 0);
	ring = open_ring(&sunk, &by_ring);
	run(&sunk, program, 1);
	ring_buffer__consume(ring);
	assert_true(by_helper.n > 2);
	for (uint32_t i = 0; i < by_helper.n && i < by_ring.n; i++)
		assert_string_equal(by_ring.text[i], by_helper.text[i]);
	assert_int_equal(by_ring.n, by_helper.n);
	assert_int_equal(by_ring.n_wrong, n_wrong);
	assert_int_equal(read_lost(&sunk), 0);
	ring_buffer__free(ring);
	lines_deinit(&by_ring);
	object_close(&plain);
	object_close(&sunk);
	buffer_deinit(&image);
	buffer_deinit(&redirected);
}

static void every_kind_of_line_reads_the_same(void **state)
{
	check_program("lines", 3);
}

static void lines_behind_branches_and_loops_read_the_same(void **state)
{
	check_program("branches", 0);
}

static void read_and_lost_are_all_that_was_printed(void **state)
{
	struct buffer image = { 0 }, redirected = { 0 };
	struct lines by_ring = { 0 };
	struct object sunk;
	struct ring_buffer *ring;

	read_object(&image);
	redirect(&image, &redirected);
	load(&sunk, &redirected, 4096);
	ring = open_ring(&sunk, &by_ring);
	/* Four lines each time. */
	run(&sunk, "branches", 50);
	ring_buffer__consume(ring);
	assert_true(by_ring.n > 0 && by_ring.n < 200);
	assert_int_equal(by_ring.n + read_lost(&sunk), 200);
	ring_buffer__free(ring);
	lines_deinit(&by_ring);
	object_close(&sunk);
	buffer_deinit(&image);
	buffer_deinit(&redirected);
}

static void a_damaged_record_is_refused(void **state)
{
	uint8_t record[256] = { 0 };
	struct printk_record *head = (void *)record;
	struct buffer text = { 0 };
	struct printk_line line;

	for (size_t bytes = 0; bytes < sizeof(*head); bytes++)
		assert_int_equal(printk_format(record, bytes, &text, &line), -EBADMSG);
	head->n_args = PRINTK_ARGS_MAX + 1;
	assert_int_equal(printk_format(record, sizeof(record), &text, &line), -EBADMSG);
	head->n_args = 1;
	head->n_texts = 2;
	assert_int_equal(printk_format(record, sizeof(record), &text, &line), -EBADMSG);
	head->n_texts = 1;
	head->slot_bytes = 512;
	assert_int_equal(printk_format(record, sizeof(record), &text, &line), -EBADMSG);
	head->slot_bytes = 0;
	head->format_bytes = sizeof(record);
	assert_int_equal(printk_format(record, sizeof(record), &text, &line), -EBADMSG);
	head->n_texts = 0;
	head->format_bytes = 0;
	assert_int_equal(printk_format(record, sizeof(record), &text, &line), -EINVAL);
	buffer_deinit(&text);
}

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* Refused or not: libbpf's linker falls over some of them, which must not be ours to suffer. */
static void damaged_objects_harm_nobody(void **state)
{
	struct buffer image = { 0 }, redirected = { 0 };
	uint64_t random = 1;
	uint32_t n_refused = 0;
	struct error err;

	for (uint32_t i = 0; i < 150; i++) {
		buffer_reset(&image);
		buffer_reset(&redirected);
		read_object(&image);
		for (uint32_t k = 0; k <= i % 6; k++)
			image.data[next_random(&random) % image.bytes] = (char)next_random(&random);
		if (i % 10 == 0)
			image.bytes = next_random(&random) % image.bytes;
		printk_is_called(&image);
		err.text[0] = '\0';
		if (printk_redirect(&image, &redirected, &err)) {
			n_refused++;
			assert_true(err.text[0]);
			assert_int_equal(redirected.bytes, 0);
		}
	}
	assert_true(n_refused > 10);
	buffer_deinit(&image);
	buffer_deinit(&redirected);
}

static void only_pointing_conversions_want_text(void **state)
{
	static const char *const none[] = { "", "%d %x", "%p", "%pK %px", "100%%s", "%5d" };
	static const char *const some[] = { "%s", "%d %-10s", "%pks", "%pI4", "%i %pi6", "%%%s" };

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(printk_format_points(none[i], (uint32_t)strlen(none[i]) + 1));
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		assert_true(printk_format_points(some[i], (uint32_t)strlen(some[i]) + 1));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_pointing_conversions_want_text),
		cmocka_unit_test(a_damaged_record_is_refused),
		cmocka_unit_test(every_kind_of_line_reads_the_same),
		cmocka_unit_test(lines_behind_branches_and_loops_read_the_same),
		cmocka_unit_test(read_and_lost_are_all_that_was_printed),
		cmocka_unit_test(damaged_objects_harm_nobody),
	};
	struct engine_setup setup = { .kind = ENGINE_USER, .printk = take_line };
	struct error err;
	int rc;

	object_path = argv[1];
	if (engine_enter(&setup, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	lines_deinit(&by_helper);
	engine_leave();
	return rc;
}
