/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines of frames nobody would send: random bodies behind each kind of header a printer has, cut off
 * anywhere, each in memory of just its size, so that a read beyond is seen by what watches memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "capture/line.h"

enum {
	FRAMES = 100000,
	BODY_BYTES_MAX = 96,
	LINK_BYTES = 14,
	IP4_BYTES = 20,
	IP6_BYTES = 40,
};

static const uint16_t types[] = { 0x0026, 0x0800, 0x0806, 0x86dd, 0x8100,
				  0x8847, 0x8863, 0x8864, 0x88cc };
static const uint8_t protocols[] = {
	0, 1, 2, 4, 6, 17, 41, 43, 44, 47, 50, 51, 58, 60, 89, 112, 132
};
static const uint16_t ports[] = { 53, 67, 80, 123, 5353, 17007 };

static uint32_t random_state;

static uint32_t next_random(void)
{
	random_state = random_state * 1664525u + 1013904223u;
	return random_state >> 8;
}

#define ONE_OF(array) (array)[next_random() % (sizeof(array) / sizeof((array)[0]))]

static void put16(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/* A header that leads to a printer, over random bytes. How many the packet says it has. */
static uint32_t shape(uint8_t *frame, uint32_t bytes)
{
	uint32_t total = bytes - LINK_BYTES;
	uint16_t type = ONE_OF(types), port = ONE_OF(ports);
	uint8_t *p = frame + LINK_BYTES;

	put16(frame + 12, type);
	if (type == 0x0800) {
		p[0] = next_random() % 4 ? 0x45 : p[0];
		if (next_random() % 2)
			total = IP4_BYTES +
				next_random() % (next_random() % 2 ? 16 : total - IP4_BYTES);
		put16(p + 2, (uint16_t)total);
		put16(p + 6, 0);
		p[9] = ONE_OF(protocols);
		put16(p + IP4_BYTES + next_random() % 2 * 2, port);
	} else if (type == 0x86dd) {
		p[0] = 0x60;
		put16(p + 4, (uint16_t)(bytes - LINK_BYTES - IP6_BYTES));
		p[6] = ONE_OF(protocols);
		put16(p + IP6_BYTES, port);
	} else if (type == 0x0026) {
		memset(p, next_random() % 2 ? 0x42 : 0xaa, 2);
		p[2] = 3;
	}
	/* Lengths, counts and kinds are small as a rule: so that loops go round. */
	for (uint32_t i = LINK_BYTES; i < bytes; i++)
		if (next_random() % 3 == 0)
			frame[i] = i < LINK_BYTES + IP4_BYTES && type == 0x0800 ? frame[i]
										: frame[i] % 8;
	return LINK_BYTES + total;
}

static void print_one(struct line *line, struct buffer *out)
{
	uint32_t bytes = LINK_BYTES + IP6_BYTES + 4 + next_random() % BODY_BYTES_MAX, kept;
	struct line_packet packet = { .wire_bytes = bytes, .time_ns = 1 };
	uint8_t frame[LINK_BYTES + IP6_BYTES + 4 + BODY_BYTES_MAX], *exact;

	for (uint32_t i = 0; i < bytes; i++)
		frame[i] = (uint8_t)next_random();
	kept = shape(frame, bytes);
	kept = next_random() % 3 ? kept : next_random() % (kept + 1);
	exact = malloc(kept ? kept : 1);
	assert_non_null(exact);
	memcpy(exact, frame, kept);
	packet.data = exact;
	packet.bytes = kept;
	line_print(line, &packet, out);
	assert_true(out->bytes > 0 && out->data[out->bytes - 1] == '\n');
	buffer_reset(out);
	free(exact);
}

static void random_frames_stay_within_what_was_captured(void **state)
{
	for (uint32_t verbose = 0; verbose < 3; verbose++) {
		const struct line_options options = {
			.numeric = true,
			.verbose = verbose,
			.link = verbose == 1,
		};
		struct line *line = line_create(&options);
		struct buffer out = { 0 };

		random_state = verbose + 1;
		for (uint32_t i = 0; i < FRAMES; i++)
			print_one(line, &out);
		buffer_deinit(&out);
		line_destroy(line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_frames_stay_within_what_was_captured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
