/* SPDX-License-Identifier: BSD-2-Clause */
/* The programs as this machine's compiler has them: called in a loop, as BPF_PROG_TEST_RUN would. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "side.h"

/* As in progs/native.h. */
struct native_context {
	uint8_t *data;
	uint8_t *data_end;
};

struct native_map_entry {
	const char *name;
	int (*update)(const void *key, const void *value);
};

#define BENCH_PROGRAM(file, name, group, ops, packet) int name(struct native_context *ctx);
#include "programs.h"

extern const struct native_map_entry native_maps_array[], native_maps_hash[], native_maps_lru[],
	native_maps_lpm[];

static int (*const functions[PROGRAM_MAX])(struct native_context *ctx) = {
#define BENCH_PROGRAM(file, name, group, ops, packet) [PROGRAM_##name] = name,
#include "programs.h"
};

static const struct native_map_entry *const maps[FILE_MAX] = {
	[FILE_array] = native_maps_array,
	[FILE_hash] = native_maps_hash,
	[FILE_lru] = native_maps_lru,
	[FILE_lpm] = native_maps_lpm,
};

static void *native_open(const struct side_options *options, char why[SIDE_TEXT_BYTES])
{
	return (void *)maps; /* all is static */
}

static void native_close(void *state)
{
}

static void native_load_result(void *state, enum suite_program program, struct side_load *load)
{
	memset(load, 0, sizeof(*load));
}

static int native_fill(void *state, const struct suite_fill *fill, uint32_t n)
{
	const struct native_map_entry *map = maps[fill->file];

	if (fill->kind == FILL_STAGES)
		return 0; /* a table of functions */
	while (map->name && strcmp(map->name, fill->map))
		map++;
	for (uint32_t i = 0; i < n; i++) {
		union suite_value value;
		union suite_key key;
		int err;

		suite_fill_elem(fill->kind, i, &key, &value);
		err = map->name ? map->update(&key, &value) : -ENOENT;
		if (err)
			return err;
	}
	return 0;
}

static double native_run(void *state, enum suite_program program, uint8_t *packet, uint32_t runs)
{
	struct native_context ctx = { packet, packet + SUITE_PACKET_BYTES };
	int (*run)(struct native_context *) = functions[program];
	double start = side_cpu_ns();

	for (uint32_t i = 0; i < runs; i++)
		run(&ctx);
	return side_cpu_ns() - start;
}

const struct side_ops side_native_ops = {
	.open = native_open,
	.close = native_close,
	.load_result = native_load_result,
	.fill = native_fill,
	.run = native_run,
};
