/* SPDX-License-Identifier: BSD-2-Clause */
/* Comments of pcapng files in either byte order, whole and cut off anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <byteswap.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "capture/comments.h"

static bool swapped;

static void add32(struct buffer *b, uint32_t value)
{
	value = swapped ? bswap_32(value) : value;
	buffer_add(b, &value, sizeof(value));
}

static void add16(struct buffer *b, uint16_t value)
{
	value = swapped ? bswap_16(value) : value;
	buffer_add(b, &value, sizeof(value));
}

static void add_block(struct buffer *b, uint32_t type, const struct buffer *body)
{
	uint32_t bytes = (uint32_t)body->bytes + 12;

	add32(b, type);
	add32(b, bytes);
	buffer_add(b, body->data, body->bytes);
	add32(b, bytes);
}

/* A packet of 5 bytes; its comment behind another option. NULL: none. */
static void add_packet(struct buffer *b, const char *comment)
{
	struct buffer body = { 0 };

	for (uint32_t i = 0; i < 5; i++)
		add32(&body, i < 3 ? 0 : 5);
	buffer_add(&body, "packet..", 8);
	if (comment) {
		add16(&body, 2);
		add16(&body, 4);
		add32(&body, 1);
		add16(&body, 1);
		add16(&body, (uint16_t)strlen(comment));
		buffer_add(&body, comment, strlen(comment));
		buffer_add(&body, "\0\0\0", -strlen(comment) & 3);
		add32(&body, 0);
	}
	add_block(b, 6, &body);
	buffer_deinit(&body);
}

static void make_file(struct buffer *b)
{
	struct buffer body = { 0 };

	add32(&body, 0x1a2b3c4d);
	add32(&body, 0x00010000);
	add32(&body, UINT32_MAX);
	add32(&body, UINT32_MAX);
	add_block(b, 0x0a0d0d0a, &body);
	buffer_reset(&body);
	add32(&body, 1);
	add32(&body, 0);
	add_block(b, 1, &body);
	buffer_deinit(&body);
	add_packet(b, "pid=1 comm=a");
	add_packet(b, NULL);
	add_packet(b, "x");
}

static struct comments *open_bytes(const char *path, const void *data, size_t bytes)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, bytes, f), bytes);
	assert_int_equal(fclose(f), 0);
	return comments_open(path);
}

static void comments_come_in_order_in_either_byte_order(void **state)
{
	char path[] = "/tmp/skep-comments-XXXXXX";

	close(mkstemp(path));
	for (int i = 0; i < 2; i++) {
		struct buffer b = { 0 };
		struct comments *c;

		swapped = i;
		make_file(&b);
		c = open_bytes(path, b.data, b.bytes);
		assert_non_null(c);
		assert_string_equal(comments_next(c), "pid=1 comm=a");
		assert_null(comments_next(c));
		assert_string_equal(comments_next(c), "x");
		assert_null(comments_next(c));
		comments_close(c);
		buffer_deinit(&b);
	}
	unlink(path);
}

static void a_file_cut_off_or_damaged_has_fewer(void **state)
{
	char path[] = "/tmp/skep-comments-XXXXXX";
	struct buffer b = { 0 };

	close(mkstemp(path));
	swapped = false;
	make_file(&b);
	for (size_t bytes = 0; bytes < b.bytes; bytes++) {
		struct comments *c = open_bytes(path, b.data, bytes);
		uint32_t n = 0;

		for (uint32_t i = 0; c && i < 4; i++)
			n += comments_next(c) != NULL;
		assert_in_range(n, 0, 1);
		comments_close(c);
	}
	for (size_t at = 0; at < b.bytes; at++) {
		struct comments *c;

		b.data[at] = (char)~b.data[at];
		c = open_bytes(path, b.data, b.bytes);
		for (uint32_t i = 0; c && i < 4; i++)
			comments_next(c);
		comments_close(c);
		b.data[at] = (char)~b.data[at];
	}
	assert_null(open_bytes(path, "\xd4\xc3\xb2\xa1 of pcap", 12));
	buffer_deinit(&b);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comments_come_in_order_in_either_byte_order),
		cmocka_unit_test(a_file_cut_off_or_damaged_has_fewer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
