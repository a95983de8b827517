/* SPDX-License-Identifier: BSD-2-Clause */
#include "suite.h"

#include <linux/types.h>
#include <string.h>

#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#include "progs/flow_key.h"
#include "progs/lpm_key.h"

enum { FRAMES = 8, FRAME_BYTES = 128, LINE_BYTES = 8 };

const struct suite_entry suite_programs[PROGRAM_MAX] = {
#define BENCH_PROGRAM(file, name, group, ops, packet)                                              \
	[PROGRAM_##name] = { FILE_##file, #name, GROUP_##group, ops, PACKET_##packet },
#include "programs.h"
};

const char *const suite_files[FILE_MAX] = {
#define BENCH_FILE(file) [FILE_##file] = #file,
#include "programs.h"
};

const struct suite_fill suite_fills[FILLS_MAX] = {
#define BENCH_MAP_FILL(file, map, kind, n) { FILE_##file, #map, FILL_##kind, n },
#include "programs.h"
};

const char *const suite_group_names[GROUP_MAX] = { "base", "compute", "map", "control" };

bool suite_program_is_wanted(enum suite_program program, const char *only)
{
	return !only || program == PROGRAM_empty || strstr(suite_programs[program].name, only);
}

bool suite_file_is_wanted(enum suite_file file, const char *only)
{
	for (int i = 0; i < PROGRAM_MAX; i++)
		if (suite_programs[i].file == file && suite_program_is_wanted(i, only))
			return true;
	return false;
}

static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* Ethernet, 0 to 2 tags, IPv4 or IPv6 (seldom neither), TCP or UDP (seldom neither), over random bytes. */
static void write_frame(uint8_t *frame, uint64_t choice)
{
	uint8_t *type = frame + 12;
	uint8_t protocol = choice >> 8 & 1 ? 6 : choice >> 9 & 7 ? 17 : 1;

	for (uint64_t tags = (choice & 3) == 3 ? 2 : choice & 1; tags; tags--, type += 4)
		memcpy(type, "\x81\x00", 2);
	if (choice >> 4 & 1) {
		memcpy(type, "\x08\x00\x45", 3);
		type[2 + 9] = protocol;
	} else if (choice >> 5 & 7) {
		memcpy(type, "\x86\xdd\x60", 3);
		type[2 + 6] = protocol;
	}
}

static void write_lines(uint8_t *data, size_t bytes, uint64_t *state)
{
	static const char *const lines[8] = { "GET /ind", "POST /up", "HEAD /in", "GET /img",
					      "GET /ini", "POST /ui", "PUT /fil", "HEAD /up" };

	for (size_t i = 0; i + LINE_BYTES <= bytes; i += LINE_BYTES)
		memcpy(data + i, lines[next_random(state) & 7], LINE_BYTES);
}

void suite_packet(enum suite_program program, uint64_t number, uint8_t packet[SUITE_PACKET_BYTES])
{
	const struct suite_head head = { number * 0xd1342543de82ef95ull + 1, number };
	uint8_t *data = packet + sizeof(head);
	uint64_t state = head.seed;

	memcpy(packet, &head, sizeof(head));
	for (size_t i = 0; i < SUITE_PACKET_BYTES - sizeof(head); i += sizeof(uint64_t)) {
		uint64_t word = next_random(&state);

		memcpy(data + i, &word, sizeof(word));
	}
	if (suite_programs[program].packet == PACKET_FRAMES)
		for (int i = 0; i < FRAMES; i++)
			write_frame(data + i * FRAME_BYTES, next_random(&state));
	if (suite_programs[program].packet == PACKET_LINES)
		write_lines(data, SUITE_PACKET_BYTES - sizeof(head), &state);
}

static void fill_prefix(uint32_t i, union suite_key *key, union suite_value *value)
{
	uint32_t length = lpm_length(i);
	uint32_t mask = __builtin_bswap32(~(uint32_t)((1ull << (32 - length)) - 1));

	key->words[0] = length;
	key->words[1] = lpm_address(i) & mask;
	value->words[0] = i + 1;
}

void suite_fill_elem(enum fill_kind kind, uint32_t i, union suite_key *key,
		     union suite_value *value)
{
	struct flow_key flow;

	memset(key, 0, sizeof(*key));
	memset(value, 0, sizeof(*value));
	switch (kind) {
	case FILL_FLOWS:
		flow_key_set(&flow, i);
		memcpy(key, &flow, sizeof(flow));
		value->words[0] = i * 3ull + 2;
		break;
	case FILL_PREFIXES:
		fill_prefix(i, key, value);
		break;
	case FILL_COUNTERS:
		key->index = i;
		break;
	case FILL_STAGES: /* the value is a program: up to the engine */
		key->index = i + 1;
		break;
	}
}
